/* simd.h - 16 bytes at a time, where the machine has SSE2: loads that stay inside.
 *
 * Inline, for the loops of text that run over every byte of every page. What is not x86 uses
 * the plain loops beside them.
 */
#ifndef SKITTER_CONFIG_SIMD_H
#define SKITTER_CONFIG_SIMD_H

/* For what is short and stands in a loop: without a call its values stay in registers, and what is
 * not asked for is not made. */
#define SIMD_INLINE inline __attribute__((always_inline))

#include <stddef.h>
#include <string.h>

/* Bytes behind a text that may be read with it, whatever they are, where it is said to be roomy. */
#define SIMD_ROOM 16

/* Copies n bytes in steps of 16: for what is short, and stands where so many more can be read at
 * `from` and written at `to`. They may overlap where `to` is behind `from`. */
static inline void simd_copy(char *to, const char *from, size_t n)
{
	char block[SIMD_ROOM];

	for (size_t i = 0; i < n; i += SIMD_ROOM) {
		memcpy(block, from + i, SIMD_ROOM);
		memcpy(to + i, block, SIMD_ROOM);
	}
}

#ifdef __SSE2__

#include <emmintrin.h>
#include <stdint.h>

/* The n (1 to 16) bytes at s, and zeros; nothing behind them is read. */
static inline __m128i simd_load(const void *from, size_t n)
{
	const unsigned char *s = from;
	uint64_t lo, hi = 0;
	uint32_t a, b;

	if (n == 16)
		return _mm_loadu_si128((const __m128i *)from);
	if (n >= 8) {
		memcpy(&lo, s, 8);
		if (n > 8) {
			memcpy(&hi, s + n - 8, 8);
			hi >>= 8 * (16 - n);
		}
		return _mm_set_epi64x((long long)hi, (long long)lo);
	}
	if (n >= 4) {
		memcpy(&a, s, 4);
		memcpy(&b, s + n - 4, 4);
		lo = a | (uint64_t)b << 8 * (n - 4);
	} else {
		lo = s[0] | (uint64_t)s[n / 2] << 8 * (n / 2) | (uint64_t)s[n - 1] << 8 * (n - 1);
	}
	return _mm_set_epi64x(0, (long long)lo);
}

/* The same of a roomy text. */
static SIMD_INLINE __m128i simd_load_roomy(const char *s, size_t n)
{
	static const unsigned char keep[32] = {
		255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)s);

	return _mm_and_si128(v, _mm_loadu_si128((const __m128i *)(const void *)(keep + 16 - n)));
}

/* A bit for each byte that does not mean itself in JSON, or is not ASCII: see text_plain. */
static SIMD_INLINE unsigned simd_not_plain(__m128i v)
{
	/* One more, signed: 0x7f and those from 0x80 on are low, too. */
	__m128i low = _mm_cmplt_epi8(_mm_add_epi8(v, _mm_set1_epi8(1)), _mm_set1_epi8(0x21));
	__m128i mark = _mm_or_si128(
		_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(low, mark));
}

#endif

#endif
