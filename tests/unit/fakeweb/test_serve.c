/* HTTP as a client sees it: a server in this very thread, a socket, and turns of its loop. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/buf.h"
#include "config/clock.h"
#include "crawler/fakeweb/serve.h"
#include "tests/unit/fakeweb/fixture.h"

static struct bench {
	struct fake_options o;
	struct fake_graph g;
	struct fake_text *text;
	struct fake_tally *tally;
	struct event_base *base;
	struct fake_server *server;
	int listener, fd;
	struct sockaddr_in address;
	struct buf got;
	char head[4096]; /* of the latest answer_to */
} b;

/* With other options than the usual ones, set before. */
static void begin(void)
{
	static const int none[2] = {-1, -1};
	socklen_t len = sizeof(b.address);
	struct err err;

	assert_int_equal(fake_graph_open(&b.g, &b.o, &err), 0);
	b.text = fake_text_open(1);
	b.tally = fake_tally_open(&b.g);
	b.base = fake_base_new();
	b.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	b.address = (struct sockaddr_in){.sin_family = AF_INET};
	b.address.sin_addr.s_addr = htonl(INADDR_ANY);
	assert_int_equal(bind(b.listener, (struct sockaddr *)&b.address, len), 0);
	assert_int_equal(listen(b.listener, 16), 0);
	getsockname(b.listener, (struct sockaddr *)&b.address, &len);
	b.server =
		fake_server_open(&b.g, b.text, b.tally, b.base, (int[2]){b.listener, -1}, none, -1);
}

static int set_up(void **state)
{
	(void)state;
	memset(&b, 0, sizeof(b));
	b.o = usual();
	b.fd = -1;
	buf_init(&b.got);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (b.fd >= 0)
		close(b.fd);
	fake_server_close(b.server);
	close(b.listener);
	event_base_free(b.base);
	fake_tally_close(b.tally);
	fake_text_close(b.text);
	fake_graph_close(&b.g);
	buf_release(&b.got);
	return 0;
}

static void turn(void)
{
	event_base_loop(b.base, EVLOOP_NONBLOCK);
}

/* To the address of a host, by a connection of its own. */
static int dial(uint32_t host)
{
	struct sockaddr_in to = b.address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(fake_address(&b.g, host));
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	turn();
	return fd;
}

