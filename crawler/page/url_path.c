/* url_path.c - the path, query and fragment states of the URL parser. */
#include "crawler/page/url_job.h"

#include <string.h>

bool url_is_drive(const char *s, size_t n)
{
	return n == 2 && url_is_alpha(s[0]) && (s[1] == ':' || s[1] == '|');
}

bool url_starts_drive(const char *p, const char *end)
{
	if (end - p < 2 || !url_is_drive(p, 2))
		return false;
	return end - p == 2 || strchr("/\\?#", p[2]) != NULL;
}

void url_shorten(struct url_job *j)
{
	char *path = j->parser->out.data + j->u.path_start, *slash = j->w;

	if (slash == path)
		return;
	while (--slash > path && *slash != '/')
		;
	/* The drive letter of a file URL is never dropped. */
	if (j->u.scheme == URL_FILE && slash == path && j->w - path == 3 && url_is_alpha(path[1]) &&
		path[2] == ':')
		return;
	j->w = slash;
}

/* 1 for "." and 2 for ".." in any spelling, else 0. */
static int dots(const char *s, size_t n)
{
	int count = 0;

	while (n > 0) {
		if (s[0] == '.') {
			s++;
			n--;
		} else if (n >= 3 && s[0] == '%' && s[1] == '2' && (s[2] | 0x20) == 'e') {
			s += 3;
			n -= 3;
		} else {
			return 0;
		}
		if (++count > 2)
			return 0;
	}
	return count;
}

/* One segment of the path, with the slash that ends it (or not: `last`). */
static void put_segment(struct url_job *j, const char *s, size_t n, bool last)
{
	int up = dots(s, n);

	if (up == 0) {
		bool first = url_job_at(j) == j->u.path_start;
		char *w = j->w;

		*w++ = '/';
		j->w = url_put_encoded(w, s, n, SET_PATH);
		if (j->u.scheme == URL_FILE && first && url_is_drive(s, n))
			w[1] = ':';
		return;
	}
	if (up == 2)
		url_shorten(j);
	if (last)
		*j->w++ = '/';
}

/* The "../" and "./" that relative references like to start with. */
static const char *climb(struct url_job *j, const char *p)
{
	const char *end = j->end;

	while (end - p >= 2 && p[0] == '.') {
		if (p[1] == '/') {
			p += 2;
		} else if (end - p >= 3 && p[1] == '.' && p[2] == '/') {
			url_shorten(j);
			p += 3;
		} else {
			break;
		}
	}
	return p;
}

const char *url_put_path(struct url_job *j, const char *p)
{
	const char *end = j->end, *q = p = climb(j, p);
	unsigned odd = SET_PATH | (j->u.special ? SET_BACKSLASH : 0);
	/* A segment that starts so may be a dot segment. */
	bool dotted = p < end && (*p == '.' || *p == '%');
	unsigned seen = 0;

	for (; q < end; q++) {
		unsigned class = url_class_of(*q);

		if (!(class & (odd | SET_SLASH)))
			continue;
		if (class & SET_QUERY_OR_HASH)
			break;
		seen |= class;
		dotted |= q + 1 < end && (q[1] == '.' || q[1] == '%') && *q == '/';
	}
	if (!dotted && !(seen & odd) && j->u.scheme != URL_FILE) {
		*j->w++ = '/';
		memcpy(j->w, p, (size_t)(q - p));
		j->w += q - p;
		return q;
	}
	for (;;) {
		const char *s = p;

		while (p < q && *p != '/' && !(*p == '\\' && j->u.special))
			p++;
		put_segment(j, s, (size_t)(p - s), p == q);
		if (p == q)
			break;
		p++;
	}
	return q;
}

const char *url_put_opaque(struct url_job *j, const char *p)
{
	const char *q = p;

	while (q < j->end && !(url_class_of(*q) & SET_QUERY_OR_HASH))
		q++;
	j->w = url_put_encoded(j->w, p, (size_t)(q - p), SET_C0);
	/* A space before '?' or '#' could later become the end of the URL. */
	if (q > p && q < j->end && q[-1] == ' ')
		j->w = url_put_escape(j->w - 1, ' ');
	return q;
}

static bool is_clean(const char *s, size_t n, unsigned set)
{
	unsigned seen = 0;

	for (size_t i = 0; i < n; i++)
		seen |= url_class_of(s[i]);
	return !(seen & set);
}

/* Queries of documents that are not UTF-8 (special schemes only, WebSockets apart). */
static bool has_own_encoding(const struct url_job *j)
{
	return j->encode && j->u.special && j->u.scheme != URL_WS && j->u.scheme != URL_WSS;
}

static void put_query(struct url_job *j, const char *s, size_t n)
{
	unsigned set = j->u.special ? SET_SPECIAL_QUERY : SET_QUERY;
	struct buf *enc = &j->parser->enc;

	*j->w++ = '?';
	if (has_own_encoding(j) && !is_clean(s, n, set)) {
		buf_reset(enc);
		j->encode(j->arg, s, n, enc);
		url_job_room(j, 3 * enc->len + URL_JOB_NEED(j->end - s));
		s = enc->data;
		n = enc->len;
	}
	j->w = url_put_encoded(j->w, s, n, set);
}

const char *url_put_query(struct url_job *j, const char *p)
{
	const char *q;

	j->u.query_start = url_job_at(j);
	if (p == j->end || *p != '?')
		return p;
	p++;
	q = memchr(p, '#', (size_t)(j->end - p));
	if (!q)
		q = j->end;
	put_query(j, p, (size_t)(q - p));
	return q;
}

void url_put_fragment(struct url_job *j, const char *p)
{
	j->u.fragment_start = url_job_at(j);
	if (p == j->end)
		return;
	*j->w++ = '#';
	p++;
	j->w = url_put_encoded(j->w, p, (size_t)(j->end - p), SET_FRAGMENT);
}
