/* fetcher.c - the life of a page, start to end.
 *
 *   fetcher():                          a coroutine; `concurrency` of them run
 *       while room for a body, and a URL of a host that is ready and due:
 *           fetch it                    waits; the body lands in the slot
 *           read it                     waits for a parser process
 *           offer its links             seen set, scope, per-host queue
 *           store it                    the store owns the slot until COMMIT
 *
 * From the first offer to the put nobody else offers, so that tickets and URL ids ascend
 * together and a child never precedes its parent.
 */
#include <string.h>

#include "config/clock.h"
#include "config/facts_seal.h"
#include "config/mem.h"
#include "crawler/crawl.h"

/* Another try comes after 1 s, 2 s, 4 s... with jitter. */
#define RETRY_MS     1000
#define RETRY_MAX_MS (60 * 1000)

/* A page may have 50,000 links, a sitemap mostly has: 60 ms of work. */
#define OFFERS_AT_ONCE 200

/* So many links before one is offered, it is looked at. */
#define LOOK_AHEAD 4

struct visit {
	struct crawl *c;
	struct record *r;
	struct entry *e;
	struct host *h;
	const char *error; /* of the fetch or the parser */
	bool retry;
	bool cramped; /* there was no room to inflate all of it, but there may be */
};

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool pushes_back(int status)
{
	return status == 429 || status == 503;
}

static bool worth_another_try(int status)
{
	return pushes_back(status) || status == 408 || status == 500 || status == 502 ||
	       status == 504;
}

/* ---- asking ---- */

/* A body there was no room for last time: the room comes first, so that it is asked for
 * only once more. */
static bool take_room(struct visit *v)
{
	struct crawl *c = v->c;
	size_t want = v->e->want, most = c->budget.body_most;

	if (want > most)
		want = most;
	return !want ||
	       record_room(c, v->r, want,
		       http_beside(v->e->beside, want, (size_t)c->budget.part[BUDGET_BODIES]));
}

static void fetch(struct visit *v)
{
	struct crawl *c = v->c;
	struct http_fetch *f = &v->r->fetch;
	int64_t start = clock_ms();

	f->href = v->e->href;
	f->host = v->h;
	f->slot = v->r->slot;
	f->max_body = c->budget.body_most;
	f->max_room = (size_t)c->budget.part[BUDGET_BODIES];
	f->beside = v->e->beside;
	co_state(v->e->href);
	http_get(c->http, f);
	if (f->truncated && !strcmp(f->truncated, "max_body") && f->max_body < c->set.max_body)
		f->truncated = "memory";
	c->n.requests++;
	v->error = f->error;
	v->retry = f->retry || (!f->error && worth_another_try(f->status));
	frontier_host_end(c->frontier, v->h, v->e->ip,
		&(struct host_answer){
			.ttfb_ms = f->status ? f->ttfb_ms : -1,
			.wait_ms = f->status ? f->wait_ms : -1,
			.took_ms = (double)(clock_ms() - start),
			.push_back = pushes_back(f->status) ||
				     (f->error && !strcmp(f->error, "refused")),
			.retry_after_ms = f->retry_after_ms,
			.is_page = true,
		});
}

static bool starts_with_word(const char *type, const char *word)
{
	return !strncasecmp(type, word, strlen(word));
}

/* Whether a parser could tell anything about the body. */
static bool wants_parser(const struct visit *v)
{
	const struct http_fetch *f = &v->r->fetch;
	const char *type = f->content_type.data;

	if (f->status < 200 || f->status > 299 || !f->slot->len)
		return false;
	return !*type || f->coding.len || starts_with_word(type, "text/") ||
	       strcasestr(type, "html") || strcasestr(type, "xml") || v->e->is_list;
}

