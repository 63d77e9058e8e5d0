/* report_redirects.c - where redirects lead: chains, loops, dead ends. */
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "storage/report_int.h"

#define HOPS_MAX 64 /* a longer chain is cut there */

/* A chain per redirect that no other redirect leads to, and one per loop without a way in.
 * kind: 0 = it ends, 1 = it is a loop, 2 = it is cut. last: fetch.id where it ends, NULL if
 * that was never fetched; hops: every URL on the way. */
static const char tables_sql[] =
	"create temp table chain (id integer primary key, first integer, hops integer, kind "
	"integer, class integer, last integer);"
	"create temp table hop (chain integer, page integer, url text);";

struct following {
	struct making *m;
	sqlite3_stmt *next, *chain, *hop, *target;
	sqlite3_int64 nchains;
	sqlite3_int64 ids[HOPS_MAX + 1]; /* of the redirects on the way */
	size_t n;
	uint64_t end; /* key of what the last redirect leads to */
};

/* The key this redirect leads to; 0 = it is no redirect of ours. */
static int next_of(struct following *f, sqlite3_int64 id, uint64_t *key)
{
	int more;

	*key = 0;
	sqlite3_bind_int64(f->next, 1, id);
	more = report_row(f->m, f->next);
	if (more > 0)
		*key = (uint64_t)sqlite3_column_int64(f->next, 0);
	sqlite3_reset(f->next);
	return more < 0 ? -1 : 0;
}

static bool is_on_the_way(const struct following *f, sqlite3_int64 id)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->ids[i] == id)
			return true;
	return false;
}

/* Fills ids and end; what kind of chain it is, or -1. */
static int follow(struct following *f, struct report_page *p, uint64_t next)
{
	f->n = 0;
	for (;;) {
		p->flags |= PAGE_VISITED;
		f->ids[f->n++] = p->id;
		f->end = next;
		p = report_index_get(&f->m->index, next);
		if (!p || p->class != REPORT_REDIRECT)
			return 0;
		if (is_on_the_way(f, p->id))
			return 1;
		if (f->n == HOPS_MAX)
			return 2;
		if (next_of(f, p->id, &next) < 0)
			return -1;
		if (!next)
			return 0;
	}
}

static int put_hop(struct following *f, sqlite3_int64 page)
{
	sqlite3_bind_int64(f->hop, 1, f->nchains);
	sqlite3_bind_int64(f->hop, 2, page);
	sqlite3_bind_null(f->hop, 3);
	return report_run(f->m, f->hop);
}

/* What was never fetched is known by the words of the redirect alone. */
static int put_unknown_end(struct following *f)
{
	int more;

	sqlite3_bind_int64(f->target, 1, f->ids[f->n - 1]);
	more = report_row(f->m, f->target);
	if (more > 0) {
		sqlite3_bind_int64(f->hop, 1, f->nchains);
		sqlite3_bind_null(f->hop, 2);
		sqlite3_bind_value(f->hop, 3, sqlite3_column_value(f->target, 0));
		more = report_run(f->m, f->hop);
	}
	sqlite3_reset(f->target);
	return more < 0 ? -1 : 0;
}

static int put_hops(struct following *f, const struct report_page *end)
{
	for (size_t i = 0; i < f->n; i++)
		if (put_hop(f, f->ids[i]) < 0)
			return -1;
	return end && end->class != REPORT_ROBOTS ? put_hop(f, end->id) : put_unknown_end(f);
}

static int put_chain(struct following *f, int kind)
{
	const struct report_page *end = report_index_get(&f->m->index, f->end);
	enum report_class class = end ? (enum report_class)end->class : REPORT_UNKNOWN;

	f->nchains++;
	sqlite3_bind_int64(f->chain, 1, f->nchains);
	sqlite3_bind_int64(f->chain, 2, f->ids[0]);
	sqlite3_bind_int64(f->chain, 3, (sqlite3_int64)f->n);
	sqlite3_bind_int(f->chain, 4, kind);
	sqlite3_bind_int(f->chain, 5, class);
	if (end && class != REPORT_ROBOTS)
		sqlite3_bind_int64(f->chain, 6, end->id);
	else
		sqlite3_bind_null(f->chain, 6);
	if (report_run(f->m, f->chain) < 0)
		return -1;
	/* One hop to a page that is there is what redirects are for: nothing to show. */
	return f->n > 1 || kind || class != REPORT_OK ? put_hops(f, end) : 0;
}

/* Marks what redirects lead to (which = 0), follows those nobody leads to (1), then what is
 * left: loops (2). */
static int each_redirect(struct following *f, int which)
{
	sqlite3_stmt *s = report_prepare(f->m, "select key, next, id from temp.redir order by id");
	int more, kind;

	if (!s)
		return -1;
	while ((more = report_row(f->m, s)) > 0) {
		uint64_t next = (uint64_t)sqlite3_column_int64(s, 1);
		struct report_page *p = report_index_get(
			&f->m->index, (uint64_t)sqlite3_column_int64(s, which ? 0 : 1));
		if (p && !which)
			p->flags |= PAGE_TARGET;
		/* Of two URLs that count as one, the index has the first. */
		if (!p || !which || p->id != (uint32_t)sqlite3_column_int64(s, 2) ||
			p->flags & (which == 1 ? PAGE_TARGET : PAGE_VISITED))
			continue;
		kind = follow(f, p, next);
		if (kind < 0 || put_chain(f, kind) < 0) {
			more = -1;
			break;
		}
	}
	sqlite3_finalize(s);
	return more;
}

int report_redirects(struct making *m)
{
	struct following f = {.m = m};
	int ret = -1;

	report_tell(m, "following redirects", 0, 0);
	if (report_exec(m, tables_sql) < 0)
		return -1;
	f.next = report_prepare(m, "select next from temp.redir where id = ?1");
	f.chain = report_prepare(m, "insert into temp.chain values(?1, ?2, ?3, ?4, ?5, ?6)");
	f.hop = report_prepare(m, "insert into temp.hop values(?1, ?2, ?3)");
	f.target = report_prepare(m, "select redirect from fetch where id = ?1");
	if (f.next && f.chain && f.hop && f.target && each_redirect(&f, 0) == 0 &&
		each_redirect(&f, 1) == 0 && each_redirect(&f, 2) == 0)
		ret = report_exec(m, "create index temp.hop_chain on hop (chain)");
	sqlite3_finalize(f.next);
	sqlite3_finalize(f.chain);
	sqlite3_finalize(f.hop);
	sqlite3_finalize(f.target);
	return ret;
}
