/* The insertion mode "in body" (HTML 13.2.6.4.7). */
#include "crawler/page/html_impl.h"

static void start_form(struct html *h, const struct html_tag *tag)
{
	bool in_template = html_in_template(h);

	if (h->form_open && !in_template)
		return;
	html_close_p(h);
	html_insert(h, tag, NS_HTML);
	if (!in_template)
		h->form_open = true;
}

void html_close_item(struct html *h, unsigned id)
{
	const struct html_stack *s = &h->stack;
	unsigned one = id == TAG_LI ? TAG_LI : TAG_DD, other = id == TAG_LI ? TAG_LI : TAG_DT;
	unsigned last = html_stack_find(s, one) > html_stack_find(s, other) ? one : other;
	int32_t at = html_stack_find(s, last);

	if (at < 0 || at < html_stack_top(s)->item)
		return;
	html_pop_implied(h, last);
	html_close(h, last);
}

static void start_item(struct html *h, const struct html_tag *tag)
{
	html_close_item(h, tag->id);
	html_close_p(h);
	html_insert(h, tag, NS_HTML);
}

void html_close_heading(struct html *h)
{
	const struct html_open *top = html_stack_top(&h->stack);

	if (top->ns == NS_HTML && html_tags[top->id].start == START_HEADING)
		html_pop(h);
}

static void start_select(struct html *h, const struct html_tag *tag)
{
	if (html_in_scope(&h->stack, TAG_SELECT)) {
		html_close(h, TAG_SELECT);
		return;
	}
	html_reconstruct(h);
	html_insert(h, tag, NS_HTML);
}

static void start_option(struct html *h, const struct html_tag *tag)
{
	if (html_in_scope(&h->stack, TAG_SELECT))
		html_pop_implied(h, tag->id == TAG_OPTION ? TAG_OPTGROUP : TAG_NONE);
	else if (html_top_is(h, TAG_OPTION))
		html_pop(h);
	html_reconstruct(h);
	html_insert(h, tag, NS_HTML);
}

static void start_input(struct html *h, const struct html_tag *tag)
{
	if (html_in_scope(&h->stack, TAG_SELECT))
		html_close(h, TAG_SELECT);
	html_reconstruct(h);
	html_insert_void(h, tag);
	if (!html_attr_is(h, tag, HTML_ATTR_TYPE, "hidden"))
		h->frameset_ok = false;
}

static void start_svg_math(struct html *h, const struct html_tag *tag, enum html_ns ns)
{
	html_reconstruct(h);
	html_insert(h, tag, ns);
	if (tag->self_closing)
		html_pop(h);
}

/* A second body only adds the attributes that the first one lacks. */
static void start_body_again(struct html *h, const struct html_tag *tag)
{
	const struct html_stack *s = &h->stack;
	size_t first = h->nlinks;

	if (s->len < 2 || html_stack_find(s, TAG_BODY) != 1 || html_in_template(h))
		return;
	h->frameset_ok = false;
	html_links(h, tag, NS_HTML);
	html_place_in_body(h, first);
}

/* A frameset replaces the body, and all that was found in it, as long as that was empty to
 * the eye. */
static void start_frameset(struct html *h, const struct html_tag *tag)
{
	if (h->stack.len < 2 || html_stack_find(&h->stack, TAG_BODY) != 1 || !h->frameset_ok)
		return;
	html_anchor_close(h);
	html_pop_to(h, 1);
	h->nlinks = h->body_links;
	html_text_begin(&h->text, h->text.max);
	buf_reset(&h->headings);
	html_insert(h, tag, NS_HTML);
	h->mode = MODE_IN_FRAMESET;
}

static void start_html_again(struct html *h, const struct html_tag *tag)
{
	if (!html_in_template(h))
		html_lang(h, tag);
}

static void start_ruby(struct html *h, const struct html_tag *tag, unsigned except)
{
	if (html_in_scope(&h->stack, TAG_RUBY))
		html_pop_implied(h, except);
	html_insert(h, tag, NS_HTML);
}

static void start_image(struct html *h, const struct html_tag *tag)
{
	struct html_tag img = *tag;

	img.id = TAG_IMG;
	html_reconstruct(h);
	html_insert_void(h, &img);
}

