/* known.h - URLs met lately, as they were written, with their marks in the seen set.
 *
 * Most links of a page lead where the pages before it led, too. What is found here need not be
 * taken apart, folded and looked up in the seen set. Bytes are compared, and a mark that changes
 * ends all there is: so what is said here is true. What is not found costs time, nothing else.
 */
#ifndef SKITTER_CRAWLER_KNOWN_H
#define SKITTER_CRAWLER_KNOWN_H

#include <stddef.h>
#include <stdint.h>

struct known;

struct known *known_open(uint64_t salt); /* secret: where a URL has its place follows from it */
void known_free(struct known *k);
int known_mark(const struct known *k, const char *url, size_t len); /* -1: not found */
/* Marks below 256. A long URL is left out, another one may be pushed out. */
void known_add(struct known *k, const char *url, size_t len, unsigned mark);
void known_clear(struct known *k);

#endif
