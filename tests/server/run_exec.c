/* run_exec.c - one command of a world: started, watched, signalled, compared. */
#include "tests/server/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/mem.h"

#define LINGER_MS 5000 /* for the processes of a crawl to follow it */

static void file_name(char *out, size_t size, const char *what, size_t n)
{
	snprintf(out, size, "%s.%zu", what, n);
}

static bool has_arg(const struct world_step *s, const char *a, const char *b)
{
	for (size_t i = 0; i < s->argc; i++)
		if (strcmp(s->argv[i], a) == 0 || strcmp(s->argv[i], b) == 0)
			return true;
	return false;
}

static bool is_name(const char *host)
{
	return strcmp(host, "*") != 0 && strspn(host, "0123456789.") != strlen(host) &&
	       host[0] != '[';
}

static size_t add_resolve(char **argv, size_t n, const char *host, int port, const char *address)
{
	struct buf b = BUF_INIT;

	buf_addf(&b, "%s:%d:%s", host, port, address);
	argv[n++] = mem_strdup("--resolve");
	argv[n++] = buf_take(&b);
	return n;
}

/* The words of the command line. A crawl gets an output and the addresses of the world's hosts, a
 * plan the addresses. */
static char **make_argv(struct run *r, const struct world_step *s)
{
	const struct world *w = r->world;
	char **argv = mem_array(s->argc + 4 + 2 * w->nhosts * (WORLD_PORTS + 1), sizeof(*argv));
	bool plan = s->argc > 0 && strcmp(s->argv[0], "plan") == 0;
	size_t n = 0;

	argv[n++] = mem_strdup(r->skitter);
	for (size_t i = 0; i < s->argc; i++) {
		struct buf b = BUF_INIT;

		world_subst(w, s->argv[i], strlen(s->argv[i]), &b);
		argv[n++] = b.len ? buf_take(&b) : mem_strdup("");
	}
	if (s->argc == 0 || (strcmp(s->argv[0], "crawl") != 0 && !plan))
		return argv;
	if (!plan && !has_arg(s, "-o", "--output") && !has_arg(s, "-c", "--config")) {
		argv[n++] = mem_strdup("-o");
		argv[n++] = mem_strdup("crawl.db");
	}
	for (size_t h = 0; h < w->nhosts; h++) {
		if (!is_name(w->hosts[h]))
			continue;
		for (size_t p = 0; p < w->nlisten; p++)
			n = add_resolve(argv, n, w->hosts[h], w->port[p], w->listen[p]);
		n = add_resolve(argv, n, w->hosts[h], w->dead_port, "127.0.0.1");
	}
	return argv;
}

static int open_onto(int fd, const char *name, int flags)
{
	int f = open(name, flags, 0666);

	if (f < 0 || dup2(f, fd) < 0)
		return -1;
	return close(f);
}

