/* misuse.h - for what only a wrong caller can bring about: one sentence, then abort. */
#ifndef SKITTER_WORKERS_MISUSE_H
#define SKITTER_WORKERS_MISUSE_H

#include <stdio.h>
#include <stdlib.h>
#include <stdarg.h>

__attribute__((format(printf, 1, 2), noreturn, cold, unused)) static void misuse(
	const char *fmt, ...)
{
	va_list ap;
	fputs("skitter: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

#endif
