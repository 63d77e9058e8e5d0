/* Creating, writing, reading back through the public views as a stranger would. */
#include "tests/unit/storage/fixture.h"
#include "tests/unit/facts_seal_later.h"

#define SITE "https://example.com"

/* A crawl of three pages with one of everything. */
static void write_small_crawl(struct store *st)
{
	struct page *p = page_new(st);
	struct facts_writer w;

	p->host = (struct store_host){.id = 1,
		.name = "example.com",
		.origin = SITE,
		.ip = "192.0.2.1",
		.state = "ready",
		.crawl_delay = 1.5,
		.pages = 2,
		.errors = 1,
		.bytes = 77,
		.last_fetched_ms = 1700000000456};
	p->item.hosts = &p->host;
	p->item.nhosts = 1;
	p->robots = (struct store_robots){.origin = SITE,
		.fetched_ms = 5,
		.status = 200,
		.text = "a\n",
		.len = 2,
		.verdict = "rules"};
	p->item.robots = &p->robots;
	p->item.nrobots = 1;
	page_url(p, 1, 0, SITE "/");
	fix_put(st, p);

	p = page_new(st);
	page_fetch(p, 1, 200, "<title>Home</title>");
	p->item.url = SITE "/";
	page_facts(p, &w);
	w.f->title = facts_put(&w, "Home", 4, 0);
	w.f->lang = facts_put(&w, "en", 2, 0);
	w.f->description = facts_put(&w, "d\"d", 3, 0);
	w.f->charset = facts_put(&w, "UTF-8", 5, 0);
	w.f->canonical = facts_put(&w, SITE "/c", strlen(SITE) + 2, 0);
	w.f->robots = ROBOTS_NOINDEX;
	page_link(&w, SITE "/a?x=\"1\"", LINK_A, "nofollow me", "An \"A\"\n\xc3\xa9");
	page_link(&w, "http://other.org/", LINK_IMG, "", "");
	page_link(&w, SITE "/b#frag", LINK_LINK, "next", "");
	page_link(&w, SITE, LINK_A, "", "short");
	page_facts_end(p, &w);
	p->item.x_robots = ROBOTS_NOFOLLOW;
	page_url(p, 2, 1, SITE "/a");
	page_url(p, 3, 1, SITE "/b");
	page_url(p, 4, 1, SITE "/late");
	page_excluded(p, "http://other.org/", "scope", "host example.com")->referrer = 1;
	fix_put(st, p);

	p = page_new(st);
	page_fetch(p, 2, 301, "");
	p->item.redirect = SITE "/b";
	p->item.url = SITE "/a";
	fix_put(st, p);

	p = page_new(st);
	page_fetch(p, 3, 0, NULL);
	p->item.final = false;
	p->item.error = "timeout";
	p->item.not_before_ms = 1800000000000;
	fix_put(st, p);

	p = page_new(st);
	p->meta = (struct store_meta){"colour", "green"};
	p->item.meta = &p->meta;
	p->item.nmeta = 1;
	fix_put(st, p);
}

static void test_views(void **state)
{
	struct fix f;
	struct store *st;

	(void)state;
	fix_open(&f);
	st = fix_start(&f, STORE_CREATE);
	write_small_crawl(st);
	fix_stop(&f, st, true);
	assert_int_equal(f.committed, 5);
	assert_false(fix_has_file(&f, "-wal"));
	assert_false(fix_has_file(&f, "-shm"));
	assert_false(fix_has_file(&f, ".lock"));

	fix_expect(f.path,
		"select url, host, status, error, content_type, charset, lang, title, description, "
		"canonical, depth, size, wire_size, truncated, fetched_at, ttfb_ms, total_ms, "
		"attempts, http_version, ip, redirect, digest, wire_digest, robots, referrer from "
		"pages where url = '" SITE "/'",
		SITE "/|example.com|200|NULL|text/html|UTF-8|en|Home|d\"d|" SITE
		     "/c|0|19|19|NULL|2023-11-14T22:13:20.123Z|1.5|2.25|1|1.1|127.0.0.1|NULL|"
		     "b4ba85344b9467f819c5e3dbc7b7614cc99ac3a24fcda522f8190447f3b29728|"
		     "b4ba85344b9467f819c5e3dbc7b7614cc99ac3a24fcda522f8190447f3b29728|"
		     "noindex nofollow|NULL\n");
	fix_close(&f);
}

