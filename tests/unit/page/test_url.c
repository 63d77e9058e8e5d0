#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "config/mem.h"
#include "crawler/page/host.h"
#include "crawler/page/url.h"

static struct url_parser parser, base_parser;

static int set_up(void **state)
{
	(void)state;
	url_global_init();
	url_parser_init(&parser);
	url_parser_init(&base_parser);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	url_parser_release(&parser);
	url_parser_release(&base_parser);
	return 0;
}

/* Parses `in` against `base` (NULL = none); "" for a failure. */
static const char *resolve_n(const char *in, size_t n, const char *base)
{
	struct url b, u;

	if (base)
		assert_int_equal(url_parse(&base_parser, base, strlen(base), NULL, &b), 0);
	if (url_parse(&parser, in, n, base ? &b : NULL, &u) < 0)
		return "";
	assert_int_equal(strlen(u.href), u.len);
	return u.href;
}

static const char *resolve(const char *in, const char *base)
{
	return resolve_n(in, strlen(in), base);
}

struct pair {
	const char *in, *want;
};

static void check_all(const struct pair *p, size_t n, const char *base)
{
	for (size_t i = 0; i < n; i++) {
		const char *got = resolve(p[i].in, base);

		if (strcmp(got, p[i].want) != 0)
			fail_msg("\"%s\" gave \"%s\", not \"%s\"", p[i].in, got, p[i].want);
	}
}

#define CHECK_ALL(pairs, base) check_all(pairs, MEM_COUNT(pairs), base)

static void test_absolute(void **state)
{
	static const struct pair cases[] = {
		{"http://example.org", "http://example.org/"},
		{"HTTPS://User:Pa%20ss@EXAMPLE.org:443/A?B#C",
			"https://User:Pa%20ss@example.org/A?B#C"},
		{"http://example.org:80/", "http://example.org/"},
		{"http://example.org:0080/", "http://example.org/"},
		{"http://example.org:443/", "http://example.org:443/"},
		{"http://example.org:/", "http://example.org/"},
		{"http://example.org:65536/", ""},
		{"http://example.org:8a/", ""},
		{"http:\\\\example.org\\a\\b?c\\d#e\\f", "http://example.org/a/b?c\\d#e\\f"},
		{"http:///////example.org/", "http://example.org/"},
		{"http:example.org", "http://example.org/"},
		{"http://", ""},
		{"http:///", ""},
		{"http://@/", ""},
		{"http://a@", ""},
		{"http://:@h/", "http://h/"},
		{"http://a:@h/", "http://a@h/"},
		{"http://:b@h/", "http://:b@h/"},
		{"http://a@b@c:d@h/", "http://a%40b%40c:d@h/"},
		{"http://a:b:c|@h/", "http://a:b%3Ac%7C@h/"},
		{"http://a b/", ""},
		{"http://a%2fb/", ""},
		{"http://a<b/", ""},
		{"http://ex%41mple.org/", "http://example.org/"},
		{"http://a_b.example/", "http://a_b.example/"},
		{"  \x01http://h/\ta\nb\rc  \x1f", "http://h/abc"},
		{"ht\ntp://h/", "http://h/"},
		{"mailto:A@b?subject=x y", "mailto:A@b?subject=x%20y"},
		{"javascript:alert('a b')", "javascript:alert('a b')"},
		{"data:text/html, <p>  #x", "data:text/html, <p> %20#x"},
		{"foo://A%41/../x", "foo://A%41/x"},
		{"foo:/a/..//b", "foo:/.//b"},
		{"foo:/.//p", "foo:/.//p"},
		{"foo://h:080/", "foo://h:80/"},
		{"foo://", "foo://"},
		{"foo://:80/", ""},
		{"ftp://h:21/x", "ftp://h/x"},
		{"ws://h:80/'?'", "ws://h/'?%27"},
		{"1http://h/", ""},
		{"example.org", ""},
		{"", ""},
		{"://h/", ""},
	};

	(void)state;
	CHECK_ALL(cases, NULL);
}

