/* The search index through its life: built, kept up to date, put where it may be, and asked. */
#include "tests/unit/storage/fixture.h"

#include <fcntl.h>

#include "storage/lockfile.h"
#include "storage/search.h"
#include "storage/search_index.h"

#define SITE "http://a.test/"

static const char *home = "naughty"; /* where the data of others is, see main */

/* ---- a crawl of pages with text ---- */

static void put_page(struct store *st, uint64_t id, uint32_t attempt, int status, const char *title,
	const char *headings, const char *text)
{
	struct page *p = page_new(st);
	struct facts_writer w;

	page_fetch(p, id, status, "body");
	p->item.attempt = attempt;
	page_facts(p, &w);
	w.f->title = facts_put(&w, title, strlen(title), 0);
	w.f->headings = facts_put(&w, headings, strlen(headings), 0);
	w.f->text = facts_put(&w, text, strlen(text), 0);
	w.f->lang = facts_put(&w, id % 2 ? "en" : "de", 2, 0);
	page_facts_end(p, &w);
	if (attempt == 1)
		page_url(p, id, 0, page_str(p, SITE "%llu", (unsigned long long)id));
	p->host = (struct store_host){.id = 1, .name = "a.test", .crawl_delay = -1};
	p->item.hosts = &p->host;
	p->item.nhosts = 1;
	fix_put(st, p);
}

static void make_crawl(struct fix *f)
{
	struct store *st = fix_start(f, STORE_CREATE);
	struct buf longer = BUF_INIT;

	for (int i = 0; i < 60; i++)
		buf_addf(&longer, "filler sentence %d goes here. ", i);
	buf_add_str(&longer, "The needle lies here. ");
	for (int i = 0; i < 60; i++)
		buf_addf(&longer, "more filler %d follows. ", i);
	put_page(
		st, 1, 1, 200, "Water spiders", "1 Diving bells\n2 Silk", "They live under water.");
	put_page(st, 2, 1, 200, "Haystack", "", longer.data);
	put_page(st, 3, 1, 200, "東京タワー", "", "日本語の全文検索は二文字で見つかる。");
	put_page(st, 4, 1, 404, "Water, not found", "", "water");
	put_page(st, 5, 1, 200, "<b>\x1b[31mred\x1b[0m</b>", "", "water \xe2\x80\xae evil");
	fix_stop(f, st, true);
	buf_release(&longer);
}

/* ---- asking ---- */

struct answer {
	struct buf urls, snippets;
	uint64_t found;
};

static void add_marked(
	struct buf *out, const struct buf *text, const struct search_mark *m, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		assert_true(m[i].start >= at && m[i].end > m[i].start && m[i].end <= text->len);
		buf_add(out, text->data + at, m[i].start - at);
		buf_addf(out, "[%.*s]", (int)(m[i].end - m[i].start), text->data + m[i].start);
		at = m[i].end;
	}
	buf_add_str(out, text->data + at);
}

static void on_hit(void *arg, const struct search_hit *h)
{
	struct answer *a = arg;

	buf_addf(&a->urls, "%s ", h->url + strlen(SITE));
	add_marked(&a->snippets, &h->title, h->title_marks, h->ntitle_marks);
	buf_add_str(&a->snippets, h->cut_front ? ": ... " : ": ");
	add_marked(&a->snippets, &h->snippet, h->snippet_marks, h->nsnippet_marks);
	buf_add_str(&a->snippets, h->cut_back ? " ...\n" : "\n");
}

static struct search *open_search(const char *path)
{
	struct search_opts o = {0};
	struct err err = {0};
	struct search *s = search_open(path, &o, &err);

	if (!s)
		fail_msg("%s", err.text);
	return s;
}

static void ask(struct search *s, const char *query, struct answer *a)
{
	struct search_filter f = {.limit = 10};
	struct err err = {0};

	*a = (struct answer){.urls = BUF_INIT, .snippets = BUF_INIT};
	if (search_find(s, query, &f, on_hit, a, &a->found, NULL, &err) < 0)
		fail_msg("%s: %s", query, err.text);
}

static void answer_release(struct answer *a)
{
	buf_release(&a->urls);
	buf_release(&a->snippets);
}

static void finds(const char *path, const char *query, const char *urls)
{
	struct search *s = open_search(path);
	struct answer a;

	ask(s, query, &a);
	if (strcmp(a.urls.data, urls) != 0)
		fail_msg("`%s` finds `%s`, expected `%s`", query, a.urls.data, urls);
	answer_release(&a);
	search_close(s);
}