static void test_other_views(void **state)
{
	struct fix f;
	struct store *st;

	(void)state;
	fix_open(&f);
	st = fix_start(&f, STORE_CREATE);
	write_small_crawl(st);
	fix_stop(&f, st, false);
	fix_expect(f.path, "select url, status, error, redirect, attempts, referrer from pages",
		SITE "/|200|NULL|NULL|1|NULL\n" SITE "/a|301|NULL|" SITE "/b|1|" SITE "/\n" SITE
		     "/b|0|timeout|NULL|1|" SITE "/\n");
	fix_expect(f.path, "select source, target, kind, rel, text from links",
		SITE "/|" SITE "/a?x=\"1\"|a|nofollow me|An \"A\"\n\xc3\xa9\n" SITE
		     "/|http://other.org/|img|NULL|NULL\n" SITE "/|" SITE
		     "/b#frag|link|next|NULL\n" SITE "/|" SITE "|a|NULL|short\n" SITE "/a|" SITE
		     "/b|redirect|NULL|NULL\n");
	fix_expect(f.path, "select url, host, depth, state, referrer from frontier",
		SITE "/b|example.com|1|deferred|" SITE "/\n" SITE "/late|example.com|1|queued|" SITE
		     "/\n");
	fix_expect(f.path, "select url, reason, rule, referrer from excluded",
		"http://other.org/|scope|host example.com|" SITE "/\n");
	fix_expect(f.path,
		"select host, ip, state, robots, crawl_delay, pages, errors, bytes, "
		"last_fetched_at "
		"from hosts",
		"example.com|192.0.2.1|ready|rules|1.5|2|1|77|2023-11-14T22:13:20.456Z\n");
	fix_expect(f.path, "select url, request_head, response_head, body, encoding from bodies",
		SITE "/|GET / HTTP/1.1\r\n\r\n|HTTP/1.1 200 OK\r\n\r\n|<title>Home</title>|"
		     "identity\n" SITE "/a|GET / HTTP/1.1\r\n\r\n|HTTP/1.1 200 OK\r\n\r\n||"
		     "identity\n" SITE
		     "/b|GET / HTTP/1.1\r\n\r\n|HTTP/1.1 200 OK\r\n\r\n|NULL|NULL\n");
	fix_expect(f.path, "select key, value from meta where key not like 'bytes%' order by key",
		"colour|green\nstate|stopped\n");
	fix_expect(f.path,
		"select m.value = (select sum(wire_size) from fetch), d.value = (select sum(size) "
		"from fetch) from meta m, meta d where m.key = 'bytes_wire' and d.key = "
		"'bytes_decoded'",
		"1|1\n");
	fix_expect(f.path, "pragma application_id", "1936419188\n");
	fix_expect(f.path, "pragma user_version", "2\n");
	fix_close(&f);
}

/* A later attempt hides the earlier one; both stay. */
static void test_retry(void **state)
{
	struct fix f;
	struct store *st;
	struct page *p;

	(void)state;
	fix_open(&f);
	st = fix_start(&f, STORE_CREATE);
	write_small_crawl(st);
	p = page_new(st);
	page_fetch(p, 3, 200, "hello");
	p->item.attempt = 2;
	fix_put(st, p);
	fix_stop(&f, st, true);
	fix_expect(f.path, "select status, attempts, error from pages where url = '" SITE "/b'",
		"200|2|NULL\n");
	fix_expect(f.path, "select url from frontier", SITE "/late\n");
	fix_expect(f.path, "select count(*) from fetch where url_id = 3", "2\n");
	fix_expect(f.path, "select body from bodies where url = '" SITE "/b'", "hello\n");
	fix_close(&f);
}

/* Refused after it was queued: excluded, and not in the frontier any more. Refused for
 * depth and then found by a shorter way: queued, and not excluded any more. */
static void test_sides(void **state)
{
	struct fix f;
	struct store *st;
	struct page *p;
	struct store_counts c;
	uint64_t key = 0xfedcba9876543210;

	(void)state;
	fix_open(&f);
	st = fix_start(&f, STORE_CREATE);
	write_small_crawl(st);
	p = page_new(st);
	page_excluded(p, SITE "/late", "robots", "Disallow: /late")->url_id = 4;
	page_excluded(p, SITE "/deep", "depth", "2")->key = key;
	fix_put(st, p);
	p = page_new(st);
	page_url(p, 5, 1, SITE "/deep");
	p->item.readmitted = &key;
	p->item.nreadmitted = 1;
	fix_put(st, p);
	while (store_queued(st))
		usleep(1000);
	fix_stop(&f, st, false);
	fix_expect(f.path, "select url, state from frontier order by url",
		SITE "/b|deferred\n" SITE "/deep|queued\n");
	fix_expect(f.path, "select url, reason from excluded order by url",
		"http://other.org/|scope\n" SITE "/late|robots\n");
	st = store_open(f.path, STORE_READ, &f.err);
	assert_non_null(st);
	assert_int_equal(store_counts(st, &c, &f.err), 0);
	assert_int_equal(c.discovered, 6);
	assert_int_equal(c.fetched, 2);
	assert_int_equal(c.failed, 0);
	assert_int_equal(c.excluded, 2);
	assert_int_equal(c.left, 2);
	assert_int_equal(c.deferred, 1);
	assert_int_equal(c.queued, 1);
	store_close(st);
	fix_close(&f);
}

