/* restore.c - going on where a crawl stopped: hosts, URLs, refusals and counts from the store. */
#include <stdlib.h>
#include <string.h>

#include "config/clock.h"
#include "config/mem.h"
#include "crawler/crawl.h"
#include "storage/store_read.h"

struct restoring {
	struct crawl *c;
	uint64_t *seeds; /* ids, ascending */
	size_t nseeds, cap;
	int64_t wall, mono;
};

/* Unix time of the store to this run's monotonic clock. */
static int64_t to_mono(const struct restoring *r, int64_t wall_ms)
{
	return wall_ms > r->wall ? r->mono + (wall_ms - r->wall) : 0;
}

static void on_host(void *arg, const struct store_host *s)
{
	struct restoring *r = arg;
	struct host *h;

	if (!s->origin)
		return;
	h = hosts_restore(&r->c->hosts, s->id, s->origin);
	h->pages = s->pages;
	h->errors = s->errors;
	h->bytes = s->bytes;
	h->started = s->pages;
	h->robots_excluded = s->robots_excluded;
	h->last_wall_ms = s->last_fetched_ms;
	h->gov->g.backoff = s->backoff;
	if (s->delay_ms > h->gov->g.delay_ms)
		h->gov->g.delay_ms = s->delay_ms;
	if (to_mono(r, s->not_before_ms) > h->gov->g.next_start)
		h->gov->g.next_start = to_mono(r, s->not_before_ms);
	host_untouch(&r->c->hosts, h); /* its row says more: an address, a state */
	if (r->c->set.max_pages_per_host && h->started >= r->c->set.max_pages_per_host)
		h->held = true;
}

static void on_robots(void *arg, const struct store_robots *s)
{
	struct restoring *r = arg;
	struct host *h = map_get(&r->c->hosts.by_origin, s->origin, strlen(s->origin));

	if (!h)
		return;
	if (s->text)
		h->rules = rules_make(&r->c->hosts.book, s->text, s->len);
	h->robots_wall_ms = s->fetched_ms;
	h->robots_status = s->status;
	h->robots_verdict = mem_strdup(s->verdict);
}

static bool is_seed(const struct restoring *r, uint64_t id)
{
	size_t from = 0, to = r->nseeds;

	while (from < to) {
		size_t mid = from + (to - from) / 2;
		if (r->seeds[mid] == id)
			return true;
		if (r->seeds[mid] < id)
			from = mid + 1;
		else
			to = mid;
	}
	return false;
}

static void on_url(void *arg, const struct store_url *s)
{
	struct restoring *r = arg;
	struct crawl *c = r->c;
	bool seed = s->kind == LINK_SEED || (s->kind == LINK_REDIRECT && is_seed(r, s->origin));
	struct store_new_url n = {
		.id = s->id,
		.url = s->url,
		.url_len = s->len,
		.host_id = s->host_id,
		.depth = s->depth,
		.hops = s->hops,
		.kind = s->kind,
		.referrer = s->referrer,
		.origin = s->origin,
	};
	struct url u;

	if (s->kind == LINK_SEED) {
		if (r->nseeds == r->cap) {
			r->cap = r->cap ? r->cap * 2 : 64;
			r->seeds = mem_realloc(r->seeds, r->cap * sizeof(*r->seeds));
		}
		r->seeds[r->nseeds++] = s->id;
		if (url_view(s->url, s->len, &u) == 0)
			scope_add_seed(c->scope, &u);
	}
	if (s->state == URL_DONE && seed && s->status > 0 && s->status < 400)
		c->seed_ok = true;
	frontier_restore_url(c->frontier, &n, s->state != URL_DONE, s->attempts,
		s->state == URL_RETRY ? to_mono(r, s->not_before_ms) : 0, seed);
}

static void on_excluded(void *arg, const struct store_excluded *ex)
{
	struct restoring *r = arg;

	frontier_restore_excluded(r->c->frontier, ex);
	if (ex->reason)
		count_kept_word(r->c, r->c->n.excludes, &r->c->n.nexcludes, ex->reason, 1);
}

static void on_outcome(void *arg, int status, const char *error, uint64_t n)
{
	struct counters *k = &((struct restoring *)arg)->c->n;

	if (error)
		count_kept_word(((struct restoring *)arg)->c, k->errors, &k->nerrors, error, n);
	if (!status) {
		k->failed += n;
		return;
	}
	k->fetched += n;
	if (status / 100 < 6)
		k->classes[status / 100] += n;
	if (status >= 200 && status <= 299)
		k->pages += n;
	if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308)
		k->redirects += n;
}

static uint64_t meta_number(struct crawl *c, const char *key)
{
	char *text = store_meta_get(c->store, key);
	uint64_t n = text ? strtoull(text, NULL, 10) : 0;

	free(text);
	return n;
}

/* Redirect targets of seeds that widened the scope. */
static void restore_follow(struct crawl *c)
{
	char *text = store_meta_get(c->store, "scope_follow"), *save = NULL;
	struct url u;

	if (!text)
		return;
	buf_add_str(&c->follow, text);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (url_view(line, strlen(line), &u) == 0)
			scope_follow(c->scope, &u);
	free(text);
}

