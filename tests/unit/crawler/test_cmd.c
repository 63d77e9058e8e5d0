/* The commands, run as the user runs them, on a small stored crawl: what they print, where, and
 * the exit status. */
#include "tests/unit/storage/fixture.h"

#include <fcntl.h>
#include <jansson.h>
#include <zlib.h>

#include "crawler/cmd.h"
#include "crawler/parse.h"
#include "workers/proc.h"

#define SITE "https://example.com"

static struct fix fix;
static char *out_text, *err_text; /* of the last command */

/* ---- a crawl of a few pages ---- */

static size_t gzip(const char *text, unsigned char *out, size_t cap)
{
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (unsigned char *)(uintptr_t)text;
	z.avail_in = (unsigned)strlen(text);
	z.next_out = out;
	z.avail_out = (unsigned)cap;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return cap - z.avail_out;
}

static void write_crawl(struct store *st)
{
	static unsigned char packed[512];
	struct page *p = page_new(st);
	struct facts_writer w;

	p->host = (struct store_host){.id = 1,
		.name = "example.com",
		.origin = SITE,
		.state = "ready",
		.crawl_delay = -1,
		.delay_ms = 250,
		.pages = 2,
		.bytes = 77};
	p->item.hosts = &p->host;
	p->item.nhosts = 1;
	p->robots = (struct store_robots){.origin = SITE,
		.fetched_ms = 5,
		.status = 200,
		.text = "User-agent: *\nDisallow: /private/\n",
		.len = 34,
		.verdict = "rules"};
	p->item.robots = &p->robots;
	p->item.nrobots = 1;
	page_url(p, 1, 0, SITE "/");
	fix_put(st, p);

	p = page_new(st);
	page_fetch(p, 1, 200, "<title>Home</title>");
	p->item.url = SITE "/";
	page_facts(p, &w);
	w.f->title = facts_put(&w, "Home", 4, 0);
	w.f->text = facts_put(&w, "main text", 9, 0);
	page_link(&w, SITE "/zip", LINK_A, "", "to \033[2J zip");
	page_link(&w, SITE "/late", LINK_A, "", "");
	page_facts_end(p, &w);
	page_url(p, 2, 1, SITE "/zip");
	page_url(p, 3, 1, SITE "/late");
	page_url(p, 4, 1, SITE "/gone");
	page_excluded(p, "http://other.org/", "scope", "--scope host")->referrer = 1;
	fix_put(st, p);

	p = page_new(st);
	page_fetch(p, 2, 200, NULL);
	p->item.url = SITE "/zip";
	p->item.body = packed;
	p->item.body_len = gzip("inflated in the sandbox", packed, sizeof(packed));
	p->item.coding = "gzip";
	fix_put(st, p);

	p = page_new(st);
	page_fetch(p, 4, 0, NULL);
	p->item.url = SITE "/gone";
	p->item.error = "timeout";
	fix_put(st, p);
}

static int make_crawl(void **state)
{
	struct store *st;
	struct err err = {0};

	(void)state;
	fix_open(&fix);
	st = store_open(fix.path, STORE_CREATE, &err);
	assert_non_null(st);
	assert_int_equal(
		store_meta_set(st, "settings", "{\"seeds\":[\"https://example.com/\"]}", &err), 0);
	assert_int_equal(
		store_meta_set(st, "seen_key", "000102030405060708090a0b0c0d0e0f", &err), 0);
	store_close(st);
	st = fix_start(&fix, STORE_RESUME);
	write_crawl(st);
	fix_stop(&fix, st, false);
	return 0;
}

static int drop_crawl(void **state)
{
	(void)state;
	fix_close(&fix);
	free(out_text);
	free(err_text);
	return 0;
}

/* ---- running a command ---- */

static int redirect(int fd, char *path)
{
	int saved = dup(fd), file;

	snprintf(path, 128, "%s/fd%d", fix.dir, fd);
	file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(file >= 0);
	dup2(file, fd);
	close(file);
	return saved;
}

