#include "storage/stored_text.h"

#include <zstd.h>

#include "storage/db.h"
#include "storage/pieces.h"

bool stored_text_is_pieces(const struct stored_text *t)
{
	return t->blob && pieces_are(t->data, t->len);
}

struct stored_text stored_text_column(sqlite3_stmt *s, int at)
{
	struct stored_text t = {.blob = sqlite3_column_type(s, at) == SQLITE_BLOB};

	t.data = sqlite3_column_blob(s, at);
	t.len = t.data ? (size_t)sqlite3_column_bytes(s, at) : 0;
	t.body_packed = sqlite3_column_int(s, at + 1) != 0;
	t.body = sqlite3_column_blob(s, at + 2);
	t.body_len = t.body ? (size_t)sqlite3_column_bytes(s, at + 2) : 0;
	return t;
}

int stored_text_read(const struct stored_text *t, struct buf *scratch, struct buf *out)
{
	if (!t->blob) {
		buf_add(out, t->data, t->len);
		return 0;
	}
	if (!stored_text_is_pieces(t))
		return ZSTD_getFrameContentSize(t->data, t->len) > PIECES_MAX
			       ? -1
			       : db_unzstd(t->data, t->len, out);
	if (!t->body_packed)
		return pieces_read(t->data, t->len, t->body, t->body_len, out);
	buf_reset(scratch);
	if (db_unzstd(t->body, t->body_len, scratch) < 0)
		return -1;
	return pieces_read(t->data, t->len, scratch->data, scratch->len, out);
}
