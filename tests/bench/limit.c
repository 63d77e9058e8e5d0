/* limit.c - the fastest this machine fetches: libcurl's multi interface driven by libevent, bodies
 * thrown away, nothing parsed, the URLs known beforehand.
 *
 *   limit [-c TRANSFERS] [-z] [-2] [-k] [-a CA] FILE      FILE holds a URL per line; - is standard
 * input
 *
 * -c  transfers at the same time (32)
 * -z  asks for gzip, and leaves what comes as it is
 * -2  HTTP/2 over TLS: the transfers to one host are streams of one connection
 * -k  does not verify certificates
 * -a  trusts the certificates in this file
 *
 * Prints one JSON object: pages (answers of status 200), failed (all others), bytes of bodies,
 * connections, seconds. Exit status 1: a URL was not answered by 200.
 */
#include <curl/curl.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/mem.h"

struct options {
	long transfers;
	bool gzip, h2, insecure;
	const char *ca;
};

struct limit {
	struct event_base *base;
	struct event timer;
	CURLM *multi;
	struct curl_slist *headers;
	char **urls;
	size_t nurls, next;
	uint64_t pages, failed, bytes, connects;
};

static void die(const char *what)
{
	fprintf(stderr, "limit: %s\n", what);
	exit(2);
}

/* ---- the URLs ---- */

static void read_urls(struct limit *l, const char *name)
{
	FILE *f = strcmp(name, "-") ? fopen(name, "r") : stdin;
	char *line = NULL;
	size_t room = 0, cap = 0;

	if (!f)
		die("the file of URLs cannot be read");
	for (ssize_t n; (n = getline(&line, &room, f)) > 0;) {
		if (line[n - 1] == '\n')
			line[--n] = 0;
		if (!n)
			continue;
		if (l->nurls == cap) {
			cap = cap ? cap * 2 : 1024;
			l->urls = mem_realloc(l->urls, cap * sizeof(*l->urls));
		}
		l->urls[l->nurls++] = mem_strdup(line);
	}
	free(line);
	if (f != stdin)
		fclose(f);
}

/* ---- transfers ---- */

static size_t discard(char *data, size_t size, size_t n, void *arg)
{
	(void)data;
	((struct limit *)arg)->bytes += size * n;
	return size * n;
}

static CURL *transfer_open(struct limit *l, const struct options *o)
{
	CURL *easy = curl_easy_init();

	if (!easy)
		die("out of memory");
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, l);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, l->headers);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
		(long)(o->h2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
	curl_easy_setopt(easy, CURLOPT_PIPEWAIT, o->h2 ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, o->insecure ? 0L : 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, o->insecure ? 0L : 2L);
	if (o->ca)
		curl_easy_setopt(easy, CURLOPT_CAINFO, o->ca);
	return easy;
}

/* The next URL on this handle, or its end. */
static void transfer_next(struct limit *l, CURL *easy)
{
	if (l->next == l->nurls) {
		curl_easy_cleanup(easy);
		return;
	}
	curl_easy_setopt(easy, CURLOPT_URL, l->urls[l->next++]);
	curl_multi_add_handle(l->multi, easy);
}

static void transfer_done(struct limit *l, CURL *easy, CURLcode result)
{
	long status = 0, connects = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
	l->connects += (uint64_t)connects;
	if (result == CURLE_OK && status == 200)
		l->pages++;
	else
		l->failed++;
	curl_multi_remove_handle(l->multi, easy);
	transfer_next(l, easy);
	if (l->pages + l->failed == l->nurls)
		event_base_loopbreak(l->base);
}

static void reap(struct limit *l)
{
	int left;

	for (CURLMsg *m; (m = curl_multi_info_read(l->multi, &left));)
		if (m->msg == CURLMSG_DONE)
			transfer_done(l, m->easy_handle, m->data.result);
}

/* ---- libcurl and libevent ---- */

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct limit *l = arg;
	int running;

	curl_multi_socket_action(l->multi, fd,
		(what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0),
		&running);
	reap(l);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct limit *l = arg;
	int running;

	(void)fd, (void)what;
	curl_multi_socket_action(l->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	reap(l);
}

