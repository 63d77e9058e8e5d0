/* verify_rows.c - what must hold between the tables: a rule is a query for rows that break it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "storage/store_int.h"
#include "storage/verify.h"

#define SHOWN 100 /* rows of one broken rule; the rest is counted */

struct rule {
	const char *check;
	const char *what;
	const char *sql; /* columns: a URL or NULL, and a detail or NULL */
};

static const struct rule rules[] = {
	{"rows", "is there twice",
		"select url, count(*) || ' times' from url group by url having count(*) > 1"},
	{"rows", "was found by a page that is not there",
		"select url, 'page ' || referrer from url where referrer is not null and "
		"(referrer >= id or not exists (select 1 from fetch f where f.url_id = "
		"url.referrer))"},
	{"rows", "continues a redirect of a URL that is not there",
		"select url, 'URL ' || origin from url where origin is not null and not exists "
		"(select 1 from url o where o.id = url.origin)"},
	{"rows", "belongs to a host that is not there",
		"select url, 'host ' || host_id from url where host_id is not null and not exists "
		"(select 1 from host h where h.id = url.host_id) and "
		"(select value from meta where key = 'state') <> 'running'"},
	{"rows", "a fetch is of a URL that is not there",
		"select null, 'fetch ' || id || ', URL ' || url_id from fetch where not exists "
		"(select 1 from url u where u.id = fetch.url_id)"},
	{"rows", "has more than one newest fetch",
		"select (select url from url where id = url_id), count(*) from fetch indexed by "
		"fetch_url where state > 0 group by url_id having count(*) > 1"},
	{"rows", "has fetches, and none is the newest",
		"select (select url from url where id = url_id), count(*) from fetch indexed by "
		"fetch_url group by url_id having sum(state > 0) = 0"},
	{"rows", "a fetch has a state that does not exist",
		"select (select url from url where id = url_id), state from fetch indexed by "
		"fetch_url "
		"where state not in (0, 1, 2)"},
	{"rows", "has no answer and no error",
		"select (select url from url where id = url_id), null from fetch indexed by "
		"fetch_url "
		"where status = 0 and error is null"},
	{"rows", "was excluded and is fetched too",
		"select (select url from url where id = s.url_id), null from settled s "
		"where exists (select 1 from fetch f where f.url_id = s.url_id and f.state = 2) or "
		"not exists (select 1 from url u where u.id = s.url_id)"},
	{"rows", "was queued and excluded, but is not marked so",
		"select url, reason from refused where url_id is not null and not exists "
		"(select 1 from settled s where s.url_id = refused.url_id)"},
	{"rows", "is marked as excluded, but no rule says so",
		"select (select url from url where id = s.url_id), null from settled s where "
		"s.url_id "
		"not in (select url_id from refused where url_id is not null)"},
	{"rows", "is excluded and among the pages or in the queue",
		"select x.url, x.reason from refused x join url u on u.url = x.url "
		"where x.url_id is null and not exists (select 1 from readmitted m where m.key = "
		"x.key)"},
	{"rows", "a refusal was taken back that is not there",
		"select null, key from readmitted where key not in (select key from refused) and "
		"not exists (select 1 from refused_more)"},
	{"rows", "counted refusals do not have a fingerprint each",
		"select null, reason || ': ' || n from refused_more where length(keys) <> 8 * n"},
	{"rows", "content is of a fetch that is not there",
		"select null, 'content ' || id from content where not exists "
		"(select 1 from fetch f where f.id = content.id)"},
	{"rows", "has no content",
		"select (select url from url where id = url_id), 'fetch ' || id from fetch where "
		"not "
		"exists (select 1 from content c where c.id = fetch.id)"},
	{"rows", "links are of a fetch that is not there",
		"select null, 'links ' || id from link_pack where not exists "
		"(select 1 from fetch f where f.id = link_pack.id)"},
	{"rows", "has links that are not readable",
		"select (select u.url from fetch f join url u on u.id = f.url_id where f.id = "
		"p.id), null "
		"from link_pack p where case when json_valid(p.links) then json_type(p.links) <> "
		"'array' "
		"or exists (select 1 from json_each(p.links) j where j.type <> 'array' or "
		"json_array_length(j.value) < 2 or json_type(j.value, '$[0]') <> 'text') else 1 "
		"end"},
	{"rows", "has a digest of the wrong length",
		"select (select url from url where id = url_id), null from fetch where "
		"length(digest) <> 32 or length(wire_digest) <> 32"},
	{"rows", "is in flight and not known",
		"select null, 'URL ' || url_id from live where url_id not in (select id from url)"},
	{"search", "is in the search index, but not stored",
		"select null, 'fetch ' || id from search_docsize where id not in (select id from "
		"fetch)"},
	{"search", "the search index holds another number of pages than it says",
		"select null, pages from search_state where pages <> (select count(*) from "
		"search_docsize)"},
};

