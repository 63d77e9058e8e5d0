/* run_check.c - what SQL finds in the crawl's file and in the server's access log. */
#include "tests/server/run.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/mem.h"

/* One line per row: columns joined by |, NULL spelled out, odd bytes as \xNN. */
static void add_value(struct buf *out, sqlite3_stmt *st, int col)
{
	const unsigned char *s = sqlite3_column_text(st, col);
	int len = sqlite3_column_bytes(st, col);

	if (sqlite3_column_type(st, col) == SQLITE_NULL) {
		buf_add_str(out, "NULL");
		return;
	}
	for (int i = 0; i < len; i++) {
		if (s[i] < ' ' || s[i] == 0x7f)
			buf_addf(out, "\\x%02X", s[i]);
		else
			buf_add_ch(out, s[i]);
	}
}

static void load_requests(struct run *r, sqlite3 *db)
{
	FILE *log = fopen("access.log", "r");
	sqlite3_stmt *st = NULL;
	char line[65536], *save, *field;
	size_t run = 0;

	sqlite3_exec(db,
		"create table requests(n integer primary key, at integer, host text, path text, "
		"status integer,"
		" open integer, conn integer, agent text, run integer)",
		NULL, NULL, NULL);
	if (!log)
		return;
	sqlite3_exec(db, "begin", NULL, NULL, NULL);
	sqlite3_prepare_v2(db,
		"insert into requests(at, host, path, status, open, conn, agent, run) "
		"values(?,?,?,?,?,?,?,?)",
		-1, &st, NULL);
	while (fgets(line, sizeof(line), log)) {
		int col = 1;

		line[strcspn(line, "\n")] = '\0';
		save = line;
		while ((field = strsep(&save, "\t")) && col <= 7)
			sqlite3_bind_text(st, col++, field, -1, SQLITE_TRANSIENT);
		while (run < r->nruns && atoll(line) >= r->starts[run])
			run++;
		sqlite3_bind_int64(st, 8, (sqlite3_int64)run);
		sqlite3_step(st);
		sqlite3_reset(st);
	}
	sqlite3_finalize(st);
	sqlite3_exec(db, "commit", NULL, NULL, NULL);
	fclose(log);
}

/* A database in memory with `requests`, and beside it the crawl's file, read-only. */
static sqlite3 *open_all(struct run *r, int line)
{
	sqlite3 *db = NULL;
	char *why = NULL;

	sqlite3_open_v2(":memory:", &db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI, NULL);
	if (access("crawl.db", R_OK) == 0 &&
		sqlite3_exec(db, "attach 'file:crawl.db?mode=ro' as crawl", NULL, NULL, &why) !=
			SQLITE_OK) {
		run_fail(r, line, "crawl.db: %s", why);
		sqlite3_free(why);
	}
	load_requests(r, db);
	return db;
}

static int query(sqlite3 *db, const char *sql, struct buf *out)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(st);
		if (rc != SQLITE_ROW)
			break;
		for (int i = 0; i < sqlite3_column_count(st); i++) {
			if (i)
				buf_add_ch(out, '|');
			add_value(out, st, i);
		}
		buf_add_ch(out, '\n');
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? 0 : -1;
}

static void compare(struct run *r, sqlite3 *db, int line, const char *sql, const char *expected)
{
	struct buf got = BUF_INIT;

	if (query(db, sql, &got) < 0)
		run_fail(r, line, "%s\n%s", sqlite3_errmsg(db), sql);
	else if (strcmp(got.data, expected) != 0)
		run_fail(r, line, "%s\n---- expected\n%s---- found\n%s----", sql, expected,
			got.data);
	buf_release(&got);
}

static void change(struct run *r, struct world_step *s)
{
	struct buf sql = BUF_INIT;
	sqlite3 *db = NULL;
	char *why = NULL;

	world_subst(r->world, s->sql, strlen(s->sql), &sql);
	sqlite3_open_v2("crawl.db", &db, SQLITE_OPEN_READWRITE, NULL);
	if (sqlite3_exec(db, sql.data, NULL, NULL, &why) != SQLITE_OK)
		run_fail(r, s->line, "%s\n%s", why ? why : "crawl.db cannot be opened", sql.data);
	sqlite3_free(why);
	sqlite3_close(db);
	buf_release(&sql);
}

void run_expect(struct run *r, struct world_step *s)
{
	struct buf expected = BUF_INIT, sql = BUF_INIT;
	sqlite3 *db;

	if (s->change) {
		change(r, s);
		return;
	}
	db = open_all(r, s->line);
	world_subst(r->world, s->sql, strlen(s->sql), &sql);
	for (size_t i = 0; i < s->nrows; i++) {
		world_subst(r->world, s->rows[i], strlen(s->rows[i]), &expected);
		buf_add_ch(&expected, '\n');
	}
	compare(r, db, s->line, sql.data, expected.data);
	sqlite3_close(db);
	buf_release(&expected);
	buf_release(&sql);
}

/* What the program itself says of its file. */
static void verify(struct run *r)
{
	struct buf said = BUF_INIT, command = BUF_INIT;
	FILE *f;
	int c;

	buf_addf(&command, "exec '%s' verify crawl.db 2>&1", r->skitter);
	f = popen(command.data, "r");
	while (f && (c = getc(f)) != EOF)
		buf_add_ch(&said, c);
	if (!f || pclose(f) != 0)
		run_fail(r, 0, "skitter verify crawl.db\n%s", said.data);
	buf_release(&said);
	buf_release(&command);
}

void run_invariants(struct run *r)
{
	static const char *const always[] = {
		/* a whole file */
		"select integrity_check from crawl.pragma_integrity_check where integrity_check <> "
		"'ok'",
		/* no page twice */
		"select url, count(*) from pages group by url having count(*) > 1",
		/* a URL has one fate */
		"select url from frontier intersect select url from pages",
		"select url from excluded intersect select url from pages",
		/* no child without the parent that found it */
		"select url, referrer from pages where referrer is not null and referrer not in "
		"(select url from pages)",
		"select url, referrer from frontier where referrer is not null and referrer not in "
		"(select url from pages)",
	};
	static const char *const once = "select host, path, count(*) from requests where path <> "
					"'/robots.txt' group by 1, 2 having count(*) > 1";
	static const char *const nothing_left = "select url, state from frontier";
	sqlite3 *db;

	if (access("crawl.db", R_OK) != 0 || r->world->damaged)
		return;
	verify(r);
	db = open_all(r, 0);
	for (size_t i = 0; i < MEM_COUNT(always); i++)
		compare(r, db, 0, always[i], "");
	if (!r->world->repeats)
		compare(r, db, 0, once, "");
	if (!r->world->leftover)
		compare(r, db, 0, nothing_left, "");
	sqlite3_close(db);
}
