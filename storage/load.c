/* load.c - what a resume needs, each in one sequential scan. */
#include <stdlib.h>
#include <string.h>

#include "config/le64.h"
#include "config/mem.h"
#include "storage/store_int.h"
#include "workers/queue.h"

int read_begin(struct store *st, struct err *err)
{
	return db_exec(st->db, st->path, "begin", err);
}

void read_end(struct store *st)
{
	sqlite3_exec(st->db, "commit", NULL, NULL, NULL);
}

/* Steps to the next row: 1, at the end 0, -1 on an error. */
int read_row(struct store *st, sqlite3_stmt *s, struct err *err)
{
	int code = sqlite3_step(s);

	if (code == SQLITE_ROW)
		return 1;
	return code == SQLITE_DONE ? 0 : db_fail(st->db, st->path, "reading", err);
}

static const char *text_of(sqlite3_stmt *s, int at)
{
	return (const char *)sqlite3_column_text(s, at);
}

/* ---- URLs: three lists in the order of ids, merged ---- */

struct url_scan {
	struct store *st;
	sqlite3_stmt *urls, *fetches, *settled, *retry;
	uint64_t fetch_url, settled_url; /* the id each list stands at; UINT64_MAX = its end */
	struct err *err;
};

static int advance(struct url_scan *sc, sqlite3_stmt *s, uint64_t *at)
{
	int more = read_row(sc->st, s, sc->err);

	*at = more > 0 ? (uint64_t)sqlite3_column_int64(s, 0) : UINT64_MAX;
	return more < 0 ? -1 : 0;
}

/* What only a row knows whose URL is to be tried again. */
static int load_retry(struct url_scan *sc, struct store_url *u)
{
	int more;

	sqlite3_bind_int64(sc->retry, 1, sqlite3_column_int64(sc->fetches, 3));
	more = read_row(sc->st, sc->retry, sc->err);
	if (more > 0) {
		u->attempts = (uint32_t)sqlite3_column_int64(sc->retry, 0);
		u->not_before_ms = sqlite3_column_int64(sc->retry, 1);
	}
	sqlite3_reset(sc->retry);
	return more < 0 ? -1 : 0;
}

static int merge_state(struct url_scan *sc, struct store_url *u)
{
	while (sc->settled_url < u->id)
		if (advance(sc, sc->settled, &sc->settled_url) < 0)
			return -1;
	while (sc->fetch_url < u->id)
		if (advance(sc, sc->fetches, &sc->fetch_url) < 0)
			return -1;
	u->state = sc->settled_url == u->id ? URL_DONE : URL_QUEUED;
	if (sc->fetch_url != u->id)
		return 0;
	u->status = sqlite3_column_int(sc->fetches, 2);
	if (u->state == URL_DONE)
		return 0;
	u->state = sqlite3_column_int(sc->fetches, 1) == 2 ? URL_DONE : URL_RETRY;
	return u->state == URL_RETRY ? load_retry(sc, u) : 0;
}

static void read_url(sqlite3_stmt *s, struct store_url *u)
{
	memset(u, 0, sizeof(*u));
	u->id = (uint64_t)sqlite3_column_int64(s, 0);
	u->url = text_of(s, 1);
	u->len = (uint32_t)sqlite3_column_bytes(s, 1);
	u->host_id = (uint32_t)sqlite3_column_int64(s, 2);
	u->depth = (uint16_t)sqlite3_column_int(s, 3);
	u->hops = (uint8_t)sqlite3_column_int(s, 4);
	u->kind = (uint8_t)sqlite3_column_int(s, 5);
	u->referrer = (uint64_t)sqlite3_column_int64(s, 6);
	u->origin = (uint64_t)sqlite3_column_int64(s, 7);
}

/* Reading the rows and what is made of them cost about the same: a thread reads ahead. */
#define BATCH_URLS 512
#define BATCHES	   4

struct url_batch {
	struct store_url urls[BATCH_URLS];
	size_t n;
	struct buf text; /* what they point to: offsets until the batch is full */
};

struct reader {
	struct url_scan *sc;
	struct queue *full, *empty;
	int ret;
};

