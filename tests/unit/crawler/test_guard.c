/* Which addresses count as public: the border against SSRF. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "crawler/guard.h"

static void expect(const char *ip, bool is_public)
{
	struct sockaddr_storage sa;

	assert_true(guard_parse(ip, 80, &sa));
	if (guard_is_public((struct sockaddr *)&sa) != is_public)
		fail_msg("%s should be %s", ip, is_public ? "public" : "refused");
}

static void test_private(void **state)
{
	static const char *const ips[] = {"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255",
		"100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.0.1", "169.254.169.254",
		"172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.168.1.1",
		"198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1",
		"239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1",
		"::ffff:10.1.1.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a00:1",
		"::127.0.0.1", "2002:7f00:1::", "2002:a00:1::", "fe80::1", "fc00::1", "fd12::1",
		"ff02::1", "2001::1", "2001:db8::1", "fd00:ec2::254", "100::1", "5f00::1"};

	(void)state;
	for (size_t i = 0; i < sizeof(ips) / sizeof(*ips); i++)
		expect(ips[i], false);
}

static void test_public(void **state)
{
	static const char *const ips[] = {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0",
		"100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1", "169.253.1.1",
		"172.15.255.255", "172.32.0.1", "192.167.255.255", "192.169.0.0", "198.17.1.1",
		"198.20.0.1", "223.255.255.255", "2606:4700::1111", "2a00:1450::1",
		"::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"};

	(void)state;
	for (size_t i = 0; i < sizeof(ips) / sizeof(*ips); i++)
		expect(ips[i], true);
}

static void test_parse(void **state)
{
	struct sockaddr_storage sa;
	char text[64];

	(void)state;
	assert_true(guard_parse("[2606:4700::1111]", 443, &sa));
	guard_print((struct sockaddr *)&sa, text);
	assert_string_equal(text, "2606:4700::1111");
	assert_false(guard_parse("example.com", 80, &sa));
	assert_false(guard_parse("1.2.3", 80, &sa));
	assert_false(guard_parse("", 80, &sa));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_private),
		cmocka_unit_test(test_public),
		cmocka_unit_test(test_parse),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
