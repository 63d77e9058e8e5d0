/* err.h - one sentence about what went wrong and what to do next.
 *
 * Contract: a function that can fail for reasons a user can meet takes a
 * `struct err *` as its last argument, returns -1 (or NULL) and has set it.
 * The sentence names the thing (file:line:column, URL, option), what was wrong
 * and, where there is one, the way out. No trailing newline, no prefix.
 * `status` is the process exit status that fits (DESIGN: 1 internal, 2 usage or
 * config, 4 storage, 5 no seed fetched).
 */
#ifndef SKITTER_CONFIG_ERR_H
#define SKITTER_CONFIG_ERR_H

#include <stdarg.h>

enum {
	EXIT_OK = 0,
	EXIT_INTERNAL = 1,
	EXIT_USAGE = 2,
	EXIT_SIGNAL = 3,
	EXIT_STORAGE = 4,
	EXIT_NO_SEED = 5,
};

struct err {
	int status;
	char text[1024];
};

/* Sets the sentence and returns -1, so that `return err_set(err, ...)` reads well. */
int err_set(struct err *err, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
