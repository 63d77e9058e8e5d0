/* The report: verdicts, who links to what, redirects, duplicates, canonical and hreflang,
 * mixed content, politeness; what is left over by SQL; hostile text; packs that are damaged. */
#include "storage/report.h"
#include "storage/report_int.h"
#include "tests/unit/storage/fixture.h"

#define SITE "https://example.com"

struct site {
	struct fix f;
	struct store *st;
	uint64_t next_id;
	int64_t at_ms;
};

/* ---- a small web: every page is a row here ---- */

struct row {
	const char *path; /* on SITE, or a whole URL */
	int status;
	const char *error, *redirect, *title, *description, *canonical, *body, *links;
	unsigned attempt, robots;
};

/* links: "KIND URL REL TEXT" by newlines; - is nothing. */
static void add_links(struct facts_writer *w, const char *links)
{
	while (links && *links) {
		char kind[20], url[200], rel[40], text[100];
		int kinds = LINK_KINDS, n = 0;
		assert_int_equal(
			sscanf(links, "%19s %199s %39s %99[^\n]%n", kind, url, rel, text, &n), 4);
		for (int i = 0; i < LINK_SEED; i++)
			if (!strcmp(facts_kind_name(i), kind))
				kinds = i;
		assert_true(kinds < LINK_KINDS);
		page_link(
			w, url, kinds, strcmp(rel, "-") ? rel : "", strcmp(text, "-") ? text : "");
		links += n + (links[n] == '\n');
	}
}

static const char *whole(struct page *p, const char *path)
{
	return path[0] == '/' ? page_str(p, SITE "%s", path) : path;
}

static void put_row(struct site *s, const struct row *r)
{
	struct page *p = page_new(s->st);
	struct facts_writer w;
	uint64_t id = ++s->next_id;

	page_url(p, id, id > 1 ? 1 : 0, whole(p, r->path));
	page_fetch(p, id, r->status, r->status ? (r->body ? r->body : r->path) : NULL);
	p->item.url = whole(p, r->path);
	p->item.fetched_wall_ms = s->at_ms += 100;
	p->item.total_ms = 250;
	p->item.error = r->error;
	p->item.attempt = r->attempt ? r->attempt : 1;
	p->item.request_head =
		"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: skitter/9 (+https://me)\r\n\r\n";
	p->item.request_head_len = strlen(p->item.request_head);
	p->item.x_robots = r->robots;
	if (r->redirect)
		p->item.redirect = whole(p, r->redirect);
	page_facts(p, &w);
	if (r->title)
		w.f->title = facts_put(&w, r->title, strlen(r->title), 0);
	if (r->description)
		w.f->description = facts_put(&w, r->description, strlen(r->description), 0);
	if (r->canonical) {
		const char *c = whole(p, r->canonical);
		w.f->canonical = facts_put(&w, c, strlen(c), 0);
	}
	add_links(&w, r->links);
	page_facts_end(p, &w);
	fix_put(s->st, p);
}

static void open_site(struct site *s)
{
	memset(s, 0, sizeof(*s));
	fix_open(&s->f);
	s->st = fix_start(&s->f, STORE_CREATE);
	s->at_ms = 1700000000000;
}

static void put_host(struct site *s)
{
	struct page *p = page_new(s->st);

	p->host = (struct store_host){.id = 1,
		.name = "example.com",
		.origin = SITE,
		.ip = "192.0.2.1",
		.state = "ready",
		.crawl_delay = 0.2,
		.robots_excluded = 3};
	p->item.hosts = &p->host;
	p->item.nhosts = 1;
	fix_put(s->st, p);
}

static struct report *make(struct site *s, const struct row *rows, size_t n, size_t per_list)
{
	struct report_opts o = {.rows = per_list};
	struct report *r;

	open_site(s);
	put_host(s);
	for (size_t i = 0; i < n; i++)
		put_row(s, &rows[i]);
	fix_stop(&s->f, s->st, true);
	s->st = store_open(s->f.path, STORE_READ, &s->f.err);
	if (report_make(s->st, &o, &r, &s->f.err) < 0)
		fail_msg("%s", s->f.err.text);
	return r;
}

static void close_site(struct site *s, struct report *r)
{
	report_free(r);
	store_close(s->st);
	fix_close(&s->f);
}

