#include "crawler/http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/clock.h"
#include "config/mem.h"
#include "crawler/http_private.h"

#define USUAL_RATIO    8 /* text is seldom packed better */
#define BUFFER	       (64L << 10)
#define BUFFER_OF_MANY (16L << 10) /* or thousands of big bodies would fill a lot of memory */
#define MANY	       256
#define KEEP_HEAD      ((size_t)4096) /* a buffer that an odd page made larger is given back */
#define TURN_NS	       4000000	      /* of a turn of the loop, for libcurl */

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
	buf_recycle(&f->request_head, KEEP_HEAD);
	buf_recycle(&f->response_head, KEEP_HEAD);
	buf_recycle(&f->content_type, KEEP_HEAD);
	buf_recycle(&f->coding, KEEP_HEAD);
	buf_recycle(&f->location, KEEP_HEAD);
	buf_recycle(&f->link, KEEP_HEAD);
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

size_t http_beside(enum http_beside what, size_t size, size_t max_room)
{
	size_t all = max_room > size ? max_room - size : 0;
	size_t more = what == HTTP_BESIDE_ALL	     ? all
		      : what == HTTP_BESIDE_INFLATED ? size * USUAL_RATIO
						     : size / 2;

	return more < all ? more : all;
}

static size_t beside(const struct http_fetch *f, size_t size)
{
	bool packed = f->coding.len && f->beside < HTTP_BESIDE_INFLATED;

	return http_beside(packed ? HTTP_BESIDE_INFLATED : f->beside, size, f->max_room);
}

/* The length is known now, if it is told: take the room before the body comes. */
static bool take_room(struct http_fetch *f)
{
	struct slots *slots = f->exchange->http->slots;
	size_t want = f->max_body;
	struct slot *s;

	if (f->content_length <= (int64_t)f->slot->cap || f->slot->cap >= want) {
		if (f->content_length)
			f->slot = slots_fit(slots, f->slot,
				f->content_length > 0 ? (size_t)f->content_length : 0);
		return true;
	}
	if ((uint64_t)f->content_length < want)
		want = (size_t)f->content_length;
	s = slots_grow_with(slots, f->slot, want, beside(f, want), false);
	if (s)
		f->slot = s;
	f->no_room = !s;
	return s != NULL;
}

/* Of unknown length: it may be anything up to the limit, so it gets more in steps. */
static bool grow(struct http_fetch *f, size_t need)
{
	struct slots *slots = f->exchange->http->slots;
	size_t want = f->slot->cap * 4 > need ? f->slot->cap * 4 : need;
	struct slot *s;

	if (want > f->max_body)
		want = f->max_body;
	s = slots_grow_with(slots, f->slot, want, beside(f, want), false);
	if (s)
		f->slot = s;
	return s != NULL;
}

size_t http_on_header(char *line, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;
	struct http_fetch *f = x->f;
	bool had_head = f->head_done;

	if (!http_head_line(f, line, size * n)) {
		f->error = "bad_headers";
		return 0;
	}
	if (had_head || !f->head_done)
		return size * n;
	if (f->doubtful)
		curl_easy_setopt(x->easy, CURLOPT_FORBID_REUSE, 1L);
	return take_room(f) ? size * n : 0;
}

size_t http_on_body(char *data, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;
	struct http_fetch *f = x->f;
	size_t len = size * n, room;

	f->wire += len;
	if (f->slot->len + len > f->slot->cap && f->slot->cap < f->max_body &&
		!grow(f, f->slot->len + len)) {
		f->no_room = true;
		return 0;
	}
	room = f->max_body < f->slot->cap ? f->max_body : f->slot->cap;
	room -= f->slot->len;
	if (len > room)
		f->truncated = "max_body";
	else
		room = len;
	if (!slots_write(x->http->slots, f->slot, data, room)) {
		f->no_room = true;
		return 0;
	}
	return f->truncated ? 0 : len;
}

/* ---- results ---- */

static double ms_of(CURL *easy, CURLINFO info)
{
	curl_off_t us = 0;

	curl_easy_getinfo(easy, info, &us);
	return (double)us / 1000;
}

static double between(double from, double to)
{
	return to > from ? to - from : 0;
}

static void take_connect_times(struct http_fetch *f, CURL *easy)
{
	double dns = ms_of(easy, CURLINFO_NAMELOOKUP_TIME_T);
	double connect = ms_of(easy, CURLINFO_CONNECT_TIME_T);
	double tls = ms_of(easy, CURLINFO_APPCONNECT_TIME_T);

	if (connect > 0)
		f->connect_ms = between(dns, connect);
	if (tls > 0)
		f->tls_ms = between(connect, tls);
}

static void take_times(struct http_fetch *f, CURL *easy)
{
	double first = ms_of(easy, CURLINFO_STARTTRANSFER_TIME_T);
	double ready = ms_of(easy, CURLINFO_PRETRANSFER_TIME_T);
	long fresh = 0;

	curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &fresh);
	f->total_ms = ms_of(easy, CURLINFO_TOTAL_TIME_T);
	if (fresh) /* libcurl times only those that were ready in the end, TLS and all */
		take_connect_times(f, easy);
	if (first <= 0)
		return;
	f->ttfb_ms = first;
	f->wait_ms = between(ready, first);
	f->body_ms = between(first, f->total_ms);
}

