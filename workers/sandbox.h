/* sandbox.h - a process that has what it needs, and can get nothing more.
 *
 * sandbox_enter is called by a worker once everything is open and mapped, before the first
 * hostile byte. After it the process can read, write and close the descriptors it has,
 * use memory (never executable), read clocks and random numbers, and end. It cannot
 * open, create or look up a file, make a socket, start a process or thread, trace, or map
 * code. A call that is not on the list kills the process at once (SIGSYS).
 *
 * Everything with lazy set-up that opens files has to be used once before: iconv, libcrypto,
 * locales, NSS. (The log's time zone is seen to.)
 *
 * Layers: no_new_privs, resource limits, a seccomp(2) allow-list. All of it works for an
 * unprivileged user and inside Docker's default seccomp profile. It fails closed: -1 means that
 * the worker must not go on.
 *
 * Sanitizer builds need more than the list allows to write their reports; there a deny-list
 * stands in that still refuses sockets, exec, and opening for writing. Valgrind has to run
 * system calls of its own: under it nothing is entered and a warning says so.
 */
#ifndef SKITTER_WORKERS_SANDBOX_H
#define SKITTER_WORKERS_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "config/err.h"

struct sandbox_opts {
	/* Private memory (RLIMIT_DATA: the shared arena does not count); 0: no limit. */
	size_t memory_bytes;
	/* Of the whole process, not per task; 0: no limit. */
	int cpu_seconds;
	/* write(2) and send(2) work on descriptors up to this one; 0 means 3, the pool's pipe. */
	int max_write_fd;
	/* But stderr fails (EBADF): whoever took a worker over could write escape sequences to
	 * the user's terminal. Off while looking for a bug in it. */
	bool mute;
};

int sandbox_enter(const struct sandbox_opts *opts, struct err *err); /* opts may be NULL */

/* What holds in this build and this run: nothing under valgrind, the deny-list with a sanitizer. */
enum sandbox_level { SANDBOX_NONE, SANDBOX_LOOSE, SANDBOX_FULL };
enum sandbox_level sandbox_level(void);

/* One forbidden thing, tried in a forked child inside the sandbox. */
struct sandbox_probe {
	const char *name;
	bool loose;	      /* refused by the sanitizer builds' list too */
	int (*attempt)(void); /* 0: it worked, -1: refused */
};
extern const struct sandbox_probe sandbox_probes[];
extern const size_t sandbox_nprobes;

bool sandbox_refuses(const struct sandbox_probe *probe); /* whether sandbox_level() promises to */

enum sandbox_verdict { SANDBOX_REFUSED, SANDBOX_ALLOWED, SANDBOX_BROKEN };
enum sandbox_verdict sandbox_try(const struct sandbox_probe *probe);

/* All of them; each that is not refused is logged. Returns how many: 0 is good. From a
 * single-threaded process (it forks). */
int sandbox_check(void);

#endif
