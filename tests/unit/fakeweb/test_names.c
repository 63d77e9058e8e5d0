/* What the name server of a fake web answers; read by the C library's own parser. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/nameser.h>
#include <event2/event.h>
#include <resolv.h>
#include <string.h>

#include "crawler/fakeweb/serve.h"
#include "tests/unit/fakeweb/fixture.h"

static struct bench {
	struct fake_options o;
	struct fake_graph g;
	struct fake_text *text;
	struct fake_tally *tally;
	struct event_base *base;
	struct fake_server *server;
	unsigned char answer[2048];
	size_t len;
	ns_msg msg;
} b;

static int set_up(void **state)
{
	static const int none[2] = {-1, -1};
	struct err err;

	(void)state;
	memset(&b, 0, sizeof(b));
	b.o = usual();
	b.o.unknown_hosts = 0.3;
	assert_int_equal(fake_graph_open(&b.g, &b.o, &err), 0);
	b.text = fake_text_open(1);
	b.tally = fake_tally_open(&b.g);
	b.base = fake_base_new();
	b.server = fake_server_open(&b.g, b.text, b.tally, b.base, none, none, -1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fake_server_close(b.server);
	event_base_free(b.base);
	fake_tally_close(b.tally);
	fake_text_close(b.text);
	fake_graph_close(&b.g);
	return 0;
}

/* The answer's code. */
static int asked(const char *name, int type, bool tcp)
{
	unsigned char q[512];
	int n = res_mkquery(ns_o_query, name, ns_c_in, type, NULL, 0, NULL, q, sizeof(q));

	assert_true(n > 0);
	b.len = fake_name_answer(b.server, q, (size_t)n, b.answer, sizeof(b.answer), tcp);
	assert_int_equal(ns_initparse(b.answer, (int)b.len, &b.msg), 0);
	assert_int_equal(ns_msg_id(b.msg), q[0] << 8 | q[1]);
	assert_int_equal(ns_msg_getflag(b.msg, ns_f_qr), 1);
	assert_int_equal(ns_msg_count(b.msg, ns_s_qd), 1);
	return ns_msg_getflag(b.msg, ns_f_rcode);
}

static ns_rr record(ns_sect section)
{
	ns_rr rr;

	assert_int_equal(ns_msg_count(b.msg, section), 1);
	assert_int_equal(ns_parserr(&b.msg, section, 0, &rr), 0);
	return rr;
}

static void test_addresses(void **state)
{
	static const unsigned char h2[4] = {127, 1, 0, 3};
	ns_rr rr;

	(void)state;
	assert_int_equal(asked("H2.fake.test", ns_t_a, false), 0);
	rr = record(ns_s_an);
	assert_int_equal(ns_rr_type(rr), ns_t_a);
	assert_int_equal(ns_rr_ttl(rr), 3600);
	assert_int_equal(ns_rr_rdlen(rr), 4);
	assert_memory_equal(ns_rr_rdata(rr), h2, 4);
	assert_int_equal(b.tally->questions, 1);
	assert_int_equal(b.tally->unknown_names, 0);
}

/* There is such a name, but nothing of that kind: for how long says the zone. */
static void test_no_such_type(void **state)
{
	ns_rr rr;

	(void)state;
	assert_int_equal(asked("h2.fake.test", ns_t_aaaa, false), 0);
	assert_int_equal(ns_msg_count(b.msg, ns_s_an), 0);
	rr = record(ns_s_ns);
	assert_int_equal(ns_rr_type(rr), ns_t_soa);
	assert_string_equal(ns_rr_name(rr), "fake.test");
	assert_int_equal(asked("h2.fake.test", ns_t_mx, false), 0);
	assert_int_equal(asked("fake.test", ns_t_a, false), 0);
	assert_int_equal(b.tally->unknown_names, 0);
}

static void test_ipv6(void **state)
{
	static const unsigned char loopback[16] = {[15] = 1};
	ns_rr rr;

	(void)state;
	b.o.ipv6 = true;
	assert_int_equal(asked("h2.fake.test", ns_t_aaaa, false), 0);
	rr = record(ns_s_an);
	assert_int_equal(ns_rr_rdlen(rr), 16);
	assert_memory_equal(ns_rr_rdata(rr), loopback, 16);
}

static void test_no_such_name(void **state)
{
	char name[32];
	uint32_t h = 0;

	(void)state;
	assert_int_equal(asked("h40.fake.test", ns_t_a, false), ns_r_nxdomain);
	assert_int_equal(ns_rr_type(record(ns_s_ns)), ns_t_soa);
	assert_int_equal(asked("www.example.com", ns_t_a, false), ns_r_nxdomain);
	assert_int_equal(ns_msg_count(b.msg, ns_s_ns), 0); /* not our zone */
	while (fake_temper(&b.g, h) != FAKE_UNKNOWN)
		h++;
	snprintf(name, sizeof(name), "h%u.fake.test", h);
	assert_int_equal(asked(name, ns_t_a, false), ns_r_nxdomain);
	assert_int_equal(b.tally->unknown_names, 3);
}

static void test_truncated(void **state)
{
	(void)state;
	b.o.truncate = true;
	assert_int_equal(asked("h2.fake.test", ns_t_a, false), 0);
	assert_int_equal(ns_msg_getflag(b.msg, ns_f_tc), 1);
	assert_int_equal(ns_msg_count(b.msg, ns_s_an), 0);
	assert_int_equal(asked("h2.fake.test", ns_t_a, true), 0);
	assert_int_equal(ns_msg_getflag(b.msg, ns_f_tc), 0);
	assert_int_equal(ns_msg_count(b.msg, ns_s_an), 1);
	assert_int_equal(b.tally->tcp_questions, 1);
}

/* Anything at all may arrive; every beginning of a question, every byte of one changed. */
static void test_garbage(void **state)
{
	unsigned char q[512], bad[512];
	int n = res_mkquery(
		ns_o_query, "h2.fake.test", ns_c_in, ns_t_a, NULL, 0, NULL, q, sizeof(q));

	(void)state;
	for (int len = 0; len < n; len++) {
		size_t got = fake_name_answer(
			b.server, q, (size_t)len, b.answer, sizeof(b.answer), false);
		assert_int_equal(got, len < 12 ? 0 : 12);
		assert_int_equal(len < 12 ? 1 : b.answer[3] & 15, 1); /* a format error */
	}
	for (int i = 0; i < n; i++)
		for (int v = 0; v < 256; v++) {
			memcpy(bad, q, (size_t)n);
			bad[i] = (unsigned char)v;
			b.len = fake_name_answer(
				b.server, bad, (size_t)n, b.answer, sizeof(b.answer), false);
			assert_true(b.len <= 512);
		}
	q[2] |= 0x80; /* an answer is not answered: two servers would talk for ever */
	assert_int_equal(
		fake_name_answer(b.server, q, (size_t)n, b.answer, sizeof(b.answer), false), 0);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_addresses),
		T(test_no_such_type),
		T(test_ipv6),
		T(test_no_such_name),
		T(test_truncated),
		T(test_garbage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
