#include "storage/mirror.h"

#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "storage/export_source.h"

#define HOPS_MAX 20 /* redirects behind each other */

enum ask { NAME_GET, NAME_PUT, TARGET_GET, TARGET_PUT, PAGE_PUT, PAGE_NEXT, ASK_COUNT };

static const char *const asked[ASK_COUNT] = {
	[NAME_GET] = "select what from name where name = ?1",
	[NAME_PUT] = "insert into name values(?1, ?2)",
	[TARGET_GET] = "select path, onward from target where key = ?1",
	[TARGET_PUT] = "insert or ignore into target(key, path, onward) values(?1, ?2, ?3)",
	[PAGE_PUT] = "insert into page values(?1, ?2)",
	[PAGE_NEXT] = "select id, path from page where id > ?1 order by id limit 1",
};

struct mirror {
	sqlite3 *db;
	sqlite3_stmt *ask[ASK_COUNT];
};

static int fail(struct mirror *m, struct err *err)
{
	return err_set(err, EXIT_STORAGE,
		"cannot keep the names of files (a temporary file, in $SQLITE_TMPDIR or /var/tmp): "
		"%s",
		sqlite3_errmsg(m->db));
}

struct mirror *mirror_open(struct err *err)
{
	struct mirror *m = mem_zalloc(sizeof(*m));
	static const char set_up[] =
		"pragma journal_mode = off; pragma synchronous = off; pragma locking_mode = "
		"exclusive; pragma cache_size = -16384;"
		"create table name(name blob primary key, what integer) without rowid;"
		"create table target(key integer primary key, path text, onward integer);"
		"create table page(id integer primary key, path text);"
		"begin";

	/* No name: a file that is gone when it is closed. */
	if (sqlite3_open("", &m->db) != SQLITE_OK ||
		sqlite3_exec(m->db, set_up, NULL, NULL, NULL) != SQLITE_OK) {
		fail(m, err);
		mirror_close(m);
		return NULL;
	}
	for (int i = 0; i < ASK_COUNT; i++) {
		if (sqlite3_prepare_v2(m->db, asked[i], -1, &m->ask[i], NULL) == SQLITE_OK)
			continue;
		fail(m, err);
		mirror_close(m);
		return NULL;
	}
	return m;
}

void mirror_close(struct mirror *m)
{
	if (!m)
		return;
	for (int i = 0; i < ASK_COUNT; i++)
		sqlite3_finalize(m->ask[i]);
	sqlite3_close(m->db);
	free(m);
}

/* 1 row, 0 none, -1. The caller resets it when the row is read. */
static int step(struct mirror *m, sqlite3_stmt *s, struct err *err)
{
	int code = sqlite3_step(s);

	if (code == SQLITE_ROW)
		return 1;
	if (code != SQLITE_DONE)
		fail(m, err);
	sqlite3_reset(s);
	return code == SQLITE_DONE ? 0 : -1;
}

int mirror_name_get(
	struct mirror *m, const struct buf *name, enum mirror_name *what, struct err *err)
{
	sqlite3_stmt *s = m->ask[NAME_GET];
	int more;

	sqlite3_bind_blob(s, 1, name->data, (int)name->len, SQLITE_STATIC);
	more = step(m, s, err);
	*what = NAME_NOTHING;
	if (more > 0) {
		*what = (enum mirror_name)sqlite3_column_int(s, 0);
		sqlite3_reset(s);
	}
	return more < 0 ? -1 : 0;
}

int mirror_name_put(
	struct mirror *m, const struct buf *name, enum mirror_name what, struct err *err)
{
	sqlite3_stmt *s = m->ask[NAME_PUT];

	sqlite3_bind_blob(s, 1, name->data, (int)name->len, SQLITE_STATIC);
	sqlite3_bind_int(s, 2, (int)what);
	return step(m, s, err);
}

static int put_target(
	struct mirror *m, uint64_t key, const char *path, const uint64_t *onward, struct err *err)
{
	sqlite3_stmt *s = m->ask[TARGET_PUT];

