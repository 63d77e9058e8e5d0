/* Where the links of a page stand: each is replaced by <URL how>, and the whole compared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crawler/page/rewrite.h"

#define PAGE "https://example.com/dir/page"

static struct page_reader *reader;

static void add_how(struct buf *out, unsigned how)
{
	static const struct {
		unsigned bit;
		char letter;
	} all[] = {{SPOT_ATTR, 'a'}, {SPOT_CSS, 'c'}, {SPOT_RELATIVE, 'r'}, {SPOT_REMOTE, 'm'},
		{SPOT_EMPTY, 'e'}, {SPOT_BARE, 'b'}, {SPOT_DISARM, 'd'}, {SPOT_ALWAYS, 'w'}};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (how & all[i].bit)
			buf_add_ch(out, all[i].letter);
}

static void page_as(const char *type, const char *body, size_t len, const char *expected, bool bom)
{
	struct page_task task = {.url = PAGE,
		.url_len = sizeof(PAGE) - 1,
		.content_type = type,
		.body = body,
		.len = len,
		.max_decoded = 1 << 20};
	struct page_rewrite w;
	struct buf got = BUF_INIT;
	size_t at = 0;

	page_rewrite_init(&w);
	assert_int_equal(page_rewrite(reader, &task, &w), 0);
	for (size_t i = 0; i < w.nspots; i++) {
		const struct page_spot *s = &w.spots[i];

		buf_add(&got, w.text.data + at, s->at - at);
		buf_addf(&got, "{%.*s ", (int)s->url_len, w.urls.data + s->url);
		add_how(&got, s->how);
		buf_add_ch(&got, '}');
		at = s->at + s->len;
	}
	buf_add(&got, w.text.data + at, w.text.len - at);
	if (strcmp(got.data, expected))
		fail_msg("%s\ngot:      %s\nexpected: %s", body, got.data, expected);
	assert_int_equal(w.bom, bom);
	buf_release(&got);
	page_rewrite_release(&w);
}

static void page(const char *body, const char *expected)
{
	page_as("text/html; charset=utf-8", body, strlen(body), expected, true);
}

static void sheet(const char *body, const char *expected)
{
	page_as("text/css", body, strlen(body), expected, false);
}

#define E "https://example.com/"

static void attributes(void **state)
{
	(void)state;
	page("<a href=\"x\">", "<a href=\"{" E "dir/x ar}\">");
	page("<a href='x'>", "<a href='{" E "dir/x ar}'>");
	page("<a href=x>", "<a href={" E "dir/x ar}>");
	page("<a href = x >", "<a href = {" E "dir/x ar} >");
	page("<A HREF=\"/a?b=1&amp;c=2#d\">", "<A HREF=\"{" E "a?b=1&c=2#d ar}\">");
	page("<a href=\"http://b.example/\">", "<a href=\"{http://b.example/ a}\">");
	page("<a href=\"//b.example/x\">", "<a href=\"{https://b.example/x ar}\">");
	page("<a href=\"https:x\">", "<a href=\"{" E "dir/x ar}\">");
	page("<a href=\" x\n\">", "<a href=\"{" E "dir/x ar}\">");
	page("<a href=\"x\" href=\"y\">", "<a href=\"{" E "dir/x ar}\" href=\"y\">");
	page("<img src=a><script src=b></script><iframe src=c></iframe>",
		"<img src={" E "dir/a ar}><script src={" E "dir/b ar}></script><iframe src={" E
		"dir/c ar}></iframe>");
	page("<p href=x src=y>", "<p href=x src=y>");
}

static void what_stays(void **state)
{
	(void)state;
	page("<a href=\"#top\"><a href=\"\"><a href><a href=\"mailto:a@b\"><a "
	     "href=\"javascript:x\">",
		"<a href=\"#top\"><a href=\"\"><a href><a href=\"mailto:a@b\"><a href=\"javascript:"
		"x\">");
	page("<!-- <a href=x> --><script>'<a href=x>'</script><textarea><a href=x></textarea>",
		"<!-- <a href=x> --><script>'<a href=x>'</script><textarea><a href=x></textarea>");
	page("<a href='//a\"b/'>", "<a href='//a\"b/'>"); /* a host, by the URL standard */
	page("<a href=\"http://[\">", "<a href=\"http://[\">");
	page("<a href=\"x", "<a href=\"x"); /* a tag that never ends is none */
}

static void srcset(void **state)
{
	(void)state;
	page("<img srcset=\"a 1x, b&amp;c 2x\">",
		"<img srcset=\"{" E "dir/a ar} 1x, {" E "dir/b&c ar} 2x\">");
	page("<source srcset='a&#32;1x,&#x20;b'>",
		"<source srcset='{" E "dir/a ar}&#32;1x,&#x20;{" E "dir/b ar}'>");
	page("<img srcset=a.png>", "<img srcset={" E "dir/a.png ar}>");
	page("<link imagesrcset=\"a 2x\">", "<link imagesrcset=\"{" E "dir/a ar} 2x\">");
}

static void refreshes(void **state)
{
	(void)state;
	page("<meta http-equiv=Refresh content=\"5; url=x\">",
		"<meta http-equiv=Refresh content=\"5; url={" E "dir/x ar}\">");
	page("<meta http-equiv=refresh content='0;URL=&quot;x&quot;'>",
		"<meta http-equiv=refresh content='0;URL=&quot;{" E "dir/x ar}&quot;'>");
	page("<meta http-equiv=refresh content=5>", "<meta http-equiv=refresh content=5>");
}

