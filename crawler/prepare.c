/* prepare.c - hosts from NEW to READY: addresses, then robots.txt.
 *
 * Each host is prepared by a coroutine of its own, so a slow name server or a slow
 * robots.txt never holds a fetcher. Where its turn to be asked has not come the coroutine
 * ends, and another goes on when it has. What a fetch status means (RFC 9309, 2.3.1):
 *   2xx   the rules                        3xx  followed, 5 hops, to any host
 *   4xx   everything is allowed            429, 5xx, no answer: tried again, then
 *                                          everything is disallowed; a copy of an
 *                                          earlier run stays in force instead
 * A host that has no address, or that nobody answers at, is REFUSED: its URLs fail with
 * that word and cost no request each.
 */
#include <stdlib.h>
#include <string.h>

#include "config/clock.h"
#include "config/log.h"
#include "config/mem.h"
#include "crawler/crawl.h"

#define ROBOTS_HOPS	  5
#define DNS_PAUSE_MS	  1000
#define KEEP_ADDRESSES_MS (5 * 60 * 1000)
#define ROBOTS_PAUSE_MS	  1000
#define TURN_MS		  100		/* how often a redirect looks whether there is room */
#define ROBOTS_KEPT_MS	  (3600 * 1000) /* an old copy in force: when to ask again */

struct job {
	struct crawl *c;
	struct host *h;
};

void prepare_later(void *arg, struct host *h)
{
	struct crawl *c = arg;
	struct host_queue *q = &c->to_prepare;

	if (q->head + q->n == q->cap) {
		if (q->head) {
			memmove(q->v, q->v + q->head, q->n * sizeof(struct host *));
			q->head = 0;
		} else {
			q->cap = q->cap ? q->cap * 2 : 64;
			q->v = mem_realloc(q->v, q->cap * sizeof(struct host *));
		}
	}
	q->v[q->head + q->n++] = h;
	waitlist_wake(&c->dispatch);
}

void dispatcher(void *arg)
{
	struct crawl *c = arg;
	struct host_queue *q = &c->to_prepare;

	while (!c->ended) {
		struct job *job;
		if (!q->n) {
			co_state("waiting for new hosts");
			co_wait(&c->dispatch, -1);
			continue;
		}
		job = mem_alloc(sizeof(*job));
		*job = (struct job){c, q->v[q->head++]};
		q->n--;
		co_state("waiting for room to prepare a host");
		copool_spawn(c->preparers, prepare_host, job);
	}
}

/* The crawl is at its end, or was told to end: nobody is asked anything more. */
static bool is_over(const struct crawl *c)
{
	return c->ended || c->stops || c->failed;
}

static void set_state(struct crawl *c, struct host *h, enum host_state state)
{
	h->state = state;
	host_recount(&c->hosts, h);
	host_touch(&c->hosts, h);
}

static void refuse_host(struct crawl *c, struct host *h, const char *word, const char *rule)
{
	h->refusal = word;
	h->refusal_rule = rule;
	set_state(c, h, HOST_REFUSED);
}

/* ---- addresses ---- */

/* The name server does not know now; what it said last still holds for a while. */
static bool keep_addresses(struct crawl *c, struct host *h)
{
	if (!h->ip || is_over(c))
		return h->ip != NULL;
	log_warn("%s: the name cannot be resolved now; its last addresses stay in use", h->name);
	h->addresses_until_ms = clock_ms() + KEEP_ADDRESSES_MS;
	return true;
}

