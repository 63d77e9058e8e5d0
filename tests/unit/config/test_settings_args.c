/* The command line: every kind of value, switches both ways, and what is refused. */
#include "tests/unit/config/settings_help.h"

static void ok(struct settings *s, const char *words)
{
	struct err err = {0};

	settings_init(s);
	if (parse_words(s, "crawl", words, &err) < 0)
		fail_msg("%s: %s", words, err.text);
}

static void refused(const char *command, const char *words, const char *sentence)
{
	struct settings s;
	struct err err = {0};

	settings_init(&s);
	assert_int_equal(parse_words(&s, command, words, &err), -1);
	assert_string_equal(err.text, sentence);
	assert_int_equal(err.status, EXIT_USAGE);
	settings_release(&s);
}

static void defaults_are_those_of_the_contract(void **state)
{
	struct settings s;

	(void)state;
	ok(&s, "");
	assert_int_equal(s.concurrency, 0); /* auto */
	assert_int_equal(s.per_host, 2);
	assert_int_equal(s.per_ip, 8);
	assert_true(s.delay < 0);
	assert_int_equal(s.depth, -1);
	assert_true(s.max_pages == 0 && s.max_pages_per_host == 0 && s.max_bytes == 0);
	assert_true(s.max_body == 10u << 20);
	assert_int_equal(s.max_redirects, 20);
	assert_int_equal(s.scope, SCOPE_HOST);
	assert_true(s.store_bodies);
	assert_false(s.assets || s.cookies || s.insecure || s.ignore_robots || s.allow_private);
	assert_int_equal(s.progress, PROGRESS_AUTO);
	assert_null(s.output);
	assert_true(s.set == 0);
	settings_release(&s);
}

static void flags_of_every_kind(void **state)
{
	struct settings s;

	(void)state;
	ok(&s, "a.example --depth 3 --max-body=2MiB --delay 1m30s --scope domain -o out.db "
	       "b.example"
	       " --include ^https: --include x --header X-A:|b --limit-rate 1.5M --timeout 500ms");
	assert_int_equal(s.seeds.n, 2);
	assert_string_equal(s.seeds.v[1], "b.example");
	assert_int_equal(s.depth, 3);
	assert_true(s.max_body == 2u << 20);
	assert_true(s.delay == 90);
	assert_int_equal(s.scope, SCOPE_DOMAIN);
	assert_string_equal(s.output, "out.db");
	assert_int_equal(s.include.n, 2);
	assert_string_equal(s.header.v[0], "X-A: b");
	assert_true(s.limit_rate == 1500000);
	assert_true(s.timeout == 0.5);
	assert_true(settings_given(&s, "depth"));
	assert_false(settings_given(&s, "per-host"));
	settings_release(&s);
}

static void switches_both_ways(void **state)
{
	struct settings s;

	(void)state;
	ok(&s, "--assets --no-cookies --store-bodies no --insecure=yes --no-sandbox");
	assert_true(s.assets && s.insecure && s.no_sandbox);
	assert_false(s.cookies || s.store_bodies);
	assert_true(settings_given(&s, "cookies"));
	settings_release(&s);
	ok(&s, "--no-store-bodies --assets --no-assets");
	assert_false(s.store_bodies || s.assets);
	settings_release(&s);
}

static void short_flags(void **state)
{
	struct settings s;

	(void)state;
	ok(&s, "-vv -oa.db");
	assert_int_equal(s.verbose, 2);
	assert_string_equal(s.output, "a.db");
	settings_release(&s);
	ok(&s, "-v -o a.db -- -odd");
	assert_int_equal(s.verbose, 1);
	assert_string_equal(s.seeds.v[0], "-odd");
	settings_release(&s);
	ok(&s, "-q");
	assert_true(s.quiet);
	settings_release(&s);
}

static void spelling_with_underscores(void **state)
{
	struct settings s;

	(void)state;
	ok(&s, "--per_host 5 --max_pages=7");
	assert_int_equal(s.per_host, 5);
	assert_true(s.max_pages == 7);
	settings_release(&s);
}

static void words_for_no_limit(void **state)
{
	struct settings s;

	(void)state;
	ok(&s, "--depth 0 --max-pages 0 --delay 0 --max-time none --parsers auto");
	assert_int_equal(s.depth, 0);
	assert_true(s.max_pages == 0);
	assert_true(s.delay == 0);
	assert_true(s.max_time == 0);
	assert_int_equal(s.parsers, 0);
	settings_release(&s);
}

