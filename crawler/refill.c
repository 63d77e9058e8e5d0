/* refill.c - the queue of a host: what is next, in memory, and what is further back, by id.
 *
 *   first .. last     entries with their text
 *   being loaded      one batch, on its way back from the store
 *   later             ids alone, a byte or three each (backlog.h)
 *
 * in this order: what comes at the end stays behind what is there already. As long as the
 * texts of all hosts are below text_max everything is in the first part, and nothing here
 * happens. Above it URLs go to `later` without ever having an entry; their host reads them back
 *
 *   ahead     when it has less than half a batch left in memory, and there is room: a quarter
 *             of text_max is kept for that
 *   at once   when its turn comes and it has none; until then it is not in the heap of
 *             those that are due
 *
 * The batch doubles where one follows the other quickly. A row can be read back after its
 * COMMIT only: a host whose next URL is younger than that waits for it, in a list.
 */
#include <stdlib.h>
#include <string.h>

#include "config/clock.h"
#include "config/mem.h"
#include "crawler/frontier_private.h"

#define LOADS_MAX 64 /* under way at a time */
#define BATCH_MIN 4
#define BATCH_MAX 512
#define NEAR_MIN  16 /* entries that are few in any case */
#define QUICK_MS  1000

/* ---- entries ---- */

static size_t entry_bytes(uint32_t len)
{
	return sizeof(struct entry) + len + 1 + sizeof(size_t);
}

struct entry *entry_new(
	struct frontier *f, struct host *h, const struct store_new_url *n, uint32_t extra)
{
	struct entry *e = mem_alloc(sizeof(*e) + n->url_len + 1);

	*e = (struct entry){
		.host = h,
		.id = n->id,
		.referrer = n->referrer,
		.origin = n->origin,
		.len = n->url_len,
		.attempts = EXTRA_ATTEMPTS(extra),
		.depth = n->depth,
		.hops = n->hops,
		.kind = n->kind,
		.seed = extra & EXTRA_SEED,
		.is_list = extra & EXTRA_LIST,
	};
	memcpy(e->href, n->url, n->url_len);
	e->href[n->url_len] = '\0';
	f->text += entry_bytes(e->len);
	return e;
}

void entry_free(struct frontier *f, struct entry *e)
{
	f->text -= entry_bytes(e->len);
	free(e);
}

/* ---- into the far part ---- */

void frontier_spill(struct frontier *f, size_t text_max,
	void (*load)(void *arg, struct frontier_load *l), void *arg)
{
	f->text_max = text_max;
	f->load = load;
	f->load_arg = arg;
}

bool frontier_is_far(const struct frontier *f, const struct host *h)
{
	return h->later.n || h->loading || (f->load && f->text >= f->text_max / 4 * 3);
}

void frontier_push_far(struct frontier *f, struct host *h, uint64_t id, uint32_t extra)
{
	backlog_put(&h->later, id, extra, &f->backlog_bytes);
	frontier_arrived(f, h);
}

/* ---- and back ---- */

bool host_has_next(const struct host *h)
{
	return h->first || (h->later.n && !h->loading && !h->uncommitted);
}

bool frontier_loads_full(const struct frontier *f)
{
	return f->loads >= LOADS_MAX;
}

static bool has_room(const struct frontier *f)
{
	return f->text < f->text_max;
}

static bool is_durable(const struct frontier *f, const struct host *h)
{
	return h->later.next_id <= f->committed;
}

static uint16_t next_batch(struct frontier *f, struct host *h)
{
	uint32_t now = (uint32_t)clock_ms();
	unsigned n = now - h->loaded_ms < QUICK_MS ? h->batch * 2u : h->batch / 2u;

	h->loaded_ms = now;
	h->batch = (uint16_t)(n < BATCH_MIN ? BATCH_MIN : n > BATCH_MAX ? BATCH_MAX : n);
	return has_room(f) ? h->batch : 1;
}

/* Asks for the next of them, as many as are durable, at most a batch. */
static void load(struct frontier *f, struct host *h)
{
	size_t max = next_batch(f, h), n = 0;
	struct frontier_load *l = mem_zalloc(sizeof(*l));

	l->host = h;
	l->batch.urls = mem_array(max, sizeof(*l->batch.urls));
	l->extra = mem_array(max, sizeof(*l->extra));
	buf_init(&l->batch.text);
	while (n < max && h->later.n && is_durable(f, h)) {
		l->batch.urls[n].id = backlog_get(&h->later, &l->extra[n], &f->backlog_bytes);
		n++;
	}
	l->batch.n = n;
	h->loading = true;
	f->loads++;
	f->all_loads++;
	f->load(f->load_arg, l);
}

bool frontier_load_now(struct frontier *f, struct host *h)
{
	if (!is_durable(f, h)) {
		h->uncommitted = true;
		h->uncommitted_next = f->uncommitted;
		f->uncommitted = h;
	} else if (frontier_loads_full(f)) {
		frontier_host_due(f, h);
		return false;
	} else {
		load(f, h);
	}
	return true;
}

void frontier_load_ahead(struct frontier *f, struct host *h)
{
	uint32_t few = h->batch / 2u > NEAR_MIN ? h->batch / 2u : NEAR_MIN;

	if (h->later.n && !h->loading && h->near <= few && has_room(f) && !frontier_loads_full(f) &&
		is_durable(f, h))
		load(f, h);
}

void frontier_committed(struct frontier *f, uint64_t id)
{
	struct host *list = f->uncommitted;

	if (id <= f->committed)
		return;
	f->committed = id;
	f->uncommitted = NULL;
	while (list) {
		struct host *h = list;
		list = h->uncommitted_next;
		h->uncommitted = false;
		frontier_host_due(f, h);
		frontier_wake_one(f);
	}
}

static void append(struct frontier *f, struct host *h, struct entry *e)
{
	if (h->last)
		h->last->next = e;
	else
		h->first = e;
	h->last = e;
	h->near++;
	f->near++;
}

void frontier_recalled(struct frontier *f, struct frontier_load *l)
{
	struct host *h = l->host;

	f->loads--;
	h->loading = false;
	for (size_t i = 0; l->batch.ok && i < l->batch.n; i++) {
		const struct store_url *u = &l->batch.urls[i];
		struct store_new_url n = {
			.id = u->id,
			.url = u->url,
			.url_len = u->len,
			.depth = u->depth,
			.hops = u->hops,
			.kind = u->kind,
			.referrer = u->referrer,
			.origin = u->origin,
		};
		append(f, h, entry_new(f, h, &n, l->extra[i]));
	}
	buf_release(&l->batch.text);
	free(l->batch.urls);
	free(l->extra);
	free(l);
	frontier_host_due(f, h);
	frontier_wake_one(f);
}
