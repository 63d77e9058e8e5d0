#include "storage/insert.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "config/buf.h"
#include "config/mem.h"
#include "storage/db.h"
#include "storage/pack.h"

enum {
	BEGIN,
	COMMIT,
	URL,
	SUPERSEDE,
	FETCH,
	LINKS,
	CONTENT,
	REFUSED,
	REFUSED_MORE,
	SETTLED,
	READMITTED,
	BEYOND,
	BEYOND_DONE,
	HOST,
	ROBOTS,
	LIVE_CLEAR,
	LIVE,
	META,
	STATEMENTS
};

static const char *const statement_sql[STATEMENTS] = {
	[BEGIN] = "begin immediate",
	[COMMIT] = "commit",
	[URL] = "insert into url(id, url, host_id, depth, hops, kind, referrer, origin) "
		"values(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[SUPERSEDE] = "update fetch set state = 0 where url_id = ?1 and state > 0",
	[FETCH] =
		"insert into fetch(id, url_id, state, attempt, status, error, content_type, "
		"charset, "
		"lang, title, description, canonical, size, wire_size, truncated, fetched_ms, "
		"not_before_ms, dns_us, connect_us, tls_us, wait_us, ttfb_us, total_us, parse_us, "
		"http_version, ip, redirect, robots, words, flags, digest, wire_digest) "
		"values(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, "
		"?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32)",
	[LINKS] = "insert into link_pack(id, links) values(?1, ?2)",
	[CONTENT] = "insert into content(id, request_head, response_head, headings, text, packed, "
		    "coding, body) values(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[REFUSED] = "insert into refused(url, host_id, reason, rule, referrer, key, url_id) "
		    "values(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[REFUSED_MORE] = "insert into refused_more(host_id, reason, rule, n, keys) "
			 "values(?1, ?2, ?3, ?4, ?5)",
	[SETTLED] = "insert or replace into settled(url_id) values(?1)",
	[READMITTED] = "insert or replace into readmitted(key) values(?1)",
	[BEYOND] = "insert into beyond(url, depth, hops, kind, referrer, origin, flags) "
		   "values(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[BEYOND_DONE] = "delete from beyond where id <= ?1",
	[HOST] = "insert or replace into host(id, name, ip, state, crawl_delay, delay_ms, pages, "
		 "errors, bytes, robots_excluded, last_fetched_ms, not_before_ms, backoff, "
		 "origin) values(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
	[ROBOTS] = "insert or replace into robots_txt(origin, fetched_ms, status, verdict, text) "
		   "values(?1, ?2, ?3, ?4, ?5)",
	[LIVE_CLEAR] = "delete from live",
	[LIVE] = "insert or replace into live(url_id, state) values(?1, ?2)",
	[META] = "insert into meta(key, value) values(?1, ?2) "
		 "on conflict(key) do update set value = excluded.value",
};

struct insert {
	sqlite3 *db;
	const char *path;
	bool store_bodies;
	int64_t last_fetch; /* the highest fetch.id in use */
	/* Of all fetches; in meta with every COMMIT, since a sum over the rows takes long. */
	int64_t bytes_wire, bytes_decoded;
	bool bytes_changed;
	sqlite3_stmt *s[STATEMENTS];
};

struct insert *insert_open(sqlite3 *db, const char *path, bool store_bodies, struct err *err)
{
	struct insert *in = mem_zalloc(sizeof(*in));

	in->db = db;
	in->path = path;
	in->store_bodies = store_bodies;
	if (db_int(db, path, "select max(id) from fetch", 0, &in->last_fetch, err) < 0 ||
		db_int(db, path, DB_BYTES_WIRE, 0, &in->bytes_wire, err) < 0 ||
		db_int(db, path, DB_BYTES_DECODED, 0, &in->bytes_decoded, err) < 0)
		goto fail;
	for (int i = 0; i < STATEMENTS; i++) {
		in->s[i] = db_prepare(db, path, statement_sql[i], err);
		if (!in->s[i])
			goto fail;
	}
	return in;
fail:
	insert_close(in);
	return NULL;
}

void insert_close(struct insert *in)
{
	if (!in)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(in->s[i]);
	free(in);
}

static int run(struct insert *in, int which, struct err *err)
{
	return db_run(in->db, in->path, in->s[which], err);
}

int insert_begin(struct insert *in, struct err *err)
{
	return run(in, BEGIN, err);
}

