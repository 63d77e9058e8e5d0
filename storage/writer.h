/* writer.h - the thread that writes: one transaction per batch, in ticket order. */
#ifndef SKITTER_STORAGE_WRITER_H
#define SKITTER_STORAGE_WRITER_H

struct store;

void writer_start(struct store *st);
/* Writes all that is ready up to the first gap, unless it has failed, then joins. Every
 * item must have been packed by now (the pool is gone). */
void writer_stop(struct store *st);

#endif
