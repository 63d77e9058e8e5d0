#include "crawler/page/rewrite.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/mem.h"
#include "crawler/page/css.h"
#include "crawler/page/html.h"
#include "crawler/page/html_names.h"
#include "crawler/page/html_tokenizer.h"
#include "crawler/page/inflate.h"
#include "crawler/page/page_part.h"
#include "crawler/page/refresh.h"
#include "crawler/page/sniff.h"
#include "crawler/page/srcset.h"

#define SCRATCH_AREA 65536 /* the facts nobody wants; its base is all that is read */
#define NO_URL	     UINT32_MAX
#define BIT(a)	     (1u << HTML_ATTR_##a)

/* A spot while the base is not known: its URL is as it was written. */
struct raw_spot {
	uint32_t at, len;
	uint32_t raw, raw_len; /* in hold */
	uint32_t how;
	uint32_t twin; /* SPOT_DISARM: the spot of its URL */
	uint32_t url, url_len;
};

struct rewriter {
	struct page_rewrite *out;
	const char *text, *end; /* out->text, whole */
	const char *style;	/* where the content of the open <style> begins; NULL = none */
	bool markup;		/* that is in SVG, where it may hold comments and references */
	struct raw_spot *v;
	size_t n, cap;
	struct buf hold, scratch;
	bool legacy; /* the document was not in UTF-8 */
};

void page_rewrite_init(struct page_rewrite *out)
{
	memset(out, 0, sizeof(*out));
	buf_init(&out->text);
	buf_init(&out->urls);
}

void page_rewrite_release(struct page_rewrite *out)
{
	buf_release(&out->text);
	buf_release(&out->urls);
	free(out->spots);
	page_rewrite_init(out);
}

/* ---- noting spots ---- */

/* The spot [at, at + len), whose URL is what was put into hold from `raw` on. */
static void note(struct rewriter *w, const char *at, size_t len, size_t raw, unsigned how)
{
	struct raw_spot *s;

	if (at < w->text || at > w->end || len > (size_t)(w->end - at) ||
		w->n == REWRITE_MAX_SPOTS || w->hold.len > UINT32_MAX / 2) {
		buf_set_len(&w->hold, raw);
		return;
	}
	if (w->n == w->cap) {
		w->cap = w->cap ? w->cap * 2 : 256;
		w->v = mem_realloc(w->v, w->cap * sizeof(*w->v));
	}
	s = &w->v[w->n++];
	*s = (struct raw_spot){.at = (uint32_t)(at - w->text),
		.len = (uint32_t)len,
		.raw = (uint32_t)raw,
		.raw_len = (uint32_t)(w->hold.len - raw),
		.how = how,
		.twin = NO_URL,
		.url = NO_URL};
}

static void note_value(struct rewriter *w, const struct html_attr *a, unsigned how)
{
	size_t raw = w->hold.len;

	if (!a->value_len)
		return;
	html_attr_value(a, &w->hold);
	note(w, a->value, a->value_len, raw, SPOT_ATTR | how);
}

/* A part of a value: bytes [at, at + len) of the decoded one, whose URL they are. Behind
 * `&quot` another first letter could make text of the reference: left as it is. */
static void note_part(
	struct rewriter *w, struct html_walk *walk, size_t at, size_t len, size_t raw, unsigned how)
{
	const char *from = html_walk_to(walk, at), *to;
	bool open = walk->open;

	to = html_walk_to(walk, at + len);
	if (open)
		buf_set_len(&w->hold, raw);
	else
		note(w, from, (size_t)(to - from), raw, how);
}

static void note_srcset(struct rewriter *w, const struct html_attr *a)
{
	struct srcset set;
	struct srcset_candidate c;
	struct html_walk walk;

	buf_reset(&w->scratch);
	html_attr_value(a, &w->scratch);
	html_walk_begin(&walk, a);
	srcset_begin(&set, w->scratch.data, w->scratch.len);
	while (srcset_next(&set, &c)) {
		size_t raw = w->hold.len;

		buf_add(&w->hold, c.url, c.url_len);
		note_part(w, &walk, (size_t)(c.url - w->scratch.data), c.url_len, raw, SPOT_ATTR);
	}
}

static void note_refresh(struct rewriter *w, const struct html_attr *a)
{
	struct html_walk walk;
	struct refresh r;
	size_t raw = w->hold.len;

	buf_reset(&w->scratch);
	html_attr_value(a, &w->scratch);
	if (!refresh_parse(&r, w->scratch.data, w->scratch.len) || !r.url_len)
		return;
	html_walk_begin(&walk, a);
	buf_add(&w->hold, r.url, r.url_len);
	note_part(w, &walk, (size_t)(r.url - w->scratch.data), r.url_len, raw, SPOT_ATTR);
}

