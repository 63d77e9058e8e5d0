/* search_query.h - what a person types, as an expression of FTS5.
 *
 *   water spider        pages with both words
 *   "water spider"      the phrase           water OR spider    either
 *   water NOT spider    without              -spider            the same
 *   spid*               words that begin so  (a OR b) c         groups
 *   title:water         only there; also headings: and text:
 *
 * Operators are in capitals, as anything else is a word to look for: and, or, not. Words are
 * given to FTS5 as quoted strings, so no text can reach its own syntax.
 */
#ifndef SKITTER_STORAGE_SEARCH_QUERY_H
#define SKITTER_STORAGE_SEARCH_QUERY_H

#include "config/buf.h"
#include "config/err.h"
#include "storage/search_tok.h"

#define SEARCH_MAX_WORDS 64
#define SEARCH_MAX_DEPTH 16 /* of parentheses */

/* Appends the expression. -1: what is wrong, where, and what to write instead. Words without a
 * letter or digit ("&", an emoji) are left out, and appended to *left_out. */
int search_query_read(struct search_tok *tok, const char *query, struct buf *fts,
	struct buf *left_out, struct err *err);

#endif
