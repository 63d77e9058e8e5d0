/* At the end of a document: the base is known, so raw links become URLs, and all goes into
 * the facts. Text comes last and takes the room that links leave. */
#include <string.h>

#include "config/hash.h"
#include "crawler/page/html_impl.h"

static bool is_scheme(const struct url *u, const char *name)
{
	size_t len;
	const char *s = url_scheme(u, &len);

	return len == strlen(name) && memcmp(s, name, len) == 0;
}

/* The document base URL: the first base element's, unless that fails or is data: or
 * javascript:. */
static const struct url *find_base(struct html *h)
{
	struct url u;

	if (!h->have_base)
		return &h->url;
	if (url_parse_encoded(&h->parser, h->base.data, h->base.len, &h->url, h->encode,
		    h->encode_arg, &u) < 0 ||
		is_scheme(&u, "data") || is_scheme(&u, "javascript"))
		return &h->url;
	url_copy(&h->base_url, &u, &h->base_hold);
	h->out->f->base = facts_put(h->out, h->base_url.href,
		h->base_url.len <= FACTS_MAX_URL ? h->base_url.len : 0, FACTS_CUT_URL);
	return &h->base_url;
}

static struct facts_str put(struct html *h, const struct buf *b)
{
	return facts_put(h->out, b->data, b->len, FACTS_CUT_TEXT);
}

/* A link whose reference stood on this page before has the same URL: a third of all. Who makes
 * hashes collide resolves again. */
static struct facts_str *memo_of(struct html *h, const struct html_link *l)
{
	uint64_t hash = hash_quick(h->hold.data + l->raw, l->raw_len, 0);
	struct html_memo *m = &h->memo[hash % HTML_MEMO];

	if (m->epoch == h->epoch && m->len == l->raw_len &&
		memcmp(h->hold.data + m->raw, h->hold.data + l->raw, m->len) == 0)
		return &m->url;
	*m = (struct html_memo){.epoch = h->epoch, .raw = l->raw, .len = l->raw_len};
	return &m->url;
}

static void resolve_link(struct html *h, const struct html_link *l, const struct url *base)
{
	struct facts *f = h->out->f;
	struct facts_str *known = memo_of(h, l);
	struct facts_link *link;
	struct url u;

	if (known->len) {
		link = facts_put_link_again(h->out, *known, l->kind, l->attr, l->flags);
	} else {
		if (url_parse_encoded(&h->parser, h->hold.data + l->raw, l->raw_len, base,
			    h->encode, h->encode_arg, &u) < 0)
			return;
		link = facts_put_link(h->out, u.href, u.len, l->kind, l->attr, l->flags);
	}
	if (!link)
		return;
	*known = link->url;
	if (l->kind == LINK_CANONICAL && !f->canonical.len && !(l->flags & LINK_IN_TEMPLATE))
		f->canonical = link->url;
	link->rel = facts_put(h->out, h->hold.data + l->rel, l->rel_len, FACTS_CUT_TEXT);
	link->text = facts_put(h->out, h->hold.data + l->text, l->text_len, FACTS_CUT_TEXT);
}

/* The main text, cut to what is left of the area. */
static void put_text(struct html *h)
{
	const struct html_text *t = &h->text;
	size_t room = h->out->back - h->out->front, len = t->out.len;

	if (room < 64 + len) {
		len = room < 64 ? 0 : html_text_border(t->out.data, len, room - 64);
		h->out->f->flags |= FACTS_CUT_TEXT;
	}
	/* Where it was cut there may have been a space. */
	while (len && (t->out.data[len - 1] == ' ' || t->out.data[len - 1] == '\n'))
		len--;
	h->out->f->text = facts_put(h->out, t->out.data, len, FACTS_CUT_TEXT);
	if (t->cut)
		h->out->f->flags |= FACTS_CUT_TEXT;
	h->out->f->words = t->words;
}

void html_resolve(struct html *h)
{
	struct facts *f = h->out->f;
	const struct url *base = find_base(h);

	if (++h->epoch == 0) {
		memset(h->memo, 0, sizeof(h->memo));
		h->epoch = 1;
	}
	f->flags |= FACTS_HTML;
	f->lang = put(h, &h->lang);
	f->title = put(h, &h->title);
	f->description = put(h, &h->description);
	for (size_t i = 0; i < h->nlinks; i++)
		resolve_link(h, &h->links[i], base);
	f->headings = put(h, &h->headings);
	put_text(h);
}
