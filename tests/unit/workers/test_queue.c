/* The bounded queue: order, bounds, closing, many threads on either side. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/clock.h"
#include "config/mem.h"
#include "workers/queue.h"
#include "workers/thread.h"

static int item[10];

static void test_order_and_bounds(void **state)
{
	struct queue *q = queue_open(3);

	(void)state;
	assert_null(queue_try_get(q));
	assert_int_equal(errno, EAGAIN);
	/* Round the ring several times, full and empty on the way. */
	for (int round = 0; round < 5; round++) {
		assert_int_equal(queue_put(q, &item[0]), 0);
		assert_int_equal(queue_put(q, &item[1]), 0);
		assert_ptr_equal(queue_get(q), &item[0]);
		assert_int_equal(queue_try_put(q, &item[2]), 0);
		assert_int_equal(queue_put(q, &item[3]), 0);
		assert_int_equal(queue_len(q), 3);
		assert_int_equal(queue_try_put(q, &item[4]), -1);
		assert_int_equal(errno, EAGAIN);
		assert_ptr_equal(queue_get(q), &item[1]);
		assert_ptr_equal(queue_try_get(q), &item[2]);
		assert_ptr_equal(queue_get(q), &item[3]);
		assert_int_equal(queue_len(q), 0);
	}
	assert_int_equal(queue_high_water(q), 3);
	queue_free(q);
	queue_free(NULL);
}

static void test_get_many(void **state)
{
	struct queue *q = queue_open(8);
	void *out[8];

	(void)state;
	for (int i = 0; i < 5; i++)
		queue_put(q, &item[i]);
	assert_int_equal(queue_get_many(q, out, 3), 3);
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(out[i], &item[i]);
	for (int i = 5; i < 9; i++)
		queue_put(q, &item[i]);
	assert_int_equal(queue_get_many(q, out, 8), 6);
	for (int i = 0; i < 6; i++)
		assert_ptr_equal(out[i], &item[i + 3]);
	queue_close(q);
	assert_int_equal(queue_get_many(q, out, 8), 0);
	queue_free(q);
}

static void test_close_drains(void **state)
{
	struct queue *q = queue_open(3);

	(void)state;
	queue_put(q, &item[0]);
	queue_put(q, &item[1]);
	queue_close(q);
	assert_int_equal(queue_put(q, &item[2]), -1);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(queue_try_put(q, &item[2]), -1);
	assert_int_equal(errno, EPIPE);
	assert_ptr_equal(queue_get(q), &item[0]);
	assert_ptr_equal(queue_get_until(q, clock_ms()), &item[1]);
	assert_null(queue_get(q));
	assert_null(queue_try_get(q));
	assert_int_equal(errno, EPIPE);
	queue_free(q);
}

static void test_get_until(void **state)
{
	struct queue *q = queue_open(1);
	int64_t deadline = clock_ms() + 5;

	(void)state;
	assert_null(queue_get_until(q, deadline));
	assert_int_equal(errno, ETIMEDOUT);
	assert_true(clock_ms() >= deadline);
	queue_free(q);
}

static void *puts_one(void *arg)
{
	return (void *)(intptr_t)(queue_put(arg, &item[1]) ? errno : 0);
}

static void *gets_one(void *arg)
{
	return queue_get(arg);
}

/* Whoever waits on either side is woken by the other side, and by closing. */
static void test_waiting(void **state)
{
	struct queue *q = queue_open(1);

	(void)state;
	struct thread *t = thread_start("gets", gets_one, q);

	usleep(2000);
	queue_put(q, &item[0]);
	assert_ptr_equal(thread_join(t), &item[0]);

	queue_put(q, &item[0]);
	t = thread_start("puts", puts_one, q);
	usleep(2000);
	assert_ptr_equal(queue_get(q), &item[0]);
	assert_null(thread_join(t));
	assert_ptr_equal(queue_get(q), &item[1]);

	queue_put(q, &item[0]);
	struct thread *p[2] = {
		thread_start("puts", puts_one, q), thread_start("puts", puts_one, q)};

	usleep(2000);
	queue_close(q);
	assert_int_equal((intptr_t)thread_join(p[0]), EPIPE);
	assert_int_equal((intptr_t)thread_join(p[1]), EPIPE);
	assert_ptr_equal(queue_get(q), &item[0]);
	queue_free(q);

	q = queue_open(1);
	struct thread *g[2] = {
		thread_start("gets", gets_one, q), thread_start("gets", gets_one, q)};

	usleep(2000);
	queue_close(q);
	assert_null(thread_join(g[0]));
	assert_null(thread_join(g[1]));
	queue_free(q);
}

/* ---- many on both sides: each item comes out once, each putter's in order ---- */

enum { PUTTERS = 4, GETTERS = 3, EACH = 5000 };

static struct queue *shared;
static unsigned char seen[PUTTERS * EACH + 1];
static struct lock seen_lock = LOCK_INIT;

static void *puts_many(void *arg)
{
	uintptr_t first = (uintptr_t)arg * EACH + 1;

	for (uintptr_t i = 0; i < EACH; i++)
		if (queue_put(shared, (void *)(first + i)))
			return (void *)1;
	return NULL;
}

static void *gets_all(void *arg)
{
	uintptr_t last[PUTTERS] = {0};
	void *out[7];
	size_t n;
	bool one_by_one = (uintptr_t)arg == 0;

	while ((n = one_by_one ? (out[0] = queue_get(shared)) != NULL
			       : queue_get_many(shared, out, 7))) {
		for (size_t i = 0; i < n; i++) {
			uintptr_t v = (uintptr_t)out[i], from = (v - 1) / EACH;

			if (v <= last[from])
				return (void *)1; /* out of order */
			last[from] = v;
			lock_enter(&seen_lock);
			seen[v]++;
			lock_leave(&seen_lock);
		}
	}
	return NULL;
}

static void test_many_threads(void **state)
{
	struct thread *p[PUTTERS], *g[GETTERS];

	(void)state;
	shared = queue_open(5);
	memset(seen, 0, sizeof(seen));
	for (uintptr_t i = 0; i < GETTERS; i++)
		g[i] = thread_start("gets", gets_all, (void *)i);
	for (uintptr_t i = 0; i < PUTTERS; i++)
		p[i] = thread_start("puts", puts_many, (void *)i);
	for (int i = 0; i < PUTTERS; i++)
		assert_null(thread_join(p[i]));
	queue_close(shared);
	for (int i = 0; i < GETTERS; i++)
		assert_null(thread_join(g[i]));
	for (int i = 1; i <= PUTTERS * EACH; i++)
		assert_int_equal(seen[i], 1);
	assert_in_range(queue_high_water(shared), 1, 5);
	queue_free(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_bounds),
		cmocka_unit_test(test_get_many),
		cmocka_unit_test(test_close_drains),
		cmocka_unit_test(test_get_until),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
