/* page_part.h - the parts of page_read; inside page*.c only. */
#ifndef SKITTER_PAGE_PAGE_PART_H
#define SKITTER_PAGE_PAGE_PART_H

#include <openssl/evp.h>

#include "config/facts.h"
#include "crawler/page/charset.h"
#include "crawler/page/page.h"
#include "crawler/page/url.h"

struct page_reader {
	size_t keep; /* bytes of a buffer that stay for the next page */
	struct inflate *inflate;
	struct html *html;
	struct charset_decoder *charset;
	struct url_parser parser;
	EVP_MD *sha256;
	EVP_MD_CTX *digest;
	struct buf decoded;   /* the body without its content coding */
	struct buf inner;     /* a gzip file inflated */
	struct buf text;      /* a chunk, or a whole small file, as UTF-8 */
	struct buf url_hold;  /* text of the document's URL */
	struct buf canonical; /* from the Link header, until the HTML is read */
};

/* One page on its way: what is known so far. */
struct page_job {
	struct page_reader *r;
	const struct page_task *task;
	struct facts_writer w;
	struct url url;
	const char *body; /* decoded */
	size_t len;
	const char *charset; /* name, or NULL where there is no text */
};

/* The Link header (RFC 8288): canonical, next, prev, alternate become links. */
void page_link_header(struct page_job *j);

/* robots.txt: text, and links to its sitemaps. */
void page_robots(struct page_job *j);

/* The encoding of an HTML document, with that of a late meta element. */
const char *page_html_charset(const struct page_task *t, const char *body, size_t len);

/* Feeds the body as UTF-8, in chunks, without a copy where it is UTF-8 already. */
typedef void page_feed_fn(void *arg, const char *utf8, size_t len);
void page_feed(struct page_reader *r, const char *charset, const char *body, size_t len,
	page_feed_fn *fn, void *arg);

#endif
