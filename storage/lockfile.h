/* lockfile.h - at most one crawl writes a database.
 *
 * The lock is on PATH.lock, not on the database: closing any descriptor of the
 * database would drop SQLite's own locks. It is an open-file-description lock, so it
 * ends with the process however that dies, and a child does not keep it (CLOEXEC).
 * The file holds the pid in text, and is removed by the one who holds it.
 */
#ifndef SKITTER_STORAGE_LOCKFILE_H
#define SKITTER_STORAGE_LOCKFILE_H

#include <stdbool.h>

#include "config/err.h"

struct lockfile {
	int fd; /* -1 = not held */
	char *path;
};

/* Never waits. -1: somebody holds it ("... is in use by a running crawl (pid N); ..."),
 * or the file cannot be made. */
int lockfile_open(struct lockfile *l, const char *db_path, struct err *err);
/* The same for what is no crawl: who = "search", or NULL. */
int lockfile_open_as(struct lockfile *l, const char *db_path, const char *who, struct err *err);
void lockfile_close(struct lockfile *l);
/* Whether somebody holds it; their pid, or 0 if unknown. */
bool lockfile_is_held(const char *db_path, long *pid);

#endif
