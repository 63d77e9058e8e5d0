/* conf_sitemap.c - lists of URLs in every format.
 *
 * `result` error: the reader must say that the file is broken or is no list. Entries before
 * the break are then kept all the same (they are what a crawl is after), so they are
 * compared only where a list is expected.
 */
#include <stdlib.h>
#include <string.h>

#include "config/facts.h"
#include "tests/conformance/conf.h"
#include "crawler/page/inflate.h"
#include "crawler/page/sitemap.h"
#include "crawler/page/url.h"

#define AREA ((size_t)8 << 20)

struct run {
	struct conf *c;
	struct inflate *inflate;
	struct url_parser parser;
	void *area;
	int passed, total;
};

static bool same_entry(const struct facts *f, const struct facts_link *link, json_t *want)
{
	const char *loc = conf_str(want, "loc"), *date = conf_str(want, "lastmod");

	return !strcmp(facts_text(f, link->url), loc) &&
	       !strcmp(facts_text(f, link->text), date ? date : "");
}

static void compare(struct run *run, json_t *line, int lineno, int got, const struct facts *f)
{
	const char *result = conf_str(line, "result"), *format = conf_str(line, "format");
	json_t *entries = json_object_get(line, "entries");
	const struct facts_link *links = facts_links(f);
	const char *id = conf_str(line, "id"), *name = sitemap_format_name(got & ~SITEMAP_BROKEN);
	size_t i;

	run->total++;
	if (!strcmp(result, "error")) {
		if (got == SITEMAP_NONE || got & SITEMAP_BROKEN)
			run->passed++;
		else
			conf_miss(run->c, "sitemap", lineno, "%s: %s, want an error", id, name);
		return;
	}
	if (strcmp(name, format) || f->nlinks != json_array_size(entries)) {
		conf_miss(run->c, "sitemap", lineno, "%s: %s with %u entries, want %s with %zu", id,
			name, f->nlinks, format, json_array_size(entries));
		return;
	}
	for (i = 0; i < f->nlinks; i++)
		if (!same_entry(f, &links[i], json_array_get(entries, i))) {
			conf_miss(run->c, "sitemap", lineno, "%s: entry %zu is %s (%s)", id, i,
				facts_text(f, links[i].url), facts_text(f, links[i].text));
			return;
		}
	run->passed++;
}

static void on_case(void *arg, json_t *line, int lineno)
{
	struct run *run = arg;
	struct buf body = BUF_INIT, inner = BUF_INIT;
	struct facts_writer w;
	struct err err;
	int got;
	struct sitemap_opts opts = {.url = conf_str(line, "url"),
		.url_len = conf_str_len(line, "url"),
		.content_type = conf_str(line, "content_type"),
		.location_check = conf_bool(line, "location_check"),
		.namespace_strict = conf_bool(line, "namespace_strict"),
		.parser = &run->parser};

	conf_text(line, "body", &body);
	if (inflate_is_gzip(body.data, body.len)) {
		inflate_body(run->inflate, "gzip", body.data, body.len, AREA, &inner);
		buf_release(&body);
		body = inner;
	}
	facts_begin(&w, run->area, AREA);
	got = sitemap_read(&opts, body.data, body.len, &w);
	if (facts_check(run->area, facts_finish(&w), &err))
		conf_miss(run->c, "sitemap", lineno, "the facts block is wrong: %s", err.text);
	compare(run, line, lineno, got, w.f);
	buf_release(&body);
}

void conf_sitemap(struct conf *c)
{
	struct run run = {.c = c, .inflate = inflate_open(), .area = malloc(AREA)};

	url_global_init();
	url_parser_init(&run.parser);
	if (conf_each(c, "sitemap/cases.jsonl", on_case, &run) >= 0)
		conf_result(c, "sitemap", run.passed, run.total);
	url_parser_release(&run.parser);
	inflate_close(run.inflate);
	free(run.area);
}
