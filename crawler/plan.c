#include "crawler/plan.h"

#include <stdlib.h>
#include <string.h>

#include "config/facts.h"
#include "config/mem.h"
#include "crawler/cmd_util.h"
#include "crawler/page/robots.h"
#include "crawler/page/url.h"

#define PAGE_BYTES 30000 /* compressed, as many measure it; the README says so */

/* URLs that are known and not fetched: the pages of the crawl. */
#define LEFT                                                                        \
	" not exists (select 1 from fetch f where f.url_id = u.id) and not exists " \
	"(select 1 from settled s where s.url_id = u.id) "

static json_t *text_or_null(const char *s)
{
	json_t *j = s ? json_string(s) : NULL;

	return j ? j : json_null();
}

static json_int_t integer(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static double number(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

/* ---- scope ---- */

static const char *const scope_words[] = {
	[SCOPE_PAGE] = "page",
	[SCOPE_PREFIX] = "prefix",
	[SCOPE_HOST] = "host",
	[SCOPE_DOMAIN] = "domain",
	[SCOPE_ANY] = "any",
};

static const char *const scope_texts[] = {
	[SCOPE_PAGE] = "the seeds alone",
	[SCOPE_PREFIX] = "what lies below the folder of a seed",
	[SCOPE_HOST] = "pages on the host of a seed (name and port)",
	[SCOPE_DOMAIN] = "pages on the registrable domain of a seed, with all its subdomains",
	[SCOPE_ANY] = "every page that is linked, on whatever host",
};

static json_t *list_json(const struct strlist *l)
{
	json_t *a = json_array();

	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(a, text_or_null(l->v[i]));
	return a;
}

static json_t *scope_json(const struct settings *set)
{
	return json_pack("{s:s,s:s,s:o,s:o,s:o,s:b}", "word", scope_words[set->scope], "text",
		scope_texts[set->scope], "include", list_json(&set->include), "exclude",
		list_json(&set->exclude), "ignore_param", list_json(&set->ignore_param), "assets",
		set->assets);
}

/* ---- hosts and seeds ---- */

/* What robots.txt names, and whether a path is allowed, from its text. */
static void read_robots(json_t *host, const char *text, const char *agent)
{
	struct robots *r = robots_parse(text ? text : "", text ? strlen(text) : 0, agent);
	json_t *maps = json_array();
	const char **urls;
	size_t n = robots_sitemaps(r, &urls);

	for (size_t i = 0; i < n; i++)
		json_array_append_new(maps, text_or_null(urls[i]));
	json_object_set_new(host, "sitemaps", maps);
	robots_free(r);
}

/* The seconds between two starts on a host. */
static double delay_of(const json_t *row, const struct settings *set)
{
	double delay = set->delay >= 0 ? set->delay : number(row, "delay_ms") / 1000;
	double asked = set->ignore_robots ? 0 : number(row, "crawl_delay");

	return asked > delay ? asked : delay;
}

static json_t *hosts_json(struct store *st, const struct settings *set, struct err *err)
{
	json_t *rows = cmd_query(st,
		"select h.name as host, h.ip as ip, h.state as state, h.crawl_delay as "
		"crawl_delay, "
		"h.delay_ms as delay_ms, r.verdict as robots, r.text as text, (select count(*) "
		"from "
		"url u where u.host_id = h.id and" LEFT
		") as pages from host h left join robots_txt "
		"r on r.origin = h.origin order by pages desc, h.id",
		err);
	char *agent = settings_agent(set);
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		json_object_set_new(row, "delay", json_real(delay_of(row, set)));
		read_robots(row, json_string_value(json_object_get(row, "text")), agent);
		json_object_del(row, "text");
		json_object_del(row, "delay_ms");
	}
	free(agent);
	return rows;
}

/* What became of a seed: refused, not to be reached, or free to be fetched. */
static json_t *seed_json(struct store *st, const char *url, struct err *err)
{
	struct buf sql = BUF_INIT;
	json_t *rows, *o = json_pack("{s:s}", "url", url);
	const json_t *row;

	buf_add_str(&sql, "select 0 as allowed, reason, rule from excluded where url = ");
	cmd_sql_text(&sql, url);
	buf_add_str(&sql, " union all select null, error, null from pages where url = ");
	cmd_sql_text(&sql, url);
	rows = cmd_query(st, sql.data, err);
	row = json_array_get(rows, 0);
	json_object_set_new(o, "allowed",
		!row						? json_true()
		: json_is_null(json_object_get(row, "allowed")) ? json_null()
								: json_false());
	json_object_set(o, "reason", row ? json_object_get(row, "reason") : json_null());
	json_object_set(o, "rule", row ? json_object_get(row, "rule") : json_null());
	buf_release(&sql);
	if (!rows) {
		json_decref(o);
		return NULL;
	}
	json_decref(rows);
	return o;
}

static json_t *seeds_json(struct store *st, const struct strlist *seeds, struct err *err)
{
	json_t *a = json_array();

	for (size_t i = 0; i < seeds->n; i++) {
		json_t *o = seed_json(st, seeds->v[i], err);
		if (!o) {
			json_decref(a);
			return NULL;
		}
		json_array_append_new(a, o);
	}
	return a;
}

/* ---- sitemaps and what they list ---- */

static json_t *sitemaps_json(struct store *st, struct err *err)
{
	struct buf sql = BUF_INIT;
	json_t *rows;

	buf_addf(&sql,
		"select u.url as url, f.status as status, f.error as error, "
		"coalesce(json_array_length(p.links), 0) as urls from fetch f join url u on u.id = "
		"f.url_id left join link_pack p on p.id = f.id where f.state > 0 and u.kind != %d "
		"order by f.id",
		LINK_SEED);
	rows = cmd_query(st, sql.data, err);
	buf_release(&sql);
	return rows;
}

/* [{key, n}] as {key: n}. */
static json_t *as_object(json_t *rows)
{
	json_t *o = json_object(), *row;
	size_t i;

	json_array_foreach(rows, i, row) json_object_set(
		o, json_string_value(json_object_get(row, "key")), json_object_get(row, "n"));
	json_decref(rows);
	return o;
}

static json_t *found_json(struct store *st, struct err *err)
{
	json_t *pages = cmd_query(st, "select count(*) as n from url u where" LEFT, err);
	json_t *excluded = cmd_query(st,
		"select reason as key, sum(n) as n from (select reason, count(*) as n from refused "
		"group by 1 union all select reason, sum(n) from refused_more group by 1) "
		"group by 1",
		err);
	json_t *elsewhere = cmd_query(st,
		"select url_host(url) as host, count(*) as n from refused where reason = 'scope' "
		"group by 1 order by 2 desc limit 5",
		err);
	json_t *o = NULL;

	if (pages && excluded && elsewhere)
		o = json_pack("{s:I,s:o,s:O}", "pages", integer(json_array_get(pages, 0), "n"),
			"excluded", as_object(json_incref(excluded)), "elsewhere", elsewhere);
	json_decref(pages);
	json_decref(excluded);
	json_decref(elsewhere);
	return o;
}

static json_int_t listed(const json_t *sitemaps)
{
	json_int_t n = 0;
	json_t *row;
	size_t i;

	json_array_foreach(sitemaps, i, row) n += integer(row, "urls");
	return n;
}

/* ---- limits and estimate ---- */

static json_t *limits_json(const struct settings *set)
{
	json_t *o = json_object();

	if (set->depth >= 0)
		json_object_set_new(o, "depth", json_integer(set->depth));
	if (set->max_pages)
		json_object_set_new(o, "max_pages", json_integer((json_int_t)set->max_pages));
	if (set->max_pages_per_host)
		json_object_set_new(
			o, "max_pages_per_host", json_integer((json_int_t)set->max_pages_per_host));
	if (set->max_bytes)
		json_object_set_new(o, "max_bytes", json_integer((json_int_t)set->max_bytes));
	if (set->max_time > 0)
		json_object_set_new(o, "max_time", json_real(set->max_time));
	return o;
}

struct guess {
	double pages, seconds;
	bool paced; /* a delay decides how long it takes */
};

/* How many pages of each host, and how long the slowest takes. */
static struct guess guess(const json_t *hosts, const struct settings *set)
{
	struct guess g = {0};
	double share = 1;
	json_t *row;
	size_t i;

	json_array_foreach(hosts, i, row)
	{
		double n = number(row, "pages");
		if (set->max_pages_per_host && n > (double)set->max_pages_per_host)
			n = (double)set->max_pages_per_host;
		g.pages += n;
	}
	if (set->max_pages && g.pages > (double)set->max_pages) {
		share = (double)set->max_pages / g.pages;
		g.pages = (double)set->max_pages;
	}
	json_array_foreach(hosts, i, row)
	{
		double n = number(row, "pages"), delay = number(row, "delay");
		if (set->max_pages_per_host && n > (double)set->max_pages_per_host)
			n = (double)set->max_pages_per_host;
		if (n * share * delay > g.seconds)
			g.seconds = n * share * delay;
		g.paced = g.paced || (n > 0 && delay > 0);
	}
	return g;
}

static json_t *estimate_json(const json_t *hosts, bool known, const struct settings *set)
{
	struct guess g = guess(hosts, set);
	double bytes = g.pages * PAGE_BYTES;

	if (set->max_bytes && bytes > (double)set->max_bytes)
		bytes = (double)set->max_bytes;
	if (set->max_time > 0 && g.seconds > set->max_time)
		g.seconds = set->max_time;
	return json_pack("{s:I,s:b,s:o,s:I}", "pages", (json_int_t)(g.pages + 0.5), "known", known,
		"seconds", g.paced ? json_real(g.seconds) : json_null(), "bytes",
		(json_int_t)bytes);
}

json_t *plan_gather(
	struct store *st, const struct settings *set, const struct strlist *seeds, struct err *err)
{
	json_t *first = seeds_json(st, seeds, err);
	json_t *hosts = first ? hosts_json(st, set, err) : NULL;
	json_t *maps = hosts ? sitemaps_json(st, err) : NULL;
	json_t *found = maps ? found_json(st, err) : NULL;
	json_t *plan = NULL;

	if (found) {
		bool known = listed(maps) > 0;
		json_object_set_new(found, "listed", json_integer(listed(maps)));
		plan = json_pack("{s:O,s:o,s:O,s:O,s:O,s:o,s:o}", "seeds", first, "scope",
			scope_json(set), "hosts", hosts, "sitemaps", maps, "found", found, "limits",
			limits_json(set), "estimate", estimate_json(hosts, known, set));
	}
	json_decref(first);
	json_decref(hosts);
	json_decref(maps);
	json_decref(found);
	return plan;
}

bool plan_may_begin(const json_t *plan)
{
	json_t *s;
	size_t i;

	json_array_foreach(json_object_get(plan, "seeds"), i,
		s) if (json_is_true(json_object_get(s, "allowed"))) return true;
	return false;
}