static void note_style_attr(struct rewriter *w, const struct html_attr *a)
{
	struct html_walk walk;
	struct css css;
	struct css_url u;

	buf_reset(&w->scratch);
	html_attr_value(a, &w->scratch);
	html_walk_begin(&walk, a);
	css_begin(&css, w->scratch.data, w->scratch.len);
	while (css_next(&css, &u)) {
		size_t raw = w->hold.len;

		css_unescape(&w->hold, w->scratch.data + u.at, u.len);
		note_part(w, &walk, u.at, u.len, raw, SPOT_ATTR | SPOT_CSS);
	}
}

static void note_css(struct rewriter *w, const char *text, size_t len)
{
	struct css css;
	struct css_url u;

	css_begin(&css, text, len);
	while (css_next(&css, &u)) {
		size_t raw = w->hold.len;

		css_unescape(&w->hold, text + u.at, u.len);
		note(w, text + u.at, u.len, raw, SPOT_CSS);
	}
}

static void note_style(struct rewriter *w, const char *text, size_t len)
{
	if (!w->markup || (!memchr(text, '<', len) && !memchr(text, '&', len)))
		note_css(w, text, len);
}

/* ---- tags ---- */

static bool value_is(struct rewriter *w, const struct html_attr *a, const char *word)
{
	if (!a)
		return false;
	buf_reset(&w->scratch);
	html_attr_value(a, &w->scratch);
	return !strcasecmp(w->scratch.data, word);
}

static uint32_t url_attrs(const struct html_tag *tag)
{
	switch (tag->id) {
	case TAG_IMAGE: /* in HTML another word for img */
		return html_url_attrs(TAG_IMG) | BIT(HREF) | BIT(XLINK_HREF);
	case TAG_A:
	case TAG_USE:
	case TAG_FEIMAGE:
	case TAG_SCRIPT: return html_url_attrs(tag->id) | BIT(HREF) | BIT(XLINK_HREF);
	default: return html_url_attrs(tag->id);
	}
}

/* A canonical link goes on naming the page this is a copy of. */
static unsigned link_how(struct rewriter *w, const struct html_tag *tag)
{
	return tag->id == TAG_LINK && value_is(w, html_attr_get(tag, HTML_ATTR_REL), "canonical")
		       ? SPOT_REMOTE
		       : 0;
}

static void note_urls(struct rewriter *w, const struct html_tag *tag)
{
	uint32_t wanted = url_attrs(tag);
	unsigned how;

	if (!(tag->have & wanted))
		return;
	how = link_how(w, tag);
	for (size_t i = 0; i < tag->nattrs; i++) {
		const struct html_attr *a = &tag->attrs[i];

		if (!(wanted & 1u << a->id))
			continue;
		if (a->id == HTML_ATTR_SRCSET || a->id == HTML_ATTR_IMAGESRCSET)
			note_srcset(w, a);
		else if (a->id == HTML_ATTR_ACTION || a->id == HTML_ATTR_FORMACTION)
			note_value(w, a, SPOT_REMOTE);
		else
			note_value(w, a, how);
	}
}

/* Files have no origin: crossorigin would refuse them, and what is rewritten has another digest. */
static void note_guards(struct rewriter *w, const struct html_tag *tag, size_t first)
{
	static const uint8_t guards[] = {HTML_ATTR_INTEGRITY, HTML_ATTR_CROSSORIGIN};

	if (first == w->n)
		return;
	for (size_t i = 0; i < sizeof(guards); i++) {
		const struct html_attr *a = html_attr_get(tag, guards[i]);
		size_t before = w->n;

		if (!a)
			continue;
		note(w, a->name, 0, w->hold.len, SPOT_DISARM);
		if (w->n > before)
			w->v[before].twin = (uint32_t)first;
	}
}

static void on_meta(struct rewriter *w, const struct html_tag *tag)
{
	const struct html_attr *equiv = html_attr_get(tag, HTML_ATTR_HTTP_EQUIV);
	const struct html_attr *content = html_attr_get(tag, HTML_ATTR_CONTENT);

	if (!equiv || !content)
		return;
	if (value_is(w, equiv, "refresh"))
		note_refresh(w, content);
	else if (value_is(w, equiv, "content-security-policy"))
		/* 'self' is no file, and upgrade-insecure-requests would ask the net for it. */
		note(w, equiv->name, 0, w->hold.len, SPOT_DISARM | SPOT_ALWAYS);
}

/* They are in the text before and after. */
static bool has_quotes(const struct html_attr *a)
{
	return a->value[-1] == '"' || a->value[-1] == '\'';
}

