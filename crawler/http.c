#include "crawler/http.h"

#include <assert.h>
#include <curl/curl.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "config/clock.h"
#include "config/log.h"
#include "config/mem.h"
#include "crawler/guard.h"

struct http {
	struct loop *loop;
	const struct settings *set;
	struct slots *slots;
	CURLM *multi;
	struct event *timer;
	bool kick;		     /* libcurl asked to be called at once */
	struct http_fetch *starting; /* queued by http_get, added by the turn hook */
	struct http_fetch **starting_end;
	struct http_fetch *running;
	size_t active;
	CURL **idle; /* easy handles to use again, with their options set */
	size_t nidle, idle_cap;
	struct curl_slist *headers; /* sent to everybody */
	struct curl_slist
		*secret_headers; /* the same and the secret ones: for hosts the user named */
	char *agent;
	bool headers_differ; /* there are secret ones */
	bool exact_head;     /* libcurl adds lines of its own (cookies, proxy): have it tell them */
};

struct sock {
	struct event *ev;
	int what;
};

/* ---- buffers of a fetch ---- */

void http_fetch_init(struct http_fetch *f)
{
	*f = (struct http_fetch){0};
	buf_init(&f->request_head);
	buf_init(&f->response_head);
	buf_init(&f->content_type);
	buf_init(&f->coding);
	buf_init(&f->location);
	buf_init(&f->link);
	http_fetch_reset(f);
}

void http_fetch_reset(struct http_fetch *f)
{
	struct http_fetch old = *f;

	*f = (struct http_fetch){0};
	f->request_head = old.request_head;
	f->response_head = old.response_head;
	f->content_type = old.content_type;
	f->coding = old.coding;
	f->location = old.location;
	f->link = old.link;
	buf_reset(&f->request_head);
	buf_reset(&f->response_head);
	buf_reset(&f->content_type);
	buf_reset(&f->coding);
	buf_reset(&f->location);
	buf_reset(&f->link);
	f->content_length = f->retry_after_ms = -1;
	f->connect_ms = f->tls_ms = f->wait_ms = f->body_ms = f->ttfb_ms = f->total_ms = -1;
}

void http_fetch_release(struct http_fetch *f)
{
	buf_release(&f->request_head);
	buf_release(&f->response_head);
	buf_release(&f->content_type);
	buf_release(&f->coding);
	buf_release(&f->location);
	buf_release(&f->link);
}

/* ---- callbacks of libcurl: they mark and wake, nothing more ---- */

static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
	struct http_fetch *f = arg;
	size_t len = size * n;

	if (!http_head_line(f, line, len)) {
		f->error = "bad_headers";
		return 0;
	}
	/* The length is known now: take the room before the body comes. */
	if (f->head_done && f->content_length > (int64_t)f->slot->cap) {
		uint64_t want = (uint64_t)f->content_length;
		struct slot *s = slots_grow_to(
			f->http->slots, f->slot, want < f->max_body ? (size_t)want : f->max_body);
		if (s)
			f->slot = s;
	}
	return len;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct http_fetch *f = arg;
	size_t len = size * n, room;

	f->wire += len;
	if (f->slot->len + len > f->slot->cap && f->slot->cap < f->max_body) {
		struct slot *s = slots_grow(f->http->slots, f->slot);
		if (!s) {
			f->no_room = true;
			return 0;
		}
		f->slot = s;
	}
	room = f->max_body < f->slot->cap ? f->max_body : f->slot->cap;
	room -= f->slot->len;
	if (len > room) {
		memcpy(f->slot->data + f->slot->len, data, room);
		f->slot->len += room;
		f->truncated = "max_body";
		return 0;
	}
	memcpy(f->slot->data + f->slot->len, data, len);
	f->slot->len += len;
	return len;
}

static int on_debug(CURL *easy, curl_infotype type, char *data, size_t len, void *arg)
{
	struct http_fetch *f = arg;

	(void)easy;
	if (type == CURLINFO_HEADER_OUT)
		buf_add(&f->request_head, data, len);
	return 0;
}

