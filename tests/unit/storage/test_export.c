/* Exports: what is selected, and how it is written. */
#include "tests/unit/storage/fixture.h"

#include "storage/export.h"

#define SITE "https://example.com"

/* ---- a crawl of three pages ---- */

static void put_page(struct store *st, uint64_t id, const char *url, int status, const char *title,
	const char *canonical, const char *head)
{
	struct page *p = page_new(st);
	struct facts_writer w;

	page_fetch(p, id, status, "<p>");
	p->item.url = url;
	if (head) {
		p->item.response_head = head;
		p->item.response_head_len = strlen(head);
	}
	page_facts(p, &w);
	if (title)
		w.f->title = facts_put(&w, title, strlen(title), 0);
	if (canonical)
		w.f->canonical = facts_put(&w, canonical, strlen(canonical), 0);
	if (status == 206) {
		w.f->robots |= ROBOTS_NOINDEX;
		p->item.status = 200;
	}
	page_facts_end(p, &w);
	fix_put(st, p);
}

static void write_crawl(struct fix *f)
{
	struct store *st = fix_start(f, STORE_CREATE);
	struct page *p = page_new(st);

	page_url(p, 1, 0, SITE "/");
	page_url(p, 2, 0, SITE "/x?y=1&z='2'");
	page_url(p, 3, 0, "http://[::1]:8080/a[b]c");
	page_url(p, 4, 0, SITE "/secret");
	page_url(p, 5, 0, SITE "/copy");
	page_url(p, 6, 0, SITE "/same");
	fix_put(st, p);
	put_page(st, 1, SITE "/", 200, "=1+2, \"x\"", NULL,
		"HTTP/1.1 200 OK\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
	put_page(st, 2, SITE "/x?y=1&z='2'", 200, "\tt", NULL,
		"HTTP/1.1 200 OK\r\nLast-Modified: Sun, 06 Nov 2094 08:49:37 GMT\r\n\r\n");
	put_page(st, 3, "http://[::1]:8080/a[b]c", 404, "-", NULL, NULL);
	put_page(st, 4, SITE "/secret", 206, NULL, NULL, NULL); /* noindex */
	put_page(st, 5, SITE "/copy", 200, NULL, SITE "/", NULL);
	put_page(st, 6, SITE "/same", 200, NULL, SITE "/same#top", NULL);
	fix_stop(f, st, true);
}

static struct fix fix;
static struct store *st;

static int setup(void **state)
{
	(void)state;
	fix_open(&fix);
	write_crawl(&fix);
	st = store_open(fix.path, STORE_READ, &fix.err);
	return st ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	store_close(st);
	fix_close(&fix);
	return 0;
}

static char *text_of(enum export_format format, const struct export_opts *opts, struct err *err)
{
	char *text = NULL;
	size_t len = 0;
	uint64_t rows;
	FILE *out = open_memstream(&text, &len);

	err->text[0] = '\0';
	store_export(st, format, out, opts, &rows, err);
	fclose(out);
	return text;
}

static void urls_are(const char *query, const char *pattern, const char *expected)
{
	struct export_opts opts = {
		.query = query, .patterns = &pattern, .npatterns = pattern != NULL};
	struct err err;
	char *got = text_of(EXPORT_URLS, &opts, &err);

	if (strcmp(got, expected) || err.text[0])
		fail_msg("%s %s\ngot:      %s\nexpected: %s\n%s", query ? query : "",
			pattern ? pattern : "", got, expected, err.text);
	free(got);
}

static void refused(const char *query, const char *part)
{
	struct export_opts opts = {.query = query};
	struct err err;
	char *got = text_of(EXPORT_JSONL, &opts, &err);

	if (!strstr(err.text, part) || err.status != EXIT_USAGE)
		fail_msg("%s: %s", query, err.text);
	free(got);
}

/* ---- selecting ---- */

#define TWO SITE "/x?y=1&z='2'\n"
#define SIX "http://[::1]:8080/a[b]c\n"

static void queries_select(void **state)
{
	(void)state;
	urls_are("status = 404 -- only those", NULL, SIX);
	urls_are("(title is null) and url like '%same'", NULL, SITE "/same\n");
	urls_are("select url from pages where status = 404;\n", NULL, SIX);
	urls_are("WITH a AS (select 'b' as url) SELECT * FROM a", NULL, "b\n");
}

static void a_select_without_url_is_refused(void **state)
{
	struct export_opts opts = {.query = "select 1 as one"};
	struct err err;
	char *got;

	(void)state;
	got = text_of(EXPORT_URLS, &opts, &err);
	assert_non_null(strstr(err.text, "no such column: url"));
	free(got);
	got = text_of(EXPORT_JSONL, &opts, &err);
	assert_string_equal(got, "{\"one\":1}\n");
	free(got);
}

static void only_one_query_that_reads(void **state)
{
	(void)state;
	refused("1); delete from url; --", "");
	refused("nope = 1", "no such column");
	refused("select 1; select 2", "");
	refused("delete from url", "");
}

static void patterns_select(void **state)
{
	(void)state;
	urls_are(NULL, SITE "/x*", TWO);
	urls_are(NULL, SITE "/x?y=1*", TWO);
	urls_are(NULL, "example.com/x*", TWO);
	urls_are(NULL, "/x*", TWO);
	urls_are(NULL, "*'2'", TWO);
	urls_are(NULL, "http://[::1]:8080/a[b]c", SIX);
	urls_are(NULL, "[::1]:8080", SIX);
	urls_are(NULL, "/a[b]?", SIX);
	urls_are(NULL, "/", SITE "/\n");
	urls_are("status = 200", "/s*", SITE "/secret\n" SITE "/same\n");
	urls_are("select url from pages where status = 200", "/x*", TWO);
	urls_are(NULL, "Example.com", "");
}

/* ---- formats ---- */

static void formats(void **state)
{
	struct export_opts opts = {.query = "status = 200 and title is not null"};
	struct err err;
	char *got;

	(void)state;
	got = text_of(EXPORT_JSONL, &opts, &err);
	assert_int_equal(strncmp(got, "{\"url\":\"" SITE "/\",\"host\":\"example.com\",", 40), 0);
	assert_non_null(strstr(got, "\"title\":\"\\tt\""));
	free(got);
	got = text_of(EXPORT_CSV, &opts, &err);
	assert_int_equal(strncmp(got,
				 "url,host,status,error,content_type,charset,lang,title,"
				 "description,canonical,depth,size,wire_size,truncated,fetched_at,"
				 "ttfb_ms,total_ms,attempts,http_version,ip,redirect,digest,"
				 "wire_digest,robots,referrer\r\n",
				 200),
		0);
	assert_non_null(strstr(got, ",\"'=1+2, \"\"x\"\"\","));
	assert_non_null(strstr(got, ",'\tt,"));
	free(got);
	opts.raw_cells = true;
	got = text_of(EXPORT_CSV, &opts, &err);
	assert_non_null(strstr(got, ",\"=1+2, \"\"x\"\"\","));
	assert_non_null(strstr(got, ",\tt,"));
	free(got);
}

static void a_full_disk_is_said(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct export_opts opts = {0};
	struct err err = {0};
	uint64_t rows;

	(void)state;
	assert_non_null(full);
	assert_int_equal(store_export(st, EXPORT_JSONL, full, &opts, &rows, &err), -1);
	assert_non_null(strstr(err.text, "cannot write the output: No space left"));
	assert_int_equal(err.status, EXIT_STORAGE);
	fclose(full);
}

static void a_stop_is_heard(void **state)
{
	volatile sig_atomic_t stop = 1;
	struct export_opts opts = {.query = "with recursive n(url) as (values('a') union all "
					    "select url from n) select * from n",
		.stop = &stop};
	struct err err = {0};
	FILE *out = fopen("/dev/null", "w");
	uint64_t rows;

	(void)state;
	assert_int_equal(store_export(st, EXPORT_URLS, out, &opts, &rows, &err), -1);
	assert_int_equal(err.status, EXIT_SIGNAL);
	fclose(out);
}

/* ---- sitemaps ---- */

struct maps {
	char *text[8];
	size_t len[8], n;
	FILE *out;
	char lastmod[32], origin[64];
};

static FILE *map_open(void *arg, size_t n, const char *origin, struct err *err)
{
	struct maps *m = arg;

	(void)err;
	assert_true(n < 8 && n == m->n);
	m->n++;
	snprintf(m->origin, sizeof(m->origin), "%s", origin);
	return m->out = open_memstream(&m->text[n], &m->len[n]);
}

static void map_done(void *arg, size_t n, const char *lastmod)
{
	struct maps *m = arg;

	assert_int_equal(n, m->n - 1);
	snprintf(m->lastmod, sizeof(m->lastmod), "%s", lastmod);
	fclose(m->out);
}

static void maps_free(struct maps *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->text[i]);
}

