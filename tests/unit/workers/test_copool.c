/* Pools of coroutines: the limit holds, room is given in order, joins wait for all. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/buf.h"
#include "workers/co.h"
#include "workers/copool.h"

static struct loop *loop;
static struct copool *pool;
static struct buf said;
static size_t running, most, ended;

static int setup(void **state)
{
	(void)state;
	loop = loop_open();
	pool = copool_open(loop, "pool", 3);
	buf_init(&said);
	running = most = ended = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	copool_close(pool);
	loop_close(loop);
	buf_release(&said);
	return 0;
}

static void works(void *arg)
{
	if (++running > most)
		most = running;
	co_sleep_ms((int64_t)(uintptr_t)arg);
	running--;
	ended++;
}

static void test_limit_from_main(void **state)
{
	(void)state;
	for (uintptr_t i = 0; i < 20; i++)
		copool_spawn(pool, works, (void *)(i % 4));
	assert_true(copool_active(pool) <= 3);
	copool_join(pool);
	assert_int_equal(copool_active(pool), 0);
	assert_int_equal(ended, 20);
	assert_int_equal(most, 3);
}

static void feeds(void *arg)
{
	for (uintptr_t i = 0; i < 20; i++)
		copool_spawn(arg, works, (void *)(i % 3));
	copool_join(arg);
	assert_int_equal(ended, 20);
	buf_add_str(&said, "all");
}

static void test_limit_from_coroutine(void **state)
{
	(void)state;
	co_join(co_spawn(loop, "feeds", feeds, pool));
	assert_int_equal(most, 3);
	assert_string_equal(said.data, "all");
}

/* ---- order among those who wait for room ---- */

static struct waitlist gate;

static void holds(void *arg)
{
	buf_add_str(&said, arg);
	assert_int_equal(co_wait(&gate, -1), 0);
}

static void spawns_holder(void *arg)
{
	copool_spawn(pool, holds, arg);
}

static void nothing(void *arg)
{
	(void)arg;
}

static void let_others_run(void)
{
	for (int i = 0; i < 5; i++)
		co_join(co_spawn(loop, "nothing", nothing, NULL));
}

static void test_room_goes_to_who_waited_longest(void **state)
{
	static char names[][2] = {"1", "2", "3", "4", "5", "6", "7"};

	(void)state;
	waitlist_init(&gate);
	for (int i = 0; i < 5; i++)
		co_detach(co_spawn(loop, "spawns", spawns_holder, names[i]));
	let_others_run();
	assert_string_equal(said.data, "123");
	/* One ends; a newcomer that runs before the woken one must not take its place. */
	waitlist_wake(&gate);
	co_detach(co_spawn(loop, "spawns", spawns_holder, names[5]));
	let_others_run();
	assert_string_equal(said.data, "1234");
	waitlist_wake_all(&gate);
	let_others_run();
	assert_string_equal(said.data, "123456");
	waitlist_wake_all(&gate);
	copool_join(pool);
}

static void test_resize(void **state)
{
	static char names[][2] = {"1", "2", "3", "4", "5", "6", "7"};

	(void)state;
	waitlist_init(&gate);
	copool_resize(pool, 0);
	assert_int_equal(copool_limit(pool), 0);
	for (int i = 0; i < 7; i++)
		co_detach(co_spawn(loop, "spawns", spawns_holder, names[i]));
	let_others_run();
	assert_string_equal(said.data, "");
	copool_resize(pool, 2);
	let_others_run();
	assert_string_equal(said.data, "12");
	copool_resize(pool, 6);
	let_others_run();
	assert_string_equal(said.data, "123456");
	copool_resize(pool, 1);
	assert_int_equal(copool_active(pool), 6);
	for (int i = 0; i < 5; i++) {
		waitlist_wake(&gate);
		let_others_run();
		assert_string_equal(said.data, "123456");
	}
	waitlist_wake(&gate);
	let_others_run();
	assert_string_equal(said.data, "1234567");
	waitlist_wake(&gate);
	copool_join(pool);
}

static void waits_long(void *arg)
{
	int *cancelled = arg;

	if (co_sleep_ms(3600 * 1000) && errno == ECANCELED)
		++*cancelled;
}

static void test_cancel_all(void **state)
{
	int cancelled = 0;

	(void)state;
	for (int i = 0; i < 3; i++)
		copool_spawn(pool, waits_long, &cancelled);
	let_others_run();
	copool_cancel(pool);
	copool_join(pool);
	assert_int_equal(cancelled, 3);
}

/* Tasks may spawn into their own pool while there is room. */
static void divides(void *arg)
{
	uintptr_t n = (uintptr_t)arg;

	ended++;
	for (uintptr_t i = 0; i < n; i++)
		copool_spawn(pool, divides, (void *)(n - 1));
}

static void test_tasks_spawn_tasks(void **state)
{
	(void)state;
	copool_resize(pool, 100);
	copool_spawn(pool, divides, (void *)4);
	copool_join(pool);
	assert_int_equal(ended, 65); /* 1 + 4 (1 + 3 (1 + 2 (1 + 1))) */
}

/* Two joins at once, and a spawn after them. */
static void joins(void *arg)
{
	copool_join(pool);
	buf_add_str(&said, arg);
}

static void test_joins_wait_for_all(void **state)
{
	static char j[] = "j";

	(void)state;
	copool_spawn(pool, works, (void *)3);
	co_detach(co_spawn(loop, "joins", joins, j));
	co_detach(co_spawn(loop, "joins", joins, j));
	let_others_run();
	copool_spawn(pool, works, (void *)6);
	loop_run(loop);
	assert_string_equal(said.data, "jj");
	assert_int_equal(ended, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_limit_from_main),
		TEST(test_limit_from_coroutine),
		TEST(test_room_goes_to_who_waited_longest),
		TEST(test_resize),
		TEST(test_cancel_all),
		TEST(test_tasks_spawn_tasks),
		TEST(test_joins_wait_for_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