static void test_paths(void **state)
{
	static const struct pair cases[] = {
		{"http://h/a/./b/../c", "http://h/a/c"},
		{"http://h/../../a", "http://h/a"},
		{"http://h/a/..", "http://h/"},
		{"http://h/a/b/.", "http://h/a/b/"},
		{"http://h/a/%2e%2E/b/%2e", "http://h/b/"},
		{"http://h/a/.%2e/b", "http://h/b"},
		{"http://h/...", "http://h/..."},
		{"http://h/.a/..b/%2ec", "http://h/.a/..b/%2ec"},
		{"http://h//a//..//b", "http://h//a//b"},
		{"http://h/a\\..\\b", "http://h/b"},
		{"http://h/ \"<>`{}^|", "http://h/%20%22%3C%3E%60%7B%7D%5E|"},
		{"http://h/%zz%", "http://h/%zz%"},
		{"http://h/\xc3\xa9?\xc3\xa9#\xc3\xa9", "http://h/%C3%A9?%C3%A9#%C3%A9"},
		{"http://h/?a'b\"c<d>e f`{}|^\\", "http://h/?a%27b%22c%3Cd%3Ee%20f`{}|^\\"},
		{"http://h/#a'b\"c<d>e f`{}|^\\#", "http://h/#a'b%22c%3Cd%3Ee%20f%60{}|^\\#"},
		{"foo:/'?'", "foo:/'?'"},
		{"http://h/?", "http://h/?"},
		{"http://h/#", "http://h/#"},
		{"http://h?q/../x", "http://h/?q/../x"},
	};

	(void)state;
	CHECK_ALL(cases, NULL);
}

static void test_relative(void **state)
{
	static const struct pair cases[] = {
		{"", "http://u:p@h:8080/a/b/c?q"},
		{"#x", "http://u:p@h:8080/a/b/c?q#x"},
		{"?x", "http://u:p@h:8080/a/b/c?x"},
		{"?", "http://u:p@h:8080/a/b/c?"},
		{"d", "http://u:p@h:8080/a/b/d"},
		{"d/", "http://u:p@h:8080/a/b/d/"},
		{"./d", "http://u:p@h:8080/a/b/d"},
		{".", "http://u:p@h:8080/a/b/"},
		{"./", "http://u:p@h:8080/a/b/"},
		{"..", "http://u:p@h:8080/a/"},
		{"../", "http://u:p@h:8080/a/"},
		{"../../../d#e", "http://u:p@h:8080/d#e"},
		{"../.d", "http://u:p@h:8080/a/.d"},
		{"..\\d", "http://u:p@h:8080/a/d"},
		{"/d?e", "http://u:p@h:8080/d?e"},
		{"/", "http://u:p@h:8080/"},
		{"\\d", "http://u:p@h:8080/d"},
		{"//H2/d", "http://h2/d"},
		{"//H2:80", "http://h2/"},
		{"\\\\H2", "http://h2/"},
		{"///H2/d", "http://h2/d"},
		{"http:d", "http://u:p@h:8080/a/b/d"},
		{"http:/d", "http://u:p@h:8080/d"},
		{"http://h2", "http://h2/"},
		{"https:d", "https://d/"},
		{"a:b", "a:b"},
		{"1:2", "http://u:p@h:8080/a/b/1:2"},
		{":", "http://u:p@h:8080/a/b/:"},
		{"d:/", "d:/"},
		{"mailto:x", "mailto:x"},
		{"\xc3\xa9:x", "http://u:p@h:8080/a/b/%C3%A9:x"},
		{"//", ""},
		{"//h2:x/", ""},
	};

	(void)state;
	CHECK_ALL(cases, "http://u:p@h:8080/a/b/c?q#f");
	assert_string_equal(resolve("#x", "mailto:a@b?c#d"), "mailto:a@b?c#x");
	assert_string_equal(resolve("x", "mailto:a@b"), "");
	assert_string_equal(resolve("", "mailto:a@b"), "");
	assert_string_equal(resolve("//x/..", "foo://h/a"), "foo://x/");
	assert_string_equal(resolve("../x", "foo:/a/b/c"), "foo:/a/x");
	assert_string_equal(resolve("x", "foo:/.//a/"), "foo:/.//a/x");
	assert_string_equal(resolve("/x", "foo:/.//a/"), "foo:/x");
	assert_string_equal(resolve("..//x", "foo:/a/b"), "foo:/.//x");
	assert_string_equal(resolve("", "foo:/.//a?q#f"), "foo:/.//a?q");
	assert_string_equal(resolve("?x", "foo:/.//a?q"), "foo:/.//a?x");
	assert_string_equal(resolve("\\x", "foo://h/a/b"), "foo://h/a/\\x");
	assert_string_equal(resolve("//h:80/", "https://b/"), "https://h:80/");
}

