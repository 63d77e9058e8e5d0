/* http.h - one HTTP request at a time per coroutine, many at once over libcurl.
 *
 * http_get is called by a coroutine and reads as if it blocked. Underneath, libcurl's
 * multi interface runs on the loop's main stack alone: http_get queues the request,
 * the turn hook adds it, libcurl's callbacks mark it done and wake the coroutine.
 * No coroutine ever runs inside a libcurl callback.
 *
 * The body lands in the caller's slot as received, chunking removed, still in the
 * server's content coding. Redirects are not followed: they are outcomes.
 * Stricter than Debian's libcurl, checked in the header callback (RFC 9110, 9112):
 * conflicting Content-Length, differing Location, a Transfer-Encoding other than
 * chunked, more than HTTP_MAX_HEADERS lines, HTTP_MAX_HEAD bytes or HTTP_MAX_INTERIM
 * heads end the request as "bad_headers".
 *
 * No answer is taken for another's: a connection whose framing was doubtful, or on which
 * anything came that nobody had asked for, is not used again.
 *
 * The request head is what was sent, byte for byte, but that the values of secret headers
 * read "(secret)"; empty if nothing was sent. The response head is the final one as
 * received, without 1xx heads before it and trailers after it. HTTP/2 has no lines: its
 * heads are written down in the form of HTTP/1.1, with the version "HTTP/2".
 *
 * What the user named (a seed's host and port) may be a private address and gets the secret
 * headers and --user; nobody else does. Proxies come from the settings alone; variables of
 * the environment are not looked at.
 *
 * Error words (the `error` column), * = worth another try:
 *   dns*             the name has no address
 *   refused*         nothing listens there         connect*   no connection for another reason
 *   timeout*         before the answer's head had come
 *   reset*           the server closed before the answer's head had come
 *   cut*             the body ended early, for whatever reason; what came is kept
 *   tls*             no TLS with that server       tls_cert   its certificate does not hold
 *   private_address  see guard.h
 *   bad_headers      the head is refused (above)   bad_response   that is not HTTP
 *   proxy*           the proxy is not there or refused
 *   stopped          http_abort_all
 * With "cut" and "bad_headers" there may be a status; with the others there is none.
 */
#ifndef SKITTER_CRAWLER_HTTP_H
#define SKITTER_CRAWLER_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "config/buf.h"
#include "config/settings.h"
#include "crawler/hosts.h"
#include "workers/co.h"
#include "workers/slots.h"

#define HTTP_MAX_HEADERS 200
#define HTTP_MAX_HEAD	 (64 * 1024)
#define HTTP_MAX_INTERIM 16 /* 1xx heads before the answer */

struct exchange;
struct http;

/* What a body needs room for beside its slot: to be compressed (pack.h: a big one by half, or not
 * at all), to be inflated, or to be inflated to whatever size it has room for at all. */
enum http_beside { HTTP_BESIDE_COPY, HTTP_BESIDE_INFLATED, HTTP_BESIDE_ALL };

struct http_fetch {
	/* in */
	const char *href; /* serialised, no fragment, NUL-terminated */
	const struct host *host;
	struct slot *slot; /* owner FETCHER; may be exchanged for a big one */
	size_t max_body;
	size_t max_room; /* bytes there ever are for a body with its copies; 0 = no copies are made
			  */
	enum http_beside beside; /* at least; a content coding may ask for more */

	/* out */
	int status;	       /* 0 = no answer */
	const char *error;     /* word, or NULL */
	bool retry;	       /* worth another try */
	bool no_room;	       /* there was no room for the body: put the URL back */
	const char *truncated; /* "max_body", "cut", or NULL */
	struct buf request_head, response_head;
	struct buf content_type, coding, location, link; /* header values, "" if absent */
	uint32_t x_robots;				 /* enum facts_robots */
	int64_t retry_after_ms;				 /* from now; -1 = none */
	uint64_t wire;					 /* body bytes received, stored or not */
	int64_t wall_ms;				 /* when it started */
	double connect_ms, tls_ms, wait_ms, body_ms, ttfb_ms, total_ms; /* < 0: did not happen */
	const char *version; /* "1.0", "1.1", "2"; NULL = no answer */
	char ip[64];

	/* http.c */
	struct co *waiter;
	struct exchange *exchange; /* while libcurl has it */
	struct http_fetch *next, *prev;
	bool done;
	bool barred; /* an address was private */

	/* http_head.c */
	int answer;		/* status of the head that is being read */
	int64_t content_length; /* -1 = unknown; after the head only if the body keeps to it */
	bool chunked;
	bool doubtful;	   /* where the body ends: the connection is not to be used again */
	unsigned nheaders; /* lines of this head */
	unsigned ninterim; /* heads before it */
	bool head_done;	   /* of the final head */
};

void http_fetch_init(struct http_fetch *f);  /* once */
void http_fetch_reset(struct http_fetch *f); /* before each use; keeps buffers */
void http_fetch_release(struct http_fetch *f);

/* What an open connection takes of our memory, also when it rests; measured. Each of
 * libcurl's TLS connections has a context of its own, and most speak HTTP/2, which takes buffers of
 * its own: without those it would be half as much. */
#define HTTP_PLAIN_BYTES ((size_t)3 << 10)
#define HTTP_TLS_BYTES	 ((size_t)84 << 10)

/* libcurl is loaded with its first call; now, for processes that will be forked. */
void http_load(void);

/* Before anything of libcurl is used; curl_global_cleanup ends it. */
void http_global_init(void);

/* `connections`: how many are open at most, in use and kept for the next request; as far as they
 * take no more than `bytes` (of those in use as many are open as there are requests). */
struct http *http_open(struct loop *loop, const struct settings *set, struct slots *slots,
	size_t connections, size_t bytes, struct err *err);
void http_keep_bytes(struct http *h, size_t bytes); /* from now on */
size_t http_connections(const struct http *h);	    /* open ones */
void http_close(struct http *h);

/* Fills in f->..., which must be fresh (init or reset). The host must outlive h. */
WAITS void http_get(struct http *h, struct http_fetch *f);
/* Bytes of that for a body of this size, of at most max_room. */
size_t http_beside(enum http_beside what, size_t size, size_t max_room);
/* Ends every request under way with the error "stopped". From coroutines and callbacks
 * alike: who waits is woken, and runs in a later turn. */
void http_abort_all(struct http *h);
size_t http_active(const struct http *h); /* requests under way */

/* ---- http_head.c: what the header callback does; pure, for tests ---- */

/* Takes one header line as libcurl gives it. False: the response is refused. */
bool http_head_line(struct http_fetch *f, const char *line, size_t len);

#endif