static void say(const char *text)
{
	size_t len = strlen(text);

	if (b.fd < 0)
		b.fd = dial(0);
	assert_int_equal(send(b.fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* Reads until there are `enough` bytes, or the end. 0: the end; -1: a reset; 1: there are. */
static int hear(size_t enough)
{
	int64_t deadline = clock_ms() + 20000;
	char part[65536];
	ssize_t n;

	while (b.got.len < enough) {
		turn();
		n = recv(b.fd, part, sizeof(part), MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN) {
			assert_true(clock_ms() < deadline);
			poll(&(struct pollfd){b.fd, POLLIN, 0}, 1, 1);
			continue;
		}
		if (n <= 0)
			return n < 0 ? -1 : 0;
		buf_add(&b.got, part, (size_t)n);
	}
	return 1;
}

/* One whole answer: its status; its body in *body. What was before is forgotten. */
static int answer_to(const char *request, struct buf *body)
{
	const char *end, *length;
	size_t head, len;

	say(request);
	for (size_t n = 1; !(end = memmem(b.got.data, b.got.len, "\r\n\r\n", 4)); n++)
		assert_int_equal(hear(b.got.len + 1), 1);
	head = (size_t)(end + 4 - b.got.data);
	length = strcasestr(b.got.data, "\r\ncontent-length: ");
	assert_non_null(length);
	len = (size_t)atol(length + 18);
	if (!strncmp(request, "HEAD", 4) || !strncmp(b.got.data + 9, "304", 3))
		len = 0;
	assert_int_equal(hear(head + len), 1);
	assert_int_equal(b.got.len, head + len); /* and not a byte more */
	if (body) {
		buf_reset(body);
		buf_add(body, b.got.data + head, len);
	}
	assert_true(head < sizeof(b.head));
	memcpy(b.head, b.got.data, head);
	b.head[head] = '\0';
	buf_reset(&b.got);
	return atoi(b.head + 9);
}

static void hang_up(void)
{
	close(b.fd);
	b.fd = -1;
	turn();
}

static void a_page(uint32_t host, uint32_t n, struct buf *out)
{
	struct fake_html *h = fake_html_open(&b.g, b.text);

	fake_html_page(h, host, n);
	buf_reset(out);
	for (size_t i = 0; i < h->nout; i++)
		buf_add(out, h->out[i].iov_base, h->out[i].iov_len);
	fake_html_close(h);
}

static const char *get(uint32_t host, uint32_t page)
{
	static char request[512];
	char path[FAKE_PATH_MAX];

	*fake_path(&b.g, host, page, path) = '\0';
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: h%u.fake.test:8080\r\n\r\n",
		path, host);
	return request;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h0.fake.test\r\n\r\n"

static void test_pages(void **state)
{
	struct buf body = BUF_INIT, wanted = BUF_INIT;

	(void)state;
	begin();
	for (uint32_t i = 0; i < 40; i++) {
		assert_int_equal(answer_to(get(i, 0), &body), 200);
		a_page(i, 0, &wanted);
		assert_string_equal(body.data, wanted.data);
	}
	assert_int_equal(b.tally->connections, 1); /* kept alive all the while */
	assert_int_equal(answer_to(GET("/nothing-1.html"), NULL), 404);
	assert_int_equal(answer_to(GET("/style.css"), NULL), 200);
	assert_int_equal(answer_to(GET("/logo.png"), NULL), 200);
	buf_release(&body);
	buf_release(&wanted);
}

/* Asks for the first n pages of host 0 at once. */
static void ask_for(uint32_t n)
{
	struct buf all = BUF_INIT;

	for (uint32_t i = 0; i < n; i++)
		buf_add_str(&all, get(0, i));
	say(all.data);
	buf_release(&all);
}

/* They come in order, whole, with nothing between. */
static void take_pages(uint32_t n)
{
	struct buf wanted = BUF_INIT;
	const char *p;

	for (uint32_t i = 0; i < n; i++) {
		size_t head, whole;
		while (!(p = memmem(b.got.data, b.got.len, "\r\n\r\n", 4)))
			assert_int_equal(hear(b.got.len + 1), 1);
		head = (size_t)(p + 4 - b.got.data);
		a_page(0, i, &wanted);
		whole = head + wanted.len;
		assert_int_equal(hear(whole), 1);
		assert_memory_equal(b.got.data, "HTTP/1.1 200 OK\r\n", 17);
		assert_memory_equal(b.got.data + head, wanted.data, wanted.len);
		memmove(b.got.data, b.got.data + whole, b.got.len - whole);
		buf_set_len(&b.got, b.got.len - whole);
	}
	assert_int_equal(b.got.len, 0);
	buf_release(&wanted);
}

static void test_pipelined(void **state)
{
	(void)state;
	begin();
	ask_for(50);
	take_pages(50);
	assert_int_equal(b.tally->requests, 50);
}

static void test_byte_by_byte(void **state)
{
	const char *request = "\r\nGET / HTTP/1.1\r\nhost: h3.fake.test\r\n\r\n";
	struct buf body = BUF_INIT, wanted = BUF_INIT;

	(void)state;
	begin();
	for (const char *p = request; p[1]; p++) {
		say((char[2]){*p, '\0'});
		turn();
	}
	assert_int_equal(b.tally->requests, 0);
	assert_int_equal(answer_to("\n", &body), 200);
	a_page(3, 0, &wanted);
	assert_string_equal(body.data, wanted.data);
	buf_release(&body);
	buf_release(&wanted);
}

/* What the reader is slow to take is kept for it, and nothing more is read meanwhile. */
static void test_slow_reader(void **state)
{
	int small = 16384;

	(void)state;
	b.o.size = 500000;
	begin();
	b.fd = dial(0);
	setsockopt(b.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	ask_for(30);
	for (int i = 0; i < 100; i++)
		turn();
	assert_true(b.tally->requests < 30);
	assert_true(b.server->conns->out.len > 0);
	take_pages(30);
	assert_int_equal(b.tally->requests, 30);
}

static void test_methods_and_mistakes(void **state)
{
	static const struct {
		const char *request;
		int status;
	} ends[] = {{"GET / HTTP/1.1\r\n\r\n", 400}, {"GET\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: h0.fake.test\r\nHost: h1.fake.test\r\n\r\n", 400},
		{"GET x HTTP/1.1\r\nHost: h0.fake.test\r\n\r\n", 400},
		{"\x16\x03\x01\x02\r\n\r\n", 400},
		{"POST / HTTP/1.1\r\nHost: h0.fake.test\r\nContent-Length: 3\r\n\r\nabc", 501},
		{"GET / HTTP/1.0\r\nHost: h0.fake.test\r\n\r\n", 200},
		{"GET / HTTP/1.1\r\nHost: h0.fake.test\r\nConnection: close\r\n\r\n", 200}};
	struct buf body = BUF_INIT;

	(void)state;
	begin();
	assert_int_equal(answer_to("HEAD / HTTP/1.1\r\nHost: h0.fake.test\r\n\r\n", &body), 200);
	assert_int_equal(body.len, 0);
	assert_int_equal(answer_to("PUT / HTTP/1.1\r\nHost: h0.fake.test\r\n\r\n", NULL), 405);
	assert_int_equal(answer_to("GET / HTTP/1.1\r\nHost: h40.fake.test\r\n\r\n", NULL), 421);
	assert_int_equal(
		answer_to("GET http://h2.fake.test/ HTTP/1.1\r\nHost: h2.fake.test\r\n\r\n", NULL),
		200);
	assert_int_equal(b.tally->connections, 1); /* none of these ends it */
	hang_up();
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		assert_int_equal(answer_to(ends[i].request, NULL), ends[i].status);
		assert_non_null(strstr(b.head, "Connection: close\r\n"));
		assert_true(hear(1) <= 0);
		buf_reset(&b.got);
		hang_up();
	}
	buf_release(&body);
}

static void test_endless_head(void **state)
{
	(void)state;
	begin();
	say("GET / HTTP/1.1\r\nHost: h0.fake.test\r\n");
	for (int i = 0; i < 1200; i++) {
		if (send(b.fd, "X-A: aaaaaaaaaaaaaaaaaaaaaaaa\r\n", 31, MSG_NOSIGNAL) < 0)
			break;
		turn();
	}
	hear(12);
	assert_memory_equal(b.got.data, "HTTP/1.1 431", 12);
}

static void test_addresses_stand_for_hosts(void **state)
{
	struct buf body = BUF_INIT, wanted = BUF_INIT;

	(void)state;
	begin();
	b.fd = dial(7);
	assert_int_equal(answer_to("GET / HTTP/1.1\r\nHost: 127.1.0.8:8080\r\n\r\n", &body), 200);
	a_page(7, 0, &wanted);
	assert_string_equal(body.data, wanted.data);
	buf_release(&body);
	buf_release(&wanted);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static void test_robots_and_sitemaps(void **state)
{
	struct buf body = BUF_INIT;

	(void)state;
	b.o.pages = 120000;
	b.o.hosts = 1;
	b.o.crawl_delay = 1.5;
	begin();
	assert_int_equal(answer_to(GET("/robots.txt"), &body), 200);
	assert_string_equal(body.data, "User-agent: *\nDisallow: /private/\nCrawl-delay: 1.5\n\n"
				       "Sitemap: http://h0.fake.test:8080/sitemap.xml\n");
	assert_int_equal(answer_to(GET("/sitemap.xml"), &body), 200);
	assert_int_equal(count(body.data, "<sitemap>"), 3);
	assert_int_equal(answer_to(GET("/sitemap-3.xml"), &body), 200);
	assert_int_equal(count(body.data, "<url>"), 20000);
	assert_int_equal(answer_to(GET("/sitemap-4.xml"), NULL), 404);
	assert_int_equal(answer_to(GET("/sitemap-1.xmlx"), NULL), 404);
	assert_int_equal(answer_to(GET("/private/x"), NULL), 200);
	assert_int_equal(b.tally->closed_paths, 1);
	buf_release(&body);
}

static void test_not_modified(void **state)
{
	char etag[64], request[256];

	(void)state;
	begin();
	assert_int_equal(answer_to(GET("/"), NULL), 200);
	assert_int_equal(sscanf(strstr(b.head, "ETag: ") + 6, "%63s", etag), 1);
	snprintf(request, sizeof(request),
		"GET / HTTP/1.1\r\nHost: h0.fake.test\r\nIf-None-Match: %s\r\n\r\n", etag);
	assert_int_equal(answer_to(request, NULL), 304);
	assert_int_equal(answer_to("GET / HTTP/1.1\r\nHost: h1.fake.test\r\n\r\n", NULL), 200);
}

static void test_gzip_for_those_who_ask(void **state)
{
	struct buf body = BUF_INIT;

	(void)state;
	b.o.gzip = true;
	begin();
	assert_int_equal(answer_to("GET / HTTP/1.1\r\nHost: h0.fake.test\r\nAccept-Encoding: br, "
				   "gzip\r\n\r\n",
				 &body),
		200);
	assert_non_null(strstr(b.head, "Content-Encoding: gzip\r\n"));
	assert_memory_equal(body.data, "\x1f\x8b", 2);
	assert_int_equal(answer_to(GET("/"), &body), 200);
	assert_null(strstr(b.head, "Content-Encoding"));
	assert_non_null(strstr(b.head, "Vary: Accept-Encoding\r\n"));
	buf_release(&body);
}

/* Follows the first link of this trap's own kind some steps: each leads to a new one. */
static void follow(const char *start, const char *mark, int steps)
{
	struct buf body = BUF_INIT, next = BUF_INIT;
	char path[2048], request[2300];

	snprintf(path, sizeof(path), "%s", start);
	for (int i = 0; i < steps; i++) {
		const char *link;
		snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: h0.fake.test\r\n\r\n",
			path);
		assert_int_equal(answer_to(request, &body), 200);
		link = strstr(body.data, mark);
		assert_non_null(link);
		link += strlen("href=\"");
		buf_reset(&next);
		buf_add_str(&next, link[0] == '/' ? "" : path);
		buf_add(&next, link, strcspn(link, "\""));
		assert_string_not_equal(next.data, path);
		assert_true(next.len < sizeof(path));
		strcpy(path, next.data);
	}
	buf_release(&body);
	buf_release(&next);
}

static void test_traps(void **state)
{
	(void)state;
	b.o.traps = TRAP_ALL;
	begin();
	follow("/calendar/2026-12/", "href=\"/calendar/2027", 1);
	follow("/account?sid=0", "href=\"/account", 20);
	follow("/deeper/", "href=\"deeper/\"", 20);
	follow("/filter", "href=\"/filter", 12);
	assert_int_equal(b.tally->traps, 1 + 20 + 20 + 12);
	assert_int_equal(answer_to(GET("/calendar/2026-13/"), NULL), 404);
	assert_int_equal(answer_to(GET("/calendar/x"), NULL), 404);
}

static void test_no_traps_unless_asked_for(void **state)
{
	(void)state;
	begin();
	assert_int_equal(answer_to(GET("/calendar/2026-11/"), NULL), 404);
}

static uint32_t host_of_temper(enum fake_temper t)
{
	for (uint32_t h = 0; h < b.g.hosts; h++)
		if (fake_temper(&b.g, h) == t)
			return h;
	fail();
	return 0;
}

static void test_limited_hosts(void **state)
{
	uint32_t host;

	(void)state;
	b.o.limited_hosts = 0.5;
	b.o.limit_interval = 30;
	begin();
	host = host_of_temper(FAKE_LIMITED);
	assert_int_equal(answer_to(get(host, 0), NULL), 200);
	assert_int_equal(answer_to(get(host, 0), NULL), 429);
	assert_non_null(strstr(b.head, "Retry-After: 30\r\n"));
	assert_int_equal(b.tally->pushed_back, 1);
	assert_int_equal(answer_to(get(0, 0), NULL), 200);
	assert_int_equal(answer_to(get(0, 0), NULL), 200);
}

static void test_dead_hosts(void **state)
{
	(void)state;
	b.o.dead_hosts = 1;
	begin();
	b.fd = dial(host_of_temper(FAKE_DEAD));
	say(get(host_of_temper(FAKE_DEAD), 0));
	assert_int_equal(hear(1), -1);
	assert_int_equal(b.tally->resets, 1);
}

/* Whether the connection ends before the whole body has come. */
static bool is_cut(void)
{
	size_t promised, head;

	while (!memmem(b.got.data, b.got.len, "\r\n\r\n", 4))
		assert_int_equal(hear(b.got.len + 1), 1);
	head = (size_t)(strstr(b.got.data, "\r\n\r\n") + 4 - b.got.data);
	promised = (size_t)atol(strstr(b.got.data, "Content-Length: ") + 16);
	return hear(head + promised) != 1;
}

/* Pages nobody depends on; home pages always come. */
static void test_broken_pages(void **state)
{
	int errors = 0, resets = 0, cuts = 0, fine = 0;

	(void)state;
	b.o.errors = b.o.resets = b.o.cuts = 0.2;
	b.o.hosts = 1;
	b.o.pages = 200;
	begin();
	for (uint32_t i = 0; i < 200; i++) {
		bool inner = fake_has_children(&b.g, 0, i);
		int rc;
		say(get(0, i));
		rc = hear(12);
		if (rc < 0) {
			resets++;
			assert_false(inner);
		} else if (!memcmp(b.got.data + 9, "50", 2)) {
			errors++;
			assert_false(inner);
		} else if (is_cut()) {
			cuts++;
			assert_false(inner);
		} else {
			fine++;
		}
		buf_reset(&b.got);
		hang_up();
	}
	assert_true(errors > 20 && errors < 60);
	assert_true(resets > 20 && resets < 60);
	assert_true(cuts > 20 && cuts < 60);
	assert_int_equal(errors + resets + cuts + fine, 200);
}

static void test_flaky_pages(void **state)
{
	(void)state;
	b.o.flaky = 1;
	begin();
	assert_int_equal(answer_to(get(0, 5), NULL), 503);
	assert_int_equal(answer_to(get(0, 5), NULL), 200);
	assert_int_equal(b.tally->repeats, 1);
}

static void test_delay(void **state)
{
	int64_t began;

	(void)state;
	b.o.delay = 0.1;
	begin();
	b.fd = dial(0);
	began = clock_ms();
	say(GET("/"));
	for (int i = 0; i < 5; i++)
		turn();
	assert_int_equal(b.tally->ips[0].busy, 1);
	assert_int_equal(answer_to(GET("/style.css"), NULL), 200); /* two were asked for */
	assert_true(clock_ms() - began >= 99);
	assert_int_equal(b.tally->requests, 2);
	assert_int_equal(b.tally->hosts[0].most_busy, 1); /* one after the other */
	hear(1);
	say(GET("/style.css"));
	turn();
	hang_up(); /* while it waits */
	while (b.server->conns)
		turn();
	assert_int_equal(b.tally->hosts[0].busy, 0);
	assert_int_equal(b.tally->ips[0].busy, 0);
}

static void test_counts(void **state)
{
	struct buf out = BUF_INIT;
	int first, second;

	(void)state;
	b.o.judge = 10;
	begin();
	first = dial(2);
	second = dial(2);
	b.fd = first;
	assert_int_equal(answer_to(get(2, 0), NULL), 200);
	b.fd = second;
	assert_int_equal(answer_to(get(2, 0), NULL), 200);
	assert_int_equal(answer_to(get(3, 0), NULL), 200);
	assert_int_equal(b.tally->requests, 3);
	assert_int_equal(b.tally->repeats, 1);
	assert_int_equal(b.tally->most_open, 2);
	assert_int_equal(b.tally->ips[2].most_open, 2);
	assert_int_equal(b.tally->hosts[2].most_open, 2);
	assert_int_equal(b.tally->hosts[2].open, 1); /* that connection went over to host 3 */
	assert_int_equal(b.tally->hosts[2].too_soon, 1);
	assert_true(b.tally->hosts[2].least_ns > 0);
	assert_int_equal(b.tally->hosts[3].least_ns, 0);
	fake_tally_json(b.tally, &b.g, &out);
	assert_non_null(strstr(out.data, "\"requests\": 3, "));
	assert_non_null(strstr(out.data, "\"h2.fake.test\": {\"requests\": 2, \"repeats\": 1, "));
	assert_non_null(strstr(out.data, "\"127.1.0.3\": {\"connections\": 2, \"most_open\": 2}"));
	close(first);
	turn();
	assert_int_equal(b.tally->open, 1);
	buf_release(&out);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_pages),
		T(test_pipelined),
		T(test_byte_by_byte),
		T(test_slow_reader),
		T(test_methods_and_mistakes),
		T(test_endless_head),
		T(test_addresses_stand_for_hosts),
		T(test_robots_and_sitemaps),
		T(test_not_modified),
		T(test_gzip_for_those_who_ask),
		T(test_traps),
		T(test_no_traps_unless_asked_for),
		T(test_limited_hosts),
		T(test_dead_hosts),
		T(test_broken_pages),
		T(test_flaky_pages),
		T(test_delay),
		T(test_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
