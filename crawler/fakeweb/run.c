/* run.c - a fake web in use. */
#include "crawler/fakeweb/run.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/mem.h"
#include "config/text.h"
#include "crawler/fakeweb/serve.h"
#include "workers/proc.h"

#define BACKLOG 4096

struct web {
	struct fake_options *o;
	struct fake_graph graph;
	struct fake_text *text;
	struct fake_tally *tally;
	int log_fd;
	int (*listeners)[2]; /* of each process */
	int names[2];	     /* of the first */
	uint64_t workers;
	uint64_t me;
};

/* ---- sockets ---- */

static int bind_socket(int family, int type, uint16_t *port, bool any, bool shared)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(*port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(*port)};
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, rc;
	socklen_t len = sizeof(in);

	if (fd < 0)
		return -1;
	in.sin_addr.s_addr = htonl(any ? INADDR_ANY : INADDR_LOOPBACK);
	in6.sin6_addr = in6addr_loopback;
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (shared)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	/* All of 127.0.0.0/8 can only be had as "any address"; the rest of the world is kept
	 * out here, and again when a connection is accepted. */
	setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3);
	rc = family == AF_INET ? bind(fd, (struct sockaddr *)&in, sizeof(in))
			       : bind(fd, (struct sockaddr *)&in6, sizeof(in6));
	if (rc == 0 && type == SOCK_STREAM)
		rc = listen(fd, BACKLOG);
	if (rc < 0) {
		rc = errno;
		close(fd);
		errno = rc;
		return -1;
	}
	if (family == AF_INET && getsockname(fd, (struct sockaddr *)&in, &len) == 0)
		*port = ntohs(in.sin_port);
	return fd;
}

static int fail_port(struct err *err, const char *what, uint64_t port)
{
	return err_set(err, EXIT_USAGE,
		"cannot listen for %s on port %llu: %s; take another with --%s", what,
		(unsigned long long)port, strerror(errno), what[0] == 'H' ? "port" : "dns-port");
}

/* Several processes have a socket each on the same port; that nobody else has it is asked
 * first, since a shared port would be shared with them, too. */
static int open_http(struct web *w, struct err *err)
{
	uint16_t port = (uint16_t)w->o->port;
	bool shared = w->workers > 1;

	if (shared) {
		int fd = bind_socket(AF_INET, SOCK_STREAM, &port, true, false);
		if (fd < 0)
			return fail_port(err, "HTTP", w->o->port);
		close(fd);
	}
	for (uint64_t i = 0; i < w->workers; i++) {
		w->listeners[i][0] = bind_socket(AF_INET, SOCK_STREAM, &port, true, shared);
		if (w->listeners[i][0] < 0)
			return fail_port(err, "HTTP", w->o->port);
		if (!w->o->ipv6)
			continue;
		w->listeners[i][1] = bind_socket(AF_INET6, SOCK_STREAM, &port, false, shared);
		if (w->listeners[i][1] < 0)
			return fail_port(err, "HTTP over IPv6", w->o->port);
	}
	w->o->port = port;
	return 0;
}

static int open_names(struct web *w, struct err *err)
{
	uint16_t port = (uint16_t)w->o->dns_port;

	if (w->o->no_dns)
		return 0;
	w->names[1] = bind_socket(AF_INET, SOCK_STREAM, &port, false, false);
	if (w->names[1] >= 0)
		w->names[0] = bind_socket(AF_INET, SOCK_DGRAM, &port, false, false);
	if (w->names[0] < 0)
		return fail_port(err, "DNS", w->o->dns_port);
	w->o->dns_port = port;
	return 0;
}

