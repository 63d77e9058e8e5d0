/* co_ucontext.c - co_switch.h where there is no assembly, or where it is not wanted. */
#include "workers/co_switch.h"

#ifndef CO_ASM

#include <stdint.h>

#include "workers/misuse.h"

/* makecontext passes ints only, so a pointer comes in two halves. */
static void start(unsigned fn_hi, unsigned fn_lo, unsigned arg_hi, unsigned arg_lo)
{
	uintptr_t fn = (uintptr_t)((uint64_t)fn_hi << 32 | fn_lo);
	uintptr_t arg = (uintptr_t)((uint64_t)arg_hi << 32 | arg_lo);

	((void (*)(void *))fn)((void *)arg);
}

void co_context_make(struct co_context *c, void *low, size_t size, void (*fn)(void *), void *arg)
{
	uint64_t f = (uintptr_t)fn, a = (uintptr_t)arg;

	if (getcontext(&c->uc))
		misuse("getcontext failed: this system has no coroutines");
	c->uc.uc_stack.ss_sp = low;
	c->uc.uc_stack.ss_size = size;
	c->uc.uc_link = NULL;
	makecontext(&c->uc, (void (*)(void))start, 4, (unsigned)(f >> 32), (unsigned)f,
		(unsigned)(a >> 32), (unsigned)a);
}

void co_context_switch(struct co_context *from, struct co_context *to)
{
	if (swapcontext(&from->uc, &to->uc))
		misuse("swapcontext failed: a coroutine's context was overwritten");
}

#endif
