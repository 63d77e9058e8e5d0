/* report.h - what a crawl found out: numbers, distributions, and lists of what to mend.
 *
 * report_make reads a store opened with STORE_READ (also while a crawl writes: everything in
 * a report is of one moment) and gives a plain value that knows nothing of the database any
 * more. Who shows it (report_html, report_json, a terminal) only walks over it.
 *
 * Memory: 16 MiB of caches, 28 bytes per fetched page, and the lists, which hold `rows` rows
 * each. Everything else (who links to what, groups of duplicates) is in a temporary file of
 * SQLite, unlinked from its first moment, in $SQLITE_TMPDIR, $TMPDIR, /var/tmp or /tmp.
 *
 * Nothing in a report is escaped: titles, URLs and link texts are hostile, and each form of
 * output has its own rules. All text is valid UTF-8 only if the page said so.
 *
 * Ownership: everything in a report belongs to it, but for what is static (keys, titles).
 */
#ifndef SKITTER_STORAGE_REPORT_H
#define SKITTER_STORAGE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config/buf.h"
#include "config/err.h"
#include "storage/store_read.h"

#define REPORT_ROWS 200 /* per list, if nothing else is asked for */

/* ---- what became of a URL, in the words of the report ----
 *
 * Being unable to fetch a page does not mean that it is dead. Only what the server itself
 * calls gone is. */
enum report_class {
	REPORT_OK,
	REPORT_REDIRECT,
	REPORT_DEAD,	    /* 404, 410: the server says there is no such page */
	REPORT_UNREACHABLE, /* no address, nothing listens, no TLS: from here, at that time */
	REPORT_BLOCKED,	    /* 401, 403, 451, ...: refused to us; others may see it */
	REPORT_LIMITED,	    /* 429: we asked too often; the page is probably fine */
	REPORT_FLAKY,	    /* 5xx, timeouts, broken connections: may work the next time */
	REPORT_OTHER,	    /* other answers that are no page */
	REPORT_ROBOTS,	    /* not asked for: robots.txt */
	REPORT_UNKNOWN,	    /* never fetched: out of scope, or still to come */
	REPORT_CLASSES
};
enum report_class report_classify(int status, const char *error);
const char *report_class_word(enum report_class c);    /* "dead", "rate-limited", ... */
const char *report_class_meaning(enum report_class c); /* a clause for people */

/* ---- charts ---- */

struct report_bar {
	char *label;
	double n;
	unsigned tone; /* 0 = plain, 2 = good, 3 = neutral, 4 = warning, 5 = bad */
};

struct report_chart {
	const char *key, *title, *unit; /* unit of n: "pages" */
	char *note;			/* "half are below 12 ms", or NULL */
	bool ordered;			/* the bars are an axis (a histogram), not a ranking */
	struct report_bar *bars;
	size_t n;
};

/* ---- lists ---- */

enum report_kind {
	REPORT_TEXT,
	REPORT_URL,
	REPORT_STATUS, /* HTTP code, or 0 with the error word as text */
	REPORT_WORD,   /* one of a few words: shown as a label */
	REPORT_NUMBER,
	REPORT_BYTES,
	REPORT_MS,
	REPORT_TIME,  /* Unix milliseconds */
	REPORT_LINKS, /* some of `n` links or URLs */
};

struct report_link {
	char *url, *text, *kind; /* text, kind: NULL = none */
};

struct report_cell {
	bool has; /* false: nothing to show */
	double n;
	char *text;
	struct report_link *links;
	size_t nlinks;
};

struct report_column {
	const char *key, *title;
	enum report_kind kind;
};

enum report_weight { REPORT_PROBLEM, REPORT_NOTICE, REPORT_FACT };

struct report_list {
	const char *key, *title;
	const char *about; /* what it means and what to do: a sentence or two */
	const char *rest;  /* SQL for `skitter sql` that gives all of it; NULL = there is none */
	enum report_weight weight;
	const struct report_column *columns;
	size_t ncolumns;
	struct report_cell *cells; /* nrows times ncolumns */
	size_t nrows;
	uint64_t total; /* rows there are */
};

struct report_section {
	const char *key, *title;
	struct report_list *lists;
	size_t nlists;
};

/* ---- politeness towards one host ---- */

struct report_host {
	char *name, *ip, *state;
	char *robots;	     /* what became of its robots.txt */
	double robots_delay; /* Crawl-delay in seconds; < 0 = none asked for */
	uint64_t requests;   /* repeated ones included, robots.txt not */
	uint64_t urls, repeated;
	uint64_t pages, redirects, client_errors, server_errors, limited, no_answer;
	uint64_t bytes, robots_excluded;
	int64_t first_ms, last_ms;
	double gap_least_ms, gap_median_ms; /* between starts; < 0 = there was one request */
	uint64_t gaps_short;		    /* shorter than Crawl-delay */
	uint64_t busiest_second, busiest_minute;
	unsigned at_once; /* most requests open at the same time */
};

struct report_times {
	double p50, p90, p99, most; /* < 0 = none */
};

struct report {
	char *file;
	char *title; /* host of the first seed, or the file's name */
	char *seeds; /* first ones, a line each */
	uint64_t nseeds;
	char *state; /* finished, stopped, running, killed, not begun */
	char *contact, *user_agent;
	int64_t made_ms, first_ms, last_ms; /* 0 = nothing was fetched */
	struct store_counts counts;
	uint64_t pages, html, links, classes[REPORT_CLASSES];
	uint64_t unchecked; /* excluded for scope and the like: not fetched, so not judged */
	struct report_times answer, size;
	double delay_s; /* --delay; < 0 = auto */
	int per_host;
	struct report_chart *charts;
	size_t ncharts;
	struct report_section *sections;
	size_t nsections;
	struct report_host *hosts; /* most requests first */
	size_t nhosts;
	uint64_t hosts_total;
	size_t rows; /* as asked for */
	struct report_arena *arena;
};

struct report_opts {
	size_t rows;	  /* of each list; 0 = REPORT_ROWS */
	const char *host; /* only what concerns this host's owner; NULL = all */
	/* Appends the form by which two URLs (without fragment) count as the same page; NULL =
	 * they are compared as they are. Only called for URLs in which something is to be done. */
	void (*same_page)(void *arg, const char *url, size_t len, struct buf *out);
	bool has_ignored; /* query parameters are ignored: same_page for every URL with a query */
	/* Long work, now and then; NULL = nobody wants to know. total 0 = unknown. */
	void (*progress)(void *arg, const char *what, uint64_t done, uint64_t total);
	void *arg;
};

int report_make(
	struct store *st, const struct report_opts *o, struct report **out, struct err *err);
void report_free(struct report *r); /* NULL is fine */

/* ---- shown ---- */

/* One HTML file that asks nobody for anything; the version is named at its end. */
void report_html(struct buf *out, const struct report *r, const char *version);
/* One page for the owner of a host: what was asked, how often, by whom. */
void report_html_host(
	struct buf *out, const struct report *r, const struct report_host *h, const char *version);
/* One JSON object, lists as arrays of objects. */
void report_json(struct buf *out, const struct report *r);

void report_add_time(struct buf *out, int64_t ms); /* 2026-01-31 12:00:00 (UTC) */
void report_add_ms(struct buf *out, double ms);	   /* 1.2 ms, 12 ms, 1.20 s */

#endif
