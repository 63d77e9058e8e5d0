#include "workers/procpool.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/clock.h"
#include "config/mem.h"
#include "workers/misuse.h"
#include "workers/proc.h"
#include "workers/procpool_private.h"
#include "workers/shm.h"

#define OPEN_MS 60000

/* ---- the queue ----------------------------------------------------------------------------- */

struct task *pool_take(struct procpool *pool)
{
	struct task *task = pool->head;
	if (!task)
		return NULL;
	pool->head = task->next;
	if (!pool->head)
		pool->tail = &pool->head;
	pool->queued--;
	return task;
}

void pool_put_back(struct procpool *pool, struct task *task)
{
	task->next = pool->head;
	pool->head = task;
	if (!task->next)
		pool->tail = &task->next;
	pool->queued++;
}

void task_end(struct task *task, enum procpool_result r, int exit_status)
{
	task->fn(task->arg, r, NULL, 0, 0, exit_status);
	free(task);
}

static bool any_ready(const struct procpool *pool)
{
	for (size_t i = 0; i < pool->nseats; i++)
		if (pool->seats[i]->state == SEAT_READY)
			return true;
	return false;
}

void pool_fail_queued(struct procpool *pool)
{
	if (any_ready(pool))
		return;
	/* Only what is there now: a callback may apply anew. */
	for (size_t n = pool->queued; n > 0 && pool->queued > 0; n--)
		task_end(pool_take(pool), PROC_CRASHED, pool->failed_status);
}

/* Idle workers first; then behind the shortest row of tasks. */
static struct seat *best_seat(const struct procpool *pool)
{
	struct seat *second = NULL;
	for (size_t i = 0; i < pool->nseats; i++) {
		struct seat *seat = pool->seats[i];
		if (!seat_has_room(seat))
			continue;
		if (seat->nheld == 0)
			return seat;
		if (!second || seat->nheld < second->nheld)
			second = seat;
	}
	return second;
}

/* What goes to the same worker goes as one message. Again, where a worker turned out to be gone. */
static void hand_out(struct procpool *pool)
{
	struct seat *seat;
	while (pool->queued && (seat = best_seat(pool))) {
		do
			seat_hand(seat, pool_take(pool));
		while (pool->queued && (seat = best_seat(pool)));
		for (size_t i = 0; i < pool->nseats; i++)
			seat_send(pool->seats[i]);
	}
}

void pool_settle(struct procpool *pool)
{
	hand_out(pool);
	for (size_t i = 0; i < pool->nseats; i++) {
		struct seat *seat = pool->seats[i];
		bool surplus = seat->retiring || (pool->closed && pool->queued == 0);
		bool can_go = seat->state == SEAT_READY || seat->state == SEAT_STARTING ||
			      seat->state == SEAT_BACKOFF;
		if (surplus && can_go && seat->nheld == 0 && !seat->in_callback)
			seat_leave(seat);
	}
}

int procpool_apply(
	struct procpool *pool, const void *msg, size_t msg_len, procpool_fn *fn, void *arg)
{
	if (pool->closed || msg_len == 0 || msg_len > PROCPOOL_MSG_MAX) {
		errno = pool->closed ? EPIPE : EMSGSIZE;
		return -1;
	}
	struct task *task = mem_alloc(sizeof(*task) + sizeof(struct pool_order) + msg_len);
	task->next = NULL;
	task->fn = fn;
	task->arg = arg;
	task->len = sizeof(struct pool_order) + msg_len;
	memset(task->msg, 0, sizeof(struct pool_order));
	memcpy(task->msg + sizeof(struct pool_order), msg, msg_len);
	*pool->tail = task;
	pool->tail = &task->next;
	if (++pool->queued > pool->high_water)
		pool->high_water = pool->queued;
	pool_settle(pool);
	return 0;
}

/* ---- waiting without the event loop -------------------------------------------------------- */

static bool all_gone(const struct procpool *pool)
{
	for (size_t i = 0; i < pool->nseats; i++)
		if (pool->seats[i]->state != SEAT_GONE)
			return false;
	return true;
}

