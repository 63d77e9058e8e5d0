/* The frontier: what enters it, in which order it is left, and when it is at its end. */
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
#include "crawler/frontier.h"

static const struct host_answer good = {
	.ttfb_ms = 1, .took_ms = 1, .retry_after_ms = -1, .is_page = true};

static struct bench {
	struct settings set;
	struct loop *loop;
	struct hosts hosts;
	struct scope_rules *scope;
	struct frontier *f;
	struct findings out;
	struct hash_key key;
	bool hold_hosts; /* do not make new hosts ready */
} b;

static void on_host(void *arg, struct host *h)
{
	(void)arg;
	if (b.hold_hosts)
		return;
	h->state = HOST_READY;
}

static void open_frontier(void)
{
	struct err err;
	struct url u;

	b.loop = loop_open();
	hosts_init(&b.hosts, &b.set);
	b.scope = scope_open(&b.set, &err);
	assert_non_null(b.scope);
	assert_int_equal(url_view("http://h/", 9, &u), 0);
	scope_add_seed(b.scope, &u);
	b.f = frontier_open(&b.set, b.scope, &b.hosts, &b.key);
	frontier_on_host(b.f, on_host, NULL);
}

static void close_frontier(void)
{
	findings_release(&b.out);
	frontier_free(b.f);
	hosts_release(&b.hosts);
	scope_free(b.scope);
	loop_close(b.loop);
}

static int set_up(void **state)
{
	(void)state;
	memset(&b, 0, sizeof(b));
	settings_init(&b.set);
	b.set.delay = 0;
	b.set.per_host = 2;
	b.key = (struct hash_key){3, 4};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close_frontier();
	settings_release(&b.set);
	return 0;
}

static enum offer_answer offer(const char *url, unsigned depth)
{
	struct offer o = {.url = url, .len = (uint32_t)strlen(url), .kind = LINK_A};

	o.depth = (uint16_t)depth;
	return frontier_offer(b.f, &o, &b.out);
}

static void in_coroutine(void (*fn)(void *))
{
	struct co *co = co_spawn(b.loop, "test", fn, NULL);

	co_join(co);
}

static void finish(struct entry *e)
{
	frontier_host_end(b.f, e->host, e->ip, &good);
	frontier_count_page(b.f, e->host);
	frontier_done(b.f, e);
}

/* ---- offers ---- */

static void test_offers(void **state)
{
	(void)state;
	open_frontier();
	assert_int_equal(offer("http://h/a", 1), OFFER_QUEUED);
	assert_int_equal(offer("http://h/a", 1), OFFER_SEEN);
	assert_int_equal(offer("http://h/a#x", 1), OFFER_SEEN);
	assert_int_equal(offer("http://h/b#x", 1), OFFER_QUEUED);
	assert_int_equal(offer("http://elsewhere/", 1), OFFER_EXCLUDED);
	assert_int_equal(offer("http://elsewhere/", 1), OFFER_SEEN);
	assert_int_equal(offer("mailto:a@h", 1), OFFER_BAD);
	assert_int_equal(b.out.nurls, 2);
	assert_int_equal(b.out.urls[0].id, 1);
	assert_int_equal(b.out.urls[1].id, 2);
	assert_int_equal(b.out.urls[1].url_len, strlen("http://h/b")); /* no fragment */
	assert_int_equal(b.out.nexcluded, 1);
	assert_string_equal(b.out.excluded[0].reason, "scope");
}

/* Found too deep first, then by a shorter way: it must be fetched after all. */
static void test_depth_readmits(void **state)
{
	struct frontier_counts n;

	(void)state;
	b.set.depth = 2;
	open_frontier();
	assert_int_equal(offer("http://h/deep", 3), OFFER_EXCLUDED);
	assert_string_equal(b.out.excluded[0].reason, "depth");
	assert_int_equal(offer("http://h/deep", 3), OFFER_SEEN);
	frontier_counts(b.f, &n);
	assert_int_equal(n.discovered, 1);
	assert_int_equal(n.excluded, 1);
	assert_int_equal(offer("http://h/deep", 2), OFFER_QUEUED);
	assert_int_equal(b.out.nreadmitted, 1);
	assert_int_equal(b.out.readmitted[0], b.out.excluded[0].key);
	frontier_counts(b.f, &n);
	assert_int_equal(n.discovered, 1);
	assert_int_equal(n.excluded, 0);
	assert_int_equal(offer("http://h/deep", 1), OFFER_SEEN);
}

