#include "storage/db.h"

#include <errno.h>
#include <string.h>
#include <zstd.h>

#include "config/mem.h"

static bool is_no_space(int code, int sys_errno)
{
	return (code & 0xff) == SQLITE_FULL ||
	       ((code & 0xff) == SQLITE_IOERR &&
		       (sys_errno == ENOSPC || sys_errno == EDQUOT || sys_errno == EFBIG));
}

int db_fail_code(int code, int sys_errno, const char *detail, const char *path, const char *doing,
	struct err *err)
{
	const char *why = sys_errno ? strerror(sys_errno) : detail;

	if (is_no_space(code, sys_errno))
		return err_set(err, EXIT_STORAGE,
			"no space left for %s; what was committed is safe: make room, then go on "
			"with `skitter resume %s`",
			path, path);
	switch (code & 0xff) {
	case SQLITE_NOTADB: return err_set(err, EXIT_STORAGE, "%s is not a skitter database", path);
	case SQLITE_CORRUPT: return err_set(err, EXIT_STORAGE, "%s is damaged (%s)", path, detail);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(err, EXIT_STORAGE,
			"%s is locked by another program; end its transaction, then go on with "
			"`skitter resume %s`",
			path, path);
	case SQLITE_IOERR:
		return err_set(err, EXIT_STORAGE, "I/O error while %s %s: %s", doing, path, why);
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_READONLY: return err_set(err, EXIT_STORAGE, "cannot open %s: %s", path, why);
	default:
		return err_set(
			err, EXIT_STORAGE, "SQLite failed while %s %s: %s", doing, path, detail);
	}
}

/* The errno that SQLite's last system call left: of the log, or of the database. What
 * sqlite3_system_errno gives may be from a later call. */
static int system_errno(sqlite3 *db)
{
	sqlite3_file *log = NULL;
	int code = 0;

	sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
	if (log && log->pMethods)
		log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &code);
	if (!code)
		sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &code);
	return code ? code : sqlite3_system_errno(db);
}

int db_fail(sqlite3 *db, const char *path, const char *doing, struct err *err)
{
	int code = sqlite3_extended_errcode(db), sys = 0;

	if ((code & 0xff) == SQLITE_IOERR)
		sys = system_errno(db);
	else if ((code & 0xff) == SQLITE_CANTOPEN)
		sys = sqlite3_system_errno(db);
	return db_fail_code(code, sys, sqlite3_errmsg(db), path, doing, err);
}

int db_exec(sqlite3 *db, const char *path, const char *sql, struct err *err)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return db_fail(db, path, "writing", err);
}

sqlite3_stmt *db_prepare(sqlite3 *db, const char *path, const char *sql, struct err *err)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		db_fail(db, path, "reading", err);
	return s;
}

int db_run(sqlite3 *db, const char *path, sqlite3_stmt *s, struct err *err)
{
	int ret = 0;

	if (sqlite3_step(s) != SQLITE_DONE)
		ret = db_fail(db, path, "writing", err);
	sqlite3_reset(s);
	return ret;
}

int db_int(sqlite3 *db, const char *path, const char *sql, int64_t missing, int64_t *out,
	struct err *err)
{
	sqlite3_stmt *s = db_prepare(db, path, sql, err);
	int code, ret = 0;

	if (!s)
		return -1;
	code = sqlite3_step(s);
	*out = missing;
	if (code == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL)
		*out = sqlite3_column_int64(s, 0);
	else if (code != SQLITE_ROW && code != SQLITE_DONE)
		ret = db_fail(db, path, "reading", err);
	sqlite3_finalize(s);
	return ret;
}

void db_bind_str(sqlite3_stmt *s, int at, const char *text)
{
	if (text && *text)
		sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(s, at);
}

char *db_dup_column(sqlite3_stmt *s, int at)
{
	const unsigned char *text = sqlite3_column_text(s, at);

	return text ? mem_strndup((const char *)text, (size_t)sqlite3_column_bytes(s, at)) : NULL;
}

void db_add_column(struct buf *out, sqlite3_stmt *s, int at)
{
	const void *data = sqlite3_column_blob(s, at);

	if (data)
		buf_add(out, data, (size_t)sqlite3_column_bytes(s, at));
}

int db_unzstd(const void *data, size_t len, struct buf *out)
{
	unsigned long long size = ZSTD_getFrameContentSize(data, len);
	size_t got;

	/* Our own frames always say their size; nothing else is given to this function. */
	if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR ||
		size > (unsigned long long)1 << 32)
		return -1;
	buf_grow(out, (size_t)size);
	got = ZSTD_decompress(out->data + out->len, (size_t)size, data, len);
	if (ZSTD_isError(got) || got != size)
		return -1;
	buf_set_len(out, out->len + got);
	return 0;
}
