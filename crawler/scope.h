/* scope.h - which URLs belong to the crawl.
 *
 * The order in which a URL is judged, first answer wins:
 *   1. scheme: only http and https;
 *   2. --exclude: any pattern that matches excludes it;
 *   3. --scope around the seeds: page (the seeds alone), prefix (below a seed's
 *      directory), host (a seed's host name and port), domain (a seed's registrable domain
 *      by the public suffix list), any;
 *   4. --include: if there are patterns, one must match (seeds are let through).
 * Patterns are PCRE2, matched against the whole URL as it would be fetched, with a
 * match limit: a pattern that gives up on a URL excludes it and says so.
 *
 * A seed's redirect widens the scope: where example.com sends the crawler to
 * www.example.com, that is what the user meant (scope_follow).
 * Loop thread only.
 */
#ifndef SKITTER_CRAWLER_SCOPE_H
#define SKITTER_CRAWLER_SCOPE_H

#include <stdbool.h>

#include "config/err.h"
#include "config/settings.h"
#include "crawler/page/url.h"

struct scope_rules;

struct scope_rules *scope_open(const struct settings *set, struct err *err);
void scope_free(struct scope_rules *s);

void scope_add_seed(struct scope_rules *s, const struct url *seed);
/* The target of a redirect that began at a seed becomes as good as a seed. True if that was new. */
bool scope_follow(struct scope_rules *s, const struct url *target);
bool scope_has_grown(
	const struct scope_rules *s); /* by scope_follow: judge again what it refused */

/* NULL: in scope. Otherwise the reason, a stable word, and *rule what decided (owned by the
 * scope, may be NULL). */
const char *scope_judge(struct scope_rules *s, const struct url *u, bool seed, const char **rule);

#endif
