#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "config/mem.h"
#include "crawler/page/host.h"
#include "crawler/page/url.h"

static struct url_parser parser;

static int set_up(void **state)
{
	(void)state;
	url_global_init();
	url_parser_init(&parser);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	url_parser_release(&parser);
	return 0;
}

static const char *parse(const char *in)
{
	struct url u;

	return url_parse(&parser, in, strlen(in), NULL, &u) < 0 ? "" : u.href;
}

struct pair {
	const char *in, *want;
};

static void check_all(const struct pair *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *got = parse(p[i].in);

		if (strcmp(got, p[i].want) != 0)
			fail_msg("\"%s\" gave \"%s\", not \"%s\"", p[i].in, got, p[i].want);
	}
}

#define CHECK_ALL(pairs) check_all(pairs, MEM_COUNT(pairs))

static void test_hosts(void **state)
{
	static const struct pair cases[] = {
		{"http://127.1/", "http://127.0.0.1/"},
		{"http://0x7F.0.0.1/", "http://127.0.0.1/"},
		{"http://017700000001/", "http://127.0.0.1/"},
		{"http://2130706433/", "http://127.0.0.1/"},
		{"http://1.2.3.4./", "http://1.2.3.4/"},
		{"http://0x/", "http://0.0.0.0/"},
		{"http://4294967296/", ""},
		{"http://256.0.0.1/", ""},
		{"http://1.2.3.4.5/", ""},
		{"http://1.2.3.08/", ""},
		{"http://1..2/", ""},
		{"http://a.1/", ""},
		{"http://a.1.b/", "http://a.1.b/"},
		{"http://1a/", "http://1a/"},
		{"http://%31%32%37.1/", "http://127.0.0.1/"},
		{"http://99999999999999999999999/", ""},
		{"http://[::1]:80/", "http://[::1]/"},
		{"http://[2001:DB8:0:0:1:0:0:0]/", "http://[2001:db8:0:0:1::]/"},
		{"http://[1:0:0:2:3:0:0:4]/", "http://[1::2:3:0:0:4]/"},
		{"http://[::ffff:1.2.3.4]/", "http://[::ffff:102:304]/"},
		{"http://[1:2:3:4:5:6:7::]/", "http://[1:2:3:4:5:6:7:0]/"},
		{"http://[::]/", "http://[::]/"},
		{"http://[1:2:3:4:5:6:7:8:9]/", ""},
		{"http://[1:2:3:4:5:6:7:8::]/", ""},
		{"http://[1::2::3]/", ""},
		{"http://[:1]/", ""},
		{"http://[1:]/", ""},
		{"http://[::01.2.3.4]/", ""},
		{"http://[::1.2.3]/", ""},
		{"http://[::1.2.3.4x]/", ""},
		{"http://[1:2:3:4:5:6:7:1.2.3.4]/", ""},
		{"http://[fe80::1%25eth0]/", ""},
		{"http://[::1/", ""},
		{"http://[::1]x/", ""},
		{"http://[]/", ""},
		{"foo://[::1]/", "foo://[::1]/"},
		{"foo://1.2.3/", "foo://1.2.3/"},
		{"foo://a^b/", ""},
		{"foo://\xc3\xa9/", "foo://%C3%A9/"},
		{"http://h.../", "http://h.../"},
	};

	(void)state;
	CHECK_ALL(cases);
}

