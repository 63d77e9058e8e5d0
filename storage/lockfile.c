#include "storage/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/buf.h"
#include "config/mem.h"

static char *lock_path(const char *db_path)
{
	struct buf b = BUF_INIT;

	buf_addf(&b, "%s.lock", db_path);
	return buf_take(&b);
}

static int lock_op(int fd, int op, struct flock *fl)
{
	memset(fl, 0, sizeof(*fl));
	fl->l_type = F_WRLCK;
	fl->l_whence = SEEK_SET;
	return fcntl(fd, op, fl);
}

static long read_pid(int fd)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return atol(text);
}

static bool is_search(int fd)
{
	char text[64] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 && strstr(text, " search");
}

/* The pid, and who it is if it is no crawl: "1234 search". */
static int write_pid(int fd, const char *who)
{
	char text[64];
	int n = snprintf(
		text, sizeof(text), "%ld%s%s\n", (long)getpid(), who ? " " : "", who ? who : "");

	if (ftruncate(fd, 0) < 0)
		return -1;
	return pwrite(fd, text, (size_t)n, 0) == n ? 0 : -1;
}

static int say_held(int fd, const char *db_path, struct err *err)
{
	long pid = read_pid(fd);
	char who[48] = "";

	if (pid > 0)
		snprintf(who, sizeof(who), " (pid %ld)", pid);
	if (is_search(fd))
		return err_set(err, EXIT_STORAGE,
			"%s is in use by `skitter search`, which builds its index%s; wait for it, "
			"or "
			"stop it: what is built is kept",
			db_path, who);
	return err_set(err, EXIT_STORAGE,
		"%s is in use by a running crawl%s; stop it first, or watch it with `skitter "
		"status %s`",
		db_path, who, db_path);
}

/* The one who held the lock before us may have removed the file between our open and
 * our lock: then what we hold is a file nobody else will find. */
static bool still_there(int fd, const char *path)
{
	struct stat mine, named;

	return fstat(fd, &mine) == 0 && stat(path, &named) == 0 && mine.st_ino == named.st_ino &&
	       mine.st_dev == named.st_dev;
}

int lockfile_open_as(struct lockfile *l, const char *db_path, const char *who, struct err *err)
{
	struct flock fl;
	int fd = -1, ret = -1;

	l->fd = -1;
	l->path = lock_path(db_path);
	for (;;) {
		fd = open(l->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
		if (fd < 0) {
			err_set(err, EXIT_STORAGE, "cannot create %s: %s", l->path,
				strerror(errno));
			goto out;
		}
		if (lock_op(fd, F_OFD_SETLK, &fl) < 0) {
			if (errno == EAGAIN || errno == EACCES)
				say_held(fd, db_path, err);
			else
				err_set(err, EXIT_STORAGE, "cannot lock %s: %s", l->path,
					strerror(errno));
			goto out;
		}
		if (still_there(fd, l->path))
			break;
		close(fd);
	}
	if (write_pid(fd, who) < 0) {
		err_set(err, EXIT_STORAGE, "cannot write %s: %s", l->path, strerror(errno));
		unlink(l->path);
		goto out;
	}
	l->fd = fd;
	fd = -1;
	ret = 0;
out:
	if (fd >= 0)
		close(fd);
	if (ret < 0) {
		free(l->path);
		l->path = NULL;
	}
	return ret;
}

int lockfile_open(struct lockfile *l, const char *db_path, struct err *err)
{
	return lockfile_open_as(l, db_path, NULL, err);
}

void lockfile_close(struct lockfile *l)
{
	if (l->fd >= 0) {
		unlink(l->path);
		close(l->fd);
	}
	free(l->path);
	l->fd = -1;
	l->path = NULL;
}

bool lockfile_is_held(const char *db_path, long *pid)
{
	char *path = lock_path(db_path);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct flock fl;
	bool held = false;

	if (fd < 0)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	*pid = 0;
	if (fd >= 0) {
		held = lock_op(fd, F_OFD_GETLK, &fl) == 0 && fl.l_type != F_UNLCK;
		if (held)
			*pid = read_pid(fd);
		close(fd);
	}
	free(path);
	return held;
}
