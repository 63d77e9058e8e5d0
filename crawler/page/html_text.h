/* html_text.h - the main text of a document: what a reader sees, without its layout.
 *
 * Contract: text comes in pieces that hold whole characters. White space (the no-break and the
 * ideographic space included) becomes one space, the border of a block one
 * newline; none of either at the ends. A word is what stands between white
 * space; of ideographs and kana each is a word. At most `max` bytes are kept, words
 * are counted to the end.
 *
 * A slice is a part of that text somebody wants to have (a heading, the text of a
 * link): text_slice_open says where it starts, text_slice gives what was added since, at most
 * HTML_SLICE_MAX bytes. Slices may nest; each open is followed by one close.
 */
#ifndef SKITTER_PAGE_HTML_TEXT_H
#define SKITTER_PAGE_HTML_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/buf.h"

#define HTML_SLICE_MAX 4096

enum html_gap {
	GAP_NONE,
	GAP_SPACE,
	GAP_BREAK,
};

struct html_text {
	struct buf out;
	size_t max;
	uint32_t words;
	uint8_t gap; /* enum html_gap that comes before the next word */
	bool in_word;
	bool cut;
	unsigned slices; /* open ones */
	size_t limit;	 /* out.len never exceeds this: max, more while a slice is open */
};

void html_text_begin(struct html_text *t, size_t max);
/* `room` bytes may be read from s on, at least len: what is there makes it quicker, whatever it is.
 */
void html_text_add(struct html_text *t, const char *s, size_t len, size_t room);

/* Text from s on, up to '<' or '&', but not beyond anything that is not plain; returns where that
 * was. It may stop earlier, too, also in the middle of a letter: near the end, when the buffer is
 * full, or everywhere if the machine knows no way. */
const char *html_text_run(struct html_text *t, const char *s, const char *end);
void html_text_add_ch(struct html_text *t, char c); /* ASCII */

static inline void html_text_gap(struct html_text *t, enum html_gap gap)
{
	if (t->gap < gap)
		t->gap = (uint8_t)gap;
	t->in_word = false;
}

/* The largest n <= len at which s can be cut without cutting a character. */
size_t html_text_border(const char *s, size_t len, size_t n);
void html_text_cut(struct html_text *t); /* to max bytes; for html_text_slice_close */

static inline size_t html_text_slice_open(struct html_text *t)
{
	size_t most = t->out.len + HTML_SLICE_MAX;

	t->slices++;
	if (t->limit < most)
		t->limit = most;
	return t->out.len;
}

static inline void html_text_slice_close(struct html_text *t)
{
	if (--t->slices)
		return;
	t->limit = t->max;
	if (t->out.len > t->max)
		html_text_cut(t);
}

/* The text since `start`, without white space before it; newlines are in it. Valid until
 * the next call. */
static inline const char *html_text_slice(const struct html_text *t, size_t start, size_t *len)
{
	const char *s = t->out.data + start, *end = t->out.data + t->out.len;

	while (s < end && (*s == ' ' || *s == '\n'))
		s++;
	*len = (size_t)(end - s);
	if (*len > HTML_SLICE_MAX)
		*len = html_text_border(s, *len, HTML_SLICE_MAX);
	return s;
}

/* Appends a slice, or its end, on one line, at most max bytes. */
void html_text_add_slice(struct buf *out, const char *s, size_t len, size_t max);
/* Appends s with white space collapsed to single spaces and none at the ends, at most max bytes. */
void html_text_collapse(struct buf *out, const char *s, size_t len, size_t max);

#endif
