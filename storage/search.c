/* search.c - finding the index that may be used, bringing it up to date, closing it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/mem.h"
#include "storage/db.h"
#include "storage/lockfile.h"
#include "storage/search_int.h"
#include "storage/store_read.h"

/* What one transaction of a build holds. */
#define STEP_FETCHES 20000
#define STEP_BYTES   ((size_t)32 << 20)
#define WAIT_MS	     300 /* between two looks at somebody else's lock */

/* ---- connections ---- */

static char *uri_of(const char *path, const char *query)
{
	struct buf b = BUF_INIT;

	buf_add_str(&b, "file:");
	if (path[0] != '/')
		buf_add_str(&b, "./");
	for (; *path; path++) {
		if (*path == '?' || *path == '#' || *path == '%')
			buf_addf(&b, "%%%02x", (unsigned char)*path);
		else
			buf_add_ch(&b, *path);
	}
	buf_add_str(&b, query);
	return buf_take(&b);
}

static int attach(sqlite3 *db, const char *path, struct err *err)
{
	sqlite3_stmt *s = db_prepare(db, path, "attach ?1 as crawl", err);
	char *uri = uri_of(path, "?mode=ro");
	int ret = -1;

	if (s) {
		sqlite3_bind_text(s, 1, uri, -1, SQLITE_STATIC);
		ret = db_run(db, path, s, err);
		sqlite3_finalize(s);
	}
	free(uri);
	return ret;
}

static void disconnect(struct search *s)
{
	search_tok_close(s->tok);
	s->tok = NULL;
	sqlite3_close(s->db);
	s->db = NULL;
}

/* Opens `file`, which holds the index; where that is not the crawl's own, the crawl beside it. */
static int connect_to(struct search *s, const char *file, int flags, struct err *err)
{
	char *uri = uri_of(file, "");
	bool own = !strcmp(file, s->path);
	int ret = 0;

	disconnect(s);
	s->crawl = own ? "main" : "crawl";
	if (sqlite3_open_v2(uri, &s->db, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL) !=
		SQLITE_OK)
		ret = db_fail(s->db, file, "opening", err);
	free(uri);
	if (ret == 0) {
		sqlite3_busy_timeout(s->db, 30000);
		sqlite3_exec(s->db, "pragma cache_size = -32768", NULL, NULL, NULL);
		ret = search_tok_register(s->db, s->path, err);
	}
	if (ret == 0)
		ret = search_hits_register(s->db, s->path, err);
	if (ret == 0 && !own)
		ret = attach(s->db, s->path, err);
	s->tok = ret == 0 ? search_tok_open(s->db) : NULL;
	return ret;
}

/* ---- building ---- */

static bool stopped(const struct search *s)
{
	return s->opts.stop && *s->opts.stop;
}

static int build_steps(struct search *s, struct search_index *ix, struct err *err)
{
	const struct search_state *now = search_index_now(ix);
	uint64_t from = now->upto;
	int64_t n;

	while ((n = search_index_step(ix, STEP_FETCHES, STEP_BYTES, err)) > 0) {
		if (s->opts.progress)
			s->opts.progress(s->opts.arg, now->upto - from, now->last - from);
		if (stopped(s))
			return err_set(err, EXIT_SIGNAL,
				"stopped while the index was built: fetch %llu of %llu; the same "
				"command goes on there",
				(unsigned long long)now->upto, (unsigned long long)now->last);
	}
	return n < 0 ? -1 : 0;
}

static int build(struct search *s, struct err *err)
{
	struct search_index *ix;
	int ret = -1;

	if (s->opts.rebuild)
		db_exec(s->db, s->path, "drop table if exists main.search_state", NULL);
	s->opts.rebuild = false;
	ix = search_index_open(s->db, s->path, s->crawl, err);
	if (ix && search_index_memory(ix, SEARCH_INDEX_HASH, err) == 0)
		ret = build_steps(s, ix, err);
	search_index_close(ix);
	return ret;
}

/* A write-ahead log while many pages are written: readers go on, and a kill costs nothing. */
static void begin_writing(sqlite3 *db)
{
	sqlite3_exec(db,
		"pragma journal_mode = wal; pragma synchronous = normal; pragma secure_delete = "
		"off",
		NULL, NULL, NULL);
}

static void end_writing(sqlite3 *db)
{
	sqlite3_busy_timeout(db, 250);
	sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_exec(db, "pragma journal_mode = delete", NULL, NULL, NULL);
}

static int build_in(struct search *s, const char *file, int flags, struct err *err)
{
	int ret;

	if (connect_to(s, file, flags, err) < 0)
		return -1;
	begin_writing(s->db);
	ret = build(s, err);
	end_writing(s->db);
	return ret;
}

/* ---- whose lock ---- */

/* A crawl says so in the file; the lock alone may be that of another search. */
static bool crawl_runs(struct search *s, long *pid)
{
	int64_t runs = 0;

	if (!lockfile_is_held(s->path, pid))
		return false;
	db_int(s->db, s->path,
		strcmp(s->crawl, "main")
			? "select value = 'running' from crawl.meta where key = 'state'"
			: "select value = 'running' from meta where key = 'state'",
		0, &runs, NULL);
	return runs;
}