/* Redirects are fetches, but not pages of a host (crawler/fetcher.c). */
static const struct rule host_rules[] = {
	{"hosts", "does not have as many pages, errors and bytes as it says",
		"select h.name, h.pages || ', ' || h.errors || ', ' || h.bytes || ' said, ' || "
		"sum(f.state = 2 and f.status > 0 and f.status not in (301, 302, 303, 307, 308)) "
		"|| ', ' "
		"|| sum(f.state = 2 and f.error is not null) || ', ' || sum(f.wire_size) || ' "
		"found' "
		"from fetch f join url u on u.id = f.url_id join host h on h.id = u.host_id "
		"group by h.id having sum(f.state = 2 and f.status > 0 and f.status not in "
		"(301, 302, 303, 307, 308)) <> h.pages or sum(f.state = 2 and f.error is not null) "
		"<> "
		"h.errors or sum(f.wire_size) <> h.bytes"},
	{"hosts", "says it has pages, and has none",
		"select name, pages from host where pages + errors > 0 and id not in "
		"(select host_id from url where host_id is not null)"},
};

/* ---- running rules ---- */

static void report(const struct verify *v, const struct rule *r, sqlite3_stmt *s)
{
	const char *url = (const char *)sqlite3_column_text(s, 0);
	const char *detail = (const char *)sqlite3_column_text(s, 1);
	struct buf what = BUF_INIT;

	buf_add_str(&what, r->what);
	if (detail)
		buf_addf(&what, " (%s)", detail);
	v->problem(v->arg, r->check, url, what.data);
	buf_release(&what);
}

static void say(const struct verify *v, const char *check, const char *what, const char *why)
{
	struct buf b = BUF_INIT;

	buf_addf(&b, "%s: %s", what, why);
	v->problem(v->arg, check, NULL, b.data);
	buf_release(&b);
}

/* Searching makes these tables; a file without is as whole. */
static bool applies(struct store *st, const struct rule *r)
{
	int64_t n = 0;

	if (strcmp(r->check, "search") != 0)
		return true;
	db_int(st->db, st->path,
		"select count(*) from sqlite_schema where name in ('search_docsize', "
		"'search_state')",
		0, &n, NULL);
	return n == 2;
}

static void run_rule(struct store *st, const struct verify *v, const struct rule *r)
{
	sqlite3_stmt *s = NULL;
	uint64_t broken = 0;
	int code = sqlite3_prepare_v2(st->db, r->sql, -1, &s, NULL);

	if (code == SQLITE_OK)
		while ((code = sqlite3_step(s)) == SQLITE_ROW)
			if (broken++ < SHOWN)
				report(v, r, s);
	if (broken > SHOWN) {
		char more[64];
		snprintf(more, sizeof(more), "%" PRIu64 " more", broken - SHOWN);
		say(v, r->check, r->what, more);
	}
	if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_INTERRUPT)
		say(v, r->check, "it cannot be told which URL", sqlite3_errmsg(st->db));
	sqlite3_finalize(s);
}

/* ---- counts ---- */

static uint64_t count(struct store *st, const struct verify *v, const char *sql)
{
	struct err err = {0};
	int64_t n = 0;

	if (db_int(st->db, st->path, sql, 0, &n, &err) < 0 && !(v->stop && *v->stop))
		v->problem(v->arg, "counts", NULL, err.text);
	return (uint64_t)n;
}

