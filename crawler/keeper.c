/* keeper.c - the coroutine that keeps time: display, snapshots to the store, limits. */
#include <stdlib.h>
#include <string.h>

#include "config/clock.h"
#include "config/mem.h"
#include "crawler/crawl.h"

#define TICK_MS	    200
#define SNAPSHOT_MS 1000

static struct store_host host_row(const struct host *h, int64_t now, int64_t wall)
{
	const struct governor *g = &h->gov->g;

	return (struct store_host){
		.id = h->id,
		.name = h->authority,
		.origin = h->origin,
		.ip = h->ip ? h->ip->text : NULL,
		.state = h->state == HOST_REFUSED ? h->refusal : host_state_name(h->state),
		.crawl_delay = g->crawl_delay_s,
		.delay_ms = g->delay_ms,
		.pages = h->pages,
		.errors = h->errors,
		.bytes = h->bytes,
		.robots_excluded = h->robots_excluded,
		.last_fetched_ms = h->last_wall_ms,
		.not_before_ms = g->next_start > now ? wall + (g->next_start - now) : 0,
		.backoff = g->backoff,
	};
}

static void add_hosts(struct crawl *c, struct record *r)
{
	int64_t now = clock_ms(), wall = clock_wall_ms();
	size_t n = 0;

	for (struct host *h = c->hosts.dirty; h; h = h->dirty_next)
		n++;
	r->hosts = mem_array(n, sizeof(*r->hosts));
	n = 0;
	while (c->hosts.dirty) {
		struct host *h = c->hosts.dirty;
		c->hosts.dirty = h->dirty_next;
		h->dirty = false;
		r->hosts[n++] = host_row(h, now, wall);
	}
	r->item.hosts = r->hosts;
	r->item.nhosts = n;
}

static void add_inflight(struct crawl *c, struct record *r)
{
	size_t most = c->nseats + 1000, n = 0;

	r->ids = mem_array(most, sizeof(*r->ids));
	for (size_t i = 0; i < c->nseats; i++)
		if (c->seats[i].e)
			r->ids[n++] = c->seats[i].e->id;
	r->item.has_inflight = true;
	r->item.inflight = r->ids;
	r->item.ninflight = n;
	r->item.deferred = r->ids + n;
	r->item.ndeferred = frontier_deferred(c->frontier, r->ids + n, most - n);
}

static void add_meta(struct crawl *c, struct record *r)
{
	buf_addf(&r->text, "%llu",
		(unsigned long long)(c->n.elapsed_before_ms +
				     (uint64_t)(clock_ms() - c->started_ms)));
	r->meta[0] = (struct store_meta){"elapsed_ms", r->text.data};
	r->item.meta = r->meta;
	r->item.nmeta = 1;
}

void crawl_snapshot(struct crawl *c)
{
	struct record *r = record_plain(c);

	add_hosts(c, r);
	add_inflight(c, r);
	add_meta(c, r);
	record_put(c, r);
}

static void check_limits(struct crawl *c)
{
	uint64_t ms = c->n.elapsed_before_ms + (uint64_t)(clock_ms() - c->started_ms);

	if (c->set.max_time > 0 && (double)ms >= c->set.max_time * 1000)
		frontier_limit(c->frontier, "--max-time");
}

void keeper(void *arg)
{
	struct crawl *c = arg;
	struct progress_stats stats;
	int64_t snapshot = 0;

	while (!c->ended) {
		co_state("keeping time");
		check_limits(c);
		crawl_adapt(c);
		crawl_stats(c, &stats);
		progress_tick(c->progress, &stats);
		if (c->watch.stats)
			c->watch.stats(c->watch.arg, &stats);
		if (clock_ms() - snapshot >= SNAPSHOT_MS && !c->failed) {
			crawl_snapshot(c);
			snapshot = clock_ms();
		}
		co_sleep_ms(TICK_MS);
	}
}
