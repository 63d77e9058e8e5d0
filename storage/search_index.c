#include "storage/search_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "storage/db.h"
#include "storage/search_tok.h"

#define KEEP_BODY ((size_t)4 << 20) /* memory of an odd page that is given back */

/* @ stands for the schema of the crawl. */
enum { FETCHES, OLDER, KNOWN, WORDS, ADD, REMOVE, MARK, STATEMENTS };

static const char *const statement_sql[STATEMENTS] = {
	[FETCHES] = "select f.id, f.url_id, f.state > 0 and f.status between 200 and 299, "
		    "f.robots like '%noindex%', " SEARCH_WORDS_COLUMNS
		    " from @.fetch f left join @.content c on c.id = f.id "
		    "where f.id > ?1 order by f.id limit ?2",
	[OLDER] = "select id from @.fetch where url_id = ?1 and id < ?2",
	[KNOWN] = "select 1 from main.search_docsize where id = ?1",
	[WORDS] = "select " SEARCH_WORDS_COLUMNS
		  " from @.fetch f left join @.content c on c.id = f.id where f.id = ?1",
	[ADD] = "insert into main.search(rowid, title, headings, text) values(?1, ?2, ?3, ?4)",
	[REMOVE] = "insert into main.search(search, rowid, title, headings, text) "
		   "values('delete', ?1, ?2, ?3, ?4)",
	[MARK] = "update main.search_state set upto = ?1, pages = ?2, hidden = ?3",
};

struct search_index {
	sqlite3 *db;
	const char *path;
	char *crawl;
	bool hide; /* noindex is honoured */
	struct search_state now;
	struct search_words words, old;
	sqlite3_stmt *s[STATEMENTS];
};

/* ---- words of a page ---- */

static void add_headings(struct buf *out, const char *p, size_t len)
{
	const char *end = p + len;

	while (p < end) {
		const char *line = memchr(p, '\n', (size_t)(end - p));
		line = line ? line : end;
		if (line - p > 2 && p[0] >= '1' && p[0] <= '6' && p[1] == ' ')
			p += 2;
		buf_add(out, p, (size_t)(line - p));
		buf_add_ch(out, '\n');
		p = line + 1;
	}
}

int search_words_read(struct search_words *w, sqlite3_stmt *s, int at)
{
	const char *headings = (const char *)sqlite3_column_text(s, at + 1);
	struct stored_text text = stored_text_column(s, at + 2);

	buf_reset(&w->title);
	buf_reset(&w->headings);
	buf_reset(&w->text);
	db_add_column(&w->title, s, at);
	if (headings)
		add_headings(&w->headings, headings, (size_t)sqlite3_column_bytes(s, at + 1));
	buf_recycle(&w->body, KEEP_BODY);
	return stored_text_read(&text, &w->body, &w->text);
}

void search_words_release(struct search_words *w)
{
	buf_release(&w->title);
	buf_release(&w->headings);
	buf_release(&w->text);
	buf_release(&w->body);
}

/* ---- the state ---- */

/* The statement with the name of the crawl's schema in place of each @. free() it. */
static char *sql_for(const char *crawl, const char *sql)
{
	struct buf b = BUF_INIT;

	for (; *sql; sql++) {
		if (*sql == '@')
			buf_add_str(&b, crawl);
		else
			buf_add_ch(&b, *sql);
	}
	return buf_take(&b);
}

static sqlite3_stmt *prepare(
	sqlite3 *db, const char *path, const char *crawl, const char *sql, struct err *err)
{
	char *made = sql_for(crawl, sql);
	sqlite3_stmt *s = db_prepare(db, path, made, err);

	free(made);
	return s;
}

static int ask_int(sqlite3 *db, const char *path, const char *crawl, const char *sql, int64_t *out,
	struct err *err)
{
	char *made = sql_for(crawl, sql);
	int ret = db_int(db, path, made, 0, out, err);

	free(made);
	return ret;
}

int search_index_state(
	sqlite3 *db, const char *path, const char *crawl, struct search_state *out, struct err *err)
{
	sqlite3_stmt *s;
	int64_t last, tables;

	*out = (struct search_state){0};
	if (ask_int(db, path, crawl, "select max(id) from @.fetch", &last, err) < 0 ||
		db_int(db, path,
			"select count(*) from main.sqlite_schema where name in ('search', "
			"'search_state')",
			0, &tables, err) < 0)
		return -1;
	out->last = (uint64_t)last;
	if (tables < 2)
		return 0;
	s = prepare(db, path, crawl,
		"select upto, pages, hidden, live from main.search_state where version = ?1 and "
		"crawl is (select value from @.meta where key = 'started_at')",
		NULL);
	if (s)
		sqlite3_bind_int(s, 1, SEARCH_TOK_VERSION);
	if (s && sqlite3_step(s) == SQLITE_ROW) {
		out->upto = (uint64_t)sqlite3_column_int64(s, 0);
		out->pages = (uint64_t)sqlite3_column_int64(s, 1);
		out->hidden = (uint64_t)sqlite3_column_int64(s, 2);
		out->live = sqlite3_column_int(s, 3) != 0;
		out->exists = out->upto <= out->last;
	}
	sqlite3_finalize(s);
	return 0;
}