/* What of the body could not be read is said in the `truncated` column. */
static void note_losses(struct visit *v, bool short_of_memory)
{
	uint32_t flags = v->r->facts->flags;
	const char **what = &v->r->fetch.truncated;

	if (*what)
		return;
	if (short_of_memory)
		*what = "memory";
	else if (flags & FACTS_BOMB)
		*what = "bomb";
	else if (flags & FACTS_BAD_CODING)
		*what = "bad_coding";
	else if (flags & FACTS_CUT_BODY)
		*what = "max_decoded_body";
}

/* For a body to be inflated. A page that has a big slot does not wait, or two of those could wait
 * for each other. */
static bool inflating_room(void *arg, struct slot *slot, size_t bytes)
{
	struct visit *v = arg;

	if (slot->big)
		return slots_borrow(v->c->slots, slot, bytes, false);
	v->r->slot = slot;
	return record_room(v->c, v->r, slot->cap, bytes);
}

static void read_page(struct visit *v)
{
	struct http_fetch *f = &v->r->fetch;
	bool html = strcasestr(f->content_type.data, "html") != NULL;
	struct parse_request req = {
		.what = v->e->is_list && !html ? PARSE_SITEMAP : PARSE_PAGE,
		.url = v->e->href,
		.url_len = v->e->len,
		.content_type = f->content_type.data,
		.coding = f->coding.data,
		.link = f->link.data,
		/* The storage threads digest what needs no inflating. */
		.want_digest = f->coding.len > 0,
		.room = inflating_room,
		.arg = v,
	};
	int64_t start = clock_ns();
	struct parse_result got;

	if (!wants_parser(v))
		return;
	co_state("parsing");
	parse_slot(v->c->parsers, f->slot, &req, &got);
	v->r->facts = got.facts;
	v->r->answer_room = got.room;
	v->cramped = got.cramped && f->slot->big;
	if (got.error)
		v->error = got.error;
	else
		note_losses(v, got.short_of_memory);
	v->r->item.parse_ms = (double)(clock_ns() - start) / 1e6;
}

/* ---- telling ---- */

static void offer_link(struct visit *v, const struct facts_link *l, const struct known_print *print)
{
	struct crawl *c = v->c;
	struct offer o = {
		.url = facts_text(v->r->facts, l->url),
		.len = l->url.len,
		.kind = l->kind,
		.depth = (uint16_t)(v->e->depth + (v->e->depth < UINT16_MAX)),
		.referrer = v->e->id,
		.is_list = (l->flags & LINK_IS_INDEX) != 0,
		.print = print,
	};

	if (facts_follow(l) == FOLLOW_ALWAYS || c->set.assets)
		frontier_offer(c->frontier, &o, &v->r->findings);
}

WAITS static void offer_links(struct visit *v)
{
	struct crawl *c = v->c;
	const struct facts *f = v->r->facts;
	const struct facts_link *links;
	struct known_print ahead[LOOK_AHEAD];

	if (!f)
		return;
	c->n.links += f->nfound;
	if ((v->r->fetch.x_robots | f->robots) & ROBOTS_NOFOLLOW)
		return;
	links = facts_links(f);
	for (uint32_t i = 0; i < f->nlinks + LOOK_AHEAD; i++) {
		struct known_print *print = &ahead[i % LOOK_AHEAD];

		if (i >= LOOK_AHEAD)
			offer_link(v, &links[i - LOOK_AHEAD], print);
		if (i < f->nlinks)
			*print = frontier_look(
				c->frontier, facts_text(f, links[i].url), links[i].url.len);
		if (i % OFFERS_AT_ONCE == OFFERS_AT_ONCE - 1)
			co_yield_now();
	}
}

