/* Processes as objects. This binary is its own role: main looks for --role. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/mem.h"
#include "workers/pipe.h"
#include "workers/proc.h"

/* ---- roles --------------------------------------------------------------------------------- */

static int exit_role(int argc, char **argv)
{
	return argc > 1 ? atoi(argv[1]) : 0;
}

/* Says over descriptor 3 which descriptors are open, its arguments, and its signals. */
static int describe_role(int argc, char **argv)
{
	char out[2048];
	size_t n = 0;
	sigset_t mask;
	struct stat in, null;
	n += (size_t)snprintf(out + n, sizeof(out) - n, "args");
	for (int i = 0; i < argc; i++)
		n += (size_t)snprintf(out + n, sizeof(out) - n, " %s", argv[i]);
	n += (size_t)snprintf(out + n, sizeof(out) - n, " fds");
	for (int fd = 0; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			n += (size_t)snprintf(out + n, sizeof(out) - n, " %d", fd);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	struct sigaction usr1, pipe;
	sigaction(SIGUSR1, NULL, &usr1);
	sigaction(SIGPIPE, NULL, &pipe);
	n += (size_t)snprintf(out + n, sizeof(out) - n, " signals %s %s %s",
		sigismember(&mask, SIGUSR2) ? "blocked" : "open",
		usr1.sa_handler == SIG_DFL ? "default" : "caught",
		pipe.sa_handler == SIG_DFL ? "default" : "ignored");
	fstat(0, &in);
	stat("/dev/null", &null);
	n += (size_t)snprintf(out + n, sizeof(out) - n, " stdin %s",
		S_ISCHR(in.st_mode) && in.st_rdev == null.st_rdev ? "null" : "other");
	return pipe_send(3, out, n) < 0;
}

static int fourth_role(int argc, char **argv)
{
	(void)argc, (void)argv;
	return pipe_send(4, "four", 4) < 0 || pipe_send(3, "three", 5) < 0;
}

static int wait_role(int argc, char **argv)
{
	char c;
	(void)argc, (void)argv;
	return pipe_recv(3, &c, 1) == 0 ? 0 : 1;
}

/* Starts a child that waits for ever and dies at once: the child has to die, too. */
static int orphan_role(int argc, char **argv)
{
	struct err err;
	(void)argc, (void)argv;
	int fd[1] = {3};
	struct proc *p = proc_spawn_role("hold", fd, 1, NULL, &err);
	if (!p)
		return 1;
	pid_t pid = proc_pid(p);
	pipe_send(3, &pid, sizeof(pid));
	_exit(0);
}

static int hold_role(int argc, char **argv)
{
	(void)argc, (void)argv;
	pipe_send(3, "up", 2);
	while (pause() != 0)
		;
	return 0;
}

static const struct role roles[] = {
	{"exit", exit_role},
	{"describe", describe_role},
	{"fourth", fourth_role},
	{"wait", wait_role},
	{"orphan", orphan_role},
	{"hold", hold_role},
};

/* ---- fork ---------------------------------------------------------------------------------- */

static int give_back(void *arg)
{
	return *(int *)arg;
}

static int kill_self(void *arg)
{
	raise(*(int *)arg);
	return 0;
}

static int sleep_long(void *arg)
{
	(void)arg;
	while (pause() != 0)
		;
	return 0;
}

static int fork_and_join(int (*fn)(void *), int value)
{
	struct err err;
	int status = 12345;
	struct proc *p = proc_fork("test", fn, &value, &err);
	assert_non_null(p);
	assert_int_equal(proc_join(p, &status, -1), 0);
	int again = 0;
	assert_int_equal(proc_join(p, &again, 0), 0);
	assert_int_equal(again, status);
	assert_int_equal(proc_kill(p, SIGTERM), -1);
	assert_int_equal(errno, ESRCH);
	proc_free(p);
	return status;
}

static void exit_status(void **state)
{
	(void)state;
	assert_int_equal(fork_and_join(give_back, 0), 0);
	assert_int_equal(fork_and_join(give_back, 7), 7);
	assert_int_equal(fork_and_join(give_back, 255), 255);
	assert_int_equal(fork_and_join(kill_self, SIGKILL), -SIGKILL);
	assert_int_equal(fork_and_join(kill_self, SIGTERM), -SIGTERM);
	char text[64];
	assert_string_equal(proc_status_text(3, text, sizeof(text)), "exit status 3");
	assert_string_equal(
		proc_status_text(-9, text, sizeof(text)), "killed by signal 9 (Killed)");
}

static void join_with_timeout(void **state)
{
	(void)state;
	struct err err;
	int status;
	struct proc *p = proc_fork("test", sleep_long, NULL, &err);
	assert_non_null(p);
	assert_int_equal(proc_join(p, &status, 0), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal(proc_join(p, &status, 20), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_true(proc_pidfd(p) >= 0);
	assert_int_equal(proc_kill(p, SIGTERM), 0);
	assert_int_equal(proc_join(p, &status, 60000), 0);
	assert_int_equal(status, -SIGTERM);
	proc_free(p);
}

static int report_signals(void *arg)
{
	struct sigaction sa;
	sigset_t mask;
	(void)arg;
	sigaction(SIGUSR1, NULL, &sa);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	return (sa.sa_handler == SIG_DFL) + 2 * !sigismember(&mask, SIGUSR2);
}

static void on_signal(int sig)
{
	(void)sig;
}

/* A handler of the parent's loop would write to the parent's wake-up pipe. */
static void child_has_default_signals(void **state)
{
	(void)state;
	sigset_t set, old;
	signal(SIGUSR1, on_signal);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, &old);
	assert_int_equal(fork_and_join(report_signals, 0), 3);
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGUSR1, SIG_DFL);
}

/* SIGCHLD ignored, as some parents leave it to us, makes the kernel lose exit statuses. */
static void sigchld_ignored(void **state)
{
	(void)state;
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(fork_and_join(give_back, 5), 5);
	signal(SIGCHLD, SIG_DFL);
}

static void *idle_thread(void *arg)
{
	pthread_mutex_lock(arg);
	pthread_mutex_unlock(arg);
	return NULL;
}

static int fork_with_thread(void *arg)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_t t;
	struct err err;
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	close(2);
	pthread_mutex_lock(&m);
	pthread_create(&t, NULL, idle_thread, &m);
	proc_free(proc_fork("test", give_back, arg, &err));
	return 0;
}

