/* crawl.h - one crawl: all its parts, and how they are opened, run and closed.
 *
 * Threads: everything here is the loop's, but for what the storage threads hand in
 * through the door. Ownership: the crawl owns its parts; a record owns a page's
 * results from the fetch until the store has committed them.
 *
 * The parts, in the order crawl_open opens them (crawl_close goes back):
 *
 *   loop       coroutines and descriptors
 *   store      one writer thread, a pool of compressing threads; one that reads back
 *   slots      bodies in shared memory; the one credit that bounds everything
 *   parsers    sandboxed processes
 *   dns, http  libevent and helper threads, libcurl
 *   hosts, scope, frontier
 *
 * How much of each there is, fit.c has asked before (budget.h).
 *
 * The coroutines: `concurrency` fetchers in a pool (fetcher.c), one per host being
 * prepared in a pool of its own (prepare.c), the dispatcher that starts those, the
 * keeper (keeper.c: snapshots, limits, display), and `main`, which waits for the end.
 */
#ifndef SKITTER_CRAWLER_CRAWL_H
#define SKITTER_CRAWLER_CRAWL_H

#include <stdbool.h>
#include <stdint.h>

#include "config/settings.h"
#include "crawler/budget.h"
#include "crawler/dns.h"
#include "crawler/frontier.h"
#include "crawler/hosts.h"
#include "crawler/http.h"
#include "crawler/parse.h"
#include "crawler/progress.h"
#include "crawler/room.h"
#include "crawler/scope.h"
#include "crawler/summary.h"
#include "crawler/tune.h"
#include "storage/store.h"
#include "workers/copool.h"
#include "workers/door.h"
#include "workers/loop.h"
#include "workers/slots.h"

#define PREPARERS_MIN 32 /* hosts prepared at a time; as many as fetchers, if that is more */

/* One page's way from the fetch to the store, reused from page to page. */
struct record {
	struct door_item door; /* on its way back from the store; first member */
	struct record *next;   /* in the pool */
	struct store_item item;
	struct http_fetch fetch;
	struct findings findings;
	struct facts *facts;
	size_t answer_room; /* of the crawl's room for answers, for the facts */
	size_t storing;	    /* bytes it takes while the store has it */
	struct slot *slot;  /* NULL: a record without a body (snapshots) */
	struct buf redirect, url;
	struct buf text;	  /* strings the item points to */
	struct store_host *hosts; /* snapshots */
	uint64_t *ids;
	struct store_robots robots;
	struct store_meta meta[8];
	int64_t put_ms;
};

struct counters {
	/* of the whole crawl */
	uint64_t fetched, failed, pages, redirects, links;
	uint64_t bytes_wire, bytes_decoded;
	uint64_t classes[6]; /* of final answers, by first digit */
	struct word_count errors[PROGRESS_ERRORS];
	size_t nerrors;
	struct word_count excludes[PROGRESS_ERRORS];
	size_t nexcludes;
	uint64_t elapsed_before_ms; /* earlier runs */
	/* of this run */
	uint64_t requests, retries, run_pages, run_bytes, run_decoded;
	uint64_t stage_us[STAGES];
	uint64_t store_us;
};

/* A fetcher's place: what it has in its hands, for snapshots. */
struct seat {
	struct crawl *c;
	const struct entry *e; /* NULL = nothing */
};

/* Who else wants to know how it goes: a job of a batch. Called by the loop's thread. */
struct crawl_watch {
	void (*stats)(void *arg, const struct progress_stats *s); /* as often as the display */
	void (*end)(void *arg, const struct summary *s);	  /* once, when all is stored */
	void *arg;
	/* Only robots.txt and sitemaps are fetched: pages stay queued, and nothing is said at the
	 * end. */
	bool lists_only;
};

struct crawl {
	struct settings set;
	struct crawl_watch watch;
	struct loop *loop;
	struct store *store;
	struct slots *slots;
	struct parsers *parsers;
	struct dns *dns;
	struct http *http;
	struct hosts hosts;
	struct scope_rules *scope;
	struct frontier *frontier;
	struct copool *fetchers, *preparers;
	struct door *door, *failure_door;
	struct recall *recall; /* the text of URLs far back in the queue */
	struct door *recall_door;
	struct progress *progress;
	struct url_parser urls; /* scratch, never kept over a wait */
	char *agent;

	struct record *pool; /* records not in use */
	struct budget budget;
	struct tune tune;
	struct machine_ticks ticks; /* when it was last tuned */
	struct buf parallel;	    /* the summary's */
	struct room answers;	    /* for what parsers said, until it is stored */
	struct waitlist big_room;   /* and for a big one */
	struct co *big_first;	    /* whom the next big room is for */
	struct waitlist room;	    /* fetchers waiting for a slot */
	struct host_queue {
		struct host **v;
		size_t head, n, cap;
	} to_prepare;
	struct waitlist dispatch;
	struct seat *seats; /* one per fetcher there may be */
	size_t nseats;
	size_t nfetchers; /* that were started */

