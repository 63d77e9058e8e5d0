/* One GET against a server of this test: redirects by hand, the cap, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crawler/http_simple.h"

/* ---- a server that answers by path, one request per connection ---- */

struct server {
	int fd;
	unsigned port;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows: both threads look at it */
	char request[4096];   /* the last head */
	int hits;
};

static struct server server;

static void answer(int c, const char *path)
{
	char head[512];
	int n = 0;

	if (sscanf(path, "/hop%d", &n) == 1 && n > 0)
		snprintf(head, sizeof(head),
			"HTTP/1.1 302 Found\r\nLocation: hop%d\r\nContent-Length: 0\r\n\r\n",
			n - 1);
	else if (!strncmp(
			 path, "/other", 6)) /* the same machine by another name: a server's idea */
		snprintf(head, sizeof(head),
			"HTTP/1.1 302 Found\r\nLocation: http://localhost:%u/x\r\nContent-Length: "
			"0\r\n\r\n",
			server.port);
	else if (!strncmp(path, "/ftp", 4))
		snprintf(head, sizeof(head),
			"HTTP/1.1 302 Found\r\nLocation: ftp://h/\r\n"
			"Content-Length: 4\r\n\r\nbody");
	else if (!strncmp(path, "/te", 3))
		snprintf(head, sizeof(head),
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
			"0\r\n\r\n");
	else if (!strncmp(path, "/ce", 3))
		snprintf(head, sizeof(head),
			"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx");
	else if (!strncmp(path, "/big", 4))
		snprintf(head, sizeof(head),
			"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n%0300d", 7);
	else if (!strncmp(path, "/cut", 4))
		snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
	else if (!strncmp(path, "/gone", 5))
		snprintf(head, sizeof(head),
			"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone");
	else
		snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	(void)!write(c, head, strlen(head));
}

static void *serve(void *arg)
{
	struct server *s = arg;

	for (;;) {
		int c = accept(s->fd, NULL, NULL);
		size_t len = 0;
		ssize_t n;
		if (c < 0)
			return NULL;
		char head[4096] = "";
		while (!strstr(head, "\r\n\r\n") &&
			(n = read(c, head + len, sizeof(head) - 1 - len)) > 0) {
			len += (size_t)n;
			head[len] = 0;
		}
		pthread_mutex_lock(&s->lock);
		strcpy(s->request, head);
		s->hits++;
		pthread_mutex_unlock(&s->lock);
		if (len > 4)
			answer(c, head + 4);
		close(c);
	}
}

static int start(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);

	(void)state;
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	pthread_mutex_init(&server.lock, NULL);
	server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server.fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(server.fd, 16), 0);
	assert_int_equal(getsockname(server.fd, (struct sockaddr *)&a, &len), 0);
	server.port = ntohs(a.sin_port);
	return pthread_create(&server.thread, NULL, serve, &server);
}

static int stop(void **state)
{
	(void)state;
	shutdown(server.fd, SHUT_RDWR);
	pthread_join(server.thread, NULL);
	return close(server.fd);
}

struct got {
	int rc;
	long status;
	struct buf body;
	struct err err;
	char request[4096];
	int hits;
};

static void get(struct got *g, const char *path, bool allow_private)
{
	struct settings set;
	char url[128];

	settings_init(&set);
	set.allow_private = allow_private;
	strlist_add(&set.header, "X-Mine: yes");
	strlist_add(&set.header, "Authorization: hunter2");
	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", server.port, path);
	memset(g, 0, sizeof(*g));
	buf_init(&g->body);
	g->rc = http_fetch_simple(&set, url, 200, &g->body, &g->status, &g->err);
	pthread_mutex_lock(&server.lock);
	g->hits = server.hits;
	strcpy(g->request, server.request);
	pthread_mutex_unlock(&server.lock);
	settings_release(&set);
}

static void a_plain_answer(void **state)
{
	struct got g;

	(void)state;
	get(&g, "/robots.txt", false);
	assert_int_equal(g.rc, 0);
	assert_int_equal(g.status, 200);
	assert_string_equal(g.body.data, "hello");
	assert_non_null(strstr(g.request, "User-Agent: skitter/"));
	assert_non_null(strstr(g.request, "Accept-Encoding: identity\r\n"));
	assert_non_null(strstr(g.request, "X-Mine: yes\r\n"));
	assert_null(strstr(g.request, "hunter2"));
	buf_release(&g.body);
	get(&g, "/gone", false);
	assert_int_equal(g.status, 404);
	buf_release(&g.body);
}

static void five_redirects_are_followed(void **state)
{
	struct got g;
	int before;

	(void)state;
	get(&g, "/hop5", false);
	assert_int_equal(g.rc, 0);
	assert_int_equal(g.status, 200);
	assert_string_equal(g.body.data, "hello");
	before = g.hits;
	buf_release(&g.body);
	get(&g, "/hop6", false);
	assert_int_equal(g.rc, 0);
	assert_int_equal(g.status, 302); /* RFC 9309: unavailable, the caller decides */
	assert_int_equal(g.hits - before, 6);
	buf_release(&g.body);
	get(&g, "/ftp", false);
	assert_int_equal(g.status, 302);
	buf_release(&g.body);
}

static void private_addresses_need_permission(void **state)
{
	struct got g;

	(void)state;
	get(&g, "/other", false);
	assert_int_equal(g.rc, -1);
	assert_non_null(strstr(g.err.text, "private address; --allow-private"));
	buf_release(&g.body);
	get(&g, "/other", true);
	assert_int_equal(g.rc, 0);
	assert_int_equal(g.status, 200);
	buf_release(&g.body);
}

static void bodies_are_capped(void **state)
{
	struct got g;

	(void)state;
	get(&g, "/big", false);
	assert_int_equal(g.rc, 0);
	assert_int_equal(g.body.len, 200);
	buf_release(&g.body);
	get(&g, "/cut", false);
	assert_int_equal(g.rc, -1);
	buf_release(&g.body);
}

static void nothing_is_inflated_here(void **state)
{
	struct got g;

	(void)state;
	get(&g, "/te", false);
	assert_int_equal(g.rc, -1);
	assert_non_null(strstr(g.err.text, "transfer coding"));
	buf_release(&g.body);
	get(&g, "/ce", false);
	assert_int_equal(g.rc, -1);
	assert_non_null(strstr(g.err.text, "compressed"));
	buf_release(&g.body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_answer),
		cmocka_unit_test(five_redirects_are_followed),
		cmocka_unit_test(private_addresses_need_permission),
		cmocka_unit_test(bodies_are_capped),
		cmocka_unit_test(nothing_is_inflated_here),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
