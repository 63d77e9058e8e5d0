/* cgroup.h - what the control groups of this process allow, version 1 and 2.
 *
 * A group and all groups above it count: each limit holds. In a container the path that
 * /proc/self/cgroup tells may be the host's, and only the root of the mount be there: then that is
 * asked. `root` is "" but in tests, which make up trees.
 */
#ifndef SKITTER_CRAWLER_CGROUP_H
#define SKITTER_CRAWLER_CGROUP_H

#include <stdint.h>

/* The lowest memory limit (v2: memory.max, memory.high; v1: memory.limit_in_bytes), in bytes;
 * 0 = there is none. */
uint64_t cgroup_memory(const char *root);

/* The smallest share of CPU time (v2: cpu.max; v1: cpu.cfs_quota_us), in CPUs: 1.5 is one and a
 * half; 0 = there is no limit. */
double cgroup_cpus(const char *root);

#endif
