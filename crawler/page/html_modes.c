/* Which insertion mode a token goes to, and the small modes (HTML 13.2.6.4). */
#include <string.h>

#include "config/mem.h"
#include "crawler/page/html_impl.h"
#include "crawler/page/html_token.h"

/* ---- in head, and the template element ---- */

static void start_template(struct html *h, const struct html_tag *tag)
{
	html_insert(h, tag, NS_HTML);
	h->frameset_ok = false;
	h->mode = MODE_IN_TEMPLATE;
	html_template_push(h, MODE_IN_TEMPLATE);
}

void html_template_push(struct html *h, enum html_mode mode)
{
	if (h->ntemplates == h->templates_cap) {
		h->templates_cap = h->templates_cap ? h->templates_cap * 2 : 16;
		h->templates = mem_realloc(h->templates, h->templates_cap);
	}
	h->templates[h->ntemplates++] = (unsigned char)mode;
}

void html_template_end(struct html *h)
{
	if (!html_in_template(h))
		return;
	html_pop_implied_all(h);
	html_close(h, TAG_TEMPLATE);
	html_marker_close(h);
	if (h->ntemplates)
		h->ntemplates--;
	html_reset_mode(h);
}

/* base, basefont, bgsound, link, meta, noframes, script, style, template, title: the start
 * tags that "in head" takes, wherever they stand. */
enum html_again html_head_start(struct html *h, const struct html_tag *tag)
{
	switch (tag->id) {
	case TAG_TITLE:
		h->title_open = !h->have_title && !html_in_template(h);
		html_insert_text(h, tag, TOKENIZER_RCDATA);
		break;
	case TAG_NOFRAMES:
	case TAG_STYLE: html_insert_text(h, tag, TOKENIZER_RAWTEXT); break;
	case TAG_SCRIPT: html_insert_text(h, tag, TOKENIZER_SCRIPT); break;
	case TAG_TEMPLATE: start_template(h, tag); break;
	case TAG_BASE: html_base(h, tag); break;
	default: html_insert_void(h, tag); break;
	}
	return DONE;
}

static enum html_again leave_head(struct html *h)
{
	html_pop(h);
	h->mode = MODE_AFTER_HEAD;
	return AGAIN;
}

static enum html_again in_head_start(struct html *h, const struct html_tag *tag)
{
	if (html_tags[tag->id].start == START_HEAD)
		return html_head_start(h, tag);
	switch (tag->id) {
	case TAG_HTML: return html_body_start(h, tag);
	case TAG_HEAD: return DONE;
	case TAG_NOSCRIPT:
		html_insert(h, tag, NS_HTML);
		h->mode = MODE_IN_HEAD_NOSCRIPT;
		return DONE;
	default: return leave_head(h);
	}
}

static enum html_again in_head_end(struct html *h, const struct html_tag *tag)
{
	switch (tag->id) {
	case TAG_HEAD: leave_head(h); return DONE;
	case TAG_BODY:
	case TAG_HTML:
	case TAG_BR: return leave_head(h);
	case TAG_TEMPLATE: html_template_end(h); return DONE;
	default: return DONE;
	}
}

static enum html_again leave_noscript(struct html *h)
{
	html_pop(h);
	h->mode = MODE_IN_HEAD;
	return AGAIN;
}

static enum html_again in_noscript_start(struct html *h, const struct html_tag *tag)
{
	switch (tag->id) {
	case TAG_HTML: return html_body_start(h, tag);
	case TAG_BASEFONT:
	case TAG_BGSOUND:
	case TAG_LINK:
	case TAG_META:
	case TAG_NOFRAMES:
	case TAG_STYLE: return html_head_start(h, tag);
	case TAG_HEAD:
	case TAG_NOSCRIPT: return DONE;
	default: return leave_noscript(h);
	}
}

/* ---- before the body ---- */

static enum html_again imply_html(struct html *h)
{
	html_insert_implied(h, TAG_HTML);
	h->mode = MODE_BEFORE_HEAD;
	return AGAIN;
}

static enum html_again imply_head(struct html *h)
{
	html_insert_implied(h, TAG_HEAD);
	h->head_seen = true;
	h->mode = MODE_IN_HEAD;
	return AGAIN;
}

