#include "config/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "config/simd.h"

/* One UTF-8 sequence at s (n > 0 bytes left): its length and code point, or 0 when it is
 * not valid (overlong, surrogate, above U+10FFFF, cut). */
static size_t utf8_next(const unsigned char *s, size_t n, uint32_t *cp)
{
	unsigned char c = s[0];
	size_t len;

	if (c < 0x80) {
		*cp = c;
		return 1;
	}
	if (c < 0xc2 || c > 0xf4)
		return 0;
	len = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (n < len)
		return 0;
	*cp = c & (0x7f >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (s[i] & 0x3f);
	}
	if ((len == 3 && *cp < 0x800) || (len == 4 && (*cp < 0x10000 || *cp > 0x10ffff)) ||
		(*cp >= 0xd800 && *cp <= 0xdfff))
		return 0;
	return len;
}

/* What could move the cursor, hide text or swap its order on a terminal. */
static bool is_unsafe(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0xad || cp == 0x061c ||
	       (cp >= 0x200b && cp <= 0x200f) || (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2060 && cp <= 0x206f) || cp == 0xfeff || (cp >= 0xfff9 && cp <= 0xfffb) ||
	       (cp >= 0xe0000 && cp <= 0xe007f);
}

void text_terminal(struct buf *out, const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t i = 0, plain = 0;

	while (i < len) {
		uint32_t cp;
		size_t n = utf8_next(p + i, len - i, &cp);
		if (n && !is_unsafe(cp)) {
			i += n;
			continue;
		}
		buf_add(out, s + plain, i - plain);
		if (!n || cp < 0x80)
			buf_addf(out, "\\x%02x", p[i]);
		else
			buf_addf(out, "\\u{%04x}", (unsigned)cp);
		i += n ? n : 1;
		plain = i;
	}
	buf_add(out, s + plain, len - plain);
}

static void json_escape(struct buf *out, unsigned char c)
{
	switch (c) {
	case '"': buf_add_str(out, "\\\""); break;
	case '\\': buf_add_str(out, "\\\\"); break;
	case '\n': buf_add_str(out, "\\n"); break;
	case '\r': buf_add_str(out, "\\r"); break;
	case '\t': buf_add_str(out, "\\t"); break;
	default: buf_addf(out, "\\u%04x", c);
	}
}

#ifdef __SSE2__

size_t text_plain(const char *s, size_t len)
{
	size_t i = 0;

	for (; len - i >= 16; i += 16) {
		unsigned odd = simd_not_plain(simd_load(s + i, 16));

		if (odd)
			return i + (unsigned)__builtin_ctz(odd);
	}
	if (i < len) {
		unsigned odd = simd_not_plain(simd_load(s + i, len - i)) & ((1u << (len - i)) - 1);

		if (odd)
			return i + (unsigned)__builtin_ctz(odd);
	}
	return len;
}

#else

size_t text_plain(const char *s, size_t len)
{
	size_t i = 0;

	while (i < len && s[i] >= 0x20 && s[i] < 0x7f && s[i] != '"' && s[i] != '\\')
		i++;
	return i;
}

#endif

/* Over characters that are not ASCII and single spaces between them; to the first byte that is
 * something else or no UTF-8, or to the last two. */
static const unsigned char *skip_letters(const unsigned char *p, const unsigned char *end)
{
	while (end - p > 2) {
		uint32_t cp;
		size_t n;

		if (*p < 0x80) {
			if (*p != ' ' || p[1] < 0x80)
				return p;
			p++;
		} else if (*p >= 0xc2 && *p <= 0xdf && (p[1] & 0xc0) == 0x80) {
			p += 2;
		} else if (*p >= 0xe1 && *p <= 0xec && (p[1] & 0xc0) == 0x80 &&
			   (p[2] & 0xc0) == 0x80) {
			p += 3;
		} else {
			n = utf8_next(p, (size_t)(end - p), &cp);
			if (!n)
				return p;
			p += n;
		}
	}
	return p;
}

void text_json(struct buf *out, const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t i = 0, plain = 0;

	buf_add_ch(out, '"');
	for (;;) {
		size_t n, from = i;
		uint32_t cp;

		i += text_plain(s + i, len - i);
		i = (size_t)(skip_letters(p + i, p + len) - p);
		if (i == len)
			break;
		if (i > from)
			continue;
		n = utf8_next(p + i, len - i, &cp);
		if (n > 1) {
			i += n;
			continue;
		}
		buf_add(out, s + plain, i - plain);
		if (n)
			json_escape(out, p[i]);
		else
			buf_add_str(out, "\xef\xbf\xbd");
		i++;
		plain = i;
	}
	buf_add(out, s + plain, len - plain);
	buf_add_ch(out, '"');
}

