/* URLs as file names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/text.h"
#include "crawler/filename.h"

static void name(struct buf *out, const char *href, const char *type)
{
	struct url_parser p;
	struct url u;

	buf_reset(out);
	url_parser_init(&p);
	assert_int_equal(url_parse(&p, href, strlen(href), NULL, &u), 0);
	filename_of_url(out, &u, type);
	url_parser_release(&p);
}

static void is(const char *href, const char *type, const char *expected)
{
	struct buf got = BUF_INIT;

	name(&got, href, type);
	if (strcmp(got.data, expected))
		fail_msg("%s\ngot:      %s\nexpected: %s", href, got.data, expected);
	buf_release(&got);
}

#define E    "https://example.com/"
#define HTML "text/html; charset=utf-8"

static void pages(void **state)
{
	(void)state;
	is(E, HTML, "example.com/index.html");
	is(E "a", HTML, "example.com/a.html");
	is(E "a/", HTML, "example.com/a/index.html");
	is(E "a.htm", "TEXT/HTML", "example.com/a.htm");
	is(E "a.php", HTML, "example.com/a.php.html");
	is(E "a.php?x=1&y=2", HTML, "example.com/a.php@x=1&y=2.html");
	is(E "?x=/y", HTML, "example.com/index@x=%2Fy.html");
	is(E "a?", HTML, "example.com/a.html");
	is(E "a#b", HTML, "example.com/a.html");
	is(E "a/b//c", HTML, "example.com/a/b/_/c.html");
	is("http://example.com:8080/", HTML, "example.com+8080/index.html");
	is("http://[::1]/x", HTML, "[%3A%3A1]/x.html");
	is("http://u:p@example.com/", HTML, "example.com/index.html");
}

static void types(void **state)
{
	(void)state;
	is(E "s.css?v=3", "text/css", "example.com/s.css@v=3.css");
	is(E "s", "text/css", "example.com/s.css");
	is(E "p.JPG", "image/jpeg", "example.com/p.JPG");
	is(E "p.php", "image/png", "example.com/p.php.png");
	is(E "README", "text/plain", "example.com/README.txt");
	is(E "main.c", "text/plain", "example.com/main.c");
	is(E "x.bin", "application/octet-stream", "example.com/x.bin");
	is(E "x", NULL, "example.com/x");
}

static void decoded(void **state)
{
	(void)state;
	is(E "caf%C3%A9", HTML, "example.com/caf\xc3\xa9.html");
	is(E "%E4%BE%8B/%E5%AD%90", HTML, "example.com/\xe4\xbe\x8b/\xe5\xad\x90.html");
	is(E "a%20b", HTML, "example.com/a b.html");
	is(E "100%25", HTML, "example.com/100%.html");
	is(E "%zz%4", HTML, "example.com/%zz%4.html");
}

static void hostile(void **state)
{
	(void)state;
	is(E "..%2f..%2fetc%2fpasswd", HTML, "example.com/%2E.%2F..%2Fetc%2Fpasswd.html");
	is(E "%2e%2e/x", HTML, "example.com/x.html"); /* the URL standard did that */
	is(E "...%2f", NULL, "example.com/%2E..%2F");
	is(E "a/.../b", NULL, "example.com/a/%2E.%2E/b");
	is(E "C:%5Cx", NULL, "example.com/C%3A%5Cx");
	is(E "a%00b%0a%1b%7f", NULL, "example.com/a%00b%0A%1B%7F");
	is(E ".git/config", NULL, "example.com/%2Egit/config");
	is(E "-rf", NULL, "example.com/%2Drf");
	is(E "a.", NULL, "example.com/a%2E");
	is(E "a%20/b", NULL, "example.com/a%20/b");
	is(E "con", NULL, "example.com/%63on");
	is(E "NUL.txt", NULL, "example.com/%4EUL.txt");
	is(E "com1/lpt%C2%B2.x", NULL, "example.com/%63om1/%6Cpt\xc2\xb2.x");
	is(E "con", HTML, "example.com/%63on.html");
	is(E "icon", NULL, "example.com/icon");
	is(E "com", NULL, "example.com/com");
	is(E "%ff%c3%28", NULL, "example.com/%FF%C3(");
	is(E "%e2%80%aegpj.exe", NULL, "example.com/%E2%80%AEgpj.exe");
	is(E "%c2%85%ed%a0%80", NULL, "example.com/%C2%85%ED%A0%80");
}