/* ---- asking ---- */

static const struct report_list *list_of(const struct report *r, const char *key)
{
	for (size_t i = 0; i < r->nsections; i++)
		for (size_t j = 0; j < r->sections[i].nlists; j++)
			if (!strcmp(r->sections[i].lists[j].key, key))
				return &r->sections[i].lists[j];
	fail_msg("no list %s", key);
	return NULL;
}

static void add_cell(struct buf *b, const struct report_column *col, const struct report_cell *c)
{
	if (col->kind == REPORT_LINKS) {
		buf_addf(b, "%g:", c->n);
		for (size_t i = 0; i < c->nlinks; i++)
			buf_addf(b, "%s%s(%s)", i ? "," : "", c->links[i].url,
				c->links[i].text     ? c->links[i].text
				: col->key[0] == 'w' ? c->links[i].kind /* way */
						     : "");
	} else if (col->kind == REPORT_STATUS) {
		buf_addf(b, "%g%s", c->n, c->text ? c->text : "");
	} else if (c->text || !c->has) {
		buf_add_str(b, c->text ? c->text : "-");
	} else {
		buf_addf(b, "%g", c->n);
	}
}

/* Rows with columns by |, without SITE. */
static void expect(const struct report *r, const char *key, uint64_t total, const char *rows)
{
	const struct report_list *l = list_of(r, key);
	struct buf b = BUF_INIT, out = BUF_INIT;

	for (size_t i = 0; i < l->nrows; i++) {
		for (size_t c = 0; c < l->ncolumns; c++) {
			if (c)
				buf_add_ch(&b, '|');
			add_cell(&b, &l->columns[c], &l->cells[i * l->ncolumns + c]);
		}
		buf_add_ch(&b, '\n');
	}
	for (const char *p = b.data; *p;) {
		if (!strncmp(p, SITE "/", strlen(SITE) + 1))
			p += strlen(SITE);
		else
			buf_add_ch(&out, *p++);
	}
	if (l->total != total || strcmp(out.data, rows) != 0)
		fail_msg("%s: total %llu, expected %llu\ngot:\n%sexpected:\n%s", key,
			(unsigned long long)l->total, (unsigned long long)total, out.data, rows);
	buf_release(&b);
	buf_release(&out);
}

/* ---- tests ---- */

static void test_classes(void **state)
{
	(void)state;
	assert_int_equal(report_classify(200, NULL), REPORT_OK);
	assert_int_equal(report_classify(200, "parser_crash"), REPORT_OK);
	assert_int_equal(report_classify(200, "cut"), REPORT_FLAKY);
	assert_int_equal(report_classify(301, NULL), REPORT_REDIRECT);
	assert_int_equal(report_classify(302, "bad_redirect"), REPORT_OTHER);
	assert_int_equal(report_classify(404, NULL), REPORT_DEAD);
	assert_int_equal(report_classify(410, NULL), REPORT_DEAD);
	assert_int_equal(report_classify(403, NULL), REPORT_BLOCKED);
	assert_int_equal(report_classify(999, NULL), REPORT_BLOCKED);
	assert_int_equal(report_classify(429, NULL), REPORT_LIMITED);
	assert_int_equal(report_classify(503, NULL), REPORT_FLAKY);
	assert_int_equal(report_classify(400, NULL), REPORT_OTHER);
	assert_int_equal(report_classify(0, "dns"), REPORT_UNREACHABLE);
	assert_int_equal(report_classify(0, "tls_cert"), REPORT_UNREACHABLE);
	assert_int_equal(report_classify(0, "timeout"), REPORT_FLAKY);
	assert_int_equal(report_classify(0, "private_address"), REPORT_OTHER);
	assert_string_equal(report_class_word(REPORT_LIMITED), "rate-limited");
}

