/* Text, 16 bytes at a time, against the plain rules: UTF-8, what means itself in JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "config/text.h"

#define ROUNDS 200000

/* Length of the sequence at s by RFC 3629's table; 0 = none. */
static size_t sequence(const unsigned char *s, size_t n)
{
	static const struct {
		unsigned char lead[2], second[2];
		size_t len;
	} table[] = {{{0x00, 0x7f}, {0, 0}, 1}, {{0xc2, 0xdf}, {0x80, 0xbf}, 2},
		{{0xe0, 0xe0}, {0xa0, 0xbf}, 3}, {{0xe1, 0xec}, {0x80, 0xbf}, 3},
		{{0xed, 0xed}, {0x80, 0x9f}, 3}, {{0xee, 0xef}, {0x80, 0xbf}, 3},
		{{0xf0, 0xf0}, {0x90, 0xbf}, 4}, {{0xf1, 0xf3}, {0x80, 0xbf}, 4},
		{{0xf4, 0xf4}, {0x80, 0x8f}, 4}};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (*s < table[i].lead[0] || *s > table[i].lead[1])
			continue;
		if (table[i].len == 1)
			return 1;
		if (n < table[i].len || s[1] < table[i].second[0] || s[1] > table[i].second[1])
			return 0;
		for (size_t k = 2; k < table[i].len; k++)
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		return table[i].len;
	}
	return 0;
}

/* Runs of letters, sequences of each length, and now and then a stray byte. */
static size_t make_up(unsigned char *b, size_t cap)
{
	size_t n = 0, want = (size_t)rand() % (cap - 4);

	while (n < want) {
		int kind = rand() % 40;

		if (kind < 20) {
			b[n++] = (unsigned char)(0x20 + rand() % 0x5f);
			continue;
		}
		b[n++] = (unsigned char)(kind == 39  ? rand()
					 : kind < 27 ? 0xc2 + rand() % 30
					 : kind < 34 ? 0xe0 + rand() % 16
						     : 0xf0 + rand() % 5);
		for (int more = kind == 39 ? 0 : kind < 27 ? 1 : kind < 34 ? 2 : 3; more; more--)
			b[n++] = (unsigned char)(0x80 + rand() % 64);
	}
	return n < cap ? n : cap;
}

/* A copy of exactly that size, so that a read behind it is caught. */
static char *exact(const unsigned char *b, size_t n)
{
	char *s = malloc(n ? n : 1);

	memcpy(s, b, n);
	return s;
}

static void utf8_is_what_the_table_says(void **state)
{
	size_t good = 0;

	(void)state;
	srand(7);
	for (int i = 0; i < ROUNDS; i++) {
		unsigned char b[64], c[210];
		size_t n = make_up(b, sizeof(b)), at = 0, len, ahead = (size_t)i % 140;
		char *s = exact(b, n);

		while (at < n && (len = sequence(b + at, n - at)))
			at += len;
		assert_int_equal(text_is_utf8(s, n), at == n);
		good += at == n;
		free(s);
		/* The same behind a longer run of letters. */
		memset(c, 'x', ahead);
		memcpy(c + ahead, b, n);
		s = exact(c, ahead + n);
		assert_int_equal(text_is_utf8(s, ahead + n), at == n);
		free(s);
	}
	assert_in_range(good, ROUNDS / 20, ROUNDS - ROUNDS / 20);
}

/* Three bytes as if they were one character, and four, across the border of two blocks and not. */
static void utf8_sequences(void **state)
{
	static const unsigned char border[] = {
		0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};
	unsigned char b[24];

	(void)state;
	for (unsigned x = 0; x < 66 * 256 * 81; x++) {
		size_t four = x / (66 * 256) / 9 ? 1 : 0, at = 12 + x % 5, n = at,
		       end = at + 3 + four, len;

		memset(b, 'x', sizeof(b));
		b[at] = (unsigned char)(0xbe + x / 256 % 66);
		b[at + 1] = (unsigned char)x;
		b[at + 2] = border[x / (66 * 256) % 9];
		b[at + 3] = border[x / (66 * 256) / 9];
		while (n < end && (len = sequence(b + n, end - n)))
			n += len;
		if (text_is_utf8((char *)b, end) != (n == end))
			fail_msg("%02x %02x %02x %02x at %zu", b[at], b[at + 1], b[at + 2],
				b[at + 3], at);
	}
}

static void plain_is_what_needs_no_escape(void **state)
{
	(void)state;
	for (size_t n = 0; n < 40; n++) {
		char *s = malloc(n ? n : 1);

		memset(s, 'x', n);
		assert_int_equal(text_plain(s, n), n);
		for (size_t at = 0; at < n; at++)
			for (int c = 0; c < 256; c++) {
				bool plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
				s[at] = (char)c;
				assert_int_equal(text_plain(s, n), plain ? n : at);
				s[at] = 'x';
			}
		free(s);
	}
}

static void json_escapes(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"", "\"\""},
		{"0123456789abcdef\"\\\n\r\t\x01\x7f",
			"\"0123456789abcdef\\\"\\\\\\n\\r\\t\\u0001\\u007f\""},
		{"\xc3\xa4\xff\xe2\x82", "\"\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	};
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buf_reset(&b);
		text_json(&b, cases[i].in, strlen(cases[i].in));
		assert_string_equal(b.data, cases[i].out);
	}
	buf_release(&b);
}

/* Whatever the mixture: what another reader makes of the JSON is the text, with U+FFFD for bytes
 * that are no UTF-8. */
static void json_is_read_back(void **state)
{
	struct buf b = BUF_INIT, want = BUF_INIT;

	(void)state;
	srand(11);
	for (int i = 0; i < ROUNDS; i++) {
		unsigned char text[64];
		size_t n = make_up(text, sizeof(text)), len;
		char *s;
		json_t *got;

		for (size_t at = n; at; at--)
			if (rand() % 8 == 0 && text[at - 1] < 0x80)
				text[at - 1] = (unsigned char)" \"\\\n\x01\x7f"[rand() % 6];
		s = exact(text, n);
		buf_reset(&b);
		buf_reset(&want);
		text_json(&b, s, n);
		for (size_t at = 0; at < n; at += len ? len : 1) {
			len = sequence(text + at, n - at);
			buf_add(&want, len ? s + at : "\xef\xbf\xbd", len ? len : 3);
		}
		got = json_loadb(b.data, b.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		assert_non_null(got);
		assert_int_equal(json_string_length(got), want.len);
		assert_memory_equal(json_string_value(got), want.data, want.len);
		json_decref(got);
		free(s);
	}
	buf_release(&b);
	buf_release(&want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_is_what_the_table_says),
		cmocka_unit_test(utf8_sequences),
		cmocka_unit_test(plain_is_what_needs_no_escape),
		cmocka_unit_test(json_escapes),
		cmocka_unit_test(json_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
