/* url.c - the basic URL parser (URL Standard 4.4).
 *
 * The standard's state machine reads one code point at a time; this does the same
 * part by part. Each function below is one or a few of its states and says which.
 * The path lives in the output as it will be serialised: segments, each behind a
 * slash, so that "shorten the path" is a step back to the last slash.
 */
#include "crawler/page/url_job.h"

#include <string.h>

#include "crawler/page/host.h"

static const struct {
	const char *name;
	uint8_t len;
	uint16_t port;
} schemes[] = {
	[URL_HTTP] = {"http", 4, 80},
	[URL_HTTPS] = {"https", 5, 443},
	[URL_WS] = {"ws", 2, 80},
	[URL_WSS] = {"wss", 3, 443},
	[URL_FTP] = {"ftp", 3, 21},
	[URL_FILE] = {"file", 4, 0},
	[URL_OTHER] = {"", 0, 0},
};

void url_parser_init(struct url_parser *p)
{
	buf_init(&p->out);
	buf_init(&p->clean);
	buf_init(&p->host);
	buf_init(&p->enc);
}

void url_parser_release(struct url_parser *p)
{
	buf_release(&p->out);
	buf_release(&p->clean);
	buf_release(&p->host);
	buf_release(&p->enc);
}

void url_global_init(void)
{
	host_global_init();
}

void url_job_room(struct url_job *j, size_t extra)
{
	struct buf *out = &j->parser->out;

	out->len = url_job_at(j);
	buf_grow(out, extra);
	j->w = out->data + out->len;
}

static bool is_slash(const struct url_job *j, char c)
{
	return c == '/' || (c == '\\' && j->u.special);
}

static void put(struct url_job *j, const char *s, size_t n)
{
	memcpy(j->w, s, n);
	j->w += n;
}

/* ---- scheme ---- */

static enum url_scheme scheme_find(const char *s, size_t n)
{
	for (int i = URL_HTTP; i < URL_OTHER; i++)
		if (schemes[i].len == n && memcmp(schemes[i].name, s, n) == 0)
			return (enum url_scheme)i;
	return URL_OTHER;
}

/* Writes "scheme:" if the input starts with one and returns the rest, else NULL. */
static const char *put_scheme(struct url_job *j, const char *p)
{
	const char *s = p;
	char *w = j->w;

	if (p == j->end || !url_is_alpha(*p) || !memchr(p, ':', (size_t)(j->end - p)))
		return NULL;
	while (p < j->end && (url_class_of(*p) & SET_SCHEME))
		*w++ = url_lower(*p++);
	if (p == j->end || *p != ':')
		return NULL;
	j->u.scheme = (uint8_t)scheme_find(j->w, (size_t)(p - s));
	j->u.special = j->u.scheme != URL_OTHER;
	j->u.port = schemes[j->u.scheme].port;
	j->u.scheme_end = (uint32_t)(p - s);
	*w++ = ':';
	j->w = w;
	return p + 1;
}

/* ---- authority ---- */

/* No authority: all of its parts are empty and here. */
static void no_authority(struct url_job *j)
{
	uint32_t at = url_job_at(j);

	j->u.user_start = j->u.user_end = j->u.pass_start = j->u.pass_end = at;
	j->u.host_start = j->u.host_end = j->u.port_start = j->u.port_end = at;
	j->u.path_start = at;
}

static void begin_authority(struct url_job *j)
{
	put(j, "//", 2);
	j->u.has_host = true;
	no_authority(j);
}

