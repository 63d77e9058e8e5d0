/* frontier.h - every URL the crawl knows, and which one is fetched next.
 *
 * The life of a URL: offered by a link (or as a seed); seen before, excluded, or
 * queued at its host; taken by a fetcher when its host is ready and due; done, or
 * put back for a later try. Nothing else ever happens to it.
 *
 *   offer    seen set -> scope -> depth -> robots (where already known) -> queue
 *   next     the host due first: a heap by due time, never a walk over hosts
 *   end      counted, never guessed: nothing queued that could still be taken, and
 *            nothing in flight
 *
 * What an offer changes is also written to `struct findings`, which go to the store
 * with the page that made the offer: a child is never durable before its parent.
 *
 * This is the seam for several agents: offer and next may be batched, an offer may
 * be repeated without harm, and a host belongs to exactly one frontier.
 * Loop thread only; functions marked WAITS are for coroutines.
 */
#ifndef SKITTER_CRAWLER_FRONTIER_H
#define SKITTER_CRAWLER_FRONTIER_H

#include <stdbool.h>
#include <stdint.h>

#include "config/settings.h"
#include "crawler/hosts.h"
#include "crawler/known.h"
#include "crawler/page/url.h"
#include "crawler/scope.h"
#include "storage/recall.h"
#include "storage/store.h"
#include "workers/co.h"
#include "workers/door.h"

/* A URL on its way: queued, in flight, or waiting for another try. */
struct entry {
	struct entry *next;
	struct heap_node retry; /* in the heap of those put back */
	struct host *host;
	struct host_ip *ip; /* in flight: whose requests it counts among; NULL = none */
	uint64_t id;
	uint64_t referrer; /* URL id of the page that found it; 0 = seed */
	uint64_t origin;   /* URL id where its redirect chain began; 0 = no redirect */
	uint32_t len;
	uint32_t attempts; /* fetches made so far */
	size_t want;	   /* bytes its body needs, where there was no room for it before */
	uint16_t depth;
	uint8_t hops;	/* redirects since origin */
	uint8_t kind;	/* enum facts_kind that found it */
	bool seed;	/* a seed, or reached from one by redirects alone */
	bool is_list;	/* a sitemap or feed is expected */
	bool started;	/* counts under --max-pages-per-host */
	bool slow;	/* in flight: holds a fetcher of the slow hosts' share */
	uint8_t beside; /* with `want`: enum http_beside, what the body needs room for */
	char href[];	/* without fragment, NUL-terminated */
};

/* Arrays that grow with the offers of one page; the strings stay the offerer's. */
struct findings {
	struct store_new_url *urls;
	size_t nurls, urls_cap;
	struct store_excluded *excluded;
	size_t nexcluded, excluded_cap;
	uint64_t *readmitted; /* keys of URLs excluded before, now queued */
	size_t nreadmitted, readmitted_cap;
	struct store_beyond *beyond; /* new, but nothing more can be remembered */
	size_t nbeyond, beyond_cap;
};

void findings_reset(struct findings *f); /* keeps the memory, unless it is much */
void findings_release(struct findings *f);

/* URLs of one host on their way back from the store. */
struct frontier_load {
	struct door_item door; /* first member: how they come back to the loop */
	struct recall_batch batch;
	struct host *host;
	uint32_t *extra; /* of each; the frontier's */
};

struct offer {
	const char *url; /* absolute, serialised; must live as long as the findings */
	uint32_t len;
	uint8_t kind;
	uint16_t depth;
	uint8_t hops;
	uint64_t referrer;
	uint64_t origin;
	bool seed;
	bool is_list;
	const struct known_print *print; /* of frontier_look for this URL; NULL = none was taken */
};

enum offer_answer { OFFER_QUEUED, OFFER_SEEN, OFFER_EXCLUDED, OFFER_BAD, OFFER_BEYOND };

enum frontier_end { FRONTIER_RUNNING, FRONTIER_EMPTY, FRONTIER_LIMIT, FRONTIER_STOPPED };

struct frontier_counts {
	uint64_t discovered; /* distinct URLs: fetched + failed + excluded + left */
	uint64_t excluded;
	uint64_t queued; /* waiting, those for a later try and those of held hosts included */
	uint64_t inflight;
	uint64_t retrying; /* of the queued */
	uint32_t hosts, busy, waiting, preparing, refused;
	uint64_t near;	     /* of the queued: with their text in memory */
	uint64_t loads;	     /* batches read back from the store so far */
	size_t bytes_seen;   /* memory: the seen set, */
	size_t bytes_queued; /* and what is queued, with or without text */
	uint64_t beyond;     /* links found after --url-memory was used up; no part of discovered */
	size_t bytes_known;  /* what --url-memory bounds */
	bool full;	     /* it is used up */
};

struct frontier;

struct frontier *frontier_open(const struct settings *set, struct scope_rules *scope,
	struct hosts *hosts, const struct hash_key *key);
void frontier_free(struct frontier *f);

/* How many fetchers there are (at first: --concurrency); slow hosts get a share of them. */
void frontier_set_fetchers(struct frontier *f, size_t n);
/* A host is due, and only waits because the slow ones have their share. */
bool frontier_needs_share(const struct frontier *f);

