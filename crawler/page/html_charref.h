/* html_charref.h - character references (WHATWG HTML 13.2.5.72 and on).
 *
 * Contract: pure functions over UTF-8 text, nothing allocated. The table is the
 * standard's list of named references.
 */
#ifndef SKITTER_PAGE_HTML_CHARREF_H
#define SKITTER_PAGE_HTML_CHARREF_H

#include <stdbool.h>
#include <stddef.h>

struct charref {
	char text[8]; /* what it stands for, UTF-8 */
	size_t len;
};

#define CHARREF_CUT SIZE_MAX

/* Reads the reference at p (which points at '&'). Returns the bytes it takes, 0 when
 * the ampersand stands for itself, or CHARREF_CUT when more text is needed to
 * know (never if `final`). In attributes a name without semicolon before '=' or
 * an ASCII letter or digit is no reference. */
size_t charref_read(
	const char *p, const char *end, bool final, bool in_attribute, struct charref *out);

#endif
