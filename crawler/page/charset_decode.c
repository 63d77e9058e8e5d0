/* charset_decode.c - the decoders of the Encoding Standard.
 *
 * The standard describes each decoder byte by byte, with bytes "restored" to the input
 * on errors. Here a decoder looks at the bytes from a sequence's first on and answers
 * how many it consumed, which is the same thing without state between bytes: what is
 * incomplete at the end of a chunk is kept in `pend` and looked at again with the next
 * chunk. Only ISO-2022-JP has true state (which character set is on).
 */
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "crawler/page/charset.h"
#include "crawler/page/charset_tables.h"
#include "crawler/page/charset_utf8.h"

#define BAD  0xffffffffu /* an error of the standard: one U+FFFD */
#define NONE 0xfffffffeu /* consumed without output */

#define MAX_PEND 4 /* an incomplete sequence has at most 3 bytes */

enum jp_set { JP_ASCII, JP_ROMAN, JP_KATAKANA, JP_0208 };

struct charset_decoder {
	const struct charset *cs;
	unsigned char pend[16];
	size_t npend;
	bool started; /* the byte order mark was looked for */
	bool done;    /* replacement: its one U+FFFD is out */
	enum jp_set set;
	bool escaped; /* ISO-2022-JP: an escape sequence and nothing since */
};

/* One step: bytes consumed (0 = the sequence is incomplete and more is to come),
 * *c the code point, *c2 a second one or 0. */
typedef size_t step_fn(struct charset_decoder *d, const unsigned char *p, size_t len, bool last,
	uint32_t *c, uint32_t *c2);

struct charset_decoder *charset_open(const char *name)
{
	struct charset_decoder *d = mem_zalloc(sizeof(*d));

	charset_restart(d, name);
	return d;
}

void charset_restart(struct charset_decoder *d, const char *name)
{
	memset(d, 0, sizeof(*d));
	d->cs = charset_find(name);
}

void charset_skip_bom(struct charset_decoder *d)
{
	d->started = true;
}

void charset_close(struct charset_decoder *d)
{
	free(d);
}

static bool in(unsigned char b, unsigned lo, unsigned hi)
{
	return b >= lo && b <= hi;
}

/* Incomplete: wait, or at the end one error for all of it. */
static size_t incomplete(size_t len, bool last, uint32_t *c)
{
	*c = BAD;
	return last ? len : 0;
}

/* A pair without a code point: an ASCII second byte is read again. */
static size_t bad_pair(unsigned char second, uint32_t *c)
{
	*c = BAD;
	return second < 0x80 ? 1 : 2;
}

static uint32_t gb18030_range(uint32_t pointer)
{
	size_t lo = 0, hi = CHARSET_GB18030_RANGES;

	if ((pointer > 39419 && pointer < 189000) || pointer > 1237575)
		return 0;
	if (pointer == 7457)
		return 0xe7c7;
	while (hi - lo > 1) {
		size_t mid = (lo + hi) / 2;

		if (charset_gb18030_ranges[mid].pointer <= pointer)
			lo = mid;
		else
			hi = mid;
	}
	return charset_gb18030_ranges[lo].code + pointer - charset_gb18030_ranges[lo].pointer;
}

static size_t gb18030_four(const unsigned char *p, size_t len, bool last, uint32_t *c)
{
	if (len < 3)
		return incomplete(len, last, c);
	*c = BAD;
	if (!in(p[2], 0x81, 0xfe))
		return 1;
	if (len < 4)
		return incomplete(len, last, c);
	if (!in(p[3], 0x30, 0x39))
		return 1;
	*c = gb18030_range(((p[0] - 0x81u) * 10 + (p[1] - 0x30u)) * 1260 + (p[2] - 0x81u) * 10 +
			   (p[3] - 0x30u));
	if (!*c)
		*c = BAD;
	return 4;
}

