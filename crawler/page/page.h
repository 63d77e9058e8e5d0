/* page.h - everything one response says: the one door of this folder.
 *
 * Called in the parser process: bytes in, facts out, no I/O. page_read inflates,
 * finds the type and the encoding, reads HTML, a sitemap or robots.txt, digests,
 * and leaves a facts block (config/facts.h) in the given area. It cannot fail: what
 * could not be read is a flag in the block.
 *
 * Lifetime: page_reader_open touches everything that needs files or large memory
 * (libcrypto's SHA-256, UTS #46 tables), so it comes before the sandbox closes.
 * A reader is for one thread, and is reused from page to page: the hot path
 * allocates nothing big.
 *
 * A browser that meets a meta element with another encoding beyond the first 1,024 bytes
 * begins the page again (HTML 13.2.3.4, "change the encoding"). As the body is whole here, the
 * element is looked for before reading, with the same result.
 */
#ifndef SKITTER_PAGE_PAGE_H
#define SKITTER_PAGE_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/buf.h"

enum page_expect {
	PAGE_AUTO,    /* the Content-Type (or the bytes) decide */
	PAGE_ROBOTS,  /* a robots.txt: `text` is the file as UTF-8, links are its Sitemap lines */
	PAGE_SITEMAP, /* whatever list of URLs it may be, gzip by magic bytes included */
};

struct page_task {
	const char *url; /* of the response, absolute; the base of its links */
	size_t url_len;
	const char *content_type;   /* header value or NULL */
	const char *content_coding; /* value of Content-Encoding or NULL */
	const char *link_header;    /* values of Link (RFC 8288) joined by ", ", or NULL */
	const void *body;	    /* as stored: wire bytes with chunking removed */
	size_t len;
	enum page_expect expect;
	size_t max_decoded;  /* bytes; the rest is dropped and flagged */
	size_t max_inflated; /* the same for what has to be inflated, which takes memory; 0: no less
			      */
	struct sealer *sealer; /* seals the block (facts_seal.h); NULL = its table has all links */
	size_t max_text;       /* bytes of main text kept; 0 = none */
	bool want_digest;
	bool location_check; /* sitemaps: keep only entries under the sitemap's own location */
};

struct page_reader;

struct page_reader *page_reader_open(void);
/* A buffer that one page made larger than this is given back; 4 MiB unless told. */
void page_reader_keep(struct page_reader *r, size_t bytes);
void page_reader_close(struct page_reader *r);

/* Fills area (8-aligned, at least 4 KiB) with a facts block and returns its size. */
size_t page_read(struct page_reader *r, const struct page_task *task, void *area, size_t area_size);

/* For commands outside a crawl: the decoded bytes in out and, where the body is text and
 * utf8 is given, the same as UTF-8 and the name of its encoding (NULL if it is not text).
 * Returns an enum inflate_what; a body of an unknown coding comes as it is. */
int page_decode(struct page_reader *r, const struct page_task *task, struct buf *out,
	struct buf *utf8, const char **charset);

#endif
