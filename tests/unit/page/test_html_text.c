/* Main text: however it is cut into pieces, the same text comes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crawler/page/html_text.h"

#define ROUNDS 50000

/* Words of ASCII, white space of every kind, ideographs, no-break spaces, NUL. */
static size_t make_up(char *b, size_t cap)
{
	static const char *const parts[] = {" ", "\n", "\t", "\r", "\f", "  ", "a", "bc", "word",
		"longer-than-sixteen-bytes", "\xc2\xa0", "\xe4\xb8\xad", "\xe3\x80\x80", "\xc3\xa4",
		"\xf0\xa0\x80\x80", "."};
	size_t n = 0, want = (size_t)rand() % (cap - 32);

	while (n < want) {
		unsigned i = (unsigned)rand() % 17;

		if (i == 16) {
			b[n++] = '\0';
			continue;
		}
		memcpy(b + n, parts[i], strlen(parts[i]));
		n += strlen(parts[i]);
	}
	return n;
}

static size_t char_len(unsigned char c)
{
	return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* The same as html_text_add, by what html_text_run takes of it; markup is text here. */
static void add_runs(struct html_text *t, const char *s, const char *end)
{
	while (s < end) {
		const char *q = html_text_run(t, s, end);

		assert_true(q >= s && q <= end);
		if (q < end) {
			unsigned char c = (unsigned char)*q;
			size_t n = c >= 0x80 && c < 0xc0 ? 1 : char_len(c);

			html_text_add(t, q, n, n);
			q += n;
		}
		s = q;
	}
}

static void pieces_do_not_matter(void **state)
{
	struct html_text whole, single, roomy, runs;

	(void)state;
	srand(11);
	buf_init(&whole.out);
	buf_init(&single.out);
	buf_init(&roomy.out);
	buf_init(&runs.out);
	for (int i = 0; i < ROUNDS; i++) {
		html_text_begin(&whole, 1000);
		html_text_begin(&single, 1000);
		html_text_begin(&roomy, 1000);
		html_text_begin(&runs, 1000);
		for (int k = rand() % 4; k >= 0; k--) {
			char b[96 + 16];
			size_t n = make_up(b, 96);
			char *s = malloc(n ? n : 1); /* of that size: a read behind it is caught */

			memcpy(s, b, n);
			html_text_add(&whole, s, n, n);
			add_runs(&runs, s, s + n);
			for (size_t at = 0; at < n; at += char_len((unsigned char)b[at]))
				html_text_add(&single, b + at, char_len((unsigned char)b[at]),
					char_len((unsigned char)b[at]));
			/* What may be read behind the text is no part of it. */
			memset(b + n, "x \n\xff"[rand() % 4], 16);
			html_text_add(&roomy, b, n, n + (size_t)(rand() % 17));
			free(s);
			if (rand() % 3 == 0) {
				html_text_gap(&whole, GAP_BREAK);
				html_text_gap(&single, GAP_BREAK);
				html_text_gap(&roomy, GAP_BREAK);
				html_text_gap(&runs, GAP_BREAK);
			}
		}
		assert_int_equal(whole.out.len, roomy.out.len);
		assert_memory_equal(whole.out.data, roomy.out.data, whole.out.len);
		assert_int_equal(whole.words, roomy.words);
		assert_int_equal(whole.out.len, runs.out.len);
		assert_memory_equal(whole.out.data, runs.out.data, whole.out.len);
		assert_int_equal(whole.words, runs.words);
		assert_int_equal(whole.out.len, single.out.len);
		assert_memory_equal(whole.out.data, single.out.data, whole.out.len);
		assert_int_equal(whole.words, single.words);
		assert_int_equal(whole.gap, single.gap);
		assert_int_equal(whole.in_word, single.in_word);
	}
	buf_release(&whole.out);
	buf_release(&single.out);
	buf_release(&roomy.out);
	buf_release(&runs.out);
}

static void add(struct html_text *t, const char *s)
{
	html_text_add(t, s, strlen(s), strlen(s));
}

static void words_and_spaces(void **state)
{
	struct html_text t;

	(void)state;
	buf_init(&t.out);
	html_text_begin(&t, 1000);
	add(&t, "  one\n\ttwo ");
	add(&t, "\n");
	add(&t, "thr");
	add(&t, "ee");
	html_text_gap(&t, GAP_BREAK);
	add(&t, " \xe4\xb8\xad\xe6\x96\x87x ");
	assert_string_equal(t.out.data, "one two three\n\xe4\xb8\xad\xe6\x96\x87x");
	assert_int_equal(t.words, 6);
	buf_release(&t.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_do_not_matter),
		cmocka_unit_test(words_and_spaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
