/* Text in HTML: nothing that a page said is markup, in text or between quotes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/text.h"

static void expect(const char *in, size_t len, const char *out)
{
	struct buf b = BUF_INIT;

	text_html(&b, in, len);
	assert_string_equal(b.data, out);
	assert_true(text_is_utf8(b.data, b.len));
	buf_release(&b);
}

#define EXPECT(in, out) expect(in, sizeof(in) - 1, out)

static void test_markup(void **state)
{
	(void)state;
	EXPECT("", "");
	EXPECT("plain", "plain");
	EXPECT("<img src=x onerror=\"a('b')\">&amp;",
		"&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt;&amp;amp;");
	EXPECT("</script><!--", "&lt;/script&gt;&lt;!--");
}

static void test_what_is_no_text(void **state)
{
	(void)state;
	EXPECT("a\0b\x1b[31m\x7f\tc\n", "a\xef\xbf\xbd"
					"b\xef\xbf\xbd[31m\xef\xbf\xbd\tc\n");
	EXPECT("\xc2\x80\xc2\x9f", "\xef\xbf\xbd\xef\xbf\xbd"); /* C1 */
	EXPECT("\xff\xc3", "\xef\xbf\xbd\xef\xbf\xbd");
	EXPECT("\xef\xbf\xbf", "\xef\xbf\xbd");				/* U+FFFF */
	EXPECT("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* a surrogate */
}

static void test_order(void **state)
{
	(void)state;
	EXPECT("\xe2\x80\xae"
	       "evil\xe2\x81\xa6\xd8\x9c",
		"\\u{202e}evil\\u{2066}\\u{061c}");
	/* Joiners and scripts from right to left are text. */
	EXPECT("\xe2\x80\x8d\xe2\x80\x8c \xd7\xa9 \xf0\x9f\x98\x80",
		"\xe2\x80\x8d\xe2\x80\x8c \xd7\xa9 \xf0\x9f\x98\x80");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_markup),
		cmocka_unit_test(test_what_is_no_text),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