static size_t gb18030_step(struct charset_decoder *d, const unsigned char *p, size_t len, bool last,
	uint32_t *c, uint32_t *c2)
{
	(void)d;
	(void)c2;
	if (p[0] == 0x80 || p[0] == 0xff) {
		*c = p[0] == 0x80 ? 0x20ac : BAD;
		return 1;
	}
	if (len < 2)
		return incomplete(len, last, c);
	if (in(p[1], 0x30, 0x39))
		return gb18030_four(p, len, last, c);
	*c = 0;
	if (in(p[1], 0x40, 0x7e) || in(p[1], 0x80, 0xfe))
		*c = charset_gb18030[(p[0] - 0x81u) * 190 + p[1] - (p[1] < 0x7f ? 0x40u : 0x41u)];
	return *c ? 2 : bad_pair(p[1], c);
}

static size_t big5_step(struct charset_decoder *d, const unsigned char *p, size_t len, bool last,
	uint32_t *c, uint32_t *c2)
{
	size_t pointer;

	(void)d;
	if (!in(p[0], 0x81, 0xfe)) {
		*c = BAD;
		return 1;
	}
	if (len < 2)
		return incomplete(len, last, c);
	if (!in(p[1], 0x40, 0x7e) && !in(p[1], 0xa1, 0xfe))
		return bad_pair(p[1], c);
	pointer = (p[0] - 0x81u) * 157 + p[1] - (p[1] < 0x7f ? 0x40u : 0x62u);
	switch (pointer) {
	case 1133: *c = 0xca, *c2 = 0x304; return 2;
	case 1135: *c = 0xca, *c2 = 0x30c; return 2;
	case 1164: *c = 0xea, *c2 = 0x304; return 2;
	case 1166: *c = 0xea, *c2 = 0x30c; return 2;
	default: break;
	}
	*c = charset_big5[pointer];
	if (charset_big5_plane2[pointer >> 3] >> (pointer & 7) & 1)
		*c |= 0x20000;
	return *c ? 2 : bad_pair(p[1], c);
}

static size_t euc_jp_step(struct charset_decoder *d, const unsigned char *p, size_t len, bool last,
	uint32_t *c, uint32_t *c2)
{
	(void)d;
	(void)c2;
	if (p[0] != 0x8e && p[0] != 0x8f && !in(p[0], 0xa1, 0xfe)) {
		*c = BAD;
		return 1;
	}
	if (len < 2)
		return incomplete(len, last, c);
	if (p[0] == 0x8e && in(p[1], 0xa1, 0xdf)) {
		*c = 0xff61u - 0xa1 + p[1];
		return 2;
	}
	if (p[0] == 0x8f && in(p[1], 0xa1, 0xfe)) {
		if (len < 3)
			return incomplete(len, last, c);
		*c = in(p[2], 0xa1, 0xfe) ? charset_jis0212[(p[1] - 0xa1u) * 94 + p[2] - 0xa1u] : 0;
		return *c ? 3 : 1 + bad_pair(p[2], c);
	}
	*c = 0;
	if (p[0] >= 0xa1 && in(p[1], 0xa1, 0xfe))
		*c = charset_jis0208[(p[0] - 0xa1u) * 94 + p[1] - 0xa1u];
	return *c ? 2 : bad_pair(p[1], c);
}

static size_t shift_jis_step(struct charset_decoder *d, const unsigned char *p, size_t len,
	bool last, uint32_t *c, uint32_t *c2)
{
	size_t pointer;

	(void)d;
	(void)c2;
	if (p[0] == 0x80 || in(p[0], 0xa1, 0xdf)) {
		*c = p[0] == 0x80 ? 0x80 : 0xff61u - 0xa1 + p[0];
		return 1;
	}
	if (p[0] == 0xa0 || p[0] > 0xfc) {
		*c = BAD;
		return 1;
	}
	if (len < 2)
		return incomplete(len, last, c);
	*c = 0;
	if (in(p[1], 0x40, 0x7e) || in(p[1], 0x80, 0xfc)) {
		pointer = (p[0] - (p[0] < 0xa0 ? 0x81u : 0xc1u)) * 188 + p[1] -
			  (p[1] < 0x7f ? 0x40u : 0x41u);
		if (pointer >= 8836 && pointer <= 10715)
			*c = (uint32_t)(0xe000 - 8836 + pointer);
		else if (pointer < CHARSET_JIS0208_SIZE)
			*c = charset_jis0208[pointer];
	}
	return *c ? 2 : bad_pair(p[1], c);
}

