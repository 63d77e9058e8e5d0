/* proc.h - child processes as objects: start, wait, exit status, kill.
 *
 * Two ways to start one:
 *   proc_fork        the child goes on in a copy of this process. Home: `batch`, a
 *                    single-threaded parent with trusted jobs. Forking while other threads
 *                    run copies their locks in whatever state they are, so it aborts with
 *                    a sentence instead (seen in /proc/self/task).
 *   proc_spawn_role  the same program starts afresh under a role: "skitter --role ROLE ...".
 *                    Nothing of the parent's memory is copied, whatever threads it has, and
 *                    the cost does not grow with the parent's size. Home: the parsers.
 *
 * Ownership: a `struct proc` belongs to whoever started it, who joins it (that is
 * waitpid: no zombie stays) and then frees it; freeing one that was not joined aborts.
 * Times are milliseconds; a timeout < 0 waits for ever, 0 only looks.
 * Errors: NULL or -1 with `err` set, or -1 with errno where there is no `err`.
 * Threads: the functions may be called from any thread, one at a time per object. The kernel
 * kills a child when the thread that started it ends (PR_SET_PDEATHSIG), so children are
 * started by a thread that lives as long as they do: the main one.
 * No SIGCHLD handler is needed or used; an inherited SIG_IGN, which would make
 * the kernel throw exit statuses away, is put back to SIG_DFL.
 */
#ifndef SKITTER_WORKERS_PROC_H
#define SKITTER_WORKERS_PROC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/err.h"

struct proc;

/* The child runs fn(arg) and _exits with its value (& 255): no atexit handlers, and what
 * it printed through stdio it flushes itself. Caught signals are back to SIG_DFL in the child (a
 * handler of the parent's event loop would wake the parent), none are blocked, and
 * SIGTERM arrives when the parent dies. `name` is what ps -L shows (15 bytes). */
struct proc *proc_fork(const char *name, int (*fn)(void *), void *arg, struct err *err);

/* Opens the running program once, before anything can replace the file on disk: a
 * crawl of two weeks starts its parsers from the binary it was started from. Repeatable. */
int proc_self_open(struct err *err);

/* fds[i] becomes descriptor 3 + i of the child; stdin and stdout are /dev/null, stderr is shared,
 * every other descriptor is closed. argv is {"skitter", "--role", role, extra_args...,
 * NULL}; extra_args may be NULL. The child has default signal handling, nothing
 * blocked, and is killed (SIGKILL) when its parent dies. */
struct proc *proc_spawn_role(const char *role, const int *fds, size_t nfds,
	const char *const *extra_args, struct err *err);

/* Waits for the end. 0 with the status: 0..255 from exit, or -signal. -1 with errno ETIMEDOUT
 * while it still runs. Once joined, it answers the same again at once. */
int proc_join(struct proc *p, int *exit_status, int64_t timeout_ms);

pid_t proc_pid(const struct proc *p);
int proc_pidfd(const struct proc *p);	/* readable when it has ended; belongs to p */
int proc_kill(struct proc *p, int sig); /* -1 with errno ESRCH once joined */
void proc_free(struct proc *p);		/* joined before; NULL is fine */

/* "exit status 3", "killed by signal 11 (Segmentation fault)" for a sentence. */
const char *proc_status_text(int exit_status, char *out, size_t cap);

/* A role is an entry function of the same program: one file, one process. */
struct role {
	const char *name;
	int (*fn)(int argc, char **argv); /* argv[0] is the role's name, then its own arguments */
};

/* Called first in main. Not started by role: -1. Otherwise runs the role and returns
 * the exit status for main to return; an unknown role is said on stderr and gives EXIT_USAGE. */
int role_main(int argc, char **argv, const struct role *roles, size_t n);

#endif
