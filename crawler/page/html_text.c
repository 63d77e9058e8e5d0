#include "crawler/page/html_text.h"

#include <string.h>

#include "config/simd.h"

enum {
	PLAIN,
	SPACE,
	MAYBE_SPACE, /* lead byte of U+00A0 */
	MAYBE_CJK,   /* lead byte of ideographs, kana and U+3000 */
	DROP,	     /* NUL */
};

/* clang-format off */
static const unsigned char class_of[256] = {
	[0] = DROP,
	['\t'] = SPACE, ['\n'] = SPACE, ['\f'] = SPACE, ['\r'] = SPACE, [' '] = SPACE,
	[0xc2] = MAYBE_SPACE,
	[0xe3] = MAYBE_CJK, [0xe4] = MAYBE_CJK, [0xe5] = MAYBE_CJK, [0xe6] = MAYBE_CJK,
	[0xe7] = MAYBE_CJK, [0xe8] = MAYBE_CJK, [0xe9] = MAYBE_CJK, [0xef] = MAYBE_CJK,
	[0xf0] = MAYBE_CJK,
};
/* clang-format on */

void html_text_begin(struct html_text *t, size_t max)
{
	buf_reset(&t->out);
	t->max = t->limit = max;
	t->words = 0;
	t->gap = GAP_NONE;
	t->in_word = t->cut = false;
	t->slices = 0;
}

/* The bytes of the character at s and whether it is a word by itself or a space. */
static unsigned classify(const unsigned char *s, size_t left, bool *space, bool *word)
{
	unsigned n = *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : 2;
	uint32_t c = *s & (0x7fu >> n);

	*space = *word = false;
	if (n > left)
		return (unsigned)left;
	for (unsigned i = 1; i < n; i++)
		c = c << 6 | (s[i] & 63);
	*space = c == 0xa0 || c == 0x3000;
	*word = (c >= 0x3041 && c <= 0x30ff) || (c >= 0x31f0 && c <= 0x31ff) ||
		(c >= 0x3400 && c <= 0x4dbf) || (c >= 0x4e00 && c <= 0x9fff) ||
		(c >= 0xf900 && c <= 0xfaff) || (c >= 0x20000 && c <= 0x3ffff);
	return n;
}

#define SPARE 16 /* bytes behind the text that are there: chunks are read and written whole */

static char *put_gap(struct html_text *t, char *w)
{
	if (t->gap && w > t->out.data)
		*w++ = t->gap == GAP_BREAK ? '\n' : ' ';
	t->gap = GAP_NONE;
	return w;
}

#ifdef __SSE2__

static inline unsigned count_bits16(unsigned x)
{
#define FOUR(n)	   n, n + 1, n + 1, n + 2
#define SIXTEEN(n) FOUR(n), FOUR(n + 1), FOUR(n + 1), FOUR(n + 2)
#define ALL(n)	   SIXTEEN(n), SIXTEEN(n + 1), SIXTEEN(n + 1), SIXTEEN(n + 2)
	static const unsigned char bits[256] = {ALL(0), ALL(1), ALL(1), ALL(2)};
#undef FOUR
#undef SIXTEEN
#undef ALL

	return bits[x & 255] + (unsigned)bits[x >> 8];
}

/* Takes up to 16 bytes at a time as long as they are words of plain characters, and the white space
 * between them that is ASCII. Returns where that ends. There is room. */
static inline const unsigned char *add_plain(struct html_text *t, const unsigned char *s,
	const unsigned char *end, const unsigned char *readable)
{
	const __m128i blank = _mm_set1_epi8(' ');
	unsigned words = t->words, outside = !t->in_word;
	char *w = t->out.data + t->out.len;

	while (s < end) {
		size_t n = end - s < 16 ? (size_t)(end - s) : 16;
		__m128i v = readable - s < 16 ? simd_load(s, n)
					      : _mm_loadu_si128((const __m128i *)(const void *)s);
		/* CR and FF are spaces, too, but rare: add_any knows. */
		__m128i space = _mm_or_si128(_mm_cmpeq_epi8(v, blank),
			_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\n')),
				_mm_cmpeq_epi8(v, _mm_set1_epi8('\t'))));
		__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, blank), v);
		/* The first bytes that class_of has, and some more. */
		__m128i maybe = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8((char)0xc2)),
			_mm_cmpeq_epi8(_mm_max_epu8(v, _mm_set1_epi8((char)0xe3)), v));
		unsigned stop = (unsigned)_mm_movemask_epi8(
					_mm_or_si128(maybe, _mm_andnot_si128(space, low))) |
				1u << n;
		unsigned all = (stop & -stop) - 1; /* a bit for each byte that is taken */
		unsigned spaces = (unsigned)_mm_movemask_epi8(space) & all, twice;

		if (!all)
			break;
		if (spaces & 1) {
			if (!t->gap)
				t->gap = GAP_SPACE;
			outside = 1;
			s += __builtin_ctz(~spaces);
			continue;
		}
		if (t->gap)
			w = put_gap(t, w);
		_mm_storeu_si128((__m128i *)(void *)w,
			_mm_or_si128(_mm_andnot_si128(space, v), _mm_and_si128(space, blank)));
		/* Single spaces go along; one that is last, or meets another, is a gap. */
		twice = spaces & (spaces | (all + 1)) >> 1;
		if (twice) {
			unsigned at = (unsigned)__builtin_ctz(twice);

			words += count_bits16(spaces & ((1u << at) - 1)) + outside;
			outside = 1;
			t->gap = GAP_SPACE;
			w += at;
			s += at + (unsigned)__builtin_ctz(~(spaces >> at));
		} else {
			words += count_bits16(spaces) + outside;
			outside = 0;
			w += __builtin_ctz(stop);
			s += __builtin_ctz(stop);
		}
	}
	t->words = words;
	t->in_word = !outside;
	t->out.len = (size_t)(w - t->out.data);
	return s;
}

