/* The part of the queue that is not in memory: the same URLs in the same order as if it were,
 * and nothing is asked of the store before it is there. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/clock.h"
#include "config/facts.h"
#include "config/mem.h"
#include "crawler/frontier.h"

#define MANY 20000

/* What a store would hold, by id. */
struct row {
	char url[40];
	struct store_new_url n;
};

static const struct host_answer good = {
	.ttfb_ms = 1, .took_ms = 1, .retry_after_ms = -1, .is_page = true};

static struct bench {
	struct settings set;
	struct loop *loop;
	struct hosts hosts;
	struct scope_rules *scope;
	struct frontier *f;
	struct findings out;
	struct row *rows; /* of id 1 and on */
	size_t nrows, committed;
	int load_ms; /* how long the store takes */
	bool broken;
	unsigned loads, longest;
} b;

static void on_host(void *arg, struct host *h)
{
	(void)arg;
	h->state = HOST_READY;
}

static void answer(void *arg)
{
	struct frontier_load *l = arg;

	if (b.load_ms)
		co_sleep_ms(b.load_ms);
	for (size_t i = 0; i < l->batch.n; i++) {
		struct store_url *u = &l->batch.urls[i];
		const struct row *r = &b.rows[u->id - 1];
		*u = (struct store_url){
			.id = u->id,
			.url = r->url,
			.len = r->n.url_len,
			.depth = r->n.depth,
			.hops = r->n.hops,
			.kind = r->n.kind,
			.referrer = r->n.referrer,
			.origin = r->n.origin,
		};
	}
	l->batch.ok = !b.broken;
	frontier_recalled(b.f, l);
}

static void load(void *arg, struct frontier_load *l)
{
	(void)arg;
	b.loads++;
	assert_true(l->batch.n > 0);
	if (l->batch.n > b.longest)
		b.longest = (unsigned)l->batch.n;
	for (size_t i = 0; i < l->batch.n; i++) {
		assert_true(l->batch.urls[i].id <= b.committed);
		assert_true(!i || l->batch.urls[i].id > l->batch.urls[i - 1].id);
	}
	co_detach(co_spawn(b.loop, "load", answer, l));
}

static void open_frontier(size_t text_max)
{
	static const struct hash_key key = {3, 4};
	struct err err;
	struct url u;

	b.loop = loop_open();
	hosts_init(&b.hosts, &b.set);
	b.scope = scope_open(&b.set, &err);
	assert_non_null(b.scope);
	assert_int_equal(url_view("http://h/", 9, &u), 0);
	scope_add_seed(b.scope, &u);
	b.f = frontier_open(&b.set, b.scope, &b.hosts, &key);
	frontier_on_host(b.f, on_host, NULL);
	frontier_spill(b.f, text_max, load, NULL);
}

static int set_up(void **state)
{
	(void)state;
	memset(&b, 0, sizeof(b));
	settings_init(&b.set);
	b.set.delay = 0;
	b.set.scope = SCOPE_ANY;
	b.rows = mem_array(MANY * 2, sizeof(*b.rows));
	return 0;
}

static void close_frontier(void)
{
	findings_release(&b.out);
	frontier_free(b.f);
	hosts_release(&b.hosts);
	scope_free(b.scope);
	loop_close(b.loop);
}

static int tear_down(void **state)
{
	(void)state;
	close_frontier();
	settings_release(&b.set);
	free(b.rows);
	return 0;
}

/* What was offered is in the store from now on. */
static void commit(void)
{
	b.committed = b.nrows;
	frontier_committed(b.f, b.nrows);
}

static void offer_as(unsigned host, unsigned i, struct offer o)
{
	struct row *r = &b.rows[b.nrows];

	snprintf(r->url, sizeof(r->url), "http://h%u/%u", host, i);
	o.url = r->url;
	o.len = (uint32_t)strlen(r->url);
	findings_reset(&b.out);
	assert_int_equal(frontier_offer(b.f, &o, &b.out), OFFER_QUEUED);
	assert_int_equal(b.out.nurls, 1);
	r->n = b.out.urls[0];
	assert_int_equal(r->n.id, ++b.nrows);
}

