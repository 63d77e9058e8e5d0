/* pieces.c - finding the pieces, and putting them together again.
 *
 * Both strings are walked once, forward. As long as they agree there is nothing to do; where they
 * stop to, the text goes on behind white space, behind a character reference, or behind one of the
 * next tags. A short match may be chance, and what is skipped by mistake cannot be used any more:
 * so the farther a match lies, the more of the text has to follow it.
 */
#include "storage/pieces.h"

#include <string.h>

#include "config/le64.h"
#include "config/simd.h"

#define NEAR	256  /* bytes of body in which a short match is believed */
#define REACH	2048 /* bytes searched at first; twice as many after each search in vain */
#define PROOF	16   /* bytes of text that have to follow a far match */
#define NEEDLE	24   /* bytes of text that are searched for outside of all order */
#define STEPS	24   /* tags and references on the way of a proof */
#define FAR_TAG 1024
#define WORD	32 /* bytes given up at a time */

typedef const unsigned char *bytes;

struct writer {
	bytes body, end; /* body up to here is used, or skipped for good */
	bytes copied;	 /* the end of the last piece */
	bytes text, text_end;
	bytes plain; /* text from here on is in no piece yet */
	uint8_t *out, *out_end;
	size_t reach;
	int64_t effort; /* what is left of it, in bytes looked at */
};

