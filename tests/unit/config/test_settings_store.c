/* Settings out and in again: JSON in the database, YAML on the screen; no secret in either. */
#include "tests/unit/config/settings_help.h"

static const char everything[] =
	"https://a.example/ https://u:hunter2@b.example/ --depth 3 --max-body 2500001 --delay 0.3"
	" --max-time 1h30m --scope any --include a\"b --exclude \\d+ --header X-A:|b"
	" --header Authorization:|hunter2 --user me:hunter2 --proxy http://p:hunter2@proxy:3128 "
	"--no-store-bodies"
	" --user-agent x\xc3\xa9 --memory 1GiB --max-pages 12345678901 --parsers 3 --contact "
	"me@example.org"
	" --progress never -v --sitemaps";

static void parse(struct settings *s, const char *words)
{
	struct err err = {0};

	settings_init(s);
	if (parse_words(s, "crawl", words, &err) < 0)
		fail_msg("%s", err.text);
}

static void same_but_for_secrets(const struct settings *a, const struct settings *b)
{
	assert_int_equal(a->depth, b->depth);
	assert_true(a->max_body == b->max_body && a->memory == b->memory);
	assert_true(a->max_pages == b->max_pages);
	assert_true(a->delay == b->delay && a->max_time == b->max_time);
	assert_true(a->timeout == b->timeout);
	assert_int_equal(a->scope, b->scope);
	assert_int_equal(a->parsers, b->parsers);
	assert_int_equal(a->storers, b->storers);
	assert_int_equal(a->include.n, b->include.n);
	assert_string_equal(a->include.v[0], b->include.v[0]);
	assert_string_equal(a->exclude.v[0], b->exclude.v[0]);
	assert_string_equal(a->user_agent, b->user_agent);
	assert_string_equal(a->contact, b->contact);
	assert_true(a->store_bodies == b->store_bodies && a->sitemaps == b->sitemaps);
	assert_string_equal(a->seeds.v[0], b->seeds.v[0]);
}

static void json_round_trip(void **state)
{
	struct settings s, back;
	struct err err = {0};
	char *json, *again;

	(void)state;
	parse(&s, everything);
	json = settings_to_json(&s);
	assert_null(strstr(json, "hunter2"));
	settings_init(&back);
	assert_int_equal(settings_from_json(&back, json, &err), 0);
	same_but_for_secrets(&s, &back);
	assert_string_equal(back.seeds.v[1], "https://u:***@b.example/");
	assert_int_equal(back.header.n, 1);
	assert_null(back.user);
	assert_null(back.proxy);
	assert_true(back.set == 0);
	assert_int_equal(back.progress, PROGRESS_AUTO); /* about the run, not the crawl */
	/* What was left out stays known, however often the settings travel. */
	again = settings_to_json(&back);
	assert_string_equal(json, again);
	free(json);
	free(again);
	settings_release(&s);
	settings_release(&back);
}

static void a_secret_without_password_is_stored(void **state)
{
	struct settings s, back;
	struct err err = {0};
	char *json;

	(void)state;
	parse(&s, "--proxy http://proxy:3128");
	json = settings_to_json(&s);
	settings_init(&back);
	assert_int_equal(settings_from_json(&back, json, &err), 0);
	assert_string_equal(back.proxy, "http://proxy:3128");
	assert_true(back.omitted == 0);
	free(json);
	settings_release(&s);
	settings_release(&back);
}

static void given_settings_win_over_stored_ones(void **state)
{
	struct settings s;
	struct err err = {0};

	(void)state;
	parse(&s, "--depth 9");
	assert_int_equal(
		settings_from_json(&s, "{\"depth\":2,\"per_host\":7,\"unknown\":1}", &err), 0);
	assert_int_equal(s.depth, 9);
	assert_int_equal(s.per_host, 7);
	settings_release(&s);
}

static void damaged_json_is_refused_whole(void **state)
{
	static const char *const texts[] = {"", "{", "[]", "{\"depth\":\"x\"}", "{\"depth\":[1]}",
		"{\"seeds\":1}", "{\"seeds\":[1]}", "{\"per_host\":4,\"depth\":-5}",
		"{\"include\":[\"(\"]}"};
	struct settings s;
	struct err err = {0};

	(void)state;
	settings_init(&s);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_int_equal(settings_from_json(&s, texts[i], &err), -1);
		assert_int_equal(err.status, EXIT_STORAGE);
		assert_int_equal(strncmp(err.text, "the stored settings are damaged", 31), 0);
		assert_int_equal(s.per_host, 2);
	}
	settings_release(&s);
}