static void child(struct run *r, char **argv)
{
	static const char *const proxies[] = {"http_proxy", "https_proxy", "all_proxy",
		"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "no_proxy"};
	char out[32], err[32], in[32];

	file_name(in, sizeof(in), "in", r->nruns);
	file_name(out, sizeof(out), "out", r->nruns);
	file_name(err, sizeof(err), "err", r->nruns);
	for (size_t i = 0; i < MEM_COUNT(proxies); i++)
		unsetenv(proxies[i]);
	setenv("TERM", "dumb", 1);
	signal(SIGPIPE, SIG_DFL);
	if (open_onto(0, in, O_RDONLY) < 0 || open_onto(1, out, O_WRONLY | O_CREAT | O_TRUNC) < 0 ||
		open_onto(2, err, O_WRONLY | O_CREAT | O_TRUNC) < 0)
		_exit(126);
	execv(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static pid_t start(struct run *r, const struct world_step *s, char **argv)
{
	char name[32];
	FILE *in;
	pid_t pid;

	r->nruns++;
	r->starts = mem_realloc(r->starts, r->nruns * sizeof(*r->starts));
	r->starts[r->nruns - 1] = clock_ns();
	file_name(name, sizeof(name), "in", r->nruns);
	in = fopen(name, "w");
	if (in) {
		struct buf text = BUF_INIT;

		world_subst(r->world, s->input.data, s->input.len, &text);
		fwrite(text.data, 1, text.len, in);
		fclose(in);
		buf_release(&text);
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		child(r, argv);
	return pid;
}

struct watch {
	pid_t pid;
	int seen;	  /* requests */
	int64_t again_ms; /* when the signal is due once more; 0 = not */
};

/* Reads what the server saw; sends the signals that the world asks for. */
static void on_requests(struct run *r, const struct world_step *s, struct watch *w)
{
	unsigned char bytes[256];
	ssize_t n = read(r->requests, bytes, sizeof(bytes));

	for (ssize_t i = 0; i < n; i++) {
		if (bytes[i])
			kill(w->pid, bytes[i]);
		if (!s->signal || ++w->seen != s->signal_requests)
			continue;
		kill(w->pid, s->signal);
		if (s->signal_again_ms)
			w->again_ms = clock_ms() + s->signal_again_ms;
	}
}

/* Waits for the end; a crawl that hangs is asked where (SIGUSR1), then killed. */
static int watch(struct run *r, const struct world_step *s, pid_t pid)
{
	int64_t end = clock_ms() + (int64_t)r->world->limit_s * 1000 * r->slow, now, next;
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd fds[2] = {{pidfd, POLLIN, 0}, {r->requests, POLLIN, 0}};
	struct watch w = {.pid = pid};
	int status = 0;

	while ((now = clock_ms()) < end) {
		next = w.again_ms && w.again_ms < end ? w.again_ms : end;
		if (poll(fds, 2, next > now ? (int)(next - now) : 0) < 0 && errno != EINTR)
			break;
		if (fds[1].revents & POLLIN)
			on_requests(r, s, &w);
		else if (fds[1].revents)
			fds[1].fd = -1;
		if (fds[0].revents)
			break;
		if (w.again_ms && clock_ms() >= w.again_ms) {
			kill(pid, s->signal);
			w.again_ms = 0;
		}
	}
	if (!fds[0].revents) {
		run_fail(r, s->line,
			"still running after %d s; killed (its answer to SIGUSR1 is in err.%zu)",
			r->world->limit_s * r->slow, r->nruns);
		kill(pid, SIGUSR1);
		poll(fds, 1, 1000);
		kill(pid, SIGKILL);
	}
	waitpid(pid, &status, 0);
	close(pidfd);
	return status;
}

/* Orphans come to us (we are a subreaper): whatever the crawl started must end with it. */
static void reap(struct run *r, const struct world_step *s)
{
	int64_t end = clock_ms() + LINGER_MS * r->slow;
	char path[64], line[256];
	long alive;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/children", (long)getpid());
	for (;;) {
		alive = 0;
		f = fopen(path, "r");
		if (!f)
			return;
		if (fgets(line, sizeof(line), f)) {
			for (char *p = strtok(line, " \n"); p; p = strtok(NULL, " \n"))
				if (atol(p) != (long)r->server &&
					waitpid((pid_t)atol(p), NULL, WNOHANG) == 0)
					alive = atol(p);
		}
		fclose(f);
		if (!alive)
			return;
		if (clock_ms() > end)
			break;
		usleep(10000);
	}
	run_fail(r, s->line, "process %ld outlived the command that started it", alive);
	kill((pid_t)alive, SIGKILL);
	waitpid((pid_t)alive, NULL, 0);
}

static void slurp(const char *what, size_t n, struct buf *out)
{
	char name[32];
	FILE *f;
	size_t got;

	file_name(name, sizeof(name), what, n);
	f = fopen(name, "r");
	if (!f)
		return;
	do {
		buf_grow(out, 65536);
		got = fread(out->data + out->len, 1, 65536, f);
		buf_set_len(out, out->len + got);
	} while (got > 0);
	fclose(f);
}

static void check_texts(struct run *r, const struct world_step *s, const char *what,
	const struct buf *texts, bool wanted)
{
	struct buf got = BUF_INIT, text = BUF_INIT;

	slurp(what, r->nruns, &got);
	for (size_t i = 0; i < texts->len; i += strlen(texts->data + i) + 1) {
		buf_reset(&text);
		world_subst(r->world, texts->data + i, strlen(texts->data + i), &text);
		if ((memmem(got.data, got.len, text.data, text.len) != NULL) != wanted)
			run_fail(r, s->line, "%s.%zu %s \"%s\"", what, r->nruns,
				wanted ? "lacks" : "has", text.data);
	}
	buf_release(&got);
	buf_release(&text);
}

/* What no run may ever say: a summary that finds URLs unaccounted for says so itself, and
 * sanitizers speak in whatever process of the crawl they find something. */
static void check_alarms(struct run *r, const struct world_step *s)
{
	static const char *const alarms[] = {
		"do not add up", "Sanitizer: ", "runtime error: ", "Assertion `"};
	struct buf got = BUF_INIT;

	slurp("err", r->nruns, &got);
	for (size_t i = 0; i < MEM_COUNT(alarms); i++)
		if (strstr(got.data, alarms[i]))
			run_fail(r, s->line, "err.%zu has \"%s\"", r->nruns, alarms[i]);
	buf_release(&got);
}

static void print_tail(struct run *r)
{
	struct buf got = BUF_INIT;
	const char *from;

	slurp("err", r->nruns, &got);
	from = got.len > 1500 ? got.data + got.len - 1500 : got.data;
	if (got.len)
		fprintf(r->report, "---- end of err.%zu\n%s----\n", r->nruns, from);
	buf_release(&got);
}

void run_exec(struct run *r, struct world_step *s)
{
	char **argv = make_argv(r, s);
	int before = r->failures, status;
	pid_t pid = start(r, s, argv);

	if (pid < 0) {
		run_fail(r, s->line, "fork: %s", strerror(errno));
		goto out;
	}
	status = watch(r, s, pid);
	reap(r, s);
	if (WIFSIGNALED(status) && s->exit != -1)
		run_fail(r, s->line, "died of signal %d", WTERMSIG(status));
	else if (!WIFSIGNALED(status) && WEXITSTATUS(status) != s->exit)
		run_fail(r, s->line, "exit status %d, expected %d", WEXITSTATUS(status), s->exit);
	check_texts(r, s, "out", &s->out, true);
	check_texts(r, s, "err", &s->err, true);
	check_texts(r, s, "err", &s->not_err, false);
	check_texts(r, s, "out", &s->not_err, false);
	check_alarms(r, s);
	if (r->failures > before)
		print_tail(r);
out:
	for (size_t i = 0; argv[i]; i++)
		free(argv[i]);
	free(argv);
}
