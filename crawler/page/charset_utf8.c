/* charset_utf8.c - UTF-8 itself: how much of it is valid, and one code point of it. */
#include <string.h>

#include "config/simd.h"
#include "crawler/page/charset.h"
#include "crawler/page/charset_utf8.h"

/* Length of the valid sequence at p, or 0. */
static inline size_t sequence(const unsigned char *p, size_t len)
{
	unsigned char b = p[0], lo = 0x80, hi = 0xbf;

	if (b < 0x80)
		return 1;
	if (b < 0xc2 || b > 0xf4)
		return 0;
	if (b < 0xe0)
		return len >= 2 && (p[1] & 0xc0) == 0x80 ? 2 : 0;
	if (b == 0xe0)
		lo = 0xa0;
	else if (b == 0xed)
		hi = 0x9f;
	else if (b == 0xf0)
		lo = 0x90;
	else if (b == 0xf4)
		hi = 0x8f;
	if (len < 3 || p[1] < lo || p[1] > hi || (p[2] & 0xc0) != 0x80)
		return 0;
	if (b < 0xf0)
		return 3;
	return len >= 4 && (p[3] & 0xc0) == 0x80 ? 4 : 0;
}

#ifdef __SSE2__

#define BLOCK 64

static inline bool is_ascii_block(const unsigned char *p)
{
	const __m128i *v = (const __m128i *)(const void *)p;
	__m128i a = _mm_or_si128(_mm_loadu_si128(v), _mm_loadu_si128(v + 1));
	__m128i b = _mm_or_si128(_mm_loadu_si128(v + 2), _mm_loadu_si128(v + 3));

	return !_mm_movemask_epi8(_mm_or_si128(a, b));
}

#else

#define BLOCK 32

static inline bool is_ascii_block(const unsigned char *p)
{
	uint64_t w[4];

	memcpy(w, p, sizeof(w));
	return !((w[0] | w[1] | w[2] | w[3]) & 0x8080808080808080u);
}

#endif

size_t charset_ascii_prefix(const void *in, size_t len)
{
	const unsigned char *p = in, *end = p + len;

	while (end - p >= BLOCK && is_ascii_block(p))
		p += BLOCK;
	while (end - p >= 8) {
		uint64_t w;

		memcpy(&w, p, 8);
		if (w & 0x8080808080808080u)
			break;
		p += 8;
	}
	while (p < end && *p < 0x80)
		p++;
	return (size_t)(p - (const unsigned char *)in);
}

size_t charset_utf8_valid_prefix(const void *in, size_t len)
{
	const unsigned char *p = in, *end = p + len;

	while (p < end) {
		size_t n = charset_ascii_prefix(p, (size_t)(end - p));

		p += n;
		/* Text in other scripts: stay here while no ASCII comes. */
		while (p < end && *p >= 0x80) {
			n = sequence(p, (size_t)(end - p));
			if (n == 0)
				return (size_t)(p - (const unsigned char *)in);
			p += n;
		}
	}
	return len;
}

size_t charset_utf8_bad(const unsigned char *p, size_t len, bool last)
{
	unsigned char b = p[0], lo = 0x80, hi = 0xbf;
	size_t need = b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4, i;

	if (b < 0xc2 || b > 0xf4)
		return 1;
	if (b == 0xe0)
		lo = 0xa0;
	else if (b == 0xed)
		hi = 0x9f;
	else if (b == 0xf0)
		lo = 0x90;
	else if (b == 0xf4)
		hi = 0x8f;
	for (i = 1; i < need; i++) {
		if (i == len)
			return last ? i : 0;
		if (p[i] < lo || p[i] > hi)
			return i;
		lo = 0x80;
		hi = 0xbf;
	}
	return need;
}

size_t charset_utf8_get(const unsigned char *p, size_t len, uint32_t *c)
{
	size_t n = len ? sequence(p, len) : 0;

	switch (n) {
	case 1: *c = p[0]; break;
	case 2: *c = (p[0] & 31u) << 6 | (p[1] & 63u); break;
	case 3: *c = (p[0] & 15u) << 12 | (p[1] & 63u) << 6 | (p[2] & 63u); break;
	case 4:
		*c = (p[0] & 7u) << 18 | (p[1] & 63u) << 12 | (p[2] & 63u) << 6 | (p[3] & 63u);
		break;
	default: break;
	}
	return n;
}
