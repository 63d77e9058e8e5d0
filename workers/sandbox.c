#include "workers/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif
#ifndef RUNNING_ON_VALGRIND
#define RUNNING_ON_VALGRIND 0
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
	__has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#include "config/log.h"
#include "config/mem.h"

enum sandbox_level sandbox_level(void)
{
	if (RUNNING_ON_VALGRIND)
		return SANDBOX_NONE;
	return SANITIZED ? SANDBOX_LOOSE : SANDBOX_FULL;
}

/* ---- resource limits ----------------------------------------------------------------------- */

static int limit(int resource, rlim_t value, const char *name, struct err *err)
{
	struct rlimit now;
	if (getrlimit(resource, &now) != 0)
		return err_set(
			err, EXIT_INTERNAL, "sandbox: getrlimit %s: %s", name, strerror(errno));
	/* Only ever downwards: raising needs a privilege. */
	if (now.rlim_max < value)
		value = now.rlim_max;
	struct rlimit lim = {.rlim_cur = value, .rlim_max = value};
	if (setrlimit(resource, &lim) != 0)
		return err_set(
			err, EXIT_INTERNAL, "sandbox: setrlimit %s: %s", name, strerror(errno));
	return 0;
}

static int enter_limits(const struct sandbox_opts *opts, struct err *err)
{
	struct stat st;
	if (limit(RLIMIT_CORE, 0, "CORE", err) != 0 ||
		limit(RLIMIT_MEMLOCK, 0, "MEMLOCK", err) != 0 ||
		limit(RLIMIT_MSGQUEUE, 0, "MSGQUEUE", err) != 0)
		return -1;
	if (opts->cpu_seconds > 0 && limit(RLIMIT_CPU, (rlim_t)opts->cpu_seconds, "CPU", err) != 0)
		return -1;
	/* With `2>log` the worker's last words go to a file, which FSIZE 0 would forbid. */
	if (fstat(STDERR_FILENO, &st) != 0 || !S_ISREG(st.st_mode))
		if (limit(RLIMIT_FSIZE, 0, "FSIZE", err) != 0)
			return -1;
	if (SANITIZED) /* reports open files and run a symbolizer; the shadow is private memory */
		return 0;
	if (limit(RLIMIT_NPROC, 0, "NPROC", err) != 0 ||
		limit(RLIMIT_NOFILE, 8, "NOFILE", err) != 0)
		return -1;
	/* DATA, not AS: the arena is mapped whole, and sparse. */
	if (opts->memory_bytes && limit(RLIMIT_DATA, (rlim_t)opts->memory_bytes, "DATA", err) != 0)
		return -1;
	return 0;
}

/* ---- system calls -------------------------------------------------------------------------- */

