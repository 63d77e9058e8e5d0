/* bench_procs - what processes, pipes, slots and the pool cost. Lines: name, ns per operation. */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/mem.h"
#include "workers/pipe.h"
#include "workers/proc.h"
#include "workers/procpool.h"
#include "workers/sandbox.h"
#include "workers/slots.h"
#include "workers/xqueue.h"

static void report(const char *name, int64_t start, uint64_t n)
{
	printf("%-32s %10.0f ns/op\n", name, (double)(clock_ns() - start) / (double)n);
	fflush(stdout);
}

static void need(const void *p, const struct err *err)
{
	if (p)
		return;
	fprintf(stderr, "bench_procs: %s\n", err->text);
	exit(1);
}

/* ---- roles --------------------------------------------------------------------------------- */

static int exit_role(int argc, char **argv)
{
	(void)argc, (void)argv;
	return 0;
}

/* Work for about so long on an idle core. Counted, not timed: on a busy machine a clock
 * would let the time others use pass for work. */
static void spin(int64_t ns)
{
	volatile uint64_t x = 1;
	for (int64_t i = 0; i < ns; i++)
		x = x * 3 + 1;
}

/* A parser's day: a task says for how long to work; the answer is 1 KiB. */
static int work_role(int argc, char **argv)
{
	struct procpool_worker w;
	struct err err;
	char msg[PROCPOOL_MSG_MAX];
	ssize_t n;
	if (procpool_worker_open(&w, argc, argv, &err) != 0 || sandbox_enter(NULL, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	while ((n = procpool_worker_get(&w, msg, sizeof(msg))) > 0) {
		int64_t ns;
		memcpy(&ns, msg, sizeof(ns));
		spin(ns);
		memset(w.answer, 'a', 1024);
		if (procpool_worker_put(&w, 0, 1024) != 0)
			return 2;
	}
	return 0;
}

static const struct role roles[] = {{"exit", exit_role}, {"work", work_role}};

/* ---- processes ----------------------------------------------------------------------------- */

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

static void bench_fork(const char *name, size_t ballast, int n)
{
	struct err err;
	char *memory = mem_alloc(ballast + 1);
	memset(memory, 1, ballast + 1);
	int64_t start = clock_ns();
	for (int i = 0; i < n; i++) {
		struct proc *p = proc_fork("bench", nothing, NULL, &err);
		need(p, &err);
		proc_join(p, NULL, -1);
		proc_free(p);
	}
	report(name, start, (uint64_t)n);
	free(memory);
}

static void bench_spawn(const char *name, size_t ballast)
{
	struct err err;
	enum { N = 200 };
	char *memory = mem_alloc(ballast + 1);
	memset(memory, 1, ballast + 1);
	int64_t start = clock_ns();
	for (int i = 0; i < N; i++) {
		struct proc *p = proc_spawn_role("exit", NULL, 0, NULL, &err);
		need(p, &err);
		proc_join(p, NULL, -1);
		proc_free(p);
	}
	report(name, start, N);
	free(memory);
}

/* ---- pipe and queue ------------------------------------------------------------------------ */

enum { MESSAGES = 200000, SIZE = 64 };

static int echo(void *arg)
{
	const int *fd = arg;
	char msg[SIZE];
	ssize_t n;
	close(fd[0]);
	while ((n = pipe_recv(fd[1], msg, sizeof(msg))) > 0)
		pipe_send(fd[1], msg, (size_t)n);
	return 0;
}

static void bench_pipe_round_trip(void)
{
	struct err err;
	int fd[2];
	char msg[SIZE] = {0};
	enum { N = 50000 };
	if (pipe_open_twoway(fd, &err) != 0)
		need(NULL, &err);
	struct proc *p = proc_fork("bench", echo, fd, &err);
	need(p, &err);
	close(fd[1]);
	int64_t start = clock_ns();
	for (int i = 0; i < N; i++) {
		pipe_send(fd[0], msg, sizeof(msg));
		pipe_recv(fd[0], msg, sizeof(msg));
	}
	report("pipe round trip", start, N);
	close(fd[0]);
	proc_join(p, NULL, -1);
	proc_free(p);
}

static int drain_pipe(void *arg)
{
	const int *fd = arg;
	char msg[SIZE];
	close(fd[1]);
	while (pipe_recv(fd[0], msg, sizeof(msg)) > 0)
		;
	return 0;
}

static void bench_pipe_stream(void)
{
	struct err err;
	int fd[2];
	char msg[SIZE] = {0};
	if (pipe_open_oneway(fd, &err) != 0)
		need(NULL, &err);
	struct proc *p = proc_fork("bench", drain_pipe, fd, &err);
	need(p, &err);
	close(fd[0]);
	int64_t start = clock_ns();
	for (int i = 0; i < MESSAGES; i++)
		pipe_send(fd[1], msg, sizeof(msg));
	close(fd[1]);
	proc_join(p, NULL, -1);
	report("one-way pipe, 2 processes", start, MESSAGES);
	proc_free(p);
}

static int drain_queue(void *arg)
{
	char msg[SIZE];
	while (xqueue_get(arg, msg, sizeof(msg), -1) > 0)
		;
	return 0;
}

static void bench_xqueue(void)
{
	struct err err;
	char msg[SIZE] = {0};
	struct xqueue *q = xqueue_open(256, SIZE);
	int64_t start = clock_ns();
	for (int i = 0; i < MESSAGES; i++) {
		xqueue_put(q, msg, sizeof(msg), -1);
		xqueue_get(q, msg, sizeof(msg), -1);
	}
	report("xqueue put + get, alone", start, MESSAGES);
	struct proc *p = proc_fork("bench", drain_queue, q, &err);
	need(p, &err);
	start = clock_ns();
	for (int i = 0; i < MESSAGES; i++)
		xqueue_put(q, msg, sizeof(msg), -1);
	xqueue_close(q);
	proc_join(p, NULL, -1);
	report("xqueue, 2 processes", start, MESSAGES);
	proc_free(p);
	xqueue_free(q);
}

/* ---- slots --------------------------------------------------------------------------------- */

static void bench_slots(const char *name, size_t touch)
{
	struct err err;
	enum { N = 20000 };
	struct slots *s = slots_open(64, 256 << 10, 4, 10 << 20, &err);
	need(s, &err);
	int64_t start = clock_ns();
	for (int i = 0; i < N; i++) {
		struct slot *slot = slots_take(s);
		if (touch)
			memset(slot->data, 'x', touch);
		slot->len = touch;
		slots_pass(slot, SLOT_FETCHER, SLOT_STORE);
		slots_give(s, slot);
	}
	report(name, start, N);
	slots_close(s);
}

/* ---- the pool ------------------------------------------------------------------------------ */

struct load {
	struct event_base *base;
	struct procpool *pool;
	int64_t task_ns, loop_ns; /* work of a task; of our side, per answer */
	int applied, done, n;
};

static void load_apply(struct load *l);

static void load_done(void *arg, enum procpool_result r, const void *answer, size_t len,
	uint32_t status, int exit_status)
{
	struct load *l = arg;
	char copy[1024];
	(void)status;
	if (r != PROC_DONE) {
		fprintf(stderr, "bench_procs: a worker ended: %d\n", exit_status);
		exit(1);
	}
	memcpy(copy, answer, len);
	spin(l->loop_ns);
	if (l->applied < l->n)
		load_apply(l);
	if (++l->done == l->n)
		event_base_loopbreak(l->base);
}

static void load_apply(struct load *l)
{
	l->applied++;
	procpool_apply(l->pool, &l->task_ns, sizeof(l->task_ns), load_done, l);
}

static void bench_pool(
	const char *name, size_t workers, int in_flight, int64_t task_ns, int64_t loop_ns, int n)
{
	struct err err;
	struct load l = {.base = event_base_new(), .task_ns = task_ns, .loop_ns = loop_ns, .n = n};
	struct procpool_opts opts = {.role = "work",
		.workers = workers,
		.base = l.base,
		.answer_size = 1 << 20,
		.readonly_fd = -1,
		.deadline_ms = 60000};
	l.pool = procpool_open(&opts, &err);
	need(l.pool, &err);
	int64_t start = clock_ns();
	for (int i = 0; i < in_flight; i++)
		load_apply(&l);
	event_base_dispatch(l.base);
	report(name, start, (uint64_t)n);
	procpool_close(l.pool);
	procpool_join(l.pool, -1);
	procpool_free(l.pool);
	event_base_free(l.base);
}

int main(int argc, char **argv)
{
	int status = role_main(argc, argv, roles, MEM_COUNT(roles));
	if (status >= 0)
		return status;
	bench_fork("fork + join", 0, 200);
	bench_fork("fork + join, 512 MiB parent", (size_t)512 << 20, 20);
	bench_spawn("spawn role + join", 0);
	bench_spawn("spawn role + join, 512 MiB", (size_t)512 << 20);
	bench_pipe_round_trip();
	bench_pipe_stream();
	bench_xqueue();
	bench_slots("slot take + give", 0);
	bench_slots("slot, 32 KiB written", 32 << 10);
	bench_slots("slot, 256 KiB written", 256 << 10);
	bench_pool("pool round trip, 1 in flight", 1, 1, 0, 0, 20000);
	bench_pool("pool, 2 workers, 64 in flight", 2, 64, 0, 0, 100000);
	bench_pool("pool, 1 worker, heavy tasks", 1, 64, 60000, 12000, 5000);
	bench_pool("pool, 2 workers, heavy tasks", 2, 64, 60000, 12000, 10000);
	return 0;
}
