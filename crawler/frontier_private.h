/* frontier_private.h - shared by frontier.c (the queue) and offer.c (what enters it). */
#ifndef SKITTER_CRAWLER_FRONTIER_PRIVATE_H
#define SKITTER_CRAWLER_FRONTIER_PRIVATE_H

#include <stddef.h>

#include "crawler/frontier.h"
#include "crawler/seen.h"

#define ENTRY_OF(node) ((struct entry *)((char *)(node)-offsetof(struct entry, retry)))
#define HOST_OF(node)  ((struct host *)((char *)(node)-offsetof(struct host, due)))

/* Why a URL that is seen was excluded, where that may change. */
enum seen_why {
	SEEN_DEEP = 1,	  /* --depth: a shorter way readmits it */
	SEEN_OUTSIDE = 2, /* scope or --include: a scope that has grown readmits it */
};

struct frontier {
	const struct settings *set;
	struct scope_rules *scope;
	struct hosts *hosts;
	void (*on_host)(void *arg, struct host *h);
	void *on_host_arg;

	struct hash_key key; /* of the seen set */
	struct seen *seen;   /* marked with enum seen_why */
	struct seen *rows;   /* host and rule, marked with the rows written to the excluded table */
	struct buf scratch;

	struct heap due;     /* hosts by when their governor lets them go */
	struct heap retries; /* entries by when they may be tried again */
	struct waitlist idle;
	int64_t armed; /* the deadline somebody in `idle` watches; -1 = nobody does */
	int64_t pause_until;
	uint32_t per_ip;

	uint64_t next_id;
	uint64_t discovered, excluded, queued, held, inflight, retrying, pages;
	enum frontier_end end;
	const char *limit;
};

/* Queues an entry at its host; `front` = before all others. */
void frontier_push(struct frontier *f, struct entry *e, bool front);
void frontier_unstart(struct frontier *f, struct entry *e);

#endif
