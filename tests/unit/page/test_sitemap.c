/* test_sitemap.c - every format, broken files, dates, caps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config/buf.h"
#include "config/mem.h"
#include "crawler/page/sitemap.h"
#include "crawler/page/url.h"

#define AREA (1 << 16)

static struct url_parser parser;
static _Alignas(8) char area[AREA];
static struct sitemap_opts opts;

static int setup(void **state)
{
	(void)state;
	url_global_init();
	url_parser_init(&parser);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	url_parser_release(&parser);
	return 0;
}

static int reset(void **state)
{
	static const char url[] = "https://e.com/d/sitemap.xml";

	(void)state;
	opts = (struct sitemap_opts){.url = url, .url_len = sizeof(url) - 1, .parser = &parser};
	return 0;
}

/* The entries as lines "URL date" in `out`. */
static int read_bytes(const char *body, size_t len, struct buf *out)
{
	struct facts_writer w;
	struct err err;
	void *exact = mem_dup(body, len);
	uint32_t i;
	int got;

	facts_begin(&w, area, AREA);
	got = sitemap_read(&opts, exact, len, &w);
	free(exact);
	assert_int_equal(facts_check(area, facts_finish(&w), &err), 0);
	assert_int_equal(!!(w.f->flags & FACTS_SITEMAP), got != SITEMAP_NONE);
	assert_int_equal(!!(w.f->flags & FACTS_BAD_SYNTAX), !!(got & SITEMAP_BROKEN));
	buf_reset(out);
	for (i = 0; i < w.f->nlinks; i++) {
		const struct facts_link *l = &facts_links(w.f)[i];

		assert_int_equal(!!(l->flags & LINK_IS_INDEX), got == SITEMAP_INDEX);
		buf_addf(out, "%s %s\n", facts_text(w.f, l->url), facts_text(w.f, l->text));
	}
	return got;
}

static void check(const char *body, int want, const char *entries)
{
	struct buf out = BUF_INIT;

	assert_int_equal(read_bytes(body, strlen(body), &out), want);
	assert_string_equal(out.data, entries);
	buf_release(&out);
}

#define URLSET "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>"

static void test_formats(void **state)
{
	(void)state;
	check("<?xml version='1.0'?>" URLSET
	      "<url><loc> https://e.com/a </loc><lastmod>2024-05-06</lastmod></url>"
	      "<url><lastmod>2020</lastmod><loc>https://e.com/b#x</loc></url></urlset>",
		SITEMAP_XML,
		"https://e.com/a 2024-05-06T00:00:00Z\nhttps://e.com/b 2020-01-01T00:00:00Z\n");
	check("<sitemapindex><sitemap><loc>https://o.com/s.xml.gz</loc></sitemap></sitemapindex>",
		SITEMAP_INDEX, "https://o.com/s.xml.gz \n");
	check("https://e.com/a\r\n  http://e.com/b\t\n\nnot a url\nftp://e.com/c", SITEMAP_TEXT,
		"https://e.com/a \nhttp://e.com/b \n");
	check("<rss><channel><link>/no</link><item><link>https://e.com/1</link><pubDate>Sat, 1 Feb "
	      "2020 "
	      "10:00:00 "
	      "GMT</pubDate></item><item><guid>https://e.com/2</guid></item><item><guid>77</guid>"
	      "</item></channel></rss>",
		SITEMAP_RSS, "https://e.com/1 2020-02-01T10:00:00Z\nhttps://e.com/2 \n");
	check("<feed xmlns='http://www.w3.org/2005/Atom'><link href='/self'/><entry><link "
	      "rel='self' "
	      "href='/no'/><link href='/a?x=1&amp;y=2'/><link rel='alternate' href='/second'/>"
	      "<published>2001-01-01</published><updated>2002-02-02T02:02:02+01:00</updated></"
	      "entry></feed>",
		SITEMAP_ATOM, "https://e.com/a?x=1&y=2 2002-02-02T01:02:02Z\n");
	check("<atom:feed xmlns:atom='x'><atom:entry><atom:link "
	      "href='/a'/></atom:entry></atom:feed>",
		SITEMAP_ATOM, "https://e.com/a \n");
	check("<html><body><loc>https://e.com/</loc></body></html>", SITEMAP_NONE, "");
	check("", SITEMAP_NONE, "");
	check("  \n ", SITEMAP_NONE, "");
	check("nothing here", SITEMAP_NONE, "");
	check(URLSET "</urlset>", SITEMAP_XML, "");
}

static void test_other_elements(void **state)
{
	(void)state;
	/* A loc of an extension is not a page; neither is one outside an entry. */
	check(URLSET
		"<loc>https://e.com/0</loc><url><loc>https://e.com/a</loc><image:image><image:loc>"
		"https://e.com/i.png</image:loc></image:image><x><loc>https://e.com/n</loc></x></"
		"url></urlset>",
		SITEMAP_XML, "https://e.com/a \n");
	/* Comments, CDATA, references. */
	check(URLSET "<url><loc>https://e.com/<!-- & "
		     "-->a<![CDATA[?b&c]]>&#38;d&#x26;e&amp;f</loc></url></urlset>",
		SITEMAP_XML, "https://e.com/a?b&c&d&e&f \n");
}