/* The address is known here and only here: after DNS, for every connection. */
static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
	struct http_fetch *f = arg;

	(void)purpose;
	if (!f->http->set->proxy && !f->http->set->allow_private && !f->host->user_named &&
		!guard_is_public(&addr->addr)) {
		f->error = "private_address";
		return CURL_SOCKET_BAD;
	}
	return socket(addr->family, addr->socktype | SOCK_CLOEXEC, addr->protocol);
}

static void on_socket_event(evutil_socket_t fd, short what, void *arg)
{
	struct http *h = arg;
	int running, bits = (what & EV_READ ? CURL_CSELECT_IN : 0) |
			    (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

	curl_multi_socket_action(h->multi, fd, bits, &running);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct http *h = arg;
	struct sock *s = known;
	short events = EV_PERSIST;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s) {
			event_free(s->ev);
			free(s);
			curl_multi_assign(h->multi, fd, NULL);
		}
		return 0;
	}
	if (s && s->what == what)
		return 0;
	events |= what & CURL_POLL_IN ? EV_READ : 0;
	events |= what & CURL_POLL_OUT ? EV_WRITE : 0;
	if (!s) {
		s = mem_zalloc(sizeof(*s));
		s->ev = event_new(loop_base(h->loop), fd, events, on_socket_event, h);
		curl_multi_assign(h->multi, fd, s);
	} else {
		event_del(s->ev);
		event_assign(s->ev, loop_base(h->loop), fd, events, on_socket_event, h);
	}
	s->what = what;
	event_add(s->ev, NULL);
	return 0;
}

static void on_timer_event(evutil_socket_t fd, short what, void *arg)
{
	struct http *h = arg;
	int running;

	(void)fd;
	(void)what;
	curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

/* Never calls libcurl from here, not even for 0 ms (curl#3537): the turn hook does. */
static int on_timer(CURLM *multi, long ms, void *arg)
{
	struct http *h = arg;
	struct timeval tv = {ms / 1000, (ms % 1000) * 1000};

	(void)multi;
	h->kick = ms == 0;
	if (ms <= 0)
		event_del(h->timer);
	else
		event_add(h->timer, &tv);
	return 0;
}

/* ---- results ---- */

static double ms_of(CURL *easy, CURLINFO info)
{
	curl_off_t us = 0;

	curl_easy_getinfo(easy, info, &us);
	return (double)us / 1000;
}

static void take_times(struct http_fetch *f, CURL *easy)
{
	double dns = ms_of(easy, CURLINFO_NAMELOOKUP_TIME_T);
	double connect = ms_of(easy, CURLINFO_CONNECT_TIME_T);
	double tls = ms_of(easy, CURLINFO_APPCONNECT_TIME_T);
	double sent = ms_of(easy, CURLINFO_PRETRANSFER_TIME_T);
	double first = ms_of(easy, CURLINFO_STARTTRANSFER_TIME_T);
	long fresh = 0;

	curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &fresh);
	f->total_ms = ms_of(easy, CURLINFO_TOTAL_TIME_T);
	if (fresh && connect > 0)
		f->connect_ms = connect - dns;
	if (fresh && tls > 0)
		f->tls_ms = tls - connect;
	if (first > 0) {
		f->ttfb_ms = first;
		f->wait_ms = first - sent;
		f->body_ms = f->total_ms - first;
	}
}

static const char *version_name(long v)
{
	switch (v) {
	case CURL_HTTP_VERSION_1_0: return "1.0";
	case CURL_HTTP_VERSION_2_0: return "2";
	case CURL_HTTP_VERSION_3: return "3";
	default: return "1.1";
	}
}