/* However often the same is said again, and whatever was said meanwhile. */
static void test_said_again(void **state)
{
	struct offer seed = {.url = "http://x/", .len = 9, .kind = LINK_REDIRECT, .seed = true};

	(void)state;
	b.set.depth = 2;
	open_frontier();
	assert_int_equal(offer("http://x/", 1), OFFER_EXCLUDED);
	assert_int_equal(offer("http://h/deep", 3), OFFER_EXCLUDED);
	assert_int_equal(offer("http://h/near", 2), OFFER_QUEUED);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(offer("http://x/", 1), OFFER_SEEN);
		assert_int_equal(offer("http://h/deep", 3), OFFER_SEEN);
		assert_int_equal(offer("http://h/%64eep", 3), OFFER_SEEN);
		assert_int_equal(offer("http://h/near", 1), OFFER_SEEN);
	}
	assert_int_equal(offer("http://h/%64eep", 2), OFFER_QUEUED);
	assert_int_equal(offer("http://h/deep", 2), OFFER_SEEN);
	assert_int_equal(frontier_offer(b.f, &seed, &b.out), OFFER_QUEUED);
	assert_int_equal(offer("http://x/", 1), OFFER_SEEN);
	assert_int_equal(b.out.nreadmitted, 2);
}

/* A million refused links to one host must not become a million rows; all are counted. */
static void test_excluded_rows_are_capped(void **state)
{
	struct frontier_counts n;
	size_t rows = 0;
	static char urls[3000][40];

	(void)state;
	open_frontier();
	for (size_t i = 0; i < 3000; i++) {
		snprintf(urls[i], sizeof(urls[i]), "http://other/%zu", i);
		assert_int_equal(offer(urls[i], 1), OFFER_EXCLUDED);
	}
	for (size_t i = 0; i < b.out.nexcluded; i++)
		rows += b.out.excluded[i].row;
	assert_int_equal(rows, 1000);
	frontier_counts(b.f, &n);
	assert_int_equal(n.excluded, 3000);
}

/* ---- order and end ---- */

static void walk_in_order(void *arg)
{
	struct entry *e;

	(void)arg;
	for (int i = 0; i < 3; i++) {
		char want[32];
		snprintf(want, sizeof(want), "http://h/%d", i);
		e = frontier_next(b.f);
		assert_non_null(e);
		assert_string_equal(e->href, want);
		finish(e);
	}
	assert_null(frontier_next(b.f));
	assert_int_equal(frontier_end(b.f), FRONTIER_EMPTY);
}

static void test_first_in_first_out(void **state)
{
	(void)state;
	open_frontier();
	offer("http://h/0", 1);
	offer("http://h/1", 1);
	offer("http://h/2", 1);
	in_coroutine(walk_in_order);
}

static void keep_to_the_limit(void *arg)
{
	struct entry *e[3];

	(void)arg;
	e[0] = frontier_next(b.f);
	e[1] = frontier_next(b.f);
	assert_int_equal(e[0]->host->gov->g.inflight, 2);
	assert_int_equal(frontier_next_due_ms(b.f), -1); /* blocked, not due */
	finish(e[0]);
	e[2] = frontier_next(b.f);
	assert_non_null(e[2]);
	finish(e[1]);
	finish(e[2]);
	assert_null(frontier_next(b.f));
}

static void test_per_host_limit(void **state)
{
	(void)state;
	open_frontier();
	offer("http://h/0", 1);
	offer("http://h/1", 1);
	offer("http://h/2", 1);
	in_coroutine(keep_to_the_limit);
}