/* What would make a browser show one thing and mean another. Joiners stay: scripts need them. */
static bool swaps_order(uint32_t cp)
{
	return cp == 0x061c || cp == 0x200e || cp == 0x200f || (cp >= 0x202a && cp <= 0x202e) ||
	       (cp >= 0x2066 && cp <= 0x2069);
}

static bool is_no_text(uint32_t cp)
{
	return (cp < 0x20 && cp != '\t' && cp != '\n') || (cp >= 0x7f && cp < 0xa0) ||
	       (cp >= 0xfdd0 && cp <= 0xfdef) || (cp & 0xfffe) == 0xfffe;
}

static const char *html_reference(unsigned char c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	default: return NULL;
	}
}

void text_html(struct buf *out, const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t i = 0, plain = 0;

	while (i < len) {
		uint32_t cp;
		size_t n = utf8_next(p + i, len - i, &cp);
		const char *reference = n == 1 ? html_reference(p[i]) : NULL;
		if (n && !reference && !swaps_order(cp) && !is_no_text(cp)) {
			i += n;
			continue;
		}
		buf_add(out, s + plain, i - plain);
		if (reference)
			buf_add_str(out, reference);
		else if (n && swaps_order(cp))
			buf_addf(out, "\\u{%04x}", (unsigned)cp);
		else
			buf_add_str(out, "\xef\xbf\xbd");
		i += n ? n : 1;
		plain = i;
	}
	buf_add(out, s + plain, len - plain);
}

#ifdef __SSE2__

/* What the blocks so far leave to the next one. */
struct utf8 {
	unsigned want;	/* a bit for each byte that has to go on with a character */
	unsigned edges; /* the lead byte at the end, if it is one that the next byte is bound by */
};

static SIMD_INLINE unsigned utf8_bits(__m128i v)
{
	return (unsigned)_mm_movemask_epi8(v);
}

/* Signed, from 0x80 on as if they were not: above c. */
static SIMD_INLINE unsigned utf8_above(__m128i v, int c)
{
	return utf8_bits(_mm_cmpgt_epi8(v, _mm_set1_epi8((char)c))) & utf8_bits(v);
}

static SIMD_INLINE unsigned utf8_is(__m128i v, int c)
{
	return utf8_bits(_mm_cmpeq_epi8(v, _mm_set1_epi8((char)c)));
}

/* E0 and F0 would be overlong with a small second byte, ED a surrogate and F4 beyond Unicode with a
 * large one. */
static bool utf8_edges(struct utf8 *u, __m128i v)
{
	unsigned e0 = utf8_is(v, 0xe0) << 1 | (u->edges & 1);
	unsigned ed = utf8_is(v, 0xed) << 1 | (u->edges >> 1 & 1);
	unsigned f0 = utf8_is(v, 0xf0) << 1 | (u->edges >> 2 & 1);
	unsigned f4 = utf8_is(v, 0xf4) << 1 | (u->edges >> 3 & 1);
	unsigned from_90 = utf8_above(v, 0x8f), from_a0 = utf8_above(v, 0x9f);

	u->edges = e0 >> 16 | ed >> 16 << 1 | f0 >> 16 << 2 | f4 >> 16 << 3;
	return !(((e0 & ~from_a0) | (ed & from_a0) | (f0 & ~from_90) | (f4 & from_90)) & 0xffff);
}

/* 16 bytes more. */
static SIMD_INLINE bool utf8_block(struct utf8 *u, __m128i v)
{
	unsigned high = utf8_bits(v), lead, three, four, want, never;

	if (!(high | u->want))
		return true;
	lead = utf8_above(v, 0xbf);
	three = utf8_above(v, 0xdf);
	four = utf8_above(v, 0xef);
	want = lead << 1 | three << 2 | four << 3 | u->want;
	never = utf8_above(v, 0xf4) | utf8_is(_mm_and_si128(v, _mm_set1_epi8((char)0xfe)), 0xc0);
	if (((want ^ (high & ~lead)) & 0xffff) | never)
		return false;
	u->want = want >> 16;
	/* E0, F0 and F4 in one, ED */
	if (utf8_is(_mm_and_si128(v, _mm_set1_epi8((char)0xeb)), 0xe0) | utf8_is(v, 0xed) |
		u->edges)
		return utf8_edges(u, v);
	return true;
}

static bool utf8_64(struct utf8 *u, const char *s)
{
	__m128i v[4];

	for (int i = 0; i < 4; i++)
		v[i] = simd_load(s + 16 * i, 16);
	if (!(u->want |
		    utf8_bits(_mm_or_si128(_mm_or_si128(v[0], v[1]), _mm_or_si128(v[2], v[3])))))
		return true;
	return utf8_block(u, v[0]) && utf8_block(u, v[1]) && utf8_block(u, v[2]) &&
	       utf8_block(u, v[3]);
}

