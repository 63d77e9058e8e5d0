/* sniff.h - what kind of document a response is.
 *
 * The Content-Type decides. Where it is missing, unparsable or one of the values
 * that servers send for anything, the first bytes do (MIME Sniffing Standard,
 * section 7, as far as a crawler needs it: HTML, XML, plain text, feeds, gzip).
 */
#ifndef SKITTER_PAGE_SNIFF_H
#define SKITTER_PAGE_SNIFF_H

#include <stdbool.h>
#include <stddef.h>

enum sniff_kind {
	SNIFF_HTML,
	SNIFF_XML,   /* sitemap, feed, or any other XML */
	SNIFF_TEXT,  /* plain text: read as a sitemap or robots.txt only when asked */
	SNIFF_GZIP,  /* a gzip file: a sitemap in it is read when asked */
	SNIFF_OTHER, /* image, PDF, script, ...: nothing to read */
};

struct sniff {
	enum sniff_kind kind;
	const char
		*guessed; /* MIME type taken from the bytes (static), NULL if the header decided */
};

#define SNIFF_BYTES 1445 /* the resource header of the standard: more never decides */

struct sniff sniff_body(const char *content_type, const void *body, size_t len);

/* "type/subtype" of a Content-Type value in lower case, without parameters; empty if invalid. */
void sniff_essence(const char *content_type, char *out, size_t cap);

#endif
