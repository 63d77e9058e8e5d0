/* governor.h - politeness towards one host name: how often and how much at once.
 *
 * One governor per host name, shared by all its origins (http and https, ports).
 * Times are monotonic milliseconds (config/clock.h). Loop thread only.
 *
 * The delay is a promise about what the server sees. It runs from the moment the server has
 * the request, as far as can be known, to the start of the next: from when it was sent, and
 * later by as much as the host was slower to answer than it lately was (the request may have
 * lain there unseen), at most a fifth of the delay.
 *
 *   base      --delay, or for auto 250 ms on public addresses and 0 on loopback and
 *             private ones; at least the Crawl-delay of robots.txt; with auto also at
 *             least half of what the host lately takes to answer, if that is over 1 s
 *   push-back 429 and 503: Retry-After is obeyed (up to GOVERNOR_CEILING_MS); without
 *             one the delay doubles, with jitter, from at least 1 s
 *   recovery  each good answer raises the rate by 1/16 of the base rate (additive
 *             increase, multiplicative decrease)
 */
#ifndef SKITTER_CRAWLER_GOVERNOR_H
#define SKITTER_CRAWLER_GOVERNOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GOVERNOR_CEILING_MS (10 * 60 * 1000) /* no longer silence is accepted from a server */

struct governor {
	char *name;	      /* host name */
	double base_ms;	      /* delay without push-back */
	double delay_ms;      /* present delay */
	double crawl_delay_s; /* of robots.txt; < 0 = none */
	double answer_ms;     /* smoothed time to first byte */
	double took_ms;	      /* smoothed time that requests took, whatever their end; 0 = none */
	int64_t next_start;   /* not before */
	int64_t prev_start;   /* what it was before the last start */
	int64_t sent;	      /* when the last request went out */
	double least_ms;      /* about the shortest wait for an answer lately; < 0 = none yet */
	uint32_t inflight;
	uint32_t limit;	  /* --per-host, 1 under a Crawl-delay */
	uint32_t backoff; /* push-backs in a row */
	bool is_auto;
};

void governor_init(struct governor *g, const char *name, double delay_s, int per_host);
void governor_release(struct governor *g);

/* Called when the host's addresses are known (auto only). */
void governor_set_public(struct governor *g, bool is_public);
void governor_set_crawl_delay(struct governor *g, double seconds);

bool governor_has_room(const struct governor *g);
void governor_start(struct governor *g, int64_t now);
/* The request goes out now: it may have been waiting for its connection. */
void governor_sent(struct governor *g, int64_t now);
/* Its answer began that long after (before governor_end). */
void governor_waited(struct governor *g, double ms);
void governor_cancel(struct governor *g); /* the request just started was not made after all */
/* A request ended. ttfb_ms < 0 = no answer. push_back: 429, 503 or a refused connection;
 * retry_after_ms < 0 = none given. */
void governor_end(
	struct governor *g, int64_t now, double ttfb_ms, bool push_back, int64_t retry_after_ms);

void governor_took(struct governor *g, double ms);

/* Milliseconds with +-25 % jitter, so that hosts and retries do not march in step. */
int64_t governor_jitter(double ms);

#endif
