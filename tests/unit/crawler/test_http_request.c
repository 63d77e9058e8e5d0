/* What goes out: the target byte for byte, Host, secrets to those the user named alone, the
 * stored head; addresses, proxies, cookies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>

#include "tests/http/http_rig.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\n"

static struct rig rig;
static struct rig_ask ask;
static struct host hosts[64]; /* a host lives as long as the crawl */
static unsigned nhosts;
static struct buf sent; /* the last request head as the server received it */

static struct http_fetch *const f = &ask.f;

/* ---- the server: also a proxy, as far as one is asked ---- */

static void answer(void *arg, struct raw_conn *c)
{
	const char *name = arg;

	buf_reset(&sent);
	buf_add(&sent, c->head, c->head_len);
	if (!strncmp(c->head, "CONNECT ", 8)) {
		if (strstr(c->path, "forbidden"))
			raw_say(c, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
		else if (strstr(c->path, "broken"))
			raw_say(c, "HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n");
		else
			raw_say(c, "HTTP/1.1 200 Go on\r\nX-Proxy: yes\r\n\r\nno TLS here\r\n");
		return;
	}
	if (!strcmp(c->path, "/cookie"))
		raw_say(c, OK_HEAD "Set-Cookie: token=abc; Path=/\r\nContent-Length: 0\r\n\r\n");
	else if (!strcmp(c->path, "/close"))
		raw_say(c, OK_HEAD "Connection: close\r\n");
	else
		raw_say(c, OK_HEAD);
	if (name && strcmp(c->path, "/cookie"))
		raw_say(c, "Content-Length: 3\r\n\r\n"), raw_say(c, name);
	else if (strcmp(c->path, "/cookie"))
		raw_say(c, "Content-Length: 0\r\n\r\n");
	if (!strcmp(c->path, "/close"))
		raw_close(c);
}

static int set_up(void **state)
{
	(void)state;
	rig_init(&rig);
	rig_ask_init(&ask, &rig);
	buf_init(&sent);
	return 0;
}

static void begin(void)
{
	static char one[] = "one";

	assert_true(rig_open(&rig, 8, 2, answer, one));
}

static int tear_down(void **state)
{
	(void)state;
	rig_ask_release(&ask);
	rig_close(&rig);
	while (nhosts)
		rig_host_release(&hosts[--nhosts]);
	buf_release(&sent);
	return 0;
}

static struct host *make_host(
	const char *scheme, const char *name, uint16_t port, const char *addresses)
{
	struct host *h = &hosts[nhosts++];

	rig_host(h, 1 + nhosts, scheme, name, port, addresses);
	return h;
}

/* A host that has a name; the user did not name it. */
static struct host *make_other(const char *name, const char *addresses)
{
	struct host *h = make_host("http", name, rig.server.port, addresses);

	h->user_named = false;
	return h;
}

static void get(struct host *host, const char *path)
{
	rig_get(&ask, host, path);
}

static void assert_error(const char *word, bool retry)
{
	if (!word && f->error)
		fail_msg("unexpected error %s", f->error);
	if (!word)
		return;
	assert_non_null(f->error);
	assert_string_equal(f->error, word);
	assert_int_equal(f->retry, retry);
	assert_int_equal(f->status, 0);
}

static bool was_sent(const char *text)
{
	return strstr(sent.data, text) != NULL;
}

static bool was_stored(const char *text)
{
	return strstr(f->request_head.data, text) != NULL;
}

static void assert_stored_as_sent(void)
{
	assert_string_equal(f->request_head.data, sent.data);
	assert_int_equal(f->request_head.len, sent.len);
}

/* ---- target and Host ---- */

static void test_target(void **state)
{
	static const char *const paths[] = {"/", "/%7Ea|b^?x='", "//double//", "/a;b=c/?", "/?",
		"/a?b=[1]{2}|\\`^&c=%2e%2E/../x", "/%2e%2e/x", "/;/.;/..;/", "/a%00b", "/a?b?c??d",
		"/~user/(x)!$&'*+,;=:@", "/%"};
	char line[256];

	(void)state;
	begin();
	for (size_t i = 0; i < MEM_COUNT(paths); i++) {
		get(&rig.host, paths[i]);
		assert_error(NULL, false);
		snprintf(line, sizeof(line), "GET %s HTTP/1.1\r\n", paths[i]);
		assert_memory_equal(sent.data, line, strlen(line));
		assert_stored_as_sent();
	}
	assert_int_equal(rig.server.connections, 1);
}

/* Credentials in a URL go nowhere, neither as they are nor as Authorization. */
static void test_credentials_in_url(void **state)
{
	char line[64];

	(void)state;
	begin();
	rig_ask_reset(&ask);
	rig_start(&ask, &rig.host, "/");
	snprintf(ask.href, sizeof(ask.href), "http://me:word@127.0.0.1:%u/x?/y", rig.server.port);
	rig_join(&ask);
	assert_error(NULL, false);
	assert_memory_equal(sent.data, "GET /x?/y HTTP/1.1\r\n", 20);
	snprintf(line, sizeof(line), "\r\nHost: 127.0.0.1:%u\r\n", rig.server.port);
	assert_true(was_sent(line));
	assert_false(was_sent("word"));
	assert_false(was_sent("Authorization"));
}

static void test_host_header(void **state)
{
	static const char *const names[] = {"name.test", "trailing.test.", "xn--bcher-kva.test"};
	char line[64];

	(void)state;
	rig.set.allow_private = true;
	begin();
	for (size_t i = 0; i < MEM_COUNT(names); i++) {
		get(make_other(names[i], "127.0.0.1"), "/");
		assert_error(NULL, false);
		snprintf(line, sizeof(line), "\r\nHost: %s:%u\r\n", names[i], rig.server.port);
		assert_true(was_sent(line));
		assert_stored_as_sent();
	}
}

static void test_ipv6_literal(void **state)
{
	(void)state;
	begin();
	/* Nobody need listen there: what counts is that the name is understood. */
	get(make_host("http", "[::1]", 1, NULL), "/");
	assert_non_null(f->error);
	assert_true(!strcmp(f->error, "refused") || !strcmp(f->error, "connect"));
}

/* ---- header lines ---- */

static void test_default_lines(void **state)
{
	(void)state;
	rig.set.accept_language = mem_strdup("sv, en;q=0.5");
	rig.set.user_agent = mem_strdup("test/1");
	begin();
	get(&rig.host, "/");
	assert_true(was_sent("\r\nUser-Agent: test/1\r\n"));
	assert_true(was_sent("\r\nAccept: text/html"));
	assert_true(was_sent("\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"));
	assert_true(was_sent("\r\nAccept-Language: sv, en;q=0.5\r\n"));
	assert_false(was_sent("Cookie"));
	assert_stored_as_sent();
}

/* The user's own line takes the place of ours. */
static void test_replaced_lines(void **state)
{
	(void)state;
	strlist_add(&rig.set.header, "accept: */*");
	strlist_add(&rig.set.header, "User-Agent: mine");
	strlist_add(&rig.set.header, "X-Empty:");
	strlist_add(&rig.set.header, "X-Two: 1");
	strlist_add(&rig.set.header, "X-Two: 2");
	begin();
	get(&rig.host, "/");
	assert_true(was_sent("\r\naccept: */*\r\n"));
	assert_false(was_sent("Accept: text/html"));
	assert_true(was_sent("\r\nUser-Agent: mine\r\n"));
	assert_false(was_sent("skitter"));
	assert_true(was_sent("\r\nX-Two: 1\r\nX-Two: 2\r\n"));
	assert_stored_as_sent();
	get(&rig.host, "/again");
	assert_stored_as_sent();
}

static void check_secrets(struct host *h)
{
	bool named = h->user_named;

	get(h, "/key?token=1");
	assert_error(NULL, false);
	assert_int_equal(was_sent("\r\nX-Api-Key: hunter2\r\n"), named);
	assert_int_equal(was_sent("hunter2"), named);
	assert_true(was_sent("\r\nX-Plain: 1\r\n"));
	assert_false(was_stored("hunter2"));
	assert_int_equal(was_stored("\r\nX-Api-Key: (secret)\r\n"), named);
	assert_true(was_stored("GET /key?token=1 HTTP/1.1\r\n")); /* no line with a secret */
	assert_true(was_stored("\r\nX-Plain: 1\r\n\r\n"));
}

static void test_secret_lines(void **state)
{
	struct host *other;

	(void)state;
	rig.set.allow_private = true;
	strlist_add(&rig.set.header, "X-Api-Key: hunter2");
	strlist_add(&rig.set.header, "X-Plain: 1");
	begin();
	other = make_other("name.test", "127.0.0.1");
	/* Handles change from host to host and back: nothing may stick. */
	for (int i = 0; i < 3; i++) {
		check_secrets(&rig.host);
		check_secrets(other);
	}
}

static void check_user(struct host *h)
{
	bool named = h->user_named;

	get(h, "/auth");
	assert_error(NULL, false);
	assert_int_equal(was_sent("\r\nAuthorization: Basic bWU6d29yZA==\r\n"), named);
	assert_int_equal(was_sent("Authorization"), named);
	assert_int_equal(was_stored("\r\nAuthorization: (secret)\r\n"), named);
	assert_false(was_stored("bWU6"));
	assert_true(was_stored("GET /auth HTTP/1.1\r\n"));
	assert_ptr_equal(strstr(f->request_head.data, "\r\n\r\n") + 4,
		f->request_head.data + f->request_head.len);
}

static void test_user(void **state)
{
	struct host *other;

	(void)state;
	rig.set.allow_private = true;
	rig.set.user = mem_strdup("me:word");
	begin();
	other = make_other("name.test", "127.0.0.1");
	for (int i = 0; i < 3; i++) {
		check_user(&rig.host);
		check_user(other);
	}
}

/* All handles share one jar, and no other host sees into it. */
static void test_cookies(void **state)
{
	struct host *other;
	struct rig_ask two[2];

	(void)state;
	rig.set.cookies = rig.set.allow_private = true;
	begin();
	other = make_other("name.test", "127.0.0.1");
	for (int i = 0; i < 2; i++) {
		rig_ask_init(&two[i], &rig);
		rig_start(&two[i], &rig.host, i ? "/cookie" : "/x");
	}
	for (int i = 0; i < 2; i++)
		rig_join(&two[i]);
	for (int i = 0; i < 2; i++) {
		rig_start(&two[i], &rig.host, "/back");
		rig_join(&two[i]);
		assert_true(was_sent("\r\nCookie: token=abc\r\n"));
		assert_non_null(strstr(two[i].f.request_head.data, "\r\nCookie: (secret)\r\n"));
	}
	for (int i = 0; i < 2; i++)
		rig_start(&two[i], &rig.host, "/at-once");
	for (int i = 0; i < 2; i++) {
		rig_join(&two[i]);
		assert_non_null(strstr(two[i].f.request_head.data, "Cookie: (secret)"));
		rig_ask_release(&two[i]);
	}
	get(other, "/");
	assert_error(NULL, false);
	assert_false(was_sent("Cookie"));
	assert_stored_as_sent();
}

/* ---- addresses ---- */

static void test_private_addresses(void **state)
{
	struct host *other;
	static const char *const private[] = {
		"127.0.0.1", "127.0.0.1,127.0.0.2", "::1,127.0.0.1", "::ffff:127.0.0.1"};

	(void)state;
	begin();
	for (size_t i = 0; i < MEM_COUNT(private); i++) {
		get(make_other("name.test", private[i]), "/");
		assert_error("private_address", false);
		assert_int_equal(f->request_head.len, 0);
	}
	other = make_other("127.0.0.1", NULL);
	get(other, "/");
	assert_error("private_address", false);
	assert_int_equal(rig.server.connections, 0);
	other->user_named = true; /* the user's own word */
	get(other, "/");
	assert_error(NULL, false);
	assert_int_equal(rig.server.connections, 1);
}

static void test_allow_private(void **state)
{
	(void)state;
	rig.set.allow_private = true;
	begin();
	get(make_other("name.test", "127.0.0.1"), "/");
	assert_error(NULL, false);
	assert_string_equal(f->ip, "127.0.0.1");
	assert_int_equal(rig.server.connections, 1);
}

/* New addresses are believed as soon as they are there; old ones are kept by nobody. */
static void test_addresses_change(void **state)
{
	struct host *other;
	static char two[] = "two";
	struct raw_server second;

	(void)state;
	rig.set.allow_private = true;
	begin();
	if (!raw_server_open(&second, rig.loop, "127.0.0.2", rig.server.port, answer, two))
		skip();
	other = make_other("name.test", "127.0.0.1");
	get(other, "/close");
	assert_true(rig_body_is(&ask, "one"));
	free(other->addresses);
	other->addresses = mem_strdup("127.0.0.2");
	other->addresses_until_ms = 1000;
	get(other, "/close");
	assert_true(rig_body_is(&ask, "two"));
	assert_string_equal(f->ip, "127.0.0.2");
	raw_server_close(&second);
}

/* Nothing of libcurl's own idea of names is used: this one nobody else knows. */
static void test_many_names(void **state)
{
	char name[32];

	(void)state;
	rig.set.allow_private = true;
	begin();
	for (unsigned i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "n%u.invalid", i);
		make_host("http", name, rig.server.port, "127.0.0.1");
	}
	for (int round = 0; round < 3; round++)
		for (unsigned i = 0; i < 40; i++) {
			get(&hosts[i], round == 1 ? "/" : "/close");
			assert_error(NULL, false);
		}
}

