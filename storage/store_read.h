/* store_read.h - reading a crawl: resume, and the commands that answer questions.
 *
 * Everything here works on a store opened with STORE_READ, also while a crawl
 * writes (each call sees one consistent moment), and the store_load_* calls on one
 * opened with STORE_RESUME before store_start. One thread at a time.
 *
 * Errors: -1 and a sentence. Pointers given to callbacks live until they return; a
 * callback that returns void cannot stop a scan.
 *
 * Nothing here inflates what a server compressed: bodies that came gzipped stay so.
 * store_set_inflate lends the store a sandboxed process for it. What skitter itself
 * compressed (zstd) is decompressed here.
 */
#ifndef SKITTER_STORAGE_STORE_READ_H
#define SKITTER_STORAGE_STORE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config/buf.h"
#include "config/err.h"
#include "storage/store.h"

/* Whether a crawl writes the file right now, and its pid (0 = unknown). */
bool store_is_running(const struct store *st, long *pid);

/* ---- resume: one sequential scan each ---- */

enum store_url_state {
	URL_QUEUED, /* never fetched, or was in flight when the crawl stopped */
	URL_DONE,   /* has a final fetch */
	URL_RETRY,  /* fetched, and to be tried again not before not_before_ms */
};

struct store_url {
	uint64_t id; /* ascending from call to call */
	const char *url;
	uint32_t len;
	uint32_t host_id;
	uint16_t depth;
	uint8_t hops;
	uint8_t kind; /* enum facts_kind */
	uint64_t referrer, origin;
	enum store_url_state state;
	uint32_t attempts;     /* fetches so far */
	int64_t not_before_ms; /* Unix time, for URL_RETRY */
	int status;	       /* of the newest fetch, 0 if none */
};

int store_load_urls(struct store *st, void (*fn)(void *arg, const struct store_url *url), void *arg,
	struct err *err);
int store_load_hosts(struct store *st, void (*fn)(void *arg, const struct store_host *host),
	void *arg, struct err *err);
int store_load_robots(struct store *st, void (*fn)(void *arg, const struct store_robots *robots),
	void *arg, struct err *err);
/* Rows (url and row set) and then the keys of those only counted (url NULL). Those found
 * again by a shorter way are left out. */
int store_load_excluded(struct store *st, void (*fn)(void *arg, const struct store_excluded *ex),
	void *arg, struct err *err);
/* Those of them that --depth excluded and that are at most `depth` deep: for a resume with a
 * greater depth. Only rows; what was merely counted has no URL any more. */
int store_load_deep(struct store *st, unsigned depth,
	void (*fn)(void *arg, const char *url, size_t len, unsigned depth, uint64_t referrer),
	void *arg, struct err *err);

/* Queues failed URLs again, before store_start: their newest fetch stays as an earlier one, and
 * they count as left. Without words those that got no answer, or one that may be another next
 * time: 408, 425, 429, 5xx. Words, separated by commas, choose others: error words ("timeout"),
 * statuses ("404"), classes ("4xx"), "all". -1 also where words find nothing. */
int store_retry_failed(struct store *st, const char *words, uint64_t *queued, struct err *err);
/* At most max of the URLs found beyond the memory for known URLs, from after the row `after`.
 * Returns the id of the last one in *last (`after` if there is none). */
int store_load_beyond(struct store *st, uint64_t after, size_t max,
	void (*fn)(void *arg, const struct store_beyond *b), void *arg, uint64_t *last,
	struct err *err);
int store_count_beyond(struct store *st, uint64_t *n, struct err *err);

/* ---- counts ---- */

/* discovered = fetched + failed + excluded + left. A URL that was queued and refused later
 * counts as excluded. */
struct store_counts {
	uint64_t discovered;
	uint64_t fetched;  /* final, with an HTTP answer */
	uint64_t failed;   /* final, without one */
	uint64_t excluded; /* rows + keys */
	uint64_t left;	   /* queued + in_flight + deferred */
	uint64_t queued, in_flight, deferred;
	uint64_t fetches;    /* every attempt */
	uint64_t wire_bytes; /* of all fetches */
	uint64_t body_bytes; /* decoded, of all fetches */
	uint64_t hosts;
};
int store_counts(struct store *st, struct store_counts *out, struct err *err);

