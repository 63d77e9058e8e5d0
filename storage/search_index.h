/* search_index.h - the full-text index of one crawl, made and kept up to date.
 *
 * In the schema `main` of a connection lie `search`, a contentless FTS5 table (title, headings,
 * text; rowid = fetch.id), and `search_state`, one row that says how far it goes. The crawl lies
 * in `main` too, or, where its file may not be written, in an attached schema.
 *
 * Indexed are answers of the 2xx kind with words in them that are the newest of their URL. Pages
 * that say noindex are not, unless the crawl had --ignore-robots. A step looks at the fetches
 * that came since the last one, takes out what they replace and adds what they are, in one
 * transaction with the mark: after a kill the index is what the mark says.
 *
 * FTS5 is asked with quoted words only and the table holds no text, so the file of a crawl
 * gains nothing that a stock sqlite3 could stumble over but a table it cannot query.
 */
#ifndef SKITTER_STORAGE_SEARCH_INDEX_H
#define SKITTER_STORAGE_SEARCH_INDEX_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/buf.h"
#include "config/err.h"
#include "storage/stored_text.h"

struct search_state {
	bool exists;	 /* there is an index, of this crawl and this version */
	bool live;	 /* the crawl itself keeps it up to date */
	uint64_t upto;	 /* fetches up to this id have been looked at */
	uint64_t last;	 /* the newest fetch */
	uint64_t pages;	 /* in the index */
	uint64_t hidden; /* left out because they say noindex */
};

/* crawl: the schema that holds the crawl's tables. */
int search_index_state(sqlite3 *db, const char *path, const char *crawl, struct search_state *out,
	struct err *err);

struct search_index;

/* Makes the tables where there are none, or none of this crawl and version; the connection has
 * the tokenizer. */
struct search_index *search_index_open(
	sqlite3 *db, const char *path, const char *crawl, struct err *err);
void search_index_close(struct search_index *ix);

/* Looks at up to `fetches` more, or fewer where their text exceeds `bytes`. How many: 0 = the
 * index is up to date; -1 with err. */
int64_t search_index_step(struct search_index *ix, uint64_t fetches, size_t bytes, struct err *err);
const struct search_state *search_index_now(const struct search_index *ix);
/* Says in the file whether the crawl keeps the index up to date. */
int search_index_live(struct search_index *ix, bool live, struct err *err);
/* How many bytes of words are gathered before a segment is written; kept in the file. */
#define SEARCH_INDEX_HASH ((size_t)16 << 20)
int search_index_memory(struct search_index *ix, size_t bytes, struct err *err);

/* The words of a stored page as they were indexed: headings without their level, one a line. */
struct search_words {
	struct buf title, headings, text;
	struct buf body; /* that the text was made of */
};
#define SEARCH_WORDS_INIT                              \
	{                                              \
		BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT \
	}
/* Columns from `at` on: SEARCH_WORDS_COLUMNS. -1: damaged. */
#define SEARCH_WORDS_COLUMNS "f.title, c.headings, " STORED_TEXT_COLUMNS
int search_words_read(struct search_words *w, sqlite3_stmt *s, int at);
void search_words_release(struct search_words *w);

#endif