static int put_number(struct insert *in, const char *key, int64_t n, struct err *err)
{
	sqlite3_bind_text(in->s[META], 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_int64(in->s[META], 2, n);
	return run(in, META, err);
}

int insert_commit(struct insert *in, struct err *err)
{
	if (in->bytes_changed &&
		(put_number(in, "bytes_wire", in->bytes_wire, err) < 0 ||
			put_number(in, "bytes_decoded", in->bytes_decoded, err) < 0))
		return -1;
	in->bytes_changed = false;
	return run(in, COMMIT, err);
}

void insert_rollback(struct insert *in)
{
	/* SQLite may have rolled back by itself: then this fails, which is fine. */
	sqlite3_exec(in->db, "rollback", NULL, NULL, NULL);
}

/* ---- binding ---- */

static void bind_id(sqlite3_stmt *s, int at, uint64_t id)
{
	if (id)
		sqlite3_bind_int64(s, at, (sqlite3_int64)id);
	else
		sqlite3_bind_null(s, at);
}

static void bind_ms(sqlite3_stmt *s, int at, int64_t ms)
{
	if (ms > 0)
		sqlite3_bind_int64(s, at, ms);
	else
		sqlite3_bind_null(s, at);
}

static void bind_us(sqlite3_stmt *s, int at, double ms)
{
	if (ms >= 0 && ms < 1e12)
		sqlite3_bind_int64(s, at, (sqlite3_int64)(ms * 1000 + 0.5));
	else
		sqlite3_bind_null(s, at);
}

static void bind_text(sqlite3_stmt *s, int at, const char *text, size_t len)
{
	if (text && len)
		sqlite3_bind_text64(s, at, text, len, SQLITE_STATIC, SQLITE_UTF8);
	else
		sqlite3_bind_null(s, at);
}

static void bind_fact(sqlite3_stmt *s, int at, const struct facts *f, struct facts_str str)
{
	bind_text(s, at, facts_text(f, str), str.len);
}

static const char *robots_words(unsigned words, char *out, size_t cap)
{
	static const struct {
		unsigned bit;
		const char *word;
	} all[] = {{ROBOTS_NOINDEX, "noindex"}, {ROBOTS_NOFOLLOW, "nofollow"},
		{ROBOTS_NOARCHIVE, "noarchive"}, {ROBOTS_NOSNIPPET, "nosnippet"}};
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < MEM_COUNT(all); i++) {
		size_t n = strlen(all[i].word);
		if (!(words & all[i].bit) || len + n + 2 > cap)
			continue;
		if (len)
			out[len++] = ' ';
		memcpy(out + len, all[i].word, n + 1);
		len += n;
	}
	return out;
}

static bool is_identity(const struct store_item *item)
{
	return !item->coding || !*item->coding || strcmp(item->coding, "identity") == 0;
}

/* -1 = nobody knows: it came in a coding and was not read. */
static sqlite3_int64 decoded_bytes(const struct store_item *item)
{
	if (is_identity(item))
		return (sqlite3_int64)item->body_len;
	return item->facts ? (sqlite3_int64)item->facts->decoded_size : -1;
}

static sqlite3_int64 wire_bytes(const struct store_item *item)
{
	return (sqlite3_int64)(item->wire_size ? item->wire_size : item->body_len);
}

/* ---- a fetch ---- */

static void bind_facts(sqlite3_stmt *s, const struct store_item *item)
{
	static const struct facts none;
	const struct facts *f = item->facts ? item->facts : &none;

	if (item->content_type && *item->content_type)
		db_bind_str(s, 7, item->content_type);
	else
		bind_fact(s, 7, f, f->content_type);
	bind_fact(s, 8, f, f->charset);
	bind_fact(s, 9, f, f->lang);
	bind_fact(s, 10, f, f->title);
	bind_fact(s, 11, f, f->description);
	bind_fact(s, 12, f, f->canonical);
	if (decoded_bytes(item) >= 0)
		sqlite3_bind_int64(s, 13, decoded_bytes(item));
	else
		sqlite3_bind_null(s, 13);
	bind_id(s, 29, f->words);
	bind_id(s, 30, f->flags);
}

static void bind_digests(sqlite3_stmt *s, const struct store_packed *p)
{
	if (p->has_digest)
		sqlite3_bind_blob(s, 31, p->digest, 32, SQLITE_STATIC);
	else
		sqlite3_bind_null(s, 31);
	if (p->has_digests && !p->same_digest)
		sqlite3_bind_blob(s, 32, p->wire, 32, SQLITE_STATIC);
	else
		sqlite3_bind_null(s, 32);
}

