/* css.h - the URLs of a style sheet: url(...) and the strings of @import (CSS Syntax 4.3, 5.4).
 *
 * Contract: css_begin over text that stays alive, css_next until it says false. What is given
 * are slices of the text, without quotes and parentheses, escapes still in them; css_unescape
 * appends what they stand for. Comments and other strings are passed over, a string or url() that
 * is broken, too. No allocation but for css_unescape's buffer, linear time.
 */
#ifndef SKITTER_PAGE_CSS_H
#define SKITTER_PAGE_CSS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/buf.h"

struct css {
	const char *p, *end;
	const char *text;
	bool import; /* behind @import: a string is a URL */
};

struct css_url {
	size_t at, len; /* in the text */
};

void css_begin(struct css *c, const char *text, size_t len);
bool css_next(struct css *c, struct css_url *out);
void css_unescape(struct buf *out, const char *raw, size_t len);

#endif
