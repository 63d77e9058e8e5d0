/* search_live.h - the search index kept up to date by the crawl itself (--index).
 *
 * On the writer thread, between batches, on the writer's connection: pages are indexed from their
 * rows, some hundreds in a transaction of their own, so a batch never waits for the words of its
 * pages and a kill leaves both whole. A failure ends the indexing, not the crawl: the next search
 * goes on where it stopped.
 */
#ifndef SKITTER_STORAGE_SEARCH_LIVE_H
#define SKITTER_STORAGE_SEARCH_LIVE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

struct search_live;

/* wanted: false only makes sure that no index in the file claims to be kept up to date; NULL.
 * memory: bytes of words held at most. */
struct search_live *search_live_open(sqlite3 *db, const char *path, bool wanted, size_t memory);
/* After a batch with so many fetches. */
void search_live_tick(struct search_live *l, size_t fetches);
enum search_live_end { LIVE_LEAVE, LIVE_SOME, LIVE_ALL };
/* Indexes what is left: nothing, what is done in a moment, or some seconds' worth. */
void search_live_close(struct search_live *l, enum search_live_end end);

#endif
