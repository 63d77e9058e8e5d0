/* serve.h - the test web server: answers, or misbehaves, as a world and a folder say.
 *
 * Single-threaded on libevent. A request is looked up in the world's pages
 * (by Host header and path), then as a file below `root`, then it is a 404.
 * One line per request goes to the access log when the request is complete,
 * before anything is answered, tab separated:
 *
 *   ns  host  path  status  open  conn  agent
 *
 * ns = CLOCK_MONOTONIC nanoseconds; status = what will be sent, 0 = nothing;
 * open = requests of this host being answered right now, this one included;
 * conn = number of the connection. An answer is over when the kernel has its last
 * byte, before another request is read: `open` never shows more than the client did.
 */
#ifndef SKITTER_TESTS_SERVER_SERVE_H
#define SKITTER_TESTS_SERVER_SERVE_H

#include <stddef.h>

#include "config/buf.h"
#include "config/err.h"
#include "tests/server/world.h"

struct event_base;
struct evbuffer;
struct serve;

struct serve_opts {
	struct event_base *base;
	struct world *world; /* borrowed; its ports are filled in */
	const char *root;    /* NULL = no folder */
	int port;	     /* of the first address; 0 = any free one */
	int log_fd;	     /* -1 = none */
	/* Called for each request, after it was logged; signal is the page's (0 = none). */
	void (*on_request)(void *arg, int signal);
	void *arg;
};

struct serve *serve_open(const struct serve_opts *opts, struct err *err);
void serve_close(struct serve *s);

/* ---- between serve.c, answer.c and files.c ---- */

struct request {
	char *method;
	char *host; /* without port, lower case; "" if absent */
	char *path; /* path?query as sent; of an absolute target the part after the host */
	char *agent;
	char *head;	     /* the header lines, for `need` */
	const char *gzip_ok; /* not NULL if Accept-Encoding names gzip */
	int close;	     /* HTTP/1.0 or Connection: close */
};

/* What will be sent. Bytes are copied or borrowed from the world, never from the request. */
struct answer {
	int status;
	struct buf head;  /* whole head, with the blank line */
	const char *body; /* NULL = none */
	size_t len;
	struct buf own;	      /* where body points, if not into the world */
	long long send_bytes; /* of the body; -1 = all */
	enum page_end end;
	int no_head;
	int delay_ms;
	size_t drip_bytes;
	int drip_ms;
	size_t chunk;
	int close;
	int signal;
};

void answer_init(struct answer *a);
void answer_release(struct answer *a);
/* Decides the answer; counts the page's hits. */
void answer_make(struct answer *a, struct world *w, const char *root, const struct request *r);
/* A small answer of the server's own. */
void answer_plain(struct answer *a, int status, const char *extra_headers, const char *text);
/* The file for a path below root; false = there is none. */
int files_answer(struct answer *a, const char *root, const struct request *r);
const char *http_reason(int status);

#endif
