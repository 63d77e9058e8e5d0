/* The loop: turns, hooks, stop, libevent beside coroutines, census, stack cache. */
#include <errno.h>
#include <event2/event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/buf.h"
#include "config/clock.h"
#include "config/mem.h"
#include "workers/co.h"
#include "workers/stack.h"
#include "workers/thread.h"

static struct loop *loop;
static struct buf said;

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

static void says(void *arg)
{
	buf_add_str(&said, arg);
}

static bool hook_says(void *arg)
{
	says(arg);
	return false;
}

static void says_thrice(void *arg)
{
	for (int i = 0; i < 3; i++) {
		buf_add_str(&said, arg);
		co_yield_now();
	}
}

static char a[] = "a", b[] = "b";

static void test_run_of_nothing_returns(void **state)
{
	(void)state;
	assert_ptr_equal(loop_self(), loop);
	loop_run(loop);
	loop_run(loop);
}

/* ---- hooks ---- */

static void test_hook_each_turn(void **state)
{
	static char hook[] = "|";

	(void)state;
	loop_on_turn(loop, hook_says, hook);
	co_detach(co_spawn(loop, "a", says_thrice, a));
	co_detach(co_spawn(loop, "b", says_thrice, b));
	loop_run(loop);
	assert_string_equal(said.data, "ab|ab|ab||"); /* the last turn only ends them */
	loop_off_turn(loop, hook_says, hook);
	co_join(co_spawn(loop, "a", says, a));
	assert_string_equal(said.data, "ab|ab|ab||a");
}

static int spawned;

static bool spawns_one(void *arg)
{
	if (!spawned++)
		co_detach(co_spawn(loop, "b", says, arg));
	return false;
}

static struct co *parker;

static bool wakes_parker(void *arg)
{
	(void)arg;
	co_wake(parker);
	return false;
}

static void parks(void *arg)
{
	assert_int_equal(co_park(-1), 0);
	buf_add_str(&said, arg);
}

/* What a hook spawns or wakes must run without any event: else this never ends. */
static void test_hook_keeps_the_loop_from_blocking(void **state)
{
	(void)state;
	spawned = 0;
	loop_on_turn(loop, wakes_parker, NULL);
	loop_on_turn(loop, spawns_one, b);
	parker = co_spawn(loop, "a", parks, a);
	loop_run(loop);
	co_join(parker);
	assert_int_equal(strlen(said.data), 2);
	assert_non_null(strchr(said.data, 'a'));
	assert_non_null(strchr(said.data, 'b'));
	loop_off_turn(loop, wakes_parker, NULL);
	loop_off_turn(loop, spawns_one, b);
}

static bool counts_down(void *arg)
{
	int *left = arg;

	if (*left && --*left == 0)
		co_wake(parker);
	return *left > 0;
}

/* Nothing else happens until it wakes someone: else this never ends. */
static void test_hook_that_is_not_done_is_called_again(void **state)
{
	int left = 100;

	(void)state;
	loop_on_turn(loop, counts_down, &left);
	parker = co_spawn(loop, "a", parks, a);
	loop_run(loop);
	co_join(parker);
	assert_int_equal(left, 0);
	assert_string_equal(said.data, "a");
	loop_off_turn(loop, counts_down, &left);
}

/* ---- fairness ---- */

static void test_new_ones_wait_for_the_next_turn(void **state)
{
	(void)state;
	uint64_t before = loop_turns(loop);

	co_detach(co_spawn(loop, "a", says_thrice, a));
	loop_run(loop);
	assert_int_equal(loop_turns(loop) - before, 4);
}

static bool rang;

static void on_read(evutil_socket_t fd, short events, void *arg)
{
	char c;

	(void)events, (void)arg;
	assert_int_equal(read(fd, &c, 1), 1);
	rang = true;
}

static void spins_until_rang(void *arg)
{
	(void)arg;
	while (!rang)
		co_yield_now();
}

/* Coroutines that are always ready do not starve a descriptor, nor a deadline. */
static void test_descriptors_are_not_starved(void **state)
{
	int p[2];

	(void)state;
	rang = false;
	assert_int_equal(pipe(p), 0);
	struct event *ev = event_new(loop_base(loop), p[0], EV_READ, on_read, NULL);

	assert_int_equal(event_add(ev, NULL), 0);
	assert_int_equal(write(p[1], "x", 1), 1);
	co_join(co_spawn(loop, "spins", spins_until_rang, NULL));
	assert_true(rang);
	event_free(ev);
	close(p[0]);
	close(p[1]);
}

static void rings_later(void *arg)
{
	(void)arg;
	co_sleep_ms(5);
	rang = true;
}