static bool resolve(struct crawl *c, struct host *h)
{
	struct dns_answer a;
	int64_t start = clock_ns();

	if (c->set.proxy)
		return true; /* the proxy resolves */
	for (int i = 0; dns_resolve(c->dns, h->name, h->port, &a) < 0; i++) {
		if (i >= c->set.retries || a.missing || is_over(c))
			return keep_addresses(c, h);
		co_sleep_ms(governor_jitter(DNS_PAUSE_MS << (i < 5 ? i : 5)));
		if (is_over(c)) /* that cut the pause short */
			return keep_addresses(c, h);
	}
	c->n.stage_us[STAGE_DNS] += (uint64_t)((clock_ns() - start) / 1000);
	free(h->addresses);
	h->addresses = a.literal ? NULL : mem_strdup(a.addresses);
	h->addresses_until_ms = a.until_ms;
	host_set_ip(&c->hosts, h, a.first);
	governor_set_public(&h->gov->g, !a.all_private);
	if (a.all_private && !h->user_named && !c->set.allow_private)
		refuse_host(c, h, "private_address", NULL);
	return true;
}

/* ---- robots.txt ---- */

static void set_verdict(struct host *h, const char *fmt, int status)
{
	struct buf b = BUF_INIT;

	buf_addf(&b, fmt, status);
	free(h->robots_verdict);
	h->robots_verdict = buf_take(&b);
	h->robots_status = status;
	h->robots_wall_ms = clock_wall_ms();
	h->robots_due_ms = h->robots_wall_ms + HOST_ROBOTS_AGE_MS;
}

/* A sitemap is one step from the seeds, so that --depth 0 fetches the seeds alone. */
static void offer_sitemap(struct crawl *c, struct host *h, const char *href, struct findings *out)
{
	struct url u, base;
	struct buf hold = BUF_INIT;
	struct offer o = {.kind = LINK_SITEMAP, .depth = 1, .is_list = true};

	buf_addf(&hold, "%s/robots.txt", h->origin);
	if (url_view(hold.data, hold.len, &base) == 0 &&
		url_parse(&c->urls, href, strlen(href), &base, &u) == 0) {
		char *text = mem_strndup(u.href, u.len);
		strlist_add(&c->kept, text); /* the findings point to it */
		free(text);
		o.url = c->kept.v[c->kept.n - 1];
		o.len = u.len;
		frontier_offer(c->frontier, &o, out);
	}
	buf_release(&hold);
}

/* Puts the rules in force and tells the sitemaps to the frontier. */
static void apply_rules(struct crawl *c, struct host *h, struct findings *out)
{
	const struct robots *said = rules_read(&c->hosts.book, h->rules);
	struct strlist maps = {0}; /* an offer may read the rules of another host */
	const char **urls;
	size_t n = robots_sitemaps(said, &urls);

	governor_set_crawl_delay(&h->gov->g, robots_crawl_delay(said));
	for (size_t i = 0; out && i < n; i++)
		strlist_add(&maps, urls[i]);
	for (size_t i = 0; i < maps.n; i++)
		offer_sitemap(c, h, maps.v[i], out);
	strlist_clear(&maps);
}

static void store_robots(struct crawl *c, struct host *h, struct record *r)
{
	if (h->rules)
		rules_text(h->rules, &r->text);
	r->robots = (struct store_robots){
		.origin = h->origin,
		.fetched_ms = h->robots_wall_ms,
		.status = h->robots_status,
		.text = h->rules ? r->text.data : NULL,
		.len = r->text.len,
		.verdict = h->robots_verdict,
	};
	r->item.robots = &r->robots;
	r->item.nrobots = 1;
	record_put(c, r);
}

/* The host's delay and the limits per host and address hold for robots.txt, too. */
static bool wait_for_turn(struct crawl *c, struct host *h)
{
	co_state("waiting for a turn to ask for robots.txt");
	while (!is_over(c) && !frontier_host_begin(c->frontier, h)) {
		int64_t ms = h->gov->g.next_start - clock_ms();
		co_sleep_ms(ms > 0 ? ms : TURN_MS);
	}
	return !is_over(c);
}

