/* batch_job.c - a job's own process: crawl, exports, report, hook.
 *
 * Its standard input is empty, its output and errors go to the job's log. A signal during
 * the crawl stops that as usual; afterwards it ends the process and whatever the hook
 * started (one process group), and the next run of the batch makes what is missing.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/log.h"
#include "config/mem.h"
#include "config/settings_table.h"
#include "config/text.h"
#include "crawler/batch.h"
#include "crawler/cmd.h"
#include "crawler/cmd_crawl.h"

#define TELL_MS 5000 /* for the words that must arrive, where the queue is full */

struct job {
	struct batch_child *child;
	struct batch_task *task;
	struct batch_numbers n;
	struct buf summary; /* JSON of the crawl; empty: it did not begin */
	char why[400];	    /* how it ended */
};

__attribute__((format(printf, 2, 3))) static void because(struct job *j, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(j->why, sizeof(j->why), fmt, ap);
	va_end(ap);
}

/* ---- messages ------------------------------------------------------------------------------ */

static void tell(struct job *j, enum batch_kind kind, const char *text, bool before)
{
	struct batch_message m = {
		.job = j->child->index, .kind = kind, .before = before, .n = j->n};

	snprintf(m.text, sizeof(m.text), "%s", text);
	/* Numbers come again in a moment: no waiting for room. */
	xqueue_put(j->child->queue, &m, sizeof(m), kind == BATCH_NUMBERS ? 0 : TELL_MS);
}

static void on_stats(void *arg, const struct progress_stats *s)
{
	struct job *j = arg;

	j->n.pages = s->pages;
	j->n.queued = s->queued + s->in_flight;
	j->n.failed = s->failed;
	j->n.bytes = s->bytes_wire;
	j->n.elapsed_ms = s->elapsed_ms;
	tell(j, BATCH_NUMBERS, "", false);
}

static void say_end(struct job *j, const struct summary *s)
{
	switch (s->end) {
	case END_FINISHED: because(j, "%s", j->task->output); break;
	case END_LIMIT:
		because(j, "%s, ended by %s", j->task->output, s->limit ? s->limit : "a limit");
		break;
	case END_SIGNAL: because(j, "goes on next time"); break;
	case END_NO_SEED:
		because(j, "no seed could be fetched%s%s", s->reason ? ": " : "",
			s->reason ? s->reason : "");
		break;
	default: because(j, "%s", s->reason ? s->reason : "internal error");
	}
}

static void on_end(void *arg, const struct summary *s)
{
	struct job *j = arg;

	j->n.pages = s->pages;
	j->n.queued = s->left;
	j->n.failed = s->failed;
	j->n.run_pages = s->run_pages;
	j->n.elapsed_ms = s->elapsed_ms;
	say_end(j, s);
	summary_json(&j->summary, s);
}

/* ---- the process --------------------------------------------------------------------------- */

/* After the crawl nothing has to be finished in a hurry. The parts of the hook are in our group. */
static void on_signal(int sig)
{
	signal(sig, SIG_IGN);
	kill(0, sig);
	_exit(EXIT_SIGNAL);
}

static void catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	sigemptyset(&sa.sa_mask);
	sigaddset(&sa.sa_mask, SIGINT);
	sigaddset(&sa.sa_mask, SIGTERM);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

/* Whether a signal came that was not heard: with the handlers in place, ask. */
static bool must_stop(const struct job *j)
{
	return atomic_load(j->child->stop) || getppid() != j->child->parent;
}

/* The folders of a file that is about to be written. */
static int make_folders(const char *file, struct err *err)
{
	char *path = mem_strdup(file);
	int rc = 0;

	for (char *p = strchr(path + 1, '/'); p && !rc; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(path, 0777) < 0 && errno != EEXIST)
			rc = err_set(err, EXIT_STORAGE, "cannot make the folder %s: %s", path,
				strerror(errno));
		*p = '/';
	}
	free(path);
	return rc;
}

