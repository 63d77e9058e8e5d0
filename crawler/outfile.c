#include "crawler/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/buf.h"
#include "config/mem.h"

static int cannot_write(const char *path, int status, struct err *err)
{
	return err_set(err, status, "cannot write %s: %s", path, strerror(errno));
}

/* A device or pipe: there is nothing to replace. */
static bool is_stream(const char *path)
{
	struct stat sb;

	return stat(path, &sb) == 0 && !S_ISREG(sb.st_mode) && !S_ISDIR(sb.st_mode);
}

int outfile_check(const char *path, bool force, struct err *err)
{
	struct stat sb;

	if (lstat(path, &sb) < 0 || is_stream(path))
		return 0;
	if (S_ISDIR(sb.st_mode))
		return err_set(err, EXIT_USAGE, "%s is a folder: name a file", path);
	if (force)
		return 0;
	return err_set(err, EXIT_USAGE,
		"%s is there already: --force replaces it, -o names another", path);
}

int outfile_open(struct outfile *o, const char *path, bool force, struct err *err)
{
	struct buf part = BUF_INIT;
	int fd, flags = O_WRONLY | O_CLOEXEC;

	*o = (struct outfile){.force = force};
	if (outfile_check(path, force, err) < 0)
		return -1;
	o->path = mem_strdup(path);
	if (is_stream(path)) {
		fd = open(path, flags);
	} else {
		buf_addf(&part, "%s.part", path);
		o->part = buf_take(&part);
		/* Not through a link that somebody put there. */
		fd = open(o->part, flags | O_CREAT | O_TRUNC | O_NOFOLLOW, 0666);
	}
	o->f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (o->f)
		return 0;
	cannot_write(path, EXIT_USAGE, err);
	if (fd >= 0)
		close(fd);
	free(o->part); /* not ours to remove */
	o->part = NULL;
	outfile_drop(o);
	return -1;
}

int outfile_close(struct outfile *o, struct err *err)
{
	bool good = fflush(o->f) == 0 && !ferror(o->f);

	if (good && o->part && fdatasync(fileno(o->f)) < 0)
		good = errno == EINVAL || errno == ENOTSUP;
	if (fclose(o->f) != 0)
		good = false;
	o->f = NULL;
	return good ? 0 : cannot_write(o->path, EXIT_STORAGE, err);
}

int outfile_commit(struct outfile *o, struct err *err)
{
	if (o->f && outfile_close(o, err) < 0)
		return -1;
	if (!o->part)
		return 0;
	/* Somebody else may have made one meanwhile. */
	if (outfile_check(o->path, o->force, err) < 0)
		return -1;
	if (rename(o->part, o->path) < 0)
		return cannot_write(o->path, EXIT_STORAGE, err);
	free(o->part);
	o->part = NULL;
	return 0;
}

void outfile_rename(struct outfile *o, const char *path)
{
	free(o->path);
	o->path = mem_strdup(path);
}

void outfile_drop(struct outfile *o)
{
	if (o->f)
		fclose(o->f);
	if (o->part)
		unlink(o->part);
	free(o->part);
	free(o->path);
	*o = (struct outfile){0};
}
