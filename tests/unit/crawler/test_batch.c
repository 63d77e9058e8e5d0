/* Batch files and the table of a batch: what is refused and where, what is inherited, patterns,
 * how the table fits a terminal, and the exit status. Jobs as processes: tests/worlds/batch*. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/mem.h"
#include "config/text.h"
#include "crawler/batch.h"
#include "crawler/page/url.h"

/* ---- batch files --------------------------------------------------------------------------- */

#define FILE_NAME "test_batch.yaml"

static int load(struct batch *b, const char *text, struct err *err)
{
	FILE *f = fopen(FILE_NAME, "w");
	int rc;

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	rc = batch_load(b, FILE_NAME, err);
	unlink(FILE_NAME);
	return rc;
}

static void loads(struct batch *b, const char *text)
{
	struct err err = {0};

	if (load(b, text, &err) < 0)
		fail_msg("%s\n%s", err.text, text);
}

static void refused(const char *text, const char *sentence)
{
	struct buf want = BUF_INIT;
	struct err err = {0};
	struct batch b;

	assert_int_equal(load(&b, text, &err), -1);
	buf_addf(&want, FILE_NAME ":%s", sentence);
	assert_string_equal(err.text, want.data);
	assert_int_equal(err.status, EXIT_USAGE);
	assert_int_equal(b.n, 0);
	assert_null(b.jobs);
	buf_release(&want);
}

static void a_job_has_what_it_was_given(void **state)
{
	struct batch b;

	(void)state;
	loads(&b, "jobs:\n"
		  "  docs:\n"
		  "    seeds: [https://a.example/, b.example]\n"
		  "    depth: 2\n"
		  "    output: 'docs-%Y.db'\n"
		  "    exports:\n"
		  "      - format: csv\n"
		  "        file: '{job}.csv'\n"
		  "        where: status = 404\n"
		  "      - {file: all.txt, format: urls}\n"
		  "    report: docs.html\n"
		  "    on_success: 'mail -s \"done: yes\" me'\n"
		  "  blog: {seeds_file: blog.txt, on_failure: 'false'}\n");
	assert_int_equal(b.n, 2);
	assert_string_equal(b.jobs[0].name, "docs");
	assert_int_equal(b.jobs[0].set.seeds.n, 2);
	assert_int_equal(b.jobs[0].set.depth, 2);
	assert_int_equal(b.jobs[0].nexports, 2);
	assert_string_equal(b.jobs[0].exports[0].where, "status = 404");
	assert_string_equal(b.jobs[0].exports[1].file, "all.txt");
	assert_null(b.jobs[0].exports[1].where);
	assert_string_equal(b.jobs[0].report, "docs.html");
	assert_string_equal(b.jobs[0].on_success, "mail -s \"done: yes\" me");
	assert_null(b.jobs[0].on_failure);
	assert_string_equal(b.jobs[1].set.input_file, "blog.txt");
	assert_string_equal(b.jobs[1].on_failure, "false");
	batch_release(&b);
}

