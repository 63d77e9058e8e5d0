/* Answers of all kinds, from a server that sends exactly what the test says: what is made of
 * them, and what becomes of the connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/http/http_rig.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"

static struct rig rig;
static struct rig_ask ask;
static char big[600 * 1024];

/* ---- what the server does, by path ---- */

static void say_body(struct raw_conn *c, const char *head, size_t len)
{
	char line[64];

	snprintf(line, sizeof(line), "Content-Length: %zu\r\n\r\n", len);
	raw_say(c, head);
	raw_say(c, line);
	raw_send(c, big, len);
}

static void answer_good(struct raw_conn *c)
{
	char text[512];

	snprintf(text, sizeof(text), OK_HEAD "Content-Length: %zu\r\n\r\nthis is %s",
		strlen("this is ") + strlen(c->path), c->path);
	raw_say(c, text);
}

static void answer_stall(struct raw_conn *c, const char *text)
{
	raw_say(c, text);
	raw_wait(c);
}

static void answer_reset(struct raw_conn *c, const char *text)
{
	raw_say(c, text);
	raw_let_read(c);
	raw_reset(c);
}

static void answer_long_head(struct raw_conn *c, unsigned lines, size_t len)
{
	raw_say(c, OK_HEAD "Content-Length: 0\r\n");
	for (unsigned i = 0; i < lines; i++) {
		raw_say(c, "X-Line: ");
		raw_send(c, big, len);
		raw_say(c, "\r\n");
	}
	raw_say(c, "\r\n");
}

static void answer_chunks(struct raw_conn *c, size_t len)
{
	char line[32];

	raw_say(c, OK_HEAD "Transfer-Encoding: chunked\r\n\r\n");
	for (size_t at = 0, n; at < len; at += n) {
		n = len - at < 9999 ? len - at : 9999;
		snprintf(line, sizeof(line), "%zx\r\n", n);
		raw_say(c, line);
		raw_send(c, big + at, n);
		raw_say(c, "\r\n");
	}
	raw_say(c, "0\r\n\r\n");
}

