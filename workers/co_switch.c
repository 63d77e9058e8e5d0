/* co_switch.c - the first frame of a new stack, as the assembly of each CPU expects it. */
#include "workers/co_switch.h"

#ifdef CO_ASM

#include <stdint.h>
#include <string.h>

void co_context_start(void); /* never called, only returned to */

#ifdef __x86_64__
void co_context_make(struct co_context *c, void *low, size_t size, void (*fn)(void *), void *arg)
{
	uint64_t *frame = (uint64_t *)((char *)low + size) - 8;
	uint32_t mxcsr;
	uint16_t x87;

	/* The rounding and exception modes of whoever makes it, as with a new thread. */
	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(x87));
	memset(frame, 0, 8 * sizeof(*frame)); /* rbp = 0 ends the chain of frame pointers */
	frame[0] = mxcsr | (uint64_t)x87 << 32;
	frame[3] = (uint64_t)(uintptr_t)arg; /* r13 */
	frame[4] = (uint64_t)(uintptr_t)fn;  /* r12 */
	frame[7] = (uint64_t)(uintptr_t)co_context_start;
	c->sp = frame;
}
#else
void co_context_make(struct co_context *c, void *low, size_t size, void (*fn)(void *), void *arg)
{
	uint64_t *frame = (uint64_t *)((char *)low + size) - 22;
	uint64_t fpcr;

	__asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
	memset(frame, 0, 22 * sizeof(*frame)); /* x29 = 0 ends the chain of frame pointers */
	frame[0] = (uint64_t)(uintptr_t)fn;    /* x19 */
	frame[1] = (uint64_t)(uintptr_t)arg;   /* x20 */
	frame[11] = (uint64_t)(uintptr_t)co_context_start;
	frame[20] = fpcr;
	c->sp = frame;
}
#endif

#endif
