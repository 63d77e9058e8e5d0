#include "crawler/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/buf.h"
#include "config/mem.h"
#include "config/text.h"

#define DEPTH_MAX 128
#define OPEN_DIR  (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static const char mark_text[] = "This folder was written by `skitter export --format files`.\n"
				"With --force it replaces all of it.\n";

struct tree {
	char *folder, *part;
	bool force;
	bool made; /* part is there, and ours */
	int root;
	/* The folder of the last file stays open: the next is often in it. */
	char *dir;
	int dir_fd;
};

static int cannot(const char *what, const char *path, struct err *err)
{
	struct buf shown = BUF_INIT;

	text_terminal(&shown, path, strlen(path));
	err_set(err, EXIT_STORAGE, "cannot %s %s: %s", what, shown.data, strerror(errno));
	buf_release(&shown);
	return -1;
}

/* ---- removing ---- */

static int remove_below(int dir_fd, int depth);

static int remove_entry(int dir_fd, const char *name, int depth)
{
	int fd;

	if (unlinkat(dir_fd, name, 0) == 0)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	fd = openat(dir_fd, name, OPEN_DIR);
	if (fd < 0)
		return -1;
	if (remove_below(fd, depth) < 0)
		return -1;
	return unlinkat(dir_fd, name, AT_REMOVEDIR);
}

/* Everything in the folder; takes the descriptor. The mark goes last, so that a removal that was
 * cut short can be gone on with. */
