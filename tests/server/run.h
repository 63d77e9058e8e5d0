/* run.h - running the worlds: serve one, run skitter against it, ask SQL what came out.
 *
 * Each world is run in a process of its own, in a folder of its own (WORK/NAME,
 * made anew, left behind so that a failure can be looked at: crawl.db, access.log,
 * out.N and err.N of the N-th run). Nothing is left running: the server ends
 * with the world, and a process that outlives its crawl is itself a failure.
 */
#ifndef SKITTER_TESTS_SERVER_RUN_H
#define SKITTER_TESTS_SERVER_RUN_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "tests/server/world.h"

struct run {
	struct world *world;
	const char *skitter; /* absolute path of the binary */
	int slow;	     /* factor on every deadline, for sanitizers */
	FILE *report;
	int failures;
	pid_t server;
	int server_end; /* closing it ends the server */
	int requests;	/* the server writes the page's signal number (0 = none), a byte per request
			 */
	size_t nruns;
	long long *starts; /* CLOCK_MONOTONIC ns at which each run began */
};

void run_fail(struct run *r, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Runs every step of a loaded world in folder `dir`; true = all as expected. */
bool run_world(struct run *r, const char *dir);

/* run_exec.c: one STEP_RUN in the current folder. */
void run_exec(struct run *r, struct world_step *s);

/* run_check.c: one STEP_EXPECT; and what must hold after any crawl. */
void run_expect(struct run *r, struct world_step *s);
void run_invariants(struct run *r);

#endif