enum html_again html_body_start(struct html *h, const struct html_tag *tag)
{
	switch ((enum html_start)html_tags[tag->id].start) {
	case START_ORDINARY:
		html_reconstruct(h);
		html_insert(h, tag, NS_HTML);
		break;
	case START_A: html_anchor_start(h, tag); break;
	case START_FORMATTING:
		html_reconstruct(h);
		html_format_start(h, tag);
		break;
	case START_NOBR:
		html_reconstruct(h);
		if (html_in_scope(&h->stack, TAG_NOBR)) {
			html_format_end(h, tag);
			html_reconstruct(h);
		}
		html_format_start(h, tag);
		break;
	case START_BLOCK:
	case START_PRE:
		html_close_p(h);
		html_insert(h, tag, NS_HTML);
		break;
	case START_HEADING:
		html_close_p(h);
		html_close_heading(h);
		html_insert(h, tag, NS_HTML);
		break;
	case START_FORM: start_form(h, tag); break;
	case START_LI:
	case START_DD: start_item(h, tag); break;
	case START_PLAINTEXT:
		html_close_p(h);
		html_insert(h, tag, NS_HTML);
		tokenizer_switch(&h->tok, TOKENIZER_PLAINTEXT, "", 0);
		break;
	case START_BUTTON:
		if (html_in_scope(&h->stack, TAG_BUTTON))
			html_close(h, TAG_BUTTON);
		html_reconstruct(h);
		html_insert(h, tag, NS_HTML);
		break;
	case START_TABLE:
		if (!h->quirks)
			html_close_p(h);
		html_insert(h, tag, NS_HTML);
		h->mode = MODE_IN_TABLE;
		break;
	case START_VOID:
		html_reconstruct(h);
		html_insert_void(h, tag);
		break;
	case START_PARAM: html_insert_void(h, tag); break;
	case START_INPUT: start_input(h, tag); break;
	case START_HR:
		html_close_p(h);
		if (html_in_scope(&h->stack, TAG_SELECT))
			html_pop_implied(h, TAG_NONE);
		html_insert_void(h, tag);
		break;
	case START_IMAGE: start_image(h, tag); break;
	case START_TEXTAREA: html_insert_text(h, tag, TOKENIZER_RCDATA); break;
	case START_XMP:
		html_close_p(h);
		html_reconstruct(h);
		html_insert_text(h, tag, TOKENIZER_RAWTEXT);
		break;
	case START_IFRAME:
	case START_RAWTEXT: html_insert_text(h, tag, TOKENIZER_RAWTEXT); break;
	case START_SELECT: start_select(h, tag); break;
	case START_OPTION:
	case START_OPTGROUP: start_option(h, tag); break;
	case START_RB: start_ruby(h, tag, TAG_NONE); break;
	case START_RP: start_ruby(h, tag, TAG_RTC); break;
	case START_MATH: start_svg_math(h, tag, NS_MATHML); break;
	case START_SVG: start_svg_math(h, tag, NS_SVG); break;
	case START_HTML: start_html_again(h, tag); break;
	case START_BODY: start_body_again(h, tag); break;
	case START_FRAMESET: start_frameset(h, tag); break;
	case START_HEAD: return html_head_start(h, tag);
	case START_IGNORE: break;
	}
	return DONE;
}

static void end_form(struct html *h)
{
	bool in_template = html_in_template(h), was_open = h->form_open;

	if (!in_template)
		h->form_open = false;
	if (!(in_template || was_open) || !html_in_scope(&h->stack, TAG_FORM))
		return;
	html_pop_implied(h, TAG_NONE);
	if (in_template || html_top_is(h, TAG_FORM))
		html_close(h, TAG_FORM);
	else /* only the form goes, what is open in it stays */
		html_take_out(h, html_stack_find(&h->stack, TAG_FORM));
}

static void end_heading(struct html *h)
{
	int32_t best = -1;

	for (unsigned id = TAG_H1; id <= TAG_H6; id++)
		if (html_stack_find(&h->stack, id) > best)
			best = html_stack_find(&h->stack, id);
	if (best >= 0 && best >= html_stack_top(&h->stack)->scope) {
		html_pop_implied(h, TAG_NONE);
		html_pop_to(h, best);
	}
}

/* The highest element of that name goes, unless something special is above it. */
void html_end_other(struct html *h, const struct html_tag *tag)
{
	const struct html_stack *s = &h->stack;
	int32_t at = html_stack_find_hash(s, false, tag->id, tag->hash);

	if (at >= 0 && at >= html_stack_top(s)->special)
		html_pop_to(h, at);
}

enum html_again html_body_end(struct html *h, const struct html_tag *tag)
{
	const struct html_stack *s = &h->stack;

	switch ((enum html_end)html_tags[tag->id].end) {
	case END_A:
		html_anchor_close(h);
		html_format_end(h, tag);
		break;
	case END_FORMATTING: html_format_end(h, tag); break;
	case END_ANY: html_end_other(h, tag); break;
	case END_BLOCK:
		if (html_in_scope(s, tag->id)) {
			html_close(h, tag->id);
			if (html_tags[tag->id].flags & TAGF_MARKER)
				html_marker_close(h);
		}
		break;
	case END_FORM: end_form(h); break;
	case END_P:
		if (html_in_button_scope(s, TAG_P))
			html_close(h, TAG_P);
		else
			html_text_gap(&h->text, GAP_BREAK);
		break;
	case END_LI:
		if (html_in_list_scope(s, TAG_LI))
			html_close(h, TAG_LI);
		break;
	case END_DD:
		if (html_in_scope(s, tag->id))
			html_close(h, tag->id);
		break;
	case END_HEADING: end_heading(h); break;
	case END_BR:
		html_reconstruct(h);
		html_text_gap(&h->text, GAP_BREAK);
		h->frameset_ok = false;
		break;
	case END_TEMPLATE: html_template_end(h); break;
	case END_BODY:
	case END_HTML:
		if (html_in_scope(s, TAG_BODY))
			h->mode = MODE_AFTER_BODY;
		break;
	case END_IGNORE:
	case END_IGNORE_HEAD: break;
	}
	return DONE;
}
