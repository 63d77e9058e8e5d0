/* Politeness as arithmetic: no clock runs here, times are given. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "crawler/governor.h"

static void request(struct governor *g, int64_t now, bool push, int64_t retry_after)
{
	governor_start(g, now);
	governor_end(g, now + 10, 10, push, retry_after);
}

static void test_delay_is_a_promise(void **state)
{
	struct governor g;

	(void)state;
	governor_init(&g, "h", 0.5, 2);
	for (int i = 0; i < 100; i++) {
		governor_start(&g, 1000);
		assert_true(g.next_start >= 1500);
		governor_end(&g, 1010, 10, false, -1);
		g.next_start = 0;
	}
	governor_release(&g);
}

static void test_auto_by_address(void **state)
{
	struct governor g;

	(void)state;
	governor_init(&g, "h", -1, 2);
	governor_set_public(&g, true);
	governor_start(&g, 0);
	assert_int_equal(g.next_start, 250);
	governor_set_public(&g, false);
	g.next_start = 0;
	governor_start(&g, 100);
	assert_int_equal(g.next_start, 0); /* no delay at all on private addresses */
	governor_release(&g);
}

static void test_given_delay_wins_over_address(void **state)
{
	struct governor g;

	(void)state;
	governor_init(&g, "h", 2, 2);
	governor_set_public(&g, false);
	governor_start(&g, 0);
	assert_int_equal(g.next_start, 2000);
	governor_release(&g);
}

static void test_crawl_delay(void **state)
{
	struct governor g;

	(void)state;
	governor_init(&g, "h", 0, 8);
	governor_set_crawl_delay(&g, 3);
	assert_int_equal(g.limit, 1);
	governor_start(&g, 0);
	assert_int_equal(g.next_start, 3000);
	assert_false(governor_has_room(&g));
	governor_release(&g);
}

static void test_per_host(void **state)
{
	struct governor g;

	(void)state;
	governor_init(&g, "h", 0, 2);
	governor_start(&g, 0);
	assert_true(governor_has_room(&g));
	governor_start(&g, 0);
	assert_false(governor_has_room(&g));
	governor_end(&g, 5, 5, false, -1);
	assert_true(governor_has_room(&g));
	governor_release(&g);
}

static void test_retry_after(void **state)
{
	struct governor g;

	(void)state;
	governor_init(&g, "h", 0, 2);
	request(&g, 0, true, 7000);
	assert_true(g.next_start >= 7010);
	g.next_start = 0;
	request(&g, 0, true, 1000LL * 3600 * 24 * 365);
	assert_true(g.next_start <= 10 + GOVERNOR_CEILING_MS);
	governor_release(&g);
}

static void test_back_off_and_recover(void **state)
{
	struct governor g;
	double worst;
	int good = 0;

	(void)state;
	governor_init(&g, "h", 0.1, 2);
	request(&g, 0, true, -1);
	assert_true(g.delay_ms >= 1000);
	request(&g, 0, true, -1);
	assert_true(g.delay_ms >= 2000);
	worst = g.delay_ms;
	request(&g, 0, false, -1);
	assert_true(g.delay_ms < worst && g.delay_ms > 100); /* slowly, not at once */
	for (; g.delay_ms > 100 && good < 1000; good++)
		request(&g, 0, false, -1);
	assert_true(good > 5 && good < 100);
	assert_true(g.delay_ms >= 100); /* never below the base */
	governor_release(&g);
}

static void test_back_off_is_bounded(void **state)
{
	struct governor g;

	(void)state;
	governor_init(&g, "h", 0, 2);
	for (int i = 0; i < 100; i++)
		request(&g, 0, true, -1);
	assert_true(g.delay_ms <= 60000);
	governor_release(&g);
	governor_init(&g, "h", 0, 2);
	governor_set_crawl_delay(&g, 120); /* the server's own word is never undercut */
	for (int i = 0; i < 100; i++)
		request(&g, 0, true, -1);
	assert_true(g.delay_ms >= 120000);
	governor_release(&g);
}

static void test_slow_answers(void **state)
{
	struct governor g;

	(void)state;
	governor_init(&g, "h", -1, 2);
	governor_set_public(&g, true);
	for (int i = 0; i < 100; i++) {
		governor_start(&g, 0);
		governor_end(&g, 4000, 4000, false, -1);
	}
	assert_true(g.delay_ms > 1500); /* half of what it takes to answer */
	governor_release(&g);
}

/* What the server sees counts: a request that waited for its connection, or for the server. */
static void test_delay_counts_from_the_server(void **state)
{
	struct governor g;

	(void)state;
	governor_init(&g, "h", 1, 2);
	governor_start(&g, 5000);
	assert_int_equal(g.next_start, 6000);
	governor_sent(&g, 5300);
	assert_int_equal(g.next_start, 6300);
	governor_waited(&g, 120); /* nobody knows yet how long it takes at least */
	assert_int_equal(g.next_start, 6421);
	governor_end(&g, 5420, 120, false, -1);
	for (int64_t t = 10000; t < 20000; t += 2000) {
		governor_start(&g, t);
		governor_waited(&g, 120);
		governor_end(&g, t + 120, 120, false, -1);
		assert_int_equal(g.next_start, t + 1000); /* as always */
	}
	governor_start(&g, 20000);
	governor_waited(&g, 170); /* 50 ms more: it may have seen the request so much later */
	assert_int_equal(g.next_start, 21051);
	governor_end(&g, 20170, 170, false, -1);
	governor_start(&g, 30000);
	governor_waited(&g, 5000);
	assert_int_equal(g.next_start, 31201); /* a fifth at most */
	governor_end(&g, 35000, 5000, false, -1);
	governor_release(&g);
}

static void test_cancel(void **state)
{
	struct governor g;

	(void)state;
	governor_init(&g, "h", 1, 1);
	governor_start(&g, 5000);
	governor_cancel(&g);
	assert_int_equal(g.next_start, 0);
	assert_true(governor_has_room(&g));
	governor_release(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delay_is_a_promise),
		cmocka_unit_test(test_auto_by_address),
		cmocka_unit_test(test_given_delay_wins_over_address),
		cmocka_unit_test(test_crawl_delay),
		cmocka_unit_test(test_per_host),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_back_off_and_recover),
		cmocka_unit_test(test_back_off_is_bounded),
		cmocka_unit_test(test_slow_answers),
		cmocka_unit_test(test_delay_counts_from_the_server),
		cmocka_unit_test(test_cancel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
