#include "crawler/page/html_token.h"

#include <string.h>
#include <strings.h>

#include "config/mem.h"
#include "crawler/page/html_charref.h"
#include "crawler/page/html_names.h"
#include "crawler/page/html_scan.h"

/* Each byte of a name in lower case; 0 = it ends a tag name (white space, '/', '>').
 * NUL ends nothing: it becomes U+FFFD, so that name is an unknown one. */
/* clang-format off */
static const unsigned char name_byte[256] = {
	255, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 11, 0, 0, 14, 15,
	16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
	0, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 0,
	48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 0, 63,
	64, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111,
	112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 91, 92, 93, 94, 95,
	96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111,
	112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127,
	128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139, 140, 141, 142, 143,
	144, 145, 146, 147, 148, 149, 150, 151, 152, 153, 154, 155, 156, 157, 158, 159,
	160, 161, 162, 163, 164, 165, 166, 167, 168, 169, 170, 171, 172, 173, 174, 175,
	176, 177, 178, 179, 180, 181, 182, 183, 184, 185, 186, 187, 188, 189, 190, 191,
	192, 193, 194, 195, 196, 197, 198, 199, 200, 201, 202, 203, 204, 205, 206, 207,
	208, 209, 210, 211, 212, 213, 214, 215, 216, 217, 218, 219, 220, 221, 222, 223,
	224, 225, 226, 227, 228, 229, 230, 231, 232, 233, 234, 235, 236, 237, 238, 239,
	240, 241, 242, 243, 244, 245, 246, 247, 248, 249, 250, 251, 252, 253, 254, 255,
};
/* clang-format on */

static unsigned byte_of(char c)
{
	return name_byte[(unsigned char)c];
}

static void keep(struct tokenizer *t, struct html_tag *tag, const struct html_attr *a)
{
	if (a->id) {
		if (tag->have & 1u << a->id)
			return;
		tag->have |= 1u << a->id;
	} else {
		for (size_t i = 0; i < tag->nattrs; i++)
			if (t->attrs[i].name_len == a->name_len &&
				strncasecmp(t->attrs[i].name, a->name, a->name_len) == 0)
				return;
	}
	if (tag->nattrs == t->attrs_cap) {
		t->attrs_cap = t->attrs_cap ? t->attrs_cap * 2 : 32;
		t->attrs = mem_realloc(t->attrs, t->attrs_cap * sizeof(*t->attrs));
	}
	t->attrs[tag->nattrs++] = *a;
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
	struct html_attr a = {.name = p};
	uint64_t key = byte_of(*p);
	unsigned c;

	/* The first byte belongs to the name even if it is '='. */
	for (p++; p < end && (c = byte_of(*p)) != 0 && c != '='; p++)
		key = HTML_KEY(key, c);
	a.name_len = (uint32_t)(p - a.name);
	a.value = p;
	while (p < end && html_is_space(*p))
		p++;
	if (p == end)
		return NULL;
	if (*p == '=') {
		p = read_value(p + 1, end, &a);
		if (!p)
			return NULL;
	}
	a.id = (uint8_t)html_attr_find(key, a.name, a.name_len);
	if (a.id || t->all_attrs)
		keep(t, tag, &a);
	return p;
}

const char *html_tag_read(struct tokenizer *t, const char *p, const char *end, struct html_tag *tag)
{
	uint64_t key = 0;
	unsigned c;

	tag->name = p;
	for (; p < end && (c = byte_of(*p)) != 0; p++)
		key = HTML_KEY(key, c);
	tag->name_len = (size_t)(p - tag->name);
	tag->id = (uint16_t)html_tag_find(key, tag->name, tag->name_len);
	tag->hash = (uint32_t)((key ^ tag->name_len) * 0x9e3779b97f4a7c15u >> 32);
	tag->have = 0;
	tag->nattrs = 0;
	tag->self_closing = false;
	while (p && p < end) {
		if (*p == '>') {
			tag->attrs = t->attrs;
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

void html_attr_value(const struct html_attr *a, struct buf *out)
{
	const char *p = a->value, *end = p + a->value_len;

	if (!a->dirty) {
		buf_add(out, p, a->value_len);
		return;
	}
	while (p < end) {
		const char *q = p;
		struct charref ref;
		size_t n;

		while (q < end && *q != '&' && *q != '\r' && *q != '\0')
			q++;
		buf_add(out, p, (size_t)(q - p));
		p = q;
		if (p == end)
			break;
		if (*p == '\0') {
			buf_add(out, "\xef\xbf\xbd", 3);
			p++;
		} else if (*p == '\r') {
			buf_add_ch(out, '\n');
			p += p + 1 < end && p[1] == '\n' ? 2 : 1;
		} else if ((n = charref_read(p, end, true, true, &ref)) > 0) {
			buf_add(out, ref.text, ref.len);
			p += n;
		} else {
			buf_add_ch(out, '&');
			p++;
		}
	}
}