/* One request, which has its turn. */
static void ask_once(struct crawl *c, struct record *r, const char *href, struct host *h)
{
	struct http_fetch *f = &r->fetch;
	struct host_ip *ip = h->ip; /* another may be found meanwhile */
	int64_t start = clock_ms();

	http_fetch_reset(f);
	f->slot = r->slot;
	f->href = href;
	f->host = h;
	f->max_body = ROBOTS_MAX;
	co_state(href);
	http_get(c->http, f);
	r->slot = f->slot;
	c->n.requests++;
	frontier_host_end(c->frontier, h, ip,
		&(struct host_answer){
			.ttfb_ms = f->status ? f->ttfb_ms : -1,
			.wait_ms = f->status ? f->wait_ms : -1,
			.took_ms = (double)(clock_ms() - start),
			.retry_after_ms = f->retry_after_ms,
		});
}

/* One request of the chain, `begun` or not, and one more where there first has to be room for a
 * big answer. The target of a redirect may be a host nobody prepared. */
static void ask(struct crawl *c, struct record *r, const char *href, struct host *h, bool begun)
{
	struct http_fetch *f = &r->fetch;
	struct slot *slot = r->slot;

	co_state("asking for addresses"); /* not an href of before that is gone */
	http_fetch_reset(f);
	f->slot = slot;
	if (!h->ip && !c->set.proxy && !resolve(c, h)) {
		f->error = "dns";
		return;
	}
	for (;; begun = false) {
		if (!begun && !wait_for_turn(c, h))
			break;
		ask_once(c, r, href, h);
		if (!f->no_room)
			return;
		if (!record_room(c, r, ROBOTS_MAX, 0))
			break;
	}
	f->error = "stopped";
}

/* Follows up to five redirects; what the last answer was is in r->fetch. */
static void fetch_robots(struct crawl *c, struct host *h, struct record *r, bool begun)
{
	struct buf href = BUF_INIT, next = BUF_INIT;
	struct url u, target;
	int status;

	buf_addf(&href, "%s/robots.txt", h->origin);
	for (int hop = 0; hop <= ROBOTS_HOPS; hop++) {
		ask(c, r, href.data, h, begun && !hop);
		status = r->fetch.status;
		if (status < 300 || status > 399 || status == 304 || !r->fetch.location.len ||
			is_over(c))
			break;
		if (url_view(href.data, href.len, &u) < 0 ||
			url_parse(&c->urls, r->fetch.location.data, r->fetch.location.len, &u,
				&target) < 0 ||
			!url_is_http(&target))
			break;
		buf_reset(&next);
		buf_add(&next, target.href, url_without_fragment_len(&target));
		h = hosts_get(&c->hosts, &target);
		buf_reset(&href);
		buf_add(&href, next.data, next.len);
	}
	buf_release(&href);
	buf_release(&next);
}

/* A file that no parser survives allows nothing: what it says is not known. Answers with the
 * error; a copy of before stays. */
static const char *read_robots(struct crawl *c, struct host *h, struct record *r)
{
	struct http_fetch *f = &r->fetch;
	struct parse_request req = {
		.what = PARSE_ROBOTS,
		.url = h->origin,
		.url_len = strlen(h->origin),
		.content_type = f->content_type.data,
		.coding = f->coding.data,
	};
	struct parse_result got;
	struct err err;

	parse_slot(c->parsers, f->slot, &req, &got);
	r->facts = got.facts;
	r->answer_room = got.room;
	if (!r->facts)
		return got.error;
	if (facts_check_texts(r->facts, &err) < 0)
		return "parser_answer";
	rules_free(&c->hosts.book, h->rules);
	h->rules = rules_make(
		&c->hosts.book, facts_text(r->facts, r->facts->text), r->facts->text.len);
	return NULL;
}

static bool unreachable(const struct http_fetch *f)
{
	return !f->status || f->status == 429 || f->status >= 500;
}

/* Half a file may lack the half that forbids: worth another try, and taken if it stays so. What
 * no other try would change, a certificate for one, is not. */
static bool worth_asking_again(const struct http_fetch *f)
{
	if (f->error && !f->status)
		return f->retry;
	return unreachable(f) || (f->error && !strcmp(f->error, "cut"));
}