static inline bool is_space(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* No-break spaces count: in a text they have become spaces. */
static bytes skip_some_space(bytes p, bytes end)
{
	while (p < end) {
		if (is_space(*p))
			p++;
		else if (*p == 0xc2 && end - p >= 2 && p[1] == 0xa0)
			p += 2;
		else if (*p == '&' && end - p >= 6 && memcmp(p, "&nbsp;", 6) == 0)
			p += 6;
		else
			break;
	}
	return p;
}

static inline bytes skip_space(bytes p, bytes end)
{
	if (p<end && * p> ' ' && *p != '&' && *p != 0xc2)
		return p;
	return skip_some_space(p, end);
}

#ifdef __SSE2__

static SIMD_INLINE __m128i load_16(bytes p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static SIMD_INLINE uint32_t bits_16(__m128i v)
{
	return (uint32_t)_mm_movemask_epi8(v);
}

static SIMD_INLINE uint32_t equal_16(bytes a, bytes b)
{
	return bits_16(_mm_cmpeq_epi8(load_16(a), load_16(b)));
}

/* A bit for each of 64 bytes. */
struct tags {
	uint64_t close, open, space;
};

static SIMD_INLINE void look_at_16(struct tags *t, bytes p, unsigned at)
{
	__m128i v = load_16(p + at), blank = _mm_set1_epi8(' ');

	t->close |= (uint64_t)bits_16(_mm_cmpeq_epi8(v, _mm_set1_epi8('>'))) << at;
	t->open |= (uint64_t)bits_16(_mm_cmpeq_epi8(v, _mm_set1_epi8('<'))) << at;
	t->space |= (uint64_t)bits_16(_mm_cmpeq_epi8(_mm_min_epu8(v, blank), v)) << at;
}

static SIMD_INLINE struct tags look_at_64(bytes p)
{
	struct tags t = {0, 0, 0};

	look_at_16(&t, p, 0);
	look_at_16(&t, p, 16);
	look_at_16(&t, p, 32);
	look_at_16(&t, p, 48);
	return t;
}

#endif

/* The next place behind a tag and white space where no other tag begins; NULL if there is none. */
static inline bytes behind_tags(bytes p, bytes end)
{
	bool behind = false;

#ifdef __SSE2__
	for (; end - p >= 64; p += 64) {
		struct tags t = look_at_64(p);
		uint64_t after = t.close << 1 | behind, places;

		/* Adding the first of a run of ones carries to where the run ends. */
		behind = __builtin_add_overflow(t.space, after & t.space, &places) | t.close >> 63;
		places = (places | after) & ~(t.space | t.open);
		if (places)
			return p + __builtin_ctzll(places);
	}
#endif
	for (; p < end; p++) {
		if (behind && *p > ' ') {
			if (*p != '<')
				return p;
			behind = false;
		}
		behind |= *p == '>';
	}
	return NULL;
}

static inline size_t equal_bytes(bytes a, bytes b, size_t max)
{
	size_t n = 0;

#ifdef __SSE2__
	for (; max - n >= 32; n += 32) {
		uint32_t differ =
			~(equal_16(a + n, b + n) | equal_16(a + n + 16, b + n + 16) << 16);

		if (differ)
			return n + (size_t)__builtin_ctz(differ);
	}
#endif
	for (; max - n >= 8; n += 8) {
		uint64_t differ = le64_load(a + n) ^ le64_load(b + n);

		if (differ)
			return n + (size_t)__builtin_ctzll(differ) / 8;
	}
	while (n < max && a[n] == b[n])
		n++;
	return n;
}

/* How far both agree, but for the beginning of a tag or reference that stands for itself. */
static inline size_t match(bytes a, bytes a_end, bytes b, bytes b_end)
{
	size_t max = (size_t)(a_end - a < b_end - b ? a_end - a : b_end - b);
	size_t n = equal_bytes(a, b, max);

	return n && (a[n - 1] == '<' || a[n - 1] == '&') ? n - 1 : n;
}

/* The length of the character reference at p if it may stand for the character at t, of *ch bytes.
 */
static size_t reference(bytes p, bytes end, bytes t, bytes t_end, size_t *ch)
{
	static const struct {
		char name[8];
		unsigned char len, c;
	} known[] = {{"&lt;", 4, '<'}, {"&gt;", 4, '>'}, {"&amp;", 5, '&'}, {"&quot;", 6, '"'}};
	size_t left = (size_t)(end - p), n = 1;
	bytes semicolon;

	if (t >= t_end || left < 4)
		return 0;
	*ch = 1;
	if (*t < 0x80 && p[1] != '#') {
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (known[i].c == *t && left >= known[i].len &&
				memcmp(p, known[i].name, known[i].len) == 0)
				return known[i].len;
		return 0;
	}
	semicolon = memchr(p, ';', left < 12 ? left : 12);
	while (t + n < t_end && n < 4 && (t[n] & 0xc0) == 0x80)
		n++;
	*ch = n;
	return semicolon ? (size_t)(semicolon + 1 - p) : 0;
}

/* ---- where the text goes on ---- */

/* Whether the next PROOF bytes of text follow from p on, with tags and space left out. */
static bool goes_on(struct writer *w, bytes p)
{
	bytes t = w->text;
	size_t ch, len;

	w->effort -= 2 * STEPS;
	for (int i = 0; i < STEPS; i++) {
		size_t n = match(p, w->end, t, w->text_end);
		p = skip_space(p + n, w->end);
		t += n;
		if (t - w->text >= PROOF)
			return true;
		while (t < w->text_end && is_space(*t))
			t++;
		if (t == w->text_end)
			return true;
		if (p == w->end)
			return false;
		if (*p == '<') {
			p = memchr(p, '>', w->end - p > FAR_TAG ? FAR_TAG : (size_t)(w->end - p));
			if (!p)
				return false;
			p = skip_space(p + 1, w->end);
		} else if (*p == '&' && (len = reference(p, w->end, t, w->text_end, &ch))) {
			p += len;
			t += ch;
		} else if (*p != *t) {
			return false;
		}
	}
	return false;
}

/* Whether n equal bytes at p, behind a tag, are where the text goes on. */
static bool is_place(struct writer *w, bytes p, size_t n)
{
	size_t far = (size_t)(p - w->body);
	bytes e = p + n, t = w->text + n;

	if (!n)
		return false;
	if (n >= (far <= NEAR ? 8 : NEEDLE))
		return true;
	/* It ends where a tag, a reference, or more white space than in the text begins. */
	if (e < w->end && *e != '<' && *e != '&' &&
		!((is_space(*e) || *e == 0xc2) &&
			(t == w->text_end || is_space(*t) || is_space(t[-1]))))
		return false;
	return far <= NEAR || goes_on(w, p);
}

enum found { NOTHING, PIECE, REFERENCE };

/* The text at p? A reference is passed here: its character stays plain. */
static inline enum found look(struct writer *w, bytes p, bool here, size_t *n)
{
	size_t ch, len;

	if (p == w->end)
		return NOTHING;
	if (*p == '&' && (len = reference(p, w->end, w->text, w->text_end, &ch)) &&
		(p - w->body <= NEAR || goes_on(w, p))) {
		w->text += ch;
		w->body = p + len;
		return REFERENCE;
	}
	if (*p != *w->text)
		return NOTHING;
	*n = match(p, w->end, w->text, w->text_end);
	return (here && *n) || is_place(w, p, *n) ? PIECE : NOTHING;
}

/* In vain behind all tags in reach: anywhere in it, if it is long enough to be no chance. */
static bytes find_needle(struct writer *w, bytes limit, size_t *n)
{
	bytes p = NULL;

	if (w->text_end - w->text >= NEEDLE)
		p = memmem(w->body, (size_t)(limit - w->body), w->text, NEEDLE);
	w->effort -= 2 * (limit - w->body);
	w->reach *= 2;
	if (p)
		*n = match(p, w->end, w->text, w->text_end);
	return p;
}

/* Where the text, which is not at white space, goes on in the body. */
static enum found find(struct writer *w, bytes *from, size_t *n)
{
	bytes p = skip_space(w->body, w->end), limit;
	enum found found = look(w, p, true, n);

	*from = p;
	if (found)
		return found;
	limit = (size_t)(w->end - p) > w->reach ? p + w->reach : w->end;
	while ((p = behind_tags(p, limit))) {
		p = skip_space(p, limit);
		found = look(w, p, false, n);
		if (found) {
			*from = p;
			return found;
		}
	}
	*from = find_needle(w, limit, n);
	return *from ? PIECE : NOTHING;
}

/* ---- writing ---- */

static inline uint8_t *put_number(uint8_t *out, size_t n)
{
	for (; n >= 0x80; n >>= 7)
		*out++ = (uint8_t)(n | 0x80);
	*out++ = (uint8_t)n;
	return out;
}

static unsigned kind_of(bytes plain, size_t len)
{
	if (len == 1 && (*plain == ' ' || *plain == '\n'))
		return *plain == ' ' ? PIECE_SPACE : PIECE_NEWLINE;
	return len ? PIECE_BYTES : PIECE_NOTHING;
}

/* What is plain so far, then n bytes of the body. */
static bool put_piece(struct writer *w, bytes from, size_t n)
{
	size_t len = (size_t)(w->text - w->plain);
	unsigned kind = kind_of(w->plain, len);
	uint8_t *out = w->out;

	if ((size_t)(w->out_end - out) < 1 + 3 * 10 + len)
		return false;
	if (n < PIECE_LONG) {
		*out++ = (uint8_t)(kind << 6 | n);
	} else {
		*out++ = (uint8_t)(kind << 6 | PIECE_LONG);
		out = put_number(out, n - PIECE_LONG);
	}
	if (kind == PIECE_BYTES) {
		out = put_number(out, len);
		memcpy(out, w->plain, len);
		out += len;
	}
	if (n) {
		out = put_number(out, (size_t)(from - w->copied));
		w->copied = w->body = from + n;
	}
	w->out = out;
	w->text += n;
	w->plain = w->text;
	w->reach = REACH;
	return true;
}

static void give_up_word(struct writer *w)
{
	bytes stop = w->text_end - w->text > WORD ? w->text + WORD : w->text_end;

	do
		w->text++;
	while (w->text < stop && !is_space(*w->text));
}

size_t pieces_write(const void *body, size_t body_len, const char *text, size_t text_len,
	uint8_t *out, size_t cap)
{
	struct writer w = {.body = body,
		.end = (bytes)body + body_len,
		.copied = body,
		.text = (bytes)text,
		.text_end = (bytes)text + text_len,
		.plain = (bytes)text,
		.out = out,
		.out_end = out + cap,
		.reach = REACH,
		.effort = (int64_t)(4 * body_len) + 65536};
	bytes from;
	size_t n;

	if (!body_len || text_len > PIECES_MAX || cap < 16)
		return 0;
	*w.out++ = PIECES_MARK;
	w.out = put_number(w.out, text_len);
	while (w.text < w.text_end && w.effort > 0) {
		enum found found = REFERENCE;
		if (is_space(*w.text))
			w.text++;
		else
			found = find(&w, &from, &n);
		if (found == PIECE && !put_piece(&w, from, n))
			return 0;
		if (found == NOTHING)
			give_up_word(&w);
	}
	if (w.text < w.text_end || (w.plain < w.text && !put_piece(&w, NULL, 0)))
		return 0;
	return (size_t)(w.out - out);
}

/* ---- reading ---- */

static bool get_number(bytes *p, bytes end, size_t *n)
{
	*n = 0;
	for (unsigned shift = 0; shift < 35 && *p < end; shift += 7) {
		unsigned char c = *(*p)++;
		*n |= (size_t)(c & 0x7f) << shift;
		if (c < 0x80)
			return true;
	}
	return false;
}

struct reader {
	bytes p, end;	      /* the pieces */
	bytes body, body_end; /* what of the body is left */
	char *out, *out_end;
};

static bool add(struct reader *r, const void *data, size_t n)
{
	if (n > (size_t)(r->out_end - r->out))
		return false;
	memcpy(r->out, data, n);
	r->out += n;
	return true;
}

static bool get_plain(struct reader *r, unsigned kind)
{
	bytes from;
	size_t n;

	if (kind == PIECE_SPACE)
		return add(r, " ", 1);
	if (kind == PIECE_NEWLINE)
		return add(r, "\n", 1);
	if (!get_number(&r->p, r->end, &n) || n > (size_t)(r->end - r->p))
		return false;
	from = r->p;
	r->p += n;
	return add(r, from, n);
}

static bool get_piece(struct reader *r)
{
	unsigned control = *r->p++;
	size_t n = control & PIECE_LONG, more;
	bytes from;

	if (n == PIECE_LONG) {
		if (!get_number(&r->p, r->end, &more))
			return false;
		n += more;
	}
	if (control >> 6 != PIECE_NOTHING && !get_plain(r, control >> 6))
		return false;
	if (!n)
		return true;
	if (!get_number(&r->p, r->end, &more) || more > (size_t)(r->body_end - r->body))
		return false;
	from = r->body + more;
	if (n > (size_t)(r->body_end - from))
		return false;
	r->body = from + n;
	return add(r, from, n);
}

bool pieces_are(const void *data, size_t len)
{
	return len && *(bytes)data == PIECES_MARK;
}

int pieces_read(const void *data, size_t len, const void *body, size_t body_len, struct buf *out)
{
	struct reader r = {.p = data,
		.end = (bytes)data + len,
		.body = body,
		.body_end = (bytes)body + body_len};
	size_t size;

	if (!pieces_are(data, len))
		return -1;
	r.p++;
	if (!get_number(&r.p, r.end, &size) || size > PIECES_MAX)
		return -1;
	buf_grow(out, size);
	r.out = out->data + out->len;
	r.out_end = r.out + size;
	while (r.p < r.end)
		if (!get_piece(&r))
			return -1;
	if (r.out != r.out_end)
		return -1;
	buf_set_len(out, out->len + size);
	return 0;
}
