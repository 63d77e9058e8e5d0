/* cmd_why_unknown.c - the verdict on a URL that has no row: refused without one, written
 * otherwise, or never met. */
#include <stdlib.h>
#include <string.h>

#include "config/facts.h"
#include "config/hash.h"
#include "config/mem.h"
#include "crawler/cmd_util.h"
#include "crawler/cmd_why.h"
#include "crawler/page/robots.h"
#include "crawler/scope.h"

/* ---- the fingerprint ---- */

struct twin {
	const struct settings *set;
	const struct buf *key;
	struct buf mine;
	char *url; /* the known URL with the same key */
};

static void seen_key(const struct settings *set, const struct url *u, struct buf *out)
{
	buf_reset(out);
	url_seen_key(u, (const char *const *)set->ignore_param.v, set->ignore_param.n, out);
}

static void on_url(void *arg, const struct store_url *row)
{
	struct twin *t = arg;
	struct url u;

	if (t->url || url_view(row->url, row->len, &u) < 0)
		return;
	seen_key(t->set, &u, &t->mine);
	if (t->mine.len == t->key->len && !memcmp(t->mine.data, t->key->data, t->key->len))
		t->url = mem_strndup(row->url, row->len);
}

char *why_twin(struct store *st, const struct url *u)
{
	struct buf key = BUF_INIT;
	struct settings set;
	struct err ignored = {0};
	struct twin t = {.set = &set, .key = &key, .mine = BUF_INIT};

	settings_init(&set);
	if (!cmd_stored_settings(st, &set, &ignored)) {
		seen_key(&set, u, &key);
		(void)store_load_urls(st, on_url, &t, &ignored);
	}
	settings_release(&set);
	buf_release(&key);
	buf_release(&t.mine);
	return t.url;
}

int why_by_key(struct store *st, const char *href, struct store_verdict *v, struct err *err)
{
	char *hex = store_meta_get(st, "seen_key");
	struct buf key = BUF_INIT;
	struct settings set;
	struct hash_key k;
	struct url u;
	int rc = 0;

	settings_init(&set);
	if (hex && strlen(hex) == 32 && !url_view(href, strlen(href), &u) &&
		!cmd_stored_settings(st, &set, err)) {
		k.k1 = strtoull(hex + 16, NULL, 16);
		hex[16] = 0;
		k.k0 = strtoull(hex, NULL, 16);
		seen_key(&set, &u, &key);
		rc = store_why_key(st, hash_bytes(&k, key.data, key.len), v, err);
	}
	settings_release(&set);
	buf_release(&key);
	free(hex);
	return rc;
}

struct robots_copy {
	const char *origin, *path;
	size_t path_len;
	bool found, allowed;
	char *rule, *verdict;
};

static void on_robots(void *arg, const struct store_robots *r)
{
	struct robots_copy *c = arg;
	const char *rule;

	if (strcmp(r->origin, c->origin))
		return;
	c->found = true;
	c->verdict = mem_strdup(r->verdict);
	c->allowed = !r->verdict || strncmp(r->verdict, "disallow", 8);
	if (r->text && c->allowed) {
		struct robots *rules = robots_parse(r->text, r->len, "skitter");
		c->allowed = robots_allowed(rules, c->path, c->path_len, &rule, NULL);
		c->rule = mem_strdup(rule);
		robots_free(rules);
	}
}

static void explain_robots(struct buf *out, struct store *st, const struct url *u)
{
	struct robots_copy c = {0};
	struct buf origin = BUF_INIT, t = BUF_INIT;
	struct err ignored = {0};

	url_add_origin(u, &origin);
	c.origin = origin.data;
	c.path = url_path_query(u, &c.path_len);
	if (!store_load_robots(st, on_robots, &c, &ignored) && c.found) {
		if (c.rule)
			buf_addf(&t, "%s by `%s`", c.allowed ? "allowed" : "excluded", c.rule);
		else if (c.allowed)
			buf_add_str(&t, "allowed: no rule matches");
		else
			buf_addf(&t, "excluded: %s", c.verdict ? c.verdict : "");
		why_line(out, "robots.txt", t.data);
	}
	free(c.rule);
	free(c.verdict);
	buf_release(&t);
	buf_release(&origin);
}

