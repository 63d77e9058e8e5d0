/* test_charset.c - labels, sniffing, decoding cut anywhere, encoding and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "config/text.h"
#include "crawler/page/charset.h"

static void decode_as(const char *label, const char *in, size_t len, size_t step, struct buf *out)
{
	const char *name = charset_by_label(label, strlen(label));
	struct charset_decoder *d;
	size_t at = 0;

	assert_non_null(name);
	buf_reset(out);
	d = charset_open(name);
	for (; at < len; at += step)
		charset_decode(d, in + at, len - at < step ? len - at : step, out, false);
	charset_decode(d, "", 0, out, true);
	charset_close(d);
}

/* The same text whole and byte by byte. */
static void check(const char *label, const char *in, size_t len, const char *want)
{
	struct buf out = BUF_INIT;

	decode_as(label, in, len, len ? len : 1, &out);
	assert_string_equal(out.data, want);
	decode_as(label, in, len, 1, &out);
	assert_string_equal(out.data, want);
	buf_release(&out);
}

#define CHECK(label, in, want) check(label, in, sizeof(in) - 1, want)
#define R		       "\xef\xbf\xbd"

static void test_labels(void **state)
{
	size_t i, n = 0;

	(void)state;
	assert_string_equal(charset_by_label("latin1", 6), "windows-1252");
	assert_string_equal(charset_by_label(" UTF8\t", 6), "UTF-8");
	assert_string_equal(charset_by_label("gb2312", 6), "GBK");
	assert_string_equal(charset_by_label("iso-2022-kr", 11), "replacement");
	assert_null(charset_by_label("utf-7", 5));
	assert_null(charset_by_label("", 0));
	assert_null(charset_by_label("utf\0-8", 6));
	for (i = 0; charset_name(i); i++, n++) {
		/* Every name but one is a label of itself, and the pointers are the same. */
		const char *name = charset_name(i);

		assert_ptr_equal(charset_by_label(name, strlen(name)), name);
	}
	assert_int_equal(n, 40);
}

static void test_utf8(void **state)
{
	(void)state;
	CHECK("utf-8", "a\xc3\xa9\xf0\x9f\x98\x80", "a\xc3\xa9\xf0\x9f\x98\x80");
	CHECK("utf-8", "\xef\xbb\xbfx\xef\xbb\xbf", "x\xef\xbb\xbf"); /* only the first mark goes */
	CHECK("utf-8", "\xc0\x80", R R);
	CHECK("utf-8", "\xed\xa0\x80", R R R);
	CHECK("utf-8", "\xf4\x90\x80\x80", R R R R);
	CHECK("utf-8", "\xf0\x9f\x98", R);
	CHECK("utf-8", "\xf0\x9f\x98z", R "z");
	CHECK("utf-8", "\xe2\x82\xe2\x82\xac", R "\xe2\x82\xac");
	CHECK("utf-8", "\xef\xbb", R);
	CHECK("utf-8", "", "");
}

static void test_valid_prefix(void **state)
{
	char text[200];
	size_t i;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(charset_utf8_valid_prefix(text, sizeof(text)), sizeof(text));
	for (i = 0; i < sizeof(text); i++) {
		text[i] = (char)0xff;
		assert_int_equal(charset_utf8_valid_prefix(text, sizeof(text)), i);
		assert_int_equal(charset_ascii_prefix(text, sizeof(text)), i);
		text[i] = 'a';
	}
	/* A sequence cut by the end is not complete. */
	assert_int_equal(charset_utf8_valid_prefix("a\xe2\x82", 3), 1);
	assert_int_equal(charset_utf8_valid_prefix("a\xe2\x82\xac", 4), 4);
}

static void test_single_byte(void **state)
{
	(void)state;
	CHECK("iso-8859-1", "\x80\x9f\xe9", "\xe2\x82\xac\xc5\xb8\xc3\xa9");
	CHECK("windows-1253", "\xaa", R);
	CHECK("koi8-r", "\xf0\xd2\xc9\xd7\xc5\xd4", "Привет");
	CHECK("windows-1251", "\xcf\xf0\xe8\xe2\xe5\xf2", "Привет");
	CHECK("iso-8859-8-i", "\xe0", "א");
	CHECK("x-user-defined", "a\x80\xff", "a\xef\x9e\x80\xef\x9f\xbf");
	CHECK("macintosh", "\x8e", "é");
}

