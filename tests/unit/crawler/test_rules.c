/* robots.txt files in force: kept small, read while needed, rules that outlive both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "crawler/rules.h"

static struct rules *make(struct rulebook *b, int n, int lines)
{
	struct buf text = BUF_INIT;
	struct rules *r;

	buf_add_str(&text, "User-agent: *\nCrawl-delay: 3\n");
	for (int i = 0; i < lines; i++)
		buf_addf(&text, "Disallow: /host%d/private/%d/\n", n, i);
	r = rules_make(b, text.data, text.len);
	buf_release(&text);
	return r;
}

static void forbids_and_allows(void **state)
{
	struct rulebook b;
	struct rules *r;
	struct buf text = BUF_INIT;

	(void)state;
	rulebook_init(&b, "skitter", 1 << 20);
	r = make(&b, 7, 40);
	assert_null(rules_forbid(&b, r, "/", 1));
	assert_string_equal(
		rules_forbid(&b, r, "/host7/private/3/x", 18), "Disallow: /host7/private/3/");
	assert_true(robots_crawl_delay(rules_read(&b, r)) == 3);
	rules_text(r, &text);
	assert_memory_equal(text.data, "User-agent: *\nCrawl-delay: 3\nDisallow: /host7/", 46);
	assert_true(b.packed < text.len / 2);
	buf_release(&text);
	rules_free(&b, r);
	assert_int_equal(b.packed, 0);
	assert_int_equal(b.read, 0);
	r = rules_make(&b, "", 0); /* nothing, and what does not become smaller */
	assert_null(rules_forbid(&b, r, "/x", 2));
	rules_free(&b, r);
	r = rules_make(&b, "x", 1);
	rules_text(r, &text);
	assert_string_equal(text.data, "x");
	buf_release(&text);
	rules_free(&b, r);
	rulebook_release(&b);
}

static void what_is_read_is_bounded(void **state)
{
	enum { HOSTS = 50 };
	struct rules *all[HOSTS];
	const char *said[HOSTS];
	struct rulebook b;
	size_t one, high = 0;
	char path[64], rule[64];

	(void)state;
	rulebook_init(&b, "skitter", 0);
	for (int i = 0; i < HOSTS; i++)
		all[i] = make(&b, i, 100);
	(void)rules_read(&b, all[0]);
	one = b.read; /* one is read, whatever the bound */
	assert_true(one > 0);
	b.most = 4 * one;
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < HOSTS; i++) {
			int n = snprintf(path, sizeof(path), "/host%d/private/99/", i);
			said[i] = rules_forbid(&b, all[i], path, (size_t)n);
			high = b.read > high ? b.read : high;
		}
	assert_true(high <= 5 * one);
	/* The rules told then still stand, though most files are forgotten, or gone. */
	for (int i = 0; i < HOSTS; i++)
		rules_free(&b, all[i]);
	for (int i = 0; i < HOSTS; i++) {
		snprintf(rule, sizeof(rule), "Disallow: /host%d/private/99/", i);
		assert_string_equal(said[i], rule);
	}
	assert_int_equal(b.read, 0);
	rulebook_release(&b);
}

static void the_one_used_last_stays(void **state)
{
	struct rulebook b;
	struct rules *r[3];
	const struct robots *first;

	(void)state;
	rulebook_init(&b, "skitter", SIZE_MAX);
	for (int i = 0; i < 3; i++) {
		r[i] = make(&b, i, 100);
		(void)rules_read(&b, r[i]);
	}
	first = rules_read(&b, r[0]);
	assert_ptr_equal(b.newest, r[0]);
	assert_ptr_equal(b.oldest, r[1]);
	rules_free(&b, r[1]);
	assert_ptr_equal(b.oldest, r[2]);
	assert_ptr_equal(rules_read(&b, r[0]), first);
	rules_free(&b, r[0]);
	rules_free(&b, r[2]);
	assert_null(b.newest);
	assert_null(b.oldest);
	rulebook_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forbids_and_allows),
		cmocka_unit_test(what_is_read_is_bounded),
		cmocka_unit_test(the_one_used_last_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
