/* seen.h - the seen set: every URL known so far, as 64-bit keyed fingerprints.
 *
 * Fingerprints are SipHash of the seen key (crawler/page/url.h) under a secret of
 * the crawl, so a site cannot craft collisions. At 10 million URLs the chance that
 * any two collide is 3 in a million.
 *
 * 4,096 shards by the top twelve bits, each an open-addressing table that grows by
 * itself by a fifth: no growth ever moves more than 1/4096 of the set, so the loop does
 * not stall. What the place in the table says of the key need not be kept in it: those
 * twelve bits are room for a mark. The keys of a shard are in ascending order (as are
 * their homes), so that a search ends at the first larger one and the tables can be
 * seven eighths full: 9 to 14 bytes per key. Loop thread only.
 */
#ifndef SKITTER_CRAWLER_SEEN_H
#define SKITTER_CRAWLER_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEEN_MARK_MAX 2047 /* a mark has eleven bits */

struct seen;

struct seen *seen_open(void);
void seen_free(struct seen *s);

bool seen_has(const struct seen *s, uint64_t key);
void seen_prefetch(const struct seen *s, uint64_t key); /* it will be asked for soon */
/* True if the key is new; then it is in the set from now on, its mark 0. */
bool seen_add(struct seen *s, uint64_t key);

unsigned seen_mark(const struct seen *s, uint64_t key);		 /* 0 where it is not in the set */
void seen_set_mark(struct seen *s, uint64_t key, unsigned mark); /* no-op there */

uint64_t seen_count(const struct seen *s);
size_t seen_bytes(const struct seen *s);

#endif