/* The last one in flight ends the crawl for those who wait, unless it found something. */
static struct entry *last;

static void waits_for_end(void *arg)
{
	struct entry *e = frontier_next(b.f);

	*(int *)arg = e ? 1 : 2;
	if (e)
		finish(e);
}

static void takes_and_finds(void *arg)
{
	(void)arg;
	last = frontier_next(b.f);
	co_sleep_ms(5);
	offer("http://h/found", 1);
	finish(last);
}

static void test_end_is_counted(void **state)
{
	struct co *co[3];
	int got[2] = {0, 0};

	(void)state;
	open_frontier();
	offer("http://h/0", 0);
	co[0] = co_spawn(b.loop, "taker", takes_and_finds, NULL);
	co[1] = co_spawn(b.loop, "waiter", waits_for_end, &got[0]);
	co[2] = co_spawn(b.loop, "waiter", waits_for_end, &got[1]);
	for (int i = 0; i < 3; i++)
		co_join(co[i]);
	assert_int_equal(got[0] + got[1], 3); /* one got the page, one the end */
}

/* ---- one page tells what it found at a time ---- */

static char told[16];

static void tells(void *arg)
{
	const char *name = arg;
	char *end;

	frontier_offers_begin(b.f);
	for (int i = 0; i < 4; i++) {
		end = told + strlen(told);
		end[0] = name[strlen(name) - 1];
		assert_int_equal(offer(name, 1), i ? OFFER_SEEN : OFFER_QUEUED);
		co_yield_now();
	}
	frontier_offers_end(b.f);
}

static void takes_what_was_told(void *arg)
{
	struct entry *e[2];

	(void)arg;
	e[0] = frontier_next(b.f);
	assert_int_equal(strlen(told) % 4, 0); /* not in the middle of one */
	e[1] = frontier_next(b.f);
	assert_int_equal(strlen(told) % 4, 0);
	finish(e[0]);
	finish(e[1]);
}

static void test_one_tells_at_a_time(void **state)
{
	static char first[] = "http://h/a", second[] = "http://h/b";
	struct co *co[3];

	(void)state;
	open_frontier();
	memset(told, 0, sizeof(told));
	co[0] = co_spawn(b.loop, "tells", tells, first);
	co[1] = co_spawn(b.loop, "tells", tells, second);
	co[2] = co_spawn(b.loop, "takes", takes_what_was_told, NULL);
	co_join_all(co, 3);
	assert_string_equal(told, "aaaabbbb");
}

/* ---- later tries, limits ---- */

static void tries_again(void *arg)
{
	int64_t start = clock_ms();
	struct entry *e = frontier_next(b.f);

	(void)arg;
	assert_int_equal(e->attempts, 0);
	frontier_host_end(b.f, e->host, e->ip, &good);
	frontier_again(b.f, e, start + 60);
	e = frontier_next(b.f);
	assert_non_null(e);
	assert_int_equal(e->attempts, 1);
	assert_true(clock_ms() >= start + 60);
	finish(e);
	assert_null(frontier_next(b.f));
}

static void test_again(void **state)
{
	(void)state;
	open_frontier();
	offer("http://h/0", 0);
	in_coroutine(tries_again);
}

static void two_pages(void *arg)
{
	(void)arg;
	finish(frontier_next(b.f));
	finish(frontier_next(b.f));
	assert_null(frontier_next(b.f));
	assert_int_equal(frontier_end(b.f), FRONTIER_LIMIT);
}

static void test_max_pages(void **state)
{
	struct frontier_counts n;

	(void)state;
	b.set.max_pages = 2;
	open_frontier();
	offer("http://h/0", 0);
	offer("http://h/1", 0);
	offer("http://h/2", 0);
	in_coroutine(two_pages);
	assert_string_equal(frontier_limit_name(b.f), "--max-pages");
	frontier_counts(b.f, &n);
	assert_int_equal(n.queued, 1);
}

