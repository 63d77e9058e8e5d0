/* gzip.c - a page as one gzip stream (RFC 1952), strung together from ready pieces. */
#include <endian.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "crawler/fakeweb/html.h"

#define STORED_MAX 65535
#define FRAME	   18 /* the longest: gzip's head and a block's */

struct stream {
	struct iovec *iov;
	size_t n;
	char *frame; /* the next free */
	uint32_t crc;
	size_t plain;
};

static void add(struct stream *s, const void *data, size_t len)
{
	s->iov[s->n++] = (struct iovec){(void *)(uintptr_t)data, len};
}

static void add_frame(struct stream *s, const void *data, size_t len)
{
	memcpy(s->frame, data, len);
	add(s, s->frame, len);
	s->frame += FRAME;
}

/* RFC 1951, 3.2.4: bytes as they are, behind their length and its complement. */
static void add_stored(struct stream *s, const char *data, size_t len)
{
	s->crc = libdeflate_crc32(s->crc, data, len);
	s->plain += len;
	while (len) {
		size_t now = len < STORED_MAX ? len : STORED_MAX;
		unsigned char head[5] = {0, (unsigned char)now, (unsigned char)(now >> 8),
			(unsigned char)~now, (unsigned char)(~now >> 8)};
		add_frame(s, head, sizeof(head));
		add(s, data, now);
		data += now;
		len -= now;
	}
}

static void add_piece(struct stream *s, const struct fake_piece *piece)
{
	s->crc = (uint32_t)crc32_combine_op(s->crc, piece->crc, piece->op);
	s->plain += piece->len;
	add(s, piece->deflated, piece->deflated_len);
}

static void add_end(struct stream *s)
{
	unsigned char end[13] = {1, 0, 0, 0xff, 0xff}; /* an empty last block */
	uint32_t crc = htole32(s->crc), plain = htole32((uint32_t)s->plain);

	memcpy(end + 5, &crc, 4);
	memcpy(end + 9, &plain, 4);
	add_frame(s, end, sizeof(end));
}

void fake_html_gzip(struct fake_html *b)
{
	static const unsigned char head[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255};
	struct stream s = {0};
	size_t most = 2;

	for (size_t i = 0; i < b->nparts; i++)
		most += 2 + 2 * (b->parts[i].to - b->parts[i].from) / STORED_MAX;
	b->zipped = mem_realloc(b->zipped, most * sizeof(*b->zipped));
	b->frames = mem_realloc(b->frames, most * FRAME);
	s.iov = b->zipped;
	s.frame = b->frames;
	add_frame(&s, head, sizeof(head));
	for (size_t i = 0; i < b->nparts; i++) {
		const struct fake_part *part = &b->parts[i];
		if (part->piece)
			add_piece(&s, part->piece);
		else
			add_stored(&s, b->own + part->from, part->to - part->from);
	}
	add_end(&s);
	b->out = s.iov;
	b->nout = s.n;
	b->len = 0;
	for (size_t i = 0; i < s.n; i++)
		b->len += s.iov[i].iov_len;
}
