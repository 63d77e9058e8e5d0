/* The far part of a host's queue: ids in order, their extras with them, in few bytes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "crawler/backlog.h"

static void test_order_and_extras(void **state)
{
	static const uint64_t ids[] = {1, 2, 130, 131, 20000, 1ULL << 40, (1ULL << 61) + 5};
	static const uint32_t extras[] = {0, 1, 0, 127, 128, UINT32_MAX, 3};
	struct backlog b = {0};
	size_t bytes = 0;
	uint32_t extra;

	(void)state;
	for (size_t round = 0; round < 2; round++) { /* empty in between, ids go on */
		uint64_t base = round * (1ULL << 61) + round * 10;
		for (size_t i = 0; i < 7 - round; i++)
			backlog_put(&b, base + ids[i], extras[i], &bytes);
		for (size_t i = 0; i < 7 - round; i++) {
			assert_int_equal(b.n, 7 - round - i);
			assert_true(b.next_id == base + ids[i]);
			assert_true(backlog_get(&b, &extra, &bytes) == base + ids[i]);
			assert_int_equal(extra, extras[i]);
		}
		assert_int_equal(b.n, 0);
		assert_int_equal(bytes, 0); /* an empty one holds nothing */
	}
}

/* Put and taken in turns, over many chunks. */
static void test_many(void **state)
{
	struct backlog b = {0};
	uint64_t put = 0, got = 0, id = 0, want = 0;
	size_t bytes = 0;
	uint32_t extra;

	(void)state;
	while (got < 300000) {
		for (unsigned i = 0; put < 300000 && i < 7 + put % 90; i++, put++) {
			id += 1 + put % 300;
			backlog_put(&b, id, put % 5 ? 0 : (uint32_t)put, &bytes);
		}
		for (unsigned i = 0; b.n && i < 5 + put % 60; i++, got++) {
			want += 1 + got % 300;
			assert_true(backlog_get(&b, &extra, &bytes) == want);
			assert_int_equal(extra, got % 5 ? 0 : got);
		}
	}
	assert_int_equal(b.n, 0);
	assert_int_equal(bytes, 0);
}

static void test_bytes(void **state)
{
	struct backlog one = {0}, many = {0};
	size_t bytes = 0;

	(void)state;
	backlog_put(&one, 123456789, 0, &bytes);
	assert_true(bytes <= 48); /* a hundred thousand hosts may have one each */
	backlog_release(&one, &bytes);
	assert_int_equal(bytes, 0);
	for (uint64_t id = 1; id <= 1000000; id++)
		backlog_put(&many, id * 20, 0, &bytes);
	assert_true(bytes < 1100000);
	backlog_release(&many, &bytes);
	assert_int_equal(bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_extras),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
