/* The door: what threads put arrives in the loop, once, in order, and wakes coroutines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/mem.h"
#include "workers/co.h"
#include "workers/door.h"
#include "workers/pool.h"
#include "workers/thread.h"

static struct loop *loop;

static int setup(void **state)
{
	(void)state;
	loop = loop_open();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	loop_close(loop);
	return 0;
}

enum { THREADS = 3, EACH = 3000 };

struct letter {
	struct door_item item; /* first: an item is a letter */
	int from, nth;
};

struct office {
	struct door *door;
	struct waitlist all_here;
	int next[THREADS]; /* the number expected next from each */
	int got;
	int out_of_order;
};

static void receive(void *arg, struct door_item *item)
{
	struct office *o = arg;
	struct letter *l = (struct letter *)(void *)item;

	assert_null(co_self()); /* the main stack */
	if (l->nth != o->next[l->from]++)
		o->out_of_order++;
	free(l);
	if (++o->got == THREADS * EACH)
		waitlist_wake_all(&o->all_here);
}

struct sender {
	struct office *office;
	int number;
};

static void *sends(void *arg)
{
	struct sender *s = arg;

	for (int i = 0; i < EACH; i++) {
		struct letter *l = mem_zalloc(sizeof(*l));

		l->from = s->number;
		l->nth = i;
		door_put(s->office->door, &l->item);
		if (i % 500 == 0)
			usleep(500); /* the loop has gone to sleep meanwhile, or not */
	}
	return NULL;
}

static void waits_for_all(void *arg)
{
	struct office *o = arg;

	assert_int_equal(co_wait(&o->all_here, -1), 0);
}

static void test_many_threads_one_loop(void **state)
{
	struct office o = {.got = 0};
	struct sender s[THREADS];
	struct thread *t[THREADS];

	(void)state;
	o.door = door_open(loop, receive, &o);
	waitlist_init(&o.all_here);
	struct co *co = co_spawn(loop, "waits", waits_for_all, &o);

	for (int i = 0; i < THREADS; i++) {
		s[i] = (struct sender){&o, i};
		t[i] = thread_start("sends", sends, &s[i]);
	}
	co_join(co);
	for (int i = 0; i < THREADS; i++)
		thread_join(t[i]);
	assert_int_equal(o.got, THREADS * EACH);
	assert_int_equal(o.out_of_order, 0);
	door_close(o.door);
}

/* ---- what is inside when it closes, and what arrives while it empties ---- */

static struct letter again;

static void counts(void *arg, struct door_item *item)
{
	struct office *o = arg;

	(void)item;
	if (++o->got == 2)
		door_put(o->door, &again.item); /* from inside */
}

static void test_close_hands_over(void **state)
{
	struct office o = {.got = 0};
	struct letter l[2];

	(void)state;
	o.door = door_open(loop, counts, &o);
	door_put(o.door, &l[0].item);
	door_put(o.door, &l[1].item);
	assert_int_equal(o.got, 0); /* a put runs nothing */
	door_close(o.door);
	assert_int_equal(o.got, 3);
	door_close(NULL);
}

/* ---- several at once ---- */

struct few {
	struct letter *seen[4];
	size_t n;
};

static void in_order(void *arg, struct door_item *item)
{
	struct few *f = arg;

	f->seen[f->n++] = (struct letter *)item;
}

static void test_all_at_once(void **state)
{
	struct few f = {.n = 0};
	struct letter l[4];
	struct door *d = door_open(loop, in_order, &f);

	(void)state;
	door_put(d, &l[0].item);
	l[1].item.next = &l[2].item;
	l[2].item.next = NULL;
	door_put_all(d, &l[1].item);
	door_put(d, &l[3].item);
	door_close(d);
	assert_int_equal(f.n, 4);
	for (size_t i = 0; i < 4; i++)
		assert_ptr_equal(f.seen[i], &l[i]);
}

/* ---- a question to a thread pool, answered through the door ---- */

struct question {
	struct door_item item;
	struct co *asker;
	struct door *door;
	int n, square;
	bool answered;
};

static void computes(void *arg)
{
	struct question *q = arg;

	q->square = q->n * q->n;
	door_put(q->door, &q->item);
}

static void answer(void *arg, struct door_item *item)
{
	struct question *q = (struct question *)(void *)item;

	(void)arg;
	q->answered = true;
	co_wake(q->asker);
}

static struct pool *pool;
static struct door *answers;
static int sum;

static void asks(void *arg)
{
	struct question q = {.asker = co_self(), .door = answers, .n = *(int *)arg};

	assert_int_equal(pool_try_apply(pool, computes, &q), 0);
	while (!q.answered)
		assert_int_equal(co_park(-1), 0);
	sum += q.square;
}

static void test_round_trip(void **state)
{
	struct co *co[100];
	int n[100];

	(void)state;
	sum = 0;
	pool = pool_open("squares", 2, 100);
	answers = door_open(loop, answer, NULL);
	for (int i = 0; i < 100; i++) {
		n[i] = i;
		co[i] = co_spawn(loop, "asks", asks, &n[i]);
	}
	co_join_all(co, 100);
	pool_free(pool);
	door_close(answers);
	assert_int_equal(sum, 328350);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_many_threads_one_loop),
		TEST(test_close_hands_over),
		TEST(test_all_at_once),
		TEST(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