static void test_in_flight(void **state)
{
	struct fix f;
	struct store *st;
	struct page *p;
	uint64_t flying[] = {3, 4}, done[] = {1};

	(void)state;
	fix_open(&f);
	st = fix_start(&f, STORE_CREATE);
	write_small_crawl(st);
	p = page_new(st);
	p->item.has_inflight = true;
	p->item.inflight = flying;
	p->item.ninflight = 2;
	fix_put(st, p);
	while (store_queued(st))
		usleep(1000);
	fix_expect(f.path, "select url, state from frontier",
		SITE "/b|in flight\n" SITE "/late|in flight\n");
	p = page_new(st);
	p->item.has_inflight = true;
	p->item.inflight = done;
	p->item.ninflight = 1;
	p->item.deferred = flying;
	p->item.ndeferred = 2;
	fix_put(st, p);
	fix_stop(&f, st, false);
	fix_expect(f.path, "select url, state from frontier",
		SITE "/b|deferred\n" SITE "/late|deferred\n");
	fix_close(&f);
}

/* Bodies: compressed where that pays, left alone where it does not or the server did. */
static void test_bodies(void **state)
{
	struct fix f;
	struct store *st;
	struct page *p;
	struct store_body b;
	char big[4000], noise[4000];

	(void)state;
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = "abcdefgh"[i % 8];
	srand(1);
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)rand();
	fix_open(&f);
	st = fix_start(&f, STORE_CREATE);
	p = page_new(st);
	for (uint64_t i = 1; i <= 3; i++)
		page_url(p, i, 0, page_str(p, SITE "/%d", (int)i));
	fix_put(st, p);
	for (uint64_t i = 1; i <= 3; i++) {
		p = page_new(st);
		page_fetch(p, i, 200, NULL);
		p->item.body = i == 2 ? noise : big;
		p->item.body_len = sizeof(big);
		p->item.coding = i == 3 ? "gzip" : "";
		fix_put(st, p);
	}
	fix_stop(&f, st, true);
	fix_expect(f.path, "select encoding, length(body) < 400, length(body) = 4000 from bodies",
		"zstd|1|0\nidentity|0|1\ngzip|0|1\n");
	/* Without facts the decoded digest of a coded body is not known. */
	fix_expect(f.path,
		"select length(digest), length(wire_digest), digest = wire_digest, size from pages",
		"64|64|1|4000\n64|64|1|4000\nNULL|64|NULL|NULL\n");
	st = store_open(f.path, STORE_READ, &f.err);
	assert_non_null(st);
	assert_int_equal(store_body(st, SITE "/1", &b, &f.err), 0);
	assert_int_equal(b.body.len, sizeof(big));
	assert_memory_equal(b.body.data, big, sizeof(big));
	assert_string_equal(b.coding, "identity");
	store_body_release(&b);
	assert_int_equal(store_body(st, SITE "/3", &b, &f.err), 0);
	assert_string_equal(b.coding, "gzip");
	store_body_release(&b);
	assert_int_equal(store_body(st, SITE "/4", &b, &f.err), -1);
	assert_non_null(strstr(f.err.text, "is not in"));
	store_body_release(&b);
	store_close(st);
	fix_close(&f);
}

static void test_no_bodies(void **state)
{
	struct fix f;
	struct store *st;
	struct store_opts o;
	struct store_body b;

	(void)state;
	fix_open(&f);
	st = store_open(f.path, STORE_CREATE, &f.err);
	assert_non_null(st);
	o = fix_opts(&f);
	o.store_bodies = false;
	o.storers = 0;
	assert_int_equal(store_start(st, &o, &f.err), 0);
	write_small_crawl(st);
	fix_stop(&f, st, true);
	fix_expect(f.path, "select count(*), count(body), count(encoding) from bodies", "3|0|0\n");
	fix_expect(f.path, "select count(digest) from pages", "2\n");
	st = store_open(f.path, STORE_READ, &f.err);
	assert_int_equal(store_body(st, SITE "/", &b, &f.err), 0);
	assert_false(b.has_body);
	assert_string_equal(b.response_head.data, "HTTP/1.1 200 OK\r\n\r\n");
	store_body_release(&b);
	store_close(st);
	fix_close(&f);
}

