/* mem.h - allocation that never fails.
 *
 * Contract: every function returns usable memory or ends the process with one
 * sentence on stderr and exit status 1. The store makes that safe: whatever was
 * committed stays, and `skitter resume` goes on. Callers never test for NULL.
 * A size of 0 returns a valid pointer. Free with free().
 */
#ifndef SKITTER_CONFIG_MEM_H
#define SKITTER_CONFIG_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size);		   /* uninitialised */
void *mem_zalloc(size_t size);		   /* zeroed */
void *mem_array(size_t n, size_t size);	   /* zeroed, n * size checked for overflow */
void *mem_realloc(void *p, size_t size);   /* as realloc */
void *mem_dup(const void *p, size_t size); /* a copy of size bytes */
char *mem_strdup(const char *s);	   /* NULL stays NULL */
char *mem_strndup(const char *s, size_t n);
_Noreturn void mem_fail(void); /* for those who ask the kernel themselves */

/* Status of a process that ends for want of memory; 1 unless set. */
extern int mem_exit_status;

#define MEM_COUNT(a) (sizeof(a) / sizeof((a)[0]))

#endif