static void test_file(void **state)
{
	static const struct pair cases[] = {
		{"file:", "file:///"},
		{"file:///C|/a", "file:///C:/a"},
		{"file://C:/a", "file:///C:/a"},
		{"file:///C:/../..", "file:///C:/"},
		{"file:///C:x/..", "file:///"},
		{"file://localhost/x", "file:///x"},
		{"file://LOCALHOST", "file:///"},
		{"file://host/x", "file://host/x"},
		{"file:c:\\foo\\bar", "file:///c:/foo/bar"},
		{"file:a", "file:///a"},
		{"file://h:80/", ""},
		{"file://u@h/", ""},
	};

	(void)state;
	CHECK_ALL(cases, NULL);
	assert_string_equal(resolve("x", "file:///C:/a/b"), "file:///C:/a/x");
	assert_string_equal(resolve("/x", "file:///C:/a/b"), "file:///C:/x");
	assert_string_equal(resolve("/D:/x", "file:///C:/a/b"), "file:///D:/x");
	assert_string_equal(resolve("D|/x", "file:///C:/a/b"), "file:///D:/x");
	assert_string_equal(resolve("..", "file:///C:/"), "file:///C:/");
	assert_string_equal(resolve("?q", "file://h/a?b#c"), "file://h/a?q");
	assert_string_equal(resolve("//h2/x", "file://h/a"), "file://h2/x");
	assert_string_equal(resolve("file:x", "file://h/a"), "file://h/x");
	assert_string_equal(resolve("/x", "file:///h:00080/y"), "file:///x");
}

static void test_bytes(void **state)
{
	char text[64];

	(void)state;
	/* one U+FFFD per maximal subpart; a tab inside a sequence breaks it */
	assert_string_equal(resolve("http://h/\xff\xe2\x82z\xf0\x9f", NULL),
		"http://h/%EF%BF%BD%EF%BF%BDz%EF%BF%BD");
	assert_string_equal(
		resolve("http://h/\xe2\x82\t\xac", NULL), "http://h/%EF%BF%BD%EF%BF%BD");
	assert_string_equal(resolve("http://h/\xed\xa0\x80\xc0\x80", NULL),
		"http://h/%EF%BF%BD%EF%BF%BD%EF%BF%BD%EF%BF%BD%EF%BF%BD");
	memcpy(text, "http://h/a\0b?\0#\0x", 17);
	assert_string_equal(resolve_n(text, 17, NULL), "http://h/a%00b?%00#%00x");
	/* trailing NUL and space are trimmed */
	memcpy(text, "http://h/a\0 ", 12);
	assert_string_equal(resolve_n(text, 12, NULL), "http://h/a");
	/* a length, not a NUL, ends the input */
	assert_string_equal(resolve_n("http://h/abc", 10, NULL), "http://h/a");
}

static void test_offsets(void **state)
{
	static const char full[] = "https://user:pass@example.org:8080/a/b?q=1#frag";
	struct buf b = BUF_INIT;
	const char *s;
	struct url u;
	size_t n;

	(void)state;
	assert_int_equal(url_parse(&parser, full, strlen(full), NULL, &u), 0);
	assert_int_equal(u.scheme, URL_HTTPS);
	assert_int_equal(u.port, 8080);
	assert_true(u.special && u.has_host && !u.opaque_path && url_is_http(&u));
	assert_memory_equal(u.href + u.user_start, "user", u.user_end - u.user_start);
	assert_memory_equal(u.href + u.pass_start, "pass", u.pass_end - u.pass_start);
	s = url_scheme(&u, &n);
	assert_true(n == 5 && memcmp(s, "https", n) == 0);
	s = url_host(&u, &n);
	assert_true(n == 11 && memcmp(s, "example.org", n) == 0);
	s = url_path(&u, &n);
	assert_true(n == 4 && memcmp(s, "/a/b", n) == 0);
	s = url_query(&u, &n);
	assert_true(n == 4 && memcmp(s, "?q=1", n) == 0);
	s = url_fragment(&u, &n);
	assert_true(n == 5 && memcmp(s, "#frag", n) == 0);
	s = url_path_query(&u, &n);
	assert_true(n == 8 && memcmp(s, "/a/b?q=1", n) == 0);
	assert_int_equal(url_without_fragment_len(&u), strlen(full) - 5);
	assert_true(url_has_credentials(&u));
	assert_int_equal(url_origin_len(&u), 0);
	url_add_origin(&u, &b);
	assert_string_equal(b.data, "https://example.org:8080");
	assert_int_equal(url_parse(&parser, "http://h", 8, NULL, &u), 0);
	assert_int_equal(u.port, 80);
	assert_int_equal(url_origin_len(&u), 8);
	s = url_path_query(&u, &n);
	assert_true(n == 1 && *s == '/');
	buf_release(&b);
}