static void compare(
	struct store *st, const struct verify *v, const char *what, uint64_t said, const char *sql)
{
	uint64_t found = count(st, v, sql);
	char why[128];

	if (said == found || (v->stop && *v->stop))
		return;
	snprintf(why, sizeof(why), "%" PRIu64 " counted, %" PRIu64 " found", said, found);
	say(v, "counts", what, why);
}

/* What is counted one way is counted another: status and summary count by the index and the
 * small tables, here the views that users query are asked. */
static void run_counts(struct store *st, const struct verify *v, struct verify_sums *sums)
{
	struct store_counts *c = &sums->counts;
	char why[128];

	compare(st, v, "fetched", c->fetched,
		"select count(*) from fetch not indexed where state = 2 and status <> 0");
	compare(st, v, "failed", c->failed,
		"select count(*) from fetch not indexed where state = 2 and status = 0");
	compare(st, v, "left", c->left, "select count(*) from frontier");
	compare(st, v, "wire bytes", c->wire_bytes, "select sum(wire_size) from fetch");
	compare(st, v, "decoded bytes", c->body_bytes, "select sum(size) from fetch");
	compare(st, v, "excluded", c->excluded,
		"select (select count(*) from excluded) + coalesce((select sum(length(keys) / 8) "
		"from "
		"refused_more), 0) - (select count(*) from readmitted where key not in "
		"(select key from refused where url_id is null))");
	compare(st, v, "pages", count(st, v, "select count(*) from fetch where state > 0"),
		"select count(*) from pages");
	if (c->discovered != c->fetched + c->failed + c->excluded + c->left) {
		snprintf(why, sizeof(why),
			"%" PRIu64 " are not %" PRIu64 " + %" PRIu64 " + %" PRIu64 " + %" PRIu64,
			c->discovered, c->fetched, c->failed, c->excluded, c->left);
		say(v, "counts", "discovered = fetched + failed + excluded + left", why);
	}
	sums->links = count(st, v,
		"select sum(json_array_length(links)) from link_pack p where json_valid(links) and "
		"exists (select 1 from fetch f where f.id = p.id and f.state > 0)");
}

/* ---- all ---- */

struct ticking {
	const struct verify *v;
	uint64_t done, total;
};

static int tick(void *arg)
{
	struct ticking *t = arg;

	if (t->v->progress)
		t->v->progress(t->v->arg, "rows", t->done, t->total);
	return t->v->stop && *t->v->stop;
}

static void run_all(struct store *st, const struct verify *v, struct verify_sums *sums)
{
	struct ticking t = {.v = v, .total = MEM_COUNT(rules) + MEM_COUNT(host_rules) + 1};

	sqlite3_progress_handler(st->db, 1000000, tick, &t);
	for (size_t i = 0; i < MEM_COUNT(rules) && !tick(&t); i++, t.done++) {
		if (!applies(st, &rules[i]))
			continue;
		run_rule(st, v, &rules[i]);
		sums->rules++;
	}
	for (size_t i = 0; i < MEM_COUNT(host_rules) && sums->hosts && !tick(&t); i++, t.done++) {
		run_rule(st, v, &host_rules[i]);
		sums->rules++;
	}
	if (!tick(&t))
		run_counts(st, v, sums);
	sqlite3_progress_handler(st->db, 0, NULL, NULL);
}

int verify_rows(struct store *st, const struct verify *v, struct verify_sums *sums, struct err *err)
{
	char *state;
	struct err why = {0};

	*sums = (struct verify_sums){0};
	/* Sorting a few million URLs takes room: on disk, not in memory. */
	sqlite3_exec(st->db, "pragma temp_store = file", NULL, NULL, NULL);
	if (read_begin(st, err) < 0)
		return -1;
	state = store_meta_get(st, "state");
	sums->hosts = state && strcmp(state, "running") != 0;
	free(state);
	if (counts_now(st, &sums->counts, &why) < 0)
		v->problem(v->arg, "counts", NULL, why.text);
	run_all(st, v, sums);
	read_end(st);
	return 0;
}
