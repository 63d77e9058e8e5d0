/* From attributes to raw links: what counts is the list in html.h's contract. */
#include <string.h>
#include <strings.h>

#include "config/mem.h"
#include "config/simd.h"
#include "crawler/page/html_impl.h"
#include "crawler/page/html_token.h"
#include "crawler/page/refresh.h"
#include "crawler/page/srcset.h"

/* Longer raw URLs cannot come out within FACTS_MAX_URL. */
#define MAX_RAW (4 * FACTS_MAX_URL)

#define BIT(a) (1u << HTML_ATTR_##a)

/* The attributes of an element that hold URLs, and the kind of its links. */
static const struct {
	uint32_t attrs;
	uint8_t kind; /* enum facts_kind */
} link_of[TAG_COUNT] = {
	[TAG_A] = {BIT(HREF), LINK_A},
	[TAG_AREA] = {BIT(HREF), LINK_AREA},
	[TAG_LINK] = {BIT(HREF) | BIT(IMAGESRCSET), LINK_LINK},
	[TAG_IMG] = {BIT(SRC) | BIT(SRCSET) | BIT(LONGDESC), LINK_IMG},
	[TAG_SCRIPT] = {BIT(SRC), LINK_SCRIPT},
	[TAG_IFRAME] = {BIT(SRC) | BIT(LONGDESC), LINK_IFRAME},
	[TAG_FRAME] = {BIT(SRC) | BIT(LONGDESC), LINK_FRAME},
	[TAG_EMBED] = {BIT(SRC), LINK_EMBED},
	[TAG_SOURCE] = {BIT(SRC) | BIT(SRCSET), LINK_SOURCE},
	[TAG_TRACK] = {BIT(SRC), LINK_TRACK},
	[TAG_AUDIO] = {BIT(SRC), LINK_AUDIO},
	[TAG_VIDEO] = {BIT(SRC) | BIT(POSTER), LINK_VIDEO},
	[TAG_INPUT] = {BIT(SRC) | BIT(FORMACTION), LINK_INPUT},
	[TAG_BUTTON] = {BIT(FORMACTION), LINK_BUTTON},
	[TAG_OBJECT] = {BIT(DATA), LINK_OBJECT},
	[TAG_FORM] = {BIT(ACTION), LINK_FORM},
	[TAG_BODY] = {BIT(BACKGROUND), LINK_BODY},
	[TAG_TABLE] = {BIT(BACKGROUND), LINK_BODY},
	[TAG_TD] = {BIT(BACKGROUND), LINK_BODY},
	[TAG_TH] = {BIT(BACKGROUND), LINK_BODY},
	[TAG_BLOCKQUOTE] = {BIT(CITE), LINK_QUOTE},
	[TAG_Q] = {BIT(CITE), LINK_QUOTE},
	[TAG_INS] = {BIT(CITE), LINK_QUOTE},
	[TAG_DEL] = {BIT(CITE), LINK_QUOTE},
};

static const uint8_t facts_attr_of[] = {
	[HTML_ATTR_HREF] = ATTR_HREF,
	[HTML_ATTR_SRC] = ATTR_SRC,
	[HTML_ATTR_SRCSET] = ATTR_SRCSET,
	[HTML_ATTR_IMAGESRCSET] = ATTR_IMAGESRCSET,
	[HTML_ATTR_LONGDESC] = ATTR_LONGDESC,
	[HTML_ATTR_POSTER] = ATTR_POSTER,
	[HTML_ATTR_DATA] = ATTR_DATA,
	[HTML_ATTR_ACTION] = ATTR_ACTION,
	[HTML_ATTR_FORMACTION] = ATTR_FORMACTION,
	[HTML_ATTR_BACKGROUND] = ATTR_BACKGROUND,
	[HTML_ATTR_CITE] = ATTR_CITE,
	[HTML_ATTR_XLINK_HREF] = ATTR_XLINK_HREF,
};

uint32_t html_url_attrs(unsigned tag)
{
	return link_of[tag].attrs;
}

/* ---- storing ---- */

