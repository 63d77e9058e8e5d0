/* decode.h - a stored body without its content coding, and where its links are, for commands
 * outside a crawl.
 *
 * What a server compressed is hostile input, so it is inflated where pages are parsed: in
 * a sandboxed process of the role "parser", started at the first call and kept until
 * sandbox_decode_close. Main thread only.
 */
#ifndef SKITTER_CRAWLER_DECODE_H
#define SKITTER_CRAWLER_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/buf.h"
#include "config/err.h"
#include "crawler/page/rewrite.h"

/* Appends the decoded bytes to out; with to_utf8 and a text type, converted to UTF-8. What is cut
 * or broken gives what could be had, and -1 with a sentence. */
int sandbox_decode(const void *in, size_t len, const char *coding, const char *content_type,
	bool to_utf8, struct buf *out, struct err *err);

/* The text of a page or style sheet and where its URLs are (page/rewrite.h), into a page_rewrite
 * that page_rewrite_init made. The answer is distrusted: copied, then checked: spots ascend, lie
 * within the text, and their URLs are made of what a serialised URL is made of. What does not
 * decode fully, or not in time, is -1 with a sentence. */
int sandbox_rewrite(const void *in, size_t len, const char *coding, const char *content_type,
	const char *url, struct page_rewrite *out, struct err *err);
void sandbox_decode_close(void);

#endif
