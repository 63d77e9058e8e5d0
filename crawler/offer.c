/* offer.c - what enters the frontier, and what is kept out with its reason. */
#include <stdlib.h>
#include <string.h>

#include "config/clock.h"
#include "config/mem.h"
#include "crawler/frontier_private.h"

/* Rows of the excluded table per host and rule; what comes after is only counted. */
#define EXCLUDED_ROWS 1000

#define KEEP_ROWS 256 /* of an array that an odd page made longer: it is given back */

void findings_reset(struct findings *f)
{
	if (f->urls_cap > KEEP_ROWS || f->excluded_cap > KEEP_ROWS ||
		f->readmitted_cap > KEEP_ROWS || f->beyond_cap > KEEP_ROWS)
		findings_release(f);
	f->nurls = f->nexcluded = f->nreadmitted = f->nbeyond = 0;
}

void findings_release(struct findings *f)
{
	free(f->urls);
	free(f->excluded);
	free(f->readmitted);
	free(f->beyond);
	*f = (struct findings){0};
}

static uint64_t key_of(struct frontier *f, const struct url *u)
{
	buf_reset(&f->scratch);
	url_seen_key(u, (const char *const *)f->set->ignore_param.v, f->set->ignore_param.n,
		&f->scratch);
	return hash_bytes(&f->key, f->scratch.data, f->scratch.len);
}

/* Whether one more row may be written for this host and rule. */
static bool row_left(struct frontier *f, const struct url *u, const char *reason, const char *rule)
{
	size_t host_len;
	const char *host = url_host(u, &host_len);
	uint64_t key;
	unsigned n;

	buf_reset(&f->scratch);
	buf_addf(&f->scratch, "%s\n%s\n", reason, rule ? rule : "");
	buf_add(&f->scratch, host, host_len);
	key = hash_bytes(&f->key, f->scratch.data, f->scratch.len);
	seen_add(f->rows, key);
	n = seen_mark(f->rows, key);
	if (n < EXCLUDED_ROWS)
		seen_set_mark(f->rows, key, n + 1);
	return n < EXCLUDED_ROWS;
}

static void exclude(struct frontier *f, const struct url *u, uint64_t key, uint64_t url_id,
	uint64_t referrer, const char *reason, const char *rule, struct findings *out)
{
	struct host *h = url_is_http(u) ? hosts_find(f->hosts, u) : NULL;

	f->excluded++;
	GROW(out->excluded, out->nexcluded, out->excluded_cap);
	out->excluded[out->nexcluded++] = (struct store_excluded){
		.url = u->href,
		.url_len = (uint32_t)url_without_fragment_len(u),
		.host_id = h ? h->id : 0,
		.reason = reason,
		.rule = rule,
		.referrer = referrer,
		.row = url_id || row_left(f, u, reason, rule),
		.key = key,
		.url_id = url_id,
	};
}

static bool too_deep(const struct frontier *f, unsigned depth)
{
	return f->set->depth >= 0 && depth > (unsigned)f->set->depth;
}

/* The rule that robots.txt has against it, where robots.txt is known already. */
static const char *robots_forbid(const struct frontier *f, struct host *h, const struct url *u)
{
	if (f->set->ignore_robots || !h || h->state != HOST_READY)
		return NULL;
	return host_forbids(f->hosts, h, u);
}

/* At the end of its host's queue, or at the front; then its text is needed soon. */
static void queue_url(struct frontier *f, struct host *h, const struct store_new_url *n,
	uint32_t extra, bool front)
{
	if (!front && frontier_is_far(f, h))
		frontier_push_far(f, h, n->id, extra);
	else
		frontier_push(f, entry_new(f, h, n, extra), front);
}

static void enqueue(
	struct frontier *f, const struct url *u, const struct offer *o, struct findings *out)
{
	uint32_t len = (uint32_t)url_without_fragment_len(u);
	struct host *h = hosts_get(f->hosts, u);
	struct store_new_url n = {
		.id = ++f->next_id,
		.url = o->url,
		.url_len = len,
		.host_id = h->id,
		.depth = o->depth,
		.hops = o->hops,
		.kind = o->kind,
		.referrer = o->referrer,
		.origin = o->origin,
	};

