/* http_request.c - what is asked, and of whom: options, header lines, addresses. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/clock.h"
#include "config/mem.h"
#include "crawler/guard.h"
#include "crawler/http_private.h"

/* ---- header lines ---- */

static size_t name_len(const char *line)
{
	return strcspn(line, ":;");
}

static bool same_name(const char *a, const char *b)
{
	size_t n = name_len(a);

	return n == name_len(b) && !strncasecmp(a, b, n);
}

/* libcurl sends "Name: value"; "Name:" takes a line of its own away, "Name;" sends it empty. */
static bool is_plain(const char *line)
{
	size_t n = name_len(line);

	return line[n] == ':' && line[n + 1 + strspn(line + n + 1, " \t")];
}

static void add_secret(struct buf *out, const char *line)
{
	buf_addf(out, "%.*s: (secret)", (int)strcspn(line, ":"), line);
}

static void add_line(struct http_lines *l, const char *line)
{
	l->list = curl_slist_append(l->list, line);
	if (!is_plain(line))
		return;
	if (settings_header_is_secret(line))
		add_secret(&l->text, line);
	else
		buf_add_str(&l->text, line);
	buf_add_str(&l->text, "\r\n");
}

/* One of ours, unless the user has put another in its place. */
static void add_default(struct http *h, struct http_lines *l, const char *name, const char *value)
{
	struct buf line = BUF_INIT;
	const struct strlist *given = &h->set->header;
	bool replaced = !value || !*value;

	buf_addf(&line, "%s: %s", name, value ? value : "");
	for (size_t i = 0; i < given->n; i++)
		replaced |= same_name(given->v[i], line.data);
	if (!replaced)
		add_line(l, line.data);
	buf_release(&line);
}

