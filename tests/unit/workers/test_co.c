/* Coroutines: spawn, join, sleep, park, cancel, wait lists, descriptors. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/buf.h"
#include "config/clock.h"
#include "workers/co.h"

static struct loop *loop;
static struct buf said; /* what the coroutines of a test said, in order */

static int setup(void **state)
{
	(void)state;
	loop = loop_open();
	buf_init(&said);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	loop_close(loop);
	buf_release(&said);
	return 0;
}

/* ---- order ---- */

static void says(void *arg)
{
	buf_add_str(&said, arg);
}

static void says_twice(void *arg)
{
	buf_add_str(&said, arg);
	assert_int_equal(co_yield_now(), 0);
	buf_add_str(&said, arg);
}

static char a[] = "a", b[] = "b", c[] = "c";

static void test_spawn_only_queues(void **state)
{
	(void)state;
	co_detach(co_spawn(loop, "a", says, a));
	co_detach(co_spawn(loop, "b", says, b));
	assert_string_equal(said.data, "");
	assert_int_equal(loop_live(loop), 2);
	loop_run(loop);
	assert_string_equal(said.data, "ab");
	assert_int_equal(loop_live(loop), 0);
}

static void test_yield_takes_turns(void **state)
{
	(void)state;
	co_detach(co_spawn(loop, "a", says_twice, a));
	co_detach(co_spawn(loop, "b", says_twice, b));
	co_detach(co_spawn(loop, "c", says_twice, c));
	loop_run(loop);
	assert_string_equal(said.data, "abcabc");
}

/* ---- join ---- */

static void joins(void *arg)
{
	co_join(arg);
	buf_add_str(&said, "joined");
}

static void test_join_in_coroutine(void **state)
{
	(void)state;
	struct co *co = co_spawn(loop, "a", says_twice, a);

	co_detach(co_spawn(loop, "joiner", joins, co));
	loop_run(loop);
	assert_string_equal(said.data, "aajoined");
}

static void test_join_of_ended(void **state)
{
	(void)state;
	struct co *co = co_spawn(loop, "a", says, a);

	loop_run(loop);
	assert_true(co_done(co));
	co_join(co);
	assert_string_equal(said.data, "a");
}

static void sleeps_long(void *arg)
{
	(void)arg;
	co_sleep_ms(3600 * 1000);
	buf_add_str(&said, co_cancelled() ? "cancelled" : "slept");
}

/* The join must return although another coroutine goes on sleeping. */
static void test_join_on_main(void **state)
{
	(void)state;
	struct co *sleeper = co_spawn(loop, "sleeper", sleeps_long, NULL);
	struct co *co = co_spawn(loop, "a", says_twice, a);

	co_join(co);
	assert_string_equal(said.data, "aa");
	assert_false(co_done(sleeper));
	co_cancel(sleeper);
	co_join(sleeper);
	assert_string_equal(said.data, "aacancelled");
}

static void test_join_all(void **state)
{
	(void)state;
	struct co *cos[3] = {co_spawn(loop, "a", says_twice, a), co_spawn(loop, "b", says, b),
		co_spawn(loop, "c", says_twice, c)};

	co_join_all(cos, 3);
	assert_string_equal(said.data, "abcac");
}

/* ---- time ---- */

static void sleeps_exactly(void *arg)
{
	int ms = *(int *)arg;
	int64_t began = clock_ns();

	assert_int_equal(co_sleep_ms(ms), 0);
	assert_true(clock_ns() - began >= ms * INT64_C(1000000));
}

static void test_sleep_is_never_shorter(void **state)
{
	(void)state;
	int ms[] = {0, 1, 2, 3, 5, 8, 13};
	struct co *co[7];

	for (int i = 0; i < 7; i++)
		co[i] = co_spawn(loop, "sleeps", sleeps_exactly, &ms[i]);
	co_join_all(co, 7);
}

struct date {
	int64_t at;
	char name[8];
};

static void keeps_date(void *arg)
{
	struct date *d = arg;

	assert_int_equal(co_park(d->at), -1);
	assert_int_equal(errno, ETIMEDOUT);
	buf_add_str(&said, d->name);
}

/* By deadline, and by who came first where it is the same. */
static void test_deadlines_sort(void **state)
{
	(void)state;
	struct date d[] = {{30, "d"}, {10, "b"}, {20, "c"}, {0, "a"}, {30, "e"}, {10, "B"}};
	int64_t base = clock_ms() + 1;

	for (size_t i = 0; i < 6; i++) {
		d[i].at += base;
		co_detach(co_spawn(loop, d[i].name, keeps_date, &d[i]));
	}
	loop_run(loop);
	assert_string_equal(said.data, "abBcde");
}

/* Many, in and out of the heap in no order. */
static int64_t last_at;
static size_t dates_kept;

static void keeps_one_of_many(void *arg)
{
	int64_t at = *(int64_t *)arg;

	if (co_park(at) && errno == ETIMEDOUT) {
		assert_true(at >= last_at);
		last_at = at;
		dates_kept++;
	}
}