static void test_copy(void **state)
{
	struct buf hold = BUF_INIT;
	struct url base, u;

	(void)state;
	assert_int_equal(url_parse(&parser, "http://h/a/b", 12, NULL, &u), 0);
	url_copy(&base, &u, &hold);
	assert_int_equal(url_parse(&parser, "c", 1, &base, &u), 0);
	assert_string_equal(u.href, "http://h/a/c");
	assert_string_equal(base.href, "http://h/a/b");
	assert_true(url_same_origin(&base, &u));
	assert_int_equal(url_parse(&parser, "https://h/", 10, NULL, &u), 0);
	assert_false(url_same_origin(&base, &u));
	/* a failure leaves the result alone */
	u = base;
	assert_int_equal(url_parse(&parser, "http://[", 8, NULL, &u), -1);
	assert_ptr_equal(u.href, base.href);
	buf_release(&hold);
}

static void test_view(void **state)
{
	static const char *const good[] = {
		"http://h/",
		"https://u:p@example.org:8080/a%20b/c?d=e&f#g?h/i",
		"https://u@h/",
		"http://:p@h/",
		"http://[::1]:81/?",
		"http://127.0.0.1/#",
	};
	static const char *const bad[] = {
		"",
		"http://",
		"http://h",
		"http:///",
		"ftp://h/",
		"HTTP://h/",
		"http://H/",
		"http://h:80/",
		"http://h:081/",
		"http://h:99999/",
		"http://h:/",
		"http://h:a/",
		"http://a b/",
		"http://h/a b",
		"http://h/\xc3\xa9",
		"http://h/a\\b",
		"http://h/?'",
		"http://h/#`",
		"http://h?/",
		"http://@h/",
		"http://u:@h/",
		"http://[::1/",
		"http://[::1]x/",
		"http://[::G]/",
		"http://a^b/",
		"mailto:x",
		"http://h/\n",
		"http://:/",
		"http://u:p:q@h/",
	};

	(void)state;
	for (size_t i = 0; i < MEM_COUNT(good); i++) {
		struct url u, v;

		assert_int_equal(url_parse(&parser, good[i], strlen(good[i]), NULL, &u), 0);
		assert_string_equal(u.href, good[i]);
		assert_int_equal(url_view(good[i], strlen(good[i]), &v), 0);
		assert_ptr_equal(v.href, good[i]);
		v.href = u.href;
		assert_int_equal(u.port, v.port);
		assert_int_equal(u.user_end, v.user_end);
		assert_int_equal(u.pass_start, v.pass_start);
		assert_int_equal(u.host_start, v.host_start);
		assert_int_equal(u.host_end, v.host_end);
		assert_int_equal(u.port_end, v.port_end);
		assert_int_equal(u.path_start, v.path_start);
		assert_int_equal(u.query_start, v.query_start);
		assert_int_equal(u.fragment_start, v.fragment_start);
	}
	for (size_t i = 0; i < MEM_COUNT(bad); i++) {
		struct url v;

		if (url_view(bad[i], strlen(bad[i]), &v) == 0)
			fail_msg("url_view took \"%s\"", bad[i]);
	}
}

/* Each byte at each place, in short and in long URLs: what url_view takes is what the parser leaves
 * as it is, and the parts are the same. */
