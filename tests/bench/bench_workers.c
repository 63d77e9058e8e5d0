/* bench_workers.c - what the parts of workers/ cost: one line each, "name  ns/op".
 *
 * An argument picks the lines whose name contains it. micro.py runs this several times.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/mem.h"
#include "workers/co.h"
#include "workers/copool.h"
#include "workers/door.h"
#include "workers/fiber.h"
#include "workers/gen.h"
#include "workers/pool.h"
#include "workers/queue.h"
#include "workers/thread.h"

static struct loop *loop;

/* ---- coroutines ---- */

static struct fiber base_fiber, other_fiber;

static void switches_back(void *arg)
{
	for (size_t n = *(size_t *)arg; n; n--)
		fiber_switch(&base_fiber);
	fiber_leave(&base_fiber);
}

/* In a thread of its own: this one's stack is already the loop's. */
static void *switches(void *arg)
{
	size_t *each = arg;
	struct stacks stacks;

	stacks_init(&stacks, 64 << 10);
	fiber_adopt(&base_fiber);
	fiber_make(&other_fiber, "other", stack_take(&stacks), switches_back, each);
	for (size_t i = 0; i <= *each; i++)
		fiber_switch(&other_fiber);
	stack_give(&stacks, fiber_release(&other_fiber));
	fiber_unadopt(&base_fiber);
	stacks_release(&stacks);
	return NULL;
}

/* The bare switch of stacks, no scheduler: one there, one back. */
static void bench_switch(size_t n)
{
	size_t each = n / 2;

	thread_join(thread_start("switches", switches, &each));
}

static void yields(void *arg)
{
	for (size_t n = *(size_t *)arg; n; n--)
		co_yield_now();
}

/* From one coroutine through the scheduler to the next: two switches of stacks. */
static void bench_yield(size_t n, size_t among)
{
	size_t each = n / among;

	for (size_t i = 0; i < among; i++)
		co_detach(co_spawn(loop, "yields", yields, &each));
	loop_run(loop);
}

static void bench_yield_1(size_t n)
{
	bench_yield(n, 1);
}

static void bench_yield_100(size_t n)
{
	bench_yield(n, 100);
}

static void bench_yield_10000(size_t n)
{
	bench_yield(n, 10000);
}

static void nothing(void *arg)
{
	(void)arg;
}

static void bench_spawn(size_t n)
{
	for (size_t i = 0; i < n; i += 100) {
		for (int k = 0; k < 100; k++)
			co_detach(co_spawn(loop, "nothing", nothing, NULL));
		loop_run(loop);
	}
}

static void spawns(void *arg)
{
	struct copool *p = copool_open(loop, "pool", 64);

	for (size_t n = *(size_t *)arg; n; n--)
		copool_spawn(p, nothing, NULL);
	copool_close(p);
}

static void bench_copool(size_t n)
{
	co_join(co_spawn(loop, "spawns", spawns, &n));
}

static void *counts(struct gen *g, void *arg)
{
	for (size_t i = 0;; i++)
		if (!gen_yield(g, &i) || gen_closing(g))
			return arg;
}

static void bench_gen(size_t n)
{
	struct gen *g = gen_open(loop, counts, NULL);
	void *v;

	for (size_t i = 0; i < n; i++)
		if (!gen_send(g, loop, &v))
			break;
	gen_close(g);
}

static struct waitlist turns[2];

static void plays(void *arg)
{
	size_t me = (size_t)(uintptr_t)arg & 1, n = (uintptr_t)arg >> 1;

	for (; n; n--) {
		waitlist_wake(&turns[1 - me]);
		co_wait(&turns[me], -1);
	}
	waitlist_wake(&turns[1 - me]);
}

static void bench_waitlist(size_t n)
{
	waitlist_init(&turns[0]);
	waitlist_init(&turns[1]);
	co_detach(co_spawn(loop, "ping", plays, (void *)(uintptr_t)(n / 2 << 1)));
	co_detach(co_spawn(loop, "pong", plays, (void *)(uintptr_t)(n / 2 << 1 | 1)));
	loop_run(loop);
}

static void sleeps(void *arg)
{
	co_sleep_ms((int64_t)(uintptr_t)arg);
}

/* Spawned, put to sleep, woken and ended; all live at once. Mostly mapping stacks. */
static void bench_sleepers(size_t n)
{
	for (size_t i = 0; i < n; i++)
		co_detach(
			co_spawn(loop, "sleeper", sleeps, (void *)(uintptr_t)(i * 7919 % 100 + 1)));
	loop_run(loop);
}