static const struct {
	CURLcode code;
	const char *word;
	bool retry;
} error_words[] = {
	{CURLE_COULDNT_RESOLVE_HOST, "dns", true},
	{CURLE_COULDNT_RESOLVE_PROXY, "proxy", true},
	{CURLE_COULDNT_CONNECT, "connect", true},
	{CURLE_OPERATION_TIMEDOUT, "timeout", true},
	{CURLE_GOT_NOTHING, "reset", true},
	{CURLE_RECV_ERROR, "reset", true},
	{CURLE_SEND_ERROR, "reset", true},
	{CURLE_HTTP2, "reset", true},
	{CURLE_HTTP2_STREAM, "reset", true},
	{CURLE_PARTIAL_FILE, "cut", true},
	{CURLE_SSL_CONNECT_ERROR, "tls", true},
	{CURLE_PEER_FAILED_VERIFICATION, "tls_cert", false},
	{CURLE_SSL_CACERT_BADFILE, "tls_cert", false},
	{CURLE_PROXY, "proxy", true},
	{CURLE_WEIRD_SERVER_REPLY, "bad_response", false},
	{CURLE_UNSUPPORTED_PROTOCOL, "bad_response", false},
	{CURLE_BAD_CONTENT_ENCODING, "bad_response", false},
};

static void take_error(struct http_fetch *f, CURL *easy, CURLcode code)
{
	long os = 0;

	/* Our own callbacks ended it: they said why. */
	if (f->error || f->no_room)
		return;
	if (f->truncated)
		return; /* a long body is an answer, not an error */
	f->error = "bad_response";
	for (size_t i = 0; i < sizeof(error_words) / sizeof(*error_words); i++)
		if (error_words[i].code == code) {
			f->error = error_words[i].word;
			f->retry = error_words[i].retry;
		}
	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os);
	if (code == CURLE_COULDNT_CONNECT && os == ECONNREFUSED)
		f->error = "refused";
	/* An answer began: what arrived is kept, marked as cut. */
	if (f->head_done && (f->slot->len || code == CURLE_PARTIAL_FILE)) {
		f->truncated = "cut";
		f->error = "cut";
		f->retry = true;
	}
}

static void unlink_running(struct http *h, struct http_fetch *f)
{
	if (f->prev)
		f->prev->next = f->next;
	else
		h->running = f->next;
	if (f->next)
		f->next->prev = f->prev;
	h->active--;
}

static void give_easy(struct http *h, CURL *easy)
{
	if (h->nidle == h->idle_cap) {
		h->idle_cap = h->idle_cap ? h->idle_cap * 2 : 64;
		h->idle = mem_realloc(h->idle, h->idle_cap * sizeof(CURL *));
	}
	h->idle[h->nidle++] = easy;
}

/* The value of a secret line is never kept. */
static void hide_secrets(struct buf *head)
{
	struct buf out = BUF_INIT;
	const char *line = head->data, *end;

	for (; (end = strstr(line, "\r\n")); line = end + 2) {
		char *text = mem_strndup(line, (size_t)(end - line));
		if (*text && settings_header_is_secret(text))
			buf_addf(&out, "%.*s: (secret)", (int)strcspn(text, ":"), text);
		else
			buf_add_str(&out, text);
		buf_add_str(&out, "\r\n");
		free(text);
	}
	buf_release(head);
	*head = out;
}

static void finish(struct http *h, struct http_fetch *f, CURLcode code)
{
	CURL *easy = f->easy;
	long n = 0;
	char *ip = NULL;

	if (h->exact_head || h->headers_differ)
		hide_secrets(&f->request_head);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &n);
	f->status = (int)n;
	n = 0;
	curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &n);
	f->version = version_name(n);
	curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &ip);
	if (ip && strlen(ip) < sizeof(f->ip))
		memcpy(f->ip, ip, strlen(ip) + 1);
	take_times(f, easy);
	if (code != CURLE_OK)
		take_error(f, easy, code);
	if (f->error && !f->truncated)
		f->status = f->head_done ? f->status : 0;
	if (f->truncated && f->content_length > (int64_t)f->wire)
		f->wire = (uint64_t)f->content_length;
	curl_multi_remove_handle(h->multi, easy);
	curl_slist_free_all(f->resolve);
	f->resolve = NULL;
	unlink_running(h, f);
	give_easy(h, easy);
	f->easy = NULL;
	f->done = true;
	co_wake(f->waiter);
}

