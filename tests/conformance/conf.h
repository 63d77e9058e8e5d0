/* conf.h - running external test data against the parsers.
 *
 * One part per data set: `int conf_NAME(struct conf *)`. A part opens its files with
 * conf_each, counts, and reports each set by conf_result; a case that is wrong goes to
 * the file of misses by conf_miss. A missing file is a skip, and said; it never counts
 * as passed.
 */
#ifndef SKITTER_TESTS_CONF_H
#define SKITTER_TESTS_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <jansson.h>

#include "config/buf.h"

struct conf {
	const char *dir; /* the data folder */
	FILE *misses;
	int results, skipped, failed; /* data sets: reported, absent, with a miss that is a must */
};

/* Calls fn for every line of dir/relpath. Returns the number of lines, or -1 when the
 * file is absent (a skip was printed). `line` is borrowed. */
int conf_each(struct conf *c, const char *relpath, void (*fn)(void *arg, json_t *line, int lineno),
	void *arg);
/* A whole file that is one JSON value; NULL and a printed skip when it is absent. json_decref it.
 */
json_t *conf_load(struct conf *c, const char *relpath);
/* The bytes of a file; false and a printed skip when it is absent. */
bool conf_bytes(struct conf *c, const char *relpath, struct buf *out);

/* Prints "NAME passed/total". passed < total makes the run fail. */
void conf_result(struct conf *c, const char *name, int passed, int total);
/* The same for a set of which `allowed` misses are explained in the test. */
void conf_result_but(struct conf *c, const char *name, int passed, int total, int allowed);
/* One line in the file of misses. */
void conf_miss(struct conf *c, const char *name, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* ---- small helpers for JSON ---- */

const char *conf_str(json_t *line, const char *key); /* NULL if absent or null */
size_t conf_str_len(json_t *line, const char *key);
bool conf_bool(json_t *line, const char *key);
void conf_base64(const char *text, struct buf *out); /* appends the decoded bytes */
/* Bytes of `key`, or of `key_b64` decoded; appended. false if neither is there. */
bool conf_text(json_t *line, const char *key, struct buf *out);

/* ---- the parts ---- */

void conf_url(struct conf *c);
void conf_html(struct conf *c);
void conf_robots(struct conf *c);
void conf_charset(struct conf *c);
void conf_sitemap(struct conf *c);
void conf_compressed(struct conf *c);

#endif
