/* serve.c - connections of the test web server. */
#include "tests/server/serve.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/mem.h"

#define HEAD_MAX 65536
#define PIECE	 65536 /* bytes handed to the socket at a time */
#define HOSTS	 4096  /* counters of open requests, by host */

struct conn {
	struct serve *serve;
	struct conn *prev, *next;
	struct bufferevent *bev;
	struct event *timer; /* the delay before an answer, or between drips */
	unsigned long number;
	bool answering;
	bool counted; /* open_count holds this request */
	char *host;
	struct answer answer;
	size_t sent; /* bytes of the body */
};

struct host_count {
	char *name;
	int open;
};

struct serve {
	struct serve_opts opts;
	struct evconnlistener *listener[WORLD_PORTS];
	int dead_fd;
	struct conn *conns;
	unsigned long nconns;
	struct host_count hosts[HOSTS];
	size_t nhosts;
};

static void conn_next(struct conn *c);

static int *open_count(struct serve *s, const char *host)
{
	size_t i;

	for (i = 0; i < s->nhosts; i++)
		if (strcmp(s->hosts[i].name, host) == 0)
			return &s->hosts[i].open;
	if (s->nhosts == HOSTS)
		i = 0;
	else
		s->hosts[s->nhosts++].name = mem_strdup(host);
	return &s->hosts[i].open;
}

static void answer_over(struct conn *c)
{
	if (c->counted)
		(*open_count(c->serve, c->host))--;
	c->counted = false;
	if (c->answering)
		answer_release(&c->answer);
	c->answering = false;
	free(c->host);
	c->host = NULL;
}

static void conn_free(struct conn *c, bool reset)
{
	struct linger hard = {1, 0};

	answer_over(c);
	if (reset)
		setsockopt(bufferevent_getfd(c->bev), SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	if (c->prev)
		c->prev->next = c->next;
	else
		c->serve->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	event_free(c->timer);
	bufferevent_free(c->bev);
	free(c);
}

static void timer_set(struct conn *c, int ms)
{
	struct timeval tv = {ms / 1000, (ms % 1000) * 1000};

	event_add(c->timer, &tv);
}

/* ---- sending ---- */

static size_t body_limit(const struct answer *a)
{
	if (a->send_bytes >= 0 && (size_t)a->send_bytes < a->len)
		return (size_t)a->send_bytes;
	return a->len;
}

/* Puts the next piece of the body into the socket's buffer. */
static void send_piece(struct conn *c)
{
	struct answer *a = &c->answer;
	struct evbuffer *out = bufferevent_get_output(c->bev);
	size_t left = body_limit(a) - c->sent, n = left < PIECE ? left : PIECE;

	if (a->drip_bytes && n > a->drip_bytes)
		n = a->drip_bytes;
	if (a->chunk && n > a->chunk)
		n = a->chunk;
	if (a->chunk && n)
		evbuffer_add_printf(out, "%zx\r\n", n);
	evbuffer_add(out, a->body + c->sent, n);
	if (a->chunk && n)
		evbuffer_add(out, "\r\n", 2);
	c->sent += n;
	if (a->end == END_ENDLESS && c->sent == a->len)
		c->sent = 0;
}

/* Everything of this answer is in the kernel's hands. */
static void answer_end(struct conn *c)
{
	enum page_end end = c->answer.end;
	bool bye = c->answer.close;

	if (end == END_STALL)
		return;
	answer_over(c);
	if (end == END_CLOSE || end == END_RESET || bye)
		conn_free(c, end == END_RESET);
	else
		conn_next(c);
}

static void on_drained(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;
	struct answer *a = &c->answer;

	if (!c->answering || evbuffer_get_length(bufferevent_get_output(bev)) > 0)
		return;
	if (event_pending(c->timer, EV_TIMEOUT, NULL))
		return;
	if (c->sent < body_limit(a) && a->body) {
		if (a->drip_bytes)
			timer_set(c, a->drip_ms);
		else
			send_piece(c);
	} else if (a->chunk && a->end == END_DONE) {
		a->chunk = 0;
		evbuffer_add(bufferevent_get_output(bev), "0\r\n\r\n", 5);
	} else {
		answer_end(c);
	}
}

static void answer_start(struct conn *c)
{
	struct answer *a = &c->answer;

	c->sent = 0;
	a->delay_ms = -1;
	if (a->no_head) {
		if (a->end == END_DONE)
			a->end = END_CLOSE;
		answer_end(c);
		return;
	}
	evbuffer_add(bufferevent_get_output(c->bev), a->head.data, a->head.len);
	if (a->body && body_limit(a) > 0)
		send_piece(c);
}

static void on_timer(int fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	if (!c->answering)
		return;
	if (c->answer.delay_ms >= 0)
		answer_start(c);
	else
		send_piece(c);
}

/* ---- receiving ---- */

static char *header(const char *head, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = head; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
			const char *v = line + len + 1;

			v += strspn(v, " \t");
			return mem_strndup(v, strcspn(v, "\r\n"));
		}
	}
	return mem_strdup("");
}

