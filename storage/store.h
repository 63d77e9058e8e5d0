/* store.h - one SQLite file that holds a crawl: opening it and writing it.
 *
 * The store takes items. An item is a fetch with all that follows from it (new
 * URLs, excluded ones, links, text, body), or bookkeeping (hosts, robots copies,
 * what is in flight, meta), or both. Each item is one piece of one transaction:
 * a page is never visible without the URLs it discovered, and a URL is never
 * durable before the page that found it, because items are committed in ticket
 * order.
 *
 *   loop thread --store_put--> pool threads (digest, compress, pack links)
 *               --ticket order--> writer thread (one transaction per batch; a batch
 *               is whatever became ready while the last COMMIT ran) --committed()-->
 *
 * Ownership: store_put gives the item and all it points to (body in a slot, facts,
 * strings) to the store; committed() gives the list back, rows durable. Nothing is
 * copied in between.
 *
 * Threads: store_open .. store_start and store_stop, store_close on one thread.
 * Between start and stop only store_ticket and store_put (one thread, the loop) and
 * store_queued, store_stats (any thread). Reading a running crawl is done by a
 * second store opened with STORE_READ (store_read.h), in any process.
 *
 * Durability: kill -9 of the process at any moment loses nothing that was given
 * back. Power loss may lose the last seconds (synchronous NORMAL in WAL mode), never
 * the consistency of the file; `fast_sync` gives up the second half too.
 */
#ifndef SKITTER_STORAGE_STORE_H
#define SKITTER_STORAGE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/err.h"
#include "config/facts.h"

#define STORE_APPLICATION_ID 0x736b6974 /* "skit" */
#define STORE_VERSION	     2		/* user_version of the schema */

struct store;
struct store_item;

enum store_mode {
	STORE_CREATE, /* a new file; fails if anything is there */
	STORE_RESUME, /* an existing crawl, for writing */
	STORE_READ,   /* an existing crawl, running or not; never writes the database */
};

/* Opens the file. CREATE and RESUME hold PATH.lock until store_close, and fail in
 * well under a second with "PATH is in use by a running crawl (pid N); ..." while
 * another process holds it. A text file, a foreign SQLite file, a newer version of
 * the schema or a missing file: one sentence each, and the file stays untouched. */
struct store *store_open(const char *path, enum store_mode mode, struct err *err);
/* STORE_CREATE with meta that is there from the file's first moment: whoever finds the file,
 * after a kill at any time, finds what it needs to begin. */
struct store_meta;
struct store *store_create(
	const char *path, const struct store_meta *meta, size_t nmeta, struct err *err);
void store_close(struct store *st); /* also stops a store that was started; NULL is fine */
const char *store_path(const struct store *st);

/* ---- meta: key/value text about the crawl ---- */

/* Keys in use: settings (JSON), seen_key, crawl_id, started_at, state ("running",
 * "stopped", "finished"), and counters the crawler keeps. During the run they go
 * through items. */
int store_meta_set(struct store *st, const char *key, const char *value, struct err *err);
char *store_meta_get(struct store *st, const char *key); /* free() it; NULL = not set */

/* ---- the run ---- */

struct store_opts {
	size_t storers;	  /* pool threads; 0 = compress in the writer thread */
	size_t queue_max; /* items that may be under way; store_put never blocks below it */
	/* Rows are durable; the list (by next, in ticket order) is the caller's again.
	 * From the writer thread: hand over and return. */
	void (*committed)(void *arg, struct store_item *list);
	/* Disk full or I/O error, once, from the writer thread. The store keeps every
	 * item not yet durable and writes no more; stop it, free the items (they come
	 * back by store_take_uncommitted) and exit: the file can be resumed. */
	void (*failed)(void *arg, const struct err *err);
	void *arg;
	size_t cache_bytes; /* SQLite's page cache; 0 = 16 MiB */
	bool index;	    /* keep a full-text index up to date (search_live.h) */
	bool store_bodies;  /* false: heads, links and text only */
	bool fast_sync;	    /* synchronous OFF: for tests and throw-away crawls */
};

int store_start(struct store *st, const struct store_opts *opts, struct err *err);

/* The next ticket, 1, 2, 3... Every ticket taken must be put exactly once. */
uint64_t store_ticket(struct store *st);
void store_put(struct store *st, struct store_item *item);

/* Drains, joins the threads; state becomes "finished" or "stopped"; checkpoints, and
 * leaves one plain file without -wal and -shm (unless a reader holds them). */
int store_stop(struct store *st, bool finished, struct err *err);

/* After a failed store_stop: the items that never became durable. */
struct store_item *store_take_uncommitted(struct store *st);

size_t store_queued(struct store *st); /* items put and not given back yet */
/* Items that wait for a thread of the pool, and more threads for it; on the thread of start. */
size_t store_unpacked(struct store *st);
void store_add_storers(struct store *st, size_t storers);

struct store_stats {
	uint64_t items, fetches, batches, urls, excluded, links;
	uint64_t body_in, body_out; /* bytes of bodies as received and as stored */
	uint64_t commit_max_ns;	    /* the longest batch */
	uint64_t batch_max;	    /* most items in one batch */
	uint64_t queue_high;	    /* most items under way */
	uint64_t checkpoints;	    /* of the write-ahead log, and time spent in them */
	uint64_t checkpoint_ns;
};
void store_stats(struct store *st, struct store_stats *out);

