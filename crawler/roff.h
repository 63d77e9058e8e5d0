/* roff.h - words of man(7), for manual.c. Text is escaped: no line of it can become a request, and
 * dashes stay dashes when a command is copied from the page. */
#ifndef SKITTER_CRAWLER_ROFF_H
#define SKITTER_CRAWLER_ROFF_H

#include <stddef.h>

#include "config/buf.h"

void roff_title(struct buf *out, const char *page, int section);
void roff_section(struct buf *out, const char *name); /* in capitals */
void roff_part(struct buf *out, const char *name);    /* below a section */
void roff_paragraph(struct buf *out, const char *text);
/* Lines shown as they are: commands, files. */
void roff_verbatim(struct buf *out, const char *lines);

/* An item of a list: the label (words that are typed are bold, placeholders italic), then text.
 * `more` and `note` are lines of their own below; either may be NULL. */
void roff_item(
	struct buf *out, const char *label, const char *text, const char *more, const char *note);
/* "skitter(1), skitter-crawl(1)" at the end of the page. */
void roff_see_also(struct buf *out, const char *const *pages, size_t n);

/* The pieces: text with its escapes, and a label's two faces. */
void roff_text(struct buf *out, const char *text, size_t len);
void roff_label(struct buf *out, const char *label);

#endif
