/* What a stored crawl answers: resume, counts, why, one page. */
#include "tests/unit/storage/fixture.h"

#define SITE "https://example.com"

/* 1 / (done), 2 /a (done, redirect), 3 /b (retry), 4 /c (queued), 5 /d (refused later),
 * 6 /e (failed); excluded: other.org, /deep (readmitted as 7), two counted. */
static void write_crawl(struct fix *f)
{
	struct store *st = fix_start(f, STORE_CREATE);
	struct page *p = page_new(st);
	struct facts_writer w;
	static const uint64_t key = 1ull << 63, gone = 77;
	struct store_excluded *ex;

	p->host = (struct store_host){.id = 1,
		.name = "example.com",
		.origin = SITE,
		.crawl_delay = -1,
		.delay_ms = 250,
		.not_before_ms = 99,
		.backoff = 3,
		.robots_excluded = 4};
	p->item.hosts = &p->host;
	p->item.nhosts = 1;
	p->robots = (struct store_robots){.origin = SITE, .status = 404, .verdict = "allow all"};
	p->item.robots = &p->robots;
	p->item.nrobots = 1;
	page_url(p, 1, 0, SITE "/");
	fix_put(st, p);

	p = page_new(st);
	page_fetch(p, 1, 200, "home, sweet home");
	p->item.url = SITE "/";
	p->item.wire_size = 100;
	page_facts(p, &w);
	w.f->text = facts_put(&w, "sweet text", 10, 0);
	page_link(&w, SITE "/c#part", LINK_A, "", "the \"c\"");
	page_link(&w, SITE "/c2", LINK_A, "", "");
	page_facts_end(p, &w);
	for (uint64_t id = 2; id <= 6; id++)
		page_url(p, id, 1, page_str(p, SITE "/%c", (char)('a' + id - 2)));
	p->urls[1].depth = 7;
	page_excluded(p, "http://other.org/", "scope", "host")->referrer = 1;
	page_excluded(p, SITE "/deep", "depth", "1")->key = key;
	for (int i = 0; i < 3; i++) {
		ex = page_excluded(p, "", "scope", "host");
		ex->row = false;
		ex->key = i == 2 ? gone : 1000 + (uint64_t)i;
	}
	fix_put(st, p);

	p = page_new(st);
	page_fetch(p, 2, 301, NULL);
	p->item.redirect = SITE "/c";
	p->item.url = SITE "/a";
	page_url(p, 7, 2, SITE "/deep")->origin = 2;
	p->urls[0].hops = 1;
	p->item.readmitted = &key;
	p->item.nreadmitted = 1;
	fix_put(st, p);

	p = page_new(st);
	page_fetch(p, 3, 503, NULL);
	p->item.final = false;
	p->item.attempt = 2;
	p->item.not_before_ms = 12345;
	fix_put(st, p);

	p = page_new(st);
	page_fetch(p, 6, 0, NULL);
	p->item.error = "dns";
	page_excluded(p, SITE "/d", "robots", "Disallow: /d")->url_id = 5;
	p->item.readmitted = &gone;
	p->item.nreadmitted = 1;
	fix_put(st, p);
	fix_stop(f, st, false);
}

/* ---- resume ---- */

static void add_url(void *arg, const struct store_url *u)
{
	static const char *const states[] = {"queued", "done", "retry"};

	assert_int_equal(strlen(u->url), u->len);
	buf_addf(arg,
		"%d %s %s host %u depth %u hops %u kind %u from %d/%d tries %u at %lld = %d\n",
		(int)u->id, u->url, states[u->state], u->host_id, u->depth, u->hops, u->kind,
		(int)u->referrer, (int)u->origin, u->attempts, (long long)u->not_before_ms,
		u->status);
}

static void add_host(void *arg, const struct store_host *h)
{
	buf_addf(arg, "%u %s %s %s %g %g %d %d %u\n", h->id, h->name, h->origin,
		h->ip ? h->ip : "-", h->crawl_delay, h->delay_ms, (int)h->robots_excluded,
		(int)h->not_before_ms, h->backoff);
}

static void add_robots(void *arg, const struct store_robots *r)
{
	buf_addf(arg, "%s %d %s %s\n", r->origin, r->status, r->verdict, r->text ? r->text : "-");
}

static void add_excluded(void *arg, const struct store_excluded *ex)
{
	buf_addf(arg, "%s %s %s key %llu id %d\n", ex->row ? ex->url : "-", ex->reason, ex->rule,
		(unsigned long long)ex->key, (int)ex->url_id);
}

static void add_outcome(void *arg, int status, const char *error, uint64_t n)
{
	buf_addf(arg, "%d %s %d\n", status, error ? error : "-", (int)n);
}

static void expect_text(struct buf *b, const char *text)
{
	assert_string_equal(b->data, text);
	buf_reset(b);
}