static void test_max_pages_per_host(void **state)
{
	(void)state;
	b.set.max_pages_per_host = 2;
	open_frontier();
	offer("http://h/0", 0);
	offer("http://h/1", 0);
	offer("http://h/2", 0);
	in_coroutine(two_pages);
	assert_string_equal(frontier_limit_name(b.f), "--max-pages-per-host");
}

/* A refused host gives its URLs at once, without a governor. */
static void takes_refused(void *arg)
{
	struct entry *e;

	(void)arg;
	for (int i = 0; i < 5; i++) {
		e = frontier_next(b.f);
		assert_non_null(e);
		assert_int_equal(e->host->state, HOST_REFUSED);
		frontier_done(b.f, e);
	}
	assert_null(frontier_next(b.f));
}

static void test_refused_host(void **state)
{
	static const char *const urls[] = {
		"http://h/0", "http://h/1", "http://h/2", "http://h/3", "http://h/4"};

	(void)state;
	b.hold_hosts = true;
	open_frontier();
	for (size_t i = 0; i < 5; i++)
		offer(urls[i], 0);
	b.hosts.all[0]->state = HOST_REFUSED;
	frontier_host_ready(b.f, b.hosts.all[0]);
	in_coroutine(takes_refused);
}

/* ---- what waits must be taken, and what is counted must come back ---- */

static void address_changes(void *arg)
{
	struct host_ip *before = hosts_ip(&b.hosts, "192.0.2.1");
	struct host_ip *after = hosts_ip(&b.hosts, "192.0.2.2");
	struct host *h = b.hosts.all[0];
	struct entry *e;

	(void)arg;
	host_set_ip(&b.hosts, h, before->text);
	e = frontier_next(b.f);
	assert_int_equal(before->inflight, 1);
	host_set_ip(&b.hosts, h, after->text);
	finish(e);
	assert_int_equal(before->inflight, 0);
	assert_int_equal(after->inflight, 0);
	finish(frontier_next(b.f));
	assert_int_equal(after->inflight, 0);
}

/* The name leads elsewhere while a request is under way: it is still one of the old address. */
static void test_address_changes_in_flight(void **state)
{
	(void)state;
	b.set.per_ip = 1;
	open_frontier();
	offer("http://h/0", 0);
	offer("http://h/1", 0);
	in_coroutine(address_changes);
}

static void refuses_the_first(void *arg)
{
	struct entry *e = frontier_next(b.f);

	(void)arg;
	frontier_host_unused(b.f, e->host, e->ip);
	frontier_refuse(b.f, e, "http://h/0", "robots", "/0", &b.out);
	frontier_done(b.f, e);
	assert_true(frontier_next_due_ms(b.f) == 0); /* or nobody would ever take the other */
	finish(frontier_next(b.f));
	assert_null(frontier_next(b.f));
}

/* The last page that --max-pages-per-host leaves is refused: the next takes its place. */
static void test_refused_is_no_page(void **state)
{
	(void)state;
	b.set.max_pages_per_host = 1;
	open_frontier();
	offer("http://h/0", 0);
	offer("http://h/1", 0);
	in_coroutine(refuses_the_first);
}

static void refuses_what_never_started(void *arg)
{
	struct entry *e;

	(void)arg;
	finish(frontier_next(b.f));
	b.hosts.all[0]->state = HOST_REFUSED; /* its robots.txt was had anew, and forbids all */
	frontier_host_ready(b.f, b.hosts.all[0]);
	e = frontier_next(b.f);
	frontier_refuse(b.f, e, "http://h/1", "robots", "all", &b.out);
	frontier_done(b.f, e);
	assert_int_equal(b.hosts.all[0]->started, 1); /* the page before is still one */
}

static void test_refused_host_keeps_its_count(void **state)
{
	(void)state;
	b.set.max_pages_per_host = 5;
	open_frontier();
	offer("http://h/0", 0);
	offer("http://h/1", 0);
	in_coroutine(refuses_what_never_started);
}

