#include "crawler/seen.h"

#include <stdlib.h>

#include "config/mem.h"

#define SHARDS 256

struct shard {
	uint64_t *slots; /* 0 = empty: key 0 is kept as 1 */
	uint32_t size;
	uint32_t used;
};

struct seen {
	struct shard shards[SHARDS];
	uint64_t count;
	size_t bytes;
};

struct seen *seen_open(void)
{
	return mem_zalloc(sizeof(struct seen));
}

void seen_free(struct seen *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < SHARDS; i++)
		free(s->shards[i].slots);
	free(s);
}

/* Maps the middle bits onto [0, size) without a division; size need not be a power of two. */
static uint32_t home(uint64_t key, uint32_t size)
{
	return (uint32_t)(((key & 0xffffffff) * size) >> 32);
}

static uint64_t *find(const struct shard *sh, uint64_t key)
{
	uint32_t i = home(key, sh->size);

	while (sh->slots[i] && sh->slots[i] != key)
		if (++i == sh->size)
			i = 0;
	return &sh->slots[i];
}

static void grow(struct seen *s, struct shard *sh)
{
	struct shard bigger = {NULL, sh->size ? sh->size + sh->size / 2 : 16, sh->used};

	bigger.slots = mem_array(bigger.size, sizeof(uint64_t));
	for (uint32_t i = 0; i < sh->size; i++)
		if (sh->slots[i])
			*find(&bigger, sh->slots[i]) = sh->slots[i];
	s->bytes += (bigger.size - sh->size) * sizeof(uint64_t);
	free(sh->slots);
	*sh = bigger;
}

bool seen_has(const struct seen *s, uint64_t key)
{
	const struct shard *sh = &s->shards[key >> 56];

	key += !key;
	return sh->size && *find(sh, key) == key;
}

bool seen_add(struct seen *s, uint64_t key)
{
	struct shard *sh = &s->shards[key >> 56];
	uint64_t *slot;

	key += !key;
	if (sh->used >= sh->size - sh->size / 4)
		grow(s, sh);
	slot = find(sh, key);
	if (*slot == key)
		return false;
	*slot = key;
	sh->used++;
	s->count++;
	return true;
}

void seen_remove(struct seen *s, uint64_t key)
{
	struct shard *sh = &s->shards[key >> 56];
	uint32_t hole, i;

	key += !key;
	if (!sh->size || *find(sh, key) != key)
		return;
	hole = (uint32_t)(find(sh, key) - sh->slots);
	sh->slots[hole] = 0;
	sh->used--;
	s->count--;
	/* Put the rest of the run back in, so that no probe stops at the new hole. */
	for (i = hole + 1 == sh->size ? 0 : hole + 1; sh->slots[i];
		i = i + 1 == sh->size ? 0 : i + 1) {
		uint64_t moved = sh->slots[i];
		sh->slots[i] = 0;
		*find(sh, moved) = moved;
	}
}

uint64_t seen_count(const struct seen *s)
{
	return s->count;
}

size_t seen_bytes(const struct seen *s)
{
	return s->bytes + sizeof(*s);
}
