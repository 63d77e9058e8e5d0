#include "crawler/page/html_token.h"

#include <string.h>
#include <strings.h>

#include "config/mem.h"
#include "crawler/page/html_charref.h"
#include "crawler/page/html_names.h"
#include "crawler/page/html_scan.h"

/* ---- attributes ---- */

__attribute__((noinline)) static bool is_new_name(const struct html_attr *attrs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (attrs[i].name_len == attrs[n].name_len &&
			strncasecmp(attrs[i].name, attrs[n].name, attrs[n].name_len) == 0)
			return false;
	return true;
}

__attribute__((noinline)) static void grow_attrs(struct tokenizer *t)
{
	t->attrs_cap = t->attrs_cap ? t->attrs_cap * 2 : 32;
	t->attrs = mem_realloc(t->attrs, t->attrs_cap * sizeof(*t->attrs));
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && html_is_space(*p))
		p++;
	return p;
}

/* "Before attribute value state" and on: p is behind the '='. NULL = cut. */
static const char *read_value(const char *p, const char *end, struct html_attr *a)
{
	p = skip_space(p, end);
	if (p == end)
		return NULL;
	a->value = p;
	if (*p == '"' || *p == '\'') {
		a->value = p + 1;
		p = scan_quote(a->value, end, *p, &a->dirty);
		a->value_len = (uint32_t)(p - a->value);
		return p < end ? p + 1 : NULL;
	}
	for (; p < end && !html_is_space(*p) && *p != '>'; p++)
		a->dirty |= *p == '&' || *p == '\0';
	a->value_len = (uint32_t)(p - a->value);
	return p < end ? p : NULL;
}

/* Any attribute: p is at the first byte of its name, which is one even if it is '='. NULL = cut. */
static const char *read_attr(const char *p, const char *end, struct html_attr *a)
{
	a->name = p;
	p = scan_name(p + 1, end);
	a->name_len = (uint32_t)(p - a->name);
	a->id = (uint8_t)html_attr_find(
		html_name_key(a->name, a->name_len, (size_t)(end - a->name)), a->name, a->name_len);
	a->value = p;
	a->value_len = 0;
	a->dirty = false;
	p = skip_space(p, end);
	if (p < end && *p == '=')
		return read_value(p + 1, end, a);
	return p < end ? p : NULL;
}

/* The same for what nearly all are: a short name, and a value in double quotes. */
static inline const char *read_plain_attr(const char *p, const char *end, struct html_attr *a)
{
	unsigned n;

	if (end - p < HTML_WHOLE_NAME)
		return read_attr(p, end, a);
	n = (unsigned)__builtin_ctz((scan_name_ends(p) & ~1u) | 1u << 9);
	if (n > 8 || p[n] != '=' || p[n + 1] != '"')
		return read_attr(p, end, a);
	a->name = p;
	a->name_len = n;
	a->id = (uint8_t)html_attr_find_short(le64_load(p), n);
	a->dirty = false;
	a->value = p + n + 2;
	p = scan_quote(a->value, end, '"', &a->dirty);
	a->value_len = (uint32_t)(p - a->value);
	return p < end ? p + 1 : NULL;
}

/* An attribute stays unless it is not wanted or not the first of its name: without a branch in the
 * usual case, as which attributes come is hard to foresee. */
const char *html_attrs_read(
	struct tokenizer *t, const char *p, const char *end, struct html_tag *tag)
{
	bool slash = false;
	uint32_t have = 0;
	size_t n = 0;

	while (p < end && *p != '>') {
		uint32_t bit;

		slash = *p == '/';
		if (slash || html_is_space(*p)) {
			p++;
			continue;
		}
		if (n == t->attrs_cap)
			grow_attrs(t);
		p = read_plain_attr(p, end, &t->attrs[n]);
		if (!p)
			return NULL;
		bit = (1u << t->attrs[n].id) & ~1u;
		if (t->all_attrs && !bit)
			n += is_new_name(t->attrs, n);
		else
			n += (bit & ~have) != 0;
		have |= bit;
	}
	if (p == end)
		return NULL;
	tag->self_closing = slash;
	tag->have = have;
	tag->nattrs = n;
	tag->attrs = t->attrs;
	tag->raw_len = (size_t)(p + 1 - tag->name);
	return p + 1;
}

/* ---- tags ---- */

const char *html_tag_read(struct tokenizer *t, const char *p, const char *end, struct html_tag *tag)
{
	uint64_t key;

	tag->name = p;
	p = scan_name(p, end);
	while (p < end && *p == '=') /* part of a tag's name */
		p = scan_name(p + 1, end);
	tag->name_len = (size_t)(p - tag->name);
	key = html_name_key(tag->name, tag->name_len, (size_t)(end - tag->name));
	tag->id = (uint16_t)html_tag_find(key, tag->name, tag->name_len);
	tag->hash = tag->id;
	if (!tag->id)
		tag->hash = (uint32_t)((key ^ tag->name_len) * 0x9e3779b97f4a7c15u >> 32);
	return html_attrs_read(t, p, end, tag);
}

const struct html_attr *html_attr_get(const struct html_tag *tag, unsigned id)
{
	if (!(tag->have & 1u << id))
		return NULL;
	for (size_t i = 0; i < tag->nattrs; i++)
		if (tag->attrs[i].id == id)
			return &tag->attrs[i];
	return NULL;
}

/* One step of decoding at p, where '&', CR or NUL stands: appends what it stands for to out (if
 * there is one), and returns what follows; *len is how many bytes that was. */
static const char *decode_step(const char *p, const char *end, struct buf *out, size_t *len)
{
	struct charref ref = {"&", 1};
	size_t n;

	if (*p == '\0') {
		ref = (struct charref){"\xef\xbf\xbd", 3};
		p++;
	} else if (*p == '\r') {
		ref = (struct charref){"\n", 1};
		p += p + 1 < end && p[1] == '\n' ? 2 : 1;
	} else if ((n = charref_read(p, end, true, true, &ref)) > 0) {
		p += n;
	} else {
		ref = (struct charref){"&", 1};
		p++;
	}
	if (out)
		buf_add(out, ref.text, ref.len);
	*len = ref.len;
	return p;
}

void html_attr_value(const struct html_attr *a, struct buf *out)
{
	const char *p = a->value, *end = p + a->value_len;
	size_t n;

	if (!a->dirty) {
		buf_add(out, p, a->value_len);
		return;
	}
	while (p < end) {
		const char *q = p;

		while (q < end && *q != '&' && *q != '\r' && *q != '\0')
			q++;
		buf_add(out, p, (size_t)(q - p));
		p = q < end ? decode_step(q, end, out, &n) : end;
	}
}

void html_walk_begin(struct html_walk *w, const struct html_attr *a)
{
	*w = (struct html_walk){.src = a->value, .end = a->value + a->value_len, .dirty = a->dirty};
}

const char *html_walk_to(struct html_walk *w, size_t at)
{
	while (w->decoded < at && w->src < w->end) {
		const char *next = w->src + 1;
		size_t n = 1;

		if (!w->dirty) {
			n = at - w->decoded;
			next = w->src + n;
		} else if (*w->src == '&' || *w->src == '\r' || *w->src == '\0') {
			next = decode_step(w->src, w->end, NULL, &n);
		}
		if (w->decoded + n > at)
			break; /* in the middle of a reference */
		w->open = *w->src == '&' && next[-1] != ';' && next > w->src + 1;
		w->src = next;
		w->decoded += n;
	}
	return w->src;
}