static void test_heap(void **state)
{
	enum { N = 300 };
	struct co *co[N];
	int64_t at[N], base = clock_ms() + 1;
	uint32_t x = 12345;

	(void)state;
	last_at = 0;
	dates_kept = 0;
	for (int i = 0; i < N; i++) {
		x = x * 1664525 + 1013904223;
		at[i] = base + (int64_t)(x >> 16) % 40;
		co[i] = co_spawn(loop, "date", keeps_one_of_many, &at[i]);
	}
	co_join(co_spawn(loop, "a", says, a)); /* the others are in the heap now */
	for (int i = 0; i < N; i += 3)
		co_cancel(co[i]);
	for (int i = 1; i < N; i += 3)
		if (!co_done(co[i]))
			co_wake(co[i]);
	co_join_all(co, N);
	assert_in_range(dates_kept, N / 3, N);
}

/* ---- park and wake ---- */

static void parks(void *arg)
{
	int rc = co_park(arg ? clock_ms() + *(int *)arg : -1);

	buf_add_str(&said, !rc ? "woken " : errno == ETIMEDOUT ? "timeout " : "cancelled ");
}

static void wakes(void *arg)
{
	co_wake(arg);
	co_wake(arg); /* it is queued already: nothing */
	buf_add_str(&said, "woke ");
}

static void test_wake_only_queues(void **state)
{
	(void)state;
	struct co *co = co_spawn(loop, "parker", parks, NULL);

	co_detach(co_spawn(loop, "waker", wakes, co));
	co_join(co);
	assert_string_equal(said.data, "woke woken ");
}

static void test_wake_of_not_parked_does_nothing(void **state)
{
	(void)state;
	int ms = 5;
	struct co *co = co_spawn(loop, "parker", parks, &ms);

	co_wake(co); /* it has not even begun */
	co_join(co);
	assert_string_equal(said.data, "timeout ");
}

/* ---- wait lists ---- */

static struct waitlist list;

struct waiter {
	const char *name;
	int64_t after_ms; /* negative: no deadline */
	int rc, error;
};

static void waits(void *arg)
{
	struct waiter *w = arg;

	w->rc = co_wait(&list, w->after_ms < 0 ? -1 : clock_ms() + w->after_ms);
	w->error = w->rc ? errno : 0;
	buf_add_str(&said, w->name);
}

static void test_waitlist_is_fair(void **state)
{
	(void)state;
	struct waiter w[3] = {{"1", -1, 9, 9}, {"2", -1, 9, 9}, {"3", -1, 9, 9}};
	struct co *co[3];

	waitlist_init(&list);
	assert_true(waitlist_empty(&list));
	assert_false(waitlist_wake(&list));
	for (int i = 0; i < 3; i++)
		co[i] = co_spawn(loop, w[i].name, waits, &w[i]);
	co_join(co_spawn(loop, "b", says, b));
	assert_false(waitlist_empty(&list));
	assert_true(waitlist_wake(&list));
	assert_string_equal(said.data, "b");
	co_join(co[0]);
	assert_string_equal(said.data, "b1");
	assert_int_equal(waitlist_wake_all(&list), 2);
	assert_true(waitlist_empty(&list));
	co_join_all(co + 1, 2);
	assert_string_equal(said.data, "b123");
	assert_int_equal(w[2].rc, 0);
}

static void test_waitlist_deadline_and_cancel(void **state)
{
	(void)state;
	struct waiter w[4] = {{"1", 10, 0, 0}, {"2", -1, 0, 0}, {"3", -1, 9, 9}, {"4", 0, 0, 0}};
	struct co *co[4];

	waitlist_init(&list);
	for (int i = 0; i < 4; i++)
		co[i] = co_spawn(loop, w[i].name, waits, &w[i]);
	co_join(co[0]);
	co_join(co[3]);
	assert_int_equal(w[0].error, ETIMEDOUT);
	assert_int_equal(w[3].error, ETIMEDOUT);
	co_cancel(co[1]);
	co_join(co[1]);
	assert_int_equal(w[1].error, ECANCELED);
	assert_true(waitlist_wake(&list)); /* only the third is left in it */
	assert_true(waitlist_empty(&list));
	co_join(co[2]);
	assert_int_equal(w[2].rc, 0);
}

/* Who was woken first and cancelled then must not lose the wake. */
static void test_wake_wins_over_later_cancel(void **state)
{
	(void)state;
	struct waiter w = {"1", -1, 9, 9};
	struct co *co = co_spawn(loop, "1", waits, &w);

	waitlist_init(&list);
	co_join(co_spawn(loop, "b", says, b));
	assert_true(waitlist_wake(&list));
	co_cancel(co);
	co_join(co);
	assert_int_equal(w.rc, 0);
}

/* ---- cancel ---- */

static size_t woken;

static void sleeps_a_bit(void *arg)
{
	assert_int_equal(co_sleep_ms((int64_t)(size_t)arg), 0);
	woken++;
}

