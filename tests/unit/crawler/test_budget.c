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
#include "crawler/http.h"

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

static void cpus_of_groups(void **state)
{
	(void)state;
	assert_true(cgroup_cpus(root) == 0);
	put("proc/self/cgroup", "5:cpu,cpuacct:/docker/abc\n0::/user.slice/app.scope\n");
	put("sys/fs/cgroup/user.slice/app.scope/cpu.max", "max 100000\n");
	assert_true(cgroup_cpus(root) == 0);
	put("sys/fs/cgroup/user.slice/cpu.max", "150000 100000\n");
	assert_true(cgroup_cpus(root) == 1.5);
	put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
	put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
	assert_true(cgroup_cpus(root) == 1.5);
	put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n");
	assert_true(cgroup_cpus(root) == 0.5);
}

/* ---- the division ---- */

static struct budget divided(const char *words, double cpus, uint64_t files)
{
	struct machine m = {.cpus = cpus, .memory = 24000 * MIB, .files = files};
	char *argv[12] = {(char *)(uintptr_t) "crawl"}, *text = strdup(words), *save = NULL;
	struct settings s;
	struct budget b;
	struct err err = {0};
	int argc = 1;

	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	settings_init(&s);
	if (settings_parse_args(&s, argc, argv, "crawl", &err) < 0)
		fail_msg("%s", err.text);
	budget_divide(&b, &s, &m);
	settings_release(&s);
	free(text);
	return b;
}

static uint64_t sum(const struct budget *b)
{
	uint64_t all = 0;

	for (size_t i = 0; i < BUDGET_PARTS; i++)
		all += b->part[i];
	return all;
}

static void parts_are_the_whole(void **state)
{
	static const char *const words[] = {"--memory 64M x", "--memory 100M x",
		"--memory 512MiB x", "--memory 2GiB x", "--memory 100GiB x",
		"--memory 64M --max-body 1GiB x", "--memory 128M --max-body 1KiB x",
		"--memory 64M --concurrency 1 --parsers 1 x"};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		for (double cpus = 0.5; cpus < 200; cpus *= 3) {
			struct budget b = divided(words[i], cpus, 1 << 20);
			uint64_t bodies = b.part[BUDGET_BODIES];
			assert_true(sum(&b) <= b.whole);
			assert_true(sum(&b) > b.whole - MIB);
			assert_false(b.memory_short);
			/* The largest body and its copy fit, and so does what is inflated. */
			assert_true(b.body_most > 0 && b.body_most * 3 / 2 <= bodies);
			assert_true(b.decoded_most > 0 && b.decoded_most <= bodies);
			assert_true(b.answer_most >= MIB);
			assert_true(b.parser_limit > b.decoded_most);
			assert_true(b.fetchers.now > 0 && b.fetchers.now <= b.fetchers.most);
			assert_true(b.parsers.now > 0 && b.parsers.now <= b.parsers.most);
			assert_true(b.storers.now > 0 && b.storers.now <= b.storers.most);
			assert_true(b.connections >= b.fetchers.most);
		}
}

static void ten_megabytes_fit_into_64(void **state)
{
	struct budget b = divided("--memory 64M x", 2, 1024);

	(void)state;
	assert_int_equal(b.body_most, 10 * MIB);
	assert_int_equal(b.fetchers.now, 64);
	assert_int_equal(b.parsers.now, 2);
	b = divided("--memory 64M --max-body 100MiB x", 2, 1024);
	assert_true(b.body_most < 100 * MIB);
	b = divided("x", 2, 1 << 20); /* by default nothing is cut that the limits allow */
	assert_int_equal(b.body_most, 10 * MIB);
	assert_int_equal(b.decoded_most, 64 * MIB);
	assert_int_equal(b.answer_most, BUDGET_ANSWER_MOST);
}

static void numbers_given_win(void **state)
{
	struct budget b =
		divided("--memory 64M --concurrency 500 --parsers 7 --storers 5 x", 2, 1 << 20);

	(void)state;
	assert_int_equal(b.fetchers.now, 500);
	assert_int_equal(b.fetchers.most, 500);
	assert_int_equal(b.parsers.most, 7);
	assert_int_equal(b.storers.now, 5);
	assert_false(b.fetchers.automatic || b.parsers.automatic || b.storers.automatic);
	assert_true(b.memory_short); /* which is said */
	b = divided("--parsers 1 x", 16, 1 << 20);
	assert_int_equal(b.parsers.most, 1);
	assert_true(b.storers.automatic);
}

