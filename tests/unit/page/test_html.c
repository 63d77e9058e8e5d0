/* Documents and what is found in them. Each document is read whole and byte by byte. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config/buf.h"
#include "config/facts.h"
#include "config/mem.h"
#include "crawler/page/html.h"

#define AREA (16u << 20)

static struct html *html;
static struct url_parser parser;
static char *area;
static size_t max_text = 1 << 20;
static size_t area_size = AREA;

static int set_up(void **state)
{
	(void)state;
	html = html_open();
	url_parser_init(&parser);
	area = mem_alloc(AREA);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	html_free(html);
	url_parser_release(&parser);
	free(area);
	return 0;
}

static const struct facts *read_n(const char *page, size_t len, size_t step)
{
	static const char at[] = "http://h.test/d/p.html?q";
	struct html_opts opts = {.max_text = max_text};
	struct facts_writer w;
	struct url url;
	struct err err;

	assert_int_equal(url_parse(&parser, at, strlen(at), NULL, &url), 0);
	opts.url = &url;
	facts_begin(&w, area, area_size);
	html_begin(html, &opts, &w);
	for (size_t i = 0; i < len; i += step)
		html_feed(html, page + i, step < len - i ? step : len - i);
	html_end(html);
	if (facts_check(area, facts_finish(&w), &err) < 0)
		fail_msg("%s", err.text);
	return w.f;
}

static const struct facts *read_page(const char *page)
{
	return read_n(page, strlen(page), strlen(page) + 1);
}

/* "kind attr url" of each link, one per line; http://h.test left out. */
static void links_of(const struct facts *f, struct buf *out)
{
	static const char host[] = "http://h.test";
	const struct facts_link *l = facts_links(f);

	for (uint32_t i = 0; i < f->nlinks; i++, l++) {
		const char *url = facts_text(f, l->url);

		if (strncmp(url, host, strlen(host)) == 0)
			url += strlen(host);
		buf_addf(out, "%s%s %s %s%s", i ? "\n" : "", facts_kind_name(l->kind),
			facts_attr_name(l->attr), url,
			l->flags & LINK_IN_TEMPLATE ? " in template" : "");
	}
}

static void expect_links(const char *page, const char *want)
{
	struct buf got = BUF_INIT;

	links_of(read_page(page), &got);
	if (strcmp(got.data, want) != 0)
		fail_msg("%s\ngot\n%s\nwant\n%s", page, got.data, want);
	buf_reset(&got);
	links_of(read_n(page, strlen(page), 1), &got);
	if (strcmp(got.data, want) != 0)
		fail_msg("byte by byte: %s\ngot\n%s", page, got.data);
	buf_release(&got);
}

struct links_case {
	const char *page, *want;
};

static void expect_all(const struct links_case *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		expect_links(c[i].page, c[i].want);
}

#define EXPECT_ALL(cases) expect_all(cases, sizeof(cases) / sizeof(*(cases)))

/* ---- links ---- */

