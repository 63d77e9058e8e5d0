/* bench_report.c - what a report of a big crawl costs: time and peak memory of `skitter report`.
 *
 * bench_report [PAGES [LINKS [FILE.db]]] - makes a synthetic crawl (by plain SQL into skitter's own
 * schema; a file that is there is used again) and runs `skitter report` on it as a process of its
 * own: HTML, JSON, terminal.
 *
 * The web: one host per 5,000 pages. Of the pages 94 % are there; the others are redirects (some in
 * chains), dead, failing, blocked. A third of the links of a page are the same on all pages of its
 * host, one of them is dead. Titles repeat now and then, so do bodies; one page in 20 names nine
 * translations; one in 50 loads something by http.
 */
#include <fcntl.h>
#include <libgen.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "config/buf.h"
#include "config/clock.h"
#include "config/err.h"
#include "config/facts.h"
#include "storage/store.h"

#define PER_HOST 5000
#define T0	 1700000000000LL

static uint64_t seed = 1;

static uint64_t rnd(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

static void die(sqlite3 *db, const char *what)
{
	fprintf(stderr, "bench_report: %s: %s\n", what, db ? sqlite3_errmsg(db) : "failed");
	exit(1);
}

static void exec(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		die(db, sql);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		die(db, sql);
	return s;
}

static void run(sqlite3 *db, sqlite3_stmt *s)
{
	if (sqlite3_step(s) != SQLITE_DONE)
		die(db, "insert");
	sqlite3_reset(s);
}

/* ---- a page ---- */

enum sort { THERE, MOVED, DEAD, FAILING, BLOCKED, LIMITED, TIMEOUT };

/* Decided by the page's number alone, so that links can be made to any page. */
static enum sort sort_of(uint64_t page)
{
	uint64_t h = page * 0x9e3779b97f4a7c15u >> 40;

	if (page % PER_HOST == 7)
		return DEAD; /* what every page of the host links to */
	if (h % 1000 < 940 || page % PER_HOST == 0)
		return THERE;
	if (h % 1000 < 970)
		return MOVED;
	if (h % 1000 < 985)
		return DEAD;
	return h % 1000 < 990	? FAILING
	       : h % 1000 < 994 ? BLOCKED
	       : h % 1000 < 997 ? LIMITED
				: TIMEOUT;
}

static void add_url(struct buf *b, uint64_t page)
{
	buf_addf(b, "https://host%llu.example/docs/section-%llu/page-%llu.html",
		(unsigned long long)(page / PER_HOST), (unsigned long long)(page / 50),
		(unsigned long long)page);
}

static void add_link(struct buf *b, uint64_t page, uint64_t to, const char *kind, const char *rest)
{
	buf_add_str(b, b->len ? ",[\"" : "[[\"");
	if (page / PER_HOST == to / PER_HOST)
		buf_addf(b, "/docs/section-%llu/page-%llu.html", (unsigned long long)(to / 50),
			(unsigned long long)to);
	else
		add_url(b, to);
	buf_addf(b, "\",\"%s\"%s]", kind, rest);
}

static void add_links(struct buf *b, uint64_t page, uint64_t pages, unsigned links)
{
	uint64_t first = page / PER_HOST * PER_HOST;
	char rest[80];

	for (unsigned i = 0; i < links; i++) {
		uint64_t to = i < links / 3 ? first + i
			      : rnd(20)	    ? first + rnd(PER_HOST)
					    : rnd(pages);
		snprintf(rest, sizeof(rest), ",\"Link number %u to %llu\"", i,
			(unsigned long long)to);
		add_link(b, page, to < pages ? to : page, "a", rest);
	}
	for (unsigned i = 0; page % 20 == 3 && i < 9; i++) {
		snprintf(rest, sizeof(rest), ",\"%c%c\",\"alternate\"", "deeeffinj"[i],
			"enslriplo"[i]);
		add_link(b, page, page - page % 20 + i < pages ? page - page % 20 + i : page,
			"link", rest);
	}
	if (page % 50 == 1)
		buf_add_str(b, ",[\"http://images.example/pixel.png\",\"img\"]");
	buf_add_str(b, "]");
}

struct writing {
	sqlite3 *db;
	sqlite3_stmt *url, *fetch, *links, *content;
	struct buf b, target, pack;
	uint64_t pages;
	unsigned nlinks;
};

static void put_url(struct writing *w, uint64_t page)
{
	buf_reset(&w->b);
	add_url(&w->b, page);
	sqlite3_bind_int64(w->url, 1, (sqlite3_int64)page + 1);
	sqlite3_bind_text(w->url, 2, w->b.data, (int)w->b.len, SQLITE_STATIC);
	sqlite3_bind_int64(w->url, 3, (sqlite3_int64)(page / PER_HOST) + 1);
	sqlite3_bind_int64(w->url, 4, page ? 1 + (sqlite3_int64)(page % 9) : 0);
	sqlite3_bind_int(w->url, 5, page ? LINK_A : LINK_SEED);
	run(w->db, w->url);
}

static void bind_answer(struct writing *w, uint64_t page)
{
	static const int status[] = {200, 301, 404, 500, 403, 429, 0};
	enum sort sort = sort_of(page);
	uint64_t digest[4] = {page % 100 == 5 ? page / 1000 : page * 2 + 1, 2, 3, 4};
	char title[100];

	snprintf(title, sizeof(title), "Page %llu of the documentation",
		(unsigned long long)(page % 20 == 2 ? page / 100 : page));
	sqlite3_bind_int(w->fetch, 3, status[sort]);
	sqlite3_bind_text(w->fetch, 4, sort == TIMEOUT ? "timeout" : NULL, -1, SQLITE_STATIC);
	sqlite3_bind_text(
		w->fetch, 5, sort == THERE && page % 30 ? title : NULL, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(w->fetch, 6, page % 3 ? NULL : title, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int64(w->fetch, 8, sort == THERE ? (sqlite3_int64)(2000 + rnd(60000)) : 0);
	sqlite3_bind_int64(w->fetch, 9, T0 + (sqlite3_int64)page * 3);
	sqlite3_bind_int64(
		w->fetch, 10, (sqlite3_int64)(1000 + rnd(80000) + (rnd(50) ? 0 : 900000)));
	sqlite3_bind_int(w->fetch, 12, sort == THERE ? FACTS_HTML : 0);
	sqlite3_bind_blob(w->fetch, 13, digest, sizeof(digest), SQLITE_TRANSIENT);
}

static void put_page(struct writing *w, uint64_t page)
{
	buf_reset(&w->target);
	add_url(&w->target, sort_of(page) == MOVED || page % 2 ? page + 1 : page);
	put_url(w, page);
	sqlite3_bind_int64(w->fetch, 1, (sqlite3_int64)page + 1);
	sqlite3_bind_int64(w->fetch, 2, (sqlite3_int64)page + 1);
	bind_answer(w, page);
	if (sort_of(page) == THERE && page % 4 == 0)
		sqlite3_bind_text(w->fetch, 7, w->target.data, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(w->fetch, 7);
	if (sort_of(page) == MOVED)
		sqlite3_bind_text(w->fetch, 11, w->target.data, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(w->fetch, 11);
	run(w->db, w->fetch);
	if (sort_of(page) != THERE)
		return;
	buf_reset(&w->pack);
	add_links(&w->pack, page, w->pages, w->nlinks);
	sqlite3_bind_int64(w->links, 1, (sqlite3_int64)page + 1);
	sqlite3_bind_text(w->links, 2, w->pack.data, (int)w->pack.len, SQLITE_STATIC);
	run(w->db, w->links);
}

static void put_hosts(struct writing *w)
{
	sqlite3_stmt *s = prepare(w->db,
		"insert into host(id, name, origin, ip, state, crawl_delay) values(?1, 'host' || "
		"(?1 - 1) || '.example', 'https://host' || (?1 - 1) || '.example', '192.0.2.1', "
		"'ready', 1)");

	for (uint64_t h = 0; h <= w->pages / PER_HOST; h++) {
		sqlite3_bind_int64(s, 1, (sqlite3_int64)h + 1);
		run(w->db, s);
	}
	sqlite3_finalize(s);
}

static void make_db(const char *path, uint64_t pages, unsigned links)
{
	struct writing w = {.pages = pages,
		.nlinks = links,
		.b = BUF_INIT,
		.target = BUF_INIT,
		.pack = BUF_INIT};
	struct err err;
	struct store *st = store_open(path, STORE_CREATE, &err);

	if (!st) {
		fprintf(stderr, "bench_report: %s\n", err.text);
		exit(1);
	}
	store_meta_set(st, "state", "finished", &err);
	store_close(st);
	if (sqlite3_open(path, &w.db) != SQLITE_OK)
		die(w.db, path);
	exec(w.db, "pragma synchronous = off; pragma journal_mode = off; begin");
	w.url = prepare(
		w.db, "insert into url(id, url, host_id, depth, kind) values(?1, ?2, ?3, ?4, ?5)");
	w.fetch = prepare(w.db,
		"insert into fetch(id, url_id, state, attempt, status, error, title, description, "
		"canonical, size, wire_size, fetched_ms, ttfb_us, total_us, redirect, flags, "
		"content_type, digest) values(?1, ?2, 2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?8 / 4, ?9, "
		"?10, "
		"?10 * 2, ?11, ?12, 'text/html; charset=utf-8', ?13)");
	w.links = prepare(w.db, "insert into link_pack(id, links) values(?1, ?2)");
	put_hosts(&w);
	for (uint64_t page = 0; page < pages; page++)
		put_page(&w, page);
	sqlite3_finalize(w.url);
	sqlite3_finalize(w.fetch);
	sqlite3_finalize(w.links);
	exec(w.db, "commit");
	sqlite3_close(w.db);
	buf_release(&w.b);
	buf_release(&w.target);
	buf_release(&w.pack);
}

/* ---- skitter report ---- */

static void measure(const char *what, char **argv, const char *out)
{
	int64_t start = clock_ms();
	struct rusage ru;
	struct stat sb;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		dup2(fd, STDOUT_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &ru) != pid || status != 0 || stat(out, &sb) < 0)
		die(NULL, what);
	printf("%-9s %6.1f s  %6.1f CPU s  %4ld MB at most  %8.1f kB written\n", what,
		(double)(clock_ms() - start) / 1000,
		(double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
			(double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6,
		ru.ru_maxrss / 1024, (double)sb.st_size / 1000);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	uint64_t pages = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000;
	unsigned links = argc > 2 ? (unsigned)atoi(argv[2]) : 40;
	char path[300], html[320], skitter[300], command[] = "report", o[] = "-o",
						 json[] = "--json", dash[] = "-";
	struct stat sb;
	int64_t start = clock_ms();

	snprintf(skitter, sizeof(skitter), "%s/../skitter", dirname(argv[0]));
	snprintf(path, sizeof(path), "%s/report-%llu-%u.db", argv[0], (unsigned long long)pages,
		links);
	if (argc > 3)
		snprintf(path, sizeof(path), "%s", argv[3]);
	snprintf(html, sizeof(html), "%s.report", path);
	if (stat(path, &sb) < 0) {
		make_db(path, pages, links);
		printf("%llu pages, %u links each, made in %.1f s\n", (unsigned long long)pages,
			links, (double)(clock_ms() - start) / 1000);
		if (stat(path, &sb) < 0)
			die(NULL, path);
	}
	printf("%s: %.1f MB\n", path, (double)sb.st_size / 1e6);
	measure("html", (char *[]){skitter, command, path, o, dash, NULL}, html);
	measure("json", (char *[]){skitter, command, path, json, NULL}, html);
	measure("terminal", (char *[]){skitter, command, path, NULL}, html);
	return 0;
}
