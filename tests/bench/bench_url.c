/* bench_url.c - what a link costs: nanoseconds per URL, one thread.
 *
 * A synthetic list in the proportions of documentation pages and shops: mostly short
 * relative references, some absolute ones, queries, dot segments, few escapes. The best
 * of ten runs counts: the machine may be busy with other things.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "crawler/page/host.h"
#include "crawler/page/url.h"

static const char *const relative[] = {
	"index.html",
	"../index.html",
	"functions-string.html#FUNCTIONS-STRING-OTHER",
	"sql-createtable.html",
	"#top",
	"/docs/15/runtime-config.html",
	"../../library/stdtypes.html#str.format",
	"./genindex.html",
	"?page=2&sort=price&order=desc",
	"/img/products/1234/large.jpg?v=20230501",
	"tutorial/inputoutput.html#reading-and-writing-files",
	"/category/garden/tools/?page=3",
};

static const char *const absolute[] = {
	"https://www.example.org/",
	"https://example.com/docs/15/functions-string.html",
	"http://shop.example.net:8080/item?id=4711&ref=list#reviews",
	"https://en.wiki.example.org/wiki/URL_normalization",
	"//cdn.example.net/assets/app.3f2a9c.js",
	"https://user-images.example.com/12/34/a%20b.png",
};

static const char *const hard[] = {
	"https://b\xc3\xbc"
	"cher.example/",
	"https://example.org/a/./b/../c/%2e%2e/d e?q=\xc3\xa9",
	"http://0x7f.1/x",
	"http://[2001:db8:0:0:1::2]/",
};

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

enum { RUNS = 10 };

static size_t sink;

static void report(const char *name, double best, size_t urls)
{
	printf("url %-12s %8.1f ns/URL\n", name, best / (double)urls);
}

static size_t parse_list(struct url_parser *p, const char *const *list, const size_t *len, size_t n,
	size_t rounds, const struct url *base)
{
	size_t failed = 0;

	for (size_t r = 0; r < rounds; r++) {
		for (size_t i = 0; i < n; i++) {
			struct url u;

			if (url_parse(p, list[i], len[i], base, &u) < 0)
				failed++;
			else
				sink += u.len;
		}
	}
	return failed;
}

static void bench_parse(
	const char *name, const char *const *list, size_t n, size_t rounds, const struct url *base)
{
	struct url_parser p;
	size_t len[32], failed = 0;
	double best = 1e18;

	url_parser_init(&p);
	for (size_t i = 0; i < n; i++)
		len[i] = strlen(list[i]);
	for (int run = 0; run < RUNS; run++) {
		double t = now_ns();

		failed += parse_list(&p, list, len, n, rounds, base);
		t = now_ns() - t;
		best = t < best ? t : best;
	}
	report(name, best, rounds * n);
	if (failed)
		printf("url %-12s %zu failed\n", name, failed);
	url_parser_release(&p);
}

static void bench_view_and_key(const char *href, size_t rounds)
{
	struct buf key = BUF_INIT;
	size_t len = strlen(href);
	double view = 1e18, seen = 1e18;

	for (int run = 0; run < RUNS; run++) {
		struct url u = {0};
		double t = now_ns();

		for (size_t r = 0; r < rounds; r++)
			if (url_view(href, len, &u) == 0)
				sink += u.path_start;
		t = now_ns() - t;
		view = t < view ? t : view;
		t = now_ns();
		for (size_t r = 0; r < rounds; r++) {
			buf_reset(&key);
			url_seen_key(&u, NULL, 0, &key);
			sink += key.len;
		}
		t = now_ns() - t;
		seen = t < seen ? t : seen;
	}
	report("view", view, rounds);
	report("seen key", seen, rounds);
	buf_release(&key);
}

int main(void)
{
	static const char doc[] = "https://www.example.org/docs/15/library/index.html";
	struct url_parser p;
	struct url base;

	url_global_init();
	url_parser_init(&p);
	if (url_parse(&p, doc, strlen(doc), NULL, &base) < 0)
		return 1;
	bench_parse("relative", relative, sizeof(relative) / sizeof(*relative), 20000, &base);
	bench_parse("absolute", absolute, sizeof(absolute) / sizeof(*absolute), 20000, &base);
	bench_parse("hard", hard, sizeof(hard) / sizeof(*hard), 1000, &base);
	bench_view_and_key("https://www.example.org/docs/15/functions-string.html?q=1", 200000);
	url_parser_release(&p);
	return sink == 0;
}
