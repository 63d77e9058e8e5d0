#include "crawler/backlog.h"

#include <assert.h>
#include <stdlib.h>

#include "config/mem.h"

#define CHUNK_MIN  48
#define CHUNK_MAX  2048
#define RECORD_MAX 15 /* ten bytes of distance, five of extra */

struct backlog_chunk {
	struct backlog_chunk *next;
	uint16_t size; /* of all of it */
	uint16_t used; /* of data */
	uint8_t data[];
};

static size_t room(const struct backlog_chunk *c)
{
	return c->size - sizeof(*c) - c->used;
}

static void add_chunk(struct backlog *b, size_t *bytes)
{
	size_t size = b->last ? b->last->size * 4u : CHUNK_MIN;
	struct backlog_chunk *c;

	size = size < CHUNK_MAX ? size : CHUNK_MAX;
	c = mem_alloc(size);
	c->next = NULL;
	c->size = (uint16_t)size;
	c->used = 0;
	if (b->last)
		b->last->next = c;
	else
		b->first = c;
	b->last = c;
	*bytes += size;
}

static void drop_chunk(struct backlog *b, size_t *bytes)
{
	struct backlog_chunk *c = b->first;

	b->first = c->next;
	if (!b->first)
		b->last = NULL;
	b->at = 0;
	*bytes -= c->size;
	free(c);
}

/* Seven bits a byte, the lower ones first; the upper bit says that more follow. */
static void put_number(struct backlog_chunk *c, uint64_t v)
{
	for (; v > 127; v >>= 7)
		c->data[c->used++] = (uint8_t)(v | 128);
	c->data[c->used++] = (uint8_t)v;
}

static uint64_t get_number(const struct backlog_chunk *c, uint32_t *at)
{
	uint64_t v = 0;
	unsigned shift = 0;

	do
		v |= (uint64_t)(c->data[*at] & 127) << shift;
	while (shift += 7, c->data[(*at)++] & 128);
	return v;
}

/* The distance is there twice over, plus 1 if an extra follows. */
static uint64_t peek(const struct backlog *b)
{
	uint32_t at = b->at;

	return b->got_id + (get_number(b->first, &at) >> 1);
}

void backlog_put(struct backlog *b, uint64_t id, uint32_t extra, size_t *bytes)
{
	assert(id > b->last_id && id >> 62 == 0);
	if (!b->last || room(b->last) < RECORD_MAX)
		add_chunk(b, bytes);
	put_number(b->last, (id - b->last_id) << 1 | (extra != 0));
	if (extra)
		put_number(b->last, extra);
	b->last_id = id;
	if (!b->n++)
		b->next_id = peek(b);
}

uint64_t backlog_get(struct backlog *b, uint32_t *extra, size_t *bytes)
{
	uint64_t head = get_number(b->first, &b->at);

	b->got_id += head >> 1;
	*extra = head & 1 ? (uint32_t)get_number(b->first, &b->at) : 0;
	if (b->at == b->first->used)
		drop_chunk(b, bytes);
	if (--b->n)
		b->next_id = peek(b);
	return b->got_id;
}

void backlog_release(struct backlog *b, size_t *bytes)
{
	while (b->first)
		drop_chunk(b, bytes);
	b->n = 0;
}