static size_t euc_kr_step(struct charset_decoder *d, const unsigned char *p, size_t len, bool last,
	uint32_t *c, uint32_t *c2)
{
	size_t pointer;

	(void)d;
	(void)c2;
	if (!in(p[0], 0x81, 0xfe)) {
		*c = BAD;
		return 1;
	}
	if (len < 2)
		return incomplete(len, last, c);
	*c = 0;
	pointer = (p[0] - 0x81u) * 190 + p[1] - 0x41u;
	if (in(p[1], 0x41, 0xfe) && pointer < CHARSET_EUCKR_SIZE)
		*c = charset_euckr[pointer];
	return *c ? 2 : bad_pair(p[1], c);
}

static size_t utf16_step(struct charset_decoder *d, const unsigned char *p, size_t len, bool last,
	uint32_t *c, uint32_t *c2)
{
	unsigned hi = d->cs->kind == CHARSET_UTF16BE ? 0 : 1, lo = 1 - hi;
	uint32_t unit, next;

	(void)c2;
	if (len < 2)
		return incomplete(len, last, c);
	unit = (uint32_t)p[hi] << 8 | p[lo];
	*c = unit;
	if (unit < 0xd800 || unit > 0xdfff)
		return 2;
	*c = BAD;
	if (unit >= 0xdc00)
		return 2;
	if (len < 4)
		return incomplete(len, last, c);
	next = (uint32_t)p[2 + hi] << 8 | p[2 + lo];
	if (next < 0xdc00 || next > 0xdfff)
		return 2;
	*c = 0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00);
	return 4;
}

/* An escape sequence: p[0] is ESC. */
static size_t jp_escape(
	struct charset_decoder *d, const unsigned char *p, size_t len, bool last, uint32_t *c)
{
	bool again = d->escaped;
	int set = -1;

	if (!last && (len < 2 || (len < 3 && (p[1] == '$' || p[1] == '('))))
		return 0;
	if (len >= 3 && p[1] == '(')
		set = p[2] == 'B'   ? JP_ASCII
		      : p[2] == 'J' ? JP_ROMAN
		      : p[2] == 'I' ? JP_KATAKANA
				    : -1;
	else if (len >= 3 && p[1] == '$' && (p[2] == '@' || p[2] == 'B'))
		set = JP_0208;
	d->escaped = set >= 0;
	*c = BAD;
	if (set < 0)
		return 1; /* what follows ESC is read again as text */
	d->set = (enum jp_set)set;
	if (!again)
		*c = NONE;
	return 3;
}

static size_t iso_2022_jp_step(struct charset_decoder *d, const unsigned char *p, size_t len,
	bool last, uint32_t *c, uint32_t *c2)
{
	unsigned char b = p[0];

	(void)c2;
	if (b == 0x1b)
		return jp_escape(d, p, len, last, c);
	if (d->set == JP_0208 && in(b, 0x21, 0x7e)) {
		if (len < 2)
			return incomplete(len, last, c);
		d->escaped = false;
		*c = BAD;
		if (p[1] == 0x1b)
			return 1;
		if (in(p[1], 0x21, 0x7e))
			*c = charset_jis0208[(b - 0x21u) * 94 + p[1] - 0x21u];
		if (!*c)
			*c = BAD;
		return 2;
	}
	d->escaped = false;
	*c = BAD;
	if (d->set == JP_KATAKANA && in(b, 0x21, 0x5f))
		*c = 0xff61u - 0x21 + b;
	else if (d->set == JP_ROMAN && (b == 0x5c || b == 0x7e))
		*c = b == 0x5c ? 0xa5 : 0x203e;
	else if ((d->set == JP_ASCII || d->set == JP_ROMAN) && b < 0x80 && b != 0x0e && b != 0x0f)
		*c = b;
	return 1;
}