static void defaults_lie_under_every_job_wherever_they_stand(void **state)
{
	struct batch b;

	(void)state;
	loads(&b, "jobs:\n"
		  "  one: {depth: 7, exclude: [x]}\n"
		  "  two: {seeds: http://two.example/, exports: [], on_failure: mine}\n"
		  "  three:\n"
		  "  four: {seeds_file: f}\n"
		  "defaults:\n"
		  "  seeds: http://all.example/\n"
		  "  depth: 3\n"
		  "  exclude: [a, b]\n"
		  "  exports: {format: urls, file: '{job}.txt'}\n"
		  "  on_failure: all\n");
	assert_int_equal(b.jobs[0].set.depth, 7);
	assert_int_equal(b.jobs[0].set.exclude.n, 1);
	assert_string_equal(b.jobs[0].set.seeds.v[0], "http://all.example/");
	assert_int_equal(b.jobs[0].nexports, 1);
	assert_int_equal(b.jobs[1].set.depth, 3);
	assert_int_equal(b.jobs[1].set.exclude.n, 2);
	assert_int_equal(b.jobs[1].set.seeds.n, 1);
	assert_string_equal(b.jobs[1].set.seeds.v[0], "http://two.example/");
	assert_int_equal(b.jobs[1].nexports, 0); /* taken back */
	assert_string_equal(b.jobs[1].on_failure, "mine");
	assert_string_equal(b.jobs[2].on_failure, "all");
	assert_int_equal(b.jobs[3].set.seeds.n, 0); /* one's own seeds are all of them */
	assert_string_equal(b.jobs[3].set.input_file, "f");
	batch_release(&b);
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
	(void)state;
	refused("", "1:1: expected `jobs:` with a name and keys for each");
	refused("defaults: {depth: 1}\n",
		"1:1: there are no jobs: expected `jobs:` with a name and keys for each");
	refused("jobs: {}\n",
		"1:1: there are no jobs: expected `jobs:` with a name and keys for each");
	refused("jobs: [a]\n", "1:7: jobs: expected a name and keys under it: `docs: {seeds: "
			       "https://example.com/}`");
	refused("job:\n", "1:1: unknown key `job`; did you mean `jobs`?");
	refused("colour: red\n", "1:1: unknown key `colour`; expected `defaults` or `jobs`");
	refused("depth: 3\n", "1:1: expected `defaults:` or `jobs:`; `depth` belongs under "
			      "`defaults:` or under a job");
	refused("jobs:\n  a: {depth: x}\n",
		"2:14: depth: expected a whole number, or `none`, found `x`");
	refused("jobs:\n  a:\n    dept: 1\n", "3:5: unknown key `dept`; did you mean `depth`?");
	refused("jobs:\n  a:\n    seed_file: 1\n",
		"3:5: unknown key `seed_file`; did you mean `seeds_file`?");
	refused("jobs:\n  a:\n    on_sucess: x\n",
		"3:5: unknown key `on_sucess`; did you mean `on_success`?");
	refused("jobs:\n  a:\n    config: x\n",
		"3:5: `config` can only be given on the command line, as --config");
	refused("jobs:\n  a: {depth: 1}\n  a: {depth: 2}\n",
		"3:3: a job named `a` is in line 2 already");
	refused("jobs:\n  a: {depth: 1, depth: 2}\n", "2:17: `depth` was already set in line 2");
	refused("jobs:\n  a: {seeds_file: x, input_file: y}\n",
		"2:22: `input_file` was already set in line 2");
	refused("jobs:\n  a: {report: x, report: y}\n", "2:18: `report` was already set in line 2");
	refused("jobs:\n  a: {on_success: [x]}\n",
		"2:19: on_success: expected one text, found a list");
	refused("jobs:\n  a: {on_success: }\n", "2:19: on_success: expected a text, found nothing");
	refused("jobs:\n  a: x\n",
		"2:6: a: expected keys and values such as `seeds: https://example.com/`");
	refused("jobs:\n  a: {depth: 1}\njobs:\n  b: {depth: 1}\n", "3:1: `jobs` is there already");
}

static void names_are_safe_in_file_names(void **state)
{
	static const char *const bad[] = {"'../x'", "a/b", "'a b'", ".hidden", "-x", "'\\e[31m'",
		"\"\\e[31m\"", "\xc3\xa4", "''"};
	struct batch b;

	(void)state;
	for (size_t i = 0; i < MEM_COUNT(bad); i++) {
		struct buf text = BUF_INIT;
		struct err err = {0};
		buf_addf(&text, "jobs:\n  %s: {depth: 1}\n", bad[i]);
		assert_int_equal(load(&b, text.data, &err), -1);
		assert_non_null(strstr(err.text, FILE_NAME ":2:3: expected a job's name"));
		assert_null(strchr(err.text, '\033'));
		buf_release(&text);
	}
	loads(&b, "jobs:\n  a-B_0.9: {depth: 1}\n");
	batch_release(&b);
}

static void an_export_needs_a_format_and_a_file(void **state)
{
	(void)state;
	refused("jobs:\n  a:\n    exports: csv\n",
		"3:14: exports: expected a list of {format: csv, file: pages.csv}");
	refused("jobs:\n  a:\n    exports: [csv]\n",
		"3:15: exports: expected {format: csv, file: pages.csv}");
	refused("jobs:\n  a:\n    exports:\n      - format: csv\n",
		"4:9: exports: `file` is missing: {format: csv, file: pages.csv}");
	refused("jobs:\n  a:\n    exports: {file: x, formt: csv}\n",
		"3:24: unknown key of an export `formt`; did you mean `format`?");
	refused("jobs:\n  a:\n    exports: {file: x, file: y}\n", "3:24: `file` was already set");
	refused("jobs:\n  a:\n    exports: {file: '%Q', format: csv}\n",
		"3:21: file: expected a date such as %Y-%m-%d or %H%M%S (%% is a %), found `%Q`");
}

