/* SQL: formats, functions, nothing but reading; a stranger's sqlite3 while the
 * crawl writes. */
#include <sys/wait.h>

#include "tests/unit/storage/fixture.h"

#define SITE "https://example.com"

static void write_crawl(struct fix *f)
{
	struct store *st = fix_start(f, STORE_CREATE);
	struct facts_writer w;
	struct page *p = page_new(st);

	page_url(p, 1, 0, SITE "/");
	page_url(p, 2, 0, SITE "/x?y=1");
	fix_put(st, p);
	p = page_new(st);
	page_fetch(p, 1, 200, "body");
	page_facts(p, &w);
	w.f->title = facts_put(&w, "=1+2, \"x\"", 9, 0);
	page_facts_end(p, &w);
	fix_put(st, p);
	p = page_new(st);
	page_fetch(p, 2, 404, "\xff\xfe");
	p->item.coding = "gzip";
	page_facts(p, &w);
	w.f->title = facts_put(&w, "\x1b[31mred\xe2\x80\xae\n", 12, 0);
	page_facts_end(p, &w);
	fix_put(st, p);
	fix_stop(f, st, true);
}

static char *run(struct store *st, const char *sql, enum store_sql_format format, struct err *err)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	err->text[0] = '\0';
	store_sql(st, sql, format, out, err);
	fclose(out);
	return text;
}

static void expect(
	struct store *st, const char *sql, enum store_sql_format format, const char *text)
{
	struct err err;
	char *got = run(st, sql, format, &err);

	if (strcmp(got, text) != 0)
		fail_msg("%s\ngot:\n%s%s\nexpected:\n%s", sql, got, err.text, text);
	free(got);
}

static void expect_error(struct store *st, const char *sql, const char *words)
{
	struct err err;
	char *got = run(st, sql, SQL_JSON, &err);

	if (!strstr(err.text, words))
		fail_msg("%s\nsaid \"%s\"\nnot \"%s\"", sql, err.text, words);
	assert_int_equal(err.status, EXIT_USAGE);
	free(got);
}

static void test_formats(void **state)
{
	struct fix f;
	struct store *st;

	(void)state;
	fix_open(&f);
	write_crawl(&f);
	st = store_open(f.path, STORE_READ, &f.err);
	expect(st, "select url, status, title from pages", SQL_CSV,
		"url,status,title\r\n" SITE "/,200,\"'=1+2, \"\"x\"\"\"\r\n" SITE
		"/x?y=1,404,\"\x1b[31mred\xe2\x80\xae\n\"\r\n");
	expect(st, "select status, title, error, 1.5 as r, x'ff00' as b from pages", SQL_JSON,
		"[{\"status\":200,\"title\":\"=1+2, \\\"x\\\"\",\"error\":null,\"r\":1.5,\"b\":"
		"\"ff00\"},\n{\"status\":404,\"title\":\"\\u001b[31mred\xe2\x80\xae\\n\",\"error\":"
		"null,\"r\":1.5,\"b\":\"ff00\"}]\n");
	expect(st, "select url, status, title from pages", SQL_TABLE,
		"url                        status  title\n"
		"-------------------------  ------  -----------------------\n"
		"https://example.com/          200  =1+2, \"x\"\n"
		"https://example.com/x?y=1     404  \\x1b[31mred\\u{202e}\\x0a\n");
	expect(st, "select 1 as a where 0", SQL_JSON, "[]\n");
	expect(st, "select 1 as a where 0", SQL_CSV, "a\r\n");
	expect(st, "select 1 as a where 0", SQL_TABLE, "a\n-\n");
	expect(st, "select 1 as a; ; select 2 as b;  -- end\n", SQL_CSV, "a\r\n1\r\nb\r\n2\r\n");
	store_close(st);
	fix_close(&f);
}

static void test_long_tables(void **state)
{
	struct fix f;
	struct store *st;
	struct err err;
	char *got;
	const char *at;
	size_t lines = 0;

	(void)state;
	fix_open(&f);
	write_crawl(&f);
	st = store_open(f.path, STORE_READ, &f.err);
	got = run(st,
		"with recursive n(i) as (select 1 union all select i + 1 from n where i < 2500) "
		"select i, 'x' as x from n",
		SQL_TABLE, &err);
	for (at = got; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, 2502);
	assert_non_null(strstr(got, "\n2500  x\n"));
	free(got);
	got = run(st, "select printf('%.*c', 5000, 'w') as w", SQL_TABLE, &err);
	assert_non_null(strstr(got, "www...\n"));
	assert_true(strlen(got) < 400);
	free(got);
	store_close(st);
	fix_close(&f);
}

static void test_url_functions(void **state)
{
	struct fix f;
	struct store *st;

	(void)state;
	fix_open(&f);
	write_crawl(&f);
	st = store_open(f.path, STORE_READ, &f.err);
	expect(st,
		"with u(u) as (values ('https://user:p@a.example.com:8443/p/q?x=/y#f'), "
		"('http://[::1]:80/'), ('http://b.org/?'), ('mailto:x@y'), (null), ('nothing')) "
		"select url_scheme(u) a, url_host(u) b, url_port(u) c, url_path(u) d, url_query(u) "
		"e from u",
		SQL_CSV,
		"a,b,c,d,e\r\nhttps,a.example.com,8443,/p/q,x=/y\r\nhttp,[::1],80,/,\r\n"
		"http,b.org,80,/,\r\nmailto,,,x@y,\r\n,,,,\r\n,,,,\r\n");
	expect(st, "select url regexp '/x[?]y' as m, null regexp 'a' as n from pages", SQL_CSV,
		"m,n\r\n0,\r\n1,\r\n");
	expect_error(st, "select 'a' regexp '('", "regexp: ");
	expect_error(st, "select printf('%.*cb', 40, 'a') regexp '^(a|aa)+$'", "too many steps");
	store_close(st);
	fix_close(&f);
}