#define MAP_HEAD                                                     \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=" \
	"\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n"

static void a_sitemap_names_what_may_be_indexed(void **state)
{
	struct maps m = {0};
	struct sitemap_parts parts = {.open = map_open, .done = map_done, .arg = &m};
	struct export_opts opts = {0};
	struct err err = {0};

	(void)state;
	assert_int_equal(store_sitemap(st, &parts, &opts, &err), 0);
	assert_int_equal(m.n, 1);
	assert_string_equal(m.text[0],
		MAP_HEAD "<url><loc>" SITE "/</loc><lastmod>1994-11-06T08:49:37Z</lastmod></url>\n"
			 "<url><loc>" SITE "/same</loc></url>\n"
			 "<url><loc>" SITE "/x?y=1&amp;z=&apos;2&apos;</loc></url>\n</urlset>\n");
	assert_string_equal(m.lastmod, "1994-11-06T08:49:37Z");
	assert_string_equal(m.origin, SITE);
	assert_int_equal(parts.urls, 3);
	maps_free(&m);
}

static void sql(const char *text)
{
	free(fix_ask(fix.path, text));
}

static size_t count(const char *text, const char *word)
{
	size_t n = 0;

	while ((text = strstr(text, word))) {
		n++;
		text += strlen(word);
	}
	return n;
}

