#include "workers/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/mem.h"
#include "workers/co.h"
#include "workers/co_impl.h"
#include "workers/instrument.h"
#include "workers/misuse.h"

#define STACK_DEFAULT (64 * 1024 * INSTRUMENT_STACK_FACTOR)

static _Thread_local struct loop *of_thread;

/* ---- open and close ---- */

/* libevent's own timers count in the kernel's coarse clock and would be up to 4 ms off:
 * so all deadlines share one timerfd. It is set only when the loop is about to block,
 * and only to an earlier time: a deadline that was removed costs one idle turn, later. */
static void alarm_rang(evutil_socket_t fd, short events, void *arg)
{
	struct loop *l = arg;
	uint64_t times;

	(void)events;
	if (read(fd, &times, sizeof(times)) < 0 && errno != EAGAIN)
		misuse("the loop's timer cannot be read: %s", strerror(errno));
	l->alarm_at = DEADLINE_NONE;
}

static void alarm_open(struct loop *l)
{
	l->alarm_at = DEADLINE_NONE;
	l->alarm_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (l->alarm_fd < 0)
		exhausted("no timer for the loop: %s", strerror(errno));
	l->alarm = event_new(l->base, l->alarm_fd, EV_READ | EV_PERSIST, alarm_rang, l);
	if (!l->alarm || event_add(l->alarm, NULL))
		exhausted("no event for the loop's timer");
}

static void alarm_set(struct loop *l)
{
	int64_t at = deadlines_next(&l->deadlines);
	struct itimerspec t = {0};

	if (at >= l->alarm_at)
		return;
	l->alarm_at = at;
	t.it_value.tv_sec = at / 1000;
	t.it_value.tv_nsec = at % 1000 * 1000000;
	if (!at)
		t.it_value.tv_nsec = 1; /* all zero would switch it off */
	if (timerfd_settime(l->alarm_fd, TFD_TIMER_ABSTIME, &t, NULL))
		misuse("the loop's timer cannot be set: %s", strerror(errno));
}

struct loop *loop_open(void)
{
	struct loop *l = mem_zalloc(sizeof(*l));
	struct event_config *cfg = event_config_new();

	if (of_thread)
		misuse("loop_open: this thread has a loop already");
	/* One thread uses it; the others come through doors. */
	if (cfg)
		event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
	l->base = cfg ? event_base_new_with_config(cfg) : NULL;
	if (!l->base)
		exhausted("libevent has no way to wait for descriptors here");
	event_config_free(cfg);
	stacks_init(&l->stacks, STACK_DEFAULT);
	deadlines_init(&l->deadlines);
	l->now = clock_ms();
	alarm_open(l);
	fiber_adopt(&l->main);
	of_thread = l;
	return l;
}

static bool nobody_lives(void *arg)
{
	struct loop *l = arg;

	return !l->live;
}

#define CLOSE_TURNS 100000

/* Asked once a turn, so each wait on the way out fails at once; but what is waited for
 * firmly (a join) is waited for all the same. */
static bool cancel_all(void *arg)
{
	struct loop *l = arg;

	if (l->live && l->turns > l->close_by)
		misuse("loop_close: coroutine '%s' goes on although its every wait is cancelled",
			l->live_first->name);
	for (struct co *co = l->live_first; co; co = co->live_next)
		if (co->status != CO_READY || !co->cancelled)
			co_cancel(co);
	return !l->live;
}

void loop_close(struct loop *l)
{
	loop_check(l, "loop_close");
	l->close_by = l->turns + CLOSE_TURNS;
	loop_until(l, "loop_close", cancel_all, l);
	if (l->stacks.taken)
		misuse("loop_close: %zu generators are still open", l->stacks.taken);
	fiber_unadopt(&l->main);
	event_free(l->alarm);
	close(l->alarm_fd);
	event_base_free(l->base);
	deadlines_release(&l->deadlines);
	stacks_release(&l->stacks);
	of_thread = NULL;
	free(l);
}

struct loop *loop_self(void)
{
	return of_thread;
}

struct event_base *loop_base(struct loop *l)
{
	return l->base;
}

void loop_check(struct loop *l, const char *caller)
{
	if (l != of_thread)
		misuse("%s was called on a thread that is not the loop's: use a door", caller);
}

/* ---- turning ---- */

