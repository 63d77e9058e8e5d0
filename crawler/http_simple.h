/* http_simple.h - one GET, waited for, for commands that look at one file.
 *
 * Redirects are followed by hand, five at most (RFC 9309 section 2.3.1.2); TLS is
 * verified unless settings say insecure; http and https only; bodies are not
 * inflated (identity is asked for, anything else is refused). Private addresses
 * are refused unless the URL itself names one or settings allow it.
 */
#ifndef SKITTER_CRAWLER_HTTP_SIMPLE_H
#define SKITTER_CRAWLER_HTTP_SIMPLE_H

#include "config/buf.h"
#include "config/err.h"
#include "config/settings.h"

/* Appends at most max bytes of the body (the rest is not read, which is no error).
 * *status is the HTTP status of the last answer. -1: no answer; err says why. */
int http_fetch_simple(const struct settings *s, const char *url, long max, struct buf *body,
	long *status, struct err *err);

#endif
