/* test_page.c - one response from wire bytes to facts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <zlib.h>

#include "config/mem.h"
#include "crawler/page/inflate.h"
#include "crawler/page/page.h"
#include "crawler/page/sniff.h"
#include "tests/unit/facts_seal_later.h"

#define AREA (1 << 20)

static struct page_reader *reader;
static _Alignas(8) char area[AREA];
static struct page_task task;
static const struct facts *facts = (const struct facts *)area;

static int setup(void **state)
{
	(void)state;
	reader = page_reader_open();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	page_reader_close(reader);
	return 0;
}

static int reset(void **state)
{
	static const char url[] = "https://e.com/dir/page";

	(void)state;
	task = (struct page_task){.url = url,
		.url_len = sizeof(url) - 1,
		.content_type = "text/html",
		.max_decoded = 1 << 20,
		.max_text = 10000};
	return 0;
}

static void read_bytes(const void *body, size_t len)
{
	void *exact = mem_dup(body, len);
	struct err err;
	size_t size;

	task.body = exact;
	task.len = len;
	size = page_read(reader, &task, area, AREA);
	free(exact);
	assert_int_equal(facts_check(area, size, &err), 0);
}

static void read_text(const char *body)
{
	read_bytes(body, strlen(body));
}

static const char *link_url(size_t i)
{
	assert_true(i < facts->nlinks);
	return facts_text(facts, facts_links(facts)[i].url);
}

static void squeeze(struct buf *to, const char *text, size_t len)
{
	z_stream zs = {0};
	size_t bound;

	buf_reset(to);
	assert_int_equal(deflateInit2(&zs, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	bound = deflateBound(&zs, len);
	buf_grow(to, bound);
	zs.next_in = (z_const Bytef *)text;
	zs.avail_in = (uInt)len;
	zs.next_out = (Bytef *)to->data;
	zs.avail_out = (uInt)bound;
	assert_int_equal(deflate(&zs, Z_FINISH), Z_STREAM_END);
	buf_set_len(to, bound - zs.avail_out);
	deflateEnd(&zs);
}

static void test_html(void **state)
{
	static const uint8_t abc[32] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41,
		0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
		0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};

	(void)state;
	read_text("<title>T</title><a href=../x>y</a>");
	assert_int_equal(facts->flags, FACTS_HTML);
	assert_string_equal(facts_text(facts, facts->title), "T");
	assert_string_equal(link_url(0), "https://e.com/x");
	assert_int_equal(facts->decoded_size, 34);
	task.want_digest = true;
	read_text("abc");
	assert_int_equal(facts->flags, FACTS_HTML | FACTS_DIGEST);
	assert_memory_equal(facts->digest, abc, 32);
	/* No digest of the last page is left over. */
	task.want_digest = false;
	read_text("abc");
	assert_int_equal(facts->digest[0], 0);
}

static void test_coding(void **state)
{
	struct buf gz = BUF_INIT;
	static const char text[] = "<a href=a>1</a><a href=b>2</a>";

	(void)state;
	squeeze(&gz, text, sizeof(text) - 1);
	task.content_coding = "gzip";
	read_bytes(gz.data, gz.len);
	assert_int_equal(facts->flags, FACTS_HTML | FACTS_INFLATED);
	assert_int_equal(facts->nlinks, 2);
	assert_int_equal(facts->decoded_size, sizeof(text) - 1);
	/* Cut: the part that came out is read, and the fault is told. */
	read_bytes(gz.data, gz.len - 9);
	assert_int_equal(facts->flags, FACTS_HTML | FACTS_INFLATED | FACTS_BAD_CODING);
	read_text(text);
	assert_int_equal(facts->flags, FACTS_HTML | FACTS_INFLATED | FACTS_BAD_CODING);
	assert_int_equal(facts->nlinks, 0);
	/* No coding at all: read as it is, as browsers do. */
	task.content_coding = "utf-8";
	read_text(text);
	assert_int_equal(facts->flags, FACTS_HTML | FACTS_BAD_CODING);
	assert_int_equal(facts->decoded_size, sizeof(text) - 1);
	assert_int_equal(facts->nlinks, 2);
	task.content_coding = NULL;
	task.max_decoded = 15;
	read_text(text);
	assert_int_equal(facts->flags, FACTS_HTML | FACTS_CUT_BODY);
	assert_int_equal(facts->decoded_size, 15);
	assert_int_equal(facts->nlinks, 1);
	buf_release(&gz);
}

static void title_is(const char *charset, const char *title)
{
	assert_string_equal(facts_text(facts, facts->charset), charset);
	assert_string_equal(facts_text(facts, facts->title), title);
}

