/* checkpoint.h - moving the write-ahead log into the database while the crawl goes on.
 *
 * A checkpoint waits for the disk twice (fsync of the log, fsync of the database), a
 * hundred milliseconds each on slow disks, and pages held by the writer hold up the crawl.
 * So a thread with a connection of its own does it whenever the log has grown by a few
 * megabytes. The log can only begin anew when all of it has been moved, which seldom
 * happens while somebody writes: so when the thread is done, the writer moves what was
 * committed meanwhile. Where that holds it up, the disk is slow, and the log may grow
 * longer before it is moved.
 *
 * Thread: all of these from the writer's.
 */
#ifndef SKITTER_STORAGE_CHECKPOINT_H
#define SKITTER_STORAGE_CHECKPOINT_H

#include <sqlite3.h>
#include <stdint.h>

#include "config/err.h"

struct checkpoint;

/* `db` is the writer's connection, `path` must outlive it. */
struct checkpoint *checkpoint_open(sqlite3 *db, const char *path, struct err *err);
/* After each COMMIT. -1: the disk is full or fails; nothing committed is lost. */
int checkpoint_tick(struct checkpoint *cp, struct err *err);
/* How often the thread moved something, and the time the writer itself was held up. */
uint64_t checkpoint_count(struct checkpoint *cp, uint64_t *held_up_ns);
void checkpoint_close(struct checkpoint *cp); /* waits for one that runs; NULL is fine */

#endif
