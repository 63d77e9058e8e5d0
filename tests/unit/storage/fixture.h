/* fixture.h - a store in a fresh folder, and items to put into it.
 *
 * One file, included by each test: a test binary has one object.
 */
#ifndef SKITTER_TESTS_STORAGE_FIXTURE_H
#define SKITTER_TESTS_STORAGE_FIXTURE_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "config/buf.h"
#include "config/facts.h"
#include "config/mem.h"
#include "storage/store.h"
#include "storage/store_read.h"

#define UNUSED __attribute__((unused))

/* ---- a folder that goes away ---- */

struct fix {
	char dir[64];
	char path[96];
	struct err err;
	atomic_size_t committed;
	uint64_t last_ticket; /* of what came back: must ascend */
	bool disorder;
	atomic_int failures;
	struct err failure;
};

static UNUSED void fix_open(struct fix *f)
{
	memset(f, 0, sizeof(*f));
	strcpy(f->dir, "/tmp/skitter-store-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/c.db", f->dir);
}

static UNUSED void fix_close(struct fix *f)
{
	DIR *d = opendir(f->dir);
	struct dirent *e;
	char path[400];

	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, e->d_name);
		if (e->d_name[0] != '.')
			unlink(path);
	}
	if (d)
		closedir(d);
	rmdir(f->dir);
}

static UNUSED bool fix_has_file(const struct fix *f, const char *suffix)
{
	char path[200];
	struct stat sb;

	snprintf(path, sizeof(path), "%s%s", f->path, suffix);
	return stat(path, &sb) == 0;
}

