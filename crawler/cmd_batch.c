/* cmd_batch.c - skitter batch FILE.yaml: several crawls from one file. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/log.h"
#include "config/mem.h"
#include "config/text.h"
#include "crawler/batch.h"
#include "crawler/cmd.h"
#include "crawler/cmd_crawl.h"

struct args {
	struct batch_opts opts;
	const char *file, *parallel, *date, *format, *progress;
	struct strlist only;
	bool help;
};

/* ---- flags --------------------------------------------------------------------------------- */

static int read_parallel(struct args *a, struct err *err)
{
	char *end;
	long n = a->parallel ? strtol(a->parallel, &end, 10) : 1;

	if (a->parallel && (*end || end == a->parallel || n < 1 || n > 256))
		return err_set(err, EXIT_USAGE,
			"--parallel: expected a whole number from 1 to 256, found `%.40s`",
			a->parallel);
	a->opts.parallel = (int)n;
	return 0;
}

/* YYYY-MM-DD, or with T and a time; local, as the patterns are. */
static int read_date(struct args *a, struct err *err)
{
	struct tm tm = {.tm_isdst = -1};
	const char *end;

	a->opts.began = time(NULL);
	if (!a->date)
		return 0;
	end = strptime(a->date, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!end) {
		tm = (struct tm){.tm_isdst = -1};
		end = strptime(a->date, "%Y-%m-%d", &tm);
	}
	if (!end || *end)
		return err_set(err, EXIT_USAGE,
			"--date: expected 2026-01-31 or 2026-01-31T18:30:00, found `%.40s`",
			a->date);
	a->opts.began = mktime(&tm);
	return 0;
}

/* A word of the settings table, by its own row. */
static int read_words(struct args *a, struct err *err)
{
	char name[] = "crawl";
	struct settings s;
	char *argv[4] = {name, NULL, NULL, NULL};
	struct buf format = BUF_INIT, progress = BUF_INIT;
	int argc = 1, rc;

	settings_init(&s);
	if (a->format) {
		buf_addf(&format, "--log-format=%s", a->format);
		argv[argc++] = format.data;
	}
	if (a->progress) {
		buf_addf(&progress, "--progress=%s", a->progress);
		argv[argc++] = progress.data;
	}
	rc = settings_parse_args(&s, argc, argv, "crawl", err);
	a->opts.log_format = s.log_format;
	a->opts.progress = s.progress;
	settings_release(&s);
	buf_release(&format);
	buf_release(&progress);
	return rc;
}

static int read_args(struct args *a, int argc, char **argv, struct err *err)
{
	const struct cmd_flag flags[] = {{"only", 0, NULL, NULL, &a->only},
		{"parallel", 'j', &a->parallel, NULL, NULL},
		{"keep-going", 'k', NULL, &a->opts.keep_going, NULL},
		{"dry-run", 'n', NULL, &a->opts.dry_run, NULL},
		{"again", 0, NULL, &a->opts.again, NULL}, {"date", 0, &a->date, NULL, NULL},
		{"log-format", 0, &a->format, NULL, NULL},
		{"progress", 0, &a->progress, NULL, NULL},
		{"quiet", 'q', NULL, &a->opts.quiet, NULL}};

	if (cmd_args(argc, argv, flags, MEM_COUNT(flags), &a->file, 1, 1, &a->help, err) < 0)
		return -1;
	if (a->help)
		return 0;
	return read_parallel(a, err) < 0 || read_date(a, err) < 0 || read_words(a, err) < 0 ? -1
											    : 0;
}

/* ---- which jobs ---------------------------------------------------------------------------- */

static int choose_one(const struct batch *b, bool *chosen, const char *name, struct err *err)
{
	const char **names = mem_array(b->n, sizeof(*names)), *near;
	struct buf shown = BUF_INIT;

	for (size_t i = 0; i < b->n; i++) {
		names[i] = b->jobs[i].name;
		if (!strcmp(name, names[i])) {
			chosen[i] = true;
			free(names);
			return 0;
		}
	}
	near = text_nearest(name, names, b->n);
	text_terminal(&shown, name, strnlen(name, 80));
	if (near)
		err_set(err, EXIT_USAGE, "--only: %s has no job `%s`; did you mean `%s`?", b->file,
			shown.data, near);
	else
		err_set(err, EXIT_USAGE, "--only: %s has no job `%s`; --dry-run lists them",
			b->file, shown.data);
	buf_release(&shown);
	free(names);
	return -1;
}