static void offer(unsigned host, unsigned i)
{
	struct offer o = {.kind = LINK_A, .depth = (uint16_t)(i % 100), .referrer = i};

	offer_as(host, i, o);
}

static void in_coroutine(void (*fn)(void *))
{
	co_join(co_spawn(b.loop, "test", fn, NULL));
}

static void finish(struct entry *e)
{
	frontier_host_end(b.f, e->host, e->ip, &good);
	frontier_count_page(b.f, e->host);
	frontier_done(b.f, e);
}

static void check_entry(const struct entry *e)
{
	const struct row *r = &b.rows[e->id - 1];

	assert_string_equal(e->href, r->url);
	assert_int_equal(e->len, strlen(r->url));
	assert_int_equal(e->depth, r->n.depth);
	assert_int_equal(e->hops, r->n.hops);
	assert_int_equal(e->kind, r->n.kind);
	assert_int_equal(e->referrer, r->n.referrer);
	assert_int_equal(e->origin, r->n.origin);
}

/* What is kept up to date must be what a walk over all hosts would find. */
static void check_counts(void)
{
	struct frontier_counts n, want = {0};

	frontier_counts(b.f, &n);
	for (uint32_t i = 0; i < b.hosts.count; i++) {
		const struct host *h = b.hosts.all[i];
		want.near += h->near;
		want.busy += h->inflight > 0;
		want.waiting += !h->inflight && h->queued && h->state == HOST_READY;
	}
	assert_int_equal(n.near, want.near);
	assert_int_equal(n.busy, want.busy);
	assert_int_equal(n.waiting, want.waiting);
	assert_int_equal(n.preparing, 0);
	assert_int_equal(n.refused, 0);
}

/* ---- order ---- */

static void takes_all_in_order(void *arg)
{
	unsigned next[3] = {0, 0, 0}, host, i;

	(void)arg;
	for (unsigned n = 0; n < 3000; n++) {
		struct entry *e = frontier_next(b.f);
		assert_non_null(e);
		check_entry(e);
		assert_int_equal(sscanf(e->href, "http://h%u/%u", &host, &i), 2);
		assert_int_equal(i, next[host]++);
		finish(e);
	}
	assert_null(frontier_next(b.f));
	assert_int_equal(frontier_end(b.f), FRONTIER_EMPTY);
}

/* Three hosts; a few of their URLs fit into memory. */
static void test_order(void **state)
{
	struct frontier_counts n;

	(void)state;
	open_frontier(8000);
	for (unsigned i = 0; i < 1000; i++)
		for (unsigned host = 0; host < 3; host++)
			offer(host, i);
	commit();
	frontier_counts(b.f, &n);
	assert_int_equal(n.queued, 3000);
	assert_true(n.near < 100);
	in_coroutine(takes_all_in_order);
	assert_true(b.loads > 0);
	frontier_counts(b.f, &n);
	assert_int_equal(n.queued, 0);
	assert_int_equal(n.bytes_queued, 0);
}

static void test_everything_fits(void **state)
{
	(void)state;
	open_frontier(3000 * 300);
	for (unsigned i = 0; i < 1000; i++)
		for (unsigned host = 0; host < 3; host++)
			offer(host, i);
	in_coroutine(takes_all_in_order); /* nothing was committed, nothing is asked */
	assert_int_equal(b.loads, 0);
}

/* A fast host is not read back one by one. */
static void test_batches_grow(void **state)
{
	(void)state;
	open_frontier(200000);
	for (unsigned i = 0; i < 1000; i++)
		for (unsigned host = 0; host < 3; host++)
			offer(host, i);
	commit();
	in_coroutine(takes_all_in_order);
	assert_true(b.longest >= 100);
	assert_true(b.loads < 200);
}

/* ---- what the row does not tell ---- */

