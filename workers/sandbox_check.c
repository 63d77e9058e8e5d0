/* sandbox_check.c - what the sandbox must refuse, tried one by one. */
#include "workers/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/log.h"
#include "workers/proc.h"
#include "workers/slots.h"

/* What the child of a probe finds open, made before it enters. */
static struct {
	struct slots *slots;
	int readonly_fd; /* of the slots' arena */
	char *readonly_map;
	size_t size;
	int pair[2];
} at_hand = {NULL, -1, NULL, 0, {-1, -1}};

static int outcome(long rc)
{
	return rc < 0 ? -1 : 0;
}

static int try_open(void)
{
	return outcome(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int try_create(void)
{
	return outcome(open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
}

static int try_openat2(void)
{
	unsigned long long how[3] = {O_RDONLY, 0, 0};
	return outcome(syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", how, sizeof(how)));
}

static int try_stat(void)
{
	struct stat st;
	return outcome(stat("/etc/passwd", &st));
}

/* The way around a read-only descriptor. */
static int try_reopen(void)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", at_hand.readonly_fd);
	return outcome(open(path, O_RDWR | O_CLOEXEC));
}

static int try_socket(void)
{
	return outcome(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int try_unix_socket(void)
{
	return outcome(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int try_socketpair(void)
{
	int fd[2];
	return outcome(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd));
}

static int try_bind(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX}; /* autobind: an abstract name */
	return outcome(bind(at_hand.pair[0], (struct sockaddr *)&a, sizeof(sa_family_t)));
}

static int try_execve(void)
{
	char *argv[] = {(char[]){"true"}, NULL};
	return outcome(execve("/bin/true", argv, argv + 1));
}

static int try_fork(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return outcome(pid);
}

static void *nothing(void *arg)
{
	return arg;
}

static int try_thread(void)
{
	pthread_t t;
	if (pthread_create(&t, NULL, nothing, NULL) != 0)
		return -1;
	pthread_join(t, NULL);
	return 0;
}

static int try_kill(void)
{
	return outcome(kill(getppid(), 0));
}

static int try_ptrace(void)
{
	return outcome(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int try_prctl(void)
{
	return outcome(prctl(PR_SET_NAME, "other"));
}

static int try_ioctl(void)
{
	int n;
	return outcome(ioctl(at_hand.pair[0], FIONREAD, &n));
}

static int try_dup(void)
{
	return outcome(dup(at_hand.pair[0]));
}

static int try_chdir(void)
{
	return outcome(chdir("/"));
}

static int try_unlink(void)
{
	return unlink("/tmp/skitter-no-such-file") == 0 || errno == ENOENT ? 0 : -1;
}

static int try_memfd(void)
{
	return outcome(memfd_create("x", MFD_CLOEXEC));
}

static int try_exec_memory(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? -1 : 0;
}

static int try_make_executable(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? -1 : mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static int try_setrlimit(void)
{
	struct rlimit lim = {0, 0};
	return setrlimit(RLIMIT_CORE, &lim);
}

static int try_write_elsewhere(void)
{
	return outcome(write(at_hand.pair[0] > 3 ? at_hand.pair[0] : at_hand.pair[1], "x", 1));
}

static int try_writable_map(void)
{
	void *p = mmap(
		NULL, at_hand.size, PROT_READ | PROT_WRITE, MAP_SHARED, at_hand.readonly_fd, 0);
	return p == MAP_FAILED ? -1 : 0;
}

static int try_mprotect_map(void)
{
	return mprotect(at_hand.readonly_map, at_hand.size, PROT_READ | PROT_WRITE);
}

static int try_store_to_map(void)
{
	*(volatile char *)at_hand.readonly_map = 'x';
	return 0;
}

static int try_write_arena(void)
{
	return outcome(pwrite(at_hand.readonly_fd, "x", 1, 0));
}

static int try_truncate_arena(void)
{
	return ftruncate(at_hand.readonly_fd, 0);
}

static int try_io_uring(void)
{
	char params[256] = {0};
	return outcome(syscall(425 /* io_uring_setup, the same everywhere */, 4, params));
}

const struct sandbox_probe sandbox_probes[] = {
	{"open a file", false, try_open},
	{"create a file", true, try_create},
	{"openat2", true, try_openat2},
	{"look a file up", false, try_stat},
	{"reopen the arena for writing", true, try_reopen},
	{"make an internet socket", true, try_socket},
	{"make a unix socket", true, try_unix_socket},
	{"make a socket pair", true, try_socketpair},
	{"bind a socket", true, try_bind},
	{"run a program", true, try_execve},
	{"fork", false, try_fork},
	{"start a thread", false, try_thread},
	{"signal another process", false, try_kill},
	{"ptrace", false, try_ptrace},
	{"prctl", false, try_prctl},
	{"ioctl", false, try_ioctl},
	{"duplicate a descriptor", false, try_dup},
	{"change directory", false, try_chdir},
	{"unlink", true, try_unlink},
	{"make shared memory", true, try_memfd},
	{"map executable memory", false, try_exec_memory},
	{"make memory executable", false, try_make_executable},
	{"change limits", false, try_setrlimit},
	{"write to another descriptor", false, try_write_elsewhere},
	{"io_uring", true, try_io_uring},
	{"map the arena writable", true, try_writable_map},
	{"make the arena's map writable", true, try_mprotect_map},
	{"store into the arena", true, try_store_to_map},
	{"write to the arena", true, try_write_arena},
	{"truncate the arena", true, try_truncate_arena},
};
const size_t sandbox_nprobes = sizeof(sandbox_probes) / sizeof(sandbox_probes[0]);

/* What the child of a probe says at its end. */
enum { SAYS_REFUSED = 70, SAYS_ALLOWED = 71, SAYS_BROKEN = 72 };

static int probe_child(void *arg)
{
	const struct sandbox_probe *probe = arg;
	struct err err;
	at_hand.slots = slots_open(1, 4096, 0, 0, &err);
	if (!at_hand.slots)
		return SAYS_BROKEN;
	at_hand.size = slots_arena_size(at_hand.slots);
	at_hand.readonly_fd = slots_readonly_fd(at_hand.slots, &err);
	at_hand.readonly_map =
		mmap(NULL, at_hand.size, PROT_READ, MAP_SHARED, at_hand.readonly_fd, 0);
	if (at_hand.readonly_map == MAP_FAILED ||
		socketpair(AF_UNIX, SOCK_STREAM, 0, at_hand.pair) != 0 ||
		sandbox_enter(NULL, &err) != 0)
		return SAYS_BROKEN;
	return probe->attempt() == 0 ? SAYS_ALLOWED : SAYS_REFUSED;
}

bool sandbox_refuses(const struct sandbox_probe *probe)
{
	enum sandbox_level level = sandbox_level();
	return level == SANDBOX_FULL || (level == SANDBOX_LOOSE && probe->loose);
}

enum sandbox_verdict sandbox_try(const struct sandbox_probe *probe)
{
	struct err err;
	int status = 0;
	struct proc *p = proc_fork("probe", probe_child, (void *)(uintptr_t)probe, &err);
	if (!p)
		return SANDBOX_BROKEN;
	proc_join(p, &status, -1);
	proc_free(p);
	if (status == SAYS_ALLOWED)
		return SANDBOX_ALLOWED;
	/* Killed by the filter; by the memory's protection (a sanitizer reports that and ends). */
	if (status == SAYS_REFUSED || status == -SIGSYS || status == -SIGSEGV ||
		(sandbox_level() == SANDBOX_LOOSE && probe->attempt == try_store_to_map &&
			status != SAYS_BROKEN))
		return SANDBOX_REFUSED;
	return SANDBOX_BROKEN;
}

int sandbox_check(void)
{
	int leaks = 0;
	for (size_t i = 0; i < sandbox_nprobes; i++) {
		const struct sandbox_probe *probe = &sandbox_probes[i];
		if (!sandbox_refuses(probe))
			continue;
		enum sandbox_verdict v = sandbox_try(probe);
		if (v != SANDBOX_REFUSED) {
			log_error("sandbox: %s: %s", probe->name,
				v == SANDBOX_ALLOWED ? "allowed" : "could not be tried");
			leaks++;
		}
	}
	return leaks;
}
