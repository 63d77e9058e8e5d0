/* fuzz_url.c - the URL parser: base and input on two lines (a base may be missing).
 *
 * Checked for whatever parses: offsets in order, ASCII only, serialising and parsing
 * again changes nothing, url_view sees the same parts, the seen key is stable; against a base,
 * url_resolve gives the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crawler/page/host.h"
#include "config/simd.h"
#include "crawler/page/url.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct url_parser parser, again, base_parser;

static void must(int ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	url_global_init();
	url_parser_init(&parser);
	url_parser_init(&again);
	url_parser_init(&base_parser);
	return 0;
}

static void check_offsets(const struct url *u)
{
	must(u->scheme_end > 0 && u->href[u->scheme_end] == ':');
	must(u->scheme_end < u->user_start && u->user_start <= u->user_end);
	must(u->user_end <= u->pass_start && u->pass_start <= u->pass_end);
	must(u->pass_end <= u->host_start && u->host_start <= u->host_end);
	must(u->host_end <= u->port_start && u->port_start <= u->port_end);
	must(u->port_end <= u->path_start && u->path_start <= u->query_start);
	must(u->query_start <= u->fragment_start && u->fragment_start <= u->len);
	must(u->fragment_start == u->len || u->href[u->fragment_start] == '#');
	must(u->query_start == u->fragment_start || u->href[u->query_start] == '?');
	must(!u->special || u->href[u->path_start] == '/');
	must(u->special == (u->scheme != URL_OTHER) && !(u->special && u->opaque_path));
	for (uint32_t i = 0; i < u->len; i++)
		must(u->href[i] > 0x20 - (u->opaque_path && i < u->query_start) &&
			u->href[i] < 0x7f);
}

static void same_parts(const struct url *a, const struct url *b)
{
	struct url c = *b;

	must(a->len == b->len && memcmp(a->href, b->href, a->len) == 0);
	c.href = a->href;
	must(a->scheme_end == c.scheme_end && a->user_start == c.user_start);
	must(a->user_end == c.user_end && a->pass_start == c.pass_start);
	must(a->pass_end == c.pass_end && a->host_start == c.host_start);
	must(a->host_end == c.host_end && a->port_start == c.port_start);
	must(a->port_end == c.port_end && a->path_start == c.path_start);
	must(a->query_start == c.query_start && a->fragment_start == c.fragment_start);
	must(a->port == c.port && a->scheme == c.scheme && a->special == c.special);
	must(a->has_host == c.has_host && a->opaque_path == c.opaque_path);
}

static void check_key(const struct url *u)
{
	static const char *const ignore[] = {"a", "utm_*"};
	struct buf one = BUF_INIT, two = BUF_INIT;
	struct url v;

	url_seen_key(u, ignore, 2, &one);
	must(url_parse(&again, one.data, one.len, NULL, &v) == 0);
	url_seen_key(&v, ignore, 2, &two);
	must(one.len == two.len && memcmp(one.data, two.data, one.len) == 0);
	buf_release(&one);
	buf_release(&two);
}

/* What url_join has an answer to. */
static void check_join(const char *in, size_t n, const struct url_base *base)
{
	const char *hash = memchr(in, '#', n);
	struct buf from = BUF_INIT, to = BUF_INIT;
	struct url u;
	size_t len;

	n = hash ? (size_t)(hash - in) : n;
	buf_grow(&from, n + SIMD_ROOM);
	buf_grow(&to, base->url->len + n + SIMD_ROOM);
	memcpy(from.data, in, n);
	memset(from.data + n, '/', SIMD_ROOM);
	len = url_join(base, from.data, n, to.data);
	if (len) {
		must(url_parse(&parser, in, n, base->url, &u) == 0 && u.len == len);
		must(memcmp(u.href, to.data, len) == 0 && url_is_plain(to.data, len));
	}
	buf_release(&from);
	buf_release(&to);
}

static void check_resolve(const char *in, size_t n, const struct url *base)
{
	struct url_base b;
	struct url u, v;
	int good = url_parse(&parser, in, n, base, &u);

	url_base_set(&b, base);
	must(url_resolve(&again, in, n, &b, NULL, NULL, &v) == good);
	if (good == 0)
		same_parts(&u, &v);
	check_join(in, n, &b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = memchr(data, '\n', size);
	const char *in = line ? (const char *)line + 1 : (const char *)data;
	size_t n = line ? size - (size_t)(line + 1 - data) : size, len;
	struct url base, u, v;
	const char *host;

	if (line &&
		url_parse(&base_parser, (const char *)data, (size_t)(line - data), NULL, &base) < 0)
		line = NULL;
	if (line)
		check_resolve(in, n, &base);
	if (url_parse(&parser, in, n, line ? &base : NULL, &u) < 0)
		return 0;
	check_offsets(&u);
	must(url_parse(&again, u.href, u.len, NULL, &v) == 0);
	same_parts(&u, &v);
	must((url_view(u.href, u.len, &v) == 0) == url_is_http(&u));
	if (url_is_http(&u)) {
		same_parts(&u, &v);
		check_key(&u);
	}
	host = url_host(&u, &len);
	must(host_registrable(host, len, &n) + n == host + len);
	return 0;
}
