/* html_token.h - reading one tag or DOCTYPE out of a buffer. Private to html_tokenizer.c,
 * html_tag.c and html_doctype.c. */
#ifndef SKITTER_PAGE_HTML_TOKEN_H
#define SKITTER_PAGE_HTML_TOKEN_H

#include "crawler/page/html_tokenizer.h"

static inline bool html_is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\f' || c == '\r';
}

static inline bool html_is_alpha(char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26;
}

static inline char html_lower(char c)
{
	return (unsigned char)(c - 'A') < 26 ? (char)(c + 32) : c;
}

/* Reads a tag whose name starts at p. The byte after its '>', or NULL when the end is
 * not in the buffer. Attributes are left in t->attrs. */
const char *html_tag_read(
	struct tokenizer *t, const char *p, const char *end, struct html_tag *tag);

/* Reads a DOCTYPE, p being behind that word, into t->doctype. The byte after its '>', or NULL
 * when there is none; with `final` end, and what is there is taken. */
const char *html_doctype_read(struct tokenizer *t, const char *p, const char *end, bool final);

#endif
