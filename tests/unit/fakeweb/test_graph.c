/* Which pages there are, who links to whom, and their names. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "crawler/fakeweb/graph.h"
#include "tests/unit/fakeweb/fixture.h"

struct walk {
	struct fake_graph g;
	struct fake_link *links;
	uint32_t *depth, *in; /* by number in the web; depth + 1, 0 = not reached */
	uint64_t *queue, reached, nlinks, cross, text;
	uint32_t deepest;
};

static void visit(struct walk *w, uint64_t number, uint32_t host, uint32_t page)
{
	size_t n = fake_links(&w->g, host, page, w->links);

	assert_true(n <= w->g.max_links);
	w->nlinks += n;
	for (size_t i = 0; i < n; i++) {
		const struct fake_link *l = &w->links[i];
		uint64_t to;
		if (l->kind == FAKE_DEAD_LINK)
			continue;
		assert_true(l->host < w->g.hosts);
		assert_true(l->page < fake_pages_of(&w->g, l->host));
		w->text += l->kind == FAKE_TEXT_LINK;
		w->cross += l->kind == FAKE_TEXT_LINK && l->host != host;
		to = w->g.first[l->host] + l->page;
		w->in[to]++;
		if (w->depth[to])
			continue;
		w->depth[to] = w->depth[number] + 1;
		w->queue[w->reached++] = (uint64_t)l->host << 32 | l->page;
	}
}

/* Breadth first from page 0 of host 0. */
static void walk(struct walk *w, const struct fake_options *o)
{
	struct err err;

	memset(w, 0, sizeof(*w));
	assert_int_equal(fake_graph_open(&w->g, o, &err), 0);
	w->links = mem_array(w->g.max_links, sizeof(*w->links));
	w->depth = mem_array(o->pages, sizeof(*w->depth));
	w->in = mem_array(o->pages, sizeof(*w->in));
	w->queue = mem_array(o->pages, sizeof(*w->queue));
	w->depth[0] = 1;
	w->reached = 1;
	for (uint64_t i = 0; i < w->reached; i++) {
		uint32_t host = (uint32_t)(w->queue[i] >> 32), page = (uint32_t)w->queue[i];
		visit(w, w->g.first[host] + page, host, page);
		w->deepest = w->depth[w->g.first[host] + page] - 1;
	}
}

static void end_walk(struct walk *w)
{
	fake_graph_close(&w->g);
	free(w->links);
	free(w->depth);
	free(w->in);
	free(w->queue);
}

static void every_page_is_reached(void **state)
{
	static const uint64_t sizes[][2] = {{1, 1}, {2, 1}, {2, 2}, {17, 17}, {1000, 1}, {3000, 40},
		{20000, 1500}, {100000, 700}};
	struct walk w;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (uint64_t seed = 0; seed < 3; seed++) {
			struct fake_options o = usual();
			o.pages = sizes[i][0];
			o.hosts = sizes[i][1];
			o.seed = seed;
			o.missing = 0.05;
			walk(&w, &o);
			assert_int_equal(w.reached, o.pages);
			assert_true(w.deepest <= 12);
			end_walk(&w);
		}
}

static void a_fanout_is_kept(void **state)
{
	struct fake_options o = usual();
	struct walk w;

	(void)state;
	o.fanout = 500;
	o.links = 0;
	o.pages = 50000;
	o.hosts = 3;
	walk(&w, &o);
	assert_int_equal(w.reached, o.pages);
	assert_true(w.deepest <= 4);
	end_walk(&w);
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x < y) - (x > y);
}

/* A few pages have most of the links, most pages a few; most links stay at home. */
static void links_look_like_a_web(void **state)
{
	struct fake_options o = usual();
	uint64_t top = 0;
	struct walk w;

	(void)state;
	o.pages = 100000;
	o.hosts = 500;
	walk(&w, &o);
	assert_true(w.cross > w.text / 20 && w.cross < w.text / 8); /* 10 % asked for */
	assert_true(w.text > 8 * o.pages && w.text < 12 * o.pages); /* 10 a page */
	qsort(w.in, o.pages, sizeof(*w.in), by_size);
	for (uint64_t i = 0; i < o.pages / 20; i++)
		top += w.in[i];
	assert_true(top > w.nlinks / 2);      /* 5 % have more than half */
	assert_true(w.in[o.pages / 2] <= 10); /* the median has few */
	assert_true(w.in[0] > 100 * w.in[o.pages / 2]);
	assert_true(w.in[o.pages - 1] >= 1);
	end_walk(&w);
}

