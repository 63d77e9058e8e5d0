/* robots.h - the Robots Exclusion Protocol (RFC 9309), for one product token.
 *
 * Parsing never fails: each line that parses is used, the others are skipped
 * (section 2.2.4, 2.3.1.5), and lines of other kinds never end a group. All groups
 * that name the product token are one; if none does, the groups of "*" apply
 * (2.2.1). The longest matching rule wins, allow wins a tie (2.2.2), "*" and a
 * final "$" are special (2.2.3), and octets are compared percent-normalised.
 * /robots.txt itself is always allowed. What a fetch status means for the file
 * (2.3.1) is the business of the caller.
 *
 * Beyond the RFC, as the large crawlers read it: a missing colon, the common
 * misspellings of Disallow, several names in one User-agent line (separated by
 * commas), "Allow: /dir/index.html" standing for /dir/ too, Crawl-delay for the names
 * above it, and Sitemap (also a bare URL of one).
 *
 * Bounds: ROBOTS_MAX bytes are read; a line that this cuts is not used. One match costs
 * the length of the rules and of the path, whatever the number of stars.
 *
 * Ownership: the result holds copies; text may go away. Read-only after parsing,
 * so any thread may ask.
 */
#ifndef SKITTER_PAGE_ROBOTS_H
#define SKITTER_PAGE_ROBOTS_H

#include <stdbool.h>
#include <stddef.h>

#define ROBOTS_MAX	    (500 * 1024)
#define ROBOTS_MAX_SITEMAPS 1000

struct robots;

/* product_token is matched up to its first character outside [A-Za-z0-9_-], without regard to case.
 */
struct robots *robots_parse(const char *text, size_t len, const char *product_token);
void robots_free(struct robots *r);
size_t robots_memory(const struct robots *r); /* bytes it takes */

/* Whether path_query ("/path?query", as it goes on the wire) may be fetched. *rule is the
 * line that decided as written ("Disallow: /private", NUL-ended, owned by r) or NULL when
 * no rule matched; *line is its number from 1, or 0. Both may be NULL. */
bool robots_allowed(
	const struct robots *r, const char *path_query, size_t len, const char **rule, int *line);

/* Seconds of Crawl-delay for this token; negative when there is none. */
double robots_crawl_delay(const struct robots *r);

/* URLs of Sitemap lines as written (unresolved), in order, without repeats; owned by r. */
size_t robots_sitemaps(const struct robots *r, const char ***urls);

/* Whether a group names the token itself (and not only "*"). */
bool robots_names_agent(const struct robots *r);

#endif