bool text_is_utf8(const char *s, size_t len)
{
	struct utf8 u = {0, 0};
	size_t i = 0, n;

	for (; len - i >= 64; i += 64)
		if (!utf8_64(&u, s + i))
			return false;
	for (; i < len; i += n) {
		n = len - i < 16 ? len - i : 16;
		if (!utf8_block(&u, simd_load(s + i, n)))
			return false;
	}
	return !u.want;
}

#else

bool text_is_utf8(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + len;

	while (p < end) {
		uint32_t cp;
		size_t n = utf8_next(p, (size_t)(end - p), &cp);

		if (!n)
			return false;
		p += n;
	}
	return true;
}

#endif

static bool is_wide(uint32_t cp)
{
	return (cp >= 0x1100 && cp <= 0x115f) || (cp >= 0x2e80 && cp <= 0x303e) ||
	       (cp >= 0x3041 && cp <= 0xa4cf) || (cp >= 0xac00 && cp <= 0xd7a3) ||
	       (cp >= 0xf900 && cp <= 0xfaff) || (cp >= 0xfe30 && cp <= 0xfe6f) ||
	       (cp >= 0xff00 && cp <= 0xff60) || (cp >= 0xffe0 && cp <= 0xffe6) ||
	       (cp >= 0x1f300 && cp <= 0x1faff) || (cp >= 0x20000 && cp <= 0x3fffd);
}

static bool is_combining(uint32_t cp)
{
	return (cp >= 0x300 && cp <= 0x36f) || (cp >= 0x483 && cp <= 0x489) ||
	       (cp >= 0x591 && cp <= 0x5bd) || (cp >= 0x64b && cp <= 0x65f) ||
	       (cp >= 0x1ab0 && cp <= 0x1aff) || (cp >= 0x1dc0 && cp <= 0x1dff) ||
	       (cp >= 0x20d0 && cp <= 0x20ff) || (cp >= 0xfe00 && cp <= 0xfe0f) ||
	       (cp >= 0xfe20 && cp <= 0xfe2f);
}

size_t text_columns(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t cols = 0;

	for (size_t i = 0; i < len;) {
		uint32_t cp;
		size_t n = utf8_next(p + i, len - i, &cp);
		if (!n) {
			n = 1;
			cp = '?';
		}
		cols += is_combining(cp) ? 0 : is_wide(cp) ? 2 : 1;
		i += n;
	}
	return cols;
}

void text_bytes(struct buf *out, unsigned long long n)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB"};
	double v = (double)n / 1000;
	size_t u = 0;

	if (n < 1000) {
		buf_addf(out, "%llu B", n);
		return;
	}
	while (v >= 999.95 && u + 1 < sizeof(units) / sizeof(*units)) {
		v /= 1000;
		u++;
	}
	buf_addf(out, "%.1f %s", v, units[u]);
}

void text_number(struct buf *out, unsigned long long n)
{
	char digits[32];
	size_t len = 0;

	do
		digits[len++] = (char)('0' + n % 10);
	while (n /= 10);
	while (len--) {
		buf_add_ch(out, digits[len]);
		if (len && len % 3 == 0)
			buf_add_ch(out, ',');
	}
}

void text_duration(struct buf *out, unsigned long long ms)
{
	unsigned long long s = ms / 1000;

	if (ms < 1000)
		buf_addf(out, "%llu ms", ms);
	else if (s < 60)
		buf_addf(out, "%llu.%llu s", s, ms % 1000 / 100);
	else if (s < 3600)
		buf_addf(out, "%llu min %02llu s", s / 60, s % 60);
	else
		buf_addf(out, "%llu h %02llu min", s / 3600, s / 60 % 60);
}

/* Levenshtein distance with swaps of neighbours counted as one (optimal string alignment). */
static size_t distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	size_t rows[3][64];
	size_t *two = rows[0], *one = rows[1], *now = rows[2];

	if (la > 60 || lb > 60)
		return SIZE_MAX;
	for (size_t j = 0; j <= lb; j++)
		one[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *spare = two;
		now[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = one[j - 1] + (a[i - 1] != b[j - 1]);
			if (one[j] + 1 < best)
				best = one[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				two[j - 2] + 1 < best)
				best = two[j - 2] + 1;
			now[j] = best;
		}
		two = one;
		one = now;
		now = spare;
	}
	return one[lb];
}

const char *text_nearest(const char *word, const char *const *words, size_t n)
{
	size_t least = strlen(word) / 3 + 2;
	const char *best = NULL;

	for (size_t i = 0; i < n; i++) {
		size_t d = distance(word, words[i]);
		if (d < least) {
			least = d;
			best = words[i];
		}
	}
	return best;
}
