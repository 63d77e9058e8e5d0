/* The pool of worker processes. This binary is its own worker: main looks for --role. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/mem.h"
#include "workers/pipe.h"
#include "workers/proc.h"
#include "workers/procpool.h"
#include "workers/procpool_private.h"
#include "workers/sandbox.h"
#include "workers/slots.h"

#define ANSWER 100000

/* ---- the worker ---------------------------------------------------------------------------- */

static void wait_forever(void)
{
	for (;;)
		usleep(100000);
}

static int answer_task(struct procpool_worker *w, const char *msg, size_t len)
{
	if (strcmp(msg, "crash") == 0)
		raise(SIGKILL);
	if (strcmp(msg, "exit") == 0)
		_exit(9);
	if (strcmp(msg, "hang") == 0)
		wait_forever();
	if (strcmp(msg, "stop") == 0)
		raise(SIGSTOP);
	if (strcmp(msg, "lie") == 0) {
		w->answer_size = SIZE_MAX; /* our own side's check believes it */
		return procpool_worker_put(w, 0, ANSWER + 1);
	}
	if (strcmp(msg, "twice") == 0) {
		uint64_t seq = w->seq;
		procpool_worker_put(w, 1, 0);
		w->seq = seq;
		return procpool_worker_put(w, 2, 0);
	}
	if (strcmp(msg, "garbage") == 0) {
		w->seq = 0;
		return pipe_send(w->fd, "garbage", 7) < 0 ? -1 : 0;
	}
	if (strcmp(msg, "pid") == 0) {
		pid_t pid = getpid();
		memcpy(w->answer, &pid, sizeof(pid));
		return procpool_worker_put(w, 0, sizeof(pid));
	}
	if (strcmp(msg, "fill") == 0) {
		memset(w->answer, 'f', w->answer_size);
		return procpool_worker_put(w, 0, w->answer_size);
	}
	if (strncmp(msg, "arena ", 6) == 0) {
		size_t offset = strtoul(msg + 6, NULL, 10);
		memcpy(w->answer, (const char *)w->arena + offset, 16);
		return procpool_worker_put(w, 0, 16);
	}
	memcpy(w->answer, msg, len);
	return procpool_worker_put(w, (uint32_t)len, len);
}

