/* html_impl.h - the parts of the HTML reader among themselves. Private to html*.c.
 *
 *   html_tokenizer.c   text to tokens
 *   html_modes.c       tokens to insertion modes: where a tag counts, and whether
 *   html_body.c, html_table.c, html_foreign.c   the larger modes
 *   html_tree.c        what they share: opening and closing elements
 *   html_quick.c       the short way for most tokens, instead of all these
 *   html_quirks.c      DOCTYPE
 *   html_order.c       links that the tree has elsewhere than the source
 *   html_format.c      misnested <a>, and the formatting elements around it
 *   html_links.c       attributes to raw links
 *   html_head.c        meta, base, title, lang
 *   html_text.c        main text
 *   html_resolve.c     raw links to facts, at the end
 *   html.c             one document from begin to end
 */
#ifndef SKITTER_PAGE_HTML_IMPL_H
#define SKITTER_PAGE_HTML_IMPL_H

#include "config/facts_seal.h"
#include "crawler/page/html.h"
#include "crawler/page/html_names.h"
#include "crawler/page/html_stack.h"
#include "crawler/page/html_text.h"
#include "crawler/page/html_tokenizer.h"
#include "crawler/page/url.h"

/* HTML 13.2.4.1, without "in select" (the standard dropped it) and "in table text"
 * (only where text goes differs there). */
enum html_mode {
	MODE_INITIAL, /* "before html", too: a DOCTYPE decides nothing here */
	MODE_BEFORE_HEAD,
	MODE_IN_HEAD,
	MODE_IN_HEAD_NOSCRIPT,
	MODE_AFTER_HEAD,
	MODE_IN_BODY,
	MODE_TEXT,
	MODE_IN_TABLE,
	MODE_IN_CAPTION,
	MODE_IN_COLGROUP,
	MODE_IN_TABLE_BODY,
	MODE_IN_ROW,
	MODE_IN_CELL,
	MODE_IN_TEMPLATE,
	MODE_AFTER_BODY, /* "after after body", too */
	MODE_IN_FRAMESET,
	MODE_AFTER_FRAMESET, /* "after after frameset", too */
};

/* What a mode says about a token: it is done, or the mode has changed and the token
 * is to be looked at again. */
enum html_again { DONE, AGAIN };

/* A link as it was written; offsets into html.hold. */
struct html_link {
	uint32_t raw, raw_len;
	uint32_t rel, rel_len;
	uint32_t text, text_len;
	uint8_t kind;	/* enum facts_kind */
	uint8_t attr;	/* enum facts_attr */
	uint16_t flags; /* enum facts_link_flags */
};

/* An entry of the list of active formatting elements. */
struct html_format {
	size_t link;   /* of an <a>; SIZE_MAX = none */
	int32_t at;    /* its place on the stack; -1 = it is closed */
	uint32_t hash; /* of the whole tag */
	uint16_t id;   /* enum html_tag_id */
	bool marker;
};

#define HTML_MEMO 512

/* What a reference of this page, without its fragment, came out as. */
struct html_memo {
	uint32_t epoch; /* of the page */
	uint32_t raw, len;
	struct sealed_url url;
};

struct html {
	struct tokenizer tok;
	struct html_stack stack;
	enum html_mode mode;
	enum html_mode text_from; /* the mode to go back to after MODE_TEXT */
	unsigned char *templates; /* modes of the open template elements */
	size_t ntemplates, templates_cap;
	bool quirks; /* quirks mode */
	bool doctype_seen;
	bool head_seen;
	bool form_open; /* the form element pointer is set */
	bool frameset_ok;
	bool cut_short; /* an entry of `formats` may be of an element that is closed */
	struct html_format *formats;
	size_t nformats, formats_cap;
	bool fostering;	 /* the tag stands in a table but does not belong there */
	unsigned hidden; /* open elements whose text is not main text */

	/* what was found */
	struct html_link *links;
	size_t nlinks, links_cap;
	size_t body_links; /* links found before the body element */
	struct buf hold;   /* text of links */
	bool body_background;
	struct html_text text;
	struct buf anchor; /* text of the open link so far */
	bool anchor_open;
	size_t anchor_link; /* its index; SIZE_MAX = an <a> without href */
	size_t anchor_start;
	bool heading_open;
	size_t heading_start;
	struct buf title, description, lang, headings;
	bool title_open, have_title, have_description, have_lang;
	bool have_base;
	struct buf base; /* href of the first base element, as written */

