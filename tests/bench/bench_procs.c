/* bench_procs.c - what processes, pipes, slots and the pool cost: one line each, "name  ns/op".
 *
 * An argument picks the lines whose name contains it.
 */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/mem.h"
#include "workers/pipe.h"
#include "workers/proc.h"
#include "workers/procpool.h"
#include "workers/sandbox.h"
#include "workers/shm.h"
#include "workers/slots.h"
#include "workers/xqueue.h"

static const char *only; /* part of the names that are wanted */

static bool wanted(const char *name)
{
	return !only || strstr(name, only);
}

static void report(const char *name, int64_t start, uint64_t n)
{
	printf("%-36s %10.0f ns/op\n", name, (double)(clock_ns() - start) / (double)n);
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

static int sealed_role(int argc, char **argv)
{
	struct err err;
	(void)argc, (void)argv;
	return sandbox_enter(NULL, &err) == 0 ? 0 : 1;
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

static const struct role roles[] = {
	{"exit", exit_role}, {"sealed", sealed_role}, {"work", work_role}};

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

static void start_role(const char *name, const char *role, int n)
{
	struct err err;
	int64_t start = clock_ns();
	for (int i = 0; i < n; i++) {
		int status;
		struct proc *p = proc_spawn_role(role, NULL, 0, NULL, &err);
		need(p, &err);
		proc_join(p, &status, -1);
		if (status != 0) {
			fprintf(stderr, "bench_procs: the role %s ended with %d\n", role, status);
			exit(1);
		}
		proc_free(p);
	}
	report(name, start, (uint64_t)n);
}

static void bench_spawn(const char *name, size_t ballast, int n)
{
	char *memory = mem_alloc(ballast + 1);
	memset(memory, 1, ballast + 1);
	start_role(name, "exit", n);
	free(memory);
}

static void bench_sealed(const char *name, size_t unused, int n)
{
	(void)unused;
	start_role(name, "sealed", n);
}

/* ---- pipe and queue ------------------------------------------------------------------------
 *
 * The same messages over a pipe and over a queue between the same two processes: streamed one way,
 * and there and back one by one. PAGE is what a documentation page has.
 */

enum { SMALL = 64, PAGE = 26 * 1024 };

static char message[PAGE];

static int echo(void *arg)
{
	const int *fd = arg;
	char msg[PAGE];
	ssize_t n;
	close(fd[0]);
	while ((n = pipe_recv(fd[1], msg, sizeof(msg))) > 0)
		pipe_send(fd[1], msg, (size_t)n);
	return 0;
}

static void bench_pipe_round_trip(const char *name, size_t size, int n)
{
	struct err err;
	int fd[2];
	if (pipe_open_twoway(fd, &err) != 0)
		need(NULL, &err);
	struct proc *p = proc_fork("bench", echo, fd, &err);
	need(p, &err);
	close(fd[1]);
	int64_t start = clock_ns();
	for (int i = 0; i < n; i++) {
		pipe_send(fd[0], message, size);
		pipe_recv(fd[0], message, size);
	}
	report(name, start, (uint64_t)n);
	close(fd[0]);
	proc_join(p, NULL, -1);
	proc_free(p);
}

static int drain_pipe(void *arg)
{
	const int *fd = arg;
	char msg[PAGE];
	close(fd[1]);
	while (pipe_recv(fd[0], msg, sizeof(msg)) > 0)
		;
	return 0;
}

static void bench_pipe_stream(const char *name, size_t size, int n)
{
	struct err err;
	int fd[2];
	if (pipe_open_oneway(fd, &err) != 0)
		need(NULL, &err);
	struct proc *p = proc_fork("bench", drain_pipe, fd, &err);
	need(p, &err);
	close(fd[0]);
	int64_t start = clock_ns();
	for (int i = 0; i < n; i++)
		pipe_send(fd[1], message, size);
	close(fd[1]);
	proc_join(p, NULL, -1);
	report(name, start, (uint64_t)n);
	proc_free(p);
}

static void bench_xqueue_alone(const char *name, size_t size, int n)
{
	struct xqueue *q = xqueue_open(256, size);
	int64_t start = clock_ns();
	for (int i = 0; i < n; i++) {
		xqueue_put(q, message, size, -1);
		xqueue_get(q, message, size, -1);
	}
	report(name, start, (uint64_t)n);
	xqueue_free(q);
}

static int drain_queue(void *arg)
{
	char msg[PAGE];
	while (xqueue_get(arg, msg, sizeof(msg), -1) > 0)
		;
	return 0;
}

static void bench_xqueue_stream(const char *name, size_t size, int n)
{
	struct err err;
	struct xqueue *q = xqueue_open(256, size);
	struct proc *p = proc_fork("bench", drain_queue, q, &err);
	need(p, &err);
	int64_t start = clock_ns();
	for (int i = 0; i < n; i++)
		xqueue_put(q, message, size, -1);
	xqueue_close(q);
	proc_join(p, NULL, -1);
	report(name, start, (uint64_t)n);
	proc_free(p);
	xqueue_free(q);
}

static int echo_queue(void *arg)
{
	struct xqueue **q = arg;
	char msg[PAGE];
	ssize_t n;
	while ((n = xqueue_get(q[0], msg, sizeof(msg), -1)) > 0)
		xqueue_put(q[1], msg, (size_t)n, -1);
	return 0;
}

static void bench_xqueue_round_trip(const char *name, size_t size, int n)
{
	struct err err;
	struct xqueue *q[2] = {xqueue_open(256, size), xqueue_open(256, size)};
	struct proc *p = proc_fork("bench", echo_queue, q, &err);
	need(p, &err);
	int64_t start = clock_ns();
	for (int i = 0; i < n; i++) {
		xqueue_put(q[0], message, size, -1);
		xqueue_get(q[1], message, size, -1);
	}
	report(name, start, (uint64_t)n);
	xqueue_close(q[0]);
	proc_join(p, NULL, -1);
	proc_free(p);
	xqueue_free(q[0]);
	xqueue_free(q[1]);
}

/* ---- slots --------------------------------------------------------------------------------- */

static void bench_slots(const char *name, size_t touch, int n)
{
	struct err err;
	struct slots *s = slots_open(64, 256 << 10, 4, 10 << 20, &err);
	need(s, &err);
	int64_t start = clock_ns();
	for (int i = 0; i < n; i++) {
		struct slot *slot = slots_take(s);
		if (touch)
			memset(slot->data, 'x', touch);
		slot->len = touch;
		slots_pass(slot, SLOT_FETCHER, SLOT_STORE);
		slots_give(s, slot);
	}
	report(name, start, (uint64_t)n);
	slots_close(s);
}

/* A page handed to another process without copying it through the kernel: a slot is filled, its
 * place told by pipe, the reader's read-only mapping read to the end, the answer sent, the slot
 * given back. */
struct handover {
	int pipe[2], arena;
	size_t size;
};

struct place {
	uint64_t offset;
	size_t len;
};

static int reads_slots(void *arg)
{
	const struct handover *h = arg;
	const char *arena = mmap(NULL, h->size, PROT_READ, MAP_SHARED, h->arena, 0);
	struct place at;
	char copy[PAGE];
	close(h->pipe[0]);
	if (arena == MAP_FAILED)
		return 1;
	while (pipe_recv(h->pipe[1], &at, sizeof(at)) > 0) {
		memcpy(copy, arena + at.offset, at.len);
		pipe_send(h->pipe[1], &at, sizeof(at));
	}
	return 0;
}

static void bench_slot_handover(const char *name, size_t len, int n)
{
	struct err err;
	struct slots *s = slots_open(64, 256 << 10, 4, 10 << 20, &err);
	need(s, &err);
	struct handover h = {.arena = slots_readonly_fd(s, &err), .size = slots_arena_size(s)};
	if (h.arena < 0 || pipe_open_twoway(h.pipe, &err) != 0)
		need(NULL, &err);
	struct proc *p = proc_fork("bench", reads_slots, &h, &err);
	need(p, &err);
	close(h.pipe[1]);
	int64_t start = clock_ns();
	for (int i = 0; i < n; i++) {
		struct slot *slot = slots_take(s);
		struct place at = {slot->offset, len};
		memcpy(slot->data, message, len);
		slot->len = len;
		slots_pass(slot, SLOT_FETCHER, SLOT_PARSER);
		pipe_send(h.pipe[0], &at, sizeof(at));
		pipe_recv(h.pipe[0], &at, sizeof(at));
		slots_pass(slot, SLOT_PARSER, SLOT_STORE);
		slots_give(s, slot);
	}
	report(name, start, (uint64_t)n);
	close(h.pipe[0]);
	proc_join(p, NULL, -1);
	proc_free(p);
	close(h.arena);
	slots_close(s);
}

static void bench_shm(const char *name, size_t size, int n)
{
	struct err err;
	int64_t start = clock_ns();
	for (int i = 0; i < n; i++) {
		int fd = shm_open_sealed("bench", size, &err);
		char *p = fd < 0 ? MAP_FAILED
				 : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (p == MAP_FAILED)
			need(NULL, &err);
		p[0] = 1;
		munmap(p, size);
		close(fd);
	}
	report(name, start, (uint64_t)n);
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

static const struct {
	const char *name;
	void (*fn)(const char *name, size_t size, int n);
	size_t size;
	int n;
} benches[] = {
	{"fork + join", bench_fork, 0, 200},
	{"fork + join, 512 MiB parent", bench_fork, (size_t)512 << 20, 20},
	{"spawn role + join", bench_spawn, 0, 200},
	{"spawn role + join, 512 MiB", bench_spawn, (size_t)512 << 20, 100},
	{"spawn role into the sandbox + join", bench_sealed, 0, 200},
	{"pipe, 64 B one way", bench_pipe_stream, SMALL, 200000},
	{"xqueue, 64 B one way", bench_xqueue_stream, SMALL, 500000},
	{"pipe, 64 B there and back", bench_pipe_round_trip, SMALL, 50000},
	{"xqueue, 64 B there and back", bench_xqueue_round_trip, SMALL, 50000},
	{"pipe, 26 KiB one way", bench_pipe_stream, PAGE, 50000},
	{"xqueue, 26 KiB one way", bench_xqueue_stream, PAGE, 50000},
	{"pipe, 26 KiB there and back", bench_pipe_round_trip, PAGE, 20000},
	{"slot, 26 KiB to a process and back", bench_slot_handover, PAGE, 20000},
	{"xqueue put + get, alone", bench_xqueue_alone, SMALL, 500000},
	{"shared memory, 1 MiB made and gone", bench_shm, 1 << 20, 20000},
	{"slot take + give", bench_slots, 0, 200000},
	{"slot, 32 KiB written", bench_slots, 32 << 10, 20000},
	{"slot, 256 KiB written", bench_slots, 256 << 10, 20000},
};

/* Load on a pool of workers: how many, how many tasks at once, work of a task and of our side. */
static const struct {
	const char *name;
	size_t workers;
	int in_flight;
	int64_t task_ns, loop_ns;
	int n;
} pools[] = {
	{"pool round trip, 1 in flight", 1, 1, 0, 0, 20000},
	{"pool, 2 workers, 64 in flight", 2, 64, 0, 0, 100000},
	{"pool, 1 worker, heavy tasks", 1, 64, 60000, 12000, 5000},
	{"pool, 2 workers, heavy tasks", 2, 64, 60000, 12000, 10000},
};

int main(int argc, char **argv)
{
	int status = role_main(argc, argv, roles, MEM_COUNT(roles));
	if (status >= 0)
		return status;
	only = argc > 1 ? argv[1] : NULL;
	for (size_t i = 0; i < MEM_COUNT(benches); i++)
		if (wanted(benches[i].name))
			benches[i].fn(benches[i].name, benches[i].size, benches[i].n);
	for (size_t i = 0; i < MEM_COUNT(pools); i++)
		if (wanted(pools[i].name))
			bench_pool(pools[i].name, pools[i].workers, pools[i].in_flight,
				pools[i].task_ns, pools[i].loop_ns, pools[i].n);
	return 0;
}