static void sitemaps_have_a_size(void **state)
{
	struct maps m = {0};
	struct sitemap_parts parts = {.open = map_open, .done = map_done, .arg = &m};
	struct export_opts opts = {.query = "url like '%/many/%' or url like '%/long%'"};
	struct err err = {0};

	(void)state;
	sql("with recursive n(i) as (values(100) union all select i + 1 from n where i < 60099) "
	    "insert into url(id, url) select i, iif(i % 2, 'http://a.example/many/', "
	    "'https://a.example/many/') || i from n");
	sql("insert into url(id, url) values(70000, 'http://a.example/long' || "
	    "hex(zeroblob(1100)))");
	sql("with recursive n(i) as (values(100001) union all select i + 1 from n where i < 151001)"
	    "insert into url(id, url) select i, 'http://b.example/many/' || i from n");
	sql("insert into fetch(url_id, state, attempt, status, content_type) select id, 2, 1, 200, "
	    "'text/html; charset=utf-8' from url where id >= 100");
	assert_int_equal(store_sitemap(st, &parts, &opts, &err), 0);
	assert_int_equal(m.n, 4);
	assert_int_equal(parts.urls, 60000 + 51001);
	assert_int_equal(parts.too_long, 1);
	assert_int_equal(count(m.text[0], "<loc>http://a.example/"), 30000);
	assert_int_equal(count(m.text[1], "<loc>http://b.example/"), 50000);
	assert_int_equal(count(m.text[2], "<loc>http://b.example/"), 1001);
	assert_int_equal(count(m.text[3], "<loc>https://a.example/"), 30000);
	for (size_t i = 0; i < m.n; i++)
		assert_non_null(strstr(m.text[i], "</urlset>\n"));
	maps_free(&m);
}

/* 50 MB before 50,000 URLs. */
static void long_urls_fill_a_sitemap(void **state)
{
	struct maps m = {0};
	struct sitemap_parts parts = {.open = map_open, .done = map_done, .arg = &m};
	struct export_opts opts = {.query = "host = 'c.example'"};
	struct err err = {0};

	(void)state;
	sql("with recursive n(i) as (values(200000) union all select i + 1 from n where i < "
	    "230999) "
	    "insert into url(id, url) select i, 'http://c.example/' || i || "
	    "replace(hex(zeroblob(1000)), '00', '&') || '/' || hex(zeroblob(450)) from n");
	sql("insert into fetch(url_id, state, attempt, status, content_type) select id, 2, 1, 200, "
	    "'text/html' from url where id >= 200000");
	assert_int_equal(store_sitemap(st, &parts, &opts, &err), 0);
	assert_true(m.n > 1);
	for (size_t i = 0; i < m.n; i++)
		assert_true(m.len[i] <= SITEMAP_MAX_BYTES);
	assert_true(m.len[0] > SITEMAP_MAX_BYTES - 7000);
	assert_int_equal(parts.urls, 31000);
	maps_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries_select),
		cmocka_unit_test(a_select_without_url_is_refused),
		cmocka_unit_test(only_one_query_that_reads),
		cmocka_unit_test(patterns_select),
		cmocka_unit_test(formats),
		cmocka_unit_test(a_full_disk_is_said),
		cmocka_unit_test(a_stop_is_heard),
		cmocka_unit_test(a_sitemap_names_what_may_be_indexed),
		cmocka_unit_test(sitemaps_have_a_size),
		cmocka_unit_test(long_urls_fill_a_sitemap),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
