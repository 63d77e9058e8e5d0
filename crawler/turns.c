/* turns.c - whose turn it is: what a host has to wait for before a URL is taken from it.
 *
 *   its delay         in the heap, until its governor lets it go
 *   its governor      --per-host requests are in flight: on the governor's list
 *   its address       --per-ip requests are in flight: on the address's list
 *   the slow ones     slow hosts hold their share of the fetchers: on the list of the slow ones
 *
 * A host counts as slow while its requests lately took over a second; until its first page has
 * come nobody knows, and it counts among them, but goes first. Their share is
 *
 *   all fetchers      as long as no other host has anything to do
 *   all but as many   as the others can use (and at least half), where there is a fetcher for
 *                     each slow host
 *   half              otherwise
 *
 * so that a fast host is as fast beside a thousand slow ones as alone. Every request that ends
 * lets in as many as there is room for again; who finds the room taken goes back on the list.
 */
#include "config/clock.h"
#include "config/mem.h"
#include "crawler/frontier_private.h"

#define SLOW_MS 1000

/* ---- slow and fast ---- */

static enum host_pace pace_of(const struct host *h)
{
	if (h->held || (!h->queued && !h->inflight) || h->state == HOST_REFUSED)
		return PACE_NONE;
	if (h->state != HOST_READY)
		return PACE_UNREADY;
	if (h->gov->g.took_ms > SLOW_MS)
		return PACE_SLOW;
	return h->tried ? PACE_FAST : PACE_UNTRIED;
}

/* How many fetchers the slow hosts may have together, as far as one of this pace is concerned. */
static uint32_t share_for(const struct frontier *f, enum host_pace pace)
{
	const uint32_t *n = f->paces;
	uint32_t half = f->fetchers / 2, unknown = n[PACE_UNTRIED] + n[PACE_UNREADY];
	uint32_t others = n[PACE_FAST] + (pace == PACE_SLOW ? unknown : 0), wanted;

	if (!n[PACE_FAST] && !unknown)
		return f->fetchers;
	if (n[PACE_SLOW] + unknown > f->fetchers + f->fetchers / 8)
		return half ? half : 1;
	wanted = others * (uint32_t)f->set->per_host;
	return f->fetchers - (wanted < half ? wanted : half);
}

bool frontier_slow_wait(const struct frontier *f, const struct host *h)
{
	enum host_pace pace = pace_of(h);

	return pace != PACE_FAST && f->slow >= share_for(f, pace);
}

void frontier_set_fetchers(struct frontier *f, size_t n)
{
	f->fetchers = (uint32_t)n;
	frontier_let_slow_in(f);
}

bool frontier_is_slow(const struct host *h)
{
	return pace_of(h) != PACE_FAST;
}

/* As many as there is room for; who is not due yet needs none, nor does who turned out fast. */
static void let_in_by_share(struct frontier *f, struct host_list *l, enum host_pace pace)
{
	uint32_t share = share_for(f, pace), room = share > f->slow ? share - f->slow : 0;
	struct host *h;

	while (room && (h = host_list_take(l))) {
		frontier_host_due(f, h);
		room -= h->pace != PACE_FAST && heap_has(&h->due) && h->due.key <= clock_ms();
	}
}

void frontier_let_slow_in(struct frontier *f)
{
	let_in_by_share(f, &f->untried, PACE_UNTRIED);
	let_in_by_share(f, &f->slow_ones, PACE_SLOW);
}

bool frontier_needs_share(const struct frontier *f)
{
	const struct host *waiting[] = {f->untried.first, f->slow_ones.first};

	for (size_t i = 0; i < MEM_COUNT(waiting); i++)
		if (waiting[i] && waiting[i]->gov->g.next_start <= clock_ms())
			return true;
	return false;
}

void frontier_pace(struct frontier *f, struct host *h)
{
	enum host_pace now = pace_of(h);

	if (now == h->pace)
		return;
	f->paces[h->pace]--;
	f->paces[now]++;
	h->pace = now;
	frontier_let_slow_in(f);
}

/* ---- turns ---- */

