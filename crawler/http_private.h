/* http_private.h - what http.c, http_request.c, http_tls.c, http_lane.c and http_socket.c share.
 *
 * An exchange is one easy handle of libcurl with what was last set on it, so that only
 * changes are set again. It serves one fetch at a time; idle, it has none, and whatever
 * libcurl still tells about it is nobody's.
 */
#ifndef SKITTER_CRAWLER_HTTP_PRIVATE_H
#define SKITTER_CRAWLER_HTTP_PRIVATE_H

#include <curl/curl.h>
#include <event2/event.h>
#include <event2/event_struct.h>

#include "crawler/http.h"

struct exchange {
	CURL *easy;
	CURLU *url; /* of the host; NULL: no memory */
	struct http *http;
	struct http_fetch *f; /* NULL = idle */
	struct lane *lane;    /* of the fetch */
	struct exchange *next;
	/* what is set on the handle */
	const struct host *host;
	const struct curl_slist *lines;
	struct curl_slist *resolve; /* libcurl reads it when the transfer starts, so it stays */
	bool https, authorised;
};

/* Header lines that go out with every request: to anybody, and to hosts the user named. */
struct http_lines {
	struct curl_slist *list;
	struct buf text; /* as they are sent, but that secrets are hidden */
};

/* What libcurl knows of a host: a cache entry, put there by the first request under way
 * and taken away with the last. Its own idea of a cache is walked after every transfer. */
struct http_use {
	int64_t until_ms; /* of the addresses it was told */
	uint32_t n;	  /* requests under way */
};

struct sock;
struct http_tls;

#define LANES 64

/* A multi handle of libcurl (http_lane.c). */
struct lane {
	struct http *http;
	CURLM *multi; /* NULL = nobody needed it yet */
	struct event timer;
	bool kick;		   /* libcurl asked to be called at once */
	bool touched;		   /* something may have happened in it this turn */
	struct lane *next;	   /* of those touched */
	size_t nconns;		   /* connections, resting ones too */
	long most;		   /* how many libcurl was told to keep; 0 = nothing */
	struct curl_slist *forget; /* hosts nobody needs any more, for libcurl's cache */
};

struct http {
	struct loop *loop;
	const struct settings *set;
	struct slots *slots;
	struct lane lanes[LANES];
	unsigned nlanes;
	struct lane *touched, **touched_end;
	int64_t turn_ns;	     /* that libcurl may take of a turn of the loop */
	size_t kept, nconns;	     /* connections to keep; that there are */
	size_t room, taken;	     /* bytes they may take; that they do */
	CURLSH *share;		     /* one cookie jar for all handles; NULL = no cookies */
	bool abort;		     /* http_abort_all was called */
	struct http_fetch *starting; /* queued by http_get, added by the turn hook */
	struct http_fetch **starting_end;
	struct http_fetch *running;
	size_t active;
	long buffer; /* libcurl's, one per request under way */
	struct exchange *idle;

	/* http_request.c */
	struct http_lines lines[2]; /* [1] with the secret ones */
	char *agent;
	bool absolute;	 /* a proxy wants the absolute form (RFC 9112 3.2.2) */
	bool tls_proxy;	 /* TLS to the proxy itself */
	bool exact_head; /* libcurl adds lines of its own: have it tell them */
	struct buf scratch;
	struct http_use *uses; /* by host id */
	size_t nuses;

	struct http_tls *tls; /* http_tls.c */

	/* http_socket.c */
	struct sock **socks; /* by descriptor */
	size_t nsocks;
	struct map peers; /* by address */
	uint32_t per_ip;
	int eof_fd; /* a socket whose other end is closed */
};

/* ---- http.c: results the callbacks mark ---- */

size_t http_on_header(char *line, size_t size, size_t n, void *exchange);
size_t http_on_body(char *data, size_t size, size_t n, void *exchange);

/* ---- http_request.c ---- */

void http_request_open(struct http *h);
void http_request_close(struct http *h);
struct exchange *http_exchange_open(struct http *h); /* NULL: libcurl has no memory */
void http_exchange_close(struct exchange *x);
/* Makes the handle ask for x->f; undone by http_request_end. */
void http_request_begin(struct exchange *x);
void http_request_end(struct exchange *x);
/* A private host that only the proxy would connect to, so that no address is ever seen here. */
bool http_request_barred(const struct http *h, const struct http_fetch *f);

/* ---- http_tls.c ---- */

/* After http_request_open. -1: the file of --ca-file is none. */
int http_tls_open(struct http *h, struct err *err);
void http_tls_close(struct http *h); /* after libcurl's last connection is gone */
void http_tls_set(struct exchange *x);

/* ---- http_lane.c ---- */

bool http_lanes_open(struct http *h, size_t connections); /* false: libcurl has no memory */
void http_lanes_close(struct http *h);
struct lane *http_lane(struct http *h, const struct host *host); /* NULL: as above */
void http_lane_touch(struct lane *l);				 /* the turn hook looks at it */
void http_lane_act(struct lane *l, curl_socket_t fd, int bits);
void http_lane_run(struct lane *l);  /* what libcurl wants to do at once */
void http_lane_rest(struct lane *l); /* at the end of its part of a turn */

/* ---- http_socket.c ---- */

int http_sockets_open(struct http *h, struct err *err);
void http_sockets_close(struct http *h);
int http_on_socket(CURL *easy, curl_socket_t fd, int what, void *lane, void *known);
curl_socket_t http_on_open(void *exchange, curlsocktype purpose, struct curl_sockaddr *addr);
int http_on_close(void *http, curl_socket_t fd);

#endif