static void add_url(struct url_batch *b, const struct store_url *u)
{
	struct store_url *copy = &b->urls[b->n++];

	*copy = *u;
	copy->url = (const char *)(uintptr_t)b->text.len;
	buf_add(&b->text, u->url, u->len);
	buf_add_ch(&b->text, '\0');
}

static void pass_on(struct reader *r, struct url_batch **b)
{
	for (size_t i = 0; i < (*b)->n; i++)
		(*b)->urls[i].url = (*b)->text.data + (uintptr_t)(*b)->urls[i].url;
	queue_put(r->full, *b);
	*b = queue_get(r->empty);
	(*b)->n = 0;
	buf_reset(&(*b)->text);
}

static int scan_urls(struct reader *r)
{
	struct url_scan *sc = r->sc;
	struct url_batch *b = queue_get(r->empty);
	struct store_url u;
	int more;

	if (advance(sc, sc->fetches, &sc->fetch_url) < 0 ||
		advance(sc, sc->settled, &sc->settled_url) < 0)
		return -1;
	while ((more = read_row(sc->st, sc->urls, sc->err)) > 0) {
		read_url(sc->urls, &u);
		if (merge_state(sc, &u) < 0)
			return -1;
		add_url(b, &u);
		if (b->n == BATCH_URLS)
			pass_on(r, &b);
	}
	if (b->n)
		pass_on(r, &b);
	return more;
}

static void *reader_main(void *arg)
{
	struct reader *r = arg;

	r->ret = scan_urls(r);
	queue_close(r->full);
	return NULL;
}

static int read_ahead(
	struct url_scan *sc, void (*fn)(void *arg, const struct store_url *url), void *arg)
{
	struct url_batch *batches = mem_array(BATCHES, sizeof(*batches)), *b;
	struct reader r = {sc, queue_open(BATCHES), queue_open(BATCHES), -1};
	struct thread *t;

	for (size_t i = 0; i < BATCHES; i++) {
		buf_init(&batches[i].text);
		queue_put(r.empty, &batches[i]);
	}
	t = thread_start("reader", reader_main, &r);
	while ((b = queue_get(r.full))) {
		for (size_t i = 0; i < b->n; i++)
			fn(arg, &b->urls[i]);
		queue_put(r.empty, b);
	}
	thread_join(t);
	for (size_t i = 0; i < BATCHES; i++)
		buf_release(&batches[i].text);
	queue_free(r.full);
	queue_free(r.empty);
	free(batches);
	return r.ret;
}

int store_load_urls(struct store *st, void (*fn)(void *arg, const struct store_url *url), void *arg,
	struct err *err)
{
	struct url_scan sc = {.st = st, .err = err};
	int ret = -1;

	if (read_begin(st, err) < 0)
		return -1;
	sc.urls = db_prepare(st->db, st->path,
		"select id, url, host_id, depth, hops, kind, referrer, origin from url "
		"order by id",
		err);
	sc.fetches = db_prepare(st->db, st->path,
		"select url_id, state, status, id from fetch where state > 0 order by url_id", err);
	sc.settled =
		db_prepare(st->db, st->path, "select url_id from settled order by url_id", err);
	sc.retry = db_prepare(
		st->db, st->path, "select attempt, not_before_ms from fetch where id = ?1", err);
	if (sc.urls && sc.fetches && sc.settled && sc.retry)
		ret = read_ahead(&sc, fn, arg);
	sqlite3_finalize(sc.urls);
	sqlite3_finalize(sc.fetches);
	sqlite3_finalize(sc.settled);
	sqlite3_finalize(sc.retry);
	read_end(st);
	return ret;
}

/* ---- hosts, robots.txt ---- */