static bool slow_taken, late_taken;

static void takes_and_keeps(void *arg)
{
	struct entry *e = frontier_next(b.f);
	int64_t give_up = clock_ms() + 5000;

	(void)arg;
	assert_string_equal(e->href, "http://h/slow");
	slow_taken = true;
	while (!late_taken && clock_ms() < give_up)
		co_sleep_ms(5);
	assert_true(late_taken);
	finish(e);
}

static void takes_late(void *arg)
{
	struct entry *e = frontier_next(b.f);

	(void)arg;
	assert_true(slow_taken);
	assert_string_equal(e->href, "http://late/");
	late_taken = true;
	finish(e);
}

static void offers_slow(void *arg)
{
	(void)arg;
	offer("http://h/slow", 1);
}

/* Who watches the next due time takes something else meanwhile: another must watch. */
static void test_due_time_is_always_watched(void **state)
{
	struct co *co[3];
	struct url u;

	(void)state;
	slow_taken = late_taken = false;
	open_frontier();
	assert_int_equal(url_view("http://late/", 12, &u), 0);
	scope_add_seed(b.scope, &u);
	hosts_get(&b.hosts, &u)->gov->g.next_start = clock_ms() + 200;
	offer("http://late/", 1);
	co[0] = co_spawn(b.loop, "keeps", takes_and_keeps, NULL);
	co[1] = co_spawn(b.loop, "late", takes_late, NULL);
	co[2] = co_spawn(b.loop, "offers", offers_slow, NULL);
	co_join_all(co, 3);
}

/* ---- another way to what was excluded ---- */

/* It would be fetched now, but for robots.txt: it stays what it was. */
static void test_readmits_not_what_robots_forbid(void **state)
{
	static const char rules[] = "User-agent: *\nDisallow: /deep\n";
	struct frontier_counts n;

	(void)state;
	b.set.depth = 2;
	open_frontier();
	offer("http://h/", 0);
	b.hosts.all[0]->rules = rules_make(&b.hosts.book, rules, sizeof(rules) - 1);
	assert_int_equal(offer("http://h/deep", 3), OFFER_EXCLUDED);
	assert_int_equal(offer("http://h/deep", 2), OFFER_SEEN);
	assert_int_equal(b.out.nreadmitted, 0);
	assert_int_equal(b.out.nexcluded, 1);
	frontier_counts(b.f, &n);
	assert_int_equal(n.discovered, 2);
	assert_int_equal(n.excluded, 1);
}

/* Seed A links to www.b before seed b redirects there. */
static void test_seed_leads_out_of_scope(void **state)
{
	struct offer o = {.url = "http://www.b/", .len = 13, .kind = LINK_REDIRECT, .seed = true};
	struct frontier_counts n;
	struct url u;

	(void)state;
	open_frontier();
	assert_int_equal(offer("http://www.b/", 1), OFFER_EXCLUDED);
	assert_int_equal(offer("http://www.b/next", 1), OFFER_EXCLUDED);
	assert_int_equal(offer("http://www.c/", 1), OFFER_EXCLUDED);
	assert_int_equal(url_view(o.url, o.len, &u), 0);
	assert_true(scope_follow(b.scope, &u));
	assert_int_equal(frontier_offer(b.f, &o, &b.out), OFFER_QUEUED);
	assert_int_equal(offer("http://www.b/next", 1), OFFER_QUEUED);
	assert_int_equal(offer("http://www.c/", 1), OFFER_SEEN);
	assert_int_equal(b.out.nreadmitted, 2);
	frontier_counts(b.f, &n);
	assert_int_equal(n.discovered, 3);
	assert_int_equal(n.excluded, 1);
}

