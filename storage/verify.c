/* verify.c - the file itself, and what is stored of each page. */
#include "storage/verify.h"

#include <stdio.h>
#include <string.h>

#include "config/facts.h"
#include "storage/store_int.h"
#include "storage/stored_text.h"

#define AT_ONCE	       256 /* pages per read transaction: a running crawl's log can be moved on */
#define KEEP	       ((size_t)4 << 20) /* memory of an odd page that is given back */
#define MAX_COMPLAINTS 1000		 /* of SQLite's integrity check */

static bool stopped(const struct verify *v)
{
	return v->stop && *v->stop;
}

/* ---- the file ---- */

struct ticking {
	const struct verify *v;
	uint64_t done;
};

static int tick(void *arg)
{
	struct ticking *t = arg;

	if (t->v->progress)
		t->v->progress(t->v->arg, "file", ++t->done, 0);
	return stopped(t->v);
}

int verify_file(struct store *st, const struct verify *v, struct err *err)
{
	struct ticking t = {.v = v};
	sqlite3_stmt *s = db_prepare(st->db, st->path, "pragma integrity_check(1000)", err);
	int code;

	if (!s)
		return -1;
	sqlite3_progress_handler(st->db, 1000000, tick, &t);
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		const char *what = (const char *)sqlite3_column_text(s, 0);
		if (what && strcmp(what, "ok") != 0)
			v->problem(v->arg, "file", NULL, what);
	}
	if (code != SQLITE_DONE && code != SQLITE_INTERRUPT)
		v->problem(v->arg, "file", NULL, sqlite3_errmsg(st->db));
	sqlite3_progress_handler(st->db, 0, NULL, NULL);
	sqlite3_finalize(s);
	return 0;
}

/* ---- bodies ---- */

enum { PAGE, BODY, URL, STATEMENTS };

static const char *const statement_sql[STATEMENTS] = {
	[PAGE] = "select url_id, digest, wire_digest, size, flags, status from fetch where id = ?1",
	[BODY] = "select packed, coding, body, text from content where id = ?1",
	[URL] = "select url from url where id = ?1",
};

struct walk {
	struct store *st;
	const struct verify *v;
	sqlite3_stmt *s[STATEMENTS];
	struct buf body, text; /* of a text made of its body */
};

static const uint8_t *digest_at(sqlite3_stmt *s, int at)
{
	return sqlite3_column_bytes(s, at) == 32 ? sqlite3_column_blob(s, at) : NULL;
}

/* The row with this id: 1, 0 = none, -1 = reported as a problem. */
static int step(struct walk *w, int which, int64_t id, const char *url)
{
	char what[512];
	int code;

	sqlite3_reset(w->s[which]);
	sqlite3_bind_int64(w->s[which], 1, id);
	code = sqlite3_step(w->s[which]);
	if (code == SQLITE_ROW)
		return 1;
	if (code == SQLITE_DONE)
		return 0;
	snprintf(what, sizeof(what), "page %lld cannot be read: %s", (long long)id,
		sqlite3_errmsg(w->st->db));
	w->v->problem(w->v->arg, "bodies", url, what);
	return -1;
}

static void read_page(sqlite3_stmt *s, struct verify_body *b)
{
	b->digest = digest_at(s, 1);
	b->wire_digest = digest_at(s, 2);
	b->wire_digest = b->wire_digest ? b->wire_digest : b->digest;
	b->has_size = sqlite3_column_type(s, 3) != SQLITE_NULL;
	b->size = (uint64_t)sqlite3_column_int64(s, 3);
	b->cut = sqlite3_column_int64(s, 4) & FACTS_CUT_BODY;
}

static void read_content(sqlite3_stmt *s, struct verify_body *b)
{
	b->packed = sqlite3_column_int(s, 0) != 0;
	b->coding = (const char *)sqlite3_column_text(s, 1);
	b->has_body = sqlite3_column_type(s, 2) != SQLITE_NULL;
	b->body = sqlite3_column_blob(s, 2);
	b->len = (size_t)sqlite3_column_bytes(s, 2);
	b->text = sqlite3_column_blob(s, 3);
	b->text_len = (size_t)sqlite3_column_bytes(s, 3);
}

/* Pieces need the body, and are copies of it at most: no process is asked for them. */
static void read_text(struct walk *w, struct verify_body *b)
{
	struct stored_text t = {.data = b->text,
		.len = b->text_len,
		.blob = sqlite3_column_type(w->s[BODY], 3) == SQLITE_BLOB,
		.body = b->body,
		.body_len = b->len,
		.body_packed = b->packed};

	b->text_pieces = stored_text_is_pieces(&t);
	b->text_packed = t.blob && !b->text_pieces;
	if (!b->text_pieces)
		return;
	buf_recycle(&w->body, KEEP);
	buf_recycle(&w->text, KEEP);
	if (b->has_body && b->packed) {
		if (db_unzstd(b->body, b->len, &w->body) < 0)
			return; /* of a damaged body its digest tells */
		t.body = w->body.data;
		t.body_len = w->body.len;
		t.body_packed = false;
	}
	if (stored_text_read(&t, &w->body, &w->text) < 0)
		w->v->problem(w->v->arg, "bodies", b->url,
			"the stored text is not made of the stored body");
}

static int one(struct walk *w, int64_t id, int (*fn)(void *, const struct verify_body *), void *arg)
{
	struct verify_body b = {.id = (uint64_t)id};

	if (step(w, PAGE, id, NULL) <= 0)
		return 0;
	if (step(w, URL, sqlite3_column_int64(w->s[PAGE], 0), NULL) > 0)
		b.url = (const char *)sqlite3_column_text(w->s[URL], 0);
	if (step(w, BODY, id, b.url) <= 0)
		return 0;
	read_page(w->s[PAGE], &b);
	read_content(w->s[BODY], &b);
	if (!b.body && b.len)
		return 0; /* out of memory or damaged: the next look at the row says so */
	read_text(w, &b);
	return fn(arg, &b);
}

static int some(struct walk *w, int64_t from, int64_t to,
	int (*fn)(void *, const struct verify_body *), void *arg, struct err *err)
{
	int ret = read_begin(w->st, err);

	for (int64_t id = from; ret == 0 && id < to && !stopped(w->v); id++)
		ret = one(w, id, fn, arg);
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_reset(w->s[i]);
	read_end(w->st);
	return ret;
}

int verify_bodies(struct store *st, const struct verify *v,
	int (*fn)(void *arg, const struct verify_body *b), void *arg, struct err *err)
{
	struct walk w = {.st = st, .v = v, .body = BUF_INIT, .text = BUF_INIT};
	int64_t last;
	int ret = db_int(st->db, st->path, "select max(id) from fetch", 0, &last, err);

	for (int i = 0; ret == 0 && i < STATEMENTS; i++) {
		w.s[i] = db_prepare(st->db, st->path, statement_sql[i], err);
		ret = w.s[i] ? 0 : -1;
	}
	/* Ids are given without gaps, so what an inner page of the table hides is asked for too. */
	for (int64_t id = 1; ret == 0 && id <= last && !stopped(v); id += AT_ONCE) {
		int64_t to = id + AT_ONCE <= last ? id + AT_ONCE : last + 1;
		ret = some(&w, id, to, fn, arg, err);
		if (v->progress)
			v->progress(v->arg, "bodies", (uint64_t)(to - 1), (uint64_t)last);
	}
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(w.s[i]);
	buf_release(&w.body);
	buf_release(&w.text);
	return ret;
}