static void test_charset(void **state)
{
	struct buf body = BUF_INIT;

	(void)state;
	read_text("<title>\xe9</title>");
	title_is("windows-1252", "é");
	read_text("\xef\xbb\xbf<title>\xc3\xa9</title>");
	title_is("UTF-8", "é");
	task.content_type = "text/html; charset=koi8-r";
	read_text("<title>\xf0</title><a href='?q=\xf0&x=\x80'></a>");
	title_is("KOI8-R", "П");
	/* The query goes out in the encoding of the document. */
	assert_string_equal(link_url(0), "https://e.com/dir/page?q=%F0&x=%80");
	task.content_type = "text/html; charset=utf-8";
	read_text("<title>a\xff\xc3</title>");
	title_is("UTF-8", "a\xef\xbf\xbd\xef\xbf\xbd");
	task.content_type = "text/html; charset=utf-16le";
	read_bytes("<\0t\0i\0t\0l\0e\0>\0\xac\x20", 16);
	title_is("UTF-16LE", "€");
	task.content_type = "application/xhtml+xml";
	read_text("<html><title>\xc3\xa9</title>");
	title_is("UTF-8", "é");
	/* A meta element too late for the prescan changes the encoding all the same. */
	task.content_type = "text/html";
	buf_add_str(&body, "<title>\xe0</title>");
	while (body.len < 3000)
		buf_add_str(&body, "<link rel=x>");
	buf_add_str(&body, "<script>'<meta charset=big5>'</script><meta charset=windows-1251>");
	read_bytes(body.data, body.len);
	title_is("windows-1251", "а");
	buf_release(&body);
}

/* Text longer than one decoding step, with a character on every border. */
static void test_long_text(void **state)
{
	struct buf body = BUF_INIT;
	size_t pad;

	(void)state;
	task.content_type = "text/html; charset=shift_jis";
	for (pad = 0; pad < 4; pad++) {
		buf_reset(&body);
		buf_add_str(&body, "<title>");
		buf_add(&body, "xxxx", pad);
		while (body.len < 40000)
			buf_add_str(&body, "\x93\xfa");
		buf_add_str(&body, "</title><a href=z>");
		read_bytes(body.data, body.len);
		assert_string_equal(link_url(0), "https://e.com/dir/z");
		assert_null(strstr(facts_text(facts, facts->title), "\xef\xbf\xbd"));
	}
	buf_release(&body);
}

static void test_robots(void **state)
{
	(void)state;
	task.expect = PAGE_ROBOTS;
	task.content_type = "text/plain; charset=iso-8859-1";
	read_text("\xef\xbb\xbfUser-agent: *\nDisallow: /\xc3\xa9\nSitemap: /s.xml\nSitemap: "
		  "mailto:x\n");
	assert_int_equal(facts->flags, FACTS_ROBOTS);
	assert_string_equal(facts_text(facts, facts->text),
		"User-agent: *\nDisallow: /é\nSitemap: /s.xml\nSitemap: mailto:x\n");
	assert_int_equal(facts->nlinks, 1);
	assert_string_equal(link_url(0), "https://e.com/s.xml");
	assert_int_equal(facts_links(facts)[0].kind, LINK_SITEMAP);
	assert_int_equal(facts_links(facts)[0].flags, LINK_IS_INDEX);
	read_bytes("\xff\xfe"
		   "a\0",
		4);
	assert_string_equal(facts_text(facts, facts->text), "a");
}

/* Found by fuzzing: a NUL in the text made the whole block invalid. */
static void test_robots_nul(void **state)
{
	(void)state;
	task.expect = PAGE_ROBOTS;
	read_bytes("a\0b\0", 4);
	assert_string_equal(facts_text(facts, facts->text), "a\xef\xbf\xbd"
							    "b\xef\xbf\xbd");
	read_bytes("\0", 1);
	assert_int_equal(facts->flags, FACTS_ROBOTS);
}

