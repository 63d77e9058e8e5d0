#include "workers/queue.h"

#include <errno.h>
#include <stdlib.h>

#include "config/mem.h"
#include "workers/misuse.h"
#include "workers/thread.h"

/* A ring behind one lock. Whoever changes it wakes another only if somebody is known to
 * wait (the counts), so an unhurried queue costs no system call. What was put is told once the
 * lock is left, or who wakes up would run into it and sleep again. */
struct queue {
	struct lock lock;
	struct cond not_empty, not_full;
	size_t getters, putters; /* that wait */
	void **ring;
	size_t max, first, len;
	size_t high_water;
	bool closed;
};

struct queue *queue_open(size_t max)
{
	struct queue *q = mem_zalloc(sizeof(*q));

	if (!max)
		misuse("queue_open: a queue of 0 items");
	lock_init(&q->lock);
	cond_init(&q->not_empty);
	cond_init(&q->not_full);
	q->ring = mem_array(max, sizeof(*q->ring));
	q->max = max;
	return q;
}

void queue_free(struct queue *q)
{
	if (!q)
		return;
	cond_release(&q->not_full);
	cond_release(&q->not_empty);
	lock_release(&q->lock);
	free(q->ring);
	free(q);
}

void queue_close(struct queue *q)
{
	lock_enter(&q->lock);
	q->closed = true;
	cond_wake_all(&q->not_empty);
	cond_wake_all(&q->not_full);
	lock_leave(&q->lock);
}

static int put(struct queue *q, void *item, bool wait)
{
	int error = 0;
	bool wake = false;

	if (!item)
		misuse("queue_put: NULL, which a get could not tell from a closed queue");
	lock_enter(&q->lock);
	while (wait && q->len == q->max && !q->closed) {
		q->putters++;
		cond_wait(&q->not_full, &q->lock, -1);
		q->putters--;
	}
	if (q->closed) {
		error = EPIPE;
	} else if (q->len == q->max) {
		error = EAGAIN;
	} else {
		size_t at = q->first + q->len;

		q->ring[at < q->max ? at : at - q->max] = item;
		if (++q->len > q->high_water)
			q->high_water = q->len;
		wake = q->getters;
	}
	lock_leave(&q->lock);
	if (wake)
		cond_wake(&q->not_empty);
	if (!error)
		return 0;
	errno = error;
	return -1;
}

int queue_put(struct queue *q, void *item)
{
	return put(q, item, true);
}

int queue_try_put(struct queue *q, void *item)
{
	return put(q, item, false);
}

/* With the lock held and something there. */
static void *take_first(struct queue *q)
{
	void *item = q->ring[q->first];

	if (++q->first == q->max)
		q->first = 0;
	q->len--;
	return item;
}

/* Waits, if it may, for at least one; takes up to max. */
static size_t get(struct queue *q, void **out, size_t max, bool wait, int64_t deadline_ms)
{
	size_t n = 0;
	int rc = 0;

	lock_enter(&q->lock);
	while (wait && !q->len && !q->closed && !rc) {
		q->getters++;
		rc = cond_wait(&q->not_empty, &q->lock, deadline_ms);
		q->getters--;
	}
	while (n < max && q->len)
		out[n++] = take_first(q);
	for (size_t i = 0; i < n && i < q->putters; i++)
		cond_wake(&q->not_full);
	if (!n)
		errno = q->closed ? EPIPE : wait ? ETIMEDOUT : EAGAIN;
	lock_leave(&q->lock);
	return n;
}

void *queue_get(struct queue *q)
{
	void *item;

	return get(q, &item, 1, true, -1) ? item : NULL;
}

void *queue_try_get(struct queue *q)
{
	void *item;

	return get(q, &item, 1, false, -1) ? item : NULL;
}

void *queue_get_until(struct queue *q, int64_t deadline_ms)
{
	void *item;

	return get(q, &item, 1, true, deadline_ms) ? item : NULL;
}

size_t queue_get_many(struct queue *q, void **out, size_t max)
{
	return get(q, out, max, true, -1);
}

size_t queue_len(struct queue *q)
{
	size_t n;

	lock_enter(&q->lock);
	n = q->len;
	lock_leave(&q->lock);
	return n;
}

size_t queue_high_water(struct queue *q)
{
	size_t n;

	lock_enter(&q->lock);
	n = q->high_water;
	lock_leave(&q->lock);
	return n;
}