/* ---- the examples -------------------------------------------------------------------------- */

static bool has_jobs(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[512];
	bool jobs = false;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		jobs |= !strncmp(line, "jobs:", 5);
	fclose(f);
	return jobs;
}

static void check_example(const char *path)
{
	struct settings s;
	struct err err = {0};
	struct batch b;

	settings_init(&s);
	if (!has_jobs(path)) {
		if (settings_load_yaml(&s, path, &err) < 0)
			fail_msg("%s", err.text);
		settings_release(&s);
		return;
	}
	settings_release(&s);
	if (batch_load(&b, path, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < b.n; i++) {
		struct batch_opts o = {.parallel = 1};
		struct batch_task t;
		if (batch_plan(&t, &b, &b.jobs[i], &o, &err) < 0)
			fail_msg("%s", err.text);
		batch_task_release(&t);
	}
	batch_release(&b);
}

static void the_examples_are_correct(void **state)
{
	glob_t found;

	(void)state;
	url_global_init();
	if (glob("config/examples/*.yaml", 0, NULL, &found) != 0)
		skip(); /* not started from the source folder */
	assert_true(found.gl_pathc >= 4);
	for (size_t i = 0; i < found.gl_pathc; i++)
		check_example(found.gl_pathv[i]);
	globfree(&found);
}

/* ---- patterns ------------------------------------------------------------------------------ */

static void patterns_are_filled_in(void **state)
{
	struct tm tm = {.tm_year = 126, .tm_mon = 0, .tm_mday = 31, .tm_hour = 9, .tm_min = 5};
	struct buf b = BUF_INIT;
	struct err err = {0};

	(void)state;
	batch_expand(&b, "out/{job}/%Y-%m-%d_%H%M/100%%/{job}{x", "docs", &tm);
	assert_string_equal(b.data, "out/docs/2026-01-31_0905/100%/docs{x");
	buf_release(&b);
	assert_true(batch_has_date("a-%Y"));
	assert_false(batch_has_date("100%%Y{job}"));
	assert_int_equal(batch_check_pattern("{job}-%F.db", &err), 0);
	assert_int_equal(batch_check_pattern("x%", &err), -1);
	assert_string_equal(err.text, "expected a date such as %Y-%m-%d or %H%M%S (%% is a %), "
				      "found `%`");
	assert_int_equal(batch_check_pattern("{name}.db", &err), -1);
	assert_string_equal(err.text, "expected {job}, or a date such as %Y-%m-%d; found `{name}`");
	assert_int_equal(batch_check_pattern("%c", &err), -1); /* has blanks and colons */
	refused("jobs:\n  a: {output: 'x-%Q.db'}\n",
		"2:7: output: expected a date such as %Y-%m-%d or %H%M%S (%% is a %), found `%Q`");
}

/* ---- the table ----------------------------------------------------------------------------- */

static size_t widest(const char *text)
{
	size_t most = 0;

	while (*text) {
		size_t n = strcspn(text, "\n"), cols = text_columns(text, n);
		most = cols > most ? cols : most;
		text += n + (text[n] == '\n');
	}
	return most;
}

static void the_table_fits_any_terminal(void **state)
{
	struct batch_row rows[40] = {0};
	char names[40][BATCH_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < MEM_COUNT(rows); i++) {
		snprintf(names[i], sizeof(names[i]), "job%zu-%.*s", i, (int)(i % 50),
			"a-rather-long-name-for-a-job-that-will-not-fit-anywhere");
		rows[i].name = names[i];
		rows[i].state = (enum batch_state)(i % 6);
		rows[i].n = (struct batch_numbers){.pages = 123456789, .bytes = 1u << 31};
		snprintf(rows[i].text, sizeof(rows[i].text), "%s",
			i % 2 ? "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e \033[2J\xe2\x80\xae evil\n "
				"two"
			      : "no seed could be fetched: refused, and so on and on and on");
	}
	for (int columns = 31; columns < 200; columns++) {
		for (int height = 6; height < 60; height += 7) {
			struct progress_look look = {
				.columns = columns, .rows = height, .utf8 = columns % 2};
			struct buf out = BUF_INIT;
			int lines = batch_table(&out, rows, MEM_COUNT(rows), &look), n = 0;
			for (size_t i = 0; i < out.len; i++)
				n += out.data[i] == '\n';
			assert_int_equal(lines, n);
			assert_true(lines < height);
			if (widest(out.data) >= (size_t)columns)
				fail_msg("%d columns:\n%s", columns, out.data);
			assert_null(strchr(out.data, '\033'));
			assert_null(strstr(out.data, "\xe2\x80\xae"));
			buf_release(&out);
		}
	}
}

static void a_low_terminal_shows_what_matters(void **state)
{
	struct batch_row rows[20] = {0};
	struct progress_look look = {.columns = 60, .rows = 8};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < MEM_COUNT(rows); i++) {
		rows[i].name = "other";
		rows[i].state = i < 12 ? BATCH_DONE : BATCH_WAITING;
	}
	rows[3].name = "bad";
	rows[3].state = BATCH_FAILED;
	rows[15].name = "busy";
	rows[15].state = BATCH_RUNNING;
	batch_table(&out, rows, MEM_COUNT(rows), &look);
	assert_non_null(strstr(out.data, "\nbad  "));
	assert_non_null(strstr(out.data, "\nbusy  "));
	assert_non_null(strstr(out.data, "\n15 more: 4 waiting, 11 done\n"));
	buf_release(&out);
}