static int echo_role(int argc, char **argv)
{
	struct procpool_worker w;
	struct err err;
	char msg[PROCPOOL_MSG_MAX + 1];
	ssize_t n;
	if (procpool_worker_open(&w, argc, argv, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	if (argc > 1 && strcmp(argv[1], "sandboxed") == 0 && sandbox_enter(NULL, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	while ((n = procpool_worker_get(&w, msg, sizeof(msg) - 1)) > 0) {
		msg[n] = '\0';
		if (answer_task(&w, msg, (size_t)n) != 0)
			return 2;
	}
	return n == 0 ? 0 : 3;
}

static int stillborn_role(int argc, char **argv)
{
	(void)argc, (void)argv;
	return 77;
}

/* Works until a file exists, then cannot start any more. */
static int doomed_role(int argc, char **argv)
{
	if (access(argv[1], F_OK) == 0)
		return 78;
	return echo_role(argc, argv);
}

static const struct role roles[] = {
	{"echo", echo_role},
	{"stillborn", stillborn_role},
	{"doomed", doomed_role},
};

/* ---- the pool's side ----------------------------------------------------------------------- */

struct outcome {
	int calls;
	enum procpool_result r;
	size_t len;
	uint32_t status;
	int exit_status;
	char head[64];
	bool all_f;
};

static void keep(void *arg, enum procpool_result r, const void *answer, size_t len, uint32_t status,
	int exit_status)
{
	struct outcome *o = arg;
	o->calls++;
	o->r = r;
	o->len = len;
	o->status = status;
	o->exit_status = exit_status;
	memcpy(o->head, answer ? answer : "", len < sizeof(o->head) ? len : sizeof(o->head) - 1);
	o->all_f = len > 0;
	for (size_t i = 0; i < len && o->all_f; i++)
		o->all_f = ((const char *)answer)[i] == 'f';
}

static struct procpool *open_pool(const char *role, size_t workers, struct event_base *base,
	int64_t deadline_ms, const char *const *extra)
{
	struct err err = {0};
	struct procpool_opts opts = {.role = role,
		.workers = workers,
		.base = base,
		.answer_size = ANSWER,
		.readonly_fd = -1,
		.deadline_ms = deadline_ms,
		.extra_args = extra};
	struct procpool *pool = procpool_open(&opts, &err);
	if (!pool)
		fail_msg("%s", err.text);
	return pool;
}

static void put(struct procpool *pool, const char *msg, struct outcome *o)
{
	memset(o, 0, sizeof(*o));
	assert_int_equal(procpool_apply(pool, msg, strlen(msg), keep, o), 0);
}

static void until(struct procpool *pool, const struct outcome *o)
{
	while (o->calls == 0)
		procpool_step(pool, 1000);
	assert_int_equal(o->calls, 1);
}

static void finish(struct procpool *pool)
{
	procpool_close(pool);
	assert_int_equal(procpool_join(pool, 60000), 0);
	procpool_free(pool);
}

static void answers(void **state)
{
	(void)state;
	struct procpool *pool = open_pool("echo", 2, NULL, 0, NULL);
	struct outcome o;
	put(pool, "hello", &o);
	until(pool, &o);
	assert_int_equal(o.r, PROC_DONE);
	assert_int_equal(o.len, 5);
	assert_int_equal(o.status, 5);
	assert_string_equal(o.head, "hello");
	char big[PROCPOOL_MSG_MAX + 1] = {0};
	assert_int_equal(procpool_apply(pool, big, sizeof(big), keep, &o), -1);
	assert_int_equal(errno, EMSGSIZE);
	put(pool, "fill", &o);
	until(pool, &o);
	assert_int_equal(o.len, ANSWER);
	assert_true(o.all_f);
	procpool_close(pool);
	assert_int_equal(procpool_apply(pool, "x", 1, keep, &o), -1);
	assert_int_equal(errno, EPIPE);
	finish(pool);
}

static void crash_costs_one_task(void **state)
{
	(void)state;
	struct procpool *pool = open_pool("echo", 1, NULL, 0, NULL);
	struct outcome before, crash, after, more;
	put(pool, "before", &before);
	put(pool, "crash", &crash);
	put(pool, "after", &after);
	put(pool, "exit", &more);
	until(pool, &before);
	until(pool, &crash);
	until(pool, &after);
	until(pool, &more);
	assert_int_equal(before.r, PROC_DONE);
	assert_int_equal(crash.r, PROC_CRASHED);
	assert_int_equal(crash.exit_status, -SIGKILL);
	assert_int_equal(after.r, PROC_DONE);
	assert_string_equal(after.head, "after");
	assert_int_equal(more.r, PROC_CRASHED);
	assert_int_equal(more.exit_status, 9);
	assert_true(procpool_restarts(pool) >= 1);
	finish(pool);
}

/* Tasks that reach a worker as one message, or as two because they are too long for one. */
static void many_at_once(void **state)
{
	(void)state;
	struct procpool *pool = open_pool("echo", 1, NULL, 0, NULL);
	struct outcome o[24];
	static char msg[PROCPOOL_MSG_MAX + 1];
	for (size_t i = 0; i < MEM_COUNT(o); i++) {
		memset(msg, 0, sizeof(msg));
		memset(msg, 'a' + (int)i, i % 8 < 4 ? PROCPOOL_MSG_MAX : 10 + i);
		put(pool, i == 18 ? "crash" : msg, &o[i]);
	}
	for (size_t i = 0; i < MEM_COUNT(o); i++) {
		usleep(20000); /* for it to do all it has */
		if (!o[i].calls)
			until(pool, &o[i]);
		assert_int_equal(o[i].calls, 1);
		assert_int_equal(o[i].r, i == 18 ? PROC_CRASHED : PROC_DONE);
		if (i == 18)
			continue;
		assert_int_equal(o[i].len, i % 8 < 4 ? PROCPOOL_MSG_MAX : 10 + i);
		assert_int_equal(o[i].head[0], 'a' + (int)i);
		assert_int_equal(o[i].head[9], 'a' + (int)i);
	}
	finish(pool);
}

static void deadline(void **state)
{
	(void)state;
	struct procpool *pool = open_pool("echo", 1, NULL, 200, NULL);
	struct outcome hang, stop, after;
	put(pool, "hang", &hang);
	put(pool, "stop", &stop);
	put(pool, "after", &after);
	until(pool, &hang);
	assert_int_equal(hang.r, PROC_DEADLINE);
	until(pool, &stop);
	assert_int_equal(stop.r, PROC_DEADLINE);
	until(pool, &after);
	assert_int_equal(after.r, PROC_DONE);
	finish(pool);
}

/* Whatever it says, the worker costs its task at most, and is replaced. */
static void lies(void **state)
{
	(void)state;
	struct procpool *pool = open_pool("echo", 1, NULL, 0, NULL);
	struct outcome o, after;
	static const char *const tasks[] = {"lie", "garbage"};
	for (size_t i = 0; i < MEM_COUNT(tasks); i++) {
		put(pool, tasks[i], &o);
		put(pool, "after", &after);
		until(pool, &o);
		assert_int_equal(o.r, PROC_CRASHED);
		until(pool, &after);
		assert_int_equal(after.r, PROC_DONE);
	}
	put(pool, "twice", &o);
	put(pool, "after", &after);
	until(pool, &o);
	assert_int_equal(o.r, PROC_DONE);
	assert_int_equal(o.status, 1);
	while (after.calls == 0)
		procpool_step(pool, 1000);
	assert_int_equal(after.calls, 1);
	/* The second answer never passes for the answer to the next task. */
	if (after.r == PROC_DONE)
		assert_string_equal(after.head, "after");
	assert_int_equal(o.calls, 1);
	finish(pool);
}

static void crash_loop(void **state)
{
	(void)state;
	struct procpool *pool = open_pool("echo", 2, NULL, 0, NULL);
	struct outcome o[9];
	for (size_t i = 0; i < MEM_COUNT(o); i++)
		put(pool, i == 8 ? "fine" : "crash", &o[i]);
	for (size_t i = 0; i < MEM_COUNT(o); i++) {
		until(pool, &o[i]);
		assert_int_equal(o[i].r, i == 8 ? PROC_DONE : PROC_CRASHED);
	}
	finish(pool);
}

static void cannot_start(void **state)
{
	(void)state;
	struct err err = {0};
	struct procpool_opts opts = {
		.role = "stillborn", .workers = 2, .answer_size = 10, .readonly_fd = -1};
	assert_null(procpool_open(&opts, &err));
	assert_non_null(strstr(err.text, "exit status 77"));
	opts.role = "nobody";
	assert_null(procpool_open(&opts, &err));
	assert_non_null(strstr(err.text, "exit status 2"));
}

/* Started, but not waited for: tasks may come before anybody is ready. */
static void starts_in_two_steps(void **state)
{
	(void)state;
	struct err err = {0};
	struct outcome o;
	struct procpool_opts opts = {
		.role = "echo", .workers = 2, .answer_size = ANSWER, .readonly_fd = -1};
	struct procpool *pool = procpool_start(&opts);
	put(pool, "early", &o);
	assert_int_equal(procpool_queued(pool), 1);
	assert_int_equal(procpool_wait_ready(pool, &err), 0);
	until(pool, &o);
	assert_int_equal(o.r, PROC_DONE);
	finish(pool);

	pool = procpool_start(&opts); /* and away again before they were */
	finish(pool);

	opts.role = "stillborn";
	pool = procpool_start(&opts);
	put(pool, "in vain", &o);
	assert_int_equal(procpool_wait_ready(pool, &err), -1);
	assert_non_null(strstr(err.text, "exit status 77"));
	procpool_free(pool);
	assert_int_equal(o.r, PROC_CLOSED);
}

/* When no worker can start any more, tasks get their answer all the same. */
static void can_start_no_more(void **state)
{
	(void)state;
	char path[] = "/tmp/skitter-test-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	const char *extra[] = {path, NULL};
	struct procpool *pool = open_pool("doomed", 1, NULL, 0, extra);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	struct outcome o[3];
	put(pool, "crash", &o[0]);
	put(pool, "never", &o[1]);
	put(pool, "never", &o[2]);
	for (size_t i = 0; i < 3; i++) {
		until(pool, &o[i]);
		assert_int_equal(o[i].r, PROC_CRASHED);
	}
	assert_int_equal(o[2].exit_status, 78);
	unlink(path);
	put(pool, "again", &o[0]);
	until(pool, &o[0]);
	assert_int_equal(o[0].r, PROC_DONE);
	finish(pool);
}

static void free_with_tasks(void **state)
{
	(void)state;
	struct procpool *pool = open_pool("echo", 2, NULL, 0, NULL);
	struct outcome o[8];
	for (size_t i = 0; i < MEM_COUNT(o); i++)
		put(pool, "hang", &o[i]);
	procpool_free(pool);
	for (size_t i = 0; i < MEM_COUNT(o); i++) {
		assert_int_equal(o[i].calls, 1);
		assert_int_equal(o[i].r, PROC_CLOSED);
	}
}

static void join_times_out(void **state)
{
	(void)state;
	struct procpool *pool = open_pool("echo", 1, NULL, 0, NULL);
	struct outcome o;
	put(pool, "hang", &o);
	procpool_close(pool);
	assert_int_equal(procpool_join(pool, 50), -1);
	assert_int_equal(errno, ETIMEDOUT);
	procpool_free(pool);
	assert_int_equal(o.r, PROC_CLOSED);
}

static void count_seat(void *arg, const struct procpool_seat *seat)
{
	(void)seat;
	++*(size_t *)arg;
}

static size_t seats(struct procpool *pool)
{
	size_t n = 0;
	procpool_census(pool, count_seat, &n);
	return n;
}

static void resize(void **state)
{
	(void)state;
	struct procpool *pool = open_pool("echo", 1, NULL, 0, NULL);
	assert_int_equal(procpool_resize(pool, 3), 0);
	assert_int_equal(seats(pool), 3);
	struct outcome o[20];
	for (size_t i = 0; i < MEM_COUNT(o); i++)
		put(pool, "x", &o[i]);
	assert_int_equal(procpool_resize(pool, 1), 0);
	for (size_t i = 0; i < MEM_COUNT(o); i++) {
		until(pool, &o[i]);
		assert_int_equal(o[i].r, PROC_DONE);
	}
	while (seats(pool) > 1)
		procpool_step(pool, 100);
	assert_int_equal(procpool_resize(pool, 2), 0);
	assert_int_equal(procpool_workers(pool), 2);
	assert_int_equal(procpool_restarts(pool), 0);
	assert_int_equal(procpool_resize(pool, 0), -1);
	finish(pool);
}

static void reads_arena(void **state)
{
	(void)state;
	struct err err;
	struct slots *s = slots_open(2, 8192, 0, 0, &err);
	assert_non_null(s);
	struct slot *slot = slots_take(s);
	slot = slots_take(s);
	memcpy(slot->data, "a body in shared", 16);
	slot->len = 16;
	const char *extra[] = {"sandboxed", NULL};
	struct procpool_opts opts = {.role = "echo",
		.workers = 1,
		.answer_size = ANSWER,
		.readonly_fd = slots_readonly_fd(s, &err),
		.arena_size = slots_arena_size(s),
		.extra_args = extra};
	struct procpool *pool = procpool_open(&opts, &err);
	assert_non_null(pool);
	char msg[32];
	struct outcome o;
	snprintf(msg, sizeof(msg), "arena %llu", (unsigned long long)slot->offset);
	put(pool, msg, &o);
	until(pool, &o);
	assert_int_equal(o.r, PROC_DONE);
	assert_memory_equal(o.head, "a body in shared", 16);
	finish(pool);
	close(opts.readonly_fd);
	slots_close(s);
}

/* ---- with an event base, as the crawl uses it ---------------------------------------------- */

#define MANY 10000

struct many {
	struct event_base *base;
	struct procpool *pool;
	int applied, done, crashed;
	bool wrong;
};

struct numbered {
	struct many *many;
	int n;
};

static void many_done(void *arg, enum procpool_result r, const void *answer, size_t len,
	uint32_t status, int exit_status);

static void many_apply(struct many *m)
{
	struct numbered *t = mem_alloc(sizeof(*t));
	char msg[32];
	t->many = m;
	t->n = m->applied++;
	snprintf(msg, sizeof(msg), "%s", t->n % 250 == 120 ? "exit" : "");
	if (!*msg)
		snprintf(msg, sizeof(msg), "task %d", t->n);
	assert_int_equal(procpool_apply(m->pool, msg, strlen(msg), many_done, t), 0);
}

static void many_done(void *arg, enum procpool_result r, const void *answer, size_t len,
	uint32_t status, int exit_status)
{
	struct numbered *t = arg;
	struct many *m = t->many;
	char want[32];
	(void)status, (void)exit_status;
	/* Applying first: nothing may write to the answer we have not read yet. */
	if (m->applied < MANY)
		many_apply(m);
	snprintf(want, sizeof(want), "task %d", t->n);
	m->done++;
	m->crashed += r != PROC_DONE;
	if (r == PROC_DONE && (len != strlen(want) || memcmp(answer, want, len) != 0))
		m->wrong = true;
	if (m->done == MANY)
		event_base_loopbreak(m->base);
	free(t);
}

static void ten_thousand(void **state)
{
	(void)state;
	struct many m = {.base = event_base_new()};
	m.pool = open_pool("echo", 3, m.base, 30000, NULL);
	for (int i = 0; i < 64; i++)
		many_apply(&m);
	event_base_dispatch(m.base);
	assert_int_equal(m.done, MANY);
	assert_int_equal(m.crashed, MANY / 250);
	assert_false(m.wrong);
	assert_int_equal(procpool_queued(m.pool), 0);
	assert_int_equal(procpool_busy(m.pool), 0);
	assert_true(procpool_high_water(m.pool) > 0);
	finish(m.pool);
	event_base_free(m.base);
}

static void loop_deadline_and_close(void **state)
{
	(void)state;
	struct event_base *base = event_base_new();
	struct procpool *pool = open_pool("echo", 2, base, 100, NULL);
	struct outcome hang, fine;
	put(pool, "hang", &hang);
	put(pool, "fine", &fine);
	procpool_close(pool);
	/* The loop ends by itself when the pool has no events left: everybody has gone. */
	event_base_dispatch(base);
	assert_int_equal(hang.r, PROC_DEADLINE);
	assert_int_equal(fine.r, PROC_DONE);
	assert_int_equal(procpool_join(pool, 0), 0);
	procpool_free(pool);
	event_base_free(base);
}

static size_t open_fds(void)
{
	size_t n = 0;
	DIR *dir = opendir("/proc/self/fd");
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void nothing_leaks(void **state)
{
	(void)state;
	answers(NULL); /* what is opened once is open now */
	size_t before = open_fds();
	crash_costs_one_task(NULL);
	lies(NULL);
	free_with_tasks(NULL);
	cannot_start(NULL);
	assert_int_equal(open_fds(), before);
	/* And no zombie: there is no child left to wait for. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

int main(int argc, char **argv)
{
	int status = role_main(argc, argv, roles, MEM_COUNT(roles));
	if (status >= 0)
		return status;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(crash_costs_one_task),
		cmocka_unit_test(many_at_once),
		cmocka_unit_test(deadline),
		cmocka_unit_test(lies),
		cmocka_unit_test(crash_loop),
		cmocka_unit_test(cannot_start),
		cmocka_unit_test(starts_in_two_steps),
		cmocka_unit_test(can_start_no_more),
		cmocka_unit_test(free_with_tasks),
		cmocka_unit_test(join_times_out),
		cmocka_unit_test(resize),
		cmocka_unit_test(reads_arena),
		cmocka_unit_test(ten_thousand),
		cmocka_unit_test(loop_deadline_and_close),
		cmocka_unit_test(nothing_leaks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
