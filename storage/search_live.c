#include "storage/search_live.h"

#include <stdlib.h>

#include "config/clock.h"
#include "config/log.h"
#include "config/mem.h"
#include "storage/db.h"
#include "storage/search_index.h"
#include "storage/search_tok.h"

/* Small transactions make small segments that have to be merged again; large ones hold up the
 * writer. Measured: README. */
#define STEP	   1000
#define STEP_BYTES ((size_t)16 << 20)
#define WAIT_MS	   5000 /* a slow crawl is at most this far behind */
#define LAST_STEPS 50	/* of what is left at the end */

struct search_live {
	struct search_index *ix; /* NULL after a failure */
	size_t fetches;		 /* that came since the last step */
	int64_t last_ms;
};

static void give_up(struct search_live *l, const struct err *err)
{
	log_warn("the search index is not kept up to date any more: %s", err->text);
	search_index_close(l->ix);
	l->ix = NULL;
}

struct search_live *search_live_open(sqlite3 *db, const char *path, bool wanted, size_t memory)
{
	struct search_live *l;
	struct err err = {0};

	if (!wanted) {
		sqlite3_exec(db, "update search_state set live = 0", NULL, NULL, NULL);
		return NULL;
	}
	l = mem_zalloc(sizeof(*l));
	l->last_ms = clock_ms();
	if (search_tok_register(db, path, &err) == 0)
		l->ix = search_index_open(db, path, "main", &err);
	if (!l->ix || search_index_live(l->ix, true, &err) < 0 ||
		search_index_memory(
			l->ix, memory < SEARCH_INDEX_HASH ? memory : SEARCH_INDEX_HASH, &err) < 0)
		give_up(l, &err);
	return l;
}

/* False: nothing was left, or it failed. */
static bool step(struct search_live *l)
{
	struct err err = {0};
	int64_t n = l->ix ? search_index_step(l->ix, STEP, STEP_BYTES, &err) : 0;

	l->fetches = 0;
	l->last_ms = clock_ms();
	if (n < 0)
		give_up(l, &err);
	return n > 0;
}

void search_live_tick(struct search_live *l, size_t fetches)
{
	if (!l)
		return;
	l->fetches += fetches;
	if (l->fetches >= STEP || (l->fetches && clock_ms() - l->last_ms >= WAIT_MS))
		step(l);
}

void search_live_close(struct search_live *l, enum search_live_end end)
{
	struct err err = {0};

	if (!l)
		return;
	for (int i = end == LIVE_ALL ? LAST_STEPS : end; i > 0 && step(l); i--)
		;
	if (l->ix && search_index_memory(l->ix, SEARCH_INDEX_HASH, &err) == 0)
		search_index_live(l->ix, false, &err);
	search_index_close(l->ix);
	free(l);
}