	if (o->kind == LINK_SEED)
		h->user_named = true;
	GROW(out->urls, out->nurls, out->urls_cap);
	out->urls[out->nurls++] = n;
	queue_url(f, h, &n, (o->seed ? EXTRA_SEED : 0) | (o->is_list ? EXTRA_LIST : 0), o->is_list);
}

/* Excluded once; but now found by a shorter way, or as what a seed leads to, or the redirect
 * of a seed has widened the scope since. */
static bool may_readmit(const struct frontier *f, unsigned why, const struct offer *o)
{
	if (too_deep(f, o->depth))
		return false;
	if (why & SEEN_DEEP)
		return true;
	return (o->seed || scope_has_grown(f->scope)) && (why & SEEN_OUTSIDE);
}

static bool readmit(struct frontier *f, const struct url *u, uint64_t key, const struct offer *o,
	struct findings *out)
{
	unsigned why = seen_mark(f->seen, key);
	const char *rule;

	known_add(f->known, o->print, why);
	if (!may_readmit(f, why, o) || scope_judge(f->scope, u, o->seed, &rule) ||
		robots_forbid(f, hosts_find(f->hosts, u), u))
		return false;
	seen_set_mark(f->seen, key, 0);
	known_clear(f->known);
	f->excluded--;
	GROW(out->readmitted, out->nreadmitted, out->readmitted_cap);
	out->readmitted[out->nreadmitted++] = key;
	return true;
}

/* Reasons that a wider scope takes away. */
static bool is_outside(const char *reason)
{
	return reason && (!strcmp(reason, "scope") || !strcmp(reason, "include"));
}

/* Why it is kept out; NULL = it is not. */
static const char *judge(
	struct frontier *f, const struct url *u, const struct offer *o, const char **rule)
{
	const char *reason = scope_judge(f->scope, u, o->seed, rule);

	if (!reason && too_deep(f, o->depth)) {
		reason = "depth";
		*rule = "--depth";
	}
	if (!reason && (*rule = robots_forbid(f, hosts_find(f->hosts, u), u)))
		reason = "robots";
	return reason;
}

static void keep_out(struct frontier *f, const struct url *u, uint64_t key, const struct offer *o,
	const char *reason, const char *rule, struct findings *out)
{
	if (is_outside(reason))
		seen_set_mark(f->seen, key, SEEN_OUTSIDE);
	else if (!strcmp(reason, "depth"))
		seen_set_mark(f->seen, key, SEEN_DEEP);
	else if (!strcmp(reason, "robots"))
		hosts_find(f->hosts, u)->robots_excluded++;
	exclude(f, u, key, 0, o->referrer, reason, rule, out);
}

/* Nothing comes of it, as of the last one that was written like this. */
static bool is_known(const struct frontier *f, const struct offer *o)
{
	int why = known_mark(f->known, o->print);

	return why >= 0 && !may_readmit(f, (unsigned)why, o);
}

struct known_print frontier_look(const struct frontier *f, const char *url, size_t len)
{
	return known_print(f->known, url, len);
}

static enum offer_answer take_offer(struct frontier *f, const struct offer *o, struct findings *out)
{
	struct url u;
	const char *reason, *rule = NULL;
	uint64_t key;

	if (is_known(f, o))
		return OFFER_SEEN;
	if (url_view(o->url, o->len, &u) < 0 || url_without_fragment_len(&u) > FACTS_MAX_URL)
		return OFFER_BAD;
	key = key_of(f, &u);
	if (frontier_is_full(f) && !seen_has(f->seen, key)) {
		if (!judge(f, &u, o, &rule))
			frontier_note_beyond(f, &u, key, o, out);
		return OFFER_BEYOND;
	}
	if (seen_add(f->seen, key))
		f->discovered++;
	else if (!readmit(f, &u, key, o, out))
		return OFFER_SEEN;
	reason = judge(f, &u, o, &rule);
	if (reason) {
		keep_out(f, &u, key, o, reason, rule, out);
		return OFFER_EXCLUDED;
	}
	enqueue(f, &u, o, out);
	return OFFER_QUEUED;
}