static void wake_due(struct loop *l)
{
	struct co *co;

	while ((co = deadlines_due(&l->deadlines, l->now)))
		co_ready(co, ETIMEDOUT);
}

static void run(struct loop *l, struct co *co)
{
	co->status = CO_RUNNING;
	l->running = co;
	fiber_switch(co->at);
	l->running = NULL;
	if (co->status == CO_DONE)
		co_reap(co);
}

/* Only those that are ready now: what they wake waits for the next turn. */
static void run_ready(struct loop *l)
{
	for (size_t n = l->ready; n; n--) {
		struct co *co = l->ready_first;

		l->ready_first = co->next;
		if (!co->next)
			l->ready_last = NULL;
		l->ready--;
		co->next = NULL;
		run(l, co);
	}
}

static void turn(struct loop *l)
{
	int64_t began = clock_ns(), took;
	bool poll, more = false;

	l->turns++;
	l->now = began / 1000000;
	wake_due(l);
	run_ready(l);
	for (size_t i = 0; i < l->nhooks; i++)
		more = l->hooks[i].fn(l->hooks[i].arg) || more;
	took = clock_ns() - began;
	poll = l->enough(l->enough_arg); /* may make some ready: ask before counting them */
	poll = poll || more || l->ready;
	if (!poll)
		alarm_set(l);
	if (event_base_loop(l->base, EVLOOP_ONCE | (poll ? EVLOOP_NONBLOCK : 0)) < 0)
		misuse("libevent cannot wait for descriptors: %s", strerror(errno));
	if (poll)
		took = clock_ns() - began;
	if (took > l->max_stall_ns)
		l->max_stall_ns = took;
}

void loop_until(struct loop *l, const char *caller, bool (*enough)(void *), void *arg)
{
	if (l->in_turn)
		misuse("%s would have to wait inside a callback of the loop", caller);
	l->in_turn = true;
	l->enough = enough;
	l->enough_arg = arg;
	while (!enough(arg))
		turn(l);
	l->in_turn = false;
}

static bool run_enough(void *arg)
{
	struct loop *l = arg;

	return l->stop || nobody_lives(l);
}

void loop_run(struct loop *l)
{
	loop_check(l, "loop_run");
	loop_until(l, "loop_run", run_enough, l);
	l->stop = false;
}

void loop_stop(struct loop *l)
{
	loop_check(l, "loop_stop");
	l->stop = true;
}

/* ---- hooks and figures ---- */

void loop_on_turn(struct loop *l, loop_hook *fn, void *arg)
{
	loop_check(l, "loop_on_turn");
	if (l->nhooks == LOOP_HOOKS)
		misuse("loop_on_turn: more than %d hooks", LOOP_HOOKS);
	l->hooks[l->nhooks].fn = fn;
	l->hooks[l->nhooks].arg = arg;
	l->nhooks++;
}

void loop_off_turn(struct loop *l, loop_hook *fn, void *arg)
{
	loop_check(l, "loop_off_turn");
	for (size_t i = 0; i < l->nhooks; i++) {
		if (l->hooks[i].fn != fn || l->hooks[i].arg != arg)
			continue;
		l->nhooks--;
		memmove(&l->hooks[i], &l->hooks[i + 1], (l->nhooks - i) * sizeof(l->hooks[0]));
		return;
	}
}

void loop_set_stack(struct loop *l, size_t bytes)
{
	loop_check(l, "loop_set_stack");
	stacks_set_size(&l->stacks, bytes);
}

int64_t loop_max_stall_ms(const struct loop *l)
{
	return l->max_stall_ns / 1000000;
}

void loop_reset_stall(struct loop *l)
{
	l->max_stall_ns = 0;
}

size_t loop_live(const struct loop *l)
{
	return l->live;
}

uint64_t loop_turns(const struct loop *l)
{
	return l->turns;
}

void loop_census(struct loop *l,
	void (*fn)(
		void *arg, const char *name, const char *state, int64_t age_ms, size_t stack_used),
	void *arg)
{
	int64_t now = clock_ms();

	for (struct co *co = l->live_first; co; co = co->live_next) {
		const char *state = co->state;
		int64_t since = co->state_since;

		if (!state) {
			since = co->wait_since;
			state = co->status == CO_WAITING ? co->what
				: co->status == CO_READY ? "ready"
							 : "running";
		}
		fn(arg, co->name, state, now - since, fiber_stack_used(&co->fiber));
	}
}
