#include "crawler/http_simple.h"

#include <curl/curl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/mem.h"
#include "crawler/guard.h"
#include "crawler/page/url.h"

#define MAX_HOPS 5 /* RFC 9309, section 2.3.1.2 */

struct fetch {
	const struct settings *s;
	CURL *easy;
	struct curl_slist *headers, *resolve;
	struct buf *body;
	size_t max;
	bool named;	 /* the host and port the user named, not where a server sent us */
	bool refused;	 /* a private address */
	const char *bad; /* why the answer is refused */
	struct buf location;
};

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct fetch *f = arg;
	size_t len = size * n, room = f->max - f->body->len;

	if (f->bad)
		return 0;
	buf_add(f->body, data, len < room ? len : room);
	return len <= room ? len : 0; /* enough: the transfer ends here */
}

static bool header_is(const char *line, size_t len, const char *name, const char **value, size_t *n)
{
	size_t k = strlen(name);

	if (len <= k || line[k] != ':' || strncasecmp(line, name, k))
		return false;
	line += k + 1;
	len -= k + 1;
	while (len && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	while (len && strchr(" \t\r\n", line[len - 1]))
		len--;
	*value = line;
	*n = len;
	return true;
}

/* Nothing is inflated in this process: libcurl would undo a Transfer-Encoding of gzip by
 * itself, so such answers are refused before the first body byte. */
static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
	struct fetch *f = arg;
	size_t len = size * count, n;
	const char *v;

	if (len >= 5 && !strncmp(line, "HTTP/", 5))
		buf_reset(&f->location); /* a new head: 1xx came before */
	else if (header_is(line, len, "Location", &v, &n) && !f->location.len)
		buf_add(&f->location, v, n);
	else if (header_is(line, len, "Transfer-Encoding", &v, &n) &&
		 !(n == 7 && !strncasecmp(v, "chunked", 7)))
		f->bad = "it has a transfer coding that was not asked for";
	else if (header_is(line, len, "Content-Encoding", &v, &n) && n &&
		 !(n == 8 && !strncasecmp(v, "identity", 8)))
		f->bad = "it is compressed, which was not asked for";
	return f->bad ? 0 : len;
}

/* Asked after DNS, for the very address that is about to be connected to. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct fetch *f = arg;

	(void)purpose;
	if (!f->named && !f->s->allow_private && !f->s->proxy && !guard_is_public(&a->addr)) {
		f->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static void set_up(struct fetch *f)
{
	const struct settings *s = f->s;
	CURL *e = f->easy;
	char *agent = settings_agent(s);

	f->headers = curl_slist_append(NULL, "Accept: text/plain, */*;q=0.8");
	f->headers = curl_slist_append(f->headers, "Accept-Encoding: identity");
	for (size_t i = 0; i < s->header.n; i++)
		if (!settings_header_is_secret(s->header.v[i]))
			f->headers = curl_slist_append(f->headers, s->header.v[i]);
	for (size_t i = 0; i < s->resolve.n; i++)
		f->resolve = curl_slist_append(f->resolve, s->resolve.v[i]);
	curl_easy_setopt(e, CURLOPT_USERAGENT, agent);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, f->headers);
	curl_easy_setopt(e, CURLOPT_RESOLVE, f->resolve);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)(s->timeout * 1000));
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, f);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, f);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, f);
	if (s->proxy)
		curl_easy_setopt(e, CURLOPT_PROXY, s->proxy);
	if (s->ca_file) {
		curl_easy_setopt(e, CURLOPT_CAINFO, s->ca_file);
		curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	}
	if (s->insecure) {
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	free(agent);
}

static int one_hop(struct fetch *f, const char *url, long *status, struct err *err)
{
	char why[CURL_ERROR_SIZE] = "";
	CURLcode rc;

	buf_reset(f->body);
	curl_easy_setopt(f->easy, CURLOPT_URL, url);
	curl_easy_setopt(f->easy, CURLOPT_ERRORBUFFER, why);
	rc = curl_easy_perform(f->easy);
	curl_easy_setopt(f->easy, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, status);
	if (f->bad)
		return err_set(err, EXIT_INTERNAL, "the answer of %s is refused: %s", url, f->bad);
	if (f->refused)
		return err_set(err, EXIT_INTERNAL,
			"%s leads to a private address; --allow-private lets it through", url);
	if (rc == CURLE_OK || (rc == CURLE_WRITE_ERROR && f->body->len >= f->max))
		return 0;
	return err_set(err, EXIT_INTERNAL, "cannot fetch %s: %s", url,
		*why ? why : curl_easy_strerror(rc));
}

static bool same_authority(const struct url *u, const char *first)
{
	struct url_parser p;
	struct url a;
	bool same = false;

	url_parser_init(&p);
	if (!url_parse(&p, first, strlen(first), NULL, &a)) {
		size_t n, m;
		const char *h = url_host(u, &n), *k = url_host(&a, &m);
		same = n == m && !memcmp(h, k, n) && u->port == a.port;
	}
	url_parser_release(&p);
	return same;
}

/* The next URL into *next, or -1 where it leads nowhere http. */
static int follow(struct fetch *f, const char *first, const char *url, struct buf *next)
{
	struct url_parser from, to;
	struct url base, target;
	int rc = -1;

	url_parser_init(&from);
	url_parser_init(&to);
	if (!url_parse(&from, url, strlen(url), NULL, &base) &&
		!url_parse(&to, f->location.data, f->location.len, &base, &target) &&
		url_is_http(&target)) {
		f->named = same_authority(&target, first);
		buf_reset(next);
		buf_add(next, target.href, url_without_fragment_len(&target));
		rc = 0;
	}
	url_parser_release(&from);
	url_parser_release(&to);
	return rc;
}

int http_fetch_simple(const struct settings *s, const char *url, long max, struct buf *body,
	long *status, struct err *err)
{
	struct buf got = BUF_INIT, now = BUF_INIT, next = BUF_INIT;
	struct fetch f = {.s = s, .body = &got, .max = (size_t)max, .named = true};
	int rc = -1;

	*status = 0;
	buf_init(&f.location);
	f.easy = curl_easy_init();
	if (!f.easy) {
		err_set(err, EXIT_INTERNAL, "libcurl cannot start: out of memory or descriptors");
		goto out;
	}
	set_up(&f);
	buf_add_str(&now, url);
	for (int hop = 0;; hop++) {
		rc = one_hop(&f, now.data, status, err);
		if (rc < 0 || *status < 300 || *status > 399 || !f.location.len ||
			hop == MAX_HOPS || follow(&f, url, now.data, &next) < 0)
			break;
		buf_reset(&now);
		buf_add(&now, next.data, next.len);
	}
	if (!rc)
		buf_add(body, got.data, got.len);
	curl_easy_cleanup(f.easy);
out:
	curl_slist_free_all(f.headers);
	curl_slist_free_all(f.resolve);
	buf_release(&f.location);
	buf_release(&got);
	buf_release(&now);
	buf_release(&next);
	return rc;
}
