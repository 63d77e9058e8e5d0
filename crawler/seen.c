#include "crawler/seen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "config/mem.h"

#define SHARD_BITS 12
#define SHARDS	   (1u << SHARD_BITS)
#define PAGE_SLOTS 512 /* of 4 KiB */
#define OWN_STEP   128 /* tables get pages of their own from 128, 256, ... 1,024 slots on */

/* A slot: 52 bits of the key that the shard does not tell, the mark, and 1 = taken. */
#define SLOT(key)   ((key) << SHARD_BITS | 1)
#define ORDER(slot) ((slot) >> SHARD_BITS)
#define MARK(slot)  ((unsigned)((slot) >> 1) & SEEN_MARK_MAX)
#define MARK_MASK   ((uint64_t)SEEN_MARK_MAX << 1)

struct shard {
	uint64_t *slots; /* 0 = empty; taken ones ascend */
	uint32_t size;
	uint32_t used;
};

struct seen {
	struct shard shards[SHARDS];
	uint64_t count;
	size_t bytes;
};

/* From here on a table has pages of its own, which the kernel moves when it grows: freed tables
 * leave no holes. Not all at the same time: the others take what the first ones left of the heap.
 */
static uint32_t own_from(const struct seen *s, const struct shard *sh)
{
	return (uint32_t)((sh - s->shards) % 8 + 1) * OWN_STEP;
}

struct seen *seen_open(void)
{
	return mem_zalloc(sizeof(struct seen));
}

void seen_free(struct seen *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *sh = &s->shards[i];
		if (sh->size >= own_from(s, sh))
			munmap(sh->slots, sh->size * sizeof(uint64_t));
		else
			free(sh->slots);
	}
	free(s);
}

/* Where the search for it begins: its upper bits mapped onto the table without a division.
 * Nothing has its home in the last slots, so that a run there need not wrap around. */
static uint32_t home(uint64_t slot, uint32_t size)
{
	return (uint32_t)(((slot >> 32) * (size - size / 64 - 2)) >> 32);
}

/* Where it is or belongs; `size` if that is behind the end. */
static uint32_t find(const struct shard *sh, uint64_t slot)
{
	uint32_t i = home(slot, sh->size);

	while (i < sh->size && sh->slots[i] && ORDER(sh->slots[i]) < ORDER(slot))
		i++;
	return i;
}

/* ---- growing ---- */

static uint32_t pages(uint32_t slots)
{
	return (slots + PAGE_SLOTS - 1) / PAGE_SLOTS * PAGE_SLOTS;
}

static uint32_t next_size(uint32_t size, uint32_t own)
{
	if (!size)
		return 8;
	if (size >= own)
		return size + pages(size / 5);
	size += size < 64 ? size / 2 : size / 4;
	return size < own ? size : pages(size);
}

/* Whether the keys have room in a table of this size, each at its home or right behind. */
static bool fits(const struct shard *sh, uint32_t size)
{
	uint32_t end = 0;

	for (uint32_t i = 0; i < sh->size; i++) {
		uint32_t h;
		if (!sh->slots[i])
			continue;
		h = home(sh->slots[i], size);
		end = (h > end ? h : end) + 1;
	}
	return end <= size;
}

static uint64_t *resize(uint64_t *slots, uint32_t from, uint32_t to, uint32_t own)
{
	size_t old = from * sizeof(uint64_t), bytes = to * sizeof(uint64_t);
	uint64_t *p;

	if (to < own)
		return mem_realloc(slots, bytes);
	if (from >= own)
		p = mremap(slots, old, bytes, MREMAP_MAYMOVE);
	else
		p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		mem_fail();
	if (from && from < own) {
		memcpy(p, slots, old);
		free(slots);
	}
	return p;
}

/* In place: all to the end, in order, then one by one to their places. None of these can be
 * behind the one that is still to be read, since the rest has room behind it. */
static void grow(struct seen *s, struct shard *sh)
{
	uint32_t own = own_from(s, sh), size = next_size(sh->size, own), from, end = 0;

	while (!fits(sh, size))
		size = next_size(size, own);
	sh->slots = resize(sh->slots, sh->size, size, own);
	from = size;
	for (uint32_t i = sh->size; i-- > 0;)
		if (sh->slots[i])
			sh->slots[--from] = sh->slots[i];
	for (; from < size; from++) {
		uint64_t slot = sh->slots[from];
		uint32_t h = home(slot, size);
		if (h < end)
			h = end;
		memset(sh->slots + end, 0, (h - end) * sizeof(uint64_t));
		sh->slots[h] = slot;
		end = h + 1;
	}
	memset(sh->slots + end, 0, (size - end) * sizeof(uint64_t));
	s->bytes += (size - sh->size) * sizeof(uint64_t);
	sh->size = size;
}

/* ---- what is asked ---- */

static uint64_t *lookup(const struct seen *s, uint64_t key)
{
	const struct shard *sh = &s->shards[key >> (64 - SHARD_BITS)];
	uint64_t slot = SLOT(key);
	uint32_t i = find(sh, slot);

	if (i >= sh->size || ORDER(sh->slots[i]) != ORDER(slot) || !sh->slots[i])
		return NULL;
	return &sh->slots[i];
}

bool seen_has(const struct seen *s, uint64_t key)
{
	return s->shards[key >> (64 - SHARD_BITS)].size && lookup(s, key);
}

void seen_prefetch(const struct seen *s, uint64_t key)
{
	const struct shard *sh = &s->shards[key >> (64 - SHARD_BITS)];

	if (sh->size)
		__builtin_prefetch(&sh->slots[home(SLOT(key), sh->size)]);
}

/* Moves the run that begins at i up by one. False: it ends at the end of the table. */
static bool make_room(struct shard *sh, uint32_t i)
{
	uint32_t end = i;

	while (end < sh->size && sh->slots[end])
		end++;
	if (end >= sh->size)
		return false;
	memmove(sh->slots + i + 1, sh->slots + i, (end - i) * sizeof(uint64_t));
	return true;
}

bool seen_add(struct seen *s, uint64_t key)
{
	struct shard *sh = &s->shards[key >> (64 - SHARD_BITS)];
	uint64_t slot = SLOT(key);
	uint32_t i;

	if (sh->size && lookup(s, key))
		return false;
	if (sh->used >= sh->size - sh->size / 8)
		grow(s, sh);
	i = find(sh, slot);
	while (!make_room(sh, i)) {
		grow(s, sh);
		i = find(sh, slot);
	}
	sh->slots[i] = slot;
	sh->used++;
	s->count++;
	return true;
}

unsigned seen_mark(const struct seen *s, uint64_t key)
{
	return seen_has(s, key) ? MARK(*lookup(s, key)) : 0;
}

void seen_set_mark(struct seen *s, uint64_t key, unsigned mark)
{
	uint64_t *slot = seen_has(s, key) ? lookup(s, key) : NULL;

	if (slot)
		*slot = (*slot & ~MARK_MASK) | ((uint64_t)mark << 1 & MARK_MASK);
}

uint64_t seen_count(const struct seen *s)
{
	return s->count;
}

size_t seen_bytes(const struct seen *s)
{
	return s->bytes + sizeof(*s);
}
