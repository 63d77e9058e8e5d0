/* serve.c - connections: accepting, reading, waiting, writing. */
#include "crawler/fakeweb/serve.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/mem.h"
#include "crawler/fakeweb/words.h"

#define LOG_FULL   (60 * 1024)
#define WRITE_MOST 1000 /* pieces at a time; the system's limit is 1024 */

static void on_event(int fd, short what, void *arg);
static void on_timer(int fd, short what, void *arg);

/* ---- connections ---- */

static void use_host(struct fake_conn *c, uint32_t host)
{
	struct fake_tally *t = c->s->tally;

	if (c->host == host + 1)
		return;
	if (c->host)
		fake_tally_down(&t->hosts[c->host - 1].open);
	c->host = host + 1;
	fake_tally_up(&t->hosts[host].open, &t->hosts[host].most_open);
}

/* A request whose answer is delayed: from its start to the answer. */
static void set_waiting(struct fake_conn *c, bool on)
{
	struct fake_tally *t = c->s->tally;
	struct fake_host_tally *h = &t->hosts[c->host - 1];
	struct fake_ip_tally *ip = c->ip ? &t->ips[c->ip - 1] : NULL;

	if (on == c->waiting)
		return;
	c->waiting = on;
	if (on) {
		fake_tally_up(&t->busy, &t->most_busy);
		fake_tally_up(&h->busy, &h->most_busy);
	} else {
		fake_tally_down(&t->busy);
		fake_tally_down(&h->busy);
	}
	if (ip && on)
		fake_tally_up(&ip->busy, &ip->most_busy);
	else if (ip)
		fake_tally_down(&ip->busy);
}

static void conn_close(struct fake_conn *c, bool reset)
{
	struct fake_tally *t = c->s->tally;
	const struct linger now = {.l_onoff = 1};

	if (reset)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	event_del(&c->event);
	event_del(&c->timer);
	close(c->fd);
	if (c->waiting)
		set_waiting(c, false);
	if (c->host)
		fake_tally_down(&t->hosts[c->host - 1].open);
	if (c->ip)
		fake_tally_down(&t->ips[c->ip - 1].open);
	fake_tally_down(&t->open);
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	buf_release(&c->in);
	buf_release(&c->out);
	free(c);
}

/* The address it came to, counted; false: not a loopback one. */
static bool count_address(struct fake_conn *c)
{
	struct fake_tally *t = c->s->tally;
	struct sockaddr_storage sa;
	const struct sockaddr_in *in = (const struct sockaddr_in *)&sa;
	socklen_t len = sizeof(sa);
	uint32_t ip;

	if (getsockname(c->fd, (struct sockaddr *)&sa, &len) < 0)
		return false;
	if (sa.ss_family != AF_INET)
		return true; /* that socket is bound to ::1 */
	ip = ntohl(in->sin_addr.s_addr);
	if (ip - FAKE_FIRST_ADDRESS < t->nips) {
		c->ip = ip - FAKE_FIRST_ADDRESS + 1;
		atomic_fetch_add(&t->ips[c->ip - 1].connections, 1);
		fake_tally_up(&t->ips[c->ip - 1].open, &t->ips[c->ip - 1].most_open);
	}
	return ip >> 24 == 127;
}

static void conn_open(struct fake_server *s, int fd)
{
	struct fake_conn *c = mem_zalloc(sizeof(*c));
	const int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->s = s;
	c->fd = fd;
	c->number = ++s->nconns;
	buf_init(&c->in);
	buf_init(&c->out);
	c->next = s->conns;
	c->link = &s->conns;
	if (c->next)
		c->next->link = &c->next;
	s->conns = c;
	event_assign(&c->event, s->base, fd, EV_READ | EV_PERSIST, on_event, c);
	evtimer_assign(&c->timer, s->base, on_timer, c);
	event_add(&c->event, NULL);
	atomic_fetch_add(&s->tally->connections, 1);
	fake_tally_up(&s->tally->open, &s->tally->most_open);
	if (!count_address(c))
		conn_close(c, true);
}