static void check_loads(struct fix *f, enum store_mode mode)
{
	struct store *st = store_open(f->path, mode, &f->err);
	struct buf b = BUF_INIT;

	assert_non_null(st);
	assert_int_equal(store_load_urls(st, add_url, &b, &f->err), 0);
	expect_text(&b,
		"1 " SITE "/ done host 1 depth 0 hops 0 kind 24 from 0/0 tries 0 at 0 = 200\n"
		"2 " SITE "/a done host 1 depth 1 hops 0 kind 0 from 1/0 tries 0 at 0 = 301\n"
		"3 " SITE "/b retry host 1 depth 7 hops 0 kind 0 from 1/0 tries 2 at 12345 = 503\n"
		"4 " SITE "/c queued host 1 depth 1 hops 0 kind 0 from 1/0 tries 0 at 0 = 0\n"
		"5 " SITE "/d done host 1 depth 1 hops 0 kind 0 from 1/0 tries 0 at 0 = 0\n"
		"6 " SITE "/e done host 1 depth 1 hops 0 kind 0 from 1/0 tries 0 at 0 = 0\n"
		"7 " SITE "/deep queued host 1 depth 1 hops 1 kind 0 from 2/2 tries 0 at 0 = 0\n");
	assert_int_equal(store_load_hosts(st, add_host, &b, &f->err), 0);
	expect_text(&b, "1 example.com " SITE " - -1 250 4 99 3\n");
	assert_int_equal(store_load_robots(st, add_robots, &b, &f->err), 0);
	expect_text(&b, SITE " 404 allow all -\n");
	assert_int_equal(store_load_excluded(st, add_excluded, &b, &f->err), 0);
	expect_text(&b, "http://other.org/ scope host key 0 id 0\n" SITE
			"/d robots Disallow: /d key 0 id 5\n"
			"- scope host key 1000 id 0\n- scope host key 1001 id 0\n");
	assert_int_equal(store_outcomes(st, add_outcome, &b, &f->err), 0);
	assert_non_null(strstr(b.data, "0 dns 1\n"));
	assert_non_null(strstr(b.data, "200 - 1\n"));
	assert_non_null(strstr(b.data, "301 - 1\n"));
	assert_null(strstr(b.data, "503"));
	buf_release(&b);
	store_close(st);
}

static void test_load(void **state)
{
	struct fix f;

	(void)state;
	fix_open(&f);
	write_crawl(&f);
	check_loads(&f, STORE_READ);
	check_loads(&f, STORE_RESUME);
	fix_close(&f);
}

static void test_counts(void **state)
{
	struct fix f;
	struct store *st;
	struct store_counts c;

	(void)state;
	fix_open(&f);
	write_crawl(&f);
	st = store_open(f.path, STORE_READ, &f.err);
	assert_int_equal(store_counts(st, &c, &f.err), 0);
	assert_int_equal(c.fetched, 2);
	assert_int_equal(c.failed, 1);
	assert_int_equal(c.excluded, 4); /* other.org, /d and two counted */
	assert_int_equal(c.left, 3);
	assert_int_equal(c.deferred, 1);
	assert_int_equal(c.queued, 2);
	assert_int_equal(c.in_flight, 0);
	assert_int_equal(c.discovered, c.fetched + c.failed + c.excluded + c.left);
	assert_int_equal(c.fetches, 4);
	assert_int_equal(c.wire_bytes, 100);
	assert_int_equal(c.body_bytes, 16);
	assert_int_equal(c.hosts, 1);
	store_close(st);
	fix_close(&f);
}

/* ---- why ---- */

static void test_why(void **state)
{
	struct fix f;
	struct store *st;
	struct store_verdict v;

	(void)state;
	fix_open(&f);
	write_crawl(&f);
	st = store_open(f.path, STORE_READ, &f.err);

	assert_int_equal(store_why(st, SITE "/c", 10, &v, &f.err), 0);
	assert_true(v.known);
	assert_string_equal(v.state, "queued");
	assert_string_equal(v.host, "example.com");
	assert_int_equal(v.nreferrers, 1);
	assert_string_equal(v.referrers[0], SITE "/");
	/* The link to /c#part, the redirect of /a; not the link to /c2. */
	assert_int_equal(v.nlinkers, 2);
	assert_string_equal(v.linkers[0].source, SITE "/");
	assert_string_equal(v.linkers[0].kind, "a");
	assert_string_equal(v.linkers[0].text, "the \"c\"");
	assert_string_equal(v.linkers[1].source, SITE "/a");
	assert_string_equal(v.linkers[1].kind, "redirect");
	assert_false(v.more_linkers);
	store_verdict_release(&v);

	assert_int_equal(store_why(st, SITE "/c", 1, &v, &f.err), 0);
	assert_int_equal(v.nlinkers, 1);
	assert_true(v.more_linkers);
	store_verdict_release(&v);

	assert_int_equal(store_why(st, SITE "/b", 0, &v, &f.err), 0);
	assert_string_equal(v.state, "deferred");
	assert_int_equal(v.nfetches, 1);
	assert_int_equal(v.fetches[0].status, 503);
	assert_int_equal(v.fetches[0].not_before_ms, 12345);
	assert_false(v.fetches[0].final);
	store_verdict_release(&v);

	assert_int_equal(store_why(st, SITE "/e", 0, &v, &f.err), 0);
	assert_string_equal(v.state, "done");
	assert_string_equal(v.fetches[0].error, "dns");
	store_verdict_release(&v);

	assert_int_equal(store_why(st, SITE "/deep", 0, &v, &f.err), 0);
	assert_string_equal(v.state, "queued");
	assert_false(v.excluded);
	assert_int_equal(v.nreferrers, 2);
	assert_string_equal(v.referrers[0], SITE "/a");
	assert_string_equal(v.referrers[1], SITE "/");
	store_verdict_release(&v);
	store_close(st);
	fix_close(&f);
}

