/* frontier_private.h - shared by frontier.c (the queue), offer.c (what enters it), turns.c (whose
 * turn it is) and refill.c. */
#ifndef SKITTER_CRAWLER_FRONTIER_PRIVATE_H
#define SKITTER_CRAWLER_FRONTIER_PRIVATE_H

#include <stddef.h>

#include "config/mem.h"
#include "crawler/frontier.h"
#include "crawler/seen.h"

#define ENTRY_OF(node) ((struct entry *)((char *)(node)-offsetof(struct entry, retry)))
#define HOST_OF(node)  ((struct host *)((char *)(node)-offsetof(struct host, due)))

/* Why a URL that is seen was excluded, where that may change. */
enum seen_why {
	SEEN_DEEP = 1,	  /* --depth: a shorter way readmits it */
	SEEN_OUTSIDE = 2, /* scope or --include: a scope that has grown readmits it */
};

#define RESTORED_KEYS 32

#define GROW(array, n, cap)                                                       \
	do {                                                                      \
		if ((n) == (cap)) {                                               \
			(cap) = (cap) ? (cap)*2 : 64;                             \
			(array) = mem_realloc((array), (cap) * sizeof(*(array))); \
		}                                                                 \
	} while (0)

struct frontier {
	const struct settings *set;
	struct scope_rules *scope;
	struct hosts *hosts;
	void (*on_host)(void *arg, struct host *h);
	void *on_host_arg;

	struct hash_key key; /* of the seen set */
	struct seen *seen;   /* marked with enum seen_why */
	struct known *known; /* of those with no mark */
	struct seen *rows;   /* host and rule, marked with the rows written to the excluded table */
	struct buf scratch;

	/* --url-memory (beyond.c) */
	bool full;
	uint64_t beyond;
	uint64_t *recent; /* keys written down lately, by their lower bits */

	/* Resume: keys on their way into the seen set, whose places the processor fetches
	 * meanwhile. */
	uint64_t restored[RESTORED_KEYS];
	size_t nrestored;

	/* What is in memory and what is not (refill.c). */
	void (*load)(void *arg, struct frontier_load *l); /* NULL: everything is */
	void *load_arg;
	size_t text_max, text; /* bytes of entries, in flight and put back included */
	size_t backlog_bytes;
	uint64_t committed; /* the highest id that is durable */
	uint32_t loads;	    /* asked for and not back yet */
	uint64_t all_loads;
	struct host *uncommitted; /* hosts whose turn it was before that of a COMMIT */

	struct heap due;     /* hosts by when their governor lets them go */
	struct heap retries; /* entries by when they may be tried again */
	struct waitlist idle;
	bool offering; /* between frontier_offers_begin and _end */
	struct waitlist offers;
	int64_t armed; /* the deadline somebody in `idle` watches; -1 = nobody does */
	int64_t pause_until;
	uint32_t per_ip;

	/* turns.c */
	uint32_t fetchers;
	uint32_t slow;	       /* of those in flight: held by hosts that are not fast */
	uint32_t paces[PACES]; /* hosts that have something to do, by pace */
	struct host_list untried, slow_ones; /* those that wait for their share */

	uint64_t next_id;
	uint64_t discovered, excluded, queued, held, inflight, retrying, pages;
	uint64_t near; /* of the queued: in the queues of their hosts, with their text */
	enum frontier_end end;
	const char *limit;
};

/* Queues an entry at its host; `front` = before all others. */
void frontier_push(struct frontier *f, struct entry *e, bool front);
void frontier_unstart(struct frontier *f, struct entry *e);
void frontier_wake_one(struct frontier *f);

/* ---- turns.c ---- */

bool frontier_may_start(const struct frontier *f, const struct host *h, int64_t now);
/* A fetcher for this host would be one more than slow hosts may have. */
bool frontier_slow_wait(const struct frontier *f, const struct host *h);
bool frontier_is_slow(const struct host *h); /* or not known to be fast */
/* After whatever may have changed its pace: state, queue, in flight, answers. */
void frontier_pace(struct frontier *f, struct host *h);
void frontier_let_slow_in(struct frontier *f);

/* ---- beyond.c ---- */

size_t frontier_bytes_known(const struct frontier *f);
bool frontier_is_full(struct frontier *f);
/* Writes the URL down, unless it was lately. */
void frontier_note_beyond(struct frontier *f, const struct url *u, uint64_t key,
	const struct offer *o, struct findings *out);

/* ---- entries, and the part of the queue that is not in memory (refill.c) ---- */

/* What goes with an id in the backlog: what its row does not tell. */
#define EXTRA_SEED	     1u
#define EXTRA_LIST	     2u
#define EXTRA_OF_ATTEMPTS(n) ((uint32_t)(n) << 2)
#define EXTRA_ATTEMPTS(ex)   ((ex) >> 2)

struct entry *entry_new(
	struct frontier *f, struct host *h, const struct store_new_url *n, uint32_t extra);
void entry_free(struct frontier *f, struct entry *e);
/* Whether the next URL of the host is to be queued without its text. */
bool frontier_is_far(const struct frontier *f, const struct host *h);
/* Queues it so; ids ascend. */
void frontier_push_far(struct frontier *f, struct host *h, uint64_t id, uint32_t extra);
/* The host has something to take, or could have if it was asked for. */
bool host_has_next(const struct host *h);
/* A host whose turn it is has nothing in memory: asks for it. False: too many ask already. */
bool frontier_load_now(struct frontier *f, struct host *h);
void frontier_load_ahead(struct frontier *f, struct host *h);
bool frontier_loads_full(const struct frontier *f);
/* The counts and the host's state, after something was queued. */
void frontier_arrived(struct frontier *f, struct host *h);

#endif
