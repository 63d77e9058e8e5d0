#include "workers/gen.h"

#include <stdlib.h>

#include "config/mem.h"
#include "workers/co_impl.h"
#include "workers/loop.h"
#include "workers/misuse.h"

enum gen_status { GEN_NEW, GEN_SUSPENDED, GEN_RUNNING, GEN_DONE };

struct gen {
	struct fiber fiber;
	struct fiber *caller; /* who waits for the next value */
	struct loop *loop;
	void *(*fn)(struct gen *, void *);
	void *arg;
	void *value; /* on its way out */
	void *sent;  /* on its way in */
	enum gen_status status;
	bool closing;
	unsigned ignored; /* yields while closing */
};

#define GEN_IGNORED_MAX 1000000

static void gen_body(void *arg)
{
	struct gen *g = arg;

	g->value = g->fn(g, g->arg);
	g->status = GEN_DONE;
	fiber_leave(g->caller);
}

struct gen *gen_open(struct loop *l, void *(*fn)(struct gen *, void *), void *arg)
{
	struct gen *g = mem_zalloc(sizeof(*g));

	loop_check(l, "gen_open");
	g->loop = l;
	g->fn = fn;
	g->arg = arg;
	fiber_make(&g->fiber, "generator", stack_take(&l->stacks), gen_body, g);
	return g;
}

static void go_on(struct gen *g, void *sent)
{
	loop_check(g->loop, "gen_next");
	if (g->status == GEN_RUNNING)
		misuse("a generator was entered while it runs");
	g->sent = sent;
	g->status = GEN_RUNNING;
	g->caller = fiber_self();
	fiber_switch(&g->fiber);
	if (g->status == GEN_DONE)
		stack_give(&g->loop->stacks, fiber_release(&g->fiber));
}

bool gen_send(struct gen *g, void *sent, void **value)
{
	if (g->status == GEN_DONE)
		return false;
	go_on(g, sent);
	if (g->status == GEN_DONE)
		return false;
	if (value)
		*value = g->value;
	return true;
}

bool gen_next(struct gen *g, void **value)
{
	return gen_send(g, NULL, value);
}

void *gen_result(const struct gen *g)
{
	return g->status == GEN_DONE ? g->value : NULL;
}

void *gen_yield(struct gen *g, void *value)
{
	if (fiber_self() != &g->fiber)
		misuse("gen_yield was called outside the generator's own function");
	if (g->closing) {
		if (++g->ignored > GEN_IGNORED_MAX)
			misuse("a generator goes on yielding although it is being closed");
		return NULL;
	}
	g->value = value;
	g->status = GEN_SUSPENDED;
	fiber_switch(g->caller);
	return g->closing ? NULL : g->sent;
}

bool gen_closing(const struct gen *g)
{
	return g->closing;
}

void gen_close(struct gen *g)
{
	if (!g)
		return;
	loop_check(g->loop, "gen_close");
	if (g->status == GEN_NEW)
		stack_give(&g->loop->stacks, fiber_release(&g->fiber));
	g->closing = true;
	if (g->status == GEN_SUSPENDED || g->status == GEN_RUNNING)
		go_on(g, NULL);
	free(g);
}
