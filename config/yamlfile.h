/* yamlfile.h - a YAML file as a stream of items that know where they stood.
 *
 * Contract: one document, read whole (at most YAMLFILE_MAX bytes), no aliases and no
 * tags: a config file has no use for them, and they are how YAML bombs are made. Lines
 * and columns count from 1. Every error reads FILE:LINE:COLUMN: sentence, status 2.
 */
#ifndef SKITTER_CONFIG_YAMLFILE_H
#define SKITTER_CONFIG_YAMLFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/err.h"

#define YAMLFILE_MAX (16u << 20)

enum yamlfile_kind {
	YAMLFILE_SCALAR,
	YAMLFILE_LIST,
	YAMLFILE_LIST_END,
	YAMLFILE_MAP,
	YAMLFILE_MAP_END,
	YAMLFILE_END, /* of the document; an empty file starts with it */
};

struct yamlfile_item {
	enum yamlfile_kind kind;
	char *text; /* of a scalar, owned by the reader until the next call; no NUL inside */
	bool quoted;
	bool null; /* plain and empty, `~` or `null` */
	unsigned line, column;
};

struct yamlfile;

struct yamlfile *yamlfile_open(const char *path, struct err *err); /* "-" = stdin */
/* The same from memory; `name` stands for the path in sentences. Copies both. */
struct yamlfile *yamlfile_open_text(const char *name, const char *text, size_t len);
void yamlfile_close(struct yamlfile *y); /* NULL is fine */

/* The next item. -1: not YAML, or something this reader refuses. */
int yamlfile_next(struct yamlfile *y, struct yamlfile_item *item, struct err *err);
/* FILE:LINE:COLUMN: and the sentence. Returns -1. */
int yamlfile_fail(const struct yamlfile *y, const struct yamlfile_item *at, struct err *err,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
