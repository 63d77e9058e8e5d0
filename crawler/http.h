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
 * chunked, more than HTTP_MAX_HEADERS lines or HTTP_MAX_HEAD bytes end the request as
 * "bad_headers".
 *
 * Error words (the `error` column): dns, refused, connect, timeout, reset, tls,
 * tls_cert, private_address, bad_headers, bad_response, cut, proxy, stopped.
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

struct curl_slist;
struct http;

struct http_fetch {
	/* in */
	const char *href; /* serialised, no fragment, NUL-terminated */
	const struct host *host;
	struct slot *slot; /* owner FETCHER; may be exchanged for a big one */
	size_t max_body;

	/* out */
	int status;	       /* 0 = no answer */
	const char *error;     /* word, or NULL */
	bool retry;	       /* worth another try */
	bool no_room;	       /* no big slot was free: put the URL back */
	const char *truncated; /* "max_body", "cut", or NULL */
	struct buf request_head, response_head;
	struct buf content_type, coding, location, link; /* header values, "" if absent */
	uint32_t x_robots;				 /* enum facts_robots */
	int64_t retry_after_ms;				 /* from now; -1 = none */
	uint64_t wire;					 /* body bytes received */
	int64_t wall_ms;				 /* when it started */
	double connect_ms, tls_ms, wait_ms, body_ms, ttfb_ms, total_ms; /* < 0: did not happen */
	const char *version;						/* "1.0", "1.1", "2" */
	char ip[64];

	/* http.c and http_head.c */
	struct co *waiter;
	void *easy;
	struct http *http;
	struct http_fetch *next, *prev;
	struct curl_slist *resolve;
	bool done;
	int64_t content_length;
	unsigned nheaders;
	bool head_done;
};

void http_fetch_init(struct http_fetch *f);  /* once */
void http_fetch_reset(struct http_fetch *f); /* before each use; keeps buffers */
void http_fetch_release(struct http_fetch *f);

struct http *http_open(struct loop *loop, const struct settings *set, struct slots *slots,
	size_t concurrency, struct err *err);
void http_close(struct http *h);

WAITS void http_get(struct http *h, struct http_fetch *f);
/* Ends every request under way with the error "stopped". */
void http_abort_all(struct http *h);
size_t http_active(const struct http *h);

/* ---- http_head.c: what the header callback does; pure, for tests ---- */

/* Takes one header line as libcurl gives it. False: the response is refused. */
bool http_head_line(struct http_fetch *f, const char *line, size_t len);

#endif
