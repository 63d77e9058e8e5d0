#include "crawler/machine.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "crawler/cgroup.h"

static double cpus_here(void)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	double quota = cgroup_cpus("");
	double n = online > 0 ? (double)online : 1;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		n = CPU_COUNT(&set);
	return quota > 0 && quota < n ? quota : n;
}

void machine_look(struct machine *m)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	struct rlimit files;

	memset(m, 0, sizeof(*m));
	m->cpus = cpus_here();
	m->memory_limit = cgroup_memory("");
	m->memory = pages > 0 ? (uint64_t)pages * (uint64_t)page : 0;
	if (m->memory_limit && (!m->memory || m->memory_limit < m->memory))
		m->memory = m->memory_limit;
	m->files = getrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_max : 1024;
}

unsigned machine_cores(const struct machine *m)
{
	return m->cpus < 1.5 ? 1 : (unsigned)(m->cpus + 0.5);
}

void machine_raise_files(uint64_t files)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) != 0 || rl.rlim_cur >= files)
		return;
	rl.rlim_cur = rl.rlim_max < files ? rl.rlim_max : (rlim_t)files;
	setrlimit(RLIMIT_NOFILE, &rl);
}

int machine_ticks(struct machine_ticks *t)
{
	unsigned long long v[8] = {0};
	FILE *f = fopen("/proc/stat", "re");
	int n;

	if (!f)
		return -1;
	n = fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2], &v[3],
		&v[4], &v[5], &v[6], &v[7]);
	fclose(f);
	if (n < 4)
		return -1;
	t->all = 0;
	for (int i = 0; i < 8; i++)
		t->all += v[i];
	t->idle = v[3] + v[4]; /* waiting for a disk is idle, too */
	return 0;
}
