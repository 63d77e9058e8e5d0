/* Links of whole documents: read at once, and byte by byte with the same answer. */
#include <stdlib.h>
#include <string.h>

#include "config/facts.h"
#include "config/mem.h"
#include "crawler/page/html.h"
#include "tests/conformance/conf_html.h"

#define AREA (64u << 20)

struct reader {
	struct conf_set set;
	struct html *html;
	struct url_parser parser;
	char *area;
};

/* The `kind` under which an element's links are recorded. */
static const char *kind_of_tag(const char *tag)
{
	static const char *const same[][2] = {{"table", "body"}, {"td", "body"}, {"th", "body"},
		{"blockquote", "quote"}, {"q", "quote"}, {"ins", "quote"}, {"del", "quote"}};

	if (strncmp(tag, "svg:", 4) == 0)
		return "svg";
	for (size_t i = 0; i < MEM_COUNT(same); i++)
		if (strcmp(same[i][0], tag) == 0)
			return same[i][1];
	return tag;
}

static const char *attr_of(const char *attr)
{
	return strcmp(attr, "content(refresh)") == 0 ? "content" : attr;
}

static const struct facts *read_page(
	struct reader *r, const char *url, const char *page, size_t len, size_t step)
{
	struct html_opts opts = {.max_text = 1 << 20};
	struct facts_writer w;
	struct url parsed;
	struct err err;

	if (url_parse(&r->parser, url, strlen(url), NULL, &parsed) < 0)
		abort();
	opts.url = &parsed;
	facts_begin(&w, r->area, AREA);
	html_begin(r->html, &opts, &w);
	for (size_t at = 0; at < len; at += step)
		html_feed(r->html, page + at, step < len - at ? step : len - at);
	html_end(r->html);
	if (facts_check(r->area, facts_finish(&w), &err) < 0) {
		printf("%s\n", err.text);
		abort();
	}
	return w.f;
}

/* The page's links as lines "kind attr url [template]", in order. */
static json_t *links_found(const struct facts *f, bool url_only)
{
	const struct facts_link *l = facts_links(f);
	json_t *all = json_array();

	for (uint32_t i = 0; i < f->nlinks; i++, l++) {
		/* A canonical link is a link element like any other here. */
		const char *kind = facts_kind_name(l->kind == LINK_CANONICAL ? LINK_LINK : l->kind);

		if (url_only)
			json_array_append_new(all, json_string(facts_text(f, l->url)));
		else
			json_array_append_new(
				all, json_sprintf("%s %s %s%s", kind, facts_attr_name(l->attr),
					     facts_text(f, l->url),
					     l->flags & LINK_IN_TEMPLATE ? " in template" : ""));
	}
	return all;
}

static json_t *links_wanted(json_t *line)
{
	json_t *links = json_object_get(line, "links"), *all = json_array(), *l;
	size_t i;

	json_array_foreach(links, i, l)
	{
		const char *tag, *attr, *url;

		if (json_is_array(l)) {
			tag = json_string_value(json_array_get(l, 0));
			attr = json_string_value(json_array_get(l, 1));
			url = json_string_value(json_array_get(l, 2));
		} else {
			tag = conf_str(l, "tag");
			attr = conf_str(l, "attr");
			url = conf_str(l, "url");
		}
		if (url)
			json_array_append_new(all,
				json_sprintf("%s %s %s%s", kind_of_tag(tag), attr_of(attr), url,
					conf_bool(l, "in_template") ? " in template" : ""));
	}
	return all;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(
		json_string_value(*(json_t *const *)a), json_string_value(*(json_t *const *)b));
}

/* Sorted, each once; without the mark of templates, which sets do not have. */
static json_t *as_set(json_t *list)
{
	size_t n = json_array_size(list);
	json_t **all = mem_array(n + 1, sizeof(*all)), *set = json_array();

	for (size_t i = 0; i < n; i++) {
		const char *s = json_string_value(json_array_get(list, i));
		const char *mark = strstr(s, " in template");

		all[i] = json_stringn(s, mark ? (size_t)(mark - s) : strlen(s));
	}
	qsort(all, n, sizeof(*all), by_text);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || !json_equal(all[i], all[i - 1]))
			json_array_append(set, all[i]);
	for (size_t i = 0; i < n; i++)
		json_decref(all[i]);
	free(all);
	json_decref(list);
	return set;
}

static bool same_links(struct reader *r, json_t *line, size_t step, struct buf *why)
{
	const char *page = conf_str(line, "html"), *url = conf_str(line, "url");
	json_t *urls = json_object_get(line, "urls"), *want, *got;
	bool set = urls || json_is_array(json_array_get(json_object_get(line, "links"), 0)), same;

	got = links_found(read_page(r, url, page, conf_str_len(line, "html"), step), urls != NULL);
	want = urls ? json_incref(urls) : links_wanted(line);
	if (set) {
		got = as_set(got);
		want = as_set(want);
	}
	same = json_equal(got, want);
	if (!same) {
		char *g = json_dumps(got, 0), *w = json_dumps(want, 0);

		buf_addf(why, "%s\n  got  %s\n  want %s\n  html %.600s", conf_str(line, "id"), g, w,
			page);
		free(g);
		free(w);
	}
	json_decref(got);
	json_decref(want);
	return same;
}

static void on_page(void *arg, json_t *line, int lineno)
{
	struct reader *r = arg;
	struct buf why = BUF_INIT;
	bool ok = same_links(r, line, SIZE_MAX / 2, &why) && same_links(r, line, 1, &why);

	conf_html_count(&r->set, lineno, ok, why.data);
	buf_release(&why);
}

void conf_html_links(struct conf *c, const char *name, const char *relpath)
{
	struct reader r = {.set = {.conf = c, .name = name}};

	r.html = html_open();
	r.area = mem_alloc(AREA);
	url_parser_init(&r.parser);
	if (conf_each(c, relpath, on_page, &r) >= 0)
		conf_result(c, name, r.set.passed, r.set.total);
	url_parser_release(&r.parser);
	free(r.area);
	html_free(r.html);
}
