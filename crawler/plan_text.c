/* plan_text.c - the plan for people. Whatever a server said is escaped. */
#include <string.h>

#include "config/text.h"
#include "crawler/cmd_util.h"
#include "crawler/plan.h"

#define SHOWN 10 /* rows of each list */

static void label(struct buf *out, const char *word)
{
	buf_addf(out, "%-12s", word);
}

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static double number(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

static void count(struct buf *out, double n, const char *what)
{
	text_number(out, (unsigned long long)(n + 0.5));
	buf_addf(out, " %s", what);
}

static void add_more(struct buf *out, size_t n)
{
	if (n <= SHOWN)
		return;
	label(out, "");
	buf_add_str(out, "and ");
	count(out, (double)(n - SHOWN), "more (--json lists all)\n");
}

static void add_seeds(struct buf *out, const json_t *seeds)
{
	json_t *s;
	size_t i;

	json_array_foreach(seeds, i, s)
	{
		if (i == SHOWN)
			break;
		label(out, i ? "" : "Seeds");
		cmd_add_line(out, text(s, "url"));
		if (json_is_false(json_object_get(s, "allowed"))) {
			buf_add_str(out, "  not allowed: ");
			cmd_add_line(out, text(s, "reason"));
			if (text(s, "rule")) {
				buf_add_str(out, ", ");
				cmd_add_line(out, text(s, "rule"));
			}
		} else if (json_is_null(json_object_get(s, "allowed"))) {
			buf_add_str(out, "  not reached: ");
			cmd_add_line(out, text(s, "reason"));
		}
		buf_add_ch(out, '\n');
	}
	add_more(out, json_array_size(seeds));
}

static void add_patterns(struct buf *out, const json_t *scope, const char *key, const char *what)
{
	const json_t *list = json_object_get(scope, key);
	json_t *p;
	size_t i;

	if (!json_array_size(list))
		return;
	label(out, "");
	buf_add_str(out, what);
	json_array_foreach(list, i, p)
	{
		buf_add_str(out, i ? ", " : " ");
		cmd_add_line(out, json_string_value(p));
	}
	buf_add_ch(out, '\n');
}

static void add_scope(struct buf *out, const json_t *scope)
{
	label(out, "Scope");
	buf_addf(out, "%s: %s%s\n", text(scope, "word"), text(scope, "text"),
		json_is_true(json_object_get(scope, "assets"))
			? ", and what pages are made of (--assets)"
			: "");
	add_patterns(out, scope, "include", "only URLs that match");
	add_patterns(out, scope, "exclude", "not those that match");
	add_patterns(out, scope, "ignore_param", "told apart without the parameters");
}

static void add_hosts(struct buf *out, const json_t *hosts)
{
	json_t *h;
	size_t i;

	json_array_foreach(hosts, i, h)
	{
		if (i == SHOWN)
			break;
		label(out, i ? "" : "Hosts");
		cmd_add_line(out, text(h, "host"));
		buf_add_str(out, "  ");
		cmd_add_line(out, text(h, "ip") ? text(h, "ip") : "no address");
		buf_add_str(out, "  robots.txt: ");
		cmd_add_line(out, text(h, "robots") ? text(h, "robots") : "not asked");
		if (json_is_number(json_object_get(h, "crawl_delay")))
			buf_addf(out, ", Crawl-delay %g s", number(h, "crawl_delay"));
		if (number(h, "delay") > 0)
			buf_addf(out, "; %g s between requests", number(h, "delay"));
		buf_add_ch(out, '\n');
	}
	add_more(out, json_array_size(hosts));
}

static void add_sitemaps(struct buf *out, const json_t *maps)
{
	json_t *m;
	size_t i;

	json_array_foreach(maps, i, m)
	{
		int status = (int)number(m, "status");
		if (i == SHOWN)
			break;
		label(out, i ? "" : "Sitemaps");
		cmd_add_line(out, text(m, "url"));
		buf_add_str(out, "  ");
		if (text(m, "error"))
			cmd_add_line(out, text(m, "error"));
		else if (status != 200)
			buf_addf(out, "answered %d", status);
		else
			count(out, number(m, "urls"), "URLs");
		buf_add_ch(out, '\n');
	}
	if (!json_array_size(maps)) {
		label(out, "Sitemaps");
		buf_add_str(
			out, "none is named in robots.txt (--sitemaps also tries /sitemap.xml)\n");
	}
	add_more(out, json_array_size(maps));
}

static void add_found(struct buf *out, const json_t *found)
{
	const json_t *elsewhere = json_object_get(found, "elsewhere");
	const char *reason;
	json_t *n, *h;
	size_t i;

	label(out, "Known");
	count(out, number(found, "pages"),
		number(found, "pages") == 1 ? "page in scope" : "pages in scope");
	json_object_foreach(json_object_get(found, "excluded"), reason, n)
	{
		buf_add_str(out, ", ");
		count(out, json_number_value(n), "left out by ");
		cmd_add_line(out, reason);
	}
	buf_add_ch(out, '\n');
	json_array_foreach(elsewhere, i, h)
	{
		label(out, "");
		count(out, number(h, "n"), "of them on ");
		cmd_add_line(out, text(h, "host"));
		buf_add_str(out, ": --scope domain or any, or a seed there, takes them in\n");
		break; /* the first is the one that matters */
	}
}

static void add_limits(struct buf *out, const json_t *limits, const struct settings *set)
{
	const char *name;
	json_t *v;

	label(out, "Limits");
	count(out, set->per_host, set->per_host == 1 ? "request" : "requests");
	buf_add_str(out, " at a time on a host, ");
	if (set->concurrency)
		count(out, set->concurrency, "in all");
	else /* auto: how many is known when the crawl runs */
		buf_add_str(out, "over all hosts as many as memory and cores allow");
	json_object_foreach((json_t *)(uintptr_t)limits, name, v)
	{
		buf_add_str(out, ", ");
		for (const char *p = name; *p; p++)
			buf_add_ch(out, *p == '_' ? ' ' : *p);
		buf_add_ch(out, ' ');
		if (!strcmp(name, "max_bytes"))
			text_bytes(out, (unsigned long long)json_integer_value(v));
		else if (!strcmp(name, "max_time"))
			text_duration(out, (unsigned long long)(json_number_value(v) * 1000));
		else
			text_number(out, (unsigned long long)json_integer_value(v));
	}
	buf_add_ch(out, '\n');
}

static void add_estimate(struct buf *out, const json_t *e)
{
	label(out, "Estimate");
	if (!json_is_true(json_object_get(e, "known")))
		buf_add_str(out, "no sitemap lists pages, so only crawling tells; the seeds are ");
	count(out, number(e, "pages"), number(e, "pages") == 1 ? "page" : "pages");
	if (json_is_number(json_object_get(e, "seconds"))) {
		buf_add_str(out, ", about ");
		text_duration(out, (unsigned long long)(number(e, "seconds") * 1000));
	} else {
		buf_add_str(out, ", as fast as the server answers");
	}
	buf_add_str(out, ", about ");
	text_bytes(out, (unsigned long long)number(e, "bytes"));
	buf_add_ch(out, '\n');
}

void plan_text(struct buf *out, const json_t *plan, const struct settings *set)
{
	add_seeds(out, json_object_get(plan, "seeds"));
	add_scope(out, json_object_get(plan, "scope"));
	add_hosts(out, json_object_get(plan, "hosts"));
	add_sitemaps(out, json_object_get(plan, "sitemaps"));
	add_found(out, json_object_get(plan, "found"));
	add_limits(out, json_object_get(plan, "limits"), set);
	add_estimate(out, json_object_get(plan, "estimate"));
}
