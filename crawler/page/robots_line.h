/* robots_line.h - one line of a robots.txt; inside robots*.c only. Slices, no copies. */
#ifndef SKITTER_PAGE_ROBOTS_LINE_H
#define SKITTER_PAGE_ROBOTS_LINE_H

#include <stdbool.h>
#include <stddef.h>

enum robots_kind {
	ROBOTS_AGENT,
	ROBOTS_ALLOW,
	ROBOTS_DISALLOW,
	ROBOTS_DELAY,
	ROBOTS_SITEMAP,
	ROBOTS_OTHER, /* empty, a comment, or nothing known */
};

struct robots_line {
	enum robots_kind kind;
	const char *text; /* the line, trimmed, without its comment */
	size_t text_len;
	const char *value; /* trimmed */
	size_t value_len;
};

/* Past a byte order mark, also one that lost its end. */
const char *robots_skip_bom(const char *text, size_t len);

/* Takes the next line from *at (LF, CR or CRLF ends it); false at the end. */
bool robots_line_next(const char **at, const char *end, struct robots_line *line);

/* How many leading characters are those of a product token. */
size_t robots_token_len(const char *s, size_t len);

/* Of a User-agent line: whether it names the token; whether it is "*". */
bool robots_line_names(const struct robots_line *line, const char *token, size_t token_len);
bool robots_line_is_any(const struct robots_line *line);

/* Of a Crawl-delay line: seconds, or negative if it is no number. */
double robots_line_seconds(const struct robots_line *line);

#endif
