/* export_source.h - from what the user selects to a statement. For this room only.
 *
 * The columns of an export come from the pages view, or from the user's own SELECT. With
 * `with_id` the pages view has one column more, page_id: fetch.id, which leads to the body.
 */
#ifndef SKITTER_STORAGE_EXPORT_SOURCE_H
#define SKITTER_STORAGE_EXPORT_SOURCE_H

#include <sqlite3.h>

#include "storage/export.h"
#include "storage/query.h"

/* select COLUMNS from what is selected [and CONDITION] [ORDER]; NULL with err. Between
 * export_begin and export_end. */
sqlite3_stmt *export_rows(
	struct store *st, const char *columns, const struct export_opts *opts, struct err *err);
sqlite3_stmt *export_pages(struct store *st, const char *columns, const char *condition,
	const char *order, const struct export_opts *opts, struct err *err);

/* An export on its way: begin opens its moment of the file (query_begin), with sorting on disk,
 * and watches it for opts; rows are counted by the caller. */
struct export_watch {
	struct store *st;
	const struct export_opts *opts;
	uint64_t rows;
};
int export_begin(
	struct export_watch *w, struct store *st, const struct export_opts *opts, struct err *err);
void export_end(struct export_watch *w);

#endif