static UNUSED void fix_write(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static UNUSED char *fix_read(const char *path)
{
	FILE *in = fopen(path, "r");
	struct buf b = BUF_INIT;
	char chunk[4096];
	size_t n;

	assert_non_null(in);
	while ((n = fread(chunk, 1, sizeof(chunk), in)) > 0)
		buf_add(&b, chunk, n);
	fclose(in);
	return buf_take(&b);
}

/* ---- items ---- */

/* An item with all it points to; made by page_new, freed when it comes back. */
struct page {
	struct store_item item;
	struct store_new_url urls[40];
	struct store_excluded excluded[8];
	struct store_host host;
	struct store_robots robots;
	struct store_meta meta;
	struct buf strings[48];
	size_t nstrings;
	void *facts;
};

static UNUSED struct page *page_new(struct store *st)
{
	struct page *p = mem_zalloc(sizeof(*p));

	p->item.ticket = store_ticket(st);
	p->item.user = p;
	p->item.dns_ms = p->item.connect_ms = p->item.tls_ms = p->item.wait_ms = -1;
	p->item.ttfb_ms = p->item.total_ms = p->item.parse_ms = -1;
	return p;
}

static void page_free(struct page *p)
{
	for (size_t i = 0; i < p->nstrings; i++)
		buf_release(&p->strings[i]);
	free(p->facts);
	free(p);
}

/* A formatted string that lives as long as the page. */
static UNUSED __attribute__((format(printf, 2, 3))) char *page_str(
	struct page *p, const char *fmt, ...)
{
	struct buf *b = &p->strings[p->nstrings++];
	va_list ap;

	assert_true(p->nstrings <= MEM_COUNT(p->strings));
	buf_init(b);
	va_start(ap, fmt);
	buf_vaddf(b, fmt, ap);
	va_end(ap);
	return b->data;
}

static UNUSED struct store_new_url *page_url(
	struct page *p, uint64_t id, uint64_t referrer, const char *url)
{
	struct store_new_url *u = &p->urls[p->item.nurls++];

	*u = (struct store_new_url){.id = id,
		.url = page_str(p, "%s", url),
		.url_len = (uint32_t)strlen(url),
		.host_id = 1,
		.kind = referrer ? LINK_A : LINK_SEED,
		.depth = referrer ? 1 : 0,
		.referrer = referrer};
	p->item.urls = p->urls;
	return u;
}

static UNUSED struct store_excluded *page_excluded(
	struct page *p, const char *url, const char *reason, const char *rule)
{
	struct store_excluded *ex = &p->excluded[p->item.nexcluded++];

	*ex = (struct store_excluded){.url = page_str(p, "%s", url),
		.url_len = (uint32_t)strlen(url),
		.host_id = 1,
		.reason = reason,
		.rule = rule,
		.row = true};
	p->item.excluded = p->excluded;
	return ex;
}

static UNUSED void page_fetch(struct page *p, uint64_t url_id, int status, const char *body)
{
	struct store_item *it = &p->item;

	it->url_id = url_id;
	it->attempt = 1;
	it->final = true;
	it->status = status;
	it->content_type = "text/html";
	it->fetched_wall_ms = 1700000000123;
	it->ttfb_ms = 1.5;
	it->total_ms = 2.25;
	it->http_version = "1.1";
	strcpy(it->ip, "127.0.0.1");
	it->request_head = "GET / HTTP/1.1\r\n\r\n";
	it->request_head_len = strlen(it->request_head);
	it->response_head = "HTTP/1.1 200 OK\r\n\r\n";
	it->response_head_len = strlen(it->response_head);
	if (body) {
		it->body = page_str(p, "%s", body);
		it->body_len = strlen(body);
	}
}

/* Starts the page's facts; page_facts_end closes them. */
static UNUSED void page_facts(struct page *p, struct facts_writer *w)
{
	p->facts = aligned_alloc(8, 1 << 20);
	facts_begin(w, p->facts, 1 << 20);
	w->f->flags |= FACTS_HTML;
}

static UNUSED struct facts_link *page_link(struct facts_writer *w, const char *url,
	enum facts_kind kind, const char *rel, const char *text)
{
	struct facts_link *l = facts_put_link(w, url, strlen(url), kind, ATTR_HREF, 0);

	assert_non_null(l);
	l->rel = facts_put(w, rel, strlen(rel), 0);
	l->text = facts_put(w, text, strlen(text), 0);
	return l;
}

static UNUSED void page_facts_end(struct page *p, struct facts_writer *w)
{
	size_t size = facts_finish(w);
	struct err err;

	assert_int_equal(facts_check(p->facts, size, &err), 0);
	p->item.facts = p->facts;
}

/* ---- running ---- */

static void fix_committed(void *arg, struct store_item *list)
{
	struct fix *f = arg;

	while (list) {
		struct store_item *item = list;
		list = item->next;
		f->disorder |= item->ticket <= f->last_ticket;
		f->last_ticket = item->ticket;
		page_free(item->user);
		f->committed++;
	}
}

static void fix_failed(void *arg, const struct err *err)
{
	struct fix *f = arg;

	f->failure = *err;
	f->failures++;
}

static UNUSED struct store_opts fix_opts(struct fix *f)
{
	return (struct store_opts){.storers = 2,
		.queue_max = 64,
		.committed = fix_committed,
		.failed = fix_failed,
		.arg = f,
		.store_bodies = true,
		.fast_sync = true};
}

static UNUSED struct store *fix_start(struct fix *f, enum store_mode mode)
{
	struct store *st = store_open(f->path, mode, &f->err);
	struct store_opts o = fix_opts(f);

	if (!st)
		fail_msg("%s", f->err.text);
	f->last_ticket = 0;
	if (store_start(st, &o, &f->err) < 0)
		fail_msg("%s", f->err.text);
	return st;
}

static UNUSED void fix_put(struct store *st, struct page *p)
{
	while (store_queued(st) >= 64)
		usleep(200);
	store_put(st, &p->item);
}

static UNUSED void fix_stop(struct fix *f, struct store *st, bool finished)
{
	if (store_stop(st, finished, &f->err) < 0)
		fail_msg("%s", f->err.text);
	assert_false(f->disorder);
	store_close(st);
}

static UNUSED void fix_free_uncommitted(struct store *st)
{
	struct store_item *list = store_take_uncommitted(st);

	while (list) {
		struct store_item *item = list;
		list = item->next;
		page_free(item->user);
	}
}

/* ---- asking, as a stranger: a plain SQLite connection ---- */

/* The rows of a query, columns by |, rows by newlines. */
static UNUSED char *fix_ask(const char *path, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *s;
	struct buf b = BUF_INIT;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	while (sqlite3_step(s) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(s); i++) {
			const char *text = (const char *)sqlite3_column_text(s, i);
			if (i)
				buf_add_ch(&b, '|');
			buf_add_str(&b, text ? text : "NULL");
		}
		buf_add_ch(&b, '\n');
	}
	sqlite3_finalize(s);
	sqlite3_close(db);
	return buf_take(&b);
}

static UNUSED void fix_expect(const char *path, const char *sql, const char *expected)
{
	char *got = fix_ask(path, sql);

	if (strcmp(got, expected) != 0)
		fail_msg("%s\ngot:      %s\nexpected: %s", sql, got, expected);
	free(got);
}

#endif