/* ---- what an item says ---- */

struct store_new_url {
	uint64_t id; /* given by the frontier: 1, 2, 3... ascending over all items */
	const char *url;
	uint32_t url_len;
	uint32_t host_id;
	uint16_t depth;
	uint8_t hops;	   /* redirects since origin */
	uint8_t kind;	   /* enum facts_kind that found it; LINK_SEED for seeds */
	uint64_t referrer; /* URL id; 0 = none */
	uint64_t origin;   /* first URL of the redirect chain; 0 = none */
};

struct store_excluded {
	const char *url; /* may be NULL when !row */
	uint32_t url_len;
	uint32_t host_id;   /* 0 = a host that has no id */
	const char *reason; /* robots, scope, depth, exclude, ... */
	const char *rule;   /* what decided, or NULL */
	uint64_t referrer;  /* URL id; 0 = none */
	bool row;	    /* false: over the cap, only counted; its key is kept */
	uint64_t key;	    /* fingerprint of the seen set */
	uint64_t url_id;    /* not 0: it was queued (has a row in urls) and is settled by this */
};

/* Found when nothing more could be remembered. */
struct store_beyond {
	const char *url;
	uint32_t url_len;
	uint16_t depth;
	uint8_t hops, kind;
	uint64_t referrer, origin; /* as in store_new_url */
	bool seed, is_list;
};

/* Replaces what is known of the host with this id. */
struct store_host {
	uint32_t id;	    /* 1, 2, 3... */
	const char *name;   /* authority: "example.com:8080" */
	const char *origin; /* "https://example.com:8080": what resume finds the host by */
	const char *ip;	    /* NULL = not resolved */
	const char *state;
	double crawl_delay; /* seconds from robots.txt; negative = none */
	double delay_ms;    /* the governor's present delay */
	uint64_t pages, errors, bytes;
	uint64_t robots_excluded;
	int64_t last_fetched_ms; /* Unix time; 0 = never */
	int64_t not_before_ms;	 /* Unix time; 0 = at once */
	uint32_t backoff;
};

/* Replaces the copy of this origin's robots.txt. */
struct store_robots {
	const char *origin; /* "https://example.com" */
	int64_t fetched_ms; /* Unix time */
	int status;
	const char *text; /* NULL = none */
	size_t len;
	const char *verdict; /* "rules", "allow all", "disallow all (5xx)" */
};

struct store_meta {
	const char *key;
	const char *value;
};

struct store_item {
	struct store_item *next; /* the store's while it owns the item */
	uint64_t ticket;
	void *user;

	/* 1. a fetch; url_id 0 = none in this item */
	uint64_t url_id;
	const char *url;  /* of url_id: links on its origin are kept as paths; NULL = in full */
	uint32_t attempt; /* 1, 2, ... */
	bool final;	  /* false: will be tried again, not before not_before_ms */
	int64_t not_before_ms; /* Unix time */
	int status;	       /* HTTP code, 0 = none */
	const char *error;     /* short stable word or NULL */
	const char *content_type;
	const char *truncated; /* reason or NULL */
	int64_t fetched_wall_ms;
	double dns_ms, connect_ms, tls_ms, wait_ms; /* stages; negative = did not happen */
	double ttfb_ms, total_ms, parse_ms;
	const char *http_version; /* "1.1", "2" */
	char ip[64];		  /* "" = none */
	const char *redirect;	  /* absolute target or NULL */
	uint32_t x_robots;	  /* enum facts_robots from X-Robots-Tag */
	const char *request_head;
	size_t request_head_len;
	const char *response_head;
	size_t response_head_len;
	const void *body; /* as received, chunking removed */
	size_t body_len;
	uint64_t wire_size;	   /* bytes of body on the wire; 0 = body_len */
	const char *coding;	   /* as received: "", "gzip", "br", ...; NULL = "" */
	const struct facts *facts; /* a checked private copy, or NULL */

	/* 2. URLs this item discovered */
	const struct store_new_url *urls;
	size_t nurls;
	/* 3. URLs it may not follow */
	const struct store_excluded *excluded;
	size_t nexcluded;
	/* keys of URLs excluded earlier (rows with this key no longer count: a shorter way was
	 * found, or the scope has grown) that are among `urls` now */
	const uint64_t *readmitted;
	size_t nreadmitted;
	const struct store_beyond *beyond;
	size_t nbeyond;
	uint64_t beyond_done; /* rows up to this id were taken up: their URLs are in this item */
	/* 4., 5. what changed about hosts and robots.txt */
	const struct store_host *hosts;
	size_t nhosts;
	const struct store_robots *robots;
	size_t nrobots;
	/* 6. URL ids in flight and deferred right now: replaces what was said before */
	bool has_inflight;
	const uint64_t *inflight;
	size_t ninflight;
	const uint64_t *deferred;
	size_t ndeferred;
	/* 7. */
	const struct store_meta *meta;
	size_t nmeta;

	/* Made by the pool threads; the store's own, freed before committed(). Zero it. */
	struct store_packed *packed;
};

#endif
