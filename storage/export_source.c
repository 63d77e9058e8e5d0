#include "storage/export_source.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define WATCH_OPS 200000 /* steps of SQLite's machine between two looks: some milliseconds */

/* ---- the query as text ---- */

static bool is_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	return strncasecmp(text, word, n) == 0 && !isalnum((unsigned char)text[n]) &&
	       text[n] != '_';
}

/* A condition over pages begins with none of these. */
static bool is_select(const char *query)
{
	query += strspn(query, " \t\r\n(");
	return is_word(query, "select") || is_word(query, "with") || is_word(query, "values");
}

/* Without the semicolons that a shell would want. */
static void add_query(struct buf *sql, const char *query)
{
	size_t len = strlen(query);

	while (len && strchr("; \t\r\n", query[len - 1]))
		len--;
	buf_addf(sql, "(%.*s\n)", (int)len, query);
}

/* What a pattern is compared with: all of a URL, or what follows its scheme, or its origin. */
static const char *matched_part(const char *pattern)
{
	if (*pattern == '/')
		return "substr(url, instr(substr(url, 9), '/') + 8)";
	return strstr(pattern, "://") || *pattern == '*' ? "url"
							 : "substr(url, instr(url, '://') + 3)";
}

static void add_patterns(struct buf *sql, const struct export_opts *opts, const char *lead)
{
	for (size_t i = 0; i < opts->npatterns; i++)
		buf_addf(sql, "%s%s glob ?%zu", i ? " or " : lead, matched_part(opts->patterns[i]),
			i + 1);
	if (opts->npatterns)
		buf_add_ch(sql, ')');
}

/* As GLOB has it: in a pattern of ours [ is a letter like others. */
static void bind_patterns(sqlite3_stmt *s, const struct export_opts *opts)
{
	for (size_t i = 0; i < opts->npatterns; i++) {
		struct buf glob = BUF_INIT;
		for (const char *p = opts->patterns[i]; *p; p++)
			if (*p == '[')
				buf_add_str(&glob, "[[]");
			else
				buf_add_ch(&glob, *p);
		if (!strpbrk(opts->patterns[i], "/*"))
			buf_add_str(&glob, "/*"); /* only a host */
		sqlite3_bind_text(s, (int)i + 1, glob.data, (int)glob.len, SQLITE_TRANSIENT);
		buf_release(&glob);
	}
}

static sqlite3_stmt *prepare(
	struct store *st, struct buf *sql, const struct export_opts *opts, struct err *err)
{
	sqlite3_stmt *s = NULL;
	const char *rest;
	int code = sqlite3_prepare_v2(st->db, sql->data, -1, &s, &rest);

	if (code != SQLITE_OK) {
		query_fail(st, code, err);
	} else if (!s || *rest) {
		err_set(err, EXIT_USAGE, "SQL: not one condition or SELECT: %s", opts->query);
		sqlite3_finalize(s);
		s = NULL;
	} else {
		bind_patterns(s, opts);
	}
	buf_release(sql);
	return s;
}

sqlite3_stmt *export_rows(
	struct store *st, const char *columns, const struct export_opts *opts, struct err *err)
{
	struct buf sql = BUF_INIT;
	const char *query = opts->query && *opts->query ? opts->query : NULL;

	buf_addf(&sql, "select %s from ", columns);
	if (query && is_select(query)) {
		add_query(&sql, query);
		add_patterns(&sql, opts, " where (");
		return prepare(st, &sql, opts, err);
	}
	buf_add_str(&sql, "pages");
	if (query) {
		buf_add_str(&sql, " where ");
		add_query(&sql, query);
	}
	add_patterns(&sql, opts, query ? " and (" : " where (");
	return prepare(st, &sql, opts, err);
}

/* The pages view as its own file defines it, with page_id before its columns. */
static int add_pages(struct store *st, struct buf *sql, struct err *err)
{
	static const char ask[] =
		"select substr(sql, instr(lower(sql), 'select') + 7) from sqlite_master "
		"where type = 'view' and name = 'pages'";
	sqlite3_stmt *s = db_prepare(st->db, st->path, ask, err);
	int more;

	if (!s)
		return -1;
	more = read_row(st, s, err);
	if (more > 0) {
		buf_add_str(sql, "(select f.id as page_id, ");
		db_add_column(sql, s, 0);
		buf_add_str(sql, "\n) pages");
	} else if (more == 0) {
		err_set(err, EXIT_STORAGE, "%s has no view `pages`", st->path);
	}
	sqlite3_finalize(s);
	return more > 0 ? 0 : -1;
}

sqlite3_stmt *export_pages(struct store *st, const char *columns, const char *condition,
	const char *order, const struct export_opts *opts, struct err *err)
{
	struct buf sql = BUF_INIT;
	const char *query = opts->query && *opts->query ? opts->query : NULL;

	buf_addf(&sql, "select %s from ", columns);
	if (add_pages(st, &sql, err) < 0) {
		buf_release(&sql);
		return NULL;
	}
	buf_addf(&sql, " where (%s)", condition);
	if (query && is_select(query)) {
		buf_add_str(&sql, " and url in (select url from ");
		add_query(&sql, query);
		buf_add_ch(&sql, ')');
	} else if (query) {
		buf_add_str(&sql, " and ");
		add_query(&sql, query);
	}
	add_patterns(&sql, opts, " and (");
	if (order)
		buf_addf(&sql, " order by %s", order);
	return prepare(st, &sql, opts, err);
}

/* ---- watching ---- */

/* Called by SQLite in the middle of its work; not 0 ends that. */
static int look(void *arg)
{
	struct export_watch *w = arg;

	if (w->opts->progress)
		w->opts->progress(w->opts->arg, w->rows);
	return w->opts->stop && *w->opts->stop;
}

int export_begin(
	struct export_watch *w, struct store *st, const struct export_opts *opts, struct err *err)
{
	*w = (struct export_watch){.st = st, .opts = opts};
	if (db_exec(st->db, st->path, "pragma temp_store = file", err) < 0 ||
		query_begin(st, err) < 0)
		return -1;
	if (opts->progress || opts->stop)
		sqlite3_progress_handler(st->db, WATCH_OPS, look, w);
	return 0;
}

void export_end(struct export_watch *w)
{
	sqlite3_progress_handler(w->st->db, 0, NULL, NULL);
	query_end(w->st);
}