static int until_due(const struct procpool *pool, int64_t end)
{
	int64_t now = clock_ms(), until = end;
	for (size_t i = 0; i < pool->nseats; i++) {
		int64_t due = pool->seats[i]->due_ms;
		if (due && due < until)
			until = due;
	}
	int64_t ms = until - now;
	return ms < 0 ? 0 : ms > 60000 ? 60000 : (int)ms;
}

/* The same handlers as the events call. */
static int handle(struct procpool *pool, const struct pollfd *fds, size_t nseats)
{
	int handled = 0;
	for (size_t i = 0; i < nseats; i++) {
		struct seat *seat = pool->seats[i];
		if (fds[2 * i].revents && seat->fd == fds[2 * i].fd) {
			seat_on_readable(seat);
			handled++;
		}
		if (fds[2 * i + 1].revents && seat->proc &&
			proc_pidfd(seat->proc) == fds[2 * i + 1].fd) {
			seat_on_exit(seat);
			handled++;
		}
		if (seat->due_ms && seat->due_ms <= clock_ms()) {
			seat_on_timer(seat);
			handled++;
		}
	}
	return handled;
}

int procpool_step(struct procpool *pool, int64_t timeout_ms)
{
	int64_t end = timeout_ms < 0 ? INT64_MAX : clock_ms() + timeout_ms;
	int handled;
	do {
		size_t n = pool->nseats;
		struct pollfd *fds = mem_array(2 * n, sizeof(*fds));
		for (size_t i = 0; i < n; i++) {
			const struct seat *seat = pool->seats[i];
			fds[2 * i] = (struct pollfd){
				.fd = seat->state == SEAT_KILLED ? -1 : seat->fd, .events = POLLIN};
			fds[2 * i + 1] = (struct pollfd){
				.fd = seat->proc ? proc_pidfd(seat->proc) : -1, .events = POLLIN};
		}
		int ready = poll(fds, 2 * n, until_due(pool, end));
		if (ready <= 0)
			memset(fds, 0, 2 * n * sizeof(*fds));
		handled = handle(pool, fds, n);
		free(fds);
	} while (!handled && clock_ms() < end);
	if (!handled) {
		errno = ETIMEDOUT;
		return -1;
	}
	return 0;
}

