/* batch.h - a batch file: several crawls and what is made of each.
 *
 *   defaults:              any key of a config file, and those of a job; under every job
 *   jobs:
 *     NAME:                letters, digits, `.`, `_`, `-`; at most BATCH_NAME_MAX bytes
 *       ...                any key of a config file (`seeds`, `depth`, `output`, ...)
 *       seeds_file: FILE   another word for input_file
 *       exports:           made when the crawl has ended
 *         - {format: WORD, file: FILE, where: SQL}
 *       report: FILE.html
 *       on_success: COMMAND
 *       on_failure: COMMAND
 *
 * A list or map given by a job replaces that of the defaults; a job that names seeds or
 * seeds_file inherits neither. File names are patterns: {job} is the job's name, %Y %m %d
 * %H and so on (strftime) the moment the batch began.
 *
 * Errors read FILE:LINE:COLUMN: what was expected; status 2. Ownership: everything in a
 * batch belongs to it. One thread. What a URL or an export format is is not known here: the
 * caller checks those and says where by batch_fail.
 */
#ifndef SKITTER_CONFIG_BATCH_H
#define SKITTER_CONFIG_BATCH_H

#include <stddef.h>
#include <time.h>

#include "config/buf.h"
#include "config/err.h"
#include "config/settings.h"

#define BATCH_NAME_MAX 64
#define BATCH_JOBS_MAX 10000

struct batch_at {
	unsigned line, column; /* 0 = nowhere: not given */
};

struct batch_export {
	char *format, *file, *where; /* where: NULL = all pages */
	struct batch_at at, format_at, file_at;
};

struct batch_job {
	char *name;
	struct batch_at at;
	struct settings set; /* defaults under it already */
	struct batch_export *exports;
	size_t nexports;
	char *report; /* NULL = none, as the hooks */
	char *on_success, *on_failure;
	struct batch_at exports_at, report_at, success_at, failure_at;
};

struct batch {
	char *file; /* as given, for sentences */
	struct batch_job *jobs;
	size_t n;
};

/* Reads the file ("-" = stdin). On failure *b is empty. */
int batch_load(struct batch *b, const char *path, struct err *err);
void batch_release(struct batch *b);

/* FILE:LINE:COLUMN: job NAME: and the sentence; without a place, FILE: job NAME: it. -1. */
int batch_fail(const struct batch *b, const struct batch_job *job, struct batch_at at,
	struct err *err, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Where a setting of the job stood ("seeds"); the job's own place if it was not given. */
struct batch_at batch_setting_at(const struct batch_job *job, const char *name);

/* Appends a file name pattern, filled in. The pattern was checked when it was read. */
void batch_expand(struct buf *out, const char *pattern, const char *job, const struct tm *when);
/* Says what is wrong with a pattern in a clause; 0 = nothing. */
int batch_check_pattern(const char *pattern, struct err *err);
/* Whether the date is in it. */
int batch_has_date(const char *pattern);

#endif
