/* report_pages.c - every newest fetch, once: counts, distributions, the index, temp.page. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/mem.h"
#include "config/text.h"
#include "storage/report_charts.h"
#include "storage/report_int.h"

enum {
	ID,
	URL_ID,
	STATUS,
	ERROR,
	TYPE,
	TITLE,
	DESCRIPTION,
	CANONICAL,
	SIZE,
	FETCHED,
	TTFB,
	TOTAL,
	REDIRECT,
	ROBOTS,
	FLAGS,
	DIGEST,
	URL,
	DEPTH,
	HOST,
	ATTEMPT
};

static const char select_sql[] =
	"select f.id, f.url_id, f.status, f.error, f.content_type, f.title, f.description, "
	"f.canonical, f.size, f.fetched_ms, f.ttfb_us, f.total_us, f.redirect, f.robots, f.flags, "
	"f.digest, u.url, u.depth, u.host_id, f.attempt "
	"from fetch f cross join url u on u.id = f.url_id where f.state > 0 order by f.id";

static const char tables_sql[] =
	"create temp table page (id integer primary key, url_id integer, host integer, key "
	"integer, "
	"canon integer, digest integer, title integer, description integer, class integer, "
	"flags integer, size integer, ttfb integer, total integer, attempt integer);"
	"create temp table redir (id integer primary key, key integer, next integer);";

struct reading {
	struct making *m;
	sqlite3_stmt *in, *page, *redir;
	struct report_tally *tally;
	/* of the row at hand */
	const char *url, *type;
	size_t url_len;
	uint64_t key, canon;
	int status;
	enum report_class class;
	unsigned flags;
};

static const char *text_at(struct reading *rd, int at)
{
	return (const char *)sqlite3_column_text(rd->in, at);
}

static bool has_word(const char *words, const char *word)
{
	return words && strstr(words, word);
}

/* Fingerprints are kept as SQLite integers; NULL where there is nothing to compare. */
static void bind_print(struct reading *rd, int at, int column)
{
	const void *data = sqlite3_column_blob(rd->in, column);
	int len = sqlite3_column_bytes(rd->in, column);

	if (data && len)
		sqlite3_bind_int64(
			rd->page, at, (sqlite3_int64)hash_bytes(&rd->m->hash, data, (size_t)len));
	else
		sqlite3_bind_null(rd->page, at);
}

static void judge(struct reading *rd)
{
	const char *canonical = text_at(rd, CANONICAL);
	bool html = sqlite3_column_int(rd->in, FLAGS) & FACTS_HTML;

	rd->url = text_at(rd, URL);
	rd->url_len = (size_t)sqlite3_column_bytes(rd->in, URL);
	rd->type = text_at(rd, TYPE);
	rd->status = sqlite3_column_int(rd->in, STATUS);
	rd->class = report_classify(rd->status, text_at(rd, ERROR));
	rd->key = report_key(rd->m, rd->url, rd->url_len);
	rd->canon =
		canonical && *canonical ? report_key(rd->m, canonical, strlen(canonical)) : rd->key;
	rd->flags = (html ? PAGE_HTML : 0) |
		    (has_word(text_at(rd, ROBOTS), "noindex") ? PAGE_NOINDEX : 0) |
		    (rd->canon != rd->key ? PAGE_ELSEWHERE : 0) |
		    (!strncmp(rd->url, "https:", 6) ? PAGE_HTTPS : 0);
	if (html && rd->class == REPORT_OK && !(rd->flags & (PAGE_NOINDEX | PAGE_ELSEWHERE)))
		rd->flags |= PAGE_INDEXABLE;
}

static void put_index(struct reading *rd)
{
	struct report_page *p = report_index_put(&rd->m->index, rd->key);

	if (p->id) /* two URLs that count as one: the first is asked for */
		return;
	*p = (struct report_page){.id = (uint32_t)sqlite3_column_int64(rd->in, ID),
		.status = (uint16_t)rd->status,
		.class = (uint8_t)rd->class,
		.flags = (uint8_t)rd->flags};
}

static int put_page(struct reading *rd)
{
	sqlite3_stmt *s = rd->page;
	bool body = rd->class == REPORT_OK && sqlite3_column_int64(rd->in, SIZE) > 0;

	sqlite3_bind_int64(s, 1, sqlite3_column_int64(rd->in, ID));
	sqlite3_bind_int64(s, 2, sqlite3_column_int64(rd->in, URL_ID));
	sqlite3_bind_int64(s, 3, sqlite3_column_int64(rd->in, HOST));
	sqlite3_bind_int64(s, 4, (sqlite3_int64)rd->key);
	sqlite3_bind_int64(s, 5, (sqlite3_int64)rd->canon);
	if (body)
		bind_print(rd, 6, DIGEST);
	else
		sqlite3_bind_null(s, 6);
	bind_print(rd, 7, TITLE);
	bind_print(rd, 8, DESCRIPTION);
	sqlite3_bind_int(s, 9, rd->class);
	sqlite3_bind_int(s, 10, (int)rd->flags);
	sqlite3_bind_int64(s, 11, sqlite3_column_int64(rd->in, SIZE));
	sqlite3_bind_value(s, 12, sqlite3_column_value(rd->in, TTFB));
	sqlite3_bind_value(s, 13, sqlite3_column_value(rd->in, TOTAL));
	sqlite3_bind_int64(s, 14, sqlite3_column_int64(rd->in, ATTEMPT));
	return report_run(rd->m, s);
}

