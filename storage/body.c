/* body.c - one stored page, for `cat`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/text.h"
#include "storage/mirror.h"
#include "storage/store_int.h"
#include "storage/stored_text.h"

static int say_missing(struct store *st, const char *url, struct err *err)
{
	struct buf shown = BUF_INIT;
	sqlite3_stmt *s;
	int more = -1;

	text_terminal(&shown, url, strlen(url));
	s = db_prepare(st->db, st->path, "select 1 from url where url = ?1 limit 1", err);
	if (s) {
		sqlite3_bind_text(s, 1, url, -1, SQLITE_STATIC);
		more = read_row(st, s, err);
		sqlite3_finalize(s);
	}
	if (more > 0)
		err_set(err, EXIT_USAGE, "%s was not fetched; `skitter why %s %s` says why",
			shown.data, st->path, shown.data);
	else if (more == 0)
		err_set(err, EXIT_USAGE, "%s is not in %s; `skitter why %s %s` says more",
			shown.data, st->path, st->path, shown.data);
	buf_release(&shown);
	return -1;
}

static int read_text(sqlite3_stmt *s, int at, struct buf *out, const char *path, struct err *err)
{
	struct stored_text text = stored_text_column(s, at);
	struct buf body = BUF_INIT;
	int ret = stored_text_read(&text, &body, out);

	buf_release(&body);
	if (ret < 0)
		err_set(err, EXIT_STORAGE, "%s is damaged: a text does not decompress", path);
	return ret;
}

static int read_body(sqlite3_stmt *s, struct store_body *out, const char *path, struct err *err)
{
	const char *coding = (const char *)sqlite3_column_text(s, 4);
	size_t len = (size_t)sqlite3_column_bytes(s, 5);

	out->has_body = sqlite3_column_type(s, 5) != SQLITE_NULL;
	if (!out->has_body)
		return 0;
	snprintf(out->coding, sizeof(out->coding), "%s", coding ? coding : "identity");
	if (!sqlite3_column_int(s, 3)) {
		db_add_column(&out->body, s, 5);
		return 0;
	}
	if (db_unzstd(sqlite3_column_blob(s, 5), len, &out->body) < 0)
		return err_set(
			err, EXIT_STORAGE, "%s is damaged: a body does not decompress", path);
	return 0;
}

int store_page_body(
	struct store *st, int64_t page_id, struct store_body *out, struct buf *url, struct err *err)
{
	sqlite3_stmt *s;
	int more, ret = -1;

	*out = (struct store_body){.request_head = BUF_INIT,
		.response_head = BUF_INIT,
		.body = BUF_INIT,
		.text = BUF_INIT};
	s = db_prepare(st->db, st->path,
		"select u.url, f.content_type, f.status, c.packed, c.coding, c.body from fetch f "
		"join url u on u.id = f.url_id join content c on c.id = f.id where f.id = ?1",
		err);
	if (!s)
		return -1;
	sqlite3_bind_int64(s, 1, page_id);
	more = read_row(st, s, err);
	if (more == 0)
		err_set(err, EXIT_STORAGE, "%s has changed: a page is gone", st->path);
	if (more > 0) {
		db_add_column(url, s, 0);
		out->content_type = db_dup_column(s, 1);
		out->status = sqlite3_column_int(s, 2);
		ret = read_body(s, out, st->path, err);
	}
	sqlite3_finalize(s);
	return ret;
}

int store_body(struct store *st, const char *url, struct store_body *out, struct err *err)
{
	sqlite3_stmt *s;
	int more, ret = -1;

	*out = (struct store_body){.request_head = BUF_INIT,
		.response_head = BUF_INIT,
		.body = BUF_INIT,
		.text = BUF_INIT};
	s = db_prepare(st->db, st->path,
		"select c.request_head, c.response_head, f.content_type, c.packed, c.coding, "
		"c.body, "
		"f.charset, f.status, f.size, " STORED_TEXT_COLUMNS
		" from url u join fetch f on f.url_id = "
		"u.id and f.state > 0 join content c on c.id = f.id where u.url = ?1 limit 1",
		err);
	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, url, -1, SQLITE_STATIC);
	more = read_row(st, s, err);
	if (more == 0)
		say_missing(st, url, err);
	if (more <= 0)
		goto out;
	db_add_column(&out->request_head, s, 0);
	db_add_column(&out->response_head, s, 1);
	out->content_type = db_dup_column(s, 2);
	out->charset = db_dup_column(s, 6);
	out->status = sqlite3_column_int(s, 7);
	out->decoded_size = (uint64_t)sqlite3_column_int64(s, 8);
	if (read_text(s, 9, &out->text, st->path, err) == 0)
		ret = read_body(s, out, st->path, err);
out:
	sqlite3_finalize(s);
	return ret;
}

void store_body_release(struct store_body *b)
{
	buf_release(&b->request_head);
	buf_release(&b->response_head);
	buf_release(&b->body);
	buf_release(&b->text);
	free(b->content_type);
	free(b->charset);
	*b = (struct store_body){.request_head = BUF_INIT,
		.response_head = BUF_INIT,
		.body = BUF_INIT,
		.text = BUF_INIT};
}
