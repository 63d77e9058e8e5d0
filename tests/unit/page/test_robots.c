/* test_robots.c - RFC 9309 and what real files make of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config/buf.h"
#include "config/mem.h"
#include "crawler/page/robots.h"

static struct robots *parse(const char *text)
{
	return robots_parse(text, strlen(text), "skitter");
}

static bool allowed(const char *text, const char *path)
{
	struct robots *r = parse(text);
	bool yes = robots_allowed(r, path, strlen(path), NULL, NULL);

	robots_free(r);
	return yes;
}

#define ALLOWED(text, path)    assert_true(allowed("User-agent: *\n" text, path))
#define DISALLOWED(text, path) assert_false(allowed("User-agent: *\n" text, path))

static void test_groups(void **state)
{
	(void)state;
	/* The own group alone counts, whatever its case; all of them are one. */
	assert_true(
		allowed("User-agent: *\nDisallow: /\n\nUser-agent: Skitter\nDisallow: /x\n", "/y"));
	assert_false(allowed("User-agent: skitter\nDisallow: /x\n\nUser-agent: a\nDisallow: /\n\n"
			     "User-agent: SKITTER/2.0\nDisallow: /y\n",
		"/y"));
	/* A name is the whole token, not a part of one. */
	assert_true(allowed("User-agent: skitterbot\nDisallow: /\n", "/y"));
	assert_true(allowed("User-agent: skit\nDisallow: /\n", "/y"));
	/* Several names share the rules below them; other lines do not part them. */
	assert_false(allowed("User-agent: a\nUser-agent: skitter\nDisallow: /\n", "/"));
	assert_false(allowed(
		"User-agent: skitter\nSitemap: /s\nFoo: bar\n\nUser-agent: a\nDisallow: /\n", "/"));
	assert_false(
		allowed("User-agent: skitter\nCrawl-delay: 1\nUser-agent: a\nDisallow: /\n", "/"));
	assert_true(allowed("User-agent: skitter\nDisallow:\nUser-agent: a\nDisallow: /\n", "/"));
	assert_false(allowed("User-agent: one, skitter, two\nDisallow: /\n", "/"));
	/* An own group without rules allows all. */
	assert_true(
		allowed("User-agent: *\nDisallow: /\nUser-agent: skitter\nCrawl-delay: 2\n", "/"));
	/* Rules before any name belong to nobody. */
	assert_true(allowed("Disallow: /\n", "/"));
	assert_true(allowed("", "/"));
	assert_true(allowed("<html><body>Not found</body></html>", "/"));
}

static void test_lines(void **state)
{
	(void)state;
	assert_false(allowed("\xef\xbb\xbfUser-agent: *\r\nDisallow: /x\r\n", "/x"));
	assert_false(allowed("\xef\xbbUser-agent: *\nDisallow: /x", "/x"));
	assert_false(allowed("User-agent: *\rDisallow: /x\r", "/x"));
	assert_false(allowed(" \tUSER-AGENT :* # all\n\tdisallow\t: /x# here\n", "/x"));
	assert_false(allowed("User-agent *\nDisallow /x\n", "/x"));
	assert_true(allowed("User-agent: *\nDisallow it all /x\n", "/x"));
	assert_false(allowed("useragent: *\ndisalow: /x\n", "/x"));
	assert_false(allowed("User-agent: *\n\n\n#\n\nDisallow: /x\n", "/x"));
	assert_true(allowed("User-agent: *\nDisallow: /x\nNoindex: /y", "/y"));
}