static void test_small_area(void **state)
{
	static _Alignas(8) char small[4096];
	const struct facts *f = (const struct facts *)small;
	struct buf body = BUF_INIT;
	struct err err;
	int i;

	(void)state;
	task.expect = PAGE_ROBOTS;
	for (i = 0; i < 500; i++)
		buf_addf(&body, "Disallow: /%d/\nSitemap: /%d.xml\n", i, i);
	task.body = body.data;
	task.len = body.len;
	assert_int_equal(
		facts_check(small, page_read(reader, &task, small, sizeof(small)), &err), 0);
	assert_true(f->flags & (FACTS_CUT_TEXT | FACTS_CUT_LINKS));
	/* Whole lines or nothing. */
	if (f->text.len)
		assert_int_equal(facts_text(f, f->text)[f->text.len - 1], '\n');
	task.expect = PAGE_AUTO;
	buf_reset(&body);
	for (i = 0; i < 500; i++)
		buf_addf(&body, "<h1>heading %d</h1><a href=/%d>text</a>", i, i);
	task.body = body.data;
	task.len = body.len;
	assert_int_equal(
		facts_check(small, page_read(reader, &task, small, sizeof(small)), &err), 0);
	assert_true(f->flags & FACTS_CUT_LINKS);
	buf_release(&body);
}

static void test_sitemap(void **state)
{
	static const char text[] = "<urlset><url><loc>https://e.com/a</loc></url></urlset>";
	struct buf gz = BUF_INIT;

	(void)state;
	task.content_type = "application/xml";
	read_text(text);
	assert_int_equal(facts->flags, FACTS_SITEMAP);
	assert_string_equal(link_url(0), "https://e.com/a");
	/* A gzip file, when a sitemap is expected; the size is that of the file. */
	squeeze(&gz, text, sizeof(text) - 1);
	task.content_type = "application/x-gzip";
	read_bytes(gz.data, gz.len);
	assert_int_equal(facts->flags, 0);
	task.url = "https://e.com/sitemap.xml.gz?x";
	task.url_len = 30;
	read_bytes(gz.data, gz.len);
	assert_int_equal(facts->flags, FACTS_SITEMAP);
	reset(state);
	task.content_type = "application/x-gzip";
	task.expect = PAGE_SITEMAP;
	read_bytes(gz.data, gz.len);
	assert_int_equal(facts->flags, FACTS_SITEMAP);
	assert_int_equal(facts->nlinks, 1);
	assert_int_equal(facts->decoded_size, gz.len);
	task.content_type = "text/plain";
	read_text("https://e.com/x\n");
	assert_int_equal(facts->flags, FACTS_SITEMAP);
	/* An error page in its place is a page. */
	task.content_type = "text/html";
	read_text("<title>404</title><a href=/>home</a>");
	assert_int_equal(facts->flags, FACTS_HTML);
	assert_int_equal(facts->nlinks, 1);
	task.expect = PAGE_AUTO;
	task.content_type = "text/plain";
	read_text("https://e.com/x\n");
	assert_int_equal(facts->flags, 0);
	assert_int_equal(facts->nlinks, 0);
	/* XHTML under a general name. */
	task.content_type = "text/xml";
	read_text("<?xml version='1.0'?><!-- c --><html xmlns='http://www.w3.org/1999/xhtml'><a "
		  "href='x'/></html>");
	assert_int_equal(facts->flags, FACTS_HTML);
	/* Found by fuzzing: a read past a body that ends in "<". */
	read_text("<?xml?><");
	assert_int_equal(facts->flags, 0);
	buf_release(&gz);
}

static void test_link_header(void **state)
{
	(void)state;
	task.content_type = "application/pdf";
	task.link_header =
		"<https://e.com/c>; rel=\"canonical\", <n?2>;rel=next , <de>; rel=\"x ALTERNATE\"; "
		"hreflang=de, <s.css>; rel=preload; as=style, <other>; rel=next; anchor=\"#x\", "
		"<a,b;c>; title=\"q\\\"; rel=next\"; rel=prev";
	read_text("%PDF-1.4");
	assert_int_equal(facts->nlinks, 4);
	assert_int_equal(facts_links(facts)[0].kind, LINK_CANONICAL);
	assert_int_equal(facts_links(facts)[0].attr, ATTR_HEADER);
	assert_string_equal(link_url(0), "https://e.com/c");
	assert_string_equal(link_url(1), "https://e.com/dir/n?2");
	assert_int_equal(facts_links(facts)[1].flags, LINK_NEXT);
	assert_int_equal(facts_links(facts)[2].flags, LINK_ALTERNATE | LINK_HREFLANG);
	assert_string_equal(facts_text(facts, facts_links(facts)[2].text), "de");
	assert_string_equal(link_url(3), "https://e.com/dir/a,b;c");
	/* The element of the page wins over the header. */
	task.content_type = "text/html";
	read_text("x");
	assert_string_equal(facts_text(facts, facts->canonical), "https://e.com/c");
	read_text("<link rel=canonical href=/own>");
	assert_string_equal(facts_text(facts, facts->canonical), "https://e.com/own");
	task.link_header = NULL;
	read_text("x");
	assert_string_equal(facts_text(facts, facts->canonical), "");
	task.link_header = "<, ;;=\"";
	read_text("x");
	assert_int_equal(facts->nlinks, 0);
}

