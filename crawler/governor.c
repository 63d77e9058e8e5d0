#include "crawler/governor.h"

#include <stdlib.h>

#include "config/mem.h"

#define AUTO_MS	     250
#define PUSH_BACK_MS 1000
#define SLOW_MS	     1000
#define MAX_DELAY_MS (60 * 1000)
#define SMOOTHING    0.2
#define LATE	     5	    /* a part of the delay: how late the server may have seen a request */
#define FORGET	     0.0625 /* of the shortest wait */
#define RECOVERY     16
#define NO_DELAY_MS  10 /* what "no delay" counts as while recovering from push-back */

int64_t governor_jitter(double ms)
{
	return (int64_t)(ms * (0.75 + 0.5 * (double)random() / RAND_MAX));
}

void governor_init(struct governor *g, const char *name, double delay_s, int per_host)
{
	*g = (struct governor){0};
	g->name = mem_strdup(name);
	g->is_auto = delay_s < 0;
	g->base_ms = g->is_auto ? AUTO_MS : delay_s * 1000;
	g->delay_ms = g->base_ms;
	g->crawl_delay_s = g->least_ms = -1;
	g->limit = (uint32_t)per_host;
}

void governor_release(struct governor *g)
{
	free(g->name);
}

static double base(const struct governor *g)
{
	double ms = g->base_ms;

	if (g->is_auto && g->answer_ms > SLOW_MS && ms < g->answer_ms / 2)
		ms = g->answer_ms / 2;
	if (g->crawl_delay_s * 1000 > ms)
		ms = g->crawl_delay_s * 1000;
	return ms;
}

void governor_set_public(struct governor *g, bool is_public)
{
	if (!g->is_auto)
		return;
	g->base_ms = is_public ? AUTO_MS : 0;
	if (!g->backoff)
		g->delay_ms = base(g);
}

void governor_set_crawl_delay(struct governor *g, double seconds)
{
	g->crawl_delay_s = seconds;
	if (seconds > 0)
		g->limit = 1;
	if (g->delay_ms < base(g))
		g->delay_ms = base(g);
}

bool governor_has_room(const struct governor *g)
{
	return g->inflight < g->limit;
}

void governor_start(struct governor *g, int64_t now)
{
	g->inflight++;
	g->prev_start = g->next_start;
	g->sent = now;
	/* No jitter below the delay: it is a promise. Up to a quarter above it where the
	 * delay is ours to choose. */
	if (g->delay_ms > 0)
		g->next_start = now + (int64_t)(g->delay_ms + 0.999) +
				(g->backoff ? governor_jitter(g->delay_ms / 4) : 0);
}

static void count_from(struct governor *g, int64_t ms)
{
	int64_t next = ms + (int64_t)(g->delay_ms + 0.999);

	if (g->delay_ms > 0 && g->next_start < next)
		g->next_start = next;
}

void governor_sent(struct governor *g, int64_t now)
{
	g->sent = now;
	count_from(g, now);
}

void governor_waited(struct governor *g, double ms)
{
	double late = g->least_ms < 0 ? ms : ms - g->least_ms;

	if (late > g->delay_ms / LATE)
		late = g->delay_ms / LATE;
	if (g->least_ms < 0 || ms < g->least_ms)
		g->least_ms = ms;
	else
		g->least_ms += FORGET * (ms - g->least_ms);
	if (late > 0)
		count_from(g, g->sent + (int64_t)late + 1); /* the clock rounds down */
}

void governor_cancel(struct governor *g)
{
	g->inflight--;
	g->next_start = g->prev_start;
}

static void push_back(struct governor *g, int64_t now, int64_t retry_after_ms)
{
	int64_t pause;
	double most = base(g) > MAX_DELAY_MS ? base(g) : MAX_DELAY_MS;

	g->backoff++;
	g->delay_ms = g->delay_ms * 2 < PUSH_BACK_MS ? PUSH_BACK_MS : g->delay_ms * 2;
	if (g->delay_ms > most)
		g->delay_ms = most;
	pause = retry_after_ms >= 0 ? retry_after_ms : governor_jitter(g->delay_ms);
	if (pause > GOVERNOR_CEILING_MS)
		pause = GOVERNOR_CEILING_MS;
	if (g->next_start < now + pause)
		g->next_start = now + pause;
}

static void recover(struct governor *g)
{
	double floor_ms = base(g) > NO_DELAY_MS ? base(g) : NO_DELAY_MS;
	double rate = 1 / g->delay_ms + 1 / (RECOVERY * floor_ms);

	g->backoff = 0;
	g->delay_ms = 1 / rate;
	if (g->delay_ms <= floor_ms)
		g->delay_ms = base(g);
}

void governor_took(struct governor *g, double ms)
{
	if (g->took_ms > 0)
		g->took_ms += SMOOTHING * (ms - g->took_ms);
	else
		g->took_ms = ms > 0 ? ms : 0.1;
}

void governor_end(
	struct governor *g, int64_t now, double ttfb_ms, bool pushed, int64_t retry_after_ms)
{
	g->inflight--;
	if (ttfb_ms >= 0)
		g->answer_ms += SMOOTHING * (ttfb_ms - g->answer_ms);
	if (pushed)
		push_back(g, now, retry_after_ms);
	else if (ttfb_ms >= 0 && g->delay_ms > base(g))
		recover(g);
	if (g->delay_ms < base(g))
		g->delay_ms = base(g);
}
