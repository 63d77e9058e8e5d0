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
	b->plain = url_is_plain(url->href, url->fragment_start);
}

/* A reference taken apart. */
struct joint {
	const struct url *url;	/* what it starts with: the base, or its own authority */
	uint32_t keep;		/* how much of that stays */
	const char *rest, *end; /* what comes behind it */
	bool segment;		/* the start of a segment */
	bool query;		/* the query is the base's */
	struct url *own;	/* where to put its own authority */
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

/* "http://host" or "https://host" before a slash, where the host is serialised as it stands: in
 * lower case, without port, escapes, and a last label that may be a number. */
static bool take_origin(struct joint *j, const char *p)
{
	struct url *u = j->own;
	uint32_t scheme = j->end - p > 8 && p[4] == 's' ? 5 : 4;
	const char *s = p + scheme + 3, *label = s;

	if (j->end - p < 9 || memcmp(p, "http", 4) != 0 || memcmp(p + scheme, "://", 3) != 0)
		return false;
	for (; s < j->end && !(url_class_of(*s) & (SET_FORBIDDEN_DOMAIN | SET_HIGH)); s++) {
		if (*s == '.' && j->end - s > 1 && s[1] != '/')
			label = s + 1;
		if (*s != url_lower(*s))
			return false;
	}
	if (s == j->end || *s != '/' || s == p + scheme + 3 || url_is_digit(*label))
		return false;
	*u = (struct url){.href = p,
		.scheme = scheme == 5 ? URL_HTTPS : URL_HTTP,
		.scheme_end = scheme,
		.port = scheme == 5 ? 443 : 80,
		.special = true,
		.has_host = true};
	u->user_start = u->user_end = u->pass_start = u->pass_end = u->host_start = scheme + 3;
	u->host_end = u->port_start = u->port_end = u->path_start = (uint32_t)(s - p);
	j->url = u;
	j->keep = u->path_start;
	j->rest = s;
	return true;
}

/* Where the reference starts; false = for the parser to say. */
static SIMD_INLINE bool take_start(struct joint *j, const struct url_base *b, const char *p)
{
	const struct url *u = j->url;
	uint32_t up = 0;

	switch (*p) {
	case '#':
		j->query = true;
		j->keep = u->fragment_start;
		return true;
	case '?': j->keep = u->query_start; return true;
	case '/': j->keep = u->path_start; return j->end - p == 1 || p[1] != '/';
	case '.': j->rest = climb(p, j->end, &up); break;
	case 'h':
		if (take_origin(j, p))
			return true;
	}
	j->segment = true;
	j->keep = b->dirs[up < b->ndirs ? up : b->ndirs - 1];
	return up < b->ndirs || b->whole;
}

/* How far a reference has been looked at. */
struct scan {
	unsigned before; /* the byte before the block was a slash */
	unsigned inside; /* all bits: the path goes on */
	unsigned colons; /* all bits: what comes before a colon may be a scheme */
	size_t path;	 /* where the path ends */
};

static SIMD_INLINE bool scan_block(struct scan *s, struct url_block m, size_t at)
{
	unsigned path = s->inside & (m.ends - 1) & ~m.ends; /* bytes before the first end */
	unsigned dots = (m.slash << 1 | s->before) & m.dot;

	if (m.odd | (path & (dots | (m.colon & s->colons))))
		return false;
	s->before = m.slash >> (URL_BLOCK - 1) & 1;
	if (m.ends & s->inside) {
		s->path = at + (unsigned)__builtin_ctz(m.ends);
		s->inside = 0;
	}
	return true;
}

/* Copies the rest; false = not plain. *path = where its path ends. */
static SIMD_INLINE bool copy_rest(char *w, const struct joint *j, size_t *path, bool roomy)
{
	const char *p = j->rest;
	size_t len = (size_t)(j->end - p), i = 0;
	struct scan s = {.before = j->segment,
		.inside = ~0u,
		.colons = j->segment && len && url_is_alpha(*p) ? ~0u : 0,
		.path = len};

	for (; len - i >= URL_BLOCK; i += URL_BLOCK)
		if (!scan_block(&s, url_block_copy(w + i, p + i, URL_BLOCK, roomy), i))
			return false;
	if (i < len && !scan_block(&s, url_block_copy(w + i, p + i, len - i, roomy), i))
		return false;
	*path = s.path;
	return true;
}

static bool join(struct url_parser *parser, const char *in, size_t len, const struct url_base *b,
	struct url *out)
{
	struct url own;
	struct joint j = {.url = b->url, .rest = in, .end = in + len, .own = &own};
	const char *hash;
	size_t path;
	char *w;

	if (!len || !b->ndirs || len > URL_MAX_INPUT || !take_start(&j, b, in))
		return false;
	len = (size_t)(j.end - j.rest);
	parser->out.len = 0;
	buf_grow(&parser->out, j.keep + len + URL_BLOCK);
	w = parser->out.data;
	memcpy(w, j.url->href, j.keep);
	if (!copy_rest(w + j.keep, &j, &path, false))
		return false;
	buf_set_len(&parser->out, j.keep + len);
	*out = *j.url;
	out->href = w;
	out->len = (uint32_t)(j.keep + len);
	if (!j.query)
		out->query_start = (uint32_t)(j.keep + path);
	hash = path < len ? memchr(j.rest + path, '#', len - path) : NULL;
	out->fragment_start = hash ? (uint32_t)(j.keep + (size_t)(hash - j.rest)) : out->len;
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
	unsigned odd = 0;

	if (len < URL_BLOCK)
		return !len || !url_block(s, len).odd;
	/* The last block overlaps the one before. */
	for (size_t i = 0; i + URL_BLOCK < len; i += URL_BLOCK)
		odd |= url_block(s + i, URL_BLOCK).odd;
	return !(odd | url_block(s + len - URL_BLOCK, URL_BLOCK).odd);
}

size_t url_join(const struct url_base *b, const char *in, size_t len, char *to)
{
	struct url own;
	struct joint j = {.url = b->url,
		.keep = b->url->fragment_start,
		.rest = in,
		.end = in + len,
		.own = &own};
	size_t path;

	if (!b->ndirs || !b->plain || len > URL_MAX_INPUT || (len && !take_start(&j, b, in)))
		return 0;
	if (j.url == &own && !url_is_plain(in, j.keep))
		return 0;
	memcpy(to, j.url->href, j.keep);
	if (!copy_rest(to + j.keep, &j, &path, true))
		return 0;
	return j.keep + (size_t)(j.end - j.rest);
}
