/* In which of its three forms a text is kept, that each reader gets it back, also from a crawl
 * of before, and what is said of damaged ones. */
#include "fixture.h"

#include "storage/search.h"
#include "storage/verify.h"

#define SITE "https://example.com"

static struct fix f;
static struct buf html, text;

static int set_up(void **state)
{
	(void)state;
	fix_open(&f);
	buf_init(&html);
	buf_init(&text);
	for (int i = 0; i < 40; i++) {
		buf_addf(&html,
			"<p class=\"a\">Paragraph %d, one of forty that are about a number, says "
			"&lt;%d&gt;</p>\n",
			i, i * 7919);
		buf_addf(&text, "%sParagraph %d, one of forty that are about a number, says <%d>",
			i ? "\n" : "", i, i * 7919);
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buf_release(&html);
	buf_release(&text);
	fix_close(&f);
	return 0;
}

static void put(struct store *st, uint64_t id, const char *coding)
{
	struct page *p = page_new(st);
	struct facts_writer w;
	char url[64];

	snprintf(url, sizeof(url), SITE "/%d", (int)id);
	page_url(p, id, 0, url);
	page_fetch(p, id, 200, html.data);
	p->item.coding = coding;
	page_facts(p, &w);
	w.f->text = facts_put(&w, text.data, text.len, 0);
	page_facts_end(p, &w);
	fix_put(st, p);
}

static void make(bool bodies, const char *coding)
{
	struct store *st = store_open(f.path, STORE_CREATE, &f.err);
	struct store_opts o = fix_opts(&f);

	o.store_bodies = bodies;
	f.last_ticket = 0;
	assert_non_null(st);
	assert_int_equal(store_start(st, &o, &f.err), 0);
	put(st, 1, coding);
	fix_stop(&f, st, true);
}

static void expect_form(const char *form)
{
	fix_expect(f.path,
		"select case typeof(text) when 'text' then 'plain' else hex(substr(text, 1, 1)) "
		"end from content where id = 1",
		form);
}

static void expect_text(const char *url)
{
	struct store *st = store_open(f.path, STORE_READ, &f.err);
	struct store_body b;

	assert_non_null(st);
	assert_int_equal(store_body(st, url, &b, &f.err), 0);
	assert_int_equal(b.text.len, text.len);
	assert_string_equal(b.text.data, text.data);
	store_body_release(&b);
	store_close(st);
}

static void count_hit(void *arg, const struct search_hit *hit)
{
	assert_non_null(strstr(hit->snippet.data, "a number, says <308841>"));
	++*(int *)arg;
}

static void expect_found(int pages)
{
	const struct search_opts o = {0};
	const struct search_filter filter = {.limit = 10};
	struct search *s = search_open(f.path, &o, &f.err);
	uint64_t found;
	int n = 0;

	assert_non_null(s);
	assert_int_equal(search_find(s, "308841", &filter, count_hit, &n, &found, NULL, &f.err), 0);
	assert_int_equal(n, pages);
	search_close(s);
}

static void test_pieces_of_the_body(void **state)
{
	(void)state;
	make(true, NULL);
	expect_form("50\n");
	fix_expect(f.path, "select length(text) < 800 from content", "1\n");
	expect_text(SITE "/1");
	expect_found(1);
}

/* Pieces are of what is stored and can be read here: not of a body that is in the server's coding,
 * nor of one that is not kept. */
static void test_zstd(void **state)
{
	(void)state;
	make(true, "gzip");
	expect_form("28\n");
	expect_text(SITE "/1");
	expect_found(1);
	unlink(f.path);
	make(false, NULL);
	expect_form("28\n");
	expect_text(SITE "/1");
	expect_found(1);
}

static void test_text_of_another_body(void **state)
{
	(void)state;
	buf_reset(&text);
	for (int i = 0; i < 40; i++)
		buf_addf(&text, "None of this is in it: %d.\n", i * i * i);
	make(true, NULL);
	expect_form("28\n");
	expect_text(SITE "/1");
	buf_reset(&text);
	buf_add_str(&text, "short");
	unlink(f.path);
	make(true, NULL);
	expect_form("plain\n");
	expect_text(SITE "/1");
}

static void exec_sql(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* A crawl of version 1 has texts by zstd only. It is read as it is; going on with it makes it one
 * that version 1 refuses. */
static void test_version_1(void **state)
{
	struct store *st;

	(void)state;
	make(false, NULL);
	exec_sql("pragma user_version = 1");
	expect_text(SITE "/1");
	fix_expect(f.path, "pragma user_version", "1\n");
	st = fix_start(&f, STORE_RESUME);
	put(st, 2, NULL);
	fix_stop(&f, st, true);
	fix_expect(f.path, "pragma user_version", "2\n");
	fix_expect(f.path, "select hex(substr(text, 1, 1)) from content order by id", "28\n50\n");
	expect_text(SITE "/1");
	expect_text(SITE "/2");
	expect_found(2);
}

static void on_problem(void *arg, const char *check, const char *url, const char *what)
{
	assert_string_equal(check, "bodies");
	assert_string_equal(url, SITE "/1");
	buf_add_str(arg, what);
}

static int on_body(void *arg, const struct verify_body *b)
{
	assert_true(b->text_pieces);
	assert_false(b->text_packed);
	++*(int *)arg;
	return 0;
}

static void expect_verified(const char *problem)
{
	struct buf said = BUF_INIT;
	const struct verify v = {.problem = on_problem, .arg = &said};
	struct store *st = store_open(f.path, STORE_READ, &f.err);
	int bodies = 0;

	assert_int_equal(verify_bodies(st, &v, on_body, &bodies, &f.err), 0);
	assert_int_equal(bodies, 1);
	assert_string_equal(said.data, problem);
	store_close(st);
	buf_release(&said);
}

static void test_damaged(void **state)
{
	static const char problem[] = "the stored text is not made of the stored body";
	static const struct {
		const char *sql, *said;
	} damages[] = {
		{"update content set body = x'28b52ffd'", ""}, /* said of the body, by its digest */
		{"update content set packed = 0, body = x'20'", problem},
		{"update content set body = null", problem},
		{"update content set text = x'50ff'", problem},
	};
	struct store_body b;
	struct store *st;

	(void)state;
	for (size_t i = 0; i < MEM_COUNT(damages); i++) {
		make(true, NULL);
		expect_verified("");
		exec_sql(damages[i].sql);
		expect_verified(damages[i].said);
		st = store_open(f.path, STORE_READ, &f.err);
		assert_int_equal(store_body(st, SITE "/1", &b, &f.err), -1);
		assert_non_null(strstr(f.err.text, "damaged"));
		store_body_release(&b);
		store_close(st);
		unlink(f.path);
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pieces_of_the_body),
		TEST(test_zstd),
		TEST(test_text_of_another_body),
		TEST(test_version_1),
		TEST(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
