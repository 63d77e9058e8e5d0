/* The closing summary: sums, ends, exit status, both faces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "crawler/summary.h"

static struct summary sample(void)
{
	return (struct summary){
		.output = "docs.db",
		.discovered = 1234,
		.fetched = 1100,
		.failed = 3,
		.excluded = 100,
		.left = 31,
		.pages = 1050,
		.hosts = 2,
		.links = 40000,
		.statuses = {{"2xx", 1050}, {"4xx", 50}},
		.nstatuses = 2,
		.errors = {{"timeout", 3}},
		.nerrors = 1,
		.excludes = {{"scope", 90}, {"robots", 10}},
		.nexcludes = 2,
		.elapsed_ms = 10000,
		.run_pages = 1000,
		.requests = 1105,
		.bytes_wire = 51000000,
		.stage_us = {[STAGE_WAIT] = 3000000, [STAGE_PARSE] = 1000000},
	};
}

static char *text_of(const struct summary *s)
{
	struct progress_look look = {.columns = 80};
	struct buf out = BUF_INIT;

	summary_text(&out, s, &look);
	return buf_take(&out);
}

/* What known URLs take is said once it is worth a line. */
static void memory_of_urls(void **state)
{
	struct summary s = sample();
	char *t;

	(void)state;
	s.memory_urls = 100000;
	s.longest_turn_ms = 7;
	t = text_of(&s);
	assert_null(strstr(t, "known URLs"));
	free(t);
	s.memory_urls = 1234 * 12345;
	t = text_of(&s);
	assert_non_null(strstr(
		t, "15.2 MB for known URLs, 12345.0 bytes each; longest turn of the loop 7 ms\n"));
	free(t);
}

static void counts_add_up(void **state)
{
	struct summary s = sample();
	char *t = text_of(&s);

	(void)state;
	assert_non_null(strstr(
		t, "1,234 discovered = 1,100 fetched + 3 failed + 100 excluded + 31 left\n"));
	assert_null(strstr(t, "bug"));
	assert_non_null(strstr(t, "100 pages/s"));
	free(t);
	s.left = 30;
	t = text_of(&s);
	assert_non_null(strstr(t, "a bug: 1 are unaccounted for"));
	free(t);
	s.left = 41;
	t = text_of(&s);
	assert_non_null(strstr(t, "a bug: 10 are counted twice"));
	free(t);
}

static void stages_are_shares(void **state)
{
	struct summary s = sample();
	char *t = text_of(&s);

	(void)state;
	assert_non_null(strstr(
		t, "waiting for the server      3.00 ms/page  75.0 %  ########################\n"));
	assert_non_null(strstr(t, "parsing                     1.00 ms/page  25.0 %  ########\n"));
	assert_non_null(strstr(t, "storing                     0.00 ms/page   0.0 %\n"));
	free(t);
	memset(s.stage_us, 0, sizeof(s.stage_us));
	t = text_of(&s);
	assert_null(strstr(t, "ms/page"));
	free(t);
}

static void every_end_has_its_words_and_status(void **state)
{
	static const struct {
		enum summary_end end;
		int status;
		const char *words, *go_on;
	} ends[] = {
		{END_FINISHED, 0, "Finished in 10.0 s: nothing is left to fetch.",
			"skitter status docs.db  skitter report docs.db"},
		{END_LIMIT, 0, "Ended after 10.0 s by the limit --max-pages 5.",
			"skitter resume docs.db   (with a higher limit)"},
		{END_SIGNAL, 3, "Stopped after 10.0 s.", "skitter resume docs.db"},
		{END_STORAGE, 4, "Stopped after 10.0 s: storing failed: disk full.",
			"skitter resume docs.db"},
		{END_NO_SEED, 5, "Ended after 10.0 s: no seed could be fetched.",
			"skitter status docs.db"},
		{END_INTERNAL, 1, "Stopped after 10.0 s by an internal error.",
			"skitter resume docs.db"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct summary s = sample();
		char *t;
		s.end = ends[i].end;
		s.limit = s.end == END_LIMIT ? "--max-pages 5" : NULL;
		s.reason = s.end == END_STORAGE ? "disk full" : NULL;
		t = text_of(&s);
		assert_int_equal(summary_status(&s), ends[i].status);
		assert_int_equal(strncmp(t, ends[i].words, strlen(ends[i].words)), 0);
		assert_non_null(strstr(t, ends[i].go_on));
		free(t);
	}
}

static void the_way_on_can_be_pasted(void **state)
{
	struct summary s = sample();
	char *t;

	(void)state;
	s.end = END_SIGNAL;
	s.output = "my crawl's $(x).db";
	t = text_of(&s);
	assert_non_null(strstr(t, "skitter resume 'my crawl'\\''s $(x).db'\n"));
	free(t);
}

static void a_resumed_crawl_claims_no_number_of_links(void **state)
{
	struct summary s = sample();
	char *t;

	(void)state;
	t = text_of(&s);
	assert_non_null(strstr(t, " links, "));
	free(t);
	s.resumed = true;
	s.links = 0;
	t = text_of(&s);
	assert_null(strstr(t, "links"));
	free(t);
}

static void hostile_words_are_escaped(void **state)
{
	struct summary s = sample();
	char *t;

	(void)state;
	s.end = END_STORAGE;
	s.reason = "bad\033[2J";
	s.output = "a\033b.db";
	t = text_of(&s);
	assert_null(strchr(t, '\033'));
	free(t);
}

static void json_is_json(void **state)
{
	struct summary s = sample();
	struct buf out = BUF_INIT;
	json_error_t why;
	json_t *o;

	(void)state;
	s.output = "a\"b\xff.db";
	summary_json(&out, &s);
	assert_null(strchr(out.data, '\n'));
	o = json_loads(out.data, 0, &why);
	if (!o)
		fail_msg("%s: %s", why.text, out.data);
	assert_string_equal(json_string_value(json_object_get(o, "end")), "finished");
	assert_int_equal(json_integer_value(json_object_get(o, "left")), 31);
	assert_true(
		json_real_value(json_object_get(json_object_get(o, "stage_ms"), "wait")) == 3000);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(o, "exclusions"), "scope")), 90);
	assert_true(json_is_null(json_object_get(o, "limit")));
	json_decref(o);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_of_urls),
		cmocka_unit_test(counts_add_up),
		cmocka_unit_test(stages_are_shares),
		cmocka_unit_test(every_end_has_its_words_and_status),
		cmocka_unit_test(the_way_on_can_be_pasted),
		cmocka_unit_test(a_resumed_crawl_claims_no_number_of_links),
		cmocka_unit_test(hostile_words_are_escaped),
		cmocka_unit_test(json_is_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