static size_t utf8_step(struct charset_decoder *d, const unsigned char *p, size_t len, bool last,
	uint32_t *c, uint32_t *c2)
{
	size_t n = charset_utf8_get(p, len, c);

	(void)d;
	(void)c2;
	if (n)
		return n;
	*c = BAD;
	return charset_utf8_bad(p, len, last);
}

static size_t user_defined_step(struct charset_decoder *d, const unsigned char *p, size_t len,
	bool last, uint32_t *c, uint32_t *c2)
{
	(void)d;
	(void)len;
	(void)last;
	(void)c2;
	*c = 0xf700u + p[0];
	return 1;
}

static size_t replacement_step(struct charset_decoder *d, const unsigned char *p, size_t len,
	bool last, uint32_t *c, uint32_t *c2)
{
	(void)p;
	(void)last;
	(void)c2;
	*c = d->done ? NONE : BAD;
	d->done = true;
	return len;
}

static step_fn *const steps[] = {
	[CHARSET_UTF8] = utf8_step,
	[CHARSET_SINGLE] = NULL, /* single_run */
	[CHARSET_GBK] = gb18030_step,
	[CHARSET_GB18030] = gb18030_step,
	[CHARSET_BIG5] = big5_step,
	[CHARSET_EUC_JP] = euc_jp_step,
	[CHARSET_ISO_2022_JP] = iso_2022_jp_step,
	[CHARSET_SHIFT_JIS] = shift_jis_step,
	[CHARSET_EUC_KR] = euc_kr_step,
	[CHARSET_REPLACEMENT] = replacement_step,
	[CHARSET_UTF16BE] = utf16_step,
	[CHARSET_UTF16LE] = utf16_step,
	[CHARSET_USER_DEFINED] = user_defined_step,
};

/* Whether bytes below 0x80 that begin a sequence always are themselves. */
static bool ascii_compatible(enum charset_kind kind)
{
	return kind != CHARSET_UTF16BE && kind != CHARSET_UTF16LE && kind != CHARSET_ISO_2022_JP &&
	       kind != CHARSET_REPLACEMENT;
}

bool charset_is_ascii_superset(const char *name)
{
	return ascii_compatible((enum charset_kind)charset_find(name)->kind);
}

/* Code points as UTF-8, at a place with room. */
static inline char *put(char *o, uint32_t c)
{
	if (c < 0x80) {
		*o++ = (char)c;
	} else if (c < 0x800) {
		*o++ = (char)(0xc0 | c >> 6);
		*o++ = (char)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		*o++ = (char)(0xe0 | c >> 12);
		*o++ = (char)(0x80 | (c >> 6 & 63));
		*o++ = (char)(0x80 | (c & 63));
	} else {
		*o++ = (char)(0xf0 | c >> 18);
		*o++ = (char)(0x80 | (c >> 12 & 63));
		*o++ = (char)(0x80 | (c >> 6 & 63));
		*o++ = (char)(0x80 | (c & 63));
	}
	return o;
}

/* Copies the run that needs no step: valid UTF-8, or ASCII. Returns its length. */
static inline size_t copy_plain(enum charset_kind kind, const unsigned char *p, size_t len, char *o)
{
	size_t n = 0;

	if (kind == CHARSET_UTF8) {
		n = charset_utf8_valid_prefix(p, len);
		memcpy(o, p, n);
		return n;
	}
	while (n + 8 <= len) {
		uint64_t w;

		memcpy(&w, p + n, 8);
		if (w & 0x8080808080808080u)
			break;
		memcpy(o + n, &w, 8);
		n += 8;
	}
	for (; n < len && p[n] < 0x80; n++)
		o[n] = (char)p[n];
	return n;
}

