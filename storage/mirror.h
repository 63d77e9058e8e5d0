/* mirror.h - which file a URL has become: the memory of an export of files.
 *
 * A scratch database on disk, gone with its closing: a million pages take no memory. It holds
 *   names    what a name is already: nothing, a folder, a file;
 *   targets  where a URL leads: to a file, or by a redirect to another URL. URLs are known
 *            by 64-bit keys;
 *   pages    the files to be written, in the order in which they were put.
 *
 * And the reading side of the crawl that goes with it. Errors: -1 and a sentence. One thread.
 */
#ifndef SKITTER_STORAGE_MIRROR_H
#define SKITTER_STORAGE_MIRROR_H

#include <stdint.h>

#include "config/buf.h"
#include "config/err.h"
#include "storage/export.h"
#include "storage/store_read.h"

struct mirror;

struct mirror *mirror_open(struct err *err);
void mirror_close(struct mirror *m); /* NULL is fine */

enum mirror_name { NAME_NOTHING, NAME_FOLDER, NAME_FILE };

int mirror_name_get(
	struct mirror *m, const struct buf *name, enum mirror_name *what, struct err *err);
int mirror_name_put(
	struct mirror *m, const struct buf *name, enum mirror_name what, struct err *err);

/* A later word on the same key is not heard. */
int mirror_put_redirect(struct mirror *m, uint64_t key, uint64_t to, struct err *err);
int mirror_put_page(
	struct mirror *m, uint64_t key, int64_t page_id, const char *path, struct err *err);
/* The file that the key leads to, over redirects; 1 and appended, 0 = none. */
int mirror_find(struct mirror *m, uint64_t key, struct buf *path, struct err *err);

/* The next page behind `after` (0 = the first): 1, or 0 at the end. *path is reset first. */
int mirror_next_page(struct mirror *m, int64_t *after, struct buf *path, struct err *err);

/* ---- the crawl ---- */

/* fn: 0, or -1 to stop with a sentence. */
typedef int store_redirect_fn(void *arg, const char *url, const char *to, struct err *err);
int store_each_redirect(struct store *st, store_redirect_fn *fn, void *arg,
	const struct export_opts *opts, struct err *err);

/* Selected pages that were answered with 200 and whose body is stored, as they came. */
typedef int store_page_fn(
	void *arg, int64_t page_id, const char *url, const char *content_type, struct err *err);
int store_each_page(struct store *st, store_page_fn *fn, void *arg, const struct export_opts *opts,
	struct err *err);

/* One of them: body, coding, content_type, and the URL, which is appended. */
int store_page_body(struct store *st, int64_t page_id, struct store_body *out, struct buf *url,
	struct err *err);

#endif
