/* db.h - the few words of SQLite that all files of this room share.
 *
 * Errors: SQLite's codes become one sentence that names the file and the way out.
 * Thread: that of the connection.
 */
#ifndef SKITTER_STORAGE_DB_H
#define SKITTER_STORAGE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/buf.h"
#include "config/err.h"

/* Says what SQLite last complained about; `doing` is a verb phrase: "writing", "reading". */
int db_fail(sqlite3 *db, const char *path, const char *doing, struct err *err);
/* The same from a code, where no connection exists. */
int db_fail_code(int code, int sys_errno, const char *detail, const char *path, const char *doing,
	struct err *err);

int db_exec(sqlite3 *db, const char *path, const char *sql, struct err *err);
sqlite3_stmt *db_prepare(sqlite3 *db, const char *path, const char *sql, struct err *err);
/* Steps a statement that returns no rows, and resets it. */
int db_run(sqlite3 *db, const char *path, sqlite3_stmt *s, struct err *err);
/* The first column of the first row of sql; `missing` if there is none. */
int db_int(sqlite3 *db, const char *path, const char *sql, int64_t missing, int64_t *out,
	struct err *err);

void db_bind_str(sqlite3_stmt *s, int at, const char *text); /* NULL and "" become NULL */
char *db_dup_column(sqlite3_stmt *s, int at);		     /* NULL stays NULL; free() it */
void db_add_column(struct buf *out, sqlite3_stmt *s, int at);

/* zstd, as skitter's own: level 1 in, whole out. 0, or -1 when it is damaged. */
int db_unzstd(const void *data, size_t len, struct buf *out);

/* Bytes of all fetches: from meta or, in a file of before they were there, from the rows. */
#define DB_BYTES(key, column)                                                             \
	"select coalesce((select cast(value as integer) from meta where key = " key "), " \
	"(select sum(" column ") from fetch))"
#define DB_BYTES_WIRE	 DB_BYTES("'bytes_wire'", "wire_size")
#define DB_BYTES_DECODED DB_BYTES("'bytes_decoded'", "size")

#endif
