#include "workers/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/mem.h"
#include "workers/misuse.h"
#include "workers/thread.h"

struct proc {
	pid_t pid;
	int pidfd; /* or the reading end of a pipe, see struct watch */
	bool by_pipe;
	bool joined;
	int exit_status;
};

#define MAX_FDS 16 /* that a role may be given */

static int self_fd = -1;

/* ---- starting ------------------------------------------------------------------------------ */

/* With SIGCHLD ignored (an inheritable setting) the kernel reaps children by itself and
 * their exit status is lost. */
static void keep_exit_statuses(void)
{
	struct sigaction sa;
	if (sigaction(SIGCHLD, NULL, &sa) != 0)
		return;
	if (sa.sa_handler == SIG_IGN || (sa.sa_flags & SA_NOCLDWAIT)) {
		memset(&sa, 0, sizeof(sa));
		sa.sa_handler = SIG_DFL;
		(void)sigaction(SIGCHLD, &sa, NULL);
	}
}

/* How the end of a child is noticed: by a pidfd. Where there is none (Linux before 5.3, some
 * containers, valgrind) by a pipe whose writing end only the child holds, so that it breaks
 * when the child ends. */
struct watch {
	int r, w; /* -1: pidfd_open will do */
};

static int watch_open(struct watch *watch, struct err *err)
{
	static int have_pidfd = -1;
	int fd[2];
	*watch = (struct watch){-1, -1};
	if (have_pidfd < 0) {
		int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
		have_pidfd = self >= 0;
		if (self >= 0)
			close(self);
	}
	if (have_pidfd)
		return 0;
	if (pipe2(fd, O_CLOEXEC) != 0)
		return err_set(err, EXIT_INTERNAL, "cannot make a pipe: %s", strerror(errno));
	*watch = (struct watch){fd[0], fd[1]};
	return 0;
}

static void watch_close(struct watch *watch)
{
	if (watch->r >= 0)
		close(watch->r);
	if (watch->w >= 0)
		close(watch->w);
}

static struct proc *proc_of(pid_t pid, struct watch *watch, const char *what, struct err *err)
{
	bool by_pipe = watch->r >= 0;
	/* Not waited for yet, so the number is still this child's. */
	int fd = by_pipe ? fcntl(watch->r, F_DUPFD_CLOEXEC, 0)
			 : (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0) {
		err_set(err, EXIT_INTERNAL, "cannot watch the process %s: %s", what,
			strerror(errno));
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return NULL;
	}
	struct proc *p = mem_zalloc(sizeof(*p));
	p->pid = pid;
	p->pidfd = fd;
	p->by_pipe = by_pipe;
	return p;
}

/* Handlers make no sense in the child: its memory is another one, or (vfork) still the parent's. */
static void default_signals(bool ignored_too)
{
	for (int sig = 1; sig < NSIG; sig++) {
		struct sigaction sa;
		if (sigaction(sig, NULL, &sa) != 0 || sa.sa_handler == SIG_DFL)
			continue;
		if (sa.sa_handler == SIG_IGN && !ignored_too)
			continue;
		memset(&sa, 0, sizeof(sa));
		sa.sa_handler = SIG_DFL;
		(void)sigaction(sig, &sa, NULL);
	}
}

/* Asks for `sig` at the parent's death; the parent may have died before the question. */
static bool die_with(pid_t parent, int sig)
{
	return prctl(PR_SET_PDEATHSIG, sig) == 0 && getppid() == parent;
}

static size_t count_tasks(void)
{
	size_t n = 0;
	DIR *dir = opendir("/proc/self/task");
	if (!dir)
		return 1; /* no /proc: the check is a help, not a need */
	for (struct dirent *d; (d = readdir(dir));)
		n += d->d_name[0] != '.';
	closedir(dir);
	return n;
}

static void need_single_thread(const char *name)
{
	size_t most = 1;
#if defined(__SANITIZE_THREAD__)
	most = 2; /* its own background thread */
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
	most = 2;
#endif
#endif
	size_t n = count_tasks();
	/* A joined thread may still be on its way out of the list. */
	for (int i = 0; n > most && i < 50; i++) {
		nanosleep(&(struct timespec){.tv_nsec = 1000 * 1000}, NULL);
		n = count_tasks();
	}
	if (n > most)
		misuse("proc_fork(%s) in a process of %zu threads: the child would inherit locks "
		       "that "
		       "nobody is left to open. Fork before starting threads, or use "
		       "proc_spawn_role.",
			name, n);
}

