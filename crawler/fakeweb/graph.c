/* graph.c - hosts, their sizes and tempers; the links of a page. */
#include "crawler/fakeweb/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "crawler/fakeweb/words.h"

#define MAX_TEXT_LINKS(o) (8 * (o)->links + 1)
#define FIXED_LINKS	  (FAKE_NAV + 8)

/* What the bits are for. */
enum { ABOUT_FANOUT = 1, ABOUT_TEMPER, ABOUT_COUNT, ABOUT_LINK = 1000 };

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

uint64_t fake_bits(const struct fake_graph *g, uint32_t host, uint32_t page, uint32_t what)
{
	return mix(mix(g->o->seed * 0x9e3779b97f4a7c15u + ((uint64_t)host << 32 | page)) +
		   what * 0xd1342543de82ef95u);
}

double fake_unit(uint64_t bits)
{
	return (double)(bits >> 11) * 0x1p-53;
}

/* ---- sizes ---- */

/* A page each, and what is left by rank: the k-th host gets its part of k^-spread. */
static void share_out(struct fake_graph *g)
{
	const struct fake_options *o = g->o;
	double total = 0, sum = 0;
	uint64_t left = o->pages - o->hosts;

	for (uint64_t h = 0; h < o->hosts; h++)
		total += pow((double)h + 1, -o->spread);
	for (uint64_t h = 0; h < o->hosts; h++) {
		g->first[h] = h + (uint64_t)(sum / total * (double)left);
		sum += pow((double)h + 1, -o->spread);
	}
	g->first[0] = 0;
	g->first[o->hosts] = o->pages;
}

static uint32_t choose_fanout(const struct fake_graph *g, uint32_t host)
{
	if (g->o->fanout)
		return (uint32_t)g->o->fanout;
	return 8 + (uint32_t)(fake_bits(g, host, 0, ABOUT_FANOUT) % 17);
}

int fake_graph_open(struct fake_graph *g, const struct fake_options *o, struct err *err)
{
	if (o->hosts > o->pages)
		return err_set(err, EXIT_USAGE,
			"--pages must be at least --hosts: each host has a "
			"home page");
	*g = (struct fake_graph){.o = o, .hosts = (uint32_t)o->hosts, .zone_len = strlen(o->zone)};
	g->first = mem_array(o->hosts + 1, sizeof(*g->first));
	share_out(g);
	g->fanout = mem_array(o->hosts, sizeof(*g->fanout));
	for (uint32_t h = 0; h < g->hosts; h++)
		g->fanout[h] = choose_fanout(g, h);
	fake_words_open();
	if (o->port != 80) {
		g->port[0] = ':';
		*fake_number(g->port + 1, (uint32_t)o->port) = '\0';
	}
	g->max_links =
		FIXED_LINKS + FAKE_HOST_FANOUT + (o->fanout ? o->fanout : 24) + MAX_TEXT_LINKS(o);
	return 0;
}

void fake_graph_close(struct fake_graph *g)
{
	free(g->first);
	free(g->fanout);
	*g = (struct fake_graph){0};
}

uint32_t fake_pages_of(const struct fake_graph *g, uint32_t host)
{
	return (uint32_t)(g->first[host + 1] - g->first[host]);
}

/* ---- tempers ---- */

enum fake_temper fake_temper(const struct fake_graph *g, uint32_t host)
{
	const struct fake_options *o = g->o;
	double x = fake_unit(fake_bits(g, host, 0, ABOUT_TEMPER));
	bool leaf = (uint64_t)host * FAKE_HOST_FANOUT + 1 >= g->hosts;

	if (!host)
		return FAKE_FAST;
	if (x < o->slow_hosts)
		return FAKE_SLOW;
	if ((x -= o->slow_hosts) < o->limited_hosts)
		return FAKE_LIMITED;
	if ((x -= o->limited_hosts) < o->dead_hosts)
		return leaf ? FAKE_DEAD : FAKE_FAST;
	if ((x -= o->dead_hosts) < o->unknown_hosts)
		return leaf ? FAKE_UNKNOWN : FAKE_FAST;
	return FAKE_FAST;
}

