#include "workers/pool.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/mem.h"
#include "workers/misuse.h"
#include "workers/thread.h"

struct task {
	void (*fn)(void *);
	void *arg;
};

/* The tasks that wait are a ring behind the pool's one lock, which a thread enters once from task
 * to task. Whoever calls a thread counts it as up at once, so that nobody calls it again before it
 * had time to come. */
struct pool {
	char name[12];
	bool joined;

	struct lock lock; /* of what follows */
	struct cond work, room, idle;
	struct task *ring;
	size_t max, first, len, high_water;
	struct thread **threads;
	size_t most; /* threads */
	size_t nthreads;
	size_t patience;
	size_t asleep;	/* threads that wait to be called */
	size_t called;	/* and do not know it yet */
	size_t putters; /* wait for room */
	size_t active;
	bool closed;
};

/* ---- a thread (inside the lock but for the task) ---- */

static bool all_done(const struct pool *p)
{
	return !p->active && !p->len && !p->putters;
}

static void sleep_until_called(struct pool *p)
{
	p->asleep++;
	while (!p->called && !p->closed)
		cond_wait(&p->work, &p->lock, -1);
	if (p->called)
		p->called--;
}

static bool take(struct pool *p, struct task *t)
{
	while (!p->len && !p->closed)
		sleep_until_called(p);
	if (!p->len)
		return false;
	*t = p->ring[p->first];
	if (++p->first == p->max)
		p->first = 0;
	p->len--;
	if (p->putters)
		cond_wake(&p->room);
	return true;
}

static void *work(void *arg)
{
	struct pool *p = arg;
	struct task t;

	lock_enter(&p->lock);
	while (take(p, &t)) {
		p->active++;
		lock_leave(&p->lock);
		t.fn(t.arg);
		lock_enter(&p->lock);
		p->active--;
		if (all_done(p))
			cond_wake_all(&p->idle);
	}
	lock_leave(&p->lock);
	return NULL;
}

/* ---- from outside ---- */

struct pool *pool_open(const char *name, size_t threads, size_t queue_max)
{
	struct pool *p = mem_zalloc(sizeof(*p));

	if (!threads)
		misuse("pool_open: pool '%s' of 0 threads", name);
	if (!queue_max)
		misuse("pool_open: pool '%s' with room for 0 tasks", name);
	p->ring = mem_array(queue_max, sizeof(*p->ring));
	p->max = queue_max;
	lock_init(&p->lock);
	cond_init(&p->work);
	cond_init(&p->room);
	cond_init(&p->idle);
	snprintf(p->name, sizeof(p->name), "%.10s", name);
	pool_grow(p, threads);
	return p;
}

void pool_grow(struct pool *p, size_t threads)
{
	lock_enter(&p->lock);
	if (!p->closed && threads > p->most) {
		p->threads = mem_realloc(p->threads, threads * sizeof(struct thread *));
		p->most = threads;
	}
	lock_leave(&p->lock);
}

void pool_be_patient(struct pool *p, size_t tasks)
{
	lock_enter(&p->lock);
	p->patience = tasks;
	lock_leave(&p->lock);
}

/* ---- a task more (inside the lock) ---- */

static void start_thread(struct pool *p)
{
	char label[32]; /* 15 bytes of it show */

	snprintf(label, sizeof(label), "%s/%u", p->name, (unsigned)p->nthreads);
	p->threads[p->nthreads++] = thread_start(label, work, p);
}

/* A thread more for the tasks that wait, if those that are up are too few; true: who sleeps has to
 * be woken. A thread without a task is about to take one. */
static bool call_if_short(struct pool *p)
{
	size_t up = p->nthreads - p->asleep;

	if (up && (p->len <= p->patience * up || p->active + p->len <= up))
		return false;
	if (p->asleep) {
		p->asleep--;
		p->called++;
		return true;
	}
	if (p->nthreads < p->most)
		start_thread(p);
	return false;
}

static int put(struct pool *p, struct task t, bool wait, bool *wake)
{
	size_t at;

	while (wait && p->len == p->max && !p->closed) {
		p->putters++;
		cond_wait(&p->room, &p->lock, -1);
		p->putters--;
	}
	if (p->closed)
		return EPIPE;
	if (p->len == p->max)
		return EAGAIN;
	at = p->first + p->len;
	p->ring[at < p->max ? at : at - p->max] = t;
	if (++p->len > p->high_water)
		p->high_water = p->len;
	*wake = call_if_short(p);
	return 0;
}

/* Who sleeps is woken once the lock is left, or it would run into it and sleep again. */
static int apply(struct pool *p, void (*fn)(void *), void *arg, bool wait)
{
	bool wake = false;
	int error;

	lock_enter(&p->lock);
	error = put(p, (struct task){fn, arg}, wait, &wake);
	if (error && all_done(p))
		cond_wake_all(&p->idle);
	lock_leave(&p->lock);
	if (wake)
		cond_wake(&p->work);
	if (!error)
		return 0;
	errno = error;
	return -1;
}

int pool_apply(struct pool *p, void (*fn)(void *), void *arg)
{
	return apply(p, fn, arg, true);
}

int pool_try_apply(struct pool *p, void (*fn)(void *), void *arg)
{
	return apply(p, fn, arg, false);
}

void pool_wait(struct pool *p)
{
	lock_enter(&p->lock);
	while (!all_done(p))
		cond_wait(&p->idle, &p->lock, -1);
	lock_leave(&p->lock);
}

void pool_close(struct pool *p)
{
	lock_enter(&p->lock);
	p->closed = true; /* and no thread more */
	cond_wake_all(&p->work);
	cond_wake_all(&p->room);
	lock_leave(&p->lock);
}

void pool_join(struct pool *p)
{
	if (!p->closed)
		misuse("pool_join: close the pool first, or its threads never end");
	if (p->joined)
		return;
	for (size_t i = 0; i < p->nthreads; i++)
		thread_join(p->threads[i]);
	p->joined = true;
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	pool_close(p);
	pool_join(p);
	cond_release(&p->idle);
	cond_release(&p->room);
	cond_release(&p->work);
	lock_release(&p->lock);
	free(p->threads);
	free(p->ring);
	free(p);
}

size_t pool_threads(const struct pool *p)
{
	return p->most;
}

static size_t look_at(struct pool *p, const size_t *number)
{
	size_t n;

	lock_enter(&p->lock);
	n = *number;
	lock_leave(&p->lock);
	return n;
}

size_t pool_started(struct pool *p)
{
	return look_at(p, &p->nthreads);
}

size_t pool_active(struct pool *p)
{
	return look_at(p, &p->active);
}

size_t pool_queued(struct pool *p)
{
	return look_at(p, &p->len);
}

size_t pool_high_water(struct pool *p)
{
	return look_at(p, &p->high_water);
}