static void check_parts(const char *path)
{
	assert_true(text_is_utf8(path, strlen(path)));
	while (*path) {
		size_t n = strcspn(path, "/");

		assert_true(n > 0 && n <= FILENAME_PART);
		assert_true(*path != '.');
		path += n + (path[n] == '/');
	}
}

static void long_ones(void **state)
{
	struct buf href = BUF_INIT, one = BUF_INIT, two = BUF_INIT;

	(void)state;
	buf_add_str(&href, E);
	for (int i = 0; i < 300; i++)
		buf_add_str(&href, "%C3%A9");
	buf_add_ch(&href, '1');
	name(&one, href.data, HTML);
	href.data[href.len - 1] = '2';
	name(&two, href.data, HTML);
	check_parts(one.data);
	assert_string_not_equal(one.data, two.data);
	assert_string_equal(one.data + one.len - 5, ".html");
	buf_reset(&href);
	buf_add_str(&href, E);
	for (int i = 0; i < 3000; i++)
		buf_add_str(&href, "ab/");
	name(&one, href.data, HTML);
	check_parts(one.data);
	assert_true(one.len < 300);
	assert_int_equal(strncmp(one.data, "example.com/~deep/", 18), 0);
	buf_release(&href);
	buf_release(&one);
	buf_release(&two);
}

/* Whatever byte a URL holds, escaped or not. */
static void every_byte(void **state)
{
	struct buf href = BUF_INIT, got = BUF_INIT;

	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		buf_reset(&href);
		buf_addf(&href, E "%%%02x/x%%%02x%%%02x?%%%02x", c, c, c, c);
		name(&got, href.data, NULL);
		check_parts(got.data);
		for (size_t i = 0; i < got.len; i++) {
			unsigned char b = (unsigned char)got.data[i];
			assert_true(b >= 0x20 && b != 0x7f && !strchr("\\:*?\"<>|", (int)b));
		}
	}
	buf_release(&href);
	buf_release(&got);
}

static void variants(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	filename_variant(&b, "a.html", 6, 0x1234567890abcdefu);
	assert_string_equal(b.data, "a~90abcdef.html");
	buf_reset(&b);
	filename_variant(&b, "docs", 4, 1);
	assert_string_equal(b.data, "docs~00000001");
	buf_release(&b);
}

static void folds(const char *a, const char *b, bool same)
{
	struct buf x = BUF_INIT, y = BUF_INIT;

	filename_fold(&x, a, strlen(a));
	filename_fold(&y, b, strlen(b));
	assert_int_equal(same, x.len == y.len && !memcmp(x.data, y.data, x.len));
	buf_release(&x);
	buf_release(&y);
}

static void folding(void **state)
{
	(void)state;
	folds("Index.HTML", "index.html", true);
	folds("caf\xc3\xa9", "cafe\xcc\x81", true); /* NFC and NFD */
	folds("stra\xc3\x9f"
	      "e",
		"STRASSE", true);
	folds("a", "b", false);
}

static void as_a_reference(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	filename_to_url(&b, "a b/caf\xc3\xa9%2F.html", strlen("a b/caf\xc3\xa9%2F.html"));
	assert_string_equal(b.data, "a%20b/caf%C3%A9%252F.html");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages),
		cmocka_unit_test(types),
		cmocka_unit_test(decoded),
		cmocka_unit_test(hostile),
		cmocka_unit_test(long_ones),
		cmocka_unit_test(every_byte),
		cmocka_unit_test(variants),
		cmocka_unit_test(folding),
		cmocka_unit_test(as_a_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