static void on_tag(void *arg, const struct html_tag *tag, bool foreign)
{
	struct rewriter *w = arg;
	const char *style = w->style;
	const struct html_attr *a;
	size_t first = w->n;

	if (tag->name < w->text || tag->name >= w->end)
		return; /* what the end of the text left incomplete */
	w->style = NULL;
	if (tag->end) {
		if (style && tag->id == TAG_STYLE && tag->name - 2 >= style)
			note_style(w, style, (size_t)(tag->name - 2 - style));
		return;
	}
	if (tag->id == TAG_BASE) {
		a = html_attr_get(tag, HTML_ATTR_HREF);
		if (a && a->value_len)
			note(w, a->value, a->value_len, w->hold.len,
				SPOT_EMPTY | (has_quotes(a) ? 0 : SPOT_BARE));
		return;
	}
	note_urls(w, tag);
	note_guards(w, tag, first);
	if (tag->id == TAG_META)
		on_meta(w, tag);
	if ((a = html_attr_get(tag, HTML_ATTR_STYLE)))
		note_style_attr(w, a);
	if (tag->id == TAG_STYLE) {
		w->style = tag->name + tag->raw_len;
		w->markup = foreign;
	}
}

/* ---- the end: the base is known ---- */

static int by_place(const void *a, const void *b)
{
	const struct page_spot *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->len < y->len ? -1 : x->len > y->len;
}

/* Whether it says scheme and host itself. */
static bool is_absolute(const char *s, size_t len)
{
	size_t i = 0;

	while (i < len && ((s[i] | 32) >= 'a' && (s[i] | 32) <= 'z'))
		i++;
	return i > 0 && len - i > 3 && !memcmp(s + i, "://", 3);
}

static bool is_ascii(const char *s, size_t len)
{
	return charset_ascii_prefix(s, len) == len;
}

struct base {
	struct page_reader *r;
	struct url url; /* of the base */
	bool moved;	/* there is a base element */
	const char *charset;
};

static void resolve(struct rewriter *w, struct raw_spot *s, const struct base *base)
{
	bool encode = base->charset && !charset_encodes_utf8(base->charset);
	const char *raw = w->hold.data + s->raw;
	size_t len = s->raw_len;
	struct url u;

	while (len && (unsigned char)*raw <= ' ')
		raw++, len--;
	/* The page itself, or a place in it: stays so wherever it lies. */
	if (!len || (*raw == '#' && !base->moved))
		return;
	if (url_parse_encoded(&base->r->parser, raw, len, &base->url,
		    encode ? charset_encode : NULL, (void *)(uintptr_t)base->charset, &u) < 0 ||
		!url_is_http(&u) || w->out->urls.len > UINT32_MAX / 2)
		return;
	/* A host may hold a quote by the URL standard: no server has such a name, and where it is
	 * put back it could end an attribute. */
	if (strpbrk(u.href, "\"<>"))
		return;
	/* What the page meant by other letters than ASCII depends on its old encoding. */
	if (!is_absolute(raw, len) || (w->legacy && !is_ascii(raw, len)))
		s->how |= SPOT_RELATIVE;
	s->url = (uint32_t)w->out->urls.len;
	s->url_len = u.len;
	buf_add(&w->out->urls, u.href, u.len);
}

static void give(struct rewriter *w, const struct raw_spot *s, const struct raw_spot *of)
{
	struct page_rewrite *out = w->out;
	bool plain = s->how & (SPOT_EMPTY | SPOT_ALWAYS);

	if (of->url == NO_URL && !plain)
		return;
	out->spots[out->nspots++] = (struct page_spot){.at = s->at,
		.len = s->len,
		.url = plain ? 0 : of->url,
		.url_len = plain ? 0 : of->url_len,
		.how = s->how};
}

/* In order, and none inside another: an attribute is read once, so this only guards. */
static void put_in_order(struct page_rewrite *out)
{
	size_t n = 0, end = 0;

	if (out->nspots)
		qsort(out->spots, out->nspots, sizeof(*out->spots), by_place);
	for (size_t i = 0; i < out->nspots; i++) {
		if (out->spots[i].at < end)
			continue;
		end = out->spots[i].at + out->spots[i].len;
		out->spots[n++] = out->spots[i];
	}
	out->nspots = n;
}

static void finish(struct rewriter *w, const struct base *base)
{
	struct page_rewrite *out = w->out;

	for (size_t i = 0; i < w->n; i++)
		if (!(w->v[i].how & (SPOT_EMPTY | SPOT_DISARM)))
			resolve(w, &w->v[i], base);
	if (out->cap < w->n) {
		out->cap = w->n;
		out->spots = mem_realloc(out->spots, out->cap * sizeof(*out->spots));
	}
	for (size_t i = 0; i < w->n; i++) {
		const struct raw_spot *s = &w->v[i];
		/* One that leads nowhere goes on doing so. */
		if (s->how & SPOT_EMPTY && !(base->moved && url_is_http(&base->url)))
			continue;
		give(w, s, s->twin != NO_URL ? &w->v[s->twin] : s);
	}
	put_in_order(out);
	free(w->v);
	buf_release(&w->hold);
	buf_release(&w->scratch);
}