static void counts_cancels(void *arg)
{
	int *got = arg;

	got[0] = co_sleep_ms(1) == -1 && errno == ECANCELED;
	got[1] = co_cancelled();
	got[2] = co_sleep_ms(1); /* the way out may wait again */
	got[3] = co_cancelled();
}

static void test_cancel_before_the_wait(void **state)
{
	(void)state;
	int got[4] = {9, 9, 9, 9};
	struct co *co = co_spawn(loop, "x", counts_cancels, got);

	co_cancel(co);
	co_join(co);
	assert_int_equal(got[0], 1);
	assert_int_equal(got[1], 1);
	assert_int_equal(got[2], 0);
	assert_int_equal(got[3], 1);
	assert_false(co_cancelled());
}

static void joins_firmly(void *arg)
{
	struct co *co = co_spawn(loop, "napper", sleeps_a_bit, (void *)20);

	(void)arg;
	co_join(co); /* not cut short by the cancel */
	buf_add_str(&said, woken ? "whole " : "short ");
	buf_add_str(&said, co_yield_now() ? "then cancelled" : "cancel lost");
}

static void test_join_is_not_cancelled(void **state)
{
	(void)state;
	struct co *co = co_spawn(loop, "x", joins_firmly, NULL);

	woken = 0;
	co_join(co_spawn(loop, "b", says_twice, b));
	co_cancel(co);
	co_join(co);
	assert_string_equal(said.data, "bbwhole then cancelled");
}

static void ends_when_cancelled(void *arg)
{
	(void)arg;
	while (!co_sleep_ms(3600 * 1000))
		;
	co_sleep_ms(3600 * 1000); /* closing cancels this one too */
	buf_add_str(&said, "end ");
}

static void test_close_ends_the_living(void **state)
{
	(void)state;
	loop_close(loop);
	loop = loop_open();
	for (int i = 0; i < 3; i++)
		co_detach(co_spawn(loop, "x", ends_when_cancelled, NULL));
	co_join(co_spawn(loop, "a", says_twice, a));
	loop_close(loop);
	assert_string_equal(said.data, "aaend end end ");
	loop = loop_open();
}

/* ---- descriptors ---- */

static int pair[2];

static void echoes(void *arg)
{
	char ch;

	(void)arg;
	assert_int_equal(co_wait_fd(pair[1], EV_READ, -1), 0);
	assert_int_equal(read(pair[1], &ch, 1), 1);
	assert_int_equal(co_wait_fd(pair[1], EV_WRITE, -1), 0);
	assert_int_equal(write(pair[1], &ch, 1), 1);
}

static void asks(void *arg)
{
	char ch = 'x';

	(void)arg;
	assert_int_equal(co_wait_fd(pair[0], EV_READ, clock_ms() + 5), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal(write(pair[0], &ch, 1), 1);
	assert_int_equal(co_wait_fd(pair[0], EV_READ, clock_ms() + 60000), 0);
	ch = 0;
	assert_int_equal(read(pair[0], &ch, 1), 1);
	assert_int_equal(ch, 'x');
	/* What is there counts, even when the deadline has passed. */
	assert_int_equal(write(pair[1], &ch, 1), 1);
	assert_int_equal(co_wait_fd(pair[0], EV_READ, 0), 0);
	buf_add_str(&said, "answered");
}

static void test_wait_fd(void **state)
{
	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	struct co *co[2] = {
		co_spawn(loop, "echo", echoes, NULL), co_spawn(loop, "ask", asks, NULL)};

	co_join_all(co, 2);
	assert_string_equal(said.data, "answered");
	close(pair[0]);
	close(pair[1]);
}

static void waits_for_read(void *arg)
{
	int *error = arg;

	*error = co_wait_fd(pair[0], EV_READ, -1) ? errno : 0;
}

static void test_wait_fd_cancelled(void **state)
{
	(void)state;
	int error = 0;
	struct co *co = co_spawn(loop, "x", waits_for_read, &error);

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	co_join(co_spawn(loop, "b", says_twice, b));
	co_cancel(co);
	co_join(co);
	assert_int_equal(error, ECANCELED);
	close(pair[0]);
	close(pair[1]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_spawn_only_queues),
		TEST(test_yield_takes_turns),
		TEST(test_join_in_coroutine),
		TEST(test_join_of_ended),
		TEST(test_join_on_main),
		TEST(test_join_all),
		TEST(test_sleep_is_never_shorter),
		TEST(test_deadlines_sort),
		TEST(test_heap),
		TEST(test_wake_only_queues),
		TEST(test_wake_of_not_parked_does_nothing),
		TEST(test_waitlist_is_fair),
		TEST(test_waitlist_deadline_and_cancel),
		TEST(test_wake_wins_over_later_cancel),
		TEST(test_cancel_before_the_wait),
		TEST(test_join_is_not_cancelled),
		TEST(test_close_ends_the_living),
		TEST(test_wait_fd),
		TEST(test_wait_fd_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
