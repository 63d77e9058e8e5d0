/* search_int.h - what an open search is made of. For search.c and search_find.c only. */
#ifndef SKITTER_STORAGE_SEARCH_INT_H
#define SKITTER_STORAGE_SEARCH_INT_H

#include <sqlite3.h>

#include "storage/search.h"
#include "storage/search_hits.h"
#include "storage/search_index.h"
#include "storage/search_tok.h"

struct search {
	struct search_opts opts;
	char *path, *beside, *temporary;
	const char *file;  /* which of them holds the index */
	const char *crawl; /* the schema of the crawl's tables in db */
	sqlite3 *db;
	struct search_tok *tok;
	struct search_state now;
	bool running; /* a crawl writes */
	long pid;
};

#endif
