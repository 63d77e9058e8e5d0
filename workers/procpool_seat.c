/* procpool_seat.c - one worker process of a pool after the other: start, tasks, answers, death. */
#include "workers/procpool_private.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/log.h"
#include "config/mem.h"
#include "workers/pipe.h"
#include "workers/proc.h"
#include "workers/shm.h"

#define START_MS    30000 /* to say "ready"; only a machine in deep trouble needs seconds */
#define LEAVE_MS    5000  /* to end after EOF */
#define FREE_DEATHS 2	  /* replaced at once; then 10, 20, 40 ... ms */
#define BACKOFF_MS  10
#define BACKOFF_MAX 2000
#define FAILED_MAX  10	/* failed starts in a row: the pool gives up on its queue */
#define SLOW_MS	    100 /* who has been at one task for so long gets none behind it */
#define AREA_KEEP   ((size_t)256 * 1024) /* of an answer area kept in memory */

static void state_set(struct seat *seat, enum seat_state state)
{
	seat->state = state;
	seat->since_ms = clock_ms();
}

/* ---- the timer: one per seat, its meaning follows from the state --------------------------- */

static void timer_set(struct seat *seat, int64_t ms)
{
	seat->due_ms = clock_ms() + ms;
	if (seat->ev_timer) {
		struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
		event_add(seat->ev_timer, &tv);
	}
}

static void timer_clear(struct seat *seat)
{
	seat->due_ms = 0;
	if (seat->ev_timer)
		event_del(seat->ev_timer);
}

/* ---- events -------------------------------------------------------------------------------- */

static void fd_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	seat_on_readable(arg);
}

static void exit_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	seat_on_exit(arg);
}

static void timer_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	seat_on_timer(arg);
}

static void events_open(struct seat *seat)
{
	if (!seat->pool->base)
		return;
	seat->ev_fd = event_new(seat->pool->base, seat->fd, EV_READ | EV_PERSIST, fd_cb, seat);
	seat->ev_exit = event_new(
		seat->pool->base, proc_pidfd(seat->proc), EV_READ | EV_PERSIST, exit_cb, seat);
	event_add(seat->ev_fd, NULL);
	event_add(seat->ev_exit, NULL);
}

static void event_drop(struct event **ev)
{
	if (*ev)
		event_free(*ev);
	*ev = NULL;
}

/* ---- start --------------------------------------------------------------------------------- */

static int areas_open(struct seat *seat, struct err *err)
{
	size_t size = PROCPOOL_DEPTH * seat->pool->stride;
	seat->areas_fd = shm_open_sealed("answers", size, err);
	if (seat->areas_fd < 0)
		return -1;
	char *areas = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_NORESERVE, seat->areas_fd, 0);
	if (areas == MAP_FAILED)
		return err_set(err, EXIT_INTERNAL, "cannot map %zu bytes for answers: %s", size,
			strerror(errno));
	seat->areas = areas;
	return 0;
}

static int process_open(struct seat *seat, struct err *err)
{
	struct procpool *pool = seat->pool;
	int ends[2];
	if (areas_open(seat, err) != 0 || pipe_open_twoway(ends, err) != 0)
		return -1;
	seat->fd = ends[0];
	int fds[3] = {ends[1], seat->areas_fd, pool->readonly_fd};
	seat->proc = proc_spawn_role(pool->role, fds, pool->readonly_fd >= 0 ? 3 : 2,
		(const char *const *)pool->args, err);
	close(ends[1]);
	return seat->proc ? 0 : -1;
}

static void process_close(struct seat *seat)
{
	event_drop(&seat->ev_fd);
	event_drop(&seat->ev_exit);
	timer_clear(seat);
	proc_free(seat->proc);
	seat->proc = NULL;
	if (seat->fd >= 0)
		close(seat->fd);
	if (seat->areas)
		munmap(seat->areas, PROCPOOL_DEPTH * seat->pool->stride);
	if (seat->areas_fd >= 0)
		close(seat->areas_fd);
	seat->fd = seat->areas_fd = -1;
	seat->areas = NULL;
}

/* After a death: now, or later when it keeps happening. */
static void start_again(struct seat *seat)
{
	struct procpool *pool = seat->pool;
	if (pool->freeing || seat->retiring || (pool->closed && pool->queued == 0)) {
		state_set(seat, SEAT_GONE);
		return;
	}
	seat->restarts++;
	pool->restarts++;
	if (seat->deaths <= FREE_DEATHS) {
		seat_start(seat);
		return;
	}
	unsigned doublings = seat->deaths - FREE_DEATHS - 1;
	int64_t ms = doublings < 8 ? BACKOFF_MS << doublings : BACKOFF_MAX;
	state_set(seat, SEAT_BACKOFF);
	timer_set(seat, ms < BACKOFF_MAX ? ms : BACKOFF_MAX);
}

