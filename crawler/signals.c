/* signals.c - SIGINT and SIGTERM stop, in two steps; SIGUSR1 asks what everybody is doing.
 *
 * Once: no new requests; what is in flight may finish for FINISH_MS, then it is dropped and its
 * URLs stay queued. Twice: dropped at once. Either way all that is done is committed.
 */
#include <event2/event.h>
#include <signal.h>

#include "config/log.h"
#include "crawler/crawl.h"

/* Leaves two of the promised eight seconds for parsers and the last COMMIT. */
#define FINISH_MS 6000

void crawl_stop(struct crawl *c, bool now)
{
	struct timeval tv = {FINISH_MS / 1000, 0};

	if (c->ended) /* it ends anyway, and those that could be hurried have gone */
		return;
	c->stops++;
	frontier_stop(c->frontier);
	waitlist_wake_all(&c->dispatch);
	waitlist_wake_all(&c->room);
	waitlist_wake_all(&c->big_room); /* those who wait for big room give up */
	if (now) {
		c->aborting = true;
		room_open(&c->answers);
		http_abort_all(c->http);
		copool_cancel(c->preparers);
	} else {
		copool_cancel(c->preparers); /* cuts short the sleeps between tries */
		event_add(c->deadline, &tv);
	}
}

static void on_stop(evutil_socket_t sig, short what, void *arg)
{
	struct crawl *c = arg;

	(void)what;
	if (!c->stops && !c->ended)
		log_info("%s: finishing what is in flight (at most 8 s); once more stops at once",
			sig == SIGINT ? "interrupted" : "asked to stop");
	crawl_stop(c, c->stops > 0);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	crawl_stop(arg, true);
}

static void on_census(evutil_socket_t sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	crawl_census(arg);
}

void crawl_signals(struct crawl *c, bool on)
{
	if (on) {
		struct event_base *base = loop_base(c->loop);
		c->signals[0] = evsignal_new(base, SIGINT, on_stop, c);
		c->signals[1] = evsignal_new(base, SIGTERM, on_stop, c);
		c->signals[2] = evsignal_new(base, SIGUSR1, on_census, c);
		c->deadline = evtimer_new(base, on_deadline, c);
		for (int i = 0; i < 3; i++)
			event_add(c->signals[i], NULL);
		signal(SIGPIPE, SIG_IGN);
		return;
	}
	for (int i = 0; i < 3; i++)
		if (c->signals[i])
			event_free(c->signals[i]);
	if (c->deadline)
		event_free(c->deadline);
}
