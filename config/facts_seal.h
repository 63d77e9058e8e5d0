/* facts_seal.h - facts as they leave the parser: small.
 *
 * A page of documentation has 140 links to 40 pages. The database wants all of them, the crawl
 * each page once. So the sealed block holds the links as the JSON text that the database
 * keeps (link_json.h), and a table of the URLs that may be followed: http(s), without
 * fragments, each once and the first of its kind first. Links that are never followed
 * (nofollow, inside a template, hints, forms) are in the JSON only.
 *
 * A block is sealed while it is written: a writer with a sealer puts each link where it
 * belongs at once, and no table of all links comes to be. What does not fit into the area is cut
 * and flagged.
 */
#ifndef SKITTER_CONFIG_FACTS_SEAL_H
#define SKITTER_CONFIG_FACTS_SEAL_H

#include <stddef.h>

#include "config/facts.h"

struct sealer; /* memory that is used again */

struct sealer *sealer_open(void);
void sealer_free(struct sealer *s);

/* facts_begin for a block to be sealed; `url` is the page's own and lives until facts_finish. */
void facts_begin_sealed(struct facts_writer *w, struct sealer *s, const char *url, size_t url_len,
	void *area, size_t cap);

/* An http(s) URL that a link of this page had, without its fragment. */
struct sealed_url {
	uint32_t at, len; /* where the JSON has it (link_json_again); len 0 = nowhere */
	uint32_t url_len; /* of the URL itself */
	uint32_t tabled;  /* a bit for each way of following it that the table has */
};

/* facts_add_link with a sealer; *known (unless NULL) is then for sealer_add_again. */
bool sealer_add(struct facts_writer *w, const struct facts_found *found, struct sealed_url *known);
/* Where an http(s) URL of up to n bytes may be put for sealer_add_plain; NULL = there is no room.
 */
char *sealer_place(struct facts_writer *w, size_t n);
/* sealer_add for a URL that stands there, without its fragment: both are plain (text_plain), and
 * roomy. found->url is that place. */
bool sealer_add_plain(struct facts_writer *w, const struct facts_found *found, const char *fragment,
	size_t fragment_len, struct sealed_url *known);
/* Adds a link to a known URL, with a plain and roomy fragment (its '#' first) or none; found->url
 * is not looked at. False: nothing was done, sealer_add is to be called. */
bool sealer_add_again(struct facts_writer *w, const struct facts_found *found,
	const struct sealed_url *known, const char *fragment, size_t len);
/* For facts_finish: puts the JSON into the block and returns the table. */
const struct facts_link *sealer_finish(struct facts_writer *w);

/* Whether the crawl follows links of this kind always, only for --assets, or never. */
enum facts_follow { FOLLOW_NEVER, FOLLOW_ASSETS, FOLLOW_ALWAYS };
enum facts_follow facts_follow(const struct facts_link *l);

#endif