static void start_failed(struct seat *seat, int status)
{
	struct procpool *pool = seat->pool;
	pool->failed_starts++;
	pool->failed_status = status;
	seat->deaths++;
	if (seat->deaths <= FREE_DEATHS)
		seat->deaths = FREE_DEATHS + 1; /* what cannot start is not tried again at once */
	start_again(seat);
	if (pool->failed_starts >= FAILED_MAX)
		pool_fail_queued(pool);
}

void seat_start(struct seat *seat)
{
	struct err err;
	seat->was_ready = seat->broken = false;
	seat->verdict = PROC_CRASHED;
	seat->seq = 0;
	if (process_open(seat, &err) != 0) {
		process_close(seat);
		log_error("%s", err.text);
		start_failed(seat, 127);
		return;
	}
	events_open(seat);
	state_set(seat, SEAT_STARTING);
	timer_set(seat, START_MS);
}

struct seat *seat_new(struct procpool *pool, size_t index)
{
	struct seat *seat = mem_zalloc(sizeof(*seat));
	seat->pool = pool;
	seat->index = index;
	seat->fd = seat->areas_fd = -1;
	if (pool->base)
		seat->ev_timer = event_new(pool->base, -1, 0, timer_cb, seat);
	state_set(seat, SEAT_GONE);
	return seat;
}

void seat_free(struct seat *seat)
{
	event_drop(&seat->ev_timer);
	free(seat);
}

/* ---- kill ---------------------------------------------------------------------------------- */

/* What follows happens in seat_on_exit, once it is really dead. */
static void seat_kill(struct seat *seat, enum procpool_result verdict)
{
	if (seat->state == SEAT_KILLED)
		return;
	seat->verdict = verdict;
	proc_kill(seat->proc, SIGKILL);
	timer_clear(seat);
	if (seat->ev_fd)
		event_del(seat->ev_fd);
	state_set(seat, SEAT_KILLED);
}

void seat_leave(struct seat *seat)
{
	if (seat->state == SEAT_BACKOFF) {
		timer_clear(seat);
		state_set(seat, SEAT_GONE);
		return;
	}
	event_drop(&seat->ev_fd);
	close(seat->fd);
	seat->fd = -1;
	state_set(seat, SEAT_LEAVING);
	timer_set(seat, LEAVE_MS);
}

void seat_destroy_process(struct seat *seat)
{
	if (seat->proc) {
		proc_kill(seat->proc, SIGKILL);
		proc_join(seat->proc, NULL, -1);
		process_close(seat);
	}
	timer_clear(seat);
	state_set(seat, SEAT_GONE);
}

/* ---- tasks --------------------------------------------------------------------------------- */

bool seat_has_room(const struct seat *seat)
{
	if (seat->state != SEAT_READY || seat->retiring || seat->in_callback || seat->broken ||
		seat->nheld >= seat->pool->depth)
		return false;
	return seat->nheld == 0 || clock_ms() - seat->begun_ms < SLOW_MS;
}

/* A new task is at the head: its time begins. The timer is not set again for each task
 * but looks, when it fires, whether the task of that moment is really late. */
static void task_begins(struct seat *seat)
{
	seat->begun_ms = clock_ms();
	if (seat->pool->deadline_ms > 0 && seat->due_ms == 0)
		timer_set(seat, seat->pool->deadline_ms);
}

void seat_hand(struct seat *seat, struct task *task)
{
	struct pool_order *order = (struct pool_order *)task->msg;
	order->seq = ++seat->seq;
	order->area = order->seq % PROCPOOL_DEPTH;
	order->len = (uint32_t)(task->len - sizeof(*order));
	seat->held[seat->nheld++] = task;
	seat->unsent++;
	if (seat->nheld == 1)
		task_begins(seat);
}

/* As many as one message holds. */
static bool send_some(struct seat *seat)
{
	struct iovec parts[PROCPOOL_DEPTH];
	struct task **first = &seat->held[seat->nheld - seat->unsent];
	size_t n = 0, len = 0;
	while (n < seat->unsent && len + first[n]->len <= PIPE_MAX) {
		parts[n] = (struct iovec){.iov_base = first[n]->msg, .iov_len = first[n]->len};
		len += first[n++]->len;
	}
	if (pipe_try_send_parts(seat->fd, parts, n) < 0)
		return false;
	seat->unsent -= n;
	return true;
}

void seat_send(struct seat *seat)
{
	while (seat->unsent && send_some(seat))
		;
	if (!seat->unsent)
		return;
	/* It is gone, and these tasks had no part in it. What it answered before is still to be
	 * read, or the wrong one would be blamed: then comes the end. */
	bool gone = errno == EPIPE || errno == ECONNRESET;
	for (; seat->unsent; seat->unsent--) {
		pool_put_back(seat->pool, seat->held[--seat->nheld]);
		seat->seq--;
	}
	seat->broken = true;
	if (!gone)
		seat_kill(seat, PROC_CRASHED);
}

static struct task *held_pop(struct seat *seat)
{
	struct task *task = seat->held[0];
	seat->nheld--;
	for (size_t i = 0; i < seat->nheld; i++)
		seat->held[i] = seat->held[i + 1];
	return task;
}

