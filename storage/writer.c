#include "storage/writer.h"

#include <stdlib.h>

#include "config/clock.h"
#include "storage/store_int.h"

/* A transaction costs about as much as a few pages, and writes the last page of each table once
 * more. So while pages keep coming in, wait a moment for company; when the queue is half full, or
 * the crawl is fast, the batch is full at once and nobody waits. What waits keeps its slot: where
 * there are few, and nothing can come in any more, one wait is what it costs. */
#define BATCH_COMPANY 96
#define BATCH_WAITS   12		 /* as long as each brings something */
#define BATCH_WAIT_MS 4			 /* of each: on a busy machine pages come in spurts */
#define BATCH_MAX     512		 /* items; bounds how long slots are kept by one commit */
#define BATCH_BYTES   ((size_t)32 << 20) /* of bodies */

/* ---- which items ---- */

static void sleep_until(struct store *st, uint64_t ready, int64_t deadline_ms)
{
	while (!st->stopping && st->ready_end - st->next < ready) {
		st->wake_at = ready;
		if (cond_wait(&st->work, &st->lock, deadline_ms) < 0)
			break;
	}
	st->wake_at = 0;
}

static uint64_t company(const struct store *st)
{
	uint64_t half = st->opts.queue_max / 2;

	return half < BATCH_COMPANY ? (half ? half : 1) : BATCH_COMPANY;
}

static void wait_for_company(struct store *st)
{
	uint64_t enough = company(st);

	for (int i = 0; i < BATCH_WAITS && st->ready_end - st->next < enough; i++) {
		uint64_t before = st->ready_end;
		sleep_until(st, enough, clock_ms() + BATCH_WAIT_MS);
		if (st->ready_end == before)
			break;
	}
}

/* Waits for a batch and takes it off the ring: a list in ticket order, NULL = stop. */
static struct store_item *take_batch(struct store *st, size_t *count)
{
	struct store_item *list = NULL, **tail = &list;
	size_t bytes = 0;

	*count = 0;
	lock_enter(&st->lock);
	sleep_until(st, 1, -1);
	wait_for_company(st);
	while (st->next < st->ready_end && *count < BATCH_MAX && bytes < BATCH_BYTES) {
		struct ring_slot *slot = &st->ring[st->next++ & (st->ring_size - 1)];
		bytes += slot->item->body_len;
		*tail = slot->item;
		tail = &slot->item->next;
		slot->item = NULL;
		slot->ready = false;
		++*count;
	}
	*tail = NULL;
	lock_leave(&st->lock);
	return list;
}

/* ---- writing them ---- */

static int write_batch(struct store *st, struct store_item *list, struct err *err)
{
	if (insert_begin(st->ins, err) < 0)
		return -1;
	for (struct store_item *item = list; item; item = item->next) {
		if (!item->packed->done)
			pack_item(st->packers, item);
		if (insert_item(st->ins, item, err) < 0)
			goto fail;
	}
	if (insert_commit(st->ins, err) == 0)
		return 0;
fail:
	insert_rollback(st->ins);
	return -1;
}

static void count_item(struct store_stats *s, const struct store_item *item)
{
	const struct store_packed *p = item->packed;

	s->items++;
	s->fetches += item->url_id != 0;
	s->urls += item->nurls;
	s->excluded += item->nexcluded;
	s->links += p->nlinks;
	s->body_in += item->body_len;
	s->body_out += p->body ? p->body_len : item->body_len;
}

/* The rows are durable: count, free what was packed, give the items back. */
static void give_back(struct store *st, struct store_item *list, size_t count, int64_t took_ns)
{
	lock_enter(&st->lock);
	for (struct store_item *item = list; item; item = item->next)
		count_item(&st->stats, item);
	st->queued -= count;
	st->stats.batches++;
	if (count > st->stats.batch_max)
		st->stats.batch_max = count;
	if ((uint64_t)took_ns > st->stats.commit_max_ns)
		st->stats.commit_max_ns = (uint64_t)took_ns;
	st->stats.checkpoints = checkpoint_count(st->checkpoint, &st->stats.checkpoint_ns);
	lock_leave(&st->lock);
	for (struct store_item *item = list; item; item = item->next)
		pack_free(item);
	if (st->opts.committed)
		st->opts.committed(st->opts.arg, list);
}

static void fail(struct store *st, struct store_item *list, const struct err *err)
{
	lock_enter(&st->lock);
	st->failed = true;
	st->failure = *err;
	st->uncommitted = list;
	lock_leave(&st->lock);
	for (struct store_item *item = list; item; item = item->next)
		pack_free(item);
	if (st->opts.failed)
		st->opts.failed(st->opts.arg, err);
}

static void *writer_main(void *arg)
{
	struct store *st = arg;
	struct store_item *list;
	struct err err = {0};
	size_t count;

	while ((list = take_batch(st, &count))) {
		int64_t start = clock_ns();
		if (write_batch(st, list, &err) < 0) {
			fail(st, list, &err);
			break;
		}
		give_back(st, list, count, clock_ns() - start);
		search_live_tick(st->live, count);
		if (checkpoint_tick(st->checkpoint, &err) < 0) {
			fail(st, NULL, &err);
			break;
		}
	}
	return NULL;
}

void writer_start(struct store *st)
{
	st->writer = thread_start("writer", writer_main, st);
}

void writer_stop(struct store *st)
{
	lock_enter(&st->lock);
	st->stopping = true;
	cond_wake(&st->work);
	lock_leave(&st->lock);
	thread_join(st->writer);
	st->writer = NULL;
}