static void help_stops_the_parsing(void **state)
{
	struct settings s;

	(void)state;
	ok(&s, "a.example --help --nonsense");
	assert_true(s.help);
	settings_release(&s);
	ok(&s, "-h");
	assert_true(s.help);
	settings_release(&s);
}

static void refusals_name_the_way_out(void **state)
{
	(void)state;
	refused("crawl", "--per-hots 3", "unknown option --per-hots; did you mean --per-host?");
	refused("crawl", "--zzzzzzzzz",
		"unknown option --zzzzzzzzz; `skitter help crawl` lists all");
	refused("crawl", "-x", "unknown option -x; `skitter help crawl` lists all");
	refused("crawl", "--depth", "--depth needs a value: --depth N");
	refused("crawl", "-o --depth 3",
		"--output needs a value, but --depth follows; write --output=--depth if it is "
		"meant");
	refused("crawl", "--depth x", "--depth: expected a whole number, or `none`, found `x`");
	refused("crawl", "--concurrency 10001",
		"--concurrency: expected a whole number from 1 to 10000, or `auto`, found `10001`");
	refused("crawl", "--concurrency -1",
		"--concurrency: expected a whole number, or `auto`, found `-1`");
	refused("crawl", "--concurrency 1e3",
		"--concurrency: expected a whole number, or `auto`, found `1e3`");
	refused("crawl", "--timeout 5x",
		"--timeout: expected a time such as 1.5, 30s, 2m or 1h30m, found `5x`");
	refused("crawl", "--timeout 30m1h",
		"--timeout: expected a time such as 1.5, 30s, 2m or 1h30m, found `30m1h`");
	refused("crawl", "--max-body 1",
		"--max-body: expected a size such as 500k, 10M or 10MiB from 1KiB to 1GiB, found "
		"`1`");
	refused("crawl", "--max-body nan",
		"--max-body: expected a size such as 500k, 10M or 10MiB, found `nan`");
	refused("crawl", "--scope hosts",
		"--scope: expected page, prefix, host, domain or any, found `hosts`; did you mean "
		"`host`?");
	refused("crawl", "--assets=maybe", "--assets: expected yes or no, found `maybe`");
	refused("crawl", "--no-assets=yes",
		"--no-assets takes no value; write --assets=yes or --assets=no");
	refused("crawl", "--no-depth", "unknown option --no-depth; did you mean --depth?");
	refused("crawl", "--seeds x",
		"there is no option --seeds: they are the arguments without a dash");
	refused("crawl", "--include (",
		"--include: expected a regular expression (PCRE2); at character 2: missing closing "
		"parenthesis");
	refused("crawl", "-q -v", "--quiet and --verbose exclude each other");
}

static void secrets_are_not_repeated_in_errors(void **state)
{
	(void)state;
	refused("crawl", "--user hunter2", "--user: expected NAME:PASSWORD");
	refused("crawl", "--header hunter2", "--header: expected a header such as `Name: value`");
	refused("crawl", "--proxy gopher://u:hunter2@h",
		"--proxy: expected a proxy such as http://HOST:PORT (http, https, socks4, socks4a, "
		"socks5, socks5h)");
}

static void headers_cannot_smuggle_lines(void **state)
{
	(void)state;
	refused("crawl", "--header X:|a\r\nY:|b",
		"--header: expected one line of text, found the control byte \\x0d");
	refused("crawl", "--user-agent a\nb",
		"--user-agent: expected one line of text, found the control byte \\x0a");
	refused("crawl", "--header Host:|x", "--header: the header Host is set by skitter itself");
}

static void addresses_of_resolve(void **state)
{
	struct settings s;

	(void)state;
	ok(&s, "--resolve a.example:443:192.0.2.1,[2001:db8::1] --resolve b:80:::1");
	assert_int_equal(s.resolve.n, 2);
	settings_release(&s);
	refused("crawl", "--resolve a.example:443:example.org",
		"--resolve: expected HOST:PORT:ADDRESS, for example example.com:443:192.0.2.7");
	refused("crawl", "--resolve a.example:0:192.0.2.1",
		"--resolve: expected HOST:PORT:ADDRESS, for example example.com:443:192.0.2.7");
}

