/* cmd_why.c - skitter why FILE.db URL: the verdict on any URL, and how it came about. */
#include <stdlib.h>
#include <string.h>

#include "config/clock.h"
#include "config/facts.h"
#include "config/mem.h"
#include "config/text.h"
#include "crawler/cmd.h"
#include "crawler/cmd_util.h"
#include "crawler/page/robots.h"
#include "crawler/page/url.h"
#include "crawler/scope.h"
#include "storage/store_read.h"

#define MAX_LINKERS 10

static void line(struct buf *out, const char *name, const char *text)
{
	buf_addf(out, "  %-12s", name);
	cmd_add_line(out, text);
	buf_add_ch(out, '\n');
}

/* ---- a URL the crawl knows ---- */

static void add_fetch(struct buf *out, const struct store_fetch *f, size_t nth)
{
	char when[32];

	clock_iso(f->fetched_ms, when);
	buf_addf(out, "  %-12s%s  ", nth ? "" : "fetched", when);
	if (f->status)
		buf_addf(out, "%d", f->status);
	if (f->error) {
		buf_add_str(out, f->status ? " " : "");
		cmd_add_line(out, f->error);
	}
	if (f->content_type) {
		buf_add_str(out, ", ");
		cmd_add_line(out, f->content_type);
	}
	if (f->wire_size || f->size) {
		buf_add_str(out, ", ");
		text_bytes(out, f->size ? f->size : f->wire_size);
	}
	if (f->total_ms > 0)
		buf_addf(out, ", %.0f ms", f->total_ms);
	if (f->truncated) {
		buf_add_str(out, ", cut: ");
		cmd_add_line(out, f->truncated);
	}
	if (f->redirect) {
		buf_add_str(out, "\n              leads to ");
		cmd_add_line(out, f->redirect);
	}
	if (!f->final) {
		clock_iso(f->not_before_ms, when);
		buf_addf(out, "\n              to be tried again, not before %s", when);
	}
	buf_add_ch(out, '\n');
}

static void add_trail(struct buf *out, const struct store_verdict *v)
{
	for (size_t i = 0; i < v->nreferrers; i++) {
		buf_addf(out, "  %-12s", i ? "" : "found on");
		cmd_add_line(out, v->referrers[i]);
		if (i + 1 == v->nreferrers && i)
			buf_add_str(out, "   (the seed)");
		buf_add_ch(out, '\n');
	}
}

static void add_linkers(struct buf *out, const struct store_verdict *v)
{
	for (size_t i = 0; i < v->nlinkers; i++) {
		buf_addf(out, "  %-12s", i ? "" : "linked from");
		cmd_add_line(out, v->linkers[i].source);
		buf_add_str(out, "  <");
		cmd_add_line(out, v->linkers[i].kind);
		buf_add_ch(out, '>');
		if (v->linkers[i].text && *v->linkers[i].text) {
			buf_add_str(out, " \"");
			cmd_add_line(out, v->linkers[i].text);
			buf_add_ch(out, '"');
		}
		buf_add_ch(out, '\n');
	}
	if (v->more_linkers)
		line(out, "",
			"and more; all of them: select source from links where target = 'URL'");
}

static void add_state(struct buf *out, const struct store_verdict *v)
{
	const struct store_fetch *last = v->nfetches ? &v->fetches[v->nfetches - 1] : NULL;
	struct buf t = BUF_INIT;

	if (v->excluded) {
		buf_add_str(&t, "excluded: ");
		buf_add_str(&t, v->reason ? v->reason : "");
		if (v->rule)
			buf_addf(&t, ", decided by `%s`", v->rule);
		line(out, "verdict", t.data);
		if (v->same_excluded > 1) {
			buf_reset(&t);
			text_number(&t, v->same_excluded);
			buf_add_str(&t, " URLs of this host were excluded by the same rule");
			line(out, "", t.data);
		}
	} else if (last && last->final) {
		buf_addf(&t, last->status ? "fetched, answered %d" : "failed: ", last->status);
		if (!last->status)
			buf_add_str(&t, last->error ? last->error : "no answer");
		line(out, "verdict", t.data);
	} else {
		line(out, "verdict", v->state);
	}
	buf_release(&t);
}

static void explain_known(struct buf *out, const struct store_verdict *v)
{
	buf_add_str(out, "");
	cmd_add_line(out, v->url);
	buf_add_ch(out, '\n');
	add_state(out, v);
	if (v->known) {
		if (v->kind == LINK_SEED)
			line(out, "found as", "a seed");
		else
			buf_addf(out, "  %-12s<%s>, depth %u%s\n", "found as",
				facts_kind_name((enum facts_kind)v->kind), v->depth,
				v->hops ? ", by redirect" : "");
	}
	for (size_t i = 0; i < v->nfetches; i++)
		add_fetch(out, &v->fetches[i], i);
	add_trail(out, v);
	add_linkers(out, v);
}

