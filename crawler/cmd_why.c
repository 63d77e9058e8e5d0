/* cmd_why.c - skitter why FILE.db URL: the verdict on any URL, and how it came about. */
#include <stdlib.h>
#include <string.h>

#include "config/clock.h"
#include "config/facts.h"
#include "config/mem.h"
#include "config/text.h"
#include "crawler/cmd.h"
#include "crawler/cmd_util.h"
#include "crawler/cmd_why.h"
#include "crawler/page/url.h"
#include "storage/store_read.h"

#define MAX_LINKERS 10

void why_line(struct buf *out, const char *name, const char *text)
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

/* The words of a link, in quotes. */
static void add_words(struct buf *out, const char *words)
{
	size_t len = strlen(words), shown = cmd_glance(words, len);

	buf_add_str(out, " \"");
	text_terminal(out, words, shown);
	buf_add_str(out, shown < len ? " \u2026\"" : "\"");
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
			add_words(out, v->linkers[i].text);
		}
		buf_add_ch(out, '\n');
	}
	if (v->more_linkers)
		why_line(out, "",
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
		why_line(out, "verdict", t.data);
		if (v->same_excluded > 1) {
			buf_reset(&t);
			text_number(&t, v->same_excluded);
			buf_add_str(&t, " URLs of this host were excluded by the same rule");
			why_line(out, "", t.data);
		}
	} else if (last && last->final) {
		buf_addf(&t, last->status ? "fetched, answered %d" : "failed: ", last->status);
		if (!last->status)
			buf_add_str(&t, last->error ? last->error : "no answer");
		why_line(out, "verdict", t.data);
	} else {
		why_line(out, "verdict", v->state);
	}
	buf_release(&t);
}

static void explain_known(struct buf *out, const struct store_verdict *v)
{
	cmd_add_line(out, v->url);
	buf_add_ch(out, '\n');
	add_state(out, v);
	if (v->known) {
		if (v->kind == LINK_SEED)
			why_line(out, "found as", "a seed");
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
	text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(6));
	buf_add_str(out, text ? text : "{}");
	buf_add_ch(out, '\n');
	free(text);
	json_decref(o);
}

/* As typed first, then as the URL standard writes it without its fragment, then by its
 * fingerprint, then any other spelling of the same page (*twin, free it). u NULL = no URL. */
static int look_up(struct store *st, const char *text, const struct url *u, struct store_verdict *v,
	char **twin, struct err *err)
{
	if (store_why(st, text, MAX_LINKERS, v, err) < 0)
		return -1;
	if (v->known || v->excluded || !u)
		return 0;
	store_verdict_release(v);
	if (store_why(st, u->href, MAX_LINKERS, v, err) < 0 || why_by_key(st, u->href, v, err) < 0)
		return -1;
	if (v->known || v->excluded || !(*twin = why_twin(st, u)))
		return 0;
	store_verdict_release(v);
	return store_why(st, *twin, MAX_LINKERS, v, err);
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
	char *twin = NULL;
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
	rc = look_up(st, pos[1], is_url ? &u : NULL, &v, &twin, &err);
	if (!rc) {
		if (twin && !json) {
			cmd_add_line(&out, u.href);
			buf_add_str(&out, " counts as the same page as\n");
		}
		if (json)
			why_json(&out, &v);
		else if (v.known || v.excluded)
			explain_known(&out, &v);
		else
			why_unknown(&out, st, pos[1], is_url ? &u : NULL);
		fwrite(out.data, 1, out.len, stdout);
	}
	store_verdict_release(&v);
	free(twin);
	store_close(st);
	url_parser_release(&p);
	buf_release(&hold);
	buf_release(&out);
	return rc < 0 ? cmd_fail(&err) : EXIT_OK;
}
