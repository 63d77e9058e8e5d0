#include "storage/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/mem.h"
#include "storage/gather.h"
#include "storage/schema.h"
#include "storage/store_int.h"

#define BUSY_MS 30000 /* how long a transaction of another program may hold us up */

/* 16 KiB pages cost the least CPU per stored page of 4, 8, 16 and 32 KiB (README). */
#define WRITE_PRAGMAS                 \
	"pragma page_size = 16384;"   \
	"pragma secure_delete = off;" \
	"pragma temp_store = memory;" \
	"pragma foreign_keys = off;"

/* Escapes what a URI file name gives a meaning, so that every path can be opened. */
static char *file_uri(const char *path, const char *query)
{
	struct buf b = BUF_INIT;

	buf_add_str(&b, "file:");
	if (path[0] != '/')
		buf_add_str(&b, "./");
	for (const char *p = path; *p; p++) {
		if (*p == '?' || *p == '#' || *p == '%')
			buf_addf(&b, "%%%02x", (unsigned char)*p);
		else
			buf_add_ch(&b, *p);
	}
	buf_add_str(&b, query);
	return buf_take(&b);
}

static int open_db(const char *path, int flags, const char *query, sqlite3 **db, struct err *err)
{
	char *uri = file_uri(path, query);
	const char *vfs;
	int ret = 0;

	/* Nobody asks SQLite how much memory it has, and counting that takes a lock around every
	 * allocation, some 30 of them a page. Refused, and no matter, once SQLite is in use. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	vfs = flags & SQLITE_OPEN_READWRITE ? gather_vfs() : NULL;
	if (sqlite3_open_v2(uri, db, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, vfs) !=
		SQLITE_OK) {
		ret = db_fail(*db, path, "opening", err);
		sqlite3_close(*db);
		*db = NULL;
	} else {
		sqlite3_busy_timeout(*db, BUSY_MS);
	}
	free(uri);
	return ret;
}

static int64_t be32(const unsigned char *p)
{
	return (int64_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

/* Whose file is it? Read from its first 100 bytes (fileformat2.html, 1.3), so that a file that
 * is not ours gets no -wal, no -shm and no rollback, and one whose checkpoint was cut short is not
 * called damaged. Only while no connection of this process is open: closing the descriptor
 * would drop SQLite's locks. */
static int look_first(const char *path, struct err *err)
{
	unsigned char head[100];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : pread(fd, head, sizeof(head), 0);
	int problem = errno;

	if (fd >= 0)
		close(fd);
	if (got < 0)
		return err_set(err, EXIT_STORAGE, "cannot open %s: %s", path, strerror(problem));
	if (got < (ssize_t)sizeof(head) || memcmp(head, "SQLite format 3", 16) != 0)
		return db_fail_code(SQLITE_NOTADB, 0, "", path, "reading", err);
	return schema_judge(path, be32(head + 68), be32(head + 60), err);
}

static int must_be_file(const char *path, struct err *err)
{
	struct stat sb;

	if (stat(path, &sb) < 0)
		return err_set(err, EXIT_STORAGE, "cannot open %s: %s", path, strerror(errno));
	if (!S_ISREG(sb.st_mode))
		return err_set(err, EXIT_STORAGE, "cannot open %s: not a regular file", path);
	if (sb.st_size == 0)
		return err_set(err, EXIT_STORAGE, "%s is empty: no crawl was stored in it", path);
	return 0;
}

static int must_be_new(const char *path, struct err *err)
{
	struct stat sb;

	if (lstat(path, &sb) == 0)
		return err_set(err, EXIT_USAGE, "%s exists already", path);
	if (errno != ENOENT)
		return err_set(err, EXIT_STORAGE, "cannot create %s: %s", path, strerror(errno));
	return 0;
}

static int meta_set(sqlite3 *db, const char *path, const struct store_meta *meta, struct err *err)
{
	sqlite3_stmt *s = db_prepare(db, path,
		"insert into meta(key, value) values(?1, ?2) "
		"on conflict(key) do update set value = excluded.value",
		err);
	int ret;

	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, meta->key, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, meta->value, -1, SQLITE_STATIC);
	ret = db_run(db, path, s, err);
	sqlite3_finalize(s);
	return ret;
}

/* The schema is written under another name, so that PATH is a whole crawl from its first
 * moment, or not there. Called with the lock held, so what bears that name is a leftover. */
static int make_file(struct store *st, const char *draft, const struct store_meta *meta,
	size_t nmeta, struct err *err)
{
	sqlite3 *db = NULL;
	int ret;

	unlink(draft);
	if (open_db(draft, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "", &db, err) < 0)
		return -1;
	ret = db_exec(
		db, st->path, WRITE_PRAGMAS "pragma journal_mode = memory; begin immediate", err);
	if (ret == 0)
		ret = schema_create(db, st->path, err);
	for (size_t i = 0; ret == 0 && i < nmeta; i++)
		ret = meta_set(db, st->path, &meta[i], err);
	/* What store_start needs; here the change takes no journal on disk. */
	if (ret == 0)
		ret = db_exec(db, st->path, "commit; pragma journal_mode = wal", err);
	sqlite3_close(db);
	if (ret == 0 && renameat2(AT_FDCWD, draft, AT_FDCWD, st->path, RENAME_NOREPLACE) < 0 &&
		((errno != EINVAL && errno != ENOSYS) || rename(draft, st->path) < 0))
		ret = err_set(err, EXIT_STORAGE, "cannot create %s: %s", st->path, strerror(errno));
	if (ret < 0)
		unlink(draft);
	return ret;
}

