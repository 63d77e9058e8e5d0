/* co_impl.h - the inside of coroutines and their loop; for workers/ alone.
 *
 * A coroutine is in one state: READY (in the loop's queue), RUNNING (at most one), WAITING
 * (perhaps in one waitlist, perhaps in the heap of deadlines), DONE. Only co_ready
 * takes it from WAITING to READY, and takes it out of both first: so whoever comes
 * first - wake, deadline, cancel - decides the result, and the others find nothing.
 */
#ifndef SKITTER_WORKERS_CO_IMPL_H
#define SKITTER_WORKERS_CO_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workers/deadlines.h"
#include "workers/fiber.h"
#include "workers/loop.h"
#include "workers/stack.h"
#include "workers/wait.h"

enum co_status { CO_READY, CO_RUNNING, CO_WAITING, CO_DONE };

struct co {
	struct fiber fiber; /* its own stack */
	struct fiber *at;   /* where to go on: its own, or a generator's it is inside of */
	struct loop *loop;
	void (*fn)(void *);
	void *arg;

	enum co_status status;
	int result;	 /* errno value of the wait that ended, 0 = woken */
	bool handle;	 /* neither joined nor detached yet */
	bool cancelled;	 /* co_cancel was called at least once */
	bool cancel_due; /* and its next wait must fail for it */
	bool parked;	 /* the wait is a co_park */
	bool firm;	 /* the wait cannot be cancelled */

	struct waitlist *on;	/* the list it waits in */
	struct co *next, *prev; /* in that list; next also in the ready queue */
	struct co *live_next, *live_prev;
	struct waitlist joiners;
	size_t heap_at;

	const char *state; /* co_state, or NULL */
	const char *what;  /* kind of wait */
	int64_t state_since, wait_since;
	char name[32];
};

#define LOOP_HOOKS 16

struct loop {
	struct fiber main;
	struct stacks stacks;
	struct event_base *base;
	struct deadlines deadlines;
	struct co *ready_first, *ready_last;
	struct co *live_first, *live_last;
	struct co *running;
	size_t ready, live;
	int64_t now; /* clock_ms() at the start of this turn */
	bool in_turn;
	bool stop;

	/* Why loop_until goes on turning; asked before it would block. */
	bool (*enough)(void *);
	void *enough_arg;

	/* One timerfd for all deadlines: what it is set to, and its event. */
	int alarm_fd;
	int64_t alarm_at;
	struct event *alarm;

	struct {
		loop_hook *fn;
		void *arg;
	} hooks[LOOP_HOOKS];
	size_t nhooks;
	int64_t max_stall_ns;
	uint64_t turns;
	uint64_t close_by; /* the turn at which loop_close loses patience */
};

/* How to wait. */
struct co_pause {
	const char *what;    /* kind of wait, for the census; a literal */
	struct waitlist *on; /* or NULL */
	int64_t deadline_ms; /* negative: none */
	bool firm;
	bool park;
};

struct co *co_running(const char *caller); /* the running one, or misuse: "caller ... */
int co_pause(struct co *co, struct co_pause p);
void co_ready(struct co *co, int result); /* WAITING -> READY */
void co_reap(struct co *co);		  /* after its end, on the main stack */

/* On the main stack, outside the loop: turns until enough(arg). */
void loop_until(struct loop *l, const char *caller, bool (*enough)(void *), void *arg);
void loop_check(struct loop *l, const char *caller); /* are we on its thread */

void waitlist_remove(struct waitlist *w, struct co *co);

#endif