static void make_lines(struct http *h, struct http_lines *l, bool secret)
{
	const struct strlist *given = &h->set->header;

	buf_init(&l->text);
	add_default(h, l, "User-Agent", h->agent);
	add_default(
		h, l, "Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
	add_default(h, l, "Accept-Encoding", "gzip, deflate, br, zstd");
	add_default(h, l, "Accept-Language", h->set->accept_language);
	for (size_t i = 0; i < given->n; i++) {
		if (secret || !settings_header_is_secret(given->v[i]))
			add_line(l, given->v[i]);
		/* These libcurl may leave out, or write elsewhere. */
		if (!is_plain(given->v[i]) || same_name(given->v[i], "Authorization:") ||
			same_name(given->v[i], "Cookie:") || same_name(given->v[i], "TE:"))
			h->exact_head = true;
	}
}

/* ---- the request head, for the record ---- */

static const char *path_of(const char *href)
{
	const char *path = strchr(strstr(href, "://") + 3, '/');

	return path ? path : "/";
}

/* As the URL standard serialised it; credentials in the URL go nowhere. */
static const char *target_of(struct http *h, const struct http_fetch *f)
{
	if (!h->absolute || f->host->https)
		return path_of(f->href);
	buf_reset(&h->scratch);
	buf_add_str(&h->scratch, f->host->origin);
	buf_add_str(&h->scratch, path_of(f->href));
	return h->scratch.data;
}

/* What libcurl wrote: the request line, Host, and our lines in their order. */
static void write_head(struct exchange *x)
{
	struct http *h = x->http;
	struct http_fetch *f = x->f;
	const struct buf *lines = &h->lines[f->host->user_named].text;
	struct buf *head = &f->request_head;

	buf_add_str(head, "GET ");
	buf_add_str(head, target_of(h, f));
	buf_add_str(head, " HTTP/");
	buf_add_str(head, f->version && *f->version > '1' ? f->version : "1.1");
	buf_add_str(head, "\r\nHost: ");
	buf_add_str(head, f->host->authority);
	buf_add_str(head, "\r\n");
	buf_add(head, lines->data, lines->len);
	buf_add_str(head, "\r\n");
}

/* The same from libcurl itself. A second head takes the place of the first: after that of a
 * tunnel, or when a kept connection turned out to be closed. */
static int on_debug(CURL *easy, curl_infotype type, char *data, size_t len, void *arg)
{
	struct exchange *x = arg;
	struct buf *head;

	(void)easy;
	if (type != CURLINFO_HEADER_OUT || !x->f)
		return 0;
	head = &x->f->request_head;
	if (head->len >= 4 && !memcmp(head->data + head->len - 4, "\r\n\r\n", 4))
		buf_reset(head);
	buf_add(head, data, len);
	return 0;
}

/* The value of a secret line is never kept. The request line is none. */
static void hide_secrets(struct buf *head)
{
	struct buf out = BUF_INIT;
	const char *line = head->data, *end;

	for (; (end = strstr(line, "\r\n")); line = end + 2) {
		char *text = mem_strndup(line, (size_t)(end - line));
		if (*text && line > head->data && settings_header_is_secret(text))
			add_secret(&out, text);
		else
			buf_add_str(&out, text);
		buf_add_str(&out, "\r\n");
		free(text);
	}
	buf_release(head);
	*head = out;
}

/* Called when the connection is there and the request goes out: politeness counts from here. */
static int on_ready(void *arg, char *ip, char *local_ip, int port, int local_port)
{
	const struct exchange *x = arg;
	const struct host *host = x->f->host;

	(void)ip, (void)local_ip, (void)port, (void)local_port;
	if (host->gov)
		governor_sent(&host->gov->g, clock_ms() + 1); /* the clock rounds down */
	return CURL_PREREQFUNC_OK;
}

/* ---- addresses ---- */

static struct http_use *use_of(struct http *h, const struct host *host)
{
	if (host->id >= h->nuses) {
		size_t n = (size_t)host->id * 2 + 64;
		h->uses = mem_realloc(h->uses, n * sizeof(*h->uses));
		memset(h->uses + h->nuses, 0, (n - h->nuses) * sizeof(*h->uses));
		h->nuses = n;
	}
	return &h->uses[host->id];
}

/* libcurl is told the addresses as an entry that does not age, once as long as anybody
 * needs it; hosts that are done with are forgotten by the way. */
static void tell_addresses(struct exchange *x)
{
	struct http *h = x->http;
	struct lane *l = x->lane;
	const struct host *host = x->f->host;
	struct http_use *u = use_of(h, host);
	struct buf line = BUF_INIT;

	x->resolve = l->forget;
	l->forget = NULL;
	if (host->addresses && (!u->n || u->until_ms != host->addresses_until_ms)) {
		buf_addf(&line, "%s:%u:%s", host->name, host->port, host->addresses);
		x->resolve = curl_slist_append(x->resolve, line.data); /* after what is forgotten */
		u->until_ms = host->addresses_until_ms;
	}
	u->n++;
	curl_easy_setopt(x->easy, CURLOPT_RESOLVE, x->resolve);
	buf_release(&line);
}

static void forget_addresses(struct exchange *x)
{
	struct http *h = x->http;
	const struct host *host = x->f->host;
	struct buf line = BUF_INIT;
	struct curl_slist *l;

	curl_slist_free_all(x->resolve);
	x->resolve = NULL;
	if (--use_of(h, host)->n || h->set->proxy || *host->name == '[')
		return;
	buf_addf(&line, "-%s:%u", host->name, host->port);
	l = curl_slist_append(NULL, line.data);
	if (l) { /* in front: libcurl walks a list to its end to append */
		l->next = x->lane->forget;
		x->lane->forget = l;
	}
	buf_release(&line);
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

bool http_request_barred(const struct http *h, const struct http_fetch *f)
{
	struct sockaddr_storage a;
	const char *name = f->host->name;

	if (!h->set->proxy || h->set->allow_private || f->host->user_named)
		return false;
	if (guard_parse(name, 0, &a))
		return !guard_is_public((struct sockaddr *)&a);
	return !strcmp(name, "localhost") || ends_with(name, ".localhost");
}

/* ---- one request ---- */

/* As a text, libcurl would parse it for each request and write it down again. What it will not have
 * it says itself, of the text. */
static void set_url(struct exchange *x, const char *url)
{
	bool parsed = x->url && curl_url_set(x->url, CURLUPART_URL, url, 0) == CURLUE_OK;

	curl_easy_setopt(x->easy, CURLOPT_CURLU, parsed ? x->url : NULL);
	curl_easy_setopt(x->easy, CURLOPT_URL, url);
}

static void set_host(struct exchange *x, const struct host *host)
{
	struct buf base = BUF_INIT;

	x->host = host;
	buf_addf(&base, "%s/", host->origin);
	set_url(x, base.data);
	buf_release(&base);
	if (x->https == host->https)
		return;
	/* Without TLS there is no HTTP/2 to wait for on the first connection. */
	x->https = host->https;
	curl_easy_setopt(x->easy, CURLOPT_HTTP_VERSION,
		(long)(host->https ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
	curl_easy_setopt(x->easy, CURLOPT_PIPEWAIT, (long)host->https);
}

void http_request_begin(struct exchange *x)
{
	struct http *h = x->http;
	bool named = x->f->host->user_named;

	if (x->host != x->f->host)
		set_host(x, x->f->host);
	if (x->lines != h->lines[named].list) {
		x->lines = h->lines[named].list;
		curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->lines);
	}
	if (h->set->user && x->authorised != named) {
		x->authorised = named;
		curl_easy_setopt(x->easy, CURLOPT_USERPWD, named ? h->set->user : NULL);
	}
	curl_easy_setopt(x->easy, CURLOPT_REQUEST_TARGET, target_of(h, x->f));
	tell_addresses(x);
}

void http_request_end(struct exchange *x)
{
	long sent = 0;

	curl_easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &sent);
	if (x->http->exact_head)
		hide_secrets(&x->f->request_head);
	else if (sent > 0)
		write_head(x);
	if (x->f->doubtful)
		curl_easy_setopt(x->easy, CURLOPT_FORBID_REUSE, 0L);
	forget_addresses(x);
}

/* ---- handles ---- */

static void set_connection(struct exchange *x)
{
	const struct settings *set = x->http->set;
	long ms = (long)(set->timeout * 1000);

	curl_easy_setopt(x->easy, CURLOPT_CONNECTTIMEOUT_MS, ms);
	curl_easy_setopt(x->easy, CURLOPT_TIMEOUT_MS, ms);
	/* Empty and "*": nor are the variables of the environment looked at. */
	curl_easy_setopt(x->easy, CURLOPT_PROXY, set->proxy ? set->proxy : "");
	curl_easy_setopt(x->easy, CURLOPT_NOPROXY, set->proxy ? "" : "*");
	/* We take away what nobody needs; libcurl need not look after every transfer. The
	 * proxy's address is its own affair. */
	if (!set->proxy)
		curl_easy_setopt(x->easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
}

struct exchange *http_exchange_open(struct http *h)
{
	CURL *e = curl_easy_init();
	struct exchange *x;

	if (!e)
		return NULL;
	x = mem_zalloc(sizeof(*x));
	x->easy = e;
	x->url = curl_url();
	x->http = h;
	curl_easy_setopt(e, CURLOPT_PRIVATE, x);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(e, CURLOPT_BUFFERSIZE, h->buffer);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, http_on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, http_on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_ready);
	curl_easy_setopt(e, CURLOPT_PREREQDATA, x);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, http_on_open);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, x);
	curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, http_on_close);
	curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, h);
	set_connection(x);
	http_tls_set(x);
	if (h->share) {
		curl_easy_setopt(e, CURLOPT_SHARE, h->share);
		curl_easy_setopt(e, CURLOPT_COOKIEFILE, "");
	}
	if (h->exact_head) {
		curl_easy_setopt(e, CURLOPT_DEBUGFUNCTION, on_debug);
		curl_easy_setopt(e, CURLOPT_DEBUGDATA, x);
		curl_easy_setopt(e, CURLOPT_VERBOSE, 1L);
	}
	return x;
}

