#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/mem.h"
#include "workers/pipe.h"
#include "workers/proc.h"

static void open_pair(int fd[2])
{
	struct err err = {0};
	if (pipe_open_twoway(fd, &err) != 0)
		fail_msg("%s", err.text);
}

static void borders_are_kept(void **state)
{
	(void)state;
	int fd[2];
	char got[16] = {0};
	open_pair(fd);
	assert_int_equal(pipe_send(fd[0], "one", 3), 3);
	assert_int_equal(pipe_send(fd[0], "three", 5), 5);
	assert_int_equal(pipe_send(fd[1], "back", 4), 4);
	assert_int_equal(pipe_recv(fd[1], got, sizeof(got)), 3);
	assert_memory_equal(got, "one", 3);
	assert_int_equal(pipe_recv(fd[1], got, sizeof(got)), 5);
	assert_memory_equal(got, "three", 5);
	assert_int_equal(pipe_recv(fd[0], got, sizeof(got)), 4);
	assert_int_equal(pipe_try_recv(fd[0], got, sizeof(got)), -1);
	assert_int_equal(errno, EAGAIN);
	assert_true(fcntl(fd[0], F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(fd[1], F_GETFD) & FD_CLOEXEC);
	close(fd[0]);
	close(fd[1]);
}

static void parts_of_one_message(void **state)
{
	(void)state;
	int fd[2];
	char got[16] = {0}, one[] = "one", and[] = "and";
	char *big = mem_zalloc(PIPE_MAX);
	struct iovec parts[] = {{one, 3}, {and, 3}, {big, PIPE_MAX}};
	open_pair(fd);
	assert_int_equal(pipe_try_send_parts(fd[0], parts, 2), 6);
	assert_int_equal(pipe_try_send_parts(fd[0], parts, 1), 3);
	assert_int_equal(pipe_recv(fd[1], got, sizeof(got)), 6);
	assert_memory_equal(got, "oneand", 6);
	assert_int_equal(pipe_recv(fd[1], got, sizeof(got)), 3);
	assert_int_equal(pipe_try_send_parts(fd[0], parts, 3), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(pipe_try_send_parts(fd[0], parts, 0), -1);
	assert_int_equal(errno, EMSGSIZE);
	close(fd[1]);
	assert_int_equal(pipe_try_send_parts(fd[0], parts, 2), -1);
	assert_int_equal(errno, EPIPE);
	close(fd[0]);
	free(big);
}

static void sizes(void **state)
{
	(void)state;
	int fd[2];
	char *big = mem_zalloc(PIPE_MAX + 1), *got = mem_zalloc(PIPE_MAX);
	open_pair(fd);
	big[PIPE_MAX - 1] = 'e';
	assert_int_equal(pipe_send(fd[0], big, PIPE_MAX), PIPE_MAX);
	assert_int_equal(pipe_recv(fd[1], got, PIPE_MAX), PIPE_MAX);
	assert_memory_equal(got, big, PIPE_MAX);
	assert_int_equal(pipe_send(fd[0], big, PIPE_MAX + 1), -1);
	assert_int_equal(errno, EMSGSIZE);
	/* No bytes would read as the end. */
	assert_int_equal(pipe_send(fd[0], big, 0), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(pipe_send(fd[0], "too long", 8), 8);
	assert_int_equal(pipe_recv(fd[1], got, 4), -1);
	assert_int_equal(errno, EMSGSIZE);
	/* And it is gone: the next message is the next message. */
	assert_int_equal(pipe_send(fd[0], "next", 4), 4);
	assert_int_equal(pipe_recv(fd[1], got, 4), 4);
	assert_memory_equal(got, "next", 4);
	close(fd[0]);
	close(fd[1]);
	free(big);
	free(got);
}

static void the_end(void **state)
{
	(void)state;
	int fd[2];
	char got[8];
	open_pair(fd);
	pipe_send(fd[0], "last", 4);
	close(fd[0]);
	assert_int_equal(pipe_recv(fd[1], got, sizeof(got)), 4);
	assert_int_equal(pipe_recv(fd[1], got, sizeof(got)), 0);
	assert_int_equal(pipe_try_recv(fd[1], got, sizeof(got)), 0);
	signal(SIGPIPE, SIG_DFL); /* would end us */
	assert_int_equal(pipe_send(fd[1], "x", 1), -1);
	assert_int_equal(errno, EPIPE);
	close(fd[1]);
}

/* The peer answered, then died with a message of ours unread: its answers still count. */
static void answers_before_a_death_count(void **state)
{
	(void)state;
	int fd[2];
	char got[8];
	open_pair(fd);
	pipe_send(fd[0], "unread", 6);
	pipe_send(fd[1], "answer", 6);
	close(fd[1]);
	assert_int_equal(pipe_recv(fd[0], got, sizeof(got)), 6);
	assert_memory_equal(got, "answer", 6);
	assert_int_equal(pipe_recv(fd[0], got, sizeof(got)), 0);
	close(fd[0]);
}

static void oneway(void **state)
{
	(void)state;
	struct err err;
	int fd[2];
	char got[8];
	assert_int_equal(pipe_open_oneway(fd, &err), 0);
	assert_int_equal(pipe_send(fd[1], "down", 4), 4);
	assert_int_equal(pipe_recv(fd[0], got, sizeof(got)), 4);
	assert_int_equal(pipe_send(fd[0], "up", 2), -1);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(pipe_recv(fd[1], got, sizeof(got)), 0);
	close(fd[1]);
	assert_int_equal(pipe_recv(fd[0], got, sizeof(got)), 0);
	close(fd[0]);
}

static void full_pipe(void **state)
{
	(void)state;
	int fd[2], n = 0, got = 0;
	char msg[1000] = {0};
	open_pair(fd);
	while (pipe_try_send(fd[0], msg, sizeof(msg)) > 0)
		n++;
	assert_int_equal(errno, EAGAIN);
	assert_true(n > 0);
	while (pipe_try_recv(fd[1], msg, sizeof(msg)) > 0)
		got++;
	assert_int_equal(got, n);
	close(fd[0]);
	close(fd[1]);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* Signals without SA_RESTART come again and again while the other side takes its time. */
static int slow_sender(void *arg)
{
	const int *fd = arg;
	pid_t parent = getppid();
	close(fd[0]);
	for (int i = 0; i < 20; i++) {
		kill(parent, SIGUSR1);
		usleep(1000);
	}
	return pipe_send(fd[1], "late", 4) != 4;
}

static void interrupted(void **state)
{
	(void)state;
	struct err err;
	struct sigaction sa = {.sa_handler = on_alarm};
	int fd[2], status;
	char got[8];
	open_pair(fd);
	sigaction(SIGUSR1, &sa, NULL);
	struct proc *p = proc_fork("sender", slow_sender, fd, &err);
	assert_non_null(p);
	close(fd[1]);
	assert_int_equal(pipe_recv(fd[0], got, sizeof(got)), 4);
	assert_int_equal(proc_join(p, &status, -1), 0);
	assert_int_equal(status, 0);
	proc_free(p);
	close(fd[0]);
	signal(SIGUSR1, SIG_DFL);
}

/* A descriptor that the peer sends along never arrives: we would have to look after it. */
static void descriptors_are_not_taken(void **state)
{
	(void)state;
	int fd[2];
	char got[8], control[CMSG_SPACE(sizeof(int))] = {0};
	open_pair(fd);
	int next = dup(0);
	close(next);
	struct iovec iov = {.iov_base = (char[]){"x"}, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &(int){0}, sizeof(int));
	assert_int_equal(sendmsg(fd[1], &msg, 0), 1);
	assert_int_equal(pipe_recv(fd[0], got, sizeof(got)), 1);
	int now = dup(0);
	close(now);
	assert_int_equal(now, next);
	close(fd[0]);
	close(fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(borders_are_kept),
		cmocka_unit_test(parts_of_one_message),
		cmocka_unit_test(sizes),
		cmocka_unit_test(the_end),
		cmocka_unit_test(answers_before_a_death_count),
		cmocka_unit_test(oneway),
		cmocka_unit_test(full_pipe),
		cmocka_unit_test(interrupted),
		cmocka_unit_test(descriptors_are_not_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