int store_load_hosts(struct store *st, void (*fn)(void *arg, const struct store_host *host),
	void *arg, struct err *err)
{
	sqlite3_stmt *s = db_prepare(st->db, st->path,
		"select id, name, ip, state, crawl_delay, delay_ms, pages, errors, bytes, "
		"robots_excluded, last_fetched_ms, not_before_ms, backoff, origin from host "
		"order by id",
		err);
	int more;

	if (!s)
		return -1;
	while ((more = read_row(st, s, err)) > 0) {
		struct store_host h = {
			.id = (uint32_t)sqlite3_column_int64(s, 0),
			.name = text_of(s, 1),
			.ip = text_of(s, 2),
			.state = text_of(s, 3),
			.crawl_delay = -1,
			.delay_ms = sqlite3_column_double(s, 5),
			.pages = (uint64_t)sqlite3_column_int64(s, 6),
			.errors = (uint64_t)sqlite3_column_int64(s, 7),
			.bytes = (uint64_t)sqlite3_column_int64(s, 8),
			.robots_excluded = (uint64_t)sqlite3_column_int64(s, 9),
			.last_fetched_ms = sqlite3_column_int64(s, 10),
			.not_before_ms = sqlite3_column_int64(s, 11),
			.backoff = (uint32_t)sqlite3_column_int64(s, 12),
			.origin = text_of(s, 13),
		};
		if (sqlite3_column_type(s, 4) != SQLITE_NULL)
			h.crawl_delay = sqlite3_column_double(s, 4);
		fn(arg, &h);
	}
	sqlite3_finalize(s);
	return more;
}

int store_load_robots(struct store *st, void (*fn)(void *arg, const struct store_robots *robots),
	void *arg, struct err *err)
{
	sqlite3_stmt *s = db_prepare(st->db, st->path,
		"select origin, fetched_ms, status, verdict, text from robots_txt", err);
	int more;

	if (!s)
		return -1;
	while ((more = read_row(st, s, err)) > 0) {
		struct store_robots r = {
			.origin = text_of(s, 0),
			.fetched_ms = sqlite3_column_int64(s, 1),
			.status = sqlite3_column_int(s, 2),
			.verdict = text_of(s, 3),
		};
		if (sqlite3_column_type(s, 4) != SQLITE_NULL) {
			const char *text = sqlite3_column_blob(s, 4);
			r.len = (size_t)sqlite3_column_bytes(s, 4);
			r.text = r.len ? text : "";
		}
		fn(arg, &r);
	}
	sqlite3_finalize(s);
	return more;
}

/* ---- refusals ---- */

struct keys {
	uint64_t *v; /* ascending as signed numbers */
	size_t n, cap;
};

static int by_signed(const void *a, const void *b)
{
	int64_t x = (int64_t) * (const uint64_t *)a, y = (int64_t) * (const uint64_t *)b;

	return (x > y) - (x < y);
}

static int load_readmitted(struct store *st, struct keys *k, struct err *err)
{
	sqlite3_stmt *s =
		db_prepare(st->db, st->path, "select key from readmitted order by key", err);
	int more;

	if (!s)
		return -1;
	while ((more = read_row(st, s, err)) > 0) {
		if (k->n == k->cap) {
			k->cap = k->cap ? 2 * k->cap : 64;
			k->v = mem_realloc(k->v, k->cap * sizeof(*k->v));
		}
		k->v[k->n++] = (uint64_t)sqlite3_column_int64(s, 0);
	}
	sqlite3_finalize(s);
	return more;
}

static bool has_key(const struct keys *k, uint64_t key)
{
	return k->n && bsearch(&key, k->v, k->n, sizeof(key), by_signed);
}

static int load_rows(struct store *st, void (*fn)(void *arg, const struct store_excluded *ex),
	void *arg, const struct keys *gone, struct err *err)
{
	sqlite3_stmt *s = db_prepare(st->db, st->path,
		"select url, host_id, reason, rule, referrer, key, url_id from refused", err);
	int more;

	if (!s)
		return -1;
	while ((more = read_row(st, s, err)) > 0) {
		struct store_excluded ex = {
			.url = text_of(s, 0),
			.url_len = (uint32_t)sqlite3_column_bytes(s, 0),
			.host_id = (uint32_t)sqlite3_column_int64(s, 1),
			.reason = text_of(s, 2),
			.rule = text_of(s, 3),
			.referrer = (uint64_t)sqlite3_column_int64(s, 4),
			.row = true,
			.key = (uint64_t)sqlite3_column_int64(s, 5),
			.url_id = (uint64_t)sqlite3_column_int64(s, 6),
		};
		if (ex.url_id || !has_key(gone, ex.key))
			fn(arg, &ex);
	}
	sqlite3_finalize(s);
	return more;
}