/* The target is a link like any other, with the hop count of its chain. */
static void offer_redirect(struct visit *v)
{
	struct crawl *c = v->c;
	const struct http_fetch *f = &v->r->fetch;
	struct url base, target;
	struct offer o = {
		.kind = LINK_REDIRECT,
		.depth = v->e->depth,
		.hops = (uint8_t)(v->e->hops + 1),
		.referrer = v->e->id,
		.origin = v->e->origin ? v->e->origin : v->e->id,
		.seed = v->e->seed,
		.is_list = v->e->is_list,
	};

	if (!is_redirect(f->status) || !f->location.len)
		return;
	if (url_view(v->e->href, v->e->len, &base) < 0 ||
		url_parse(&c->urls, f->location.data, f->location.len, &base, &target) < 0 ||
		url_without_fragment_len(&target) > FACTS_MAX_URL) {
		v->error = "bad_redirect";
		return;
	}
	buf_add(&v->r->redirect, target.href, target.len);
	v->r->item.redirect = v->r->redirect.data;
	c->n.links++;
	if (v->e->hops >= c->set.max_redirects) {
		v->error = "too_many_redirects";
		return;
	}
	if (v->e->seed && url_is_http(&target) && scope_follow(c->scope, &target)) {
		buf_add(&c->follow, target.href, target.len);
		buf_add_ch(&c->follow, '\n');
		buf_add(&v->r->text, c->follow.data, c->follow.len); /* c->follow may grow */
		v->r->meta[0] = (struct store_meta){"scope_follow", v->r->text.data};
		v->r->item.meta = v->r->meta;
		v->r->item.nmeta = 1;
	}
	o.url = v->r->redirect.data;
	o.len = (uint32_t)v->r->redirect.len;
	frontier_offer(c->frontier, &o, &v->r->findings);
}

static void fill_item(struct visit *v, bool final, int64_t retry_in_ms)
{
	struct store_item *it = &v->r->item;
	struct http_fetch *f = &v->r->fetch;

	it->url_id = v->e->id;
	buf_reset(&v->r->url);
	buf_add(&v->r->url, v->e->href, v->e->len); /* the entry ends before the COMMIT */
	it->url = v->r->url.data;
	it->attempt = v->e->attempts + 1;
	it->final = final;
	it->not_before_ms = final ? 0 : clock_wall_ms() + retry_in_ms;
	it->status = f->status;
	it->error = v->error;
	it->content_type = f->content_type.len ? f->content_type.data : NULL;
	it->truncated = f->truncated;
	it->fetched_wall_ms = f->wall_ms ? f->wall_ms : clock_wall_ms();
	it->dns_ms = -1;
	it->connect_ms = f->connect_ms;
	it->tls_ms = f->tls_ms;
	it->wait_ms = f->wait_ms;
	it->ttfb_ms = f->ttfb_ms;
	it->total_ms = f->total_ms;
	it->http_version = f->version;
	memcpy(it->ip, f->ip, sizeof(it->ip));
	it->x_robots = f->x_robots;
	it->request_head = f->request_head.data;
	it->request_head_len = f->request_head.len;
	it->response_head = f->response_head.data;
	it->response_head_len = f->response_head.len;
	if (f->slot && f->status) {
		it->body = f->slot->data;
		it->body_len = f->slot->len;
		it->wire_size = f->wire;
	}
	it->coding = f->coding.data;
	it->facts = v->r->facts;
}

static void add_stage(struct crawl *c, enum stage s, double ms)
{
	if (ms > 0)
		c->n.stage_us[s] += (uint64_t)(ms * 1000);
}

static void count_transfer(struct visit *v)
{
	struct counters *n = &v->c->n;
	const struct http_fetch *f = &v->r->fetch;
	uint64_t decoded = v->r->facts && v->r->facts->decoded_size ? v->r->facts->decoded_size
			   : f->slot				    ? f->slot->len
								    : 0;

	n->bytes_wire += f->wire;
	n->run_bytes += f->wire;
	n->bytes_decoded += decoded;
	n->run_decoded += decoded;
	v->h->bytes += f->wire;
	if (v->c->set.max_bytes && n->bytes_wire >= v->c->set.max_bytes)
		frontier_limit(v->c->frontier, "--max-bytes");
	v->h->last_wall_ms = f->wall_ms;
	add_stage(v->c, STAGE_CONNECT, f->connect_ms);
	add_stage(v->c, STAGE_TLS, f->tls_ms);
	add_stage(v->c, STAGE_WAIT, f->wait_ms);
	add_stage(v->c, STAGE_BODY, f->body_ms);
	add_stage(v->c, STAGE_PARSE, v->r->item.parse_ms);
}

