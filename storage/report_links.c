/* report_links.c - every packed link, once: who links to what is broken or moved, what https
 * pages load by http, and which pages name each other as translations. */
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "storage/report_int.h"

static const char tables_sql[] =
	"create temp table inlink (target integer, source integer, kind text, text text);"
	"create temp table mixed (source integer, target text, kind text, active integer);"
	"create temp table hreflang (src integer, dst integer, page integer, lang text, url text);"
	"create temp table several (page integer primary key);";

static const char indexes_sql[] = "create index temp.inlink_target on inlink (target);"
				  "create index temp.mixed_source on mixed (source);";

struct linking {
	struct making *m;
	sqlite3_stmt *in, *inlink, *mixed, *hreflang, *several;
	/* of the page at hand */
	sqlite3_int64 page;
	bool https;
	uint64_t key, canonical; /* canonical: the first one named, 0 = none yet */
	struct buf origin, url, text;
	struct report_packed l;
};

static bool kind_is(const struct linking *k, const char *word)
{
	size_t len = strlen(word);

	return k->l.kind && k->l.kind_len == len && !memcmp(k->l.kind, word, len);
}

static bool rel_has(const struct linking *k, const char *word)
{
	const char *p = k->l.rel, *end = p ? p + k->l.rel_len : NULL;
	size_t len = strlen(word);

	while (p && p + len <= end) {
		if (!strncasecmp(p, word, len) && (p + len == end || p[len] == ' '))
			return true;
		p = memchr(p, ' ', (size_t)(end - p));
		p = p ? p + 1 : NULL;
	}
	return false;
}

static void bind_span(sqlite3_stmt *s, int at, const char *text, size_t len)
{
	if (text && len)
		sqlite3_bind_text(s, at, text, (int)len, SQLITE_STATIC);
	else
		sqlite3_bind_null(s, at);
}

/* The whole URL in k->url. */
static void put_together(struct linking *k)
{
	buf_reset(&k->url);
	if (k->l.url_len && k->l.url[0] == '/')
		buf_add(&k->url, k->origin.data, k->origin.len);
	if (k->l.url_escaped)
		report_unescape(&k->url, k->l.url, k->l.url_len);
	else
		buf_add(&k->url, k->l.url, k->l.url_len);
}

static void link_text(struct linking *k, const char **text, size_t *len)
{
	*text = k->l.text;
	*len = k->l.text_len;
	if (!k->l.text_escaped)
		return;
	buf_reset(&k->text);
	report_unescape(&k->text, k->l.text, k->l.text_len);
	*text = k->text.data;
	*len = k->text.len;
}

/* ---- links to what is not simply there ---- */

static int note_target(struct linking *k, struct report_page *p)
{
	const char *text;
	size_t len;

	/* Redirects that lead to a redirect are a chain, and shown as one. */
	if (p->class == REPORT_REDIRECT && kind_is(k, "redirect"))
		return 0;
	p->links += p->links < UINT32_MAX;
	if (p->class == REPORT_OK || p->links > k->m->r->rows)
		return 0;
	link_text(k, &text, &len);
	sqlite3_bind_int64(k->inlink, 1,
		p->class == REPORT_ROBOTS ? -(sqlite3_int64)p->id : (sqlite3_int64)p->id);
	sqlite3_bind_int64(k->inlink, 2, k->page);
	bind_span(k->inlink, 3, k->l.kind, k->l.kind_len);
	bind_span(k->inlink, 4, text, len);
	return report_run(k->m, k->inlink);
}

/* ---- mixed content ---- */

/* What browsers refuse to load: it could change the page. */
static bool is_active(const struct linking *k)
{
	static const char *const kinds[] = {
		"script", "iframe", "frame", "embed", "object", "link", "form", NULL};

	for (size_t i = 0; kinds[i]; i++)
		if (kind_is(k, kinds[i]))
			return true;
	return false;
}

static bool is_loaded(const struct linking *k)
{
	static const char *const kinds[] = {"img", "script", "iframe", "frame", "embed", "object",
		"source", "track", "audio", "video", "input", "body", "svg", "form", NULL};

	if (kind_is(k, "link"))
		return rel_has(k, "stylesheet") || rel_has(k, "icon") || rel_has(k, "preload") ||
		       rel_has(k, "modulepreload") || rel_has(k, "manifest");
	for (size_t i = 0; kinds[i]; i++)
		if (kind_is(k, kinds[i]))
			return true;
	return false;
}

static int note_mixed(struct linking *k)
{
	if (!k->https || k->l.url_len < 6 || memcmp(k->l.url, "http:", 5) || !is_loaded(k))
		return 0;
	sqlite3_bind_int64(k->mixed, 1, k->page);
	bind_span(k->mixed, 2, k->url.data, k->url.len);
	bind_span(k->mixed, 3, k->l.kind, k->l.kind_len);
	sqlite3_bind_int(k->mixed, 4, is_active(k));
	return report_run(k->m, k->mixed);
}

