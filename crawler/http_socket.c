/* http_socket.c - libcurl's descriptors on the loop.
 *
 * A connection is watched for as long as it is open, also while it rests between two
 * requests: taking it out of epoll and putting it back would cost two system calls per
 * page, and what comes meanwhile matters. In HTTP/1 nothing may come then but the end;
 * libcurl 7.88 would take it for the answer of the next request. Such a connection is
 * ruined: its descriptor is replaced by one at its end, which libcurl finds dead.
 *
 * --per-ip counts connections, resting ones too: where one more would be too many, that to the
 * same address which has rested longest is ruined. (The frontier sees to it that no more than
 * --per-ip are at work.)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/mem.h"
#include "crawler/guard.h"
#include "crawler/http_private.h"

/* An address, and the connections to it. */
struct peer {
	uint32_t open;
	struct sock *oldest, *newest; /* those that rest */
};

struct sock {
	struct event ev;
	struct http *http;
	struct lane *lane;
	curl_socket_t fd;
	short events; /* what is watched for */
	bool ours;    /* opened by http_on_open, so http_on_close will tell its end */
	bool clear;   /* HTTP/1 and nothing below it: no bytes but answers */
	bool resting;
	struct peer *peer;	    /* NULL: not counted, or not any more */
	struct sock *older, *newer; /* of those that rest at the same address */
};

static void watch(struct sock *s, short events);

/* ---- descriptors ---- */

static struct sock *sock_of(const struct http *h, curl_socket_t fd)
{
	return fd >= 0 && (size_t)fd < h->nsocks ? h->socks[fd] : NULL;
}

static struct sock *sock_add(struct lane *l, curl_socket_t fd)
{
	struct http *h = l->http;
	struct sock *s = mem_zalloc(sizeof(*s));

	if ((size_t)fd >= h->nsocks) {
		size_t n = (size_t)fd * 2 + 64;
		h->socks = mem_realloc(h->socks, n * sizeof(*h->socks));
		memset(h->socks + h->nsocks, 0, (n - h->nsocks) * sizeof(*h->socks));
		h->nsocks = n;
	}
	s->http = h;
	s->lane = l;
	s->fd = fd;
	h->socks[fd] = s;
	return s;
}

/* ---- addresses ---- */

static struct peer *peer_of(struct http *h, const struct sockaddr *addr)
{
	struct peer **place;
	char text[64];

	guard_print(addr, text);
	place = (struct peer **)map_put(&h->peers, text, strlen(text));
	if (!*place)
		*place = mem_zalloc(sizeof(**place));
	return *place;
}

static void set_resting(struct sock *s, bool resting)
{
	struct peer *p = s->peer;

	if (s->resting == resting)
		return;
	s->resting = resting;
	if (!p)
		return;
	if (resting) {
		s->older = p->newest;
		s->newer = NULL;
		*(p->newest ? &p->newest->newer : &p->oldest) = s;
		p->newest = s;
	} else {
		*(s->older ? &s->older->newer : &p->oldest) = s->newer;
		*(s->newer ? &s->newer->older : &p->newest) = s->older;
	}
}

static void leave_peer(struct sock *s)
{
	if (!s->peer)
		return;
	set_resting(s, false);
	s->peer->open--;
	s->peer = NULL;
}

static size_t bytes_of(const struct sock *s)
{
	return s->clear ? HTTP_PLAIN_BYTES : HTTP_TLS_BYTES;
}

static void sock_drop(struct sock *s)
{
	watch(s, 0);
	leave_peer(s);
	if (s->ours) {
		s->lane->nconns--;
		s->http->nconns--;
		s->http->taken -= bytes_of(s);
	}
	s->http->socks[s->fd] = NULL;
	free(s);
}

/* ---- events ---- */