static int free_unjoined(void *arg)
{
	struct err err;
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	close(2);
	proc_free(proc_fork("test", give_back, arg, &err));
	return 0;
}

static void misuse_aborts(void **state)
{
	(void)state;
	assert_int_equal(fork_and_join(fork_with_thread, 0), -SIGABRT);
	assert_int_equal(fork_and_join(free_unjoined, 0), -SIGABRT);
}

/* ---- roles --------------------------------------------------------------------------------- */

static int run_role(const char *role, const char *argument)
{
	struct err err = {0};
	const char *extra[] = {argument, NULL};
	int status = -1000;
	struct proc *p = proc_spawn_role(role, NULL, 0, extra, &err);
	if (!p)
		fail_msg("%s", err.text);
	assert_int_equal(proc_join(p, &status, -1), 0);
	proc_free(p);
	return status;
}

static void role_exit_status(void **state)
{
	(void)state;
	assert_int_equal(run_role("exit", NULL), 0);
	assert_int_equal(run_role("exit", "42"), 42);
	assert_int_equal(run_role("no such role", NULL), 2);
}

static void role_sees_its_descriptors_only(void **state)
{
	(void)state;
	struct err err;
	int fd[2];
	char got[2048] = {0};
	/* What must not reach it: an open file without CLOEXEC, a handler, a blocked signal. */
	int leak = dup(2);
	signal(SIGUSR1, on_signal);
	signal(SIGPIPE, SIG_IGN);
	sigset_t set, old;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, &old);
	assert_int_equal(pipe_open_twoway(fd, &err), 0);
	const char *extra[] = {"one", "two", NULL};
	struct proc *p = proc_spawn_role("describe", &fd[1], 1, extra, &err);
	assert_non_null(p);
	close(fd[1]);
	assert_true(pipe_recv(fd[0], got, sizeof(got)) > 0);
	/* Without pidfds (valgrind) there is one more, whose closing tells of the child's end. */
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	char want[256];
	snprintf(want, sizeof(want),
		"args describe one two fds 0 1 2 3%s signals open default default stdin null",
		pidfd < 0 ? " 4" : "");
	assert_string_equal(got, want);
	if (pidfd >= 0)
		close(pidfd);
	assert_int_equal(proc_join(p, NULL, -1), 0);
	proc_free(p);
	close(fd[0]);
	close(leak);
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGUSR1, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
}

/* The descriptors to pass lie where they are to go, crosswise, and one is given twice. */
static void role_descriptors_crosswise(void **state)
{
	(void)state;
	struct err err;
	int a[2], b[2];
	char got[16] = {0};
	assert_int_equal(pipe_open_twoway(a, &err), 0);
	assert_int_equal(pipe_open_twoway(b, &err), 0);
	int save3 = fcntl(3, F_DUPFD_CLOEXEC, 100), save4 = fcntl(4, F_DUPFD_CLOEXEC, 100);
	int ra = fcntl(a[0], F_DUPFD_CLOEXEC, 100), rb = fcntl(b[0], F_DUPFD_CLOEXEC, 100);
	int wa = fcntl(a[1], F_DUPFD_CLOEXEC, 100), wb = fcntl(b[1], F_DUPFD_CLOEXEC, 100);
	dup3(wa, 4, O_CLOEXEC);
	dup3(wb, 3, O_CLOEXEC);
	int fds[3] = {4, 3, 3};
	struct proc *p = proc_spawn_role("fourth", fds, 3, NULL, &err);
	assert_non_null(p);
	assert_int_equal(pipe_recv(rb, got, sizeof(got)), 4);
	assert_string_equal(got, "four");
	assert_int_equal(pipe_recv(ra, got, sizeof(got)), 5);
	assert_string_equal(got, "three");
	assert_int_equal(proc_join(p, NULL, -1), 0);
	proc_free(p);
	close(wa), close(wb), close(ra), close(rb);
	if (save3 >= 0)
		dup3(save3, 3, O_CLOEXEC), close(save3);
	if (save4 >= 0)
		dup3(save4, 4, O_CLOEXEC), close(save4);
	for (int i = 0; i < 2; i++) {
		if (a[i] > 4)
			close(a[i]);
		if (b[i] > 4)
			close(b[i]);
	}
}

