/* query.h - running the user's SQL: what sql.c and the exports share. For this room only.
 *
 * Contract: between query_begin and query_end one read transaction is open, the functions of
 * skitter are there, and nothing but reading is allowed. Errors: a wrong query is EXIT_USAGE.
 */
#ifndef SKITTER_STORAGE_QUERY_H
#define SKITTER_STORAGE_QUERY_H

#include <sqlite3.h>
#include <stdio.h>

#include "storage/store_int.h"

#define FLUSH_AT ((size_t)64 << 10) /* bytes held before they are written */

int query_begin(struct store *st, struct err *err);
void query_end(struct store *st);

/* -1 to stop, with a sentence. */
typedef int query_row_fn(void *arg, sqlite3_stmt *s, struct err *err);
int query_each(struct store *st, sqlite3_stmt *s, query_row_fn *fn, void *arg, struct err *err);

/* What SQLite's code means to the one who wrote the query. */
int query_fail(struct store *st, int code, struct err *err);

/* What went wrong while writing shows at the latest here. */
int query_flush(FILE *out, struct err *err);

#endif