static void test_view_bytes(void **state)
{
	static const char *const all[] = {"http://h.test/pq",
		"https://h.test:81/0123456789abcdef0123456789abcdef/xyz",
		"http://h.test/0123456789abcdef?0123456789abcdef#0123456789abcdef",
		"https://h.test/#0123456789abcdef0123456789abcdef?0123456789"};

	(void)state;
	for (size_t i = 0; i < MEM_COUNT(all); i++)
		for (size_t at = 7; at < strlen(all[i]); at++)
			for (int c = 1; c < 256; c++) {
				char in[128];
				struct url u, v;
				bool same;

				snprintf(in, sizeof(in), "%s", all[i]);
				if (c == '.' || c == '@') /* then the host is a number */
					continue;
				in[at] = (char)c;
				same = url_parse(&parser, in, strlen(in), NULL, &u) == 0 &&
				       strcmp(u.href, in) == 0;
				if ((url_view(in, strlen(in), &v) == 0) != same)
					fail_msg("url_view on \"%s\"", in);
				v.href = u.href;
				if (same && memcmp(&u, &v, offsetof(struct url, opaque_path)) != 0)
					fail_msg("parts of \"%s\"", in);
			}
}

static const char *key(const char *in, size_t nignore)
{
	static const char *const ignore[] = {"sid", "utm_*"};
	static char text[256];
	struct buf b = BUF_INIT;
	struct url u;

	assert_int_equal(url_parse(&parser, in, strlen(in), NULL, &u), 0);
	url_seen_key(&u, ignore, nignore, &b);
	snprintf(text, sizeof(text), "%s", b.data);
	buf_release(&b);
	return text;
}

static void test_seen_key(void **state)
{
	(void)state;
	assert_string_equal(key("HTTP://H:80/a#b", 0), "http://h/a");
	assert_string_equal(
		key("http://h/%7Euser/%41%2d%2F%c3%a9", 0), "http://h/~user/A-%2F%C3%A9");
	assert_string_equal(key("http://h/?", 0), "http://h/");
	assert_string_equal(key("http://h/?#x", 0), "http://h/");
	assert_string_equal(key("http://h/?a=%61&b=%26", 0), "http://h/?a=a&b=%26");
	assert_string_equal(key("http://h/a|b[c]?x|y", 0), "http://h/a%7Cb%5Bc%5D?x%7Cy");
	assert_string_equal(key("http://h/%zz%", 0), "http://h/%zz%");
	/* decoding never makes a new escape */
	assert_string_equal(key("http://h/%%341", 0), "http://h/%%341");
	assert_string_equal(key("http://h/%4%31", 0), "http://h/%4%31");
	assert_string_equal(key("http://h/%&%63", 0), "http://h/%&c");
	assert_string_equal(key("http://h/?sid=%&%635", 2), "http://h/?c5");
	/* what stays apart */
	assert_string_equal(key("https://h:443/a", 0), "https://h/a");
	assert_string_equal(key("http://h/a/?b&a&&", 0), "http://h/a/?b&a&&");
	assert_string_equal(key("http://h/?a+b", 0), "http://h/?a+b");
	/* ignored parameters */
	assert_string_equal(key("http://h/?sid=1", 2), "http://h/");
	assert_string_equal(key("http://h/?a=1&sid=2&b", 2), "http://h/?a=1&b");
	assert_string_equal(key("http://h/?utm_source=x&a&utm_medium", 2), "http://h/?a");
	assert_string_equal(
		key("http://h/?s%69d=1&sidx=2&xsid&SID", 2), "http://h/?sidx=2&xsid&SID");
	assert_string_equal(key("http://h/?&sid", 2), "http://h/");
	assert_string_equal(key("http://h/sid?x", 2), "http://h/sid?x");
}

/* Each byte at each place of texts of several lengths. */
static void test_seen_key_bytes(void **state)
{
	(void)state;
	for (size_t len = 1; len < 50; len += 7)
		for (size_t at = 0; at < len; at++)
			for (int c = 0x21; c < 256; c++) {
				char in[80] = "http://h/x", want[160] = "", *w = want;
				struct buf got = BUF_INIT;
				struct url u;

				memset(in + 10, 'x', len);
				in[10 + at] = (char)c;
				assert_int_equal(url_parse(&parser, in, 10 + len, NULL, &u), 0);
				for (uint32_t i = 0; i < u.fragment_start; i++)
					w += sprintf(w,
						strchr("\"<>[]\\^`{|}", u.href[i]) ? "%%%02X"
										   : "%c",
						u.href[i]);
				if (w[-1] == '?')
					w[-1] = '\0';
				url_seen_key(&u, NULL, 0, &got);
				assert_string_equal(got.data, want);
				buf_release(&got);
			}
}

