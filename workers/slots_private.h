/* slots_private.h - shared by slots.c (who has which slot) and slots_pages.c (which of them have
 * memory).
 */
#ifndef SKITTER_WORKERS_SLOTS_PRIVATE_H
#define SKITTER_WORKERS_SLOTS_PRIVATE_H

#include <pthread.h>

#include "workers/slots.h"

#define GRAIN ((size_t)64 * 1024) /* credit is handed out in these */

/* A class of slots of one size. The free ones are a stack: the last one given back, whose
 * pages are in the CPU's cache, is on top. */
struct shelf {
	struct slot *slots;
	struct slot **free;
	size_t n, nfree;
	size_t cold; /* small ones: so many, at the bottom, have no pages */
	size_t size;
};

struct slots {
	int fd;
	char *arena;
	size_t arena_size;
	struct shelf small, big;
	size_t credit;	     /* bytes that big slots may have together */
	size_t lent;	     /* and have, with what they hold beside */
	size_t big_warm;     /* pages of free ones, which go when the credit is wanted */
	size_t reserved;     /* of the credit, for the one who waits */
	size_t small_credit; /* bytes that small slots may have */
	size_t small_used;   /* and have: the sum of `touched` */
	size_t free_used;    /* of that, in free ones */
	size_t warm;	     /* and how much of that there may be, with those of big ones */
	pthread_t thread;
};

void slots_check_thread(const struct slots *s);
void slots_check_len(const struct slot *slot);

/* ---- slots_pages.c ---- */

void slots_note_touched(struct slots *s, struct slot *slot); /* what was written without telling */
void slots_cool(struct slots *s, struct slot *slot);	     /* a small one: all its pages go */
bool slots_cool_coldest(struct slots *s); /* the small one longest unused; false: none has any */
void slots_cool_big(struct slots *s, struct slot *slot, size_t keep);
void slots_fit_warm(struct slots *s); /* what is lent and what is warm fit the credit together */
void slots_rest_big(struct slots *s, struct slot *slot);
/* Which of the free slots has most nearly the pages for `want` bytes, as an index; SLOTS_NONE where
 * that is `own`, which may be NULL. */
#define SLOTS_NONE SIZE_MAX
size_t slots_best(const struct shelf *shelf, const struct slot *own, size_t want);

#endif