static void test_links(void **state)
{
	static const struct row rows[] = {
		{.path = "/",
			.status = 200,
			.title = "Home",
			.links = "a " SITE "/gone - Old page\n"
				 "a " SITE "/gone#part - again\n"
				 "a " SITE "/secret - Members\n"
				 "a https://other.example/x - elsewhere\n"
				 "img " SITE "/slow - -\n"
				 "a " SITE "/nohost - \"quoted\" text\n"
				 "a " SITE "/busy - busy\n"},
		{.path = "/gone", .status = 404},
		{.path = "/secret", .status = 403},
		{.path = "/slow", .status = 0, .error = "timeout", .attempt = 3},
		{.path = "/nohost", .status = 0, .error = "dns"},
		{.path = "/busy", .status = 429},
		{.path = "/late", .status = 200, .attempt = 2, .links = NULL},
	};
	struct site s;
	struct report *r;
	struct row fixed[MEM_COUNT(rows)];

	(void)state;
	memcpy(fixed, rows, sizeof(rows));
	fixed[6].links = "area " SITE "/gone nofollow from late\n";
	r = make(&s, fixed, MEM_COUNT(rows), 0);
	expect(r, "dead", 1, "/gone|404|1|3:/(Old page),/(again),/late(from late)\n");
	expect(r, "blocked", 1, "/secret|403|1|1:/(Members)\n");
	expect(r, "flaky", 1, "/slow|0timeout|3|1:/()\n");
	expect(r, "unreachable", 1, "/nohost|0dns|1|1:/(\"quoted\" text)\n");
	expect(r, "rate-limited", 1, "/busy|429|1|1:/(busy)\n");
	expect(r, "recovered", 1, "/late|2|0\n");
	assert_int_equal(r->links, 8);
	assert_int_equal(r->pages, 2);
	assert_int_equal(r->classes[REPORT_DEAD], 1);
	close_site(&s, r);
}

static void test_rows_are_capped(void **state)
{
	struct row rows[30];
	char paths[30][20], links[3000] = "";
	struct site s;
	struct report *r;
	const struct report_list *l;

	(void)state;
	memset(rows, 0, sizeof(rows));
	for (int i = 0; i < 30; i++) {
		snprintf(paths[i], sizeof(paths[i]), "/gone-%d", i);
		rows[i] = (struct row){.path = paths[i], .status = 404};
		for (int k = 0; k < (i == 29 ? 9 : 1); k++)
			snprintf(links + strlen(links), sizeof(links) - strlen(links),
				"a " SITE "/gone-%d - %d\n", i, k);
	}
	rows[0] = (struct row){.path = "/", .status = 200, .links = strchr(links, '\n') + 1};
	r = make(&s, rows, 30, 4);
	l = list_of(r, "dead");
	assert_int_equal(l->total, 29);
	assert_int_equal(l->nrows, 4);
	assert_string_equal(l->cells[0].text, SITE "/gone-29"); /* most links first */
	assert_true(l->cells[3].n == 9);
	assert_int_equal(l->cells[3].nlinks, 4);
	close_site(&s, r);
}

static void test_redirects(void **state)
{
	static const struct row rows[] = {
		{.path = "/", .status = 200, .links = "a " SITE "/one - One\na " SITE "/a - A\n"},
		{.path = "/one", .status = 301, .redirect = "/end"},
		{.path = "/end", .status = 200},
		{.path = "/a", .status = 301, .redirect = "/b"},
		{.path = "/b", .status = 302, .redirect = "/c"},
		{.path = "/c", .status = 301, .redirect = "/end"},
		{.path = "/loop1", .status = 302, .redirect = "/loop2"},
		{.path = "/loop2", .status = 302, .redirect = "/loop1"},
		{.path = "/into", .status = 302, .redirect = "/loop1"},
		{.path = "/self", .status = 301, .redirect = "/self"},
		{.path = "/bad", .status = 301, .redirect = "/missing"},
		{.path = "/missing", .status = 404},
		{.path = "/away", .status = 301, .redirect = "https://other.example/"},
	};
	struct site s;
	struct report *r = make(&s, rows, MEM_COUNT(rows), 0);

	(void)state;
	expect(r, "redirect-chains", 1, "/a|3|ok|4:/a(301),/b(302),/c(301),/end(200)|1\n");
	expect(r, "redirect-loops", 2,
		"/into|3|a loop|4:/into(302),/loop1(302),/loop2(302),/loop1(302)|0\n"
		"/self|1|a loop|2:/self(301),/self(301)|0\n");
	expect(r, "redirect-dead-ends", 1, "/bad|1|dead|2:/bad(301),/missing(404)|0\n");
	close_site(&s, r);
}

