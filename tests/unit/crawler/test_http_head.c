/* Response heads, line by line, as a hostile or sloppy server may write them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "config/facts.h"
#include "crawler/http.h"

/* Feeds the lines (each ended by \n in the text); false when one is refused. */
static bool feed(struct http_fetch *f, const char *text)
{
	http_fetch_reset(f);
	while (*text) {
		size_t n = strcspn(text, "\n") + 1;
		if (!http_head_line(f, text, n))
			return false;
		text += n;
	}
	return true;
}

static struct http_fetch f;

static int set_up(void **state)
{
	(void)state;
	http_fetch_init(&f);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	http_fetch_release(&f);
	return 0;
}

static void test_fields(void **state)
{
	(void)state;
	assert_true(feed(&f, "HTTP/1.1 200 OK\r\nContent-Type:  text/html; charset=x \r\n"
			     "CONTENT-ENCODING: gzip\r\nContent-Length: 12\r\nLink: <a>; rel=x\r\n"
			     "Link: <b>\r\n\r\n"));
	assert_string_equal(f.content_type.data, "text/html; charset=x");
	assert_string_equal(f.coding.data, "gzip");
	assert_string_equal(f.link.data, "<a>; rel=x, <b>");
	assert_int_equal(f.content_length, 12);
	assert_true(f.head_done);
}

