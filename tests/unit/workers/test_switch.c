/* What a switch keeps, what a stack stands, and how misuse ends. */
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/buf.h"
#include "workers/co.h"
#include "workers/instrument.h"
#include "workers/stack.h"

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

/* ---- many at once ---- */

static size_t woken;

static void sleeps_a_bit(void *arg)
{
	assert_int_equal(co_sleep_ms((int64_t)(size_t)arg % 50), 0);
	woken++;
}

#define MANY 100000

static size_t many(void)
{
#if defined(INSTRUMENT_TSAN)
	return 300; /* each of its fibers costs as much as a thread */
#elif defined(INSTRUMENT_ASAN)
	return 2000;
#elif defined(INSTRUMENT_VALGRIND)
	return RUNNING_ON_VALGRIND ? 1000 : MANY;
#else
	return MANY;
#endif
}

static size_t resident(void)
{
	size_t pages = 0, all = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%zu %zu", &all, &pages), 2);
	fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* 100,000 sleepers fit, in memory and in the kernel's map, whatever the guard. */
static void sleep_many(enum stack_guard guard, size_t at_most)
{
	size_t n = many() < at_most ? many() : at_most;

	stack_guard_at_best(guard);
	woken = 0;
	for (size_t i = 0; i < n; i++)
		co_detach(co_spawn(loop, "sleeper", sleeps_a_bit, (void *)i));
	loop_run(loop);
	assert_int_equal(woken, n);
	if (many() == MANY) {
		struct rusage ru;

		getrusage(RUSAGE_SELF, &ru);
		assert_true((size_t)ru.ru_maxrss / 1024 < 1600); /* 16 KiB each */
		malloc_trim(0);
		assert_true(resident() < 100u * 1024 * 1024);
	}
	stack_guard_at_best(STACK_GUARD_LIGHT);
}

static void test_many_light(void **state)
{
	(void)state;
	sleep_many(STACK_GUARD_LIGHT, MANY);
}

static void test_many_page(void **state)
{
	(void)state;
	sleep_many(STACK_GUARD_PAGE, 40000); /* twice as many mappings as there may be */
}

static void test_many_canary(void **state)
{
	(void)state;
	sleep_many(STACK_GUARD_CANARY, 5000);
}

/* ---- what a switch must keep ---- */

/* The rounding mode, 0 (nearest) to 3; by hand, for fenv.h wants libm. */
#ifdef __x86_64__
static void rounding_set(unsigned mode)
{
	uint32_t sse;
	uint16_t x87;

	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(sse), "=m"(x87));
	sse = (sse & ~0x6000u) | mode << 13;
	x87 = (uint16_t)((x87 & ~0x0c00u) | mode << 10);
	__asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(sse), "m"(x87));
}

static unsigned rounding(void)
{
	uint32_t sse;
	uint16_t x87;

	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(sse), "=m"(x87));
	return (sse >> 13 & 3) == (x87 >> 10 & 3) ? sse >> 13 & 3 : 99;
}
#elif defined(__aarch64__)
static void rounding_set(unsigned mode)
{
	uint64_t fpcr;

	__asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
	fpcr = (fpcr & ~(UINT64_C(3) << 22)) | (uint64_t)mode << 22;
	__asm__ volatile("msr fpcr, %0" : : "r"(fpcr));
}

static unsigned rounding(void)
{
	uint64_t fpcr;

	__asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
	return fpcr >> 22 & 3;
}
#else
static unsigned rounding(void)
{
	skip();
	return 0;
}
#define rounding_set(mode) ((void)(mode))
#endif

static void rounds(void *arg)
{
	volatile double one = 1, three = 3;
	unsigned mode = *(unsigned *)arg;

	rounding_set(mode);
	double third = one / three;
	for (int i = 0; i < 10; i++) {
		co_yield_now();
		assert_int_equal(rounding(), mode);
		assert_true(one / three == third);
	}
}

static void test_rounding_mode_is_its_own(void **state)
{
	(void)state;
	unsigned modes[] = {2, 1, 3};
	struct co *co[3];

	for (int i = 0; i < 3; i++)
		co[i] = co_spawn(loop, "rounds", rounds, &modes[i]);
	co_join_all(co, 3);
	assert_int_equal(rounding(), 0);
}

/* Enough live values to fill every register that must survive. */
static void computes(void *arg)
{
	uint64_t x = (uint64_t)(uintptr_t)arg, v[12];
	double d[12];

	for (int i = 0; i < 12; i++) {
		v[i] = x * 31 + (uint64_t)i;
		d[i] = (double)x / (i + 1);
	}
	uint64_t v0 = v[0], v1 = v[1], v2 = v[2], v3 = v[3], v4 = v[4], v5 = v[5];
	double d0 = d[0], d1 = d[1], d2 = d[2], d3 = d[3], d4 = d[4], d5 = d[5];
	for (int i = 0; i < 100; i++) {
		co_yield_now();
		v0 += v1, v1 += v2, v2 += v3, v3 += v4, v4 += v5, v5 += v0;
		d0 += d1, d1 += d2, d2 += d3, d3 += d4, d4 += d5, d5 += 1;
	}
	for (int i = 0; i < 100; i++) {
		v[0] += v[1], v[1] += v[2], v[2] += v[3], v[3] += v[4], v[4] += v[5], v[5] += v[0];
		d[0] += d[1], d[1] += d[2], d[2] += d[3], d[3] += d[4], d[4] += d[5], d[5] += 1;
	}
	assert_true(
		v0 == v[0] && v1 == v[1] && v2 == v[2] && v3 == v[3] && v4 == v[4] && v5 == v[5]);
	assert_true(
		d0 == d[0] && d1 == d[1] && d2 == d[2] && d3 == d[3] && d4 == d[4] && d5 == d[5]);
}