/* 16 bytes of a page, and of each whether it is a space, and whether it is plain: a space or
 * another character of ASCII that is neither markup nor control. FF is a space, too, but rare:
 * add_any knows. */
struct chunk {
	__m128i bytes, space, plain;
};

static SIMD_INLINE struct chunk look(const char *s)
{
	const __m128i blank = _mm_set1_epi8(' ');
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)s), space, markup;

	space = _mm_or_si128(
		_mm_or_si128(_mm_cmpeq_epi8(v, blank), _mm_cmpeq_epi8(v, _mm_set1_epi8('\n'))),
		_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\t')),
			_mm_cmpeq_epi8(v, _mm_set1_epi8('\r'))));
	markup = _mm_or_si128(
		_mm_cmpeq_epi8(v, _mm_set1_epi8('<')), _mm_cmpeq_epi8(v, _mm_set1_epi8('&')));
	return (struct chunk){
		v, space, _mm_andnot_si128(markup, _mm_or_si128(space, _mm_cmpgt_epi8(v, blank)))};
}

static SIMD_INLINE void put_chunk(char *w, struct chunk c)
{
	const __m128i blank = _mm_set1_epi8(' ');

	_mm_storeu_si128((__m128i *)(void *)w,
		_mm_or_si128(_mm_andnot_si128(c.space, c.bytes), _mm_and_si128(c.space, blank)));
}

/* The bits of `stop` without those of letters beyond ASCII, which are like those of ASCII. */
static inline unsigned skip_letters(__m128i v, unsigned stop)
{
	__m128i maybe = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8((char)0xc2)),
		_mm_cmpeq_epi8(_mm_max_epu8(v, _mm_set1_epi8((char)0xe3)), v));
	unsigned other = (unsigned)_mm_movemask_epi8(v) & ~(unsigned)_mm_movemask_epi8(maybe);

	return stop & ~other;
}

const char *html_text_run(struct html_text *t, const char *s, const char *end)
{
	size_t most = t->limit < t->out.cap ? t->limit : t->out.cap;
	char *w = t->out.data + t->out.len;
	char *last = t->out.data + (most > 2 * SPARE + 2 ? most - 2 * SPARE - 2 : 0);
	unsigned words = t->words, outside = !t->in_word;

	/* There is room for 16 bytes, a gap and the NUL, and some to spare. */

	while (end - s >= 16 && w < last) {
		struct chunk c = look(s);
		unsigned stop = ~(unsigned)_mm_movemask_epi8(c.plain);
		unsigned all, spaces, twice, n = (unsigned)__builtin_ctz(stop);

		if (n < 16 && (unsigned char)s[n] >= 0x80)
			n = (unsigned)__builtin_ctz(skip_letters(c.bytes, stop));
		all = (1u << n) - 1; /* a bit for each byte that is taken */
		spaces = (unsigned)_mm_movemask_epi8(c.space) & all;
		if (spaces & 1) {
			if (!t->gap)
				t->gap = GAP_SPACE;
			outside = 1;
			s += __builtin_ctz(~spaces);
			continue;
		}
		if (!all)
			break;
		if (t->gap)
			w = put_gap(t, w);
		put_chunk(w, c);
		if (!spaces) {
			words += outside;
			outside = 0;
			w += n;
			s += n;
			if (n < 16)
				break;
			continue;
		}
		/* Single spaces go along; one that is last, or meets another, is a gap. */
		twice = spaces & (spaces | (all + 1)) >> 1;
		if (twice) {
			unsigned at = (unsigned)__builtin_ctz(twice);
			unsigned next = at + (unsigned)__builtin_ctz(~(spaces >> at));

			words += count_bits16(spaces & ((1u << at) - 1)) + outside;
			outside = 1;
			t->gap = GAP_SPACE;
			w += at;
			s += next;
			if (next == n && n < 16)
				break;
			continue;
		}
		words += count_bits16(spaces) + outside;
		outside = 0;
		w += n;
		s += n;
		if (n < 16)
			break;
	}
	t->words = words;
	t->in_word = !outside;
	t->out.len = (size_t)(w - t->out.data);
	if (t->out.cap)
		*w = '\0';
	return s;
}