static const struct {
	CURLcode code;
	const char *word;
	bool retry;
} error_words[] = {
	{CURLE_COULDNT_RESOLVE_HOST, "dns", true},
	{CURLE_COULDNT_RESOLVE_PROXY, "proxy", true},
	{CURLE_COULDNT_CONNECT, "connect", true},
	{CURLE_URL_MALFORMAT, "connect", false}, /* a name libcurl will not have */
	{CURLE_FAILED_INIT, "connect", true},
	{CURLE_INTERFACE_FAILED, "connect", true},
	{CURLE_OPERATION_TIMEDOUT, "timeout", true},
	{CURLE_GOT_NOTHING, "reset", true},
	{CURLE_RECV_ERROR, "reset", true},
	{CURLE_SEND_ERROR, "reset", true},
	{CURLE_HTTP2, "reset", true},
	{CURLE_HTTP2_STREAM, "reset", true},
	{CURLE_PARTIAL_FILE, "cut", true},
	{CURLE_SSL_CONNECT_ERROR, "tls", true},
	{CURLE_SSL_CIPHER, "tls", false},
	{CURLE_SSL_SHUTDOWN_FAILED, "tls", true},
	{CURLE_PEER_FAILED_VERIFICATION, "tls_cert", false},
	{CURLE_SSL_INVALIDCERTSTATUS, "tls_cert", false},
	{CURLE_SSL_ISSUER_ERROR, "tls_cert", false},
	{CURLE_SSL_CACERT_BADFILE, "tls_cert", false},
	{CURLE_PROXY, "proxy", true},
	{CURLE_OUT_OF_MEMORY, "bad_headers", false}, /* how libcurl says: a line over 100 KiB */
	{CURLE_BAD_CONTENT_ENCODING, "bad_headers", false}, /* of a Transfer-Encoding */
	{CURLE_WEIRD_SERVER_REPLY, "bad_response", false},
	{CURLE_UNSUPPORTED_PROTOCOL, "bad_response", false},
};

static void set_error(struct http_fetch *f, const char *word, bool retry)
{
	f->error = word;
	f->retry = retry;
}

static void take_connect_error(struct http *h, struct http_fetch *f, CURL *easy)
{
	long os = 0;

	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os);
	if (h->set->proxy)
		set_error(f, "proxy", true);
	else if (f->barred) /* some other address of the host may have been tried as well */
		set_error(f, "private_address", false);
	else if (os == ECONNREFUSED)
		set_error(f, "refused", true);
}

static void take_error(struct http *h, struct http_fetch *f, CURL *easy, CURLcode code)
{
	long tunnel = 0;

	/* Our own callbacks ended it: they said why. A long body is an answer. */
	if (f->error || f->no_room || f->truncated)
		return;
	if (f->head_done) { /* what arrived is kept */
		f->truncated = "cut";
		set_error(f, "cut", true);
		return;
	}
	set_error(f, "bad_response", false);
	for (size_t i = 0; i < MEM_COUNT(error_words); i++)
		if (error_words[i].code == code)
			set_error(f, error_words[i].word, error_words[i].retry);
	if (code == CURLE_COULDNT_CONNECT)
		take_connect_error(h, f, easy);
	curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &tunnel);
	if (tunnel && tunnel / 100 != 2)
		set_error(f, "proxy", tunnel >= 500);
}

static void done(struct http *h, struct http_fetch *f)
{
	f->done = true;
	h->active--;
	co_wake(f->waiter);
}

static void unlink_running(struct http *h, struct http_fetch *f)
{
	if (f->prev)
		f->prev->next = f->next;
	else
		h->running = f->next;
	if (f->next)
		f->next->prev = f->prev;
}

static void finish(struct http *h, struct http_fetch *f, CURLcode code)
{
	struct exchange *x = f->exchange;
	char *ip = NULL;

	curl_easy_getinfo(x->easy, CURLINFO_PRIMARY_IP, &ip);
	if (ip && strlen(ip) < sizeof(f->ip))
		memcpy(f->ip, ip, strlen(ip) + 1);
	take_times(f, x->easy);
	if (code == CURLE_OK && !f->head_done) /* to libcurl, half a head is an answer */
		code = CURLE_GOT_NOTHING;
	if (code != CURLE_OK)
		take_error(h, f, x->easy, code);
	f->status = f->head_done ? f->answer : 0;
	if (!f->head_done)
		f->version = NULL;
	curl_multi_remove_handle(x->lane->multi, x->easy);
	http_request_end(x);
	x->f = NULL;
	x->next = h->idle;
	h->idle = x;
	f->exchange = NULL;
	unlink_running(h, f);
	done(h, f);
}

