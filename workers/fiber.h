/* fiber.h - a stack with somebody on it: what coroutines and generators are made of.
 *
 * A thread is on exactly one fiber at a time: first on the one that stands for its own
 * stack (fiber_adopt), then wherever fiber_switch took it. No scheduler here. The
 * sanitizers are told of each switch, and each time a fiber is left it is noted how
 * deep its stack was.
 *
 * Thread: a fiber stays on the thread that made it. Ownership: the stack belongs to the
 * caller, who gets it back from fiber_release once the fiber has been left for good.
 */
#ifndef SKITTER_WORKERS_FIBER_H
#define SKITTER_WORKERS_FIBER_H

#include <stddef.h>

#include "workers/co_switch.h"
#include "workers/stack.h"

struct fiber {
	struct co_context context;
	struct stack stack; /* of an adopted one: what ASan told us, or nothing */
	char *deepest;	    /* lowest stack pointer seen when it was left */
	const char *name;   /* for sentences about it */
	void (*fn)(void *);
	void *arg;
	void *asan; /* its fake stack while it is left */
	void *tsan;
};

void fiber_adopt(struct fiber *f); /* f stands for the stack the caller is on */
void fiber_unadopt(struct fiber *f);
struct fiber *fiber_self(void); /* NULL in a thread that adopted none */

/* The first switch to it calls fn(arg), which must end in fiber_leave. */
void fiber_make(struct fiber *f, const char *name, struct stack st, void (*fn)(void *), void *arg);
struct stack fiber_release(struct fiber *f);

void fiber_switch(struct fiber *to);	      /* returns when somebody switches back */
_Noreturn void fiber_leave(struct fiber *to); /* for good */

size_t fiber_stack_used(const struct fiber *f);

#endif
