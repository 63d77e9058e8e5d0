/* seen.h - the seen set: every URL known so far, as 64-bit keyed fingerprints.
 *
 * Fingerprints are SipHash of the seen key (crawler/page/url.h) under a secret of
 * the crawl, so a site cannot craft collisions. At 10 million URLs the chance that
 * any two collide is 3 in a million.
 *
 * 256 shards by the top byte, each an open-addressing table that grows by itself:
 * no growth ever moves more than 1/256 of the set, so the loop does not stall.
 * About 8 / 0.6 = 13 bytes per URL. Loop thread only.
 */
#ifndef SKITTER_CRAWLER_SEEN_H
#define SKITTER_CRAWLER_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seen;

struct seen *seen_open(void);
void seen_free(struct seen *s);

bool seen_has(const struct seen *s, uint64_t key);
/* True if the key is new; then it is in the set from now on. */
bool seen_add(struct seen *s, uint64_t key);
void seen_remove(struct seen *s, uint64_t key); /* no-op where it is not in the set */

uint64_t seen_count(const struct seen *s);
size_t seen_bytes(const struct seen *s);

#endif
