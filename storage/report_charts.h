/* report_charts.h - distributions, counted row by row, given to the report as charts.
 *
 * Percentiles are exact: times and sizes are kept, 4 bytes each, until they are given.
 */
#ifndef SKITTER_STORAGE_REPORT_CHARTS_H
#define SKITTER_STORAGE_REPORT_CHARTS_H

#include <stdint.h>

#include "storage/report.h"

struct report_tally;

struct report_fact { /* of one page; pointers only for the call */
	int status;
	enum report_class class;
	const char *error, *type;
	int depth;
	int64_t fetched_ms;
	int64_t ttfb_us, size; /* -1 = none */
};

/* first and last: Unix ms of the crawl, roughly. */
struct report_tally *report_tally_open(int64_t first_ms, int64_t last_ms);
void report_tally_add(struct report_tally *t, const struct report_fact *f);
void report_tally_give(struct report_tally *t, struct report *r);
void report_tally_close(struct report_tally *t);

#endif