static void test_chinese(void **state)
{
	(void)state;
	CHECK("gbk", "\xc4\xe3\xba\xc3", "你好");
	CHECK("gb18030", "\x80", "\xe2\x82\xac");
	CHECK("gb18030", "\x81\x30\x81\x30", "\xc2\x80");
	CHECK("gb18030", "\x90\x30\x81\x30", "\xf0\x90\x80\x80");
	CHECK("gb18030", "\x84\x32\xa4\x39", R); /* past the ranges */
	CHECK("gb18030", "\x81\x35\xf4\x37", "\xee\x9f\x87");
	CHECK("gb18030", "\x81\x30\x81", R); /* cut: one error for all of it */
	CHECK("gb18030", "\x81\x30zz", R "0zz");
	CHECK("gb18030", "\x81\x30\x81z", R "0亃"); /* 81 7a is a pair of its own */
	CHECK("big5", "\xa7\x41\xa6\x6e", "你好");
	CHECK("big5", "\x88\x62", "\xc3\x8a\xcc\x84"); /* two code points for one pair */
	CHECK("big5", "\x87\x40", "\xe4\x8f\xb0");
	CHECK("big5", "\x81\x40", R "@"); /* the ASCII byte is read again */
	CHECK("big5", "\x81\xff", R);
	CHECK("big5", "\xff", R);
	CHECK("big5", "\xa7", R);
}

static void test_japanese(void **state)
{
	(void)state;
	CHECK("euc-jp", "\xc6\xfc\xcb\xdc\x8e\xb1\x8f\xb0\xa1", "日本ｱ丂");
	CHECK("euc-jp", "\x8f\xa1\x41", R "A");
	CHECK("euc-jp", "\x8f\xa1", R);
	CHECK("euc-jp", "\x8e\x41", R "A");
	CHECK("shift_jis", "\x93\xfa\x96\x7b\xb1\x80\x5c", "日本ｱ\xc2\x80\\");
	CHECK("shift_jis", "\xf0\x40", "\xee\x80\x80"); /* private use */
	CHECK("shift_jis", "\xa0\xfd", R R);
	CHECK("shift_jis", "\x81\x22", R "\"");
	CHECK("iso-2022-jp", "\x1b$B\x46\x7c\x4b\x5c\x1b(B!", "日本!");
	CHECK("iso-2022-jp", "\x1b(J\\~\x1b(I1\x1b(Bx", "¥‾ｱx");
	CHECK("iso-2022-jp", "\x1b(B\x1b(Bx", R "x"); /* nothing between two escapes */
	CHECK("iso-2022-jp", "\x1b(Qx", R "(Qx");
	CHECK("iso-2022-jp", "a\x1b", "a" R);
	CHECK("iso-2022-jp", "a\x1b$", "a" R "$");
	CHECK("iso-2022-jp", "\x1b$B\x46", R);
	CHECK("iso-2022-jp", "\x1b$B\x46\x1b(Bx", R "x");
	CHECK("iso-2022-jp", "\x0e\x80", R R);
}

static void test_korean_and_others(void **state)
{
	(void)state;
	CHECK("euc-kr", "\xbe\xc8\xb3\xe7", "안녕");
	CHECK("euc-kr", "\x81\x41", "갂");
	CHECK("euc-kr", "\xfe\xff", R);
	CHECK("utf-16le", "a\0\x3d\xd8\x00\xde", "a😀");
	CHECK("utf-16be", "\0a\xd8\x3d\xde\x00", "a😀");
	CHECK("utf-16le", "\xff\xfe\x61\0", "a");
	CHECK("utf-16le", "\x3d\xd8\x61\0", R "a");
	CHECK("utf-16le", "\x00\xde", R);
	CHECK("utf-16le", "\x3d\xd8\x61", R);
	CHECK("utf-16be", "\xfe\xff", "");
	CHECK("iso-2022-cn", "<script>", R);
	CHECK("iso-2022-cn", "", "");
}

/* Every code point that an encoding has comes back, but for those the standard maps together. */
static void test_round_trip(void **state)
{
	struct buf bytes = BUF_INIT, back = BUF_INIT, text = BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; charset_name(i); i++) {
		const char *name = charset_name(i);
		bool gb = !strncmp(name, "gb", 2) || !strncmp(name, "GB", 2);
		unsigned c, seen = 0, lost = 0;

		if (charset_encodes_utf8(name))
			continue;
		for (c = 0x80; c < 0x10000; c++) {
			struct charset_decoder *d;

			if (c >= 0xd800 && c < 0xe000)
				continue;
			buf_reset(&text);
			buf_reset(&bytes);
			buf_reset(&back);
			if (c < 0x800) {
				buf_add_ch(&text, (int)(0xc0 | c >> 6));
			} else {
				buf_add_ch(&text, (int)(0xe0 | c >> 12));
				buf_add_ch(&text, (int)(0x80 | (c >> 6 & 63)));
			}
			buf_add_ch(&text, (int)(0x80 | (c & 63)));
			charset_encode((void *)(uintptr_t)name, text.data, text.len, &bytes);
			if (strstr(bytes.data, "%26%23"))
				continue;
			seen++;
			d = charset_open(name);
			charset_decode(d, bytes.data, bytes.len, &back, true);
			charset_close(d);
			lost += strcmp(back.data, text.data) != 0;
		}
		assert_in_range(seen, 46, 65000);
		/* Half-width kana (63), the yen sign, the overline, the minus; 18 of GB18030-2005.
		 */
		assert_in_range(lost, 0,
			!strcmp(name, "ISO-2022-JP")	   ? 64
			: gb				   ? 18
			: name[0] == 'E' || name[0] == 'S' ? 3
							   : 0);
	}
	buf_release(&text);
	buf_release(&bytes);
	buf_release(&back);
}

