/* recall.h - URLs read back by id while the crawl writes.
 *
 * The queue of a crawl does not keep the text of what is far from its turn: it is in the
 * store, and comes back through here shortly before it is needed. One thread with a
 * connection of its own; all that waits for it is read in one short transaction, so
 * that it never keeps the write-ahead log from beginning anew for long.
 *
 * Only ids that are durable may be asked for. Ownership: recall_put gives the batch and all
 * it points to to the thread; done() gives it back, in the order they were put.
 * Threads: recall_put on one thread (the loop); done and failed are called on recall's own.
 * Close it before store_stop: the store leaves one plain file only when nobody else has it open.
 */
#ifndef SKITTER_STORAGE_RECALL_H
#define SKITTER_STORAGE_RECALL_H

#include <stdbool.h>
#include <stddef.h>

#include "config/buf.h"
#include "config/err.h"
#include "storage/store_read.h"

struct recall;

struct recall_batch {
	struct recall_batch *next; /* the thread's while it has the batch */
	struct store_url *urls;	   /* in: the id of each, ascending. Out: all that is in its row */
	size_t n;
	struct buf text; /* what the urls point to */
	bool ok;	 /* out: all were there */
};

struct recall_opts {
	void (*done)(void *arg, struct recall_batch *b);
	/* A read error, or a row that should be there and is not; once. done() follows with
	 * !ok, for this batch and for all that come. */
	void (*failed)(void *arg, const struct err *err);
	void *arg;
};

struct recall *recall_open(const char *path, const struct recall_opts *opts, struct err *err);
void recall_put(struct recall *r, struct recall_batch *b);
void recall_close(struct recall *r); /* does what is still to be done first; NULL is fine */

#endif
