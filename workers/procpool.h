/* procpool.h - a pool of worker processes of one role: tasks in, answers out.
 *
 * As Python's multiprocessing.Pool: apply with a callback, close, join. Made for workers
 * that read hostile bytes and may crash, hang or lie at any time; none of that costs more than
 * the task at hand.
 *
 *   task     a message of up to PROCPOOL_MSG_MAX bytes over the worker's own two-way pipe, where
 *            those that go together are one; bodies stay in the slots' arena, which the worker maps
 *            read-only
 *   answer   bytes in the worker's own answer area (shared memory, sparse, sealed in size) and
 *            one small message that tells status and length
 *
 * A worker computes one task at a time. PROCPOOL_DEPTH tasks may be in its hands (the others wait
 * in the pipe, so that the worker need not wait for our loop between tasks: measured, a saturated
 * pool did 1.4 times the tasks with two that it did with one, and crawls went 1.1 times as fast
 * with four); each has an answer area of its own. The one that is being computed bears the deadline
 * and the blame for a crash; those that waited behind it go back to the head of the queue.
 *
 * A worker that dies, overruns, or says what cannot be (a length beyond its area, an answer
 * nobody asked for) is killed and waited for before anybody is told and before its area is
 * used again. It is replaced at once, later when it keeps dying without an answer
 * (back-off up to 2 s). When workers cannot even start ten times in a row, what is queued
 * is answered PROC_CRASHED instead of waiting for ever.
 *
 * Threads: everything on the loop's thread. Callbacks come from the event base (or from inside
 * procpool_join and procpool_free) on the main stack, may apply further tasks, and must not
 * join or free the pool. The pool never waits on a pipe.
 */
#ifndef SKITTER_WORKERS_PROCPOOL_H
#define SKITTER_WORKERS_PROCPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/err.h"

#define PROCPOOL_MSG_MAX ((size_t)16384)
#define PROCPOOL_DEPTH	 4

struct event_base;
struct procpool;

struct procpool_opts {
	const char *role;
	size_t workers;
	struct event_base *base; /* NULL: the pool runs inside procpool_step and _join only */
	size_t answer_size;	 /* of each answer area, bytes */
	size_t depth;		 /* tasks in a worker's hands, up to PROCPOOL_DEPTH; 0: that many */
	int readonly_fd;	 /* the slots' arena; -1: none. Stays the caller's */
	size_t arena_size;
	int64_t deadline_ms; /* per task, from when its computing may begin; 0: none */
	/* Further arguments of the role, NULL-terminated; may be NULL. */
	const char *const *extra_args;
};

enum procpool_result {
	PROC_DONE,     /* answer, len and status hold */
	PROC_CRASHED,  /* the worker ended or lied; exit_status as in proc_join */
	PROC_DEADLINE, /* it was killed for taking too long */
	PROC_CLOSED,   /* the pool was freed before the task was answered */
};

/* `answer` points into the shared area: the worker may still write there, so copy what is
 * needed before checking it, and before returning. NULL with len 0 unless PROC_DONE. len <=
 * answer_size was checked. */
typedef void procpool_fn(void *arg, enum procpool_result r, const void *answer, size_t len,
	uint32_t status, int exit_status);

/* Starts the workers and waits until the first one is ready (it has reached its first
 * procpool_worker_get, so its sandbox stands). NULL with err when it ends before that. */
struct procpool *procpool_open(const struct procpool_opts *opts, struct err *err);

/* The same in two steps, for who has something to do meanwhile. Tasks may be applied in between.
 * wait_ready: 0, or -1 with err; the pool is then to be freed. */
struct procpool *procpool_start(const struct procpool_opts *opts);
int procpool_wait_ready(struct procpool *pool, struct err *err);

/* Queues a task, first in, first out; the callback comes exactly once, later. -1 with errno:
 * EPIPE closed, EMSGSIZE. The list has no limit of its own, since slots bound it. */
int procpool_apply(
	struct procpool *pool, const void *msg, size_t msg_len, procpool_fn *fn, void *arg);

void procpool_close(struct procpool *pool); /* no more tasks; workers get EOF when all is done */

/* Waits, handling answers, until a closed pool has no task and no process left. Blocks the
 * caller, not to be used inside a callback of the pool. -1 with errno ETIMEDOUT. */
int procpool_join(struct procpool *pool, int64_t timeout_ms);

/* Waits up to timeout_ms for something to happen and handles what has: for commands that have no
 * event loop. Same rule as join. 0, or -1 with errno ETIMEDOUT. */
int procpool_step(struct procpool *pool, int64_t timeout_ms);

/* Kills what still runs, answers what is left PROC_CLOSED. NULL is fine. */
void procpool_free(struct procpool *pool);

int procpool_resize(struct procpool *pool, size_t workers); /* surplus workers finish their task */

size_t procpool_workers(const struct procpool *pool);
size_t procpool_queued(const struct procpool *pool);	 /* not yet with a worker */
size_t procpool_busy(const struct procpool *pool);	 /* workers that compute */
size_t procpool_restarts(const struct procpool *pool);	 /* workers that had to be replaced */
size_t procpool_high_water(const struct procpool *pool); /* of the queue */

struct procpool_seat {
	size_t index;
	pid_t pid; /* 0: none at the moment */
	/* "starting", "idle", "busy", "killed", "backing off", "leaving", "gone" */
	const char *state;
	bool busy;
	int64_t age_ms; /* in that state or with that task */
	uint64_t done;	/* tasks answered, all processes of this seat together */
	uint32_t restarts;
};
void procpool_census(
	struct procpool *pool, void (*fn)(void *arg, const struct procpool_seat *seat), void *arg);

/* ---- the worker's side, in the role function ------------------------------------------------ */

struct procpool_worker {
	int fd;
	const void *arena; /* NULL without one */
	size_t arena_size;
	void *answer; /* where the answer to the last get belongs: another with each */
	size_t answer_size;
	/* procpool_worker.c: */
	size_t stride;
	char *areas;
	uint64_t seq;
	size_t have, at; /* bytes of the message that came last; what was got of them */
	bool ready;
};

/* Maps descriptors 3 (pipe), 4 (answer areas) and 5 (arena, read-only). Before the sandbox. */
int procpool_worker_open(struct procpool_worker *w, int argc, char **argv, struct err *err);
/* The next task's message; 0: leave; -1 with errno. The first call says "ready". */
ssize_t procpool_worker_get(struct procpool_worker *w, void *msg, size_t cap);
/* The answer to it: exactly one put for each get. 0 or -1 with errno. */
int procpool_worker_put(struct procpool_worker *w, uint32_t status, size_t answer_len);

#endif