static void punch_large(struct seat *seat, uint64_t area, size_t len)
{
	size_t start = area * seat->pool->stride;
	if (len > AREA_KEEP)
		shm_punch(seat->areas_fd, start + AREA_KEEP, start + seat->pool->stride);
}

static void on_answer(struct seat *seat, const struct pool_reply *reply)
{
	uint64_t first = seat->seq - seat->nheld + 1;
	if (seat->nheld == 0 || reply->seq != first || reply->len > seat->pool->answer_size) {
		seat_kill(seat, PROC_CRASHED);
		return;
	}
	uint64_t area = reply->seq % PROCPOOL_DEPTH;
	struct task *task = held_pop(seat);
	seat->done++;
	seat->deaths = 0;
	if (seat->nheld)
		task_begins(seat);
	seat->in_callback = true;
	task->fn(task->arg, PROC_DONE, seat->areas + area * seat->pool->stride, (size_t)reply->len,
		reply->status, 0);
	seat->in_callback = false;
	punch_large(seat, area, (size_t)reply->len);
	free(task);
}

/* One message. False when there is no further one to look for. */
static bool read_one(struct seat *seat)
{
	struct pool_reply reply;
	ssize_t n = pipe_try_recv(seat->fd, &reply, sizeof(reply));
	/* Who ends with tasks unread resets the pipe. That is said once, before what it had
	 * answered, and the answers are still there. */
	if (n < 0 && errno == ECONNRESET)
		n = pipe_try_recv(seat->fd, &reply, sizeof(reply));
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n == sizeof(reply) && reply.word == POOL_ANSWER && seat->state == SEAT_READY) {
		on_answer(seat, &reply);
	} else if (n == sizeof(reply) && reply.word == POOL_READY && seat->state == SEAT_STARTING) {
		timer_clear(seat);
		seat->was_ready = true;
		seat->pool->failed_starts = 0;
		state_set(seat, SEAT_READY);
	} else {
		/* The end, or nonsense. At the end it is dying already, with its own status. */
		seat_kill(seat, PROC_CRASHED);
	}
	/* Who has no task has nothing to say. */
	return seat->state == SEAT_READY && seat->nheld > 0;
}

void seat_on_readable(struct seat *seat)
{
	struct procpool *pool = seat->pool;
	while (seat->state != SEAT_KILLED && seat->fd >= 0 && read_one(seat))
		;
	pool_settle(pool);
}

void seat_on_timer(struct seat *seat)
{
	seat->due_ms = 0;
	switch (seat->state) {
	case SEAT_BACKOFF: seat_start(seat); break;
	case SEAT_STARTING:
		log_error(
			"a %s process was not ready after %d s", seat->pool->role, START_MS / 1000);
		seat_kill(seat, PROC_CRASHED);
		break;
	case SEAT_LEAVING: seat_kill(seat, PROC_CLOSED); break;
	case SEAT_READY:
		if (seat->nheld) {
			int64_t left = seat->begun_ms + seat->pool->deadline_ms - clock_ms();
			if (left > 0)
				timer_set(seat, left);
			else
				seat_kill(seat, PROC_DEADLINE);
		}
		break;
	case SEAT_GONE:
	case SEAT_KILLED: break;
	}
	pool_settle(seat->pool);
}

/* ---- death --------------------------------------------------------------------------------- */

void seat_on_exit(struct seat *seat)
{
	struct procpool *pool = seat->pool;
	int status = 0;
	char text[80];
	/* What it answered before it died counts. */
	while ((seat->state == SEAT_READY || seat->state == SEAT_STARTING) && read_one(seat))
		;
	if (proc_join(seat->proc, &status, 0) != 0) {
		seat_kill(seat, PROC_CRASHED); /* it seemed to have ended: make it true */
		return;
	}
	bool left = seat->state == SEAT_LEAVING ||
		    (seat->state == SEAT_KILLED && seat->verdict == PROC_CLOSED);
	process_close(seat);
	struct task *culprit = seat->nheld ? held_pop(seat) : NULL;
	enum procpool_result verdict = seat->verdict;
	while (seat->nheld)
		pool_put_back(pool, seat->held[--seat->nheld]);

	if (left) {
		state_set(seat, SEAT_GONE);
		if (!seat->retiring && !pool->closed)
			seat_start(seat);
	} else {
		log_debug("%s process ended: %s", pool->role,
			proc_status_text(status, text, sizeof(text)));
		if (seat->was_ready) {
			seat->deaths++;
			start_again(seat);
		} else {
			start_failed(seat, status);
		}
	}
	if (culprit)
		task_end(culprit, verdict, status);
	pool_settle(pool);
}

const char *seat_state_name(const struct seat *seat)
{
	switch (seat->state) {
	case SEAT_GONE: return "gone";
	case SEAT_BACKOFF: return "backing off";
	case SEAT_STARTING: return "starting";
	case SEAT_READY: return seat->nheld ? "busy" : "idle";
	case SEAT_KILLED: return "killed";
	case SEAT_LEAVING: return "leaving";
	}
	return "?";
}