static void take_finished(struct lane *l)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(l->multi, &left))) {
		struct exchange *x = NULL;
		CURLcode code = msg->data.result;
		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&x);
		finish(l->http, x->f, code);
	}
}

/* ---- starting ---- */

static void start(struct http *h, struct http_fetch *f)
{
	struct exchange *x = h->idle;

	if (http_request_barred(h, f)) {
		set_error(f, "private_address", false);
		done(h, f);
		return;
	}
	if (x)
		h->idle = x->next;
	else
		x = http_exchange_open(h);
	if (x && !(x->lane = http_lane(h, f->host))) {
		http_exchange_close(x);
		x = NULL;
	}
	if (!x) {
		set_error(f, "connect", true);
		done(h, f);
		return;
	}
	x->f = f;
	f->exchange = x;
	f->prev = NULL;
	f->next = h->running;
	if (h->running)
		h->running->prev = f;
	h->running = f;
	http_request_begin(x);
	http_lane_touch(x->lane);
	if (curl_multi_add_handle(x->lane->multi, x->easy) != CURLM_OK)
		finish(h, f, CURLE_FAILED_INIT);
}

static void abort_running(struct http *h)
{
	h->abort = false;
	while (h->running) {
		set_error(h->running, "stopped", false);
		finish(h, h->running, CURLE_ABORTED_BY_CALLBACK);
	}
}

static struct http_fetch *next_to_start(struct http *h)
{
	struct http_fetch *f = h->starting;

	h->starting = f->next;
	if (!f->next)
		h->starting_end = &h->starting;
	return f;
}

static struct lane *next_touched(struct http *h)
{
	struct lane *l = h->touched;

	h->touched = l->next;
	if (!l->next)
		h->touched_end = &h->touched;
	l->touched = false;
	return l;
}

/* Once a turn, on the main stack: start what was asked for, run what is due, hand out
 * what is done. A hundred new connections are a matter of 20 ms: what there is no time for
 * is first in the next turn. One is started, and one lane run, in each. */
static bool on_turn(void *arg)
{
	struct http *h = arg;
	int64_t until = clock_ns() + h->turn_ns;
	struct lane **end, *l;

	if (h->abort)
		abort_running(h);
	while (h->starting) {
		start(h, next_to_start(h));
		if (clock_ns() >= until)
			break;
	}
	/* A lane that has more to do at once lets the loop turn first. */
	end = h->touched_end;
	while (h->touched) {
		l = next_touched(h);
		http_lane_run(l);
		take_finished(l);
		http_lane_rest(l);
		if (end == &l->next || clock_ns() >= until)
			break;
	}
	return h->starting || h->touched;
}

void http_get(struct http *h, struct http_fetch *f)
{
	f->waiter = co_self();
	f->wall_ms = clock_wall_ms();
	f->slot->len = 0;
	f->next = NULL;
	*h->starting_end = f;
	h->starting_end = &f->next;
	h->active++;
	while (!f->done)
		co_park(-1);
}

/* libcurl is left to the turn hook: the caller may be a coroutine. */
void http_abort_all(struct http *h)
{
	struct http_fetch *f = h->starting, *next;

	h->starting = NULL;
	h->starting_end = &h->starting;
	for (; f; f = next) {
		next = f->next;
		set_error(f, "stopped", false);
		done(h, f);
	}
	h->abort = true;
}

size_t http_active(const struct http *h)
{
	return h->active;
}

void http_keep_bytes(struct http *h, size_t bytes)
{
	h->room = bytes;
}

size_t http_connections(const struct http *h)
{
	return h->nconns;
}

/* ---- opening ---- */

struct http *http_open(struct loop *loop, const struct settings *set, struct slots *slots,
	size_t connections, size_t bytes, struct err *err)
{
	struct http *h = mem_zalloc(sizeof(*h));

	h->loop = loop;
	h->set = set;
	h->slots = slots;
	h->buffer = set->concurrency > MANY ? BUFFER_OF_MANY : BUFFER;
	h->starting_end = &h->starting;
	h->touched_end = &h->touched;
	h->turn_ns = TURN_NS;
	h->eof_fd = -1;
	http_keep_bytes(h, bytes);
	map_init(&h->peers);
	http_request_open(h);
	loop_on_turn(loop, on_turn, h);
	if (!http_lanes_open(h, connections)) {
		err_set(err, EXIT_INTERNAL, "libcurl cannot start: out of memory or descriptors");
		http_close(h);
		return NULL;
	}
	if (http_tls_open(h, err) < 0 || http_sockets_open(h, err) < 0) {
		http_close(h);
		return NULL;
	}
	return h;
}

void http_close(struct http *h)
{
	if (!h)
		return;
	http_abort_all(h);
	abort_running(h);
	loop_off_turn(h->loop, on_turn, h);
	for (struct exchange *x = h->idle, *next; x; x = next) {
		next = x->next;
		http_exchange_close(x);
	}
	http_lanes_close(h);
	http_sockets_close(h);
	http_tls_close(h);
	http_request_close(h);
	free(h);
}
