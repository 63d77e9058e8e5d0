/* sitemap_repair.h - text that XML forbids, made harmless; inside sitemap*.c only.
 *
 * Sitemaps are written by scripts that forget to escape. The two most common faults
 * would end the reading of a whole file: a bare "&" (also one of an HTML entity that XML
 * lacks) and a control character. The first becomes "&amp;", the second a space.
 * CDATA sections, comments and the document type are left as they are.
 */
#ifndef SKITTER_PAGE_SITEMAP_REPAIR_H
#define SKITTER_PAGE_SITEMAP_REPAIR_H

#include <stdbool.h>
#include <stddef.h>

#include "config/buf.h"

struct sitemap_repair {
	const char *until; /* inside CDATA, a comment or a document type: what ends it */
	bool started;	   /* something other than space was seen */
	struct buf held;   /* the end of the last chunk, where it could be cut in a token */
};

void sitemap_repair_init(struct sitemap_repair *r);
void sitemap_repair_release(struct sitemap_repair *r);

/* Appends the repaired form of the next chunk to out. */
void sitemap_repair_add(
	struct sitemap_repair *r, const char *s, size_t len, bool last, struct buf *out);

#endif
