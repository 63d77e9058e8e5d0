/* Whose turn it is: the share of slow hosts, rooms at one address, turns of robots.txt. No clock is
 * asserted: a host is slow because the test says how long its answer took. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "config/clock.h"
#include "config/facts.h"
#include "crawler/frontier.h"

#define FETCHERS_MAX 64

static const struct host_answer quick = {
	.ttfb_ms = 2, .took_ms = 3, .retry_after_ms = -1, .is_page = true};
static const struct host_answer slow = {
	.ttfb_ms = 5000, .took_ms = 5000, .retry_after_ms = -1, .is_page = true};
static const struct host_answer slow_robots = {
	.ttfb_ms = 5000, .took_ms = 5000, .retry_after_ms = -1};

/* A fetcher takes an entry and has it in its hands until the test says how it was answered. */
struct seat {
	struct co *co;
	struct entry *e;
	const struct host_answer *answer;
};

static struct bench {
	struct settings set;
	struct loop *loop;
	struct hosts hosts;
	struct scope_rules *scope;
	struct frontier *f;
	struct findings out;
	struct hash_key key;
	struct seat seats[FETCHERS_MAX];
	char urls[4096][32];
	int nurls, asked;
	bool hold_hosts;
} b;

static void on_host(void *arg, struct host *h)
{
	(void)arg;
	b.asked++;
	if (b.hold_hosts)
		return;
	host_set_ip(&b.hosts, h, h->name + 1); /* "s7" and "f7" are at the address 7 */
	h->state = HOST_READY;
}

static void fetch(void *arg)
{
	struct seat *s = arg;

	while ((s->e = frontier_next(b.f))) {
		while (!s->answer)
			co_park(-1);
		frontier_host_end(b.f, s->e->host, s->e->ip, s->answer);
		frontier_done(b.f, s->e);
		s->e = NULL;
		s->answer = NULL;
	}
}

static void settle(void)
{
	for (int i = 0; i < 30; i++)
		co_yield_now();
}

static void offer(const char *url)
{
	struct offer o = {.kind = LINK_A};

	o.url = strcpy(b.urls[b.nurls++], url);
	o.len = (uint32_t)strlen(url);
	assert_int_equal(frontier_offer(b.f, &o, &b.out), OFFER_QUEUED);
}

/* `pages` URLs of each of the hosts first..last. */
static void offer_hosts(char kind, int first, int last, int pages)
{
	char url[32];

	for (int h = first; h <= last; h++)
		for (int i = 0; i < pages; i++) {
			snprintf(url, sizeof(url), "http://%c%d/%d", kind, h, i);
			offer(url);
		}
}

static void hosts_are_slow(void)
{
	for (uint32_t i = 1; i <= b.hosts.count; i++) {
		struct host *h = hosts_by_id(&b.hosts, i);
		if (*h->name != 's')
			continue;
		assert_true(frontier_host_begin(b.f, h));
		frontier_host_end(b.f, h, h->ip, &slow_robots);
	}
}

static void hosts_are_ready(void)
{
	b.hold_hosts = false;
	for (uint32_t i = 1; i <= b.hosts.count; i++) {
		struct host *h = hosts_by_id(&b.hosts, i);
		if (h->state == HOST_READY)
			continue;
		on_host(NULL, h);
		frontier_host_ready(b.f, h);
	}
}

static int in_hand(char kind)
{
	int n = 0;

	for (int i = 0; i < b.set.concurrency; i++)
		n += b.seats[i].e && *b.seats[i].e->host->name == kind;
	return n;
}

/* Answers up to `most` of what the fetchers have of this kind. */
static void answer(char kind, const struct host_answer *a, int most)
{
	for (int i = 0; i < b.set.concurrency && most; i++)
		if (b.seats[i].e && *b.seats[i].e->host->name == kind && !b.seats[i].answer) {
			b.seats[i].answer = a;
			co_wake(b.seats[i].co);
			most--;
		}
	settle();
}

static void start_fetchers(void)
{
	for (int i = 0; i < b.set.concurrency; i++)
		b.seats[i].co = co_spawn(b.loop, "fetcher", fetch, &b.seats[i]);
	settle();
}