/* "METHOD target HTTP/1.x"; a target with scheme and host is how a proxy is asked. */
static bool request_line(struct request *r, const char *head)
{
	size_t m = strcspn(head, " \r\n"), len;
	const char *target = head + m + (head[m] == ' ' ? 1 : 0), *slash;

	len = strcspn(target, " \r\n");
	if (head[m] != ' ' || target[len] != ' ')
		return false;
	r->method = mem_strndup(head, m);
	r->close = strncmp(target + len, " HTTP/1.0", 9) == 0;
	if (strncmp(target, "http://", 7) == 0) {
		slash = memchr(target + 7, '/', len - 7);
		if (!slash)
			return false;
		r->host = mem_strndup(target + 7, (size_t)(slash - target) - 7);
		r->path = mem_strndup(slash, len - (size_t)(slash - target));
	} else {
		r->path = mem_strndup(target, len);
	}
	return true;
}

static bool request_read(struct request *r, char *head)
{
	char *encoding, *connection, *colon;

	memset(r, 0, sizeof(*r));
	r->head = head;
	if (!request_line(r, head))
		return false;
	if (!r->host)
		r->host = header(head, "Host");
	colon = strrchr(r->host, ':');
	if (colon && !strchr(colon, ']'))
		*colon = '\0';
	for (char *s = r->host; *s; s++)
		*s = (char)tolower((unsigned char)*s);
	r->agent = header(head, "User-Agent");
	encoding = header(head, "Accept-Encoding");
	r->gzip_ok = strstr(encoding, "gzip") ? "gzip" : NULL;
	connection = header(head, "Connection");
	if (strcasecmp(connection, "close") == 0)
		r->close = 1;
	free(encoding);
	free(connection);
	return true;
}

static void request_release(struct request *r)
{
	free(r->method);
	free(r->host);
	free(r->path);
	free(r->agent);
	free(r->head);
}

static void add_field(struct buf *line, const char *s)
{
	for (; *s; s++)
		buf_add_ch(line, (unsigned char)*s < ' ' ? '?' : *s);
}

static void log_request(struct conn *c, const struct request *r)
{
	struct buf line = BUF_INIT;

	if (c->serve->opts.log_fd < 0)
		return;
	buf_addf(&line, "%lld\t", (long long)clock_ns());
	add_field(&line, r->host);
	buf_add_ch(&line, '\t');
	add_field(&line, r->path);
	buf_addf(&line, "\t%d\t%d\t%lu\t", c->answer.status, *open_count(c->serve, r->host),
		c->number);
	add_field(&line, r->agent);
	buf_add_ch(&line, '\n');
	if (write(c->serve->opts.log_fd, line.data, line.len) < 0)
		perror("access log");
	buf_release(&line);
}

static void serve_request(struct conn *c, char *head)
{
	struct serve_opts *o = &c->serve->opts;
	struct request r;

	answer_init(&c->answer);
	c->answering = true;
	if (request_read(&r, head)) {
		answer_make(&c->answer, o->world, o->root, &r);
	} else {
		free(r.host);
		r.host = mem_strdup("");
		if (!r.path)
			r.path = mem_strdup("");
		if (!r.agent)
			r.agent = mem_strdup("");
		answer_plain(&c->answer, 400, "Connection: close\r\n", "That was no request.\n");
		c->answer.close = 1;
	}
	c->host = mem_strdup(r.host);
	c->counted = true;
	(*open_count(c->serve, c->host))++;
	log_request(c, &r);
	request_release(&r);
	if (o->on_request)
		o->on_request(o->arg, c->answer.signal);
	if (c->answer.delay_ms > 0)
		timer_set(c, c->answer.delay_ms);
	else
		answer_start(c);
}

