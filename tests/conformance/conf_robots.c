/* conf_robots.c - robots.txt: RFC cases, real sites, Crawl-delay and Sitemap. */
#include <string.h>

#include "tests/conformance/conf.h"
#include "crawler/page/robots.h"

struct run {
	struct conf *c;
	const char *name;
	int must, must_passed, should, should_passed;
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

static void check(
	struct run *run, const struct buf *text, json_t *check, const char *id, int lineno)
{
	const char *ua = conf_str(check, "ua"), *url = conf_str(check, "url");
	const char *tier = conf_str(check, "tier"), *path, *rule;
	bool want = conf_bool(check, "allowed"), got;
	struct robots *r;
	size_t len;

	if (tier && !strcmp(tier, "policy"))
		return;
	r = robots_parse(text->data, text->len, ua);
	path = path_of(url, &len);
	got = robots_allowed(r, path, len, &rule, NULL);
	if (tier && !strcmp(tier, "should")) {
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
	}
	run = (struct run){.c = c, .name = "robots-real-sites"};
	if (conf_each(c, "robots/real-sites.jsonl", on_case, &run) >= 0)
		conf_result(c, "robots real-sites", run.must_passed, run.must);
	run = (struct run){.c = c, .name = "robots-extensions"};
	if (conf_each(c, "robots/extensions.jsonl", on_extension, &run) >= 0)
		conf_result(c, "robots extensions", run.must_passed, run.must);
}