static struct waitlist never;

static void times_out(void *arg)
{
	for (size_t n = *(size_t *)arg; n; n--)
		co_wait(&never, clock_ms());
}

/* A wait with a deadline that has come: in and out of the heap, 1,000 at once. */
static void bench_deadline(size_t n)
{
	size_t each = n / 1000;

	waitlist_init(&never);
	for (size_t i = 0; i < 1000; i++)
		co_detach(co_spawn(loop, "times out", times_out, &each));
	loop_run(loop);
}

static int pair[2];

static void reads_pipe(void *arg)
{
	char c;

	for (size_t n = *(size_t *)arg; n; n--) {
		co_wait_fd(pair[0], EV_READ, -1);
		if (read(pair[0], &c, 1) != 1)
			abort();
	}
}

static void writes_pipe(void *arg)
{
	for (size_t n = *(size_t *)arg; n; n--) {
		if (write(pair[1], "x", 1) != 1)
			abort();
		co_yield_now();
	}
}

static void bench_wait_fd(size_t n)
{
	if (pipe(pair))
		abort();
	co_detach(co_spawn(loop, "reads", reads_pipe, &n));
	co_detach(co_spawn(loop, "writes", writes_pipe, &n));
	loop_run(loop);
	close(pair[0]);
	close(pair[1]);
}

/* ---- between threads ---- */

struct putter {
	struct queue *queue;
	size_t n;
};

static void *puts_all(void *arg)
{
	struct putter *p = arg;

	for (size_t i = 0; i < p->n; i++)
		if (queue_put(p->queue, p))
			abort();
	queue_close(p->queue);
	return NULL;
}

static void bench_queue_alone(size_t n)
{
	struct queue *q = queue_open(16);

	for (size_t i = 0; i < n; i++)
		if (queue_put(q, q) || !queue_get(q))
			abort();
	queue_free(q);
}

static void bench_queue(size_t n)
{
	struct putter p = {queue_open(1024), n};
	struct thread *t = thread_start("puts", puts_all, &p);

	while (queue_get(p.queue))
		;
	thread_join(t);
	queue_free(p.queue);
}

static void bench_queue_many(size_t n)
{
	struct putter p = {queue_open(1024), n};
	struct thread *t = thread_start("puts", puts_all, &p);
	void *out[256];

	while (queue_get_many(p.queue, out, 256))
		;
	thread_join(t);
	queue_free(p.queue);
}

static void bench_pool(size_t n)
{
	struct pool *p = pool_open("bench", 2, 1024);

	for (size_t i = 0; i < n; i++)
		pool_apply(p, nothing, NULL);
	pool_free(p);
}

struct letter {
	struct door_item item;
	bool last;
};

static void receive(void *arg, struct door_item *item)
{
	struct letter *l = (struct letter *)(void *)item;

	(void)arg;
	if (l->last)
		waitlist_wake_all(&never);
}

struct post {
	struct door *door;
	struct letter *letters;
	size_t n;
};

static void *posts(void *arg)
{
	struct post *p = arg;

	for (size_t i = 0; i < p->n; i++)
		door_put(p->door, &p->letters[i].item);
	return NULL;
}

static void waits_for_last(void *arg)
{
	co_wait(arg, -1);
}

static void bench_door(size_t n)
{
	struct post p = {door_open(loop, receive, NULL), mem_array(n, sizeof(struct letter)), n};

	waitlist_init(&never);
	p.letters[n - 1].last = true;
	struct co *co = co_spawn(loop, "waits", waits_for_last, &never);
	co_join(co_spawn(loop, "nothing", nothing, NULL)); /* now it waits */
	struct thread *t = thread_start("posts", posts, &p);

	co_join(co);
	thread_join(t);
	door_close(p.door);
	free(p.letters);
}

static void bench_lock(size_t n)
{
	struct lock l = LOCK_INIT;

	for (size_t i = 0; i < n; i++) {
		lock_enter(&l);
		lock_leave(&l);
	}
	lock_release(&l);
}

static void bench_rlock(size_t n)
{
	struct rlock l = RLOCK_INIT;

	for (size_t i = 0; i < n; i++) {
		rlock_enter(&l);
		rlock_leave(&l);
	}
	rlock_release(&l);
}

static void bench_semaphore(size_t n)
{
	struct semaphore s;

	semaphore_init(&s, 0);
	for (size_t i = 0; i < n; i++) {
		semaphore_give(&s, 1);
		semaphore_take(&s, -1);
	}
	semaphore_release(&s);
}

