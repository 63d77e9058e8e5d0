#include "storage/recall.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "storage/db.h"
#include "workers/thread.h"

#define CACHE_KB 2048

struct recall {
	struct recall_opts opts;
	char *path;
	struct thread *thread;

	/* the thread's */
	sqlite3 *db;
	sqlite3_stmt *row;
	bool broken;

	struct lock lock; /* guards the rest */
	struct cond work;
	struct recall_batch *first, **last;
	bool stop;
};

static int open_db(struct recall *r, struct err *err)
{
	char sql[64];

	if (sqlite3_open_v2(r->path, &r->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) !=
		SQLITE_OK)
		return db_fail(r->db, r->path, "opening", err);
	sqlite3_busy_timeout(r->db, 10000);
	snprintf(sql, sizeof(sql), "pragma cache_size = -%d", CACHE_KB);
	if (db_exec(r->db, r->path, sql, err) < 0)
		return -1;
	r->row = db_prepare(r->db, r->path,
		"select url, host_id, depth, hops, kind, referrer, origin from url where id = ?1",
		err);
	return r->row ? 0 : -1;
}

/* The texts go into one buffer, which moves while it grows: until all are read, an URL keeps
 * the offset of its text where the pointer belongs. */
static int read_url(struct recall *r, struct recall_batch *b, struct store_url *u, struct err *err)
{
	sqlite3_stmt *s = r->row;
	int code;

	sqlite3_bind_int64(s, 1, (sqlite3_int64)u->id);
	code = sqlite3_step(s);
	if (code == SQLITE_ROW) {
		u->url = (const char *)(uintptr_t)b->text.len;
		db_add_column(&b->text, s, 0);
		u->len = (uint32_t)(b->text.len - (uintptr_t)u->url);
		u->host_id = (uint32_t)sqlite3_column_int64(s, 1);
		u->depth = (uint16_t)sqlite3_column_int(s, 2);
		u->hops = (uint8_t)sqlite3_column_int(s, 3);
		u->kind = (uint8_t)sqlite3_column_int(s, 4);
		u->referrer = (uint64_t)sqlite3_column_int64(s, 5);
		u->origin = (uint64_t)sqlite3_column_int64(s, 6);
	} else if (code == SQLITE_DONE) {
		err_set(err, EXIT_STORAGE, "%s is damaged: URL %llu is not there", r->path,
			(unsigned long long)u->id);
	} else {
		db_fail(r->db, r->path, "reading", err);
	}
	sqlite3_reset(s);
	return code == SQLITE_ROW ? 0 : -1;
}

static int read_batch(struct recall *r, struct recall_batch *b, struct err *err)
{
	for (size_t i = 0; i < b->n; i++)
		if (read_url(r, b, &b->urls[i], err) < 0)
			return -1;
	for (size_t i = 0; i < b->n; i++)
		b->urls[i].url = b->text.data + (uintptr_t)b->urls[i].url;
	return 0;
}

/* All in one transaction, given back when it is over. */
static void read_all(struct recall *r, struct recall_batch *list)
{
	struct err err = {0};
	int ret = r->broken ? -1 : db_exec(r->db, r->path, "begin", &err);

	for (struct recall_batch *b = list; b; b = b->next) {
		if (ret == 0)
			ret = read_batch(r, b, &err);
		b->ok = ret == 0;
	}
	sqlite3_exec(r->db, "commit", NULL, NULL, NULL);
	if (ret < 0 && !r->broken) {
		r->broken = true;
		r->opts.failed(r->opts.arg, &err);
	}
	while (list) {
		struct recall_batch *b = list;
		list = b->next;
		r->opts.done(r->opts.arg, b);
	}
}

static void *recall_main(void *arg)
{
	struct recall *r = arg;

	lock_enter(&r->lock);
	while (r->first || !r->stop) {
		struct recall_batch *list = r->first;
		if (!list) {
			cond_wait(&r->work, &r->lock, -1);
			continue;
		}
		r->first = NULL;
		r->last = &r->first;
		lock_leave(&r->lock);
		read_all(r, list);
		lock_enter(&r->lock);
	}
	lock_leave(&r->lock);
	return NULL;
}

struct recall *recall_open(const char *path, const struct recall_opts *opts, struct err *err)
{
	struct recall *r = mem_zalloc(sizeof(*r));

	r->opts = *opts;
	r->path = mem_strdup(path);
	r->last = &r->first;
	lock_init(&r->lock);
	cond_init(&r->work);
	if (open_db(r, err) < 0) {
		recall_close(r);
		return NULL;
	}
	r->thread = thread_start("recall", recall_main, r);
	return r;
}

void recall_put(struct recall *r, struct recall_batch *b)
{
	b->next = NULL;
	lock_enter(&r->lock);
	if (!r->first)
		cond_wake(&r->work);
	*r->last = b;
	r->last = &b->next;
	lock_leave(&r->lock);
}

void recall_close(struct recall *r)
{
	if (!r)
		return;
	lock_enter(&r->lock);
	r->stop = true;
	cond_wake(&r->work);
	lock_leave(&r->lock);
	if (r->thread)
		thread_join(r->thread);
	sqlite3_finalize(r->row);
	sqlite3_close(r->db);
	cond_release(&r->work);
	lock_release(&r->lock);
	free(r->path);
	free(r);
}
