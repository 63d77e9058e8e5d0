/* linkers.h - which pages link to a URL: a scan of the packed links.
 *
 * The packed text is searched for the URL's bytes first (memmem, gigabytes a second);
 * only pages where they occur are unpacked.
 */
#ifndef SKITTER_STORAGE_LINKERS_H
#define SKITTER_STORAGE_LINKERS_H

#include "storage/store_read.h"

/* Fills in linkers, nlinkers (at most max) and more_linkers. A link to url#fragment is a
 * link to url. */
int linkers_find(
	struct store *st, const char *url, size_t max, struct store_verdict *v, struct err *err);

#endif