/* Copies n bytes, newlines as spaces; SPARE more can be read and written. */
static void copy_line(char *to, const char *from, size_t n)
{
	const __m128i turn = _mm_set1_epi8('\n' ^ ' ');

	for (size_t i = 0; i < n; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(from + i));
		__m128i lines = _mm_cmpeq_epi8(v, _mm_set1_epi8('\n'));

		_mm_storeu_si128(
			(__m128i *)(void *)(to + i), _mm_xor_si128(v, _mm_and_si128(lines, turn)));
	}
}

#else

static void copy_line(char *to, const char *from, size_t n)
{
	char *end = to + n;

	memcpy(to, from, n);
	while ((to = memchr(to, '\n', (size_t)(end - to))))
		*to = ' ';
}

const char *html_text_run(struct html_text *t, const char *s, const char *end)
{
	(void)t;
	(void)end;
	return s;
}

static const unsigned char *add_plain(struct html_text *t, const unsigned char *s,
	const unsigned char *end, const unsigned char *readable)
{
	(void)t;
	(void)end;
	(void)readable;
	return s;
}

#endif

/* The character at s, and plain ones behind it. */
__attribute__((noinline)) static const unsigned char *add_any(
	struct html_text *t, const unsigned char *s, const unsigned char *end)
{
	char *w = t->out.data + t->out.len;
	unsigned kind = class_of[*s], n = 1;
	bool space = kind == SPACE, word = false;

	if (kind == DROP)
		return s + 1;
	if (kind == MAYBE_SPACE || kind == MAYBE_CJK)
		n = classify(s, (size_t)(end - s), &space, &word);
	if (space) {
		if (!t->gap)
			t->gap = GAP_SPACE;
		t->in_word = false;
		return s + n;
	}
	if (t->gap)
		w = put_gap(t, w);
	if (!t->in_word || word)
		t->words++;
	t->in_word = !word;
	do
		*w++ = (char)*s++;
	while (--n);
	if (!word)
		while (s < end && class_of[*s] == PLAIN)
			*w++ = (char)*s++;
	t->out.len = (size_t)(w - t->out.data);
	return s;
}

void html_text_add(struct html_text *t, const char *text, size_t len, size_t room)
{
	const unsigned char *s = (const unsigned char *)text, *end = s + len, *readable = s + room;

	/* One for a gap, and what add_plain may write behind the end. */
	if (t->out.cap - t->out.len < len + 1 + SPARE + 1)
		buf_grow(&t->out, len + 1 + SPARE);
	while ((s = add_plain(t, s, end, readable)) < end)
		do
			s = add_any(t, s, end);
		while (s < end && *s >= 0x80);
	t->out.data[t->out.len] = '\0';
	if (t->out.len > t->limit) {
		t->cut = true;
		buf_set_len(&t->out, html_text_border(t->out.data, t->out.len, t->limit));
	}
}

void html_text_add_ch(struct html_text *t, char c)
{
	char *w = t->out.data + t->out.len;

	if (class_of[(unsigned char)c] != PLAIN || t->out.len + SPARE + 3 > t->out.cap ||
		t->out.len + 2 > t->limit) {
		html_text_add(t, &c, 1, 1);
		return;
	}
	if (t->gap)
		w = put_gap(t, w);
	t->words += !t->in_word;
	t->in_word = true;
	*w++ = c;
	*w = '\0';
	t->out.len = (size_t)(w - t->out.data);
}

void html_text_cut(struct html_text *t)
{
	t->cut = true;
	buf_set_len(&t->out, html_text_border(t->out.data, t->out.len, t->max));
}

size_t html_text_border(const char *s, size_t len, size_t n)
{
	if (n >= len)
		return len;
	while (n && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static size_t without_space(const char *s, size_t len)
{
	while (len && (s[len - 1] == ' ' || s[len - 1] == '\n'))
		len--;
	return len;
}

/* The words of a slice are apart by one space or newline each; so this is all there is to collapse.
 */
void html_text_add_slice(struct buf *out, const char *s, size_t len, size_t max)
{
	len = without_space(s, len);
	if (len > max)
		len = without_space(s, html_text_border(s, len, max));
	if (out->cap - out->len < len + SPARE + 1)
		buf_grow(out, len + SPARE);
	copy_line(out->data + out->len, s, len);
	out->len += len;
	out->data[out->len] = '\0';
}

void html_text_collapse(struct buf *out, const char *s, size_t len, size_t max)
{
	size_t start = out->len, n;
	bool gap = false;
	char *w;

	buf_grow(out, (len < max ? len : max) + 2);
	w = out->data + start;
	for (const char *end = s + len; s < end && (size_t)(w - out->data) - start <= max; s++) {
		unsigned kind = class_of[(unsigned char)*s];

		if (kind == SPACE) {
			gap = w > out->data + start;
		} else if (kind != DROP) {
			if (gap)
				*w++ = ' ';
			gap = false;
			*w++ = *s;
		}
	}
	n = html_text_border(out->data + start, (size_t)(w - out->data) - start, max);
	while (n && out->data[start + n - 1] == ' ')
		n--;
	buf_set_len(out, start + n);
}