	/* the document */
	struct facts_writer *out;
	url_encode_fn *encode;
	void *encode_arg;
	void (*watch)(void *arg, const struct html_tag *tag, bool foreign);
	void *watch_arg;
	struct url url, base_url;
	struct buf url_hold, base_hold, scratch;
	struct url_parser parser;
	uint32_t epoch; /* counts pages */
	struct html_memo memo[HTML_MEMO];
};

/* ---- html_tree.c ---- */

/* Opens an element, with its links; `void_element` closes it at once. */
void html_insert(struct html *h, const struct html_tag *tag, enum html_ns ns);
void html_insert_void(struct html *h, const struct html_tag *tag);
/* The last step of html_insert: its links are those from `first` on. */
void html_push(struct html *h, const struct html_tag *tag, enum html_ns ns, size_t first);
void html_insert_implied(struct html *h, unsigned id);
/* Opens an element whose content is text of that state; the mode becomes MODE_TEXT. */
void html_insert_text(struct html *h, const struct html_tag *tag, enum tokenizer_state state);
void html_pop(struct html *h);
/* What that means beyond the end of a line, for an element with TAGF_NOTIFY. */
void html_popped(struct html *h, unsigned id);
void html_pop_to(struct html *h, int32_t at); /* the entry `at` goes, too */
/* Pops while the top is one of those whose end tag is implied; not `except`. */
void html_pop_implied(struct html *h, unsigned except);
void html_pop_implied_all(struct html *h); /* "thoroughly" */
/* "Pop until an element of that name has been popped", implied end tags included. */
void html_close(struct html *h, unsigned id);
void html_reset_mode(struct html *h);

static inline bool html_top_is(const struct html *h, unsigned id)
{
	const struct html_open *e = html_stack_top(&h->stack);

	return e->id == id && e->ns == NS_HTML;
}

/* If there is one in button scope. */
static inline void html_close_p(struct html *h)
{
	if (html_in_button_scope(&h->stack, TAG_P))
		html_close(h, TAG_P);
}

/* A li, dd or dt closes the one before, unless something special is in between. */
void html_close_item(struct html *h, unsigned id);
void html_close_heading(struct html *h); /* on top */

static inline bool html_in_template(const struct html *h)
{
	return html_stack_find(&h->stack, TAG_TEMPLATE) >= 0;
}

/* ---- html_quirks.c ---- */

bool html_is_quirky(const struct html_doctype *d);

/* ---- html_order.c ---- */

/* Puts the links from `first` on where the tree has them; returns where they end now. */
size_t html_place(struct html *h, size_t first);
/* The same for what a second start tag adds to the body. */
void html_place_in_body(struct html *h, size_t first);
/* Whether it is a table, or a part of one, that may hold other parts only. */
bool html_is_table_part(const struct html_open *e);
/* The table before which a new element goes, or -1. */
int32_t html_foster_table(const struct html *h);
/* Copies link number `link` to the place `to` (SIZE_MAX = the end), as content of the stack's
 * entry `parent`; returns its number, or SIZE_MAX. */
size_t html_copy_link(struct html *h, size_t link, size_t to, int32_t parent);

void html_anchor_close(struct html *h);

/* ---- html_format.c ---- */

void html_format_start(struct html *h, const struct html_tag *tag);
/* The element on top is a formatting one: puts it into the list. `hash` is of its tag, from its
 * name to the '>'. */
void html_format_add(struct html *h, unsigned id, uint32_t hash, size_t link);
uint32_t html_format_hash(const char *name, size_t len);
/* The same, of at most 8 bytes with zeros behind them. */
static inline uint32_t html_format_hash8(uint64_t bytes)
{
	return (uint32_t)(bytes * 0x9e3779b97f4a7c15u >> 32);
}

void html_format_end(struct html *h, const struct html_tag *tag);
void html_format_popped(struct html *h); /* just now, from the top */
void html_format_reopen(struct html *h);
void html_anchor_start(struct html *h, const struct html_tag *tag);
void html_marker_open(struct html *h);
void html_marker_close(struct html *h);
/* Takes one entry out of the stack, if not too much is above it. */
void html_take_out(struct html *h, int32_t at);

