#include "workers/copool.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "workers/co.h"
#include "workers/co_impl.h"
#include "workers/misuse.h"

struct task {
	struct copool *pool;
	struct co *co;
	void (*fn)(void *);
	void *arg;
	struct task *next, *prev;
};

struct copool {
	struct loop *loop;
	size_t limit;
	size_t active;
	size_t promised;      /* woken for a place they have not taken yet */
	struct waitlist room; /* spawns that wait */
	struct waitlist idle; /* joins that wait */
	struct task *tasks;
	char name[32];
};

struct copool *copool_open(struct loop *l, const char *name, size_t limit)
{
	struct copool *p = mem_zalloc(sizeof(*p));

	p->loop = l;
	p->limit = limit;
	strncpy(p->name, name, sizeof(p->name) - 1);
	return p;
}

static bool is_idle(void *arg)
{
	struct copool *p = arg;

	return !p->active && !p->promised && waitlist_empty(&p->room);
}

static bool has_room(void *arg)
{
	struct copool *p = arg;

	return p->active + p->promised < p->limit && waitlist_empty(&p->room);
}

/* A place that got free goes to who waited longest, not to who asks next. */
static void fill(struct copool *p)
{
	while (p->active + p->promised < p->limit && waitlist_wake(&p->room))
		p->promised++;
	if (is_idle(p))
		waitlist_wake_all(&p->idle);
}

static void task_body(void *arg)
{
	struct task *t = arg;
	struct copool *p = t->pool;

	t->fn(t->arg);
	if (t->prev)
		t->prev->next = t->next;
	else
		p->tasks = t->next;
	if (t->next)
		t->next->prev = t->prev;
	free(t);
	p->active--;
	fill(p);
}

static void task_start(struct copool *p, void (*fn)(void *), void *arg)
{
	struct task *t = mem_alloc(sizeof(*t));

	*t = (struct task){.pool = p, .fn = fn, .arg = arg, .next = p->tasks};
	if (p->tasks)
		p->tasks->prev = t;
	p->tasks = t;
	p->active++;
	t->co = co_spawn(p->loop, p->name, task_body, t);
	co_detach(t->co);
}

void copool_spawn(struct copool *p, void (*fn)(void *), void *arg)
{
	struct co *self = co_self();

	loop_check(p->loop, "copool_spawn");
	if (!has_room(p)) {
		if (self) {
			co_pause(self, (struct co_pause){.what = "waiting for room in a pool",
					       .on = &p->room,
					       .deadline_ms = -1,
					       .firm = true});
			p->promised--;
		} else {
			loop_until(p->loop, "copool_spawn", has_room, p);
		}
	}
	task_start(p, fn, arg);
}

void copool_resize(struct copool *p, size_t limit)
{
	loop_check(p->loop, "copool_resize");
	p->limit = limit;
	fill(p);
}

size_t copool_limit(const struct copool *p)
{
	return p->limit;
}

size_t copool_active(const struct copool *p)
{
	return p->active;
}

void copool_cancel(struct copool *p)
{
	for (struct task *t = p->tasks; t; t = t->next)
		co_cancel(t->co);
}

void copool_join(struct copool *p)
{
	struct co *self = co_self();

	loop_check(p->loop, "copool_join");
	for (struct task *t = p->tasks; t && self; t = t->next)
		if (t->co == self)
			misuse("copool_join: a coroutine of pool '%s' would wait for itself",
				p->name);
	if (!self && !is_idle(p))
		loop_until(p->loop, "copool_join", is_idle, p);
	while (!is_idle(p))
		co_pause(self, (struct co_pause){.what = "joining a pool",
				       .on = &p->idle,
				       .deadline_ms = -1,
				       .firm = true});
}

void copool_close(struct copool *p)
{
	if (!p)
		return;
	copool_join(p);
	free(p);
}