int procpool_join(struct procpool *pool, int64_t timeout_ms)
{
	int64_t end = timeout_ms < 0 ? INT64_MAX : clock_ms() + timeout_ms;
	if (!pool->closed)
		misuse("procpool_join of a pool that was not closed would wait for ever");
	while (!all_gone(pool) || pool->queued) {
		int64_t left = end - clock_ms();
		if (left < 0 || procpool_step(pool, timeout_ms < 0 ? -1 : left) != 0) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
	return 0;
}

/* ---- open, close --------------------------------------------------------------------------- */

static char *size_argument(const char *name, size_t value)
{
	char text[64];
	snprintf(text, sizeof(text), "%s%zu", name, value);
	return mem_strdup(text);
}

static char **arguments(const struct procpool_opts *opts)
{
	size_t n = 0, i;
	while (opts->extra_args && opts->extra_args[n])
		n++;
	char **args = mem_array(n + 3, sizeof(*args));
	for (i = 0; i < n; i++)
		args[i] = mem_strdup(opts->extra_args[i]);
	args[i++] = size_argument(POOL_ARG_ANSWER, opts->answer_size);
	args[i] = size_argument(POOL_ARG_ARENA, opts->readonly_fd >= 0 ? opts->arena_size : 0);
	return args;
}

int procpool_wait_ready(struct procpool *pool, struct err *err)
{
	int64_t end = clock_ms() + OPEN_MS;
	char text[80];
	while (!any_ready(pool)) {
		if (pool->failed_starts)
			return err_set(err, EXIT_INTERNAL,
				"the %s process ended before it was ready (%s)", pool->role,
				proc_status_text(pool->failed_status, text, sizeof(text)));
		if (clock_ms() >= end)
			return err_set(err, EXIT_INTERNAL, "the %s process was not ready in time",
				pool->role);
		(void)procpool_step(pool, end - clock_ms());
	}
	return 0;
}

struct procpool *procpool_start(const struct procpool_opts *opts)
{
	if (opts->workers == 0 || opts->answer_size == 0)
		misuse("a pool of %zu workers with answers of %zu bytes", opts->workers,
			opts->answer_size);
	struct procpool *pool = mem_zalloc(sizeof(*pool));
	pool->role = mem_strdup(opts->role);
	pool->base = opts->base;
	pool->answer_size = opts->answer_size;
	pool->depth = opts->depth && opts->depth < PROCPOOL_DEPTH ? opts->depth : PROCPOOL_DEPTH;
	pool->stride = shm_page_round(opts->answer_size);
	pool->readonly_fd = opts->readonly_fd;
	pool->deadline_ms = opts->deadline_ms;
	pool->args = arguments(opts);
	pool->tail = &pool->head;
	(void)procpool_resize(pool, opts->workers); /* of an open pool, to some: cannot fail */
	return pool;
}

struct procpool *procpool_open(const struct procpool_opts *opts, struct err *err)
{
	struct procpool *pool = procpool_start(opts);
	if (procpool_wait_ready(pool, err) == 0)
		return pool;
	procpool_free(pool);
	return NULL;
}

int procpool_resize(struct procpool *pool, size_t workers)
{
	if (workers == 0 || pool->closed) {
		errno = pool->closed ? EPIPE : EINVAL;
		return -1;
	}
	if (workers > pool->nseats) {
		pool->seats = mem_realloc(pool->seats, workers * sizeof(*pool->seats));
		while (pool->nseats < workers) {
			pool->seats[pool->nseats] = seat_new(pool, pool->nseats);
			pool->nseats++;
		}
	}
	pool->target = workers;
	for (size_t i = 0; i < pool->nseats; i++) {
		struct seat *seat = pool->seats[i];
		seat->retiring = i >= workers;
		if (!seat->retiring && seat->state == SEAT_GONE)
			seat_start(seat);
	}
	pool_settle(pool);
	return 0;
}

void procpool_close(struct procpool *pool)
{
	pool->closed = true;
	pool_settle(pool);
}

void procpool_free(struct procpool *pool)
{
	if (!pool)
		return;
	pool->closed = pool->freeing = true;
	for (size_t i = 0; i < pool->nseats; i++)
		seat_destroy_process(pool->seats[i]);
	for (size_t i = 0; i < pool->nseats; i++) {
		struct seat *seat = pool->seats[i];
		while (seat->nheld)
			pool_put_back(pool, seat->held[--seat->nheld]);
	}
	while (pool->queued)
		task_end(pool_take(pool), PROC_CLOSED, 0);
	for (size_t i = 0; i < pool->nseats; i++)
		seat_free(pool->seats[i]);
	free(pool->seats);
	for (size_t i = 0; pool->args[i]; i++)
		free(pool->args[i]);
	free(pool->args);
	free(pool->role);
	free(pool);
}

/* ---- counts -------------------------------------------------------------------------------- */

size_t procpool_workers(const struct procpool *pool)
{
	return pool->target;
}

size_t procpool_queued(const struct procpool *pool)
{
	return pool->queued;
}

size_t procpool_busy(const struct procpool *pool)
{
	size_t n = 0;
	for (size_t i = 0; i < pool->nseats; i++)
		n += pool->seats[i]->nheld > 0;
	return n;
}

size_t procpool_restarts(const struct procpool *pool)
{
	return pool->restarts;
}

size_t procpool_high_water(const struct procpool *pool)
{
	return pool->high_water;
}

void procpool_census(
	struct procpool *pool, void (*fn)(void *arg, const struct procpool_seat *seat), void *arg)
{
	int64_t now = clock_ms();
	for (size_t i = 0; i < pool->nseats; i++) {
		const struct seat *seat = pool->seats[i];
		if (seat->state == SEAT_GONE && seat->retiring)
			continue;
		bool busy = seat->state == SEAT_READY && seat->nheld > 0;
		struct procpool_seat out = {
			.index = i,
			.pid = seat->proc ? proc_pid(seat->proc) : 0,
			.state = seat_state_name(seat),
			.busy = busy,
			.age_ms = now - (busy ? seat->begun_ms : seat->since_ms),
			.done = seat->done,
			.restarts = seat->restarts,
		};
		fn(arg, &out);
	}
}
