/* options.h - what a fake web is like. Plain data, the same in every process that serves it.
 *
 * Shares are 0..1; times are seconds. Everything that decides which pages there are and
 * what they say is above the line; what is below changes only how they are served.
 */
#ifndef SKITTER_CRAWLER_FAKEWEB_OPTIONS_H
#define SKITTER_CRAWLER_FAKEWEB_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum fake_traps {
	TRAP_CALENDAR = 1, /* a month leads to the next, for ever */
	TRAP_SESSION = 2,  /* the same page under one session id after the other */
	TRAP_PATH = 4,	   /* relative links that go one folder deeper each time */
	TRAP_FACETS = 8,   /* every combination and order of a dozen filters */
	TRAP_ALL = 15,
};

struct fake_options {
	uint64_t seed;
	uint64_t pages, hosts;
	double spread;	 /* how unequal hosts are: size of the k-th ~ k^-spread */
	uint64_t fanout; /* pages first linked from one page; 0 = 8 to 24, by host */
	uint64_t links;	 /* mean of further links in a page's text */
	double cross;	 /* share of those that lead to another host */
	double missing;	 /* share of those that lead nowhere (404) */
	uint64_t size;	 /* median of a page's text in bytes */
	const char *zone;
	uint64_t port;
	bool robots; /* serve robots.txt and sitemaps */
	double crawl_delay;
	unsigned traps; /* enum fake_traps */
	/* ---- */
	uint64_t ips; /* addresses the hosts share; 0 = one each */
	bool gzip;
	double delay;	   /* before every answer */
	double slow_hosts; /* share of hosts that take `slow_delay` */
	double slow_delay;
	double limited_hosts; /* share that answers 429 within `limit_interval` of the last */
	double limit_interval;
	double dead_hosts;    /* share that resets every connection */
	double unknown_hosts; /* share that has no address */
	double errors;	      /* share of pages with 500, 502 or 503 for ever; none has children */
	double flaky;	      /* share that answers 503 the first time */
	double resets, cuts;  /* share reset in place of an answer, cut in the middle of it */
	double judge;	      /* requests on a host sooner than this after the last are counted */
	uint64_t ttl;	      /* of DNS answers, s */
	bool truncate;	      /* DNS over UDP answers "ask again by TCP" */
	bool ipv6;	      /* names also have the address ::1 */
	uint64_t dns_port;
	bool no_dns;
	uint64_t workers;
	const char *log, *stats; /* file names or NULL */
};

#endif
