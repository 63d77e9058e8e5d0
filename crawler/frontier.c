#include "crawler/frontier.h"

#include <stdlib.h>
#include <string.h>

#include "config/clock.h"
#include "config/mem.h"
#include "crawler/frontier_private.h"

struct frontier *frontier_open(const struct settings *set, struct scope_rules *scope,
	struct hosts *hosts, const struct hash_key *key)
{
	struct frontier *f = mem_zalloc(sizeof(*f));

	f->set = set;
	f->scope = scope;
	f->hosts = hosts;
	f->key = *key;
	f->seen = seen_open();
	f->known = known_open(key);
	f->rows = seen_open();
	f->armed = -1;
	f->per_ip = (uint32_t)settings_per_ip(set);
	f->fetchers = set->concurrency ? (uint32_t)set->concurrency : 64; /* until told */
	waitlist_init(&f->idle);
	waitlist_init(&f->offers);
	return f;
}

void frontier_free(struct frontier *f)
{
	if (!f)
		return;
	for (uint32_t i = 0; i < f->hosts->count; i++) {
		struct host *h = f->hosts->all[i];
		while (h && h->first) {
			struct entry *e = h->first;
			h->first = e->next;
			entry_free(f, e);
		}
		if (h)
			backlog_release(&h->later, &f->backlog_bytes);
	}
	while (heap_top(&f->retries)) {
		struct heap_node *n = heap_top(&f->retries);
		heap_remove(&f->retries, n);
		entry_free(f, ENTRY_OF(n));
	}
	heap_release(&f->retries);
	heap_release(&f->due);
	seen_free(f->seen);
	known_free(f->known);
	seen_free(f->rows);
	buf_release(&f->scratch);
	free(f->recent);
	free(f);
}

void frontier_on_host(struct frontier *f, void (*fn)(void *arg, struct host *h), void *arg)
{
	f->on_host = fn;
	f->on_host_arg = arg;
}

/* ---- the queue of a host ---- */

void frontier_wake_one(struct frontier *f)
{
	waitlist_wake(&f->idle);
}

void frontier_arrived(struct frontier *f, struct host *h)
{
	f->queued++;
	h->queued++;
	if (h->held)
		f->held++;
	if (h->state == HOST_NEW && f->on_host) {
		h->state = HOST_RESOLVING;
		f->on_host(f->on_host_arg, h);
	}
	host_recount(f->hosts, h);
	frontier_host_due(f, h);
	frontier_wake_one(f);
}

void frontier_push(struct frontier *f, struct entry *e, bool front)
{
	struct host *h = e->host;

	h->near++;
	f->near++;
	if (front || !h->first) {
		e->next = h->first;
		h->first = e;
		if (!h->last)
			h->last = e;
	} else {
		e->next = NULL;
		h->last->next = e;
		h->last = e;
	}
	frontier_arrived(f, h);
}

static struct entry *pop(struct frontier *f, struct host *h)
{
	struct entry *e = h->first;

	h->first = e->next;
	if (!h->first)
		h->last = NULL;
	h->near--;
	f->near--;
	h->queued--;
	f->queued--;
	e->next = NULL;
	return e;
}

/* Those whose time for another try has come go to the head of their host's queue. */
static void take_back_retries(struct frontier *f, int64_t now)
{
	struct heap_node *n;

	while ((n = heap_top(&f->retries)) && n->key <= now) {
		heap_remove(&f->retries, n);
		f->retrying--;
		f->queued--; /* counted again by the push */
		frontier_push(f, ENTRY_OF(n), true);
	}
}

/* ---- next ---- */

static bool page_limit_reached(struct frontier *f)
{
	return f->set->max_pages && f->pages + f->inflight >= f->set->max_pages;
}

/* Takes the next entry if some host is due now. */
static struct entry *try_next(struct frontier *f, int64_t now)
{
	struct heap_node *n;
	struct host *h;
	struct entry *e;