static void every_attribute_that_counts(void **state)
{
	static const struct links_case cases[] = {
		{"<a href=x>", "a href /d/x"},
		{"<area href=x>", "area href /d/x"},
		{"<link href=x imagesrcset='a 1x, b 2x'>",
			"link href /d/x\nlink imagesrcset /d/a\nlink imagesrcset /d/b"},
		{"<img src=x srcset='a 1w,b 2w' longdesc=l>",
			"img src /d/x\nimg srcset /d/a\nimg srcset /d/b\nimg longdesc /d/l"},
		{"<script src=x></script>", "script src /d/x"},
		{"<iframe src=x longdesc=y></iframe>", "iframe src /d/x\niframe longdesc /d/y"},
		{"<frameset><frame src=x longdesc=y>", "frame src /d/x\nframe longdesc /d/y"},
		{"<embed src=x>", "embed src /d/x"},
		{"<source src=x srcset=y>", "source src /d/x\nsource srcset /d/y"},
		{"<track src=x>", "track src /d/x"},
		{"<audio src=x>", "audio src /d/x"},
		{"<video src=x poster=y>", "video src /d/x\nvideo poster /d/y"},
		{"<input src=x formaction=y>", "input src /d/x\ninput formaction /d/y"},
		{"<button formaction=x>", "button formaction /d/x"},
		{"<object data=x>", "object data /d/x"},
		{"<form action=x>", "form action /d/x"},
		{"<body background=x>", "body background /d/x"},
		{"<table background=x><td background=y><th background=z>",
			"body background /d/x\nbody background /d/y\nbody background /d/z"},
		{"<blockquote cite=a></blockquote><q cite=b></q><ins cite=c></ins><del cite=d>",
			"quote cite /d/a\nquote cite /d/b\nquote cite /d/c\nquote cite /d/d"},
		{"<svg><a href=a xlink:href=b><image href=c /><use xlink:href=d /><script href=e />"
		 "<feImage href=f />",
			"svg href /d/a\nsvg xlink:href /d/b\nsvg href /d/c\nsvg xlink:href /d/d\n"
			"svg href /d/e\nsvg href /d/f"},
		{"<meta http-equiv=Refresh content='5; url=x'>", "meta content /d/x"},
		/* Other elements: neither a control character nor '=' ends the name of a tag. */
		{"<p><img\x01 src=\"x\"><img=y src=\"x\"><a\x01 href=\"x\"></a><a=y href=\"x\"></a>"
		 "<h\x11><img src=\"y\"></h\x11>.............................................",
			"img src /d/y"},
		{"<image src=x>", "img src /d/x"},
		/* and what does not */
		{"<div href=x src=y><p cite=z><base href=/b/>", ""},
		{"<svg><a src=x><rect href=y></svg><math><mi href=z>", ""},
		{"<a name=x><a HREF>", "a href /d/p.html?q"},
		{"<meta http-equiv=refresh content=5><meta name=refresh content='0;url=x'>", ""},
		{"<a href='http://a b/'>", ""},
		{"<a href='httpx:a b'>", "a href httpx:a b"},
		{"<a href='mailto:a@b'><a href='javascript:x y'><a href='data:,a b'>",
			"a href mailto:a@b\na href javascript:x y\na href data:,a b"},
	};

	(void)state;
	EXPECT_ALL(cases);
}

static void links_need_their_element_to_exist(void **state)
{
	static const struct links_case cases[] = {
		/* inside of what is only text */
		{"<title><a href=x></title><textarea><a href=x></textarea><style><a href=x></style>"
		 "<xmp><a href=x></xmp><iframe><a href=x></iframe><noembed><a href=x></noembed>"
		 "<noframes><a href=x></noframes><script><a href=x></script><!--<a href=x>-->"
		 "<a href=y>",
			"a href /d/y"},
		{"<plaintext><a href=x>", ""},
		{"<script><!--<script></script><a href=x>--></script><a href=y>", "a href /d/y"},
		/* scripting is off */
		{"<noscript><img src=x></noscript>", "img src /d/x"},
		{"<head><noscript><link href=x><a href=y></noscript>",
			"link href /d/x\na href /d/y"},
		/* tags that are not finished, or not allowed there */
		{"<a href=x", ""},
		{"<a href='x><p>", ""},
		{"<td background=x>", ""},
		{"<frame src=x>", ""},
		{"x<frameset><frame src=x>", ""},
		{"<form action=a><form action=b></form><form action=c>",
			"form action /d/a\nform action /d/c"},
		{"<table><form action=a></table><form action=b>", "form action /d/a"},
		{"<template><form action=a><form action=b></template>",
			"form action /d/a in template\nform action /d/b in template"},
		{"<div></div><body background=x><body background=y>", "body background /d/x"},
		{"<select><a href=x><option></select><a href=y>", "a href /d/x\na href /d/y"},
		{"<select><input src=x><a href=y>", "input src /d/x\na href /d/y"},
		/* a frameset takes the place of a body that shows nothing */
		{"<link href=a><p><a href=b></a><frameset><frame src=c>",
			"link href /d/a\nframe src /d/c"},
		{"<p><a href=b></a><br><frameset><frame src=c>", "a href /d/b"},
		/* svg and back */
		{"<svg><td background=x><foreignObject><td background=y><table><td background=z>",
			"body background /d/z"},
		{"<svg><title><a href=x></a></title><style><a href=y></style><p><a href=z>",
			"a href /d/x\nsvg href /d/y\na href /d/z"},
		{"<svg><![CDATA[<a href=x>]]><a href=y></svg><![CDATA[<a href=z>]]>",
			"svg href /d/y"},
		{"<math><annotation-xml encoding=text/html><a href=x></annotation-xml></math>"
		 "<math><annotation-xml><svg><a href=y>",
			"a href /d/x\nsvg href /d/y"},
		{"<svg><font><a href=x></font><font size=1><a href=y>",
			"svg href /d/x\na href /d/y"},
	};

	(void)state;
	EXPECT_ALL(cases);
}

