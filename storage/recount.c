/* recount.c - after a kill: rows of hosts are written every few moments, pages with every commit,
 * so the rows lag behind. A resume goes on from counts, which must be those of the pages. */
#include <stdlib.h>
#include <string.h>

#include "storage/store_int.h"

/* Redirects are fetches, but not pages of a host (crawler/fetcher.c). */
#define COUNTED                                                                               \
	"(select u.host_id as id, sum(f.state = 2 and f.status > 0 and f.status not in "      \
	"(301, 302, 303, 307, 308)) as pages, sum(f.state = 2 and f.error is not null) as "   \
	"errors, sum(f.wire_size) as bytes, max(f.fetched_ms) as last from fetch f join url " \
	"u on u.id = f.url_id group by u.host_id)"

int recount_hosts(struct store *st, struct err *err)
{
	char *state = store_meta_get(st, "state");
	bool killed = state && strcmp(state, "running") == 0;

	free(state);
	return killed ? recount_hosts_now(st, err) : 0;
}

int recount_hosts_now(struct store *st, struct err *err)
{
	return db_exec(st->db, st->path,
		"update host set pages = c.pages, errors = c.errors, bytes = c.bytes, "
		"last_fetched_ms = max(coalesce(host.last_fetched_ms, 0), coalesce(c.last, 0)) "
		"from " COUNTED " c where c.id = host.id",
		err);
}