static void test_precedence(void **state)
{
	(void)state;
	ALLOWED("Disallow: /\nAllow: /a\n", "/ab");
	ALLOWED("Allow: /a\nDisallow: /a\n", "/a");
	ALLOWED("Disallow: /a\nAllow: /a\n", "/a");
	DISALLOWED("Allow: /a\nDisallow: /ab\n", "/abc");
	DISALLOWED("Allow: /*.html\nDisallow: /p\nDisallow: /page.html5\n", "/page.html5");
	ALLOWED("Disallow:\n", "/");
	ALLOWED("Allow:\nDisallow: /b\n", "/a");
	ALLOWED("Disallow: /\n", "/robots.txt");
	DISALLOWED("Disallow: /\n", "/robots.txt?x");
	DISALLOWED("Disallow: /a", "/a?b=c");
	ALLOWED("Disallow: /A", "/a");
	ALLOWED("Disallow: a", "/a");
	DISALLOWED("Disallow: /", "");
	/* /dir/index.html stands for /dir/ in Allow. */
	ALLOWED("Disallow: /\nAllow: /d/index.html", "/d/");
	DISALLOWED("Disallow: /\nAllow: /d/index.html", "/d/x");
}

static void test_patterns(void **state)
{
	(void)state;
	DISALLOWED("Disallow: *.php", "/a/b.php?c");
	DISALLOWED("Disallow: /*.php$", "/a.php");
	ALLOWED("Disallow: /*.php$", "/a.php?x");
	DISALLOWED("Disallow: /a*b*c$", "/a1b2c3c");
	ALLOWED("Disallow: /a*b*c$", "/a1b2c3");
	DISALLOWED("Disallow: /**a", "/xxa");
	DISALLOWED("Disallow: /a*$", "/abc");
	DISALLOWED("Disallow: /$", "/");
	ALLOWED("Disallow: /$", "/a");
	ALLOWED("Disallow: /ab*ab$", "/ab");
	DISALLOWED("Disallow: /ab*ab$", "/abab");
	DISALLOWED("Disallow: /x$y", "/x$yz");
	DISALLOWED("Disallow: *", "/");
	ALLOWED("Disallow: $", "/");
	DISALLOWED("Disallow: *$", "/");
}

static void test_escapes(void **state)
{
	(void)state;
	DISALLOWED("Disallow: /%7eme", "/~me/");
	DISALLOWED("Disallow: /~me", "/%7Eme");
	DISALLOWED("Disallow: /\xc3\xa9", "/%C3%A9");
	DISALLOWED("Disallow: /%c3%a9", "/\xc3\xa9");
	DISALLOWED("Disallow: /a%2fb", "/a%2Fb");
	ALLOWED("Disallow: /a%2fb", "/a/b");
	DISALLOWED("Disallow: /%62%61r", "/bar");
	DISALLOWED("Disallow: /a<b", "/a%3Cb");
	DISALLOWED("Disallow: /a%", "/a%zz");
	/* %2A and %24 are the characters, not the signs. */
	DISALLOWED("Disallow: /a%2a", "/a*");
	ALLOWED("Disallow: /a%2a", "/ab");
	DISALLOWED("Disallow: /a%24", "/a$b");
	DISALLOWED("Disallow: /a%24", "/a%24b");
	ALLOWED("Disallow: /x$/y", "/x%24/y");
}

static void test_why(void **state)
{
	struct robots *r =
		parse("# c\nUser-agent: *\n Disallow: /private # no\nAllow: /private/x\n");
	const char *rule;
	int line;

	(void)state;
	assert_false(robots_allowed(r, "/private/", 9, &rule, &line));
	assert_string_equal(rule, "Disallow: /private");
	assert_int_equal(line, 3);
	assert_true(robots_allowed(r, "/private/x", 10, &rule, &line));
	assert_string_equal(rule, "Allow: /private/x");
	assert_int_equal(line, 4);
	assert_true(robots_allowed(r, "/", 1, &rule, &line));
	assert_null(rule);
	assert_int_equal(line, 0);
	robots_free(r);
	robots_free(NULL);
}

static double delay(const char *text)
{
	struct robots *r = parse(text);
	double d = robots_crawl_delay(r);

	robots_free(r);
	return d;
}

