/* sql.c - the user's queries: read-only, in three formats. Rows stream; the memory used does not
 * depend on their number. */
#include <errno.h>
#include <string.h>

#include "config/mem.h"
#include "storage/cell.h"
#include "storage/query.h"
#include "storage/sqlfn.h"
#include "storage/store_int.h"
#include "storage/table.h"

#define FLUSH_AT ((size_t)64 << 10) /* bytes held before they are written */

int query_fail(struct store *st, int code, struct err *err)
{
	switch (code & 0xff) {
	case SQLITE_AUTH:
		return err_set(err, EXIT_USAGE,
			"the query would do more than read; `skitter sql` only runs SELECT");
	case SQLITE_INTERRUPT: return err_set(err, EXIT_SIGNAL, "stopped before the end");
	case SQLITE_ERROR:
	case SQLITE_TOOBIG:
	case SQLITE_RANGE:
	case SQLITE_MISMATCH: return err_set(err, EXIT_USAGE, "SQL: %s", sqlite3_errmsg(st->db));
	default: return db_fail(st->db, st->path, "reading", err);
	}
}

/* ---- one statement ---- */

int query_each(struct store *st, sqlite3_stmt *s, query_row_fn *fn, void *arg, struct err *err)
{
	int code;

	while ((code = sqlite3_step(s)) == SQLITE_ROW)
		if (fn(arg, s, err) < 0)
			return -1;
	return code == SQLITE_DONE ? 0 : query_fail(st, code, err);
}

struct stream {
	FILE *out;
	struct buf buf;
	uint64_t rows;
	void (*add)(struct stream *, sqlite3_stmt *);
};

static int stream_row(void *arg, sqlite3_stmt *s, struct err *err)
{
	struct stream *to = arg;

	to->add(to, s);
	to->rows++;
	return to->buf.len >= FLUSH_AT ? cell_flush(&to->buf, to->out, err) : 0;
}

static void add_csv(struct stream *to, sqlite3_stmt *s)
{
	cell_csv_row(&to->buf, s, false);
}

static void add_json(struct stream *to, sqlite3_stmt *s)
{
	buf_add_str(&to->buf, to->rows ? ",\n" : "[");
	cell_json_row(&to->buf, s);
}

static int run_csv(struct store *st, sqlite3_stmt *s, FILE *out, struct err *err)
{
	struct stream to = {.out = out, .add = add_csv, .buf = BUF_INIT};
	int ret;

	cell_csv_header(&to.buf, s);
	ret = query_each(st, s, stream_row, &to, err);
	if (ret == 0)
		ret = cell_flush(&to.buf, out, err);
	buf_release(&to.buf);
	return ret;
}

static int run_json(struct store *st, sqlite3_stmt *s, FILE *out, struct err *err)
{
	struct stream to = {.out = out, .add = add_json, .buf = BUF_INIT};
	int ret = query_each(st, s, stream_row, &to, err);

	if (ret == 0) {
		buf_add_str(&to.buf, to.rows ? "]\n" : "[]\n");
		ret = cell_flush(&to.buf, out, err);
	}
	buf_release(&to.buf);
	return ret;
}

static int add_to_table(void *arg, sqlite3_stmt *s, struct err *err)
{
	return table_row(arg, s, err);
}

static int run_table(struct store *st, sqlite3_stmt *s, FILE *out, struct err *err)
{
	struct table *t = table_open(s, out);
	int ret = query_each(st, s, add_to_table, t, err);

	if (ret == 0)
		ret = table_end(t, err);
	table_close(t);
	return ret;
}

static int run_statement(
	struct store *st, sqlite3_stmt *s, enum store_sql_format format, FILE *out, struct err *err)
{
	if (sqlite3_column_count(s) == 0)
		return query_each(st, s, NULL, NULL, err);
	switch (format) {
	case SQL_CSV: return run_csv(st, s, out, err);
	case SQL_JSON: return run_json(st, s, out, err);
	default: return run_table(st, s, out, err);
	}
}

/* What went wrong while writing shows at the latest here. */
int query_flush(FILE *out, struct err *err)
{
	if (fflush(out) == 0 && !ferror(out))
		return 0;
	return err_set(err, EXIT_STORAGE, "cannot write the output: %s", strerror(errno));
}

int query_begin(struct store *st, struct err *err)
{
	if (sqlfn_register(st, err) < 0 || read_begin(st, err) < 0)
		return -1;
	sqlfn_read_only(st, true);
	return 0;
}

void query_end(struct store *st)
{
	sqlfn_read_only(st, false);
	read_end(st);
}

int store_sql(struct store *st, const char *query, enum store_sql_format format, FILE *out,
	struct err *err)
{
	const char *rest = query;
	int ret = 0, done = 0;

	if (query_begin(st, err) < 0)
		return -1;
	while (ret == 0 && *rest) {
		sqlite3_stmt *s = NULL;
		int code = sqlite3_prepare_v2(st->db, rest, -1, &s, &rest);
		if (code != SQLITE_OK)
			ret = query_fail(st, code, err);
		else if (s && !sqlite3_stmt_readonly(s))
			ret = query_fail(st, SQLITE_AUTH, err);
		else if (s) {
			if (done++ && format == SQL_TABLE)
				fputc('\n', out);
			ret = run_statement(st, s, format, out, err);
		}
		sqlite3_finalize(s);
	}
	query_end(st);
	if (ret == 0 && !done)
		ret = err_set(err, EXIT_USAGE, "the query is empty");
	return ret == 0 ? query_flush(out, err) : ret;
}
