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

static void test_add_has_remove(void **state)
{
	struct seen *s = seen_open();

	(void)state;
	assert_false(seen_has(s, 5));
	assert_true(seen_add(s, 5));
	assert_false(seen_add(s, 5));
	assert_true(seen_has(s, 5));
	seen_remove(s, 5);
	assert_false(seen_has(s, 5));
	seen_remove(s, 5);
	assert_int_equal(seen_count(s), 0);
	assert_true(seen_add(s, 0)); /* a fingerprint may be 0 */
	assert_false(seen_add(s, 0));
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
	assert_true(seen_bytes(s) < n * 20);
	for (uint64_t i = 0; i < n; i += 2)
		seen_remove(s, key(i));
	for (uint64_t i = 0; i < n; i++)
		assert_int_equal(seen_has(s, key(i)), i & 1);
	seen_free(s);
}

/* Removing from the middle of a run of colliding keys must not cut off those behind it. */
static void test_collisions(void **state)
{
	struct seen *s = seen_open();

	(void)state;
	for (uint64_t i = 1; i <= 8; i++) /* same shard, same home */
		assert_true(seen_add(s, (i << 32) & 0x00ffffff00000000));
	seen_remove(s, 3ULL << 32);
	for (uint64_t i = 1; i <= 8; i++)
		assert_int_equal(seen_has(s, (i << 32) & 0x00ffffff00000000), i != 3);
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
		cmocka_unit_test(test_add_has_remove),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_collisions),
		cmocka_unit_test(test_heap_order),
		cmocka_unit_test(test_heap_fair),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
