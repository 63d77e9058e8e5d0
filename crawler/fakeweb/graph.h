/* graph.h - which hosts and pages there are, and who links to whom.
 *
 * Nothing is stored but where each host's pages begin and their fanout: a page's links are computed
 * from the seed whenever they are asked for, the same each time. Page 0 of a host is its home page.
 * What makes the web whole:
 *
 *   - on a host the pages form a tree: page i > 0 is first linked by page (i - 1) / fanout;
 *   - the hosts form a tree: home page h > 0 is linked by home page (h - 1) / FAKE_HOST_FANOUT;
 *   so every page is reached from page 0 of host 0, in a few steps.
 *
 * What makes it look like one: each page also has its host's navigation, the way up, its
 * neighbours, and links in its text that prefer low numbers, P(target >= x) ~ x^-1.33 in
 * terms of in-degree, so few pages are linked very often and most seldom.
 *
 * Read-only after open: any process or thread may ask.
 */
#ifndef SKITTER_CRAWLER_FAKEWEB_GRAPH_H
#define SKITTER_CRAWLER_FAKEWEB_GRAPH_H

#include <stddef.h>

#include "config/buf.h"
#include "config/err.h"
#include "crawler/fakeweb/options.h"

#define FAKE_HOST_FANOUT 16
#define FAKE_NAV	 8 /* sections in the navigation */

enum fake_link_kind {
	FAKE_NAV_LINK,
	FAKE_UP_LINK, /* the way up, the neighbours */
	FAKE_CHILD_LINK,
	FAKE_TEXT_LINK,
	FAKE_DEAD_LINK, /* no such page: `page` is its number */
	FAKE_HOST_LINK,
};

struct fake_link {
	uint32_t host, page;
	enum fake_link_kind kind;
};

enum fake_temper { FAKE_FAST, FAKE_SLOW, FAKE_LIMITED, FAKE_DEAD, FAKE_UNKNOWN };

struct fake_graph {
	const struct fake_options *o;
	uint64_t *first;  /* hosts + 1: the number of a host's page 0 */
	uint32_t *fanout; /* of each host */
	uint32_t hosts;
	size_t max_links; /* of one page */
	size_t zone_len;
	char port[8]; /* ":8080", or "" for 80 */
};

/* Options are checked: -1 names what does not fit together. */
int fake_graph_open(struct fake_graph *g, const struct fake_options *o, struct err *err);
void fake_graph_close(struct fake_graph *g);

uint32_t fake_pages_of(const struct fake_graph *g, uint32_t host);
/* Everything that differs between pages hangs on one of these: 64 bits by seed, host, page
 * and a number that says what they are for. */
uint64_t fake_bits(const struct fake_graph *g, uint32_t host, uint32_t page, uint32_t what);
double fake_unit(uint64_t bits); /* 0 <= x < 1 */

/* The links of a page in the order they stand in it; out has room for max_links. */
size_t fake_links(const struct fake_graph *g, uint32_t host, uint32_t page, struct fake_link *out);
/* The page right below the home page that a page is under; page 0: 0. */
uint32_t fake_section(const struct fake_graph *g, uint32_t host, uint32_t page);
bool fake_has_children(const struct fake_graph *g, uint32_t host, uint32_t page);
/* Hosts that others are first linked from are never dead or unknown; host 0 is fast. */
enum fake_temper fake_temper(const struct fake_graph *g, uint32_t host);

/* Paths: written at p, which has FAKE_PATH_MAX bytes of room; the end is returned. */
#define FAKE_PATH_MAX 96
char *fake_path(const struct fake_graph *g, uint32_t host, uint32_t page, char *p);
char *fake_dead_path(const struct fake_graph *g, uint32_t host, uint32_t page, char *p);
/* Which page has this path; false: none. */
bool fake_page_at(
	const struct fake_graph *g, uint32_t host, const char *path, size_t len, uint32_t *page);
/* "http://h12.fake.test:8080"; FAKE_ORIGIN_MAX bytes of room. */
#define FAKE_ORIGIN_MAX 320
char *fake_origin(const struct fake_graph *g, uint32_t host, char *p);
/* "h12.fake.test" (a port is ignored): which host; false: none of ours. */
bool fake_host_named(const struct fake_graph *g, const char *name, size_t len, uint32_t *host);
/* The same for the Host of a request: an address stands for the host that has it (the
 * ip-th, 0 = host 0), so that a host can be crawled without DNS. */
bool fake_host_of(
	const struct fake_graph *g, const char *name, size_t len, uint32_t ip, uint32_t *host);
/* The address of a host as a number, 127.1.0.1 and up. */
uint32_t fake_address(const struct fake_graph *g, uint32_t host);
uint32_t fake_addresses(const struct fake_graph *g); /* how many there are */
#define FAKE_FIRST_ADDRESS 0x7f010001u

#endif