static enum sniff_kind kind(const char *type, const char *body)
{
	return sniff_body(type, body, strlen(body)).kind;
}

static void test_sniff(void **state)
{
	char essence[32];

	(void)state;
	assert_int_equal(kind("Text/HTML;charset=x", "%PDF-"), SNIFF_HTML);
	assert_int_equal(kind("image/png", "<html>"), SNIFF_OTHER);
	assert_int_equal(kind("text/plain", "<html>"), SNIFF_TEXT);
	assert_int_equal(kind("application/rss+xml", ""), SNIFF_XML);
	assert_int_equal(kind("image/svg+xml", "<svg>"), SNIFF_OTHER);
	assert_int_equal(kind("application/octet-stream", "<html>"), SNIFF_OTHER);
	assert_int_equal(kind(NULL, " \n<!doctype html>"), SNIFF_HTML);
	assert_int_equal(kind("", "<p >"), SNIFF_HTML);
	assert_int_equal(kind("nonsense", "<!-- x"), SNIFF_HTML);
	assert_int_equal(kind("*/*", "<pre>"), SNIFF_TEXT);
	assert_int_equal(kind(NULL, "<?xml version"), SNIFF_XML);
	assert_int_equal(kind(NULL, "\x1f\x8b\x08"), SNIFF_GZIP);
	assert_int_equal(kind(NULL, "%PDF-1"), SNIFF_OTHER);
	assert_int_equal(kind(NULL, "\x01\x02"), SNIFF_OTHER);
	assert_int_equal(kind(NULL, "plain"), SNIFF_TEXT);
	sniff_essence(" Text/Html ; x", essence, sizeof(essence));
	assert_string_equal(essence, "text/html");
	sniff_essence("text/html, text/plain", essence, sizeof(essence));
	assert_string_equal(essence, "text/html");
	sniff_essence("text", essence, sizeof(essence));
	assert_string_equal(essence, "");
	sniff_essence("a/b/c", essence, sizeof(essence));
	assert_string_equal(essence, "");
	sniff_essence("text/ html", essence, sizeof(essence));
	assert_string_equal(essence, "");
	/* What the bytes said is recorded where the header said nothing. */
	task.content_type = NULL;
	read_text("<html>");
	assert_string_equal(facts_text(facts, facts->content_type), "text/html");
	assert_int_equal(facts->flags, FACTS_HTML);
}

static void test_decode(void **state)
{
	struct buf out = BUF_INIT, utf8 = BUF_INIT, gz = BUF_INIT;
	const char *charset;

	(void)state;
	squeeze(&gz, "caf\xe9", 4);
	task.content_coding = "gzip";
	task.content_type = "text/plain; charset=latin1";
	task.body = gz.data;
	task.len = gz.len;
	assert_int_equal(page_decode(reader, &task, &out, &utf8, &charset), INFLATE_OK);
	assert_string_equal(out.data, "caf\xe9");
	assert_string_equal(utf8.data, "café");
	assert_string_equal(charset, "windows-1252");
	task.content_type = "image/png";
	assert_int_equal(page_decode(reader, &task, &out, &utf8, &charset), INFLATE_OK);
	assert_null(charset);
	assert_int_equal(utf8.len, 0);
	task.len = gz.len - 8;
	assert_int_equal(page_decode(reader, &task, &out, NULL, NULL), INFLATE_CUT);
	assert_string_equal(out.data, "caf\xe9");
	buf_release(&out);
	buf_release(&utf8);
	buf_release(&gz);
}

static void test_bad_url(void **state)
{
	(void)state;
	task.url = "nonsense";
	task.url_len = 8;
	read_text("<a href=x>");
	assert_int_equal(facts->nlinks, 0);
	assert_int_equal(facts->flags, 0);
}

/* ---- sealed ---- */

static void compare_text(const struct facts *a, struct facts_str s, const struct facts *b,
	struct facts_str t, const char *what)
{
	const char *want = facts_text(a, s), *got = facts_text(b, t);
	size_t at = 0;

	while (want[at] && want[at] == got[at])
		at++;
	if (want[at] != got[at])
		fail_msg("%s at %zu: %.80s, not %.80s", what, at, got + at, want + at);
}

