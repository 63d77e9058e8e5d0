/* backlog.h - the far part of a host's queue: URLs by id, in a few bytes each.
 *
 * First in, first out; ids ascend. The text and all else of a URL is in the store; here are the
 * distance to the id before it and, where it is not 0, a small number that goes with it.
 * One to three bytes per URL, in chunks that grow from 48 bytes to 2 KiB, so that a host
 * with a few URLs does not hold a page. O(1).
 */
#ifndef SKITTER_CRAWLER_BACKLOG_H
#define SKITTER_CRAWLER_BACKLOG_H

#include <stddef.h>
#include <stdint.h>

struct backlog_chunk;

struct backlog { /* all zero = empty */
	struct backlog_chunk *first, *last;
	uint64_t n;
	uint64_t last_id; /* put last */
	uint64_t next_id; /* the one backlog_get gives next, while n > 0 */
	uint64_t got_id;  /* given last */
	uint32_t at;	  /* read so far of the first chunk */
};

/* Adds (removes) what is allocated to (from) *bytes. */
void backlog_put(struct backlog *b, uint64_t id, uint32_t extra, size_t *bytes);
uint64_t backlog_get(struct backlog *b, uint32_t *extra, size_t *bytes); /* n > 0 */
void backlog_release(struct backlog *b, size_t *bytes);

#endif
