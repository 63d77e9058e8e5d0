#include "crawler/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/buf.h"

/* cgroup v1 says "none" with the largest page-aligned number. */
#define NO_LIMIT (UINT64_C(1) << 60)

/* A limit as one folder of a hierarchy tells it; 0 = none. */
typedef double limit_fn(const char *dir, size_t dir_len, bool v2);

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

static bool read_in(const char *dir, size_t dir_len, const char *name, char *out, size_t size)
{
	struct buf path = BUF_INIT;
	bool found;

	buf_addf(&path, "%.*s/%s", (int)dir_len, dir, name);
	found = read_small(path.data, out, size);
	buf_release(&path);
	return found;
}

static double lower(double a, double b)
{
	return !a || (b && b < a) ? b : a;
}

/* "max" is no number, and no limit. */
static double number_in(const char *dir, size_t dir_len, const char *name)
{
	char text[64], *end;
	uint64_t value;

	if (!read_in(dir, dir_len, name, text, sizeof(text)))
		return 0;
	errno = 0;
	value = strtoull(text, &end, 10);
	return end == text || errno || value >= NO_LIMIT ? 0 : (double)value;
}

static double memory_in(const char *dir, size_t len, bool v2)
{
	if (!v2)
		return number_in(dir, len, "memory.limit_in_bytes");
	return lower(number_in(dir, len, "memory.max"), number_in(dir, len, "memory.high"));
}

/* v2: "QUOTA PERIOD" or "max PERIOD"; v1: a quota of -1 is none. */
static double cpus_in(const char *dir, size_t len, bool v2)
{
	char text[64], *end;
	double quota, period;

	if (!v2) {
		quota = number_in(dir, len, "cpu.cfs_quota_us");
		period = number_in(dir, len, "cpu.cfs_period_us");
		return period ? quota / period : 0;
	}
	if (!read_in(dir, len, "cpu.max", text, sizeof(text)))
		return 0;
	quota = strtod(text, &end);
	period = end == text ? 0 : strtod(end, NULL);
	return quota > 0 && period > 0 ? quota / period : 0;
}

/* The folder of the group and all above it. */
static double limit_of(const char *mount, const char *group, size_t len, bool v2, limit_fn *limit)
{
	struct buf dir = BUF_INIT;
	size_t root;
	double best = 0;

	buf_add_str(&dir, mount);
	root = dir.len;
	buf_add(&dir, group, len);
	for (size_t n = dir.len;; n--) {
		if (n > root && n < dir.len && dir.data[n] != '/')
			continue;
		best = lower(best, limit(dir.data, n, v2));
		if (n <= root)
			break;
	}
	buf_release(&dir);
	return best;
}

/* Whether a list of controllers, "cpu,cpuacct", names this one. */
static bool has_name(const char *list, size_t len, const char *name)
{
	size_t want = strlen(name);

	for (const char *p = list, *end = list + len; p < end;) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		size_t n = (size_t)((comma ? comma : end) - p);
		if (n == want && !memcmp(p, name, n))
			return true;
		p += n + 1;
	}
	return false;
}

/* One line of /proc/self/cgroup: "ID:CONTROLLERS:PATH"; v2 has no controllers. */
static double limit_of_line(
	const char *root, const char *line, size_t len, const char *controller, limit_fn *limit)
{
	const char *names = memchr(line, ':', len), *path, *end = line + len;
	struct buf mount = BUF_INIT;
	double best = 0;
	bool v2;

	names = names ? names + 1 : end;
	path = memchr(names, ':', (size_t)(end - names));
	if (!path)
		return 0;
	v2 = path == names;
	if (v2 || has_name(names, (size_t)(path - names), controller)) {
		buf_addf(&mount, "%s/sys/fs/cgroup%s%s", root, v2 ? "" : "/", v2 ? "" : controller);
		best = limit_of(mount.data, path + 1, (size_t)(end - path - 1), v2, limit);
	}
	buf_release(&mount);
	return best;
}

static double lowest(const char *root, const char *controller, limit_fn *limit)
{
	struct buf path = BUF_INIT;
	char text[4096];
	double best = 0;

	buf_addf(&path, "%s/proc/self/cgroup", root);
	if (read_small(path.data, text, sizeof(text)))
		for (const char *p = text; *p;) {
			size_t n = strcspn(p, "\n");
			best = lower(best, limit_of_line(root, p, n, controller, limit));
			p += n + (p[n] == '\n');
		}
	buf_release(&path);
	return best;
}

uint64_t cgroup_memory(const char *root)
{
	return (uint64_t)lowest(root, "memory", memory_in);
}

double cgroup_cpus(const char *root)
{
	return lowest(root, "cpu", cpus_in);
}
