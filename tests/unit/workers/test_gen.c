/* Generators: values out, values in, on the main stack and inside coroutines. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/buf.h"
#include "workers/co.h"

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

static int numbers[] = {0, 1, 2, 3, 4, 5, 6, 7};

static void *counts_to(struct gen *g, void *arg)
{
	int n = *(int *)arg;

	for (int i = 0; i < n; i++)
		gen_yield(g, &numbers[i]);
	return &numbers[n];
}

static void test_yields_in_order(void **state)
{
	(void)state;
	struct gen *g = gen_open(loop, counts_to, &numbers[3]);
	void *v = NULL;

	for (int i = 0; i < 3; i++) {
		assert_true(gen_next(g, &v));
		assert_int_equal(*(int *)v, i);
		assert_null(gen_result(g));
	}
	assert_false(gen_next(g, &v));
	assert_int_equal(*(int *)v, 2); /* the end leaves it alone */
	assert_int_equal(*(int *)gen_result(g), 3);
	assert_false(gen_next(g, &v)); /* and stays the end */
	gen_close(g);
}

static void *runs_late(struct gen *g, void *arg)
{
	(void)g;
	*(int *)arg = 1;
	return NULL;
}

static void test_open_runs_nothing(void **state)
{
	(void)state;
	int ran = 0;

	gen_close(gen_open(loop, runs_late, &ran));
	assert_int_equal(ran, 0);
}

/* Answers each number sent with the sum so far. */
static void *sums(struct gen *g, void *arg)
{
	int sum = 0, *sent = gen_yield(g, NULL);

	while (sent) {
		sum += *sent;
		sent = gen_yield(g, &sum);
	}
	*(int *)arg = sum;
	return NULL;
}

static void test_is_sent_values(void **state)
{
	(void)state;
	int end = -1;
	struct gen *g = gen_open(loop, sums, &end);
	void *v = &end;

	/* The first value has no yield that waits for it. */
	assert_true(gen_send(g, &numbers[7], &v));
	assert_null(v);
	assert_true(gen_send(g, &numbers[2], &v));
	assert_int_equal(*(int *)v, 2);
	assert_true(gen_send(g, &numbers[5], NULL));
	assert_true(gen_send(g, &numbers[1], &v));
	assert_int_equal(*(int *)v, 8);
	assert_false(gen_next(g, &v)); /* NULL is sent */
	assert_int_equal(end, 8);
	gen_close(g);
}

static void *cleans_up(struct gen *g, void *arg)
{
	int *log = arg;

	while (!gen_closing(g)) {
		log[0]++;
		if (!gen_yield(g, &numbers[1]))
			log[1]++;
	}
	assert_null(gen_yield(g, &numbers[2])); /* goes nowhere */
	log[2]++;
	return NULL;
}

static void test_close_lets_it_clean_up(void **state)
{
	(void)state;
	int log[3] = {0};
	struct gen *g = gen_open(loop, cleans_up, log);
	void *v;

	assert_true(gen_next(g, &v));
	assert_true(gen_send(g, &v, &v));
	assert_int_equal(log[0], 2);
	assert_int_equal(log[1], 0);
	gen_close(g);
	assert_int_equal(log[0], 2);
	assert_int_equal(log[1], 1);
	assert_int_equal(log[2], 1);
	gen_close(NULL);
}

/* ---- one inside another ---- */

struct tree {
	const char *name;
	struct tree *left, *right;
};

static void *walk(struct gen *g, void *arg)
{
	struct tree *t = arg;
	void *v;

	for (int side = 0; side < 2; side++) {
		struct tree *child = side ? t->right : t->left;

		if (child) {
			struct gen *inner = gen_open(loop, walk, child);

			while (gen_next(inner, &v))
				gen_yield(g, v);
			gen_close(inner);
		}
		if (!side)
			gen_yield(g, t);
	}
	return NULL;
}

