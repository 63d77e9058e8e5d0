/* The map: every key is found at any moment while it grows, and each value is freed once. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "config/map.h"

static size_t name(char *out, size_t cap, size_t i)
{
	return (size_t)snprintf(out, cap, "host-%zu.example", i);
}

static size_t sum, freed;

static void add(void *arg, void *value)
{
	*(size_t *)arg += (size_t)(uintptr_t)value;
}

static void count_freed(void *value)
{
	(void)value;
	freed++;
}

static void test_grows(void **state)
{
	struct map m;
	char key[40];
	size_t want = 0;

	(void)state;
	map_init(&m);
	assert_null(map_get(&m, "x", 1));
	for (size_t i = 1; i <= 5000; i++) {
		size_t len = name(key, sizeof(key), i);
		void **place = map_put(&m, key, len);
		assert_null(*place);
		*place = (void *)(uintptr_t)i;
		assert_string_equal(map_key_of(place), key);
		want += i;
		for (size_t k = i % 7 + 1; k <= i; k += 1 + i / 40) { /* all ages of keys */
			len = name(key, sizeof(key), k);
			assert_int_equal((uintptr_t)map_get(&m, key, len), k);
			assert_ptr_equal(map_put(&m, key, len), map_put(&m, key, len));
		}
		if (i % 100 == 0 || (i > 4090 && i < 4110)) {
			sum = 0;
			map_each(&m, add, &sum);
			assert_int_equal(sum, want);
		}
		assert_int_equal(m.count, i);
	}
	assert_null(map_get(&m, "host-0.example", 14));
	map_release(&m, count_freed);
	assert_int_equal(freed, 5000);
}

/* Released in the middle of growing: those that had not moved yet, too. */
static void test_release_while_growing(void **state)
{
	char key[40];

	(void)state;
	for (size_t n = 60; n < 140; n++) {
		struct map m;
		map_init(&m);
		freed = 0;
		for (size_t i = 0; i < n; i++)
			*map_put(&m, key, name(key, sizeof(key), i)) = key;
		map_release(&m, count_freed);
		assert_int_equal(freed, n);
		assert_null(map_get(&m, key, strlen(key)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_release_while_growing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