static int fake_inflate(void *arg, const char *coding, const void *data, size_t len,
	struct buf *out, struct err *err)
{
	assert_string_equal((char *)arg, "me");
	if (strcmp(coding, "gzip") != 0)
		return err_set(err, EXIT_INTERNAL, "unknown coding");
	buf_addf(out, "inflated %zu", len);
	(void)data;
	return 0;
}

static const char *fake_registrable(void *arg, const char *host, char *out, size_t cap)
{
	(void)arg;
	snprintf(out, cap, "reg.%s", host);
	return out;
}

static void test_lent_functions(void **state)
{
	char me[] = "me";
	struct fix f;
	struct store *st;

	(void)state;
	fix_open(&f);
	write_crawl(&f);
	st = store_open(f.path, STORE_READ, &f.err);
	expect_error(st, "select inflate(body, encoding) from bodies where encoding = 'gzip'",
		"no sandboxed process");
	expect_error(st, "select url_registrable('http://a.b/')", "public suffix list");
	store_set_inflate(st, fake_inflate, me);
	store_set_registrable(st, fake_registrable, NULL);
	expect(st, "select inflate(body, encoding) as t, inflate(null, 'gzip') as n from bodies",
		SQL_CSV, "t,n\r\nbody,\r\ninflated 2,\r\n");
	expect_error(st, "select inflate('x', 'lzma')", "unknown coding");
	expect(st, "select url_registrable('http://a.b/') as r", SQL_CSV, "r\r\nreg.a.b\r\n");
	store_close(st);
	fix_close(&f);
}

static void test_only_reading(void **state)
{
	static const char *const writes[] = {"delete from url", "insert into meta values('a', 'b')",
		"update fetch set status = 1", "create table t(a)", "create temp table t(a)",
		"drop table url", "attach ':memory:' as x", "pragma journal_mode = delete",
		"pragma user_version = 9", "vacuum", "vacuum into '/tmp/skitter-no'", "begin",
		"reindex", "analyze", "update sqlite_master set sql = ''",
		"select load_extension('x')"};
	struct fix f;
	struct store *st;

	(void)state;
	fix_open(&f);
	write_crawl(&f);
	st = store_open(f.path, STORE_READ, &f.err);
	for (size_t i = 0; i < MEM_COUNT(writes); i++) {
		struct err err;
		char *got = run(st, writes[i], SQL_CSV, &err);
		if (err.text[0] == '\0')
			fail_msg("%s was allowed", writes[i]);
		assert_int_equal(err.status, EXIT_USAGE);
		free(got);
	}
	expect_error(st, "selec 1", "syntax error");
	expect_error(st, "select nope from pages", "no such column");
	expect_error(st, " ; ", "empty");
	expect(st, "select count(*) as n from pragma_table_info('pages')", SQL_CSV, "n\r\n25\r\n");
	/* The store still works after all that. */
	expect(st, "select count(*) as n from pages", SQL_CSV, "n\r\n2\r\n");
	expect(st, "select count(*) as n from links", SQL_CSV, "n\r\n0\r\n");
	store_close(st);
	fix_close(&f);
}

/* ---- a stranger reads while the crawl writes ---- */

static char *shell(const struct fix *f, const char *sql)
{
	char command[400];
	struct buf b = BUF_INIT;
	char chunk[512];
	size_t n;
	FILE *in;

	snprintf(command, sizeof(command), "sqlite3 -readonly %s \"%s\" 2>&1", f->path, sql);
	in = popen(command, "r");
	assert_non_null(in);
	while ((n = fread(chunk, 1, sizeof(chunk), in)) > 0)
		buf_add(&b, chunk, n);
	pclose(in);
	return buf_take(&b);
}

static void test_sqlite3_while_writing(void **state)
{
	static const char *const views[] = {
		"pages", "links", "frontier", "excluded", "hosts", "bodies"};
	struct fix f;
	struct store *st;
	uint64_t id = 0;
	char sql[100], *got;

	(void)state;
	if (system("command -v sqlite3 >/dev/null") != 0)
		skip();
	fix_open(&f);
	st = fix_start(&f, STORE_CREATE);
	for (int round = 0; round < 12; round++) {
		for (int i = 0; i < 100; i++) {
			struct page *p = page_new(st);
			page_url(p, ++id, 0, SITE "/");
			page_fetch(p, id, 301, "moved");
			p->item.redirect = SITE "/x";
			fix_put(st, p);
		}
		snprintf(sql, sizeof(sql), "select count(*) >= 0 from %s", views[round % 6]);
		got = shell(&f, sql);
		assert_string_equal(got, "1\n");
		free(got);
		/* One moment: a page and its links come together. */
		got = shell(
			&f, "select (select count(*) from pages) = (select count(*) from links)");
		assert_string_equal(got, "1\n");
		free(got);
	}
	fix_stop(&f, st, true);
	got = shell(&f, "select count(*) from links");
	assert_string_equal(got, "1200\n");
	free(got);
	fix_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_long_tables),
		cmocka_unit_test(test_url_functions),
		cmocka_unit_test(test_lent_functions),
		cmocka_unit_test(test_only_reading),
		cmocka_unit_test(test_sqlite3_while_writing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