bool fake_has_children(const struct fake_graph *g, uint32_t host, uint32_t page)
{
	return (uint64_t)page * g->fanout[host] + 1 < fake_pages_of(g, host) ||
	       (!page && (uint64_t)host * FAKE_HOST_FANOUT + 1 < g->hosts);
}

/* ---- links ---- */

struct links {
	const struct fake_graph *g;
	uint32_t host, page, n, fanout; /* the page's; pages and fanout of its host */
	struct fake_link *out;
	size_t len;
};

static void add(struct links *l, enum fake_link_kind kind, uint32_t host, uint32_t page)
{
	l->out[l->len++] = (struct fake_link){host, page, kind};
}

static void add_navigation(struct links *l)
{
	uint32_t sections = l->fanout < FAKE_NAV ? l->fanout : FAKE_NAV;

	add(l, FAKE_NAV_LINK, l->host, 0);
	for (uint32_t i = 1; i <= sections && i < l->n; i++)
		add(l, FAKE_NAV_LINK, l->host, i);
	if (!l->page)
		return;
	add(l, FAKE_UP_LINK, l->host, (l->page - 1) / l->fanout);
	if (l->page > 1)
		add(l, FAKE_UP_LINK, l->host, l->page - 1);
	if (l->page + 1 < l->n)
		add(l, FAKE_UP_LINK, l->host, l->page + 1);
}

static void add_children(struct links *l)
{
	uint64_t first = (uint64_t)l->page * l->fanout + 1;

	for (uint64_t i = first; i < first + l->fanout && i < l->n; i++)
		add(l, FAKE_CHILD_LINK, l->host, (uint32_t)i);
}

static void add_hosts(struct links *l)
{
	uint64_t first = (uint64_t)l->host * FAKE_HOST_FANOUT + 1;

	for (uint64_t h = first; !l->page && h < first + FAKE_HOST_FANOUT && h < l->g->hosts; h++)
		add(l, FAKE_HOST_LINK, (uint32_t)h, 0);
}

/* Low numbers are liked: see graph.h. */
static uint32_t liked(uint64_t bits, uint32_t n)
{
	double u = fake_unit(bits);

	u *= u;
	return (uint32_t)(u * u * n);
}

static void add_text_link(struct links *l, uint32_t k)
{
	const struct fake_options *o = l->g->o;
	uint64_t kind = fake_bits(l->g, l->host, l->page, ABOUT_LINK + 2 * k);
	uint64_t bits = fake_bits(l->g, l->host, l->page, ABOUT_LINK + 2 * k + 1);
	double x = fake_unit(kind);
	uint32_t host;

	if (x < o->missing) {
		add(l, FAKE_DEAD_LINK, l->host, (uint32_t)(bits >> 44));
	} else if (x < o->missing + o->cross && l->g->hosts > 1) {
		host = liked(bits, l->g->hosts);
		/* Most links from elsewhere lead to home pages. */
		add(l, FAKE_TEXT_LINK, host,
			(kind & 3) ? 0 : liked(bits << 20, fake_pages_of(l->g, host)));
	} else {
		add(l, FAKE_TEXT_LINK, l->host, liked(bits, l->n));
	}
}

/* Exponentially distributed around the mean: most pages have few, some have many. */
static uint32_t text_links(const struct links *l)
{
	double u = fake_unit(fake_bits(l->g, l->host, l->page, ABOUT_COUNT));
	uint64_t n = (uint64_t)(-log(1 - u) * (double)l->g->o->links + 0.5);

	return (uint32_t)(n < MAX_TEXT_LINKS(l->g->o) ? n : MAX_TEXT_LINKS(l->g->o));
}

size_t fake_links(const struct fake_graph *g, uint32_t host, uint32_t page, struct fake_link *out)
{
	struct links l = {.g = g, .host = host, .page = page, .out = out};

	l.n = fake_pages_of(g, host);
	l.fanout = g->fanout[host];
	add_navigation(&l);
	add_children(&l);
	for (uint32_t k = 0, n = text_links(&l); k < n; k++)
		add_text_link(&l, k);
	add_hosts(&l);
	return l.len;
}

/* The section a page belongs to: its ancestor below the home page. */
uint32_t fake_section(const struct fake_graph *g, uint32_t host, uint32_t page)
{
	uint32_t fanout = g->fanout[host];

	while (page > fanout)
		page = (page - 1) / fanout;
	return page;
}
