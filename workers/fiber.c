#include "workers/fiber.h"

#include <stdint.h>
#include <string.h>

#include "workers/instrument.h"
#include "workers/misuse.h"

static _Thread_local struct fiber *here;
static _Thread_local struct fiber *came_from; /* across one switch */

struct fiber *fiber_self(void)
{
	return here;
}

void fiber_adopt(struct fiber *f)
{
	memset(f, 0, sizeof(*f));
	f->name = "main";
#ifdef INSTRUMENT_TSAN
	f->tsan = __tsan_get_current_fiber();
#endif
	here = f;
}

void fiber_unadopt(struct fiber *f)
{
	if (here != f)
		misuse("the loop of a thread was closed by one of its coroutines");
	here = NULL;
}

/* Said by the next fiber: the one that overran its stack has no room left to speak. */
static inline void check_overrun(const struct fiber *f)
{
	if (f->fn && (f->deepest < f->stack.low || stack_overrun(&f->stack)))
		misuse("coroutine '%s' overran its stack of %zu KiB", f->name,
			f->stack.size / 1024);
}

/* We are on `here` again, or for the first time. */
static inline void arrived(void)
{
#ifdef INSTRUMENT_ASAN
	const void *low;
	size_t size;

	__sanitizer_finish_switch_fiber(here->asan, &low, &size);
	if (!came_from->fn) { /* adopted: only now do we learn where its stack is */
		came_from->stack.low = (char *)(uintptr_t)low;
		came_from->stack.size = size;
	}
#endif
	check_overrun(came_from);
}

/* Inlined always: TSan keeps a stack of calls per fiber, so whoever tells it of the switch must
 * return on the fiber it was called on, and this returns on the other one. */
__attribute__((always_inline)) static inline void leaving(struct fiber *to, void **asan)
{
	came_from = here;
	here = to;
#ifdef INSTRUMENT_ASAN
	__sanitizer_start_switch_fiber(asan, to->stack.low, to->stack.size);
#endif
#ifdef INSTRUMENT_TSAN
	__tsan_switch_to_fiber(to->tsan, 0);
#endif
	(void)asan;
}

static void start(void *arg)
{
	struct fiber *f = arg;

	arrived();
	f->fn(f->arg);
	misuse("the function of fiber '%s' returned", f->name);
}

void fiber_make(struct fiber *f, const char *name, struct stack st, void (*fn)(void *), void *arg)
{
	memset(f, 0, sizeof(*f));
	f->stack = st;
	f->deepest = st.low + st.size;
	f->name = name;
	f->fn = fn;
	f->arg = arg;
#ifdef INSTRUMENT_TSAN
	f->tsan = __tsan_create_fiber(0);
#endif
	co_context_make(&f->context, st.low, st.size, start, f);
}

struct stack fiber_release(struct fiber *f)
{
#ifdef INSTRUMENT_TSAN
	__tsan_destroy_fiber(f->tsan);
#endif
	return f->stack;
}

static inline void note_depth(struct fiber *f)
{
	char *sp = __builtin_frame_address(0);

	if (sp < f->deepest)
		f->deepest = sp;
}

void fiber_switch(struct fiber *to)
{
	struct fiber *from = here;

	note_depth(from);
	leaving(to, &from->asan);
	co_context_switch(&from->context, &to->context);
	arrived();
}

_Noreturn void fiber_leave(struct fiber *to)
{
	struct fiber *from = here;

	note_depth(from);
	leaving(to, NULL); /* no place to keep it: ASan frees the fake stack */
	co_context_switch(&from->context, &to->context);
	misuse("fiber '%s' was switched to after its end", from->name);
}

size_t fiber_stack_used(const struct fiber *f)
{
	return (size_t)(f->stack.low + f->stack.size - f->deepest);
}