static void takes_kinds(void *arg)
{
	unsigned seeds = 0, lists = 0;

	(void)arg;
	for (unsigned n = 0; n < 203; n++) {
		struct entry *e = frontier_next(b.f);
		assert_non_null(e);
		check_entry(e);
		seeds += e->seed;
		lists += e->is_list;
		assert_true(!e->seed || e->hops == 3);
		assert_true(!e->is_list || e->kind == LINK_SITEMAP);
		finish(e);
	}
	assert_int_equal(seeds, 1);
	assert_int_equal(lists, 2);
	assert_null(frontier_next(b.f));
}

static void test_seeds_and_lists(void **state)
{
	struct offer seed = {.kind = LINK_REDIRECT, .seed = true, .hops = 3, .origin = 7};
	struct offer list = {.kind = LINK_SITEMAP, .is_list = true};

	(void)state;
	open_frontier(2000);
	for (unsigned i = 0; i < 100; i++)
		offer(0, i);
	offer_as(0, 1000, seed);
	offer_as(0, 2000, list); /* sitemaps come first */
	offer_as(0, 2001, list);
	for (unsigned i = 100; i < 200; i++)
		offer(0, i);
	commit();
	in_coroutine(takes_kinds);
}

/* ---- not before the COMMIT ---- */

static void commits_late(void *arg)
{
	(void)arg;
	for (int i = 0; i < 5; i++) {
		co_sleep_ms(1);
		assert_int_equal(frontier_end(b.f), FRONTIER_RUNNING);
		if (b.committed + 60 < b.nrows) {
			b.committed += 60;
			frontier_committed(b.f, b.committed);
		}
	}
	commit();
}

static void takes_300(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 300; i++) {
		struct entry *e = frontier_next(b.f);
		assert_non_null(e);
		check_entry(e);
		assert_int_equal(e->id, i + 1);
		finish(e);
	}
	assert_null(frontier_next(b.f));
}

static void test_waits_for_the_commit(void **state)
{
	struct co *co[2];

	(void)state;
	open_frontier(2000);
	for (unsigned i = 0; i < 300; i++)
		offer(0, i);
	co[0] = co_spawn(b.loop, "taker", takes_300, NULL);
	co[1] = co_spawn(b.loop, "writer", commits_late, NULL);
	co_join_all(co, 2);
}

/* ---- put back, tried again ---- */

static void puts_back(void *arg)
{
	struct entry *e;
	uint64_t id = 0;

	(void)arg;
	for (unsigned i = 0; i < 300; i++) {
		e = frontier_next(b.f);
		assert_int_equal(e->id, ++id);
		if (i % 3 == 0) { /* comes again at once, before all others */
			frontier_host_unused(b.f, e->host, e->ip);
			frontier_back(b.f, e);
			e = frontier_next(b.f);
			assert_int_equal(e->id, id);
			check_entry(e);
		}
		finish(e);
	}
	assert_null(frontier_next(b.f));
}

static void test_put_back(void **state)
{
	(void)state;
	b.load_ms = 1;
	open_frontier(2000);
	for (unsigned i = 0; i < 300; i++)
		offer(0, i);
	commit();
	in_coroutine(puts_back);
}

/* Every third fails at first. With many loads under way nothing is lost, nothing comes twice. */
static unsigned char tries[MANY];

static void takes_with_failures(void *arg)
{
	struct entry *e;

	(void)arg;
	while ((e = frontier_next(b.f))) {
		check_entry(e);
		assert_int_equal(e->attempts, tries[e->id]);
		tries[e->id]++;
		if (e->id % 3 == 0 && !e->attempts) {
			frontier_host_end(b.f, e->host, e->ip, &good);
			frontier_again(b.f, e, clock_ms() + (int64_t)(e->id % 4));
			continue;
		}
		if (e->id % 7 == 0 && b.nrows < 6000)
			offer((unsigned)e->id % 200, (unsigned)b.nrows);
		if (e->id % 50 == 0)
			commit();
		if (e->id % 50 == 1)
			check_counts();
		if (e->id % 11 == 0)
			co_sleep_ms(0);
		finish(e);
	}
}

static void commits_often(void *arg)
{
	(void)arg;
	while (frontier_end(b.f) == FRONTIER_RUNNING) {
		commit();
		co_sleep_ms(1);
	}
}

