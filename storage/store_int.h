/* store_int.h - what an open store is made of. For the files of this room only.
 *
 * Who touches what: `db` and `ins` belong to the opening thread, and to the writer
 * thread between store_start and store_stop. Everything under "the run" is guarded by
 * `lock`, but for what is marked.
 */
#ifndef SKITTER_STORAGE_STORE_INT_H
#define SKITTER_STORAGE_STORE_INT_H

#include <sqlite3.h>

#include "storage/checkpoint.h"
#include "storage/db.h"
#include "storage/insert.h"
#include "storage/lockfile.h"
#include "storage/pack.h"
#include "storage/search_live.h"
#include "storage/store.h"
#include "storage/store_read.h"
#include "workers/pool.h"
#include "workers/thread.h"

/* A place in the ring of items that wait for their turn, at ticket modulo size. */
struct ring_slot {
	struct store_item *item; /* NULL = not put yet */
	bool ready;		 /* packed: may be written */
};

struct store {
	sqlite3 *db;
	char *path;
	enum store_mode mode;
	struct lockfile lockfile;

	/* read side */
	store_inflate_fn *inflate;
	void *inflate_arg;
	store_registrable_fn *registrable;
	void *registrable_arg;

	/* the run */
	bool started;
	struct store_opts opts;	       /* constant after start */
	struct insert *ins;	       /* writer thread */
	struct search_live *live;      /* writer thread; NULL = no index is kept */
	struct checkpoint *checkpoint; /* writer thread */
	struct packers *packers;
	struct pool *pool;
	struct thread *writer;
	uint64_t last_ticket; /* loop thread */
	struct lock lock;
	struct cond work; /* enough is ready, or we stop */
	struct ring_slot *ring;
	size_t ring_size;   /* power of two */
	uint64_t next;	    /* the ticket to be written next */
	uint64_t ready_end; /* tickets [next, ready_end) are ready */
	uint64_t wake_at;   /* the writer sleeps until this many are ready; 0 = it does not */
	size_t queued;	    /* items put and not given back */
	bool stopping;
	bool failed;
	struct err failure;
	struct store_item *uncommitted;
	struct store_stats stats;
};

/* load.c: a read transaction, so that several statements see one moment */
int read_begin(struct store *st, struct err *err);
void read_end(struct store *st);
int read_row(struct store *st, sqlite3_stmt *s, struct err *err); /* 1 row, 0 end, -1 error */
/* counts.c: store_counts inside a read transaction */
int counts_now(struct store *st, struct store_counts *out, struct err *err);
/* recount.c: what the rows of hosts say, made true after a kill */
int recount_hosts(struct store *st, struct err *err);
int recount_hosts_now(struct store *st, struct err *err); /* or at any time */

#endif