/* user[:password] without the '@' */
static void put_credentials(struct url_job *j, const char *s, const char *end)
{
	const char *colon = memchr(s, ':', (size_t)(end - s));
	const char *user_end = colon ? colon : end;
	uint32_t start = url_job_at(j);

	j->w = url_put_encoded(j->w, s, (size_t)(user_end - s), SET_USERINFO);
	j->u.user_end = j->u.pass_start = j->u.pass_end = url_job_at(j);
	if (colon && colon + 1 < end) {
		*j->w++ = ':';
		j->u.pass_start = url_job_at(j);
		colon++;
		j->w = url_put_encoded(j->w, colon, (size_t)(end - colon), SET_USERINFO);
		j->u.pass_end = url_job_at(j);
	}
	if (url_job_at(j) > start)
		*j->w++ = '@';
	j->u.host_start = j->u.host_end = url_job_at(j);
}

/* The common host: ASCII without escapes, no number at its end. NULL where it takes more. */
static char *put_plain_host(char *w, const char *s, size_t n)
{
	const char *label = s, *end = s + n;
	unsigned seen = 0;

	for (const char *p = s; p < end; p++) {
		seen |= url_class_of(*p);
		if (*p == '.' && p + 1 < end)
			label = p + 1;
		*w++ = url_lower(*p);
	}
	return (seen & (SET_HIGH | SET_FORBIDDEN_DOMAIN)) || url_is_digit(*label) ? NULL : w;
}

static int put_host(struct url_job *j, const char *s, size_t n)
{
	struct buf *out = &j->parser->out;
	char *w;
	int r;

	if (j->u.special && (w = put_plain_host(j->w, s, n)) != NULL) {
		j->w = w;
		return 0;
	}
	/* The host may come out longer than it was. */
	out->len = url_job_at(j);
	r = j->u.special ? host_parse(s, n, &j->parser->host, out) : host_parse_opaque(s, n, out);
	j->w = out->data + out->len;
	url_job_room(j, URL_JOB_NEED(j->end - s));
	return r;
}

/* Port state: digits up to the end of the authority. */
static int put_port(struct url_job *j, const char *s, const char *end)
{
	unsigned port = 0;
	char digits[5];
	size_t n = 0;

	if (s == end)
		return 0;
	for (; s < end; s++) {
		if (!url_is_digit(*s))
			return -1;
		port = port * 10 + (unsigned)(*s - '0');
		if (port > 65535)
			return -1;
	}
	if (j->u.special && j->u.scheme != URL_FILE && port == schemes[j->u.scheme].port)
		return 0;
	j->u.port = (uint16_t)port;
	do
		digits[n++] = (char)('0' + port % 10);
	while ((port /= 10) > 0);
	*j->w++ = ':';
	j->u.port_start = url_job_at(j);
	while (n > 0)
		*j->w++ = digits[--n];
	j->u.port_end = url_job_at(j);
	return 0;
}

/* Where the host ends: at a ':' that is not inside brackets, or at `end`. */
static const char *host_stop(const char *s, const char *end)
{
	bool inside = false;

	for (; s < end; s++) {
		if (!(url_class_of(*s) & SET_COLON))
			continue;
		if (*s == ':' && !inside)
			break;
		if (*s == '[')
			inside = true;
		else if (*s == ']')
			inside = false;
	}
	return s;
}

/* Authority, host, port states: p is behind "//". NULL = failure. */
static const char *put_authority(struct url_job *j, const char *p)
{
	const char *end = p, *at = NULL, *stop;
	unsigned stop_at =
		SET_AT | SET_SLASH | SET_QUERY_OR_HASH | (j->u.special ? SET_BACKSLASH : 0);

	begin_authority(j);
	for (; end < j->end; end++) {
		unsigned class = url_class_of(*end) & stop_at;

		if (class == SET_AT)
			at = end;
		else if (class)
			break;
	}
	if (at) {
		put_credentials(j, p, at);
		p = at + 1;
		if (p == end)
			return NULL;
	}
	stop = host_stop(p, end);
	if (stop == p && (stop < end || j->u.special))
		return NULL;
	if (put_host(j, p, (size_t)(stop - p)) < 0)
		return NULL;
	j->u.host_end = j->u.port_start = j->u.port_end = url_job_at(j);
	if (stop < end && put_port(j, stop + 1, end) < 0)
		return NULL;
	j->u.path_start = url_job_at(j);
	return end;
}