/* What no parser could be told of is not queued either. */
static void test_too_long(void **state)
{
	static char url[FACTS_MAX_URL + 100] = "http://h/";

	(void)state;
	open_frontier();
	memset(url + 9, 'x', FACTS_MAX_URL - 9);
	assert_int_equal(offer(url, 1), OFFER_QUEUED);
	url[FACTS_MAX_URL] = 'x';
	assert_int_equal(offer(url, 1), OFFER_BAD);
}

/* ---- resume ---- */

/* Killed before the rows of its hosts were written: they keep the ids their URLs have. */
static void test_restore_host_ids(void **state)
{
	struct store_new_url done = {.id = 1, .url = "http://g/", .url_len = 9, .host_id = 2};
	struct store_new_url queued = {.id = 2, .url = "http://h/", .url_len = 9, .host_id = 5};
	struct url u;

	(void)state;
	open_frontier();
	frontier_restore_url(b.f, &done, false, 1, 0, false);
	frontier_restore_url(b.f, &queued, true, 0, 0, false);
	frontier_restore_end(b.f);
	assert_int_equal(url_view("http://h/", 9, &u), 0);
	assert_int_equal(hosts_get(&b.hosts, &u)->id, 5);
	assert_int_equal(url_view("http://g/", 9, &u), 0);
	assert_int_equal(hosts_get(&b.hosts, &u)->id, 2);
	assert_int_equal(url_view("http://new/", 11, &u), 0);
	assert_int_equal(hosts_get(&b.hosts, &u)->id, 6);
}

static void takes_restored(void *arg)
{
	struct entry *e = frontier_next(b.f);

	(void)arg;
	assert_string_equal(e->href, "http://h/queued");
	assert_int_equal(e->id, 2);
	assert_int_equal(e->depth, 4);
	assert_int_equal(e->hops, 1);
	assert_int_equal(e->attempts, 1);
	finish(e);
	assert_null(frontier_next(b.f));
}

static void test_restore(void **state)
{
	struct store_new_url done = {.id = 1, .url = "http://h/done", .url_len = 13};
	struct store_new_url queued = {.id = 2,
		.url = "http://h/queued",
		.url_len = 15,
		.depth = 4,
		.hops = 1,
		.referrer = 1};
	struct store_excluded ex = {
		.url = "http://x/", .url_len = 9, .reason = "scope", .row = true};
	struct frontier_counts n;

	(void)state;
	open_frontier();
	frontier_restore_excluded(b.f, &ex);
	frontier_restore_url(b.f, &done, false, 1, 0, false);
	frontier_restore_url(b.f, &queued, true, 1, 0, false);
	frontier_restore_end(b.f);
	frontier_counts(b.f, &n);
	assert_int_equal(n.discovered, 3);
	assert_int_equal(n.excluded, 1);
	assert_int_equal(n.queued, 1);
	assert_int_equal(offer("http://h/done", 1), OFFER_SEEN);
	assert_int_equal(offer("http://x/", 1), OFFER_SEEN);
	assert_int_equal(offer("http://h/new", 1), OFFER_QUEUED);
	assert_int_equal(b.out.urls[0].id, 3); /* ids go on after the highest */
	frontier_stop(b.f);
	close_frontier();
	memset(&b.out, 0, sizeof(b.out));
	open_frontier();
	frontier_restore_url(b.f, &queued, true, 1, 0, false);
	frontier_restore_end(b.f);
	in_coroutine(takes_restored);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_offers),
		T(test_depth_readmits),
		T(test_said_again),
		T(test_excluded_rows_are_capped),
		T(test_first_in_first_out),
		T(test_per_host_limit),
		T(test_end_is_counted),
		T(test_one_tells_at_a_time),
		T(test_again),
		T(test_max_pages),
		T(test_max_pages_per_host),
		T(test_refused_host),
		T(test_address_changes_in_flight),
		T(test_refused_is_no_page),
		T(test_refused_host_keeps_its_count),
		T(test_due_time_is_always_watched),
		T(test_readmits_not_what_robots_forbid),
		T(test_seed_leads_out_of_scope),
		T(test_too_long),
		T(test_restore),
		T(test_restore_host_ids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
