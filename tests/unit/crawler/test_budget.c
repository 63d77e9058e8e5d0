/* Memory limits of control groups, in made-up trees of both versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/buf.h"
#include "crawler/budget.h"
#include "crawler/cgroup.h"

#define MIB (UINT64_C(1) << 20)

static char root[64];

static int make_root(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/skitter-budget-XXXXXX");
	assert_non_null(mkdtemp(root));
	return 0;
}

static int drop_root(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r '%s'", root);
	return system(command);
}

/* A file below the root, with the folders it needs. */
static void put(const char *path, const char *text)
{
	struct buf b = BUF_INIT;
	FILE *f;

	buf_addf(&b, "%s/%s", root, path);
	for (char *p = b.data + strlen(root) + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		mkdir(b.data, 0700);
	}
	f = fopen(b.data, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	buf_release(&b);
}

static void no_groups_no_limit(void **state)
{
	(void)state;
	assert_int_equal(cgroup_memory(root), 0);
	put("proc/self/cgroup", "0::/\n");
	assert_int_equal(cgroup_memory(root), 0);
	put("sys/fs/cgroup/memory.max", "max\n");
	assert_int_equal(cgroup_memory(root), 0);
	put("sys/fs/cgroup/memory.max", "");
	assert_int_equal(cgroup_memory(root), 0);
}

static void version_2_in_a_container(void **state)
{
	(void)state;
	put("proc/self/cgroup", "0::/\n");
	put("sys/fs/cgroup/memory.max", "268435456\n");
	assert_int_equal(cgroup_memory(root), 256 * MIB);
	put("sys/fs/cgroup/memory.high", "134217728\n");
	assert_int_equal(cgroup_memory(root), 128 * MIB);
}

static void every_group_above_counts(void **state)
{
	(void)state;
	put("proc/self/cgroup", "0::/user.slice/app.scope\n");
	put("sys/fs/cgroup/user.slice/app.scope/memory.max", "max\n");
	put("sys/fs/cgroup/user.slice/memory.max", "104857600\n");
	put("sys/fs/cgroup/memory.max", "209715200\n");
	assert_int_equal(cgroup_memory(root), 100 * MIB);
	put("sys/fs/cgroup/user.slice/app.scope/memory.max", "73400320\n");
	assert_int_equal(cgroup_memory(root), 70 * MIB);
}

static void version_1(void **state)
{
	(void)state;
	put("proc/self/cgroup", "8:pids:/x\n4:cpu,memory:/docker/abc\n0::/\n");
	/* In the container the path is the host's and is not there; the root of the mount is ours.
	 */
	put("sys/fs/cgroup/memory/memory.limit_in_bytes", "314572800\n");
	assert_int_equal(cgroup_memory(root), 300 * MIB);
	put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	assert_int_equal(cgroup_memory(root), 0);
}

static void only_the_memory_controller_counts(void **state)
{
	(void)state;
	put("proc/self/cgroup", "8:pids:/x\nbroken line\n::\n7:cpu\n");
	put("sys/fs/cgroup/memory/memory.limit_in_bytes", "314572800\n");
	assert_int_equal(cgroup_memory(root), 0);
}

static void fits_what_was_not_given(void **state)
{
	char *argv[] = {(char *)(uintptr_t) "crawl", (char *)(uintptr_t) "--memory=512MiB",
		(char *)(uintptr_t) "example.com"};
	struct settings s;
	struct err err = {0};

	(void)state;
	settings_init(&s);
	assert_int_equal(budget_fit(&s, 0), 0);
	assert_int_equal(budget_fit(&s, 1024 * MIB), 0);
	assert_int_equal(s.memory, 512 * MIB);
	assert_int_equal(budget_fit(&s, 200000000), 200000000);
	assert_int_equal(s.memory, 150000000);
	assert_false(settings_given(&s, "memory"));
	settings_release(&s);

	settings_init(&s);
	assert_int_equal(settings_parse_args(&s, 3, argv, "crawl", &err), 0);
	assert_int_equal(budget_fit(&s, 256 * MIB), 0);
	assert_int_equal(s.memory, 512 * MIB);
	settings_release(&s);
}

#define IN_ROOT(f) cmocka_unit_test_setup_teardown(f, make_root, drop_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOT(no_groups_no_limit),
		IN_ROOT(version_2_in_a_container),
		IN_ROOT(every_group_above_counts),
		IN_ROOT(version_1),
		IN_ROOT(only_the_memory_controller_counts),
		cmocka_unit_test(fits_what_was_not_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
