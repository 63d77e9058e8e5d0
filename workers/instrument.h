/* instrument.h - what has to be told to ASan, TSan, LSan and valgrind when stacks change.
 *
 * All of it is nothing in a plain build (valgrind's requests are a few instructions that do
 * nothing outside valgrind, and only where its header is installed). Used by stack.c
 * and fiber.c alone.
 */
#ifndef SKITTER_WORKERS_INSTRUMENT_H
#define SKITTER_WORKERS_INSTRUMENT_H

#include <stddef.h>

#ifdef __has_feature /* clang */
#if __has_feature(address_sanitizer)
#define INSTRUMENT_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define INSTRUMENT_TSAN 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__ /* gcc */
#define INSTRUMENT_ASAN 1
#endif
#ifdef __SANITIZE_THREAD__
#define INSTRUMENT_TSAN 1
#endif

#ifdef INSTRUMENT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif

/* Declared here: gcc 12 has the functions and not the header. */
#ifdef INSTRUMENT_TSAN
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void *fiber);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);
#endif

#if defined(__has_include) && !defined(INSTRUMENT_ASAN) && !defined(INSTRUMENT_TSAN)
#if __has_include(<valgrind/valgrind.h>)
#define INSTRUMENT_VALGRIND 1
#include <valgrind/valgrind.h>
#endif
#endif

/* ASan's frames are several times as large. */
#if defined(INSTRUMENT_ASAN) || defined(INSTRUMENT_TSAN)
#define INSTRUMENT_STACK_FACTOR 4
#else
#define INSTRUMENT_STACK_FACTOR 1
#endif

/* A stack was mapped: valgrind must take a jump into it for a switch (and returns its
 * number for it), LSan must look for pointers in it. */
static inline unsigned instrument_stack_mapped(char *low, size_t size)
{
	(void)low, (void)size;
#ifdef INSTRUMENT_ASAN
	__lsan_register_root_region(low, size);
#endif
#ifdef INSTRUMENT_VALGRIND
	return VALGRIND_STACK_REGISTER(low, low + size);
#else
	return 0;
#endif
}

static inline void instrument_stack_unmapped(char *low, size_t size, unsigned id)
{
	(void)low, (void)size, (void)id;
#ifdef INSTRUMENT_ASAN
	__lsan_unregister_root_region(low, size);
#endif
#ifdef INSTRUMENT_VALGRIND
	VALGRIND_STACK_DEREGISTER(id);
#endif
}

static inline void instrument_stack_clean(char *low, size_t size)
{
#ifdef INSTRUMENT_ASAN
	__asan_unpoison_memory_region(low, size);
#endif
	(void)low, (void)size;
}

#endif