static enum html_again imply_body(struct html *h)
{
	h->body_links = h->nlinks;
	html_insert_implied(h, TAG_BODY);
	h->mode = MODE_IN_BODY;
	return AGAIN;
}

static enum html_again initial_start(struct html *h, const struct html_tag *tag)
{
	if (tag->id != TAG_HTML)
		return imply_html(h);
	html_insert(h, tag, NS_HTML);
	html_lang(h, tag);
	h->mode = MODE_BEFORE_HEAD;
	return DONE;
}

static enum html_again before_head_start(struct html *h, const struct html_tag *tag)
{
	if (tag->id == TAG_HTML)
		return html_body_start(h, tag);
	if (tag->id != TAG_HEAD)
		return imply_head(h);
	html_insert(h, tag, NS_HTML);
	h->head_seen = true;
	h->mode = MODE_IN_HEAD;
	return DONE;
}

static enum html_again after_head_start(struct html *h, const struct html_tag *tag)
{
	switch (tag->id) {
	case TAG_HTML: return html_body_start(h, tag);
	case TAG_HEAD: return DONE;
	case TAG_BODY:
		h->body_links = h->nlinks;
		html_insert(h, tag, NS_HTML);
		h->frameset_ok = false;
		h->mode = MODE_IN_BODY;
		return DONE;
	case TAG_FRAMESET:
		html_insert(h, tag, NS_HTML);
		h->mode = MODE_IN_FRAMESET;
		return DONE;
	default:
		if (html_tags[tag->id].start != START_HEAD)
			return imply_body(h);
	}
	/* It goes into the head, which is on the stack only while it is put there. */
	return html_head_start(h, tag);
}

/* ---- in template, after body, framesets ---- */

static enum html_again in_template_start(struct html *h, const struct html_tag *tag)
{
	enum html_mode mode;

	switch (tag->id) {
	case TAG_CAPTION:
	case TAG_COLGROUP:
	case TAG_TBODY:
	case TAG_TFOOT:
	case TAG_THEAD: mode = MODE_IN_TABLE; break;
	case TAG_COL: mode = MODE_IN_COLGROUP; break;
	case TAG_TR: mode = MODE_IN_TABLE_BODY; break;
	case TAG_TD:
	case TAG_TH: mode = MODE_IN_ROW; break;
	default:
		if (html_tags[tag->id].start == START_HEAD)
			return html_head_start(h, tag);
		mode = MODE_IN_BODY;
	}
	h->templates[h->ntemplates - 1] = (unsigned char)mode;
	h->mode = mode;
	return AGAIN;
}

static enum html_again in_frameset_start(struct html *h, const struct html_tag *tag)
{
	switch (tag->id) {
	case TAG_HTML: return html_body_start(h, tag);
	case TAG_FRAMESET: html_insert(h, tag, NS_HTML); break;
	case TAG_FRAME: html_insert_void(h, tag); break;
	case TAG_NOFRAMES: return html_head_start(h, tag);
	default: break;
	}
	return DONE;
}

static enum html_again in_frameset_end(struct html *h, const struct html_tag *tag)
{
	if (tag->id != TAG_FRAMESET || h->stack.len == 1)
		return DONE;
	html_pop(h);
	if (!html_top_is(h, TAG_FRAMESET))
		h->mode = MODE_AFTER_FRAMESET;
	return DONE;
}

static enum html_again after_body(struct html *h)
{
	h->mode = MODE_IN_BODY;
	return AGAIN;
}

/* ---- the doors ---- */