/* Reading with a sealer gives what sealing gives after reading. */
static void read_sealed(const char *body, size_t len)
{
	static _Alignas(8) char then[AREA], at_once[AREA];
	const struct facts *a = (const struct facts *)then, *b = (const struct facts *)at_once;
	struct sealer *sealer = sealer_open();
	struct err err;
	size_t size;

	read_bytes(body, len);
	facts_seal(sealer, facts, task.url, task.url_len, then, AREA);
	task.sealer = sealer;
	task.body = body;
	size = page_read(reader, &task, at_once, AREA);
	task.sealer = NULL;
	if (facts_check(at_once, size, &err) < 0 || facts_check_texts(b, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->nfound, b->nfound);
	assert_int_equal(a->nlinks, b->nlinks);
	for (uint32_t i = 0; i < a->nlinks; i++) {
		const struct facts_link *x = &facts_links(a)[i], *y = &facts_links(b)[i];

		compare_text(a, x->url, b, y->url, "link");
		assert_int_equal(x->kind, y->kind);
		assert_int_equal(x->flags, y->flags);
	}
	compare_text(a, a->link_json, b, b->link_json, "JSON");
	compare_text(a, a->canonical, b, b->canonical, "canonical");
	compare_text(a, a->base, b, b->base, "base");
	compare_text(a, a->title, b, b->title, "title");
	compare_text(a, a->headings, b, b->headings, "headings");
	compare_text(a, a->text, b, b->text, "text");
	compare_text(a, a->charset, b, b->charset, "charset");
	sealer_free(sealer);
}

static void test_sealed(void **state)
{
	static const char page[] =
		"<base href=/d/><title>T</title><link rel=canonical href=x#y>"
		"<a href=x#1>one</a><a href=x#2>two</a><a href='x# 3'>three</a><a href='x #4'></a>"
		"<a href='x'>\"</a><img src=x><a href=x rel=nofollow>\xc3\xa4</a><a href='#'></a>"
		"<a href='#f'></a><a href=''></a><a href='mailto:a#b'></a><a href='mailto:a#c'></a>"
		"<a href='http://o.test:80'></a><a href='http://o.test:80#x'></a><a href='//['></a>"
		"<template><a href=x></a></template><a href=x></a><link rel=canonical href=x>"
		"<h1>H</h1><form action=x></form><area href=x#1><a href='data:,a #b'></a>"
		"<a href='data:,a #b'></a><a href='data:,a '></a><a href='?q#a'></a><a "
		"href='?q#b'>";

	(void)state;
	task.link_header = "</x>; rel=next, <../y#z>; rel=canonical; hreflang=de";
	read_sealed(page, strlen(page));
	assert_int_equal(facts->nlinks, 27);
}

/* References with and without fragments, over and over, in every order. */
static void test_sealed_generated(void **state)
{
	static const char *const path[] = {"", "x", "../y/z.html", "/", "a b", " x", "?q",
		"//o.test/", "http://e.com/dir/page", "mailto:m", "x?\xc3\xa4", "%2e", "\tx", "x\n",
		"x "},
				 *const end[] = {"", "#", "#f", "#f g", "#\xc3\xa4", "#a#b", " #c",
					 "\n#d", "# "},
				 *const tag[] = {"<a href='%s%s'>t</a>", "<img src='%s%s' alt=i>",
					 "<a rel=nofollow href='%s%s'></a>", "<area href='%s%s'>",
					 "<link rel=stylesheet href='%s%s'>"};
	unsigned x = 1;
	struct buf body = BUF_INIT;

	(void)state;
	for (int round = 0; round < 300; round++) {
		buf_reset(&body);
		buf_add_str(&body, round % 3 ? "" : "<meta charset=iso-8859-1>");
		for (int i = 0; i < 100; i++) {
			x = x * 1103515245 + 12345;
			buf_addf(
				&body, tag[(x >> 8) % 5], path[(x >> 12) % 15], end[(x >> 20) % 9]);
		}
		read_sealed(body.data, body.len);
	}
	buf_release(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_html, reset),
		cmocka_unit_test_setup(test_coding, reset),
		cmocka_unit_test_setup(test_charset, reset),
		cmocka_unit_test_setup(test_long_text, reset),
		cmocka_unit_test_setup(test_robots, reset),
		cmocka_unit_test_setup(test_robots_nul, reset),
		cmocka_unit_test_setup(test_small_area, reset),
		cmocka_unit_test_setup(test_sitemap, reset),
		cmocka_unit_test_setup(test_link_header, reset),
		cmocka_unit_test_setup(test_sniff, reset),
		cmocka_unit_test_setup(test_decode, reset),
		cmocka_unit_test_setup(test_bad_url, reset),
		cmocka_unit_test_setup(test_sealed, reset),
		cmocka_unit_test_setup(test_sealed_generated, reset),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