static int put_redirect(struct reading *rd)
{
	const char *to = text_at(rd, REDIRECT);

	if (!to || rd->class != REPORT_REDIRECT)
		return 0;
	sqlite3_bind_int64(rd->redir, 1, sqlite3_column_int64(rd->in, ID));
	sqlite3_bind_int64(rd->redir, 2, (sqlite3_int64)rd->key);
	sqlite3_bind_int64(rd->redir, 3, (sqlite3_int64)report_key(rd->m, to, strlen(to)));
	return report_run(rd->m, rd->redir);
}

static void count(struct reading *rd)
{
	struct report *r = rd->m->r;
	struct report_fact fact = {
		.status = rd->status,
		.class = rd->class,
		.error = text_at(rd, ERROR),
		.type = rd->type,
		.depth = sqlite3_column_int(rd->in, DEPTH),
		.fetched_ms = sqlite3_column_int64(rd->in, FETCHED),
		.ttfb_us = sqlite3_column_type(rd->in, TTFB) == SQLITE_NULL
				   ? -1
				   : sqlite3_column_int64(rd->in, TTFB),
		.size = sqlite3_column_type(rd->in, SIZE) == SQLITE_NULL
				? -1
				: sqlite3_column_int64(rd->in, SIZE),
	};

	r->classes[rd->class]++;
	r->pages += rd->class == REPORT_OK;
	r->html += rd->class == REPORT_OK && rd->flags & PAGE_HTML;
	if (!r->first_ms || fact.fetched_ms < r->first_ms)
		r->first_ms = fact.fetched_ms;
	if (fact.fetched_ms > r->last_ms)
		r->last_ms = fact.fetched_ms;
	report_tally_add(rd->tally, &fact);
}

static int read_all(struct reading *rd, uint64_t total)
{
	uint64_t done = 0;
	int more;

	while ((more = report_row(rd->m, rd->in)) > 0) {
		if (!text_at(rd, URL))
			continue;
		judge(rd);
		count(rd);
		put_index(rd);
		if (put_page(rd) < 0 || put_redirect(rd) < 0)
			return -1;
		if (!(++done & 0x1fff))
			report_tell(rd->m, "reading pages", done, total);
	}
	return more;
}

/* What robots.txt forbade can be linked to, too. */
static int read_refused(struct making *m)
{
	sqlite3_stmt *s = report_prepare(
		m, "select id, url from refused where reason = 'robots' order by id");
	int more;

	if (!s)
		return -1;
	while ((more = report_row(m, s)) > 0) {
		struct report_page *p = report_index_put(
			&m->index, report_key(m, (const char *)sqlite3_column_text(s, 1),
					   (size_t)sqlite3_column_bytes(s, 1)));
		if (!p->id)
			*p = (struct report_page){
				.id = (uint32_t)sqlite3_column_int64(s, 0), .class = REPORT_ROBOTS};
	}
	sqlite3_finalize(s);
	return more;
}

/* Requests are rows in the order they ended, so the first and last rows tell (but for a
 * moment) when the crawl began and ended. */
static int span(struct making *m, int64_t *first, int64_t *last)
{
	const char *path = m->st->path;

	if (db_int(m->st->db, path, "select fetched_ms from fetch order by id limit 1", 0, first,
		    m->err) < 0)
		return -1;
	return db_int(m->st->db, path, "select fetched_ms from fetch order by id desc limit 1", 0,
		last, m->err);
}

int report_pages(struct making *m)
{
	struct reading rd = {.m = m};
	const struct store_counts *c = &m->r->counts;
	uint64_t total = c->fetched + c->failed + c->deferred;
	int64_t first, last;
	int ret = -1;

	if (span(m, &first, &last) < 0 || report_exec(m, tables_sql) < 0)
		return -1;
	report_index_open(&m->index, total);
	rd.tally = report_tally_open(first, last);
	rd.in = report_prepare(m, select_sql);
	rd.page = report_prepare(m,
		"insert into temp.page values(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
		"?13, ?14)");
	rd.redir = report_prepare(m, "insert into temp.redir values(?1, ?2, ?3)");
	if (rd.in && rd.page && rd.redir && read_all(&rd, total) == 0 && read_refused(m) == 0)
		ret = 0;
	/* A canonical that is no page of this crawl (production's, for a test site) is no reason
	 * to look at fewer titles. Numbers: enum report_flags, enum report_class. */
	if (ret == 0)
		ret = report_exec(m, "update temp.page set flags = flags | 8 where class = 0 and "
				     "flags & 7 = 5 and report_class(canon) = 9");
	if (ret == 0)
		report_tally_give(rd.tally, m->r);
	report_tally_close(rd.tally);
	sqlite3_finalize(rd.in);
	sqlite3_finalize(rd.page);
	sqlite3_finalize(rd.redir);
	return ret;
}
