/* Stopping a crawl: what still may happen when those that could be stopped have gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/crawl.h"

/* The store may fail, or a signal come, while the last pages are written: the pools of fetchers and
 * hosts are freed by then, so nothing of them may be touched. Here there never was anything. */
static void test_after_the_end(void **state)
{
	struct crawl c = {.ended = true};

	(void)state;
	crawl_stop(&c, true);
	crawl_stop(&c, false);
	assert_int_equal(c.stops, 0);
	assert_false(c.aborting);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_after_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
