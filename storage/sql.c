/* sql.c - the user's queries: read-only, in three formats; and exports, which are queries
 * over the pages view. Rows stream; the memory used does not depend on their number. */
#include <errno.h>
#include <string.h>

#include "config/mem.h"
#include "storage/cell.h"
#include "storage/sqlfn.h"
#include "storage/store_int.h"
#include "storage/table.h"

#define FLUSH_AT ((size_t)64 << 10) /* bytes held before they are written */

static int say_sql(struct store *st, int code, struct err *err)
{
	switch (code & 0xff) {
	case SQLITE_AUTH:
		return err_set(err, EXIT_USAGE,
			"the query would do more than read; `skitter sql` only runs SELECT");
	case SQLITE_ERROR:
	case SQLITE_TOOBIG:
	case SQLITE_RANGE:
	case SQLITE_MISMATCH: return err_set(err, EXIT_USAGE, "SQL: %s", sqlite3_errmsg(st->db));
	default: return db_fail(st->db, st->path, "reading", err);
	}
}

/* ---- one statement ---- */

typedef int row_fn(void *arg, sqlite3_stmt *s, struct err *err);

static int each_row(struct store *st, sqlite3_stmt *s, row_fn *fn, void *arg, struct err *err)
{
	int code;

	while ((code = sqlite3_step(s)) == SQLITE_ROW)
		if (fn(arg, s, err) < 0)
			return -1;
	return code == SQLITE_DONE ? 0 : say_sql(st, code, err);
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
	cell_csv_row(&to->buf, s);
}

static void add_json(struct stream *to, sqlite3_stmt *s)
{
	buf_add_str(&to->buf, to->rows ? ",\n" : "[");
	cell_json_row(&to->buf, s);
}

static void add_jsonl(struct stream *to, sqlite3_stmt *s)
{
	cell_json_row(&to->buf, s);
	buf_add_ch(&to->buf, '\n');
}

static void add_url(struct stream *to, sqlite3_stmt *s)
{
	db_add_column(&to->buf, s, 0);
	buf_add_ch(&to->buf, '\n');
}

static int run_csv(struct store *st, sqlite3_stmt *s, FILE *out, struct err *err)
{
	struct stream to = {.out = out, .add = add_csv, .buf = BUF_INIT};
	int ret;

	cell_csv_header(&to.buf, s);
	ret = each_row(st, s, stream_row, &to, err);
	if (ret == 0)
		ret = cell_flush(&to.buf, out, err);
	buf_release(&to.buf);
	return ret;
}

static int run_json(struct store *st, sqlite3_stmt *s, FILE *out, struct err *err)
{
	struct stream to = {.out = out, .add = add_json, .buf = BUF_INIT};
	int ret = each_row(st, s, stream_row, &to, err);

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
	int ret = each_row(st, s, add_to_table, t, err);

	if (ret == 0)
		ret = table_end(t, err);
	table_close(t);
	return ret;
}

static int run_statement(
	struct store *st, sqlite3_stmt *s, enum store_sql_format format, FILE *out, struct err *err)
{
	if (sqlite3_column_count(s) == 0)
		return each_row(st, s, NULL, NULL, err);
	switch (format) {
	case SQL_CSV: return run_csv(st, s, out, err);
	case SQL_JSON: return run_json(st, s, out, err);
	default: return run_table(st, s, out, err);
	}
}

/* What went wrong while writing shows at the latest here. */
static int flush_out(FILE *out, struct err *err)
{
	if (fflush(out) == 0 && !ferror(out))
		return 0;
	return err_set(err, EXIT_STORAGE, "cannot write the output: %s", strerror(errno));
}

static int begin_queries(struct store *st, struct err *err)
{
	if (sqlfn_register(st, err) < 0 || read_begin(st, err) < 0)
		return -1;
	sqlfn_read_only(st, true);
	return 0;
}

static void end_queries(struct store *st)
{
	sqlfn_read_only(st, false);
	read_end(st);
}

int store_sql(struct store *st, const char *query, enum store_sql_format format, FILE *out,
	struct err *err)
{
	const char *rest = query;
	int ret = 0, done = 0;

	if (begin_queries(st, err) < 0)
		return -1;
	while (ret == 0 && *rest) {
		sqlite3_stmt *s = NULL;
		int code = sqlite3_prepare_v2(st->db, rest, -1, &s, &rest);
		if (code != SQLITE_OK)
			ret = say_sql(st, code, err);
		else if (s && !sqlite3_stmt_readonly(s))
			ret = say_sql(st, SQLITE_AUTH, err);
		else if (s) {
			if (done++ && format == SQL_TABLE)
				fputc('\n', out);
			ret = run_statement(st, s, format, out, err);
		}
		sqlite3_finalize(s);
	}
	end_queries(st);
	if (ret == 0 && !done)
		ret = err_set(err, EXIT_USAGE, "the query is empty");
	return ret == 0 ? flush_out(out, err) : ret;
}

/* ---- export ---- */

static sqlite3_stmt *prepare_export(
	struct store *st, const char *columns, const char *where, struct err *err)
{
	struct buf sql = BUF_INIT;
	sqlite3_stmt *s = NULL;
	const char *rest;
	int code;

	buf_addf(&sql, "select %s from pages", columns);
	if (where && *where)
		buf_addf(&sql, " where (%s\n)", where);
	code = sqlite3_prepare_v2(st->db, sql.data, -1, &s, &rest);
	if (code != SQLITE_OK) {
		say_sql(st, code, err);
	} else if (!s || *rest) {
		err_set(err, EXIT_USAGE, "SQL: not one condition: %s", where);
		sqlite3_finalize(s);
		s = NULL;
	}
	buf_release(&sql);
	return s;
}

int store_export(struct store *st, enum store_export_format format, FILE *out, const char *where,
	struct err *err)
{
	struct stream to = {.out = out, .buf = BUF_INIT};
	sqlite3_stmt *s;
	int ret = -1;

	if (begin_queries(st, err) < 0)
		return -1;
	s = prepare_export(st, format == EXPORT_URLS ? "url" : "*", where, err);
	if (!s)
		goto out;
	to.add = format == EXPORT_CSV ? add_csv : format == EXPORT_JSONL ? add_jsonl : add_url;
	if (format == EXPORT_CSV)
		cell_csv_header(&to.buf, s);
	ret = each_row(st, s, stream_row, &to, err);
	if (ret == 0)
		ret = cell_flush(&to.buf, out, err);
	if (ret == 0)
		ret = flush_out(out, err);
out:
	sqlite3_finalize(s);
	end_queries(st);
	buf_release(&to.buf);
	return ret;
}