static void take_finished(struct http *h)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(h->multi, &left))) {
		struct http_fetch *f = NULL;
		CURLcode code = msg->data.result;
		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&f);
		finish(h, f, code);
	}
}

/* ---- starting ---- */

static CURL *new_easy(struct http *h)
{
	const struct settings *set = h->set;
	CURL *e = curl_easy_init();

	if (!e)
		return NULL;
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(e, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 65536L);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)(set->timeout * 1000));
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)(set->timeout * 1000));
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(e, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	if (set->insecure) {
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (set->cookies)
		curl_easy_setopt(e, CURLOPT_COOKIEFILE, "");
	if (set->proxy)
		curl_easy_setopt(e, CURLOPT_PROXY, set->proxy);
	if (h->exact_head) {
		curl_easy_setopt(e, CURLOPT_DEBUGFUNCTION, on_debug);
		curl_easy_setopt(e, CURLOPT_VERBOSE, 1L);
	}
	return e;
}

/* The request as libcurl writes it: every line but the first two is ours anyway. */
static void write_request_head(
	struct http *h, struct http_fetch *f, const struct curl_slist *lines, const char *target)
{
	(void)h;
	buf_addf(&f->request_head, "GET %s HTTP/1.1\r\nHost: %s\r\n", target, f->host->authority);
	for (; lines; lines = lines->next) {
		buf_add_str(&f->request_head, lines->data);
		buf_add_str(&f->request_head, "\r\n");
	}
	buf_add_str(&f->request_head, "\r\n");
}

/* libcurl reads the list when the transfer starts, so it stays until the end. */
static void set_addresses(struct http_fetch *f, CURL *e)
{
	struct buf line = BUF_INIT;

	if (!f->host->addresses)
		return;
	buf_addf(&line, "+%s:%u:%s", f->host->name, f->host->port, f->host->addresses);
	f->resolve = curl_slist_append(NULL, line.data);
	curl_easy_setopt(e, CURLOPT_RESOLVE, f->resolve);
	buf_release(&line);
}

static void start(struct http *h, struct http_fetch *f)
{
	CURL *e = h->nidle ? h->idle[--h->nidle] : new_easy(h);
	struct curl_slist *lines = f->host->user_named ? h->secret_headers : h->headers;
	struct buf base = BUF_INIT;
	const char *target = f->href + strlen(f->host->origin);

	if (!e) {
		f->error = "connect";
		f->done = true;
		co_wake(f->waiter);
		return;
	}
	/* URLs with credentials are longer than origin + path; the path starts at the third '/'. */
	if (strncmp(f->href, f->host->origin, strlen(f->host->origin)) || *target != '/')
		target = strchr(strstr(f->href, "://") + 3, '/');
	buf_addf(&base, "%s/", f->host->origin);
	curl_easy_setopt(e, CURLOPT_URL, base.data);
	/* What the URL standard serialised goes on the wire unchanged. A plain proxy wants
	 * the absolute form (RFC 9112 3.2.2). */
	curl_easy_setopt(
		e, CURLOPT_REQUEST_TARGET, h->set->proxy && !f->host->https ? f->href : target);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, lines);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, f);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, f);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, f);
	curl_easy_setopt(e, CURLOPT_DEBUGDATA, f);
	curl_easy_setopt(e, CURLOPT_PRIVATE, f);
	curl_easy_setopt(e, CURLOPT_RESOLVE, NULL);
	set_addresses(f, e);
	curl_easy_setopt(e, CURLOPT_USERPWD, f->host->user_named ? h->set->user : NULL);
	if (!h->exact_head)
		write_request_head(h, f, lines, target);
	buf_release(&base);
	f->http = h;
	f->easy = e;
	f->prev = NULL;
	f->next = h->running;
	if (h->running)
		h->running->prev = f;
	h->running = f;
	h->active++;
	curl_multi_add_handle(h->multi, e);
}

