/* export.h - what a crawl holds, handed on: rows as JSON, CSV or a list of URLs, and sitemaps.
 *
 * Contract: everything streams; the memory used depends neither on the number of rows nor on
 * what they hold (sorting spills to a temporary file). One consistent moment of the file, also
 * while a crawl writes it. Errors: -1 and a sentence; a query that is wrong is EXIT_USAGE, a
 * stop that was asked for EXIT_SIGNAL. One thread.
 *
 * What is selected: without a query all rows of the pages view; a condition over its columns
 * selects among them; a whole SELECT takes their place: its rows for JSON and CSV, its
 * column `url` for everything else. Patterns select further by `url`, which has to match one of
 * them: `*` stands for any text, `?` for any character, nothing else is special. A pattern that
 * begins with / is about path and query, one without :// about what follows the scheme, and one
 * that is only a host about all of its pages.
 */
#ifndef SKITTER_STORAGE_EXPORT_H
#define SKITTER_STORAGE_EXPORT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config/err.h"
#include "storage/store.h"

enum export_format { EXPORT_JSONL, EXPORT_CSV, EXPORT_URLS, EXPORT_SITEMAP, EXPORT_FILES };

struct export_opts {
	const char *query;	     /* NULL = all pages */
	const char *const *patterns; /* npatterns of them */
	size_t npatterns;
	bool raw_cells; /* CSV: leave cells alone that a spreadsheet would run */

	/* Called now and then, also while nothing comes: rows so far. NULL = nobody looks. */
	void (*progress)(void *arg, uint64_t rows);
	void *arg;
	const volatile sig_atomic_t *stop; /* becomes not 0: give up. NULL = never */
};

/* EXPORT_JSONL, EXPORT_CSV (RFC 4180) or EXPORT_URLS. *rows: how many were written. */
int store_export(struct store *st, enum export_format format, FILE *out,
	const struct export_opts *opts, uint64_t *rows, struct err *err);

/* How many rows the pages view has: for a share of what is done. */
int store_export_total(struct store *st, uint64_t *out, struct err *err);

/* ---- sitemaps (sitemaps.org) ---- */

#define SITEMAP_MAX_URLS  50000
#define SITEMAP_MAX_BYTES 52428800
#define SITEMAP_MAX_URL	  2047

struct sitemap_parts {
	/* The file of part n, from 0 on; the one before is complete. NULL with err. */
	FILE *(*open)(void *arg, size_t n, const char *origin, struct err *err);
	/* The last lastmod of part n is known ("" = none). */
	void (*done)(void *arg, size_t n, const char *lastmod);
	void *arg;
	uint64_t urls;	   /* out: written */
	uint64_t too_long; /* out: left out, since a sitemap may not name them */
};

/* Pages a search engine may index: answered with 200, HTML, not `noindex`, and
 * without a canonical link to somewhere else; in the order of their URLs. A part holds URLs of
 * one origin, at most SITEMAP_MAX_URLS, in at most SITEMAP_MAX_BYTES. lastmod is the server's
 * Last-Modified. Without any page no part is opened. */
int store_sitemap(struct store *st, struct sitemap_parts *parts, const struct export_opts *opts,
	struct err *err);

/* The index over parts: begin, one entry each, end. Errors show at the fclose. */
void sitemap_index_begin(FILE *out);
void sitemap_index_add(FILE *out, const char *url, const char *lastmod);
void sitemap_index_end(FILE *out);

#endif
