/* cmd_crawl.h - what `crawl` and the jobs of `batch` do alike. Main thread. */
#ifndef SKITTER_CRAWLER_CMD_CRAWL_H
#define SKITTER_CRAWLER_CMD_CRAWL_H

#include "config/err.h"
#include "config/settings.h"
#include "crawler/crawl.h"

/* The seeds as the file keeps them (meta `seeds`): one per line; free() it. */
char *crawl_seed_lines(const struct strlist *seeds);

/* Removes FILE.db and what is beside it, for a new crawl. Only a crawl that nobody runs is
 * replaced, and only a skitter file. Nothing there is fine. */
int crawl_remove_old(const char *path, struct err *err);

/* Opens, runs and closes a crawl: a new one of these seeds, or (NULL) the one in the file. The
 * exit status, with the summary printed; -1 and a sentence if it did not begin. Takes `set` over.
 */
int crawl_whole(struct settings *set, const struct strlist *seeds, const struct crawl_watch *watch,
	struct err *err);

#endif
