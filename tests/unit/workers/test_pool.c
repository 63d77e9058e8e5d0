/* The thread pool: everything applied runs once, on as many threads as asked for. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "workers/pool.h"
#include "workers/thread.h"

static atomic_int ran;

static void adds(void *arg)
{
	ran += *(int *)arg;
}

static void test_all_run(void **state)
{
	struct pool *p = pool_open("pool", 3, 8);
	int one = 1;

	(void)state;
	ran = 0;
	for (int i = 0; i < 2000; i++)
		assert_int_equal(pool_apply(p, adds, &one), 0);
	pool_wait(p);
	assert_int_equal(ran, 2000);
	assert_int_equal(pool_active(p), 0);
	assert_int_equal(pool_queued(p), 0);
	assert_int_equal(pool_threads(p), 3);
	assert_in_range(pool_high_water(p), 1, 8);
	pool_wait(p); /* nothing to wait for */
	pool_free(p);
	pool_free(NULL);
}

/* Threads come with the tasks that need them. */
static void test_starts_what_is_needed(void **state)
{
	struct pool *p = pool_open("pool", 16, 8), *unused = pool_open("unused", 16, 8);
	int one = 1;

	(void)state;
	assert_int_equal(pool_threads(p), 16);
	assert_int_equal(pool_started(p), 0);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(pool_apply(p, adds, &one), 0);
		pool_wait(p);
		assert_int_equal(pool_started(p), 1);
	}
	pool_close(p);
	assert_int_equal(pool_apply(p, adds, &one), -1);
	assert_int_equal(pool_started(p), 1);
	pool_free(p);
	pool_free(unused);
}

static void test_grows(void **state)
{
	struct pool *p = pool_open("pool", 1, 8);
	int one = 1;

	(void)state;
	ran = 0;
	for (int i = 0; i < 100; i++)
		assert_int_equal(pool_apply(p, adds, &one), 0);
	pool_grow(p, 4);
	assert_int_equal(pool_threads(p), 4);
	pool_grow(p, 2); /* never fewer */
	assert_int_equal(pool_threads(p), 4);
	for (int i = 0; i < 100; i++)
		assert_int_equal(pool_apply(p, adds, &one), 0);
	pool_close(p);
	pool_grow(p, 8); /* too late */
	assert_int_equal(pool_threads(p), 4);
	pool_free(p);
	assert_int_equal(ran, 200);
}

/* ---- all threads work at once ---- */

struct meeting {
	struct lock lock;
	struct cond all_here;
	int here;
	char names[4][16];
};

static void meets(void *arg)
{
	struct meeting *m = arg;

	lock_enter(&m->lock);
	prctl(PR_GET_NAME, m->names[m->here]);
	if (++m->here == 4)
		cond_wake_all(&m->all_here);
	while (m->here < 4)
		cond_wait(&m->all_here, &m->lock, -1);
	lock_leave(&m->lock);
}

static void test_threads_work_at_once(void **state)
{
	struct pool *p = pool_open("storage", 4, 4);
	struct meeting m = {.here = 0};
	char all[80] = "";

	(void)state;
	lock_init(&m.lock);
	cond_init(&m.all_here);
	for (int i = 0; i < 4; i++)
		pool_apply(p, meets, &m);
	pool_wait(p); /* never ends unless all four run side by side */
	for (int i = 0; i < 4; i++)
		strcat(all, m.names[i]);
	for (int i = 0; i < 4; i++) {
		char name[] = "storage/0";

		name[8] = (char)('0' + i);
		assert_non_null(strstr(all, name));
	}
	pool_free(p);
	cond_release(&m.all_here);
	lock_release(&m.lock);
}

/* ---- full, closed ---- */

static void waits_for(void *arg)
{
	flag_wait(arg, -1);
	ran++;
}

static void test_full_and_closed(void **state)
{
	struct pool *p = pool_open("pool", 1, 2);
	struct flag go;
	int refused = 0, accepted = 1;

	(void)state;
	ran = 0;
	flag_init(&go);
	pool_apply(p, waits_for, &go);
	/* One runs or is about to, two are queued, more do not fit. */
	for (int i = 0; i < 10; i++) {
		if (!pool_try_apply(p, waits_for, &go)) {
			accepted++;
		} else {
			assert_int_equal(errno, EAGAIN);
			refused++;
		}
	}
	assert_in_range(accepted, 2, 3);
	assert_true(refused >= 8);
	assert_true(pool_queued(p) <= 2);
	pool_close(p);
	assert_int_equal(pool_apply(p, waits_for, &go), -1);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(pool_try_apply(p, waits_for, &go), -1);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(ran, 0);
	flag_set(&go);
	pool_join(p); /* what was queued still runs */
	assert_int_equal(ran, accepted);
	pool_join(p);
	pool_free(p);
	flag_release(&go);
}

/* Two tasks may wait for the one thread that is up; a third needs another. */
static void test_patience(void **state)
{
	struct pool *p = pool_open("pool", 2, 8);
	struct flag go;

	(void)state;
	ran = 0;
	flag_init(&go);
	pool_be_patient(p, 2);
	for (int round = 0; round < 2; round++) {
		flag_clear(&go);
		pool_apply(p, waits_for, &go);
		while (!pool_active(p))
			usleep(100);
		for (int i = 0; i < 2; i++)
			pool_apply(p, waits_for, &go);
		usleep(2000); /* the second time, one sleeps */
		assert_int_equal(pool_active(p), 1);
		assert_int_equal(pool_queued(p), 2);
		assert_int_equal(pool_started(p), 1 + (size_t)round);
		pool_apply(p, waits_for, &go);
		while (pool_active(p) < 2)
			usleep(100);
		assert_int_equal(pool_started(p), 2);
		flag_set(&go);
		pool_wait(p);
		assert_int_equal(ran, 4 * (round + 1));
	}
	pool_free(p);
	flag_release(&go);
}

static struct pool *recursive;

static void applies_more(void *arg)
{
	intptr_t n = (intptr_t)arg;

	ran++;
	if (n > 1 && pool_apply(recursive, applies_more, (void *)(n - 1)))
		ran += 1000;
}

/* pool_wait also waits for what the tasks apply. */
static void test_tasks_apply_tasks(void **state)
{
	(void)state;
	ran = 0;
	recursive = pool_open("pool", 2, 4);
	pool_apply(recursive, applies_more, (void *)50);
	pool_wait(recursive);
	assert_int_equal(ran, 50);
	pool_free(recursive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_run),
		cmocka_unit_test(test_starts_what_is_needed),
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_threads_work_at_once),
		cmocka_unit_test(test_full_and_closed),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_tasks_apply_tasks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
