/* url_set.h - what each byte means to the URL parser: one table, one lookup.
 *
 * Private to url*.c and host*.c. The names are those of the URL Standard; every
 * percent-encode set contains the C0 control set (and so every non-ASCII byte).
 */
#ifndef SKITTER_CRAWLER_PAGE_URL_SET_H
#define SKITTER_CRAWLER_PAGE_URL_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum url_set {
	SET_C0 = 1 << 0, /* C0 control percent-encode set */
	SET_FRAGMENT = 1 << 1,
	SET_QUERY = 1 << 2,
	SET_SPECIAL_QUERY = 1 << 3,
	SET_PATH = 1 << 4,
	SET_USERINFO = 1 << 5,
	SET_FORBIDDEN_HOST = 1 << 6,   /* forbidden host code point */
	SET_FORBIDDEN_DOMAIN = 1 << 7, /* forbidden domain code point */
	SET_SCHEME = 1 << 8,	       /* may follow the first letter of a scheme */
	SET_STRIP = 1 << 9,	       /* tab, LF, CR: removed anywhere */
	SET_HIGH = 1 << 10,	       /* not ASCII */
	SET_QUERY_OR_HASH = 1 << 11,   /* ? # */
	SET_SLASH = 1 << 12,
	SET_BACKSLASH = 1 << 13,
	SET_UNRESERVED = 1 << 14, /* RFC 3986 unreserved */
	SET_SEEN = 1 << 15,	  /* not raw in RFC 3986: counts as its %XX in the seen key */
	SET_AT = 1 << 16,
	SET_COLON = 1 << 17, /* : [ ] */
};

extern const uint32_t url_class[256];

static inline unsigned url_class_of(char c)
{
	return url_class[(unsigned char)c];
}

static inline bool url_is_alpha(char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26;
}

static inline bool url_is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

static inline char url_lower(char c)
{
	return (unsigned char)(c - 'A') < 26 ? (char)(c + 32) : c;
}

/* 0..15, or -1. */
static inline int url_hex(char c)
{
	if (url_is_digit(c))
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Writes "%XX". */
static inline char *url_put_escape(char *w, unsigned char c)
{
	static const char digit[] = "0123456789ABCDEF";

	w[0] = '%';
	w[1] = digit[c >> 4];
	w[2] = digit[c & 15];
	return w + 3;
}

/* Copies n bytes to w, bytes of `set` as %XX; w has room for 3 n. The new end. */
char *url_put_encoded(char *w, const char *s, size_t n, unsigned set);

#endif
