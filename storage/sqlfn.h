/* sqlfn.h - skitter's own functions in SQL, and what a query may do.
 *
 *   inflate(body, encoding)   the decoded body: text if it is UTF-8, else a blob
 *   url_scheme(u) url_host(u) url_port(u) url_path(u) url_query(u)
 *   url_registrable(u)        example.co.uk
 *   X regexp Y                PCRE2, Y is the pattern; matching is bounded
 */
#ifndef SKITTER_STORAGE_SQLFN_H
#define SKITTER_STORAGE_SQLFN_H

#include "storage/store_read.h"

int sqlfn_register(struct store *st, struct err *err);
/* While on, statements that are prepared may only read. */
void sqlfn_read_only(struct store *st, bool on);

#endif
