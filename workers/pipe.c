#include "workers/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A message of PIPE_MAX bytes has to fit whole; the kernel counts its own bookkeeping too. */
#define SEND_ROOM ((int)(4 * PIPE_MAX))

int pipe_open_twoway(int fd[2], struct err *err)
{
	fd[0] = fd[1] = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) != 0)
		return err_set(err, EXIT_INTERNAL, "cannot make a pipe: %s", strerror(errno));
	for (int i = 0; i < 2; i++) {
		int have = 0;
		socklen_t len = sizeof(have);
		if (getsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &have, &len) == 0 && have < SEND_ROOM)
			(void)setsockopt(
				fd[i], SOL_SOCKET, SO_SNDBUF, &(int){SEND_ROOM}, sizeof(int));
	}
	return 0;
}

int pipe_open_oneway(int fd[2], struct err *err)
{
	if (pipe_open_twoway(fd, err) != 0)
		return -1;
	/* Closing one direction at both ends, so that reading from the writing end fails, too. */
	if (shutdown(fd[0], SHUT_WR) != 0 || shutdown(fd[1], SHUT_RD) != 0) {
		int e = errno;
		close(fd[0]);
		close(fd[1]);
		fd[0] = fd[1] = -1;
		return err_set(err, EXIT_INTERNAL, "cannot make a one-way pipe: %s", strerror(e));
	}
	return 0;
}

static ssize_t send_parts(int fd, const struct iovec *parts, size_t nparts, int flags)
{
	struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = nparts};
	size_t len = 0;
	for (size_t i = 0; i < nparts; i++)
		len += parts[i].iov_len;
	/* A message of no bytes would read as the end. */
	if (len == 0 || len > PIPE_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	ssize_t n;
	do
		n = sendmsg(fd, &msg, flags | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	/* The kernel has several words for "the peer is gone". */
	if (n < 0 && (errno == ECONNRESET || errno == ECONNREFUSED || errno == ENOTCONN))
		errno = EPIPE;
	return n;
}

static ssize_t recv_flags(int fd, void *msg, size_t cap, int flags)
{
	ssize_t n;
	/* A peer that ends with our messages unread leaves one ECONNRESET in front of what it
	 * had answered. The answers count. */
	do
		n = recv(fd, msg, cap, flags | MSG_TRUNC);
	while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n > 0 && (size_t)n > cap) {
		errno = EMSGSIZE;
		return -1;
	}
	return n;
}

static ssize_t send_flags(int fd, const void *msg, size_t len, int flags)
{
	struct iovec all = {.iov_base = (void *)(uintptr_t)msg, .iov_len = len};
	return send_parts(fd, &all, 1, flags);
}

ssize_t pipe_send(int fd, const void *msg, size_t len)
{
	return send_flags(fd, msg, len, 0);
}

ssize_t pipe_try_send(int fd, const void *msg, size_t len)
{
	return send_flags(fd, msg, len, MSG_DONTWAIT);
}

ssize_t pipe_try_send_parts(int fd, const struct iovec *parts, size_t n)
{
	return send_parts(fd, parts, n, MSG_DONTWAIT);
}

ssize_t pipe_recv(int fd, void *msg, size_t cap)
{
	return recv_flags(fd, msg, cap, 0);
}

ssize_t pipe_try_recv(int fd, void *msg, size_t cap)
{
	return recv_flags(fd, msg, cap, MSG_DONTWAIT);
}