static void test_duplicates(void **state)
{
	static const struct row rows[] = {
		{.path = "/", .status = 200, .title = "Home", .description = "d", .body = "home"},
		{.path = "/x",
			.status = 200,
			.title = "Same",
			.description = "one",
			.body = "twin"},
		{.path = "/y",
			.status = 200,
			.title = "Same",
			.description = "one",
			.body = "twin"},
		{.path = "/p",
			.status = 200,
			.title = "Print",
			.description = "p",
			.body = "print"},
		{.path = "/p?print",
			.status = 200,
			.title = "Print",
			.description = "p",
			.canonical = "/p",
			.body = "print"},
		{.path = "/untitled", .status = 200, .body = "u"},
		{.path = "/hidden", .status = 200, .body = "h", .robots = ROBOTS_NOINDEX},
		{.path = "/gone", .status = 404, .title = "Same", .body = "twin"},
	};
	struct site s;
	struct report *r = make(&s, rows, MEM_COUNT(rows), 0);

	(void)state;
	expect(r, "copies", 1, "2:/x(),/y()|2|4|text/html\n");
	expect(r, "settled-copies", 1, "2:/p(),/p?print()|2|5|text/html\n");
	expect(r, "same-title", 1, "Same|2|2:/x(),/y()\n");
	expect(r, "same-description", 1, "one|2|2:/x(),/y()\n");
	expect(r, "missing-title", 1, "/untitled|-\n");
	expect(r, "missing-description", 1, "/untitled|-\n");
	expect(r, "noindex", 1, "/hidden|noindex\n");
	close_site(&s, r);
}

static void test_canonical(void **state)
{
	static const struct row rows[] = {
		{.path = "/", .status = 200, .canonical = "/"},
		{.path = "/to-redirect", .status = 200, .canonical = "/moved"},
		{.path = "/moved", .status = 301, .redirect = "/"},
		{.path = "/to-dead", .status = 200, .canonical = "/gone"},
		{.path = "/gone", .status = 404},
		{.path = "/to-hidden", .status = 200, .canonical = "/hidden"},
		{.path = "/hidden", .status = 200, .robots = ROBOTS_NOINDEX},
		{.path = "/to-chain", .status = 200, .canonical = "/fine"},
		{.path = "/fine", .status = 200, .canonical = "/"},
		{.path = "/to-other", .status = 200, .canonical = "https://other.example/"},
		{.path = "/to-unknown", .status = 200, .canonical = "/never"},
		{.path = "/two",
			.status = 200,
			.canonical = "/",
			.links = "canonical " SITE "/ - -\ncanonical " SITE "/x - -\n"},
	};
	struct site s;
	struct report *r = make(&s, rows, MEM_COUNT(rows), 0);

	(void)state;
	expect(r, "canonical", 5,
		"/to-redirect|is a redirect|/moved\n/to-dead|is dead|/gone\n"
		"/to-hidden|says noindex|/hidden\n"
		"/to-chain|names another canonical itself|/fine\n"
		"/two|several different ones are named|/\n");
	expect(r, "canonical-elsewhere", 2,
		"/to-other|is on another host|https://other.example/\n"
		"/to-unknown|was not fetched|/never\n");
	/* Titles are looked at where no other page of the crawl speaks for the page. */
	expect(r, "missing-title", 3, "/|-\n/to-other|-\n/to-unknown|-\n");
	close_site(&s, r);
}

static void test_hreflang(void **state)
{
	static const struct row rows[] = {
		{.path = "/en",
			.status = 200,
			.links = "link " SITE "/en alternate en\nlink " SITE "/de alternate de-AT\n"
				 "link " SITE "/fr alternate fr\nlink " SITE "/gone alternate it\n"
				 "link " SITE "/feed alternate application/rss+xml\n"
				 "link " SITE "/never alternate ja\n"},
		{.path = "/de",
			.status = 200,
			.links = "link " SITE "/de alternate de-AT\nlink " SITE "/en alternate en\n"
				 "link " SITE "/en alternate en-UK\n"},
		{.path = "/fr", .status = 200, .links = "link " SITE "/de alternate xx\n"},
		{.path = "/gone", .status = 404},
	};
	struct site s;
	struct report *r = make(&s, rows, MEM_COUNT(rows), 0);

	(void)state;
	expect(r, "hreflang", 6,
		"/en|fr|the translation does not link back|/fr\n"
		"/en|it|the translation is dead|/gone\n"
		"/de|en-UK|no such region code|/en\n"
		"/fr|xx|no such language code|/de\n"
		"/fr|xx|the translation does not link back|/de\n"
		"/fr|-|the page does not name itself|-\n");
	close_site(&s, r);
}

