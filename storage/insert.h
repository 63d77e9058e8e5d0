/* insert.h - items to rows: the prepared statements of the writer.
 *
 * insert_item writes all of one item inside the caller's transaction. Thread: that of the
 * connection. After an error the transaction is the caller's to roll back.
 */
#ifndef SKITTER_STORAGE_INSERT_H
#define SKITTER_STORAGE_INSERT_H

#include <sqlite3.h>
#include <stdbool.h>

#include "config/err.h"
#include "storage/store.h"

struct insert;

/* NULL and a sentence if a statement cannot be prepared. `path` must outlive it. */
struct insert *insert_open(sqlite3 *db, const char *path, bool store_bodies, struct err *err);
void insert_close(struct insert *in); /* NULL is fine */

int insert_begin(struct insert *in, struct err *err);
int insert_item(struct insert *in, const struct store_item *item, struct err *err);
int insert_commit(struct insert *in, struct err *err);
void insert_rollback(struct insert *in);

#endif