static void test_many_at_once(void **state)
{
	struct co *co[9];
	struct frontier_counts n;

	(void)state;
	memset(tries, 0, sizeof(tries));
	open_frontier(4000);
	for (unsigned i = 0; i < 5000; i++)
		offer(i * i % 200, i);
	for (int i = 0; i < 8; i++)
		co[i] = co_spawn(b.loop, "taker", takes_with_failures, NULL);
	co[8] = co_spawn(b.loop, "writer", commits_often, NULL);
	co_join_all(co, 9);
	for (size_t id = 1; id <= b.nrows; id++)
		assert_int_equal(tries[id], id % 3 ? 1 : 2);
	frontier_counts(b.f, &n);
	assert_int_equal(n.queued + n.inflight, 0);
	assert_int_equal(n.bytes_queued, 0);
}

/* ---- limits, resume, memory, failure ---- */

static void takes_until_held(void *arg)
{
	(void)arg;
	for (int i = 0; i < 40; i++)
		finish(frontier_next(b.f));
	assert_null(frontier_next(b.f));
	assert_string_equal(frontier_limit_name(b.f), "--max-pages-per-host");
}

static void test_held_hosts_load_nothing(void **state)
{
	struct frontier_counts n;

	(void)state;
	b.set.max_pages_per_host = 20;
	open_frontier(2000);
	for (unsigned i = 0; i < 300; i++)
		offer(i % 2, i);
	commit();
	in_coroutine(takes_until_held);
	frontier_counts(b.f, &n);
	assert_int_equal(n.queued, 260);
}

static void takes_restored(void *arg)
{
	struct entry *e;

	(void)arg;
	for (unsigned i = 0; i < 400; i++) {
		e = frontier_next(b.f);
		assert_non_null(e);
		assert_int_equal(e->id, 2 * i + 2);
		assert_int_equal(e->attempts, i % 5);
		assert_int_equal(e->seed, i == 300);
		assert_string_equal(e->href, b.rows[e->id - 1].url);
		finish(e);
	}
	assert_null(frontier_next(b.f));
}

/* Every second one is done; the rest comes in the order it had, with the tries it had. */
static void test_restore(void **state)
{
	struct frontier_counts n;

	(void)state;
	open_frontier(2000);
	for (unsigned i = 0; i < 800; i++)
		offer(0, i);
	close_frontier();
	memset(&b.out, 0, sizeof(b.out));
	open_frontier(2000);
	b.committed = b.nrows;
	for (unsigned i = 0; i < 800; i++)
		frontier_restore_url(b.f, &b.rows[i].n, i % 2, i / 2 % 5, 0, i == 601);
	frontier_restore_end(b.f);
	frontier_counts(b.f, &n);
	assert_int_equal(n.queued, 400);
	assert_int_equal(n.discovered, 800);
	assert_true(n.near < 30);
	in_coroutine(takes_restored);
}

/* Ten bytes in the seen set and two in the queue, whatever the URLs are. */
static void test_bytes_per_url(void **state)
{
	struct frontier_counts n;
	struct offer o = {.kind = LINK_A};
	char url[200];

	(void)state;
	open_frontier(16000);
	for (unsigned i = 0; i < 200000; i++) {
		o.len = (uint32_t)snprintf(url, sizeof(url),
			"http://h%u/a/long/path/that/says/nothing/at/all?and=a&query=%u", i % 50,
			i);
		o.url = url;
		findings_reset(&b.out);
		frontier_offer(b.f, &o, &b.out);
	}
	frontier_counts(b.f, &n);
	assert_int_equal(n.queued, 200000);
	assert_true(n.bytes_queued < 16000 + 200000 * 2);
	assert_true(n.bytes_seen + n.bytes_queued < 200000 * 18);
}

/* ---- --url-memory ---- */

static void takes_all(void *arg)
{
	struct entry *e;
	int *n = arg;

	while ((e = frontier_next(b.f))) {
		finish(e);
		++*n;
	}
}

