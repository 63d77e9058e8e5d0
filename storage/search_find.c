/* search_find.c - the pages for a query: all are counted, the best are kept, those are shown. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/mem.h"
#include "storage/db.h"
#include "storage/search_int.h"
#include "storage/search_query.h"

/* A word in the title weighs ten times, in a heading four times one in the text. */
#define RANK "bm25(search, 10.0, 4.0, 1.0)"

struct candidate {
	double score; /* of bm25: less is better */
	int64_t id;
};

struct finder {
	struct search *s;
	const struct search_filter *filter;
	const char *fts;	/* the query as an expression */
	struct candidate *best; /* a heap, the worst of the best on top */
	size_t n, cap;
	uint64_t found;
	sqlite3_stmt *match, *facts, *page, *hits;
	struct err *err;
};

static int fail(struct finder *f, const char *doing)
{
	return db_fail(f->s->db, f->s->file, doing, f->err);
}

static sqlite3_stmt *prepare(struct finder *f, const char *sql)
{
	struct buf b = BUF_INIT;
	sqlite3_stmt *s;

	for (; *sql; sql++) {
		if (*sql == '@')
			buf_add_str(&b, f->s->crawl);
		else
			buf_add_ch(&b, *sql);
	}
	s = db_prepare(f->s->db, f->s->file, b.data, f->err);
	buf_release(&b);
	return s;
}

/* ---- the best so far ---- */

static bool worse(const struct candidate *a, const struct candidate *b)
{
	return a->score != b->score ? a->score > b->score : a->id > b->id;
}

static void sift_down(struct candidate *v, size_t n, size_t at)
{
	for (;;) {
		size_t child = 2 * at + 1;
		struct candidate held;
		if (child >= n)
			return;
		if (child + 1 < n && worse(&v[child + 1], &v[child]))
			child++;
		if (!worse(&v[child], &v[at]))
			return;
		held = v[at];
		v[at] = v[child];
		v[child] = held;
		at = child;
	}
}

static void keep(struct finder *f, struct candidate c)
{
	if (f->n == f->cap) {
		if (!f->cap || !worse(&f->best[0], &c))
			return;
		f->best[0] = c;
		sift_down(f->best, f->n, 0);
		return;
	}
	f->best[f->n++] = c;
	if (f->n == f->cap)
		for (size_t i = f->n; i-- > 0;)
			sift_down(f->best, f->n, i);
}

static int by_rank(const void *a, const void *b)
{
	return worse(a, b) ? 1 : -1;
}

/* ---- filters ---- */

static bool host_matches(const char *host, const char *wanted)
{
	size_t n = strlen(wanted);
	const char *port = strrchr(host, ':');

	if (!strcasecmp(host, wanted))
		return true;
	return port && (size_t)(port - host) == n && !strncasecmp(host, wanted, n);
}

static bool lang_matches(const char *lang, const char *wanted)
{
	size_t n = strlen(wanted);

	return lang && !strncasecmp(lang, wanted, n) &&
	       (!lang[n] || lang[n] == '-' || lang[n] == '_');
}

static bool row_passes(const struct finder *f, sqlite3_stmt *s)
{
	const char *host = (const char *)sqlite3_column_text(s, 0);
	bool ok = !f->filter->nhosts;

	for (size_t i = 0; host && !ok && i < f->filter->nhosts; i++)
		ok = host_matches(host, f->filter->hosts[i]);
	if (ok && f->filter->lang)
		ok = lang_matches((const char *)sqlite3_column_text(s, 1), f->filter->lang);
	return ok;
}

/* 1 = the page counts: it is there, is the newest of its URL, and passes; -1 = failed. */
static int passes(struct finder *f, int64_t id)
{
	int code, ret = 0;

	sqlite3_bind_int64(f->facts, 1, id);
	code = sqlite3_step(f->facts);
	if (code == SQLITE_ROW)
		ret = row_passes(f, f->facts);
	else if (code != SQLITE_DONE)
		ret = fail(f, "reading");
	sqlite3_reset(f->facts);
	return ret;
}

/* ---- all that match ---- */

static int collect(struct finder *f)
{
	bool filtered = f->filter->nhosts || f->filter->lang;
	int code, pass = 1;

	while ((code = sqlite3_step(f->match)) == SQLITE_ROW) {
		struct candidate c = {
			sqlite3_column_double(f->match, 1), sqlite3_column_int64(f->match, 0)};
		if (filtered)
			pass = passes(f, c.id);
		if (pass < 0)
			return -1;
		if (!pass)
			continue;
		f->found++;
		keep(f, c);
	}
	return code == SQLITE_DONE ? 0 : fail(f, "searching");
}

/* ---- those that are shown ---- */

static const char *text_at(sqlite3_stmt *s, int at)
{
	return (const char *)sqlite3_column_text(s, at);
}