/* Path start state. */
static const char *path_start(struct url_job *j, const char *p)
{
	if (p < j->end && is_slash(j, *p))
		return url_put_path(j, p + 1);
	if (j->u.special || (p < j->end && !(url_class_of(*p) & SET_QUERY_OR_HASH)))
		return url_put_path(j, p);
	return p;
}

/* ---- against a base ---- */

/* Scheme, credentials, host and port of the base; path_start is set. */
static void put_base(struct url_job *j, const struct url *base)
{
	/* "/." that keeps a path apart is put in again at the end, if still needed */
	uint32_t keep = base->has_host ? base->port_end : base->scheme_end + 1;

	j->u = *base;
	j->w = j->parser->out.data;
	put(j, base->href, keep);
	j->u.path_start = keep;
}

static void put_base_path(struct url_job *j, const struct url *base)
{
	put(j, base->href + base->path_start, base->query_start - base->path_start);
}

static void put_base_query(struct url_job *j, const struct url *base)
{
	j->u.query_start = url_job_at(j);
	put(j, base->href + base->query_start, base->fragment_start - base->query_start);
	j->query_done = true;
}

/* Path, and query unless the reference has its own, of the base. True = nothing of
 * the path is left to parse. */
static bool keeps_path(struct url_job *j, const char *p, const struct url *base)
{
	put_base(j, base);
	put_base_path(j, base);
	if (p < j->end && *p == '?')
		return true;
	if (p < j->end && *p != '#')
		return false;
	put_base_query(j, base);
	return true;
}

/* Special authority ignore slashes state. */
static const char *special_authority(struct url_job *j, const char *p)
{
	while (p < j->end && is_slash(j, *p))
		p++;
	return put_authority(j, p);
}

/* Authority or path of a URL whose scheme is written, p behind the first slash. */
static const char *after_authority(struct url_job *j, const char *p)
{
	return p ? path_start(j, p) : NULL;
}

/* Relative and relative slash states; the base is neither opaque nor a file URL. */
static const char *relative(struct url_job *j, const char *p, const struct url *base)
{
	j->u.special = base->special;
	if (p == j->end || !is_slash(j, *p)) {
		if (keeps_path(j, p, base))
			return p;
		url_shorten(j);
		return url_put_path(j, p);
	}
	put_base(j, base);
	p++;
	if (p == j->end || !is_slash(j, *p))
		return url_put_path(j, p);
	j->w = j->parser->out.data + base->scheme_end + 1;
	j->u.port = schemes[base->scheme].port;
	return after_authority(j, j->u.special ? special_authority(j, p) : put_authority(j, p + 1));
}

/* File host state: p is behind "file://". NULL = failure. */
static const char *file_host(struct url_job *j, const char *p)
{
	const char *q = p;

	begin_authority(j);
	while (q < j->end && !is_slash(j, *q) && !(url_class_of(*q) & SET_QUERY_OR_HASH))
		q++;
	if (url_is_drive(p, (size_t)(q - p)))
		return url_put_path(j, p);
	if (q > p) {
		const char *host;

		if (put_host(j, p, (size_t)(q - p)) < 0)
			return NULL;
		host = j->parser->out.data + j->u.host_start;
		if (j->w - host == 9 && memcmp(host, "localhost", 9) == 0)
			j->w -= 9;
		j->u.host_end = j->u.port_start = j->u.port_end = j->u.path_start = url_job_at(j);
	}
	return path_start(j, q);
}

/* File and file slash states: "file:" is written or stands in the base (NULL = none,
 * or not a file URL). */