static void file_names_need_not_be_utf8(void **state)
{
	struct settings s, back;
	struct err err = {0};
	char *json;

	(void)state;
	parse(&s, "-o a\xff.db");
	json = settings_to_json(&s);
	settings_init(&back);
	assert_int_equal(settings_from_json(&back, json, &err), 0);
	assert_string_equal(back.output, "a\xc3\xbf.db");
	free(json);
	settings_release(&s);
	settings_release(&back);
}

static __attribute__((noinline)) char *shown(const struct settings *s)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	settings_show(s, f);
	fclose(f);
	return text;
}

static void show_can_be_loaded_again(void **state)
{
	struct settings s, back;
	struct err err = {0};
	char *text;

	(void)state;
	parse(&s, everything);
	text = shown(&s);
	assert_null(strstr(text, "hunter2"));
	settings_init(&back);
	if (load_text(&back, text, strlen(text), &err) < 0)
		fail_msg("%s\n%s", err.text, text);
	same_but_for_secrets(&s, &back);
	assert_int_equal(back.seeds.n, 1);  /* the one with a password is a comment */
	assert_int_equal(back.header.n, 1); /* likewise */
	assert_null(back.user);
	assert_int_equal(back.progress, PROGRESS_NEVER);
	free(text);
	settings_release(&s);
	settings_release(&back);
}

static void show_says_where_values_come_from(void **state)
{
	struct settings s;
	struct err err = {0};
	const char *yaml = "\nper_host: 4\n";
	char *path = temp_file(yaml, strlen(yaml)), words[128], *text, *line;
	size_t first;

	(void)state;
	settings_init(&s);
	snprintf(words, sizeof(words), "--depth 3 -c %s", path);
	assert_int_equal(parse_words(&s, "crawl", words, &err), 0);
	text = shown(&s);
	line = strstr(text, "\nper_host: 4 ");
	assert_non_null(line);
	snprintf(words, sizeof(words), "# %s:2\n", path);
	first = strcspn(line + 1, "\n") + 2; /* the line with both its newlines */
	assert_true(first > strlen(words));
	assert_memory_equal(line + first - strlen(words), words, strlen(words));
	assert_non_null(strstr(text, "\ndepth: 3 "));
	assert_non_null(strstr(text, "# command line\n"));
	assert_non_null(strstr(text, "# default\n"));
	free(text);
	settings_release(&s);
	unlink(path);
	free(path);
}

static void hostile_text_is_shown_escaped(void **state)
{
	struct settings s, back;
	struct err err = {0};
	char *text;

	(void)state;
	settings_init(&s);
	s.output = strdup("a\x1b[2J\xe2\x80\xae\xc2\x9b\"\\\n\xef\xbf\xbf.db");
	text = shown(&s);
	for (const char *p = text; *p; p++)
		assert_true(*p == '\n' || (unsigned char)*p >= 0x20);
	assert_null(strstr(text, "\xe2\x80\xae"));
	settings_init(&back);
	if (load_text(&back, text, strlen(text), &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(back.output, s.output);
	free(text);
	settings_release(&s);
	settings_release(&back);
}

static void names_of_secret_headers(void **state)
{
	static const char *const secret[] = {"Authorization: x", "cookie: x", "X-Api-Key: x",
		"X-Auth: x", "Proxy-Authorization: x", "X-CSRF-Token: x", "My-Secret"};
	static const char *const open[] = {"X-A: key", "Accept: text/html", "DNT: 1"};

	(void)state;
	for (size_t i = 0; i < sizeof(secret) / sizeof(*secret); i++)
		assert_true(settings_header_is_secret(secret[i]));
	for (size_t i = 0; i < sizeof(open) / sizeof(*open); i++)
		assert_false(settings_header_is_secret(open[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_round_trip),
		cmocka_unit_test(a_secret_without_password_is_stored),
		cmocka_unit_test(given_settings_win_over_stored_ones),
		cmocka_unit_test(damaged_json_is_refused_whole),
		cmocka_unit_test(file_names_need_not_be_utf8),
		cmocka_unit_test(show_can_be_loaded_again),
		cmocka_unit_test(show_says_where_values_come_from),
		cmocka_unit_test(hostile_text_is_shown_escaped),
		cmocka_unit_test(names_of_secret_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
