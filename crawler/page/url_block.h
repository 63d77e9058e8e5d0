/* url_block.h - up to 16 bytes of a URL at a time: what is in them. Private to url*.c. */
#ifndef SKITTER_CRAWLER_PAGE_URL_BLOCK_H
#define SKITTER_CRAWLER_PAGE_URL_BLOCK_H

#include <string.h>

#include "config/simd.h"
#include "crawler/page/url_set.h"

#define URL_BLOCK 16

/* What up to URL_BLOCK bytes are: a bit for each. */
struct url_block {
	unsigned odd;	/* encoded in some part, or no byte of a URL */
	unsigned ends;	/* ? # */
	unsigned slash; /* / */
	unsigned dot;	/* . % : with which a dot segment starts */
	unsigned colon; /* : */
	unsigned fold;	/* % [ ] : with `odd`, what the seen key may have in another form */
};

#ifdef __SSE2__

static inline unsigned url_block_bits(__m128i v)
{
	return (unsigned)_mm_movemask_epi8(v);
}

static inline __m128i url_block_is(__m128i v, char c)
{
	return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

static inline __m128i url_block_either(__m128i v, char a, char b)
{
	return _mm_or_si128(url_block_is(v, a), url_block_is(v, b));
}

static inline __m128i url_block_odd(__m128i v)
{
	/* < > differ in one bit, and so do \ ^ */
	__m128i pairs = _mm_and_si128(v, _mm_set1_epi8((char)0xfd));
	/* '!' to 'z' are the lowest of all signed bytes once 0x5f is added. */
	__m128i out = _mm_cmpgt_epi8(
		_mm_add_epi8(v, _mm_set1_epi8(0x5f)), _mm_set1_epi8('z' + 0x5f - 256));

	out = _mm_andnot_si128(url_block_is(v, '~'), out);
	return _mm_or_si128(_mm_or_si128(out, url_block_either(pairs, '<', '\\')),
		_mm_or_si128(url_block_either(v, '"', '\''), url_block_is(v, '`')));
}

static SIMD_INLINE struct url_block url_block_of(__m128i v, size_t n)
{
	unsigned all = (1u << n) - 1;

	return (struct url_block){
		.odd = url_block_bits(url_block_odd(v)) & all,
		.ends = url_block_bits(url_block_either(v, '?', '#')),
		.slash = url_block_bits(url_block_is(v, '/')),
		.dot = url_block_bits(url_block_either(v, '.', '%')),
		.colon = url_block_bits(url_block_is(v, ':')),
		.fold = url_block_bits(
			_mm_or_si128(url_block_either(v, '[', ']'), url_block_is(v, '%'))),
	};
}

static SIMD_INLINE struct url_block url_block(const char *s, size_t n)
{
	return url_block_of(simd_load(s, n), n);
}

/* The same while they are copied; the room at w is a whole block. */
static SIMD_INLINE struct url_block url_block_copy(char *w, const char *s, size_t n, bool roomy)
{
	__m128i v = roomy ? simd_load_roomy(s, n) : simd_load(s, n);

	_mm_storeu_si128((__m128i *)(void *)w, v);
	return url_block_of(v, n);
}

#else

static inline bool url_block_odd(char c)
{
	if (c == '?' || c == '#' || c == '[' || c == ']')
		return false;
	return url_class_of(c) &
	       (SET_C0 | SET_FRAGMENT | SET_SPECIAL_QUERY | SET_PATH | SET_BACKSLASH | SET_SEEN);
}

static inline struct url_block url_block(const char *s, size_t n)
{
	struct url_block m = {0};

	for (unsigned i = 0; i < n; i++) {
		m.odd |= (unsigned)url_block_odd(s[i]) << i;
		m.ends |= (unsigned)(s[i] == '?' || s[i] == '#') << i;
		m.slash |= (unsigned)(s[i] == '/') << i;
		m.dot |= (unsigned)(s[i] == '.' || s[i] == '%') << i;
		m.colon |= (unsigned)(s[i] == ':') << i;
		m.fold |= (unsigned)(s[i] == '%' || s[i] == '[' || s[i] == ']') << i;
	}
	return m;
}

static inline struct url_block url_block_copy(char *w, const char *s, size_t n, bool roomy)
{
	(void)roomy;
	memcpy(w, s, n);
	return url_block(s, n);
}

#endif

#endif
