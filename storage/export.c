/* export.c - rows of a crawl as JSON lines, CSV, or a list of URLs. */
#include "storage/export.h"

#include "storage/cell.h"
#include "storage/export_source.h"

struct stream {
	struct export_watch watch;
	FILE *out;
	struct buf buf;
	enum export_format format;
	bool raw_cells;
};

static int add_row(void *arg, sqlite3_stmt *s, struct err *err)
{
	struct stream *to = arg;

	switch (to->format) {
	case EXPORT_CSV: cell_csv_row(&to->buf, s, to->raw_cells); break;
	case EXPORT_URLS:
		db_add_column(&to->buf, s, 0);
		buf_add_ch(&to->buf, '\n');
		break;
	default: cell_json_row(&to->buf, s); buf_add_ch(&to->buf, '\n');
	}
	to->watch.rows++;
	return to->buf.len >= FLUSH_AT ? cell_flush(&to->buf, to->out, err) : 0;
}

static int stream_rows(struct stream *to, sqlite3_stmt *s, struct err *err)
{
	struct store *st = to->watch.st;

	if (to->format == EXPORT_CSV)
		cell_csv_header(&to->buf, s);
	if (query_each(st, s, add_row, to, err) < 0 || cell_flush(&to->buf, to->out, err) < 0)
		return -1;
	return query_flush(to->out, err);
}

int store_export(struct store *st, enum export_format format, FILE *out,
	const struct export_opts *opts, uint64_t *rows, struct err *err)
{
	struct stream to = {
		.out = out, .buf = BUF_INIT, .format = format, .raw_cells = opts->raw_cells};
	sqlite3_stmt *s;
	int ret = -1;

	if (export_begin(&to.watch, st, opts, err) < 0)
		return -1;
	s = export_rows(st, format == EXPORT_URLS ? "url" : "*", opts, err);
	if (s)
		ret = stream_rows(&to, s, err);
	*rows = to.watch.rows;
	sqlite3_finalize(s);
	export_end(&to.watch);
	buf_release(&to.buf);
	return ret;
}

int store_export_total(struct store *st, uint64_t *out, struct err *err)
{
	int64_t n;

	if (db_int(st->db, st->path, "select count(*) from fetch where state > 0", 0, &n, err) < 0)
		return -1;
	*out = (uint64_t)n;
	return 0;
}
