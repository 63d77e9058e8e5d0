/* machine.h - what this process may use of the machine: CPUs, memory, descriptors.
 *
 * Whatever holds is asked: the CPU affinity and the CPU time of the control groups, the memory of
 * the machine and the limits of the control groups, the hard limit of open files.
 */
#ifndef SKITTER_CRAWLER_MACHINE_H
#define SKITTER_CRAWLER_MACHINE_H

#include <stdint.h>

struct machine {
	double cpus;	       /* of CPU time: 2, or 0.5 in a container of half a CPU */
	uint64_t memory;       /* bytes: the machine's, or less by a control group */
	uint64_t memory_limit; /* of the control groups; 0 = none */
	uint64_t files;	       /* descriptors the process may have, the hard limit */
};

void machine_look(struct machine *m);
/* Whole CPUs worth using, at least 1: half a CPU more is worth one. */
unsigned machine_cores(const struct machine *m);

/* Raises the limit of open files to `files`, or as far as the system lets us. */
void machine_raise_files(uint64_t files);

/* CPU time of the whole machine so far, in ticks: all of it, and that of it that was idle. False
 * where the system does not tell. */
struct machine_ticks {
	uint64_t all, idle;
};
int machine_ticks(struct machine_ticks *t); /* 0 or -1 */

#endif
