/* slots.h - page bodies in shared memory that parsers can only read.
 *
 * One memfd holds all bodies, the arena: nsmall small slots, one per fetcher, and behind them nbig
 * big ones, sparse: address space costs nothing, a page exists once it was written.
 *
 *   A slot has one owner at a time: fetcher, parser, store, pool.
 *
 * slots_pass states each change and aborts where the code believes otherwise. The owner FETCHER
 * writes `data` up to `cap` and keeps `len`; PARSER and STORE read. A slot is given
 * back only after COMMIT, so "no slot, no fetch" bounds everything behind it.
 *
 * Two credits bound the memory, in bytes:
 *   small   what was ever written to small slots and not given back to the system. A free slot
 *           stays warm for its next page, as far as slots_set_warm allows; where the credit ends,
 *           the pages of slots that hold nothing go first, then slots_touch says no.
 *   big     the `cap` of big slots, and what their owners need beside (`extra`: a body inflated
 *           or compressed). A body of unknown length asks in steps, one that said its length
 *           for that. All that a page needs it asks for at once, so that nobody waits holding
 *           what another waits for. Of what nobody has, free slots keep some warm.
 *
 * Read-only: the descriptor for parsers is the arena opened again O_RDONLY: a writable mapping,
 * mprotect, write and truncate are refused by the kernel. (Opening it once more through
 * /proc/self/fd is refused by the sandbox, which opens nothing. Sealing FUTURE_WRITE would
 * refuse our own hole punching too. The size is sealed: nobody can make us fault.)
 *
 * Threads: all functions on the thread that opened it, the loop's; storage threads hand slots
 * back through the loop's door. Checked: another thread aborts.
 */
#ifndef SKITTER_WORKERS_SLOTS_H
#define SKITTER_WORKERS_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/err.h"

enum slot_owner { SLOT_FREE, SLOT_FETCHER, SLOT_PARSER, SLOT_STORE };

struct slot {
	uint32_t index; /* in its class */
	bool big;
	char *data; /* cap bytes; contents of a fresh slot are unspecified */
	size_t cap;
	size_t len;	       /* set by the fetcher: bytes that count */
	enum slot_owner owner; /* changed by slots_pass only */
	int64_t since_ms;      /* clock_ms of the last change of owner */
	uint64_t offset;       /* of data in the arena, what a parser is told */
	void *user;	       /* the owner's; NULL when taken */
	size_t extra;	       /* credit it holds beside cap: slots_grow_with, slots_borrow */
	size_t touched;	       /* slots.c: the most bytes ever written since the last hole punch;
				* of a big one that is given back: that may have been */
};

struct slots;

/* Sizes are rounded up to whole pages. NULL with err: no memory of that size. */
struct slots *slots_open(
	size_t nsmall, size_t small_size, size_t nbig, size_t big_size, struct err *err);
void slots_close(struct slots *s);

/* Bytes that big slots may have together (default nbig * big_size). May be changed
 * at any time; what was granted stays granted. */
void slots_set_credit(struct slots *s, size_t bytes);

/* Bytes that small slots may have together (default: all of them whole). */
void slots_set_small_credit(struct slots *s, size_t bytes);

/* Bytes that free slots may keep for their next page (default: all that small ones have), big ones
 * up to half of it: above that, the pages of those that were unused for longest go. */
void slots_set_warm(struct slots *s, size_t bytes);

/* Who waits for big credit says how much: others leave that alone from now on, so that it comes
 * together for him. 0 = nobody waits. */
void slots_reserve(struct slots *s, size_t bytes);

/* Before bytes are written to a slot, up to `end`: false where a small slot has no credit for
 * them. A big one has its own already. */
bool slots_touch(struct slots *s, struct slot *slot, size_t end);
/* Appends, within `cap`: false, and nothing done, where slots_touch says so. */
bool slots_write(struct slots *s, struct slot *slot, const char *data, size_t n);
/* Credit left for small slots, warm pages of slots that hold nothing counted as left. */
size_t slots_small_left(struct slots *s);

struct slot *slots_take(struct slots *s); /* a small one, len 0, owner FETCHER; NULL: none free */
/* The same for who waits before he writes: one without pages, those are for others meanwhile. */
struct slot *slots_take_bare(struct slots *s);
/* Before a body of `want` bytes comes into an empty slot: another in its place, where a free one
 * has more nearly the pages for it (0, not known: any pages); `user` and `extra` come along. A big
 * one is returned as it is. */
struct slot *slots_fit(struct slots *s, struct slot *slot, size_t want);

/* Moves the len bytes into a big slot of cap big_size and gives the small one back; `user`
 * comes along. NULL when no big one is free or no credit is left: the small one is as it was. */
struct slot *slots_grow(struct slots *s, struct slot *small);

/* The same, asking for `want` bytes only (rounded up to 64 KiB, at most big_size). A big slot given
 * in grows in place; a slot that has the room already is returned as it is. */
struct slot *slots_grow_to(struct slots *s, struct slot *slot, size_t want);
/* The same with `extra` bytes of credit beside (what it has of them already counts; more than
 * there is at all means all there is). `reserved`: it is the one that slots_reserve was for. */
struct slot *slots_grow_with(
	struct slots *s, struct slot *slot, size_t want, size_t extra, bool reserved);
/* Only the credit, up to `extra` in all; given back with the slot, or by borrowing less. */
bool slots_borrow(struct slots *s, struct slot *slot, size_t extra, bool reserved);

void slots_pass(struct slot *slot, enum slot_owner from, enum slot_owner to);

/* Back to the pool, from any owner but the pool. It keeps pages, warm for the next body, as far as
 * slots_set_warm allows: a page of memory given back and taken anew costs about 5 us, 250 us for
 * 256 KiB, on the loop. */
void slots_give(struct slots *s, struct slot *slot);

/* The arena opened read-only, CLOEXEC; the caller closes it. */
int slots_readonly_fd(struct slots *s, struct err *err);

size_t slots_arena_size(const struct slots *s);
size_t slots_small_size(const struct slots *s);
size_t slots_big_size(const struct slots *s);
size_t slots_free_count(const struct slots *s); /* small slots to be had */
size_t slots_in_use(const struct slots *s);	/* small and big ones taken */
size_t slots_credit_left(const struct slots *s);
size_t slots_touched_bytes(const struct slots *s); /* memory the arena really has */
const char *slots_owner_name(enum slot_owner owner);

/* Every slot that is taken. */
void slots_census(struct slots *s, void (*fn)(void *arg, const struct slot *slot), void *arg);

#endif