	struct hash_key key;
	struct buf follow;     /* redirect targets that widened the scope, one URL a line */
	struct strlist kept;   /* strings that records point to as long as the crawl lives */
	int64_t paid_until_ms; /* --limit-rate: when the bytes so far are paid for */
	struct counters n;
	int64_t started_ms;
	int stops;     /* how often the user asked to stop */
	bool aborting; /* no waiting for anything any more */
	bool ended;    /* fetchers are gone: the keeper and the dispatcher leave */
	bool failed;   /* the store failed */
	struct err failure;
	bool resumed, seed_ok;
	size_t npreparers;	      /* and as many slots are kept for their robots.txt */
	size_t nslots, pending;	      /* records with the store */
	struct co *last;	      /* waits for the last of them */
	size_t storing, storing_most; /* bytes of those; above that, nothing more is fetched */
	char last_url[512];
	struct event *signals[3], *deadline;
};

/* Opens every part, for a new crawl of the seeds or (NULL) to go on with an old one; on failure
 * nothing stays open and *err says why. `set` is taken over. */
struct crawl *crawl_open(struct settings *set, const struct strlist *seeds, struct err *err);
/* The seeds of the settings as URLs; what was guessed is said. 0 or -1 (usage). */
int crawl_seeds(struct settings *set, struct url_parser *p, struct strlist *out, struct err *err);
void crawl_seed(struct crawl *c, const struct strlist *seeds); /* a new crawl: seed.c */
/* Marks the hosts of seeds whose scheme was a guess. */
void crawl_mark_guesses(struct crawl *c);
/* After a failed fetch: whether it was a guess of ours that nobody answered, so that http is next.
 */
bool seed_falls_back(const struct entry *e, const struct http_fetch *f, const char *error);
void seed_fall_back(struct crawl *c, const struct entry *e, struct findings *out);
void crawl_say_begin(const struct settings *set, const struct strlist *seeds);
int crawl_restore(struct crawl *c, struct err *err); /* an old one: restore.c */
/* Reads, and after the store was started queues, what a greater --depth lets in now. */
int crawl_find_deeper(struct crawl *c, struct strlist *urls, struct err *err);
/* What an earlier run had no --url-memory for, as far as there is now; after the store was
 * started. */
int crawl_offer_beyond(struct crawl *c, struct err *err);
void crawl_seed_deeper(struct crawl *c, const struct strlist *urls);
/* Fills the frontier, from seeds or (NULL) from the store, and starts the storage threads. */
int crawl_start(struct crawl *c, const struct strlist *seeds, struct err *err);
/* Crawls until the end, a limit, or a signal. Returns the exit status; prints the summary. */
int crawl_run(struct crawl *c);
void crawl_close(struct crawl *c);

/* ---- between the parts (record.c) ---- */

WAITS struct record *record_take(struct crawl *c, bool reserve); /* waits for a slot; NULL = stop */
struct record *record_plain(struct crawl *c);			 /* without a slot, at once */
void record_give(struct crawl *c, struct record *r);		 /* unused: slot and all */
/* Makes the slot one of `want` bytes with `extra` bytes of credit beside: waits its turn. False:
 * the crawl ends first. */
WAITS bool record_room(struct crawl *c, struct record *r, size_t want, size_t extra);
/* Takes a ticket and hands everything to the store. No wait may come between ticket
 * and put, so they are one step; `fill` offers links and fills the item in between. */
void record_put(struct crawl *c, struct record *r);
void record_committed(void *arg, struct store_item *list); /* from the writer thread */
void count_word(struct word_count *w, size_t *n, const char *word);
/* The same n times, for a word that does not live long. */
void count_kept_word(
	struct crawl *c, struct word_count *w, size_t *n, const char *word, uint64_t times);

/* ---- the coroutines ---- */

WAITS void fetcher(void *seat);			 /* fetcher.c */
WAITS void prepare_host(void *job);		 /* prepare.c */
WAITS void dispatcher(void *crawl);		 /* prepare.c */
void prepare_later(void *crawl, struct host *h); /* the frontier's on_host */
WAITS void keeper(void *crawl);			 /* keeper.c */

void crawl_add_fetchers(struct crawl *c, size_t n);	     /* until there are n */
void crawl_fit(struct crawl *c);			     /* fit.c: budget, limits */
void crawl_adapt(struct crawl *c);			     /* fit.c: more or fewer of them */
void crawl_snapshot(struct crawl *c);			     /* keeper.c: state to the store */
void crawl_census(struct crawl *c);			     /* census.c: SIGUSR1 */
void crawl_signals(struct crawl *c, bool on);		     /* signals.c */
void crawl_stop(struct crawl *c, bool now);		     /* signals.c */
void crawl_summary(struct crawl *c, struct summary *s);	     /* stats.c */
void crawl_stats(struct crawl *c, struct progress_stats *s); /* stats.c */

#endif
