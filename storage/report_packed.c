/* report_packed.c - links read out of their JSON, one after the other, without building it.
 *
 * The form is the store's own: [[target, kind, text, rel], ...]. A file may have been changed
 * by others, so nothing is taken for granted: what does not fit ends the pack. */
#include <string.h>

#include "storage/report_int.h"

/* After the string's end quote, or NULL. The bytes between the quotes stay as they are. */
static const char *read_string(
	const char *p, const char *end, const char **text, size_t *len, bool *escaped)
{
	const char *start = ++p;

	*escaped = false;
	while (p < end && *p != '"') {
		if (*p == '\\') {
			*escaped = true;
			p++;
		}
		p++;
	}
	if (p >= end)
		return NULL;
	*text = start;
	*len = (size_t)(p - start);
	return p + 1;
}

/* A string or null. */
static const char *read_value(
	const char *p, const char *end, const char **text, size_t *len, bool *escaped)
{
	*text = NULL;
	*len = 0;
	*escaped = false;
	if (p < end && *p == '"')
		return read_string(p, end, text, len, escaped);
	return end - p >= 4 && !memcmp(p, "null", 4) ? p + 4 : NULL;
}

const char *report_next_link(const char *p, const char *end, struct report_packed *l)
{
	const char **texts[] = {&l->url, &l->kind, &l->text, &l->rel};
	size_t *lens[] = {&l->url_len, &l->kind_len, &l->text_len, &l->rel_len};
	bool unused = false, *escaped[] = {&l->url_escaped, &unused, &l->text_escaped, &unused};
	size_t at = 0;

	memset(l, 0, sizeof(*l));
	if (p < end && (*p == '[' || *p == ','))
		p++;
	if (p >= end || *p != '[')
		return NULL;
	do {
		p = at < 4 ? read_value(p + 1, end, texts[at], lens[at], escaped[at]) : NULL;
		at++;
	} while (p && p < end && *p == ',');
	if (!p || p >= end || *p != ']' || !l->url)
		return NULL;
	return p + 1;
}

static int hex4(const char *s, const char *end, unsigned *out)
{
	*out = 0;
	if (end - s < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = s[i];
		unsigned v = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
			     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
			     : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
						    : 99;
		if (v > 15)
			return -1;
		*out = *out << 4 | v;
	}
	return 0;
}

static void add_utf8(struct buf *out, unsigned cp)
{
	if (cp < 0x80) {
		buf_add_ch(out, (int)cp);
	} else if (cp < 0x800) {
		buf_add_ch(out, (int)(0xc0 | cp >> 6));
		buf_add_ch(out, (int)(0x80 | (cp & 0x3f)));
	} else if (cp < 0x10000) {
		buf_add_ch(out, (int)(0xe0 | cp >> 12));
		buf_add_ch(out, (int)(0x80 | (cp >> 6 & 0x3f)));
		buf_add_ch(out, (int)(0x80 | (cp & 0x3f)));
	} else {
		buf_add_ch(out, (int)(0xf0 | cp >> 18));
		buf_add_ch(out, (int)(0x80 | (cp >> 12 & 0x3f)));
		buf_add_ch(out, (int)(0x80 | (cp >> 6 & 0x3f)));
		buf_add_ch(out, (int)(0x80 | (cp & 0x3f)));
	}
}

/* \uXXXX at s (after the u), with the second half of a pair. How many bytes were read. */
static size_t unescape_u(struct buf *out, const char *s, const char *end)
{
	unsigned cp, low;

	if (hex4(s, end, &cp) < 0)
		return 0;
	if (cp >= 0xd800 && cp < 0xdc00 && end - s >= 10 && s[4] == '\\' && s[5] == 'u' &&
		hex4(s + 6, end, &low) == 0 && low >= 0xdc00 && low < 0xe000) {
		add_utf8(out, 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00));
		return 10;
	}
	add_utf8(out, cp >= 0xd800 && cp < 0xe000 ? 0xfffd : cp);
	return 4;
}

void report_unescape(struct buf *out, const char *s, size_t len)
{
	static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
	const char *end = s + len, *at;

	while (s < end) {
		if (*s != '\\' || s + 1 == end) {
			buf_add_ch(out, *s++);
			continue;
		}
		s++;
		if (*s == 'u') {
			s++;
			s += unescape_u(out, s, end);
		} else {
			at = *s ? strchr(from, *s) : NULL;
			buf_add_ch(out, at ? to[at - from] : *s);
			s++;
		}
	}
}
