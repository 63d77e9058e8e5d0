/* progress.h - what a person sees while it crawls.
 *
 * Three faces: a block of lines redrawn in place (stderr is a terminal), plain
 * lines every 5 s (it is not), JSON events every 5 s (--log-format json). Log
 * lines appear above the block (log_hook).
 *
 * Contract: main thread only; progress_tick is called about 5 times a second with
 * the state as it is now (totals, never differences) and costs one write(2). The
 * stats are copied. URLs are escaped here.
 */
#ifndef SKITTER_CRAWLER_PROGRESS_H
#define SKITTER_CRAWLER_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/buf.h"
#include "config/settings.h"

#define PROGRESS_ERRORS 24

struct word_count {
	const char *word; /* static, or alive as long as the struct is used */
	uint64_t n;
};

struct progress_stats {
	/* totals of the whole crawl (resumes included) */
	uint64_t pages;	     /* fetched with a 2xx body of any kind */
	uint64_t discovered; /* = fetched + failed + excluded + queued + in flight */
	uint64_t fetched;    /* answered by a server, any status */
	uint64_t failed;
	uint64_t excluded;
	uint64_t queued; /* waiting, deferred included */
	uint64_t in_flight;
	uint64_t retries;
	uint64_t bytes_wire;
	uint64_t bytes_decoded;
	struct word_count errors[PROGRESS_ERRORS]; /* by error word; HTTP ones as "404" */
	size_t nerrors;

	/* now */
	uint32_t hosts_total, hosts_busy, hosts_waiting, hosts_preparing, hosts_refused;
	uint32_t fetchers_active, fetchers_limit;
	uint32_t slots_used, slots_total;
	uint32_t parsers_busy, parsers_total, parsers_lost;
	uint32_t store_queue, store_queue_limit;
	uint64_t memory;	/* bytes resident */
	uint64_t memory_budget; /* 0 = not set */
	uint64_t memory_urls;	/* of the memory: known URLs, which the budget does not bound */
	uint64_t elapsed_ms;	/* of this run, monotonic */
	uint64_t max_pages;	/* 0 = no limit: shown as a share where there is one */
	int64_t next_due_ms;	/* until the next host is due; -1 = unknown or now */
	const char *state;	/* NULL, or a word or two: "finishing, Ctrl-C again to stop now" */
	char last_url[512];
};

struct progress;

/* Opens the face that fits the settings, stderr and the environment (TERM, NO_COLOR).
 * Never fails; with --progress never or -q the object is silent. */
struct progress *progress_open(const struct settings *s);
void progress_tick(struct progress *p, const struct progress_stats *st);
/* Removes the block (plain: a last line), unhooks the log and frees. NULL is fine. */
void progress_close(struct progress *p);

/* ---- for tests: the pure part ---- */

struct progress_look {
	int columns; /* 0 = 80 */
	int rows;    /* 0 = 24 */
	bool color;
	bool utf8;
};

/* What the descriptor can show: its size, colour (a terminal, and no NO_COLOR), UTF-8 by
 * the locale variables. */
void progress_look_at(struct progress_look *look, int fd);

/* Rates over about the last 5 s, from totals at known times. */
struct progress_rate {
	struct {
		uint64_t ms, pages, bytes;
	} ring[32];
	unsigned head, n;
};

void progress_rate_add(struct progress_rate *r, uint64_t ms, uint64_t pages, uint64_t bytes);
double progress_rate_pages(const struct progress_rate *r); /* per second */
double progress_rate_bytes(const struct progress_rate *r);

/* The live block: whole lines that end in '\n', none wider than the terminal. */
int progress_block(struct buf *out, const struct progress_stats *st, const struct progress_rate *r,
	const struct progress_look *look); /* how many lines */
/* One plain line, no newline. */
void progress_line(struct buf *out, const struct progress_stats *st, const struct progress_rate *r);
/* The inside of a JSON object, for log_event. */
void progress_json(struct buf *out, const struct progress_stats *st, const struct progress_rate *r);

#endif
