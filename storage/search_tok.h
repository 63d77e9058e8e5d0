/* search_tok.h - how text becomes the words of the search index.
 *
 * An FTS5 tokenizer, "skitter", registered on a connection. Scripts with spaces go through
 * SQLite's own unicode61 (case and diacritics folded; fullwidth forms become plain). In runs of
 * scripts without spaces (search_cjk.h) every character begins a word:
 *
 *   a page   A B C   ->  AB  BC  C      each pair, and the last one alone
 *   a query  A B C   ->  AB  BC         the last one alone only where more follows in the phrase
 *
 * So a phrase of pairs finds any substring of a run from two characters on, at the cost of one
 * word per character; and one single character is asked for as a prefix (search_tok_lone), which
 * finds it wherever it stands.
 *
 * Offsets are bytes of the text given, whatever folding did. Text may be any bytes.
 */
#ifndef SKITTER_STORAGE_SEARCH_TOK_H
#define SKITTER_STORAGE_SEARCH_TOK_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "config/err.h"

/* Counts up whenever the same text gives other words: indexes made before are made anew. */
#define SEARCH_TOK_VERSION 1

/* Makes tokenize='skitter' known to this connection. */
int search_tok_register(sqlite3 *db, const char *path, struct err *err);

/* FTS5's door of a connection; NULL if this SQLite has none. */
fts5_api *search_tok_api(sqlite3 *db);

struct search_tok;

/* A tokenizer of one's own, outside FTS5; of a connection that it is registered on. */
struct search_tok *search_tok_open(sqlite3 *db);
void search_tok_close(struct search_tok *t);

/* As FTS5's xToken: not 0 ends the text. */
typedef int search_word_fn(void *arg, int flags, const char *word, int len, int start, int end);

/* flags: FTS5_TOKENIZE_DOCUMENT or FTS5_TOKENIZE_QUERY. */
int search_tok_run(struct search_tok *t, int flags, const char *text, size_t len,
	search_word_fn *fn, void *arg);

/* Whether the last word of a query is a character of an unspaced script standing alone, which
 * has to be asked for as a prefix. *words: how many there are. */
bool search_tok_lone(struct search_tok *t, const char *text, size_t len, size_t *words);

#endif