/* Takes one request off the input, if a whole one is there. */
static void conn_next(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
	char *head;

	if (c->answering)
		return;
	if (end.pos < 0) {
		/* No method begins so: TLS, perhaps. It hears HTTP and knows. */
		if (evbuffer_get_length(in) > 0 && !isupper(*evbuffer_pullup(in, 1)))
			serve_request(c, mem_strdup(""));
		else if (evbuffer_get_length(in) > HEAD_MAX)
			conn_free(c, false);
		return;
	}
	head = mem_alloc((size_t)end.pos + 3);
	evbuffer_remove(in, head, (size_t)end.pos + 2);
	head[end.pos + 2] = '\0';
	evbuffer_drain(in, 2);
	serve_request(c, head);
}

static void on_input(struct bufferevent *bev, void *arg)
{
	(void)bev;
	conn_next(arg);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		conn_free(arg, false);
}

static void on_accept(
	struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *from, int len, void *arg)
{
	struct serve *s = arg;
	struct conn *c = mem_zalloc(sizeof(*c));
	int one = 1;

	(void)l;
	(void)from;
	(void)len;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->serve = s;
	c->number = ++s->nconns;
	c->next = s->conns;
	if (s->conns)
		s->conns->prev = c;
	s->conns = c;
	c->bev = bufferevent_socket_new(s->opts.base, fd, BEV_OPT_CLOSE_ON_FREE);
	c->timer = evtimer_new(s->opts.base, on_timer, c);
	bufferevent_setcb(c->bev, on_input, on_drained, on_event, c);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

/* ---- listening ---- */

static int listen_on(struct serve *s, size_t i, struct err *err)
{
	struct world *w = s->opts.world;
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);

	if (inet_pton(AF_INET, w->listen[i], &sin.sin_addr) != 1)
		return err_set(err, EXIT_USAGE, "listen %s: not an IPv4 address", w->listen[i]);
	sin.sin_port = htons((unsigned short)(i == 0 ? s->opts.port : 0));
	s->listener[i] = evconnlistener_new_bind(s->opts.base, on_accept, s,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, 1024,
		(struct sockaddr *)&sin, sizeof(sin));
	if (!s->listener[i])
		return err_set(err, EXIT_INTERNAL, "cannot listen on %s:%d: %s", w->listen[i],
			s->opts.port, strerror(errno));
	getsockname(evconnlistener_get_fd(s->listener[i]), (struct sockaddr *)&sin, &len);
	w->port[i] = ntohs(sin.sin_port);
	return 0;
}

/* A port that is ours, so that nobody else answers there, but refuses connections. */
static int bind_dead(struct serve *s, struct err *err)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sin);

	s->dead_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->dead_fd < 0 || bind(s->dead_fd, (struct sockaddr *)&sin, sizeof(sin)) < 0 ||
		getsockname(s->dead_fd, (struct sockaddr *)&sin, &len) < 0)
		return err_set(err, EXIT_INTERNAL, "cannot bind a port: %s", strerror(errno));
	s->opts.world->dead_port = ntohs(sin.sin_port);
	return 0;
}

struct serve *serve_open(const struct serve_opts *opts, struct err *err)
{
	struct serve *s = mem_zalloc(sizeof(*s));
	struct world *w = opts->world;

	s->opts = *opts;
	s->dead_fd = -1;
	if (w->nlisten == 0)
		w->listen[w->nlisten++] = mem_strdup("127.0.0.1");
	for (size_t i = 0; i < w->nlisten; i++)
		if (listen_on(s, i, err) < 0)
			goto fail;
	if (bind_dead(s, err) < 0 || world_ready(w, err) < 0)
		goto fail;
	return s;
fail:
	serve_close(s);
	return NULL;
}

void serve_close(struct serve *s)
{
	while (s->conns)
		conn_free(s->conns, false);
	for (size_t i = 0; i < WORLD_PORTS; i++)
		if (s->listener[i])
			evconnlistener_free(s->listener[i]);
	if (s->dead_fd >= 0)
		close(s->dead_fd);
	for (size_t i = 0; i < s->nhosts; i++)
		free(s->hosts[i].name);
	free(s);
}