/* A new raw link whose URL is what was put into html.hold from `start` on; NULL = no room. */
static struct html_link *add_link(
	struct html *h, size_t start, enum facts_kind kind, enum facts_attr attr, unsigned flags)
{
	size_t len = h->hold.len - start;
	struct html_link *l;

	if (len > MAX_RAW)
		h->out->f->flags |= FACTS_CUT_URL;
	else if (h->nlinks == FACTS_MAX_LINK || h->hold.len > h->out->cap)
		h->out->f->flags |= FACTS_CUT_LINKS;
	else
		goto fits;
	buf_set_len(&h->hold, start);
	return NULL;
fits:
	if (h->nlinks == h->links_cap) {
		h->links_cap = h->links_cap ? h->links_cap * 2 : 256;
		h->links = mem_realloc(h->links, h->links_cap * sizeof(*h->links));
	}
	l = &h->links[h->nlinks++];
	memset(l, 0, sizeof(*l));
	l->raw = (uint32_t)start;
	l->raw_len = (uint32_t)len;
	l->kind = (uint8_t)kind;
	l->attr = (uint8_t)attr;
	l->flags = (uint16_t)(flags | (html_in_template(h) ? LINK_IN_TEMPLATE : 0));
	return l;
}

static struct html_link *add_attr(struct html *h, const struct html_attr *a, enum facts_kind kind,
	enum facts_attr attr, unsigned flags)
{
	size_t start = h->hold.len;

	html_attr_value(a, &h->hold);
	return add_link(h, start, kind, attr, flags);
}

static void add_srcset(
	struct html *h, const struct html_attr *a, enum facts_kind kind, enum facts_attr attr)
{
	struct srcset set;
	struct srcset_candidate c;

	buf_reset(&h->scratch);
	html_attr_value(a, &h->scratch);
	srcset_begin(&set, h->scratch.data, h->scratch.len);
	while (srcset_next(&set, &c)) {
		size_t start = h->hold.len;

		buf_add(&h->hold, c.url, c.url_len);
		add_link(h, start, kind, attr, 0);
	}
}

/* The decoded attribute, white space collapsed, as offset and length in html.hold. */
static void hold_attr(
	struct html *h, const struct html_tag *tag, unsigned id, uint32_t *off, uint32_t *len)
{
	const struct html_attr *a = html_attr_get(tag, id);

	*off = (uint32_t)h->hold.len;
	*len = 0;
	if (!a)
		return;
	buf_reset(&h->scratch);
	html_attr_value(a, &h->scratch);
	html_text_collapse(&h->hold, h->scratch.data, h->scratch.len, HTML_MAX_LINK_TEXT);
	*len = (uint32_t)h->hold.len - *off;
}

/* ---- rel ---- */

#define WORD(s) s, sizeof(s) - 1

static const struct rel {
	const char *word;
	uint8_t len;
	uint16_t flags;
	bool links_only; /* means something on <link> alone */
} rels[] = {
	{WORD("nofollow"), LINK_NOFOLLOW, false},
	{WORD("next"), LINK_NEXT, false},
	{WORD("prev"), LINK_NEXT, false},
	{WORD("previous"), LINK_NEXT, false},
	{WORD("alternate"), LINK_ALTERNATE, true},
	{WORD("stylesheet"), LINK_STYLESHEET, true},
	{WORD("icon"), LINK_ICON, true},
	{WORD("apple-touch-icon"), LINK_ICON, true},
	{WORD("apple-touch-icon-precomposed"), LINK_ICON, true},
	{WORD("mask-icon"), LINK_ICON, true},
	{WORD("preconnect"), LINK_HINT, true},
	{WORD("dns-prefetch"), LINK_HINT, true},
	{WORD("preload"), LINK_HINT, true},
	{WORD("modulepreload"), LINK_HINT, true},
	{WORD("prefetch"), LINK_HINT, true},
	{WORD("prerender"), LINK_HINT, true},
};

static bool word_is(const char *s, size_t len, const char *word, size_t word_len)
{
	return word_len == len && strncasecmp(s, word, len) == 0;
}