static void a_json_event_is_json(void **state)
{
	struct batch_row row = {.name = "docs", .state = BATCH_FAILED, .status = 5};
	struct buf out = BUF_INIT;
	json_error_t why;
	json_t *j;

	(void)state;
	snprintf(row.text, sizeof(row.text), "\"quoted\" \xff \033[0m");
	buf_add_ch(&out, '{');
	batch_json(&out, &row);
	buf_add_ch(&out, '}');
	j = json_loads(out.data, 0, &why);
	if (!j)
		fail_msg("%s: %s", why.text, out.data);
	assert_int_equal(json_integer_value(json_object_get(j, "exit_status")), 5);
	assert_string_equal(json_string_value(json_object_get(j, "state")), "failed");
	json_decref(j);
	buf_release(&out);
}

static void the_sum_counts_every_job_once(void **state)
{
	struct batch_row rows[] = {{.state = BATCH_DONE}, {.state = BATCH_BEFORE},
		{.state = BATCH_FAILED}, {.state = BATCH_STOPPED}, {.state = BATCH_WAITING}};
	struct buf out = BUF_INIT;

	(void)state;
	batch_sum(&out, rows, MEM_COUNT(rows));
	assert_string_equal(
		out.data, "2 of 5 jobs done (1 before), 1 failed, 1 stopped, 1 not started");
	buf_release(&out);
}

/* ---- the exit status ----------------------------------------------------------------------- */

static int status_of(int a, int b, bool stopped)
{
	struct batch_row rows[2] = {{.status = a, .state = a ? BATCH_FAILED : BATCH_DONE},
		{.status = b, .state = b ? BATCH_FAILED : BATCH_BEFORE}};

	for (size_t i = 0; i < 2; i++)
		if (rows[i].status == EXIT_SIGNAL)
			rows[i].state = BATCH_STOPPED;
	return batch_status(rows, 2, stopped);
}

static void the_exit_status_is_that_of_the_worst_job(void **state)
{
	struct batch_row waiting = {.state = BATCH_WAITING};

	(void)state;
	assert_int_equal(status_of(0, 0, false), 0);
	assert_int_equal(status_of(0, 0, true), 0); /* stopped when all was done */
	assert_int_equal(status_of(0, 5, false), 5);
	assert_int_equal(status_of(5, 2, false), 2);
	assert_int_equal(status_of(2, 4, false), 4);
	assert_int_equal(status_of(4, 1, false), 1);
	assert_int_equal(status_of(3, 5, false), 5);
	assert_int_equal(status_of(0, 3, false), 3); /* somebody stopped that one job */
	assert_int_equal(status_of(4, 3, true), 3);
	assert_int_equal(batch_status(&waiting, 1, true), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_job_has_what_it_was_given),
		cmocka_unit_test(defaults_lie_under_every_job_wherever_they_stand),
		cmocka_unit_test(what_is_wrong_is_said_with_its_place),
		cmocka_unit_test(names_are_safe_in_file_names),
		cmocka_unit_test(an_export_needs_a_format_and_a_file),
		cmocka_unit_test(the_examples_are_correct),
		cmocka_unit_test(patterns_are_filled_in),
		cmocka_unit_test(the_table_fits_any_terminal),
		cmocka_unit_test(a_low_terminal_shows_what_matters),
		cmocka_unit_test(a_json_event_is_json),
		cmocka_unit_test(the_sum_counts_every_job_once),
		cmocka_unit_test(the_exit_status_is_that_of_the_worst_job),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
