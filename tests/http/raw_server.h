/* raw_server.h - a server that sends whatever bytes a test wants, on the test's own loop.
 *
 * It runs as coroutines beside the client, one per connection, so a test has no threads, and
 * nothing happens between two turns of the loop that it did not ask for. `answer` is called for
 * each request head, may wait, and sends bytes by raw_send; the connection then goes on until
 * one side closes it.
 */
#ifndef SKITTER_TESTS_RAW_SERVER_H
#define SKITTER_TESTS_RAW_SERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/buf.h"
#include "config/mem.h"
#include "workers/co.h"

struct raw_server;

struct raw_conn {
	struct raw_server *server;
	struct co *co;
	struct raw_conn *next;
	int fd;		   /* -1 = closed */
	unsigned number;   /* the first connection is 1 */
	unsigned requests; /* on this connection, with the one that is being answered */
	bool answering;	   /* and not waiting for the client in between */
	struct buf in;
	const char *head; /* the request head, NUL-terminated */
	size_t head_len;
	char path[256]; /* its target, as far as it fits */
};

struct raw_server {
	struct loop *loop;
	int fd;
	uint16_t port;
	void (*answer)(void *arg, struct raw_conn *c);
	void *arg;
	const char *greeting; /* said before anything was asked; NULL = nothing */
	struct co *acceptor;
	struct raw_conn *conns;
	unsigned connections, requests;
};

static inline void raw_close(struct raw_conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

/* Not the orderly end, but RST. */
static inline void raw_reset(struct raw_conn *c)
{
	struct linger l = {.l_onoff = 1};

	if (c->fd >= 0)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	raw_close(c);
}

/* The end of what is sent; the client may still say something. */
static inline void raw_end(struct raw_conn *c)
{
	if (c->fd >= 0)
		shutdown(c->fd, SHUT_WR);
}

static inline bool raw_send(struct raw_conn *c, const void *data, size_t len)
{
	const char *p = data;

	while (len && c->fd >= 0) {
		ssize_t n = send(c->fd, p, len, MSG_NOSIGNAL);
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else if (errno != EAGAIN || co_wait_fd(c->fd, EV_WRITE, -1) < 0) {
			return false;
		}
	}
	return !len;
}

static inline bool raw_say(struct raw_conn *c, const char *text)
{
	return raw_send(c, text, strlen(text));
}

/* Lets everybody else read what was sent so far: first it has to get there. */
static inline void raw_let_read(struct raw_conn *c)
{
	int unsent = 0;

	while (c->fd >= 0 && ioctl(c->fd, SIOCOUTQ, &unsent) == 0 && unsent && co_sleep_ms(1) == 0)
		;
	for (int i = 0; i < 20; i++)
		co_yield_now();
}

/* Until the client says something or closes; false when cancelled. */
static inline bool raw_wait(struct raw_conn *c)
{
	bool answering = c->answering, good;

	c->answering = false;
	good = c->fd >= 0 && co_wait_fd(c->fd, EV_READ, -1) == 0;
	c->answering = answering;
	return good;
}

/* One head out of c->in; false: the connection is over. */
static inline bool raw_read_head(struct raw_conn *c)
{
	char *end;

	buf_grow(&c->in, 1);
	while (!(end = strstr(c->in.data, "\r\n\r\n"))) {
		ssize_t n;
		buf_grow(&c->in, 4096);
		n = recv(c->fd, c->in.data + c->in.len, 4096, 0);
		if (n > 0)
			buf_set_len(&c->in, c->in.len + (size_t)n);
		else if (n == 0 || (errno != EAGAIN && errno != EINTR) || !raw_wait(c))
			return false;
	}
	c->head_len = (size_t)(end + 4 - c->in.data);
	return true;
}

static inline void raw_serve(void *arg)
{
	struct raw_conn *c = arg;
	struct buf head = BUF_INIT;

	if (c->server->greeting)
		raw_say(c, c->server->greeting);
	while (c->fd >= 0 && raw_read_head(c)) {
		size_t rest = c->in.len - c->head_len, from, n;
		buf_reset(&head);
		buf_add(&head, c->in.data, c->head_len);
		memmove(c->in.data, c->in.data + c->head_len, rest);
		buf_set_len(&c->in, rest);
		c->head = head.data;
		from = strcspn(head.data, " ") + 1;
		n = strcspn(head.data + from, " \r");
		n = n < sizeof(c->path) ? n : sizeof(c->path) - 1;
		memcpy(c->path, head.data + from, n);
		c->path[n] = '\0';
		c->requests++;
		c->server->requests++;
		c->answering = true;
		c->server->answer(c->server->arg, c);
		c->answering = false;
	}
	raw_close(c);
	buf_release(&head);
}

static inline void raw_accept(void *arg)
{
	struct raw_server *s = arg;

	while (co_wait_fd(s->fd, EV_READ, -1) == 0) {
		int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct raw_conn *c;
		if (fd < 0)
			continue;
		c = mem_zalloc(sizeof(*c));
		buf_init(&c->in);
		c->server = s;
		c->fd = fd;
		c->number = ++s->connections;
		c->next = s->conns;
		s->conns = c;
		c->co = co_spawn(s->loop, "connection", raw_serve, c);
	}
}

/* Until all that was asked for is answered, has arrived, and had its effect. */
static inline void raw_settle(void *server)
{
	struct raw_server *s = server;

	for (int i = 0; i < 40; i++)
		co_yield_now();
	for (struct raw_conn *c = s->conns; c; c = c->next) {
		while (c->answering && co_sleep_ms(1) == 0)
			;
		raw_let_read(c);
	}
}

/* Port 0: any. False when the address is not to be had. */
static inline bool raw_server_open(struct raw_server *s, struct loop *loop, const char *address,
	uint16_t port, void (*answer)(void *arg, struct raw_conn *c), void *arg)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	socklen_t len = sizeof(a);
	int on = 1;

	*s = (struct raw_server){.loop = loop, .answer = answer, .arg = arg};
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (inet_pton(AF_INET, address, &a.sin_addr) != 1 ||
		bind(s->fd, (struct sockaddr *)&a, sizeof(a)) || listen(s->fd, 1024) ||
		getsockname(s->fd, (struct sockaddr *)&a, &len)) {
		close(s->fd);
		return false;
	}
	s->port = ntohs(a.sin_port);
	s->acceptor = co_spawn(loop, "acceptor", raw_accept, s);
	return true;
}

/* From the main stack, while the loop does not run. */
static inline void raw_server_close(struct raw_server *s)
{
	co_cancel(s->acceptor);
	co_join(s->acceptor);
	close(s->fd);
	while (s->conns) {
		struct raw_conn *c = s->conns;
		s->conns = c->next;
		if (c->fd >= 0)
			shutdown(c->fd, SHUT_RDWR);
		if (!co_done(c->co))
			co_cancel(c->co);
		co_join(c->co);
		buf_release(&c->in);
		free(c);
	}
}

#endif