static enum offer_answer offer_path(unsigned i, struct findings *out)
{
	struct row *r = &b.rows[i];
	struct offer o = {.url = r->url, .kind = LINK_A, .depth = 5, .referrer = 1};

	o.len = (uint32_t)snprintf(r->url, sizeof(r->url), "http://h/%u", i);
	return frontier_offer(b.f, &o, out);
}

/* What does not fit is written down with what it needs to be offered again; what is known stays
 * known, what is queued is fetched; the end is a limit. */
static void test_url_memory(void **state)
{
	struct frontier_counts n;
	struct findings beyond = {0}, none = {0};
	unsigned i;
	int taken = 0;

	(void)state;
	b.set.url_memory = 300000;
	open_frontier(1 << 20);
	for (i = 0; i < MANY && offer_path(i, &b.out) == OFFER_QUEUED; i++)
		;
	assert_in_range(i, 2000, MANY - 2000);
	for (unsigned k = i + 1; k < MANY; k++)
		assert_int_equal(offer_path(k, &beyond), OFFER_BEYOND);
	assert_int_equal(beyond.nurls + beyond.nexcluded, 0);
	assert_in_range(beyond.nbeyond, MANY - i - 500, MANY - i - 1); /* some share a place */
	assert_string_equal(beyond.beyond[0].url, b.rows[i + 1].url);
	assert_int_equal(beyond.beyond[0].depth, 5);
	assert_int_equal(beyond.beyond[0].referrer, 1);
	assert_int_equal(offer_path(MANY - 1, &none), OFFER_BEYOND);
	assert_int_equal(none.nbeyond, 0); /* just written down */
	assert_int_equal(offer_path(0, &none), OFFER_SEEN);
	frontier_counts(b.f, &n);
	assert_true(n.full);
	assert_int_equal(n.discovered, i);
	assert_in_range(n.bytes_known, 300000, 310000);
	co_join(co_spawn(b.loop, "test", takes_all, &taken));
	assert_int_equal(taken, i);
	assert_int_equal(frontier_end(b.f), FRONTIER_LIMIT);
	assert_string_equal(frontier_limit_name(b.f), "--url-memory");
	findings_release(&beyond);
	findings_release(&none);
}

/* What an earlier run wrote down and this one has no room for either keeps the end a limit. */
static void test_beyond_from_before(void **state)
{
	int taken = 0;

	(void)state;
	open_frontier(1 << 20);
	offer_path(0, &b.out);
	frontier_add_beyond(b.f, 7);
	co_join(co_spawn(b.loop, "test", takes_all, &taken));
	assert_int_equal(taken, 1);
	assert_string_equal(frontier_limit_name(b.f), "--url-memory");
}

static void takes_until_stopped(void *arg)
{
	struct entry *e;

	(void)arg;
	while ((e = frontier_next(b.f)))
		finish(e);
}

static void stops(void *arg)
{
	(void)arg;
	co_sleep_ms(20);
	frontier_stop(b.f);
}

/* A store that cannot read: the crawl is stopped by its owner, and nothing is taken for done. */
static void test_broken(void **state)
{
	struct frontier_counts n;
	struct co *co[2];

	(void)state;
	b.broken = true;
	open_frontier(2000);
	for (unsigned i = 0; i < 300; i++)
		offer(0, i);
	commit();
	co[0] = co_spawn(b.loop, "taker", takes_until_stopped, NULL);
	co[1] = co_spawn(b.loop, "owner", stops, NULL);
	co_join_all(co, 2);
	assert_int_equal(frontier_end(b.f), FRONTIER_STOPPED);
	frontier_counts(b.f, &n);
	assert_true(n.queued > 250);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_order),
		T(test_everything_fits),
		T(test_batches_grow),
		T(test_seeds_and_lists),
		T(test_waits_for_the_commit),
		T(test_put_back),
		T(test_many_at_once),
		T(test_held_hosts_load_nothing),
		T(test_restore),
		T(test_bytes_per_url),
		T(test_url_memory),
		T(test_beyond_from_before),
		T(test_broken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
