/* run.c - the run of a store: tickets, the ring of items, the pool, start and stop.
 *
 * The ring holds what was put and is not yet given back, at ticket modulo size. A slot
 * is ready once its item is packed. The writer (writer.c) takes the ready ones from the
 * front, never past a gap: that is the whole of "in ticket order".
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "storage/store_int.h"
#include "storage/writer.h"

#define PATIENCE 2 /* pages a storer may have before it while another sleeps */

/* ---- the ring (all inside the lock) ---- */

static struct ring_slot *ring_at(struct store *st, uint64_t ticket)
{
	return &st->ring[ticket & (st->ring_size - 1)];
}

/* Room for the ticket: a ticket taken long ago and not yet put keeps the ring from
 * moving on, and nothing may block here. */
static void ring_fit(struct store *st, uint64_t ticket)
{
	size_t size = st->ring_size;
	struct ring_slot *old = st->ring;

	while (ticket - st->next >= size)
		size *= 2;
	if (size == st->ring_size)
		return;
	st->ring = mem_array(size, sizeof(*st->ring));
	for (uint64_t t = st->next; t < st->next + st->ring_size; t++)
		st->ring[t & (size - 1)] = old[t & (st->ring_size - 1)];
	st->ring_size = size;
	free(old);
}

static void ring_ready(struct store *st, uint64_t ticket)
{
	ring_at(st, ticket)->ready = true;
	while (st->ready_end < st->next + st->ring_size && ring_at(st, st->ready_end)->ready)
		st->ready_end++;
	if (st->wake_at && st->ready_end - st->next >= st->wake_at) {
		st->wake_at = 0;
		cond_wake(&st->work);
	}
}

static bool is_heavy(const struct store_item *item)
{
	return item->url_id && (item->body_len || item->facts);
}

static void pack_task(void *arg)
{
	struct store_packed *packed = arg;
	struct store *st = packed->store;
	uint64_t ticket = packed->item->ticket;

	pack_item(st->packers, packed->item);
	lock_enter(&st->lock);
	ring_ready(st, ticket);
	lock_leave(&st->lock);
}

uint64_t store_ticket(struct store *st)
{
	return ++st->last_ticket;
}

void store_put(struct store *st, struct store_item *item)
{
	assert(item->ticket && item->ticket <= st->last_ticket);
	item->next = NULL;
	pack_begin(st, item);
	lock_enter(&st->lock);
	ring_fit(st, item->ticket);
	assert(item->ticket >= st->next && !ring_at(st, item->ticket)->item);
	ring_at(st, item->ticket)->item = item;
	st->queued++;
	if (st->queued > st->stats.queue_high)
		st->stats.queue_high = st->queued;
	lock_leave(&st->lock);
	if (is_heavy(item) && st->pool && pool_try_apply(st->pool, pack_task, item->packed) == 0)
		return;
	/* Nothing to do for the pool, or no room in it: the writer packs it. */
	lock_enter(&st->lock);
	ring_ready(st, item->ticket);
	lock_leave(&st->lock);
}

size_t store_queued(struct store *st)
{
	size_t n;

	lock_enter(&st->lock);
	n = st->queued;
	lock_leave(&st->lock);
	return n;
}

size_t store_unpacked(struct store *st)
{
	return st->pool ? pool_queued(st->pool) : 0;
}

void store_add_storers(struct store *st, size_t storers)
{
	if (st->pool)
		pool_grow(st->pool, storers);
}

void store_stats(struct store *st, struct store_stats *out)
{
	lock_enter(&st->lock);
	*out = st->stats;
	lock_leave(&st->lock);
}

/* ---- start ---- */

static int set_wal(struct store *st, struct err *err)
{
	sqlite3_stmt *s = db_prepare(st->db, st->path, "pragma journal_mode = wal", err);
	int ret = -1;

	if (!s)
		return -1;
	if (sqlite3_step(s) != SQLITE_ROW)
		db_fail(st->db, st->path, "opening", err);
	else if (sqlite3_stricmp((const char *)sqlite3_column_text(s, 0), "wal") != 0)
		err_set(err, EXIT_STORAGE,
			"%s: this file system has no shared memory for a write-ahead log; put the "
			"database on a local disk",
			st->path);
	else
		ret = 0;
	sqlite3_finalize(s);
	return ret;
}