static void test_idna(void **state)
{
	static const struct pair cases[] = {
		{"http://B\xc3\xbc"
		 "cher.example/",
			"http://xn--bcher-kva.example/"},
		{"http://fa\xc3\x9f.de/", "http://xn--fa-hia.de/"},
		{"http://\xe1\xba\x9e.de/", "http://xn--zca.de/"}, /* capital sharp s */
		{"http://\xce\xb2\xcf\x8c\xce\xbb\xce\xbf\xcf\x82/",
			"http://xn--nxasmm1c/"}, /* final sigma */
		{"http://a\xe3\x80\x82"
		 "b/",
			"http://a.b/"}, /* ideographic full stop */
		{"http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.1/", "http://127.0.0.1/"},
		{"http://a\xc2\xad"
		 "b/",
			"http://ab/"},			  /* soft hyphen: ignored */
		{"http://\xc2\xad/", ""},		  /* nothing left */
		{"http://e\xcc\x81/", "http://xn--9ca/"}, /* composed by NFC */
		{"http://%C3%A9/", "http://xn--9ca/"},
		{"http://xn--a/", "http://xn--a/"}, /* ASCII is left alone */
		{"http://XN--A.B/", "http://xn--a.b/"},
		{"http://xn--a.\xc3\xa9/", ""}, /* but not beside other labels */
		{"http://xn--bcher-kva.\xc3\xa9/", "http://xn--bcher-kva.xn--9ca/"},
		{"http://xn--\xc3\xa9/", ""},
		{"http://xn--ascii-.\xc3\xa9/", ""},
		{"http://\xcc\x81x/", ""},	 /* starts with a mark */
		{"http://a\xe2\x80\x8d.b/", ""}, /* joiner without virama */
		{"http://\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8d\xe0\xa4\xb7/",
			"http://xn--11b2ezcw70k/"},
		{"http://a\xd7\x90/", ""}, /* bidi: LTR then RTL */
		{"http://\xd7\x90"
		 "1/",
			"http://xn--1-zhc/"},
		{"http://1\xd7\x90/", ""},
		{"http://\xd7\x90.1a/", ""},	  /* every label of a bidi name */
		{"http://www\xe2\x80\xa5x/", ""}, /* two dot leader is no full stop */
		{"http://a\xe2\x92\x88"
		 "b/",
			""}, /* nor is the digit with one */
		{"http://\xef\xbf\xbd/", ""},
		{"http://\xff/", ""},
		{"http://a\xef\xbc\x8f"
		 "b/",
			""}, /* becomes a slash */
		{"http://\xe2\x89\xa0/", "http://xn--1ch/"},
		{"http://\xf3\xa0\x84\x80x/", "http://x/"}, /* variation selector: ignored */
		{"http://\xf3\xa0\x87\xb0x/", ""},	    /* unassigned behind it */
		/* newer than the library: CJK extension J, a Garay capital (right to left), a
		 * Tulu virama before a joiner, a mark in front */
		{"http://\xf0\xb2\xae\x9a/", "http://xn--wr3o/"},
		{"http://\xf0\x90\xb5\x90/", "http://xn--dh0d/"},
		{"http://\xf0\x90\xb5\x90"
		 "a/",
			""},
		{"http://\xf0\x91\x8e\x90\xf0\x91\x8f\x8e\xe2\x80\x8d/", "http://xn--1ug7207glfa/"},
		{"http://\xe0\xa2\x97x/", ""},
	};

	(void)state;
	CHECK_ALL(cases);
}

static void test_registrable(void **state)
{
	static const struct pair cases[] = {
		{"www.example.org", "example.org"},
		{"a.b.example.co.uk", "example.co.uk"},
		{"example.org.", "example.org."},
		{"org", "org"},
		{"co.uk", "co.uk"},
		{"127.0.0.1", "127.0.0.1"},
		{"[::1]", "[::1]"},
		{"localhost", "localhost"},
		{"", ""},
		{".", "."},
	};

	(void)state;
	for (size_t i = 0; i < MEM_COUNT(cases); i++) {
		size_t n, len = strlen(cases[i].in);
		const char *s = host_registrable(cases[i].in, len, &n);

		assert_int_equal(n, strlen(cases[i].want));
		assert_memory_equal(s, cases[i].want, n);
		assert_ptr_equal(s + n, cases[i].in + len);
	}
	assert_true(host_is_ip("[::1]", 5) && host_is_ip("::1", 3) && host_is_ip("1.2.3.4", 7));
	assert_false(host_is_ip("a.1.2.3", 7) || host_is_ip("1a", 2) || host_is_ip("", 0));
}

static void test_formats(void **state)
{
	static const uint16_t ip[8] = {
		0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff};
	uint16_t back[8];
	char text[40];
	uint32_t v4;

	(void)state;
	assert_int_equal(host_format_ipv6(ip, text), 39);
	assert_int_equal(host_parse_ipv6(text, 39, back), 0);
	assert_memory_equal(ip, back, sizeof(ip));
	assert_int_equal(host_format_ipv4(0xffffffff, text), 15);
	assert_int_equal(host_parse_ipv4(text, 15, &v4), 0);
	assert_int_equal(v4, 0xffffffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_idna),
		cmocka_unit_test(test_registrable),
		cmocka_unit_test(test_formats),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