static void links_stand_where_the_tree_has_them(void **state)
{
	static const struct links_case cases[] = {
		/* of duplicate attributes the first counts */
		{"<a href=x href=y HREF=z>", "a href /d/x"},
		/* an <a> that is not closed goes on in the next block */
		{"<div><a href=x>1</div>2", "a href /d/x\na href /d/x"},
		{"<p><a href=x>1<p>2<p>3", "a href /d/x\na href /d/x\na href /d/x"},
		{"<div><a name=x>1</div>2", ""},
		/* one closed inside of blocks leaves a copy in each */
		{"<a href=x><div><img src=i></a>", "a href /d/x\na href /d/x\nimg src /d/i"},
		{"<a href=x><div><p></a>", "a href /d/x\na href /d/x\na href /d/x"},
		{"<a href=x><div><a href=y>", "a href /d/x\na href /d/x\na href /d/y"},
		{"<b><a href=x><div></b></a>", "a href /d/x\na href /d/x\na href /d/x"},
		/* cells keep it out */
		{"<a href=x><table><td><a href=y></table>", "a href /d/x\na href /d/y"},
		{"<a href=x><table><a href=y>", "a href /d/x\na href /d/y"},
		/* what does not belong into a table goes before it */
		{"<table background=t><a href=x><tr><td background=d><a href=y>",
			"a href /d/x\nbody background /d/t\nbody background /d/d\na href /d/y"},
		{"<table background=t><div><a href=x><a href=y></div><tr><img src=i>",
			"a href /d/x\na href /d/y\na href /d/y\nimg src /d/i\nbody background "
			"/d/t"},
		{"<table background=t><input type=hidden src=x><input src=y>",
			"input src /d/y\nbody background /d/t\ninput src /d/x"},
		{"<a href=x><body background=y>", "body background /d/y\na href /d/x"},
		{"<a href=x><nobr><a href=y><nobr><a>", "a href /d/x\na href /d/y\na href /d/y"},
		{"<a href=x><b><a href=y></b><p>z", "a href /d/x\na href /d/y\na href /d/y"},
		{"<table background=t><a href=x><dt><main><a href=y>",
			"a href /d/x\na href /d/x\na href /d/x\na href /d/y\nbody background /d/t"},
		{"<a href=x><form><ins><form></form></a><a href=y>", "a href /d/x\na href /d/y"},
		/* an object without end tag keeps what was open outside of it from coming back */
		{"<a href=x><table><td><object><table></table></table>y", "a href /d/x"},
		{"<template><a href=x><object></template>y",
			"a href /d/x in template\na href /d/x"},
		{"<x-y><a href=x></x-y></body> ", "a href /d/x\na href /d/x"},
		/* a table closes a paragraph, but not in quirks mode */
		{"<p><a href=x><table><td></p></table>y", "a href /d/x"},
		{"<!doctype html><p><a href=x><table><td></p></table>y",
			"a href /d/x\na href /d/x"},
		{"<template><a href=x><template><img src=y></template></template><a href=z>",
			"a href /d/x in template\nimg src /d/y in template\na href /d/z"},
		{"<table><template><tr><td background=x></template><td background=y>",
			"body background /d/x in template\nbody background /d/y"},
	};

	(void)state;
	EXPECT_ALL(cases);
}

