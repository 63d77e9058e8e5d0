#include "workers/misuse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/log.h"

_Noreturn void misuse(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_error("%s", text);
	abort();
}