static void test_wild(void **state)
{
	(void)state;
	/* Bare ampersands, HTML entities, control characters, text before the declaration. */
	check("\n <?xml version='1.0'?>" URLSET
	      "<url><loc>https://e.com/?a=1&b=2&nbsp;&#;</loc></url>\x01</urlset>",
		SITEMAP_XML, "https://e.com/?a=1&b=2&nbsp;& \n");
	/* No scheme, paths, other schemes. */
	check(URLSET "<url><loc>www.e.com/a</loc></url><url><loc>e.com/b</loc></url><url><loc>/c</"
		     "loc></url>"
		     "<url><loc>javascript:x</loc></url><url><loc>mailto:a@e.com</loc></"
		     "url><url><loc/></url></urlset>",
		SITEMAP_XML, "https://www.e.com/a \nhttps://e.com/b \nhttps://e.com/c \n");
	/* Entries that were never closed, and loc that was forgotten. */
	check("<urlset><url><loc>https://e.com/a</loc><url><loc>https://e.com/b</loc></url></url></"
	      "urlset>",
		SITEMAP_XML, "https://e.com/a \nhttps://e.com/b \n");
	check("<sitemapindex><sitemap>\nhttps://e.com/a\n</sitemap></sitemapindex>", SITEMAP_INDEX,
		"https://e.com/a \n");
	/* A declared encoding that the bytes are in. */
	check("<?xml version='1.0' "
	      "encoding='koi8-r'?><urlset><url><loc>https://e.com/\xf0</loc></url></urlset>",
		SITEMAP_XML, "https://e.com/%D0%9F \n");
	/* Invalid UTF-8 does not end the reading. */
	check("<urlset><url><loc>https://e.com/\xff</loc></url><url><loc>https://e.com/b</loc></"
	      "url></urlset>",
		SITEMAP_XML, "https://e.com/%EF%BF%BD \nhttps://e.com/b \n");
}

static void test_utf16(void **state)
{
	static const char text[] = "<urlset><url><loc>https://e.com/a</loc></url></urlset>";
	struct buf wide = BUF_INIT, out = BUF_INIT;
	size_t i;

	(void)state;
	buf_add(&wide, "\xff\xfe", 2);
	for (i = 0; i < sizeof(text) - 1; i++) {
		buf_add_ch(&wide, text[i]);
		buf_add_ch(&wide, 0);
	}
	assert_int_equal(read_bytes(wide.data, wide.len, &out), SITEMAP_XML);
	assert_string_equal(out.data, "https://e.com/a \n");
	buf_release(&wide);
	buf_release(&out);
}

static void test_broken(void **state)
{
	(void)state;
	check(URLSET "<url><loc>https://e.com/a</loc></url><url><loc>https://e.com/b</lo",
		SITEMAP_XML | SITEMAP_BROKEN, "https://e.com/a \nhttps://e.com/b \n");
	/* A URL that may go on is not used. */
	check(URLSET "<url><loc>https://e.com/a</loc></url><url><loc>https://e.com/b",
		SITEMAP_XML | SITEMAP_BROKEN, "https://e.com/a \n");
	check(URLSET "<url><loc>https://e.com/a</loc></url></wrong><url><loc>https://e.com/b</"
		     "loc></url></urlset>",
		SITEMAP_XML | SITEMAP_BROKEN, "https://e.com/a \n");
	check(URLSET, SITEMAP_XML | SITEMAP_BROKEN, "");
	check("<", SITEMAP_NONE, "");
}

static void test_no_dtd(void **state)
{
	(void)state;
	check("<!DOCTYPE urlset [<!ENTITY x SYSTEM "
	      "'file:///etc/passwd'>]><urlset><url><loc>https://e.com/&x;"
	      "</loc></url></urlset>",
		SITEMAP_NONE, "");
	check("<!DOCTYPE u [<!ENTITY a 'aaaa'><!ENTITY b "
	      "'&a;&a;'>]><urlset><url><loc>https://e.com/&b;</loc>"
	      "</url></urlset>",
		SITEMAP_NONE, "");
	check("<!DOCTYPE u [<!ENTITY % p SYSTEM 'http://x/'> %p;]><urlset/>", SITEMAP_NONE, "");
	/* A document type by itself does no harm. */
	check("<!DOCTYPE urlset><urlset><url><loc>https://e.com/a</loc></url></urlset>",
		SITEMAP_XML, "https://e.com/a \n");
}

