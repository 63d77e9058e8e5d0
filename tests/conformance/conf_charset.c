/* conf_charset.c - labels, and the encoding that a document's bytes name. */
#include <string.h>

#include "tests/conformance/conf.h"
#include "crawler/page/charset.h"

struct run {
	struct conf *c;
	int passed, total;
};

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static void labels(struct conf *c)
{
	json_t *all = conf_load(c, "html/encoding-labels.json"), *want;
	int passed = 0, total = 0;
	const char *label;

	if (!all)
		return;
	json_object_foreach(all, label, want)
	{
		const char *got = charset_by_label(label, strlen(label));

		total++;
		if (same(got, json_string_value(want)))
			passed++;
		else
			conf_miss(c, "encoding-labels", total, "%s: %s, want %s", label,
				got ? got : "none", json_string_value(want));
	}
	json_decref(all);
	conf_result(c, "encoding-labels", passed, total);
}

static void sniff_case(void *arg, json_t *line, int lineno)
{
	struct run *r = arg;
	struct buf data = BUF_INIT;
	const char *want = conf_str(line, "encoding"),
		   *early = conf_str(line, "by_first_1024_bytes");
	enum charset_why why;
	const char *got, *whole;

	conf_text(line, "data", &data);
	r->total++;
	got = charset_sniff(NULL, data.data, data.len, &why);
	/* Where the first bytes do not decide, the element that comes later does. */
	whole = why == CHARSET_BY_DEFAULT ? charset_meta_element(data.data, data.len) : got;
	if (!whole)
		whole = got;
	if (same(got, early ? early : want) && same(whole, want))
		r->passed++;
	else
		conf_miss(r->c, "encoding-sniff", lineno, "%s: %s then %s, want %s",
			conf_str(line, "id"), got, whole, want);
	buf_release(&data);
}

void conf_charset(struct conf *c)
{
	struct run r = {c, 0, 0};

	labels(c);
	if (conf_each(c, "html/encoding-sniff.jsonl", sniff_case, &r) >= 0)
		conf_result(c, "encoding-sniff", r.passed, r.total);
}