struct proc *proc_fork(const char *name, int (*fn)(void *), void *arg, struct err *err)
{
	need_single_thread(name);
	keep_exit_statuses();
	struct proc *p = NULL;
	struct watch watch;
	if (watch_open(&watch, err) != 0)
		return NULL;
	pid_t parent = getpid();
	sigset_t all, old;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid_t pid = fork();
	if (pid == 0) {
		if (watch.r >= 0)
			close(watch.r);
		default_signals(false);
		(void)prctl(PR_SET_NAME, name);
		if (!die_with(parent, SIGTERM))
			_exit(128 + SIGTERM);
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		_exit(fn(arg) & 255);
	}
	int e = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		err_set(err, EXIT_INTERNAL, "cannot fork for %s: %s", name, strerror(e));
	else
		p = proc_of(pid, &watch, name, err);
	watch_close(&watch);
	return p;
}

int proc_self_open(struct err *err)
{
	if (self_fd >= 0)
		return 0;
	int fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, EXIT_INTERNAL,
			"cannot open the running program (/proc/self/exe): %s", strerror(errno));
	/* Away from the low numbers, which people and tests point at things by hand. */
	self_fd = fcntl(fd, F_DUPFD_CLOEXEC, 64);
	if (self_fd < 0)
		self_fd = fd;
	else
		close(fd);
	return 0;
}

struct spawn {
	char *const *argv;
	const int *fds;
	int nfds;
	int devnull;
	struct watch watch;
	pid_t parent;
	const char *failed; /* set by the child in the parent's memory: what went wrong */
	int error;
};

