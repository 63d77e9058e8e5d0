#include "workers/pool.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/mem.h"
#include "workers/misuse.h"
#include "workers/queue.h"
#include "workers/thread.h"

struct task {
	void (*fn)(void *);
	void *arg;
};

struct pool {
	struct queue *queue; /* of struct task */
	char name[12];
	size_t most; /* threads */
	bool joined;

	struct lock lock; /* of what follows */
	struct cond idle;
	struct thread **threads;
	size_t nthreads;
	bool closed;
	size_t active;
	size_t left; /* applied and not finished */
};

static void finished(struct pool *p)
{
	lock_enter(&p->lock);
	p->active--;
	if (!--p->left)
		cond_wake_all(&p->idle);
	lock_leave(&p->lock);
}

static void *work(void *arg)
{
	struct pool *p = arg;
	struct task *t;

	while ((t = queue_get(p->queue))) {
		lock_enter(&p->lock);
		p->active++;
		lock_leave(&p->lock);
		t->fn(t->arg);
		free(t);
		finished(p);
	}
	return NULL;
}

struct pool *pool_open(const char *name, size_t threads, size_t queue_max)
{
	struct pool *p = mem_zalloc(sizeof(*p));

	if (!threads)
		misuse("pool_open: pool '%s' of 0 threads", name);
	p->queue = queue_open(queue_max);
	lock_init(&p->lock);
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

/* Inside the lock. Whoever has no task is about to take one of those that wait. */
static void start_if_short(struct pool *p)
{
	char label[32]; /* 15 bytes of it show */

	if (p->closed || p->nthreads == p->most || p->left <= p->nthreads)
		return;
	snprintf(label, sizeof(label), "%s/%u", p->name, (unsigned)p->nthreads);
	p->threads[p->nthreads++] = thread_start(label, work, p);
}

static int apply(struct pool *p, void (*fn)(void *), void *arg, int (*put)(struct queue *, void *))
{
	struct task *t = mem_alloc(sizeof(*t));

	t->fn = fn;
	t->arg = arg;
	/* Counted first: a task must not be finished before it counts. */
	lock_enter(&p->lock);
	p->left++;
	start_if_short(p);
	lock_leave(&p->lock);
	if (!put(p->queue, t))
		return 0;

	int error = errno;

	free(t);
	lock_enter(&p->lock);
	if (!--p->left)
		cond_wake_all(&p->idle);
	lock_leave(&p->lock);
	errno = error;
	return -1;
}

int pool_apply(struct pool *p, void (*fn)(void *), void *arg)
{
	return apply(p, fn, arg, queue_put);
}

int pool_try_apply(struct pool *p, void (*fn)(void *), void *arg)
{
	return apply(p, fn, arg, queue_try_put);
}

void pool_wait(struct pool *p)
{
	lock_enter(&p->lock);
	while (p->left)
		cond_wait(&p->idle, &p->lock, -1);
	lock_leave(&p->lock);
}

void pool_close(struct pool *p)
{
	lock_enter(&p->lock);
	p->closed = true; /* and no thread more */
	lock_leave(&p->lock);
	queue_close(p->queue);
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
	queue_free(p->queue);
	cond_release(&p->idle);
	lock_release(&p->lock);
	free(p->threads);
	free(p);
}

size_t pool_threads(const struct pool *p)
{
	return p->most;
}

size_t pool_started(struct pool *p)
{
	size_t n;

	lock_enter(&p->lock);
	n = p->nthreads;
	lock_leave(&p->lock);
	return n;
}

size_t pool_active(struct pool *p)
{
	size_t n;

	lock_enter(&p->lock);
	n = p->active;
	lock_leave(&p->lock);
	return n;
}

size_t pool_queued(struct pool *p)
{
	return queue_len(p->queue);
}

size_t pool_high_water(struct pool *p)
{
	return queue_high_water(p->queue);
}
