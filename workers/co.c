#include "workers/co.h"

#include <errno.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>

#include "config/clock.h"
#include "config/mem.h"
#include "workers/co_impl.h"
#include "workers/misuse.h"

/* ---- life ---- */

static void live_add(struct loop *l, struct co *co)
{
	co->live_prev = l->live_last;
	if (l->live_last)
		l->live_last->live_next = co;
	else
		l->live_first = co;
	l->live_last = co;
	l->live++;
}

static void live_remove(struct loop *l, struct co *co)
{
	if (co->live_prev)
		co->live_prev->live_next = co->live_next;
	else
		l->live_first = co->live_next;
	if (co->live_next)
		co->live_next->live_prev = co->live_prev;
	else
		l->live_last = co->live_prev;
	l->live--;
}

static void ready_add(struct co *co)
{
	struct loop *l = co->loop;

	co->status = CO_READY;
	co->next = NULL;
	if (l->ready_last)
		l->ready_last->next = co;
	else
		l->ready_first = co;
	l->ready_last = co;
	l->ready++;
}

static void co_body(void *arg)
{
	struct co *co = arg;

	co->fn(co->arg);
	if (fiber_self() != &co->fiber)
		misuse("coroutine '%s' ended inside a generator", co->name);
	co->status = CO_DONE;
	waitlist_wake_all(&co->joiners);
	fiber_leave(&co->loop->main);
}

struct co *co_spawn(struct loop *l, const char *name, void (*fn)(void *), void *arg)
{
	struct co *co = mem_zalloc(sizeof(*co));

	loop_check(l, "co_spawn");
	co->loop = l;
	co->fn = fn;
	co->arg = arg;
	co->handle = true;
	co->state_since = co->wait_since = l->now;
	strncpy(co->name, name, sizeof(co->name) - 1);
	fiber_make(&co->fiber, co->name, stack_take(&l->stacks), co_body, co);
	co->at = &co->fiber;
	live_add(l, co);
	ready_add(co);
	return co;
}

void co_reap(struct co *co)
{
	live_remove(co->loop, co);
	stack_give(&co->loop->stacks, fiber_release(&co->fiber));
	if (!co->handle)
		free(co);
}

/* Ends the handle: what is left of it goes now, or when it ends. */
void co_detach(struct co *co)
{
	loop_check(co->loop, "co_detach");
	if (!co->handle)
		misuse("coroutine '%s' was detached or joined twice", co->name);
	co->handle = false;
	if (co->status == CO_DONE)
		free(co);
}

static bool is_done(void *co)
{
	return co_done(co);
}

void co_join(struct co *co)
{
	struct co *self = co_self();

	loop_check(co->loop, "co_join");
	if (co == self)
		misuse("coroutine '%s' joins itself", co->name);
	if (co->status != CO_DONE && !self)
		loop_until(co->loop, "co_join", is_done, co);
	while (co->status != CO_DONE)
		co_pause(self, (struct co_pause){.what = "joining",
				       .on = &co->joiners,
				       .deadline_ms = -1,
				       .firm = true});
	co_detach(co);
}

void co_join_all(struct co **cos, size_t n)
{
	for (size_t i = 0; i < n; i++)
		co_join(cos[i]);
}

bool co_done(const struct co *co)
{
	return co->status == CO_DONE;
}

/* ---- waiting ---- */

struct co *co_self(void)
{
	struct loop *l = loop_self();

	return l ? l->running : NULL;
}

const char *co_name(const struct co *co)
{
	return co->name;
}

struct co *co_running(const char *caller)
{
	struct co *co = co_self();

	if (!co)
		misuse("%s was called outside a coroutine: only coroutines can wait", caller);
	return co;
}

static void waitlist_add(struct waitlist *w, struct co *co)
{
	co->on = w;
	co->next = NULL;
	co->prev = w->last;
	if (w->last)
		w->last->next = co;
	else
		w->first = co;
	w->last = co;
}

int co_pause(struct co *co, struct co_pause p)
{
	struct loop *l = co->loop;

	if (co->cancel_due && !p.firm) {
		co->cancel_due = false;
		errno = ECANCELED;
		return -1;
	}
	co->status = CO_WAITING;
	co->result = 0;
	co->what = p.what;
	co->wait_since = l->now;
	co->firm = p.firm;
	co->parked = p.park;
	if (p.on)
		waitlist_add(p.on, co);
	if (p.deadline_ms >= 0)
		deadlines_put(&l->deadlines, co, p.deadline_ms);
	co->at = fiber_self();
	fiber_switch(&l->main);
	if (!co->result)
		return 0;
	errno = co->result;
	return -1;
}

void co_ready(struct co *co, int result)
{
	if (co->on)
		waitlist_remove(co->on, co);
	deadlines_remove(&co->loop->deadlines, co);
	co->result = result;
	co->parked = false;
	ready_add(co);
}

void co_cancel(struct co *co)
{
	loop_check(co->loop, "co_cancel");
	co->cancelled = true;
	if (co->status == CO_WAITING && !co->firm)
		co_ready(co, ECANCELED);
	else
		co->cancel_due = true;
}

bool co_cancelled(void)
{
	struct co *co = co_self();

	return co && co->cancelled;
}

int co_sleep_ms(int64_t ms)
{
	struct co *co = co_running("co_sleep_ms");
	int64_t until = (clock_ns() + 999999) / 1000000;

	if (ms <= 0)
		return co_yield_now();
	until = ms < INT64_MAX - until ? until + ms : INT64_MAX - 1;
	if (co_pause(co, (struct co_pause){.what = "sleeping", .deadline_ms = until}) &&
		errno != ETIMEDOUT)
		return -1;
	return 0;
}

int co_yield_now(void)
{
	struct co *co = co_running("co_yield_now");

	if (co->cancel_due) {
		co->cancel_due = false;
		errno = ECANCELED;
		return -1;
	}
	ready_add(co);
	co->at = fiber_self();
	fiber_switch(&co->loop->main);
	return 0;
}

int co_park(int64_t deadline_ms)
{
	return co_pause(co_running("co_park"),
		(struct co_pause){.what = "parked", .deadline_ms = deadline_ms, .park = true});
}

void co_wake(struct co *co)
{
	loop_check(co->loop, "co_wake");
	if (co->parked)
		co_ready(co, 0);
}

static void fd_ready(evutil_socket_t fd, short events, void *arg)
{
	struct co *co = arg;

	(void)fd, (void)events;
	if (co->status == CO_WAITING) /* else its deadline or a cancel came first */
		co_ready(co, 0);
}

int co_wait_fd(int fd, short events, int64_t deadline_ms)
{
	struct co *co = co_running("co_wait_fd");
	struct event ev;
	int rc, saved;

	if (!(events & (EV_READ | EV_WRITE)) ||
		event_assign(&ev, co->loop->base, fd, events & (EV_READ | EV_WRITE), fd_ready, co))
		misuse("co_wait_fd: events %d are neither EV_READ nor EV_WRITE", events);
	errno = 0;
	if (event_add(&ev, NULL)) {
		if (!errno)
			errno = EBADF;
		return -1;
	}
	rc = co_pause(co,
		(struct co_pause){.what = "waiting for a descriptor", .deadline_ms = deadline_ms});
	saved = errno;
	event_del(&ev);
	errno = saved;
	return rc;
}

void co_state(const char *state)
{
	struct co *co = co_running("co_state");

	co->state = state;
	co->state_since = co->loop->now;
}