/* The flags of a rel value, and whether it says canonical. */
static unsigned rel_flags(const char *s, size_t len, bool is_link, bool *canonical)
{
	const char *end = s + len;
	unsigned flags = 0;

	while (s < end) {
		const char *w = s;

		while (s < end && *s != ' ')
			s++;
		for (size_t i = 0; i < MEM_COUNT(rels); i++)
			if ((is_link || !rels[i].links_only) &&
				word_is(w, (size_t)(s - w), rels[i].word, rels[i].len))
				flags |= rels[i].flags;
		*canonical |= is_link && word_is(w, (size_t)(s - w), WORD("canonical"));
		while (s < end && *s == ' ')
			s++;
	}
	return flags;
}

/* rel of all links of this element, from `first` on. */
static void set_rel(struct html *h, const struct html_tag *tag, size_t first)
{
	bool canonical = false;
	uint32_t off, len;
	unsigned flags;

	hold_attr(h, tag, HTML_ATTR_REL, &off, &len);
	flags = rel_flags(h->hold.data + off, len, tag->id == TAG_LINK, &canonical);
	for (size_t i = first; i < h->nlinks; i++) {
		struct html_link *l = &h->links[i];

		l->rel = off;
		l->rel_len = len;
		l->flags |= (uint16_t)flags;
		if (canonical && l->attr == ATTR_HREF)
			l->kind = LINK_CANONICAL;
	}
}

static void set_text(struct html *h, const struct html_tag *tag, unsigned attr, size_t first)
{
	uint32_t off, len;

	hold_attr(h, tag, attr, &off, &len);
	for (size_t i = first; i < h->nlinks; i++) {
		h->links[i].text = off;
		h->links[i].text_len = len;
	}
}

/* ---- elements ---- */

/* link rel=alternate: its language, or else its type (a feed, say), is the text. */
static void finish_link(struct html *h, const struct html_tag *tag, size_t first)
{
	set_rel(h, tag, first);
	if (first == h->nlinks || !(h->links[first].flags & LINK_ALTERNATE))
		return;
	if (!(tag->have & BIT(HREFLANG))) {
		set_text(h, tag, HTML_ATTR_TYPE, first);
		return;
	}
	set_text(h, tag, HTML_ATTR_HREFLANG, first);
	for (size_t i = first; i < h->nlinks; i++)
		h->links[i].flags |= LINK_HREFLANG;
}

static void meta_refresh(struct html *h, const struct html_tag *tag)
{
	const struct html_attr *content = html_attr_get(tag, HTML_ATTR_CONTENT);
	struct refresh r;
	size_t start = h->hold.len;

	if (!content || !html_attr_is(h, tag, HTML_ATTR_HTTP_EQUIV, "refresh"))
		return;
	buf_reset(&h->scratch);
	html_attr_value(content, &h->scratch);
	if (!refresh_parse(&r, h->scratch.data, h->scratch.len) || !r.url_len)
		return;
	buf_add(&h->hold, r.url, r.url_len);
	add_link(h, start, LINK_META, ATTR_CONTENT, 0);
}

static void svg_links(struct html *h, const struct html_tag *tag)
{
	size_t first = h->nlinks;

	switch (tag->id) {
	case TAG_A:
	case TAG_IMAGE:
	case TAG_USE:
	case TAG_SCRIPT:
	case TAG_FEIMAGE: break;
	default: return;
	}
	for (size_t i = 0; i < tag->nattrs; i++) {
		const struct html_attr *a = &tag->attrs[i];

		if (a->id == HTML_ATTR_HREF || a->id == HTML_ATTR_XLINK_HREF)
			add_attr(h, a, LINK_SVG, facts_attr_of[a->id], 0);
	}
	if (first < h->nlinks && tag->have & BIT(REL))
		set_rel(h, tag, first);
}

static void element_links(struct html *h, const struct html_tag *tag)
{
	uint32_t wanted = link_of[tag->id].attrs;

	for (size_t i = 0; i < tag->nattrs; i++) {
		const struct html_attr *a = &tag->attrs[i];
		enum facts_attr attr;

		if (!(wanted & 1u << a->id))
			continue;
		attr = facts_attr_of[a->id];
		if (attr == ATTR_SRCSET || attr == ATTR_IMAGESRCSET)
			add_srcset(h, a, link_of[tag->id].kind, attr);
		else
			add_attr(h, a, link_of[tag->id].kind, attr, 0);
	}
}

