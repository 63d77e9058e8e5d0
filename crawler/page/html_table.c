/* The insertion modes of tables (HTML 13.2.6.4.9 to 15). What does not belong into a table goes
 * by the rules of "in body", with html.fostering set. */
#include "crawler/page/html_impl.h"

/* ---- in table ---- */

/* "Clear the stack back to a table (body, row) context". */
static void clear_to(struct html *h, unsigned a, unsigned b, unsigned c)
{
	for (;;) {
		const struct html_open *e = html_stack_top(&h->stack);

		if (e->ns == NS_HTML && (e->id == a || e->id == b || e->id == c ||
						e->id == TAG_TEMPLATE || e->id == TAG_HTML))
			return;
		html_pop(h);
	}
}

static void clear_to_table(struct html *h)
{
	clear_to(h, TAG_TABLE, TAG_TABLE, TAG_TABLE);
}

static void clear_to_body(struct html *h)
{
	clear_to(h, TAG_TBODY, TAG_TFOOT, TAG_THEAD);
}

static void clear_to_row(struct html *h)
{
	clear_to(h, TAG_TR, TAG_TR, TAG_TR);
}

static enum html_again open_part(struct html *h, const struct html_tag *tag, enum html_mode mode)
{
	html_insert(h, tag, NS_HTML);
	h->mode = mode;
	return DONE;
}

static enum html_again open_implied(struct html *h, unsigned id, enum html_mode mode)
{
	html_insert_implied(h, id);
	h->mode = mode;
	return AGAIN;
}

static void start_form(struct html *h, const struct html_tag *tag)
{
	if (h->form_open || html_in_template(h))
		return;
	html_insert_void(h, tag);
	h->form_open = true;
}

static enum html_again foster_start(struct html *h, const struct html_tag *tag)
{
	enum html_again again;

	h->fostering = true;
	again = html_body_start(h, tag);
	h->fostering = false;
	return again;
}

static enum html_again foster_end(struct html *h, const struct html_tag *tag)
{
	enum html_again again;

	h->fostering = true;
	again = html_body_end(h, tag);
	h->fostering = false;
	return again;
}

static enum html_again in_table_start(struct html *h, const struct html_tag *tag)
{
	switch (tag->id) {
	case TAG_CAPTION: clear_to_table(h); return open_part(h, tag, MODE_IN_CAPTION);
	case TAG_COLGROUP: clear_to_table(h); return open_part(h, tag, MODE_IN_COLGROUP);
	case TAG_COL: clear_to_table(h); return open_implied(h, TAG_COLGROUP, MODE_IN_COLGROUP);
	case TAG_TBODY:
	case TAG_TFOOT:
	case TAG_THEAD: clear_to_table(h); return open_part(h, tag, MODE_IN_TABLE_BODY);
	case TAG_TD:
	case TAG_TH:
	case TAG_TR: clear_to_table(h); return open_implied(h, TAG_TBODY, MODE_IN_TABLE_BODY);
	case TAG_TABLE:
		if (!html_in_table_scope(&h->stack, TAG_TABLE))
			return DONE;
		html_close(h, TAG_TABLE);
		html_reset_mode(h);
		return AGAIN;
	case TAG_STYLE:
	case TAG_SCRIPT:
	case TAG_TEMPLATE: return html_head_start(h, tag);
	case TAG_INPUT:
		if (!html_attr_is(h, tag, HTML_ATTR_TYPE, "hidden"))
			break;
		html_insert_void(h, tag);
		return DONE;
	case TAG_FORM: start_form(h, tag); return DONE;
	default: break;
	}
	return foster_start(h, tag);
}

static enum html_again in_table_end(struct html *h, const struct html_tag *tag)
{
	switch (tag->id) {
	case TAG_TABLE:
		if (!html_in_table_scope(&h->stack, TAG_TABLE))
			return DONE;
		html_close(h, TAG_TABLE);
		html_reset_mode(h);
		return DONE;
	case TAG_BODY:
	case TAG_CAPTION:
	case TAG_COL:
	case TAG_COLGROUP:
	case TAG_HTML:
	case TAG_TBODY:
	case TAG_TD:
	case TAG_TFOOT:
	case TAG_TH:
	case TAG_THEAD:
	case TAG_TR: return DONE;
	default: return foster_end(h, tag);
	}
}

