#include "config/link_json.h"

#include <stdbool.h>
#include <string.h>

#include "config/simd.h"
#include "config/text.h"

/* Length of "scheme://authority" of a serialised http(s) URL; 0 for others. */
static size_t origin_len(const char *url, size_t len)
{
	const char *host, *slash;

	if (len > 7 && memcmp(url, "http://", 7) == 0)
		host = url + 7;
	else if (len > 8 && memcmp(url, "https://", 8) == 0)
		host = url + 8;
	else
		return 0;
	slash = memchr(host, '/', len - (size_t)(host - url));
	return slash && slash > host ? (size_t)(slash - url) : 0;
}

void link_json_begin(struct link_json *j, struct buf *out, const char *url, size_t url_len)
{
	*j = (struct link_json){.out = out, .url = url, .kind = LINK_KINDS};
	j->origin = url ? origin_len(url, url_len) : 0;
}

/* Most strings mean themselves; `out` has room for this one, a block, and what comes behind it. */
static SIMD_INLINE char *put_string(struct buf *out, char *w, const char *s, size_t len)
{
	char *start = w;

	*w++ = '"';
	if (text_copy_plain(w, s, len) == len) {
		w += len;
		*w++ = '"';
		return w;
	}
	buf_set_len(out, (size_t)(start - out->data));
	text_json(out, s, len);
	return out->data + out->len;
}

/* Room for n bytes, all of them as escapes, and for what is between them. */
static char *begin(struct link_json *j, size_t n)
{
	char *w;

	buf_grow(j->out, 6 * n + 64);
	w = j->out->data + j->out->len;
	*w++ = j->n++ ? ',' : '[';
	*w++ = '[';
	return w;
}

/* A link is mostly of the same kind as the one before. */
static void set_kind(struct link_json *j, enum facts_kind kind)
{
	const char *name = facts_kind_name(kind);
	char *w = j->kind_json;

	*w++ = ',';
	*w++ = '"';
	while (*name)
		*w++ = *name++;
	*w++ = '"';
	j->kind = kind;
	j->kind_len = (size_t)(w - j->kind_json);
}

/* What comes behind the target. */
static void finish(struct link_json *j, char *w, const struct facts_found *l)
{
	struct buf *out = j->out;

	if (l->kind != j->kind)
		set_kind(j, l->kind);
	memcpy(w, j->kind_json, sizeof(j->kind_json));
	w += j->kind_len;
	if (l->text_len) {
		*w++ = ',';
		w = put_string(out, w, l->text, l->text_len);
	} else if (l->rel_len) {
		memcpy(w, ",null", 5);
		w += 5;
	}
	if (l->rel_len) {
		*w++ = ',';
		w = put_string(out, w, l->rel, l->rel_len);
	}
	*w++ = ']';
	buf_set_len(out, (size_t)(w - out->data));
}

void link_json_add(struct link_json *j, const struct facts_found *l)
{
	const char *target = l->url;
	size_t len = l->url_len;
	char *w = begin(j, len + l->text_len + l->rel_len);

	if (j->origin && len > j->origin && target[j->origin] == '/' &&
		memcmp(target, j->url, j->origin) == 0) {
		target += j->origin;
		len -= j->origin;
	}
	j->at = (size_t)(w + 1 - j->out->data);
	w = put_string(j->out, w, target, len);
	j->len = (size_t)(w - 1 - j->out->data) - j->at;
	finish(j, w, l);
}

void link_json_again(struct link_json *j, size_t at, size_t len, const struct facts_found *l,
	const char *end, size_t end_len)
{
	char *w = begin(j, len + end_len + l->text_len + l->rel_len);

	*w++ = '"';
	memcpy(w, j->out->data + at, len);
	w += len;
	memcpy(w, end, end_len);
	w += end_len;
	*w++ = '"';
	finish(j, w, l);
}

void link_json_end(struct link_json *j)
{
	if (j->n)
		buf_add_ch(j->out, ']');
}

/* ---- checking ---- */

#ifdef __SSE2__

/* Bits of what has to be looked at: " \\ and controls, in URLs whatever is not ASCII, too. In text
 * that is only noted, to be checked as a whole. */
static SIMD_INLINE unsigned odd_bytes(__m128i v, bool url, unsigned *high)
{
	__m128i quote = _mm_or_si128(
		_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
	__m128i low;

	if (url) { /* signed: bytes from 0x80 on are low, too */
		low = _mm_or_si128(_mm_cmplt_epi8(v, _mm_set1_epi8(0x20)),
			_mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f)));
	} else {
		low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
		*high |= (unsigned)_mm_movemask_epi8(v);
	}
	return (unsigned)_mm_movemask_epi8(_mm_or_si128(quote, low));
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
		p = skip_link(p, end, &high);
		if (!p || p == end)
			return -1;
		n++;
		if (*p == ']')
			break;
		if (*p++ != ',')
			return -1;
	}
	return p + 1 == end && (!high || text_is_utf8(json, len)) ? n : -1;
}