/* Fixed answers. '!' closes after it, '>' lets it be read and says EVIL then. */
static const char nul[] = "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n";
static const char evil[] = OK_HEAD "Content-Length: 4\r\n\r\nEVIL";
static const struct {
	const char *path, *text;
	char then;
} fixed[] = {
	{"/trailers",
		OK_HEAD
		"Transfer-Encoding: chunked\r\nTrailer: X\r\n\r\n5\r\nhello\r\n0\r\n"
		"HTTP/1.1 404 No: such\r\nContent-Type: text/evil\r\nLocation: /evil\r\n\r\n",
		0},
	{"/short", OK_HEAD "Content-Length: 100\r\n\r\nonly this", '!'},
	{"/no-byte", OK_HEAD "Content-Length: 100\r\n\r\n", '!'},
	{"/short-chunk", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n64\r\nonly this", '!'},
	{"/no-last-chunk", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n4\r\nthis\r\n", '!'},
	{"/bad-chunk", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n4\r\nthis\r\nzz\r\n", 0},
	{"/nothing", "", '!'},
	{"/half-head", "HTTP/1.1 200 OK\r\nContent-Le", '!'},
	{"/early-hints",
		"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\nLocation: /early\r\n\r\n"
		"HTTP/1.1 100 Continue\r\n\r\n" OK_HEAD "Content-Length: 2\r\n\r\nok",
		0},
	{"/switch", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nwhat now", 0},
	{"/hints-alone", "HTTP/1.1 103 Early Hints\r\n\r\n", '!'},
	{"/10", "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold", '!'},
	{"/10-keep", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nold",
		0},
	{"/no-length", OK_HEAD "\r\nto the end", '!'},
	{"/204", "HTTP/1.1 204 No Content\r\nContent-Length: 500000\r\n\r\n", 0},
	{"/304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 500000\r\n\r\n", 0},
	{"/not-http", "This is not HTTP at all\r\n\r\n", '!'},
	{"/lengths", OK_HEAD "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", 0},
	{"/locations",
		"HTTP/1.1 302 F\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n", 0},
	{"/te", OK_HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 0},
	{"/uncountable", OK_HEAD "Content-Length: 36893488147419103232\r\n\r\nsix by", '!'},
	{"/both",
		OK_HEAD
		"Content-Length: 999\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nthis\r\n0\r\n\r\n",
		0},
	{"/excess", OK_HEAD "Content-Length: 4\r\n\r\nthis" OK_HEAD "Content-Length: 4\r\n\r\nEVIL",
		0},
	{"/excess-0", "HTTP/1.1 204 No\r\n\r\n" OK_HEAD "Content-Length: 4\r\n\r\nEVIL", 0},
	{"/excess-chunk",
		OK_HEAD "Transfer-Encoding: chunked\r\n\r\n4\r\nthis\r\n0\r\n\r\n" OK_HEAD
			"Content-Length: 4\r\n\r\nEVIL",
		0},
	{"/later", OK_HEAD "Content-Length: 4\r\n\r\nthis", '>'},
	{"/later-0", OK_HEAD "Content-Length: 0\r\n\r\n", '>'},
	{"/later-chunk", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n4\r\nthis\r\n0\r\n\r\n", '>'},
	{"/busy", "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy", 0},
};

static void answer(void *arg, struct raw_conn *c)
{
	unsigned a, b;

	(void)arg;
	for (size_t i = 0; i < MEM_COUNT(fixed); i++)
		if (!strcmp(c->path, fixed[i].path)) {
			raw_say(c, fixed[i].text);
			if (fixed[i].then == '>') {
				raw_let_read(c);
				raw_say(c, evil);
			}
			if (fixed[i].then == '!')
				raw_close(c);
			return;
		}
	if (sscanf(c->path, "/body/%u", &a) == 1)
		say_body(c, OK_HEAD, a);
	else if (sscanf(c->path, "/chunks/%u", &a) == 1)
		answer_chunks(c, a);
	else if (sscanf(c->path, "/head/%u/%u", &a, &b) == 2)
		answer_long_head(c, a, b);
	else if (sscanf(c->path, "/hints/%u", &a) == 1) {
		while (a--)
			raw_say(c, "HTTP/1.1 103 Early Hints\r\n\r\n");
		answer_good(c);
	} else if (!strcmp(c->path, "/nul")) {
		raw_send(c, nul, sizeof(nul) - 1);
	} else if (!strcmp(c->path, "/split-excess")) {
		raw_say(c, OK_HEAD "Content-Length: 4\r\n\r\n");
		raw_let_read(c);
		raw_say(c, "this" OK_HEAD "Content-Length: 4\r\n\r\nEVIL");
	} else if (!strcmp(c->path, "/stall"))
		raw_wait(c);
	else if (!strcmp(c->path, "/stall-head"))
		answer_stall(c, "HTTP/1.1 200 OK\r\nContent-");
	else if (!strcmp(c->path, "/stall-body"))
		answer_stall(c, OK_HEAD "Content-Length: 100\r\n\r\npart");
	else if (!strcmp(c->path, "/reset"))
		raw_reset(c);
	else if (!strcmp(c->path, "/reset-head"))
		answer_reset(c, "HTTP/1.1 200 OK\r\nContent-");
	else if (!strcmp(c->path, "/reset-body"))
		answer_reset(c, OK_HEAD "Content-Length: 100\r\n\r\npart");
	else if (!strcmp(c->path, "/second-time") && c->requests > 1)
		raw_close(c); /* gone while the client believed it to be there */
	else
		answer_good(c);
}

/* ---- set-up ---- */

static int set_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)('a' + (i * 7 + i / 253) % 26);
	rig_init(&rig);
	rig_ask_init(&ask, &rig);
	return 0;
}

static void begin(void)
{
	assert_true(rig_open(&rig, 8, 2, answer, NULL));
}

static int tear_down(void **state)
{
	(void)state;
	rig_ask_release(&ask);
	rig_close(&rig);
	return 0;
}

static void get(const char *path)
{
	rig_get(&ask, &rig.host, path);
}

static struct http_fetch *const f = &ask.f;

static void assert_word(const char *word, const char *expected)
{
	if (expected) {
		assert_non_null(word);
		assert_string_equal(word, expected);
	} else if (word) {
		fail_msg("unexpected word %s", word);
	}
}

static void expect(const char *path, int status, const char *error, bool retry, const char *body)
{
	get(path);
	print_message("%s: %d %s\n", path, f->status, f->error ? f->error : "");
	assert_int_equal(f->status, status);
	assert_word(f->error, error);
	assert_int_equal(f->retry, retry);
	assert_false(f->no_room);
	if (body)
		assert_true(rig_body_is(&ask, body));
}

static void expect_good(const char *path)
{
	char body[300];

	snprintf(body, sizeof(body), "this is %s", path);
	expect(path, 200, NULL, false, body);
	assert_null(f->truncated);
	assert_int_equal(f->wire, strlen(body));
}

/* ---- connections ---- */

static void test_reuse(void **state)
{
	(void)state;
	begin();
	expect_good("/a");
	assert_string_equal(f->version, "1.1");
	assert_string_equal(f->ip, "127.0.0.1");
	assert_string_equal(f->content_type.data, "text/plain");
	assert_true(f->connect_ms >= 0);
	assert_true(f->tls_ms < 0);
	assert_true(f->wait_ms >= 0 && f->body_ms >= 0 && f->total_ms >= f->ttfb_ms);
	expect_good("/b");
	assert_true(f->connect_ms < 0);
	expect("/busy", 503, NULL, false, "busy");
	assert_int_equal(f->retry_after_ms, 7000);
	expect_good("/c");
	assert_int_equal(f->retry_after_ms, -1);
	assert_int_equal(rig.server.connections, 1);
	assert_int_equal(http_active(rig.http), 0);
}

/* libcurl tries once more by itself, on a new connection: one answer, one request head. */
static void test_kept_connection_is_gone(void **state)
{
	(void)state;
	begin();
	expect_good("/a");
	expect_good("/second-time");
	assert_int_equal(rig.server.connections, 2);
	assert_int_equal(rig.server.requests, 3);
	assert_ptr_equal(strstr(f->request_head.data, "GET "), f->request_head.data);
	assert_null(strstr(f->request_head.data + 1, "GET "));
}

/* The next request must get its own answer, never what the server sent without being asked. */
static void test_unasked_bytes_at_once(void **state)
{
	static const char *const paths[] = {
		"/excess", "/excess-0", "/excess-chunk", "/split-excess", "/both"};

	(void)state;
	begin();
	for (size_t i = 0; i < MEM_COUNT(paths); i++) {
		bool none = !strcmp(paths[i], "/excess-0");
		expect_good("/before");
		expect(paths[i], none ? 204 : 200, NULL, false, none ? "" : "this");
		expect_good("/at-once");
		expect(paths[i], none ? 204 : 200, NULL, false, none ? "" : "this");
		rig_rest(&rig);
		expect_good("/after-a-rest");
	}
}

static void test_unasked_bytes_later(void **state)
{
	static const char *const paths[] = {"/later", "/later-0", "/later-chunk"};

	(void)state;
	begin();
	for (size_t i = 0; i < MEM_COUNT(paths); i++) {
		unsigned before;
		expect_good("/before");
		expect(paths[i], 200, NULL, false, NULL);
		before = rig.server.connections;
		rig_rest(&rig);
		expect_good("/after");
		assert_int_equal(rig.server.connections, before + 1);
		expect_good("/after-that");
		assert_int_equal(rig.server.connections, before + 1);
	}
}

static void test_doubtful_framing(void **state)
{
	(void)state;
	begin();
	expect("/both", 200, NULL, false, "this");
	assert_int_equal(f->content_length, -1);
	expect_good("/a");
	assert_int_equal(rig.server.connections, 2);
	expect_good("/b"); /* only that connection was given up */
	assert_int_equal(rig.server.connections, 2);
}

static void test_http10(void **state)
{
	(void)state;
	begin();
	expect("/10", 200, NULL, false, "old");
	assert_string_equal(f->version, "1.0");
	assert_null(f->truncated);
	/* On a kept connection libcurl would ask in HTTP/1.0 from then on. */
	expect("/10-keep", 200, NULL, false, "old");
	expect_good("/a");
	assert_non_null(strstr(f->request_head.data, " HTTP/1.1\r\n"));
	assert_int_equal(rig.server.connections, 3);
}

/* ---- bodies ---- */

static void assert_big(size_t len)
{
	assert_int_equal(f->slot->len, len);
	assert_memory_equal(f->slot->data, big, len);
}

static void test_max_body(void **state)
{
	(void)state;
	begin();
	rig.max_body = 40000;
	expect("/body/40000", 200, NULL, false, NULL);
	assert_big(40000);
	assert_null(f->truncated);
	assert_int_equal(f->wire, 40000);
	expect("/body/40001", 200, NULL, false, NULL);
	assert_big(40000);
	assert_word(f->truncated, "max_body");
	assert_true(f->wire > 40000 && f->wire <= 40001);
	expect_good("/a");
	assert_int_equal(rig.server.connections, 2);
	expect("/chunks/300000", 200, NULL, false, NULL);
	assert_big(40000);
	assert_word(f->truncated, "max_body");
	assert_true(f->wire < 300000);
	assert_false(f->slot->big);
	expect_good("/b");
}

static void test_big_slot(void **state)
{
	(void)state;
	begin();
	expect("/body/65536", 200, NULL, false, NULL);
	assert_big(65536);
	assert_false(f->slot->big);
	expect("/body/65537", 200, NULL, false, NULL);
	assert_big(65537);
	assert_true(f->slot->big);
	assert_int_equal(f->slot->cap, 2 * 65536); /* by what the head said, not all there is */
	expect("/chunks/500000", 200, NULL, false, NULL);
	assert_big(500000);
	assert_int_equal(f->slot->cap, RIG_BIG);
	rig.max_body = 300000;
	expect("/body/500000", 200, NULL, false, NULL);
	assert_big(300000);
	assert_word(f->truncated, "max_body");
	assert_true(f->slot->big);
}

/* Whether its length is told or not, a body goes where there are pages. */
static void test_pages_are_used_again(void **state)
{
	const struct slot *first;

	(void)state;
	begin();
	expect("/chunks/30000", 200, NULL, false, NULL);
	first = f->slot;
	expect("/chunks/20000", 200, NULL, false, NULL);
	assert_ptr_equal(f->slot, first);
	assert_big(20000);
	expect("/body/30000", 200, NULL, false, NULL);
	assert_ptr_equal(f->slot, first);
	assert_big(30000);
}

static void test_no_room(void **state)
{
	(void)state;
	begin();
	slots_set_credit(rig.slots, 70000);
	get("/body/200000");
	assert_true(f->no_room);
	assert_word(f->error, NULL);
	assert_int_equal(f->wire, 0); /* known from the head: the body was not asked for */
	assert_int_equal(f->content_length, 200000);
	assert_false(f->slot->big);
	get("/chunks/200000");
	assert_true(f->no_room);
	assert_word(f->error, NULL);
	assert_word(f->truncated, NULL);
	expect("/body/60000", 200, NULL, false, NULL);
	assert_big(60000);
	slots_set_credit(rig.slots, RIG_BIG);
	expect("/body/200000", 200, NULL, false, NULL);
	assert_big(200000);
}

/* No body comes with these whatever they say, so no room is needed. */
static void test_statuses_without_body(void **state)
{
	(void)state;
	begin();
	slots_set_credit(rig.slots, 0);
	expect("/204", 204, NULL, false, "");
	expect("/304", 304, NULL, false, "");
	expect_good("/a");
	assert_int_equal(rig.server.connections, 1);
}

static void test_trailers(void **state)
{
	(void)state;
	begin();
	expect("/trailers", 200, NULL, false, "hello");
	assert_string_equal(f->content_type.data, "text/plain");
	assert_string_equal(f->location.data, "");
	assert_string_equal(
		f->response_head.data, OK_HEAD "Transfer-Encoding: chunked\r\nTrailer: X\r\n\r\n");
	expect_good("/a");
	assert_int_equal(rig.server.connections, 1);
}

static void expect_cut(const char *path, const char *body)
{
	expect(path, 200, "cut", true, body);
	assert_word(f->truncated, "cut");
	assert_int_equal(f->wire, strlen(body));
	assert_string_equal(f->version, "1.1");
}

static void test_cut(void **state)
{
	(void)state;
	rig.set.timeout = 0.3;
	begin();
	expect_cut("/short", "only this");
	expect_cut("/no-byte", "");
	expect_cut("/short-chunk", "only this");
	expect_cut("/no-last-chunk", "this");
	expect_cut("/bad-chunk", "this");
	expect_cut("/reset-body", "part");
	expect_cut("/stall-body", "part");
	expect_good("/a");
}

static void test_no_length(void **state)
{
	(void)state;
	begin();
	expect("/no-length", 200, NULL, false, "to the end");
	assert_null(f->truncated);
	expect("/uncountable", 200, NULL, false, "six by");
	assert_null(f->truncated);
	assert_int_equal(f->content_length, -1);
}

/* ---- no answer ---- */

static void expect_none(const char *path, const char *error, bool retry)
{
	expect(path, 0, error, retry, "");
	assert_null(f->version);
	assert_null(f->truncated);
}

static void test_no_answer(void **state)
{
	(void)state;
	begin();
	expect_none("/nothing", "reset", true);
	expect_none("/half-head", "reset", true);
	expect_none("/reset", "reset", true);
	expect_none("/reset-head", "reset", true);
	expect_none("/hints-alone", "reset", true);
	expect_none("/not-http", "bad_response", false);
	expect_none("/nul", "bad_response", false);
	expect_good("/a");
}

static void test_timeout(void **state)
{
	(void)state;
	rig.set.timeout = 0.3;
	begin();
	expect_none("/stall", "timeout", true);
	assert_true(f->ttfb_ms < 0 && f->body_ms < 0 && f->total_ms > 0);
	expect_none("/stall-head", "timeout", true);
	expect_good("/a");
}

static void test_refused(void **state)
{
	uint16_t port;

	(void)state;
	begin();
	port = rig.server.port;
	raw_server_close(&rig.server);
	expect_none("/", "refused", true);
	assert_true(f->connect_ms < 0 && f->ttfb_ms < 0);
	assert_int_equal(f->request_head.len, 0);
	assert_true(raw_server_open(&rig.server, rig.loop, "127.0.0.1", port, answer, NULL));
	expect_good("/a");
}

static void test_no_tls(void **state)
{
	struct host h;

	(void)state;
	begin();
	rig.server.greeting = "220 this is something else\r\n";
	rig_host(&h, 2, "https", "127.0.0.1", rig.server.port, NULL);
	rig_get(&ask, &h, "/");
	assert_int_equal(f->status, 0);
	assert_word(f->error, "tls");
	assert_true(f->retry);
	assert_true(f->tls_ms < 0);
	rig_host_release(&h);
}

/* ---- heads ---- */

static void test_interim_heads(void **state)
{
	(void)state;
	begin();
	expect("/early-hints", 200, NULL, false, "ok");
	assert_string_equal(f->location.data, "");
	assert_string_equal(f->link.data, "");
	assert_string_equal(f->response_head.data, OK_HEAD "Content-Length: 2\r\n\r\n");
	expect("/hints/16", 200, NULL, false, "this is /hints/16");
	expect_none("/hints/17", "bad_headers", false);
	expect_none("/switch", "bad_headers", false);
}

static void test_refused_heads(void **state)
{
	(void)state;
	begin();
	expect_none("/lengths", "bad_headers", false);
	expect_none("/locations", "bad_headers", false);
	expect_none("/te", "bad_headers", false);
	expect("/head/196/5", 200, NULL, false, "");
	expect_none("/head/197/5", "bad_headers", false);
	expect("/head/1/65000", 200, NULL, false, "");
	assert_true(f->response_head.len > 65000);
	expect_none("/head/1/65500", "bad_headers", false);
	expect_none("/head/1/110000", "bad_headers", false); /* too long even for libcurl */
	expect_none("/head/10/7000", "bad_headers", false);
	expect_good("/a");
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_reuse),
		T(test_kept_connection_is_gone),
		T(test_unasked_bytes_at_once),
		T(test_unasked_bytes_later),
		T(test_doubtful_framing),
		T(test_http10),
		T(test_max_body),
		T(test_big_slot),
		T(test_pages_are_used_again),
		T(test_no_room),
		T(test_statuses_without_body),
		T(test_trailers),
		T(test_cut),
		T(test_no_length),
		T(test_no_answer),
		T(test_timeout),
		T(test_refused),
		T(test_no_tls),
		T(test_interim_heads),
		T(test_refused_heads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