static void test_mixed(void **state)
{
	static const struct row rows[] = {
		{.path = "/",
			.status = 200,
			.links =
				"img http://img.example/a.png - -\nscript http://js.example/x.js - "
				"-\n"
				"a http://example.org/ - fine\nlink http://x.example/ canonical -\n"
				"link http://css.example/s.css stylesheet -\n"},
		{.path = "http://plain.example/",
			.status = 200,
			.links = "img http://img.example/a.png - -\n"},
		{.path = "/img", .status = 200, .links = "img http://img.example/a.png - -\n"},
	};
	struct site s;
	struct report *r = make(&s, rows, MEM_COUNT(rows), 0);

	(void)state;
	expect(r, "mixed", 2,
		"/|refuse|3:http://img.example/a.png(),http://js.example/x.js(),"
		"http://css.example/s.css()\n/img|warn|1:http://img.example/a.png()\n");
	close_site(&s, r);
}

static void test_politeness(void **state)
{
	static const struct row rows[] = {{.path = "/", .status = 200},
		{.path = "/b", .status = 503, .attempt = 1}, {.path = "/c", .status = 404},
		{.path = "/d", .status = 0, .error = "timeout"}};
	struct site s;
	struct report *r = make(&s, rows, MEM_COUNT(rows), 0);
	struct report_opts only = {.host = "example.com"}, nobody = {.host = "example.org"};
	struct report *one;

	(void)state;
	assert_int_equal(r->nhosts, 1);
	assert_string_equal(r->hosts[0].name, "example.com");
	assert_int_equal(r->hosts[0].requests, 4);
	assert_int_equal(r->hosts[0].limited, 1);
	assert_int_equal(r->hosts[0].no_answer, 1);
	assert_int_equal(r->hosts[0].robots_excluded, 3);
	assert_true(r->hosts[0].gap_least_ms == 100 && r->hosts[0].gap_median_ms == 100);
	assert_int_equal(r->hosts[0].gaps_short, 3); /* Crawl-delay 0.2, requests every 0.1 s */
	assert_int_equal(r->hosts[0].at_once, 3);    /* 0.25 s each */
	assert_string_equal(r->user_agent, "skitter/9 (+https://me)");
	assert_int_equal(report_make(s.st, &only, &one, &s.f.err), 0);
	assert_int_equal(one->hosts[0].requests, 4);
	assert_int_equal(one->nsections, 0);
	report_free(one);
	assert_int_equal(report_make(s.st, &nobody, &one, &s.f.err), 0);
	assert_int_equal(one->nhosts, 0);
	report_free(one);
	close_site(&s, r);
}

static void test_left_out(void **state)
{
	struct site s;
	struct report_opts o = {0};
	struct report *r;
	struct page *p;
	struct store_excluded *ex;

	(void)state;
	open_site(&s);
	put_row(&s, &(struct row){
			    .path = "/", .status = 200, .links = "a " SITE "/private/x - Diary\n"});
	p = page_new(s.st);
	page_excluded(p, SITE "/private/x", "robots", "Disallow: /private/");
	page_excluded(p, "https://other.example/", "scope", "--scope host");
	page_excluded(p, "https://other.example/2", "scope", "--scope host");
	ex = page_excluded(p, "https://other.example/3", "scope", "--scope host");
	ex->row = false; /* only counted */
	ex->key = 5;
	fix_put(s.st, p);
	fix_stop(&s.f, s.st, true);
	s.st = store_open(s.f.path, STORE_READ, &s.f.err);
	if (report_make(s.st, &o, &r, &s.f.err) < 0)
		fail_msg("%s", s.f.err.text);
	expect(r, "robots", 1, "/private/x|Disallow: /private/|1:/(Diary)\n");
	expect(r, "excluded", 2, "scope|--scope host|3\nrobots|Disallow: /private/|1\n");
	assert_int_equal(r->unchecked, 3);
	close_site(&s, r);
}