static void shows(const char *path, const char *query, const char *snippets)
{
	struct search *s = open_search(path);
	struct answer a;

	ask(s, query, &a);
	assert_string_equal(a.snippets.data, snippets);
	answer_release(&a);
	search_close(s);
}

static struct search_info info_of(const char *path)
{
	struct search *s = open_search(path);
	struct search_info i;

	search_info(s, &i);
	i.where = NULL; /* it goes with s */
	search_close(s);
	return i;
}

/* ---- tests ---- */

static void test_ranking_and_snippets(void **state)
{
	struct fix f;

	(void)state;
	fix_open(&f);
	make_crawl(&f);
	finds(f.path, "water", "1 5 ");
	finds(f.path, "silk", "1 ");
	finds(f.path, "2", "2 "); /* the level of a heading is no word */
	shows(f.path, "water",
		"[Water] spiders: They live under [water].\n"
		"<b>\x1b[31mred\x1b[0m</b>: [water] \xe2\x80\xae evil\n");
	shows(f.path, "文検索", "東京タワー: 日本語の全[文検索]は二文字で見つかる。\n");
	shows(f.path, "字", "東京タワー: 日本語の全文検索は二文[字]で見つかる。\n");
	shows(f.path, "needle",
		"Haystack: ... sentence 58 goes here. filler sentence 59 goes here. The [needle] "
		"lies "
		"here. more filler 0 follows. more filler 1 follows. more filler 2 follows. more "
		"filler "
		"3 follows. more filler 4 follows. more filler 5 follows. more filler 6 follows. "
		"...\n");
	shows(f.path, "diving", "Water spiders: [Diving] bells Silk\n");
	fix_close(&f);
}

static void test_the_index_is_in_the_file(void **state)
{
	struct fix f;

	(void)state;
	fix_open(&f);
	make_crawl(&f);
	finds(f.path, "water", "1 5 ");
	assert_false(fix_has_file(&f, ".search"));
	assert_false(fix_has_file(&f, "-wal"));
	assert_false(fix_has_file(&f, ".lock"));
	fix_expect(f.path, "select count(*) from search_docsize", "4\n");
	fix_expect(f.path, "pragma integrity_check", "ok\n");
	fix_expect(f.path, "select count(*) from pages", "5\n");
	fix_close(&f);
}

/* A page that is fetched again replaces what was known of it; one that is gone goes. */
static void test_replaced_pages(void **state)
{
	struct fix f;
	struct store *st;

	(void)state;
	fix_open(&f);
	make_crawl(&f);
	finds(f.path, "needle", "2 ");
	st = fix_start(&f, STORE_RESUME);
	put_page(st, 2, 2, 200, "Haystack, new", "", "the pin lies here");
	put_page(st, 1, 2, 410, "", "", "gone");
	put_page(st, 6, 1, 200, "Sixth", "", "another needle");
	fix_stop(&f, st, true);
	finds(f.path, "needle", "6 ");
	finds(f.path, "pin", "2 ");
	finds(f.path, "silk", "");
	fix_expect(f.path, "select group_concat(id) from search_docsize", "3,5,6,8\n");
	fix_expect(f.path, "select upto, pages from search_state", "8|4\n");
	fix_close(&f);
}

/* While a crawl writes, and after it. */
static void test_while_a_crawl_runs(void **state)
{
	struct fix f;
	struct store *st;
	struct search_info i;

	(void)state;
	fix_open(&f);
	make_crawl(&f);
	st = fix_start(&f, STORE_RESUME);
	put_page(st, 6, 1, 200, "Sixth", "", "another needle");
	while (store_queued(st))
		usleep(1000);
	finds(f.path, "needle", "6 2 ");
	i = info_of(f.path);
	assert_true(i.beside && i.running && !i.temporary && i.pages == 5 && i.newer == 0);
	assert_true(fix_has_file(&f, ".search"));
	put_page(st, 7, 1, 200, "Seventh", "", "one more needle");
	while (store_queued(st))
		usleep(1000);
	finds(f.path, "needle", "6 7 2 ");
	fix_stop(&f, st, true);
	fix_expect(f.path, "select count(*) from sqlite_schema where name like 'search%'", "0\n");
	put_page(st = fix_start(&f, STORE_RESUME), 8, 1, 200, "Eighth", "", "needle");
	fix_stop(&f, st, true);
	finds(f.path, "needle", "8 6 7 2 ");
	i = info_of(f.path);
	assert_true(!i.beside && !i.running && i.pages == 7);
	assert_false(fix_has_file(&f, ".search"));
	fix_close(&f);
}