	if (page_limit_reached(f) || now < f->pause_until)
		return NULL;
	take_back_retries(f, now);
	while ((n = heap_top(&f->due)) && n->key <= now) {
		h = HOST_OF(n);
		heap_remove(&f->due, n);
		if (h->state != HOST_REFUSED && !frontier_may_start(f, h, now)) {
			frontier_host_due(f, h); /* a sibling of the same governor was faster */
			continue;
		}
		if (h->to_ask) {
			h->to_ask = false;
			f->on_host(f->on_host_arg, h);
			continue;
		}
		if (h->state == HOST_READY && frontier_slow_wait(f, h)) {
			frontier_host_due(f, h);
			continue;
		}
		if (!h->first) {
			if (!frontier_load_now(f, h))
				return NULL;
			continue;
		}
		e = pop(f, h);
		e->ip = NULL;
		f->inflight++;
		h->inflight++;
		host_recount(f->hosts, h);
		if (h->state == HOST_READY) {
			governor_start(&h->gov->g, now);
			e->ip = h->ip;
			if (e->ip)
				e->ip->inflight++;
			h->started++;
			e->started = true;
			e->slow = frontier_is_slow(h);
			f->slow += e->slow;
			if (f->set->max_pages_per_host &&
				h->started >= f->set->max_pages_per_host) {
				h->held = true;
				f->held += h->queued;
			}
		}
		frontier_load_ahead(f, h);
		frontier_host_due(f, h);
		return e;
	}
	return NULL;
}

static int64_t due_time(const struct frontier *f)
{
	const struct heap_node *host = heap_top(&f->due), *retry = heap_top(&f->retries);
	int64_t t = -1;

	if (host && !frontier_loads_full(f)) /* or the next to come back wakes somebody */
		t = host->key;
	if (retry && (t < 0 || retry->key < t))
		t = retry->key;
	if (t >= 0 && t < f->pause_until)
		t = f->pause_until;
	return t;
}

static bool at_end(struct frontier *f)
{
	if (f->end != FRONTIER_RUNNING)
		return true;
	if (f->inflight)
		return false;
	if (page_limit_reached(f) && f->queued) {
		frontier_limit(f, "--max-pages");
		return true;
	}
	if (f->queued == f->held) {
		f->end = f->queued || f->beyond ? FRONTIER_LIMIT : FRONTIER_EMPTY;
		if (f->queued && !f->limit)
			f->limit = "--max-pages-per-host";
		else if (f->beyond && !f->limit)
			f->limit = "--url-memory";
		return true;
	}
	return false;
}

struct entry *frontier_next(struct frontier *f)
{
	for (;;) {
		int64_t now, due;
		struct entry *e;

		while (f->offering)
			co_wait(&f->offers, -1);
		now = clock_ms();
		e = f->end == FRONTIER_RUNNING ? try_next(f, now) : NULL;

		if (e) {
			due = due_time(f);
			if (due >= 0 && (due <= now || f->armed < 0))
				frontier_wake_one(f); /* there is more to take, or to watch */
			return e;
		}
		if (at_end(f)) {
			waitlist_wake_all(&f->idle);
			return NULL;
		}
		/* One of the idle waits with a deadline for all: whoever sees an earlier due
		 * time than the one armed becomes the next to watch it. */
		due = page_limit_reached(f) ? -1 : due_time(f);
		if (due >= 0 && (f->armed < 0 || due < f->armed || f->armed <= now)) {
			f->armed = due;
			co_wait(&f->idle, due);
			if (f->armed == due)
				f->armed = -1;
		} else {
			co_wait(&f->idle, -1);
		}
	}
}

void frontier_offers_begin(struct frontier *f)
{
	while (f->offering)
		co_wait(&f->offers, -1);
	f->offering = true;
}

void frontier_offers_end(struct frontier *f)
{
	f->offering = false;
	waitlist_wake_all(&f->offers);
}

/* ---- what became of it ---- */

