/* room.h - a number of bytes that coroutines take from and give back to; who finds too few waits.
 *
 * First come, first served: a large wish is not passed by small ones for ever. A wish larger than
 * all there is, is served when everything has come back. Embedded where it belongs, nothing to
 * release; loop thread only.
 */
#ifndef SKITTER_CRAWLER_ROOM_H
#define SKITTER_CRAWLER_ROOM_H

#include <stdbool.h>
#include <stddef.h>

#include "workers/co.h"
#include "workers/wait.h"

struct room {
	size_t most, used, high;
	bool open;		/* room_open: nobody waits any more */
	struct co *first;	/* who is served next, while it waits */
	struct waitlist served; /* that one */
	struct waitlist others;
};

void room_init(struct room *r, size_t most);
WAITS void room_take(struct room *r, size_t n);
void room_give(struct room *r, size_t n);
/* From now on there is always room: the crawl ends at once, memory or not. */
void room_open(struct room *r);

#endif
