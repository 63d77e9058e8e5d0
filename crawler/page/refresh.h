/* refresh.h - the value of meta http-equiv=refresh and of a Refresh header
 * (WHATWG HTML, "shared declarative refresh steps").
 *
 * Contract: refresh_parse is true when the text makes a browser refresh. `url`
 * points into the text and is not resolved; url_len 0 = the page itself. No
 * allocation, linear time.
 */
#ifndef SKITTER_PAGE_REFRESH_H
#define SKITTER_PAGE_REFRESH_H

#include <stdbool.h>
#include <stddef.h>

struct refresh {
	unsigned long seconds; /* capped at ULONG_MAX */
	const char *url;
	size_t url_len;
};

bool refresh_parse(struct refresh *out, const char *text, size_t len);

#endif
