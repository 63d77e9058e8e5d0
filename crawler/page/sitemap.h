/* sitemap.h - lists of URLs: sitemaps.org XML and index files, plain text, RSS, Atom.
 *
 * Each entry becomes a link in the facts block: kind LINK_SITEMAP (LINK_FEED for RSS
 * and Atom), attr ATTR_LOC, `text` = the last change in UTC ("2005-01-01T00:00:00Z",
 * absent if none or not a date), flag LINK_IS_INDEX for sitemaps that an index names.
 * URLs are resolved against the document's own and serialised by the URL standard.
 *
 * XML is read by expat as a stream. There is no DTD: a document type that declares an
 * entity ends the reading, and nothing but the five entities of XML and character
 * references is ever expanded. A file that breaks gives the entries before the break
 * and SITEMAP_BROKEN; loc is read even where a closing tag or the element itself is
 * missing, as such files exist in the wild.
 *
 * Gzip is the caller's business (inflate.h). Bounds: the caps of the facts block;
 * nesting deeper than 64 elements ends the reading.
 */
#ifndef SKITTER_PAGE_SITEMAP_H
#define SKITTER_PAGE_SITEMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "config/facts.h"

struct url_parser;

enum sitemap_format {
	SITEMAP_NONE, /* not a list of URLs, or nothing usable in it */
	SITEMAP_XML,
	SITEMAP_INDEX,
	SITEMAP_TEXT,
	SITEMAP_RSS,
	SITEMAP_ATOM,
	SITEMAP_FORMATS
};

#define SITEMAP_BROKEN 0x100 /* or-ed in: the file is broken or was cut, entries are partial */

struct sitemap_opts {
	const char *url; /* of the sitemap, absolute */
	size_t url_len;
	const char *content_type; /* header value or NULL; decides only where the bytes do not */
	bool location_check;   /* keep only entries on the host and under the path of the sitemap */
	bool namespace_strict; /* refuse urlset and sitemapindex of another namespace */
	struct url_parser *parser; /* borrowed */
};

/* Reads body and appends its links. Returns an enum sitemap_format, perhaps with
 * SITEMAP_BROKEN (then FACTS_BAD_SYNTAX is set too). SITEMAP_NONE has written nothing. */
int sitemap_read(
	const struct sitemap_opts *opts, const void *body, size_t len, struct facts_writer *w);

const char *sitemap_format_name(enum sitemap_format f); /* "XML", "INDEX", ... */

/* A W3C date or an RFC 822 one as "YYYY-MM-DDTHH:MM:SSZ" in out[21]; false if it is neither. */
bool sitemap_date(const char *s, size_t len, char out[21]);

#endif
