/* facts_seal.h - the last step of the parser's work: facts made small for the way out.
 *
 * A page of documentation has 140 links to 40 pages. The database wants all of them, the crawl
 * each page once. So the sealed block holds the links as the JSON text that the database
 * keeps (link_json.h), and a table of the URLs that may be followed: http(s), without
 * fragments, each once and the first of its kind first. Links that are never followed
 * (nofollow, inside a template, hints, forms) are in the JSON only.
 *
 * What does not fit into the area is cut and flagged, as while building.
 */
#ifndef SKITTER_CONFIG_FACTS_SEAL_H
#define SKITTER_CONFIG_FACTS_SEAL_H

#include <stddef.h>

#include "config/facts.h"

struct sealer; /* memory that is used again */

struct sealer *sealer_open(void);
void sealer_free(struct sealer *s);

/* Writes the sealed copy of a finished block into area[0..cap), as facts_begin wants it; `url` is
 * the page's own. Returns its size. */
size_t facts_seal(struct sealer *s, const struct facts *full, const char *url, size_t url_len,
	void *area, size_t cap);

/* Whether the crawl follows links of this kind always, only for --assets, or never. */
enum facts_follow { FOLLOW_NEVER, FOLLOW_ASSETS, FOLLOW_ALWAYS };
enum facts_follow facts_follow(const struct facts_link *l);

#endif
