/* Texts as pieces of their body: exact for every pair of byte strings, small for pages, and
 * nothing but an error for what is no pieces of this body. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/mem.h"
#include "storage/pieces.h"

static unsigned seed = 1;

static unsigned any(unsigned n)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % n;
}

/* Copies of exactly their length, so that a sanitizer sees every byte too many. */
static size_t write_exact(const struct buf *body, const struct buf *text, uint8_t *out, size_t cap)
{
	void *b = mem_dup(body->data, body->len), *t = mem_dup(text->data, text->len);
	size_t n = pieces_write(b, body->len, t, text->len, out, cap);

	free(b);
	free(t);
	return n;
}

static int read_exact(const void *data, size_t len, const struct buf *body, struct buf *out)
{
	void *d = mem_dup(data, len), *b = mem_dup(body->data, body->len);
	int ret = pieces_read(d, len, b, body->len, out);

	free(d);
	free(b);
	return ret;
}

/* The size of the pieces; what they make is the text. 0: not worth it. */
static size_t round_trip(const struct buf *body, const struct buf *text, size_t cap)
{
	uint8_t *out = mem_alloc(cap);
	struct buf back = BUF_INIT;
	size_t n = write_exact(body, text, out, cap);

	assert_true(n <= cap);
	if (n) {
		buf_add_str(&back, "before");
		assert_true(pieces_are(out, n));
		assert_int_equal(read_exact(out, n, body, &back), 0);
		assert_int_equal(back.len, text->len + 6);
		assert_memory_equal(back.data + 6, text->data, text->len);
	}
	buf_release(&back);
	free(out);
	return n;
}

static size_t of(const char *body, const char *text)
{
	struct buf b = BUF_INIT, t = BUF_INIT;
	size_t n;

	buf_add_str(&b, body);
	buf_add_str(&t, text);
	n = round_trip(&b, &t, 2 * t.len + 100);
	buf_release(&b);
	buf_release(&t);
	return n;
}

static void test_small(void **state)
{
	(void)state;
	/* mark, length, then control and what is skipped */
	assert_int_equal(of("<p>One paragraph.</p>", "One paragraph."), 4);
	assert_int_equal(of("<p>One</p>\n<p>paragraph</p>", "One\nparagraph"), 6);
	assert_int_equal(of("<p>One\n   paragraph &nbsp; more", "One paragraph more"), 8);
	assert_int_equal(of("<b>a</b><i title='x > y'>b</i>", "ab"), 6);
	/* Characters that are written otherwise: three bytes more each. */
	assert_true(of("<p>if a &lt; b &amp;&amp; c", "if a < b && c") < 20);
	assert_true(of("<p>caf&eacute; cr&#232;me", "caf\xc3\xa9 cr\xc3\xa8me") < 20);
	/* Behind a script and a list that the text does not have. */
	assert_true(of("<script>if (a > b) x('The end');</script><ul><li>The<li>end</ul><p>"
		       "The end of it is near",
			    "The end of it is near") < 32);
	assert_true(of("", "text") == 0);
	assert_true(of("body", "") > 0);
	assert_true(of("body", "quite another text") > 0);
	assert_true(of("&", "&") > 0);
	assert_true(of("<", "<") > 0);
	assert_true(of("a&", "a&nbsp;") > 0);
	assert_true(of("\xc2", "\xc2\xa0") > 0);
}

/* Wherever tags and white space lie, the text behind them is found: with it a tag and spaces of
 * each length stand before it, so they begin and end at each place of a block of 64. */
static void test_places(void **state)
{
	char body[256], *w;

	(void)state;
	for (size_t tag = 0; tag < 130; tag++)
		for (size_t space = 0; space < 70; space++) {
			w = body + sprintf(body, "Here<a %*s><b>", (int)tag, "");
			w += sprintf(w, "%*s<i>it\n", (int)space, "");
			sprintf(w, "%s</i> goes on", space % 2 ? "<br>\n" : "");
			/* mark, length, and three pieces, of which one is far perhaps */
			assert_in_range(of(body, "Hereit\ngoes on"), 8, 10);
		}
}

static const char *const words[] = {"a", "of", "index", "transaction", "isolation", "caf\xc3\xa9",
	"the", "is", "parameter", "\xe6\x96\x87\xe5\xad\x97", "x86", "(see", "below)", ",", "."};
static const char *const tags[] = {"<p>", "</p>\n<p class=\"x\">", "<a href=\"../of/index.html\">",
	"</a>", "<br>", "<!-- a > b -->", "</td><td>", "<code>", "</code>",
	"<img alt='the index'>"};

/* A page as there are many, and the text that a reader sees. */
static void add_page(struct buf *body, struct buf *text, unsigned n)
{
	buf_add_str(body, "<!DOCTYPE html><title>transaction isolation</title><body>");
	for (unsigned i = 0; i < n; i++) {
		const char *word = words[any(MEM_COUNT(words))];
		unsigned kind = any(12);
		if (kind < 2) {
			buf_add_str(body, tags[any(MEM_COUNT(tags))]);
		} else if (kind == 2) {
			buf_add_str(body, "<p>\n");
			buf_add_ch(text, '\n');
		} else if (kind == 3) {
			buf_add_str(body, "&lt;");
			buf_add_ch(text, '<');
		} else {
			buf_add_str(body, word);
			buf_add_str(body, any(8) ? " " : "\n    ");
			buf_add_str(text, word);
			buf_add_ch(text, ' ');
		}
	}
}

