/* SVG and MathML (HTML 13.2.6.5, and the choice at the top of 13.2.6). */
#include "crawler/page/html_impl.h"

static bool is_text_point(const struct html_open *e)
{
	return e->ns == NS_MATHML && (e->id == TAG_MI || e->id == TAG_MO || e->id == TAG_MN ||
					     e->id == TAG_MS || e->id == TAG_MTEXT);
}

bool html_is_foreign(const struct html *h, const struct html_tag *tag)
{
	const struct html_open *e = html_stack_top(&h->stack);

	if (tag->end)
		return true;
	if (e->html_point)
		return false;
	if (is_text_point(e))
		return tag->id == TAG_MGLYPH || tag->id == TAG_MALIGNMARK;
	return !(e->ns == NS_MATHML && e->id == TAG_ANNOTATION_XML && tag->id == TAG_SVG);
}

/* An HTML tag that cannot be in there: the foreign elements are closed. */
static void break_out(struct html *h)
{
	for (;;) {
		const struct html_open *e = html_stack_top(&h->stack);

		if (e->ns == NS_HTML || e->html_point || is_text_point(e))
			return;
		html_pop(h);
	}
}

static bool breaks_out(const struct html_tag *tag)
{
	if (tag->id == TAG_FONT)
		return tag->have &
		       (1u << HTML_ATTR_COLOR | 1u << HTML_ATTR_FACE | 1u << HTML_ATTR_SIZE);
	return html_tags[tag->id].flags & TAGF_BREAKOUT;
}

enum html_again html_foreign_start(struct html *h, const struct html_tag *tag)
{
	enum html_ns ns = html_stack_top(&h->stack)->ns;

	if (breaks_out(tag)) {
		break_out(h);
		return AGAIN;
	}
	html_insert(h, tag, ns);
	if (tag->self_closing)
		html_pop(h);
	else if (ns == NS_MATHML && tag->id == TAG_ANNOTATION_XML)
		html_stack_top(&h->stack)->html_point =
			html_attr_is(h, tag, HTML_ATTR_ENCODING, "text/html") ||
			html_attr_is(h, tag, HTML_ATTR_ENCODING, "application/xhtml+xml");
	return DONE;
}

enum html_again html_foreign_end(struct html *h, const struct html_tag *tag)
{
	int32_t at;

	if (tag->id == TAG_BR || tag->id == TAG_P) {
		break_out(h);
		return AGAIN;
	}
	/* Only foreign elements above the nearest HTML one are in reach. */
	at = html_stack_find_hash(&h->stack, true, tag->id, tag->hash);
	if (at < 0 || at < html_stack_top(&h->stack)->html)
		return AGAIN;
	html_pop_to(h, at);
	return DONE;
}