static int open_new(struct store *st, const struct store_meta *meta, size_t nmeta, struct err *err)
{
	struct buf draft = BUF_INIT;
	int ret = -1;

	if (must_be_new(st->path, err) < 0)
		return -1;
	if (lockfile_open(&st->lockfile, st->path, err) < 0)
		return -1;
	/* Somebody may have made it before we had the lock. */
	if (must_be_new(st->path, err) < 0)
		return -1;
	buf_addf(&draft, "%s.new", st->path);
	if (make_file(st, draft.data, meta, nmeta, err) == 0 &&
		open_db(st->path, SQLITE_OPEN_READWRITE, "", &st->db, err) == 0)
		ret = db_exec(st->db, st->path, WRITE_PRAGMAS, err);
	buf_release(&draft);
	return ret;
}

static int open_resume(struct store *st, struct err *err)
{
	if (must_be_file(st->path, err) < 0 || lockfile_open(&st->lockfile, st->path, err) < 0 ||
		look_first(st->path, err) < 0)
		return -1;
	if (open_db(st->path, SQLITE_OPEN_READWRITE, "", &st->db, err) < 0)
		return -1;
	/* The second look sees what a killed crawl left in the write-ahead log. */
	if (schema_check(st->db, st->path, err) < 0 ||
		db_exec(st->db, st->path, WRITE_PRAGMAS, err) < 0 ||
		schema_complete(st->db, st->path, err) < 0)
		return -1;
	return recount_hosts(st, err);
}

static int open_read_as(struct store *st, int flags, struct err *err)
{
	if (open_db(st->path, flags, "", &st->db, err) < 0)
		return -1;
	if (schema_check(st->db, st->path, err) < 0)
		return -1;
	/* trusted_schema stays on: this SQLite calls json_extract in a view unsafe otherwise.
	 * Our own functions that do more than compute are DIRECTONLY. */
	sqlite3_exec(st->db,
		"pragma temp_store = memory; pragma query_only = on;"
		"pragma cache_size = -32768",
		NULL, NULL, NULL);
	return 0;
}

static int open_read(struct store *st, struct err *err)
{
	if (must_be_file(st->path, err) < 0)
		return -1;
	if (open_read_as(st, SQLITE_OPEN_READONLY, err) == 0)
		return 0;
	/* A crawl killed while it began or ended may leave a journal that has to be played
	 * back first, which takes a connection that may write. */
	if (!st->db || (sqlite3_errcode(st->db) & 0xff) != SQLITE_READONLY)
		return -1;
	sqlite3_close(st->db);
	st->db = NULL;
	return open_read_as(st, SQLITE_OPEN_READWRITE, err);
}

static struct store *open_as(const char *path, enum store_mode mode, const struct store_meta *meta,
	size_t nmeta, struct err *err)
{
	struct store *st = mem_zalloc(sizeof(*st));
	int ret;

	st->path = mem_strdup(path);
	st->mode = mode;
	st->lockfile.fd = -1;
	lock_init(&st->lock);
	cond_init(&st->work);
	if (mode == STORE_CREATE)
		ret = open_new(st, meta, nmeta, err);
	else if (mode == STORE_RESUME)
		ret = open_resume(st, err);
	else
		ret = open_read(st, err);
	if (ret < 0) {
		store_close(st);
		return NULL;
	}
	return st;
}

struct store *store_open(const char *path, enum store_mode mode, struct err *err)
{
	return open_as(path, mode, NULL, 0, err);
}

struct store *store_create(
	const char *path, const struct store_meta *meta, size_t nmeta, struct err *err)
{
	return open_as(path, STORE_CREATE, meta, nmeta, err);
}

void store_close(struct store *st)
{
	if (!st)
		return;
	if (st->started)
		store_stop(st, false, NULL);
	sqlite3_close(st->db);
	lockfile_close(&st->lockfile);
	cond_release(&st->work);
	lock_release(&st->lock);
	free(st->ring);
	free(st->path);
	free(st);
}

const char *store_path(const struct store *st)
{
	return st->path;
}

bool store_is_running(const struct store *st, long *pid)
{
	return lockfile_is_held(st->path, pid);
}

/* ---- meta ---- */

int store_meta_set(struct store *st, const char *key, const char *value, struct err *err)
{
	struct store_meta meta = {key, value};

	return meta_set(st->db, st->path, &meta, err);
}

char *store_meta_get(struct store *st, const char *key)
{
	sqlite3_stmt *s =
		db_prepare(st->db, st->path, "select value from meta where key = ?1", NULL);
	char *value = NULL;

	if (!s)
		return NULL;
	sqlite3_bind_text(s, 1, key, -1, SQLITE_STATIC);
	if (sqlite3_step(s) == SQLITE_ROW)
		value = db_dup_column(s, 0);
	sqlite3_finalize(s);
	return value;
}
