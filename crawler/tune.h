/* tune.h - how many work, adapted to where the queue builds up.
 *
 * Asked a few times a second. A number grows only where the work waits for it and a CPU is idle,
 * and only after it has looked so a few times in a row; numbers the user gave stay.
 *
 *   parsers    grow while pages wait for one; the surplus leaves after ten quiet seconds
 *   storers    grow while pages wait to be compressed
 *   fetchers   grow by half while all of them have a URL, or as many as slow hosts may have,
 *              and hosts are due, and nothing waits behind them: it is the network that is slow
 *
 * Pure: what was seen in, what to have out; tests make it up.
 */
#ifndef SKITTER_CRAWLER_TUNE_H
#define SKITTER_CRAWLER_TUNE_H

#include <stdbool.h>
#include <stddef.h>

#include "crawler/budget.h"

struct tune_seen {
	double idle_cpus;
	size_t parse_queue, parsers_busy;
	size_t store_queue;   /* bodies that wait for a storer */
	size_t fetchers_idle; /* without a URL */
	bool host_due;	      /* one has a URL that may be fetched now */
	bool share_full;      /* one has, but for the share of the slow ones */
	bool room;	      /* for more bodies in flight */
};

struct tune_crew {
	unsigned n, least, most;
	unsigned wanted, unwanted; /* looks in a row that asked for more, for less */
};

struct tune {
	struct tune_crew fetchers, parsers, storers;
};

void tune_init(struct tune *t, const struct budget *b);
/* True: at least one of the numbers is another now. */
bool tune_step(struct tune *t, const struct tune_seen *s);

#endif