static void restore(int fd, int saved)
{
	dup2(saved, fd);
	close(saved);
}

/* Words split at spaces; "|" stands for a space inside a word, DB for the file. */
static int run(const char *words)
{
	char *copy = strdup(words), *argv[32] = {(char *)(uintptr_t) "skitter"}, *save = NULL;
	char paths[2][128];
	int argc = 1, status, so, se;

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		for (char *p = w; *p; p++)
			if (*p == '|')
				*p = ' ';
		argv[argc++] = strcmp(w, "DB") ? w : fix.path;
	}
	fflush(stdout);
	so = redirect(STDOUT_FILENO, paths[0]);
	se = redirect(STDERR_FILENO, paths[1]);
	status = cmd_dispatch(argc, argv);
	fflush(stdout);
	restore(STDOUT_FILENO, so);
	restore(STDERR_FILENO, se);
	free(out_text);
	free(err_text);
	out_text = fix_read(paths[0]);
	err_text = fix_read(paths[1]);
	free(copy);
	return status;
}

static void says(const char *words, const char *part)
{
	int status = run(words);

	if (status)
		fail_msg("%s: status %d: %s", words, status, err_text);
	if (!strstr(out_text, part))
		fail_msg("%s\ngot:      %s\nexpected: %s", words, out_text, part);
}

static void prints(const char *words, const char *whole)
{
	if (run(words))
		fail_msg("%s: %s", words, err_text);
	assert_string_equal(out_text, whole);
}

/* Nothing on stdout, one sentence on stderr. */
static void refuses(const char *words, int status, const char *sentence)
{
	assert_int_equal(run(words), status);
	assert_string_equal(out_text, "");
	if (strncmp(err_text, "skitter: ", 9) || strncmp(err_text + 9, sentence, strlen(sentence)))
		fail_msg("%s\ngot:      %s\nexpected: %s", words, err_text, sentence);
	assert_true(strchr(err_text, '\n') == err_text + strlen(err_text) - 1);
}

/* ---- the tests ---- */

static void unknown_words_name_the_nearest(void **state)
{
	(void)state;
	refuses("sttus x", EXIT_USAGE, "unknown command `sttus`; did you mean `status`?");
	refuses("example.com", EXIT_USAGE,
		"unknown command `example.com`; to crawl it, type: skitter crawl example.com");
	refuses("\033[2J", EXIT_USAGE, "unknown command `\\x1b[2J`");
	refuses("status DB --jsn", EXIT_USAGE, "unknown option --jsn; did you mean --json?");
	refuses("status", EXIT_USAGE, "something is missing; usage: skitter status FILE.db");
	refuses("status a b", EXIT_USAGE, "too many arguments; usage: skitter status FILE.db");
	refuses("cat DB", EXIT_USAGE, "something is missing; usage: skitter cat FILE.db URL");
	refuses("export DB --format", EXIT_USAGE, "--format needs a value");
	refuses("status DB --json=1", EXIT_USAGE, "--json takes no value");
	refuses("help nosuchthing", EXIT_USAGE, "there is no help on `nosuchthing`");
	refuses("config shw", EXIT_USAGE, "unknown word `shw`; did you mean `config show`?");
}

static void files_that_are_no_crawl(void **state)
{
	static const char *const commands[] = {"status", "export"};
	char words[256], path[200];

	(void)state;
	snprintf(path, sizeof(path), "%s/text", fix.dir);
	fix_write(path, "just text\n");
	for (size_t i = 0; i < MEM_COUNT(commands); i++) {
		snprintf(words, sizeof(words), "%s %s", commands[i], path);
		assert_int_not_equal(run(words), EXIT_OK);
		assert_non_null(strstr(err_text, "is not a skitter database"));
		snprintf(words, sizeof(words), "%s %s/none.db", commands[i], fix.dir);
		assert_int_not_equal(run(words), EXIT_OK);
		assert_non_null(strstr(err_text, "No such file"));
	}
	fix_expect(fix.path, "select count(*) from pages", "3\n");
}

