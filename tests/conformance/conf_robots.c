/* conf_robots.c - robots.txt: RFC cases, real sites, Crawl-delay and Sitemap. */
#include <string.h>

#include "tests/conformance/conf.h"
#include "crawler/page/charset.h"
#include "crawler/page/robots.h"

/* The checks on which the three implementations differ, decided one by one. `should`: two agree,
 * or the RFC says so; here all are taken as the data has them:
 *
 *   ID_LineSyntax_Groups_OtherRules, testBrokenKrugleRobotsTxtFile, testCrawlDelayGroupMerging,
 *   testUnsupportedFields      other lines never end a group (2.2.4)
 *   ID_UserAgentValueCaseInsensitive, user-agent-name, GoogleOnly_AcceptUserAgentUpToFirstSpace,
 *   testAgentTokenMatch        a name is the token that leads the value: "Foo Bar" names Foo
 * (2.2.1) testSpacesInMultipleUserAgentNames   and every token after a comma test_generosity a "*"
 * inside a name does not make it match others testFormatErrors           space before the colon and
 * no colon are read; digits belong to a name BOM-characters, testRobotsWithUTF8BOM, IgnoreBOM   a
 * byte order mark, whole or cut, is skipped testEscapedPaths           %2A and %24 are the
 * characters; escapes of other reserved ones are not the characters; hex digits have no case; %62
 * is "b" (2.2.2, 2.2.3) test_1996rfc_examples, RfcExample, test_escaped_url, test_unescaped_url %7E
 * is "~", "<" is %3C testRobotsTxtAlwaysAllowed, RfcExample   /robots.txt is always allowed (2.2.2)
 *   test_nonterminal_dollar    a "$" that does not end the pattern is itself
 *
 * `policy`: free to choose. What we chose, and why: */
static const struct decision {
	const char *test, *path; /* prefix of the path */
	bool allowed;
	const char *why;
} decisions[] = {
	{"test_generosity", "/myprofile", true, "foo*bot is no name of foobot"},
	{"testHtmlMarkupInRobotsTxt", "/index", true, "a path is taken as written: /<BR> is not /"},
	{"test_special_symbols_dual_behaviour", "/x/abc$", true,
		"a final $ is the end, never itself"},
	{"test_special_symbols_dual_behaviour", "/x/abc%24", true,
		"a final $ is the end, never itself"},
	{"GoogleOnly_LineTooLong", "/x/a", true, "lines are not cut: half a rule is another rule"},
	{"GoogleOnly_LineTooLong", "/x/b", false, "lines are not cut: half a rule is another rule"},
	{"test_with_absolute_urls", "/http", true, "a rule that begins with no / matches nothing"},
	{"test_grouping_unknown_keys", "/", false, "unknown lines do not end a group"},
	{"testRobotsWithUTF16LEBOM", "/profile", false, "a byte order mark decides the encoding"},
	{"test_nonterminal_dollar", "/x", true, "an escaped reserved character is not the raw one"},
	{"SkipMalformedLine", "/no/colon", false,
		"a missing colon is read, as the large crawlers do"},
};

struct run {
	struct conf *c;
	const char *name;
	int must, must_passed, should, should_passed, policy, policy_passed;
};

/* "/path?query" of an absolute URL; the fragment does not count. */
static const char *path_of(const char *url, size_t *len)
{
	const char *p = strstr(url, "://"), *slash;

	p = p ? p + 3 : url;
	slash = p + strcspn(p, "/?#");
	if (*slash != '/') {
		*len = 1;
		return "/";
	}
	*len = strcspn(slash, "#");
	return slash;
}

/* A list of names, as one test gives it, is tried name by name. */
static struct robots *parse_for(const struct buf *text, const char *agents)
{
	char one[256];

	for (;;) {
		size_t n = strcspn(agents, ",");
		struct robots *r;

		snprintf(one, sizeof(one), "%.*s", (int)n, agents);
		r = robots_parse(text->data, text->len, one);
		agents += n;
		if (!*agents || robots_names_agent(r))
			return r;
		agents++;
		robots_free(r);
	}
}

static const struct decision *decision_of(const char *test, const char *path)
{
	size_t i;

	for (i = 0; test && i < sizeof(decisions) / sizeof(decisions[0]); i++)
		if (!strcmp(decisions[i].test, test) &&
			!strncmp(decisions[i].path, path, strlen(decisions[i].path)))
			return &decisions[i];
	return NULL;
}

