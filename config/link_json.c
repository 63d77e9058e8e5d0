/* link_json.c - links written. */
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

/* ---- copying ---- */

#ifdef __SSE2__

/* Whether the bytes are plain; only then the copy is of use. There is room for a block more. */
static SIMD_INLINE bool copy_plain(char *to, const char *s, size_t len, bool roomy)
{
	__m128i v;

	for (; len >= 16; s += 16, to += 16, len -= 16) {
		v = simd_load(s, 16);
		_mm_storeu_si128((__m128i *)(void *)to, v);
		if (simd_not_plain(v))
			return false;
	}
	if (!len)
		return true;
	v = roomy ? simd_load(s, 16) : simd_load(s, len);
	_mm_storeu_si128((__m128i *)(void *)to, v);
	return !(simd_not_plain(v) & ((1u << len) - 1));
}

#else

static bool copy_plain(char *to, const char *s, size_t len, bool roomy)
{
	(void)roomy;
	memcpy(to, s, len);
	return text_plain(s, len) == len;
}

#endif

/* ---- writing ---- */

static char *put_escaped(struct buf *out, char *w, const char *s, size_t len)
{
	out->len = (size_t)(w - out->data);
	text_json(out, s, len);
	return out->data + out->len;
}

/* Most strings mean themselves; `out` has room for this one, a block, and what comes behind it. */
static SIMD_INLINE char *put_string(struct buf *out, char *w, const char *s, size_t len, bool roomy)
{
	if (!copy_plain(w + 1, s, len, roomy))
		return put_escaped(out, w, s, len);
	*w = '"';
	w += len + 1;
	*w++ = '"';
	return w;
}

/* Room for n bytes, all of them as escapes, and for what is between them. */
static SIMD_INLINE char *begin(struct link_json *j, size_t n)
{
	char *w;

	buf_grow(j->out, 6 * n + 64);
	w = j->out->data + j->out->len;
	memcpy(w, j->n++ ? ",[" : "[[", 2);
	return w + 2;
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
static SIMD_INLINE void finish(struct link_json *j, char *w, const struct facts_found *l)
{
	struct buf *out = j->out;

	if (l->kind != j->kind)
		set_kind(j, l->kind);
	memcpy(w, j->kind_json, sizeof(j->kind_json));
	w += j->kind_len;
	if (l->text_len) {
		*w++ = ',';
		w = put_string(out, w, l->text, l->text_len, l->roomy);
	} else if (l->rel_len) {
		memcpy(w, ",null", 5);
		w += 5;
	}
	if (l->rel_len) {
		*w++ = ',';
		w = put_string(out, w, l->rel, l->rel_len, l->roomy);
	}
	*w++ = ']';
	buf_set_len(out, (size_t)(w - out->data));
}

/* How much of the target is left out: it is on the page's origin. */
static SIMD_INLINE size_t origin_of(const struct link_json *j, const struct facts_found *l)
{
	bool same = j->origin && l->url_len > j->origin && l->url[j->origin] == '/' &&
		    memcmp(l->url, j->url, j->origin) == 0;

	return same ? j->origin : 0;
}

void link_json_add(struct link_json *j, const struct facts_found *l)
{
	size_t skip = origin_of(j, l);
	char *w = begin(j, l->url_len + l->text_len + l->rel_len);

	j->at = (size_t)(w + 1 - j->out->data);
	w = put_string(j->out, w, l->url + skip, l->url_len - skip, false);
	j->len = (size_t)(w - 1 - j->out->data) - j->at;
	finish(j, w, l);
}

/* A plain target in two parts. */
static SIMD_INLINE char *put_target(
	char *w, const char *s, size_t len, const char *end, size_t end_len)
{
	*w++ = '"';
	simd_copy(w, s, len);
	w += len;
	simd_copy(w, end, end_len);
	w += end_len;
	*w++ = '"';
	return w;
}

void link_json_add_plain(
	struct link_json *j, const struct facts_found *l, const char *end, size_t end_len)
{
	size_t skip = origin_of(j, l);
	char *w = begin(j, l->url_len + end_len + l->text_len + l->rel_len);

	j->at = (size_t)(w + 1 - j->out->data);
	j->len = l->url_len - skip;
	finish(j, put_target(w, l->url + skip, j->len, end, end_len), l);
}

void link_json_again(struct link_json *j, size_t at, size_t len, const struct facts_found *l,
	const char *end, size_t end_len)
{
	char *w = begin(j, len + end_len + l->text_len + l->rel_len);

	finish(j, put_target(w, j->out->data + at, len, end, end_len), l);
}

void link_json_end(struct link_json *j)
{
	if (j->n)
		buf_add_ch(j->out, ']');
}