static void bind_timing(sqlite3_stmt *s, const struct store_item *item)
{
	const double ms[] = {item->dns_ms, item->connect_ms, item->tls_ms, item->wait_ms,
		item->ttfb_ms, item->total_ms, item->parse_ms};

	for (size_t i = 0; i < MEM_COUNT(ms); i++)
		bind_us(s, 18 + (int)i, ms[i]);
}

static int insert_fetch_row(
	struct insert *in, const struct store_item *item, int64_t id, struct err *err)
{
	sqlite3_stmt *s = in->s[FETCH];
	char robots[64];
	unsigned words = item->x_robots | (item->facts ? item->facts->robots : 0);

	sqlite3_bind_int64(s, 1, id);
	sqlite3_bind_int64(s, 2, (sqlite3_int64)item->url_id);
	sqlite3_bind_int(s, 3, item->final ? 2 : 1);
	sqlite3_bind_int64(s, 4, item->attempt);
	sqlite3_bind_int(s, 5, item->status);
	db_bind_str(s, 6, item->error);
	bind_facts(s, item);
	sqlite3_bind_int64(s, 14, wire_bytes(item));
	db_bind_str(s, 15, item->truncated);
	bind_ms(s, 16, item->fetched_wall_ms);
	bind_ms(s, 17, item->final ? 0 : item->not_before_ms);
	bind_timing(s, item);
	db_bind_str(s, 25, item->http_version);
	db_bind_str(s, 26, item->ip);
	db_bind_str(s, 27, item->redirect);
	db_bind_str(s, 28, words ? robots_words(words, robots, sizeof(robots)) : NULL);
	bind_digests(s, item->packed);
	return run(in, FETCH, err);
}

static void bind_body(struct insert *in, const struct store_item *item)
{
	const struct store_packed *p = item->packed;
	sqlite3_stmt *s = in->s[CONTENT];

	sqlite3_bind_int(s, 6, p->body != NULL);
	if (!in->store_bodies || !item->status) {
		sqlite3_bind_null(s, 7);
		sqlite3_bind_null(s, 8);
		return;
	}
	sqlite3_bind_text(s, 7, is_identity(item) ? "identity" : item->coding, -1, SQLITE_STATIC);
	if (p->body)
		sqlite3_bind_blob64(s, 8, p->body, p->body_len, SQLITE_STATIC);
	else if (item->body_len)
		sqlite3_bind_blob64(s, 8, item->body, item->body_len, SQLITE_STATIC);
	else
		sqlite3_bind_zeroblob(s, 8, 0);
}

static int insert_content(
	struct insert *in, const struct store_item *item, int64_t id, struct err *err)
{
	const struct store_packed *p = item->packed;
	const struct facts *f = item->facts;
	sqlite3_stmt *s = in->s[CONTENT];

	sqlite3_bind_int64(s, 1, id);
	bind_text(s, 2, item->request_head, item->request_head_len);
	bind_text(s, 3, item->response_head, item->response_head_len);
	sqlite3_bind_null(s, 4);
	sqlite3_bind_null(s, 5);
	if (f) {
		bind_fact(s, 4, f, f->headings);
		if (p->text)
			sqlite3_bind_blob64(s, 5, p->text, p->text_len, SQLITE_STATIC);
		else
			bind_fact(s, 5, f, f->text);
	}
	bind_body(in, item);
	return run(in, CONTENT, err);
}

static int insert_fetch(struct insert *in, const struct store_item *item, struct err *err)
{
	const struct store_packed *p = item->packed;
	int64_t id = in->last_fetch + 1;

	if (item->attempt > 1) {
		sqlite3_bind_int64(in->s[SUPERSEDE], 1, (sqlite3_int64)item->url_id);
		if (run(in, SUPERSEDE, err) < 0)
			return -1;
	}
	if (insert_fetch_row(in, item, id, err) < 0)
		return -1;
	if (p->links_len) {
		sqlite3_bind_int64(in->s[LINKS], 1, id);
		bind_text(in->s[LINKS], 2, p->links, p->links_len);
		if (run(in, LINKS, err) < 0)
			return -1;
	}
	if (insert_content(in, item, id, err) < 0)
		return -1;
	in->bytes_wire += wire_bytes(item);
	in->bytes_decoded += decoded_bytes(item) > 0 ? decoded_bytes(item) : 0;
	in->bytes_changed = true;
	in->last_fetch = id;
	return 0;
}