static void base_counts_wherever_it_stands(void **state)
{
	static const struct links_case cases[] = {
		{"<base href=/b/><a href=x>", "a href /b/x"},
		{"<a href=x></a><p><base href=/b/><base href=/c/><a href=y>",
			"a href /b/x\na href /b/y"},
		{"<base target=t><base href=/b/><a href=x>", "a href /b/x"},
		{"<base href='http://a b/'><base href=/b/><a href=x>", "a href /d/x"},
		{"<base href='data:/,x'><a href=x>", "a href /d/x"},
		{"<base href='javascript:/x'><a href=x>", "a href /d/x"},
		{"<template><base href=/b/></template><svg><base href=/c/></svg><a href=x>",
			"a href /d/x"},
		{"<base href='//o.test/x/y'><a href=z>", "a href http://o.test/x/z"},
		{"<base href=/&#98;/><a href='&#120;&amp;&ampy&notit;=&amp=1'>",
			"a href /b/x&&ampy&notit;=&amp=1"},
	};
	const struct facts *f;

	(void)state;
	EXPECT_ALL(cases);
	f = read_page("<base href=/b/>");
	assert_string_equal(facts_text(f, f->base), "http://h.test/b/");
	f = read_page("<p>");
	assert_int_equal(f->base.len, 0);
}

static void rel_text_and_flags(void **state)
{
	static const struct {
		const char *page;
		unsigned flags;
		int kind;
		const char *rel, *text;
	} cases[] = {
		{"<a href=x rel=' NoFollow\n  ugc '>t</a>", LINK_NOFOLLOW, LINK_A, "NoFollow ugc",
			"t"},
		{"<a href=x rel=next> two\n <b>words</b> </a>", LINK_NEXT, LINK_A, "next",
			"two words"},
		{"<a href=x rel='alternate icon'>", 0, LINK_A, "alternate icon", ""},
		{"<a href=x>a<p>b<img src=i alt=' c '>d<br>e</a>f", 0, LINK_A, "", "a b c d e"},
		{"<a href=x><td>a&nbsp;b<a>", 0, LINK_A, "", "a b"},
		{"<area href=x alt='a  b' rel=nofollow>", LINK_NOFOLLOW, LINK_AREA, "nofollow",
			"a b"},
		{"<img src=x alt=t>", 0, LINK_IMG, "", "t"},
		{"<link href=x rel=canonical>", 0, LINK_CANONICAL, "canonical", ""},
		{"<link href=x rel='alternate stylesheet'>", LINK_ALTERNATE | LINK_STYLESHEET,
			LINK_LINK, "alternate stylesheet", ""},
		{"<link href=x rel=alternate hreflang=de-AT>", LINK_ALTERNATE | LINK_HREFLANG,
			LINK_LINK, "alternate", "de-AT"},
		{"<link href=x rel=alternate type=application/rss+xml title=t>", LINK_ALTERNATE,
			LINK_LINK, "alternate", "application/rss+xml"},
		{"<link href=x rel='shortcut icon'>", LINK_ICON, LINK_LINK, "shortcut icon", ""},
		{"<link href=x rel=dns-prefetch>", LINK_HINT, LINK_LINK, "dns-prefetch", ""},
		{"<link href=x rel=prev>", LINK_NEXT, LINK_LINK, "prev", ""},
		{"<form action=x rel=nofollow>", LINK_NOFOLLOW, LINK_FORM, "nofollow", ""},
	};

	(void)state;
	for (size_t i = 0; i < MEM_COUNT(cases); i++) {
		const struct facts *f = read_page(cases[i].page);
		const struct facts_link *l = facts_links(f);

		assert_true(f->nlinks >= 1);
		assert_int_equal(l->flags, cases[i].flags);
		assert_int_equal(l->kind, cases[i].kind);
		assert_string_equal(facts_text(f, l->rel), cases[i].rel);
		assert_string_equal(facts_text(f, l->text), cases[i].text);
	}
}