static enum html_again start_in_mode(struct html *h, const struct html_tag *tag)
{
	switch (h->mode) {
	case MODE_INITIAL: return initial_start(h, tag);
	case MODE_BEFORE_HEAD: return before_head_start(h, tag);
	case MODE_IN_HEAD: return in_head_start(h, tag);
	case MODE_IN_HEAD_NOSCRIPT: return in_noscript_start(h, tag);
	case MODE_AFTER_HEAD: return after_head_start(h, tag);
	case MODE_IN_BODY: return html_body_start(h, tag);
	case MODE_IN_TABLE:
	case MODE_IN_CAPTION:
	case MODE_IN_COLGROUP:
	case MODE_IN_TABLE_BODY:
	case MODE_IN_ROW:
	case MODE_IN_CELL: return html_table_start(h, tag);
	case MODE_IN_TEMPLATE: return in_template_start(h, tag);
	case MODE_AFTER_BODY: return tag->id == TAG_HTML ? html_body_start(h, tag) : after_body(h);
	case MODE_IN_FRAMESET: return in_frameset_start(h, tag);
	case MODE_AFTER_FRAMESET:
		if (tag->id == TAG_NOFRAMES)
			return html_head_start(h, tag);
		return tag->id == TAG_HTML ? html_body_start(h, tag) : DONE;
	case MODE_TEXT: break;
	}
	return DONE;
}

__attribute__((noinline)) static void start_anywhere(struct html *h, const struct html_tag *tag)
{
	if (html_in_foreign(h) && html_is_foreign(h, tag) && html_foreign_start(h, tag) == DONE)
		return;
	while (start_in_mode(h, tag) == AGAIN)
		;
}

/* End tags before the body: head, body, html and br open what is missing, others are
 * nothing. */
static enum html_again early_end(struct html *h, const struct html_tag *tag)
{
	bool counts = tag->id == TAG_BODY || tag->id == TAG_HTML || tag->id == TAG_BR ||
		      (tag->id == TAG_HEAD && h->mode != MODE_AFTER_HEAD);

	if (h->mode == MODE_AFTER_HEAD && tag->id == TAG_TEMPLATE)
		html_template_end(h);
	if (!counts)
		return DONE;
	return h->mode == MODE_INITIAL	     ? imply_html(h)
	       : h->mode == MODE_BEFORE_HEAD ? imply_head(h)
					     : imply_body(h);
}

static enum html_again end_in_mode(struct html *h, const struct html_tag *tag)
{
	switch (h->mode) {
	case MODE_INITIAL:
	case MODE_BEFORE_HEAD:
	case MODE_AFTER_HEAD: return early_end(h, tag);
	case MODE_IN_HEAD: return in_head_end(h, tag);
	case MODE_IN_HEAD_NOSCRIPT:
		if (tag->id == TAG_NOSCRIPT)
			leave_noscript(h);
		return tag->id == TAG_BR ? leave_noscript(h) : DONE;
	case MODE_IN_BODY: return html_body_end(h, tag);
	case MODE_TEXT:
		html_title_end(h);
		html_pop(h);
		h->mode = h->text_from;
		return DONE;
	case MODE_IN_TABLE:
	case MODE_IN_CAPTION:
	case MODE_IN_COLGROUP:
	case MODE_IN_TABLE_BODY:
	case MODE_IN_ROW:
	case MODE_IN_CELL: return html_table_end(h, tag);
	case MODE_IN_TEMPLATE:
		if (tag->id == TAG_TEMPLATE)
			html_template_end(h);
		return DONE;
	case MODE_AFTER_BODY:
		return tag->id == TAG_HTML || tag->id == TAG_BODY ? DONE : after_body(h);
	case MODE_IN_FRAMESET: return in_frameset_end(h, tag);
	case MODE_AFTER_FRAMESET: break;
	}
	return DONE;
}

__attribute__((noinline)) static void end_anywhere(struct html *h, const struct html_tag *tag)
{
	if (html_in_foreign(h) && html_is_foreign(h, tag) && html_foreign_end(h, tag) == DONE)
		return;
	while (end_in_mode(h, tag) == AGAIN)
		;
}

/* Whether it is the end tag of the current node and only closes it, which is then done: nearly
 * all are. */
static inline bool end_of_current(struct html *h, unsigned id)
{
	return html_top_is(h, id) && (h->mode == MODE_IN_BODY || h->mode == MODE_IN_CELL) &&
	       html_end_of_top(h, id, html_tags[id].flags);
}