static void test_why_excluded(void **state)
{
	struct fix f;
	struct store *st;
	struct store_verdict v;

	(void)state;
	fix_open(&f);
	write_crawl(&f);
	st = store_open(f.path, STORE_READ, &f.err);

	assert_int_equal(store_why(st, SITE "/d", 0, &v, &f.err), 0);
	assert_string_equal(v.state, "excluded");
	assert_true(v.known && v.excluded);
	assert_string_equal(v.reason, "robots");
	assert_string_equal(v.rule, "Disallow: /d");
	store_verdict_release(&v);

	assert_int_equal(store_why(st, "http://other.org/", 5, &v, &f.err), 0);
	assert_string_equal(v.state, "excluded");
	assert_false(v.known);
	assert_string_equal(v.rule, "host");
	assert_int_equal(v.same_excluded, 4); /* with the counted ones */
	assert_int_equal(v.nreferrers, 1);
	store_verdict_release(&v);

	assert_int_equal(store_why(st, SITE "/nowhere", 5, &v, &f.err), 0);
	assert_string_equal(v.state, "unknown");
	assert_int_equal(v.nlinkers, 0);
	assert_int_equal(store_why_key(st, 42, &v, &f.err), 0);
	assert_string_equal(v.state, "unknown");
	assert_int_equal(store_why_key(st, 77, &v, &f.err), 0); /* readmitted */
	assert_string_equal(v.state, "unknown");
	assert_int_equal(store_why_key(st, 1001, &v, &f.err), 0);
	assert_string_equal(v.state, "excluded");
	assert_string_equal(v.reason, "scope");
	store_verdict_release(&v);
	store_close(st);
	fix_close(&f);
}

static void test_body(void **state)
{
	struct fix f;
	struct store *st;
	struct store_body b;

	(void)state;
	fix_open(&f);
	write_crawl(&f);
	st = store_open(f.path, STORE_READ, &f.err);
	assert_int_equal(store_body(st, SITE "/", &b, &f.err), 0);
	assert_string_equal(b.body.data, "home, sweet home");
	assert_string_equal(b.text.data, "sweet text");
	assert_string_equal(b.content_type, "text/html");
	assert_int_equal(b.status, 200);
	store_body_release(&b);
	assert_int_equal(store_body(st, SITE "/c", &b, &f.err), -1);
	assert_non_null(strstr(f.err.text, "was not fetched"));
	assert_int_equal(f.err.status, EXIT_USAGE);
	store_body_release(&b);
	store_close(st);
	fix_close(&f);
}

/* A frame of ours that was damaged on disk: a sentence, not a crash. */
static void test_damaged_body(void **state)
{
	struct fix f;
	struct store *st;
	struct page *p;
	struct store_body b;
	sqlite3 *db;
	char body[2000];

	(void)state;
	fix_open(&f);
	st = fix_start(&f, STORE_CREATE);
	memset(body, 'x', sizeof(body));
	p = page_new(st);
	page_url(p, 1, 0, SITE "/");
	page_fetch(p, 1, 200, NULL);
	p->item.body = body;
	p->item.body_len = sizeof(body);
	fix_put(st, p);
	fix_stop(&f, st, true);
	assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db, "update content set body = x'28b52ffd0102'", NULL, NULL, NULL), 0);
	sqlite3_close(db);
	st = store_open(f.path, STORE_READ, &f.err);
	assert_int_equal(store_body(st, SITE "/", &b, &f.err), -1);
	assert_non_null(strstr(f.err.text, "damaged"));
	store_body_release(&b);
	store_close(st);
	fix_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_why),
		cmocka_unit_test(test_why_excluded),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_damaged_body),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