/* It did not become a page after all: --max-pages-per-host gets it back. */
void frontier_unstart(struct frontier *f, struct entry *e)
{
	struct host *h = e->host;

	if (!e->started)
		return;
	e->started = false;
	h->started--;
	if (h->held && h->started < f->set->max_pages_per_host) {
		h->held = false;
		f->held -= h->queued;
		frontier_host_due(f, h);
		frontier_wake_one(f);
	}
}

static void leave_flight(struct frontier *f, struct entry *e)
{
	f->inflight--;
	e->host->inflight--;
	frontier_pace(f, e->host);
	if (e->slow) {
		e->slow = false;
		f->slow--;
		frontier_let_slow_in(f);
	}
	host_recount(f->hosts, e->host);
	host_touch(f->hosts, e->host); /* a snapshot may have come before its page was counted */
	/* The end can only come when something leaves flight: let an idle one look. */
	if (!f->inflight || page_limit_reached(f))
		frontier_wake_one(f);
}

void frontier_done(struct frontier *f, struct entry *e)
{
	leave_flight(f, e);
	entry_free(f, e);
}

void frontier_again(struct frontier *f, struct entry *e, int64_t not_before_ms)
{
	frontier_unstart(f, e);
	e->attempts++;
	f->queued++;
	f->retrying++;
	heap_put(&f->retries, &e->retry, not_before_ms);
	leave_flight(f, e);
	frontier_wake_one(f);
}

void frontier_back(struct frontier *f, struct entry *e)
{
	frontier_unstart(f, e);
	leave_flight(f, e);
	frontier_push(f, e, true);
}

void frontier_count_page(struct frontier *f, struct host *h)
{
	f->pages++;
	h->pages++;
}

void frontier_limit(struct frontier *f, const char *what)
{
	if (f->end != FRONTIER_RUNNING)
		return;
	f->end = FRONTIER_LIMIT;
	f->limit = what;
	waitlist_wake_all(&f->idle);
}

const char *frontier_limit_name(const struct frontier *f)
{
	return f->end == FRONTIER_LIMIT ? f->limit : NULL;
}

void frontier_stop(struct frontier *f)
{
	if (f->end == FRONTIER_RUNNING)
		f->end = FRONTIER_STOPPED;
	waitlist_wake_all(&f->idle);
}

enum frontier_end frontier_end(const struct frontier *f)
{
	return f->end;
}

int64_t frontier_next_due_ms(const struct frontier *f)
{
	int64_t due = due_time(f), now = clock_ms();

	return due < 0 ? -1 : due > now ? due - now : 0;
}

void frontier_pause_until(struct frontier *f, int64_t ms)
{
	if (ms > f->pause_until)
		f->pause_until = ms;
}

/* ---- counts ---- */

void frontier_counts(const struct frontier *f, struct frontier_counts *out)
{
	*out = (struct frontier_counts){
		.discovered = f->discovered,
		.excluded = f->excluded,
		.queued = f->queued,
		.inflight = f->inflight,
		.retrying = f->retrying,
		.hosts = f->hosts->count,
		.busy = f->hosts->counts[HOSTS_BUSY],
		.waiting = f->hosts->counts[HOSTS_WAITING],
		.preparing = f->hosts->counts[HOSTS_PREPARING],
		.refused = f->hosts->counts[HOSTS_REFUSED],
		.near = f->near,
		.loads = f->all_loads,
		.bytes_seen = seen_bytes(f->seen) + seen_bytes(f->rows),
		.bytes_queued = f->text + f->backlog_bytes,
		.beyond = f->beyond,
		.bytes_known = frontier_bytes_known(f),
		.full = f->full ||
			(f->set->url_memory && frontier_bytes_known(f) >= f->set->url_memory),
	};
}

size_t frontier_deferred(const struct frontier *f, uint64_t *ids, size_t max)
{
	size_t n = f->retries.n < max ? f->retries.n : max;

	for (size_t i = 0; i < n; i++)
		ids[i] = ENTRY_OF(f->retries.nodes[i])->id;
	return n;
}
