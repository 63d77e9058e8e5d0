/* pipe.h - pipes between processes that keep the borders of messages.
 *
 * A pipe is a pair of descriptors (unix(7) SOCK_SEQPACKET): what one send wrote, one recv reads,
 * whole, in order. Messages have 1 to PIPE_MAX bytes; large things travel in shared
 * memory (slots.h, procpool.h) and a pipe only tells of them.
 *
 * Descriptors are CLOEXEC and blocking, closed with close(2). Each call is one system
 * call, so a descriptor may be used from any thread or process. The end of the pipe is seen
 * when the other end is closed or its process is gone: recv gives 0, after everything
 * sent before has been read; send fails with EPIPE. SIGPIPE is never raised, EINTR never seen.
 * A peer cannot hand over descriptors: whatever comes beside the bytes is dropped.
 */
#ifndef SKITTER_WORKERS_PIPE_H
#define SKITTER_WORKERS_PIPE_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "config/err.h"

#define PIPE_MAX ((size_t)64 * 1024)

int pipe_open_oneway(int fd[2], struct err *err); /* fd[0] reads, fd[1] writes */
int pipe_open_twoway(int fd[2], struct err *err); /* both ends read and write */

/* len, or -1: EPIPE nobody will read it, EMSGSIZE 0 or more than PIPE_MAX bytes. Waits for room. */
ssize_t pipe_send(int fd, const void *msg, size_t len);
/* Bytes of the message; 0 at the end; -1: EMSGSIZE when the message was longer than cap (it is
 * lost: the peer does not speak our language). Waits for a message. */
ssize_t pipe_recv(int fd, void *msg, size_t cap);

/* The same without waiting: -1 with EAGAIN where the others would wait. */
ssize_t pipe_try_send(int fd, const void *msg, size_t len);
ssize_t pipe_try_send_parts(int fd, const struct iovec *parts, size_t n); /* as one message */
ssize_t pipe_try_recv(int fd, void *msg, size_t cap);

#endif
