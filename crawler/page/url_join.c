/* url_join.c - references that need no parser: plain characters, behind a part of the base.
 *
 * Almost every reference of almost every page is one. What stands in the way - a scheme, an
 * authority, an escape or a dot where a segment starts, a byte that some part encodes - sends
 * it to the parser, which would have found the same. */
#include "crawler/page/url.h"

#include <string.h>

#include "crawler/page/url_block.h"

void url_base_set(struct url_base *b, const struct url *url)
{
	b->url = url;
	b->ndirs = 0;
	if (!url_is_http(url))
		return;
	for (uint32_t i = url->query_start; i > url->path_start && b->ndirs < URL_BASE_DIRS; i--)
		if (url->href[i - 1] == '/')
			b->dirs[b->ndirs++] = i;
	b->whole = b->dirs[b->ndirs - 1] == url->path_start + 1;
}

/* What stays of the base, and what comes behind it. */
struct keep {
	uint32_t len;
	bool segment; /* the start of a segment */
	bool query;   /* the query is the base's */
};

/* Behind "./" and "../" at the start. */
static const char *climb(const char *p, const char *end, uint32_t *up)
{
	while (end - p >= 2 && p[0] == '.') {
		if (p[1] == '/') {
			p += 2;
		} else if (end - p >= 3 && p[1] == '.' && p[2] == '/') {
			++*up;
			p += 3;
		} else {
			break;
		}
	}
	return p;
}

/* Takes from the reference what says where it starts; NULL = for the parser to say. */
static const char *start(
	const struct url_base *b, const char *p, const char *end, struct keep *keep)
{
	const struct url *u = b->url;
	uint32_t up = 0;

	switch (*p) {
	case '#': *keep = (struct keep){u->fragment_start, false, true}; return p;
	case '?': *keep = (struct keep){u->query_start, false, false}; return p;
	case '/':
		*keep = (struct keep){u->path_start, false, false};
		return end - p > 1 && p[1] == '/' ? NULL : p;
	case '.': p = climb(p, end, &up); break;
	default:
		if ((size_t)(end - p) > u->path_start && p[u->path_start] == '/' &&
			memcmp(p, u->href, u->path_start) == 0) {
			*keep = (struct keep){u->path_start, false, false};
			return p + u->path_start;
		}
	}
	if (up >= b->ndirs && !b->whole)
		return NULL;
	*keep = (struct keep){b->dirs[up < b->ndirs ? up : b->ndirs - 1], true, false};
	return p;
}

/* Copies the reference; false = not plain. *path = where its path ends. */
static bool copy_plain(char *w, const char *p, const char *end, bool segment, size_t *path)
{
	unsigned before = segment; /* the byte before the block was a slash */
	/* What starts with a letter may be a scheme. */
	unsigned colons = segment && p < end && url_is_alpha(*p) ? ~0u : 0;
	size_t len = (size_t)(end - p), i = 0, n;

	for (; i < len; i += n) {
		struct url_block m;
		unsigned upto;

		n = len - i < URL_BLOCK ? len - i : URL_BLOCK;
		m = url_block_copy(w + i, p + i, n);
		upto = m.ends ? (m.ends & -m.ends) - 1 : ~0u;
		if (m.odd || (upto & (((m.slash << 1 | before) & m.dot) | (m.colon & colons))))
			return false;
		before = m.slash >> (URL_BLOCK - 1) & 1;
		if (m.ends) {
			*path = i + (unsigned)__builtin_ctz(m.ends);
			break;
		}
	}
	if (i >= len)
		*path = len;
	else
		i += n;
	for (; i < len; i += n) {
		n = len - i < URL_BLOCK ? len - i : URL_BLOCK;
		if (url_block_copy(w + i, p + i, n).odd)
			return false;
	}
	return true;
}

static bool join(struct url_parser *parser, const char *in, size_t len, const struct url_base *b,
	struct url *out)
{
	const char *end = in + len, *hash;
	struct keep keep;
	size_t path;
	char *w;

	if (!len || !b->ndirs || len > URL_MAX_INPUT)
		return false;
	in = start(b, in, end, &keep);
	if (!in)
		return false;
	len = (size_t)(end - in);
	parser->out.len = 0;
	buf_grow(&parser->out, keep.len + len + URL_BLOCK);
	w = parser->out.data;
	memcpy(w, b->url->href, keep.len);
	if (!copy_plain(w + keep.len, in, end, keep.segment, &path))
		return false;
	buf_set_len(&parser->out, keep.len + len);
	*out = *b->url;
	out->href = w;
	out->len = (uint32_t)(keep.len + len);
	if (!keep.query)
		out->query_start = (uint32_t)(keep.len + path);
	hash = memchr(in + path, '#', len - path);
	out->fragment_start = hash ? (uint32_t)(keep.len + (size_t)(hash - in)) : out->len;
	return true;
}

int url_resolve(struct url_parser *p, const char *in, size_t len, const struct url_base *base,
	url_encode_fn *encode, void *arg, struct url *out)
{
	if (join(p, in, len, base, out))
		return 0;
	return url_parse_encoded(p, in, len, base->url, encode, arg, out);
}

bool url_is_plain(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i += URL_BLOCK)
		if (url_block(s + i, len - i < URL_BLOCK ? len - i : URL_BLOCK).odd)
			return false;
	return true;
}