static void test_deadlines_are_not_starved(void **state)
{
	(void)state;
	rang = false;
	co_detach(co_spawn(loop, "sleeps", rings_later, NULL));
	co_join(co_spawn(loop, "spins", spins_until_rang, NULL));
	loop_run(loop);
}

/* An earlier deadline after a later one re-arms the timer; a removed one does no harm. */
static void sleeps_ms(void *arg)
{
	co_sleep_ms(*(int *)arg);
}

static void test_earlier_deadline(void **state)
{
	(void)state;
	int hour = 3600 * 1000, ms = 3;
	struct co *late = co_spawn(loop, "late", sleeps_ms, &hour);

	co_join(co_spawn(loop, "a", says, a)); /* the loop has seen the late one */
	co_join(co_spawn(loop, "early", sleeps_ms, &ms));
	co_join(co_spawn(loop, "early", sleeps_ms, &ms));
	assert_false(co_done(late));
	co_cancel(late);
	co_join(late);
	co_join(co_spawn(loop, "early", sleeps_ms, &ms));
}

/* ---- stop ---- */

static void stops(void *arg)
{
	(void)arg;
	loop_stop(loop);
}

static void on_timeout(evutil_socket_t fd, short events, void *arg)
{
	(void)fd, (void)events, (void)arg;
	loop_stop(loop);
}

static void test_stop(void **state)
{
	int hour = 3600 * 1000;
	struct timeval soon = {0, 2000};

	(void)state;
	struct co *co = co_spawn(loop, "sleeps", sleeps_ms, &hour);

	co_detach(co_spawn(loop, "stops", stops, NULL));
	loop_run(loop);
	assert_false(co_done(co));
	loop_stop(loop); /* before it runs counts too */
	loop_run(loop);
	event_base_once(loop_base(loop), -1, EV_TIMEOUT, on_timeout, NULL, &soon);
	loop_run(loop);
	assert_false(co_done(co));
	co_cancel(co);
	co_join(co);
}

static void on_signal(evutil_socket_t sig, short events, void *arg)
{
	(void)sig, (void)events;
	co_cancel(arg);
}

static void test_signal_cancels(void **state)
{
	(void)state;
	int hour = 3600 * 1000;
	struct co *co = co_spawn(loop, "sleeps", sleeps_ms, &hour);
	struct event *ev = evsignal_new(loop_base(loop), SIGUSR1, on_signal, co);

	assert_int_equal(event_add(ev, NULL), 0);
	assert_int_equal(kill(getpid(), SIGUSR1), 0);
	co_join(co);
	event_free(ev);
}

/* ---- figures ---- */

static void hogs(void *arg)
{
	int64_t until = clock_ns() + *(int *)arg * INT64_C(1000000);

	while (clock_ns() < until)
		;
}

static void test_stall_is_recorded(void **state)
{
	(void)state;
	int ms = 7;

	co_join(co_spawn(loop, "hogs", hogs, &ms));
	assert_true(loop_max_stall_ms(loop) >= 7);
	loop_reset_stall(loop);
	assert_int_equal(loop_max_stall_ms(loop), 0);
}

static void hogs_in_callback(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	hogs(arg);
}

static void yields(void *arg)
{
	(void)arg;
	for (int i = 0; i < 10; i++)
		co_yield_now();
}

/* A callback of a descriptor keeps the others waiting just as well. */
static void test_stall_in_a_callback(void **state)
{
	int ms = 7;
	struct event *ev = event_new(loop_base(loop), -1, 0, hogs_in_callback, &ms);
	struct co *co = co_spawn(loop, "yields", yields, NULL);

	(void)state;
	loop_reset_stall(loop);
	event_active(ev, EV_TIMEOUT, 1);
	co_join(co);
	assert_true(loop_max_stall_ms(loop) >= 7);
	event_free(ev);
}

static void uses_stack(void *arg)
{
	char big[20000];

	memset(big, 1, sizeof(big));
	__asm__ volatile("" : : "r"(big) : "memory"); /* somebody looks at it */
	co_state(arg);
	assert_int_equal(co_park(-1), 0);
	__asm__ volatile("" : : "r"(big) : "memory");
}

static void one_of_census(
	void *arg, const char *name, const char *doing, int64_t age_ms, size_t used)
{
	assert_true(age_ms >= 0);
	if (!strcmp(name, "big"))
		assert_in_range(used, 20000, 64 * 1024 * 4);
	buf_addf(arg, "%s=%s;", name, doing);
}

static void takes_census(void *arg)
{
	(void)arg;
	loop_census(loop, one_of_census, &said);
}

