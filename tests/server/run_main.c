/* run_main.c - runs worlds, several at a time, and says which passed. */
#include "tests/server/run.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/mem.h"

/* ---- all worlds ---- */

struct job {
	const char *path;
	pid_t pid;
	FILE *report;
	char name[64];
	int64_t began_ms;
};

struct all {
	char *skitter;
	char *work;
	int slow;
	int passed, failed;
	struct buf failures; /* names */
};

static void job_main(struct all *a, struct job *j)
{
	struct run r = {.skitter = a->skitter, .slow = a->slow, .report = j->report};
	struct err err = {0};
	char dir[PATH_MAX];
	bool ok = false;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	r.world = world_load(j->path, &err);
	if (!r.world) {
		fprintf(j->report, "%s\n", err.text);
	} else {
		fprintf(j->report, "             %s\n", r.world->about);
		snprintf(dir, sizeof(dir), "%s/%s", a->work, r.world->name);
		ok = run_world(&r, dir);
	}
	fflush(j->report);
	_exit(ok ? 0 : 1);
}

static void job_start(struct all *a, struct job *j, const char *path)
{
	const char *slash = strrchr(path, '/');

	j->path = path;
	snprintf(j->name, sizeof(j->name), "%s", slash ? slash + 1 : path);
	j->name[strcspn(j->name, ".")] = '\0';
	j->report = tmpfile();
	j->began_ms = clock_ms();
	fflush(NULL);
	j->pid = fork();
	if (j->pid == 0)
		job_main(a, j);
}

static void job_end(struct all *a, struct job *j, int status)
{
	bool ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	int c;

	printf("[ RUN      ] %s\n", j->name);
	rewind(j->report);
	while ((c = getc(j->report)) != EOF)
		putchar(c);
	fclose(j->report);
	if (WIFSIGNALED(status))
		printf("%s: the runner died of signal %d\n", j->name, WTERMSIG(status));
	printf("%s %s (%lld ms)\n", ok ? "[       OK ]" : "[  FAILED  ]", j->name,
		(long long)(clock_ms() - j->began_ms));
	fflush(stdout);
	if (ok) {
		a->passed++;
	} else {
		a->failed++;
		buf_addf(&a->failures, " %s", j->name);
	}
	j->pid = 0;
}

static void run_all(struct all *a, char **paths, int npaths, int parallel)
{
	struct job *jobs = mem_array((size_t)parallel, sizeof(*jobs));
	int next = 0, busy = 0, status;
	pid_t pid;

	while (next < npaths || busy > 0) {
		for (int i = 0; i < parallel && next < npaths; i++) {
			if (jobs[i].pid == 0) {
				job_start(a, &jobs[i], paths[next++]);
				busy++;
			}
		}
		pid = waitpid(-1, &status, 0);
		for (int i = 0; i < parallel; i++) {
			if (pid > 0 && jobs[i].pid == pid) {
				job_end(a, &jobs[i], status);
				busy--;
			}
		}
	}
	free(jobs);
}

static int usage(FILE *to)
{
	fputs("usage: worlds [--skitter FILE] [--work DIR] [--jobs N] [--slow FACTOR] WORLD...\n",
		to);
	return to == stdout ? 0 : EXIT_USAGE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"skitter", 1, NULL, 's'}, {"work", 1, NULL, 'w'},
		{"jobs", 1, NULL, 'j'}, {"slow", 1, NULL, 'S'}, {"help", 0, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	const char *skitter = "build/skitter", *work = "build/worlds.d";
	struct all a = {.slow = 1, .failures = BUF_INIT};
	int c, parallel = 2;

	while ((c = getopt_long(argc, argv, "hj:", options, NULL)) >= 0) {
		switch (c) {
		case 's': skitter = optarg; break;
		case 'w': work = optarg; break;
		case 'j': parallel = atoi(optarg); break;
		case 'S': a.slow = atoi(optarg); break;
		case 'h': return usage(stdout);
		default: return usage(stderr);
		}
	}
	if (optind == argc || parallel < 1 || a.slow < 1)
		return usage(stderr);
	mkdir(work, 0777);
	a.skitter = realpath(skitter, NULL);
	a.work = realpath(work, NULL);
	if (!a.skitter || !a.work) {
		fprintf(stderr, "worlds: %s: %s\n", a.skitter ? work : skitter, strerror(errno));
		return EXIT_USAGE;
	}
	printf("[==========] %d worlds\n", argc - optind);
	run_all(&a, argv + optind, argc - optind, parallel);
	if (a.failed)
		printf("[  FAILED  ]%s\n", a.failures.data);
	printf("%d passed, %d failed\n", a.passed, a.failed);
	buf_release(&a.failures);
	free(a.skitter);
	free(a.work);
	return a.failed ? 1 : 0;
}
