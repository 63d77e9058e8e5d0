/* batch_run.c - the parent: starts jobs, listens to them, passes signals on. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/log.h"
#include "config/mem.h"
#include "crawler/batch.h"
#include "crawler/http.h"

#define MESSAGES 256
#define LOOK_MS	 100 /* between two looks at signals and at processes that ended */
/* What a job may take to stop: the 8 s it promises, and a slow disk. */
#define PATIENCE_MS 15000

struct run {
	struct batch_task *tasks;
	struct batch_row *rows;
	size_t n;
	const struct batch_opts *opts;
	struct xqueue *queue;
	atomic_int *stop; /* in shared memory */
	struct batch_show *show;
	int running, passed_on; /* signals */
	bool failed;
};

/* ---- signals ------------------------------------------------------------------------------- */

static volatile sig_atomic_t signals_seen, last_signal;

static void on_signal(int sig)
{
	last_signal = sig;
	signals_seen = signals_seen + 1;
}

static void catch_signals(struct sigaction old[3])
{
	struct sigaction sa = {.sa_handler = on_signal};

	signals_seen = 0;
	sigemptyset(&sa.sa_mask);
	sigaction(SIGINT, &sa, &old[0]);
	sigaction(SIGTERM, &sa, &old[1]);
	sigaction(SIGHUP, NULL, &old[2]);
	if (old[2].sa_handler != SIG_IGN) /* nohup */
		sigaction(SIGHUP, &sa, NULL);
}

static void leave_signals(const struct sigaction old[3])
{
	sigaction(SIGINT, &old[0], NULL);
	sigaction(SIGTERM, &old[1], NULL);
	sigaction(SIGHUP, &old[2], NULL);
}

/* Each signal we got is passed on once: the first lets the jobs finish what is in flight, the
 * second stops them at once. */
static void pass_on(struct run *r)
{
	int seen = signals_seen;

	if (seen == r->passed_on)
		return;
	if (!r->passed_on && r->running)
		log_info("%s: the jobs finish what is in flight (at most 8 s); once more stops "
			 "at once",
			last_signal == SIGINT ? "interrupted" : "asked to stop");
	r->passed_on = seen;
	atomic_store(r->stop, 1);
	for (size_t i = 0; i < r->n; i++) {
		struct batch_task *t = &r->tasks[i];
		if (!t->proc)
			continue;
		proc_kill(t->proc, last_signal == SIGINT ? SIGINT : SIGTERM);
		if (!t->kill_ms)
			t->kill_ms = clock_ms() + PATIENCE_MS;
	}
}

/* ---- starting ------------------------------------------------------------------------------ */

static bool share_host(const struct batch_task *a, const struct batch_task *b)
{
	for (size_t i = 0, k = 0; i < a->hosts.n && k < b->hosts.n;) {
		int c = strcmp(a->hosts.v[i], b->hosts.v[k]);
		if (!c)
			return true;
		if (c < 0)
			i++;
		else
			k++;
	}
	return false;
}

/* Politeness is kept within a crawl, so two jobs on one host take turns. */
static bool must_wait(const struct run *r, size_t me)
{
	for (size_t i = 0; i < r->n; i++) {
		if (!r->tasks[i].proc || !share_host(&r->tasks[i], &r->tasks[me]))
			continue;
		snprintf(r->rows[me].text, sizeof(r->rows[me].text), "after %s: same host",
			r->rows[i].name);
		return true;
	}
	return false;
}

static int start(struct run *r, size_t i, struct err *err)
{
	struct batch_child child = {.stop = r->stop,
		.parent = getpid(),
		.task = &r->tasks[i],
		.opts = r->opts,
		.queue = r->queue,
		.index = (uint32_t)i};
	struct batch_row *row = &r->rows[i];
	char name[16];

	snprintf(name, sizeof(name), "%s", row->name);
	fflush(NULL); /* or the child would print it again */
	r->tasks[i].proc = proc_fork(name, batch_job_main, &child, err);
	if (!r->tasks[i].proc)
		return -1;
	row->state = BATCH_RUNNING;
	snprintf(row->text, sizeof(row->text), "starting");
	r->running++;
	batch_show_event(r->show, "job_start", row);
	return 0;
}

static int start_all(struct run *r, struct err *err)
{
	if (r->passed_on || (r->failed && !r->opts->keep_going))
		return 0;
	for (size_t i = 0; i < r->n && r->running < r->opts->parallel; i++)
		if (r->rows[i].state == BATCH_WAITING && !must_wait(r, i) && start(r, i, err) < 0)
			return -1;
	return 0;
}

/* --again: first of all every job that is done is marked, so that a batch which is stopped
 * half-way repeats the others when it is run once more. In a process of its own: SQLite. */
static int mark_again(struct run *r, struct err *err)
{
	struct batch_again again = {r->tasks, r->n};
	struct proc *p = proc_fork("again", batch_again_main, &again, err);

	if (!p)
		return -1;
	proc_join(p, NULL, -1);
	proc_free(p);
	return 0;
}

/* Whether there will be nothing more to do. */
static bool at_end(const struct run *r)
{
	if (r->running)
		return false;
	if (r->passed_on || (r->failed && !r->opts->keep_going))
		return true;
	for (size_t i = 0; i < r->n; i++)
		if (r->rows[i].state == BATCH_WAITING)
			return false;
	return true;
}

/* ---- listening ----------------------------------------------------------------------------- */

