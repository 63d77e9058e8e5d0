/* pack.h - the work on an item that needs no database: digests, zstd, links as JSON.
 *
 * Pure: an item in, item->packed out. Any thread; packers are shared and lend each caller
 * a set of contexts, so that no context is ever made per page.
 *
 * What is stored: an identity body by zstd level 1 if that makes it smaller, else as it is;
 * a body the server compressed, as it came. Text as pieces of an identity body that is stored
 * (pieces.h) if that takes a third at most, else by zstd likewise. The wire digest is of the bytes
 * as received; for an identity body it also stands in for a missing digest of the parser.
 */
#ifndef SKITTER_STORAGE_PACK_H
#define SKITTER_STORAGE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/buf.h"
#include "storage/store.h"

struct packers;

struct store_packed {
	struct store *store; /* so that a task of the pool needs one pointer */
	struct store_item *item;
	bool done;	   /* pack_item has run */
	const char *links; /* JSON, in the facts or in made_links */
	size_t links_len;  /* 0 = no links */
	uint32_t nlinks;
	struct buf made_links;
	void *body; /* NULL = store item->body as it is */
	size_t body_len;
	void *text; /* NULL = store the text as it is */
	size_t text_len;
	bool has_digests;
	bool same_digest; /* wire == digest */
	uint8_t digest[32];
	bool has_digest;
	uint8_t wire[32];
};

struct packers *packers_open(bool store_bodies);
void packers_close(struct packers *ps); /* NULL is fine */

void pack_begin(struct store *st, struct store_item *item); /* makes item->packed */
void pack_item(struct packers *ps, struct store_item *item);
void pack_free(struct store_item *item);

#endif
