/* cmd_why.h - between the two files of `skitter why`. */
#ifndef SKITTER_CRAWLER_CMD_WHY_H
#define SKITTER_CRAWLER_CMD_WHY_H

#include "config/buf.h"
#include "config/err.h"
#include "crawler/page/url.h"
#include "storage/store_read.h"

/* "  name        text", the text escaped. */
void why_line(struct buf *out, const char *name, const char *text);

/* Looks for the fingerprint of a URL among the refusals that have no row of their own. */
int why_by_key(struct store *st, const char *href, struct store_verdict *v, struct err *err);

/* Another spelling that counts as the same page and is known (one pass over all URLs), or
 * NULL; free() it. */
char *why_twin(struct store *st, const struct url *u);

/* What can be said of a URL without a row; u NULL = `text` is no URL. */
void why_unknown(struct buf *out, struct store *st, const char *text, const struct url *u);

#endif
