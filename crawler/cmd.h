/* cmd.h - the commands.
 *
 * Contract: a command gets argv[0] = its own name, prints what was asked for on
 * stdout, prints problems as `skitter: SENTENCE` on stderr, and returns the exit
 * status. It runs in the main thread of its process.
 */
#ifndef SKITTER_CRAWLER_CMD_H
#define SKITTER_CRAWLER_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "config/err.h"
#include "config/settings.h"

struct command {
	const char *name;
	int (*fn)(int argc, char **argv);
	const char *help;     /* one line */
	const char *usage;    /* what follows "skitter " */
	const char *text;     /* options and meaning, whole lines; NULL = none */
	bool settings;	      /* the options of the settings table follow */
	const char *examples; /* whole lines */
};

int cmd_crawl(int argc, char **argv);
int cmd_resume(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_batch(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_why(int argc, char **argv);
int cmd_cat(int argc, char **argv);
int cmd_sql(int argc, char **argv);
int cmd_search(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_robots(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_bench_web(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_config(int argc, char **argv);
int cmd_completion(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_version(int argc, char **argv);

extern const struct command cmd_table[];
extern const size_t cmd_count;

const struct command *cmd_find(const char *name); /* NULL = unknown */
/* Runs argv[1] of the program; unknown ones are answered with the nearest. */
int cmd_dispatch(int argc, char **argv);

/* `skitter: SENTENCE` on stderr; returns err->status. */
int cmd_fail(const struct err *err);
/* The help page of one command. */
void cmd_usage(const struct command *c, FILE *out);

/* ---- arguments of the small commands ---- */

struct cmd_flag {
	const char *name;     /* "json": matched as --json */
	char letter;	      /* and as -j; 0 = none */
	const char **value;   /* takes a value, stored here; or */
	bool *on;	      /* a switch; or */
	struct strlist *list; /* takes a value, may be repeated */
};

/* Splits argv into flags and at most `max` positional arguments. How many, or -1 with
 * a sentence that names the nearest flag. *help is set by --help and -h. */
int cmd_args(int argc, char **argv, const struct cmd_flag *flags, size_t nflags, const char **pos,
	int min, int max, bool *help, struct err *err);

#endif
