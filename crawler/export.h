/* export.h - skitter export: its parts. Main thread.
 *
 * A format writes what was selected (storage/export.h) to `output`, and says in a line on stdout
 * what that became; NULL or "-" is stdout, where a format can be written there. Whatever is at
 * `output` is complete: see outfile.h.
 */
#ifndef SKITTER_CRAWLER_EXPORT_H
#define SKITTER_CRAWLER_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "config/err.h"
#include "storage/export.h"

struct export_job {
	struct store *st;
	const char *db; /* the name of the file */
	enum export_format format;
	const char *output;
	const char
		*base_url; /* where sitemaps are going to lie; NULL = at the root of their site */
	bool force;
	struct export_opts select;
};

int export_rows_to(struct export_job *job, struct err *err);
int export_sitemaps(struct export_job *job, struct err *err);
int export_files(struct export_job *job, struct err *err);

/* ---- what a person sees meanwhile: a line on stderr, if that is a terminal ---- */

struct export_progress {
	const char *verb; /* "exporting" */
	uint64_t total;	  /* rows there are at most; 0 = unknown */
	int64_t began_ms, shown_ms;
	bool on, shown;
};

void export_progress_begin(struct export_progress *p, struct export_job *job, const char *verb);
/* As export_opts.progress. */
void export_progress_look(void *arg, uint64_t rows);
void export_progress_end(struct export_progress *p);

/* "pages.csv: 1,234 rows, 5.6 MB" on stdout. */
void export_say(const char *output, uint64_t n, const char *what, uint64_t bytes);

/* SIGINT and SIGTERM set *select.stop from now on, if nobody else handles them. */
void export_catch_signals(struct export_job *job);

#endif
