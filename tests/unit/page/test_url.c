#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "crawler/page/url.h"

static void smoke(void **state)
{
	struct url_parser p;
	struct url u;

	(void)state;
	url_parser_init(&p);
	assert_int_equal(url_parse(&p, "http://\xc3\xa9.example/a", 20, NULL, &u), 0);
	url_parser_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(smoke)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