static void close_on_exec_from(int first)
{
	if (syscall(SYS_close_range, (unsigned)first, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	/* Kernels before 5.11, and containers that hide the call. */
	struct rlimit lim;
	int end = getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur < 1 << 20 ? (int)lim.rlim_cur
										: 1 << 20;
	for (int fd = first; fd < end; fd++) {
		int flags = fcntl(fd, F_GETFD);
		if (flags >= 0 && !(flags & FD_CLOEXEC))
			(void)fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
	}
}

static bool place_fds(const struct spawn *s, int *self)
{
	/* First out of the way of 3, 4, ..., then into place (dup2 clears CLOEXEC). */
	int high[MAX_FDS], free_from = 3 + s->nfds;
	int watch = s->watch.w;
	if (watch >= 0) { /* one more, that the child need not know of */
		watch = fcntl(watch, F_DUPFD_CLOEXEC, ++free_from);
		if (watch < 0)
			return false;
	}
	for (int i = 0; i < s->nfds; i++) {
		high[i] = fcntl(s->fds[i], F_DUPFD_CLOEXEC, free_from);
		if (high[i] < 0)
			return false;
	}
	*self = fcntl(self_fd, F_DUPFD_CLOEXEC, free_from);
	int null = fcntl(s->devnull, F_DUPFD_CLOEXEC, free_from);
	if (*self < 0 || null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		return false;
	for (int i = 0; i < s->nfds; i++)
		if (dup2(high[i], 3 + i) < 0)
			return false;
	if (watch >= 0 && dup2(watch, 3 + s->nfds) < 0)
		return false;
	close_on_exec_from(free_from);
	return true;
}

/* Runs in the child, but in the parent's memory and before exec: system calls only. */
static void spawn_child(struct spawn *s)
{
	extern char **environ;
	int self = -1;
	default_signals(true);
	if (!die_with(s->parent, SIGKILL)) {
		s->failed = "prctl(PR_SET_PDEATHSIG)";
	} else if (!place_fds(s, &self)) {
		s->failed = "placing its descriptors";
	} else {
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		fexecve(self, s->argv, environ);
		s->failed = "exec";
	}
	s->error = errno;
	_exit(127);
}

/* vfork: the child borrows our memory until exec, so starting a parser costs the same
 * however large the crawl has grown. Signals are blocked meanwhile: a handler would run in that
 * borrowed memory. Not inlined: its frame must outlive the borrowing. */
__attribute__((noinline)) static pid_t spawn_vfork(struct spawn *s)
{
	pid_t pid = vfork();
	if (pid == 0)
		spawn_child(s);
	return pid;
}

struct proc *proc_spawn_role(const char *role, const int *fds, size_t nfds,
	const char *const *extra_args, struct err *err)
{
	struct proc *p = NULL;
	char **argv = NULL;
	struct spawn s = {.fds = fds, .nfds = (int)nfds, .parent = getpid()};
	sigset_t all, old;
	size_t nextra = 0;

	if (nfds > MAX_FDS)
		misuse("proc_spawn_role(%s) with %zu descriptors: %d are enough", role, nfds,
			MAX_FDS);
	if (watch_open(&s.watch, err) != 0)
		return NULL;
	s.devnull = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (s.devnull < 0) {
		err_set(err, EXIT_INTERNAL, "cannot open /dev/null: %s", strerror(errno));
		goto out;
	}
	if (proc_self_open(err) != 0)
		goto out;
	while (extra_args && extra_args[nextra])
		nextra++;
	argv = mem_array(nextra + 4, sizeof(*argv));
	argv[0] = mem_strdup("skitter");
	argv[1] = mem_strdup("--role");
	argv[2] = mem_strdup(role);
	for (size_t i = 0; i < nextra; i++)
		argv[3 + i] = mem_strdup(extra_args[i]);
	s.argv = argv;

	keep_exit_statuses();
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid_t pid = spawn_vfork(&s);
	int e = errno;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (pid < 0) {
		err_set(err, EXIT_INTERNAL, "cannot start a %s process: %s", role, strerror(e));
		goto out;
	}
	if (s.failed) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		err_set(err, EXIT_INTERNAL, "cannot start a %s process: %s: %s", role, s.failed,
			strerror(s.error));
		goto out;
	}
	p = proc_of(pid, &s.watch, role, err);
out:
	for (size_t i = 0; argv && argv[i]; i++)
		free(argv[i]);
	free(argv);
	if (s.devnull >= 0)
		close(s.devnull);
	watch_close(&s.watch);
	return p;
}

/* ---- waiting ------------------------------------------------------------------------------- */

static int wait_readable(int fd, int64_t timeout_ms)
{
	int64_t end = timeout_ms < 0 ? 0 : clock_ms() + timeout_ms;
	for (;;) {
		int64_t left = timeout_ms < 0 ? -1 : end - clock_ms();
		if (timeout_ms >= 0 && left < 0)
			left = 0;
		struct pollfd pfd = {.fd = fd, .events = POLLIN};
		int n = poll(&pfd, 1, left > 1 << 30 ? 1 << 30 : (int)left);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -1;
		if (n == 0 && left <= 1 << 30 && timeout_ms >= 0) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
}

/* A pipe breaks a moment before its process can be waited for (or, where the process means
 * ill, long before), so there it takes looking more than once. */
static pid_t reap(const struct proc *p, int *st, int64_t end)
{
	for (;;) {
		pid_t got = waitpid(p->pid, st, p->by_pipe ? WNOHANG : 0);
		if (got > 0 || (got < 0 && errno != EINTR))
			return got;
		if (got == 0 && clock_ms() >= end)
			return 0;
		if (got == 0)
			nanosleep(&(struct timespec){.tv_nsec = 200 * 1000}, NULL);
	}
}

int proc_join(struct proc *p, int *exit_status, int64_t timeout_ms)
{
	if (!p->joined) {
		int64_t end = timeout_ms < 0 ? INT64_MAX : clock_ms() + timeout_ms + 20;
		int st = 0;
		if (wait_readable(p->pidfd, timeout_ms) != 0)
			return -1;
		pid_t got = reap(p, &st, end);
		if (got < 0)
			misuse("process %d was waited for by somebody else: %s", (int)p->pid,
				strerror(errno));
		if (got == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		p->joined = true;
		p->exit_status = WIFSIGNALED(st) ? -WTERMSIG(st) : WEXITSTATUS(st);
	}
	if (exit_status)
		*exit_status = p->exit_status;
	return 0;
}

pid_t proc_pid(const struct proc *p)
{
	return p->pid;
}

int proc_pidfd(const struct proc *p)
{
	return p->pidfd;
}

int proc_kill(struct proc *p, int sig)
{
	if (p->joined) {
		errno = ESRCH;
		return -1;
	}
	return kill(p->pid, sig); /* not waited for yet: the number cannot be anybody else's */
}

void proc_free(struct proc *p)
{
	if (!p)
		return;
	if (!p->joined)
		misuse("proc_free of process %d, which was not joined", (int)p->pid);
	close(p->pidfd);
	free(p);
}

const char *proc_status_text(int exit_status, char *out, size_t cap)
{
	if (exit_status >= 0)
		snprintf(out, cap, "exit status %d", exit_status);
	else
		snprintf(out, cap, "killed by signal %d (%s)", -exit_status,
			strsignal(-exit_status));
	return out;
}

/* ---- roles --------------------------------------------------------------------------------- */

int role_main(int argc, char **argv, const struct role *roles, size_t n)
{
	if (argc < 3 || strcmp(argv[1], "--role") != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(argv[2], roles[i].name) == 0) {
			(void)prctl(PR_SET_NAME, roles[i].name);
			thread_give_way();
			return roles[i].fn(argc - 2, argv + 2) & 255;
		}
	}
	fprintf(stderr, "skitter: no role '%s': --role is how skitter starts its own processes\n",
		argv[2]);
	return EXIT_USAGE;
}
