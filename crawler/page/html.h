/* html.h - from decoded text to the facts of one HTML document.
 *
 * Contract: html_begin, any number of html_feed, html_end; the same struct html
 * serves any number of documents, one after the other, and keeps its memory.
 * Input is valid UTF-8 (the charset is decided and decoded before), cut
 * anywhere, also inside a character. Links, title, description, canonical,
 * lang, robots words, base, headings, main text and word count are written into
 * the facts writer by html_end; nothing is written before, because a base
 * element or a frameset may still change what was read.
 *
 * What is found is what a browser's DOM holds after parsing with scripting off
 * (WHATWG HTML 13.2), in its order: the tokenizer is complete, the tree
 * construction keeps the stack of open elements and the insertion modes but builds no
 * tree. Of the active formatting elements only <a> is followed (html_order.c).
 *
 * Memory: the raw links (FACTS_MAX_LINK of them), max_text bytes of text, one
 * tag. Time is linear in the input whatever it holds. No I/O, no global state;
 * one struct html belongs to one thread.
 */
#ifndef SKITTER_PAGE_HTML_H
#define SKITTER_PAGE_HTML_H

#include <stdbool.h>
#include <stddef.h>

#include "config/facts.h"
#include "crawler/page/url.h"

struct html;
struct html_tag;

#define HTML_MAX_LINK_TEXT 256 /* bytes of anchor text kept */

struct html_opts {
	const struct url *url; /* of the document, absolute; copied by html_begin */
	/* Encodes a URL's query in the charset of the document; NULL = UTF-8. */
	url_encode_fn *encode;
	void *encode_arg;
	size_t max_text; /* bytes of main text kept; 0 = none */
	/* Sees every tag, before it counts for anything, and whether it is in SVG or MathML; NULL =
	 * nobody does. */
	void (*watch)(void *arg, const struct html_tag *tag, bool foreign);
	void *watch_arg;
};

struct html *html_open(void);
void html_begin(struct html *h, const struct html_opts *opts, struct facts_writer *out);
void html_feed(struct html *h, const char *utf8, size_t len);
void html_end(struct html *h);
void html_free(struct html *h); /* NULL is fine */

#endif