static void role_sees_the_end(void **state)
{
	(void)state;
	struct err err;
	int fd[2], status;
	assert_int_equal(pipe_open_twoway(fd, &err), 0);
	struct proc *p = proc_spawn_role("wait", &fd[1], 1, NULL, &err);
	assert_non_null(p);
	close(fd[1]);
	assert_int_equal(proc_join(p, &status, 20), -1);
	close(fd[0]);
	assert_int_equal(proc_join(p, &status, -1), 0);
	assert_int_equal(status, 0);
	proc_free(p);
}

static void role_dies_with_its_parent(void **state)
{
	(void)state;
	struct err err;
	int fd[2];
	char got[16];
	assert_int_equal(pipe_open_twoway(fd, &err), 0);
	struct proc *p = proc_spawn_role("orphan", &fd[1], 1, NULL, &err);
	assert_non_null(p);
	close(fd[1]);
	/* Both ends of the pipe there close by death alone; a survivor would hold it open. */
	while (pipe_recv(fd[0], got, sizeof(got)) > 0)
		;
	assert_int_equal(proc_join(p, NULL, -1), 0);
	proc_free(p);
	close(fd[0]);
}

/* The binary may be replaced or removed while it runs. */
static int spawn_after_removal(void *arg)
{
	struct err err;
	const char *copy = arg;
	if (proc_self_open(&err) != 0 || unlink(copy) != 0)
		return 100;
	struct proc *p = proc_spawn_role("exit", NULL, 0, (const char *[]){"33", NULL}, &err);
	int status = 101;
	if (p)
		proc_join(p, &status, -1);
	proc_free(p);
	return status;
}

static void role_of_a_removed_binary(void **state)
{
	(void)state;
	char copy[] = "/tmp/skitter-test-XXXXXX", self[512] = {0}, command[1024];
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	int fd = mkstemp(copy);
	assert_true(fd >= 0);
	close(fd);
	snprintf(command, sizeof(command), "cp %s %s && chmod 700 %s && %s --removal %s", self,
		copy, copy, copy, copy);
	int status = system(command);
	unlink(copy);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 33);
}

/* Starting from a process with threads is what roles are for. */
static void role_from_threads(void **state)
{
	(void)state;
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_t t;
	pthread_mutex_lock(&m);
	assert_int_equal(pthread_create(&t, NULL, idle_thread, &m), 0);
	assert_int_equal(run_role("exit", "11"), 11);
	pthread_mutex_unlock(&m);
	pthread_join(t, NULL);
}

static size_t open_fds(void)
{
	size_t n = 0;
	DIR *dir = opendir("/proc/self/fd");
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void nothing_leaks(void **state)
{
	(void)state;
	run_role("exit", NULL);
	size_t before = open_fds();
	for (int i = 0; i < 20; i++) {
		run_role("exit", NULL);
		fork_and_join(give_back, 0);
	}
	role_sees_its_descriptors_only(NULL);
	role_dies_with_its_parent(NULL);
	assert_int_equal(open_fds(), before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

int main(int argc, char **argv)
{
	int status = role_main(argc, argv, roles, MEM_COUNT(roles));
	if (status >= 0)
		return status;
	if (argc == 3 && strcmp(argv[1], "--removal") == 0)
		return spawn_after_removal(argv[2]);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exit_status),
		cmocka_unit_test(join_with_timeout),
		cmocka_unit_test(child_has_default_signals),
		cmocka_unit_test(sigchld_ignored),
		cmocka_unit_test(misuse_aborts),
		cmocka_unit_test(role_exit_status),
		cmocka_unit_test(role_sees_its_descriptors_only),
		cmocka_unit_test(role_descriptors_crosswise),
		cmocka_unit_test(role_sees_the_end),
		cmocka_unit_test(role_dies_with_its_parent),
		cmocka_unit_test(role_of_a_removed_binary),
		cmocka_unit_test(role_from_threads),
		cmocka_unit_test(nothing_leaks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