/* The lock of a file, waiting for other searches; 0, or -1 where it cannot be had. */
static int lock_for_index(struct search *s, const char *file, struct lockfile *l, struct err *err)
{
	bool told = false;
	long pid;

	while (lockfile_open_as(l, file, "search", err) < 0) {
		if (!lockfile_is_held(file, &pid) || stopped(s) ||
			(!strcmp(file, s->path) && crawl_runs(s, &pid)))
			return -1;
		if (!told && s->opts.waiting)
			s->opts.waiting(s->opts.arg, pid);
		told = true;
		usleep(WAIT_MS * 1000);
	}
	return 0;
}

/* ---- the places an index may be in ---- */

static bool up_to_date(struct search *s)
{
	return s->now.exists && !s->opts.rebuild &&
	       (s->now.upto == s->now.last || (s->now.live && crawl_runs(s, &s->pid)));
}

static int look(struct search *s, struct err *err)
{
	return search_index_state(s->db, s->path, s->crawl, &s->now, err);
}

/* The folder too: SQLite makes its journal there. */
static bool may_write(const char *path)
{
	char *copy = mem_strdup(path), *slash = strrchr(copy, '/');
	bool may;

	if (slash)
		slash[slash == copy] = '\0';
	may = faccessat(AT_FDCWD, slash ? copy : ".", W_OK, AT_EACCESS) == 0 &&
	      (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 || errno == ENOENT);
	free(copy);
	return may;
}

/* 1: done, 0: not here, -1: failed. */
static int build_own(struct search *s, struct err *err)
{
	struct lockfile l = {.fd = -1};
	int ret;

	if (!may_write(s->path) || crawl_runs(s, &s->pid) ||
		lock_for_index(s, s->path, &l, err) < 0)
		return 0;
	ret = build_in(s, s->path, SQLITE_OPEN_READWRITE, err);
	if (ret == 0)
		unlink(s->beside);
	lockfile_close(&l);
	s->file = s->path;
	return ret < 0 ? -1 : 1;
}

static int build_beside(struct search *s, struct err *err)
{
	struct lockfile l = {.fd = -1};
	int ret;

	if (!may_write(s->beside) || lock_for_index(s, s->beside, &l, err) < 0)
		return 0;
	ret = build_in(s, s->beside, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
	lockfile_close(&l);
	s->file = s->beside;
	return ret < 0 ? -1 : 1;
}

static int build_temporary(struct search *s, struct err *err)
{
	const char *dir = getenv("TMPDIR");
	struct buf b = BUF_INIT;
	int fd;

	buf_addf(&b, "%s/skitter-search-XXXXXX", dir && *dir ? dir : "/tmp");
	fd = mkostemp(b.data, O_CLOEXEC);
	if (fd < 0) {
		err_set(err, EXIT_STORAGE, "cannot create %s for the index: %s", b.data,
			strerror(errno));
		buf_release(&b);
		return -1;
	}
	close(fd);
	s->temporary = buf_take(&b);
	s->file = s->temporary;
	return build_in(s, s->temporary, SQLITE_OPEN_READWRITE, err);
}

static int build_somewhere(struct search *s, struct err *err)
{
	int ret = build_own(s, err);

	if (ret == 0)
		ret = build_beside(s, err);
	return ret == 0 ? build_temporary(s, err) : ret;
}

/* An index beside the file, left by an earlier search, may do as it is. */
static bool beside_will_do(struct search *s)
{
	struct err why;

	if (access(s->beside, R_OK) < 0 ||
		connect_to(s, s->beside, SQLITE_OPEN_READONLY, &why) < 0 || look(s, &why) < 0 ||
		!up_to_date(s))
		return false;
	s->file = s->beside;
	return true;
}

static int open_index(struct search *s, struct err *err)
{
	if (connect_to(s, s->path, SQLITE_OPEN_READONLY, err) < 0 || look(s, err) < 0)
		return -1;
	s->file = s->path;
	if (up_to_date(s) || beside_will_do(s))
		return 0;
	if (build_somewhere(s, err) < 0)
		return -1;
	return look(s, err);
}

struct search *search_open(const char *path, const struct search_opts *o, struct err *err)
{
	struct search *s = mem_zalloc(sizeof(*s));
	struct buf b = BUF_INIT;
	struct store *st;

	s->opts = *o;
	s->path = mem_strdup(path);
	buf_addf(&b, "%s.search", path);
	s->beside = buf_take(&b);
	/* Whose file it is, and whether it is whole, is the store's to say. */
	st = store_open(path, STORE_READ, err);
	store_close(st);
	if (!st || open_index(s, err) < 0) {
		search_close(s);
		return NULL;
	}
	s->running = crawl_runs(s, &s->pid);
	return s;
}

void search_close(struct search *s)
{
	if (!s)
		return;
	disconnect(s);
	if (s->temporary)
		unlink(s->temporary);
	free(s->temporary);
	free(s->beside);
	free(s->path);
	free(s);
}

void search_info(const struct search *s, struct search_info *out)
{
	*out = (struct search_info){
		.pages = s->now.pages,
		.hidden = s->now.hidden,
		.newer = s->now.last - s->now.upto,
		.where = s->file,
		.beside = s->file != s->path,
		.temporary = s->temporary != NULL,
		.running = s->running,
	};
}
