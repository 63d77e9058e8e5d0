/* url_part.c - reading URLs that are already serialised. */
#include "crawler/page/url.h"

#include <string.h>

#include "crawler/page/url_block.h"

static const char *part(const struct url *u, uint32_t start, uint32_t end, size_t *len)
{
	*len = end - start;
	return u->href + start;
}

const char *url_scheme(const struct url *u, size_t *len)
{
	return part(u, 0, u->scheme_end, len);
}

const char *url_host(const struct url *u, size_t *len)
{
	return part(u, u->host_start, u->host_end, len);
}

const char *url_path(const struct url *u, size_t *len)
{
	return part(u, u->path_start, u->query_start, len);
}

const char *url_query(const struct url *u, size_t *len)
{
	return part(u, u->query_start, u->fragment_start, len);
}

const char *url_fragment(const struct url *u, size_t *len)
{
	return part(u, u->fragment_start, u->len, len);
}

const char *url_path_query(const struct url *u, size_t *len)
{
	return part(u, u->path_start, u->fragment_start, len);
}

bool url_has_credentials(const struct url *u)
{
	return u->host_start > u->user_start;
}

size_t url_origin_len(const struct url *u)
{
	return url_has_credentials(u) ? 0 : u->port_end;
}

void url_add_origin(const struct url *u, struct buf *out)
{
	buf_add(out, u->href, u->has_host ? u->user_start : u->scheme_end + 1);
	buf_add(out, u->href + u->host_start, u->port_end - u->host_start);
}

size_t url_without_fragment_len(const struct url *u)
{
	return u->fragment_start;
}

bool url_is_http(const struct url *u)
{
	return u->scheme == URL_HTTP || u->scheme == URL_HTTPS;
}

bool url_same_origin(const struct url *a, const struct url *b)
{
	size_t an, bn;
	const char *as = url_host(a, &an), *bs = url_host(b, &bn);

	return a->scheme == b->scheme && a->special && a->scheme != URL_FILE &&
	       a->port == b->port && an == bn && memcmp(as, bs, an) == 0;
}

void url_copy(struct url *dst, const struct url *src, struct buf *hold)
{
	struct url copy = *src;

	buf_reset(hold);
	buf_add(hold, src->href, src->len);
	copy.href = hold->data;
	*dst = copy;
}

/* ---- url_view ---- */

/* "http://" or "https://" */
static int view_scheme(struct url *u)
{
	if (u->len >= 8 && memcmp(u->href, "https://", 8) == 0) {
		u->scheme = URL_HTTPS;
		u->scheme_end = 5;
		u->port = 443;
	} else if (u->len >= 7 && memcmp(u->href, "http://", 7) == 0) {
		u->scheme = URL_HTTP;
		u->scheme_end = 4;
		u->port = 80;
	} else {
		return -1;
	}
	u->special = u->has_host = true;
	u->user_start = u->scheme_end + 3;
	return 0;
}

/* Credentials: everything before the '@'; a ':' parts name and password. */
static int view_credentials(struct url *u, uint32_t at)
{
	const char *s = u->href + u->user_start;
	uint32_t n = at - u->user_start;
	const char *colon = memchr(s, ':', n);

	for (uint32_t i = 0; i < n; i++)
		if ((url_class_of(s[i]) & SET_USERINFO) && s + i != colon)
			return -1;
	if (n == 0 || (colon && colon == s + n - 1))
		return -1;
	u->user_end = u->pass_start = u->pass_end = at;
	if (colon) {
		u->user_end = (uint32_t)(colon - u->href);
		u->pass_start = u->user_end + 1;
	}
	u->host_start = at + 1;
	return 0;
}

static int view_port(struct url *u, uint32_t start, uint32_t end)
{
	unsigned port = 0;

	if (start == end || end - start > 5 || (u->href[start] == '0' && end - start > 1))
		return -1;
	for (uint32_t i = start; i < end; i++) {
		if (!url_is_digit(u->href[i]))
			return -1;
		port = port * 10 + (unsigned)(u->href[i] - '0');
	}
	if (port > 65535 || port == u->port)
		return -1;
	u->port = (uint16_t)port;
	u->port_start = start;
	u->port_end = end;
	return 0;
}

/* Host bytes as the host parser leaves them. */
static int view_host(const struct url *u)
{
	const char *s = u->href + u->host_start, *end = u->href + u->host_end;

	if (s == end)
		return -1;
	if (*s == '[') {
		if (end - s < 4 || end[-1] != ']')
			return -1;
		for (s++, end--; s < end; s++)
			if (*s != ':' && (url_hex(*s) < 0 || *s < '0' || (*s >= 'A' && *s <= 'F')))
				return -1;
		return 0;
	}
	for (; s < end; s++)
		if ((url_class_of(*s) & (SET_FORBIDDEN_DOMAIN | SET_HIGH)) ||
			(*s >= 'A' && *s <= 'Z'))
			return -1;
	return 0;
}

