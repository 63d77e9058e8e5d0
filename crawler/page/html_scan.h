/* html_scan.h - finding the next byte that matters, 16 at a time where SSE2 is there.
 *
 * Contract: every function looks at [p, end) only and returns end when nothing is
 * found. The plain versions (scan_plain_*) are what other machines use and what the
 * fast ones are tested against.
 */
#ifndef SKITTER_PAGE_HTML_SCAN_H
#define SKITTER_PAGE_HTML_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The next '<', '&', CR or NUL. */
static inline const char *scan_plain_text(const char *p, const char *end)
{
	while (p < end && *p != '<' && *p != '&' && *p != '\r' && *p != '\0')
		p++;
	return p;
}

/* The next `quote`; *dirty is set when '&', CR or NUL stands before it. */
static inline const char *scan_plain_quote(const char *p, const char *end, char quote, bool *dirty)
{
	for (; p < end && *p != quote; p++)
		*dirty |= *p == '&' || *p == '\r' || *p == '\0';
	return p;
}

/* What ends an attribute name: white space, '/', '>', '='. */
static inline bool scan_ends_name(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\f' || c == '\r' || c == '/' ||
	       c == '>' || c == '=';
}

static inline const char *scan_plain_name(const char *p, const char *end)
{
	while (p < end && !scan_ends_name(*p))
		p++;
	return p;
}

#ifdef __SSE2__

static inline __m128i scan_eq(__m128i v, char c)
{
	return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

static inline const char *scan_text(const char *p, const char *end)
{
	for (; end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i m = _mm_or_si128(_mm_or_si128(scan_eq(v, '<'), scan_eq(v, '&')),
			_mm_or_si128(scan_eq(v, '\r'), scan_eq(v, '\0')));
		int bits = _mm_movemask_epi8(m);

		if (bits)
			return p + __builtin_ctz((unsigned)bits);
	}
	return scan_plain_text(p, end);
}

/* The next `c` from p on, up to the 16th byte from `last` on; NULL = none. */
static inline const char *scan_near(const char *p, const char *last, char c)
{
	for (; p <= last; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		unsigned bits = (unsigned)_mm_movemask_epi8(scan_eq(v, c));

		if (bits)
			return p + __builtin_ctz(bits);
	}
	return NULL;
}

static inline const char *scan_quote(const char *p, const char *end, char quote, bool *dirty)
{
	__m128i seen = _mm_setzero_si128();

	for (; end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		unsigned q = (unsigned)_mm_movemask_epi8(scan_eq(v, quote));
		__m128i d = _mm_or_si128(
			scan_eq(v, '&'), _mm_or_si128(scan_eq(v, '\r'), scan_eq(v, '\0')));

		if (q) {
			unsigned before = (unsigned)_mm_movemask_epi8(d) & (q ^ (q - 1));

			*dirty |= (before | (unsigned)_mm_movemask_epi8(seen)) != 0;
			return p + __builtin_ctz(q);
		}
		seen = _mm_or_si128(seen, d);
	}
	*dirty |= _mm_movemask_epi8(seen) != 0;
	return scan_plain_quote(p, end, quote, dirty);
}

/* Of the 16 bytes at p, a bit for each that may end a name: one that does, or another control
 * character. */
static inline unsigned scan_name_ends(const char *p)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(' ')), v);

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(low, scan_eq(v, '=')),
		_mm_or_si128(scan_eq(v, '/'), scan_eq(v, '>'))));
}

/* Names are short: one look at 16 bytes finds most ends without a branch per byte. */
static inline const char *scan_name(const char *p, const char *end)
{
	if (end - p >= 16) {
		unsigned ends = scan_name_ends(p);

		p += ends ? __builtin_ctz(ends) : 16;
	}
	return scan_plain_name(p, end);
}

#else

static inline unsigned scan_name_ends(const char *p)
{
	unsigned n = 0;

	while (n < 16 && (unsigned char)p[n] > ' ' && !scan_ends_name(p[n]))
		n++;
	return 1u << n;
}

static inline const char *scan_name(const char *p, const char *end)
{
	return scan_plain_name(p, end);
}

static inline const char *scan_text(const char *p, const char *end)
{
	return scan_plain_text(p, end);
}

static inline const char *scan_near(const char *p, const char *last, char c)
{
	for (; p < last + 16; p++)
		if (*p == c)
			return p;
	return NULL;
}

static inline const char *scan_quote(const char *p, const char *end, char quote, bool *dirty)
{
	return scan_plain_quote(p, end, quote, dirty);
}

#endif

#endif
