/* url_job.h - one parse in progress. Private to url.c, url_clean.c and url_path.c.
 *
 * The result is written front to back into the parser's buffer. `w` has room for
 * three bytes per byte of input that is left, so that the writers need no checks;
 * only hosts and re-encoded queries, whose length is not bounded so, ask for more
 * with url_job_room.
 */
#ifndef SKITTER_CRAWLER_PAGE_URL_JOB_H
#define SKITTER_CRAWLER_PAGE_URL_JOB_H

#include "crawler/page/url.h"
#include "crawler/page/url_set.h"

struct url_job {
	struct url_parser *parser;
	const char *end; /* of the input */
	char *w;	 /* next byte to write, inside parser->out */
	struct url u;
	bool query_done;       /* taken over from the base */
	url_encode_fn *encode; /* NULL = UTF-8 */
	void *arg;
};

/* How far w is. */
static inline uint32_t url_job_at(const struct url_job *j)
{
	return (uint32_t)(j->w - j->parser->out.data);
}

/* Room that n bytes of input may need: three each, and the marks put in between. */
#define URL_JOB_NEED(n) (3 * (size_t)(n) + 32)

/* Makes room for `extra` bytes from w on. */
void url_job_room(struct url_job *j, size_t extra);

/* Input as the parser wants it: no C0 controls and spaces around it, no tabs and
 * newlines in it, valid UTF-8. Changes *in and *len; copies only when it must. */
void url_clean(struct buf *tmp, const char **in, size_t *len);

/* The parts of the standard's state machine behind the authority. Each writes a part,
 * sets the offset where it starts, and returns where in the input the next one starts. */
const char *url_put_path(struct url_job *j, const char *p);   /* path state, p behind a slash */
const char *url_put_opaque(struct url_job *j, const char *p); /* opaque path state */
const char *url_put_query(struct url_job *j, const char *p);  /* p at '?', '#' or the end */
void url_put_fragment(struct url_job *j, const char *p);      /* p at '#' or the end */

/* Drops the last segment of the path written so far. */
void url_shorten(struct url_job *j);

/* "C:" or "C|", n bytes exactly. */
bool url_is_drive(const char *s, size_t n);
/* Whether the input at p starts with a Windows drive letter. */
bool url_starts_drive(const char *p, const char *end);

#endif