static void link_text_is_cut_between_characters(void **state)
{
	struct buf page = BUF_INIT;
	const struct facts *f;

	(void)state;
	buf_add_str(&page, "<a href=x>a");
	for (int i = 0; i < 200; i++)
		buf_add_str(&page, "\xc3\xa4");
	f = read_n(page.data, page.len, page.len);
	assert_int_equal(facts_links(f)->text.len, 255);
	buf_release(&page);
}

/* ---- what the head says ---- */

static void head_facts(void **state)
{
	const struct facts *f = read_page(
		"<!doctype html><html lang=' de-AT '><meta name=Description content=' a\n b '>"
		"<meta name=description content=c><title> A &amp;\n<b>B </title><title>C</title>"
		"<meta name=ROBOTS content='noindex,NoArchive'><meta name=skitter "
		"content=nosnippet>"
		"<meta name=googlebot content=nofollow><link rel=canonical href=/x><link "
		"rel=canonical "
		"href=/y>");

	(void)state;
	assert_string_equal(facts_text(f, f->lang), "de-AT");
	assert_string_equal(facts_text(f, f->title), "A & <b>B");
	assert_string_equal(facts_text(f, f->description), "a b");
	assert_string_equal(facts_text(f, f->canonical), "http://h.test/x");
	assert_int_equal(f->robots, ROBOTS_NOINDEX | ROBOTS_NOARCHIVE | ROBOTS_NOSNIPPET);
	assert_int_equal(f->flags, FACTS_HTML);

	f = read_page("<svg><title>no</title></svg><template><title>no</title><meta name=robots "
		      "content=none></template><p>x<title>yes</title><html lang=fr>"
		      "<meta name=robots content='none'>");
	assert_string_equal(facts_text(f, f->title), "yes");
	assert_string_equal(facts_text(f, f->lang), "fr");
	assert_int_equal(f->robots, ROBOTS_NOINDEX | ROBOTS_NOFOLLOW);

	f = read_page("<title>never closed <p>");
	assert_string_equal(facts_text(f, f->title), "never closed <p>");
	f = read_page("");
	assert_int_equal(f->title.len + f->text.len + f->lang.len + f->nlinks, 0);
}

static void headings(void **state)
{
	const struct facts *f = read_page("<h1>One <i>i</i></h1>x<h2></h2><h3>Th\nree<h2>Two</h3>y"
					  "<h6>Six<div>d</div>");

	(void)state;
	assert_string_equal(facts_text(f, f->headings), "1 One i\n3 Th ree\n2 Two\n6 Six d");
}

/* ---- text ---- */

static void main_text(void **state)
{
	static const struct {
		const char *page, *text;
		unsigned words;
	} cases[] = {
		{"<title>no</title> a  b\n<p> c <b>d</b>e </p>f", "a b\nc de\nf", 5},
		{"a<br>b<hr>c<div><div>d</div></div>e", "a\nb\nc\nd\ne", 5},
		{"<ul><li>a<li>b</ul><table><tr><td>c<td>d<tr><td>e</table>", "a\nb\nc d\ne", 5},
		{"a<script>no</script><style>no</style><template>no</template><textarea>no</"
		 "textarea>"
		 "<select><option>no</select><svg><text>no</text></svg><iframe>no</iframe>b",
			"ab", 1},
		{"<noscript>a</noscript> <math><mi>x</mi></math> <xmp><i></xmp>", "a x\n<i>", 3},
		{"a&nbsp;b&#x3000;c &amp;&lt;", "a b c &<", 4},
		{"\xe4\xb8\xad\xe6\x96\x87 abc\xe5\xad\x97",
			"\xe4\xb8\xad\xe6\x96\x87 abc\xe5\xad\x97", 4},
		{"a\0b", "a", 1},
		{"one two three four five six seven eight nine ten.",
			"one two three four five six seven eight nine ten.", 10},
		{"sixteen bytes on sixteen bytes  on and  more ",
			"sixteen bytes on sixteen bytes on and more", 8},
		{"<p>a</body></html> b", "a b", 2},
		{"<h1>t</h1><pre>a\n  b</pre>", "t\na b", 3},
		{"plain", "plain", 1},
		{"   ", "", 0},
	};

	(void)state;
	for (size_t i = 0; i < MEM_COUNT(cases); i++)
		for (size_t step = 1; step < 40; step += 19) {
			const struct facts *f = read_n(cases[i].page, strlen(cases[i].page), step);

			assert_string_equal(facts_text(f, f->text), cases[i].text);
			assert_int_equal(f->words, cases[i].words);
		}
}

