/* report_page.h - the pieces of the HTML report. For the report_*.c files that write it.
 *
 * Everything a site said goes through page_text or page_url: titles, URLs and link texts are
 * hostile. The page's Content-Security-Policy allows its own style and its own script by
 * their digests, and nothing else: no image, no font, no request.
 *
 * The page works without its script; that only adds filters, sorting, and short views of long
 * tables.
 */
#ifndef SKITTER_STORAGE_REPORT_PAGE_H
#define SKITTER_STORAGE_REPORT_PAGE_H

#include "storage/report.h"

struct page_out {
	struct buf *out;
	const struct report *r;
	char *origin; /* of the crawl: URLs on it are shown by their paths */
};

void page_add(struct page_out *p, const char *html);
void page_addf(struct page_out *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void page_text(struct page_out *p, const char *text); /* escaped; NULL = nothing */
void page_url(struct page_out *p, const char *url);   /* a link if it is http or https */
void page_number(struct page_out *p, double n);	      /* 1,234 */
void page_bytes(struct page_out *p, double n);

/* From <!doctype> to the begin of <body>, and to the end. */
void page_begin(struct page_out *p, const char *title);
void page_end(struct page_out *p, const char *version);

void page_chart(struct page_out *p, const struct report_chart *c);
void page_list(struct page_out *p, const struct report_list *l);
void page_hosts(struct page_out *p);
void page_host(struct page_out *p, const struct report_host *h);

#endif