/* What a list says about getting the rest of it is SQL that runs. */
static void test_rest_is_sql(void **state)
{
	static const struct row rows[] = {{.path = "/", .status = 200}};
	struct site s;
	struct report *r = make(&s, rows, 1, 0);
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < r->nsections; i++)
		for (size_t j = 0; j < r->sections[i].nlists; j++, n++) {
			const char *sql = r->sections[i].lists[j].rest;
			char *text = NULL;
			size_t len;
			FILE *out = open_memstream(&text, &len);
			assert_non_null(sql);
			assert_null(strpbrk(sql, "\"$`")); /* it goes between double quotes */
			if (store_sql(s.st, sql, SQL_CSV, out, &s.f.err) < 0)
				fail_msg("%s: %s", sql, s.f.err.text);
			fclose(out);
			free(text);
		}
	assert_true(n > 20);
	close_site(&s, r);
}

static void test_empty(void **state)
{
	struct site s;
	struct report *r = make(&s, NULL, 0, 0);
	struct buf html = BUF_INIT;

	(void)state;
	assert_int_equal(r->pages, 0);
	assert_int_equal(r->first_ms, 0);
	assert_true(r->answer.p50 < 0);
	report_html(&html, r, "1");
	assert_non_null(strstr(html.data, "No URL was asked for."));
	assert_non_null(strstr(html.data, "No host was asked for anything."));
	buf_release(&html);
	close_site(&s, r);
}

/* While a crawl writes: all of one moment, and said to be unfinished. */
static void test_running(void **state)
{
	struct report_opts o = {0};
	struct report *r;
	struct store *reader;
	struct buf html = BUF_INIT;
	struct site s;

	(void)state;
	open_site(&s);
	put_row(&s, &(struct row){.path = "/", .status = 200, .links = "a " SITE "/gone - x\n"});
	put_row(&s, &(struct row){.path = "/gone", .status = 404});
	while (s.f.committed < 2)
		usleep(1000);
	reader = store_open(s.f.path, STORE_READ, &s.f.err);
	assert_non_null(reader);
	if (report_make(reader, &o, &r, &s.f.err) < 0)
		fail_msg("%s", s.f.err.text);
	assert_string_equal(r->state, "running");
	expect(r, "dead", 1, "/gone|404|1|1:/(x)\n");
	report_html(&html, r, "1");
	assert_non_null(strstr(html.data, "This crawl is still running"));
	buf_release(&html);
	report_free(r);
	/* The same connection again: nothing of the first report is left in it. */
	assert_int_equal(report_make(reader, &o, &r, &s.f.err), 0);
	report_free(r);
	store_close(reader);
	fix_stop(&s.f, s.st, true);
	fix_close(&s.f);
}

static void test_percentiles(void **state)
{
	static const char *const paths[] = {"/", "/1", "/2", "/3", "/4"};
	struct row rows[5];
	struct site s;
	struct report *r;

	(void)state;
	memset(rows, 0, sizeof(rows));
	for (int i = 0; i < 5; i++)
		rows[i] = (struct row){.path = paths[i], .status = 200, .body = &"12345"[i]};
	r = make(&s, rows, 5, 0);
	assert_true(r->size.p50 == 3 && r->size.p90 == 5 && r->size.most == 5);
	assert_true(r->answer.p50 == 1.5);
	close_site(&s, r);
}

#define EVIL "</script><img src=x onerror=alert(1)>\"'&\xe2\x80\xae\x01 <!--"

static void test_hostile_html(void **state)
{
	static const struct row rows[] = {
		{.path = "/",
			.status = 200,
			.title = EVIL,
			.description = EVIL,
			.body = "a",
			.links = "a " SITE "/gone - " EVIL "\n"},
		{.path = "/2", .status = 200, .title = EVIL, .description = EVIL, .body = "a"},
		{.path = "/gone", .status = 404},
		{.path = "javascript:alert(1)", .status = 404},
	};
	struct site s;
	struct report *r = make(&s, rows, MEM_COUNT(rows), 0);
	struct buf html = BUF_INIT, json = BUF_INIT;

	(void)state;
	report_html(&html, r, "1");
	assert_null(strstr(html.data, "<img"));
	assert_null(strstr(html.data, "\xe2\x80\xae"));
	assert_null(strstr(html.data, "href=\"javascript"));
	assert_non_null(
		strstr(html.data, "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;"
				  "&amp;\\u{202e}\xef\xbf\xbd &lt;!--"));
	/* Only its own end tag of a script is in it. */
	assert_string_equal(strstr(html.data, "</script>"), "</script>\n</body>\n</html>\n");
	report_json(&json, r);
	assert_null(strchr(json.data, 1));
	assert_non_null(strstr(json.data, "onerror"));
	buf_release(&html);
	buf_release(&json);
	close_site(&s, r);
}