/* Two threads that wait for each other: each step wakes a sleeper. */
struct table_tennis {
	struct lock lock;
	struct cond turned;
	bool turn;
	size_t n;
	struct flag here, there;
};

static void hits(struct table_tennis *t, bool me)
{
	lock_enter(&t->lock);
	for (size_t i = 0; i < t->n; i++) {
		while (t->turn != me)
			cond_wait(&t->turned, &t->lock, -1);
		t->turn = !me;
		cond_wake(&t->turned);
	}
	lock_leave(&t->lock);
}

static void *returns_hits(void *arg)
{
	hits(arg, true);
	return NULL;
}

static void bench_cond(size_t n)
{
	struct table_tennis t = {.n = n / 2};

	lock_init(&t.lock);
	cond_init(&t.turned);
	struct thread *other = thread_start("bench", returns_hits, &t);

	hits(&t, false);
	thread_join(other);
	cond_release(&t.turned);
	lock_release(&t.lock);
}

static void *answers_flag(void *arg)
{
	struct table_tennis *t = arg;

	for (size_t i = 0; i < t->n; i++) {
		flag_wait(&t->there, -1);
		flag_clear(&t->there);
		flag_set(&t->here);
	}
	return NULL;
}

static void bench_flag(size_t n)
{
	struct table_tennis t = {.n = n / 2};

	flag_init(&t.here);
	flag_init(&t.there);
	struct thread *other = thread_start("bench", answers_flag, &t);

	for (size_t i = 0; i < t.n; i++) {
		flag_set(&t.there);
		flag_wait(&t.here, -1);
		flag_clear(&t.here);
	}
	thread_join(other);
	flag_release(&t.here);
	flag_release(&t.there);
}

static void bench_tls(size_t n)
{
	struct tls t;

	tls_open(&t, NULL);
	for (size_t i = 0; i < n; i++) {
		tls_set(&t, &t);
		if (tls_get(&t) != &t)
			abort();
	}
	tls_close(&t);
}

static void bench_timer(size_t n)
{
	for (size_t i = 0; i < n; i++)
		timer_join(timer_start(0, nothing, NULL));
}

static void *returns(void *arg)
{
	return arg;
}

static void bench_thread(size_t n)
{
	for (size_t i = 0; i < n; i++)
		thread_join(thread_start("bench", returns, NULL));
}

static const struct {
	const char *name;
	void (*fn)(size_t n);
	size_t n;
} benches[] = {
	{"fiber_switch", bench_switch, 20000000},
	{"gen_send", bench_gen, 10000000},
	{"co_yield among 1", bench_yield_1, 2000000},
	{"co_yield among 100", bench_yield_100, 10000000},
	{"co_yield among 10000", bench_yield_10000, 5000000},
	{"co_spawn and end", bench_spawn, 2000000},
	{"copool_spawn and end", bench_copool, 2000000},
	{"waitlist ping-pong", bench_waitlist, 2000000},
	{"co_wait with deadline", bench_deadline, 2000000},
	{"100,000 sleepers", bench_sleepers, 100000},
	{"co_wait_fd on a pipe", bench_wait_fd, 300000},
	{"door_put to the loop", bench_door, 1000000},
	{"queue_put and get", bench_queue_alone, 5000000},
	{"queue between 2 threads", bench_queue, 2000000},
	{"queue_get_many, 2 threads", bench_queue_many, 2000000},
	{"pool_apply, 2 threads", bench_pool, 1000000},
	{"lock enter and leave", bench_lock, 20000000},
	{"rlock enter and leave", bench_rlock, 20000000},
	{"semaphore give and take", bench_semaphore, 5000000},
	{"cond, 2 threads in turn", bench_cond, 100000},
	{"flag, 2 threads in turn", bench_flag, 100000},
	{"tls set and get", bench_tls, 20000000},
	{"timer start, run and join", bench_timer, 10000},
	{"thread start and join", bench_thread, 20000},
};

int main(int argc, char **argv)
{
	loop = loop_open();
	for (size_t i = 0; i < MEM_COUNT(benches); i++) {
		int64_t began;

		if (argc > 1 && !strstr(benches[i].name, argv[1]))
			continue;
		began = clock_ns();
		benches[i].fn(benches[i].n);
		printf("%-36s %9.1f ns/op\n", benches[i].name,
			(double)(clock_ns() - began) / (double)benches[i].n);
		fflush(stdout);
	}
	loop_close(loop);
	return 0;
}