static const int allowed[] = {
	/* descriptors that are open */
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(close),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(fstat),
	SCMP_SYS(lseek),
	/* memory */
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	/* waiting, clocks, random numbers, what the machine is (qsort asks for its memory) */
	SCMP_SYS(futex),
	SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(getrandom),
	SCMP_SYS(sysinfo),
	SCMP_SYS(sched_yield),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(getrusage),
	/* signals to itself, ending */
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

static const int writing[] = {
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
};

static struct scmp_arg_cmp arg_is(
	unsigned arg, enum scmp_compare op, scmp_datum_t a, scmp_datum_t b)
{
	return (struct scmp_arg_cmp){.arg = arg, .op = op, .datum_a = a, .datum_b = b};
}

static int allow_writing(scmp_filter_ctx ctx, int call, const struct sandbox_opts *opts)
{
	int rc = 0;
	for (int fd = 0; fd <= opts->max_write_fd && rc == 0; fd++) {
		bool muted = opts->mute && fd == STDERR_FILENO;
		rc = seccomp_rule_add(ctx, muted ? SCMP_ACT_ERRNO(EBADF) : SCMP_ACT_ALLOW, call, 1,
			arg_is(0, SCMP_CMP_EQ, (scmp_datum_t)fd, 0));
	}
	return rc;
}

static int allow_list(scmp_filter_ctx ctx, const struct sandbox_opts *opts)
{
	int rc = 0;
	for (size_t i = 0; i < MEM_COUNT(allowed) && rc == 0; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; i < MEM_COUNT(writing) && rc == 0; i++)
		rc = allow_writing(ctx, writing[i], opts);
	/* never executable memory */
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
			arg_is(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
			arg_is(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* abort() sends itself a signal */
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
			arg_is(0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
	/* stdio looks at a stream before its first buffered write and does without an answer */
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(newfstatat), 0);
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(ioctl), 1,
			arg_is(1, SCMP_CMP_EQ, TCGETS, 0));
	return rc;
}

static const int denied[] = {
	SCMP_SYS(socket),
	SCMP_SYS(socketpair),
	SCMP_SYS(connect),
	SCMP_SYS(bind),
	SCMP_SYS(listen),
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(creat),
	SCMP_SYS(mkdir),
	SCMP_SYS(mkdirat),
	SCMP_SYS(unlink),
	SCMP_SYS(unlinkat),
	SCMP_SYS(rename),
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2),
	SCMP_SYS(link),
	SCMP_SYS(linkat),
	SCMP_SYS(symlink),
	SCMP_SYS(symlinkat),
	SCMP_SYS(mount),
	SCMP_SYS(chroot),
	SCMP_SYS(bpf),
	SCMP_SYS(keyctl),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(openat2),
	SCMP_SYS(truncate),
	SCMP_SYS(ftruncate),
	SCMP_SYS(chmod),
	SCMP_SYS(fchmod),
	SCMP_SYS(fchmodat),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(memfd_create),
};

static int deny_list(scmp_filter_ctx ctx)
{
	uint32_t refuse = SCMP_ACT_ERRNO(EPERM);
	int rc = 0;
	for (size_t i = 0; i < MEM_COUNT(denied) && rc == 0; i++)
		rc = seccomp_rule_add(ctx, refuse, denied[i], 0);
	static const unsigned modes[] = {O_WRONLY, O_RDWR};
	for (size_t i = 0; i < MEM_COUNT(modes) && rc == 0; i++) {
		rc = seccomp_rule_add(ctx, refuse, SCMP_SYS(open), 1,
			arg_is(1, SCMP_CMP_MASKED_EQ, O_ACCMODE, modes[i]));
		if (rc == 0)
			rc = seccomp_rule_add(ctx, refuse, SCMP_SYS(openat), 1,
				arg_is(2, SCMP_CMP_MASKED_EQ, O_ACCMODE, modes[i]));
	}
	return rc;
}

static int enter_seccomp(const struct sandbox_opts *opts, struct err *err)
{
	int ret = -1, rc;
	scmp_filter_ctx ctx = seccomp_init(SANITIZED ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS);
	if (!ctx)
		return err_set(err, EXIT_INTERNAL, "sandbox: this system's seccomp cannot be used");
	rc = SANITIZED ? deny_list(ctx) : allow_list(ctx, opts);
	if (rc != 0) {
		err_set(err, EXIT_INTERNAL,
			"sandbox: the list of system calls was not accepted: %s", strerror(-rc));
		goto out;
	}
	/* A binary tree instead of a chain: the cost of a call no longer depends on its place. */
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	rc = seccomp_load(ctx);
	if (rc != 0) {
		err_set(err, EXIT_INTERNAL,
			"sandbox: the kernel refused the seccomp filter: %s (--no-sandbox does "
			"without)",
			strerror(-rc));
		goto out;
	}
	ret = 0;
out:
	seccomp_release(ctx);
	return ret;
}

int sandbox_enter(const struct sandbox_opts *given, struct err *err)
{
	struct sandbox_opts opts = {0};
	if (given)
		opts = *given;
	if (opts.max_write_fd == 0)
		opts.max_write_fd = 3;
	if (RUNNING_ON_VALGRIND) {
		log_warn("no sandbox: valgrind needs more system calls than it allows");
		return 0;
	}
	tzset(); /* the log's clock reads the time zone's file when it is first asked */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_set(err, EXIT_INTERNAL, "sandbox: no_new_privs: %s", strerror(errno));
	if (enter_limits(&opts, err) != 0)
		return -1;
	return enter_seccomp(&opts, err);
}