static void nul_is_no_text(void **state)
{
	static const char page[] = "<title>a\0b</title>c\0d<a href='\0'>";
	const struct facts *f = read_n(page, sizeof(page) - 1, 1);

	(void)state;
	assert_string_equal(facts_text(f, f->title), "a\xef\xbf\xbd"
						     "b");
	assert_string_equal(facts_text(f, f->text), "cd");
	assert_string_equal(facts_text(f, facts_links(f)->url), "http://h.test/d/%EF%BF%BD");
}

static void text_is_cut_and_said_so(void **state)
{
	const struct facts *f;

	(void)state;
	max_text = 6;
	f = read_page("<p>abc<p>d\xc3\xa4\xc3\xa4<h1>Head</h1><a href=x>link text</a>");
	assert_string_equal(facts_text(f, f->text), "abc\nd");
	assert_int_equal(f->flags, FACTS_HTML | FACTS_CUT_TEXT);
	assert_string_equal(facts_text(f, f->headings), "1 Head");
	assert_string_equal(facts_text(f, facts_links(f)->text), "link text");
	assert_int_equal(f->words, 5);
	max_text = 0;
	f = read_page("<h1>Head</h1>abc");
	assert_int_equal(f->text.len, 0);
	assert_string_equal(facts_text(f, f->headings), "1 Head");
	max_text = 1 << 20;
}

/* ---- caps ---- */

static void repeat(struct buf *b, const char *s, int n)
{
	while (n--)
		buf_add_str(b, s);
}

static void long_urls_are_dropped_and_said(void **state)
{
	struct buf page = BUF_INIT;
	const struct facts *f;

	(void)state;
	buf_add_str(&page, "<a href=");
	repeat(&page, "abcdefgh", FACTS_MAX_URL / 8);
	buf_add_str(&page, "><a href=y><a href=");
	repeat(&page, "./", 8000);
	buf_add_str(&page, "z><img src=");
	repeat(&page, "abcdefgh", FACTS_MAX_URL);
	buf_add_str(&page, ">");
	f = read_n(page.data, page.len, 1000);
	assert_int_equal(f->nlinks, 2);
	assert_string_equal(facts_text(f, facts_links(f)[1].url), "http://h.test/d/z");
	assert_int_equal(f->flags, FACTS_HTML | FACTS_CUT_URL);
	buf_release(&page);
}

static void too_many_links_are_cut_and_said(void **state)
{
	struct buf page = BUF_INIT;
	const struct facts *f;

	(void)state;
	repeat(&page, "<a href=x>", FACTS_MAX_LINK + 10);
	f = read_n(page.data, page.len, page.len);
	assert_int_equal(f->nlinks, FACTS_MAX_LINK);
	assert_int_equal(f->flags, FACTS_HTML | FACTS_CUT_LINKS);
	buf_release(&page);
}