static const char *file(struct url_job *j, const char *p, const struct url *base)
{
	j->u.special = true;
	if (p < j->end && is_slash(j, *p)) {
		p++;
		if (p < j->end && is_slash(j, *p)) {
			if (base)
				put_base(j, base);
			j->w = j->parser->out.data + 5;
			return file_host(j, p + 1);
		}
		if (!base) {
			begin_authority(j);
			return url_put_path(j, p);
		}
		put_base(j, base);
		if (!url_starts_drive(p, j->end)) {
			const char *path = base->href + base->path_start;
			uint32_t n = base->query_start - base->path_start;

			if (n >= 3 && url_is_drive(path + 1, 2) && (n == 3 || path[3] == '/'))
				put(j, path, 3);
		}
		return url_put_path(j, p);
	}
	if (!base) {
		begin_authority(j);
		return url_put_path(j, p);
	}
	if (keeps_path(j, p, base))
		return p;
	if (url_starts_drive(p, j->end))
		j->w = j->parser->out.data + j->u.path_start;
	else
		url_shorten(j);
	return url_put_path(j, p);
}

/* ---- entry ---- */

/* What follows "scheme:". */
static const char *after_scheme(struct url_job *j, const char *p, const struct url *base)
{
	if (j->u.scheme == URL_FILE)
		return file(j, p, base && base->scheme == URL_FILE ? base : NULL);
	if (j->u.special) {
		bool same = base && base->scheme == j->u.scheme;

		if (same && !(j->end - p >= 2 && p[0] == '/' && p[1] == '/'))
			return relative(j, p, base);
		return after_authority(j, special_authority(j, p));
	}
	no_authority(j);
	if (p < j->end && *p == '/') {
		p++;
		if (p < j->end && *p == '/')
			return after_authority(j, put_authority(j, p + 1));
		return url_put_path(j, p);
	}
	j->u.opaque_path = true;
	return url_put_opaque(j, p);
}

/* No scheme state. */
static const char *without_scheme(struct url_job *j, const char *p, const struct url *base)
{
	if (!base)
		return NULL;
	if (base->opaque_path)
		return p < j->end && *p == '#' && keeps_path(j, p, base) ? p : NULL;
	if (base->scheme != URL_FILE)
		return relative(j, p, base);
	j->u.scheme = URL_FILE;
	return file(j, p, base);
}

/* A path that would read as an authority gets "/." before it. */
static void keep_path_apart(struct url_job *j)
{
	char *path = j->parser->out.data + j->u.path_start;

	if (j->u.has_host || j->u.opaque_path || j->u.query_start - j->u.path_start < 2 ||
		path[0] != '/' || path[1] != '/')
		return;
	memmove(path + 2, path, (size_t)(j->w - path));
	memcpy(path, "/.", 2);
	j->w += 2;
	j->u.path_start += 2;
	j->u.query_start += 2;
	j->u.fragment_start += 2;
}

int url_parse_encoded(struct url_parser *parser, const char *in, size_t len, const struct url *base,
	url_encode_fn *encode, void *arg, struct url *out)
{
	struct url_job job = {.parser = parser, .encode = encode, .arg = arg}, *j = &job;
	const char *p;

	if (len > URL_MAX_INPUT)
		return -1;
	url_clean(&parser->clean, &in, &len);
	j->end = in + len;
	parser->out.len = 0;
	buf_grow(&parser->out, URL_JOB_NEED(len) + (base ? base->len : 0));
	j->w = parser->out.data;
	p = put_scheme(j, in);
	p = p ? after_scheme(j, p, base) : without_scheme(j, in, base);
	if (!p)
		return -1;
	if (!j->query_done)
		p = url_put_query(j, p);
	url_put_fragment(j, p);
	keep_path_apart(j);
	buf_set_len(&parser->out, url_job_at(j));
	j->u.href = parser->out.data;
	j->u.len = (uint32_t)parser->out.len;
	*out = j->u;
	return 0;
}

int url_parse(
	struct url_parser *p, const char *in, size_t len, const struct url *base, struct url *out)
{
	return url_parse_encoded(p, in, len, base, NULL, NULL, out);
}
