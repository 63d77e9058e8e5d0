/* http_lane.c - libcurl's multi handles: as many as it takes for each to stay small.
 *
 * libcurl 7.88 walks all connections of a multi handle whenever an easy handle leaves it, polls all
 * that rest once a second (and again for each that is found dead), and looks hosts up in tables
 * of 71 and 97 buckets. With 5,000 connections in one handle that was a third of all CPU time. So
 * hosts are spread over lanes, each a multi handle with its own connections. One that no host
 * needed yet is not opened.
 *
 * All lanes share one number of connections to keep, and the memory for them. libcurl is told of
 * it lane by lane: where there are too many, whichever lane gives one back closes its oldest.
 */
#include <sys/resource.h>

#include "crawler/http_private.h"

/* libcurl asks for a call at once by 0 ms; it is never called from here (curl#3537). */
static int on_timer(CURLM *multi, long ms, void *arg)
{
	struct lane *l = arg;
	struct timeval tv = {ms / 1000, (ms % 1000) * 1000};

	(void)multi;
	l->kick = ms == 0;
	if (l->kick)
		http_lane_touch(l);
	if (ms <= 0)
		event_del(&l->timer);
	else
		event_add(&l->timer, &tv);
	return 0;
}

static void on_timer_event(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	http_lane_act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static bool open_lane(struct http *h, struct lane *l)
{
	l->multi = curl_multi_init();
	if (!l->multi)
		return false;
	l->http = h;
	event_assign(&l->timer, loop_base(h->loop), -1, 0, on_timer_event, l);
	curl_multi_setopt(l->multi, CURLMOPT_SOCKETFUNCTION, http_on_socket);
	curl_multi_setopt(l->multi, CURLMOPT_SOCKETDATA, l);
	curl_multi_setopt(l->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(l->multi, CURLMOPT_TIMERDATA, l);
	return true;
}

struct lane *http_lane(struct http *h, const struct host *host)
{
	struct lane *l = &h->lanes[host->id % h->nlanes];

	return l->multi || open_lane(h, l) ? l : NULL;
}

void http_lane_touch(struct lane *l)
{
	struct http *h = l->http;

	if (l->touched)
		return;
	l->touched = true;
	l->next = NULL;
	*h->touched_end = l;
	h->touched_end = &l->next;
}

void http_lane_act(struct lane *l, curl_socket_t fd, int bits)
{
	int running;

	http_lane_touch(l);
	curl_multi_socket_action(l->multi, fd, bits, &running);
}

void http_lane_run(struct lane *l)
{
	int running;

	if (!l->kick)
		return;
	l->kick = false;
	curl_multi_socket_action(l->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

void http_lane_rest(struct lane *l)
{
	struct http *h = l->http;
	bool fit = h->nconns <= h->kept && h->taken <= h->room;
	long most = fit ? (long)h->kept : l->nconns > 1 ? (long)l->nconns - 1 : 1;

	if (most != l->most)
		curl_multi_setopt(l->multi, CURLMOPT_MAXCONNECTS, most);
	l->most = most;
}

bool http_lanes_open(struct http *h, size_t connections)
{
	struct rlimit rl;
	rlim_t fds = 1024;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0)
		fds = rl.rlim_cur;
	h->kept = connections;
	/* Each takes two descriptors itself. Connections to a proxy are everybody's. */
	h->nlanes = fds / 16 > LANES ? LANES : fds < 32 ? 1 : (unsigned)fds / 16;
	if (h->set->proxy)
		h->nlanes = 1;
	return open_lane(h, &h->lanes[0]);
}

void http_lanes_close(struct http *h)
{
	for (size_t i = 0; i < LANES; i++) {
		struct lane *l = &h->lanes[i];
		curl_slist_free_all(l->forget);
		if (!l->multi)
			continue;
		curl_multi_cleanup(l->multi);
		event_del(&l->timer);
	}
}
