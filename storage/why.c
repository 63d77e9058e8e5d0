/* why.c - everything the store knows about one URL. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "storage/linkers.h"
#include "storage/store_int.h"

#define CHAIN_MAX 64 /* referrers shown; a longer chain is cut */

static void set_str(char **to, const char *text)
{
	free(*to);
	*to = mem_strdup(text);
}

/* Runs a prepared SELECT whose parameter 1 is the URL. */
static sqlite3_stmt *ask_url(struct store *st, const char *sql, const char *url, struct err *err)
{
	sqlite3_stmt *s = db_prepare(st->db, st->path, sql, err);

	if (s)
		sqlite3_bind_text(s, 1, url, -1, SQLITE_STATIC);
	return s;
}

static int find_url(struct store *st, const char *url, struct store_verdict *v, uint64_t *referrer,
	struct err *err)
{
	sqlite3_stmt *s = ask_url(st,
		"select u.id, u.depth, u.hops, u.kind, u.referrer, h.name from url u left join "
		"host h on h.id = u.host_id where u.url = ?1 limit 1",
		url, err);
	int more;

	if (!s)
		return -1;
	more = read_row(st, s, err);
	if (more > 0) {
		v->known = true;
		v->id = (uint64_t)sqlite3_column_int64(s, 0);
		v->depth = (uint32_t)sqlite3_column_int(s, 1);
		v->hops = (uint32_t)sqlite3_column_int(s, 2);
		v->kind = (uint32_t)sqlite3_column_int(s, 3);
		*referrer = (uint64_t)sqlite3_column_int64(s, 4);
		v->host = db_dup_column(s, 5);
	}
	sqlite3_finalize(s);
	return more < 0 ? -1 : 0;
}

static int find_refusal(struct store *st, const char *url, struct store_verdict *v,
	uint64_t *referrer, struct err *err)
{
	/* Of a URL that was readmitted, only a later refusal counts. */
	sqlite3_stmt *s = ask_url(st,
		"select x.reason, x.rule, x.referrer, h.name, x.host_id from refused x left join "
		"host h on h.id = x.host_id where x.url = ?1 and (x.url_id is not null or not "
		"exists (select 1 from readmitted m where m.key = x.key)) order by x.id desc "
		"limit 1",
		url, err);
	int more;

	if (!s)
		return -1;
	more = read_row(st, s, err);
	if (more > 0) {
		v->excluded = true;
		v->reason = db_dup_column(s, 0);
		v->rule = db_dup_column(s, 1);
		if (!v->known)
			*referrer = (uint64_t)sqlite3_column_int64(s, 2);
		if (!v->host)
			v->host = db_dup_column(s, 3);
		v->host_id = (uint32_t)sqlite3_column_int64(s, 4);
	}
	sqlite3_finalize(s);
	return more < 0 ? -1 : 0;
}

/* One number from a SELECT over (host, reason, rule). */
static int count_rule(struct store *st, const char *sql, struct store_verdict *v, struct err *err)
{
	sqlite3_stmt *s = db_prepare(st->db, st->path, sql, err);
	int more;

	if (!s)
		return -1;
	if (v->host_id)
		sqlite3_bind_int64(s, 1, v->host_id);
	db_bind_str(s, 2, v->reason);
	db_bind_str(s, 3, v->rule);
	more = read_row(st, s, err);
	if (more > 0)
		v->same_excluded += (uint64_t)sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return more < 0 ? -1 : 0;
}

static int count_same(struct store *st, struct store_verdict *v, struct err *err)
{
	if (count_rule(st,
		    "select count(*) from refused where host_id is ?1 and reason is ?2 and rule "
		    "is ?3",
		    v, err) < 0)
		return -1;
	return count_rule(st,
		"select sum(n) from refused_more where host_id is ?1 and reason is ?2 and rule is "
		"?3",
		v, err);
}

/* ---- fetches ---- */

