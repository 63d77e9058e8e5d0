/* URLs met lately: what is found is true, whatever else was added meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "crawler/known.h"

static struct known *k;

static int mark_of(const char *url, size_t len)
{
	struct known_print p = known_print(k, url, len);

	return known_mark(k, &p);
}

static void add_to(const char *url, size_t len, unsigned m)
{
	struct known_print p = known_print(k, url, len);

	known_add(k, &p, m);
}

static int mark(const char *url)
{
	return mark_of(url, strlen(url));
}

static void add(const char *url, unsigned m)
{
	add_to(url, strlen(url), m);
}

static void test_marks(void **state)
{
	(void)state;
	k = known_open(&(struct hash_key){1, 7});
	assert_int_equal(mark("http://h/"), -1);
	assert_int_equal(mark(""), -1);
	add("http://h/", 0);
	add("http://h/a", 2);
	assert_int_equal(mark("http://h/"), 0);
	assert_int_equal(mark("http://h/a"), 2);
	assert_int_equal(mark("http://h/b"), -1);
	add("http://h/a", 1);
	assert_int_equal(mark("http://h/a"), 1);
	known_clear(k);
	assert_int_equal(mark("http://h/"), -1);
	add("http://h/", 3);
	assert_int_equal(mark("http://h/"), 3);
	assert_int_equal(mark("http://h/a"), -1);
	known_free(k);
}

/* A print that was taken before all was forgotten finds nothing, and leaves nothing. */
static void test_old_prints(void **state)
{
	struct known_print p, now;

	(void)state;
	k = known_open(&(struct hash_key){5, 7});
	p = known_print(k, "http://h/", 9);
	known_add(k, &p, 2);
	assert_int_equal(known_mark(k, &p), 2);
	known_clear(k);
	assert_int_equal(known_mark(k, &p), -1);
	known_add(k, &p, 3);
	assert_int_equal(known_mark(k, &p), -1);
	now = known_print(k, "http://h/", 9);
	assert_int_equal(known_mark(k, &now), -1);
	known_add(k, &now, 4);
	assert_int_equal(known_mark(k, &now), 4);
	assert_int_equal(known_mark(k, &p), -1);
	known_free(k);
}

static void test_long_ones(void **state)
{
	char url[600];
	size_t found = 0;

	(void)state;
	k = known_open(&(struct hash_key){2, 7});
	memset(url, 'x', sizeof(url));
	for (size_t n = 1; n < sizeof(url); n++) {
		add_to(url, n, 1);
		found += mark_of(url, n) == 1;
	}
	assert_in_range(found, 100, 300);
	known_free(k);
}

/* Whatever differs, and wherever. */
static void test_each_byte_counts(void **state)
{
	char url[81], other[82];

	(void)state;
	k = known_open(&(struct hash_key){4, 7});
	memset(url, 'x', sizeof(url));
	for (size_t n = 1; n < sizeof(url); n++) {
		add_to(url, n, 5);
		for (size_t i = 0; i < n; i++) {
			memcpy(other, url, n);
			other[i] = 'y';
			assert_int_equal(mark_of(other, n), -1);
			other[i] = 0;
			assert_int_equal(mark_of(other, n), -1);
		}
		assert_int_equal(mark_of(url, n), 5);
		assert_int_equal(mark_of(url, n + 1), -1);
		memset(other, 0, sizeof(other));
		memcpy(other, url, n);
		assert_int_equal(mark_of(other, n + 1), -1);
	}
	known_free(k);
}

/* Far more than there are places: each is found as it was added, or not at all. */
static void test_many(void **state)
{
	size_t found = 0;
	char url[40];

	(void)state;
	k = known_open(&(struct hash_key){3, 7});
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(url, sizeof(url), "http://h/%u", i);
		add(url, i % 256);
	}
	for (unsigned i = 0; i < 200000; i++) {
		int m;
		snprintf(url, sizeof(url), "http://h/%u", i);
		m = mark(url);
		assert_true(m == -1 || (i < 100000 && m == (int)(i % 256)));
		found += m != -1;
	}
	assert_in_range(found, 1000, 99999);
	known_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_old_prints),
		cmocka_unit_test(test_long_ones),
		cmocka_unit_test(test_each_byte_counts),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