int crawl_restore(struct crawl *c, struct err *err)
{
	struct restoring r = {.c = c, .wall = clock_wall_ms(), .mono = clock_ms()};
	struct store_counts counts;
	int rc = -1;

	c->resumed = true;
	restore_follow(c);
	c->n.elapsed_before_ms = meta_number(c, "elapsed_ms");
	if (store_load_hosts(c->store, on_host, &r, err) < 0 ||
		store_load_robots(c->store, on_robots, &r, err) < 0 ||
		store_load_excluded(c->store, on_excluded, &r, err) < 0 ||
		store_load_urls(c->store, on_url, &r, err) < 0 ||
		store_outcomes(c->store, on_outcome, &r, err) < 0 ||
		store_counts(c->store, &counts, err) < 0)
		goto out;
	c->n.bytes_wire = counts.wire_bytes;
	c->n.bytes_decoded = counts.body_bytes;
	frontier_restore_end(c->frontier);
	crawl_mark_guesses(c);
	frontier_restore_pages(c->frontier, c->n.fetched - c->n.redirects);
	rc = 0;
out:
	free(r.seeds);
	return rc;
}

/* ---- a greater --depth than before ---- */

static void on_deep(void *arg, const char *url, size_t len, unsigned depth, uint64_t referrer)
{
	struct buf line = BUF_INIT;

	buf_addf(&line, "%u %llu ", depth, (unsigned long long)referrer);
	buf_add(&line, url, len);
	strlist_add(arg, line.data);
	buf_release(&line);
}

/* The page that links to it will not be read again: what it found is found here. */
int crawl_find_deeper(struct crawl *c, struct strlist *urls, struct err *err)
{
	unsigned depth = c->set.depth < 0 ? UINT16_MAX : (unsigned)c->set.depth;

	return store_load_deep(c->store, depth, on_deep, urls, err);
}

void crawl_seed_deeper(struct crawl *c, const struct strlist *urls)
{
	struct record *r;

	if (!urls->n)
		return;
	r = record_plain(c);
	for (size_t i = 0; i < urls->n; i++) {
		struct offer o = {.kind = LINK_A};
		char *rest;
		o.depth = (uint16_t)strtoul(urls->v[i], &rest, 10);
		o.referrer = strtoull(rest, &rest, 10);
		strlist_add(&c->kept, rest + 1); /* the findings point to it */
		o.url = c->kept.v[c->kept.n - 1];
		o.len = (uint32_t)strlen(o.url);
		frontier_offer(c->frontier, &o, &r->findings);
	}
	record_put(c, r);
}

/* ---- more --url-memory than before ---- */

#define BEYOND_ROWS 2000

struct beyond_batch {
	struct record *r;
	struct offer offers[BEYOND_ROWS];
	size_t n;
};

/* Its text goes to the record's, which moves while it grows: an offset until all are there. */
static void on_beyond(void *arg, const struct store_beyond *b)
{
	struct beyond_batch *batch = arg;

	batch->offers[batch->n++] = (struct offer){
		.url = (const char *)(uintptr_t)batch->r->text.len,
		.len = b->url_len,
		.kind = b->kind,
		.depth = b->depth,
		.hops = b->hops,
		.referrer = b->referrer,
		.origin = b->origin,
		.seed = b->seed,
		.is_list = b->is_list,
	};
	buf_add(&batch->r->text, b->url, b->url_len);
	buf_add_ch(&batch->r->text, '\0');
}

/* One batch, or nothing if there is no more. The rows go with the COMMIT of what became of them. */
static int offer_batch(
	struct crawl *c, struct store *from, uint64_t *last, uint64_t *left, struct err *err)
{
	struct beyond_batch *batch = mem_zalloc(sizeof(*batch));
	struct record *r = batch->r = record_plain(c);
	int ret = store_load_beyond(from, *last, BEYOND_ROWS, on_beyond, batch, last, err);

	for (size_t i = 0; i < batch->n; i++) {
		struct offer *o = &batch->offers[i];
		o->url = r->text.data + (uintptr_t)o->url;
		frontier_offer(c->frontier, o, &r->findings);
	}
	*left -= batch->n;
	r->item.beyond_done = batch->n ? *last : 0;
	if (ret == 0 && batch->n)
		record_put(c, r);
	else
		record_give(c, r);
	ret = ret < 0 ? -1 : batch->n > 0;
	free(batch);
	return ret;
}

int crawl_offer_beyond(struct crawl *c, struct err *err)
{
	struct frontier_counts n;
	uint64_t last = 0, left = 0;
	struct store *from = store_open(c->set.output, STORE_READ, err);
	int more = from && store_count_beyond(from, &left, err) == 0 ? (left > 0) : -1;

	while (more > 0) {
		frontier_counts(c->frontier, &n);
		if (n.full)
			break;
		more = offer_batch(c, from, &last, &left, err);
	}
	frontier_add_beyond(c->frontier, left);
	store_close(from);
	return more < 0 ? -1 : 0;
}
