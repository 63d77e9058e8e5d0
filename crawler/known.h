/* known.h - URLs met lately, as they were written, with their marks in the seen set.
 *
 * Most links of a page lead where those of the pages before it led, too. What is found here need
 * not be taken apart, folded and looked up in the seen set. A URL counts by a keyed fingerprint,
 * as it does there, and a mark that changes ends all there is: so what is said here is as true.
 * What is not found costs time, nothing else.
 */
#ifndef SKITTER_CRAWLER_KNOWN_H
#define SKITTER_CRAWLER_KNOWN_H

#include <stddef.h>
#include <stdint.h>

#include "config/hash.h"

struct known;

/* A URL by its fingerprint; nothing is found by one of before known_clear. */
struct known_print {
	uint64_t low, high, round;
};

struct known *known_open(const struct hash_key *key);
void known_free(struct known *k);
/* Its place is on the way from memory then: who takes prints of some URLs first, and asks for their
 * marks later, does not wait for it. */
struct known_print known_print(const struct known *k, const char *url, size_t len);
int known_mark(const struct known *k, const struct known_print *p); /* -1: not found */
/* Marks below 256. A long URL is left out, another one may be pushed out. */
void known_add(struct known *k, const struct known_print *p, unsigned mark);
void known_clear(struct known *k);

#endif