/* Who holds the lock is said: a resume need not think that a crawl runs. */
static void test_lock_of_a_search(void **state)
{
	struct lockfile l;
	struct fix f;

	(void)state;
	fix_open(&f);
	make_crawl(&f);
	assert_int_equal(lockfile_open_as(&l, f.path, "search", &f.err), 0);
	assert_null(store_open(f.path, STORE_RESUME, &f.err));
	assert_non_null(strstr(f.err.text, "is in use by `skitter search`"));
	lockfile_close(&l);
	fix_close(&f);
}

/* --index: the crawl keeps it itself. */
static void test_kept_by_the_crawl(void **state)
{
	struct store_opts o;
	struct fix f;
	struct store *st;
	struct search_info i;

	(void)state;
	fix_open(&f);
	st = store_open(f.path, STORE_CREATE, &f.err);
	o = fix_opts(&f);
	o.index = true;
	assert_int_equal(store_start(st, &o, &f.err), 0);
	for (uint64_t id = 1; id <= 1500; id++)
		put_page(st, id, 1, 200, "Page", "", "needle in page");
	while (store_queued(st))
		usleep(1000);
	i = info_of(f.path);
	assert_true(i.running && !i.beside && i.pages >= 500 && i.pages + i.newer == 1500);
	assert_false(fix_has_file(&f, ".search"));
	fix_stop(&f, st, true);
	fix_expect(f.path, "select upto, pages, live from search_state", "1500|1500|0\n");
	i = info_of(f.path);
	assert_true(!i.running && !i.beside && i.pages == 1500 && i.newer == 0);
	fix_close(&f);
}

/* As if killed: the file claims to be kept up to date, and is not. */
static void test_after_a_kill(void **state)
{
	struct fix f;
	struct store *st;

	(void)state;
	fix_open(&f);
	make_crawl(&f);
	finds(f.path, "needle", "2 ");
	st = fix_start(&f, STORE_RESUME);
	put_page(st, 6, 1, 200, "Sixth", "", "another needle");
	fix_stop(&f, st, false);
	free(fix_ask(f.path, "update search_state set live = 1"));
	free(fix_ask(f.path, "update meta set value = 'running' where key = 'state'"));
	finds(f.path, "needle", "6 2 ");
	fix_close(&f);
}

/* Root may write anywhere, so it stops being root for a while. */
static void test_where_nothing_may_be_written(void **state)
{
	char beside[120];
	struct fix f;
	struct search_info i;
	uid_t me = geteuid();

	(void)state;
	fix_open(&f);
	make_crawl(&f);
	snprintf(beside, sizeof(beside), "%s.search", f.path);
	chmod(f.path, 0444);
	chmod(f.dir, 0777);
	if (me == 0)
		assert_int_equal(seteuid(65534), 0);
	finds(f.path, "needle", "2 ");
	i = info_of(f.path);
	assert_true(i.beside && !i.temporary && i.pages == 4);
	assert_int_equal(seteuid(me), 0);
	assert_int_equal(unlink(beside), 0);
	chmod(f.dir, 0555);
	if (me == 0)
		assert_int_equal(seteuid(65534), 0);
	finds(f.path, "needle", "2 ");
	i = info_of(f.path);
	assert_true(i.temporary);
	assert_int_equal(seteuid(me), 0);
	assert_false(fix_has_file(&f, ".search"));
	fix_expect(f.path, "select count(*) from sqlite_schema where name like 'search%'", "0\n");
	chmod(f.dir, 0755);
	fix_close(&f);
}

/* An index of another crawl, of another version, or without its tables is made anew. */
static void test_foreign_index(void **state)
{
	static const char *const harm[] = {"update search_state set crawl = 'another'",
		"update search_state set version = version + 1",
		"update search_state set upto = 99", "drop table search_state",
		"delete from search_state"};

	(void)state;
	for (size_t i = 0; i < MEM_COUNT(harm); i++) {
		struct fix f;
		fix_open(&f);
		make_crawl(&f);
		finds(f.path, "needle", "2 ");
		free(fix_ask(f.path, harm[i]));
		finds(f.path, "needle", "2 ");
		fix_expect(f.path,
			"select count(*), (select count(*) from search_docsize) from "
			"search_state",
			"1|4\n");
		fix_close(&f);
	}
}