static void styles(void **state)
{
	(void)state;
	page("<style>@import 'a';p{background:url(b)}</style>",
		"<style>@import '{" E "dir/a cr}';p{background:url({" E "dir/b cr})}</style>");
	page("<p style=\"background:url(&quot;a&quot;)\">",
		"<p style=\"background:url(&quot;{" E "dir/a acr}&quot;)\">");
	page("<p style='url(&quot\xc3\xa9&quot;)'>", "<p style='url(&quot\xc3\xa9&quot;)'>");
	page("<p style=background:url(a)>", "<p style=background:url({" E "dir/a acr})>");
	page("<style>url(a", "<style>url({" E "dir/a cr}");
	page("<svg><style>url(a)</style></svg>", "<svg><style>url({" E "dir/a cr})</style></svg>");
	page("<svg><style>url('a<!--b');url(c)</style></svg>",
		"<svg><style>url('a<!--b');url(c)</style></svg>");
	page("<style><!-- url(a) --></style>", "<style><!-- url({" E "dir/a cr}) --></style>");
	page("<svg><style><a href=x>url(b)</style></svg>",
		"<svg><style><a href={" E "dir/x ar}>url(b)</style></svg>");
	page("<svg><use href=\"#i\"/><use xlink:href='s#i'/><image href=p></svg>",
		"<svg><use href=\"#i\"/><use xlink:href='{" E "dir/s#i ar}'/><image href={" E
		"dir/p ar}></svg>");
}

/* The base is taken out, and everything that depended on it said in full. */
static void bases(void **state)
{
	(void)state;
	page("<base href=\"/b/\"><a href=x><a href=#y>",
		"<base href=\"{ e}\"><a href={" E "b/x ar}><a href={" E "b/#y ar}>");
	page("<base href=/b/ target=_top>", "<base href={ eb} target=_top>");
	page("<a href=x><base href='http://c.example/'>",
		"<a href={http://c.example/x ar}><base href='{ e}'>");
	page("<base href='d:e'><a href=x><a href='/y'>",
		"<base href='d:e'><a href=x><a href='/y'>");
	page("<base href='http://['><a href=x>", "<base href='http://['><a href={" E "dir/x ar}>");
	page("<base target=x><a href=#y>", "<base target=x><a href=#y>");
}

static void what_a_file_would_not_pass(void **state)
{
	(void)state;
	page("<script integrity=sha crossorigin src=a></script>",
		"<script {" E "dir/a d}integrity=sha {" E "dir/a d}crossorigin src={" E
		"dir/a ar}></script>");
	page("<script integrity=sha></script>", "<script integrity=sha></script>");
	page("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'self'\">",
		"<meta { dw}http-equiv=\"Content-Security-Policy\" content=\"default-src "
		"'self'\">");
}

static void what_wants_the_server(void **state)
{
	(void)state;
	page("<form action=s><button formaction=t>",
		"<form action={" E "dir/s arm}><button formaction={" E "dir/t arm}>");
	page("<link rel=Canonical href=c>", "<link rel=Canonical href={" E "dir/c arm}>");
}

static void encodings(void **state)
{
	static const char latin[] = "<meta charset=iso-8859-1><a href=\"?q=\xe9\">\xe9</a>";
	static const char utf16[] = "\xff\xfe<\0a\0 \0h\0r\0e\0f\0=\0x\0>\0";

	(void)state;
	page_as("text/html", latin, strlen(latin),
		"<meta charset=iso-8859-1><a href=\"{" E "dir/page?q=%E9 ar}\">\xc3\xa9</a>", true);
	/* An absolute one too: the copy is in UTF-8. */
	page_as("text/html; charset=latin1", "<a href=http://b.example/?\xe9>", 28,
		"<a href={http://b.example/?%E9 ar}>", true);
	page_as("text/html", utf16, sizeof(utf16) - 1, "<a href={" E "dir/x ar}>", true);
	page_as("text/html", "<meta charset=utf-8><a href=x>", 30,
		"<meta charset=utf-8><a href={" E "dir/x ar}>", false);
	page_as("text/html; charset=utf-8", "a\xff<br>", 6, "a\xef\xbf\xbd<br>", true);
}

static void sheets(void **state)
{
	(void)state;
	sheet("p{background:url(a.png)}", "p{background:url({" E "dir/a.png cr})}");
	sheet("@import \"http://b.example/c\";", "@import \"{http://b.example/c c}\";");
	sheet("url(#a) url(data:x) url(http://)",
		"url({" E "dir/page#a cr}) url(data:x) url(http://)");
	page_as("text/css; charset=latin1", "url(\xe9)", 6, "url({" E "dir/%C3%A9 cr})", true);
	page_as("text/css", "@charset \"latin1\";url(\xe9)", 24,
		"@charset \"latin1\";url({" E "dir/%C3%A9 cr})", true);
}

static void other_types(void **state)
{
	(void)state;
	page_as("text/plain", "<a href=x>\xff\0", 12, "<a href=x>\xff", false);
	page_as("application/xml", "<a href='x'/>", 13, "<a href='x'/>", false);
	page_as("image/svg+xml", "<svg/>", 6, "<svg/>", false);
}

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attributes),
		cmocka_unit_test(what_stays),
		cmocka_unit_test(srcset),
		cmocka_unit_test(refreshes),
		cmocka_unit_test(styles),
		cmocka_unit_test(bases),
		cmocka_unit_test(what_a_file_would_not_pass),
		cmocka_unit_test(what_wants_the_server),
		cmocka_unit_test(encodings),
		cmocka_unit_test(sheets),
		cmocka_unit_test(other_types),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
