/* pool.h - a pool of threads that apply functions.
 *
 * pool_close: nothing more may be applied, what is queued still runs. pool_join: waits
 * for that and for the threads to end. pool_free does both if need be.
 * A thread is started when a task finds all that were started at work, so a pool that may be large
 * costs what it is used for.
 * Threads: pool_apply from any, also from a task (with care: a task that waits for room
 * in its own pool may wait for itself); close, join and free from one.
 */
#ifndef SKITTER_WORKERS_POOL_H
#define SKITTER_WORKERS_POOL_H

#include <stddef.h>

struct pool;

/* Up to `threads`, named "name/0", "name/1", ... */
struct pool *pool_open(const char *name, size_t threads, size_t queue_max);
int pool_apply(
	struct pool *p, void (*fn)(void *), void *arg); /* waits for room; -1 EPIPE: closed */
int pool_try_apply(struct pool *p, void (*fn)(void *), void *arg); /* -1 EAGAIN: full */
void pool_wait(struct pool *p); /* until all that was applied has run */
void pool_close(struct pool *p);
void pool_join(struct pool *p);
void pool_free(struct pool *p);
void pool_grow(struct pool *p, size_t threads); /* from the thread that opened it; never fewer */
/* Tasks may wait, so many for each thread that is up, before another is woken or started: less
 * sleeping and waking where they are short. 0 unless told; then a task must not wait for another.
 */
void pool_be_patient(struct pool *p, size_t tasks);
size_t pool_threads(const struct pool *p); /* how many it may have */
size_t pool_started(struct pool *p);	   /* how many it has */
size_t pool_active(struct pool *p);	   /* tasks that run now */
size_t pool_queued(struct pool *p);
size_t pool_high_water(struct pool *p); /* most tasks that ever waited */

#endif