static void test_census(void **state)
{
	static char doing[] = "reading the paper";
	int hour = 3600 * 1000;

	(void)state;
	struct co *big = co_spawn(loop, "big", uses_stack, doing);
	struct co *sleeper =
		co_spawn(loop, "a name of more than thirty-one bytes", sleeps_ms, &hour);

	co_join(co_spawn(loop, "a", says, a));
	buf_reset(&said);
	co_detach(co_spawn(loop, "census", takes_census, NULL));
	co_join(co_spawn(loop, "last", says, b));
	assert_string_equal(said.data,
		"big=reading the paper;a name of more than thirty-one =sleeping;"
		"census=running;last=ready;b");
	assert_int_equal(loop_live(loop), 2);
	co_wake(big);
	co_cancel(sleeper);
	co_join(big);
	co_join(sleeper);
}

/* ---- stacks ---- */

static void test_stack_size(void **state)
{
	(void)state;
	struct stacks *s = mem_zalloc(sizeof(*s));

	stacks_init(s, 1);
	struct stack st = stack_take(s);

	assert_int_equal(st.size, 16384); /* no less */
	memset(st.low, 0xaa, st.size);
	assert_false(stack_overrun(&st));
	stacks_set_size(s, 100000);
	struct stack larger = stack_take(s);

	assert_true(larger.size >= 100000 && larger.size < 100000 + 65536);
	memset(larger.low, 0xaa, larger.size);
	stack_give(s, st); /* of the old size: not kept */
	assert_int_equal(s->nwarm, 0);
	stack_give(s, larger);
	assert_int_equal(s->nwarm, 1);
	assert_int_equal(s->taken, 0);
	stacks_release(s);
	free(s);
}

static void test_stack_cache_is_bounded(void **state)
{
	enum { N = STACKS_WARM + STACKS_COLD + 100 };
	struct stacks *s = mem_zalloc(sizeof(*s));
	struct stack *st = mem_array(N, sizeof(*st));

	(void)state;
	stacks_init(s, 16384);
	for (int i = 0; i < N; i++) {
		st[i] = stack_take(s);
		st[i].low[st[i].size - 1] = 1;
	}
	for (int i = 0; i < N; i++)
		stack_give(s, st[i]);
	assert_int_equal(s->nwarm, STACKS_WARM);
	assert_int_equal(s->ncold, STACKS_COLD);
	/* A warm one is as it was, a cold one was given back to the kernel: zeros. */
	assert_int_equal(s->warm[0].low[s->warm[0].size - 1], 1);
	assert_int_equal(s->cold[0].low[s->cold[0].size - 1], 0);
	stacks_release(s);
	free(s);
	free(st);
}

static void test_guard_kinds(void **state)
{
	struct stacks *s = mem_zalloc(sizeof(*s));

	(void)state;
	for (int g = STACK_GUARD_LIGHT; g <= STACK_GUARD_CANARY; g++) {
		stack_guard_at_best((enum stack_guard)g);
		stacks_init(s, 16384);
		struct stack st = stack_take(s);

		assert_true((int)st.guard >= g);
		if (st.guard == STACK_GUARD_CANARY) {
			st.low[-8] ^= 1;
			assert_true(stack_overrun(&st));
			st.low[-8] ^= 1;
		}
		assert_false(stack_overrun(&st));
		stack_give(s, st);
		stacks_release(s);
	}
	stack_guard_at_best(STACK_GUARD_LIGHT);
	free(s);
}

/* ---- one per thread ---- */

static void *own_loop(void *arg)
{
	struct loop *mine = loop_open();
	int ms = 2;

	(void)arg;
	for (int i = 0; i < 50; i++)
		co_detach(co_spawn(mine, "sleeps", sleeps_ms, &ms));
	loop_run(mine);
	loop_close(mine);
	return loop_self();
}

static void test_a_loop_per_thread(void **state)
{
	struct thread *t[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		t[i] = thread_start("loop", own_loop, NULL);
	co_join(co_spawn(loop, "a", says_thrice, a));
	for (int i = 0; i < 4; i++)
		assert_null(thread_join(t[i]));
	assert_ptr_equal(loop_self(), loop);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_run_of_nothing_returns),
		TEST(test_hook_each_turn),
		TEST(test_hook_keeps_the_loop_from_blocking),
		TEST(test_hook_that_is_not_done_is_called_again),
		TEST(test_new_ones_wait_for_the_next_turn),
		TEST(test_descriptors_are_not_starved),
		TEST(test_deadlines_are_not_starved),
		TEST(test_earlier_deadline),
		TEST(test_stop),
		TEST(test_signal_cancels),
		TEST(test_stall_is_recorded),
		TEST(test_stall_in_a_callback),
		TEST(test_census),
		TEST(test_stack_size),
		TEST(test_stack_cache_is_bounded),
		TEST(test_guard_kinds),
		TEST(test_a_loop_per_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
