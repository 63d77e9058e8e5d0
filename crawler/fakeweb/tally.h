/* tally.h - what was asked of a fake web, so that a crawler's manners can be judged from the
 * server's side. One block of memory that all processes of the server share.
 *
 * Everything is counted as it happens, with atomics; reading while it runs is fine. A
 * request starts when it has been read whole.
 */
#ifndef SKITTER_CRAWLER_FAKEWEB_TALLY_H
#define SKITTER_CRAWLER_FAKEWEB_TALLY_H

#include <stdatomic.h>
#include <stddef.h>

#include "config/buf.h"
#include "crawler/fakeweb/graph.h"

typedef _Atomic uint64_t fake_count;

struct fake_host_tally {
	fake_count requests, repeats, too_soon;
	_Atomic int64_t last_ns;	  /* start of the latest request; 0 = none */
	_Atomic int64_t least_ns;	  /* between two starts; 0 = there were not two */
	_Atomic int64_t allowed_ns;	  /* the latest a limited host took */
	_Atomic uint32_t open, most_open; /* connections */
	_Atomic uint32_t busy, most_busy; /* requests whose answer is delayed */
	_Atomic uint32_t special; /* bit 0, 1, ...: robots.txt, sitemap, ... were asked for */
};

struct fake_ip_tally {
	fake_count connections;
	_Atomic uint32_t open, most_open, busy, most_busy;
};

struct fake_tally {
	size_t size; /* of the whole block */
	uint32_t nhosts, nips;
	double judge;
	fake_count connections, requests, repeats, too_soon, bytes;
	fake_count pages, traps, closed_paths, pushed_back, resets, cuts;
	fake_count questions, unknown_names, tcp_questions;
	_Atomic uint32_t open, most_open, busy, most_busy;
	_Atomic int64_t first_ns, last_ns;
	fake_count statuses[600];
	struct fake_host_tally *hosts;
	struct fake_ip_tally *ips;
	fake_count *seen; /* a bit per page */
};

struct fake_tally *fake_tally_open(const struct fake_graph *g);
void fake_tally_close(struct fake_tally *t);

/* A request of a host begins. */
void fake_tally_request(struct fake_tally *t, uint32_t host, int64_t now);
/* Whether this was asked for before: a page by its number in the web, or a special path. */
bool fake_tally_page(struct fake_tally *t, uint32_t host, uint64_t number);
bool fake_tally_special(struct fake_tally *t, uint32_t host, unsigned which);
/* A host that is asked at most once per interval: whether this one is let in. */
bool fake_tally_admit(struct fake_tally *t, uint32_t host, int64_t now, int64_t interval);

/* One more, one less; the most there ever were is kept. */
void fake_tally_up(_Atomic uint32_t *open, _Atomic uint32_t *most);
void fake_tally_down(_Atomic uint32_t *open);

/* For people, and as one JSON object. */
void fake_tally_print(const struct fake_tally *t, const struct fake_graph *g, struct buf *out);
void fake_tally_json(const struct fake_tally *t, const struct fake_graph *g, struct buf *out);

#endif
