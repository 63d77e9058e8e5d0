#include "crawler/page/html_token.h"

#include <string.h>
#include <strings.h>

#include "config/mem.h"
#include "crawler/page/html_charref.h"
#include "crawler/page/html_names.h"
#include "crawler/page/html_scan.h"

/* The attribute at t->attrs[tag->nattrs] stays, unless it is not wanted or not the first of its
 * name. Without a branch in the usual case: which attributes come is hard to foresee. */
static void keep(struct tokenizer *t, struct html_tag *tag)
{
	const struct html_attr *a = &t->attrs[tag->nattrs];
	uint32_t bit = (1u << a->id) & ~1u;
	unsigned wanted = (bit & ~tag->have) != 0;

	tag->have |= bit;
	if (t->all_attrs && !a->id) {
		wanted = 1;
		for (size_t i = 0; i < tag->nattrs; i++)
			if (t->attrs[i].name_len == a->name_len &&
				strncasecmp(t->attrs[i].name, a->name, a->name_len) == 0)
				wanted = 0;
	}
	tag->nattrs += wanted;
}

/* "Before attribute value state" and on: p is behind the '='. NULL = cut. */
static const char *read_value(const char *p, const char *end, struct html_attr *a)
{
	while (p < end && html_is_space(*p))
		p++;
	if (p == end)
		return NULL;
	if (*p == '"' || *p == '\'') {
		const char *s = p + 1, *q = scan_quote(s, end, *p, &a->dirty);

		if (q == end)
			return NULL;
		a->value = s;
		a->value_len = (uint32_t)(q - s);
		return q + 1;
	}
	a->value = p;
	for (; p < end && !html_is_space(*p) && *p != '>'; p++)
		a->dirty |= *p == '&' || *p == '\0';
	a->value_len = (uint32_t)(p - a->value);
	return p < end ? p : NULL;
}

/* p is at the first byte of a name. NULL = cut. */
static const char *read_attr(
	struct tokenizer *t, const char *p, const char *end, struct html_tag *tag)
{
	struct html_attr *a;

	if (tag->nattrs == t->attrs_cap) {
		t->attrs_cap = t->attrs_cap ? t->attrs_cap * 2 : 32;
		t->attrs = mem_realloc(t->attrs, t->attrs_cap * sizeof(*t->attrs));
	}
	a = &t->attrs[tag->nattrs];
	a->name = p;
	/* The first byte belongs to the name even if it is '='. */
	p = scan_name(p + 1, end);
	a->name_len = (uint32_t)(p - a->name);
	a->id = (uint8_t)html_attr_find(
		html_name_key(a->name, a->name_len, (size_t)(end - a->name)), a->name, a->name_len);
	a->value = p;
	a->value_len = 0;
	a->dirty = false;
	while (p < end && html_is_space(*p))
		p++;
	if (p == end)
		return NULL;
	if (*p == '=') {
		p = read_value(p + 1, end, a);
		if (!p)
			return NULL;
	}
	keep(t, tag);
	return p;
}

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
	tag->hash = (uint32_t)((key ^ tag->name_len) * 0x9e3779b97f4a7c15u >> 32);
	tag->have = 0;
	tag->nattrs = 0;
	tag->self_closing = false;
	while (p && p < end) {
		if (*p == '>') {
			tag->attrs = t->attrs;
			tag->raw_len = (size_t)(p + 1 - tag->name);
			return p + 1;
		}
		if (html_is_space(*p)) {
			p++;
		} else if (*p == '/') {
			p++;
			tag->self_closing = p < end && *p == '>';
		} else {
			p = read_attr(t, p, end, tag);
		}
	}
	return NULL;
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