/* ---- opening ---- */

/* 16 MiB of words are gathered before a segment is written (README: measured). */
static int make_tables(struct search_index *ix, struct err *err)
{
	char *sql = sql_for(ix->crawl,
		"begin immediate;"
		"drop table if exists main.search;"
		"drop table if exists main.search_state;"
		"create virtual table main.search using fts5(title, headings, text, content = '', "
		"tokenize = 'skitter');"
		"insert into main.search(search, rank) values('hashsize', 16777216);"
		"create table main.search_state(version integer, crawl text, upto integer, "
		"pages integer, hidden integer, live integer);"
		"insert into main.search_state values(0, "
		"(select value from @.meta where key = 'started_at'), 0, 0, 0, 0)");
	char mark[80];
	int ret = db_exec(ix->db, ix->path, sql, err);

	snprintf(mark, sizeof(mark), "update main.search_state set version = %d; commit",
		SEARCH_TOK_VERSION);
	if (ret == 0)
		ret = db_exec(ix->db, ix->path, mark, err);
	if (ret < 0)
		sqlite3_exec(ix->db, "rollback", NULL, NULL, NULL);
	free(sql);
	ix->now = (struct search_state){.last = ix->now.last};
	return ret;
}

/* Whether the crawl was told to ignore what robots say: then noindex hides nothing here either. */
static bool hides_noindex(struct search_index *ix)
{
	int64_t ignores = 0;

	ask_int(ix->db, ix->path, ix->crawl,
		"select json_extract(value, '$.ignore_robots') = 1 from @.meta "
		"where key = 'settings' and json_valid(value)",
		&ignores, NULL);
	return !ignores;
}

struct search_index *search_index_open(
	sqlite3 *db, const char *path, const char *crawl, struct err *err)
{
	struct search_index *ix = mem_zalloc(sizeof(*ix));

	*ix = (struct search_index){.db = db,
		.path = path,
		.crawl = mem_strdup(crawl),
		.words = SEARCH_WORDS_INIT,
		.old = SEARCH_WORDS_INIT};
	if (search_index_state(db, path, crawl, &ix->now, err) < 0 ||
		(!ix->now.exists && make_tables(ix, err) < 0))
		goto fail;
	ix->hide = hides_noindex(ix);
	for (int i = 0; i < STATEMENTS; i++) {
		ix->s[i] = prepare(db, path, crawl, statement_sql[i], err);
		if (!ix->s[i])
			goto fail;
	}
	ix->now.exists = true;
	return ix;
fail:
	search_index_close(ix);
	return NULL;
}

void search_index_close(struct search_index *ix)
{
	if (!ix)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(ix->s[i]);
	search_words_release(&ix->words);
	search_words_release(&ix->old);
	free(ix->crawl);
	free(ix);
}

const struct search_state *search_index_now(const struct search_index *ix)
{
	return &ix->now;
}

/* ---- one page ---- */

static int damaged(struct search_index *ix, int64_t id, struct err *err)
{
	return err_set(err, EXIT_STORAGE,
		"%s is damaged: the text of fetch %lld does not decompress; `skitter verify %s` "
		"says more",
		ix->path, (long long)id, ix->path);
}

static int put_words(struct search_index *ix, int which, int64_t id, const struct search_words *w,
	struct err *err)
{
	sqlite3_stmt *s = ix->s[which];

	sqlite3_bind_int64(s, 1, id);
	sqlite3_bind_text64(s, 2, w->title.data, w->title.len, SQLITE_STATIC, SQLITE_UTF8);
	sqlite3_bind_text64(s, 3, w->headings.data, w->headings.len, SQLITE_STATIC, SQLITE_UTF8);
	sqlite3_bind_text64(s, 4, w->text.data, w->text.len, SQLITE_STATIC, SQLITE_UTF8);
	return db_run(ix->db, ix->path, s, err);
}

static int row(struct search_index *ix, int which, int64_t id, struct err *err)
{
	int code;

	sqlite3_bind_int64(ix->s[which], 1, id);
	code = sqlite3_step(ix->s[which]);
	if (code == SQLITE_ROW)
		return 1;
	return code == SQLITE_DONE ? 0 : db_fail(ix->db, ix->path, "reading", err);
}