/* The usual one: no credentials, a host without brackets. False where it may be another. */
static bool view_plain_authority(struct url *u)
{
	const char *s = u->href + u->user_start, *end = u->href + u->len, *host_end, *slash;

	while (s < end && !(url_class_of(*s) & (SET_FORBIDDEN_DOMAIN | SET_HIGH)) &&
		(unsigned char)(*s - 'A') >= 26)
		s++;
	host_end = slash = s;
	if (s < end && *s == ':')
		while (++slash < end && url_is_digit(*slash))
			;
	u->user_end = u->pass_start = u->pass_end = u->host_start = u->user_start;
	u->host_end = u->port_start = u->port_end = (uint32_t)(host_end - u->href);
	u->path_start = (uint32_t)(slash - u->href);
	return slash < end && *slash == '/' && u->host_end > u->host_start &&
	       (slash == host_end || view_port(u, u->host_end + 1, u->path_start) == 0);
}

/* scheme://[user[:password]@]host[:port] up to the slash that must follow. */
static int view_authority(struct url *u)
{
	const char *s = u->href, *slash, *at, *colon;
	uint32_t end;

	slash = memchr(s + u->user_start, '/', u->len - u->user_start);
	if (!slash)
		return -1;
	end = (uint32_t)(slash - s);
	u->user_end = u->pass_start = u->pass_end = u->host_start = u->user_start;
	at = memchr(s + u->user_start, '@', end - u->user_start);
	if (at && view_credentials(u, (uint32_t)(at - s)) < 0)
		return -1;
	colon = memrchr(s + u->host_start, ':', end - u->host_start);
	if (colon && s[u->host_start] == '[' && colon[-1] != ']')
		colon = NULL;
	u->host_end = colon ? (uint32_t)(colon - s) : end;
	u->port_start = u->port_end = u->host_end;
	if (view_host(u) < 0 || (colon && view_port(u, u->host_end + 1, end) < 0))
		return -1;
	u->path_start = end;
	return 0;
}

/* Where the path ends in a rest of plain bytes; -1 where some are not. */
static long plain_path_len(const char *s, size_t len)
{
	struct url_block b;
	long end = (long)len;

	if (len < URL_BLOCK) {
		b = url_block(s, len);
		return b.odd ? -1 : b.ends ? __builtin_ctz(b.ends) : end;
	}
	/* The last block overlaps the one before, which had no end, or else it is known. */
	for (size_t i = 0;; i = len - i < 2 * URL_BLOCK ? len - URL_BLOCK : i + URL_BLOCK) {
		b = url_block(s + i, URL_BLOCK);
		if (b.odd)
			return -1;
		if (b.ends && end == (long)len)
			end = (long)i + __builtin_ctz(b.ends);
		if (i + URL_BLOCK == len)
			return end;
	}
}

/* False where it may be another. */
static bool view_plain_rest(struct url *u)
{
	const char *hash = NULL;
	long path = plain_path_len(u->href + u->path_start, u->len - u->path_start);

	if (path < 0)
		return false;
	u->query_start = u->path_start + (uint32_t)path;
	if (u->query_start < u->len)
		hash = memchr(u->href + u->query_start, '#', u->len - u->query_start);
	u->fragment_start = hash ? (uint32_t)(hash - u->href) : u->len;
	return true;
}

/* Where the query and the fragment start; no byte their sets encode. */
static int view_rest(struct url *u)
{
	uint32_t i = u->path_start;

	for (; i < u->len && !(url_class_of(u->href[i]) & SET_QUERY_OR_HASH); i++)
		if ((url_class_of(u->href[i]) & SET_PATH) || u->href[i] == '\\')
			return -1;
	u->query_start = i;
	if (i < u->len && u->href[i] == '?')
		for (i++; i < u->len && u->href[i] != '#'; i++)
			if (url_class_of(u->href[i]) & SET_SPECIAL_QUERY)
				return -1;
	u->fragment_start = i;
	for (; i < u->len; i++)
		if (url_class_of(u->href[i]) & SET_FRAGMENT)
			return -1;
	return 0;
}

int url_view(const char *href, size_t len, struct url *out)
{
	struct url u = {.href = href, .len = (uint32_t)len};

	if (len > UINT32_MAX || view_scheme(&u) < 0)
		return -1;
	if (!view_plain_authority(&u) && view_authority(&u) < 0)
		return -1;
	if (!view_plain_rest(&u) && view_rest(&u) < 0)
		return -1;
	*out = u;
	return 0;
}