static void on_accept(int listener, short what, void *arg)
{
	int fd;

	(void)what;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		conn_open(arg, fd);
}

/* ---- writing ---- */

static void wait_for(struct fake_conn *c, short what)
{
	event_del(&c->event);
	event_assign(&c->event, c->s->base, c->fd, what | EV_PERSIST, on_event, c);
	event_add(&c->event, NULL);
}

/* Leaves out what was sent; true: that was all of the window. */
static bool advance(struct iovec **iov, size_t *n, size_t window, size_t sent)
{
	while (window && sent >= (*iov)->iov_len) {
		sent -= (*iov)->iov_len;
		(*iov)++;
		(*n)--;
		window--;
	}
	if (!window)
		return true;
	(*iov)->iov_base = (char *)(*iov)->iov_base + sent;
	(*iov)->iov_len -= sent;
	return false;
}

/* Writes what the socket takes and keeps a copy of the rest. -1: the connection is gone. */
static int write_all(struct fake_conn *c, struct iovec *iov, size_t n)
{
	while (n) {
		size_t window = n < WRITE_MOST ? n : WRITE_MOST;
		struct msghdr m = {.msg_iov = iov, .msg_iovlen = window};
		ssize_t sent = sendmsg(c->fd, &m, MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN)
			return -1;
		if (!advance(&iov, &n, window, sent < 0 ? 0 : (size_t)sent))
			break;
	}
	for (size_t i = 0; i < n; i++)
		buf_add(&c->out, iov[i].iov_base, iov[i].iov_len);
	if (n)
		wait_for(c, EV_WRITE);
	return 0;
}

/* What was kept. 1: all of it is written; -1: the connection is to be closed. */
static int write_kept(struct fake_conn *c)
{
	ssize_t sent = send(c->fd, c->out.data + c->out_at, c->out.len - c->out_at, MSG_NOSIGNAL);

	if (sent < 0)
		return errno == EAGAIN ? 0 : -1;
	c->out_at += (size_t)sent;
	if (c->out_at < c->out.len)
		return 0;
	buf_release(&c->out);
	c->out_at = 0;
	wait_for(c, EV_READ);
	return c->closing ? -1 : 1;
}

/* ---- answering ---- */

static const char *reason(int status)
{
	switch (status) {
	case 200: return "OK";
	case 304: return "Not Modified";
	case 400: return "Bad Request";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 421: return "Misdirected Request";
	case 429: return "Too Many Requests";
	case 431: return "Request Header Fields Too Large";
	case 500: return "Internal Server Error";
	case 501: return "Not Implemented";
	case 502: return "Bad Gateway";
	case 503: return "Service Unavailable";
	default: return "Unknown";
	}
}