static void count_final(struct visit *v)
{
	struct crawl *c = v->c;
	int status = v->r->fetch.status;

	if (v->error) {
		count_word(c->n.errors, &c->n.nerrors, v->error);
		v->h->errors++;
	}
	if (!status) {
		c->n.failed++;
		return;
	}
	c->n.fetched++;
	c->n.run_pages++;
	if (status / 100 < 6)
		c->n.classes[status / 100]++;
	if (status >= 200 && status <= 299)
		c->n.pages++;
	if (is_redirect(status))
		c->n.redirects++;
	else
		frontier_count_page(c->frontier, v->h);
	if (v->e->seed && status < 400)
		c->seed_ok = true;
	if (strlen(v->e->href) < sizeof(c->last_url))
		strcpy(c->last_url, v->e->href);
}

static void conclude(struct visit *v)
{
	struct crawl *c = v->c;

	co_state("telling what was found");
	frontier_offers_begin(c->frontier);
	offer_links(v);
	offer_redirect(v);
	if (seed_falls_back(v->e, &v->r->fetch, v->error))
		seed_fall_back(c, v->e, &v->r->findings);
	fill_item(v, true, 0);
	count_transfer(v);
	count_final(v);
	record_put(c, v->r);
	frontier_offers_end(c->frontier);
	frontier_done(c->frontier, v->e);
}

/* A URL has 1 + --retries tries, and as many again each time `resume --retry-failed` queues it: how
 * many of them were made. */
static uint32_t tries(const struct entry *e, const struct settings *set)
{
	return e->attempts % ((uint32_t)set->retries + 1);
}

static void try_again_later(struct visit *v)
{
	struct crawl *c = v->c;
	uint32_t made = tries(v->e, &v->c->set);
	int64_t in_ms = governor_jitter(RETRY_MS << (made < 6 ? made : 6));

	if (in_ms > RETRY_MAX_MS)
		in_ms = RETRY_MAX_MS;
	if (v->r->fetch.retry_after_ms > in_ms)
		in_ms = v->r->fetch.retry_after_ms < GOVERNOR_CEILING_MS
				? v->r->fetch.retry_after_ms
				: GOVERNOR_CEILING_MS;
	c->n.retries++;
	fill_item(v, false, in_ms);
	count_transfer(v);
	record_put(c, v->r);
	frontier_again(c->frontier, v->e, clock_ms() + in_ms);
}

/* A page of --limit-rate bytes per second pays for itself by a pause of all. */
static void pay_for_bytes(struct crawl *c, uint64_t bytes)
{
	if (!c->set.limit_rate)
		return;
	c->paid_until_ms = c->paid_until_ms > clock_ms() ? c->paid_until_ms : clock_ms();
	c->paid_until_ms += (int64_t)(bytes * 1000 / c->set.limit_rate);
	frontier_pause_until(c->frontier, c->paid_until_ms);
}

/* Robots.txt may have arrived after the URL was queued. */
static const char *forbidden(const struct visit *v)
{
	struct url u;

	if (v->h->state == HOST_REFUSED)
		return v->h->refusal_rule;
	if (v->c->set.ignore_robots || url_view(v->e->href, v->e->len, &u) < 0)
		return NULL;
	return host_forbids(&v->c->hosts, v->h, &u);
}

