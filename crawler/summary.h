/* summary.h - the closing words of a crawl.
 *
 * Every discovered URL is accounted for: fetched + failed + excluded + left =
 * discovered. summary_print checks that sum and says so in plain words if it does
 * not hold (which is a bug, and shows as one).
 *
 * Contract: pure formatting of a struct the caller filled; main thread.
 */
#ifndef SKITTER_CRAWLER_SUMMARY_H
#define SKITTER_CRAWLER_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config/buf.h"
#include "config/settings.h"
#include "crawler/progress.h"

enum summary_end {
	END_FINISHED, /* nothing left */
	END_LIMIT,    /* a limit the user set; `limit` says which */
	END_SIGNAL,   /* stopped; resumable */
	END_STORAGE,  /* the store failed; `reason` says how */
	END_NO_SEED,  /* no seed could be fetched; `reason` may say why */
	END_INTERNAL, /* `reason` */
};

enum stage {
	STAGE_DNS,
	STAGE_CONNECT,
	STAGE_TLS,
	STAGE_WAIT,
	STAGE_BODY,
	STAGE_PARSE,
	STAGE_STORE,
	STAGES
};

struct summary {
	enum summary_end end;
	const char *limit;  /* "--max-pages 100" */
	const char *reason; /* a sentence without its full stop */
	const char *output; /* the FILE.db */
	bool resumed;	    /* totals include earlier runs */

	/* URLs; totals of the crawl */
	uint64_t discovered, fetched, failed, excluded, left;
	uint64_t pages;	    /* of the fetched: 2xx with a body stored */
	uint64_t redirects; /* of the fetched */
	uint64_t hosts;
	uint64_t links; /* found in this run */

	struct word_count statuses[8]; /* "2xx" .. "5xx" */
	size_t nstatuses;
	struct word_count errors[PROGRESS_ERRORS]; /* of the failed, by error word */
	size_t nerrors;
	struct word_count excludes[PROGRESS_ERRORS]; /* of the excluded, by reason */
	size_t nexcludes;

	/* this run */
	uint64_t elapsed_ms;
	uint64_t run_pages;  /* fetched in this run, for the rate */
	uint64_t requests;   /* attempts, robots.txt and retries included */
	uint64_t bytes_wire; /* received */
	uint64_t bytes_decoded;
	uint64_t bytes_file;	   /* size of FILE.db, 0 = unknown */
	uint64_t memory_peak;	   /* 0 = unknown */
	uint64_t memory_urls;	   /* of known URLs, at the end */
	uint64_t beyond;	   /* links that --url-memory had no room for */
	uint64_t longest_turn_ms;  /* how long the loop was away from its descriptors at most */
	uint64_t parsers_lost;	   /* died or overran */
	const char *parallel;	   /* who worked: "64 fetchers, ..."; NULL = unknown */
	uint64_t stage_us[STAGES]; /* summed over all pages; they overlap in time */
};

/* What the exit status is (DESIGN 5). */
int summary_status(const struct summary *s);
const char *summary_end_name(enum summary_end end);
const char *summary_stage_name(enum stage stage);

void summary_text(struct buf *out, const struct summary *s, const struct progress_look *look);
void summary_json(struct buf *out, const struct summary *s); /* one JSON object, no newline */
/* As text, or as one JSON line; whole in one write. The look is taken from the stream. */
void summary_print(const struct summary *s, FILE *out, enum log_format format);

#endif
