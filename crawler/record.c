/* record.c - records: taken with a slot, given to the store, back after COMMIT. */
#include <stdlib.h>
#include <string.h>

#include "config/clock.h"
#include "config/mem.h"
#include "crawler/crawl.h"

#define PAGE_USUAL ((size_t)64 << 10)
#define KEEP_HEAD  4096 /* a buffer that an odd page made larger is given back */

static struct record *record_new(struct crawl *c)
{
	struct record *r = c->pool;

	if (r) {
		c->pool = r->next;
	} else {
		r = mem_zalloc(sizeof(*r));
		http_fetch_init(&r->fetch);
		buf_init(&r->redirect);
		buf_init(&r->url);
		buf_init(&r->text);
	}
	memset(&r->item, 0, sizeof(r->item));
	r->item.user = r;
	http_fetch_reset(&r->fetch);
	buf_recycle(&r->redirect, KEEP_HEAD);
	buf_recycle(&r->text, KEEP_HEAD);
	return r;
}

struct record *record_plain(struct crawl *c)
{
	return record_new(c);
}

/* Memory for a page of usual size, and a store that keeps up: what waits for it was fetched too
 * early, and only takes memory. Fetchers leave a slot per preparer for robots.txt, or idle
 * fetchers and full queues could hold up the hosts that would give them something to do. */
static bool has_room(struct crawl *c, bool reserve)
{
	if (reserve)
		return slots_free_count(c->slots) > 0;
	return slots_free_count(c->slots) > c->npreparers && c->storing < c->storing_most &&
	       slots_small_left(c->slots) >= PAGE_USUAL;
}

struct record *record_take(struct crawl *c, bool reserve)
{
	bool waited = false;
	struct record *r;

	for (; !has_room(c, reserve); waited = true) {
		if (c->aborting || c->failed)
			return NULL;
		co_wait(&c->room, -1);
	}
	r = record_new(c);
	r->slot = slots_take_bare(c->slots);
	/* What one large page leaves is room for several. */
	if (waited)
		waitlist_wake(&c->room);
	return r;
}

void record_give(struct crawl *c, struct record *r)
{
	if (r->fetch.slot && r->slot)
		r->slot = r->fetch.slot; /* it may have been exchanged for a big one */
	if (r->slot && (r->slot->big || r->slot->extra))
		waitlist_wake_all(&c->big_room);
	if (r->slot)
		slots_give(c->slots, r->slot);
	r->slot = NULL;
	if (r->answer_room)
		room_give(&c->answers, r->answer_room);
	r->answer_room = 0;
	c->storing -= r->storing;
	r->storing = 0;
	findings_reset(&r->findings);
	free(r->facts);
	free(r->hosts);
	free(r->ids);
	r->facts = NULL;
	r->hosts = NULL;
	r->ids = NULL;
	r->next = c->pool;
	c->pool = r;
	waitlist_wake(&c->room);
}

bool record_room(struct crawl *c, struct record *r, size_t want, size_t extra)
{
	struct slot *grown;
	struct co *self = co_self();

	co_state("waiting for room for a big body");
	while (!(grown = slots_grow_with(c->slots, r->slot, want, extra, c->big_first == self))) {
		if (c->stops || c->failed)
			break;
		if (!c->big_first) {
			c->big_first = self;
			slots_reserve(c->slots, want + extra + PAGE_USUAL);
			continue;
		}
		co_wait(&c->big_room, -1);
	}
	if (c->big_first == self) {
		c->big_first = NULL;
		slots_reserve(c->slots, 0);
		waitlist_wake_all(&c->big_room);
	}
	if (grown)
		r->slot = grown;
	return grown != NULL;
}

void record_put(struct crawl *c, struct record *r)
{
	struct store_item *it = &r->item;

	if (r->fetch.slot && r->slot)
		r->slot = r->fetch.slot;
	if (r->slot)
		slots_pass(r->slot, SLOT_FETCHER, SLOT_STORE);
	it->urls = r->findings.urls;
	it->nurls = r->findings.nurls;
	it->excluded = r->findings.excluded;
	it->nexcluded = r->findings.nexcluded;
	it->readmitted = r->findings.readmitted;
	it->nreadmitted = r->findings.nreadmitted;
	it->beyond = r->findings.beyond;
	it->nbeyond = r->findings.nbeyond;
	for (size_t i = 0; i < it->nexcluded; i++)
		count_word(c->n.excludes, &c->n.nexcludes, it->excluded[i].reason);
	it->ticket = store_ticket(c->store);
	r->put_ms = clock_ms();
	r->storing = it->body_len + r->answer_room;
	c->storing += r->storing;
	c->pending++;
	store_put(c->store, it);
}

/* On the writer thread: through the door with them, together and in commit order. */
void record_committed(void *arg, struct store_item *list)
{
	struct crawl *c = arg;
	struct door_item *first = NULL, **end = &first;

	for (; list; list = list->next) {
		struct record *r = list->user;
		*end = &r->door;
		end = &r->door.next;
	}
	*end = NULL;
	if (first)
		door_put_all(c->door, first);
}

void count_word(struct word_count *w, size_t *n, const char *word)
{
	size_t i = 0;

	while (i < *n && strcmp(w[i].word, word))
		i++;
	if (i == *n) {
		if (*n == PROGRESS_ERRORS)
			return;
		w[(*n)++] = (struct word_count){word, 0};
	}
	w[i].n++;
}

void count_kept_word(
	struct crawl *c, struct word_count *w, size_t *n, const char *word, uint64_t times)
{
	size_t i = 0;

	while (i < *n && strcmp(w[i].word, word))
		i++;
	if (i == *n) {
		if (*n == PROGRESS_ERRORS)
			return;
		strlist_add(&c->kept, word);
		w[(*n)++] = (struct word_count){c->kept.v[c->kept.n - 1], 0};
	}
	w[i].n += times;
}
