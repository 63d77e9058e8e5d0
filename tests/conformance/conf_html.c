/* HTML: tokens, entities, links of documents, srcset, meta refresh. */
#include "tests/conformance/conf_html.h"

#include <string.h>

#include "crawler/page/refresh.h"
#include "crawler/page/srcset.h"

void conf_html_count(struct conf_set *set, int lineno, bool ok, const char *what)
{
	set->total++;
	set->passed += ok;
	if (!ok)
		conf_miss(set->conf, set->name, lineno, "%s", what ? what : "");
}

/* The one a browser takes: pixels per CSS pixel nearest above 1 at a width of 1 px for
 * `w` candidates, as the test page has it. */
static void on_srcset(void *arg, json_t *line, int lineno)
{
	const char *text = conf_str(line, "srcset"), *want = conf_str(line, "selected");
	json_t *list = json_object_get(line, "candidates"), *got = json_array();
	struct srcset_candidate c, best = {.url = NULL};
	struct srcset s;
	bool ok;

	srcset_begin(&s, text, conf_str_len(line, "srcset"));
	while (srcset_next(&s, &c)) {
		json_array_append_new(got, json_stringn(c.url, c.url_len));
		if (!best.url)
			best = c;
	}
	ok = want ? best.url && strlen(want) == best.url_len &&
			     memcmp(want, best.url, best.url_len) == 0
		  : !best.url;
	if (list)
		ok = ok && json_equal(list, got);
	conf_html_count(arg, lineno, ok, text);
	json_decref(got);
}

static void on_refresh(void *arg, json_t *line, int lineno)
{
	const char *text = conf_str(line, "content"), *url = conf_str(line, "url");
	bool want = conf_bool(line, "refresh"), ok;
	struct refresh r;
	char clean[256];
	size_t n = 0;

	ok = refresh_parse(&r, text, conf_str_len(line, "content")) == want;
	if (ok && want) {
		/* "compare after URL parsing", which drops tabs, newlines and spaces at the ends.
		 */
		for (size_t i = 0; i < r.url_len && n < sizeof(clean) - 1; i++)
			if (r.url[i] != '\t' && r.url[i] != '\n' && r.url[i] != '\r')
				clean[n++] = r.url[i];
		while (n && clean[n - 1] == ' ')
			n--;
		clean[n] = '\0';
		ok = (json_int_t)r.seconds ==
			     json_integer_value(json_object_get(line, "seconds")) &&
		     strcmp(clean, url ? url : "") == 0;
	}
	conf_html_count(arg, lineno, ok, text);
}

static void each(struct conf *c, const char *name, const char *relpath,
	void (*fn)(void *arg, json_t *line, int lineno))
{
	struct conf_set set = {.conf = c, .name = name};

	if (conf_each(c, relpath, fn, &set) >= 0)
		conf_result(c, name, set.passed, set.total);
}

void conf_html(struct conf *c)
{
	conf_html_tokens(c, "tokenizer", "html/tokenizer.jsonl");
	conf_html_tokens(c, "entities", "html/tokenizer-entities.jsonl");
	conf_html_links(c, "links", "html/links.jsonl");
	conf_html_links(c, "links-malformed", "html/links-malformed.jsonl");
	conf_html_links(c, "links-heritrix", "html/links-heritrix.jsonl");
	conf_html_links(c, "links-large", "html/links-large.jsonl");
	each(c, "srcset", "html/srcset.jsonl", on_srcset);
	each(c, "meta-refresh", "html/meta-refresh.jsonl", on_refresh);
}
