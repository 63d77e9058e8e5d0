/* The config file: what it may hold, and errors that say where and what. */
#include "tests/unit/config/settings_help.h"

static void ok(struct settings *s, const char *text)
{
	struct err err = {0};

	settings_init(s);
	if (load_text(s, text, strlen(text), &err) < 0)
		fail_msg("%s: %s", text, err.text);
}

static void refused_bytes(const char *text, size_t len, const char *sentence)
{
	struct settings s;
	struct err err = {0};

	settings_init(&s);
	assert_int_equal(load_text(&s, text, len, &err), -1);
	assert_string_equal(err.text, sentence);
	assert_int_equal(err.status, EXIT_USAGE);
	assert_true(s.set == 0); /* nothing of a bad file is applied */
	assert_int_equal(s.seeds.n, 0);
	settings_release(&s);
}

static void refused(const char *text, const char *sentence)
{
	refused_bytes(text, strlen(text), sentence);
}

static void every_kind_of_value(void **state)
{
	struct settings s;

	(void)state;
	ok(&s, "# a comment\n"
	       "seeds:\n  - https://a.example/\n  - b.example\n"
	       "per_host: 4\nmax-body: 2MiB\ndelay: 0.5\nscope: Domain\nassets: yes\n"
	       "exclude: [a, 'b: c']\nuser_agent: \"x \\u00e9\"\nmax_pages: none\ncookies: false\n"
	       "output: 42.db\n");
	assert_int_equal(s.seeds.n, 2);
	assert_string_equal(s.seeds.v[1], "b.example");
	assert_int_equal(s.per_host, 4);
	assert_true(s.max_body == 2u << 20);
	assert_true(s.delay == 0.5);
	assert_int_equal(s.scope, SCOPE_DOMAIN);
	assert_true(s.assets);
	assert_string_equal(s.exclude.v[1], "b: c");
	assert_string_equal(s.user_agent, "x \xc3\xa9");
	assert_string_equal(s.output, "42.db");
	assert_int_equal(s.origin[0].source, SOURCE_FILE);
	assert_int_equal(s.origin[0].line, 2);
	settings_release(&s);
}

static void one_seed_may_stand_alone(void **state)
{
	struct settings s;

	(void)state;
	ok(&s, "seeds: https://a.example/");
	assert_int_equal(s.seeds.n, 1);
	settings_release(&s);
}

static void empty_files_are_fine(void **state)
{
	static const char *const texts[] = {
		"", "\n\n", "# only a comment\n", "---\n", "{}", "\xef\xbb\xbf"};
	struct settings s;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		ok(&s, texts[i]);
		assert_true(s.set == 0);
		settings_release(&s);
	}
}

static void flags_win_over_the_file(void **state)
{
	struct settings s;
	struct err err = {0};
	const char *text =
		"seeds: [https://file.example/]\ndepth: 2\nper_host: 9\nexclude: [file]\n";
	char *path = temp_file(text, strlen(text)), words[256];

	(void)state;
	settings_init(&s);
	snprintf(
		words, sizeof(words), "https://flag.example/ --depth 5 -c %s --exclude flag", path);
	assert_int_equal(parse_words(&s, "crawl", words, &err), 0);
	assert_int_equal(s.seeds.n, 1);
	assert_string_equal(s.seeds.v[0], "https://flag.example/");
	assert_int_equal(s.depth, 5);
	assert_int_equal(s.per_host, 9);
	assert_int_equal(s.exclude.n, 1);
	assert_string_equal(s.exclude.v[0], "flag");
	settings_release(&s);
	unlink(path);
	free(path);
}

static void errors_say_where_and_what(void **state)
{
	(void)state;
	refused("seeds: https://a/\nper_hots: 3\n",
		"F:2:1: unknown key `per_hots`; did you mean `per_host`?");
	refused("  max-page: 3\n", "F:1:3: unknown key `max-page`; did you mean `max_pages`?");
	refused("xylophone: 3\n",
		"F:1:1: unknown key `xylophone`; `skitter config example` shows all keys");
	refused("per_host: [3]\n", "F:1:11: per_host: expected one value, found a list");
	refused("per_host: {a: 3}\n",
		"F:1:11: per_host: expected a value, found a map (`key: value`)");
	refused("per_host:\n", "F:1:10: per_host: expected a whole number, found nothing");
	refused("output: ~\n", "F:1:9: output: expected FILE.db, found nothing");
	refused("a: 1\n", "F:1:1: unknown key `a`; `skitter config example` shows all keys");
	refused("depth: deep\n", "F:1:8: depth: expected a whole number, or `none`, found `deep`");
	refused("\n\nscope:   hosts\n", "F:3:10: scope: expected page, prefix, host, domain or "
					"any, found `hosts`; did you mean `host`?");
	refused("assets: perhaps\n", "F:1:9: assets: expected yes or no, found `perhaps`");
	refused("include:\n  - ok\n  - '('\n",
		"F:3:5: include: expected a regular expression (PCRE2); at character 2: missing "
		"closing parenthesis");
	refused("header: [A: b]\n", "F:1:10: header: expected a value, found a map (`key: value`); "
				    "quote a text that holds `: `");
	refused("seeds: [[a]]\n", "F:1:9: seeds: expected one value, found a list inside the list");
	refused("seeds: ['']\n", "F:1:9: seeds: expected URL, found nothing");
	refused("depth: 1\nscope: any\ndepth: 2\n", "F:3:1: `depth` was already set in line 1");
	refused("per-host: 1\nper_host: 2\n", "F:2:1: `per_host` was already set in line 1");
	refused("force_new: yes\n",
		"F:1:1: `force_new` can only be given on the command line, as --force-new");
	refused("just words\n",
		"F:1:1: expected keys and values such as `seeds: https://example.com/`");
	refused("- a\n", "F:1:1: expected keys and values such as `seeds: https://example.com/`");
	refused("[a]: b\n", "F:1:1: expected a key such as `seeds:`");
}