/* ---- in caption, in column group ---- */

static enum html_again close_caption(struct html *h, enum html_again then)
{
	if (!html_in_table_scope(&h->stack, TAG_CAPTION))
		return DONE;
	html_close(h, TAG_CAPTION);
	html_marker_close(h);
	h->mode = MODE_IN_TABLE;
	return then;
}

static bool is_table_part(unsigned id)
{
	switch (id) {
	case TAG_CAPTION:
	case TAG_COL:
	case TAG_COLGROUP:
	case TAG_TBODY:
	case TAG_TD:
	case TAG_TFOOT:
	case TAG_TH:
	case TAG_THEAD:
	case TAG_TR: return true;
	default: return false;
	}
}

static enum html_again in_caption_start(struct html *h, const struct html_tag *tag)
{
	return is_table_part(tag->id) ? close_caption(h, AGAIN) : html_body_start(h, tag);
}

static enum html_again in_caption_end(struct html *h, const struct html_tag *tag)
{
	switch (tag->id) {
	case TAG_CAPTION: return close_caption(h, DONE);
	case TAG_TABLE: return close_caption(h, AGAIN);
	case TAG_BODY:
	case TAG_COL:
	case TAG_COLGROUP:
	case TAG_HTML:
	case TAG_TBODY:
	case TAG_TD:
	case TAG_TFOOT:
	case TAG_TH:
	case TAG_THEAD:
	case TAG_TR: return DONE;
	default: return html_body_end(h, tag);
	}
}

enum html_again html_colgroup_close(struct html *h, enum html_again then)
{
	if (!html_top_is(h, TAG_COLGROUP))
		return DONE;
	html_pop(h);
	h->mode = MODE_IN_TABLE;
	return then;
}

static enum html_again in_colgroup_start(struct html *h, const struct html_tag *tag)
{
	switch (tag->id) {
	case TAG_HTML: return html_body_start(h, tag);
	case TAG_COL: return DONE;
	case TAG_TEMPLATE: return html_head_start(h, tag);
	default: return html_colgroup_close(h, AGAIN);
	}
}

static enum html_again in_colgroup_end(struct html *h, const struct html_tag *tag)
{
	switch (tag->id) {
	case TAG_COLGROUP: return html_colgroup_close(h, DONE);
	case TAG_COL: return DONE;
	case TAG_TEMPLATE: html_template_end(h); return DONE;
	default: return html_colgroup_close(h, AGAIN);
	}
}

/* ---- in table body ---- */

static enum html_again close_table_body(struct html *h)
{
	const struct html_stack *s = &h->stack;

	if (!html_in_table_scope(s, TAG_TBODY) && !html_in_table_scope(s, TAG_THEAD) &&
		!html_in_table_scope(s, TAG_TFOOT))
		return DONE;
	clear_to_body(h);
	html_pop(h);
	h->mode = MODE_IN_TABLE;
	return AGAIN;
}

static enum html_again in_table_body_start(struct html *h, const struct html_tag *tag)
{
	switch (tag->id) {
	case TAG_TR: clear_to_body(h); return open_part(h, tag, MODE_IN_ROW);
	case TAG_TD:
	case TAG_TH: clear_to_body(h); return open_implied(h, TAG_TR, MODE_IN_ROW);
	case TAG_CAPTION:
	case TAG_COL:
	case TAG_COLGROUP:
	case TAG_TBODY:
	case TAG_TFOOT:
	case TAG_THEAD: return close_table_body(h);
	default: return in_table_start(h, tag);
	}
}

static enum html_again in_table_body_end(struct html *h, const struct html_tag *tag)
{
	switch (tag->id) {
	case TAG_TBODY:
	case TAG_TFOOT:
	case TAG_THEAD:
		if (html_in_table_scope(&h->stack, tag->id)) {
			clear_to_body(h);
			html_pop(h);
			h->mode = MODE_IN_TABLE;
		}
		return DONE;
	case TAG_TABLE: return close_table_body(h);
	default: return in_table_end(h, tag);
	}
}