/* Called (on whichever stack made the offer) for each host that gets its first URL, and again
 * after frontier_host_await. It must lead to frontier_host_ready, sooner or later. */
void frontier_on_host(struct frontier *f, void (*fn)(void *arg, struct host *h), void *arg);

/* From now on at most text_max bytes of queued URLs are kept in memory. What comes after that
 * is kept by id, and asked for with `load`, which must lead to frontier_recalled. Only
 * ids that are durable (frontier_committed, or restored) are asked for. */
void frontier_spill(struct frontier *f, size_t text_max,
	void (*load)(void *arg, struct frontier_load *l), void *arg);
void frontier_recalled(struct frontier *f, struct frontier_load *l); /* frees it */
void frontier_committed(struct frontier *f, uint64_t id); /* this URL and all before it */

/* Around all that one page offers and the put of its item: ids and tickets ascend together, since
 * nobody else is between the two. A page with very many links may wait in between, so that the
 * loop goes on; nothing is taken (frontier_next) meanwhile, since it could be what
 * was just offered. */
WAITS void frontier_offers_begin(struct frontier *f);
void frontier_offers_end(struct frontier *f);
enum offer_answer frontier_offer(struct frontier *f, const struct offer *o, struct findings *out);
/* Looks at a URL that is to be offered soon: what memory has of it is on the way then. */
struct known_print frontier_look(const struct frontier *f, const char *url, size_t len);

/* A URL of a host that is ready and due; NULL = there is nothing more to do, ever. */
WAITS struct entry *frontier_next(struct frontier *f);

/* What became of an entry that frontier_next gave. `done` ends its life (it is freed);
 * `again` queues it for a later try at a monotonic time; `back` puts it back as if it had
 * never been taken (no room for its body, stop); after frontier_host_end or _unused. */
void frontier_done(struct frontier *f, struct entry *e);
void frontier_again(struct frontier *f, struct entry *e, int64_t not_before_ms);
void frontier_back(struct frontier *f, struct entry *e);
/* Records that an entry is excluded, found out when it was taken; frontier_done follows. `href` is
 * its URL in memory that lives as long as the findings. */
void frontier_refuse(struct frontier *f, struct entry *e, const char *href, const char *reason,
	const char *rule, struct findings *out);

/* How a host answered. */
struct host_answer {
	double ttfb_ms;		/* < 0: not at all */
	double wait_ms;		/* of it, after the request was sent */
	double took_ms;		/* from the start of the request to its end, whichever that was */
	int64_t retry_after_ms; /* < 0: none given */
	bool push_back;		/* 429, 503 or a refused connection */
	bool is_page;		/* not robots.txt */
};

/* The request to the host is over (before done/again/back): frees its room, and that of the
 * address it was begun with (the entry's; the host may have got another since). */
void frontier_host_end(
	struct frontier *f, struct host *h, struct host_ip *ip, const struct host_answer *a);

/* Instead of frontier_host_end, where no request was made. */
void frontier_host_unused(struct frontier *f, struct host *h, struct host_ip *ip);

/* Begins a request that is no entry's (robots.txt), if the host is due and there is room;
 * frontier_host_end follows. */
bool frontier_host_begin(struct frontier *f, struct host *h);
/* Or else, in state ROBOTS: on_host is called again when it may be. */
void frontier_host_await(struct frontier *f, struct host *h);

/* The host became READY or REFUSED: its queue may be taken from. */
void frontier_host_ready(struct frontier *f, struct host *h);
/* Nothing is taken from a READY host until frontier_host_ready: it is RESOLVING again. */
void frontier_host_hold(struct frontier *f, struct host *h);
void frontier_host_due(struct frontier *f, struct host *h); /* its governor changed */

/* Links that wait in the store from an earlier run, beyond --url-memory. */
void frontier_add_beyond(struct frontier *f, uint64_t n);

/* Pages that count against --max-pages and --max-pages-per-host. */
void frontier_count_page(struct frontier *f, struct host *h);
void frontier_limit(struct frontier *f, const char *what); /* a limit is reached: "--max-time" */
const char *frontier_limit_name(const struct frontier *f); /* NULL = none was reached */
void frontier_stop(struct frontier *f); /* frontier_next answers NULL from now on */
enum frontier_end frontier_end(const struct frontier *f);
int64_t frontier_next_due_ms(const struct frontier *f); /* from now; -1 = nothing waits */
/* Sum of all pauses owed to --limit-rate: no start before this time. */
void frontier_pause_until(struct frontier *f, int64_t ms);

void frontier_counts(const struct frontier *f, struct frontier_counts *out);
/* Ids of URLs put back for a later try. Returns how many were written (at most max). */
size_t frontier_deferred(const struct frontier *f, uint64_t *ids, size_t max);

/* ---- resume: rebuilding it in the order of the store ---- */

void frontier_restore_url(struct frontier *f, const struct store_new_url *u, bool queued,
	uint32_t attempts, int64_t not_before_ms, bool seed);
/* After the last of them, before anything else is asked or offered. */
void frontier_restore_end(struct frontier *f);
void frontier_restore_excluded(struct frontier *f, const struct store_excluded *ex);
void frontier_restore_pages(struct frontier *f, uint64_t pages);

#endif
