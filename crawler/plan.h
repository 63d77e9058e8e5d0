/* plan.h - what a crawl would do, as data and as text. Main thread.
 *
 * plan_gather reads the file of a crawl that fetched robots.txt and sitemaps only
 * (crawl_watch.lists_only) into one JSON object:
 *
 *   seeds     [{url, allowed (null = not known), reason, rule}]
 *   scope     {word, text, include, exclude, ignore_param, assets}
 *   hosts     [{host, ip, state, robots, crawl_delay, delay, pages, sitemaps: [URL]}]
 *   sitemaps  [{url, status, error, urls}]
 *   found     {listed, pages, excluded: {REASON: n}, elsewhere: [{host, n}]}
 *   limits    {NAME: value}: those that are set
 *   estimate  {pages, known, seconds, bytes}: known = there was a sitemap; seconds null = as fast
 *             as the server answers
 *
 * `set` is what the crawl would have: what was asked for.
 */
#ifndef SKITTER_CRAWLER_PLAN_H
#define SKITTER_CRAWLER_PLAN_H

#include <jansson.h>
#include <stdbool.h>

#include "config/buf.h"
#include "config/err.h"
#include "config/settings.h"
#include "storage/store.h"

/* NULL with a sentence. json_decref it. */
json_t *plan_gather(
	struct store *st, const struct settings *set, const struct strlist *seeds, struct err *err);
/* Whether one of the seeds may be fetched, and its host answers. */
bool plan_may_begin(const json_t *plan);
void plan_text(struct buf *out, const json_t *plan, const struct settings *set);

#endif