/* As the reader of a response does: UTF-8, unless a byte order mark says otherwise. */
static void to_utf8(struct buf *text)
{
	struct buf utf8 = BUF_INIT;
	struct charset_decoder *d;
	size_t bom;
	const char *name = charset_bom(text->data, text->len, &bom);

	if (!name)
		return;
	d = charset_open(name);
	charset_decode(d, text->data, text->len, &utf8, true);
	charset_close(d);
	buf_release(text);
	*text = utf8;
}

static void check(
	struct run *run, const struct buf *text, json_t *check, const char *id, int lineno)
{
	const char *ua = conf_str(check, "ua"), *url = conf_str(check, "url");
	const char *tier = conf_str(check, "tier"), *path, *rule;
	bool want = conf_bool(check, "allowed"), got;
	struct robots *r;
	size_t len;

	path = path_of(url, &len);
	if (tier && !strcmp(tier, "policy")) {
		const struct decision *d = decision_of(conf_str(check, "test"), path);

		if (!d)
			return;
		want = d->allowed;
	}
	r = robots_parse(text->data, text->len, ua);
	got = robots_allowed(r, path, len, &rule, NULL);
	if (tier && !strcmp(tier, "policy")) {
		run->policy++;
		run->policy_passed += got == want;
	} else if (tier && !strcmp(tier, "should")) {
		run->should++;
		run->should_passed += got == want;
	} else {
		run->must++;
		run->must_passed += got == want;
	}
	if (got != want)
		conf_miss(run->c, run->name, lineno, "%s %s %s %.80s: %s by %.80s", id,
			tier ? tier : "", ua, url, got ? "allowed" : "disallowed",
			rule ? rule : "no rule");
	robots_free(r);
}

static void on_case(void *arg, json_t *line, int lineno)
{
	struct run *run = arg;
	struct buf text = BUF_INIT;
	json_t *one;
	size_t i;

	conf_text(line, "robots", &text);
	to_utf8(&text);
	json_array_foreach(json_object_get(line, "checks"), i, one)
		check(run, &text, one, conf_str(line, "id"), lineno);
	buf_release(&text);
}

static bool delay_ok(const struct buf *text, json_t *line)
{
	json_t *want = json_object_get(line, "seconds");
	struct robots *r = parse_for(text, conf_str(line, "ua"));
	double got = robots_crawl_delay(r), diff = got - json_number_value(want);

	robots_free(r);
	return json_is_null(want) ? got < 0 : diff > -1e-9 && diff < 1e-9;
}

/* The URLs come as written; the case of a relative one gives the absolute URL. */
static bool sitemaps_ok(const struct buf *text, json_t *line)
{
	json_t *want = json_object_get(line, "sitemaps");
	struct robots *r = robots_parse(text->data, text->len, "any");
	const char **urls;
	size_t n = robots_sitemaps(r, &urls), i;
	bool ok = n == json_array_size(want);

	for (i = 0; ok && i < n; i++) {
		const char *full = json_string_value(json_array_get(want, i));
		size_t len = strlen(urls[i]);

		ok = urls[i][0] == '/'
			     ? strlen(full) > len && !strcmp(full + strlen(full) - len, urls[i])
			     : !strcmp(full, urls[i]);
	}
	robots_free(r);
	return ok;
}

static void on_extension(void *arg, json_t *line, int lineno)
{
	struct run *run = arg;
	struct buf text = BUF_INIT;
	const char *kind = conf_str(line, "kind");
	bool ok;

	conf_text(line, "robots", &text);
	ok = !strcmp(kind, "sitemaps") ? sitemaps_ok(&text, line) : delay_ok(&text, line);
	run->must++;
	run->must_passed += ok;
	if (!ok)
		conf_miss(run->c, run->name, lineno, "%s %s %s", kind, conf_str(line, "test"),
			conf_str(line, "ua") ? conf_str(line, "ua") : "");
	buf_release(&text);
}

void conf_robots(struct conf *c)
{
	struct run run = {.c = c, .name = "robots"};

	if (conf_each(c, "robots/cases.jsonl", on_case, &run) >= 0) {
		conf_result(c, "robots must", run.must_passed, run.must);
		conf_result(c, "robots should", run.should_passed, run.should);
		conf_result(c, "robots policy (as decided)", run.policy_passed, run.policy);
	}
	run = (struct run){.c = c, .name = "robots-real-sites"};
	if (conf_each(c, "robots/real-sites.jsonl", on_case, &run) >= 0)
		conf_result(c, "robots real-sites", run.must_passed, run.must);
	run = (struct run){.c = c, .name = "robots-extensions"};
	if (conf_each(c, "robots/extensions.jsonl", on_extension, &run) >= 0)
		conf_result(c, "robots extensions", run.must_passed, run.must);
}