static void test_delay(void **state)
{
	(void)state;
	assert_true(delay("User-agent: *\nCrawl-delay: 0.25\n") == 0.25);
	assert_true(delay("User-agent: *\nCrawl-delay: 10<BR>\n") == 10);
	assert_true(delay("User-agent: *\nCrawl-delay: soon\n") < 0);
	assert_true(delay("User-agent: *\nCrawl-delay: -5\n") < 0);
	assert_true(delay("User-agent: *\nCrawl-delay: 99999999999999999999\n") < 0);
	assert_true(delay("Crawl-delay: 5\nUser-agent: *\nDisallow: /\n") < 0);
	/* Name, delay, name, delay: each its own. */
	assert_true(delay("User-agent: a\nCrawl-delay: 1\nUser-agent: skitter\nCrawl-delay: 2\n"
			  "User-agent: b\nCrawl-delay: 3\n") == 2);
	/* After a rule the group goes on. */
	assert_true(delay("User-agent: skitter\nDisallow: /x\nCrawl-delay: 4\n") == 4);
	/* Said twice. */
	assert_true(delay("User-agent: *\nCrawl-delay: 7\nCrawl-delay: 3\n") == 7);
	/* An own group has its own delay, or none. */
	assert_true(delay("User-agent: *\nCrawl-delay: 7\n\nUser-agent: skitter\nDisallow:\n") < 0);
}

static void test_sitemaps(void **state)
{
	static const char text[] =
		"Sitemap: https://e.com/A.xml\nUser-agent: a\nsitemap:/b.xml #x\n"
		"SITEMAP : https://e.com/A.xml\nhttp://e.com/my-sitemap.xml\n"
		"http://e.com/other\nSitemap:\nSitemap: a\0b\n";
	struct robots *r = robots_parse(text, sizeof(text) - 1, "skitter");
	const char **urls;

	(void)state;
	assert_int_equal(robots_sitemaps(r, &urls), 3);
	assert_string_equal(urls[0], "https://e.com/A.xml");
	assert_string_equal(urls[1], "/b.xml");
	assert_string_equal(urls[2], "http://e.com/my-sitemap.xml");
	robots_free(r);
}

static void test_limit(void **state)
{
	struct buf text = BUF_INIT;
	struct robots *r;
	size_t i;

	(void)state;
	buf_add_str(&text, "User-agent: *\nDisallow: /first\n");
	while (text.len < ROBOTS_MAX - 10)
		buf_add_ch(&text, '#');
	/* The limit falls into "Disallow: /cut/here": "/cut" must not become the rule. */
	buf_add_str(&text, "\nDisallow: /cut/here\nDisallow: /late\n");
	r = robots_parse(text.data, text.len, "skitter");
	assert_false(robots_allowed(r, "/first", 6, NULL, NULL));
	assert_true(robots_allowed(r, "/cut/here", 9, NULL, NULL));
	assert_true(robots_allowed(r, "/late", 5, NULL, NULL));
	robots_free(r);
	/* A thousand sitemaps are enough. */
	buf_reset(&text);
	for (i = 0; i < ROBOTS_MAX_SITEMAPS + 10; i++)
		buf_addf(&text, "Sitemap: /%zu\n", i);
	r = robots_parse(text.data, text.len, "skitter");
	const char **urls;
	assert_int_equal(robots_sitemaps(r, &urls), ROBOTS_MAX_SITEMAPS);
	robots_free(r);
	buf_release(&text);
}

/* 200 stars against 10 KiB that nearly match at every place: with backtracking this would
 * not end in a lifetime. */
static void test_stars_end(void **state)
{
	struct buf text = BUF_INIT, path = BUF_INIT;
	struct robots *r;
	int i;

	(void)state;
	buf_add_str(&text, "User-agent: *\nDisallow: /");
	for (i = 0; i < 200; i++)
		buf_add_str(&text, "*aaab");
	buf_add_str(&text, "c$\n");
	buf_add_ch(&path, '/');
	while (path.len < 10240)
		buf_add_str(&path, "aaab");
	r = robots_parse(text.data, text.len, "skitter");
	assert_true(robots_allowed(r, path.data, path.len, NULL, NULL));
	buf_add_ch(&path, 'c');
	assert_false(robots_allowed(r, path.data, path.len, NULL, NULL));
	robots_free(r);
	buf_release(&text);
	buf_release(&path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_why),
		cmocka_unit_test(test_delay),
		cmocka_unit_test(test_sitemaps),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_stars_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
