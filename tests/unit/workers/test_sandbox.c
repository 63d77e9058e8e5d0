#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "config/log.h"
#include "config/mem.h"
#include "workers/pipe.h"
#include "workers/proc.h"
#include "workers/sandbox.h"

static int in_child(int (*fn)(void *), void *arg)
{
	struct err err = {0};
	int status = -1;
	struct proc *p = proc_fork("test", fn, arg, &err);
	if (!p)
		fail_msg("%s", err.text);
	assert_int_equal(proc_join(p, &status, -1), 0);
	proc_free(p);
	return status;
}

static void each_forbidden_call(void **state)
{
	(void)state;
	size_t wrong = 0;
	for (size_t i = 0; i < sandbox_nprobes; i++) {
		const struct sandbox_probe *probe = &sandbox_probes[i];
		if (!sandbox_refuses(probe)) {
			print_message("not tried in this build: %s\n", probe->name);
			continue;
		}
		enum sandbox_verdict v = sandbox_try(probe);
		if (v != SANDBOX_REFUSED)
			print_error("%s: %s\n", probe->name,
				v == SANDBOX_ALLOWED ? "allowed" : "could not be tried");
		wrong += v != SANDBOX_REFUSED;
	}
	assert_int_equal(wrong, 0);
	assert_int_equal(sandbox_check(), 0);
}

static int attempt_free(void *arg)
{
	const struct sandbox_probe *probe = arg;
	return probe->attempt() == 0 ? 1 : 0;
}

/* The probes themselves: outside the sandbox these do work, so a refusal is the sandbox's. */
static void probes_can_succeed(void **state)
{
	(void)state;
	static const char *const usual[] = {"open a file", "create a file", "look a file up",
		"make an internet socket", "make a unix socket", "make a socket pair", "fork",
		"start a thread", "signal another process", "prctl", "change directory", "unlink",
		"make shared memory", "make memory executable", "map executable memory",
		"change limits"};
	for (size_t i = 0; i < MEM_COUNT(usual); i++) {
		const struct sandbox_probe *probe = NULL;
		for (size_t k = 0; k < sandbox_nprobes; k++)
			if (strcmp(sandbox_probes[k].name, usual[i]) == 0)
				probe = &sandbox_probes[k];
		assert_non_null(probe);
		if (in_child(attempt_free, (void *)(uintptr_t)probe) != 1)
			fail_msg("%s does not work without a sandbox either", usual[i]);
	}
}

static int by_numbers(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;
	return (x > y) - (x < y);
}

/* What a parser does all day. */
static int daily_work(void *arg)
{
	const int *fd = arg;
	struct err err;
	char msg[64];
	if (dup2(fd[1], 3) < 0 || sandbox_enter(NULL, &err) != 0)
		return 50;
	for (size_t size = 16; size < 64 << 20; size *= 4) {
		char *p = mem_alloc(size);
		memset(p, 'x', size);
		p = mem_realloc(p, size * 2);
		free(p);
	}
	int *numbers = mem_array(100000, sizeof(int));
	for (int i = 0; i < 100000; i++)
		numbers[i] = i * 7919 % 100003;
	qsort(numbers, 100000, sizeof(int), by_numbers);
	free(numbers);
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	time(NULL);
	log_error("a line of the log, as expected");
	if (pipe_recv(3, msg, sizeof(msg)) != 4 || pipe_send(3, "pong", 4) != 4)
		return 51;
	return 0;
}

static void allows_daily_work(void **state)
{
	(void)state;
	struct err err;
	int fd[2];
	char got[8];
	assert_int_equal(pipe_open_twoway(fd, &err), 0);
	pipe_send(fd[0], "ping", 4);
	assert_int_equal(in_child(daily_work, fd), 0);
	assert_int_equal(pipe_recv(fd[0], got, sizeof(got)), 4);
	close(fd[0]);
	close(fd[1]);
}

static int abort_inside(void *arg)
{
	struct err err;
	(void)arg;
	if (sandbox_enter(NULL, &err) != 0)
		return 50;
	close(2);
	abort();
}

/* A bug in a parser shows as what it is, not as a forbidden call. */
static void abort_is_told(void **state)
{
	(void)state;
	assert_int_equal(in_child(abort_inside, NULL), -SIGABRT);
}

static int write_muted(void *arg)
{
	struct sandbox_opts opts = {.mute = true};
	struct err err;
	int rc = 0;
	const int *fd = arg;
	if (dup2(fd[1], 2) < 0 || dup2(fd[1], 3) < 0 || sandbox_enter(&opts, &err) != 0)
		return 50;
	if (write(2, "escape", 6) != -1 || errno != EBADF)
		rc = 51;
	log_error("neither does a line of the log do harm");
	return write(3, "answer", 6) == 6 ? rc : 52;
}

static void muted(void **state)
{
	(void)state;
	struct err err;
	int fd[2];
	char got[64] = {0};
	if (sandbox_level() != SANDBOX_FULL) {
		print_message("not tried in this build: a muted worker\n");
		return;
	}
	assert_int_equal(pipe_open_twoway(fd, &err), 0);
	assert_int_equal(in_child(write_muted, fd), 0);
	assert_int_equal(pipe_recv(fd[0], got, sizeof(got)), 6);
	assert_string_equal(got, "answer");
	close(fd[0]);
	close(fd[1]);
}

static int eat_memory(void *arg)
{
	struct sandbox_opts opts = {.memory_bytes = 64 << 20};
	struct err err;
	(void)arg;
	if (sandbox_enter(&opts, &err) != 0)
		return 50;
	for (int i = 0; i < 16; i++) {
		char *volatile p =
			malloc(16 << 20); /* volatile: or the compiler sees that nobody wants it */
		if (!p)
			return 7;
		memset(p, 1, 16 << 20);
	}
	return 0;
}

static int burn_cpu(void *arg)
{
	struct sandbox_opts opts = {.cpu_seconds = 1};
	struct err err;
	(void)arg;
	if (sandbox_enter(&opts, &err) != 0)
		return 50;
	for (volatile unsigned long i = 0;; i++)
		;
}

static void limits(void **state)
{
	(void)state;
	if (sandbox_level() != SANDBOX_FULL) {
		print_message("not tried in this build: limits of memory and CPU time\n");
		return;
	}
	assert_int_equal(in_child(eat_memory, NULL), 7);
	assert_int_equal(in_child(burn_cpu, NULL), -SIGKILL);
}

static int unprivileged(void *arg)
{
	struct err err = {0};
	(void)arg;
	if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
		return 50;
	if (sandbox_enter(NULL, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		return 51;
	}
	return 0;
}

static void works_for_any_user(void **state)
{
	(void)state;
	assert_int_equal(in_child(unprivileged, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_forbidden_call),
		cmocka_unit_test(probes_can_succeed),
		cmocka_unit_test(allows_daily_work),
		cmocka_unit_test(abort_is_told),
		cmocka_unit_test(muted),
		cmocka_unit_test(limits),
		cmocka_unit_test(works_for_any_user),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
