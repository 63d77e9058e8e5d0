/* sitemap_entry.h - from the text of an entry to a link; inside sitemap*.c only. */
#ifndef SKITTER_PAGE_SITEMAP_ENTRY_H
#define SKITTER_PAGE_SITEMAP_ENTRY_H

#include "config/buf.h"
#include "crawler/page/sitemap.h"
#include "crawler/page/url.h"

struct sitemap {
	const struct sitemap_opts *opts;
	struct facts_writer *w;
	struct url base; /* of the document; text in base_hold */
	struct buf base_hold;
	size_t entries; /* URLs that were usable, whether kept or outside the location */
	bool full;	/* the block is full: stop */
};

/* Resolves and appends one entry. `loc` and `date` are untrimmed text. */
void sitemap_entry(struct sitemap *s, enum sitemap_format format, const char *loc, size_t len,
	const char *date, size_t date_len);

/* Reads XML that begins at body. Returns as sitemap_read. */
int sitemap_xml(struct sitemap *s, const void *body, size_t len, const char *charset);

#endif
