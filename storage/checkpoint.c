#include "storage/checkpoint.h"

#include <stdbool.h>
#include <stdlib.h>

#include "config/clock.h"
#include "config/mem.h"
#include "storage/db.h"
#include "workers/thread.h"

#define STEP_PAGES 256	/* 4 MiB more in the log: the thread moves it */
#define LONG_PAGES 2048 /* 32 MiB: the writer moves the rest, so that it begins anew */

struct checkpoint {
	sqlite3 *db; /* the writer's */
	const char *path;
	int pages;    /* in the log after the last commit */
	int asked_at; /* its length when the thread was last asked */
	int reset_at; /* its length that makes the writer step in */
	uint64_t held_up_ns;

	sqlite3 *own; /* the thread's */
	struct thread *thread;
	struct lock lock; /* guards the rest */
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
		cp->reset_at = LONG_PAGES;
	}
	cp->pages = pages;
	return SQLITE_OK;
}

/* A reader or another checkpoint may be in the way: then it is for the next time. */
static int run(sqlite3 *db, const char *path, struct err *err)
{
	int code = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

	if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED)
		return 0;
	return db_fail(db, path, "writing", err);
}

static void *checkpoint_main(void *arg)
{
	struct checkpoint *cp = arg;
	struct err err = {0};

	lock_enter(&cp->lock);
	for (;;) {
		int ret;
		while (!cp->asked && !cp->stop)
			cond_wait(&cp->work, &cp->lock, -1);
		if (cp->stop)
			break;
		lock_leave(&cp->lock);
		ret = run(cp->own, cp->path, &err);
		lock_enter(&cp->lock);
		cp->asked = false;
		cp->count++;
		if (ret < 0) {
			cp->failed = true;
			cp->failure = err;
			break;
		}
	}
	lock_leave(&cp->lock);
	return NULL;
}

static int open_own(struct checkpoint *cp, const char *synchronous, struct err *err)
{
	const char *file = sqlite3_db_filename(cp->db, "main");

	if (sqlite3_open_v2(file, &cp->own, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
		SQLITE_OK)
		return db_fail(cp->own, cp->path, "opening", err);
	return db_exec(cp->own, cp->path, synchronous, err);
}

struct checkpoint *checkpoint_open(sqlite3 *db, const char *path, struct err *err)
{
	struct checkpoint *cp = mem_zalloc(sizeof(*cp));
	int64_t synchronous = 1;

	cp->db = db;
	cp->path = path;
	cp->reset_at = LONG_PAGES;
	lock_init(&cp->lock);
	cond_init(&cp->work);
	if (db_int(db, path, "pragma synchronous", 1, &synchronous, err) < 0 ||
		open_own(cp,
			synchronous ? "pragma synchronous = normal" : "pragma synchronous = off",
			err) < 0) {
		checkpoint_close(cp);
		return NULL;
	}
	sqlite3_wal_hook(db, on_commit, cp);
	cp->thread = thread_start("checkpoint", checkpoint_main, cp);
	return cp;
}

static bool ask(struct checkpoint *cp)
{
	bool idle;

	lock_enter(&cp->lock);
	idle = !cp->asked;
	if (idle) {
		cp->asked = true;
		cond_wake(&cp->work);
	}
	lock_leave(&cp->lock);
	return idle;
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

static int step_in(struct checkpoint *cp, struct err *err)
{
	int64_t start = clock_ns();
	int ret;

	/* If a reader keeps the log from beginning anew, do not try after every commit. */
	cp->reset_at = cp->pages + LONG_PAGES;
	ret = run(cp->db, cp->path, err);
	cp->held_up_ns += (uint64_t)(clock_ns() - start);
	return ret;
}

int checkpoint_tick(struct checkpoint *cp, struct err *err)
{
	bool failed;

	if (cp->pages < cp->asked_at + STEP_PAGES && cp->pages < cp->reset_at)
		return 0;
	if (is_busy(cp, &failed))
		return 0;
	if (failed) {
		*err = cp->failure;
		return -1;
	}
	if (cp->pages >= cp->reset_at)
		return step_in(cp, err);
	if (ask(cp))
		cp->asked_at = cp->pages;
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