enum offer_answer frontier_offer(struct frontier *f, const struct offer *o, struct findings *out)
{
	struct offer looked = *o;
	struct known_print print;

	if (o->print)
		return take_offer(f, o, out);
	print = frontier_look(f, o->url, o->len);
	looked.print = &print;
	return take_offer(f, &looked, out);
}

void frontier_refuse(struct frontier *f, struct entry *e, const char *href, const char *reason,
	const char *rule, struct findings *out)
{
	struct url u;

	frontier_unstart(f, e);
	if (url_view(href, e->len, &u) == 0) {
		e->host->robots_excluded++;
		exclude(f, &u, key_of(f, &u), e->id, e->referrer, reason, rule, out);
	}
}

/* ---- resume ---- */

static void restore_key(struct frontier *f, uint64_t key)
{
	uint64_t *place = &f->restored[f->nrestored % RESTORED_KEYS];

	if (f->nrestored++ >= RESTORED_KEYS && seen_add(f->seen, *place))
		f->discovered++;
	*place = key;
	seen_prefetch(f->seen, key);
}

void frontier_restore_end(struct frontier *f)
{
	size_t n = f->nrestored < RESTORED_KEYS ? f->nrestored : RESTORED_KEYS;

	for (size_t i = 0; i < n; i++)
		f->discovered += seen_add(f->seen, f->restored[i]);
	f->nrestored = 0;
}

/* By its id, as long as that is its origin: a comparison instead of a search. */
static struct host *host_of(struct frontier *f, const struct url *u, uint32_t id)
{
	struct host *h = hosts_by_id(f->hosts, id);
	size_t n = url_origin_len(u);

	if (h && n && !strncmp(h->origin, u->href, n) && !h->origin[n])
		return h;
	return hosts_get_as(f->hosts, u, id);
}

static void restore_retry(struct frontier *f, struct entry *e, int64_t not_before_ms)
{
	f->queued++;
	f->retrying++;
	heap_put(&f->retries, &e->retry, not_before_ms);
	if (e->host->state == HOST_NEW && f->on_host) {
		e->host->state = HOST_RESOLVING;
		f->on_host(f->on_host_arg, e->host);
		host_recount(f->hosts, e->host);
	}
}

void frontier_restore_url(struct frontier *f, const struct store_new_url *n, bool queued,
	uint32_t attempts, int64_t not_before_ms, bool seed)
{
	struct url u;
	struct host *h;
	uint32_t extra;

	if (n->id > f->next_id)
		f->next_id = n->id;
	frontier_committed(f, n->id);
	if (url_view(n->url, n->url_len, &u) < 0)
		return;
	restore_key(f, key_of(f, &u));
	h = url_is_http(&u) ? host_of(f, &u, n->host_id) : NULL;
	if (h && n->kind == LINK_SEED)
		h->user_named = true;
	if (!queued || !h)
		return;
	extra = (seed ? EXTRA_SEED : 0) | (n->kind == LINK_SITEMAP ? EXTRA_LIST : 0) |
		EXTRA_OF_ATTEMPTS(attempts);
	if (not_before_ms && not_before_ms > clock_ms())
		restore_retry(f, entry_new(f, h, n, extra), not_before_ms);
	else
		queue_url(f, h, n, extra, false);
}

void frontier_restore_excluded(struct frontier *f, const struct store_excluded *ex)
{
	struct url u;
	uint64_t key = ex->key;

	if (ex->url && url_view(ex->url, ex->url_len, &u) == 0) {
		key = key_of(f, &u);
		row_left(f, &u, ex->reason, ex->rule);
	}
	if (seen_add(f->seen, key))
		f->discovered++;
	f->excluded++;
	if (!strcmp(ex->reason, "depth"))
		seen_set_mark(f->seen, key, SEEN_DEEP);
	else if (is_outside(ex->reason))
		seen_set_mark(f->seen, key, SEEN_OUTSIDE);
}

void frontier_restore_pages(struct frontier *f, uint64_t pages)
{
	f->pages = pages;
}