static int want_timer(CURLM *multi, long ms, void *arg)
{
	struct limit *l = arg;
	struct timeval tv = {ms / 1000, ms % 1000 * 1000};

	(void)multi;
	if (ms < 0)
		event_del(&l->timer);
	else
		event_add(&l->timer, &tv);
	return 0;
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *of_socket)
{
	struct limit *l = arg;
	struct event *ev = of_socket;
	short events = (short)((what & CURL_POLL_IN ? EV_READ : 0) |
			       (what & CURL_POLL_OUT ? EV_WRITE : 0));

	(void)easy;
	if (ev)
		event_del(ev);
	if (what == CURL_POLL_REMOVE) {
		free(ev);
		curl_multi_assign(l->multi, fd, NULL);
		return 0;
	}
	if (!ev) {
		ev = mem_zalloc(sizeof(*ev));
		curl_multi_assign(l->multi, fd, ev);
	}
	event_assign(ev, l->base, fd, (short)(events | EV_PERSIST), on_socket, l);
	event_add(ev, NULL);
	return 0;
}

/* ---- the whole ---- */

static struct options parse(int argc, char **argv, const char **file)
{
	struct options o = {.transfers = 32};

	for (int c; (c = getopt(argc, argv, "c:z2ka:")) != -1;)
		switch (c) {
		case 'c': o.transfers = strtol(optarg, NULL, 10); break;
		case 'z': o.gzip = true; break;
		case '2': o.h2 = true; break;
		case 'k': o.insecure = true; break;
		case 'a': o.ca = optarg; break;
		default: exit(2);
		}
	if (optind != argc - 1 || o.transfers < 1)
		die("usage: limit [-c TRANSFERS] [-z] [-2] [-k] [-a CA] FILE");
	*file = argv[optind];
	return o;
}

static void limit_open(struct limit *l, const struct options *o, const char *file)
{
	read_urls(l, file);
	curl_global_init(CURL_GLOBAL_ALL);
	l->base = event_base_new();
	l->multi = curl_multi_init();
	if (!l->base || !l->multi)
		die("out of memory");
	evtimer_assign(&l->timer, l->base, on_timer, l);
	if (o->gzip)
		l->headers = curl_slist_append(NULL, "Accept-Encoding: gzip");
	curl_multi_setopt(l->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl_multi_setopt(l->multi, CURLMOPT_SOCKETDATA, l);
	curl_multi_setopt(l->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	curl_multi_setopt(l->multi, CURLMOPT_TIMERDATA, l);
	/* A cache smaller than the hosts in flight costs two to three times. */
	curl_multi_setopt(l->multi, CURLMOPT_MAXCONNECTS, o->transfers * 4);
	curl_multi_setopt(l->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, o->transfers);
}

static void limit_close(struct limit *l)
{
	event_del(&l->timer);
	curl_multi_cleanup(l->multi);
	curl_slist_free_all(l->headers);
	event_base_free(l->base);
	for (size_t i = 0; i < l->nurls; i++)
		free(l->urls[i]);
	free(l->urls);
	curl_global_cleanup();
}

int main(int argc, char **argv)
{
	struct limit l = {0};
	const char *file;
	struct options o = parse(argc, argv, &file);
	int64_t began;

	limit_open(&l, &o, file);
	began = clock_ns();
	for (long i = 0; i < o.transfers && l.next < l.nurls; i++)
		transfer_next(&l, transfer_open(&l, &o));
	if (l.nurls)
		event_base_dispatch(l.base);
	printf("{\"pages\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"bytes\": %" PRIu64
	       ", \"connections\": %" PRIu64 ", \"seconds\": %.6f}\n",
		l.pages, l.failed, l.bytes, l.connects, (double)(clock_ns() - began) / 1e9);
	limit_close(&l);
	return l.pages == l.nurls ? 0 : 1;
}