/* Tickets may be put in any order; they are committed in theirs. */
static void test_order(void **state)
{
	struct fix f;
	struct store *st;
	struct page *pages[200];

	(void)state;
	fix_open(&f);
	st = fix_start(&f, STORE_CREATE);
	for (int i = 0; i < 200; i++) {
		pages[i] = page_new(st);
		page_url(pages[i], (uint64_t)i + 1, 0, SITE "/");
		page_fetch(pages[i], (uint64_t)i + 1, 200, "x");
	}
	for (int i = 199; i >= 0; i--)
		store_put(st, &pages[i]->item);
	fix_stop(&f, st, true);
	assert_int_equal(f.committed, 200);
	fix_expect(f.path, "select count(*), min(id), max(id) from url", "200|1|200\n");
	fix_expect(f.path, "select count(*) from fetch where id != url_id", "0\n");
	fix_close(&f);
}

/* A ticket that is never put: what comes after it is not written, and stop says so. */
static void test_gap(void **state)
{
	struct fix f;
	struct store *st;
	struct page *lost, *p;

	(void)state;
	fix_open(&f);
	st = fix_start(&f, STORE_CREATE);
	p = page_new(st);
	page_url(p, 1, 0, SITE "/");
	fix_put(st, p);
	lost = page_new(st);
	p = page_new(st);
	page_url(p, 2, 0, SITE "/2");
	fix_put(st, p);
	assert_int_equal(store_stop(st, true, &f.err), -1);
	assert_non_null(strstr(f.err.text, "ticket 2"));
	fix_free_uncommitted(st);
	page_free(lost);
	store_close(st);
	fix_expect(f.path, "select id from url", "1\n");
	fix_close(&f);
}

/* The write-ahead log is moved into the database while the crawl goes on. */
static void test_log_stays_short(void **state)
{
	static char noise[1 << 16];
	struct store_stats s;
	struct fix f;
	struct store *st;
	struct stat sb;
	char wal[120];

	(void)state;
	srand(3);
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)rand();
	fix_open(&f);
	st = fix_start(&f, STORE_CREATE);
	for (uint64_t id = 1; id <= 2000; id++) {
		struct page *p = page_new(st);
		page_url(p, id, 0, SITE "/");
		page_fetch(p, id, 200, NULL);
		p->item.body = noise;
		p->item.body_len = sizeof(noise);
		fix_put(st, p);
	}
	while (store_queued(st))
		usleep(1000);
	store_stats(st, &s);
	assert_true(s.checkpoints > 0);
	snprintf(wal, sizeof(wal), "%s-wal", f.path);
	assert_int_equal(stat(wal, &sb), 0);
	assert_true(sb.st_size < (off_t)2000 * (off_t)sizeof(noise));
	fix_stop(&f, st, true);
	fix_expect(f.path, "select count(*), sum(length(body)) from bodies", "2000|131072000\n");
	fix_close(&f);
}

/* ---- beyond the memory for known URLs ---- */

static void add_beyond(void *arg, const struct store_beyond *b)
{
	struct buf *out = arg;

	buf_add(out, b->url, b->url_len);
	buf_addf(out, " %u %u %s %d/%d %d%d\n", b->depth, b->hops,
		b->kind == LINK_A	   ? "a"
		: b->kind == LINK_REDIRECT ? "redirect"
					   : "sitemap",
		(int)b->referrer, (int)b->origin, b->seed, b->is_list);
}

