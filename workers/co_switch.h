/* co_switch.h - the machine word under coroutines: put one stack aside, go on with another.
 *
 * Three makers of the same two calls: a few lines of assembly for x86-64 and aarch64
 * (System V and AAPCS64: only what a callee must preserve is saved, the rest is dead
 * at a call), and ucontext (CO=ucontext, or another CPU), which also saves the signal
 * mask by a system call and costs forty times as much.
 *
 * Nothing here knows of loops, names or sanitizers: fiber.h does.
 */
#ifndef SKITTER_WORKERS_CO_SWITCH_H
#define SKITTER_WORKERS_CO_SWITCH_H

#if !defined(CO_UCONTEXT) && defined(__LP64__) && (defined(__x86_64__) || defined(__aarch64__))
#define CO_ASM 1
#endif

#ifndef __ASSEMBLER__

#include <stddef.h>

#ifdef CO_ASM
struct co_context {
	void *sp; /* all else lies on the stack it points to */
};
#else
#include <ucontext.h>
struct co_context {
	ucontext_t uc;
};
#endif

/* Prepares a context: the first switch to it calls fn(arg) on the stack low..low+size
 * (16-aligned at both ends). fn must never return. */
void co_context_make(struct co_context *c, void *low, size_t size, void (*fn)(void *), void *arg);

/* Keeps the caller in `from` and goes on with `to`; returns when somebody switches back. */
void co_context_switch(struct co_context *from, struct co_context *to);

#endif
#endif