/* ---- proxies ---- */

static void begin_with_proxy(const char *form)
{
	char proxy[64];

	begin();
	http_close(rig.http);
	snprintf(proxy, sizeof(proxy), form, rig.server.port);
	rig.set.proxy = mem_strdup(proxy);
	rig.http = http_open(rig.loop, &rig.set, rig.slots, 32, SIZE_MAX, &(struct err){0});
	assert_non_null(rig.http);
}

static void test_proxy(void **state)
{
	(void)state;
	begin_with_proxy("http://me:word@127.0.0.1:%u");
	get(make_host("http", "far.test", 80, NULL), "/a?b=../|");
	assert_error(NULL, false);
	assert_true(rig_body_is(&ask, "one"));
	assert_memory_equal(sent.data, "GET http://far.test/a?b=../| HTTP/1.1\r\n", 39);
	assert_true(was_sent("\r\nHost: far.test\r\n"));
	assert_true(was_sent("\r\nProxy-Authorization: Basic bWU6d29yZA==\r\n"));
	assert_true(was_stored("GET http://far.test/a?b=../| HTTP/1.1\r\n"));
	assert_true(was_stored("\r\nProxy-Authorization: (secret)\r\n"));
	assert_false(was_stored("bWU6"));
	/* Another origin over the same connection; credentials of the URL stay here. */
	rig_start(&ask, &rig.host, "/");
	snprintf(ask.href, sizeof(ask.href), "http://me:word@127.0.0.1:%u/x", rig.server.port);
	rig_join(&ask);
	assert_error(NULL, false);
	assert_memory_equal(sent.data, "GET http://127.0.0.1:", 21);
	assert_int_equal(rig.server.connections, 1);
}

