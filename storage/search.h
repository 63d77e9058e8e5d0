/* search.h - full-text search over one crawl, running or not.
 *
 * Opening brings the index up to date: in the crawl's own file where that may be written, under
 * the lock a crawl takes, so neither disturbs the other. While a crawl writes (without keeping an
 * index itself), or where the file may only be read, the index goes into FILE.db.search beside
 * it, and where nothing may be written there either, into a temporary file. Either way the crawl's
 * rows are only read. An index is begun anew by itself when it belongs to another crawl.
 *
 * Titles and text are hostile: escape what is shown. One thread.
 */
#ifndef SKITTER_STORAGE_SEARCH_H
#define SKITTER_STORAGE_SEARCH_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/buf.h"
#include "config/err.h"

struct search;

struct search_opts {
	/* Called while an index is built: fetches looked at, of how many. May be NULL. */
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	/* Somebody else builds it right now: process pid (0 = unknown). Once. May be NULL. */
	void (*waiting)(void *arg, long pid);
	void *arg;
	const volatile sig_atomic_t *stop; /* not 0: end the build after this piece; may be NULL */
	bool rebuild;			   /* begin the index anew */
};

/* -1 from a stop: status EXIT_SIGNAL; what was built is kept. */
struct search *search_open(const char *path, const struct search_opts *o, struct err *err);
void search_close(struct search *s);

struct search_info {
	uint64_t pages;	   /* in the index */
	uint64_t hidden;   /* not in it: they say noindex */
	uint64_t newer;	   /* fetches that came after it */
	const char *where; /* the file that holds the index */
	bool beside;	   /* that is not the crawl's own */
	bool temporary;	   /* and it goes away with search_close */
	bool running;	   /* a crawl writes the file */
};
void search_info(const struct search *s, struct search_info *out);

struct search_filter {
	const char *const *hosts; /* any of these; NULL = all. Without a port any port matches */
	size_t nhosts;
	const char *lang; /* "en" also matches "en-GB"; NULL = all */
	uint64_t limit, offset;
};
#define SEARCH_MAX_LIMIT 10000 /* limit + offset */

/* Bytes of a text. */
struct search_mark {
	size_t start, end;
};

struct search_hit {
	uint64_t rank;					 /* 1, 2, ... */
	double score;					 /* greater is better */
	const char *url, *host, *lang, *fetched_at;	 /* lang may be NULL */
	struct buf title, snippet;			 /* may be empty */
	struct search_mark *title_marks, *snippet_marks; /* ascending, apart */
	size_t ntitle_marks, nsnippet_marks;
	bool cut_front, cut_back; /* text goes on before and after the snippet */
};

/* Calls fn for each page in order of rank. *found: how many there are in all. left_out: words of
 * the query that are none; may be NULL. */
int search_find(struct search *s, const char *query, const struct search_filter *filter,
	void (*fn)(void *arg, const struct search_hit *hit), void *arg, uint64_t *found,
	struct buf *left_out, struct err *err);

#endif
