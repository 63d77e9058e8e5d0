#include "storage/gather.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"

#define NAME	     "skitter"
#define FRAME_HEADER 24 /* bytes; nothing else in a log has that length */
#define COMMIT_AT    4	/* in it: big-endian, pages of the database after a commit, else 0 */
#define ROOM	     ((size_t)65536) /* the largest page: what any VFS has to take at once */

/* A log; the default VFS's file follows it in memory. */
struct log {
	sqlite3_file file; /* first: what SQLite has */
	sqlite3_file *real;
	sqlite3_int64 start; /* where in the file the gathered bytes belong */
	size_t len;
	bool commits; /* the last header was one of a frame that commits */
	unsigned char *data;
};

static sqlite3_vfs *base;
static sqlite3_vfs vfs;

/* After an error the bytes are gone: they belong to a transaction that SQLite rolls back. */
static int flush(struct log *log)
{
	size_t len = log->len;

	log->len = 0;
	return len ? log->real->pMethods->xWrite(log->real, log->data, (int)len, log->start)
		   : SQLITE_OK;
}

static int log_close(sqlite3_file *file)
{
	struct log *log = (struct log *)file;
	int code = flush(log), closed = log->real->pMethods->xClose(log->real);

	free(log->data);
	return code ? code : closed;
}

static int log_read(sqlite3_file *file, void *out, int len, sqlite3_int64 at)
{
	struct log *log = (struct log *)file;
	int code = flush(log);

	return code ? code : log->real->pMethods->xRead(log->real, out, len, at);
}

static bool is_commit(const unsigned char *header)
{
	static const unsigned char none[4];

	return memcmp(header + COMMIT_AT, none, sizeof(none)) != 0;
}

/* From the header of a frame that commits on nothing is kept, up to the header of the next. */
static int log_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
	struct log *log = (struct log *)file;
	size_t n = (size_t)len;
	bool keep = !log->commits;
	int code;

	if (log->len && (at != log->start + (sqlite3_int64)log->len || n > ROOM - log->len) &&
		(code = flush(log)))
		return code;
	if (n == FRAME_HEADER)
		log->commits = is_commit(data);
	if (n > ROOM)
		return log->real->pMethods->xWrite(log->real, data, len, at);
	if (!log->len)
		log->start = at;
	memcpy(log->data + log->len, data, n);
	log->len += n;
	return keep && !log->commits ? SQLITE_OK : flush(log);
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct log *log = (struct log *)file;
	int code = flush(log);

	return code ? code : log->real->pMethods->xTruncate(log->real, size);
}

static int log_sync(sqlite3_file *file, int flags)
{
	struct log *log = (struct log *)file;
	int code = flush(log);

	return code ? code : log->real->pMethods->xSync(log->real, flags);
}

static int log_size(sqlite3_file *file, sqlite3_int64 *size)
{
	struct log *log = (struct log *)file;
	int code = flush(log);

	return code ? code : log->real->pMethods->xFileSize(log->real, size);
}

static int log_lock(sqlite3_file *file, int level)
{
	struct log *log = (struct log *)file;

	return log->real->pMethods->xLock(log->real, level);
}

static int log_unlock(sqlite3_file *file, int level)
{
	struct log *log = (struct log *)file;

	return log->real->pMethods->xUnlock(log->real, level);
}

static int log_check_lock(sqlite3_file *file, int *out)
{
	struct log *log = (struct log *)file;

	return log->real->pMethods->xCheckReservedLock(log->real, out);
}

/* Not flushed first: a failed write is followed by the question for its errno. */
static int log_control(sqlite3_file *file, int op, void *arg)
{
	struct log *log = (struct log *)file;

	return log->real->pMethods->xFileControl(log->real, op, arg);
}

static int log_sector(sqlite3_file *file)
{
	struct log *log = (struct log *)file;

	return log->real->pMethods->xSectorSize(log->real);
}

static int log_device(sqlite3_file *file)
{
	struct log *log = (struct log *)file;

	return log->real->pMethods->xDeviceCharacteristics(log->real);
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = log_close,
	.xRead = log_read,
	.xWrite = log_write,
	.xTruncate = log_truncate,
	.xSync = log_sync,
	.xFileSize = log_size,
	.xLock = log_lock,
	.xUnlock = log_unlock,
	.xCheckReservedLock = log_check_lock,
	.xFileControl = log_control,
	.xSectorSize = log_sector,
	.xDeviceCharacteristics = log_device,
};

static int open_file(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags, int *out)
{
	struct log *log = (struct log *)file;
	int code;

	(void)self;
	if (!(flags & SQLITE_OPEN_WAL))
		return base->xOpen(base, name, file, flags, out);
	memset(log, 0, sizeof(*log));
	log->real = (sqlite3_file *)(log + 1);
	code = base->xOpen(base, name, log->real, flags, out);
	if (log->real->pMethods) { /* then SQLite will close it, also after an error */
		log->file.pMethods = &methods;
		log->data = mem_alloc(ROOM);
	}
	return code;
}

const char *gather_vfs(void)
{
	if (base)
		return NAME;
	base = sqlite3_vfs_find(NULL);
	if (!base)
		return NULL;
	vfs = *base; /* all but opening is its own */
	vfs.zName = NAME;
	vfs.pNext = NULL;
	vfs.szOsFile += (int)sizeof(struct log);
	vfs.xOpen = open_file;
	if (sqlite3_vfs_register(&vfs, 0) == SQLITE_OK)
		return NAME;
	base = NULL;
	return NULL;
}