/* Once a turn, on the main stack: start what was asked for, run what is due, hand out
 * what is done. */
static void on_turn(void *arg)
{
	struct http *h = arg;
	struct http_fetch *f = h->starting, *next;
	int running;

	h->starting = NULL;
	h->starting_end = &h->starting;
	for (; f; f = next) {
		next = f->next;
		start(h, f);
	}
	if (h->kick) {
		h->kick = false;
		curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	take_finished(h);
	if (h->kick) { /* more to do at once, but let the loop turn first */
		struct timeval now = {0, 0};
		event_add(h->timer, &now);
	}
}

void http_get(struct http *h, struct http_fetch *f)
{
	f->waiter = co_self();
	f->wall_ms = clock_wall_ms();
	f->http = h;
	f->slot->len = 0;
	f->next = NULL;
	*h->starting_end = f;
	h->starting_end = &f->next;
	while (!f->done)
		co_park(-1);
}

void http_abort_all(struct http *h)
{
	struct http_fetch *f;

	for (f = h->starting; f; f = f->next) {
		f->error = "stopped";
		f->done = true;
		co_wake(f->waiter);
	}
	h->starting = NULL;
	h->starting_end = &h->starting;
	while ((f = h->running)) {
		f->error = "stopped";
		finish(h, f, CURLE_ABORTED_BY_CALLBACK);
	}
}

size_t http_active(const struct http *h)
{
	return h->active;
}

/* ---- opening ---- */

static struct curl_slist *add_line(struct curl_slist *l, const char *name, const char *value)
{
	struct buf line = BUF_INIT;

	buf_addf(&line, "%s: %s", name, value);
	l = curl_slist_append(l, line.data);
	buf_release(&line);
	return l;
}

static struct curl_slist *header_list(struct http *h, bool secret)
{
	const struct settings *set = h->set;
	struct curl_slist *l = NULL;

	l = add_line(l, "User-Agent", h->agent);
	l = add_line(
		l, "Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
	l = add_line(l, "Accept-Encoding", "gzip, deflate, br, zstd");
	if (set->accept_language && *set->accept_language)
		l = add_line(l, "Accept-Language", set->accept_language);
	for (size_t i = 0; i < set->header.n; i++)
		if (secret || !settings_header_is_secret(set->header.v[i]))
			l = curl_slist_append(l, set->header.v[i]);
		else
			h->headers_differ = true;
	return l;
}

struct http *http_open(struct loop *loop, const struct settings *set, struct slots *slots,
	size_t concurrency, struct err *err)
{
	struct http *h = mem_zalloc(sizeof(*h));

	h->loop = loop;
	h->set = set;
	h->slots = slots;
	h->starting_end = &h->starting;
	h->exact_head = set->cookies || set->proxy || set->user;
	h->multi = curl_multi_init();
	if (!h->multi) {
		err_set(err, EXIT_INTERNAL, "libcurl cannot start: out of memory or descriptors");
		free(h);
		return NULL;
	}
	h->agent = settings_agent(set);
	h->headers = header_list(h, false);
	h->secret_headers = header_list(h, true);
	h->timer = event_new(loop_base(loop), -1, 0, on_timer_event, h);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	/* A cache smaller than the hosts in flight costs 2-3 times (measured). */
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)(concurrency * 4));
	loop_on_turn(loop, on_turn, h);
	return h;
}

void http_close(struct http *h)
{
	if (!h)
		return;
	http_abort_all(h);
	loop_off_turn(h->loop, on_turn, h);
	for (size_t i = 0; i < h->nidle; i++)
		curl_easy_cleanup(h->idle[i]);
	curl_multi_cleanup(h->multi);
	curl_slist_free_all(h->headers);
	curl_slist_free_all(h->secret_headers);
	event_free(h->timer);
	free(h->idle);
	free(h->agent);
	free(h);
}