/* ---- documents ---- */

static void append(void *arg, const char *utf8, size_t len)
{
	buf_add(arg, utf8, len);
}

static void to_text(struct rewriter *w, struct page_reader *r, const char *charset,
	const char *body, size_t len)
{
	page_feed(r, charset, body, len, append, &w->out->text);
	w->text = w->out->text.data;
	w->end = w->text + w->out->text.len;
	w->legacy = charset != charset_name(0);
}

static void rewrite_html(struct page_reader *r, const struct page_task *t, struct page_rewrite *out,
	const struct url *url, const char *body, size_t len)
{
	const char *charset = page_html_charset(t, body, len);
	struct rewriter w = {.out = out, .hold = BUF_INIT, .scratch = BUF_INIT};
	struct html_opts opts = {.url = url, .watch = on_tag, .watch_arg = &w};
	void *area = mem_alloc(SCRATCH_AREA);
	struct base base = {.r = r, .url = *url, .charset = charset};
	struct buf hold = BUF_INIT;
	struct facts_writer facts;
	struct url u;

	to_text(&w, r, charset, body, len);
	out->bom = w.legacy ||
		   charset_prescan(body, len < CHARSET_PRESCAN ? len : CHARSET_PRESCAN) != charset;
	facts_begin(&facts, area, SCRATCH_AREA);
	html_begin(r->html, &opts, &facts);
	html_feed(r->html, w.text, (size_t)(w.end - w.text));
	html_end(r->html);
	if (w.style)
		note_style(&w, w.style, (size_t)(w.end - w.style));
	if (facts.f->base.len && url_parse(&r->parser, (char *)area + facts.f->base.off,
					 facts.f->base.len, NULL, &u) == 0) {
		url_copy(&base.url, &u, &hold);
		base.moved = true;
	}
	finish(&w, &base);
	buf_release(&hold);
	free(area);
}

/* BOM, header, @charset (CSS Syntax 3.2), else UTF-8. */
static const char *css_charset(const struct page_task *t, const char *body, size_t len)
{
	static const char rule[] = "@charset \"";
	const char *name, *label, *end;
	size_t n;

	name = charset_bom(body, len, &n);
	if (!name && (label = charset_parameter(t->content_type, &n)))
		name = charset_by_label(label, n);
	if (!name && len > sizeof(rule) && !memcmp(body, rule, sizeof(rule) - 1)) {
		label = body + sizeof(rule) - 1;
		end = memchr(label, '"', len - (sizeof(rule) - 1));
		name = end ? charset_by_label(label, (size_t)(end - label)) : NULL;
		if (name && !charset_is_ascii_superset(name))
			name = NULL;
	}
	return name ? name : charset_name(0);
}

static void rewrite_css(struct page_reader *r, const struct page_task *t, struct page_rewrite *out,
	const struct url *url, const char *body, size_t len)
{
	struct rewriter w = {.out = out, .hold = BUF_INIT, .scratch = BUF_INIT};
	struct base base = {.r = r, .url = *url, .moved = true};

	to_text(&w, r, css_charset(t, body, len), body, len);
	out->bom = !is_ascii(w.text, (size_t)(w.end - w.text)) || w.legacy;
	note_css(&w, w.text, (size_t)(w.end - w.text));
	finish(&w, &base);
}

int page_rewrite(struct page_reader *r, const struct page_task *task, struct page_rewrite *out)
{
	enum inflate_what what;
	struct buf body = BUF_INIT, hold = BUF_INIT;
	struct url u, url;
	char type[64];

	buf_reset(&out->text);
	buf_reset(&out->urls);
	out->nspots = 0;
	out->bom = false;
	what = inflate_body(
		r->inflate, task->content_coding, task->body, task->len, task->max_decoded, &body);
	if (what == INFLATE_UNKNOWN)
		buf_add(&body, task->body,
			task->len < task->max_decoded ? task->len : task->max_decoded);
	sniff_essence(task->content_type, type, sizeof(type));
	if (url_parse(&r->parser, task->url, task->url_len, NULL, &u) == 0) {
		url_copy(&url, &u, &hold);
		if (!strcmp(type, "text/css"))
			rewrite_css(r, task, out, &url, body.data, body.len);
		else if (sniff_body(task->content_type, body.data, body.len).kind == SNIFF_HTML)
			rewrite_html(r, task, out, &url, body.data, body.len);
		else
			buf_add(&out->text, body.data, body.len);
	} else {
		buf_add(&out->text, body.data, body.len);
	}
	buf_release(&body);
	buf_release(&hold);
	return (int)what;
}
