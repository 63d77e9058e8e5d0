/* counts.c - how many of what: from the index of fetches and the small tables. */
#include "storage/store_int.h"

static int ask(struct store *st, const char *sql, uint64_t *out, struct err *err)
{
	int64_t n;

	if (db_int(st->db, st->path, sql, 0, &n, err) < 0)
		return -1;
	*out = (uint64_t)n;
	return 0;
}

static int count_fetches(struct store *st, struct store_counts *c, uint64_t *retry, struct err *err)
{
	sqlite3_stmt *s = db_prepare(st->db, st->path,
		"select count(*), sum(state = 2 and status != 0), sum(state = 2 and status = 0), "
		"sum(state = 1) from fetch indexed by fetch_url",
		err);
	int more;

	if (!s)
		return -1;
	more = read_row(st, s, err);
	if (more > 0) {
		c->fetches = (uint64_t)sqlite3_column_int64(s, 0);
		c->fetched = (uint64_t)sqlite3_column_int64(s, 1);
		c->failed = (uint64_t)sqlite3_column_int64(s, 2);
		*retry = (uint64_t)sqlite3_column_int64(s, 3);
	}
	sqlite3_finalize(s);
	return more < 0 ? -1 : 0;
}

/* What is in flight comes from a list that is replaced every few moments: what ended
 * since then is left out. */
static int count_in_flight(struct store *st, uint64_t *out, struct err *err)
{
	return ask(st,
		"select count(*) from live l where l.state = 'in flight' and not exists (select 1 "
		"from fetch f where f.url_id = l.url_id and f.state = 2) and not exists (select 1 "
		"from settled s where s.url_id = l.url_id)",
		out, err);
}

int counts_now(struct store *st, struct store_counts *c, struct err *err)
{
	uint64_t urls, rows, more, settled, both, readmitted, retry = 0;

	*c = (struct store_counts){0};
	if (count_fetches(st, c, &retry, err) < 0 || count_in_flight(st, &c->in_flight, err) < 0 ||
		/* Ids count from 1 and nothing is deleted; a walk over ten million rows takes
		 * seconds. */
		ask(st, "select max(id) from url", &urls, err) < 0 ||
		ask(st, "select max(id) from refused", &rows, err) < 0 ||
		ask(st, "select sum(n) from refused_more", &more, err) < 0 ||
		ask(st, DB_BYTES_WIRE, &c->wire_bytes, err) < 0 ||
		ask(st, DB_BYTES_DECODED, &c->body_bytes, err) < 0 ||
		ask(st, "select count(*) from settled", &settled, err) < 0 ||
		ask(st,
			"select count(*) from settled s join fetch f on f.url_id = s.url_id and "
			"f.state = 1",
			&both, err) < 0 ||
		ask(st, "select count(*) from readmitted", &readmitted, err) < 0 ||
		ask(st, "select count(*) from host", &c->hosts, err) < 0)
		return -1;
	c->excluded = rows + more - readmitted;
	c->discovered = urls - settled + c->excluded;
	c->left = urls - settled - c->fetched - c->failed;
	/* A URL in flight for the second time is counted where it is, not where it was. */
	retry -= both < retry ? both : retry;
	c->in_flight = c->in_flight < c->left ? c->in_flight : c->left;
	c->deferred = retry < c->left - c->in_flight ? retry : c->left - c->in_flight;
	c->queued = c->left - c->in_flight - c->deferred;
	return 0;
}

int store_counts(struct store *st, struct store_counts *out, struct err *err)
{
	int ret;

	if (read_begin(st, err) < 0)
		return -1;
	ret = counts_now(st, out, err);
	read_end(st);
	return ret;
}

int store_outcomes(struct store *st,
	void (*fn)(void *arg, int status, const char *error, uint64_t n), void *arg,
	struct err *err)
{
	sqlite3_stmt *s = db_prepare(st->db, st->path,
		"select status, error, count(*) from fetch indexed by fetch_url where state = 2 "
		"group by status, error order by 3 desc",
		err);
	int more;

	if (!s)
		return -1;
	while ((more = read_row(st, s, err)) > 0)
		fn(arg, sqlite3_column_int(s, 0), (const char *)sqlite3_column_text(s, 1),
			(uint64_t)sqlite3_column_int64(s, 2));
	sqlite3_finalize(s);
	return more;
}