/* How many URLs ended with this status and error word (NULL = none), most frequent first. */
int store_outcomes(struct store *st,
	void (*fn)(void *arg, int status, const char *error, uint64_t n), void *arg,
	struct err *err);

/* ---- why: everything known about one URL ---- */

struct store_fetch {
	uint64_t id;
	uint32_t attempt;
	bool final;
	int status;
	const char *error;
	const char *content_type;
	const char *truncated;
	const char *redirect;
	const char *ip;
	const char *http_version;
	int64_t fetched_ms;
	int64_t not_before_ms;
	double ttfb_ms, total_ms;
	uint64_t size, wire_size;
};

struct store_verdict {
	bool known;    /* discovered: has a row in urls */
	bool excluded; /* has a row in excluded: reason and rule are set */
	char *url;
	char *host;
	uint32_t host_id;
	char *state; /* queued, in flight, deferred, done, excluded, unknown */
	uint64_t id;
	uint32_t depth, hops;
	uint32_t kind; /* enum facts_kind that found it */
	char *reason, *rule;
	struct store_fetch *fetches; /* oldest first; strings owned by the verdict */
	size_t nfetches;
	char **referrers; /* the page that found it, the page that found that, ... a seed */
	size_t nreferrers;
	struct store_linker {
		char *source, *kind, *text, *rel;
	} * linkers; /* pages that link to it, at most max_linkers */
	size_t nlinkers;
	bool more_linkers;
	uint64_t same_excluded; /* URLs that the same rule refused on the same host, rows or not */
};

/* Fills *out (release it also after an error). A URL nobody has seen is no error. */
int store_why(struct store *st, const char *url, size_t max_linkers, struct store_verdict *out,
	struct err *err);
/* For a URL that is unknown by name: fills in reason and rule if its fingerprint (of the
 * seen set) is among the refusals that were only counted. */
int store_why_key(struct store *st, uint64_t key, struct store_verdict *out, struct err *err);
void store_verdict_release(struct store_verdict *v);

/* ---- cat: one stored page ---- */

struct store_body {
	struct buf request_head, response_head;
	struct buf body; /* skitter's own zstd undone; the server's coding still on it */
	char coding[32]; /* what is still on the body: "identity", "gzip", "br", ... */
	char *content_type;
	char *charset;
	struct buf text; /* main text as extracted, UTF-8 */
	int status;
	bool has_body;
	uint64_t decoded_size; /* what the parser counted, 0 if it did not */
};

/* The newest fetch of this URL. -1 also when there is none (the sentence says which). */
int store_body(struct store *st, const char *url, struct store_body *out, struct err *err);
void store_body_release(struct store_body *b);

/* ---- sql ---- */

/* Undoes `coding` in a sandboxed process and appends to out. 0, or -1 with err. */
typedef int store_inflate_fn(void *arg, const char *coding, const void *data, size_t len,
	struct buf *out, struct err *err);
void store_set_inflate(struct store *st, store_inflate_fn *fn, void *arg);

/* The registrable domain of a host ("co.uk" aware); static or in out[cap]. NULL = none. */
typedef const char *store_registrable_fn(void *arg, const char *host, char *out, size_t cap);
void store_set_registrable(struct store *st, store_registrable_fn *fn, void *arg);

enum store_sql_format { SQL_TABLE, SQL_CSV, SQL_JSON };

/* Runs one or more SELECTs, read-only by construction (no writing, no ATTACH, no
 * PRAGMA that changes anything). Functions: inflate(body, encoding), url_scheme(u),
 * url_host(u), url_port(u), url_path(u), url_query(u), url_registrable(u), regexp (X
 * REGEXP Y by PCRE2). A table is held to find its column widths (first 1,000 rows);
 * csv and json stream. Text is escaped for the format; a table also for terminals. */
int store_sql(struct store *st, const char *query, enum store_sql_format format, FILE *out,
	struct err *err);

#endif
