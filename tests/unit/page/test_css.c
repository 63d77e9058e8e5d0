/* URLs of style sheets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crawler/page/css.h"

/* The URLs, unescaped, one a line. */
static void finds(const char *text, const char *expected)
{
	struct buf got = BUF_INIT;
	struct css c;
	struct css_url u;
	size_t last = 0;

	css_begin(&c, text, strlen(text));
	while (css_next(&c, &u)) {
		assert_true(u.at >= last && u.at + u.len <= strlen(text));
		last = u.at + u.len;
		css_unescape(&got, text + u.at, u.len);
		buf_add_ch(&got, '\n');
	}
	if (strcmp(got.data, expected))
		fail_msg("%s\ngot:      %s\nexpected: %s", text, got.data, expected);
	buf_release(&got);
}

static void url_functions(void **state)
{
	(void)state;
	finds("p{background:url(a.png)}", "a.png\n");
	finds("p{background:url( a.png )}", "a.png\n");
	finds("p{background:URL('a.png') , uRl( \"b c\" )}", "a.png\nb c\n");
	finds("url()", "");
	finds("url('')", "");
	finds("url(a", "a\n");
	finds("url('a", "a\n");
	finds("curl(a) my-url(b) url (c) _url(d)", "");
	finds("u\\rl(a)", ""); /* an escape spells it: left alone */
	finds("@font-face{src:url(f.woff2)format('woff2'),url(f.woff)}", "f.woff2\nf.woff\n");
}

static void imports(void **state)
{
	(void)state;
	finds("@import 'a.css';", "a.css\n");
	finds("@IMPORT/**/\"a.css\" screen;", "a.css\n");
	finds("@import url(a.css) print;@import url('b')", "a.css\nb\n");
	finds("@imports 'a'; import 'b'; @import; 'c'", "");
	finds("@charset 'utf-8'; content: 'no'", "");
}

static void what_only_looks_like_one(void **state)
{
	(void)state;
	finds("/* url(a) */ /* @import 'b' */ url(c)", "c\n");
	finds("'url(a)' \"url(b)\" url(c)", "c\n");
	finds("/* open url(a)", "");
	finds("'line\nurl(a)", "a\n"); /* a broken string ends with its line */
	finds("url(a b) url(c)", "c\n");
	finds("url(a\"b) url(c)", "c\n");
	finds("url('a' x url(c)", "a\nc\n");
}

static void escapes(void **state)
{
	(void)state;
	finds("url(a\\)b)", "a)b\n");
	finds("url('a\\'b')", "a'b\n");
	finds("url(\\61 b\\000063)", "abc\n");
	finds("url('a\\\nb')", "ab\n");
	finds("url(\\e9)", "\xc3\xa9\n");
	finds("url(\\1F577)", "\xf0\x9f\x95\xb7\n");
	finds("url(\\0)", "\xef\xbf\xbd\n");
	finds("url(\\d800)", "\xef\xbf\xbd\n");
	finds("url(a\\", "a\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(url_functions),
		cmocka_unit_test(imports),
		cmocka_unit_test(what_only_looks_like_one),
		cmocka_unit_test(escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
