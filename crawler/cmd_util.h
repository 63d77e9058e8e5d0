/* cmd_util.h - what the commands that read a FILE.db share. Main thread. */
#ifndef SKITTER_CRAWLER_CMD_UTIL_H
#define SKITTER_CRAWLER_CMD_UTIL_H

#include <jansson.h>
#include <stdbool.h>

#include "config/buf.h"
#include "config/err.h"
#include "config/settings.h"
#include "storage/store.h"

/* A SELECT as a JSON array of objects; NULL with a sentence. json_decref it. */
json_t *cmd_query(struct store *st, const char *sql, struct err *err);
/* Appends an SQL string literal. */
void cmd_sql_text(struct buf *sql, const char *text);

/* Appends hostile text for stdout: escaped, newlines and tabs kept. */
void cmd_add_text(struct buf *out, const char *text, size_t len);
/* The same, on one line; NULL is "". */
void cmd_add_line(struct buf *out, const char *text);
/* The length of the first part of a text that is read at a glance: what a page calls a title or
 * the words of a link may be megabytes. Ends between characters; len where nothing is cut. */
size_t cmd_glance(const char *text, size_t len);

/* The settings the crawl was started with; defaults where the file holds none. */
int cmd_stored_settings(struct store *st, struct settings *s, struct err *err);

/* What `export --format` takes; NULL-ended. */
extern const char *const cmd_export_formats[];

/* Whether stdout is a terminal. */
bool cmd_stdout_is_terminal(void);

/* Lends the store the sandboxed inflater and the public suffix list. */
void cmd_lend(struct store *st);

#endif