static void paths_lead_back(void **state)
{
	struct fake_options o = usual();
	struct fake_graph g;
	struct err err;
	char path[FAKE_PATH_MAX];
	uint32_t page;

	(void)state;
	assert_int_equal(fake_graph_open(&g, &o, &err), 0);
	for (uint32_t h = 0; h < g.hosts; h++)
		for (uint32_t i = 0; i < fake_pages_of(&g, h); i++) {
			size_t len = (size_t)(fake_path(&g, h, i, path) - path);
			assert_true(len < sizeof(path));
			assert_true(fake_page_at(&g, h, path, len, &page));
			assert_int_equal(page, i);
			/* one spelling only */
			assert_false(fake_page_at(&g, h, path, len - 1, &page) && page == i);
			path[len] = '/';
			assert_false(fake_page_at(&g, h, path, len + 1, &page));
		}
	assert_false(fake_page_at(&g, 0, "", 0, &page));
	assert_false(fake_page_at(&g, 0, "/99999999999999999999.html", 26, &page));
	assert_false(fake_page_at(&g, 0, "/river-4294967297/", 18, &page));
	*fake_dead_path(&g, 0, 7, path) = '\0';
	assert_false(fake_page_at(&g, 0, path, strlen(path), &page));
	fake_graph_close(&g);
}

static bool named(const struct fake_graph *g, const char *name, uint32_t wanted)
{
	uint32_t host = 99;

	return fake_host_named(g, name, strlen(name), &host) && host == wanted;
}

static void hosts_have_names(void **state)
{
	static const char *const none[] = {"h40.fake.test", "h.fake.test", "h01.fake.test",
		"fake.test", "xh1.fake.test", "h1.fake.tes", "h1.fake.test.x", "h1xfake.test",
		"h4294967296.fake.test", "h99999999999999.fake.test", "", "h", "h1."};
	struct fake_options o = usual();
	struct fake_graph g;
	struct err err;
	char origin[FAKE_ORIGIN_MAX];
	uint32_t host;

	(void)state;
	assert_int_equal(fake_graph_open(&g, &o, &err), 0);
	assert_true(named(&g, "h0.fake.test", 0));
	assert_true(named(&g, "H39.Fake.TEST.:8080", 39));
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(fake_host_named(&g, none[i], strlen(none[i]), &host));
	*fake_origin(&g, 12, origin) = '\0';
	assert_string_equal(origin, "http://h12.fake.test:8080");
	fake_graph_close(&g);
	o.port = 80;
	assert_int_equal(fake_graph_open(&g, &o, &err), 0);
	*fake_origin(&g, 12, origin) = '\0';
	assert_string_equal(origin, "http://h12.fake.test");
	fake_graph_close(&g);
}

static void hosts_share_addresses(void **state)
{
	struct fake_options o = usual();
	struct fake_graph g;
	struct err err;

	(void)state;
	assert_int_equal(fake_graph_open(&g, &o, &err), 0);
	assert_int_equal(fake_addresses(&g), 40);
	assert_int_equal(fake_address(&g, 39), FAKE_FIRST_ADDRESS + 39);
	o.ips = 4;
	assert_int_equal(fake_addresses(&g), 4);
	assert_int_equal(fake_address(&g, 39), FAKE_FIRST_ADDRESS + 3);
	fake_graph_close(&g);
}

/* Whom nobody reaches may not be the only one to link to others. */
static void dead_hosts_are_leaves(void **state)
{
	struct fake_options o = usual();
	struct fake_graph g;
	uint32_t dead = 0, unknown = 0;
	struct err err;

	(void)state;
	o.dead_hosts = o.unknown_hosts = 0.5;
	assert_int_equal(fake_graph_open(&g, &o, &err), 0);
	for (uint32_t h = 0; h < g.hosts; h++) {
		enum fake_temper t = fake_temper(&g, h);
		dead += t == FAKE_DEAD;
		unknown += t == FAKE_UNKNOWN;
		if (h * FAKE_HOST_FANOUT + 1 < g.hosts)
			assert_int_equal(t, FAKE_FAST);
	}
	assert_true(dead > 5 && unknown > 5);
	assert_int_equal(dead + unknown, g.hosts - 3);
	fake_graph_close(&g);
}

static void more_hosts_than_pages(void **state)
{
	struct fake_options o = usual();
	struct fake_graph g;
	struct err err = {0};

	(void)state;
	o.hosts = o.pages + 1;
	assert_int_equal(fake_graph_open(&g, &o, &err), -1);
	assert_int_equal(err.status, EXIT_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_page_is_reached),
		cmocka_unit_test(a_fanout_is_kept),
		cmocka_unit_test(links_look_like_a_web),
		cmocka_unit_test(paths_lead_back),
		cmocka_unit_test(hosts_have_names),
		cmocka_unit_test(hosts_share_addresses),
		cmocka_unit_test(dead_hosts_are_leaves),
		cmocka_unit_test(more_hosts_than_pages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
