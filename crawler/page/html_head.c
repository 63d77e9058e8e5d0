/* What the head says: title, lang, base, meta; and the headings of the body. */
#include <string.h>
#include <strings.h>

#include "config/mem.h"
#include "crawler/page/html_impl.h"
#include "crawler/page/html_token.h"

#define MAX_TITLE	2048
#define MAX_DESCRIPTION 4096
#define MAX_LANG	64
#define MAX_HEADING	1024
#define MAX_HEADINGS	(64 * 1024)

/* The decoded value of an attribute in html.scratch; false if it is not there. */
static bool value_of(struct html *h, const struct html_tag *tag, unsigned id)
{
	const struct html_attr *a = html_attr_get(tag, id);

	buf_reset(&h->scratch);
	if (a)
		html_attr_value(a, &h->scratch);
	return a != NULL;
}

bool html_attr_is(struct html *h, const struct html_tag *tag, unsigned id, const char *word)
{
	return value_of(h, tag, id) && h->scratch.len == strlen(word) &&
	       strncasecmp(h->scratch.data, word, h->scratch.len) == 0;
}

void html_lang(struct html *h, const struct html_tag *tag)
{
	if (h->have_lang || !value_of(h, tag, HTML_ATTR_LANG))
		return;
	h->have_lang = true;
	html_text_collapse(&h->lang, h->scratch.data, h->scratch.len, MAX_LANG);
}

/* The first base element with href is the one, whatever it says. */
void html_base(struct html *h, const struct html_tag *tag)
{
	if (h->have_base || html_in_template(h) || !value_of(h, tag, HTML_ATTR_HREF))
		return;
	h->have_base = true;
	buf_add(&h->base, h->scratch.data, h->scratch.len);
}

void html_title_end(struct html *h)
{
	if (!h->title_open)
		return;
	h->title_open = false;
	h->have_title = true;
	buf_reset(&h->scratch);
	html_text_collapse(&h->scratch, h->title.data, h->title.len, MAX_TITLE);
	buf_reset(&h->title);
	buf_add(&h->title, h->scratch.data, h->scratch.len);
}

/* ---- meta ---- */

static const struct {
	const char *word;
	unsigned robots; /* enum facts_robots */
} robots_words[] = {
	{"noindex", ROBOTS_NOINDEX},
	{"nofollow", ROBOTS_NOFOLLOW},
	{"none", ROBOTS_NOINDEX | ROBOTS_NOFOLLOW},
	{"noarchive", ROBOTS_NOARCHIVE},
	{"nosnippet", ROBOTS_NOSNIPPET},
};

/* Words apart by commas or white space; of several elements the strictest holds. */
static unsigned robots_of(const char *s, size_t len)
{
	const char *end = s + len;
	unsigned found = 0;

	while (s < end) {
		const char *w = s;

		while (s < end && *s != ',' && !html_is_space(*s))
			s++;
		for (size_t i = 0; i < MEM_COUNT(robots_words); i++)
			if (strlen(robots_words[i].word) == (size_t)(s - w) &&
				strncasecmp(w, robots_words[i].word, (size_t)(s - w)) == 0)
				found |= robots_words[i].robots;
		if (s < end)
			s++;
	}
	return found;
}

void html_meta(struct html *h, const struct html_tag *tag)
{
	if (!(tag->have & 1u << HTML_ATTR_NAME) || !(tag->have & 1u << HTML_ATTR_CONTENT) ||
		html_in_template(h))
		return;
	if (html_attr_is(h, tag, HTML_ATTR_NAME, "robots") ||
		html_attr_is(h, tag, HTML_ATTR_NAME, "skitter")) {
		value_of(h, tag, HTML_ATTR_CONTENT);
		h->out->f->robots |= robots_of(h->scratch.data, h->scratch.len);
	} else if (!h->have_description && html_attr_is(h, tag, HTML_ATTR_NAME, "description")) {
		value_of(h, tag, HTML_ATTR_CONTENT);
		html_text_collapse(
			&h->description, h->scratch.data, h->scratch.len, MAX_DESCRIPTION);
		h->have_description = h->description.len > 0;
	}
}

/* ---- headings ---- */

void html_heading_open(struct html *h)
{
	if (h->heading_open)
		html_text_slice_close(&h->text);
	h->heading_open = true;
	h->heading_start = html_text_slice_open(&h->text);
}

void html_heading_close(struct html *h, unsigned id)
{
	size_t len;
	const char *s;

	if (!h->heading_open)
		return;
	h->heading_open = false;
	s = html_text_slice(&h->text, h->heading_start, &len);
	if (len && h->headings.len < MAX_HEADINGS) {
		if (h->headings.len)
			buf_add_ch(&h->headings, '\n');
		buf_add_ch(&h->headings, (int)('1' + id - TAG_H1));
		buf_add_ch(&h->headings, ' ');
		html_text_add_slice(&h->headings, s, len, MAX_HEADING);
	} else if (len) {
		h->out->f->flags |= FACTS_CUT_TEXT;
	}
	html_text_slice_close(&h->text);
}
