/* queue.h - a bounded queue of pointers between threads: many put, many get.
 *
 * First in, first out. Closing wakes everybody: puts fail from then on, gets go on until
 * the queue is empty. Ownership of what is put passes through the queue; a failed
 * put leaves it with the caller. Threads: any; queue_free when nobody uses it any more.
 * NULL cannot be put.
 */
#ifndef SKITTER_WORKERS_QUEUE_H
#define SKITTER_WORKERS_QUEUE_H

#include <stddef.h>
#include <stdint.h>

struct queue;

struct queue *queue_open(size_t max);		/* room for max items, allocated at once */
int queue_put(struct queue *q, void *item);	/* waits for room; 0, or -1 EPIPE: closed */
int queue_try_put(struct queue *q, void *item); /* 0, or -1 EAGAIN: full, EPIPE: closed */
void *queue_get(struct queue *q);		/* waits; NULL: closed and empty */
void *queue_try_get(struct queue *q);		/* NULL: nothing there now */
/* As queue_get, but gives up at a clock_ms() value: NULL with errno ETIMEDOUT (or EPIPE). */
void *queue_get_until(struct queue *q, int64_t deadline_ms);
/* Waits for at least one item, then takes all there are, up to max. 0: closed and empty. */
size_t queue_get_many(struct queue *q, void **out, size_t max);
void queue_close(struct queue *q);
void queue_free(struct queue *q); /* must be empty, or what is in it is lost */
size_t queue_len(struct queue *q);
size_t queue_high_water(struct queue *q); /* most items it ever held */

#endif
