#include "config/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/err.h"

int mem_exit_status = EXIT_INTERNAL;

/* No stdio here: it may allocate, and memory is what we do not have. */
_Noreturn void mem_fail(void)
{
	static const char text[] = "skitter: out of memory; what was stored is safe, go on with "
				   "`skitter resume FILE.db` and a smaller --memory\n";
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(mem_exit_status);
	_exit(mem_exit_status);
}

void *mem_alloc(size_t size)
{
	void *p = malloc(size ? size : 1);
	if (!p)
		mem_fail();
	return p;
}

void *mem_zalloc(size_t size)
{
	return mem_array(1, size);
}

void *mem_array(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);
	if (!p)
		mem_fail();
	return p;
}

void *mem_realloc(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (!p)
		mem_fail();
	return p;
}

void *mem_dup(const void *p, size_t size)
{
	void *copy = mem_alloc(size);
	if (size)
		memcpy(copy, p, size);
	return copy;
}

char *mem_strdup(const char *s)
{
	return s ? mem_dup(s, strlen(s) + 1) : NULL;
}

char *mem_strndup(const char *s, size_t n)
{
	char *copy = mem_alloc(n + 1);
	if (n)
		memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}