static int open_log(struct web *w, struct err *err)
{
	if (!w->o->log)
		return 0;
	w->log_fd = open(w->o->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
	if (w->log_fd < 0)
		return err_set(err, EXIT_USAGE, "cannot write %s: %s", w->o->log, strerror(errno));
	return 0;
}

/* ---- one of the processes ---- */

static void on_signal(int sig, short what, void *base)
{
	(void)sig, (void)what;
	event_base_loopbreak(base);
}

static int serve(void *arg)
{
	struct web *w = arg;
	static const int none[2] = {-1, -1};
	struct event_base *base = fake_base_new();
	struct event *stop[2];
	static const int signals[2] = {SIGINT, SIGTERM};
	struct fake_server *s;

	if (!base)
		return EXIT_INTERNAL;
	for (int i = 0; i < 2; i++) {
		stop[i] = evsignal_new(base, signals[i], on_signal, base);
		event_add(stop[i], NULL);
	}
	s = fake_server_open(&w->graph, w->text, w->tally, base, w->listeners[w->me],
		w->me ? none : w->names, w->log_fd);
	event_base_dispatch(base);
	fake_server_close(s);
	for (int i = 0; i < 2; i++)
		event_free(stop[i]);
	event_base_free(base);
	return 0;
}

/* ---- all of them ---- */

/* This process is the first of them; -1: one could not be started. */
static int serve_all(struct web *w, struct err *err)
{
	struct proc **others = mem_array(w->workers, sizeof(*others));
	int rc = 0;

	for (w->me = 1; w->me < w->workers && rc == 0; w->me++) {
		others[w->me] = proc_fork("bench-web", serve, w, err);
		rc = others[w->me] ? 0 : -1;
	}
	w->me = 0;
	if (rc == 0)
		rc = serve(w);
	for (uint64_t i = 1; i < w->workers && others[i]; i++) {
		proc_kill(others[i], SIGTERM);
		proc_join(others[i], NULL, -1);
		proc_free(others[i]);
	}
	free(others);
	return rc;
}

static void say_ready(const struct web *w)
{
	char origin[FAKE_ORIGIN_MAX];
	struct buf b = BUF_INIT;

	*fake_origin(&w->graph, 0, origin) = '\0';
	text_number(&b, w->o->pages);
	buf_add_str(&b, " pages on ");
	text_number(&b, w->o->hosts);
	buf_addf(&b, " hosts, from %s/\n", origin);
	if (!w->o->no_dns)
		buf_addf(&b,
			"names: 127.0.0.1:%llu\n\n  skitter crawl --dns 127.0.0.1:%llu "
			"--allow-private --scope any %s/\n\n",
			(unsigned long long)w->o->dns_port, (unsigned long long)w->o->dns_port,
			origin);
	buf_add_str(&b, "Ctrl-C ends it and shows what was asked.\n");
	fputs(b.data, stdout);
	fflush(stdout);
	buf_release(&b);
}

static int write_stats(const struct web *w, struct err *err)
{
	struct buf b = BUF_INIT;
	FILE *f;
	int rc = 0;

	fake_tally_print(w->tally, &w->graph, &b);
	fputs(b.data, stdout);
	if (w->o->stats) {
		buf_reset(&b);
		fake_tally_json(w->tally, &w->graph, &b);
		f = fopen(w->o->stats, "we");
		if (!f || fwrite(b.data, 1, b.len, f) != b.len || fflush(f))
			rc = err_set(err, EXIT_INTERNAL, "cannot write %s: %s", w->o->stats,
				strerror(errno));
		if (f)
			fclose(f);
	}
	buf_release(&b);
	return rc;
}

static void raise_file_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

static int open_web(struct web *w, struct err *err)
{
	w->listeners = mem_array(w->workers, sizeof(*w->listeners));
	for (uint64_t i = 0; i < w->workers; i++)
		w->listeners[i][0] = w->listeners[i][1] = -1;
	if (open_http(w, err) < 0 || open_names(w, err) < 0 || open_log(w, err) < 0 ||
		fake_graph_open(&w->graph, w->o, err) < 0)
		return -1;
	w->text = fake_text_open(w->o->seed);
	w->tally = fake_tally_open(&w->graph);
	if (!w->tally)
		return err_set(err, EXIT_INTERNAL, "no memory for the numbers of %llu hosts",
			(unsigned long long)w->o->hosts);
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void close_web(struct web *w)
{
	for (uint64_t i = 0; i < w->workers; i++) {
		close_fd(w->listeners[i][0]);
		close_fd(w->listeners[i][1]);
	}
	free(w->listeners);
	close_fd(w->names[0]);
	close_fd(w->names[1]);
	close_fd(w->log_fd);
	fake_tally_close(w->tally);
	fake_text_close(w->text);
	fake_graph_close(&w->graph);
}

int fake_run(struct fake_options *o, struct err *err)
{
	struct web w = {.o = o, .log_fd = -1, .names = {-1, -1}, .workers = o->workers};
	int rc;

	raise_file_limit();
	rc = open_web(&w, err);
	if (rc == 0) {
		say_ready(&w);
		rc = serve_all(&w, err);
	}
	if (rc == 0)
		rc = write_stats(&w, err);
	close_web(&w);
	return rc;
}

int fake_list(const struct fake_options *o, bool hosts_only, struct err *err)
{
	char url[FAKE_ORIGIN_MAX + FAKE_PATH_MAX], *path;
	struct fake_graph g;

	if (fake_graph_open(&g, o, err) < 0)
		return -1;
	for (uint32_t h = 0; h < g.hosts; h++) {
		uint32_t n = hosts_only ? 1 : fake_pages_of(&g, h);
		path = fake_origin(&g, h, url);
		for (uint32_t i = 0; i < n; i++) {
			char *end = fake_path(&g, h, i, path);
			*end++ = '\n';
			fwrite(url, 1, (size_t)(end - url), stdout);
		}
	}
	fake_graph_close(&g);
	return 0;
}
