/* search_hits.h - where on a page the words of a query stand, and the piece of text to show.
 *
 * The index says the places by number of word; reading the text again with the same tokenizer
 * gives the bytes. That keeps the index without text, and the marks right in any script.
 */
#ifndef SKITTER_STORAGE_SEARCH_HITS_H
#define SKITTER_STORAGE_SEARCH_HITS_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "config/buf.h"
#include "config/err.h"
#include "storage/search.h"
#include "storage/search_index.h"
#include "storage/search_tok.h"

/* The SQL function skitter_hits(search): a blob of struct search_place, at most SEARCH_PLACES. */
#define SEARCH_PLACES 2000
struct search_place {
	uint32_t phrase; /* of the query */
	uint32_t column; /* 0 title, 1 headings, 2 text */
	uint32_t word;	 /* the first one of the column that is meant */
	uint32_t words;
	uint32_t lone; /* of the last of them, a pair of characters, only the first was asked for */
};
/* Sets `lone`: which phrases of an expression (search_query.h) end in a single character. */
void search_hits_lone(
	struct search_tok *tok, const char *fts, struct search_place *places, size_t n);
int search_hits_register(sqlite3 *db, const char *path, struct err *err);

/* Fills title and snippet of hit from the page's words. Owned by hit: search_hit_release. */
void search_hits_show(struct search_tok *tok, const struct search_words *words,
	const struct search_place *places, size_t n, struct search_hit *hit);
void search_hit_release(struct search_hit *hit);

#endif
