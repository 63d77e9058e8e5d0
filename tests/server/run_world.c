/* run_world.c - one world: its folder, its server, its steps. */
#include "tests/server/run.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/mem.h"
#include "tests/server/serve.h"

void run_fail(struct run *r, int line, const char *fmt, ...)
{
	va_list ap;

	r->failures++;
	if (line)
		fprintf(r->report, "%s:%d: ", r->world->name, line);
	else
		fprintf(r->report, "%s: ", r->world->name);
	va_start(ap, fmt);
	vfprintf(r->report, fmt, ap);
	va_end(ap);
	fputc('\n', r->report);
}

/* ---- the server of one world, in a process of its own ---- */

static void tell_request(void *arg, int signal)
{
	unsigned char byte = (unsigned char)signal;

	if (write(*(int *)arg, &byte, 1) < 0 && errno != EAGAIN)
		_exit(1);
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(arg);
}

static void server_main(struct world *w, int end, int requests, int ready)
{
	struct event_base *base = event_base_new();
	struct serve_opts o = {
		.base = base, .world = w, .on_request = tell_request, .arg = &requests};
	struct event *ev = event_new(base, end, EV_READ, on_end, base);
	struct err err = {0};
	struct serve *s;
	int ports[WORLD_PORTS + 1];

	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_NAME, "testserver");
	o.log_fd = open("access.log", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
	s = serve_open(&o, &err);
	if (!s) {
		fprintf(stderr, "%s: %s\n", w->name, err.text);
		_exit(1);
	}
	memcpy(ports, w->port, sizeof(w->port));
	ports[WORLD_PORTS] = w->dead_port;
	if (write(ready, ports, sizeof(ports)) != sizeof(ports))
		_exit(1);
	close(ready);
	event_add(ev, NULL);
	event_base_dispatch(base);
	_exit(0);
}

static bool server_start(struct run *r)
{
	int end[2], requests[2], ready[2], ports[WORLD_PORTS + 1];
	struct world *w = r->world;

	if (pipe2(end, O_CLOEXEC) < 0 || pipe2(requests, O_CLOEXEC) < 0 ||
		pipe2(ready, O_CLOEXEC) < 0)
		return false;
	fflush(NULL);
	r->server = fork();
	if (r->server == 0) {
		close(end[1]);
		close(requests[0]);
		close(ready[0]);
		server_main(w, end[0], requests[1], ready[1]);
	}
	close(end[0]);
	close(requests[1]);
	close(ready[1]);
	r->server_end = end[1];
	r->requests = requests[0];
	fcntl(r->requests, F_SETFL, O_NONBLOCK);
	if (read(ready[0], ports, sizeof(ports)) != sizeof(ports)) {
		close(ready[0]);
		return false;
	}
	close(ready[0]);
	memcpy(w->port, ports, sizeof(w->port));
	w->dead_port = ports[WORLD_PORTS];
	if (w->nlisten == 0)
		w->listen[w->nlisten++] = mem_strdup("127.0.0.1");
	return true;
}

static void server_stop(struct run *r)
{
	close(r->server_end);
	close(r->requests);
	waitpid(r->server, NULL, 0);
}

/* ---- one world ---- */

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void write_files(struct run *r)
{
	for (size_t i = 0; i < r->world->nfiles; i++) {
		struct world_file *f = &r->world->files[i];
		struct buf text = BUF_INIT;
		FILE *out = fopen(f->name, "w");

		world_subst(r->world, f->text.data, f->text.len, &text);
		buf_release(&f->text);
		f->text = text;
		if (out) {
			fwrite(text.data, 1, text.len, out);
			fclose(out);
		}
	}
}

static void check_files(struct run *r)
{
	for (size_t i = 0; i < r->world->nfiles; i++) {
		struct world_file *f = &r->world->files[i];
		FILE *in = f->keep ? fopen(f->name, "r") : NULL;
		char *got;
		size_t n;

		if (!f->keep)
			continue;
		got = mem_alloc(f->text.len + 2);
		n = in ? fread(got, 1, f->text.len + 2, in) : 0;
		if (n != f->text.len || memcmp(got, f->text.data, n) != 0)
			run_fail(r, 0, "%s was changed", f->name);
		free(got);
		if (in)
			fclose(in);
	}
}

bool run_world(struct run *r, const char *dir)
{
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	if (mkdir(dir, 0777) < 0 || chdir(dir) < 0) {
		run_fail(r, 0, "%s: %s", dir, strerror(errno));
		return false;
	}
	if (!server_start(r)) {
		run_fail(r, 0, "the server did not start");
		return false;
	}
	write_files(r);
	for (size_t i = 0; i < r->world->nsteps; i++) {
		if (r->world->steps[i].kind == STEP_RUN)
			run_exec(r, &r->world->steps[i]);
		else
			run_expect(r, &r->world->steps[i]);
	}
	run_invariants(r);
	check_files(r);
	server_stop(r);
	return r->failures == 0;
}