static void add_fetch(struct store_verdict *v, sqlite3_stmt *s)
{
	struct store_fetch *f;

	v->fetches = mem_realloc(v->fetches, (v->nfetches + 1) * sizeof(*v->fetches));
	f = &v->fetches[v->nfetches++];
	*f = (struct store_fetch){
		.id = (uint64_t)sqlite3_column_int64(s, 0),
		.attempt = (uint32_t)sqlite3_column_int64(s, 1),
		.final = sqlite3_column_int(s, 2) == 2,
		.status = sqlite3_column_int(s, 3),
		.error = db_dup_column(s, 4),
		.content_type = db_dup_column(s, 5),
		.truncated = db_dup_column(s, 6),
		.redirect = db_dup_column(s, 7),
		.ip = db_dup_column(s, 8),
		.http_version = db_dup_column(s, 9),
		.fetched_ms = sqlite3_column_int64(s, 10),
		.not_before_ms = sqlite3_column_int64(s, 11),
		.ttfb_ms = sqlite3_column_double(s, 12) / 1000,
		.total_ms = sqlite3_column_double(s, 13) / 1000,
		.size = (uint64_t)sqlite3_column_int64(s, 14),
		.wire_size = (uint64_t)sqlite3_column_int64(s, 15),
	};
}

static int find_fetches(struct store *st, struct store_verdict *v, struct err *err)
{
	sqlite3_stmt *s = db_prepare(st->db, st->path,
		"select id, attempt, state, status, error, content_type, truncated, redirect, ip, "
		"http_version, fetched_ms, not_before_ms, ttfb_us, total_us, size, wire_size "
		"from fetch where url_id = ?1 order by id",
		err);
	int more;

	if (!s)
		return -1;
	sqlite3_bind_int64(s, 1, (sqlite3_int64)v->id);
	while ((more = read_row(st, s, err)) > 0)
		add_fetch(v, s);
	sqlite3_finalize(s);
	return more;
}

/* ---- state ---- */

static int find_live(struct store *st, struct store_verdict *v, struct err *err)
{
	sqlite3_stmt *s =
		db_prepare(st->db, st->path, "select state from live where url_id = ?1", err);
	int more;

	if (!s)
		return -1;
	sqlite3_bind_int64(s, 1, (sqlite3_int64)v->id);
	more = read_row(st, s, err);
	if (more > 0)
		v->state = db_dup_column(s, 0);
	sqlite3_finalize(s);
	return more < 0 ? -1 : 0;
}

/* Found when --url-memory was used up. A file of before that has no such table. */
static int find_beyond(struct store *st, const char *url, struct store_verdict *v,
	uint64_t *referrer, struct err *err)
{
	sqlite3_stmt *s = db_prepare(
		st->db, st->path, "select referrer from beyond where url = ?1 order by id", NULL);
	int more;

	if (!s)
		return 0;
	sqlite3_bind_text(s, 1, url, -1, SQLITE_STATIC);
	more = read_row(st, s, err);
	if (more > 0) {
		v->excluded = true;
		set_str(&v->reason, "url-memory");
		set_str(&v->rule, "--url-memory");
		*referrer = (uint64_t)sqlite3_column_int64(s, 0);
	}
	sqlite3_finalize(s);
	return more < 0 ? -1 : 0;
}

static int find_state(struct store *st, struct store_verdict *v, struct err *err)
{
	const struct store_fetch *last = v->nfetches ? &v->fetches[v->nfetches - 1] : NULL;

	if (last && last->final)
		set_str(&v->state, "done");
	else if (v->excluded)
		set_str(&v->state, "excluded");
	else if (!v->known)
		set_str(&v->state, "unknown");
	else if (find_live(st, v, err) < 0)
		return -1;
	if (!v->state)
		set_str(&v->state, last ? "deferred" : "queued");
	return 0;
}

/* ---- referrers ---- */

