/* Names to addresses, against a name server of the test's own (libevent's) on loopback. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crawler/dns.h"

static struct bench {
	struct settings set;
	struct loop *loop;
	struct dns *dns;
	struct evdns_server_port *server;
	int fd, questions;
	char dir[64], resolv[96], hosts[96];
} b;

static void on_question(struct evdns_server_request *req, void *arg)
{
	int code = 0;

	(void)arg;
	for (int i = 0; i < req->nquestions; i++) {
		const struct evdns_server_question *q = req->questions[i];
		uint8_t two[8] = {192, 0, 2, 1, 198, 51, 100, 2};
		b.questions++;
		if (q->type == EVDNS_TYPE_A && !strcasecmp(q->name, "two.example"))
			evdns_server_request_add_a_reply(req, q->name, 2, two, 3600);
		if (!strcasecmp(q->name, "broken.example"))
			code = DNS_ERR_SERVERFAILED;
		if (!strcasecmp(q->name, "gone.example"))
			code = DNS_ERR_NOTEXIST;
	}
	evdns_server_request_respond(req, code);
}

static void write_file(const char *path, const char *fmt, int n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fprintf(f, fmt, n);
	fclose(f);
}

static int set_up(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof(a);

	(void)state;
	memset(&b, 0, sizeof(b));
	settings_init(&b.set);
	strcpy(b.dir, "/tmp/skitter-dns-XXXXXX");
	assert_non_null(mkdtemp(b.dir));
	snprintf(b.resolv, sizeof(b.resolv), "%s/resolv.conf", b.dir);
	snprintf(b.hosts, sizeof(b.hosts), "%s/hosts", b.dir);
	b.loop = loop_open();
	b.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(b.fd, (struct sockaddr *)&a, sizeof(a)), 0);
	getsockname(b.fd, (struct sockaddr *)&a, &len);
	b.server = evdns_add_server_port_with_base(loop_base(b.loop), b.fd, 0, on_question, NULL);
	write_file(b.resolv, "nameserver 127.0.0.1:%d\noptions timeout:1 attempts:1\n",
		ntohs(a.sin_port));
	write_file(b.hosts,
		"# comment\n192.0.2.7 Fixed.Example alias # tail\n2001:db8::7 fixed.example\n"
		"not-an-ip bad.example\n%d\n",
		0);
	b.dns = dns_open_with(b.loop, &b.set, b.resolv, b.hosts);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	dns_close(b.dns);
	evdns_close_server_port(b.server);
	loop_close(b.loop);
	unlink(b.resolv);
	unlink(b.hosts);
	rmdir(b.dir);
	settings_release(&b.set);
	return 0;
}

static void in_coroutine(void (*fn)(void *))
{
	struct co *co = co_spawn(b.loop, "test", fn, NULL);

	co_join(co);
}

static void literals(void *arg)
{
	struct dns_answer a;

	(void)arg;
	assert_int_equal(dns_resolve(b.dns, "127.0.0.1", 80, &a), 0);
	assert_true(a.literal && a.all_private);
	assert_string_equal(a.first, "127.0.0.1");
	assert_int_equal(dns_resolve(b.dns, "[2606:4700::1]", 80, &a), 0);
	assert_true(a.literal && !a.all_private);
	assert_string_equal(a.first, "2606:4700::1");
	assert_int_equal(b.questions, 0);
}

static void test_literals(void **state)
{
	(void)state;
	in_coroutine(literals);
}

static void hosts_file(void *arg)
{
	struct dns_answer a;

	(void)arg;
	assert_int_equal(dns_resolve(b.dns, "fixed.example", 80, &a), 0);
	assert_string_equal(a.addresses, "192.0.2.7,2001:db8::7");
	assert_int_equal(dns_resolve(b.dns, "alias", 80, &a), 0);
	assert_string_equal(a.addresses, "192.0.2.7");
	assert_int_equal(b.questions, 0);
}

static void test_hosts_file(void **state)
{
	(void)state;
	in_coroutine(hosts_file);
}

static void given(void *arg)
{
	struct dns_answer a;

	(void)arg;
	assert_int_equal(dns_resolve(b.dns, "given.example", 8080, &a), 0);
	assert_string_equal(a.addresses, "127.0.0.9,127.0.0.8");
	assert_string_equal(a.first, "127.0.0.9");
	assert_int_equal(b.questions, 0);
}

static void test_resolve_option(void **state)
{
	(void)state;
	strlist_add(&b.set.resolve, "given.example:8080:127.0.0.9,127.0.0.8");
	in_coroutine(given);
}

static void two(void *arg)
{
	struct dns_answer a;

	(void)arg;
	assert_int_equal(dns_resolve(b.dns, "two.example", 80, &a), 0);
	assert_string_equal(a.first, "192.0.2.1");
	assert_non_null(strstr(a.addresses, "198.51.100.2"));
}

/* Many who ask at once, and those who ask later, cost one question per record type. */
static void test_one_question(void **state)
{
	struct co *co[20];
	int first;

	(void)state;
	for (int i = 0; i < 20; i++)
		co[i] = co_spawn(b.loop, "asks", two, NULL);
	co_join_all(co, 20);
	first = b.questions;
	assert_true(first >= 1 && first <= 2);
	in_coroutine(two);
	assert_int_equal(b.questions, first);
}

