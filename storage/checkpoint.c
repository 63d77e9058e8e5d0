#include "storage/checkpoint.h"

#include <stdbool.h>
#include <stdlib.h>

#include "config/clock.h"
#include "config/mem.h"
#include "storage/db.h"
#include "workers/thread.h"

/* How much longer the log is when it is moved. The shorter the better: a log that begins anew is
 * written to pages that are there, which costs half of what new ones do, and is still in the
 * processor's cache when it is read. But each beginning waits for the disk. */
#define STEP_LEAST 256	/* 4 MiB */
#define STEP_MOST  2048 /* 32 MiB */
#define SLOW_MS	   30	/* the writer was held up: the next log may be longer */

struct checkpoint {
	sqlite3 *db; /* the writer's */
	const char *path;
	int pages;    /* in the log after the last commit */
	int asked_at; /* its length when the thread was last asked */
	int step;     /* how much longer it is when it is asked again */
	bool rest;    /* the writer moves the rest when the thread is done */
	uint64_t held_up_ns;

	struct thread *thread; /* and its connection: from the first time on */
	sqlite3 *own;
	const char *file, *synchronous; /* how it is opened */
	struct lock lock;		/* guards the rest */
	struct cond work;
	bool asked, stop;
	bool failed;
	struct err failure;
	uint64_t count;
};

static int on_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct checkpoint *cp = arg;

	(void)db;
	(void)name;
	if (pages < cp->pages) { /* the log began anew */
		cp->asked_at = 0;
		cp->rest = false;
	}
	cp->pages = pages;
	return SQLITE_OK;
}

/* A reader or another checkpoint may be in the way: then it is for the next time. `moved` is false
 * also where nothing of the log was known. */
static int run(sqlite3 *db, const char *path, bool *moved, struct err *err)
{
	int pages = -1, code;

	code = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, &pages);
	*moved = pages > 0;

	if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED)
		return 0;
	return db_fail(db, path, "writing", err);
}

static int open_own(struct checkpoint *cp, struct err *err)
{
	if (sqlite3_open_v2(cp->file, &cp->own, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
		    NULL) != SQLITE_OK)
		return db_fail(cp->own, cp->path, "opening", err);
	return db_exec(cp->own, cp->path, cp->synchronous, err);
}

static void *checkpoint_main(void *arg)
{
	struct checkpoint *cp = arg;
	struct err err = {0};

	lock_enter(&cp->lock);
	for (;;) {
		bool moved = false;
		int ret = 0;
		while (!cp->asked && !cp->stop)
			cond_wait(&cp->work, &cp->lock, -1);
		if (cp->stop)
			break;
		lock_leave(&cp->lock);
		if (!cp->own)
			ret = open_own(cp, &err);
		if (ret == 0)
			ret = run(cp->own, cp->path, &moved, &err);
		lock_enter(&cp->lock);
		cp->asked = false;
		cp->count += moved;
		if (ret < 0) {
			cp->failed = true;
			cp->failure = err;
			break;
		}
	}
	lock_leave(&cp->lock);
	return NULL;
}

struct checkpoint *checkpoint_open(sqlite3 *db, const char *path, struct err *err)
{
	struct checkpoint *cp = mem_zalloc(sizeof(*cp));
	int64_t synchronous = 1;

	cp->db = db;
	cp->path = path;
	cp->step = STEP_LEAST;
	lock_init(&cp->lock);
	cond_init(&cp->work);
	if (db_int(db, path, "pragma synchronous", 1, &synchronous, err) < 0) {
		checkpoint_close(cp);
		return NULL;
	}
	cp->file = sqlite3_db_filename(db, "main");
	cp->synchronous = synchronous ? "pragma synchronous = normal" : "pragma synchronous = off";
	sqlite3_wal_hook(db, on_commit, cp);
	return cp;
}

static void ask(struct checkpoint *cp)
{
	if (!cp->thread)
		cp->thread = thread_start("checkpoint", checkpoint_main, cp);
	lock_enter(&cp->lock);
	cp->asked = true;
	cond_wake(&cp->work);
	lock_leave(&cp->lock);
}

static bool is_busy(struct checkpoint *cp, bool *failed)
{
	bool busy;

	lock_enter(&cp->lock);
	busy = cp->asked;
	*failed = cp->failed;
	lock_leave(&cp->lock);
	return busy;
}

/* What was committed while the thread moved the log. If a reader keeps it from beginning anew, it
 * is for the next time. */
static int move_rest(struct checkpoint *cp, struct err *err)
{
	int64_t start = clock_ns(), took;
	bool moved;
	int ret = run(cp->db, cp->path, &moved, err);

	took = clock_ns() - start;
	cp->held_up_ns += (uint64_t)took;
	if (took > SLOW_MS * 1000000 && cp->step < STEP_MOST)
		cp->step *= 2;
	return ret;
}

int checkpoint_tick(struct checkpoint *cp, struct err *err)
{
	bool failed;

	if (!cp->rest && cp->pages < cp->asked_at + cp->step)
		return 0;
	if (is_busy(cp, &failed))
		return 0;
	if (failed) {
		*err = cp->failure;
		return -1;
	}
	if (cp->rest) {
		cp->rest = false;
		return move_rest(cp, err);
	}
	cp->asked_at = cp->pages;
	cp->rest = true;
	ask(cp);
	return 0;
}

uint64_t checkpoint_count(struct checkpoint *cp, uint64_t *held_up_ns)
{
	uint64_t n;

	lock_enter(&cp->lock);
	n = cp->count;
	lock_leave(&cp->lock);
	*held_up_ns = cp->held_up_ns;
	return n;
}

void checkpoint_close(struct checkpoint *cp)
{
	if (!cp)
		return;
	lock_enter(&cp->lock);
	cp->stop = true;
	cond_wake(&cp->work);
	lock_leave(&cp->lock);
	if (cp->thread)
		thread_join(cp->thread);
	sqlite3_wal_hook(cp->db, NULL, NULL);
	sqlite3_close(cp->own);
	cond_release(&cp->work);
	lock_release(&cp->lock);
	free(cp);
}