static void test_recursion(void **state)
{
	(void)state;
	struct tree leaf[] = {{"a", NULL, NULL}, {"c", NULL, NULL}, {"e", NULL, NULL}};
	struct tree b = {"b", &leaf[0], &leaf[1]}, d = {"d", &b, &leaf[2]};
	struct gen *g = gen_open(loop, walk, &d);
	void *v;

	while (gen_next(g, &v))
		buf_add_str(&said, ((struct tree *)v)->name);
	gen_close(g);
	assert_string_equal(said.data, "abcde");
}

/* ---- with coroutines ---- */

static void *naps_between(struct gen *g, void *arg)
{
	struct co *self = co_self();

	assert_non_null(self);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(co_sleep_ms(2), 0); /* the coroutine sleeps, inside of us */
		assert_ptr_equal(co_self(), self);
		gen_yield(g, arg);
	}
	return NULL;
}

static void consumes(void *arg)
{
	struct gen *g = gen_open(loop, naps_between, arg);
	void *v;

	while (gen_next(g, &v)) {
		buf_add_str(&said, v);
		co_yield_now();
	}
	gen_close(g);
}

static void test_body_may_wait(void **state)
{
	(void)state;
	static char x[] = "x";
	struct co *co[3];

	for (int i = 0; i < 3; i++)
		co[i] = co_spawn(loop, "consumes", consumes, x);
	co_join_all(co, 3);
	assert_string_equal(said.data, "xxxxxxxxx");
}

static void *is_cancelled(struct gen *g, void *arg)
{
	int rc = co_sleep_ms(3600 * 1000);

	*(int *)arg = rc == -1 && errno == ECANCELED && co_cancelled();
	gen_yield(g, NULL);
	return NULL;
}

static void waits_inside(void *arg)
{
	struct gen *g = gen_open(loop, is_cancelled, arg);

	gen_next(g, NULL);
	gen_close(g);
	buf_add_str(&said, "out");
}

static void yields(void *arg)
{
	(void)arg;
	co_yield_now();
}

static void test_cancel_inside(void **state)
{
	(void)state;
	int seen = 0;
	struct co *co = co_spawn(loop, "waits inside", waits_inside, &seen);

	co_join(co_spawn(loop, "yields", yields, NULL));
	co_cancel(co);
	co_join(co);
	assert_int_equal(seen, 1);
	assert_string_equal(said.data, "out");
}

/* A generator between two yields belongs to nobody: anyone may go on with it. */
static void steps(void *arg)
{
	void *v;

	while (gen_next(arg, &v)) {
		said.len ? buf_add_ch(&said, ',') : (void)0;
		buf_addf(&said, "%d", *(int *)v);
		co_yield_now();
	}
}

static void test_shared_by_coroutines(void **state)
{
	(void)state;
	struct gen *g = gen_open(loop, counts_to, &numbers[5]);
	struct co *co[2] = {co_spawn(loop, "a", steps, g), co_spawn(loop, "b", steps, g)};

	co_join_all(co, 2);
	assert_string_equal(said.data, "0,1,2,3,4");
	gen_close(g);
}

static void test_many_open(void **state)
{
	(void)state;
	struct gen *g[500];
	void *v;

	for (int i = 0; i < 500; i++)
		g[i] = gen_open(loop, counts_to, &numbers[i % 8]);
	for (int round = 0; round < 9; round++)
		for (int i = 0; i < 500; i++)
			assert_int_equal(gen_next(g[i], &v), round < i % 8);
	for (int i = 0; i < 500; i++)
		gen_close(g[i]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_yields_in_order),
		TEST(test_open_runs_nothing),
		TEST(test_is_sent_values),
		TEST(test_close_lets_it_clean_up),
		TEST(test_recursion),
		TEST(test_body_may_wait),
		TEST(test_cancel_inside),
		TEST(test_shared_by_coroutines),
		TEST(test_many_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
