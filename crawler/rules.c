#include "crawler/rules.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "config/mem.h"

struct rules {
	struct robots *read; /* NULL = not now */
	size_t read_size;
	struct rules *newer, *older; /* while it is read */
	uint32_t len, packed_len;
	char packed[]; /* as it is where packed_len == len */
};

void rulebook_init(struct rulebook *b, const char *agent, size_t most)
{
	*b = (struct rulebook){.agent = agent, .most = most};
	map_init(&b->said);
}

void rulebook_release(struct rulebook *b)
{
	map_release(&b->said, NULL);
}

/* ---- the file ---- */

struct rules *rules_make(struct rulebook *b, const char *text, size_t len)
{
	size_t cap = len, got;
	char *packed = mem_alloc(cap);
	struct rules *r;

	if (len > UINT32_MAX)
		len = UINT32_MAX;
	got = ZSTD_compress(packed, cap, text, len, 1);
	if (ZSTD_isError(got) || got >= len) /* no room: it would not have become smaller */
		got = len;
	r = mem_zalloc(sizeof(*r) + got);
	r->len = (uint32_t)len;
	r->packed_len = (uint32_t)got;
	memcpy(r->packed, got == len ? text : packed, got);
	free(packed);
	b->packed += got;
	return r;
}

void rules_text(const struct rules *r, struct buf *out)
{
	size_t got;

	if (r->packed_len == r->len) {
		buf_add(out, r->packed, r->len);
		return;
	}
	buf_grow(out, r->len);
	got = ZSTD_decompress(out->data + out->len, r->len, r->packed, r->packed_len);
	if (got != r->len) /* our own bytes */
		abort();
	buf_set_len(out, out->len + r->len);
}

/* ---- what is read ---- */

static void take_out(struct rulebook *b, struct rules *r)
{
	*(r->newer ? &r->newer->older : &b->newest) = r->older;
	*(r->older ? &r->older->newer : &b->oldest) = r->newer;
	r->newer = r->older = NULL;
}

static void put_first(struct rulebook *b, struct rules *r)
{
	r->older = b->newest;
	*(b->newest ? &b->newest->newer : &b->oldest) = r;
	b->newest = r;
}

static void forget(struct rulebook *b, struct rules *r)
{
	if (!r->read)
		return;
	take_out(b, r);
	robots_free(r->read);
	r->read = NULL;
	b->read -= r->read_size;
}

const struct robots *rules_read(struct rulebook *b, struct rules *r)
{
	struct buf text = BUF_INIT;

	if (r->read) {
		if (b->newest != r) {
			take_out(b, r);
			put_first(b, r);
		}
		return r->read;
	}
	rules_text(r, &text);
	r->read = robots_parse(text.data, text.len, b->agent);
	buf_release(&text);
	r->read_size = robots_memory(r->read);
	b->read += r->read_size;
	put_first(b, r);
	while (b->read > b->most && b->oldest != r)
		forget(b, b->oldest);
	return r->read;
}

void rules_free(struct rulebook *b, struct rules *r)
{
	if (!r)
		return;
	forget(b, r);
	b->packed -= r->packed_len;
	free(r);
}

const char *rules_forbid(struct rulebook *b, struct rules *r, const char *path, size_t len)
{
	const char *rule;

	if (robots_allowed(rules_read(b, r), path, len, &rule, NULL))
		return NULL;
	return map_key_of(map_put(&b->said, rule, strlen(rule)));
}