static void test_options(void **state)
{
	static const char body[] = "<urlset><url><loc>https://e.com/d/a</loc></"
				   "url><url><loc>https://e.com/b</loc></url>"
				   "<url><loc>http://e.com/d/c</loc></url><url><loc>https://o.com/"
				   "d/e</loc></url></urlset>";

	(void)state;
	opts.location_check = true;
	check(body, SITEMAP_XML, "https://e.com/d/a \n");
	/* An index may name sitemaps anywhere. */
	check("<sitemapindex><sitemap><loc>https://o.com/s</loc></sitemap></sitemapindex>",
		SITEMAP_INDEX, "https://o.com/s \n");
	opts.location_check = false;
	opts.namespace_strict = true;
	check(body, SITEMAP_NONE, "");
	check(URLSET "<url><loc>https://e.com/a</loc></url></urlset>", SITEMAP_XML,
		"https://e.com/a \n");
	check("<s:urlset "
	      "xmlns:s='http://www.sitemaps.org/schemas/sitemap/0.9'><s:url><s:loc>https://e.com/a"
	      "</s:loc></s:url><url><loc>https://e.com/n</loc></url></s:urlset>",
		SITEMAP_XML, "https://e.com/a \n");
}

static void test_caps(void **state)
{
	struct buf body = BUF_INIT, out = BUF_INIT;
	int i;

	(void)state;
	/* More than the area holds: what fits is kept, and said to be cut. */
	buf_add_str(&body, "<urlset>");
	for (i = 0; i < 5000; i++)
		buf_addf(&body, "<url><loc>https://e.com/%d</loc></url>", i);
	buf_add_str(&body, "</urlset>");
	assert_int_equal(read_bytes(body.data, body.len, &out), SITEMAP_XML);
	assert_true(((struct facts *)area)->flags & FACTS_CUT_LINKS);
	assert_true(((struct facts *)area)->nlinks > 800);
	/* Deep nesting ends the reading. */
	buf_reset(&body);
	buf_add_str(&body, "<urlset>");
	for (i = 0; i < 100; i++)
		buf_add_str(&body, "<a>");
	assert_int_equal(read_bytes(body.data, body.len, &out), SITEMAP_XML | SITEMAP_BROKEN);
	/* A URL longer than any is left out. */
	buf_reset(&body);
	buf_add_str(&body, "<urlset><url><loc>https://e.com/");
	for (i = 0; i < 20000; i++)
		buf_add_ch(&body, 'a');
	buf_add_str(&body, "</loc></url><url><loc>https://e.com/b</loc></url></urlset>");
	assert_int_equal(read_bytes(body.data, body.len, &out), SITEMAP_XML);
	assert_string_equal(out.data, "https://e.com/b \n");
	buf_release(&body);
	buf_release(&out);
}

/* Tokens that fall on the border between two chunks. */
static void test_chunks(void **state)
{
	static const char tail[] =
		"--><url><loc>https://e.com/<![CDATA[a&b]]>&amp;c&d&#38;e</loc></url></urlset>";
	struct buf body = BUF_INIT, out = BUF_INIT;
	size_t pad;

	(void)state;
	for (pad = 65536 - sizeof(tail) - 8; pad < 65540; pad++) {
		buf_reset(&body);
		buf_add_str(&body, "<urlset><!--");
		while (body.len < pad)
			buf_add_ch(&body, 'x');
		buf_add_str(&body, tail);
		assert_int_equal(read_bytes(body.data, body.len, &out), SITEMAP_XML);
		assert_string_equal(out.data, "https://e.com/a&b&c&d&e \n");
	}
	buf_release(&body);
	buf_release(&out);
}

static void date(const char *in, const char *want)
{
	char got[21] = "";

	assert_int_equal(sitemap_date(in, strlen(in), got), want != NULL);
	assert_string_equal(got, want ? want : "");
}

static void test_dates(void **state)
{
	(void)state;
	date("2024", "2024-01-01T00:00:00Z");
	date("2024-02", "2024-02-01T00:00:00Z");
	date(" 2024-02-29\n", "2024-02-29T00:00:00Z");
	date("2024-02-29T23:30:00-01:00", "2024-03-01T00:30:00Z");
	date("2024-01-01T00:30:00+0100", "2023-12-31T23:30:00Z");
	date("2024-01-01T00:30Z", "2024-01-01T00:30:00Z");
	date("2024-01-01T00:30:00.123456Z", "2024-01-01T00:30:00Z");
	date("2024-01-01 10:11:12", "2024-01-01T10:11:12Z");
	date("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z");
	date("Thu, 05 Jan 2017 13:34:51 +0100", "2017-01-05T12:34:51Z");
	date("5 January 17 13:34 EST", "2017-01-05T18:34:00Z");
	date("05 Jan 2017 13:34:51", NULL);
	date("2023-02-29", NULL);
	date("2024-13-01", NULL);
	date("2024-01-01T", NULL);
	date("2024-1-1", NULL);
	date("yesterday", NULL);
	date("", NULL);
	date("9999-12-31T23:59:59-01:00", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_formats, reset),
		cmocka_unit_test_setup(test_other_elements, reset),
		cmocka_unit_test_setup(test_wild, reset),
		cmocka_unit_test_setup(test_utf16, reset),
		cmocka_unit_test_setup(test_broken, reset),
		cmocka_unit_test_setup(test_no_dtd, reset),
		cmocka_unit_test_setup(test_options, reset),
		cmocka_unit_test_setup(test_caps, reset),
		cmocka_unit_test_setup(test_chunks, reset),
		cmocka_unit_test(test_dates),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