/* ---- what came with it ---- */

static int insert_urls(struct insert *in, const struct store_item *item, struct err *err)
{
	sqlite3_stmt *s = in->s[URL];

	for (size_t i = 0; i < item->nurls; i++) {
		const struct store_new_url *u = &item->urls[i];
		sqlite3_bind_int64(s, 1, (sqlite3_int64)u->id);
		sqlite3_bind_text(s, 2, u->url, (int)u->url_len, SQLITE_STATIC);
		bind_id(s, 3, u->host_id);
		sqlite3_bind_int(s, 4, u->depth);
		sqlite3_bind_int(s, 5, u->hops);
		sqlite3_bind_int(s, 6, u->kind);
		bind_id(s, 7, u->referrer);
		bind_id(s, 8, u->origin);
		if (run(in, URL, err) < 0)
			return -1;
	}
	return 0;
}

static bool same_rule(const struct store_excluded *a, const struct store_excluded *b)
{
	return a->host_id == b->host_id && strcmp(a->reason, b->reason) == 0 &&
	       strcmp(a->rule ? a->rule : "", b->rule ? b->rule : "") == 0;
}

/* One row for the run of counted refusals by one rule that starts at ex[0]. */
static size_t insert_refused_more(struct insert *in, const struct store_excluded *ex, size_t n,
	struct buf *keys, int *ret, struct err *err)
{
	sqlite3_stmt *s = in->s[REFUSED_MORE];
	size_t i;

	buf_reset(keys);
	for (i = 0; i < n && !ex[i].row && same_rule(&ex[0], &ex[i]); i++) {
		uint64_t key = htole64(ex[i].key);
		buf_add(keys, &key, sizeof(key));
	}
	bind_id(s, 1, ex->host_id);
	sqlite3_bind_text(s, 2, ex->reason, -1, SQLITE_STATIC);
	db_bind_str(s, 3, ex->rule);
	sqlite3_bind_int64(s, 4, (sqlite3_int64)i);
	sqlite3_bind_blob64(s, 5, keys->data, keys->len, SQLITE_STATIC);
	*ret = run(in, REFUSED_MORE, err);
	return i;
}

static int insert_refused(struct insert *in, const struct store_item *item, struct err *err)
{
	sqlite3_stmt *s = in->s[REFUSED];
	struct buf keys = BUF_INIT;
	int ret = 0;

	for (size_t i = 0; i < item->nexcluded && ret == 0;) {
		const struct store_excluded *ex = &item->excluded[i];
		if (!ex->row) {
			i += insert_refused_more(in, ex, item->nexcluded - i, &keys, &ret, err);
			continue;
		}
		sqlite3_bind_text(s, 1, ex->url, (int)ex->url_len, SQLITE_STATIC);
		bind_id(s, 2, ex->host_id);
		sqlite3_bind_text(s, 3, ex->reason, -1, SQLITE_STATIC);
		db_bind_str(s, 4, ex->rule);
		bind_id(s, 5, ex->referrer);
		sqlite3_bind_int64(s, 6, (sqlite3_int64)ex->key);
		bind_id(s, 7, ex->url_id);
		ret = run(in, REFUSED, err);
		i++;
	}
	buf_release(&keys);
	return ret;
}

/* Which URLs change sides: queued ones that are refused after all, refused ones that are
 * among this item's new URLs. */
