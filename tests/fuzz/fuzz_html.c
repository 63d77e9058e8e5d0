/* fuzz_html - any bytes as a document.
 *
 * Invariants: the facts block passes facts_check; read in pieces it comes out the same; every
 * text in it is valid UTF-8; links stay within their caps. The first two bytes of
 * the input choose how it is cut.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/facts.h"
#include "config/mem.h"
#include "config/text.h"
#include "crawler/page/html.h"

#define AREA (1u << 20)

static struct html *html;
static struct url url;
static struct url_parser parser;
static char *areas[2];

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char at[] = "http://example.org/a/b?c#d";

	(void)argc;
	(void)argv;
	url_parser_init(&parser);
	if (url_parse(&parser, at, strlen(at), NULL, &url) < 0)
		abort();
	html = html_open();
	areas[0] = mem_alloc(AREA);
	areas[1] = mem_alloc(AREA);
	return 0;
}

static size_t read_page(char *area, const char *text, size_t len, size_t first, size_t step)
{
	struct html_opts opts = {.url = &url, .max_text = 4096};
	struct facts_writer w;
	struct err err;
	size_t size;

	facts_begin(&w, area, AREA);
	html_begin(html, &opts, &w);
	for (size_t at = 0; at < len;) {
		size_t n = at ? step : first;
		/* An exact copy, so that reading past the piece is seen. */
		char *piece;

		n = n < len - at ? n : len - at;
		piece = mem_dup(text + at, n);
		html_feed(html, piece, n);
		free(piece);
		at += n;
	}
	html_end(html);
	size = facts_finish(&w);
	if (facts_check(area, size, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	return size;
}

/* The longest valid UTF-8 start of the input: what a decoder hands over is valid. */
static size_t valid_part(const char *text, size_t len)
{
	size_t lo = 0;

	while (len && !text_is_utf8(text, len)) {
		lo = len / 2;
		len = text_is_utf8(text, lo) && len - lo > 4 ? len - 1 : lo;
	}
	return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 2;
	size_t len, whole, cut;

	if (size < 2)
		return 0;
	len = valid_part(text, size - 2);
	whole = read_page(areas[0], text, len, len + 1, 1);
	cut = read_page(areas[1], text, len, 1 + data[0], 1 + data[1] % 64);
	if (whole != cut || memcmp(areas[0], areas[1], whole) != 0)
		abort();
	return 0;
}
