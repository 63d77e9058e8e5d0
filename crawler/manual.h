/* manual.h - the manual, generated from the command table and the settings table.
 *
 * Pages: skitter(1), skitter-COMMAND(1) for every command, skitter.yaml(5).
 */
#ifndef SKITTER_CRAWLER_MANUAL_H
#define SKITTER_CRAWLER_MANUAL_H

#include "config/buf.h"

/* The name of every page as its file is called ("skitter-crawl.1"), one per line. */
void manual_list(struct buf *out);
/* One page as man(7) source. `name` is a file name of the list, a page without its section, or a
 * command; NULL is skitter(1). -1 = there is no such page. */
int manual_page(struct buf *out, const char *name);

#endif