static void test_proxy_and_private_hosts(void **state)
{
	static const char *const names[] = {
		"10.1.2.3", "169.254.169.254", "[::1]", "localhost", "db.localhost"};

	(void)state;
	begin_with_proxy("127.0.0.1:%u");
	for (size_t i = 0; i < MEM_COUNT(names); i++) {
		struct host *other = make_other(names[i], NULL);
		get(other, "/");
		assert_error("private_address", false);
		other->user_named = true;
		get(other, "/");
		assert_error(NULL, false);
	}
	assert_int_equal(rig.server.requests, MEM_COUNT(names));
}

static void test_tunnel(void **state)
{
	static const struct {
		const char *name, *error;
		bool retry;
	} tunnels[] = {
		{"forbidden.test", "proxy", false},
		{"broken.test", "proxy", true},
		{"fine.test", "tls", true},
	};

	(void)state;
	begin_with_proxy("http://127.0.0.1:%u");
	for (size_t i = 0; i < MEM_COUNT(tunnels); i++) {
		get(make_host("https", tunnels[i].name, 443, NULL), "/");
		assert_error(tunnels[i].error, tunnels[i].retry);
		assert_int_equal(f->response_head.len, 0); /* the proxy's is none */
		assert_memory_equal(sent.data, "CONNECT ", 8);
	}
}

