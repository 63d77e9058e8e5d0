/* buf.h - a growing byte buffer.
 *
 * Contract: `data` is never NULL and always ends in a NUL that `len` does not
 * count, so a buffer of text is a C string. buf_init needs no memory; release
 * gives the memory back and leaves a usable empty buffer; take hands the memory
 * to the caller (free() it) and leaves the buffer empty.
 */
#ifndef SKITTER_CONFIG_BUF_H
#define SKITTER_CONFIG_BUF_H

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t len;
	size_t cap; /* 0 while data points at the shared empty string */
};

extern char buf_empty[1];
#define BUF_INIT                \
	{                       \
		buf_empty, 0, 0 \
	}

void buf_init(struct buf *b);
void buf_release(struct buf *b);
void buf_recycle(struct buf *b, size_t keep); /* buf_reset; memory beyond `keep` goes back */
void buf_add(struct buf *b, const void *data, size_t len);
void buf_add_str(struct buf *b, const char *s);
void buf_add_ch(struct buf *b, int c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
char *buf_take(struct buf *b);
void buf_enlarge(struct buf *b, size_t extra); /* buf_grow where there is no room yet */

/* Room for extra more bytes. */
static inline void buf_grow(struct buf *b, size_t extra)
{
	if (b->len + extra >= b->cap)
		buf_enlarge(b, extra);
}

/* len <= cap; after writing into grown room. */
static inline void buf_set_len(struct buf *b, size_t len)
{
	assert(len == 0 || len < b->cap);
	b->len = len;
	if (b->cap)
		b->data[len] = '\0';
}

/* len = 0, memory kept. */
static inline void buf_reset(struct buf *b)
{
	buf_set_len(b, 0);
}

#endif