static void refuse(struct visit *v, const char *rule)
{
	struct crawl *c = v->c;

	if (v->h->state == HOST_READY)
		frontier_host_unused(c->frontier, v->h, v->e->ip);
	buf_add(&v->r->text, v->e->href, v->e->len); /* the entry ends before the COMMIT */
	frontier_refuse(c->frontier, v->e, v->r->text.data, "robots", rule, &v->r->findings);
	record_put(c, v->r);
	frontier_done(c->frontier, v->e);
}

/* Addresses or robots.txt are too old: the URL waits in its queue until they are new. */
static void prepare_again(struct visit *v)
{
	frontier_host_unused(v->c->frontier, v->h, v->e->ip);
	frontier_back(v->c->frontier, v->e);
	frontier_host_hold(v->c->frontier, v->h);
	prepare_later(v->c, v->h);
	record_give(v->c, v->r);
}

/* There was no room for the body, or to inflate it: it is asked for again when there is. */
static bool ask_again_with_room(struct visit *v)
{
	const struct http_fetch *f = &v->r->fetch;
	size_t most = v->c->budget.body_most, least = slots_small_size(v->c->slots) + 1;
	size_t want = most;

	if (f->no_room) {
		/* More than a small slot has, where small slots had no memory left. */
		if (f->content_length > 0 && (uint64_t)f->content_length < most)
			want = (size_t)f->content_length;
		v->e->beside = f->coding.len ? HTTP_BESIDE_INFLATED : HTTP_BESIDE_COPY;
	} else if (v->cramped && v->e->beside != HTTP_BESIDE_ALL) {
		want = f->slot->len;
		v->e->beside = HTTP_BESIDE_ALL;
	} else {
		return false;
	}
	v->e->want = want > least ? want : least;
	return true;
}

/* For a plan: a page stays as it is, known and not fetched. */
static void leave(struct visit *v)
{
	frontier_host_unused(v->c->frontier, v->h, v->e->ip);
	record_give(v->c, v->r);
	frontier_done(v->c->frontier, v->e);
}

static void visit(struct crawl *c, struct record *r, struct entry *e)
{
	struct visit v = {.c = c, .r = r, .e = e, .h = e->host};
	const char *rule;

	if (host_is_stale(v.h, clock_ms(), clock_wall_ms())) {
		prepare_again(&v);
		return;
	}
	rule = forbidden(&v);
	if (rule) {
		refuse(&v, rule);
		return;
	}
	r->item.dns_ms = -1;
	if (v.h->state == HOST_REFUSED) {
		v.error = v.h->refusal;
		conclude(&v);
		return;
	}
	if (c->watch.lists_only && !e->is_list) {
		leave(&v);
		return;
	}
	if (!take_room(&v)) {
		frontier_host_unused(c->frontier, v.h, e->ip);
		frontier_back(c->frontier, e);
		record_give(c, r);
		return;
	}
	fetch(&v);
	if (ask_again_with_room(&v) || (v.error && !strcmp(v.error, "stopped"))) {
		record_give(c, r);
		frontier_back(c->frontier, e);
		return;
	}
	pay_for_bytes(c, r->fetch.wire);
	if (v.retry && tries(e, &c->set) < (uint32_t)c->set.retries &&
		!seed_falls_back(e, &r->fetch, v.error)) {
		try_again_later(&v);
		return;
	}
	if (!v.error || r->fetch.truncated)
		read_page(&v);
	if (v.cramped && ask_again_with_room(&v)) {
		record_give(c, r);
		frontier_back(c->frontier, e);
		return;
	}
	conclude(&v);
}

void fetcher(void *arg)
{
	struct seat *seat = arg;
	struct crawl *c = seat->c;

	for (;;) {
		struct record *r;
		struct entry *e;
		co_state("waiting for room");
		r = record_take(c, false);
		if (!r)
			return;
		co_state("waiting for a host that is due");
		e = frontier_next(c->frontier);
		if (!e) {
			record_give(c, r);
			return;
		}
		seat->e = e;
		visit(c, r, e);
		seat->e = NULL;
	}
}
