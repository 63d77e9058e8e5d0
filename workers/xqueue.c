#include "workers/xqueue.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "config/clock.h"
#include "config/mem.h"
#include "workers/futex.h"
#include "workers/misuse.h"

/* A process may die between changing the queue and waking those who wait for the change.
 * Nobody sleeps longer than this without looking. */
#define LOOK_MS 200

/* A place to wait. `changes` counts what happened; sleeping is FUTEX_WAIT on the number seen
 * under the lock, so a change in between is not missed. (A pthread condition would not do:
 * it is not robust, a process killed inside it leaves the others hanging.) */
struct gate {
	_Atomic uint32_t changes;
	_Atomic uint32_t waiting; /* too high after a death, which costs a system call per change */
};

/* The shared mapping: this, then max_items cells. */
struct shared {
	pthread_mutex_t lock; /* robust, process-shared; guards all below */
	/* Invariant: head <= tail <= head + max_items; the messages are head .. tail - 1. Each
	 * operation changes exactly one of the two, with one store, as its last step. */
	uint64_t head, tail;
	uint64_t high_water;
	uint32_t closed;
	uint32_t recovered;
	struct gate items, room; /* to wait for a message, for room */
};

struct cell {
	size_t len;
	char data[];
};

struct xqueue {
	struct shared *shared;
	size_t max_items, item_max;
	size_t cell_size, map_size;
};

static size_t aligned(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

struct xqueue *xqueue_open(size_t max_items, size_t item_max)
{
	struct xqueue *q = mem_zalloc(sizeof(*q));
	size_t cells;
	q->max_items = max_items;
	q->item_max = item_max;
	if (max_items == 0 || item_max > SIZE_MAX / 2)
		misuse("a queue of %zu messages of %zu bytes", max_items, item_max);
	q->cell_size = aligned(sizeof(struct cell) + item_max);
	if (__builtin_mul_overflow(max_items, q->cell_size, &cells) ||
		__builtin_add_overflow(cells, aligned(sizeof(struct shared)), &q->map_size))
		misuse("a queue of %zu messages of %zu bytes", max_items, item_max);
	q->shared = mmap(NULL, q->map_size, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (q->shared == MAP_FAILED)
		misuse("no shared memory for a queue of %zu messages of %zu bytes: %s", max_items,
			item_max, strerror(errno));
	pthread_mutexattr_t attr;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&q->shared->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	return q;
}

void xqueue_free(struct xqueue *q)
{
	if (!q)
		return;
	/* The mutex is not destroyed: other processes may still use it. */
	munmap(q->shared, q->map_size);
	free(q);
}

static void lock(struct xqueue *q)
{
	int rc = pthread_mutex_lock(&q->shared->lock);
	if (rc == EOWNERDEAD) {
		/* Whatever the dead one was doing is either done or has not happened. */
		q->shared->recovered++;
		pthread_mutex_consistent(&q->shared->lock);
	} else if (rc != 0) {
		misuse("the lock of a queue across processes: %s", strerror(rc));
	}
}

static void unlock(struct xqueue *q)
{
	pthread_mutex_unlock(&q->shared->lock);
}

static struct cell *cell_at(struct xqueue *q, uint64_t n)
{
	char *cells = (char *)q->shared + aligned(sizeof(struct shared));
	return (struct cell *)(void *)(cells + n % q->max_items * q->cell_size);
}

/* ---- waiting ------------------------------------------------------------------------------- */

/* Under the lock. Says whether somebody has to be woken after it. */
static bool gate_change(struct gate *g)
{
	atomic_fetch_add(&g->changes, 1);
	return atomic_load(&g->waiting) > 0;
}

static void gate_wake(struct gate *g, bool all)
{
	futex(&g->changes, FUTEX_WAKE, all ? INT32_MAX : 1, NULL);
}

/* Called under the lock, returns under it. False: the time is over. */
static bool gate_wait(struct xqueue *q, struct gate *g, int64_t end)
{
	int64_t left = end - clock_ms();
	if (left <= 0)
		return false;
	if (left > LOOK_MS)
		left = LOOK_MS;
	struct timespec ts = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
	uint32_t seen = atomic_load(&g->changes);
	atomic_fetch_add(&g->waiting, 1);
	unlock(q);
	futex(&g->changes, FUTEX_WAIT, seen, &ts);
	atomic_fetch_sub(&g->waiting, 1);
	lock(q);
	return true;
}

static int64_t end_of(int64_t timeout_ms)
{
	return timeout_ms < 0 ? INT64_MAX : clock_ms() + timeout_ms;
}

/* ---- put, get ------------------------------------------------------------------------------ */

int xqueue_put(struct xqueue *q, const void *msg, size_t len, int64_t timeout_ms)
{
	struct shared *s = q->shared;
	int ret = -1;
	bool wake = false;
	if (len > q->item_max) {
		errno = EMSGSIZE;
		return -1;
	}
	int64_t end = end_of(timeout_ms);
	lock(q);
	while (!s->closed && s->tail - s->head == q->max_items) {
		if (!gate_wait(q, &s->room, end)) {
			errno = ETIMEDOUT;
			goto out;
		}
	}
	if (s->closed) {
		errno = EPIPE;
		goto out;
	}
	struct cell *cell = cell_at(q, s->tail);
	cell->len = len;
	if (len)
		memcpy(cell->data, msg, len);
	/* Dying before the next line leaves the queue as it was, after it the message is in. */
	__atomic_store_n(&s->tail, s->tail + 1, __ATOMIC_RELEASE);
	if (s->tail - s->head > s->high_water)
		s->high_water = s->tail - s->head;
	wake = gate_change(&s->items);
	ret = 0;
out:
	unlock(q);
	if (wake)
		gate_wake(&s->items, false);
	return ret;
}

ssize_t xqueue_get(struct xqueue *q, void *msg, size_t cap, int64_t timeout_ms)
{
	struct shared *s = q->shared;
	ssize_t ret = -1;
	bool wake = false;
	int64_t end = end_of(timeout_ms);
	lock(q);
	while (!s->closed && s->tail == s->head) {
		if (!gate_wait(q, &s->items, end)) {
			errno = ETIMEDOUT;
			goto out;
		}
	}
	if (s->tail == s->head) {
		errno = EPIPE;
		goto out;
	}
	const struct cell *cell = cell_at(q, s->head);
	if (cell->len > cap) {
		errno = EMSGSIZE;
		goto out;
	}
	if (cell->len)
		memcpy(msg, cell->data, cell->len);
	ret = (ssize_t)cell->len;
	__atomic_store_n(&s->head, s->head + 1, __ATOMIC_RELEASE);
	wake = gate_change(&s->room);
out:
	unlock(q);
	if (wake)
		gate_wake(&s->room, false);
	return ret;
}

void xqueue_close(struct xqueue *q)
{
	lock(q);
	q->shared->closed = 1;
	gate_change(&q->shared->items);
	gate_change(&q->shared->room);
	unlock(q);
	gate_wake(&q->shared->items, true);
	gate_wake(&q->shared->room, true);
}

/* ---- counts -------------------------------------------------------------------------------- */

size_t xqueue_len(struct xqueue *q)
{
	lock(q);
	size_t n = (size_t)(q->shared->tail - q->shared->head);
	unlock(q);
	return n;
}

size_t xqueue_high_water(struct xqueue *q)
{
	lock(q);
	size_t n = (size_t)q->shared->high_water;
	unlock(q);
	return n;
}

unsigned xqueue_recovered(struct xqueue *q)
{
	lock(q);
	unsigned n = q->shared->recovered;
	unlock(q);
	return n;
}
