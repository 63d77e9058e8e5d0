#include "crawler/page/css.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_newline(char c)
{
	return c == '\n' || c == '\r' || c == '\f';
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || (unsigned char)c >= 0x80;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind the escape at p: a backslash, and six hexadecimal digits with a white space, or anything.
 */
static const char *skip_escape(const char *p, const char *end)
{
	int digits = 0;

	if (++p == end)
		return end;
	while (p < end && digits < 6 && hex(*p) >= 0)
		p++, digits++;
	if (p + 1 < end && p[0] == '\r' && p[1] == '\n')
		return p + 2;
	if (!digits)
		return p + 1;
	return p < end && is_space(*p) ? p + 1 : p;
}

void css_begin(struct css *c, const char *text, size_t len)
{
	*c = (struct css){.p = text, .end = text + len, .text = text};
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	return p;
}

/* A name with its escapes. */
static const char *skip_name(const char *p, const char *end)
{
	while (p < end && (is_name(*p) || (*p == '\\' && p + 1 < end && !is_newline(p[1]))))
		p = *p == '\\' ? skip_escape(p, end) : p + 1;
	return p;
}

/* Behind the closing quote of the string at p, whose content is *out; a line that ends in it
 * breaks it: then *good is false. At the end of the text it counts as closed. */
static const char *read_string(
	const char *p, const char *end, struct css_url *out, const char *text, bool *good)
{
	char quote = *p++;
	const char *start = p;

	*good = true;
	while (p < end && *p != quote) {
		if (is_newline(*p)) {
			*good = false;
			return p;
		}
		p = *p == '\\' ? skip_escape(p, end) : p + 1;
	}
	*out = (struct css_url){(size_t)(start - text), (size_t)(p - start)};
	return p < end ? p + 1 : end;
}

/* Behind the ) of what cannot be a URL. */
static const char *skip_bad_url(const char *p, const char *end)
{
	while (p < end && *p != ')')
		p = *p == '\\' ? skip_escape(p, end) : p + 1;
	return p < end ? p + 1 : end;
}

/* p is behind "url(". */
static const char *read_url(
	const char *p, const char *end, struct css_url *out, const char *text, bool *good)
{
	const char *start;

	p = skip_space(p, end);
	if (p < end && (*p == '"' || *p == '\''))
		return read_string(p, end, out, text, good);
	start = p;
	while (p < end && *p != ')' && !is_space(*p)) {
		if (*p == '"' || *p == '\'' || *p == '(' || (unsigned char)*p < 0x20) {
			*good = false;
			return skip_bad_url(p, end);
		}
		p = *p == '\\' ? skip_escape(p, end) : p + 1;
	}
	*out = (struct css_url){(size_t)(start - text), (size_t)(p - start)};
	p = skip_space(p, end);
	*good = p == end || *p == ')';
	return *good ? (p < end ? p + 1 : end) : skip_bad_url(p, end);
}

static const char *skip_comment(const char *p, const char *end)
{
	const char *close = memmem(p + 2, (size_t)(end - p - 2), "*/", 2);

	return close ? close + 2 : end;
}

bool css_next(struct css *c, struct css_url *out)
{
	while (c->p < c->end) {
		const char *p = c->p, *end = c->end, *q;
		bool good = false, import = c->import;

		if (*p == '/' && p + 1 < end && p[1] == '*') {
			c->p = skip_comment(p, end);
		} else if (is_space(*p)) {
			c->p = skip_space(p, end);
		} else if (*p == '"' || *p == '\'') {
			c->p = read_string(p, end, out, c->text, &good);
			c->import = false;
			if (good && import)
				return true;
		} else if (is_name(*p) || *p == '@' || *p == '\\') {
			q = skip_name(p + 1, end);
			c->import = q - p == 7 && !strncasecmp(p, "@import", 7);
			c->p = q;
			if (q - p != 3 || strncasecmp(p, "url", 3) || q == end || *q != '(')
				continue;
			c->p = read_url(q + 1, end, out, c->text, &good);
			if (good && out->len)
				return true;
		} else {
			c->p++;
			c->import = false;
		}
	}
	return false;
}

/* ---- escapes ---- */

static void add_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_add_ch(out, (int)c);
	} else if (c < 0x800) {
		buf_add_ch(out, (int)(0xc0 | c >> 6));
		buf_add_ch(out, (int)(0x80 | (c & 63)));
	} else {
		if (c < 0x10000) {
			buf_add_ch(out, (int)(0xe0 | c >> 12));
		} else {
			buf_add_ch(out, (int)(0xf0 | c >> 18));
			buf_add_ch(out, (int)(0x80 | (c >> 12 & 63)));
		}
		buf_add_ch(out, (int)(0x80 | (c >> 6 & 63)));
		buf_add_ch(out, (int)(0x80 | (c & 63)));
	}
}

/* p is behind the backslash, at a hexadecimal digit. */
static const char *add_code_point(struct buf *out, const char *p, const char *end)
{
	uint32_t code = 0;

	for (int i = 0; i < 6 && p < end && hex(*p) >= 0; i++)
		code = code * 16 + (uint32_t)hex(*p++);
	if (!code || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		code = 0xfffd;
	add_utf8(out, code);
	if (p < end && *p == '\r' && p + 1 < end && p[1] == '\n')
		return p + 2;
	return p < end && is_space(*p) ? p + 1 : p;
}

void css_unescape(struct buf *out, const char *raw, size_t len)
{
	const char *p = raw, *end = raw + len;

	while (p < end) {
		const char *back = memchr(p, '\\', (size_t)(end - p));

		buf_add(out, p, (size_t)((back ? back : end) - p));
		if (!back)
			return;
		p = back + 1;
		if (p == end)
			return;
		if (hex(*p) >= 0)
			p = add_code_point(out, p, end);
		else if (*p == '\r' && p + 1 < end && p[1] == '\n')
			p += 2;
		else if (is_newline(*p))
			p++;
		else
			buf_add_ch(out, *p++);
	}
}
