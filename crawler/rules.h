/* rules.h - the robots.txt files in force: kept small, and read while they are needed.
 *
 * A crawl of 10,000 hosts has as many of them, and one may have 500 KiB; read, each takes three
 * times its length. So a file is kept as zstd makes it (a tenth), and what was read of it stays
 * only within a bound for all together: the one that nobody asked for the longest goes, and is read
 * again when it is asked.
 *
 * A rule that forbids is told as a string that lives as long as the book: whoever records it need
 * not care what happened to the file since. Loop thread only.
 */
#ifndef SKITTER_CRAWLER_RULES_H
#define SKITTER_CRAWLER_RULES_H

#include <stddef.h>

#include "config/buf.h"
#include "config/map.h"
#include "crawler/page/robots.h"

struct rules; /* of one host */

struct rulebook {
	const char *agent; /* whom the rules are read for; the owner's */
	size_t most;	   /* bytes that what was read may take; one file is always read */
	size_t read;	   /* and takes */
	size_t packed;	   /* bytes of all files as they are kept */
	struct rules *newest, *oldest; /* of those that are read */
	struct map said;
};

void rulebook_init(struct rulebook *b, const char *agent, size_t most);
void rulebook_release(struct rulebook *b); /* when all rules are freed */

struct rules *rules_make(struct rulebook *b, const char *text, size_t len);
void rules_free(struct rulebook *b, struct rules *r); /* NULL is fine */

/* The rule against the path and query ("Disallow: /private"), or NULL: it may be fetched. */
const char *rules_forbid(struct rulebook *b, struct rules *r, const char *path, size_t len);
/* All that is said; valid until the next call of any function here. */
const struct robots *rules_read(struct rulebook *b, struct rules *r);
void rules_text(const struct rules *r, struct buf *out); /* adds the file itself */

#endif