/* ---- a URL nobody has seen ---- */

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
		line(out, "robots.txt", t.data);
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
		reason = scope_judge(scope, u, false, &rule);
		if (reason) {
			buf_addf(&t, "excluded (%s)", reason);
			if (rule)
				buf_addf(&t, " by `%s`", rule);
			line(out, "scope", t.data);
		} else {
			line(out, "scope", "it would be followed if a page linked to it");
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
		line(out, i ? "" : "known is", json_string_value(json_object_get(row, "url")));
	json_decref(rows);
	strlist_clear(&variants);
	buf_release(&sql);
}

static void explain_unknown(
	struct buf *out, struct store *st, const char *text, const struct url *u)
{
	cmd_add_line(out, u ? u->href : text);
	buf_add_ch(out, '\n');
	line(out, "verdict", "unknown: no page that was read links to it");
	if (!u)
		return;
	explain_nearest(out, st, u);
	explain_scope(out, st, u);
	explain_robots(out, st, u);
}

/* ---- machines ---- */

static json_t *text_or_null(const char *s)
{
	json_t *j = s ? json_string(s) : NULL;

	return j ? j : json_null();
}

static void why_json(struct buf *out, const struct store_verdict *v)
{
	json_t *o = json_object(), *fetches = json_array(), *trail = json_array(),
	       *links = json_array();
	char when[32], *text;

	for (size_t i = 0; i < v->nfetches; i++) {
		const struct store_fetch *f = &v->fetches[i];
		clock_iso(f->fetched_ms, when);
		json_array_append_new(
			fetches, json_pack("{s:s,s:i,s:o,s:o,s:o,s:b,s:I,s:f}", "fetched_at", when,
					 "status", f->status, "error", text_or_null(f->error),
					 "content_type", text_or_null(f->content_type), "redirect",
					 text_or_null(f->redirect), "final", f->final, "size",
					 (json_int_t)f->size, "total_ms", f->total_ms));
	}
	for (size_t i = 0; i < v->nreferrers; i++)
		json_array_append_new(trail, text_or_null(v->referrers[i]));
	for (size_t i = 0; i < v->nlinkers; i++)
		json_array_append_new(links,
			json_pack("{s:o,s:o,s:o,s:o}", "source", text_or_null(v->linkers[i].source),
				"kind", text_or_null(v->linkers[i].kind), "text",
				text_or_null(v->linkers[i].text), "rel",
				text_or_null(v->linkers[i].rel)));
	json_object_set_new(o, "url", text_or_null(v->url));
	json_object_set_new(o, "state", text_or_null(v->state));
	json_object_set_new(o, "host", text_or_null(v->host));
	json_object_set_new(o, "depth", v->known ? json_integer(v->depth) : json_null());
	json_object_set_new(o, "reason", text_or_null(v->reason));
	json_object_set_new(o, "rule", text_or_null(v->rule));
	json_object_set_new(o, "fetches", fetches);
	json_object_set_new(o, "referrers", trail);
	json_object_set_new(o, "linked_from", links);
	json_object_set_new(o, "more_links", json_boolean(v->more_linkers));
	text = json_dumps(o, JSON_COMPACT);
	buf_add_str(out, text ? text : "{}");
	buf_add_ch(out, '\n');
	free(text);
	json_decref(o);
}

/* The URL as typed first, then as the URL standard writes it without its fragment. */
static int look_up(struct store *st, const char *text, const char *href, struct store_verdict *v,
	struct err *err)
{
	if (store_why(st, text, MAX_LINKERS, v, err) < 0)
		return -1;
	if (v->known || v->excluded || !href || !strcmp(href, text))
		return 0;
	store_verdict_release(v);
	return store_why(st, href, MAX_LINKERS, v, err);
}

int cmd_why(int argc, char **argv)
{
	bool json = false, help, guessed;
	const struct cmd_flag flags[] = {{"json", 0, NULL, &json, NULL}};
	struct buf out = BUF_INIT, hold = BUF_INIT;
	struct store_verdict v = {0};
	struct err err = {0}, ignored = {0};
	struct url_parser p;
	struct url typed, u;
	const char *pos[2];
	struct store *st;
	bool is_url;
	int rc;

	if (cmd_args(argc, argv, flags, MEM_COUNT(flags), pos, 2, 2, &help, &err) < 0)
		return cmd_fail(&err);
	if (help)
		return cmd_usage(cmd_find("why"), stdout), EXIT_OK;
	st = store_open(pos[0], STORE_READ, &err);
	if (!st)
		return cmd_fail(&err);
	url_parser_init(&p);
	is_url = !url_from_user(&p, pos[1], &typed, &guessed, &ignored);
	if (is_url) {
		buf_add(&hold, typed.href, url_without_fragment_len(&typed));
		is_url = !url_parse(&p, hold.data, hold.len, NULL, &u);
	}
	rc = look_up(st, pos[1], is_url ? hold.data : NULL, &v, &err);
	if (!rc) {
		if (json)
			why_json(&out, &v);
		else if (v.known || v.excluded)
			explain_known(&out, &v);
		else
			explain_unknown(&out, st, pos[1], is_url ? &u : NULL);
		fwrite(out.data, 1, out.len, stdout);
	}
	store_verdict_release(&v);
	store_close(st);
	url_parser_release(&p);
	buf_release(&hold);
	buf_release(&out);
	return rc < 0 ? cmd_fail(&err) : EXIT_OK;
}