static void test_no_proxy_there(void **state)
{
	uint16_t port;

	(void)state;
	begin_with_proxy("http://127.0.0.1:%u");
	port = rig.server.port;
	raw_server_close(&rig.server);
	get(make_host("http", "far.test", 80, NULL), "/");
	assert_error("proxy", true);
	assert_true(raw_server_open(&rig.server, rig.loop, "127.0.0.1", port, answer, NULL));
}

/* A proxy is what the settings say, not what the environment says. */
static void test_proxy_of_the_environment(void **state)
{
	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("all_proxy", "http://127.0.0.1:1", 1);
	begin();
	get(&rig.host, "/");
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	assert_error(NULL, false);
	assert_memory_equal(sent.data, "GET / HTTP/1.1\r\n", 16);
}

/* ---- descriptors ---- */

static void test_sockets_are_not_inherited(void **state)
{
	int seen = 0;

	(void)state;
	begin();
	get(&rig.host, "/");
	for (int fd = 3; fd < 256; fd++) {
		struct sockaddr_in a;
		socklen_t len = sizeof(a);
		if (getsockname(fd, (struct sockaddr *)&a, &len) || a.sin_family != AF_INET)
			continue;
		seen++;
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
	assert_int_equal(seen, 3); /* listening, accepted, and ours */
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_target),
		T(test_credentials_in_url),
		T(test_host_header),
		T(test_ipv6_literal),
		T(test_default_lines),
		T(test_replaced_lines),
		T(test_secret_lines),
		T(test_user),
		T(test_cookies),
		T(test_private_addresses),
		T(test_allow_private),
		T(test_addresses_change),
		T(test_many_names),
		T(test_proxy),
		T(test_proxy_and_private_hosts),
		T(test_tunnel),
		T(test_no_proxy_there),
		T(test_proxy_of_the_environment),
		T(test_sockets_are_not_inherited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
