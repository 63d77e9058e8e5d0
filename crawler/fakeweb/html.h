/* html.h - the bytes of a page: what is its own (title, links) written anew, the rest
 * pieces of fake_text between. The same options and the same page give the same bytes.
 *
 * One builder per process; what it built is valid until it builds the next.
 */
#ifndef SKITTER_CRAWLER_FAKEWEB_HTML_H
#define SKITTER_CRAWLER_FAKEWEB_HTML_H

#include <sys/uio.h>

#include "crawler/fakeweb/graph.h"
#include "crawler/fakeweb/text.h"

struct fake_part {
	const struct fake_piece *piece; /* or NULL: own[from..to) */
	size_t from, to;
};

struct fake_html {
	const struct fake_graph *g;
	const struct fake_text *text;
	struct fake_link *links;
	char *own, *p; /* p: where the next byte goes */
	struct fake_part *parts;
	size_t nparts, cap_parts;
	struct iovec *plain, *zipped; /* room */
	char *frames;		      /* gzip's own bytes between */
	struct iovec *out;	      /* what was built, to be written in this order */
	size_t nout, len;	      /* len: sum of them */
};

struct fake_html *fake_html_open(const struct fake_graph *g, const struct fake_text *text);
void fake_html_close(struct fake_html *b);

void fake_html_page(struct fake_html *b, uint32_t host, uint32_t page);
/* A page outside the graph: a title, links made by the caller (whole <a> elements), text
 * chosen by `bits`. */
void fake_html_other(
	struct fake_html *b, uint32_t host, const char *title, const char *links, uint64_t bits);
/* Turns what was built into a gzip stream. Own bytes stay as they are (stored blocks), so
 * it costs little and halves a page where a real server would quarter it. */
void fake_html_gzip(struct fake_html *b);

char *fake_title(const struct fake_graph *g, uint32_t host, uint32_t page, char *p);

#endif