void html_tag(struct html *h, const struct html_tag *tag)
{
	if (h->watch)
		h->watch(h->watch_arg, tag, html_in_foreign(h));
	if (tag->end) {
		if (!end_of_current(h, tag->id))
			end_anywhere(h, tag);
	} else if (h->mode != MODE_IN_BODY || html_in_foreign(h)) {
		start_anywhere(h, tag);
	} else {
		html_body_start(h, tag);
	}
	h->tok.cdata = html_in_foreign(h);
}

/* ---- text ---- */

static bool is_blank(const char *s, size_t len)
{
	while (len && (html_is_space(*s) || *s == '\0')) {
		s++;
		len--;
	}
	return len == 0;
}

/* Text opens the body, or ends what cannot hold it. True = it is in the body. */
static bool text_in_mode(struct html *h)
{
	for (;;) {
		switch (h->mode) {
		case MODE_INITIAL: imply_html(h); break;
		case MODE_BEFORE_HEAD: imply_head(h); break;
		case MODE_IN_HEAD: leave_head(h); break;
		case MODE_IN_HEAD_NOSCRIPT: leave_noscript(h); break;
		case MODE_AFTER_HEAD: imply_body(h); break;
		case MODE_AFTER_BODY: after_body(h); break;
		case MODE_IN_COLGROUP:
			if (html_colgroup_close(h, AGAIN) == AGAIN)
				break;
			return false;
		case MODE_IN_FRAMESET:
		case MODE_AFTER_FRAMESET: return false;
		default: return true;
		}
	}
}

static bool is_body_mode(enum html_mode mode)
{
	static const unsigned body = 1u << MODE_IN_BODY | 1u << MODE_IN_TABLE |
				     1u << MODE_IN_CAPTION | 1u << MODE_IN_TABLE_BODY |
				     1u << MODE_IN_ROW | 1u << MODE_IN_CELL |
				     1u << MODE_IN_TEMPLATE;

	return body >> mode & 1;
}

static void text_of_element(struct html *h, const char *s, size_t len)
{
	if (h->title_open && h->title.len < HTML_SLICE_MAX)
		buf_add(&h->title, s, len);
	else if (html_top_is(h, TAG_XMP) && !h->hidden)
		html_text_add(&h->text, s, len, h->tok.room);
}

static bool is_table_mode(enum html_mode mode)
{
	return mode == MODE_IN_TABLE || mode == MODE_IN_TABLE_BODY || mode == MODE_IN_ROW;
}

/* White space between the rows of a table stays there, other text goes before it. */
static void reopen_for_text(struct html *h, const char *s, size_t len)
{
	bool in_table = is_table_mode(h->mode);

	if (in_table && html_is_table_part(html_stack_top(&h->stack)) && is_blank(s, len))
		return;
	h->fostering = in_table;
	html_format_reopen(h);
	h->fostering = false;
}

/* Text where it may change something: outside of the body, at its start, within a block that cut an
 * element short. */
__attribute__((noinline)) static void chars_anywhere(struct html *h, const char *s, size_t len)
{
	if (h->mode == MODE_TEXT) {
		text_of_element(h, s, len);
		return;
	}
	if (!is_body_mode(h->mode) || h->frameset_ok) {
		bool blank = is_blank(s, len);

		if (blank && !is_body_mode(h->mode)) {
			html_text_gap(&h->text, GAP_SPACE);
			if (h->mode != MODE_AFTER_BODY)
				return;
		} else if (!text_in_mode(h)) {
			return;
		}
		h->frameset_ok &= blank;
	}
	if (html_is_cut_short(h) && html_stack_top(&h->stack)->ns == NS_HTML)
		reopen_for_text(h, s, len);
	if (!h->hidden)
		html_text_add(&h->text, s, len, h->tok.room);
}

void html_chars(struct html *h, const char *s, size_t len)
{
	if (!is_body_mode(h->mode) || h->frameset_ok || html_is_cut_short(h)) {
		chars_anywhere(h, s, len);
		return;
	}
	if (h->hidden)
		return;
	/* Half of all text is the newline between two tags. */
	if (len == 1 && *s == '\n')
		html_text_gap(&h->text, GAP_SPACE);
	else
		html_text_add(&h->text, s, len, h->tok.room);
}