static int set_pragmas(struct store *st, struct err *err)
{
	size_t cache = st->opts.cache_bytes ? st->opts.cache_bytes : (size_t)16 << 20;
	char sql[128];

	snprintf(sql, sizeof(sql), "pragma synchronous = %s; pragma cache_size = -%zu",
		st->opts.fast_sync ? "off" : "normal", cache / 1024 + 1);
	return db_exec(st->db, st->path, sql, err);
}

int store_start(struct store *st, const struct store_opts *opts, struct err *err)
{
	size_t room = opts->queue_max ? opts->queue_max : 64;

	assert(!st->started && st->mode != STORE_READ);
	st->opts = *opts;
	st->opts.queue_max = room;
	memset(&st->stats, 0, sizeof(st->stats));
	if (set_wal(st, err) < 0 || set_pragmas(st, err) < 0 ||
		store_meta_set(st, "state", "running", err) < 0)
		return -1;
	st->ins = insert_open(st->db, st->path, opts->store_bodies, err);
	if (!st->ins)
		return -1;
	st->checkpoint = checkpoint_open(st->db, st->path, err);
	if (!st->checkpoint) {
		insert_close(st->ins);
		st->ins = NULL;
		return -1;
	}
	st->live = search_live_open(st->db, st->path, opts->index,
		(opts->cache_bytes ? opts->cache_bytes : (size_t)16 << 20) / 2);
	st->ring_size = 64;
	while (st->ring_size < 2 * room)
		st->ring_size *= 2;
	st->ring = mem_array(st->ring_size, sizeof(*st->ring));
	st->last_ticket = 0;
	st->next = st->ready_end = 1;
	st->queued = 0;
	st->wake_at = 0;
	st->stopping = st->failed = false;
	st->packers = packers_open(opts->store_bodies);
	st->pool = opts->storers ? pool_open("storer", opts->storers, room) : NULL;
	if (st->pool)
		pool_be_patient(st->pool, PATIENCE);
	st->started = true;
	writer_start(st);
	return 0;
}

/* ---- stop ---- */

/* What was put and cannot be written any more, in ticket order. */
static void collect_uncommitted(struct store *st)
{
	struct store_item **tail = &st->uncommitted;

	while (*tail)
		tail = &(*tail)->next;
	for (uint64_t t = st->next; t < st->next + st->ring_size; t++) {
		struct ring_slot *slot = ring_at(st, t);
		if (!slot->item)
			continue;
		pack_free(slot->item);
		slot->item->next = NULL;
		*tail = slot->item;
		tail = &slot->item->next;
		slot->item = NULL;
	}
}

static int end_file(struct store *st, bool finished, struct err *err)
{
	int code;

	if (store_meta_set(st, "state", finished ? "finished" : "stopped", err) < 0)
		return -1;
	/* A reader may be in the way for long; then the log stays beside the file, complete. */
	sqlite3_busy_timeout(st->db, 250);
	code = sqlite3_wal_checkpoint_v2(st->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY && (code & 0xff) != SQLITE_LOCKED)
		return db_fail(st->db, st->path, "writing", err);
	sqlite3_exec(st->db, "pragma journal_mode = delete", NULL, NULL, NULL);
	return 0;
}

int store_stop(struct store *st, bool finished, struct err *err)
{
	int ret = 0;

	if (!st->started)
		return 0;
	if (st->pool)
		pool_free(st->pool); /* runs what is queued in it */
	st->pool = NULL;
	writer_stop(st);
	checkpoint_close(st->checkpoint);
	st->checkpoint = NULL;
	insert_close(st->ins);
	st->ins = NULL;
	search_live_close(st->live, st->failed ? LIVE_LEAVE : finished ? LIVE_ALL : LIVE_SOME);
	st->live = NULL;
	packers_close(st->packers);
	st->packers = NULL;
	st->started = false;
	if (st->queued)
		collect_uncommitted(st);
	if (st->failed) {
		if (err)
			*err = st->failure;
		ret = -1;
	} else if (st->uncommitted) {
		ret = err_set(err, EXIT_INTERNAL, "%s: ticket %llu was taken and never put",
			st->path, (unsigned long long)st->next);
	} else {
		ret = end_file(st, finished, err);
	}
	free(st->ring);
	st->ring = NULL;
	return ret;
}

struct store_item *store_take_uncommitted(struct store *st)
{
	struct store_item *list = st->uncommitted;

	st->uncommitted = NULL;
	return list;
}
