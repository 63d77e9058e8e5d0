/* budget.h - how --memory is divided, and how many of everything work within it.
 *
 * What counts is what a person would add up: the private memory of all processes, the pages of
 * programs and libraries once, and all pages of the shared memory that exist. The file cache of
 * the system does not count: nobody is ended for it. The known URLs (seen set, queues) are beside
 * the budget: they grow with the crawl, at about 24 bytes each, and are shown.
 *
 *   part        holds                                              share
 *   programs    code and data of programs and libraries, threads   fixed
 *   parsers     each: its own data, a page as it is inflated and   fixed for each
 *               read, the answers it keeps
 *   store       SQLite's cache, the contexts of the storers        1/32, at most 4 MiB; and each
 *   bodies      bodies that are too big for a slot, with the       40 % of the rest, more where one
 *               copies made of them: inflated or compressed        --max-body would not fit
 *   slots       bodies of usual size                               35 % of what then is left
 *   fetchers    a stack, a transfer and a connection each; a       25 %
 *               fifth at least: connections that are kept
 *   answers     what parsers said, until it is stored              20 %
 *   hosts       robots.txt files that are in force                 20 %
 *
 * That is what there may be. Far less is used where pages are of usual size: what waits for the
 * store and what free slots keep warm are small shares of --memory of their own (crawl.c).
 *
 * Who needs room that is not there waits for it (workers/slots.h, crawler/room.h); what could not
 * get it even alone is cut, and the page says so: `truncated` is "memory".
 *
 * A parser that needs more than its limit all the same ends itself: "parser_memory".
 *
 * Pure functions: tests make up machines.
 */
#ifndef SKITTER_CRAWLER_BUDGET_H
#define SKITTER_CRAWLER_BUDGET_H

#include <stdint.h>

#include "config/buf.h"
#include "config/settings.h"
#include "crawler/machine.h"

/* Room for the answer to the largest page: what FACTS_MAX_LINK links and the text may take. */
#define BUDGET_ANSWER_MOST ((size_t)12 << 20)

enum budget_part {
	BUDGET_PROGRAMS,
	BUDGET_PARSERS,
	BUDGET_STORE,
	BUDGET_BODIES,
	BUDGET_SLOTS,
	BUDGET_FETCHERS,
	BUDGET_ANSWERS,
	BUDGET_HOSTS,
	BUDGET_PARTS
};

/* How many to begin with, and at most; the same where the user gave a number. */
struct budget_crew {
	unsigned now, most;
	bool automatic;
};

struct budget {
	struct machine machine;
	uint64_t whole;
	uint64_t part[BUDGET_PARTS]; /* bytes, whole in sum */
	struct budget_crew fetchers, parsers, storers;

	size_t body_most;    /* the largest body there is ever room for, on the wire */
	size_t decoded_most; /* and inflated */
	size_t page_room;    /* what a parser inflates without asking for room */
	size_t answer_most;  /* the largest answer of a parser */
	size_t parser_limit; /* private memory of a parser, as the system counts it */
	size_t cache;	     /* SQLite's */
	size_t connections;  /* open ones, used or kept, as far as there is memory */
	uint64_t files;	     /* descriptors that needs */
	bool files_short;    /* fetchers were fewer for want of descriptors */
	bool memory_short;   /* the numbers given need more than --memory */
	int asked;	     /* the fetchers asked for, where they are fewer */
};

/* Where --memory is not given and three quarters of the limit of the control group are less than
 * the default, they are the budget: a group ends who goes over its limit without a word. The
 * setting still counts as not given: what is stored with the crawl is for machines to come.
 * 0, or the limit it was taken from. */
uint64_t budget_fit(struct settings *set, uint64_t limit);

void budget_divide(struct budget *b, const struct settings *set, const struct machine *m);

const char *budget_part_name(enum budget_part part);
/* Descriptors that so many fetchers need, with all that a crawl has beside. */
uint64_t budget_files_for(unsigned fetchers);
/* For all open connections: what so many fetchers leave of their part, a fifth of it at least. */
size_t budget_connection_bytes(const struct budget *b, size_t fetchers);
/* One line per part, for -v and the census. */
void budget_table(const struct budget *b, struct buf *out);
/* "64 fetchers, 2 parsers, 2 storers (auto: 2 cores, 24.1 GB)". */
void budget_crew_text(const struct budget *b, unsigned fetchers, unsigned parsers, unsigned storers,
	struct buf *out);

#endif