static int find_chain(struct store *st, struct store_verdict *v, uint64_t id, struct err *err)
{
	sqlite3_stmt *s =
		db_prepare(st->db, st->path, "select url, referrer from url where id = ?1", err);
	int more = 0;

	if (!s)
		return -1;
	v->referrers = mem_array(CHAIN_MAX, sizeof(*v->referrers));
	while (id && v->nreferrers < CHAIN_MAX) {
		sqlite3_bind_int64(s, 1, (sqlite3_int64)id);
		more = read_row(st, s, err);
		if (more <= 0)
			break;
		v->referrers[v->nreferrers++] = db_dup_column(s, 0);
		id = (uint64_t)sqlite3_column_int64(s, 1);
		sqlite3_reset(s);
	}
	sqlite3_finalize(s);
	return more < 0 ? -1 : 0;
}

static int why(struct store *st, const char *url, size_t max_linkers, struct store_verdict *v,
	struct err *err)
{
	uint64_t referrer = 0;

	if (find_url(st, url, v, &referrer, err) < 0 ||
		find_refusal(st, url, v, &referrer, err) < 0)
		return -1;
	if (v->known && find_fetches(st, v, err) < 0)
		return -1;
	if (!v->known && !v->excluded && find_beyond(st, url, v, &referrer, err) < 0)
		return -1;
	if (v->excluded && count_same(st, v, err) < 0)
		return -1;
	if (find_state(st, v, err) < 0 || find_chain(st, v, referrer, err) < 0)
		return -1;
	return max_linkers ? linkers_find(st, url, max_linkers, v, err) : 0;
}

int store_why(struct store *st, const char *url, size_t max_linkers, struct store_verdict *out,
	struct err *err)
{
	int ret;

	*out = (struct store_verdict){0};
	out->url = mem_strdup(url);
	if (read_begin(st, err) < 0)
		return -1;
	ret = why(st, url, max_linkers, out, err);
	read_end(st);
	return ret;
}

/* ---- refusals known by fingerprint ---- */

static bool has_key(sqlite3_stmt *s, int at, uint64_t key)
{
	const char *keys = sqlite3_column_blob(s, at);
	size_t n = (size_t)sqlite3_column_bytes(s, at) / sizeof(key);
	uint64_t wanted = htole64(key);

	for (size_t i = 0; i < n; i++)
		if (memcmp(keys + i * sizeof(wanted), &wanted, sizeof(wanted)) == 0)
			return true;
	return false;
}

int store_why_key(struct store *st, uint64_t key, struct store_verdict *out, struct err *err)
{
	sqlite3_stmt *s;
	int more, ret = 0;

	if (out->known || out->excluded)
		return 0;
	s = db_prepare(st->db, st->path,
		"select keys, reason, rule, host_id from refused_more where ?1 not in (select key "
		"from readmitted)",
		err);
	if (!s)
		return -1;
	sqlite3_bind_int64(s, 1, (sqlite3_int64)key);
	while ((more = read_row(st, s, err)) > 0 && !has_key(s, 0, key))
		;
	if (more > 0) {
		out->excluded = true;
		out->reason = db_dup_column(s, 1);
		out->rule = db_dup_column(s, 2);
		out->host_id = (uint32_t)sqlite3_column_int64(s, 3);
		set_str(&out->state, "excluded");
		ret = count_same(st, out, err);
	}
	sqlite3_finalize(s);
	return more < 0 ? -1 : ret;
}

/* ---- release ---- */

static void fetch_release(struct store_fetch *f)
{
	free((char *)f->error);
	free((char *)f->content_type);
	free((char *)f->truncated);
	free((char *)f->redirect);
	free((char *)f->ip);
	free((char *)f->http_version);
}

void store_verdict_release(struct store_verdict *v)
{
	for (size_t i = 0; i < v->nfetches; i++)
		fetch_release(&v->fetches[i]);
	for (size_t i = 0; i < v->nreferrers; i++)
		free(v->referrers[i]);
	for (size_t i = 0; i < v->nlinkers; i++) {
		free(v->linkers[i].source);
		free(v->linkers[i].kind);
		free(v->linkers[i].text);
		free(v->linkers[i].rel);
	}
	free(v->fetches);
	free(v->referrers);
	free(v->linkers);
	free(v->url);
	free(v->host);
	free(v->state);
	free(v->reason);
	free(v->rule);
	*v = (struct store_verdict){0};
}
