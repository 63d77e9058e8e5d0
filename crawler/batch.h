/* batch.h - the parts of `skitter batch`: one parent, a forked process per job.
 *
 *   cmd_batch.c    the command: flags, checks of the whole file before anything starts
 *   batch_plan.c   what each job is about to do, and --dry-run
 *   batch_run.c    the parent: starts jobs, passes signals on, takes their messages
 *   batch_job.c    a job's process: crawl, exports, report, hook
 *   batch_show.c   what is seen meanwhile; batch_view.c: the same as text (pure)
 *
 * The parent has one thread and opens neither SQLite nor libcurl before it forks, so a job
 * may do with its copy of the process what `crawl` does with a fresh one. A job is a process
 * group of its own: what a terminal sends by Ctrl-C reaches the parent alone, who passes it
 * on once. Numbers come back by a queue in shared memory (xqueue): a job never waits
 * for the parent to take a number, only to be told that it has ended.
 *
 * A job is done when FILE.db says so (meta `batch` is "done"): crawl, exports, report and hook.
 * "again" says that it is to be replaced. Whatever else the file says, the job goes on from
 * there, so running the batch again finishes it.
 */
#ifndef SKITTER_CRAWLER_BATCH_H
#define SKITTER_CRAWLER_BATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "config/batch.h"
#include "crawler/progress.h"
#include "workers/proc.h"
#include "workers/xqueue.h"

enum batch_state {
	BATCH_WAITING, /* not started */
	BATCH_RUNNING,
	BATCH_DONE,
	BATCH_BEFORE, /* was done before: nothing to do */
	BATCH_FAILED,
	BATCH_STOPPED, /* by a signal; goes on next time */
};

struct batch_numbers {
	uint64_t pages, queued, failed, bytes; /* of the crawl, earlier runs included */
	uint64_t run_pages, elapsed_ms;	       /* of this run; run_pages is known at its end */
};

/* A line of the table. */
struct batch_row {
	const char *name, *log;
	enum batch_state state;
	struct batch_numbers n;
	struct progress_rate rate;
	char text[400]; /* what it is doing, or how it ended; not escaped */
	int status;	/* exit status, once it has ended */
};

/* A job with its file names filled in. */
struct batch_task {
	const struct batch_job *job;
	struct settings set; /* the crawl's */
	struct strlist seeds;
	struct strlist hosts;	/* of the seeds: two jobs on one host take turns */
	struct strlist exports; /* the files of job->exports */
	char *output, *log, *report;
	bool chosen; /* by --only */
	/* while it runs */
	struct proc *proc;
	int64_t kill_ms; /* when its patience ends, after a signal; 0 = none was sent */
};

struct batch_opts {
	int parallel;
	bool keep_going, again, dry_run, quiet;
	enum log_format log_format;
	enum progress_mode progress;
	time_t began; /* the moment of the patterns */
};

/* What a job sends. */
enum batch_kind { BATCH_PHASE, BATCH_NUMBERS, BATCH_END };

struct batch_message {
	uint32_t job;
	uint32_t kind;
	bool before; /* BATCH_END: there was nothing to do */
	struct batch_numbers n;
	char text[400];
};

/* ---- batch_plan.c ---- */

/* Fills in what a job will do. -1: a sentence with the place in the file. */
int batch_plan(struct batch_task *t, const struct batch *b, const struct batch_job *job,
	const struct batch_opts *o, struct err *err);
/* Two jobs must not write one file. */
int batch_check_files(const struct batch *b, struct batch_task *t, size_t n, struct err *err);
void batch_task_release(struct batch_task *t);

/* What is at the output. */
enum batch_found {
	FOUND_NOTHING,
	FOUND_UNFINISHED, /* the crawl, or what comes after it */
	FOUND_DONE,
	FOUND_FRUITLESS, /* finished without a single page: begun anew */
	FOUND_AGAIN,	 /* to be replaced: somebody said --again */
};
/* Opens SQLite: never in the parent before a fork. -1 and a sentence: something else is there. */
int batch_look(const struct batch_task *t, enum batch_found *found, struct err *err);
/* In a process of its own: marks what is done, or of other seeds, to be replaced. */
struct batch_again {
	const struct batch_task *tasks;
	size_t n;
};
int batch_again_main(void *again);
/* --dry-run, on stdout. The exit status. */
int batch_describe(struct batch_task *t, size_t n, const struct batch_opts *o);

/* ---- batch_job.c ---- */

struct batch_child {
	/* Shared with the parent, who sets it before it passes a signal on: a signal that
	 * arrives while the crawl is being closed is seen by nobody. */
	const atomic_int *stop;
	pid_t parent;
	struct batch_task *task;
	const struct batch_opts *opts;
	struct xqueue *queue;
	uint32_t index;
};
int batch_job_main(void *child); /* for proc_fork; the exit status */

/* ---- batch_run.c ---- */

/* Runs the chosen tasks. rows[i] belongs to tasks[i]. The exit status, or -1. */
int batch_run(struct batch_task *tasks, struct batch_row *rows, size_t n,
	const struct batch_opts *o, struct err *err);
/* The rule: 0 if every row succeeded; 3 if `stopped` and one has not; else the worst,
 * which is the first of 1, 4, 2, 5, 3 that a row ended with. */
int batch_status(const struct batch_row *rows, size_t n, bool stopped);

/* ---- batch_view.c: pure ---- */

const char *batch_state_name(enum batch_state state);
/* A heading and a line per job, none wider than the terminal; at most look->rows - 1 lines, of
 * which the last then counts the jobs left out. How many lines. */
int batch_table(
	struct buf *out, const struct batch_row *rows, size_t n, const struct progress_look *look);
/* One job as a plain line ("120 pages, 3.4 pages/s, ..."), no newline. */
void batch_line(struct buf *out, const struct batch_row *row);
/* The inside of a JSON object, for log_event. */
void batch_json(struct buf *out, const struct batch_row *row);
/* "3 of 5 jobs done, 1 failed, 1 not started" */
void batch_sum(struct buf *out, const struct batch_row *rows, size_t n);

/* ---- batch_show.c ---- */

struct batch_show;
struct batch_show *batch_show_open(const struct batch_opts *o);
void batch_show_tick(struct batch_show *s, const struct batch_row *rows, size_t n);
/* A job began, ended, or does something else now. */
void batch_show_event(struct batch_show *s, const char *event, const struct batch_row *row);
/* Takes the display down and prints the last table. */
void batch_show_close(struct batch_show *s, const struct batch_row *rows, size_t n, int status);

#endif