static int open_log(struct job *j, struct err *err)
{
	const char *path = j->task->log;
	struct settings *set = &j->task->set;
	int fd = -1, null;

	if (make_folders(path, err) == 0) {
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
		if (fd < 0)
			err_set(err, EXIT_STORAGE, "cannot write %s: %s", path, strerror(errno));
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	dup2(fd >= 0 ? fd : null, STDOUT_FILENO);
	dup2(fd >= 0 ? fd : null, STDERR_FILENO);
	if (null >= 0)
		close(null);
	if (fd < 0)
		return -1;
	close(fd);
	if (!settings_given(set, "log-format"))
		set->log_format = j->child->opts->log_format;
	log_hook(NULL, NULL, NULL); /* the parent's display */
	log_open(set->quiet	? LOG_WARN
		 : set->verbose ? LOG_DEBUG
				: LOG_INFO,
		set->log_format == LOG_FORMAT_JSON);
	return 0;
}

/* ---- what there is to do ------------------------------------------------------------------- */

/* Status of the crawl, or -1 with a sentence. */
static int crawl(struct job *j, enum batch_found found, struct err *err)
{
	char now[32];
	struct crawl_watch watch = {.stats = on_stats, .end = on_end, .arg = j};
	struct batch_task *t = j->task;
	bool resume = found == FOUND_UNFINISHED;

	if (found != FOUND_NOTHING && !resume && crawl_remove_old(t->output, err) < 0)
		return -1;
	if (make_folders(t->output, err) < 0)
		return -1;
	clock_iso(clock_wall_ms(), now);
	log_info("job %s, %s: %s %s", t->job->name, now,
		resume ? "going on with" : "a new crawl into", t->output);
	if (resume) {
		/* The seeds are those of the file; crawl_open takes them from there. */
		strlist_clear(&t->set.seeds);
		t->set.set &= ~(UINT64_C(1) << setting_index(setting_find("seeds", 5)));
	}
	tell(j, BATCH_PHASE, resume ? "going on" : "crawling", false);
	return crawl_whole(&t->set, resume ? NULL : &t->seeds, &watch, err);
}

/* One of the other commands, in this process. What it has to say goes to the log. */
static int command(struct job *j, const char *file, char **argv)
{
	struct err err = {0};
	int argc = 0, status;

	while (argv[argc])
		argc++;
	if (make_folders(file, &err) < 0) {
		because(j, "%s", err.text);
		return cmd_fail(&err);
	}
	status = cmd_find(argv[0])->fn(argc, argv);
	fflush(stdout);
	if (status != EXIT_OK)
		because(j, "%s of %s failed: see %s", argv[0], file, j->task->log);
	return status;
}

static int exports(struct job *j)
{
	const struct batch_job *job = j->task->job;
	char export_word[] = "export", report_word[] = "report", o[] = "-o", f[] = "--format",
	     q[] = "--query", force[] = "--force";
	char text[128];
	int status = EXIT_OK;

	for (size_t i = 0; i < job->nexports && status == EXIT_OK; i++) {
		struct batch_export *e = &job->exports[i];
		char *file = j->task->exports.v[i];
		char *argv[] = {export_word, j->task->output, f, e->format, o, file, force,
			e->where ? q : NULL, e->where, NULL};
		snprintf(text, sizeof(text), "exporting %.20s", e->format);
		tell(j, BATCH_PHASE, text, false);
		status = command(j, file, argv);
	}
	if (status == EXIT_OK && j->task->report) {
		char *argv[] = {report_word, j->task->output, o, j->task->report, force, NULL};
		tell(j, BATCH_PHASE, "writing the report", false);
		status = command(j, j->task->report, argv);
	}
	return status;
}

/* ---- the hook ------------------------------------------------------------------------------ */

/* {"job": ..., "status": ..., "error": ..., and all of the summary}. */
static void hook_json(const struct job *j, int status, struct buf *out)
{
	const struct batch_task *t = j->task;

	buf_add_str(out, "{\"job\":");
	text_json(out, t->job->name, strlen(t->job->name));
	buf_addf(out, ",\"status\":%d,\"error\":", status);
	if (status == EXIT_OK)
		buf_add_str(out, "null");
	else
		text_json(out, j->why, strlen(j->why));
	buf_add_str(out, ",\"log\":");
	text_json(out, t->log, strlen(t->log));
	buf_add_str(out, ",\"exports\":[");
	for (size_t i = 0; i < t->exports.n; i++) {
		buf_add_str(out, i ? "," : "");
		text_json(out, t->exports.v[i], strlen(t->exports.v[i]));
	}
	buf_add_ch(out, ']');
	if (j->summary.len > 1) {
		buf_addf(out, ",%s", j->summary.data + 1);
	} else {
		buf_add_str(out, ",\"output\":");
		text_json(out, t->output, strlen(t->output));
		buf_add_ch(out, '}');
	}
	buf_add_ch(out, '\n');
}

/* The JSON in memory behind a descriptor: nobody has to write while the hook reads, and a hook
 * that does not read harms nobody. */
static int json_fd(const struct job *j, int status)
{
	struct buf json = BUF_INIT;
	int fd = memfd_create("summary", MFD_CLOEXEC);
	size_t done = 0;

	hook_json(j, status, &json);
	while (fd >= 0 && done < json.len) {
		ssize_t n = write(fd, json.data + done, json.len - done);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	buf_release(&json);
	return fd;
}

static void hook_child(const struct job *j, const char *text, int status, int fd)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", status);
	setenv("SKITTER_JOB", j->task->job->name, 1);
	setenv("SKITTER_OUTPUT", j->task->output, 1);
	setenv("SKITTER_LOG", j->task->log, 1);
	setenv("SKITTER_STATUS", number, 1);
	signal(SIGPIPE, SIG_DFL); /* the crawl ignored it */
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	dup2(fd, STDIN_FILENO);
	execl("/bin/sh", "sh", "-c", text, (char *)NULL);
	_exit(127);
}

/* Runs it and waits. EXIT_OK, or EXIT_INTERNAL with the reason in j->why. */
static int hook(struct job *j, const char *name, const char *text, int status)
{
	char what[80];
	int fd, st = 0;
	pid_t pid;

	if (!text)
		return EXIT_OK;
	tell(j, BATCH_PHASE, name, false);
	fd = json_fd(j, status);
	fflush(NULL);
	pid = fd < 0 ? -1 : fork();
	if (pid == 0)
		hook_child(j, text, status, fd);
	if (fd >= 0)
		close(fd);
	while (pid > 0 && waitpid(pid, &st, 0) < 0)
		if (errno != EINTR)
			break;
	if (pid < 0)
		snprintf(what, sizeof(what), "could not be started: %s", strerror(errno));
	else if (WIFSIGNALED(st))
		snprintf(what, sizeof(what), "was killed by signal %d", WTERMSIG(st));
	else if (WEXITSTATUS(st) != 0)
		snprintf(what, sizeof(what), "ended with status %d", WEXITSTATUS(st));
	else
		return EXIT_OK;
	log_error("%s %s", name, what);
	if (status == EXIT_OK) /* otherwise the first reason stands */
		because(j, "%s %s: see %s", name, what, j->task->log);
	return EXIT_INTERNAL;
}

/* ---- all of it ----------------------------------------------------------------------------- */

static int mark_done(struct job *j)
{
	struct err err = {0};
	struct store *st = store_open(j->task->output, STORE_RESUME, &err);
	int rc = st ? store_meta_set(st, "batch", "done", &err) : -1;

	store_close(st);
	if (rc == 0)
		return EXIT_OK;
	because(j, "%s", err.text);
	return cmd_fail(&err);
}

static int work(struct job *j)
{
	enum batch_found found = FOUND_NOTHING;
	struct batch_task *t = j->task;
	bool again = j->child->opts->again, usable;
	struct err err = {0};
	int status = -1;

	usable = batch_look(t, &found, &err) == 0;
	if (usable && found == FOUND_DONE && !again) {
		tell(j, BATCH_END, t->output, true);
		return EXIT_OK;
	}
	if (found == FOUND_DONE)
		found = FOUND_AGAIN; /* could not be marked, as replacing it is going to explain */
	if (open_log(j, usable ? &err : NULL) == 0 && usable)
		status = crawl(j, found, &err);
	if (status < 0) {
		status = cmd_fail(&err);
		because(j, "%s", err.text);
	}
	catch_signals(); /* the crawl had its own */
	if (status == EXIT_OK && must_stop(j)) {
		status = EXIT_SIGNAL;
		because(j, "goes on next time");
	}
	if (status == EXIT_OK)
		status = exports(j);
	if (status == EXIT_OK) {
		status = hook(j, "on_success", t->job->on_success, status);
		if (status == EXIT_OK)
			status = mark_done(j);
	} else if (status != EXIT_SIGNAL) {
		hook(j, "on_failure", t->job->on_failure, status);
	}
	tell(j, BATCH_END, j->why, false);
	return status;
}

int batch_job_main(void *arg)
{
	struct job j = {.child = arg, .summary = BUF_INIT};
	int status;

	setpgid(0, 0);
	catch_signals();
	j.task = j.child->task;
	status = work(&j);
	buf_release(&j.summary);
	fflush(NULL);
	return status;
}