static void servers_of_dns(void **state)
{
	static const char *const wrong[] = {"ns.example", "192.0.2.1:", "192.0.2.1:0",
		"192.0.2.1:65536", "192.0.2.1:53x", "[2001:db8::1", "192.0.2.1,192.0.2.2"};
	struct settings s;
	char words[64];

	(void)state;
	ok(&s, "--dns 192.0.2.1 --dns 127.0.0.1:5300 --dns 2001:db8::1 --dns [2001:db8::1]:53");
	assert_int_equal(s.dns.n, 4);
	settings_release(&s);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(words, sizeof(words), "--dns=%s", wrong[i]);
		refused("crawl", words,
			"--dns: expected ADDRESS or ADDRESS:PORT, for example 192.0.2.53 or "
			"127.0.0.1:5353");
	}
}

static void resume_takes_what_may_change(void **state)
{
	struct settings s;
	struct err err = {0};

	(void)state;
	settings_init(&s);
	assert_int_equal(parse_words(&s, "resume", "a.db --max-pages 5", &err), 0);
	assert_string_equal(s.seeds.v[0], "a.db");
	settings_release(&s);
	refused("resume", "a.db --scope any", "--scope cannot be changed when a crawl is resumed");
	refused("resume", "a.db -o b.db", "--output cannot be changed when a crawl is resumed");
	refused("resume", "a.db b.db",
		"resume takes one file; the seeds of a crawl cannot be changed");
}

static void override_takes_only_what_was_given(void **state)
{
	struct settings base, given;
	struct err err = {0};

	(void)state;
	settings_init(&base);
	base.per_host = 7;
	base.depth = 4;
	settings_init(&given);
	assert_int_equal(parse_words(&given, "resume", "a.db --depth 9 --user a:b", &err), 0);
	assert_int_equal(settings_override(&base, &given), 2);
	assert_int_equal(base.depth, 9);
	assert_int_equal(base.per_host, 7);
	assert_string_equal(base.user, "a:b");
	assert_int_equal(base.seeds.n, 0);
	settings_release(&base);
	settings_release(&given);
}

static void the_agent_names_the_contact(void **state)
{
	struct settings s;
	char *agent;

	(void)state;
	ok(&s, "--contact https://example.org/bot");
	agent = settings_agent(&s);
	assert_string_equal(agent, "skitter/" SKITTER_VERSION " (+https://example.org/bot)");
	free(agent);
	settings_release(&s);
	ok(&s, "--user-agent mine/2");
	agent = settings_agent(&s);
	assert_string_equal(agent, "mine/2");
	free(agent);
	settings_release(&s);
}

static void every_flag_is_in_the_help(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	settings_help(f, "crawl");
	fclose(f);
	assert_non_null(strstr(text, "--max-decoded-body SIZE"));
	assert_non_null(strstr(text, "-o, --output FILE.db"));
	assert_non_null(strstr(text, "[512MiB]"));
	for (const char *p = text; *p; p = strchr(p, '\n') + 1)
		assert_true(strchr(p, '\n') - p <= 100);
	free(text);

	f = open_memstream(&text, &len);
	settings_help(f, "resume");
	fclose(f);
	assert_null(strstr(text, "--scope"));
	assert_non_null(strstr(text, "--max-pages"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_contract),
		cmocka_unit_test(flags_of_every_kind),
		cmocka_unit_test(switches_both_ways),
		cmocka_unit_test(short_flags),
		cmocka_unit_test(spelling_with_underscores),
		cmocka_unit_test(words_for_no_limit),
		cmocka_unit_test(help_stops_the_parsing),
		cmocka_unit_test(refusals_name_the_way_out),
		cmocka_unit_test(secrets_are_not_repeated_in_errors),
		cmocka_unit_test(headers_cannot_smuggle_lines),
		cmocka_unit_test(addresses_of_resolve),
		cmocka_unit_test(servers_of_dns),
		cmocka_unit_test(resume_takes_what_may_change),
		cmocka_unit_test(override_takes_only_what_was_given),
		cmocka_unit_test(the_agent_names_the_contact),
		cmocka_unit_test(every_flag_is_in_the_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