static void check_user(const char *in, const char *want, bool want_guess)
{
	struct err err = {0};
	struct url u;
	bool guessed = !want_guess;

	if (url_from_user(&parser, in, &u, &guessed, &err) < 0)
		fail_msg("\"%s\": %s", in, err.text);
	assert_string_equal(u.href, want);
	assert_int_equal(guessed, want_guess);
}

static void test_from_user(void **state)
{
	static const char *const bad[] = {"", "  ", "mailto:a@b", "ftp://h/", "http://", "a b",
		"//", "javascript:alert(1)", "http://h:99999/", "h:99999/", "ht!tp://x/"};

	(void)state;
	check_user("http://Example.org", "http://example.org/", false);
	check_user("example.org/x?y#z", "https://example.org/x?y#z", true);
	check_user(" example.org ", "https://example.org/", true);
	check_user("//example.org/", "https://example.org/", true);
	check_user("example.org:8443", "https://example.org:8443/", true);
	check_user("localhost:8080/a", "http://localhost:8080/a", true);
	check_user("localhost", "http://localhost/", true);
	check_user("intranet/wiki", "http://intranet/wiki", true);
	check_user("127.0.0.1:80/", "http://127.0.0.1/", true);
	check_user("[::1]:8080", "http://[::1]:8080/", true);
	check_user("HTTP:example.org", "http://example.org/", false);
	for (size_t i = 0; i < MEM_COUNT(bad); i++) {
		struct err err = {0};
		struct url u;
		bool guessed;

		assert_int_equal(url_from_user(&parser, bad[i], &u, &guessed, &err), -1);
		assert_int_equal(err.status, EXIT_USAGE);
		assert_true(err.text[0] != '\0');
	}
}

/* An encoding that knows ASCII and e-acute only. */
static void encode(void *arg, const char *utf8, size_t len, struct buf *out)
{
	++*(int *)arg;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)utf8[i] < 0x80) {
			buf_add_ch(out, utf8[i]);
		} else if (utf8[i] == '\xc3' && utf8[i + 1] == '\xa9') {
			buf_add_ch(out, 0xe9);
			i++;
		} else {
			buf_add_str(out, "%26%238364%3B");
			i += 2;
		}
	}
}

static void test_encoded(void **state)
{
	static const char in[] = "http://h/\xc3\xa9?\xc3\xa9\xe2\x82\xac&b#\xc3\xa9";
	struct url u;
	int calls = 0;

	(void)state;
	assert_int_equal(url_parse_encoded(&parser, in, strlen(in), NULL, encode, &calls, &u), 0);
	assert_string_equal(u.href, "http://h/%C3%A9?%E9%26%238364%3B&b#%C3%A9");
	assert_int_equal(calls, 1);
	assert_int_equal(
		url_parse_encoded(&parser, "ws://h/?\xc3\xa9", 10, NULL, encode, &calls, &u), 0);
	assert_string_equal(u.href, "ws://h/?%C3%A9");
	assert_int_equal(calls, 1);
}

/* A long URL after a short one, and hosts that grow: the room is found each time. */
static void test_room(void **state)
{
	struct buf long_in = BUF_INIT;
	struct url u;

	(void)state;
	buf_add_str(&long_in, "http://\xe3\x8c\x96.example/"); /* one code point to six */
	for (int i = 0; i < 5000; i++)
		buf_add_str(&long_in, "\xc3\xa9/");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(url_parse(&parser, "http://h/", 9, NULL, &u), 0);
		assert_int_equal(url_parse(&parser, long_in.data, long_in.len, NULL, &u), 0);
		assert_int_equal(u.len - u.path_start, 1 + 5000 * 7);
	}
	buf_reset(&long_in);
	for (int i = 0; i < 3000; i++)
		buf_add_str(&long_in, "\xc3\xa9");
	/* longer than any name: refused, and quickly */
	assert_int_equal(host_to_ascii(long_in.data, long_in.len, &long_in), -1);
	buf_release(&long_in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_absolute),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_relative),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_view),
		cmocka_unit_test(test_view_bytes),
		cmocka_unit_test(test_seen_key),
		cmocka_unit_test(test_seen_key_bytes),
		cmocka_unit_test(test_from_user),
		cmocka_unit_test(test_encoded),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