/* ---- in row ---- */

static enum html_again close_row(struct html *h, enum html_again then)
{
	if (!html_in_table_scope(&h->stack, TAG_TR))
		return DONE;
	clear_to_row(h);
	html_pop(h);
	h->mode = MODE_IN_TABLE_BODY;
	return then;
}

static enum html_again in_row_start(struct html *h, const struct html_tag *tag)
{
	switch (tag->id) {
	case TAG_TD:
	case TAG_TH: clear_to_row(h); return open_part(h, tag, MODE_IN_CELL);
	case TAG_CAPTION:
	case TAG_COL:
	case TAG_COLGROUP:
	case TAG_TBODY:
	case TAG_TFOOT:
	case TAG_THEAD:
	case TAG_TR: return close_row(h, AGAIN);
	default: return in_table_start(h, tag);
	}
}

static enum html_again in_row_end(struct html *h, const struct html_tag *tag)
{
	switch (tag->id) {
	case TAG_TR: return close_row(h, DONE);
	case TAG_TABLE: return close_row(h, AGAIN);
	case TAG_TBODY:
	case TAG_TFOOT:
	case TAG_THEAD: return html_in_table_scope(&h->stack, tag->id) ? close_row(h, AGAIN) : DONE;
	default: return in_table_end(h, tag);
	}
}

/* ---- in cell ---- */

static enum html_again close_cell(struct html *h)
{
	const struct html_stack *s = &h->stack;
	unsigned id = html_stack_find(s, TAG_TD) > html_stack_find(s, TAG_TH) ? TAG_TD : TAG_TH;

	if (!html_in_table_scope(s, id))
		return DONE;
	html_close(h, id);
	html_marker_close(h);
	h->mode = MODE_IN_ROW;
	return AGAIN;
}

static enum html_again in_cell_start(struct html *h, const struct html_tag *tag)
{
	return is_table_part(tag->id) ? close_cell(h) : html_body_start(h, tag);
}

static enum html_again in_cell_end(struct html *h, const struct html_tag *tag)
{
	switch (tag->id) {
	case TAG_TD:
	case TAG_TH:
		if (html_in_table_scope(&h->stack, tag->id)) {
			html_close(h, tag->id);
			html_marker_close(h);
			h->mode = MODE_IN_ROW;
		}
		return DONE;
	case TAG_BODY:
	case TAG_CAPTION:
	case TAG_COL:
	case TAG_COLGROUP:
	case TAG_HTML: return DONE;
	case TAG_TABLE:
	case TAG_TBODY:
	case TAG_TFOOT:
	case TAG_THEAD:
	case TAG_TR: return html_in_table_scope(&h->stack, tag->id) ? close_cell(h) : DONE;
	default: return html_body_end(h, tag);
	}
}

/* ---- the door ---- */

enum html_again html_table_start(struct html *h, const struct html_tag *tag)
{
	switch (h->mode) {
	case MODE_IN_CAPTION: return in_caption_start(h, tag);
	case MODE_IN_COLGROUP: return in_colgroup_start(h, tag);
	case MODE_IN_TABLE_BODY: return in_table_body_start(h, tag);
	case MODE_IN_ROW: return in_row_start(h, tag);
	case MODE_IN_CELL: return in_cell_start(h, tag);
	default: return in_table_start(h, tag);
	}
}

enum html_again html_table_end(struct html *h, const struct html_tag *tag)
{
	switch (h->mode) {
	case MODE_IN_CAPTION: return in_caption_end(h, tag);
	case MODE_IN_COLGROUP: return in_colgroup_end(h, tag);
	case MODE_IN_TABLE_BODY: return in_table_body_end(h, tag);
	case MODE_IN_ROW: return in_row_end(h, tag);
	case MODE_IN_CELL: return in_cell_end(h, tag);
	default: return in_table_end(h, tag);
	}
}
