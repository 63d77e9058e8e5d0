/* The bytes of pages. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "config/buf.h"
#include "config/mem.h"
#include "crawler/fakeweb/html.h"
#include "tests/unit/fakeweb/fixture.h"

struct web {
	struct fake_options o;
	struct fake_graph g;
	struct fake_text *text;
	struct fake_html *html;
};

static void open_web(struct web *w, const struct fake_options *o)
{
	struct err err;

	w->o = *o;
	assert_int_equal(fake_graph_open(&w->g, &w->o, &err), 0);
	w->text = fake_text_open(o->seed);
	w->html = fake_html_open(&w->g, w->text);
}

static void close_web(struct web *w)
{
	fake_html_close(w->html);
	fake_text_close(w->text);
	fake_graph_close(&w->g);
}

static void take(struct fake_html *h, struct buf *out)
{
	buf_reset(out);
	for (size_t i = 0; i < h->nout; i++)
		buf_add(out, h->out[i].iov_base, h->out[i].iov_len);
	assert_int_equal(out->len, h->len);
}

static void page(struct web *w, uint32_t host, uint32_t n, struct buf *out)
{
	fake_html_page(w->html, host, n);
	take(w->html, out);
}

static void same_seed_same_bytes(void **state)
{
	struct fake_options o = usual();
	struct buf a = BUF_INIT, b = BUF_INIT, c = BUF_INIT;
	struct web one, two, other;
	int differ = 0;

	(void)state;
	open_web(&one, &o);
	open_web(&two, &o);
	o.seed = 2;
	open_web(&other, &o);
	for (uint32_t h = 0; h < 40; h += 3)
		for (uint32_t i = 0; i < 10; i++) {
			page(&one, h, i, &a);
			page(&two, 39 - h, 3, &b); /* what was built before changes nothing */
			page(&two, h, i, &b);
			page(&other, h, i, &c);
			assert_int_equal(a.len, b.len);
			assert_memory_equal(a.data, b.data, a.len);
			differ += a.len != c.len || memcmp(a.data, c.data, a.len) != 0;
		}
	assert_int_equal(differ, 140);
	buf_release(&a);
	buf_release(&b);
	buf_release(&c);
	close_web(&one);
	close_web(&two);
	close_web(&other);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What the anchors of a page say, sorted: must be what the graph says. */
static void links_are_those_of_the_graph(void **state)
{
	struct fake_options o = usual();
	struct buf a = BUF_INIT;
	char *said[400], *known[400];
	struct fake_link links[400];
	struct web w;

	(void)state;
	o.robots = false;
	o.missing = 0.1;
	open_web(&w, &o);
	assert_true(w.g.max_links <= 400);
	for (uint32_t i = 0; i < 60; i++) {
		size_t n = fake_links(&w.g, i % 2, i, links), k = 0;
		page(&w, i % 2, i, &a);
		for (char *p = a.data; (p = strstr(p, "<a href=\"")); k++) {
			p += 9;
			assert_true(k < n);
			said[k] = mem_strndup(p, strcspn(p, "\""));
		}
		assert_int_equal(k, n);
		for (k = 0; k < n; k++) {
			char url[FAKE_ORIGIN_MAX + FAKE_PATH_MAX], *p = url;
			if (links[k].host != i % 2)
				p = fake_origin(&w.g, links[k].host, p);
			*(links[k].kind == FAKE_DEAD_LINK ? fake_dead_path : fake_path)(
				&w.g, links[k].host, links[k].page, p) = '\0';
			known[k] = mem_strdup(url);
		}
		qsort(said, n, sizeof(*said), compare);
		qsort(known, n, sizeof(*known), compare);
		for (k = 0; k < n; k++) {
			assert_string_equal(said[k], known[k]);
			free(said[k]);
			free(known[k]);
		}
	}
	buf_release(&a);
	close_web(&w);
}

static void pages_are_whole(void **state)
{
	struct fake_options o = usual();
	struct buf a = BUF_INIT;
	struct web w;

	(void)state;
	o.traps = TRAP_ALL;
	open_web(&w, &o);
	for (uint32_t i = 0; i < 50; i++) {
		page(&w, 0, i, &a);
		assert_int_equal(strlen(a.data), a.len); /* no NUL strayed in */
		assert_memory_equal(a.data, "<!DOCTYPE html>\n<html lang=\"en\">", 31);
		assert_non_null(strstr(a.data, "<title>"));
		assert_non_null(strstr(a.data, "<h1>"));
		assert_non_null(strstr(a.data, "href=\"/deeper/\""));
		assert_string_equal(a.data + a.len - 16, "</body>\n</html>\n");
	}
	buf_release(&a);
	close_web(&w);
}

/* Log-normal: the median is what was asked for, a few are many times that. */
static void sizes_spread(void **state)
{
	struct fake_options o = usual();
	size_t half = 0, double_ = 0, quarter = 0, most = 0;
	struct web w;

	(void)state;
	o.links = 0;
	o.hosts = 1;
	o.size = 20000;
	open_web(&w, &o);
	for (uint32_t i = 0; i < 3000; i++) {
		fake_html_page(w.html, 0, i);
		half += w.html->len > 20000;
		double_ += w.html->len > 2 * 20000;
		quarter += w.html->len > 10 * 20000;
		most = w.html->len > most ? w.html->len : most;
	}
	assert_true(half > 1400 && half < 1800);     /* head and navigation add a little */
	assert_true(double_ > 450 && double_ < 750); /* 19 % at sigma 0.8 */
	assert_true(quarter > 1 && quarter < 40);
	assert_true(most < 60 * 20000);
	close_web(&w);
}

static void inflates_to(const struct buf *packed, const struct buf *plain)
{
	char *out = mem_alloc(plain->len + 1);
	z_stream z = {0};

	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_in = (Bytef *)packed->data;
	z.avail_in = (uInt)packed->len;
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)plain->len + 1;
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END); /* checksum and length, too */
	assert_int_equal(z.total_out, plain->len);
	assert_int_equal(z.avail_in, 0);
	assert_memory_equal(out, plain->data, plain->len);
	inflateEnd(&z);
	free(out);
}

static void gzip_says_the_same(void **state)
{
	struct fake_options o = usual();
	struct buf plain = BUF_INIT, packed = BUF_INIT;
	struct web w;

	(void)state;
	o.fanout = 3000; /* the home page's own bytes need more than one stored block */
	o.pages = 6000;
	o.hosts = 2;
	open_web(&w, &o);
	for (uint32_t i = 0; i < 60; i++) {
		page(&w, i % 2, i, &plain);
		fake_html_gzip(w.html);
		take(w.html, &packed);
		inflates_to(&packed, &plain);
		assert_true(i < 2 || packed.len < plain.len);
	}
	page(&w, 0, 0, &plain);
	assert_true(plain.len > 2 * 65536);
	buf_release(&plain);
	buf_release(&packed);
	close_web(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_seed_same_bytes),
		cmocka_unit_test(links_are_those_of_the_graph),
		cmocka_unit_test(pages_are_whole),
		cmocka_unit_test(sizes_spread),
		cmocka_unit_test(gzip_says_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