static void yaml_itself_may_be_wrong(void **state)
{
	(void)state;
	refused("seeds: a\n\tdepth: 3\n", "F:2:1: found a tab character that violates indentation, "
					  "while scanning a plain scalar (started in line 1)");
	refused("seeds: [a\ndepth: 3\n", "F:2:6: did not find expected ',' or ']', while parsing a "
					 "flow sequence (started in line 1)");
	refused("user_agent: @me\n",
		"F:1:13: found character that cannot start any token; YAML is indented with "
		"spaces, and a value that starts with a special character needs quotes");
	refused("depth: 1\n---\ndepth: 2\n", "F:2:1: a second document (---) is not accepted");
	refused("output: \"a\\0b\"\n", "F:1:9: a zero byte (\\0) is not accepted here");
	refused("output: !!binary aGk=\n", "F:1:9: YAML tags (!...) are not accepted");
	refused("output: a\nseeds: \x01\n", "F:2:8: control characters are not allowed");
	refused("output: \xff\xfe\xff\n", "F:1:9: invalid leading UTF-8 octet");
}

/* The billion laughs need aliases; deep nesting ends at the first level. */
static void bombs_do_not_go_off(void **state)
{
	char deep[20001];

	(void)state;
	refused("seeds: &a [x]\ninclude: *a\n",
		"F:2:10: YAML aliases (*name) are not accepted; write the value out");
	refused("depth: 1\n<<: {scope: any}\n",
		"F:2:1: unknown key `<<`; `skitter config example` shows all keys");
	memset(deep, '[', sizeof(deep));
	memcpy(deep, "seeds: ", 7);
	refused_bytes(deep, sizeof(deep),
		"F:1:9: seeds: expected one value, found a list inside the list");
}

static void missing_files_are_named(void **state)
{
	struct settings s;
	struct err err = {0};

	(void)state;
	settings_init(&s);
	assert_int_equal(settings_load_yaml(&s, "/tmp/no/such.yaml", &err), -1);
	assert_string_equal(err.text,
		"cannot read the config file /tmp/no/such.yaml: No such file or directory");
	assert_int_equal(settings_load_yaml(&s, "/tmp", &err), -1);
	assert_string_equal(err.text, "cannot read the config file /tmp: it is a folder");
	settings_release(&s);
}

/* The reference file is the table in another form, and is a correct config file. */
static void the_example_file_is_the_table(void **state)
{
	char *text = NULL, *stored;
	size_t len, n;
	FILE *f = open_memstream(&text, &len);
	struct settings s, plain;
	struct err err = {0};

	(void)state;
	settings_example(f);
	fclose(f);
	settings_init(&s);
	if (load_text(&s, text, len, &err) < 0)
		fail_msg("%s", err.text);
	settings_init(&plain);
	assert_int_equal(s.concurrency, plain.concurrency);
	assert_true(s.delay == plain.delay && s.max_body == plain.max_body);
	f = fopen("config/example.yaml", "r");
	assert_non_null(f);
	stored = calloc(1, len + 2);
	n = fread(stored, 1, len + 1, f);
	fclose(f);
	assert_int_equal(n, len);
	assert_string_equal(stored, text); /* else: skitter config example > config/example.yaml */
	free(stored);
	free(text);
	settings_release(&s);
	settings_release(&plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_value),
		cmocka_unit_test(one_seed_may_stand_alone),
		cmocka_unit_test(empty_files_are_fine),
		cmocka_unit_test(flags_win_over_the_file),
		cmocka_unit_test(errors_say_where_and_what),
		cmocka_unit_test(yaml_itself_may_be_wrong),
		cmocka_unit_test(bombs_do_not_go_off),
		cmocka_unit_test(missing_files_are_named),
		cmocka_unit_test(the_example_file_is_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