static void add_seeds(struct scope_rules *scope, struct store *st)
{
	struct err ignored = {0};
	struct buf sql = BUF_INIT;
	struct url_parser p;
	json_t *rows;
	size_t i;
	json_t *row;

	/* Seeds are the first URLs a crawl knows. */
	buf_addf(&sql, "select url from url where kind = %d and id < 100000", LINK_SEED);
	rows = cmd_query(st, sql.data, &ignored);
	url_parser_init(&p);
	json_array_foreach(rows, i, row)
	{
		const char *text = json_string_value(json_object_get(row, "url"));
		struct url u;
		if (text && !url_parse(&p, text, strlen(text), NULL, &u))
			scope_add_seed(scope, &u);
	}
	url_parser_release(&p);
	json_decref(rows);
	buf_release(&sql);
}

/* Where redirects of seeds have led: as good as seeds. */
static void add_followed(struct scope_rules *scope, struct store *st)
{
	char *text = store_meta_get(st, "scope_follow"), *save = NULL;
	struct url_parser p;
	struct url u;

	url_parser_init(&p);
	for (char *l = strtok_r(text ? text : (char[]){""}, "\n", &save); l;
		l = strtok_r(NULL, "\n", &save))
		if (!url_parse(&p, l, strlen(l), NULL, &u))
			scope_follow(scope, &u);
	url_parser_release(&p);
	free(text);
}

static void explain_scope(struct buf *out, struct store *st, const struct url *u)
{
	struct settings set;
	struct scope_rules *scope = NULL;
	struct err ignored = {0};
	struct buf t = BUF_INIT;
	const char *reason, *rule = NULL;

	settings_init(&set);
	if (!cmd_stored_settings(st, &set, &ignored))
		scope = scope_open(&set, &ignored);
	if (scope) {
		add_seeds(scope, st);
		add_followed(scope, st);
		reason = scope_judge(scope, u, false, &rule);
		if (reason) {
			buf_addf(&t, "excluded (%s)", reason);
			if (rule)
				buf_addf(&t, " by `%s`", rule);
			why_line(out, "scope", t.data);
		} else {
			why_line(out, "scope",
				"inside: it would be followed if a page linked to it");
		}
		scope_free(scope);
	}
	settings_release(&set);
	buf_release(&t);
}

/* The slips people make: http for https, a slash too many or too few, www. */
static void add_variants(struct strlist *l, const struct url *u)
{
	size_t host_len, rest_len, origin = url_origin_len(u);
	const char *host = url_host(u, &host_len), *rest;
	bool https = u->scheme == URL_HTTPS;
	struct buf b = BUF_INIT;

	if (!origin)
		return;
	rest = u->href + u->host_end;
	rest_len = url_without_fragment_len(u) - u->host_end;
	for (int i = 0; i < 8; i++) {
		bool www = host_len > 4 && !memcmp(host, "www.", 4);
		buf_reset(&b);
		buf_addf(&b, "%s://", https != (i & 1) ? "https" : "http");
		if ((i & 2) && !www)
			buf_add_str(&b, "www.");
		buf_add(&b, host + ((i & 2) && www ? 4 : 0), host_len - ((i & 2) && www ? 4 : 0));
		buf_add(&b, rest, rest_len);
		if (i & 4) {
			if (b.data[b.len - 1] == '/')
				buf_set_len(&b, b.len - 1);
			else
				buf_add_ch(&b, '/');
		}
		if (i)
			strlist_add(l, b.data);
	}
	buf_release(&b);
}

static void explain_nearest(struct buf *out, struct store *st, const struct url *u)
{
	struct strlist variants = {0};
	struct buf sql = BUF_INIT;
	struct err ignored = {0};
	json_t *rows, *row;
	size_t i;

	add_variants(&variants, u);
	if (!variants.n)
		return;
	buf_add_str(&sql, "select url from url where url in (");
	for (i = 0; i < variants.n; i++) {
		buf_add_str(&sql, i ? "," : "");
		cmd_sql_text(&sql, variants.v[i]);
	}
	buf_add_str(&sql, ") limit 4");
	rows = cmd_query(st, sql.data, &ignored);
	json_array_foreach(rows, i, row)
		why_line(out, i ? "" : "known is", json_string_value(json_object_get(row, "url")));
	json_decref(rows);
	strlist_clear(&variants);
	buf_release(&sql);
}

void why_unknown(struct buf *out, struct store *st, const char *text, const struct url *u)
{
	cmd_add_line(out, u ? u->href : text);
	buf_add_ch(out, '\n');
	why_line(out, "verdict", "unknown: no page that was read links to it");
	if (!u)
		return;
	explain_nearest(out, st, u);
	explain_scope(out, st, u);
	explain_robots(out, st, u);
}