static bool has_bytes(curl_socket_t fd)
{
	char c;

	return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void ruin(struct sock *s)
{
	watch(s, 0);
	leave_peer(s);
	while (dup3(s->http->eof_fd, s->fd, O_CLOEXEC) < 0 && errno == EINTR)
		;
}

/* It rests and something came: the end, which libcurl sees for itself, or bytes. Those are
 * TLS's or HTTP/2's own business, or nobody's. */
static void on_unrest(struct sock *s)
{
	if (s->clear && has_bytes(s->fd))
		ruin(s);
	else
		watch(s, 0);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct sock *s = arg;
	int bits =
		(what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

	if (s->resting)
		on_unrest(s);
	else
		http_lane_act(s->lane, fd, bits);
}

static void watch(struct sock *s, short events)
{
	if (s->events == events)
		return;
	if (s->events)
		event_del(&s->ev);
	s->events = events;
	if (!events)
		return;
	event_assign(
		&s->ev, loop_base(s->http->loop), s->fd, (short)(events | EV_PERSIST), on_event, s);
	event_add(&s->ev, NULL);
}

static void rest(struct sock *s)
{
	set_resting(s, true);
	if (s->clear && has_bytes(s->fd)) /* came with the answer's last bytes */
		ruin(s);
	else
		watch(s, EV_READ);
}

int http_on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct lane *l = arg;
	struct sock *s = sock_of(l->http, fd);

	(void)easy;
	(void)known;
	if (what == CURL_POLL_REMOVE) {
		if (s && s->ours)
			rest(s);
		else if (s)
			sock_drop(s);
		return 0;
	}
	if (!s)
		s = sock_add(l, fd);
	set_resting(s, false);
	watch(s, (short)((what & CURL_POLL_IN ? EV_READ : 0) |
			 (what & CURL_POLL_OUT ? EV_WRITE : 0)));
	return 0;
}

/* ---- opening and closing, as libcurl asks for it ---- */

static void join_peer(struct sock *s, const struct sockaddr *addr)
{
	struct http *h = s->http;

	if (h->set->proxy) /* all are to the same one */
		return;
	s->peer = peer_of(h, addr);
	while (s->peer->open >= h->per_ip && s->peer->oldest)
		ruin(s->peer->oldest);
	s->peer->open++;
}

/* The address is known here and only here: after DNS, for every connection. */
curl_socket_t http_on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
	struct exchange *x = arg;
	struct http *h = x->http;
	struct sock *s;
	int fd;

	(void)purpose;
	if (!h->set->proxy && !h->set->allow_private && !x->f->host->user_named &&
		!guard_is_public(&addr->addr)) {
		x->f->barred = true;
		return CURL_SOCKET_BAD;
	}
	fd = socket(addr->family, addr->socktype | SOCK_CLOEXEC, addr->protocol);
	if (fd < 0)
		return CURL_SOCKET_BAD;
	s = sock_add(x->lane, fd);
	s->ours = true;
	s->lane->nconns++;
	h->nconns++;
	s->clear = !x->f->host->https && !h->tls_proxy;
	h->taken += bytes_of(s);
	join_peer(s, &addr->addr);
	return fd;
}

int http_on_close(void *arg, curl_socket_t fd)
{
	struct sock *s = sock_of(arg, fd);

	if (s)
		sock_drop(s);
	return close(fd);
}

/* ---- opening and closing, all of it ---- */

int http_sockets_open(struct http *h, struct err *err)
{
	int pair[2];

	h->eof_fd = -1;
	h->per_ip = (uint32_t)settings_per_ip(h->set);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(err, EXIT_INTERNAL, "no descriptors left: %s", strerror(errno));
	close(pair[1]);
	h->eof_fd = pair[0];
	return 0;
}

/* After curl_multi_cleanup, which has closed what was ours. */
void http_sockets_close(struct http *h)
{
	for (size_t i = 0; i < h->nsocks; i++)
		if (h->socks[i])
			sock_drop(h->socks[i]);
	free(h->socks);
	map_release(&h->peers, free);
	if (h->eof_fd >= 0)
		close(h->eof_fd);
}