/* A run of single bytes, ASCII or not. */
static inline char *single_run(
	const uint16_t *table, const unsigned char *p, const unsigned char *end, char *o)
{
	for (; p < end; p++) {
		uint32_t c = *p;

		if (c >= 0x80 && !(c = table[c & 0x7f]))
			c = 0xfffd;
		o = put(o, c);
	}
	return o;
}

#define BLOCK 16384 /* room for this much is made at a time */

/* Decodes from [p, p + len) until `stop` is consumed (at most BLOCK), and returns how much that
 * was: a few bytes more where the last sequence is longer, less where it is incomplete. */
static size_t run(struct charset_decoder *d, const unsigned char *p, size_t len, size_t stop,
	bool last, struct buf *out)
{
	enum charset_kind kind = (enum charset_kind)d->cs->kind;
	bool plain = ascii_compatible(kind);
	step_fn *step = steps[kind];
	size_t at = 0;
	char *o;

	/* No byte gives more than three; a step may go beyond stop by its own length. */
	buf_grow(out, 3 * stop + 16);
	o = out->data + out->len;
	if (kind == CHARSET_SINGLE) {
		o = single_run(charset_single[d->cs->single], p, p + stop, o);
		at = stop;
	}
	while (at < stop) {
		uint32_t c = BAD, c2 = 0;
		size_t n = plain ? copy_plain(kind, p + at, stop - at, o) : 0;

		at += n;
		o += n;
		if (at == stop)
			break;
		n = step(d, p + at, len - at, last, &c, &c2);
		if (n == 0)
			break;
		at += n;
		if (c != NONE)
			o = put(o, c == BAD ? 0xfffd : c);
		if (c2)
			o = put(o, c2);
	}
	buf_set_len(out, (size_t)(o - out->data));
	return at;
}

/* The byte order mark of the encoding itself, at the very start, is no text. */
static size_t own_bom(const struct charset_decoder *d, const unsigned char *p, size_t len)
{
	size_t n;
	const char *name = charset_bom(p, len, &n);

	return name && charset_find(name) == d->cs ? n : 0;
}

/* What was pending, with as much of the new chunk as completes it. Returns how much of
 * the chunk that took. */
static size_t run_pending(
	struct charset_decoder *d, const unsigned char *p, size_t len, bool last, struct buf *out)
{
	size_t had = d->npend, take = sizeof(d->pend) - had, used;

	if (take > len)
		take = len;
	memcpy(d->pend + had, p, take);
	used = run(d, d->pend, had + take, had, last && take == len, out);
	if (used >= had) {
		d->npend = 0;
		return used - had;
	}
	/* Still incomplete: only when the chunk is too short. */
	memmove(d->pend, d->pend + used, had + take - used);
	d->npend = had + take - used;
	return take;
}

void charset_decode(
	struct charset_decoder *d, const void *in_, size_t len, struct buf *out, bool last)
{
	const unsigned char *p = in_;
	size_t used;

	if (!d->started) {
		unsigned char head[3];
		size_t n = 0, had = d->npend;

		memcpy(head, d->pend, had);
		for (n = had; n < 3 && n - had < len; n++)
			head[n] = p[n - had];
		if (n < 3 && !last) { /* too little to know: keep it */
			memcpy(d->pend, head, n);
			d->npend = n;
			return;
		}
		d->started = true;
		used = own_bom(d, head, n);
		if (used) { /* had < 3 and a mark has 2 or 3 bytes */
			size_t from_pend = used < had ? used : had;

			d->npend = had - from_pend;
			memmove(d->pend, d->pend + from_pend, d->npend);
			p += used - from_pend;
			len -= used - from_pend;
		}
	}
	while (d->npend && (len || last)) {
		used = run_pending(d, p, len, last, out);
		p += used;
		len -= used;
		if (!len)
			break;
	}
	if (!len)
		return;
	while (len) {
		used = run(d, p, len, len < BLOCK ? len : BLOCK, last, out);
		if (!used)
			break;
		p += used;
		len -= used;
	}
	d->npend = len; /* less than a sequence */
	memcpy(d->pend, p, len);
}
