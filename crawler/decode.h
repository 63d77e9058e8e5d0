/* decode.h - a stored body without its content coding, for commands outside a crawl.
 *
 * What a server compressed is hostile input, so it is inflated where pages are parsed: in
 * a sandboxed process of the role "parser", started at the first call and kept until
 * decoder_close. Main thread only.
 */
#ifndef SKITTER_CRAWLER_DECODE_H
#define SKITTER_CRAWLER_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/buf.h"
#include "config/err.h"

/* Appends the decoded bytes to out; with to_utf8 and a text type, converted to UTF-8. What is cut
 * or broken gives what could be had, and -1 with a sentence. */
int sandbox_decode(const void *in, size_t len, const char *coding, const char *content_type,
	bool to_utf8, struct buf *out, struct err *err);
void sandbox_decode_close(void);

#endif