static void finish_all(void)
{
	for (int i = 0; i < 1000 && frontier_end(b.f) == FRONTIER_RUNNING; i++) {
		answer('s', &slow, -1);
		answer('f', &quick, -1);
	}
	assert_int_equal(frontier_end(b.f), FRONTIER_EMPTY);
	for (int i = 0; i < b.set.concurrency; i++)
		co_join(b.seats[i].co);
}

static void open_all(int concurrency)
{
	struct err err;

	b.set.concurrency = concurrency;
	b.set.scope = SCOPE_ANY;
	b.loop = loop_open();
	hosts_init(&b.hosts, &b.set);
	b.scope = scope_open(&b.set, &err);
	assert_non_null(b.scope);
	b.f = frontier_open(&b.set, b.scope, &b.hosts, &b.key);
	frontier_on_host(b.f, on_host, NULL);
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
	findings_release(&b.out);
	frontier_free(b.f);
	hosts_release(&b.hosts);
	scope_free(b.scope);
	loop_close(b.loop);
	settings_release(&b.set);
	return 0;
}

static void run(void (*fn)(void *))
{
	co_join(co_spawn(b.loop, "test", fn, NULL));
}

/* ---- slow hosts ---- */

static void beside_many(void *arg)
{
	(void)arg;
	b.hold_hosts = true;
	offer_hosts('s', 0, 99, 3);
	offer_hosts('f', 100, 100, 9);
	b.hold_hosts = false;
	hosts_are_ready();
	hosts_are_slow();
	start_fetchers();
	assert_int_equal(in_hand('s'), 4); /* half of eight */
	assert_int_equal(in_hand('f'), 0); /* its first page: nobody knows that it is fast */
	assert_true(frontier_needs_share(b.f));
	answer('s', &slow, 1);
	assert_int_equal(in_hand('f'), 1); /* and so it goes before the 96 slow ones that wait */
	assert_int_equal(in_hand('s'), 3);
	answer('f', &quick, 1);
	for (int i = 0; i < 4; i++) { /* --per-host, as if it was alone */
		assert_int_equal(in_hand('f'), 2);
		assert_int_equal(in_hand('s'), 4);
		answer('f', &quick, 2);
	}
	assert_int_equal(in_hand('f'), 0);
	assert_int_equal(in_hand('s'), 8); /* nobody is left to keep room for */
	finish_all();
}

static void test_half_for_many_slow_hosts(void **state)
{
	(void)state;
	open_all(8);
	run(beside_many);
}

static void beside_as_many(void *arg)
{
	(void)arg;
	b.hold_hosts = true;
	offer_hosts('s', 0, 7, 5);
	offer_hosts('f', 100, 100, 8);
	b.hold_hosts = false;
	hosts_are_ready();
	hosts_are_slow();
	start_fetchers();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(in_hand('f'), 2);
		answer('f', &quick, 2);
		assert_int_equal(in_hand('s'), b.set.concurrency - 2);
		answer('s', &slow, 1);
	}
	finish_all();
}

/* A fetcher for each slow host: all but what the fast one can use. */
static void test_a_fetcher_for_each(void **state)
{
	(void)state;
	open_all(12);
	run(beside_as_many);
}

static void slow_alone(void *arg)
{
	(void)arg;
	offer_hosts('s', 1, 1, 30);
	start_fetchers();
	answer('s', &slow, 1);
	assert_int_equal(in_hand('s'), 8);
	assert_false(frontier_needs_share(b.f));
	finish_all();
}

static void test_one_slow_site_has_all(void **state)
{
	(void)state;
	b.set.per_host = 8;
	open_all(8);
	run(slow_alone);
}

static void untried(void *arg)
{
	(void)arg;
	offer_hosts('s', 0, 39, 2); /* robots.txt told nothing */
	start_fetchers();
	assert_int_equal(in_hand('s'), 4);
	answer('s', &slow, 2);
	assert_int_equal(in_hand('s'), 4);
	assert_true(frontier_needs_share(b.f));
	finish_all();
	assert_false(frontier_needs_share(b.f));
}

static void test_unknown_hosts_count_as_slow(void **state)
{
	(void)state;
	open_all(8);
	run(untried);
}

