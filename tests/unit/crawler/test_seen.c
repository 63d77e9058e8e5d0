/* The seen set and the heap: the two structures the frontier stands on. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "config/hash.h"
#include "crawler/heap.h"
#include "crawler/seen.h"

static uint64_t key(uint64_t i)
{
	static const struct hash_key k = {1, 2};

	return hash_bytes(&k, &i, sizeof(i));
}

static void test_add_has(void **state)
{
	struct seen *s = seen_open();

	(void)state;
	assert_false(seen_has(s, 5));
	assert_true(seen_add(s, 5));
	assert_false(seen_add(s, 5));
	assert_true(seen_has(s, 5));
	assert_int_equal(seen_count(s), 1);
	assert_true(seen_add(s, 0)); /* a fingerprint may be 0 */
	assert_false(seen_add(s, 0));
	assert_true(seen_add(s, UINT64_MAX));
	assert_true(seen_add(s, UINT64_MAX - 1));
	assert_true(seen_has(s, UINT64_MAX));
	assert_false(seen_has(s, UINT64_MAX - 2));
	seen_free(s);
}

static void test_many(void **state)
{
	struct seen *s = seen_open();
	uint64_t n = 300000;

	(void)state;
	for (uint64_t i = 0; i < n; i++)
		assert_true(seen_add(s, key(i)));
	for (uint64_t i = 0; i < n; i++)
		assert_false(seen_add(s, key(i)));
	for (uint64_t i = n; i < n + 1000; i++)
		assert_false(seen_has(s, key(i)));
	assert_int_equal(seen_count(s), n);
	seen_free(s);
}

/* Few shards, so that the tables are large ones, with pages of their own: what is accounted
 * stays below 14 bytes a key all the way. */
static void test_bytes_per_key(void **state)
{
	struct seen *s = seen_open(), *none = seen_open();
	uint64_t n = 400000;

	(void)state;
	for (uint64_t i = 0; i < n; i++) {
		assert_true(seen_add(s, key(i) & 0x007fffffffffffff)); /* eight of 4,096 shards */
		if (i >= 8000)
			assert_true(seen_bytes(s) - seen_bytes(none) < seen_count(s) * 14);
	}
	for (uint64_t i = 0; i < n; i++)
		assert_true(seen_has(s, key(i) & 0x007fffffffffffff));
	seen_free(s);
	seen_free(none);
}

/* Keys that share a shard and their home, also the last one of the table. */
static void test_collisions(void **state)
{
	static const uint64_t start[] = {0, 0x0007777700000000, 0x000fffff00000000};
	struct seen *s = seen_open();

	(void)state;
	for (size_t k = 0; k < 3; k++)
		for (uint64_t i = 900; i > 0; i--)
			assert_true(seen_add(s, start[k] + i * 3));
	for (size_t k = 0; k < 3; k++)
		for (uint64_t i = 3; i < 2704; i++)
			assert_int_equal(seen_has(s, start[k] + i), i % 3 == 0 && i <= 2700);
	assert_int_equal(seen_count(s), 2700);
	seen_free(s);
}

static void test_marks(void **state)
{
	struct seen *s = seen_open();
	uint64_t n = 20000;

	(void)state;
	seen_set_mark(s, 77, 3); /* not in the set: nothing happens */
	assert_int_equal(seen_mark(s, 77), 0);
	assert_false(seen_has(s, 77));
	for (uint64_t i = 0; i < n; i++) {
		seen_add(s, key(i));
		assert_int_equal(seen_mark(s, key(i)), 0);
		seen_set_mark(s, key(i), (unsigned)(i % (SEEN_MARK_MAX + 1)));
	}
	for (uint64_t i = 0; i < n; i++) { /* they moved with their keys */
		assert_int_equal(seen_mark(s, key(i)), i % (SEEN_MARK_MAX + 1));
		assert_false(seen_add(s, key(i)));
	}
	seen_set_mark(s, key(5), 1);
	assert_int_equal(seen_mark(s, key(5)), 1);
	assert_int_equal(seen_mark(s, key(6)), 6);
	assert_int_equal(seen_count(s), n);
	seen_free(s);
}

static void test_heap_order(void **state)
{
	struct heap h = {0};
	struct heap_node nodes[1000] = {0};
	int64_t last = -1;

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		heap_put(&h, &nodes[i], (int64_t)(key(i) % 500));
	for (size_t i = 0; i < 1000; i += 3)
		heap_remove(&h, &nodes[i]);
	for (size_t left = 1000 - 334; left; left--) {
		struct heap_node *top = heap_top(&h);
		assert_true(top->key >= last);
		last = top->key;
		heap_remove(&h, top);
		assert_false(heap_has(top));
	}
	assert_null(heap_top(&h));
	heap_remove(&h, &nodes[0]); /* in no heap: nothing happens */
	heap_release(&h);
}

static void test_heap_fair(void **state)
{
	struct heap h = {0};
	struct heap_node nodes[50] = {0};

	(void)state;
	for (size_t i = 0; i < 50; i++)
		heap_put(&h, &nodes[i], 7);
	for (size_t i = 0; i < 50; i++) { /* equal keys: first in, first out */
		assert_ptr_equal(heap_top(&h), &nodes[i]);
		heap_remove(&h, &nodes[i]);
	}
	heap_release(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_has),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_bytes_per_key),
		cmocka_unit_test(test_collisions),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_heap_order),
		cmocka_unit_test(test_heap_fair),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