static void drop_beyond(const char *path)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "drop table beyond", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* Rows come in order and in parts, and go with the item that takes them up. */
static void test_beyond(void **state)
{
	static const struct store_beyond rows[] = {
		{.url = SITE "/x",
			.url_len = sizeof(SITE) + 1,
			.depth = 3,
			.kind = LINK_A,
			.referrer = 1},
		{.url = SITE "/y",
			.url_len = sizeof(SITE) + 1,
			.hops = 2,
			.kind = LINK_REDIRECT,
			.referrer = 1,
			.origin = 1,
			.seed = true},
		{.url = SITE "/z",
			.url_len = sizeof(SITE) + 1,
			.kind = LINK_SITEMAP,
			.is_list = true},
	};
	struct store_verdict v;
	struct buf b = BUF_INIT;
	struct fix f;
	struct store *st;
	struct page *p;
	uint64_t last, n;

	(void)state;
	fix_open(&f);
	st = fix_start(&f, STORE_CREATE);
	p = page_new(st);
	p->item.beyond = rows;
	p->item.nbeyond = 3;
	fix_put(st, p);
	while (store_queued(st))
		usleep(1000);
	fix_stop(&f, st, false);
	st = store_open(f.path, STORE_READ, &f.err);
	assert_non_null(st);
	assert_int_equal(store_count_beyond(st, &n, &f.err), 0);
	assert_int_equal(n, 3);
	assert_int_equal(store_load_beyond(st, 0, 2, add_beyond, &b, &last, &f.err), 0);
	assert_string_equal(b.data, SITE "/x 3 0 a 1/0 00\n" SITE "/y 0 2 redirect 1/1 10\n");
	assert_int_equal(last, 2);
	buf_reset(&b);
	assert_int_equal(store_load_beyond(st, last, 2, add_beyond, &b, &last, &f.err), 0);
	assert_string_equal(b.data, SITE "/z 0 0 sitemap 0/0 01\n");
	assert_int_equal(store_load_beyond(st, last, 2, add_beyond, &b, &last, &f.err), 0);
	assert_int_equal(last, 3);
	assert_int_equal(store_why(st, SITE "/y", 0, &v, &f.err), 0);
	assert_true(v.excluded);
	assert_string_equal(v.reason, "url-memory");
	store_verdict_release(&v);
	store_close(st);
	drop_beyond(f.path); /* a file of before there was such a thing */
	st = fix_start(&f, STORE_RESUME);
	p = page_new(st);
	p->item.beyond = rows;
	p->item.nbeyond = 3;
	fix_put(st, p);
	p = page_new(st);
	p->item.beyond_done = 2;
	fix_put(st, p);
	while (store_queued(st))
		usleep(1000);
	fix_stop(&f, st, true);
	fix_expect(f.path, "select url from beyond", SITE "/z\n");
	buf_release(&b);
	fix_close(&f);
}

/* The facts of a page as a parser sends them. */
static void seal(struct page *p)
{
	struct sealer *sealer = sealer_open();
	struct facts *sealed = aligned_alloc(8, 1 << 20);

	facts_seal(sealer, p->facts, SITE "/", strlen(SITE "/"), sealed, 1 << 20);
	sealer_free(sealer);
	free(p->facts);
	p->item.facts = p->facts = sealed;
}

/* Sealed links are stored as they came; texts that are none cost the page its facts. */
static void test_sealed(void **state)
{
	struct fix f;
	struct store *st;

	(void)state;
	fix_open(&f);
	st = fix_start(&f, STORE_CREATE);
	for (uint64_t id = 1; id <= 2; id++) {
		struct page *p = page_new(st);
		struct facts_writer w;
		char *title;

		page_url(p, id, 0, id == 1 ? SITE "/" : SITE "/b");
		page_fetch(p, id, 200, "body");
		p->item.url = id == 1 ? SITE "/" : SITE "/b";
		page_facts(p, &w);
		w.f->title = facts_put(&w, "Title", 5, 0);
		page_link(&w, SITE "/x#1", LINK_A, "", "one");
		page_link(&w, SITE "/x#2", LINK_A, "nofollow", "");
		page_facts_end(p, &w);
		seal(p);
		assert_int_equal(((struct facts *)p->facts)->nfound, 2);
		title = (char *)p->facts + ((struct facts *)p->facts)->title.off;
		if (id == 2)
			title[1] = (char)0xff;
		fix_put(st, p);
	}
	fix_stop(&f, st, true);
	fix_expect(f.path, "select title, error from pages order by url",
		"Title|NULL\nNULL|parser_answer\n");
	fix_expect(f.path, "select source, target, kind, text, rel from links",
		SITE "/|" SITE "/x#1|a|one|NULL\n" SITE "/|" SITE "/x#2|a|NULL|nofollow\n");
	fix_close(&f);
}

static void test_stats(void **state)
{
	struct fix f;
	struct store *st;
	struct store_stats s;

	(void)state;
	fix_open(&f);
	st = fix_start(&f, STORE_CREATE);
	write_small_crawl(st);
	assert_int_equal(store_stop(st, true, &f.err), 0);
	store_stats(st, &s);
	assert_int_equal(s.items, 5);
	assert_int_equal(s.fetches, 3);
	assert_int_equal(s.urls, 4);
	assert_int_equal(s.excluded, 1);
	assert_int_equal(s.links, 5);
	assert_int_equal(store_queued(st), 0);
	store_close(st);
	fix_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_other_views),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_sides),
		cmocka_unit_test(test_in_flight),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_no_bodies),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_log_stays_short),
		cmocka_unit_test(test_beyond),
		cmocka_unit_test(test_sealed),
		cmocka_unit_test(test_stats),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