static void recovers(void *arg)
{
	(void)arg;
	offer_hosts('s', 1, 1, 200);
	hosts_are_slow();
	start_fetchers();
	for (int i = 0; i < 20; i++)
		answer('s', &quick, 1);
	assert_int_equal(hosts_by_id(&b.hosts, 1)->pace, PACE_FAST);
	finish_all();
}

static void test_a_slow_host_gets_fast(void **state)
{
	(void)state;
	open_all(4);
	run(recovers);
}

static void one_fetcher(void *arg)
{
	(void)arg;
	offer_hosts('s', 0, 9, 3);
	offer_hosts('f', 10, 19, 3);
	hosts_are_slow();
	start_fetchers();
	finish_all();
}

static void test_one_fetcher_gets_through(void **state)
{
	(void)state;
	open_all(1);
	run(one_fetcher);
}

/* ---- one address ---- */

static void share_address(void *arg)
{
	(void)arg;
	b.hold_hosts = true;
	offer_hosts('f', 0, 199, 3);
	b.hold_hosts = false;
	hosts_are_ready();
	for (uint32_t i = 1; i <= b.hosts.count; i++)
		host_set_ip(&b.hosts, hosts_by_id(&b.hosts, i), "192.0.2.1");
	start_fetchers();
	for (int i = 0; i < 700 && frontier_end(b.f) == FRONTIER_RUNNING; i++) {
		assert_in_range(in_hand('f'), 1, 3);
		answer('f', &quick, i % 3 + 1);
	}
	finish_all();
}

static void test_many_hosts_at_one_address(void **state)
{
	(void)state;
	b.set.per_ip = 3;
	open_all(16);
	run(share_address);
}

/* ---- robots.txt ---- */

static void turns_of_robots(void *arg)
{
	struct host *first, *second;

	(void)arg;
	b.hold_hosts = true;
	offer_hosts('f', 1, 2, 1);
	first = hosts_by_id(&b.hosts, 1);
	second = hosts_by_id(&b.hosts, 2);
	host_set_ip(&b.hosts, first, "192.0.2.1");
	host_set_ip(&b.hosts, second, "192.0.2.1");
	first->state = second->state = HOST_ROBOTS;
	start_fetchers();
	assert_int_equal(b.asked, 2);
	assert_true(frontier_host_begin(b.f, first));
	assert_false(frontier_host_begin(b.f, second)); /* --per-ip 1 */
	frontier_host_await(b.f, second);
	settle();
	assert_int_equal(b.asked, 2);
	frontier_host_end(b.f, first, first->ip, &quick);
	settle();
	assert_int_equal(b.asked, 3); /* now it may be asked */
	assert_true(frontier_host_begin(b.f, second));
	frontier_host_end(b.f, second, second->ip, &quick);
	hosts_are_ready();
	settle();
	finish_all();
}

static void test_robots_waits_for_its_turn(void **state)
{
	(void)state;
	b.set.per_ip = 1;
	open_all(2);
	run(turns_of_robots);
}

static void robots_keeps_delay(void *arg)
{
	struct host *h;
	int64_t begun = clock_ms();

	(void)arg;
	b.hold_hosts = true;
	offer_hosts('f', 1, 1, 1);
	h = hosts_by_id(&b.hosts, 1);
	h->state = HOST_ROBOTS;
	assert_true(frontier_host_begin(b.f, h));
	frontier_host_end(b.f, h, NULL, &quick);
	assert_false(frontier_host_begin(b.f, h));
	frontier_host_await(b.f, h);
	start_fetchers();
	while (b.asked < 2)
		co_sleep_ms(5);
	assert_true(clock_ms() - begun >= 60);
	hosts_are_ready();
	while (!in_hand('f'))
		co_sleep_ms(5);
	finish_all();
}

static void test_robots_keeps_the_delay(void **state)
{
	(void)state;
	b.set.delay = 0.06;
	open_all(2);
	run(robots_keeps_delay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_half_for_many_slow_hosts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_fetcher_for_each, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_slow_site_has_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_unknown_hosts_count_as_slow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_slow_host_gets_fast, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_fetcher_gets_through, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many_hosts_at_one_address, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_robots_waits_for_its_turn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_robots_keeps_the_delay, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