static void encodes(const char *label, const char *utf8, const char *want)
{
	struct buf out = BUF_INIT;

	charset_encode((void *)(uintptr_t)charset_by_label(label, strlen(label)), utf8,
		strlen(utf8), &out);
	assert_string_equal(out.data, want);
	buf_release(&out);
}

static void test_encode(void **state)
{
	(void)state;
	encodes("windows-1252", "a†", "a\x86");
	encodes("big5", "†", "%26%238224%3B");
	encodes("big5", "十═", "\xa4\x51\xf9\xf9"); /* the last of several pointers */
	encodes("euc-kr", "†", "\xa2\xd3");
	encodes("iso-2022-jp", "‾\\", "\x1b(J~\x1b(B\\");
	encodes("iso-2022-jp",
		"\x0e"
		"A",
		"%26%2365533%3BA");
	encodes("iso-2022-jp", "日☃本", "\x1b$B\x46\x7c\x1b(B%26%239731%3B\x1b$B\x4b\x5c\x1b(B");
	encodes("gb18030", "\xee\x97\xa5", "%26%2358853%3B");
	encodes("gbk", "€", "\x80");
	encodes("gbk", "😀", "%26%23128512%3B");
	encodes("gb18030", "😀", "\x94\x39\xfc\x36");
	encodes("shift_jis", "−", "\x81|");
	encodes("x-user-defined", "\xef\x9e\x80", "\x80");
	encodes("utf-16le", "é", "é");
}

static const char *sniffed(const char *header, const char *body, size_t len)
{
	return charset_sniff(header, body, len, NULL);
}

static void test_sniff(void **state)
{
	static const char late[] =
		"</title><script>'<meta charset=koi8-r>'</script><!-- <meta charset=big5> -->"
		"<textarea><meta charset=gbk></textarea><meta charset=iso-8859-2>";
	enum charset_why why;
	size_t n;

	(void)state;
	assert_string_equal(sniffed("utf-8", "\xff\xfe", 2), "UTF-16LE");
	assert_string_equal(sniffed("koi8-r", "<meta charset=big5>", 19), "KOI8-R");
	assert_string_equal(sniffed("nonsense", "<meta charset=big5>", 19), "Big5");
	assert_string_equal(charset_sniff(NULL, "x", 1, &why), "windows-1252");
	assert_int_equal(why, CHARSET_BY_DEFAULT);
	assert_string_equal(charset_prescan("<meta charset=utf-16>", 21), "UTF-8");
	assert_string_equal(charset_prescan("<meta charset=x-user-defined>", 29), "windows-1252");
	assert_string_equal(
		charset_prescan("<?xml version='1.0' encoding='koi8-r'?>", 39), "KOI8-R");
	assert_string_equal(charset_prescan("<\0?\0x\0m\0l\0", 10), "UTF-16LE");
	assert_null(charset_prescan("<meta charset=big5", 18));
	assert_null(charset_prescan("<meta charset=big5 x", 20));
	assert_string_equal(charset_meta_element(late, sizeof(late) - 1), "ISO-8859-2");
	assert_string_equal(charset_prescan(late, sizeof(late) - 1), "KOI8-R");
	assert_null(charset_meta_element("<script>", 8));
	assert_null(charset_meta_element("<plaintext><meta charset=big5>", 30));
	assert_memory_equal(
		charset_parameter("text/html; x=1; Charset=\"utf-8\"; y", &n), "utf-8", 5);
	assert_int_equal(n, 5);
	assert_memory_equal(charset_parameter("text/html;charset='big5' ", &n), "big5", 4);
	assert_int_equal(n, 4);
	assert_null(charset_parameter("text/html", &n));
	assert_null(charset_parameter(NULL, &n));
	assert_null(charset_parameter("text/html; charset", &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_valid_prefix),
		cmocka_unit_test(test_single_byte),
		cmocka_unit_test(test_chinese),
		cmocka_unit_test(test_japanese),
		cmocka_unit_test(test_korean_and_others),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_sniff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
