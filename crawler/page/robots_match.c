#include "crawler/page/robots_match.h"

#include <string.h>

static int hex(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_unreserved(unsigned char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' ||
	       c == '.' || c == '_' || c == '~';
}

/* Characters that stand raw in a URL but are not the same as their escapes (RFC 3986). */
static bool is_reserved(unsigned char c)
{
	return c && strchr(":/?#[]@!$&'()*+,;=", c) != NULL;
}

static void add_escape(struct buf *out, unsigned char c)
{
	static const char digits[] = "0123456789ABCDEF";
	char s[3] = {'%', digits[c >> 4], digits[c & 15]};

	buf_add(out, s, 3);
}

static void add_raw(struct buf *out, unsigned char c)
{
	if (is_unreserved(c) || is_reserved(c))
		buf_add_ch(out, c);
	else
		add_escape(out, c);
}

/* The octet of an escape at p, or -1. */
static int escape(const char *p, size_t len)
{
	if (len < 3 || p[0] != '%' || hex((unsigned char)p[1]) < 0 || hex((unsigned char)p[2]) < 0)
		return -1;
	return hex((unsigned char)p[1]) << 4 | hex((unsigned char)p[2]);
}

void robots_path_add(const char *path, size_t len, bool folded, struct buf *out)
{
	size_t i;

	for (i = 0; i < len; i++) {
		int c = escape(path + i, len - i);

		if (c < 0) {
			add_raw(out, (unsigned char)path[i]);
			continue;
		}
		i += 2;
		if (is_unreserved((unsigned char)c) || (folded && (c == '*' || c == '$')))
			buf_add_ch(out, c);
		else
			add_escape(out, (unsigned char)c);
	}
}

static bool has_folded(const char *path, size_t len)
{
	size_t i;

	for (i = 0; i + 2 < len; i++) {
		int c = escape(path + i, len - i);

		if (c == '*' || c == '$')
			return true;
	}
	return false;
}

struct robots_pattern robots_pattern_add(const char *path, size_t len, struct buf *out)
{
	struct robots_pattern p = {.off = out->len};
	size_t stars = 0, from = 0, i;

	p.folded = has_folded(path, len);
	p.end = len && path[len - 1] == '$';
	if (p.end)
		len--;
	for (i = 0; i <= len; i++) {
		if (i < len && path[i] != '*')
			continue;
		robots_path_add(path + from, i - from, p.folded, out);
		from = i + 1;
		if (i == len)
			break;
		/* Several stars in a row are one, but count as octets. */
		if (out->len > p.off && out->data[out->len - 1] == ROBOTS_STAR)
			stars++;
		else
			buf_add_ch(out, ROBOTS_STAR);
	}
	p.len = out->len - p.off;
	p.octets = p.len + stars + p.end;
	return p;
}

bool robots_pattern_match(
	const char *pattern, size_t pattern_len, bool end, const char *path, size_t path_len)
{
	const char *stop = pattern + pattern_len, *at = path, *path_end = path + path_len;
	bool first = true;

	for (;;) {
		const char *star = memchr(pattern, ROBOTS_STAR, (size_t)(stop - pattern));
		size_t n = (size_t)((star ? star : stop) - pattern), left = (size_t)(path_end - at);

		if (n > left)
			return false;
		if (first) {
			if (memcmp(at, pattern, n))
				return false;
		} else if (!star && end) {
			at = path_end - n;
			if (memcmp(at, pattern, n))
				return false;
		} else if (n) {
			at = memmem(at, left, pattern, n);
			if (!at)
				return false;
		}
		at += n;
		if (!star)
			return !end || at == path_end;
		first = false;
		pattern = star + 1;
	}
}
