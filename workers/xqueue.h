/* xqueue.h - a bounded queue across processes.
 *
 * Messages of 0 to item_max bytes, first in, first out, any number of producers and consumers
 * in any number of processes. Opened before proc_fork: the children inherit the
 * mapping (processes started by role do not; they get pipes). Home: `batch`.
 *
 * It survives its users: the lock is robust, so when a process dies holding it the next one
 * takes over, and the content is right at every instruction a process can die at (a message
 * is counted in by one store, after its bytes, and out by one store). A message handed
 * out to a process that then dies is gone with it.
 *
 * put and get wait while there is no room or nothing to take; timeout_ms < 0 waits
 * for ever, 0 only tries. Errors are -1 with errno. Any thread of any sharing process.
 */
#ifndef SKITTER_WORKERS_XQUEUE_H
#define SKITTER_WORKERS_XQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct xqueue;

/* max_items cells of item_max bytes in one shared mapping. Never fails (as mem.h). */
struct xqueue *xqueue_open(size_t max_items, size_t item_max);

/* 0; -1: ETIMEDOUT no room in time, EPIPE closed, EMSGSIZE len > item_max. */
int xqueue_put(struct xqueue *q, const void *msg, size_t len, int64_t timeout_ms);

/* The message's length; -1: ETIMEDOUT, EPIPE closed and empty, EMSGSIZE longer than
 * cap (the message stays). */
ssize_t xqueue_get(struct xqueue *q, void *msg, size_t cap, int64_t timeout_ms);

void xqueue_close(struct xqueue *q); /* for everybody: no more puts, gets drain. Repeatable */
void xqueue_free(struct xqueue *q);  /* this process's view; the last one frees the memory */

size_t xqueue_len(struct xqueue *q);
size_t xqueue_high_water(struct xqueue *q);
unsigned xqueue_recovered(struct xqueue *q); /* how often a holder of the lock died */

#endif