void html_links(struct html *h, const struct html_tag *tag, enum html_ns ns)
{
	size_t first = h->nlinks;

	if (ns != NS_HTML) {
		if (ns == NS_SVG && tag->have & (BIT(HREF) | BIT(XLINK_HREF)))
			svg_links(h, tag);
		return;
	}
	/* The first body with a background keeps it, whichever start tag gave it. */
	if (tag->id == TAG_BODY && tag->have & BIT(BACKGROUND)) {
		if (h->body_background)
			return;
		h->body_background = true;
	}
	if (tag->have & link_of[tag->id].attrs)
		element_links(h, tag);
	switch (tag->id) {
	case TAG_A:
		if (tag->have & BIT(REL) && first < h->nlinks)
			set_rel(h, tag, first);
		html_anchor_open(h, first < h->nlinks ? first : SIZE_MAX);
		break;
	case TAG_AREA:
		set_text(h, tag, HTML_ATTR_ALT, first);
		/* fall through */
	case TAG_FORM:
		if (tag->have & BIT(REL))
			set_rel(h, tag, first);
		break;
	case TAG_IMG:
		if (tag->have & BIT(ALT)) {
			set_text(h, tag, HTML_ATTR_ALT, first);
			html_anchor_add(h, tag);
		}
		break;
	case TAG_LINK: finish_link(h, tag, first); break;
	case TAG_META:
		meta_refresh(h, tag);
		html_meta(h, tag);
		break;
	default: break;
	}
}

void html_link_anchor(struct html *h, const struct html_attr *href)
{
	size_t first = h->nlinks;

	if (href && !href->dirty) {
		size_t start = h->hold.len;

		buf_grow(&h->hold, href->value_len + SIMD_ROOM);
		simd_copy(h->hold.data + start, href->value, href->value_len);
		h->hold.len += href->value_len;
		add_link(h, start, LINK_A, ATTR_HREF, 0);
	} else if (href) {
		add_attr(h, href, LINK_A, ATTR_HREF, 0);
	}
	html_anchor_open(h, first < h->nlinks ? first : SIZE_MAX);
}

/* ---- the text of <a> ---- */

void html_anchor_open(struct html *h, size_t link)
{
	html_anchor_close(h);
	h->anchor_open = true;
	h->anchor_link = link;
	h->anchor_start = html_text_slice_open(&h->text);
	buf_reset(&h->anchor);
}

static void anchor_take(struct html *h)
{
	size_t len;
	const char *s = html_text_slice(&h->text, h->anchor_start, &len);

	buf_add(&h->anchor, s, len);
}

void html_anchor_add(struct html *h, const struct html_tag *img)
{
	if (!h->anchor_open || h->anchor.len > HTML_SLICE_MAX)
		return;
	anchor_take(h);
	html_text_slice_close(&h->text);
	buf_add_ch(&h->anchor, ' ');
	html_attr_value(html_attr_get(img, HTML_ATTR_ALT), &h->anchor);
	buf_add_ch(&h->anchor, ' ');
	h->anchor_start = html_text_slice_open(&h->text);
}

static void hold_anchor(struct html *h)
{
	size_t len;
	const char *s;

	if (h->anchor.len) {
		anchor_take(h);
		html_text_collapse(&h->hold, h->anchor.data, h->anchor.len, HTML_MAX_LINK_TEXT);
		return;
	}
	s = html_text_slice(&h->text, h->anchor_start, &len);
	html_text_add_slice(&h->hold, s, len, HTML_MAX_LINK_TEXT);
}

void html_anchor_close(struct html *h)
{
	struct html_link *l;

	if (!h->anchor_open)
		return;
	h->anchor_open = false;
	if (h->anchor_link < h->nlinks) {
		l = &h->links[h->anchor_link];
		l->text = (uint32_t)h->hold.len;
		hold_anchor(h);
		l->text_len = (uint32_t)h->hold.len - l->text;
	}
	html_text_slice_close(&h->text);
}