/* FTS5 takes a page without text of its own out of the index by the words that went in. */
static int take_out(struct search_index *ix, int64_t id, struct err *err)
{
	int more = row(ix, KNOWN, id, err), ret;

	sqlite3_reset(ix->s[KNOWN]);
	if (more <= 0)
		return more;
	ret = row(ix, WORDS, id, err) < 0 ? -1 : 0;
	if (ret == 0 && search_words_read(&ix->old, ix->s[WORDS], 0) < 0)
		ret = damaged(ix, id, err);
	sqlite3_reset(ix->s[WORDS]);
	if (ret == 0)
		ret = put_words(ix, REMOVE, id, &ix->old, err);
	ix->now.pages -= ret == 0;
	return ret;
}

static int take_out_older(struct search_index *ix, int64_t id, int64_t url_id, struct err *err)
{
	int more, ret = 0;

	sqlite3_bind_int64(ix->s[OLDER], 2, id);
	while (ret == 0 && (more = row(ix, OLDER, url_id, err)) != 0)
		ret = more < 0 ? -1 : take_out(ix, sqlite3_column_int64(ix->s[OLDER], 0), err);
	sqlite3_reset(ix->s[OLDER]);
	return ret;
}

static int look_at(struct search_index *ix, sqlite3_stmt *f, size_t *bytes, struct err *err)
{
	int64_t id = sqlite3_column_int64(f, 0);

	if (take_out_older(ix, id, sqlite3_column_int64(f, 1), err) < 0)
		return -1;
	if (!sqlite3_column_int(f, 2))
		return 0;
	if (ix->hide && sqlite3_column_int(f, 3)) {
		ix->now.hidden++;
		return 0;
	}
	if (search_words_read(&ix->words, f, 4) < 0)
		return damaged(ix, id, err);
	if (!ix->words.title.len && !ix->words.headings.len && !ix->words.text.len)
		return 0;
	*bytes += ix->words.title.len + ix->words.headings.len + ix->words.text.len;
	ix->now.pages++;
	return put_words(ix, ADD, id, &ix->words, err);
}

/* ---- a step ---- */

/* How many; -1 with err. */
static int64_t look_at_some(
	struct search_index *ix, uint64_t fetches, size_t max_bytes, struct err *err)
{
	sqlite3_stmt *f = ix->s[FETCHES];
	size_t bytes = 0;
	int64_t n = 0;
	int code = SQLITE_ROW;

	sqlite3_bind_int64(f, 1, (sqlite3_int64)ix->now.upto);
	sqlite3_bind_int64(f, 2, (sqlite3_int64)fetches);
	while (n >= 0 && bytes < max_bytes && (code = sqlite3_step(f)) == SQLITE_ROW) {
		ix->now.upto = (uint64_t)sqlite3_column_int64(f, 0);
		n = look_at(ix, f, &bytes, err) < 0 ? -1 : n + 1;
	}
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		n = db_fail(ix->db, ix->path, "reading", err);
	sqlite3_reset(f);
	return n;
}

static int mark(struct search_index *ix, struct err *err)
{
	sqlite3_stmt *s = ix->s[MARK];

	sqlite3_bind_int64(s, 1, (sqlite3_int64)ix->now.upto);
	sqlite3_bind_int64(s, 2, (sqlite3_int64)ix->now.pages);
	sqlite3_bind_int64(s, 3, (sqlite3_int64)ix->now.hidden);
	return db_run(ix->db, ix->path, s, err);
}

int64_t search_index_step(struct search_index *ix, uint64_t fetches, size_t bytes, struct err *err)
{
	struct search_state before = ix->now;
	int64_t n;

	if (db_exec(ix->db, ix->path, "begin immediate", err) < 0)
		return -1;
	n = look_at_some(ix, fetches, bytes, err);
	if (n >= 0 && (n == 0 || mark(ix, err) == 0) &&
		db_exec(ix->db, ix->path, "commit", err) == 0)
		return n;
	sqlite3_exec(ix->db, "rollback", NULL, NULL, NULL);
	ix->now = before;
	return -1;
}

int search_index_live(struct search_index *ix, bool live, struct err *err)
{
	ix->now.live = live;
	return db_exec(ix->db, ix->path,
		live ? "update main.search_state set live = 1"
		     : "update main.search_state set live = 0",
		err);
}

int search_index_memory(struct search_index *ix, size_t bytes, struct err *err)
{
	char sql[96];

	snprintf(sql, sizeof(sql), "insert into main.search(search, rank) values('hashsize', %zu)",
		bytes);
	return db_exec(ix->db, ix->path, sql, err);
}
