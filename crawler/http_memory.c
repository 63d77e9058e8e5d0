/* http_memory.c - libcurl's memory: what it gives back is what it asks for next.
 *
 * A transfer allocates and frees fifty small blocks and a buffer of 64 KiB, the latter each time
 * merged with its neighbours and cut out again. Here, blocks that were given back wait on shelves
 * by size, last in, first out: warm in the processor's cache.
 *
 * Shelves belong to a thread. libcurl runs in one, the loop's; a block that another gives back goes
 * to shelves of its own.
 */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "crawler/http.h"

#define FINE	  32 /* steps of sizes up to SMALL, then */
#define SMALL	  1024
#define COARSE	  1024
#define LARGEST	  ((size_t)72 << 10)
#define NSHELVES  (SMALL / FINE + LARGEST / COARSE)
#define KEPT_MOST ((size_t)2 << 20) /* bytes on all shelves together */

#ifdef __SANITIZE_ADDRESS__ /* it could not tell who uses what was given back */
#define SHELVES false
#else
#define SHELVES true
#endif

/* Before what libcurl sees, whose alignment it keeps. */
struct block {
	size_t room;
	struct block *next; /* on a shelf */
};

_Static_assert(
	sizeof(struct block) % _Alignof(max_align_t) == 0, "blocks are aligned for anything");

static _Thread_local struct block *shelves[NSHELVES];
static _Thread_local size_t kept;

static size_t shelf_of(size_t room)
{
	return room <= SMALL ? (room - 1) / FINE : SMALL / FINE + (room - 1 - SMALL) / COARSE;
}

static size_t room_for(size_t n)
{
	size_t step = n <= SMALL ? FINE : COARSE;

	return n > LARGEST ? n : n ? (n + step - 1) / step * step : FINE;
}

static void *take(size_t n)
{
	size_t room = room_for(n);
	struct block *b;

	if (room <= LARGEST && (b = shelves[shelf_of(room)])) {
		shelves[shelf_of(room)] = b->next;
		kept -= room;
		return b + 1;
	}
	b = room <= SIZE_MAX - sizeof(*b) ? malloc(sizeof(*b) + room) : NULL;
	if (!b)
		return NULL;
	b->room = room;
	return b + 1;
}

static void give(void *p)
{
	struct block *b = p, **shelf;

	if (!p)
		return;
	b--;
	if (b->room > LARGEST || kept + b->room > KEPT_MOST) {
		free(b);
		return;
	}
	shelf = &shelves[shelf_of(b->room)];
	b->next = *shelf;
	*shelf = b;
	kept += b->room;
}

static void *take_zeroed(size_t n, size_t size)
{
	size_t all;
	void *p = __builtin_mul_overflow(n, size, &all) ? NULL : take(all);

	return p ? memset(p, 0, all) : NULL;
}

static void *take_more(void *p, size_t n)
{
	const struct block *b = p;
	void *more;

	if (p && n <= b[-1].room)
		return p;
	more = take(n);
	if (p && more) {
		memcpy(more, p, b[-1].room);
		give(p);
	}
	return more;
}

static char *take_copy(const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = take(n);

	return p ? memcpy(p, s, n) : NULL;
}

void http_global_init(void)
{
	if (SHELVES)
		curl_global_init_mem(
			CURL_GLOBAL_DEFAULT, take, give, take_more, take_copy, take_zeroed);
	else
		curl_global_init(CURL_GLOBAL_DEFAULT);
}