static int load_keys(struct store *st, void (*fn)(void *arg, const struct store_excluded *ex),
	void *arg, const struct keys *gone, struct err *err)
{
	sqlite3_stmt *s = db_prepare(
		st->db, st->path, "select host_id, reason, rule, keys from refused_more", err);
	int more;

	if (!s)
		return -1;
	while ((more = read_row(st, s, err)) > 0) {
		struct store_excluded ex = {
			.host_id = (uint32_t)sqlite3_column_int64(s, 0),
			.reason = text_of(s, 1),
			.rule = text_of(s, 2),
		};
		const char *keys = sqlite3_column_blob(s, 3);
		size_t n = (size_t)sqlite3_column_bytes(s, 3) / sizeof(uint64_t);
		for (size_t i = 0; i < n; i++) {
			ex.key = le64_load(keys + i * sizeof(ex.key));
			if (!has_key(gone, ex.key))
				fn(arg, &ex);
		}
	}
	sqlite3_finalize(s);
	return more;
}

int store_load_excluded(struct store *st, void (*fn)(void *arg, const struct store_excluded *ex),
	void *arg, struct err *err)
{
	struct keys gone = {0};
	int ret = -1;

	if (read_begin(st, err) < 0)
		return -1;
	if (load_readmitted(st, &gone, err) == 0 && load_rows(st, fn, arg, &gone, err) == 0 &&
		load_keys(st, fn, arg, &gone, err) == 0)
		ret = 0;
	free(gone.v);
	read_end(st);
	return ret;
}

int store_load_deep(struct store *st, unsigned depth,
	void (*fn)(void *arg, const char *url, size_t len, unsigned depth, uint64_t referrer),
	void *arg, struct err *err)
{
	sqlite3_stmt *s = db_prepare(st->db, st->path,
		"select x.url, coalesce(u.depth, 0) + 1, x.referrer from refused x "
		"left join url u on u.id = x.referrer "
		"where x.reason = 'depth' and x.url_id is null and coalesce(u.depth, 0) < ?1 "
		"and not exists (select 1 from readmitted m where m.key = x.key) order by x.id",
		err);
	int more;

	if (!s)
		return -1;
	sqlite3_bind_int64(s, 1, depth);
	while ((more = read_row(st, s, err)) > 0)
		fn(arg, text_of(s, 0), (size_t)sqlite3_column_bytes(s, 0),
			(unsigned)sqlite3_column_int(s, 1), (uint64_t)sqlite3_column_int64(s, 2));
	sqlite3_finalize(s);
	return more;
}

/* ---- beyond the memory for known URLs ---- */

int store_load_beyond(struct store *st, uint64_t after, size_t max,
	void (*fn)(void *arg, const struct store_beyond *b), void *arg, uint64_t *last,
	struct err *err)
{
	sqlite3_stmt *s = db_prepare(st->db, st->path,
		"select id, url, depth, hops, kind, referrer, origin, flags from beyond where id > "
		"?1 order by id limit ?2",
		err);
	int more;

	*last = after;
	if (!s)
		return -1;
	sqlite3_bind_int64(s, 1, (sqlite3_int64)after);
	sqlite3_bind_int64(s, 2, (sqlite3_int64)max);
	while ((more = read_row(st, s, err)) > 0) {
		struct store_beyond b = {
			.url = text_of(s, 1),
			.url_len = (uint32_t)sqlite3_column_bytes(s, 1),
			.depth = (uint16_t)sqlite3_column_int(s, 2),
			.hops = (uint8_t)sqlite3_column_int(s, 3),
			.kind = (uint8_t)sqlite3_column_int(s, 4),
			.referrer = (uint64_t)sqlite3_column_int64(s, 5),
			.origin = (uint64_t)sqlite3_column_int64(s, 6),
			.seed = sqlite3_column_int(s, 7) & 1,
			.is_list = sqlite3_column_int(s, 7) & 2,
		};
		*last = (uint64_t)sqlite3_column_int64(s, 0);
		fn(arg, &b);
	}
	sqlite3_finalize(s);
	return more;
}

int store_count_beyond(struct store *st, uint64_t *n, struct err *err)
{
	int64_t count = 0;
	int ret = db_int(st->db, st->path, "select count(*) from beyond", 0, &count, err);

	*n = (uint64_t)count;
	return ret;
}
