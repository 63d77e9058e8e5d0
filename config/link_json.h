/* link_json.h - the links of a page as one JSON text, the way the database keeps them:
 *
 *   [[target, kind, text, rel], ...]
 *
 * without empty ends; `text` is null where only `rel` is there. A target that begins with '/' is on
 * the origin of the page. Kinds are those of facts_kind_name.
 *
 * The text is made where the links are found, in the parser's process, and is as little
 * trusted as everything that comes from there: link_json_count says whether it is what it
 * should be before the database sees it.
 */
#ifndef SKITTER_CONFIG_LINK_JSON_H
#define SKITTER_CONFIG_LINK_JSON_H

#include <stddef.h>

#include "config/buf.h"
#include "config/facts.h"

struct link_json {
	struct buf *out; /* the caller's; what is added goes behind what is there */
	const char *url; /* of the page */
	size_t origin;	 /* length of scheme://authority in it; 0 = none */
	size_t n;	 /* links added */
	size_t at, len;	 /* where the target added last stands in `out`, without its quotes */
	enum facts_kind kind;
	char kind_json[16]; /* of that kind: a comma and its name */
	size_t kind_len;
};

void link_json_begin(struct link_json *j, struct buf *out, const char *url, size_t url_len);
void link_json_add(struct link_json *j, const struct facts_found *l);
/* The same where the target is plain (text_plain) and roomy (facts.h): l->url and its end, a
 * fragment with its '#' or nothing. Then `len` does not count the end. */
void link_json_add_plain(
	struct link_json *j, const struct facts_found *l, const char *end, size_t end_len);
/* The same for a target that has been added before, but for its end: where it starts and how long
 * it is without a fragment is what `at` and `len` said then. */
void link_json_again(struct link_json *j, size_t at, size_t len, const struct facts_found *l,
	const char *end, size_t end_len);
/* Closes the array; nothing at all where no link was added. */
void link_json_end(struct link_json *j);

/* How many links the text holds; -1 where it is no such array, holds bytes that cannot be in a
 * serialised URL, or text that is no UTF-8. One pass, nothing is unpacked. */
long link_json_count(const char *json, size_t len);

#endif