/* "Reconstruct the active formatting elements": what a block cut short goes on. */
static inline bool html_is_cut_short(const struct html *h)
{
	const struct html_format *last;

	if (!h->cut_short || !h->nformats)
		return false;
	last = &h->formats[h->nformats - 1];
	return !last->marker && last->at < 0;
}

/* In body: whether text there changes nothing but itself. */
static inline bool html_text_is_plain(const struct html *h)
{
	return !h->frameset_ok && !h->hidden && !html_is_cut_short(h);
}

/* Whether an element of that name is in the list, after the last marker. */
static inline bool html_format_is_active(const struct html *h, unsigned id)
{
	for (size_t i = h->nformats; i-- > 0 && !h->formats[i].marker;)
		if (h->formats[i].id == id)
			return true;
	return false;
}

static inline void html_reconstruct(struct html *h)
{
	if (html_is_cut_short(h))
		html_format_reopen(h);
}

/* The end tag of the current node, a formatting element: the adoption agency has nothing to do if
 * that is the last one in the list. */
static inline bool html_end_last_format(struct html *h, unsigned id)
{
	const struct html_format *last = h->formats + h->nformats;

	if (!h->nformats || last[-1].at != h->stack.len - 1 || last[-1].id != id)
		return false;
	if (id == TAG_A)
		html_anchor_close(h);
	h->nformats--;
	html_stack_pop(&h->stack);
	return true;
}

/* ---- the modes ---- */

/* The end tag `id` of the current node, which has those flags, in body: whether it only closes
 * that, which is then done.
 */
static inline bool html_end_of_top(struct html *h, unsigned id, unsigned flags)
{
	if (!(flags & TAGF_POPS))
		return false;
	if (flags & TAGF_FORMAT)
		return html_end_last_format(h, id);
	html_stack_pop(&h->stack);
	if (flags & TAGF_BREAK)
		html_text_gap(&h->text, GAP_BREAK);
	if (flags & TAGF_NOTIFY)
		html_popped(h, id);
	return true;
}

/* Takes tokens in data state for as long as they are what pages are mostly made of; returns where
 * that ends, at the border of a token. */
const char *html_quick(struct html *h, const char *p, const char *end);

void html_tag(struct html *h, const struct html_tag *tag);
void html_chars(struct html *h, const char *s, size_t len);

enum html_again html_head_start(struct html *h, const struct html_tag *tag);
void html_template_end(struct html *h);
void html_template_push(struct html *h, enum html_mode mode);

enum html_again html_body_start(struct html *h, const struct html_tag *tag);
enum html_again html_body_end(struct html *h, const struct html_tag *tag);
void html_end_other(struct html *h, const struct html_tag *tag); /* "any other end tag" */

enum html_again html_table_start(struct html *h, const struct html_tag *tag);
enum html_again html_table_end(struct html *h, const struct html_tag *tag);
/* Leaves "in column group" for a token it does not take; DONE = the token is dropped. */
enum html_again html_colgroup_close(struct html *h, enum html_again then);

static inline bool html_in_foreign(const struct html *h)
{
	return html_stack_top(&h->stack)->ns != NS_HTML;
}

/* In there: whether the token goes by the rules for foreign content. */
bool html_is_foreign(const struct html *h, const struct html_tag *tag);
enum html_again html_foreign_start(struct html *h, const struct html_tag *tag);
/* AGAIN = it is for the insertion mode. */
enum html_again html_foreign_end(struct html *h, const struct html_tag *tag);

/* ---- facts ---- */

void html_links(struct html *h, const struct html_tag *tag, enum html_ns ns);
void html_anchor_open(struct html *h, size_t link);
/* Of a new <a>; NULL = none. 16 bytes behind the value can be read. */
void html_link_anchor(struct html *h, const struct html_attr *href);
void html_anchor_add(struct html *h, const struct html_tag *img); /* its alt */
void html_heading_open(struct html *h);
void html_heading_close(struct html *h, unsigned id);
void html_meta(struct html *h, const struct html_tag *tag);
void html_base(struct html *h, const struct html_tag *tag);
void html_lang(struct html *h, const struct html_tag *tag);
void html_title_end(struct html *h);
void html_resolve(struct html *h);

/* Whether the decoded value of an attribute is `word`, in any case. */
bool html_attr_is(struct html *h, const struct html_tag *tag, unsigned id, const char *word);

#endif