	sqlite3_bind_int64(s, 1, (sqlite3_int64)key);
	sqlite3_bind_text(s, 2, path, -1, SQLITE_STATIC);
	if (onward)
		sqlite3_bind_int64(s, 3, (sqlite3_int64)*onward);
	else
		sqlite3_bind_null(s, 3);
	return step(m, s, err);
}

int mirror_put_redirect(struct mirror *m, uint64_t key, uint64_t to, struct err *err)
{
	return put_target(m, key, NULL, &to, err);
}

int mirror_put_page(
	struct mirror *m, uint64_t key, int64_t page_id, const char *path, struct err *err)
{
	sqlite3_stmt *s = m->ask[PAGE_PUT];

	if (put_target(m, key, path, NULL, err) < 0)
		return -1;
	sqlite3_bind_int64(s, 1, page_id);
	sqlite3_bind_text(s, 2, path, -1, SQLITE_STATIC);
	return step(m, s, err);
}

int mirror_find(struct mirror *m, uint64_t key, struct buf *path, struct err *err)
{
	sqlite3_stmt *s = m->ask[TARGET_GET];

	for (int hop = 0; hop <= HOPS_MAX; hop++) {
		bool found;
		int more;

		sqlite3_bind_int64(s, 1, (sqlite3_int64)key);
		more = step(m, s, err);
		if (more <= 0)
			return more;
		found = sqlite3_column_type(s, 0) != SQLITE_NULL;
		if (found)
			db_add_column(path, s, 0);
		else
			key = (uint64_t)sqlite3_column_int64(s, 1);
		sqlite3_reset(s);
		if (found)
			return 1;
	}
	return 0; /* a loop */
}

int mirror_next_page(struct mirror *m, int64_t *after, struct buf *path, struct err *err)
{
	sqlite3_stmt *s = m->ask[PAGE_NEXT];
	int more;

	buf_reset(path);
	sqlite3_bind_int64(s, 1, *after);
	more = step(m, s, err);
	if (more <= 0)
		return more;
	*after = sqlite3_column_int64(s, 0);
	db_add_column(path, s, 1);
	sqlite3_reset(s);
	return 1;
}

/* ---- the crawl ---- */

struct each {
	struct export_watch watch;
	store_redirect_fn *redirect;
	store_page_fn *page;
	void *arg;
};

static int on_redirect(void *arg, sqlite3_stmt *s, struct err *err)
{
	struct each *e = arg;

	return e->redirect(e->arg, (const char *)sqlite3_column_text(s, 0),
		(const char *)sqlite3_column_text(s, 1), err);
}

static int on_page(void *arg, sqlite3_stmt *s, struct err *err)
{
	struct each *e = arg;

	e->watch.rows++;
	return e->page(e->arg, sqlite3_column_int64(s, 0), (const char *)sqlite3_column_text(s, 1),
		(const char *)sqlite3_column_text(s, 2), err);
}

static int run(struct each *e, struct store *st, const char *columns, const char *condition,
	query_row_fn *fn, const struct export_opts *opts, struct err *err)
{
	sqlite3_stmt *s;
	int ret = -1;

	if (export_begin(&e->watch, st, opts, err) < 0)
		return -1;
	s = export_pages(st, columns, condition, NULL, opts, err);
	if (s)
		ret = query_each(st, s, fn, e, err);
	sqlite3_finalize(s);
	export_end(&e->watch);
	return ret;
}

int store_each_redirect(struct store *st, store_redirect_fn *fn, void *arg,
	const struct export_opts *opts, struct err *err)
{
	struct each e = {.redirect = fn, .arg = arg};
	struct export_opts all = {.progress = opts->progress, .arg = opts->arg, .stop = opts->stop};

	return run(&e, st, "url, redirect", "redirect is not null", on_redirect, &all, err);
}

int store_each_page(struct store *st, store_page_fn *fn, void *arg, const struct export_opts *opts,
	struct err *err)
{
	struct each e = {.page = fn, .arg = arg};

	return run(&e, st, "page_id, url, content_type",
		"status = 200 and exists (select 1 from content c where c.id = page_id and c.body "
		"is not null)",
		on_page, opts, err);
}