/* ---- packs ---- */

static void expect_pack(const char *pack, const char *expected)
{
	struct buf out = BUF_INIT;
	struct report_packed l;
	const char *p = pack, *end = pack + strlen(pack);

	while ((p = report_next_link(p, end, &l))) {
		if (l.url_escaped)
			report_unescape(&out, l.url, l.url_len);
		else
			buf_add(&out, l.url, l.url_len);
		buf_add_ch(&out, '|');
		buf_add(&out, l.kind ? l.kind : "", l.kind_len);
		buf_add_ch(&out, '|');
		report_unescape(&out, l.text ? l.text : "", l.text_len);
		buf_add_ch(&out, '|');
		buf_add(&out, l.rel ? l.rel : "", l.rel_len);
		buf_add_ch(&out, '\n');
	}
	assert_string_equal(out.data, expected);
	buf_release(&out);
}

static void test_packs(void **state)
{
	(void)state;
	expect_pack(
		"[[\"/a\",\"a\"],[\"http://x/\",\"img\",\"alt\"],[\"/b\",\"link\",null,\"next\"]]",
		"/a|a||\nhttp://x/|img|alt|\n/b|link||next\n");
	expect_pack("[[\"/\\\"q\\\"\",\"a\",\"\\u0001\\n\\ud83d\\ude00\\\\\"]]",
		"/\"q\"|a|\x01\n\xf0\x9f\x98\x80\\|\n");
	expect_pack("[]", "");
	expect_pack("", "");
	expect_pack("[[\"/a\",\"a\"],[\"/b", "/a|a||\n");
	expect_pack("[[\"/a\\", "");
	expect_pack("[[\"/a\",\"a\",1]]", "");
	expect_pack("[[\"/a\",\"a\",\"t\",\"r\",\"more\"]]", "");
	expect_pack("[[null,\"a\"]]", "");
	expect_pack("[[\"/a\",\"a\",\"\\ud83d\\u\"]]", "/a|a|\xef\xbf\xbd|\n");
}

static void test_languages(void **state)
{
	static const char *const good[] = {"en", "EN-us", "zh-Hant-TW", "x-default", "es-419",
		"de-1996", "haw", "sr-Latn-RS", NULL};
	static const char *const bad[] = {"", "e", "english", "en_US", "en-UK", "xx", "en-", "en-u",
		"1x", "en--US", "d3", "en-US-", NULL};

	(void)state;
	for (size_t i = 0; good[i]; i++)
		if (*report_lang_problem(good[i]))
			fail_msg("%s: %s", good[i], report_lang_problem(good[i]));
	for (size_t i = 0; bad[i]; i++)
		if (!*report_lang_problem(bad[i]))
			fail_msg("%s is taken for a language", bad[i]);
}

static void test_index(void **state)
{
	struct report_index x;

	(void)state;
	report_index_open(&x, 2); /* it grows */
	for (uint64_t i = 1; i < 5000; i++)
		report_index_put(&x, i * 0x9e3779b97f4a7c15u)->id = (uint32_t)i;
	for (uint64_t i = 1; i < 5000; i++)
		assert_int_equal(report_index_get(&x, i * 0x9e3779b97f4a7c15u)->id, i);
	assert_null(report_index_get(&x, 12345));
	assert_int_equal(x.n, 4999);
	report_index_release(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_rows_are_capped),
		cmocka_unit_test(test_redirects),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_hreflang),
		cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_politeness),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_rest_is_sql),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_running),
		cmocka_unit_test(test_percentiles),
		cmocka_unit_test(test_hostile_html),
		cmocka_unit_test(test_packs),
		cmocka_unit_test(test_languages),
		cmocka_unit_test(test_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
