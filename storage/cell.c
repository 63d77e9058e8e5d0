#include "storage/cell.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "config/text.h"

/* The bytes of a text or blob value. */
static const char *bytes_of(sqlite3_stmt *s, int at, size_t *len)
{
	const char *data = sqlite3_column_blob(s, at);

	*len = (size_t)sqlite3_column_bytes(s, at);
	return *len ? data : "";
}

static void add_hex(struct buf *out, const char *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	buf_grow(out, 2 * len);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];
		buf_add_ch(out, digits[c >> 4]);
		buf_add_ch(out, digits[c & 15]);
	}
}

static void add_number(struct buf *out, sqlite3_stmt *s, int at)
{
	buf_add_str(out, (const char *)sqlite3_column_text(s, at));
}

/* ---- CSV ---- */

void cell_csv_text(struct buf *out, const char *text, size_t len, bool raw)
{
	bool formula = !raw && len && *text && strchr("=+-@\t\r", *text) != NULL;
	bool quote = false;

	for (size_t i = 0; i < len && !quote; i++)
		quote = text[i] == '"' || text[i] == ',' || text[i] == '\n' || text[i] == '\r';
	if (quote)
		buf_add_ch(out, '"');
	if (formula)
		buf_add_ch(out, '\'');
	for (size_t i = 0; i < len; i++) {
		const char *q = memchr(text + i, '"', len - i);
		size_t n = q ? (size_t)(q - text) - i + 1 : len - i;
		buf_add(out, text + i, n);
		if (q)
			buf_add_ch(out, '"');
		i += n - 1;
	}
	if (quote)
		buf_add_ch(out, '"');
}

void cell_csv(struct buf *out, sqlite3_stmt *s, int at, bool raw)
{
	const char *data;
	size_t len;

	switch (sqlite3_column_type(s, at)) {
	case SQLITE_NULL: return;
	case SQLITE_INTEGER:
	case SQLITE_FLOAT: add_number(out, s, at); return;
	default: data = bytes_of(s, at, &len);
	}
	if (text_is_utf8(data, len))
		cell_csv_text(out, data, len, raw);
	else
		add_hex(out, data, len);
}

void cell_csv_row(struct buf *out, sqlite3_stmt *s, bool raw)
{
	for (int i = 0; i < sqlite3_column_count(s); i++) {
		if (i)
			buf_add_ch(out, ',');
		cell_csv(out, s, i, raw);
	}
	buf_add_str(out, "\r\n");
}

void cell_csv_header(struct buf *out, sqlite3_stmt *s)
{
	for (int i = 0; i < sqlite3_column_count(s); i++) {
		const char *name = sqlite3_column_name(s, i);
		if (i)
			buf_add_ch(out, ',');
		cell_csv_text(out, name, strlen(name), false);
	}
	buf_add_str(out, "\r\n");
}

/* ---- JSON ---- */

void cell_json(struct buf *out, sqlite3_stmt *s, int at)
{
	const char *data;
	size_t len;

	switch (sqlite3_column_type(s, at)) {
	case SQLITE_NULL: buf_add_str(out, "null"); return;
	case SQLITE_FLOAT:
		if (!isfinite(sqlite3_column_double(s, at))) {
			buf_add_str(out, "null");
			return;
		}
		add_number(out, s, at);
		return;
	case SQLITE_INTEGER: add_number(out, s, at); return;
	case SQLITE_TEXT:
		data = bytes_of(s, at, &len);
		text_json(out, data, len);
		return;
	default: data = bytes_of(s, at, &len);
	}
	if (text_is_utf8(data, len)) {
		text_json(out, data, len);
		return;
	}
	buf_add_ch(out, '"');
	add_hex(out, data, len);
	buf_add_ch(out, '"');
}

void cell_json_row(struct buf *out, sqlite3_stmt *s)
{
	for (int i = 0; i < sqlite3_column_count(s); i++) {
		const char *name = sqlite3_column_name(s, i);
		buf_add_ch(out, i ? ',' : '{');
		text_json(out, name, strlen(name));
		buf_add_ch(out, ':');
		cell_json(out, s, i);
	}
	buf_add_ch(out, '}');
}

/* ---- terminal ---- */

void cell_terminal(struct buf *out, sqlite3_stmt *s, int at)
{
	const char *data;
	size_t len;

	switch (sqlite3_column_type(s, at)) {
	case SQLITE_NULL: return;
	case SQLITE_INTEGER:
	case SQLITE_FLOAT: add_number(out, s, at); return;
	default: data = bytes_of(s, at, &len);
	}
	if (sqlite3_column_type(s, at) == SQLITE_BLOB && !text_is_utf8(data, len))
		add_hex(out, data, len);
	else
		text_terminal(out, data, len);
}

int cell_flush(struct buf *b, FILE *out, struct err *err)
{
	size_t len = b->len;
	size_t put = len ? fwrite(b->data, 1, len, out) : 0;

	buf_reset(b);
	if (put == len)
		return 0;
	return err_set(err, EXIT_STORAGE, "cannot write the output: %s", strerror(errno));
}