static const char *date(struct fake_server *s)
{
	time_t now = time(NULL);
	struct tm tm;

	if (now != s->date_at) {
		s->date_at = now;
		gmtime_r(&now, &tm);
		strftime(s->date, sizeof(s->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	}
	return s->date;
}

/* By hand: printf would be a tenth of what an answer costs. */
static size_t make_head(struct fake_server *s, const struct fake_answer *a, char *head)
{
	char *p = FAKE_PUT(head, "HTTP/1.1 ");

	p = fake_number(p, (uint32_t)a->status);
	*p++ = ' ';
	p = stpcpy(p, reason(a->status));
	p = FAKE_PUT(p, "\r\nServer: skitter-bench-web\r\nDate: ");
	p = stpcpy(p, date(s));
	p = FAKE_PUT(p, "\r\nContent-Type: ");
	p = stpcpy(p, a->type);
	p = FAKE_PUT(p, "\r\nContent-Length: ");
	p = fake_number(p, (uint32_t)a->len);
	p = FAKE_PUT(p, "\r\n");
	p = stpcpy(p, a->more);
	if (a->close)
		p = FAKE_PUT(p, "Connection: close\r\n");
	return (size_t)(FAKE_PUT(p, "\r\n") - head);
}

static void flush_log(struct fake_server *s)
{
	if (s->log.len && write(s->log_fd, s->log.data, s->log.len) < 0)
		s->log_fd = -1; /* a full disk: the web goes on */
	buf_reset(&s->log);
}

/* Monotonic seconds, host, status, bytes, connection (of this process), request, agent. */
static void log_request(
	struct fake_conn *c, const struct fake_request *r, const struct fake_answer *a)
{
	struct fake_server *s = c->s;

	if (s->log_fd < 0)
		return;
	buf_addf(&s->log, "%.6f %.*s %d %zu %llu \"%.*s %.*s\" \"%.*s\"\n", (double)r->now / 1e9,
		(int)r->name_len, r->name ? r->name : "-", a->reset ? 0 : a->status, a->len,
		(unsigned long long)c->number, (int)r->method_len, r->method ? r->method : "",
		(int)r->target_len, r->target ? r->target : "", (int)r->agent_len,
		r->agent ? r->agent : "");
	if (s->log.len > LOG_FULL)
		flush_log(s);
}

/* Only the first `keep` bytes of a body, of which all were promised. */
static void cut_body(struct iovec *iov, size_t n, size_t keep)
{
	for (size_t i = 0; i < n; i++) {
		iov[i].iov_len = iov[i].iov_len < keep ? iov[i].iov_len : keep;
		keep -= iov[i].iov_len;
	}
}

static int send_answer(struct fake_conn *c, const struct fake_request *r, struct fake_answer *a)
{
	struct fake_server *s = c->s;
	bool body = !(r->method_len == 4 && !memcmp(r->method, "HEAD", 4));
	size_t n = body ? a->nbody : 0;
	char head[1024];

	if (n + 1 > s->cap_iov) {
		s->cap_iov = 2 * (n + 1);
		s->iov = mem_realloc(s->iov, s->cap_iov * sizeof(*s->iov));
	}
	s->iov[0] = (struct iovec){head, make_head(s, a, head)};
	if (n)
		memcpy(s->iov + 1, a->body, n * sizeof(*s->iov));
	if (a->cut)
		cut_body(s->iov + 1, n, a->len / 2);
	atomic_fetch_add(&s->tally->bytes, s->iov[0].iov_len + (n ? a->len >> a->cut : 0));
	return write_all(c, s->iov, n + 1);
}

enum { GO_ON, WAITS_NOW, TO_CLOSE, TO_RESET };

/* The request begins: it is counted, and may have to wait. */
static bool begin(struct fake_conn *c, struct fake_request *r)
{
	struct fake_server *s = c->s;
	struct timeval tv;
	double delay;

	r->known = r->name && fake_host_of(s->g, r->name, r->name_len, c->ip, &r->host);
	if (c->waited || r->bad || !r->known)
		return true;
	use_host(c, r->host);
	fake_tally_request(s->tally, r->host, r->now);
	delay = fake_delay(s, r);
	if (delay <= 0)
		return true;
	c->waited = true;
	set_waiting(c, true);
	tv.tv_sec = (time_t)delay;
	tv.tv_usec = (suseconds_t)((delay - (double)tv.tv_sec) * 1e6);
	event_del(&c->event);
	event_add(&c->timer, &tv);
	return false;
}

static int answer_one(struct fake_conn *c, struct fake_request *r)
{
	struct fake_answer a = {0};

	r->now = clock_ns();
	if (!begin(c, r))
		return WAITS_NOW;
	c->waited = false;
	fake_answer(c->s, r, &a);
	a.close |= r->close || r->bad || r->has_body;
	atomic_fetch_add(&c->s->tally->statuses[a.reset ? 0 : a.status], 1);
	log_request(c, r, &a);
	if (a.reset)
		return TO_RESET;
	if (send_answer(c, r, &a) < 0)
		return TO_CLOSE;
	c->closing = a.close || a.cut;
	return c->closing && !c->out.len ? TO_CLOSE : GO_ON;
}

/* Answers what has arrived, one after the other, and keeps the rest. The connection may be
 * gone after it. */
static void answer_all(struct fake_conn *c, const char *data, size_t len)
{
	struct fake_request r;
	int state = GO_ON;
	size_t at = 0, n;

	while (at < len && !c->out.len && !c->closing && state == GO_ON) {
		n = fake_request_read(&r, data + at, len - at);
		if (!n && !r.bad)
			break;
		state = answer_one(c, &r);
		if (state == GO_ON)
			at += n;
	}
	if (state == TO_CLOSE || state == TO_RESET) {
		conn_close(c, state == TO_RESET);
		return;
	}
	if (data == c->in.data) {
		memmove(c->in.data, data + at, len - at);
		buf_set_len(&c->in, len - at);
	} else {
		buf_add(&c->in, data + at, len - at);
	}
	if (!c->in.len)
		buf_release(&c->in);
}

static void on_timer(int fd, short what, void *arg)
{
	struct fake_conn *c = arg;

	(void)fd, (void)what;
	set_waiting(c, false);
	wait_for(c, EV_READ);
	answer_all(c, c->in.data, c->in.len);
}

static void on_readable(struct fake_conn *c)
{
	struct fake_server *s = c->s;
	ssize_t n = recv(c->fd, s->in, sizeof(s->in), 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		conn_close(c, false);
	} else if (c->in.len) {
		buf_add(&c->in, s->in, (size_t)n);
		answer_all(c, c->in.data, c->in.len);
	} else {
		answer_all(c, s->in, (size_t)n);
	}
}

static void on_event(int fd, short what, void *arg)
{
	struct fake_conn *c = arg;
	int rc;

	(void)fd;
	if (what & EV_READ) {
		on_readable(c);
		return;
	}
	rc = write_kept(c);
	if (rc < 0)
		conn_close(c, false);
	else if (rc > 0)
		answer_all(c, c->in.data, c->in.len);
}

/* ---- the server ---- */

static void on_log_timer(int fd, short what, void *arg)
{
	(void)fd, (void)what;
	flush_log(arg);
}

struct event_base *fake_base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

static struct event *watch(struct fake_server *s, int fd, void (*fn)(int, short, void *))
{
	struct event *e = fd < 0 ? NULL : event_new(s->base, fd, EV_READ | EV_PERSIST, fn, s);

	if (e)
		event_add(e, NULL);
	return e;
}

struct fake_server *fake_server_open(const struct fake_graph *g, const struct fake_text *text,
	struct fake_tally *tally, struct event_base *base, const int listeners[2],
	const int names[2], int log_fd)
{
	struct fake_server *s = mem_zalloc(sizeof(*s));
	const struct timeval second = {1, 0};

	s->o = g->o;
	s->g = g;
	s->tally = tally;
	s->base = base;
	s->html = fake_html_open(g, text);
	s->log_fd = log_fd;
	buf_init(&s->log);
	buf_init(&s->text);
	for (int i = 0; i < 2; i++)
		s->listeners[i] = watch(s, listeners[i], on_accept);
	s->names[0] = watch(s, names[0], fake_names_read);
	s->names[1] = watch(s, names[1], fake_names_accept);
	if (log_fd >= 0) {
		s->log_timer = event_new(base, -1, EV_PERSIST, on_log_timer, s);
		event_add(s->log_timer, &second);
	}
	return s;
}

void fake_server_close(struct fake_server *s)
{
	if (!s)
		return;
	while (s->conns)
		conn_close(s->conns, false);
	fake_names_close(s);
	for (int i = 0; i < 2; i++) {
		if (s->listeners[i])
			event_free(s->listeners[i]);
		if (s->names[i])
			event_free(s->names[i]);
	}
	if (s->log_timer)
		event_free(s->log_timer);
	flush_log(s);
	fake_html_close(s->html);
	buf_release(&s->log);
	buf_release(&s->text);
	free(s->iov);
	free(s);
}