/* Its queue may be taken from, or its robots.txt asked for. */
static bool can_go(const struct host *h)
{
	return (h->state == HOST_READY || h->state == HOST_REFUSED || h->to_ask) &&
	       host_has_next(h) && !h->blocked && !h->held && !heap_has(&h->due);
}

static bool ip_is_full(const struct frontier *f, const struct host *h)
{
	return h->ip && h->ip->inflight >= f->per_ip;
}

bool frontier_may_start(const struct frontier *f, const struct host *h, int64_t now)
{
	return h->gov->g.next_start <= now && governor_has_room(&h->gov->g) && !ip_is_full(f, h);
}

/* Puts the host where it belongs now: into the heap, or on the list of what it waits for. */
void frontier_host_due(struct frontier *f, struct host *h)
{
	frontier_pace(f, h);
	if (!can_go(h))
		return;
	if (h->state == HOST_REFUSED)
		heap_put(&f->due, &h->due, 0); /* no request is made: nothing to be polite about */
	else if (!governor_has_room(&h->gov->g))
		host_list_add(&h->gov->blocked, h);
	else if (ip_is_full(f, h))
		host_list_add(&h->ip->blocked, h);
	else if (h->state == HOST_READY && frontier_slow_wait(f, h))
		host_list_add(h->pace == PACE_SLOW ? &f->slow_ones : &f->untried, h);
	else
		heap_put(&f->due, &h->due, h->gov->g.next_start);
}

static void let_in(struct frontier *f, struct host_list *l)
{
	struct host_list all = *l;
	struct host *h;

	*l = (struct host_list){NULL, NULL};
	while ((h = host_list_take(&all)))
		frontier_host_due(f, h);
}

/* Thousands of hosts may share an address: only as many as can start go back into the heap. */
static void let_in_at_ip(struct frontier *f, struct host_ip *ip)
{
	uint32_t room = f->per_ip > ip->inflight ? f->per_ip - ip->inflight : 0;
	int64_t now = clock_ms();
	struct host *h;

	while (room && (h = host_list_take(&ip->blocked))) {
		frontier_host_due(f, h);
		room -= heap_has(&h->due) && h->due.key <= now;
	}
}

static void free_room(struct frontier *f, struct host *h, struct host_ip *ip)
{
	if (ip) {
		ip->inflight--;
		let_in_at_ip(f, ip);
	}
	let_in(f, &h->gov->blocked);
	frontier_host_due(f, h);
	frontier_wake_one(f);
}

void frontier_host_end(
	struct frontier *f, struct host *h, struct host_ip *ip, const struct host_answer *a)
{
	struct governor *g = &h->gov->g;

	if (a->wait_ms >= 0)
		governor_waited(g, a->wait_ms);
	governor_end(g, clock_ms(), a->ttfb_ms, a->push_back, a->retry_after_ms);
	governor_took(g, a->took_ms);
	h->tried |= a->is_page;
	host_touch(f->hosts, h);
	free_room(f, h, ip);
}

void frontier_host_unused(struct frontier *f, struct host *h, struct host_ip *ip)
{
	governor_cancel(&h->gov->g);
	free_room(f, h, ip);
}

bool frontier_host_begin(struct frontier *f, struct host *h)
{
	int64_t now = clock_ms();

	if (!frontier_may_start(f, h, now))
		return false;
	governor_start(&h->gov->g, now);
	if (h->ip)
		h->ip->inflight++;
	return true;
}

void frontier_host_await(struct frontier *f, struct host *h)
{
	h->to_ask = true;
	frontier_host_due(f, h);
	frontier_wake_one(f);
}

void frontier_host_ready(struct frontier *f, struct host *h)
{
	frontier_host_due(f, h);
	host_recount(f->hosts, h);
	host_touch(f->hosts, h);
	frontier_wake_one(f);
}

void frontier_host_hold(struct frontier *f, struct host *h)
{
	heap_remove(&f->due, &h->due);
	h->state = HOST_RESOLVING;
	frontier_pace(f, h);
	host_recount(f->hosts, h);
	host_touch(f->hosts, h);
}