static void undotted(void *arg)
{
	struct dns_answer a;

	(void)arg;
	assert_int_equal(dns_resolve(b.dns, "undotted", 80, &a), -1);
}

static void hosts_file_still(void *arg)
{
	struct dns_answer a;

	(void)arg;
	assert_int_equal(dns_resolve(b.dns, "alias", 80, &a), 0);
	assert_string_equal(a.addresses, "192.0.2.7");
}

/* --dns, in place of the system's servers. */
static void use_named_server(void)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	char server[40];

	dns_close(b.dns);
	getsockname(b.fd, (struct sockaddr *)&a, &len);
	snprintf(server, sizeof(server), "127.0.0.1:%d", ntohs(a.sin_port));
	strlist_add(&b.set.dns, server);
	b.dns = dns_open_with(b.loop, &b.set, "/nonexistent", b.hosts);
}

/* That server and no other, for names without a dot too. */
static void test_named_server(void **state)
{
	int first;

	(void)state;
	use_named_server();
	in_coroutine(two);
	first = b.questions;
	assert_true(first >= 1 && first <= 2); /* AAAA where this machine has IPv6 */
	in_coroutine(undotted);
	assert_int_equal(b.questions, 2 * first);
	in_coroutine(hosts_file_still);
	assert_int_equal(b.questions, 2 * first);
}

static void missing(void *arg)
{
	struct dns_answer a;

	(void)arg;
	assert_int_equal(dns_resolve(b.dns, "missing.invalid", 80, &a), -1);
}

static void test_failures_are_kept(void **state)
{
	int first;

	(void)state;
	in_coroutine(missing);
	first = b.questions;
	assert_true(first >= 1);
	in_coroutine(missing);
	assert_int_equal(b.questions, first);
}

static void sleeps(void *arg)
{
	(void)arg;
	co_sleep_ms(750); /* the shortest pause before another try */
}

static void gone(void *arg)
{
	struct dns_answer a;

	(void)arg;
	assert_int_equal(dns_resolve(b.dns, "gone.example", 80, &a), -1);
	assert_true(a.missing);
}

static void broken(void *arg)
{
	struct dns_answer a;

	(void)arg;
	assert_int_equal(dns_resolve(b.dns, "broken.example", 80, &a), -1);
	assert_false(a.missing);
}

/* That nobody answered is not kept for so long that another try would ask nobody; that there is
 * no such name is. */
static void test_failures_are_asked_again(void **state)
{
	int first;

	(void)state;
	use_named_server();
	in_coroutine(gone);
	in_coroutine(broken);
	first = b.questions;
	in_coroutine(sleeps);
	in_coroutine(gone);
	assert_int_equal(b.questions, first);
	in_coroutine(broken);
	assert_true(b.questions > first);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_literals),
		T(test_hosts_file),
		T(test_resolve_option),
		T(test_one_question),
		T(test_named_server),
		T(test_failures_are_kept),
		T(test_failures_are_asked_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
