#include <string.h>

#include "config/mem.h"
#include "crawler/page/html_impl.h"

/* ---- closing ---- */

void html_popped(struct html *h, unsigned id)
{
	unsigned flags = html_tags[id].flags;

	if (flags & TAGF_HIDE)
		h->hidden--;
	if (flags & TAGF_FORMAT)
		html_format_popped(h);
	switch (id) {
	case TAG_H1:
	case TAG_H2:
	case TAG_H3:
	case TAG_H4:
	case TAG_H5:
	case TAG_H6: html_heading_close(h, id); break;
	case TAG_TD:
	case TAG_TH:
		html_anchor_close(h);
		html_text_gap(&h->text, GAP_SPACE);
		break;
	case TAG_CAPTION:
	case TAG_TABLE: html_anchor_close(h); break;
	default: break;
	}
}

void html_pop(struct html *h)
{
	const struct html_open *e = html_stack_top(&h->stack);
	unsigned id = e->id, flags = html_tags[id].flags;

	html_stack_pop(&h->stack);
	if (e->ns != NS_HTML) {
		h->hidden -= id == TAG_SVG;
		return;
	}
	if (flags & TAGF_BREAK)
		html_text_gap(&h->text, GAP_BREAK);
	if (flags & TAGF_NOTIFY)
		html_popped(h, id);
}

void html_pop_to(struct html *h, int32_t at)
{
	while (h->stack.len > at)
		html_pop(h);
}

void html_pop_implied(struct html *h, unsigned except)
{
	for (;;) {
		const struct html_open *e = html_stack_top(&h->stack);

		if (e->ns != NS_HTML || !(html_tags[e->id].flags & TAGF_IMPLIED) || e->id == except)
			return;
		html_pop(h);
	}
}

void html_pop_implied_all(struct html *h)
{
	for (;;) {
		const struct html_open *e = html_stack_top(&h->stack);

		if (e->ns != NS_HTML)
			return;
		switch (e->id) {
		case TAG_CAPTION:
		case TAG_COLGROUP:
		case TAG_TBODY:
		case TAG_TD:
		case TAG_TFOOT:
		case TAG_TH:
		case TAG_THEAD:
		case TAG_TR: break;
		default:
			if (!(html_tags[e->id].flags & TAGF_IMPLIED))
				return;
		}
		html_pop(h);
	}
}

void html_close(struct html *h, unsigned id)
{
	html_pop_to(h, html_stack_find(&h->stack, id));
}

/* ---- opening ---- */

/* What the start of an HTML element means to the facts, whether it stays open or not. */
static inline void opened(struct html *h, const struct html_tag *tag, unsigned flags)
{
	if (flags & TAGF_NOTOK)
		h->frameset_ok = false;
	if (flags & TAGF_BREAK)
		html_text_gap(&h->text, GAP_BREAK);
	/* Of elements without attributes only <a> means something there. */
	if (flags & TAGF_LINK && (tag->have || tag->id == TAG_A))
		html_links(h, tag, NS_HTML);
}

void html_push(struct html *h, const struct html_tag *tag, enum html_ns ns, size_t first)
{
	size_t n = h->nlinks - first, after = h->nlinks;
	int32_t foster = -1;
	struct html_open *e;

	if (h->fostering || html_stack_top(&h->stack)->foster >= 0) {
		foster = html_foster_table(h);
		after = html_place(h, first);
	}
	if (h->stack.len == HTML_STACK_MAX)
		html_pop(h);
	if (ns == NS_HTML)
		html_stack_push(&h->stack, tag->id, tag->hash);
	else
		html_stack_push_foreign(&h->stack, ns, tag->id, tag->hash);
	e = html_stack_top(&h->stack);
	e->links = (uint32_t)after;
	e->own = (uint32_t)n;
	e->foster = (int16_t)foster;
}

static void insert_foreign(struct html *h, const struct html_tag *tag, enum html_ns ns)
{
	size_t first = h->nlinks;

	html_links(h, tag, ns);
	if (tag->id == TAG_SVG)
		h->hidden++;
	html_push(h, tag, ns, first);
}

