/* link_json_check.c - links as a parser wrote them: are they what they should be? */
#include <stdbool.h>
#include <string.h>

#include "config/link_json.h"
#include "config/simd.h"
#include "config/text.h"

#ifdef __SSE2__

/* Bits of what has to be looked at: " \\ and controls, in URLs whatever is not ASCII, too. In text
 * that is only noted, to be checked as a whole. */
static SIMD_INLINE unsigned odd_bytes(__m128i v, bool url, unsigned *high)
{
	__m128i mark, low;

	if (url)
		return simd_not_plain(v);
	mark = _mm_or_si128(
		_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
	low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
	*high |= (unsigned)_mm_movemask_epi8(v);
	return (unsigned)_mm_movemask_epi8(_mm_or_si128(mark, low));
}

/* To the first such byte, or the end. */
static SIMD_INLINE const char *skip_plain(const char *p, const char *end, bool url, unsigned *high)
{
	unsigned odd;
	size_t n;

	for (; end - p >= 16; p += 16) {
		odd = odd_bytes(simd_load(p, 16), url, high);
		if (odd)
			return p + __builtin_ctz(odd);
	}
	n = (size_t)(end - p);
	if (!n)
		return p;
	odd = odd_bytes(simd_load(p, n), url, high) & ((1u << n) - 1);
	return odd ? p + __builtin_ctz(odd) : end;
}

#else

static SIMD_INLINE const char *skip_plain(const char *p, const char *end, bool url, unsigned *high)
{
	for (; p < end; p++) {
		unsigned char c = (unsigned char)*p;

		if (c < 0x20 || c == '"' || c == '\\' || (url && c >= 0x7f))
			break;
		*high |= c & 0x80;
	}
	return p;
}

#endif

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Behind the escape at p (a backslash), or NULL. URLs have only two to escape. */
static const char *skip_escape(const char *p, const char *end, bool url)
{
	if (end - p < 2)
		return NULL;
	if (p[1] == '"' || p[1] == '\\')
		return p + 2;
	if (url)
		return NULL;
	if (p[1] != 'u')
		return memchr("/bfnrt", p[1], 6) ? p + 2 : NULL;
	if (end - p < 6 || !is_hex(p[2]) || !is_hex(p[3]) || !is_hex(p[4]) || !is_hex(p[5]))
		return NULL;
	/* U+0000 would end a C string; surrogates are no characters. */
	if (!memcmp(p + 2, "0000", 4) || ((p[2] | 0x20) == 'd' && p[3] >= '8'))
		return NULL;
	return p + 6;
}

/* Behind the string at p, or NULL. */
static SIMD_INLINE const char *skip_string(const char *p, const char *end, bool url, unsigned *high)
{
	if (p == end || *p++ != '"')
		return NULL;
	for (;;) {
		p = skip_plain(p, end, url, high);
		if (p == end)
			return NULL;
		if (*p == '"')
			return p + 1;
		if (*p != '\\')
			return NULL;
		p = skip_escape(p, end, url);
		if (!p)
			return NULL;
	}
}

static inline const char *skip_kind(const char *p, const char *end)
{
	if (p == end || *p++ != '"')
		return NULL;
	while (p < end && *p >= 'a' && *p <= 'z')
		p++;
	return p < end && *p == '"' ? p + 1 : NULL;
}

/* Behind the link at p, or NULL. */
static SIMD_INLINE const char *skip_link(const char *p, const char *end, unsigned *high)
{
	if (end - p < 2 || *p++ != '[')
		return NULL;
	p = skip_string(p, end, true, high);
	if (!p || p == end || *p++ != ',')
		return NULL;
	p = skip_kind(p, end);
	if (p && p < end && *p == ',') {
		p++;
		if (end - p > 5 && memcmp(p, "null,", 5) == 0)
			p += 4;
		else
			p = skip_string(p, end, false, high);
		if (p && p < end && *p == ',')
			p = skip_string(p + 1, end, false, high);
	}
	return p && p < end && *p == ']' ? p + 1 : NULL;
}

/* Most links: a plain target, "a", a plain text, and another link behind them. To that one, or
 * NULL: it takes a closer look. */
static SIMD_INLINE const char *skip_usual(const char *p, const char *end, unsigned *high)
{
	if (end - p < 2 || memcmp(p, "[\"", 2) != 0)
		return NULL;
	p = skip_plain(p + 2, end, true, high);
	if (end - p < 7 || memcmp(p, "\",\"a\",\"", 7) != 0)
		return NULL;
	p = skip_plain(p + 7, end, false, high);
	return end - p >= 3 && memcmp(p, "\"],", 3) == 0 ? p + 3 : NULL;
}

long link_json_count(const char *json, size_t len)
{
	const char *p = json, *end = json + len;
	unsigned high = 0;
	long n = 0;

	if (!len)
		return 0;
	if (*p++ != '[')
		return -1;
	for (;;) {
		const char *next = skip_usual(p, end, &high);

		n++;
		if (next) {
			p = next;
			continue;
		}
		p = skip_link(p, end, &high);
		if (!p || p == end)
			return -1;
		if (*p == ']')
			break;
		if (*p++ != ',')
			return -1;
	}
	return p + 1 == end && (!high || text_is_utf8(json, len)) ? n : -1;
}