/* False: it is not the host's turn yet; it will be prepared again when it is. */
static bool robots(struct crawl *c, struct host *h)
{
	struct record *r = record_take(c, true);
	struct http_fetch *f;
	const char *unread;

	if (!r)
		return true; /* aborting: the host stays as it is, its URLs stay queued */
	if (!frontier_host_begin(c->frontier, h)) {
		record_give(c, r);
		frontier_host_await(c->frontier, h);
		return false;
	}
	f = &r->fetch;
	for (int i = 0;; i++) {
		fetch_robots(c, h, r, !i);
		if (!worth_asking_again(f) || i >= c->set.retries || is_over(c) ||
			(h->guessed && !f->status))
			break;
		co_state("waiting to ask for robots.txt again");
		co_sleep_ms(f->retry_after_ms > 0 && f->retry_after_ms < GOVERNOR_CEILING_MS
				    ? f->retry_after_ms
				    : governor_jitter(ROBOTS_PAUSE_MS << (i < 5 ? i : 5)));
		if (is_over(c)) /* that cut the pause short */
			break;
	}
	if ((f->error && !strcmp(f->error, "stopped")) || (unreachable(f) && is_over(c))) {
		record_give(c, r);
		return true;
	}
	if (f->status >= 200 && f->status <= 299) {
		co_state("reading robots.txt");
		unread = read_robots(c, h, r);
		set_verdict(h, unread ? "unreadable (%d)" : "rules (%d)", f->status);
		if (unread && !h->rules)
			refuse_host(c, h, unread, NULL);
	} else if (!unreachable(f)) {
		rules_free(&c->hosts.book, h->rules);
		h->rules = NULL;
		set_verdict(h, "everything allowed (%d)", f->status);
	} else if (h->rules) {
		log_warn("%s/robots.txt cannot be had now; the copy of an earlier run stays in "
			 "force",
			h->origin);
		h->robots_due_ms = clock_wall_ms() + ROBOTS_KEPT_MS;
	} else if (f->status) {
		set_verdict(h, "everything disallowed (%d)", f->status);
		refuse_host(c, h, "robots",
			"robots.txt could not be had (server error): nothing is fetched");
	} else {
		set_verdict(h, "no answer", 0);
		refuse_host(c, h, f->error, NULL);
	}
	frontier_offers_begin(c->frontier);
	if (h->rules)
		apply_rules(c, h, &r->findings);
	if (c->set.sitemaps && h->user_named)
		offer_sitemap(c, h, "/sitemap.xml", &r->findings);
	store_robots(c, h, r);
	frontier_offers_end(c->frontier);
	return true;
}

/* What is known still counts, or a copy from an earlier run does. */
static bool is_fresh(struct host *h)
{
	int64_t until = h->robots_wall_ms + HOST_ROBOTS_AGE_MS;

	if (!h->robots_due_ms && until > clock_wall_ms() && h->robots_status >= 200 &&
		h->robots_status < 500 && h->robots_status != 429)
		h->robots_due_ms = until;
	return h->robots_due_ms > clock_wall_ms();
}

void prepare_host(void *arg)
{
	struct job *job = arg;
	struct crawl *c = job->c;
	struct host *h = job->h;

	free(job);
	if (is_over(c))
		return; /* nobody waits for it; its URLs stay queued */
	co_state(h->origin);
	if (h->state == HOST_RESOLVING && !resolve(c, h) && !is_over(c))
		refuse_host(c, h, "dns", NULL);
	if (h->state == HOST_RESOLVING && !c->set.ignore_robots)
		set_state(c, h, HOST_ROBOTS);
	if (h->state == HOST_ROBOTS && is_fresh(h) && h->rules)
		apply_rules(c, h, NULL);
	if (h->state == HOST_ROBOTS && !is_fresh(h) && !robots(c, h))
		return;
	if (is_over(c))
		return; /* perhaps never asked: its URLs stay queued for the resume */
	if (h->state != HOST_REFUSED)
		set_state(c, h, HOST_READY);
	frontier_host_ready(c->frontier, h);
}