static void cores_decide(void **state)
{
	struct budget b = divided("x", 0.5, 1 << 20);

	(void)state;
	assert_int_equal(b.parsers.now, 1);
	assert_int_equal(b.storers.now, 1);
	b = divided("--memory 4GiB x", 64, 1 << 20);
	assert_int_equal(b.parsers.now, 8);
	b = divided("--memory 64M x", 64, 1 << 20);
	assert_true(b.parsers.most < 4);
}

static void few_descriptors(void **state)
{
	struct budget b = divided("--concurrency 2000 x", 2, 1024);

	(void)state;
	assert_true(b.files_short);
	assert_int_equal(b.asked, 2000);
	assert_true(b.fetchers.now < 1000 && b.fetchers.now > 500);
	assert_true(b.connections + 128 < 1024);
	assert_int_equal(b.files, 1024);
	assert_true(budget_files_for(2000) > 2000);
	b = divided("--concurrency 2000 x", 2, budget_files_for(2000));
	assert_false(b.files_short);
	assert_int_equal(b.fetchers.now, 2000);
	b = divided("x", 2, 64); /* hardly any */
	assert_true(b.files_short);
	assert_int_equal(b.fetchers.now, 1);
	b = divided("x", 2, 1024); /* enough to begin with: nothing to complain of */
	assert_false(b.files_short);
	assert_true(b.connections < 1024);
}

/* How many rest over the delays of as many hosts. */
static size_t kept(const struct budget *b, size_t each)
{
	size_t n = budget_connection_bytes(b, b->fetchers.now) / each;

	return n < b->connections ? n : b->connections;
}

static void connections_are_kept(void **state)
{
	struct budget b = divided("x", 2, 1 << 20);

	(void)state;
	assert_int_equal(b.connections, 16384);
	assert_int_equal(kept(&b, HTTP_PLAIN_BYTES), 16384);
	assert_true(kept(&b, HTTP_TLS_BYTES) > 750); /* a handshake later is cheaper than memory */
	b = divided("x", 2, 20000);		     /* half of the descriptors */
	assert_int_equal(kept(&b, HTTP_PLAIN_BYTES), 10000);
	/* Many fetchers leave a fifth. */
	b = divided("--concurrency 2000 x", 2, 20000);
	assert_true(kept(&b, HTTP_PLAIN_BYTES) > 6000);
	b = divided("--memory 64M x", 2, 20000);
	assert_true(kept(&b, HTTP_PLAIN_BYTES) > 300);
	/* And all of them together stay within the part, but for those of the preparers. */
	assert_true(b.fetchers.most * (40 * 1024 - HTTP_PLAIN_BYTES) +
			    budget_connection_bytes(&b, b.fetchers.most) <=
		    b.part[BUDGET_FETCHERS] + 32 * HTTP_PLAIN_BYTES);
}

static void what_people_read(void **state)
{
	struct budget b = divided("x", 2, 1 << 20);
	struct buf t = BUF_INIT;

	(void)state;
	b.machine.memory = 24100000000;
	budget_crew_text(&b, 64, 2, 1, &t);
	assert_string_equal(t.data, "64 fetchers, 2 parsers, 1 storer (auto: 2 cores, 24.1 GB)");
	buf_reset(&t);
	b = divided("--concurrency 3 --parsers 1 --storers 1 x", 2, 1 << 20);
	budget_crew_text(&b, 3, 1, 1, &t);
	assert_string_equal(t.data, "3 fetchers, 1 parser, 1 storer");
	buf_reset(&t);
	budget_table(&b, &t);
	for (size_t i = 0; i < BUDGET_PARTS; i++)
		assert_non_null(strstr(t.data, budget_part_name((enum budget_part)i)));
	buf_release(&t);
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
		IN_ROOT(cpus_of_groups),
		cmocka_unit_test(fits_what_was_not_given),
		cmocka_unit_test(parts_are_the_whole),
		cmocka_unit_test(ten_megabytes_fit_into_64),
		cmocka_unit_test(numbers_given_win),
		cmocka_unit_test(cores_decide),
		cmocka_unit_test(few_descriptors),
		cmocka_unit_test(connections_are_kept),
		cmocka_unit_test(what_people_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