void html_insert(struct html *h, const struct html_tag *tag, enum html_ns ns)
{
	size_t first = h->nlinks;
	struct html_open *e;
	unsigned flags;

	if (ns != NS_HTML) {
		insert_foreign(h, tag, ns);
		return;
	}
	flags = html_tags[tag->id].flags;
	opened(h, tag, flags);
	if (h->fostering || html_stack_top(&h->stack)->foster >= 0 ||
		h->stack.len == HTML_STACK_MAX) {
		html_push(h, tag, NS_HTML, first);
	} else {
		e = html_stack_push(&h->stack, tag->id, tag->hash);
		e->links = (uint32_t)h->nlinks;
		e->own = (uint32_t)(h->nlinks - first);
	}
	if (!(flags & TAGF_NOTIFY) || flags & TAGF_FORMAT)
		return;
	if (flags & TAGF_MARKER)
		html_marker_open(h);
	if (flags & TAGF_HIDE)
		h->hidden++;
	if (html_tags[tag->id].start == START_HEADING)
		html_heading_open(h);
}

void html_insert_void(struct html *h, const struct html_tag *tag)
{
	size_t first = h->nlinks;

	opened(h, tag, html_tags[tag->id].flags);
	if (h->nlinks > first)
		html_place(h, first);
}

void html_insert_implied(struct html *h, unsigned id)
{
	struct html_open *e;

	if (html_tags[id].flags & TAGF_BREAK)
		html_text_gap(&h->text, GAP_BREAK);
	if (h->stack.len == HTML_STACK_MAX)
		html_pop(h);
	e = html_stack_push(&h->stack, id, 0);
	e->links = (uint32_t)h->nlinks;
	e->own = 0;
}

void html_insert_text(struct html *h, const struct html_tag *tag, enum tokenizer_state state)
{
	const struct html_tag_info *info = &html_tags[tag->id];

	html_insert(h, tag, NS_HTML);
	tokenizer_switch(&h->tok, state, info->name, info->len);
	h->tok.skip_text = tag->id != TAG_XMP && state != TOKENIZER_RCDATA;
	h->text_from = h->mode;
	h->mode = MODE_TEXT;
}

/* "Reset the insertion mode appropriately": the highest of these elements decides. */
void html_reset_mode(struct html *h)
{
	static const struct {
		uint8_t id, mode;
	} deciding[] = {
		{TAG_TD, MODE_IN_CELL},
		{TAG_TH, MODE_IN_CELL},
		{TAG_TR, MODE_IN_ROW},
		{TAG_TBODY, MODE_IN_TABLE_BODY},
		{TAG_THEAD, MODE_IN_TABLE_BODY},
		{TAG_TFOOT, MODE_IN_TABLE_BODY},
		{TAG_CAPTION, MODE_IN_CAPTION},
		{TAG_COLGROUP, MODE_IN_COLGROUP},
		{TAG_TABLE, MODE_IN_TABLE},
		{TAG_TEMPLATE, MODE_IN_TEMPLATE},
		{TAG_HEAD, MODE_IN_HEAD},
		{TAG_BODY, MODE_IN_BODY},
		{TAG_FRAMESET, MODE_IN_FRAMESET},
		{TAG_HTML, MODE_AFTER_HEAD},
	};
	int32_t best = -1;

	h->mode = MODE_BEFORE_HEAD;
	for (size_t i = 0; i < MEM_COUNT(deciding); i++) {
		int32_t at = html_stack_find(&h->stack, deciding[i].id);

		if (at <= best)
			continue;
		best = at;
		h->mode = deciding[i].mode;
	}
	if (h->mode == MODE_IN_TEMPLATE && h->ntemplates)
		h->mode = h->templates[h->ntemplates - 1];
	else if (h->mode == MODE_AFTER_HEAD && !h->head_seen)
		h->mode = MODE_BEFORE_HEAD;
}
