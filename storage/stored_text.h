/* stored_text.h - the main text of a page as it is kept in `content`, and back.
 *
 * A value of type text is the text itself. A blob is a zstd frame or, where it begins with
 * PIECES_MARK, the pieces of the page's own body (pieces.h), which has to be at hand.
 */
#ifndef SKITTER_STORAGE_STORED_TEXT_H
#define SKITTER_STORAGE_STORED_TEXT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "config/buf.h"

/* Three columns of `content` (as c) for stored_text_column: the body only where it is needed. */
#define STORED_TEXT_COLUMNS \
	"c.text, c.packed, case when substr(c.text, 1, 1) = x'50' then c.body end"

struct stored_text {
	const void *data;
	size_t len;
	bool blob;
	const void *body; /* as stored */
	size_t body_len;
	bool body_packed; /* by us, zstd */
};

bool stored_text_is_pieces(const struct stored_text *t);
/* Columns at, at + 1, at + 2. Pointers live as long as the row. */
struct stored_text stored_text_column(sqlite3_stmt *s, int at);
/* Appends the text to out; -1: damaged. `scratch` takes the body where it has to be unpacked. */
int stored_text_read(const struct stored_text *t, struct buf *scratch, struct buf *out);

#endif