static void take(struct run *r, const struct batch_message *m)
{
	struct batch_row *row;

	if (m->job >= r->n)
		return;
	row = &r->rows[m->job];
	row->n = m->n;
	if (m->kind == BATCH_NUMBERS) {
		progress_rate_add(&row->rate, (uint64_t)clock_ms(), m->n.pages, m->n.bytes);
		return;
	}
	memcpy(row->text, m->text, sizeof(row->text));
	row->text[sizeof(row->text) - 1] = '\0';
	if (m->kind == BATCH_PHASE)
		batch_show_event(r->show, "job_phase", row);
	else
		row->state = m->before ? BATCH_BEFORE : BATCH_DONE; /* its process says how */
}

static void listen_to(struct run *r, int64_t wait_ms)
{
	struct batch_message m;

	while (xqueue_get(r->queue, &m, sizeof(m), wait_ms) == (ssize_t)sizeof(m)) {
		take(r, &m);
		wait_ms = 0;
	}
}

/* What the exit of its process means. A job that had nothing more to say died. */
static void settle(struct run *r, struct batch_row *row, int st)
{
	bool spoke = row->state == BATCH_DONE || row->state == BATCH_BEFORE;
	char how[96];

	row->status = st < 0 ? EXIT_INTERNAL : st;
	if (st == EXIT_SIGNAL || (r->passed_on && (st == -SIGTERM || st == -SIGINT))) {
		row->status = EXIT_SIGNAL;
		row->state = BATCH_STOPPED;
		if (!spoke)
			snprintf(row->text, sizeof(row->text), "goes on next time");
		return;
	}
	if (!spoke)
		snprintf(row->text, sizeof(row->text), "the job's process ended: %s",
			proc_status_text(st, how, sizeof(how)));
	if (st == EXIT_OK && spoke)
		return;
	if (st == EXIT_OK)
		row->status = EXIT_INTERNAL;
	row->state = BATCH_FAILED;
}

static void reap(struct run *r, size_t i)
{
	struct batch_task *t = &r->tasks[i];
	int st;

	if (t->kill_ms && clock_ms() > t->kill_ms) {
		log_warn("job %s did not stop: killed", r->rows[i].name);
		kill(-proc_pid(t->proc), SIGKILL); /* its hook too */
		proc_kill(t->proc, SIGKILL);
		t->kill_ms = INT64_MAX;
	}
	if (proc_join(t->proc, &st, 0) != 0)
		return;
	listen_to(r, 0); /* all it said before it ended */
	proc_free(t->proc);
	t->proc = NULL;
	r->running--;
	settle(r, &r->rows[i], st);
	if (r->rows[i].state == BATCH_FAILED)
		r->failed = true;
	batch_show_event(r->show, "job_end", &r->rows[i]);
}

/* No process could be made: those that run are asked to stop, and waited for. */
static void drop_all(struct run *r)
{
	last_signal = SIGTERM;
	signals_seen = signals_seen + 1;
	while (r->running) {
		pass_on(r);
		listen_to(r, LOOK_MS);
		for (size_t i = 0; i < r->n; i++)
			if (r->tasks[i].proc)
				reap(r, i);
	}
}

/* ---- the whole ----------------------------------------------------------------------------- */

int batch_status(const struct batch_row *rows, size_t n, bool stopped)
{
	static const int worst[] = {
		EXIT_INTERNAL, EXIT_STORAGE, EXIT_USAGE, EXIT_NO_SEED, EXIT_SIGNAL};
	bool all = true;

	for (size_t i = 0; i < n; i++)
		all &= rows[i].state == BATCH_DONE || rows[i].state == BATCH_BEFORE;
	if (all)
		return EXIT_OK;
	if (stopped)
		return EXIT_SIGNAL;
	for (size_t k = 0; k < MEM_COUNT(worst); k++)
		for (size_t i = 0; i < n; i++)
			if ((rows[i].state == BATCH_FAILED || rows[i].state == BATCH_STOPPED) &&
				rows[i].status == worst[k])
				return worst[k];
	return EXIT_INTERNAL;
}

int batch_run(struct batch_task *tasks, struct batch_row *rows, size_t n,
	const struct batch_opts *o, struct err *err)
{
	struct run r = {.tasks = tasks, .rows = rows, .n = n, .opts = o};
	struct sigaction old[3];
	int status = 0;

	r.stop = mmap(
		NULL, sizeof(*r.stop), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r.stop == MAP_FAILED)
		return err_set(err, EXIT_INTERNAL, "no shared memory: %s", strerror(errno));
	atomic_init(r.stop, 0);
	r.queue = xqueue_open(MESSAGES, sizeof(struct batch_message));
	r.show = batch_show_open(o);
	catch_signals(old);
	http_load();
	if (o->again)
		status = mark_again(&r, err);
	while (!status && !at_end(&r)) {
		status = start_all(&r, err);
		listen_to(&r, LOOK_MS);
		pass_on(&r);
		for (size_t i = 0; i < n; i++)
			if (tasks[i].proc)
				reap(&r, i);
		batch_show_tick(r.show, rows, n);
	}
	if (status < 0)
		drop_all(&r);
	leave_signals(old);
	for (size_t i = 0; i < n; i++)
		if (rows[i].state == BATCH_WAITING)
			snprintf(rows[i].text, sizeof(rows[i].text), "not started");
	if (!status)
		status = batch_status(rows, n, r.passed_on > 0);
	batch_show_close(r.show, rows, n, status);
	xqueue_free(r.queue);
	munmap(r.stop, sizeof(*r.stop));
	return status;
}