static void a_small_area_holds_what_fits(void **state)
{
	struct buf page = BUF_INIT;
	const struct facts *f;

	(void)state;
	area_size = 4096;
	buf_add_str(&page, "<title>t</title><a href=x>");
	repeat(&page, "\xc3\xa4 ", 5000);
	f = read_n(page.data, page.len, page.len);
	assert_string_equal(facts_text(f, f->title), "t");
	assert_int_equal(f->nlinks, 1);
	assert_in_range(f->text.len, 3000, 4096);
	assert_int_equal(f->flags, FACTS_HTML | FACTS_CUT_TEXT);
	repeat(&page, "<a href=x>", 500);
	f = read_n(page.data, page.len, page.len);
	assert_true(f->nlinks > 20 && f->nlinks < 500);
	assert_true(f->flags & FACTS_CUT_LINKS);
	area_size = AREA;
	buf_release(&page);
}

/* Whatever nests without end costs no more than its length. */
static void hostile_nesting(void **state)
{
	static const char *const bits[] = {"<div>", "<a href=x>", "<p><a href=x>", "<b>",
		"<template>", "<table><td>", "<svg><g>", "<li><div>", "<a href=x><div>",
		"<svg><foreignObject>", "<table><a href=x>", "<object><a href=x><div>",
		"</b></a></p>", "<form><div></form>", "<button><select><x-y>",
		"<math><annotation-xml>", "<h1>", "<frameset>", "<a href=x><b><div></b></a>"};

	(void)state;
	for (size_t i = 0; i < MEM_COUNT(bits); i++) {
		struct buf page = BUF_INIT;
		const struct facts *f;

		repeat(&page, bits[i], 30000);
		repeat(&page, "</x-y></a></b></svg></td></template></g></div>", 2000);
		buf_add_str(&page, "<a href=end>");
		f = read_n(page.data, page.len, 65536);
		assert_true(f->flags & FACTS_HTML);
		buf_release(&page);
	}
}

static void a_reader_is_used_again(void **state)
{
	const struct facts *f;

	(void)state;
	read_page("<base href=/b/><title>t</title><template><svg><a "
		  "href=x><table><form><h1>x<title>");
	f = read_page("<form action=f>y");
	assert_int_equal(f->title.len + f->headings.len + f->base.len, 0);
	assert_string_equal(facts_text(f, f->text), "y");
	assert_string_equal(facts_text(f, facts_links(f)->url), "http://h.test/d/f");
}