static void test_filters(void **state)
{
	const char *const hosts[] = {"A.test"}, *const others[] = {"b.test"};
	struct search_filter f[] = {{.limit = 10, .lang = "en"}, {.limit = 10, .lang = "de"},
		{.limit = 10, .hosts = hosts, .nhosts = 1},
		{.limit = 10, .hosts = others, .nhosts = 1}, {.limit = 1},
		{.limit = 1, .offset = 1}, {.limit = 10, .offset = 5}};
	const char *urls[] = {"1 5 ", "", "1 5 ", "", "1 ", "5 ", ""};
	const uint64_t found[] = {2, 0, 2, 0, 2, 2, 2};
	struct fix fix;
	struct search *s;

	(void)state;
	fix_open(&fix);
	make_crawl(&fix);
	s = open_search(fix.path);
	for (size_t i = 0; i < MEM_COUNT(f); i++) {
		struct answer a = {.urls = BUF_INIT, .snippets = BUF_INIT};
		assert_int_equal(
			search_find(s, "water", &f[i], on_hit, &a, &a.found, NULL, &fix.err), 0);
		assert_string_equal(a.urls.data, urls[i]);
		assert_int_equal(a.found, found[i]);
		answer_release(&a);
	}
	search_close(s);
	fix_close(&fix);
}

/* A stop keeps what is built, and says how to go on; text that does not decompress is named. */
static void test_stop_and_damage(void **state)
{
	volatile sig_atomic_t stop = 1;
	struct search_opts o = {.stop = &stop};
	struct err err = {0};
	struct fix f;

	(void)state;
	fix_open(&f);
	make_crawl(&f);
	assert_null(search_open(f.path, &o, &err));
	assert_int_equal(err.status, EXIT_SIGNAL);
	assert_non_null(strstr(err.text, "goes on"));
	finds(f.path, "needle", "2 ");
	free(fix_ask(f.path, "update content set text = x'28b52ffd' where id = 2"));
	o = (struct search_opts){.rebuild = true};
	assert_null(search_open(f.path, &o, &err));
	assert_int_equal(err.status, EXIT_STORAGE);
	assert_non_null(strstr(err.text, "does not decompress"));
	fix_close(&f);
}

/* Strings that have broken programs: stored, found again where they hold a word, and shown as
 * they are, marks inside the text. */
static void test_naughty_strings(void **state)
{
	struct buf path = BUF_INIT;
	char *line = NULL;
	size_t cap = 0;
	uint64_t id = 0;
	struct fix f;
	struct store *st;
	struct search *s;
	struct answer a;
	FILE *in;

	(void)state;
	buf_addf(&path, "%s/text/naughty-strings.jsonl", home);
	in = fopen(path.data, "r");
	buf_release(&path);
	if (!in)
		skip();
	fix_open(&f);
	st = fix_start(&f, STORE_CREATE);
	while (getline(&line, &cap, in) > 0) {
		sqlite3_stmt *q = NULL;
		sqlite3 *db;
		sqlite3_open(":memory:", &db);
		sqlite3_prepare_v2(db, "select json_extract(?1, '$.s')", -1, &q, NULL);
		sqlite3_bind_text(q, 1, line, -1, SQLITE_STATIC);
		if (sqlite3_step(q) == SQLITE_ROW && sqlite3_column_text(q, 0)) {
			const char *text = (const char *)sqlite3_column_text(q, 0);
			put_page(st, ++id, 1, 200, text, text, text);
		}
		sqlite3_finalize(q);
		sqlite3_close(db);
	}
	fclose(in);
	free(line);
	fix_stop(&f, st, true);
	assert_true(id > 500);
	s = open_search(f.path);
	ask(s, "script OR 田中 OR 사회과학원 OR 社會科學院 OR select OR undefined", &a);
	assert_true(a.found > 50);
	answer_release(&a);
	ask(s, "社會科學院", &a);
	assert_non_null(strstr(a.snippets.data, "[社會科學院]"));
	answer_release(&a);
	search_close(s);
	fix_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranking_and_snippets),
		cmocka_unit_test(test_the_index_is_in_the_file),
		cmocka_unit_test(test_replaced_pages),
		cmocka_unit_test(test_while_a_crawl_runs),
		cmocka_unit_test(test_lock_of_a_search),
		cmocka_unit_test(test_kept_by_the_crawl),
		cmocka_unit_test(test_after_a_kill),
		cmocka_unit_test(test_where_nothing_may_be_written),
		cmocka_unit_test(test_foreign_index),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_stop_and_damage),
		cmocka_unit_test(test_naughty_strings),
	};

	if (getenv("CONFORMANCE"))
		home = getenv("CONFORMANCE");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