static void test_content_length(void **state)
{
	(void)state;
	assert_true(feed(&f, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n"));
	assert_true(feed(&f, "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n"));
	assert_false(feed(&f, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n"));
	assert_false(feed(&f, "HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n"));
	assert_false(feed(&f, "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n"));
	assert_false(feed(&f, "HTTP/1.1 200 OK\r\nContent-Length: 0x10\r\n"));
	assert_false(feed(&f, "HTTP/1.1 200 OK\r\nContent-Length: 5,\r\n"));
	assert_false(feed(&f, "HTTP/1.1 200 OK\r\nContent-Length: 5 5\r\n"));
	assert_true(feed(&f, "HTTP/1.1 200 OK\r\nContent-Length: 5 ,05\r\n"));
	assert_false(feed(&f, "HTTP/1.1 200 OK\r\nContent-Length:\r\n"));
}

/* More than can be counted is a number, too: it is unknown, and it may conflict. */
static void test_uncountable_length(void **state)
{
	(void)state;
	assert_true(feed(&f, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n"));
	assert_int_equal(f.content_length, -1);
	assert_false(feed(&f, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n"
			      "Content-Length: 6\r\n\r\n"));
	assert_true(feed(&f, "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775806\r\n\r\n"));
	assert_true(f.content_length == INT64_MAX - 1);
}

/* What is left of the fields when the head is over. */
static void test_framing(void **state)
{
	(void)state;
	assert_true(feed(&f, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n"
			     "Transfer-Encoding: chunked\r\n\r\n"));
	assert_int_equal(f.content_length, -1);
	assert_true(f.doubtful);
	assert_true(feed(&f, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
	assert_false(f.doubtful);
	assert_true(feed(&f, "HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\n"));
	assert_true(f.doubtful);
	assert_string_equal(f.version, "1.0");
	assert_true(feed(&f, "HTTP/2 304 \r\ncontent-length: 9\r\n\r\n"));
	assert_int_equal(f.content_length, -1);
	assert_int_equal(f.answer, 304);
	assert_string_equal(f.version, "2");
	assert_false(feed(&f, "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"));
}

static void test_transfer_encoding(void **state)
{
	(void)state;
	assert_true(feed(&f, "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n"));
	assert_false(feed(&f, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n"));
	assert_false(feed(&f, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n"));
}

static void test_location(void **state)
{
	(void)state;
	assert_true(feed(&f, "HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /a\r\n"));
	assert_false(feed(&f, "HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\n"));
}

static void test_interim_heads(void **state)
{
	(void)state;
	assert_true(feed(&f, "HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n"
			     "Location: /early\r\n\r\nHTTP/1.1 200 OK\r\nLocation: /late\r\n\r\n"));
	assert_string_equal(f.location.data, "/late");
	assert_string_equal(f.link.data, "");
	assert_string_equal(f.response_head.data, "HTTP/1.1 200 OK\r\nLocation: /late\r\n\r\n");
}

static void test_trailers_change_nothing(void **state)
{
	(void)state;
	assert_true(feed(&f, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
			     "Content-Type: text/evil\r\nHTTP/1.1 302 X: y\r\n"
			     "Location: /evil\r\n\r\n"));
	assert_string_equal(f.content_type.data, "text/html");
	assert_string_equal(f.location.data, "");
	assert_int_equal(f.answer, 200);
	assert_string_equal(
		f.response_head.data, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n");
}

static void test_limits(void **state)
{
	char line[128];
	int i;

	(void)state;
	http_fetch_reset(&f);
	for (i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "X-%d: y\r\n", i);
		if (!http_head_line(&f, line, strlen(line)))
			break;
	}
	assert_int_equal(i, HTTP_MAX_HEADERS);
	http_fetch_reset(&f);
	for (i = 0; i < 1000; i++)
		if (!http_head_line(&f, "HTTP/1.1 103 Early Hints\r\n", 26) ||
			!http_head_line(&f, "\r\n", 2))
			break;
	assert_int_equal(i, HTTP_MAX_INTERIM);
	http_fetch_reset(&f);
	for (i = 0; i < 1000; i++) {
		static char big[8192];
		memset(big, 'a', sizeof(big));
		if (!http_head_line(&f, big, sizeof(big)))
			break;
	}
	assert_int_equal(i, HTTP_MAX_HEAD / 8192);
}

static void test_x_robots(void **state)
{
	(void)state;
	assert_true(feed(&f, "HTTP/1.1 200 OK\r\nX-Robots-Tag: noindex, NoFollow\r\n"));
	assert_int_equal(f.x_robots, ROBOTS_NOINDEX | ROBOTS_NOFOLLOW);
	assert_true(feed(&f, "HTTP/1.1 200 OK\r\nX-Robots-Tag: none\r\n"));
	assert_int_equal(f.x_robots, ROBOTS_NOINDEX | ROBOTS_NOFOLLOW);
	assert_true(feed(&f, "HTTP/1.1 200 OK\r\nX-Robots-Tag: otherbot: nofollow\r\n"));
	assert_int_equal(f.x_robots, 0);
	assert_true(feed(&f, "HTTP/1.1 200 OK\r\nX-Robots-Tag: skitter: nofollow, noarchive\r\n"));
	assert_int_equal(f.x_robots, ROBOTS_NOFOLLOW | ROBOTS_NOARCHIVE);
	assert_true(
		feed(&f, "HTTP/1.1 200 OK\r\nX-Robots-Tag: unavailable_after: 25 Jun 2030\r\n"));
	assert_int_equal(f.x_robots, 0);
}

static void test_retry_after(void **state)
{
	(void)state;
	assert_true(feed(&f, "HTTP/1.1 503 Busy\r\nRetry-After: 120\r\n"));
	assert_int_equal(f.retry_after_ms, 120000);
	assert_true(
		feed(&f, "HTTP/1.1 503 Busy\r\nRetry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n"));
	assert_int_equal(f.retry_after_ms, 0);
	assert_true(feed(&f, "HTTP/1.1 503 Busy\r\nRetry-After: soon\r\n"));
	assert_int_equal(f.retry_after_ms, -1);
	assert_true(feed(&f, "HTTP/1.1 503 Busy\r\nRetry-After: -5\r\n"));
	assert_int_equal(f.retry_after_ms, 0);
	assert_true(feed(&f, "HTTP/1.1 503 Busy\r\nRetry-After: 99999999999999999999\r\n"));
	assert_true(f.retry_after_ms > 0);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_fields),
		T(test_content_length),
		T(test_uncountable_length),
		T(test_framing),
		T(test_transfer_encoding),
		T(test_location),
		T(test_interim_heads),
		T(test_trailers_change_nothing),
		T(test_limits),
		T(test_x_robots),
		T(test_retry_after),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
