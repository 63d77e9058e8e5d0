/* robots_match.h - one rule against one path; inside robots*.c only.
 *
 * Both sides are brought to one form first (RFC 9309, 2.2.2): escapes of unreserved
 * characters are decoded, other escapes get upper-case digits, and what may not stand raw
 * in a URL is escaped. In a pattern ROBOTS_STAR stands for "*" and the final "$" is gone;
 * no other byte below 0x21 or above 0x7e is left in either.
 *
 * "%2A" and "%24" in a pattern mean the characters themselves (2.2.3), which a URL may
 * hold raw or escaped: a pattern with one of them is `folded`, and is compared with a
 * path in which these two escapes are decoded.
 */
#ifndef SKITTER_PAGE_ROBOTS_MATCH_H
#define SKITTER_PAGE_ROBOTS_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "config/buf.h"

#define ROBOTS_STAR '\x01'

struct robots_pattern {
	size_t off, len; /* in the buffer it was added to */
	size_t octets;	 /* what decides between rules: length with stars and the final "$" */
	bool end;	 /* "$": the path ends here */
	bool folded;
};

/* Appends the normal form of a rule's path to out. */
struct robots_pattern robots_pattern_add(const char *path, size_t len, struct buf *out);

/* Appends the normal form of a URL's path and query. */
void robots_path_add(const char *path, size_t len, bool folded, struct buf *out);

bool robots_pattern_match(
	const char *pattern, size_t pattern_len, bool end, const char *path, size_t path_len);

#endif