static void every_command_has_a_help_page(void **state)
{
	char words[64];

	(void)state;
	says("help", "skitter crawl https://example.com/");
	says("--help", "Commands\n");
	says("--version", "skitter " SKITTER_VERSION "\n  libcurl ");
	for (size_t i = 0; i < cmd_count; i++) {
		snprintf(words, sizeof(words), "help %s", cmd_table[i].name);
		says(words, cmd_table[i].usage);
		assert_true(strlen(cmd_table[i].help) < 80);
	}
	says("status --help", "skitter status FILE.db");
	says("help --per-host", "in a config file: per_host");
	says("help max_body", "default: 10MiB");
}

static void status_counts(void **state)
{
	json_t *o;

	(void)state;
	says("status DB", "5 discovered = 2 fetched + 1 failed + 1 excluded + 1 left\n");
	says("status DB", "Answers     200: 2\nErrors      timeout: 1\n");
	says("status DB", "It goes on with: skitter resume ");
	says("status DB --json", "\"queued\":1");
	o = json_loads(out_text, 0, NULL);
	assert_non_null(o);
	assert_int_equal(json_integer_value(json_object_get(o, "discovered")), 5);
	assert_string_equal(json_string_value(json_object_get(o, "state")), "stopped");
	json_decref(o);
}

static void why_every_verdict(void **state)
{
	(void)state;
	says("why DB " SITE "/", "verdict     fetched, answered 200\n  found as    a seed\n");
	says("why DB " SITE "/gone", "verdict     failed: timeout\n");
	says("why DB " SITE "/late", "verdict     queued\n");
	says("why DB http://other.org/",
		"verdict     excluded: scope, decided by `--scope host`\n");
	says("why DB " SITE "/zip", "found on    " SITE "/\n");
	says("why DB " SITE "/zip", "\"to \\x1b[2J zip\"");
	/* typed otherwise */
	says("why DB example.com", SITE "/\n  verdict     fetched");
	says("why DB " SITE "/zip#top", "verdict     fetched");
	says("why DB " SITE "/%7Aip",
		"counts as the same page as\n" SITE "/zip\n  verdict     fetched");
	says("why DB " SITE "/late --json", "\"state\":\"queued\"");
}

static void why_of_the_unknown(void **state)
{
	(void)state;
	says("why DB " SITE "/private/x", "verdict     unknown");
	says("why DB " SITE "/private/x", "robots.txt  excluded by `Disallow: /private/`");
	says("why DB " SITE "/new", "scope       inside");
	says("why DB https://elsewhere.org/", "scope       excluded (scope) by `--scope host`");
	says("why DB http://www.example.com/zip/", "known is    " SITE "/zip\n");
	says("why DB not|a|url", "not a url\n  verdict     unknown");
	says("why DB ''", "verdict     unknown");
}

static void cat_gives_the_bytes(void **state)
{
	(void)state;
	prints("cat DB " SITE "/", "<title>Home</title>");
	prints("cat DB example.com", "<title>Home</title>");
	prints("cat DB " SITE "/ --text", "main text");
	prints("cat DB " SITE "/ --head", "GET / HTTP/1.1\r\n\r\nHTTP/1.1 200 OK\r\n\r\n");
	prints("cat DB " SITE "/zip", "inflated in the sandbox");
	assert_int_equal(run("cat DB " SITE "/zip --raw"), EXIT_OK);
	assert_memory_equal(out_text, "\x1f\x8b", 2);
	refuses("cat DB " SITE "/ --raw --text", EXIT_USAGE,
		"--head, --raw and --text exclude each other");
	assert_int_not_equal(run("cat DB " SITE "/late"), EXIT_OK);
	assert_string_equal(out_text, "");
	assert_int_not_equal(run("cat DB " SITE "/gone"), EXIT_OK);
}