static void test_pages(void **state)
{
	struct buf body = BUF_INIT, text = BUF_INIT;
	unsigned small = 0;

	(void)state;
	for (unsigned i = 0; i < 400; i++) {
		buf_reset(&body);
		buf_reset(&text);
		add_page(&body, &text, i * 5);
		round_trip(&body, &text, 4 * text.len + 64);
		small += round_trip(&body, &text, text.len / 2 + 16) != 0;
	}
	assert_true(small > 300);
	buf_release(&body);
	buf_release(&text);
}

/* Few different bytes, so that everything nearly matches everything. */
static void test_noise(void **state)
{
	static const char alphabet[] = "<>&; \nab\xc2\xa0nbsp;lt;";
	struct buf body = BUF_INIT, text = BUF_INIT;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		unsigned letters = 1 + any(sizeof(alphabet) - 1);
		buf_reset(&body);
		buf_reset(&text);
		for (unsigned n = any(120); n; n--)
			buf_add_ch(&body, alphabet[any(letters)]);
		for (unsigned n = any(120); n; n--)
			buf_add_ch(&text, alphabet[any(letters)]);
		round_trip(&body, &text, any(400));
	}
	buf_release(&body);
	buf_release(&text);
}

/* Every byte of the body looks like a place where the text could go on, and none is. It ends. */
static void test_in_vain(void **state)
{
	static const char *const bodies[] = {
		">", "> ", "><", "&amp;", "<a>", "a>", ">word ", "&nbsp;"};
	static const char *const texts[] = {"b ", "word word ", "a", "< ", "&", "aaaaaaaaaaaaaab"};
	struct buf body = BUF_INIT, text = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < MEM_COUNT(bodies); i++)
		for (size_t k = 0; k < MEM_COUNT(texts); k++) {
			buf_reset(&body);
			buf_reset(&text);
			while (body.len < 1000000)
				buf_add_str(&body, bodies[i]);
			while (text.len < 1000000)
				buf_add_str(&text, texts[k]);
			round_trip(&body, &text, text.len / 3);
		}
	buf_release(&body);
	buf_release(&text);
}

static void test_damaged(void **state)
{
	struct buf body = BUF_INIT, text = BUF_INIT, out = BUF_INIT;
	uint8_t data[8192], bad[8192];
	size_t n;

	(void)state;
	add_page(&body, &text, 800);
	n = write_exact(&body, &text, data, sizeof(data));
	assert_true(n > 100);
	for (size_t i = 0; i < n; i++) /* cut anywhere */
		assert_int_equal(read_exact(data, i, &body, &out), -1);
	assert_int_equal(out.len, 0);
	for (unsigned i = 0; i < 20000; i++) { /* whatever stands there: an answer, no more */
		memcpy(bad, data, n);
		for (unsigned k = 1 + any(3); k; k--)
			bad[any((unsigned)n)] = (uint8_t)any(256);
		buf_reset(&out);
		if (read_exact(bad, n, &body, &out) == 0)
			assert_true(out.len <= PIECES_MAX);
	}
	/* Of a body that is shorter. */
	body.len /= 2;
	buf_reset(&out);
	assert_int_equal(read_exact(data, n, &body, &out), -1);
	buf_release(&body);
	buf_release(&text);
	buf_release(&out);
}

static void test_lies(void **state)
{
	static const struct {
		size_t len;
		uint8_t data[16];
	} lies[] = {
		{0, {0}},
		{1, {PIECES_MARK}},
		{2, {0x28, 0xb5}},
		{3, {PIECES_MARK, 1, 0}},			  /* less than it says */
		{4, {PIECES_MARK, 0, 1, 0}},			  /* more */
		{4, {PIECES_MARK, 1, 1, 9}},			  /* skips too much */
		{4, {PIECES_MARK, 9, 9, 0}},			  /* copies too much */
		{4, {PIECES_MARK, 2, 3 << 6, 2}},		  /* bytes that are not there */
		{6, {PIECES_MARK, 0xff, 0xff, 0xff, 0xff, 0x7f}}, /* a text of 32 GB */
		{7, {PIECES_MARK, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}, /* a number without end */
		{9, {PIECES_MARK, 9, 63, 0xff, 0xff, 0xff, 0xff, 0x7f, 0}},
		{9, {PIECES_MARK, 9, 1, 0xff, 0xff, 0xff, 0xff, 0x7f, 0}},
	};
	struct buf body = BUF_INIT, out = BUF_INIT;

	(void)state;
	buf_add_str(&body, "abcdef");
	for (size_t i = 0; i < MEM_COUNT(lies); i++)
		assert_int_equal(read_exact(lies[i].data, lies[i].len, &body, &out), -1);
	assert_int_equal(out.len, 0);
	buf_release(&body);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_in_vain),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