static int read_places(struct finder *f, int64_t id, struct search_place **places, size_t *n)
{
	int code;

	sqlite3_bind_int64(f->hits, 2, id);
	code = sqlite3_step(f->hits);
	*n = 0;
	*places = NULL;
	if (code == SQLITE_ROW) {
		size_t bytes = (size_t)sqlite3_column_bytes(f->hits, 0);
		*n = bytes / sizeof(**places);
		*places = mem_array(*n + 1, sizeof(**places));
		if (*n)
			memcpy(*places, sqlite3_column_blob(f->hits, 0), bytes);
	} else if (code != SQLITE_DONE) {
		fail(f, "searching");
	}
	sqlite3_reset(f->hits);
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : -1;
}

static int show(struct finder *f, const struct candidate *c, uint64_t rank,
	void (*fn)(void *arg, const struct search_hit *hit), void *arg)
{
	struct search_hit hit = {.rank = rank, .score = -c->score};
	struct search_words words = SEARCH_WORDS_INIT;
	struct search_place *places;
	int code, ret = -1;
	size_t n;

	if (read_places(f, c->id, &places, &n) < 0)
		return -1;
	search_hits_lone(f->s->tok, f->fts, places, n);
	buf_init(&hit.title);
	buf_init(&hit.snippet);
	sqlite3_bind_int64(f->page, 1, c->id);
	code = sqlite3_step(f->page);
	if (code == SQLITE_ROW) {
		hit.url = text_at(f->page, 0);
		hit.host = text_at(f->page, 1);
		hit.lang = text_at(f->page, 2);
		hit.fetched_at = text_at(f->page, 3);
		search_words_read(&words, f->page, 4); /* damaged text: shown without */
		search_hits_show(f->s->tok, &words, places, n, &hit);
		fn(arg, &hit);
		ret = 0;
	} else {
		ret = code == SQLITE_DONE ? 0 : fail(f, "reading");
	}
	sqlite3_reset(f->page);
	search_hit_release(&hit);
	search_words_release(&words);
	free(places);
	return ret;
}

static int prepare_all(struct finder *f, const char *fts)
{
	f->match = prepare(f, "select rowid, " RANK " from main.search where search match ?1");
	f->hits = prepare(f, "select skitter_hits(search) from main.search where search match ?1 "
			     "and rowid = ?2");
	f->facts = prepare(f,
		"select h.name, f.lang from @.fetch f join @.url u on u.id = f.url_id "
		"left join @.host h on h.id = u.host_id where f.id = ?1 and f.state > 0");
	f->page =
		prepare(f, "select u.url, h.name, f.lang, strftime('%Y-%m-%dT%H:%M:%fZ', "
			   "f.fetched_ms / 1000.0, "
			   "'unixepoch'), " SEARCH_WORDS_COLUMNS " from @.fetch f "
			   "join @.url u on u.id = f.url_id left join @.host h on h.id = u.host_id "
			   "left join @.content c on c.id = f.id where f.id = ?1 and f.state > 0");
	if (!f->match || !f->hits || !f->facts || !f->page)
		return -1;
	sqlite3_bind_text(f->match, 1, fts, -1, SQLITE_STATIC);
	sqlite3_bind_text(f->hits, 1, fts, -1, SQLITE_STATIC);
	return 0;
}

static int find(struct finder *f, const char *fts,
	void (*fn)(void *arg, const struct search_hit *hit), void *arg)
{
	f->fts = fts;
	if (prepare_all(f, fts) < 0 || collect(f) < 0)
		return -1;
	qsort(f->best, f->n, sizeof(*f->best), by_rank);
	for (size_t i = f->filter->offset; i < f->n; i++)
		if (show(f, &f->best[i], i + 1, fn, arg) < 0)
			return -1;
	return 0;
}

int search_find(struct search *s, const char *query, const struct search_filter *filter,
	void (*fn)(void *arg, const struct search_hit *hit), void *arg, uint64_t *found,
	struct buf *left_out, struct err *err)
{
	struct finder f = {.s = s, .filter = filter, .err = err};
	struct buf fts = BUF_INIT, dropped = BUF_INIT;
	int ret = search_query_read(s->tok, query, &fts, left_out ? left_out : &dropped, err);

	f.cap = filter->limit + filter->offset;
	f.cap = f.cap > SEARCH_MAX_LIMIT ? SEARCH_MAX_LIMIT : f.cap;
	f.best = mem_array(f.cap + 1, sizeof(*f.best));
	/* One moment for all statements. */
	if (ret == 0 && (ret = db_exec(s->db, s->file, "begin", err)) == 0) {
		ret = find(&f, fts.data, fn, arg);
		sqlite3_exec(s->db, "commit", NULL, NULL, NULL);
	}
	*found = f.found;
	sqlite3_finalize(f.match);
	sqlite3_finalize(f.facts);
	sqlite3_finalize(f.page);
	sqlite3_finalize(f.hits);
	free(f.best);
	buf_release(&fts);
	buf_release(&dropped);
	return ret;
}
