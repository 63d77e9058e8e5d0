/* How many work, as the queues have it: looks made up, numbers out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/tune.h"

static struct tune tune_of(
	struct budget_crew fetchers, struct budget_crew parsers, struct budget_crew storers)
{
	struct budget b = {.fetchers = fetchers, .parsers = parsers, .storers = storers};
	struct tune t;

	tune_init(&t, &b);
	return t;
}

static struct tune usual(void)
{
	return tune_of((struct budget_crew){64, 200, true}, (struct budget_crew){2, 3, true},
		(struct budget_crew){1, 4, true});
}

static void looks(struct tune *t, const struct tune_seen *s, int n)
{
	while (n--)
		tune_step(t, s);
}

static void parsers_grow_where_pages_wait(void **state)
{
	struct tune t = usual();
	struct tune_seen s = {.idle_cpus = 1, .parse_queue = 4, .parsers_busy = 2};

	(void)state;
	looks(&t, &s, 2);
	assert_int_equal(t.parsers.n, 2); /* a moment is no trend */
	s.parse_queue = 0;
	looks(&t, &s, 1);
	s.parse_queue = 4;
	looks(&t, &s, 2);
	assert_int_equal(t.parsers.n, 2);
	looks(&t, &s, 1);
	assert_int_equal(t.parsers.n, 3);
	looks(&t, &s, 100);
	assert_int_equal(t.parsers.n, 3); /* what there is room for */
	assert_int_equal(t.storers.n, 1);
	assert_int_equal(t.fetchers.n, 64);
	/* And the surplus leaves when it is quiet for long. */
	s.parse_queue = 0;
	s.parsers_busy = 1;
	looks(&t, &s, 49);
	assert_int_equal(t.parsers.n, 3);
	looks(&t, &s, 1);
	assert_int_equal(t.parsers.n, 2);
	looks(&t, &s, 1000);
	assert_int_equal(t.parsers.n, 2);
}

static void nothing_grows_without_a_cpu(void **state)
{
	struct tune t = usual();
	struct tune_seen s = {.idle_cpus = 0.1,
		.parse_queue = 50,
		.parsers_busy = 2,
		.store_queue = 50,
		.host_due = true,
		.room = true};

	(void)state;
	looks(&t, &s, 100);
	assert_int_equal(t.parsers.n, 2);
	assert_int_equal(t.storers.n, 1);
	assert_int_equal(t.fetchers.n, 64);
}

static void storers_grow_where_bodies_wait(void **state)
{
	struct tune t = usual();
	struct tune_seen s = {.idle_cpus = 1, .store_queue = 4};

	(void)state;
	looks(&t, &s, 3);
	assert_int_equal(t.storers.n, 2);
	looks(&t, &s, 30);
	assert_int_equal(t.storers.n, 2); /* four are no longer many */
	s.store_queue = 100;
	looks(&t, &s, 30);
	assert_int_equal(t.storers.n, 4);
}

static void fetchers_grow_where_the_network_is_slow(void **state)
{
	struct tune_seen good = {.idle_cpus = 1, .host_due = true, .room = true}, s = good;
	struct tune t = usual();

	(void)state;
	s.fetchers_idle = 1;
	looks(&t, &s, 10);
	s = good;
	s.host_due = false;
	looks(&t, &s, 10);
	s = good;
	s.room = false;
	looks(&t, &s, 10);
	s = good;
	s.store_queue = 50; /* the bottleneck is behind them */
	looks(&t, &s, 10);
	assert_int_equal(t.fetchers.n, 64);
	looks(&t, &good, 3);
	assert_int_equal(t.fetchers.n, 97);
	looks(&t, &good, 100);
	assert_int_equal(t.fetchers.n, 200);
}

static void fetchers_grow_where_all_hosts_are_slow(void **state)
{
	struct tune_seen s = {
		.idle_cpus = 1, .fetchers_idle = 32, .share_full = true, .room = true};
	struct tune t = usual();

	(void)state;
	looks(&t, &s, 3);
	assert_int_equal(t.fetchers.n, 97);
	s.share_full = false;
	looks(&t, &s, 100);
	assert_int_equal(t.fetchers.n, 97);
}

static void given_numbers_stay(void **state)
{
	struct tune t = tune_of((struct budget_crew){10, 10, false},
		(struct budget_crew){1, 1, false}, (struct budget_crew){1, 1, false});
	struct tune_seen s = {.idle_cpus = 8, .parse_queue = 90, .store_queue = 90};

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_false(tune_step(&t, &s));
	s = (struct tune_seen){.idle_cpus = 8, .host_due = true, .room = true};
	for (int i = 0; i < 100; i++)
		assert_false(tune_step(&t, &s));
	assert_int_equal(t.fetchers.n, 10);
	assert_int_equal(t.parsers.n, 1);
	assert_int_equal(t.storers.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parsers_grow_where_pages_wait),
		cmocka_unit_test(nothing_grows_without_a_cpu),
		cmocka_unit_test(storers_grow_where_bodies_wait),
		cmocka_unit_test(fetchers_grow_where_the_network_is_slow),
		cmocka_unit_test(fetchers_grow_where_all_hosts_are_slow),
		cmocka_unit_test(given_numbers_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
