#include "crawler/budget.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/buf.h"

#define SHARE_PERCENT 75
/* cgroup v1 says "none" with the largest page-aligned number. */
#define NO_LIMIT (UINT64_C(1) << 60)

/* A small file whole; false = there is none. */
static bool read_small(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, out, size - 1);
	close(fd);
	if (n < 0)
		return false;
	out[n] = '\0';
	return true;
}

static uint64_t lower(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

static uint64_t limit_in(const char *dir, size_t dir_len, const char *name)
{
	struct buf path = BUF_INIT;
	char text[64], *end;
	uint64_t value = 0;

	buf_addf(&path, "%.*s/%s", (int)dir_len, dir, name);
	if (read_small(path.data, text, sizeof(text))) {
		errno = 0;
		value = strtoull(text, &end, 10); /* "max" is no number */
		if (end == text || errno || value >= NO_LIMIT)
			value = 0;
	}
	buf_release(&path);
	return value;
}

/* The group and all above it: each limit holds. In a container the path may be the host's, and
 * only the root of the mount be there: then that is asked. */
static uint64_t limit_of(const char *mount, const char *group, size_t len, bool v2)
{
	struct buf dir = BUF_INIT;
	size_t root;
	uint64_t best = 0;

	buf_add_str(&dir, mount);
	root = dir.len;
	buf_add(&dir, group, len);
	for (size_t n = dir.len;; n--) {
		if (n > root && n < dir.len && dir.data[n] != '/')
			continue;
		if (v2) {
			best = lower(best, limit_in(dir.data, n, "memory.max"));
			best = lower(best, limit_in(dir.data, n, "memory.high"));
		} else {
			best = lower(best, limit_in(dir.data, n, "memory.limit_in_bytes"));
		}
		if (n <= root)
			break;
	}
	buf_release(&dir);
	return best;
}

/* One line of /proc/self/cgroup: "ID:CONTROLLERS:PATH"; v2 has no controllers. */
static uint64_t limit_of_line(const char *root, const char *line, size_t len)
{
	const char *names = memchr(line, ':', len), *path, *end = line + len;
	struct buf mount = BUF_INIT;
	uint64_t best = 0;
	bool v2;

	names = names ? names + 1 : end;
	path = memchr(names, ':', (size_t)(end - names));
	if (!path)
		return 0;
	v2 = path == names;
	if (v2 || memmem(names, (size_t)(path - names), "memory", 6)) {
		buf_addf(&mount, "%s/sys/fs/cgroup%s", root, v2 ? "" : "/memory");
		best = limit_of(mount.data, path + 1, (size_t)(end - path - 1), v2);
	}
	buf_release(&mount);
	return best;
}

uint64_t budget_limit_at(const char *root)
{
	struct buf path = BUF_INIT;
	char text[4096];
	uint64_t best = 0;

	buf_addf(&path, "%s/proc/self/cgroup", root);
	if (read_small(path.data, text, sizeof(text)))
		for (const char *p = text; *p;) {
			size_t n = strcspn(p, "\n");
			best = lower(best, limit_of_line(root, p, n));
			p += n + (p[n] == '\n');
		}
	buf_release(&path);
	return best;
}

uint64_t budget_limit(void)
{
	return budget_limit_at("");
}

uint64_t budget_fit(struct settings *set, uint64_t limit)
{
	uint64_t share = limit / 100 * SHARE_PERCENT;

	if (!limit || settings_given(set, "memory") || share >= set->memory)
		return 0;
	set->memory = share;
	return limit;
}
