/* serve.h - connections, requests and answers of one process of the fake web.
 *
 * HTTP/1.1 with keep-alive and pipelining: requests of a connection are answered one after
 * the other, whatever arrived at once; what a client is slow to read is kept for it and
 * nothing more is read meanwhile.
 */
#ifndef SKITTER_CRAWLER_FAKEWEB_SERVE_H
#define SKITTER_CRAWLER_FAKEWEB_SERVE_H

#include <event2/event_struct.h>
#include <stdio.h>
#include <time.h>

#include "crawler/fakeweb/html.h"
#include "crawler/fakeweb/tally.h"

#define FAKE_READ     (64 * 1024)
#define FAKE_HEAD_MAX (32 * 1024) /* a request's head; a longer one is refused with 431 */

struct fake_server {
	const struct fake_options *o;
	const struct fake_graph *g;
	struct fake_html *html;
	struct fake_tally *tally;
	struct event_base *base;
	struct event *listeners[2], *names[2], *log_timer;
	struct fake_conn *conns;   /* all open ones */
	struct fake_asker *askers; /* for names, by TCP */
	uint64_t nconns;	   /* ever */
	int log_fd;		   /* -1 = none */
	struct buf log, text;	   /* text: bodies made as a whole */
	struct iovec *iov;	   /* an answer on its way */
	size_t cap_iov;
	char in[FAKE_READ];
	time_t date_at;
	char date[64];
};

struct fake_conn {
	struct fake_server *s;
	struct fake_conn *next, **link;
	struct event event, timer;
	int fd;
	uint64_t number;
	uint32_t ip, host; /* index + 1; 0 = none of ours */
	bool waited;	   /* the first request in `in` has had its delay */
	bool waiting;	   /* for its delay to pass */
	bool closing;	   /* once `out` is written */
	struct buf in;	   /* read, not answered */
	struct buf out;	   /* answered, not written */
	size_t out_at;
};

struct fake_request {
	const char *method, *target, *agent, *none_match;
	size_t method_len, target_len, agent_len, none_match_len;
	const char *name; /* of the host */
	size_t name_len;
	bool http11, close, gzip, has_body, bad, too_long;
	uint32_t host;
	bool known; /* there is such a host */
	int64_t now;
};

struct fake_answer {
	int status;
	const char *type;
	char more[256]; /* further header lines, a few short ones */
	const struct iovec *body;
	size_t nbody, len;
	struct iovec one; /* a body of one piece */
	bool reset, cut, close;
	bool page;     /* of the graph: may be gzipped, has an ETag */
	uint64_t etag; /* 0 = none */
};

/* A loop whose delays are never too short (libevent's usual clock is coarse). */
struct event_base *fake_base_new(void);
/* Serves on these descriptors (-1 = none), which stay the caller's: HTTP on the listeners,
 * DNS on names[0] (UDP) and names[1] (TCP). */
struct fake_server *fake_server_open(const struct fake_graph *g, const struct fake_text *text,
	struct fake_tally *tally, struct event_base *base, const int listeners[2],
	const int names[2], int log_fd);
void fake_server_close(struct fake_server *s);

/* request.c. Bytes of the first request's head, 0 = incomplete; r->bad: it is none. */
size_t fake_request_read(struct fake_request *r, const char *data, size_t len);
/* answer.c. What a request is answered with; valid until the next. */
void fake_answer(struct fake_server *s, const struct fake_request *r, struct fake_answer *a);
/* How long it is to be waited before, s. */
double fake_delay(const struct fake_server *s, const struct fake_request *r);
/* trap.c. Whether the path is one of a trap's pages. */
bool fake_trap(struct fake_server *s, const struct fake_request *r, struct fake_answer *a);
/* nameserver.c */
size_t fake_name_answer(struct fake_server *s, const unsigned char *question, size_t len,
	unsigned char *out, size_t cap, bool tcp);
void fake_names_read(int fd, short what, void *server);
void fake_names_accept(int fd, short what, void *server);
void fake_names_close(struct fake_server *s);

#endif
