/* main.c - testserver: a world or a folder on loopback, for as long as it is wanted.
 *
 * It never outlives its use: it ends with the command it was given, with the end
 * of its standard input, or at its time limit, whichever comes first.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/mem.h"
#include "tests/server/serve.h"

struct testserver {
	struct event_base *base;
	struct world *world;
	pid_t child; /* 0 = none */
	int status;  /* exit status to leave with */
};

static void usage(FILE *to)
{
	fputs("usage: testserver [--world FILE] [--root DIR] [--port N] [--log FILE] [--limit "
	      "SECONDS]\n"
	      "                  [-- COMMAND ARG...]\n"
	      "Serves on 127.0.0.1 (or where the world says) until COMMAND ends, in whose "
	      "arguments :PORT\n"
	      "stands for the port. Without COMMAND it prints \"ready PORT\" and serves until its "
	      "standard\n"
	      "input ends. --limit (600) ends it in any case.\n",
		to);
}

static void on_child(evutil_socket_t sig, short what, void *arg)
{
	struct testserver *t = arg;
	int status;

	(void)sig;
	(void)what;
	if (!t->child || waitpid(t->child, &status, WNOHANG) != t->child)
		return;
	t->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	t->child = 0;
	event_base_loopbreak(t->base);
}

/* The command gets the signal too, and ends first. */
static void on_term(evutil_socket_t sig, short what, void *arg)
{
	struct testserver *t = arg;

	(void)what;
	if (!t->child)
		event_base_loopbreak(t->base);
	else if (sig != SIGINT) /* a terminal sends SIGINT to both */
		kill(t->child, (int)sig);
}

static void on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct testserver *t = arg;

	(void)fd;
	(void)what;
	fprintf(stderr, "testserver: the time limit has passed\n");
	t->status = 124;
	event_base_loopbreak(t->base);
}

static void on_stdin(evutil_socket_t fd, short what, void *arg)
{
	struct testserver *t = arg;
	char skip[256];
	ssize_t n = read((int)fd, skip, sizeof(skip));

	(void)what;
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		event_base_loopbreak(t->base);
}

static int run_command(struct testserver *t, char **argv, struct err *err)
{
	for (size_t i = 0; argv[i]; i++) {
		struct buf b = BUF_INIT;

		world_subst(t->world, argv[i], strlen(argv[i]), &b);
		argv[i] = b.len ? buf_take(&b) : argv[i];
	}
	fflush(NULL);
	t->child = fork();
	if (t->child < 0)
		return err_set(err, EXIT_INTERNAL, "fork: %s", strerror(errno));
	if (t->child == 0) {
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		signal(SIGPIPE, SIG_DFL);
		execvp(argv[0], argv);
		fprintf(stderr, "testserver: %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	return 0;
}

static int serve(
	struct testserver *t, struct serve_opts *o, char **command, double limit_s, struct err *err)
{
	struct timeval limit = {(time_t)limit_s, 0};
	struct event *events[5];
	struct serve *s = serve_open(o, err);
	size_t n = 0;
	int rc = -1;

	if (!s)
		return -1;
	events[n++] = evsignal_new(t->base, SIGCHLD, on_child, t);
	events[n++] = evsignal_new(t->base, SIGINT, on_term, t);
	events[n++] = evsignal_new(t->base, SIGTERM, on_term, t);
	for (size_t i = 0; i < n; i++)
		event_add(events[i], NULL);
	events[n] = evtimer_new(t->base, on_limit, t);
	event_add(events[n++], &limit);
	if (command[0]) {
		if (run_command(t, command, err) < 0)
			goto out;
	} else {
		events[n] = event_new(t->base, STDIN_FILENO, EV_READ | EV_PERSIST, on_stdin, t);
		if (event_add(events[n++], NULL) < 0) {
			err_set(err, EXIT_USAGE, "standard input must be a pipe or a terminal");
			goto out;
		}
		printf("ready %d\n", t->world->port[0]);
		fflush(stdout);
	}
	event_base_dispatch(t->base);
	if (t->child) {
		kill(t->child, SIGKILL);
		waitpid(t->child, NULL, 0);
	}
	rc = 0;
out:
	for (size_t i = 0; i < n; i++)
		event_free(events[i]);
	serve_close(s);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"world", 1, NULL, 'w'}, {"root", 1, NULL, 'r'},
		{"port", 1, NULL, 'p'}, {"log", 1, NULL, 'l'}, {"limit", 1, NULL, 't'},
		{"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
	struct testserver t = {0};
	struct serve_opts o = {.log_fd = -1};
	const char *world = NULL;
	double limit = 600;
	struct err err = {0};
	int c;

	while ((c = getopt_long(argc, argv, "+h", options, NULL)) >= 0) {
		switch (c) {
		case 'w': world = optarg; break;
		case 'r': o.root = optarg; break;
		case 'p': o.port = atoi(optarg); break;
		case 't': limit = atof(optarg); break;
		case 'l':
			o.log_fd = open(
				optarg, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
			if (o.log_fd < 0) {
				fprintf(stderr, "testserver: %s: %s\n", optarg, strerror(errno));
				return EXIT_USAGE;
			}
			break;
		case 'h': usage(stdout); return 0;
		default: usage(stderr); return EXIT_USAGE;
		}
	}
	signal(SIGPIPE, SIG_IGN);
	t.world = world ? world_load(world, &err) : world_open("folder");
	if (!t.world)
		goto fail;
	t.base = o.base = event_base_new();
	o.world = t.world;
	if (serve(&t, &o, argv + optind, limit, &err) < 0)
		goto fail;
	event_base_free(t.base);
	world_free(t.world);
	return t.status;
fail:
	fprintf(stderr, "testserver: %s\n", err.text);
	world_free(t.world);
	return err.status;
}