static int insert_sides(struct insert *in, const struct store_item *item, struct err *err)
{
	for (size_t i = 0; i < item->nexcluded; i++) {
		if (!item->excluded[i].url_id)
			continue;
		bind_id(in->s[SETTLED], 1, item->excluded[i].url_id);
		if (run(in, SETTLED, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < item->nreadmitted; i++) {
		sqlite3_bind_int64(in->s[READMITTED], 1, (sqlite3_int64)item->readmitted[i]);
		if (run(in, READMITTED, err) < 0)
			return -1;
	}
	return 0;
}

static int insert_beyond(struct insert *in, const struct store_item *item, struct err *err)
{
	sqlite3_stmt *s = in->s[BEYOND];

	if (item->beyond_done) {
		bind_id(in->s[BEYOND_DONE], 1, item->beyond_done);
		if (run(in, BEYOND_DONE, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < item->nbeyond; i++) {
		const struct store_beyond *b = &item->beyond[i];
		sqlite3_bind_text(s, 1, b->url, (int)b->url_len, SQLITE_STATIC);
		sqlite3_bind_int(s, 2, b->depth);
		sqlite3_bind_int(s, 3, b->hops);
		sqlite3_bind_int(s, 4, b->kind);
		bind_id(s, 5, b->referrer);
		bind_id(s, 6, b->origin);
		sqlite3_bind_int(s, 7, b->seed | b->is_list << 1);
		if (run(in, BEYOND, err) < 0)
			return -1;
	}
	return 0;
}

static int insert_hosts(struct insert *in, const struct store_item *item, struct err *err)
{
	sqlite3_stmt *s = in->s[HOST];

	for (size_t i = 0; i < item->nhosts; i++) {
		const struct store_host *h = &item->hosts[i];
		sqlite3_bind_int64(s, 1, h->id);
		sqlite3_bind_text(s, 2, h->name, -1, SQLITE_STATIC);
		db_bind_str(s, 3, h->ip);
		db_bind_str(s, 4, h->state);
		if (h->crawl_delay >= 0)
			sqlite3_bind_double(s, 5, h->crawl_delay);
		else
			sqlite3_bind_null(s, 5);
		sqlite3_bind_double(s, 6, h->delay_ms);
		sqlite3_bind_int64(s, 7, (sqlite3_int64)h->pages);
		sqlite3_bind_int64(s, 8, (sqlite3_int64)h->errors);
		sqlite3_bind_int64(s, 9, (sqlite3_int64)h->bytes);
		sqlite3_bind_int64(s, 10, (sqlite3_int64)h->robots_excluded);
		bind_ms(s, 11, h->last_fetched_ms);
		bind_ms(s, 12, h->not_before_ms);
		sqlite3_bind_int64(s, 13, h->backoff);
		db_bind_str(s, 14, h->origin);
		if (run(in, HOST, err) < 0)
			return -1;
	}
	return 0;
}

static int insert_robots(struct insert *in, const struct store_item *item, struct err *err)
{
	sqlite3_stmt *s = in->s[ROBOTS];

	for (size_t i = 0; i < item->nrobots; i++) {
		const struct store_robots *r = &item->robots[i];
		sqlite3_bind_text(s, 1, r->origin, -1, SQLITE_STATIC);
		bind_ms(s, 2, r->fetched_ms);
		sqlite3_bind_int(s, 3, r->status);
		db_bind_str(s, 4, r->verdict);
		if (r->text)
			sqlite3_bind_blob64(s, 5, r->text, r->len, SQLITE_STATIC);
		else
			sqlite3_bind_null(s, 5);
		if (run(in, ROBOTS, err) < 0)
			return -1;
	}
	return 0;
}

static int insert_live_rows(
	struct insert *in, const uint64_t *ids, size_t n, const char *state, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		sqlite3_bind_int64(in->s[LIVE], 1, (sqlite3_int64)ids[i]);
		sqlite3_bind_text(in->s[LIVE], 2, state, -1, SQLITE_STATIC);
		if (run(in, LIVE, err) < 0)
			return -1;
	}
	return 0;
}

static int insert_live(struct insert *in, const struct store_item *item, struct err *err)
{
	if (!item->has_inflight)
		return 0;
	if (run(in, LIVE_CLEAR, err) < 0 ||
		insert_live_rows(in, item->deferred, item->ndeferred, "deferred", err) < 0)
		return -1;
	return insert_live_rows(in, item->inflight, item->ninflight, "in flight", err);
}

static int insert_meta(struct insert *in, const struct store_item *item, struct err *err)
{
	for (size_t i = 0; i < item->nmeta; i++) {
		sqlite3_bind_text(in->s[META], 1, item->meta[i].key, -1, SQLITE_STATIC);
		sqlite3_bind_text(in->s[META], 2, item->meta[i].value, -1, SQLITE_STATIC);
		if (run(in, META, err) < 0)
			return -1;
	}
	return 0;
}

int insert_item(struct insert *in, const struct store_item *item, struct err *err)
{
	if (item->url_id && insert_fetch(in, item, err) < 0)
		return -1;
	if (insert_urls(in, item, err) < 0 || insert_refused(in, item, err) < 0 ||
		insert_sides(in, item, err) < 0 || insert_beyond(in, item, err) < 0 ||
		insert_hosts(in, item, err) < 0 || insert_robots(in, item, err) < 0 ||
		insert_live(in, item, err) < 0)
		return -1;
	return insert_meta(in, item, err);
}