/* Whole pages go the short way (html_quick.c) where they can, single bytes never do. */
static void the_short_way_is_no_other(void **state)
{
	static const char *const tokens[] = {"<a href=\"x?a=1&amp;b\">",
		"<a class=\"c\" href=\"y\">", "<a title=\"t\" href=\"\" href=\"z\">",
		"<a href=q rel=nofollow>", "<a rel=\"next\" href=\"n\">", "<a>", "<A HREF=\"up\">",
		"<a =\"x>\" href=\"e\">", "</a>", "</A >", "<b>", "<b class=\"x\">",
		"<i id=\"i\" class=\"a > b\">", "</b>", "</i>", "<code>", "</code>", "<p>",
		"<p class=\"x\" >", "</p>", "<div>", "<div a=b>", "<div\tclass=\"x\">", "</div>",
		"<span>", "<span class=\"x\"y>", "</span>", "<ul>", "</ul>", "<li>", "</li>",
		"<dl>", "<dt>", "<dd>", "</dd>", "</dl>", "<h1>", "<h2 id=\"x\">", "<h\x11>",
		"</h1>", "</h2>", "<br>", "<br/>", "<br class=\"x\" />", "<wbr>", "<hr>",
		"<img src=\"i\" alt=\"a b\">", "<img src=j>", "<pre>\n", "</pre>", "<table>",
		"<tbody>", "<tr>", "<tr class=\"r\">", "<td>", "<td background=\"g\">",
		"<th class=\"x\">", "</td>", "</th>", "</tr>", "</tbody>", "</table>", "<caption>",
		"<button>", "</button>", "<select>", "<option>", "</select>", "<svg>", "</svg>",
		"<foreignObject>", "<math>", "<mi>", "<template>", "</template>", "<object>",
		"</object>", "<form>", "</form>", "<blockquote cite=\"c\">", "</blockquote>",
		"<body>", "</body>", "<frameset>", "<nobr>", "<font color=\"x\">", "<abbr>",
		"</abbr>", "<!-- c -->", "<script>x<y</script>", "<textarea>", "</textarea>", "\n",
		"\r\n", "\n\n  ", " ", "\t", "text", "some more words than sixteen bytes hold",
		" a", "a ", "two  spaces and\r\nlines", "\f", "&lt;", "&amp;", "&nbsp;", "&eacute;",
		"&#32;", "&#x4e2d;", "&", "&lt", "&x;", "<", "<3", "\xc3\xa9t\xc3\xa9", "\xc2\xa0",
		"\xe4\xb8\xad\xe6\x96\x87", "\xe2\x80\x8b", "\xef\xbf\xbd", "\xf0\x9f\x98\x80"};
	static const char odd[] = "\x01\x11\x0b\f\t\r\n \"'=/<>&;!-aAtTdDrR1\x7f";
	char *whole = mem_alloc(AREA);

	(void)state;
	srand(3);
	max_text = 300; /* sometimes it does not fit */
	for (int i = 0; i < 4000; i++) {
		struct buf page = BUF_INIT;
		const struct facts *f;
		size_t size;

		if (rand() % 4)
			buf_add_str(&page, "<!DOCTYPE html><body>x");
		for (int n = rand() % 60; n >= 0; n--)
			buf_add_str(&page, tokens[(size_t)rand() % MEM_COUNT(tokens)]);
		for (int n = rand() % 8; n > 0; n--) { /* and something is wrong */
			char *c = &page.data[(size_t)rand() % page.len];

			*c = (unsigned char)*c < 0x80 ? odd[(size_t)rand() % sizeof(odd)] : *c;
		}
		f = read_n(page.data, page.len, page.len);
		size = f->size;
		memcpy(whole, area, size);
		f = read_n(page.data, page.len, 1);
		if (f->size != size || memcmp(whole, area, size) != 0)
			fail_msg("not the same: %s", page.data);
		buf_release(&page);
	}
	max_text = 1 << 20;
	free(whole);
}

static void upper_query(void *arg, const char *utf8, size_t len, struct buf *out)
{
	(void)arg;
	for (size_t i = 0; i < len; i++)
		buf_add_ch(out, (unsigned char)utf8[i] < 0x80 ? utf8[i] : 0xe4);
}

static void queries_in_the_charset_of_the_page(void **state)
{
	static const char at[] = "http://h.test/", page[] = "<a href='?\xc3\xa4#\xc3\xa4'>";
	struct html_opts opts = {.encode = upper_query};
	struct facts_writer w;
	struct url url;

	(void)state;
	assert_int_equal(url_parse(&parser, at, strlen(at), NULL, &url), 0);
	opts.url = &url;
	facts_begin(&w, area, AREA);
	html_begin(html, &opts, &w);
	html_feed(html, page, strlen(page));
	html_end(html);
	facts_finish(&w);
	assert_string_equal(facts_text(w.f, facts_links(w.f)->url), "http://h.test/?%E4%E4#%C3%A4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_attribute_that_counts),
		cmocka_unit_test(links_need_their_element_to_exist),
		cmocka_unit_test(links_stand_where_the_tree_has_them),
		cmocka_unit_test(base_counts_wherever_it_stands),
		cmocka_unit_test(rel_text_and_flags),
		cmocka_unit_test(link_text_is_cut_between_characters),
		cmocka_unit_test(head_facts),
		cmocka_unit_test(headings),
		cmocka_unit_test(main_text),
		cmocka_unit_test(nul_is_no_text),
		cmocka_unit_test(text_is_cut_and_said_so),
		cmocka_unit_test(long_urls_are_dropped_and_said),
		cmocka_unit_test(too_many_links_are_cut_and_said),
		cmocka_unit_test(a_small_area_holds_what_fits),
		cmocka_unit_test(hostile_nesting),
		cmocka_unit_test(a_reader_is_used_again),
		cmocka_unit_test(queries_in_the_charset_of_the_page),
		cmocka_unit_test(the_short_way_is_no_other),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
