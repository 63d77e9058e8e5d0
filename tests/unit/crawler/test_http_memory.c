/* libcurl's memory: blocks of every size keep what is written to them, whichever was given back
 * before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "crawler/http.h"

#define BLOCKS 64

static char text[200001];

/* Functions that allocate, and that skitter does not use. */
static struct {
	__typeof__(curl_easy_escape) *escape;
	__typeof__(curl_free) *free;
	__typeof__(curl_url_get) *get;
} lib;

/* Allocated by libcurl, and grown while it is written. */
static char *block(size_t len)
{
	char *s = lib.escape(NULL, text, (int)len);

	assert_non_null(s);
	assert_int_equal((uintptr_t)s % _Alignof(max_align_t), 0);
	return s;
}

static void check(const char *s, size_t len)
{
	assert_int_equal(strlen(s), len);
	assert_memory_equal(s, text, len);
}

static void test_sizes(void **state)
{
	(void)state;
	for (size_t len = 1; len < sizeof(text); len += 1 + len / 16) {
		char *a = block(len), *b = block(len);

		assert_ptr_not_equal(a, b);
		check(a, len);
		lib.free(a);
		a = block(len);
		assert_ptr_not_equal(a, b);
		check(a, len);
		check(b, len);
		lib.free(b);
		lib.free(a);
	}
}

/* In any order, and more of them than are kept. */
static void test_many(void **state)
{
	char *blocks[BLOCKS] = {NULL};
	size_t lens[BLOCKS];
	unsigned n = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		n = n * 1103515245 + 12345;
		char **b = &blocks[(n >> 16) % BLOCKS];
		size_t *len = &lens[b - blocks];

		if (*b)
			check(*b, *len);
		lib.free(*b);
		*len = 1 + (n >> 8) % (i % 100 ? 700 : 90000);
		*b = block(*len);
	}
	for (size_t i = 0; i < BLOCKS; i++)
		lib.free(blocks[i]);
}

static void test_zeroed(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		CURLU *url = curl_url();
		char *host = NULL;

		assert_int_equal(lib.get(url, CURLUPART_HOST, &host, 0), CURLUE_NO_HOST);
		assert_int_equal(
			curl_url_set(url, CURLUPART_URL, "http://host/path", 0), CURLUE_OK);
		curl_url_cleanup(url);
	}
}

static void *function(const char *name)
{
	void *so = dlopen("libcurl.so.4", RTLD_NOW | RTLD_NOLOAD);
	void *place = so ? dlsym(so, name) : NULL;

	if (!place)
		abort();
	dlclose(so);
	return place;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_zeroed),
	};
	int failed;

	memset(text, 'x', sizeof(text) - 1);
	http_global_init();
	*(void **)&lib.escape = function("curl_easy_escape");
	*(void **)&lib.free = function("curl_free");
	*(void **)&lib.get = function("curl_url_get");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	curl_global_cleanup();
	return failed;
}