static void sql_reads_and_only_reads(void **state)
{
	(void)state;
	says("sql DB --format csv select|count(*)|n|from|pages", "n\r\n3\r\n");
	says("sql DB select|title|from|pages|where|title|not|null", "Home");
	says("sql DB select|cast(inflate(body,encoding)|as|text)|from|bodies|where|encoding='gzip'",
		"inflated in the sandbox");
	says("sql DB select|url_registrable('http://a.b.co.uk/')|r", "b.co.uk");
	assert_int_not_equal(run("sql DB delete|from|url"), EXIT_OK);
	assert_int_not_equal(run("sql DB selec|1"), EXIT_OK);
	assert_non_null(strstr(err_text, "syntax error"));
	refuses("sql DB --format xml select|1", EXIT_USAGE,
		"--format: expected table, csv or json, found `xml`");
	fix_expect(fix.path, "select count(*) from pages", "3\n");
}

static void file_is(const char *path, const char *expected)
{
	char *text = fix_read(path);

	assert_string_equal(text, expected);
	free(text);
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

static void export_replaces_only_when_complete(void **state)
{
	char words[400], path[200], part[220], said[300];

	(void)state;
	prints("export DB --format urls --query status=200", SITE "/\n" SITE "/zip\n");
	prints("export DB --format urls example.com/z*", SITE "/zip\n");
	says("export DB", "\"title\":\"Home\"");
	says("export DB -f csv", "url,host,status");
	snprintf(path, sizeof(path), "%s/out", fix.dir);
	snprintf(part, sizeof(part), "%s.part", path);
	fix_write(path, "older");
	snprintf(words, sizeof(words), "export DB -f urls -o %s", path);
	snprintf(said, sizeof(said), "%s is there already: --force replaces it", path);
	refuses(words, EXIT_USAGE, said);
	file_is(path, "older");
	snprintf(words, sizeof(words), "export DB -f urls --force -o %s --query nonsense", path);
	assert_int_not_equal(run(words), EXIT_OK);
	file_is(path, "older");
	assert_false(is_there(part));
	snprintf(words, sizeof(words), "export DB -f urls --force -o %s --query status=0", path);
	assert_int_equal(run(words), EXIT_OK);
	file_is(path, SITE "/gone\n");
	assert_false(is_there(part));
	assert_int_equal(run("export DB -f urls -o /dev/null"), EXIT_OK);
	assert_false(is_there("/dev/null.part"));
	refuses("export DB -o /no/such/folder/x", EXIT_USAGE,
		"cannot write /no/such/folder/x: No such");
	refuses("export DB -o /tmp", EXIT_USAGE, "/tmp is a folder");
	refuses("export DB --format xml", EXIT_USAGE,
		"--format: expected jsonl, csv, urls, sitemap or files, found `xml`");
}

/* A link that waits under the name of the unfinished file leads nowhere. */
static void export_follows_no_link(void **state)
{
	char words[400], path[200], part[220], victim[200];

	(void)state;
	snprintf(path, sizeof(path), "%s/linked", fix.dir);
	snprintf(part, sizeof(part), "%s.part", path);
	snprintf(victim, sizeof(victim), "%s/victim", fix.dir);
	fix_write(victim, "untouched");
	assert_int_equal(symlink(victim, part), 0);
	snprintf(words, sizeof(words), "export DB -f urls -o %s", path);
	refuses(words, EXIT_USAGE, "cannot write");
	file_is(victim, "untouched");
	unlink(part);
	/* A link at the name itself is replaced, not followed. */
	assert_int_equal(symlink(victim, path), 0);
	snprintf(words, sizeof(words), "export DB -f urls -o %s --force --query status=0", path);
	assert_int_equal(run(words), EXIT_OK);
	file_is(victim, "untouched");
	file_is(path, SITE "/gone\n");
}

static void export_sitemap(void **state)
{
	static const char expected[] =
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n"
		"<url><loc>" SITE "/</loc></url>\n"
		"<url><loc>" SITE "/zip</loc></url>\n"
		"</urlset>\n";
	char words[400], path[200];

	(void)state;
	prints("export DB -f sitemap", expected);
	snprintf(path, sizeof(path), "%s/map.xml", fix.dir);
	snprintf(words, sizeof(words), "export DB -f sitemap -o %s", path);
	says(words, "map.xml: 2 URLs\n");
	file_is(path, expected);
	refuses("export DB -f sitemap other.org", EXIT_USAGE, "no page for a sitemap");
	refuses("export DB -f sitemap --base-url nonsense", EXIT_USAGE, "--base-url: expected");
}

static void robots_of_a_file(void **state)
{
	char words[300], path[200];

	(void)state;
	snprintf(path, sizeof(path), "%s/robots.txt", fix.dir);
	fix_write(path, "User-agent: mybot\nDisallow: /a\nAllow: /a/b\nCrawl-delay: 2\n\n"
			"User-agent: *\nDisallow: /\n\nSitemap: https://example.com/s.xml\n");
	snprintf(words, sizeof(words),
		"robots %s --agent mybot --test /a --test /a/b -t /c -t data:,x", path);
	prints(words, "group       mybot\ncrawl-delay 2 s\nsitemap     https://example.com/s.xml\n"
		      "disallowed  /a   line 2: Disallow: /a\n"
		      "allowed     /a/b   line 3: Allow: /a/b\n"
		      "allowed     /c   no rule matches\n"
		      "not a URL   data:,x\n");
	snprintf(words, sizeof(words), "robots %s --test https://example.com/c", path);
	says(words, "group       * (no group names this agent)");
	says(words, "disallowed  https://example.com/c   line 7: Disallow: /\n");
	refuses("robots ./none.txt", EXIT_USAGE, "cannot read ./none.txt: No such file");
}

static void config_check_and_show(void **state)
{
	char words[300], path[200], expected[400];

	(void)state;
	snprintf(path, sizeof(path), "%s/c.yaml", fix.dir);
	fix_write(path, "seeds: https://example.com/\nper_host: 4\n");
	snprintf(words, sizeof(words), "config check %s", path);
	says(words, ": correct\n");
	snprintf(words, sizeof(words), "config show %s --depth 3", path);
	says(words, "per_host: 4 ");
	says(words, "depth: 3 ");
	fix_write(path, "per_host: 4\nseeds: ['http://']\n");
	snprintf(words, sizeof(words), "config check %s", path);
	snprintf(expected, sizeof(expected), "%s:2:1: seeds: ", path);
	refuses(words, EXIT_USAGE, expected);
	fix_write(path, "per_hots: 4\n");
	snprintf(expected, sizeof(expected),
		"%s:1:1: unknown key `per_hots`; did you mean `per_host`?", path);
	refuses(words, EXIT_USAGE, expected);
	says("config example", "concurrency: auto\n");
	refuses("config", EXIT_USAGE, "usage: skitter config check|show|example");
}

int main(int argc, char **argv)
{
	static const struct role roles[] = {{"parser", parser_main}};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_words_name_the_nearest),
		cmocka_unit_test(files_that_are_no_crawl),
		cmocka_unit_test(every_command_has_a_help_page),
		cmocka_unit_test(status_counts),
		cmocka_unit_test(why_every_verdict),
		cmocka_unit_test(why_of_the_unknown),
		cmocka_unit_test(cat_gives_the_bytes),
		cmocka_unit_test(sql_reads_and_only_reads),
		cmocka_unit_test(export_replaces_only_when_complete),
		cmocka_unit_test(export_follows_no_link),
		cmocka_unit_test(export_sitemap),
		cmocka_unit_test(robots_of_a_file),
		cmocka_unit_test(config_check_and_show),
	};
	struct err err = {0};
	int status = role_main(argc, argv, roles, 1); /* the sandboxed process of cat and sql */

	if (status >= 0)
		return status;
	if (proc_self_open(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, make_crawl, drop_crawl);
}