/* ---- hreflang, canonical ---- */

/* The text of an alternate is its language; without one, its media type. */
static bool is_type(const char *text, size_t len)
{
	static const char *const tops[] = {
		"application/", "text/", "image/", "audio/", "video/", "font/", "message/", NULL};

	for (size_t i = 0; tops[i]; i++)
		if (len > strlen(tops[i]) && !strncasecmp(text, tops[i], strlen(tops[i])))
			return true;
	return false;
}

static int note_language(struct linking *k, uint64_t key, const struct report_page *target)
{
	const char *text;
	size_t len;

	if (!kind_is(k, "link") || !k->l.text_len || !rel_has(k, "alternate"))
		return 0;
	link_text(k, &text, &len);
	if (is_type(text, len))
		return 0;
	sqlite3_bind_int64(k->hreflang, 1, (sqlite3_int64)k->key);
	sqlite3_bind_int64(k->hreflang, 2, (sqlite3_int64)key);
	sqlite3_bind_int64(k->hreflang, 3, k->page);
	bind_span(k->hreflang, 4, text, len);
	bind_span(k->hreflang, 5, target ? NULL : k->url.data, k->url.len);
	return report_run(k->m, k->hreflang);
}

static int note_canonical(struct linking *k, uint64_t key)
{
	if (!kind_is(k, "canonical"))
		return 0;
	if (!k->canonical)
		k->canonical = key;
	if (k->canonical == key)
		return 0;
	sqlite3_bind_int64(k->several, 1, k->page);
	return report_run(k->m, k->several);
}

/* ---- the scan ---- */

static int note_link(struct linking *k)
{
	struct report_page *target;
	uint64_t key;

	put_together(k);
	key = report_key(k->m, k->url.data, k->url.len);
	target = report_index_get(&k->m->index, key);
	k->m->r->links++;
	if (target && note_target(k, target) < 0)
		return -1;
	if (note_mixed(k) < 0 || note_language(k, key, target) < 0 || note_canonical(k, key) < 0)
		return -1;
	return 0;
}

static int note_page(struct linking *k)
{
	const char *p = (const char *)sqlite3_column_text(k->in, 1);
	const char *end = p ? p + sqlite3_column_bytes(k->in, 1) : NULL;
	const char *url = (const char *)sqlite3_column_text(k->in, 2);
	const char *host = url ? strstr(url, "://") : NULL;

	if (!p || !host)
		return 0;
	k->page = sqlite3_column_int64(k->in, 0);
	k->key = (uint64_t)sqlite3_column_int64(k->in, 3);
	k->https = !strncmp(url, "https:", 6);
	k->canonical = 0;
	buf_reset(&k->origin);
	buf_add(&k->origin, url, (size_t)(host - url) + 3 + strcspn(host + 3, "/"));
	while ((p = report_next_link(p, end, &k->l)))
		if (note_link(k) < 0)
			return -1;
	return 0;
}

static int scan(struct linking *k)
{
	uint64_t done = 0;
	int more;

	while ((more = report_row(k->m, k->in)) > 0) {
		if (note_page(k) < 0)
			return -1;
		if (!(++done & 0xfff))
			report_tell(k->m, "reading links", done, k->m->r->counts.fetched);
	}
	return more;
}

int report_links(struct making *m)
{
	struct linking k = {.m = m, .origin = BUF_INIT, .url = BUF_INIT, .text = BUF_INIT};
	int ret = -1;

	if (report_exec(m, tables_sql) < 0)
		return -1;
	k.in = report_prepare(m,
		"select p.id, p.links, u.url, g.key from temp.page g cross join link_pack p on "
		"p.id = g.id cross join url u on u.id = g.url_id order by g.id");
	k.inlink = report_prepare(m, "insert into temp.inlink values(?1, ?2, ?3, ?4)");
	k.mixed = report_prepare(m, "insert into temp.mixed values(?1, ?2, ?3, ?4)");
	k.hreflang = report_prepare(m, "insert into temp.hreflang values(?1, ?2, ?3, ?4, ?5)");
	k.several = report_prepare(m, "insert or ignore into temp.several values(?1)");
	if (k.in && k.inlink && k.mixed && k.hreflang && k.several && scan(&k) == 0)
		ret = report_exec(m, indexes_sql);
	sqlite3_finalize(k.in);
	sqlite3_finalize(k.inlink);
	sqlite3_finalize(k.mixed);
	sqlite3_finalize(k.hreflang);
	sqlite3_finalize(k.several);
	buf_release(&k.origin);
	buf_release(&k.url);
	buf_release(&k.text);
	return ret;
}