static int remove_below(int dir_fd, int depth)
{
	DIR *d = depth < DEPTH_MAX ? fdopendir(dir_fd) : NULL;
	struct dirent *e;
	int rc = d ? 0 : -1;

	if (!d) {
		close(dir_fd);
		return -1;
	}
	while (!rc && (e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") &&
			!(depth == 0 && !strcmp(e->d_name, TREE_MARK)))
			rc = remove_entry(dir_fd, e->d_name, depth + 1);
	if (!rc && depth == 0)
		rc = unlinkat(dir_fd, TREE_MARK, 0);
	closedir(d);
	return rc;
}

static int remove_tree(const char *path, struct err *err)
{
	int fd = open(path, OPEN_DIR);

	if (fd < 0 || remove_below(fd, 0) < 0 || rmdir(path) < 0)
		return cannot("remove", path, err);
	return 0;
}

/* ---- what is there already ---- */

enum found { FOUND_NOTHING, FOUND_EMPTY, FOUND_OURS, FOUND_FOREIGN };

static enum found look(const char *path)
{
	int fd = open(path, OPEN_DIR);
	enum found found = FOUND_EMPTY;
	struct dirent *e;
	struct stat sb;
	DIR *d;

	if (fd < 0)
		return errno == ENOENT ? FOUND_NOTHING : FOUND_FOREIGN;
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return FOUND_FOREIGN;
	}
	while (found == FOUND_EMPTY && (e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			found = FOUND_FOREIGN;
	if (found == FOUND_FOREIGN && fstatat(fd, TREE_MARK, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISREG(sb.st_mode))
		found = FOUND_OURS;
	closedir(d);
	return found;
}

static int check(const struct tree *t, enum found found, struct err *err)
{
	struct buf shown = BUF_INIT;
	int rc = 0;

	text_terminal(&shown, t->folder, strlen(t->folder));
	if (found == FOUND_FOREIGN)
		rc = err_set(err, EXIT_USAGE,
			"%s is there, and was not written by skitter export: name another with -o",
			shown.data);
	else if (found == FOUND_OURS && !t->force)
		rc = err_set(err, EXIT_USAGE,
			"%s is there already: --force replaces all of it, -o names another",
			shown.data);
	buf_release(&shown);
	return rc;
}

/* ---- opening ---- */

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int make_part(struct tree *t, struct err *err)
{
	enum found old = look(t->part);
	int fd;

	if (old == FOUND_FOREIGN)
		return err_set(err, EXIT_USAGE,
			"%s is in the way, and was not written by skitter export", t->part);
	if (old == FOUND_OURS && remove_tree(t->part, err) < 0)
		return -1;
	if (old != FOUND_EMPTY && mkdir(t->part, 0777) < 0)
		return cannot("make the folder", t->part, err);
	t->root = open(t->part, OPEN_DIR);
	if (t->root < 0)
		return cannot("open", t->part, err);
	fd = openat(t->root, TREE_MARK, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return cannot("write into", t->part, err);
	t->made = true;
	if (write_all(fd, mark_text, sizeof(mark_text) - 1) < 0) {
		close(fd);
		return cannot("write into", t->part, err);
	}
	close(fd);
	return 0;
}

struct tree *tree_open(const char *folder, bool force, struct err *err)
{
	struct tree *t = mem_zalloc(sizeof(*t));
	struct buf part = BUF_INIT;
	size_t len = strlen(folder);

	while (len > 1 && folder[len - 1] == '/')
		len--;
	t->folder = mem_strndup(folder, len);
	t->force = force;
	t->root = t->dir_fd = -1;
	buf_addf(&part, "%s.part", t->folder);
	t->part = buf_take(&part);
	if (check(t, look(t->folder), err) < 0 || make_part(t, err) < 0) {
		tree_close(t);
		return NULL;
	}
	return t;
}

/* ---- writing ---- */

/* Made of parts as filename.h makes them, or it is not written. */
static bool is_sound(const char *path)
{
	for (;;) {
		size_t len = strcspn(path, "/");

		if (!len || len > 255 || path[0] == '.')
			return false;
		if (!path[len])
			return true;
		path += len + 1;
	}
}

/* The folder of the file, opened part by part, made where it is not there; *name is the rest. */
static int open_folder(struct tree *t, const char *path, const char **name, struct err *err)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	char *dir = mem_strndup(path, len), *part = dir;
	int fd = dup(t->root);

	*name = slash ? slash + 1 : path;
	while (fd >= 0 && *part) {
		char *end = part + strcspn(part, "/");
		bool more = *end == '/';
		int next;

		*end = '\0';
		if (mkdirat(fd, part, 0777) < 0 && errno != EEXIST)
			next = -1;
		else
			next = openat(fd, part, OPEN_DIR);
		if (next < 0)
			cannot("make the folder", path, err);
		close(fd);
		fd = next;
		if (more)
			*end = '/';
		part = end + more;
	}
	if (fd < 0) {
		free(dir);
		return -1;
	}
	if (t->dir_fd >= 0)
		close(t->dir_fd);
	free(t->dir);
	t->dir = dir;
	t->dir_fd = fd;
	return 0;
}

/* Leaves the folder of the file in dir_fd. */
static int enter(struct tree *t, const char *path, const char **name, struct err *err)
{
	size_t len = t->dir ? strlen(t->dir) : 0;

	if (len && !strncmp(path, t->dir, len) && path[len] == '/' &&
		!strchr(path + len + 1, '/')) {
		*name = path + len + 1;
		return 0;
	}
	return open_folder(t, path, name, err);
}

int tree_write(struct tree *t, const char *path, const char *data, size_t len, struct err *err)
{
	const char *name;
	int fd;

	if (!is_sound(path))
		return err_set(err, EXIT_INTERNAL, "a file name came out wrong");
	if (enter(t, path, &name, err) < 0)
		return -1;
	fd = openat(t->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return cannot("write", path, err);
	if (write_all(fd, data, len) < 0) {
		close(fd);
		return cannot("write", path, err);
	}
	if (close(fd) < 0)
		return cannot("write", path, err);
	return 0;
}

/* ---- the end ---- */

/* The old folder and the new one change names; then the old one goes. */
static int replace(struct tree *t, struct err *err)
{
	struct buf old = BUF_INIT;
	int rc;

	if (renameat2(AT_FDCWD, t->part, AT_FDCWD, t->folder, RENAME_EXCHANGE) == 0)
		return remove_tree(t->part, err);
	/* A file system that cannot do that at once. */
	buf_addf(&old, "%s.old", t->folder);
	if (rename(t->folder, old.data) < 0 || rename(t->part, t->folder) < 0)
		rc = cannot("rename", t->part, err);
	else
		rc = remove_tree(old.data, err);
	buf_release(&old);
	return rc;
}

int tree_commit(struct tree *t, struct err *err)
{
	enum found found;

	if (syncfs(t->root) < 0)
		return cannot("write", t->part, err);
	found = look(t->folder);
	if (check(t, found, err) < 0)
		return -1;
	if (found == FOUND_OURS) {
		t->made = false; /* what is called part soon is the old one */
		return replace(t, err);
	}
	if (rename(t->part, t->folder) < 0)
		return cannot("rename", t->part, err);
	t->made = false;
	return 0;
}

void tree_close(struct tree *t)
{
	struct err ignored;

	if (!t)
		return;
	if (t->dir_fd >= 0)
		close(t->dir_fd);
	if (t->root >= 0)
		close(t->root);
	if (t->made)
		remove_tree(t->part, &ignored);
	free(t->dir);
	free(t->folder);
	free(t->part);
	free(t);
}