void http_exchange_close(struct exchange *x)
{
	curl_easy_cleanup(x->easy);
	curl_url_cleanup(x->url);
	free(x);
}

/* ---- opening ---- */

static bool has_scheme(const char *url, const char *scheme)
{
	size_t n = strlen(scheme);

	return !strncasecmp(url, scheme, n) && !strncmp(url + n, "://", 3);
}

void http_request_open(struct http *h)
{
	const struct settings *set = h->set;

	h->exact_head = set->cookies || set->proxy || set->user;
	if (set->proxy) {
		h->tls_proxy = has_scheme(set->proxy, "https");
		h->absolute = h->tls_proxy || has_scheme(set->proxy, "http") ||
			      !strstr(set->proxy, "://");
	}
	if (set->cookies) {
		h->share = curl_share_init();
		if (h->share)
			curl_share_setopt(h->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
	}
	buf_init(&h->scratch);
	h->agent = settings_agent(set);
	make_lines(h, &h->lines[0], false);
	make_lines(h, &h->lines[1], true);
}

void http_request_close(struct http *h)
{
	for (size_t i = 0; i < 2; i++) {
		curl_slist_free_all(h->lines[i].list);
		buf_release(&h->lines[i].text);
	}
	if (h->share)
		curl_share_cleanup(h->share);
	buf_release(&h->scratch);
	free(h->uses);
	free(h->agent);
}
