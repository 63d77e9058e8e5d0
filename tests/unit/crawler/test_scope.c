/* Which URLs belong to the crawl. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "config/log.h"
#include "crawler/scope.h"

static struct settings set;
static struct scope_rules *scope;

static void open_scope(enum scope kind, const char *seed)
{
	struct url u;
	struct err err;

	set.scope = kind;
	scope = scope_open(&set, &err);
	assert_non_null(scope);
	assert_int_equal(url_view(seed, strlen(seed), &u), 0);
	scope_add_seed(scope, &u);
}

static void expect(const char *url, const char *reason)
{
	struct url u;
	const char *rule, *got;

	assert_int_equal(url_view(url, strlen(url), &u), 0);
	got = scope_judge(scope, &u, false, &rule);
	if ((got == NULL) != (reason == NULL) || (got && strcmp(got, reason) != 0))
		fail_msg("%s: %s, expected %s", url, got ? got : "in scope",
			reason ? reason : "in scope");
}

static int set_up(void **state)
{
	(void)state;
	settings_init(&set);
	log_open(LOG_ERROR, false);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scope_free(scope);
	scope = NULL;
	settings_release(&set);
	return 0;
}

static void test_host(void **state)
{
	(void)state;
	open_scope(SCOPE_HOST, "https://example.com/docs/a");
	expect("https://example.com/", NULL);
	expect("http://example.com/x", NULL);
	expect("https://www.example.com/", "scope");
	expect("https://example.com:8443/", "scope");
	expect("https://example.com.evil/", "scope");
}

static void test_prefix(void **state)
{
	(void)state;
	open_scope(SCOPE_PREFIX, "https://example.com/docs/a.html?q=/x/");
	expect("https://example.com/docs/", NULL);
	expect("https://example.com/docs/b/c", NULL);
	expect("https://example.com/doc", "scope");
	expect("https://example.com/", "scope");
}

static void test_domain(void **state)
{
	(void)state;
	open_scope(SCOPE_DOMAIN, "https://www.example.co.uk/");
	expect("http://a.b.example.co.uk:81/", NULL);
	expect("https://other.co.uk/", "scope");
}

static void test_page_and_any(void **state)
{
	(void)state;
	open_scope(SCOPE_PAGE, "https://example.com/a");
	expect("https://example.com/a#frag", NULL);
	expect("https://example.com/a?b", "scope");
	scope_free(scope);
	open_scope(SCOPE_ANY, "https://example.com/a");
	expect("http://192.0.2.1/", NULL);
}

static void test_patterns(void **state)
{
	struct url u;
	const char *rule;

	(void)state;
	strlist_add(&set.include, "/keep/");
	strlist_add(&set.exclude, "\\.zip$");
	open_scope(SCOPE_HOST, "https://example.com/");
	expect("https://example.com/keep/1", NULL);
	expect("https://example.com/other", "include");
	expect("https://example.com/keep/1.zip", "exclude");
	expect("https://example.com/keep/1.zip#x", "exclude"); /* as it would be fetched */
	assert_int_equal(url_view("https://example.com/keep/1.zip", 30, &u), 0);
	assert_string_equal(scope_judge(scope, &u, true, &rule), "exclude"); /* seeds too */
	assert_string_equal(rule, "--exclude \\.zip$");
	assert_int_equal(url_view("https://example.com/", 20, &u), 0);
	assert_null(scope_judge(scope, &u, true, &rule)); /* --include does not bind seeds */
}

/* A pattern that explodes on a URL must give up quickly and keep the URL out. */
static void test_catastrophic_pattern(void **state)
{
	(void)state;
	strlist_add(&set.exclude, "(a+)+[0-9]$");
	open_scope(SCOPE_HOST, "https://example.com/");
	expect("https://example.com/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaad",
		"exclude");
	expect("https://example.com/fine", NULL);
}

static void test_bad_pattern(void **state)
{
	struct err err;

	(void)state;
	strlist_add(&set.exclude, "a(b");
	assert_null(scope_open(&set, &err));
	assert_int_equal(err.status, EXIT_USAGE);
	assert_non_null(strstr(err.text, "--exclude a(b"));
}

static void test_follow(void **state)
{
	struct url u;

	(void)state;
	open_scope(SCOPE_HOST, "https://example.com/");
	expect("https://www.example.com/x", "scope");
	assert_int_equal(url_view("https://www.example.com/", 24, &u), 0);
	assert_true(scope_follow(scope, &u));
	assert_false(scope_follow(scope, &u));
	expect("https://www.example.com/x", NULL);
	expect("https://example.com/x", NULL);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_host),
		T(test_prefix),
		T(test_domain),
		T(test_page_and_any),
		T(test_patterns),
		T(test_catastrophic_pattern),
		T(test_bad_pattern),
		T(test_follow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