static void test_registers_survive(void **state)
{
	(void)state;
	struct co *co[20];

	for (uintptr_t i = 0; i < 20; i++)
		co[i] = co_spawn(loop, "computes", computes, (void *)(i + 1));
	co_join_all(co, 20);
}

static void prints(void *arg)
{
	char text[256];

	(void)arg;
	/* Needs an aligned stack, and a good part of it. */
	snprintf(text, sizeof(text), "%.3f %d %s %Lg ", 1.5, 42, "forty-two", 2.25L);
	buf_add_str(&said, text);
}

static void test_printf_on_a_small_stack(void **state)
{
	(void)state;
	co_join(co_spawn(loop, "prints", prints, NULL));
	assert_string_equal(said.data, "1.500 42 forty-two 2.25 ");
}

/* ---- misuse ends with a sentence ---- */

/* Runs fn in a child; its end, and what it said on stderr. */
static int child_ends(void (*fn)(void), char *text, size_t size)
{
	int err[2], status;
	ssize_t n;
	size_t len = 0;

	assert_int_equal(pipe(err), 0);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		struct rlimit no_core = {0, 0};

		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL);
		signal(SIGSEGV, SIG_DFL);
		dup2(err[1], 2);
		close(err[0]);
		close(err[1]);
		fn();
		_exit(0);
	}
	close(err[1]);
	while (len + 1 < size && (n = read(err[0], text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(err[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void expect_abort(void (*fn)(void), const char *sentence)
{
	char text[8192];
	int status = child_ends(fn, text, sizeof(text));

	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT || !strstr(text, sentence))
		fail_msg("status %#x, said: %s", status, text);
}

static void joins_itself(void *arg)
{
	co_join(*(struct co **)arg);
}

static void bad_self_join(void)
{
	static struct co *self;

	self = co_spawn(loop, "narcissus", joins_itself, &self);
	loop_run(loop);
}

static void bad_sleep_on_main(void)
{
	co_sleep_ms(1);
}

static void bad_second_detach(void)
{
	struct co *co = co_spawn(loop, "x", sleeps_a_bit, NULL);

	co_detach(co);
	co_detach(co);
}

static void ignores_cancel(void *arg)
{
	(void)arg;
	for (;;)
		co_sleep_ms(1);
}

static void bad_never_ends(void)
{
	co_detach(co_spawn(loop, "stubborn", ignores_cancel, NULL));
	loop_close(loop);
}

static void test_misuse(void **state)
{
	(void)state;
	expect_abort(bad_self_join, "'narcissus' joins itself");
	expect_abort(bad_sleep_on_main, "co_sleep_ms was called outside a coroutine");
	expect_abort(bad_second_detach, "'x' was detached or joined twice");
	expect_abort(bad_never_ends, "'stubborn' goes on");
}

static int sink;

__attribute__((noinline)) static int deep(int n)
{
	volatile char frame[512];

	frame[0] = (char)n;
	frame[sizeof(frame) - 1] = frame[0];
	sink += frame[sizeof(frame) - 1];
	if (n % 2 == 0)
		co_yield_now();
	return n ? deep(n - 1) + frame[0] : 0;
}

static void goes_deep(void *arg)
{
	(void)arg;
	sink = deep(1000000);
}

static void overrun(enum stack_guard guard)
{
	stack_guard_at_best(guard);
	loop_close(loop);
	loop = loop_open();
	co_detach(co_spawn(loop, "deep", goes_deep, NULL));
	loop_run(loop);
}

static void overrun_light(void)
{
	overrun(STACK_GUARD_LIGHT);
}

static void overrun_page(void)
{
	overrun(STACK_GUARD_PAGE);
}

static void overrun_canary(void)
{
	overrun(STACK_GUARD_CANARY);
}

/* Whatever the guard, nobody writes past the end of a stack and goes on. */
static void test_overrun_is_caught(void **state)
{
	char text[8192];

	(void)state;
	if (many() == 1000)
		skip(); /* valgrind reports it in its own way */
	assert_int_not_equal(child_ends(overrun_light, text, sizeof(text)), 0);
	assert_int_not_equal(child_ends(overrun_page, text, sizeof(text)), 0);
	expect_abort(overrun_canary, "'deep' overran its stack");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_many_light),
		TEST(test_many_page),
		TEST(test_many_canary),
		TEST(test_rounding_mode_is_its_own),
		TEST(test_registers_survive),
		TEST(test_printf_on_a_small_stack),
		TEST(test_misuse),
		TEST(test_overrun_is_caught),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