static int choose(const struct batch *b, bool *chosen, const struct strlist *only, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < b->n; i++)
		chosen[i] = !only->n;
	for (size_t i = 0; i < only->n && !rc; i++) {
		char *copy = mem_strdup(only->v[i]), *save = copy, *name;
		while (!rc && (name = strsep(&save, ",")))
			if (*name)
				rc = choose_one(b, chosen, name, err);
		free(copy);
	}
	return rc;
}

/* ---- the run ------------------------------------------------------------------------------- */

/* How the rest is done, where something is left. The date stays the same over midnight. */
static void say_how_to_go_on(const struct args *a, const struct batch *b)
{
	bool dated = false;
	struct buf line = BUF_INIT;
	struct tm tm;
	char when[32];

	for (size_t i = 0; i < b->n; i++)
		dated |= b->jobs[i].set.output && batch_has_date(b->jobs[i].set.output);
	buf_addf(&line, "Go on: skitter batch %s", a->file);
	if (dated) {
		localtime_r(&a->opts.began, &tm);
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
		buf_addf(&line, " --date %s", when);
	}
	if (a->opts.log_format == LOG_FORMAT_TEXT) {
		struct buf shown = BUF_INIT;
		text_terminal(&shown, line.data, line.len);
		fprintf(stderr, "%s\n", shown.data);
		buf_release(&shown);
	}
	buf_release(&line);
}

static int run(const struct args *a, const struct batch *b, struct batch_task *tasks, size_t n,
	struct err *err)
{
	struct batch_row *rows = mem_array(n, sizeof(*rows));
	int status;

	for (size_t i = 0; i < n; i++)
		rows[i] = (struct batch_row){.name = tasks[i].job->name, .log = tasks[i].log};
	log_open(a->opts.quiet ? LOG_WARN : LOG_INFO, a->opts.log_format == LOG_FORMAT_JSON);
	status = batch_run(tasks, rows, n, &a->opts, err);
	if (status == EXIT_SIGNAL)
		say_how_to_go_on(a, b);
	free(rows);
	return status < 0 ? cmd_fail(err) : status;
}

static int batch(const struct args *a, struct err *err)
{
	struct batch_task *tasks = NULL;
	bool *chosen = NULL;
	struct batch b;
	size_t n = 0, kept = 0;
	int status = -1;

	if (batch_load(&b, a->file, err) < 0)
		return -1;
	url_global_init();
	tasks = mem_array(b.n, sizeof(*tasks));
	chosen = mem_array(b.n, sizeof(*chosen));
	if (choose(&b, chosen, &a->only, err) < 0)
		goto out;
	/* All of them are checked: a mistake is better found before the first job. */
	for (; n < b.n; n++)
		if (batch_plan(&tasks[n], &b, &b.jobs[n], &a->opts, err) < 0) {
			n++;
			goto out;
		}
	if (batch_check_files(&b, tasks, n, err) < 0)
		goto out;
	for (size_t i = 0; i < n; i++) {
		if (chosen[i])
			tasks[kept++] = tasks[i];
		else
			batch_task_release(&tasks[i]);
	}
	n = kept;
	status = a->opts.dry_run ? batch_describe(tasks, n, &a->opts) : run(a, &b, tasks, n, err);
out:
	for (size_t i = 0; i < n; i++)
		batch_task_release(&tasks[i]);
	free(tasks);
	free(chosen);
	batch_release(&b);
	return status;
}

int cmd_batch(int argc, char **argv)
{
	struct args a = {0};
	struct err err = {0};
	int status;

	if (read_args(&a, argc, argv, &err) < 0) {
		status = cmd_fail(&err);
	} else if (a.help) {
		cmd_usage(cmd_find("batch"), stdout);
		status = EXIT_OK;
	} else {
		status = batch(&a, &err);
		if (status < 0)
			status = cmd_fail(&err);
	}
	strlist_clear(&a.only);
	return status;
}
