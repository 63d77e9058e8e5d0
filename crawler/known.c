#include "crawler/known.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"

#define PLACES	 16384 /* 272 KiB: a core's own cache holds it */
#define LONGEST	 256
#define WORDS	 (LONGEST / 8)
#define NO_ROUND UINT64_MAX

/* NH, the hash inside UMAC (RFC 4418), with words of 64 bits: fingerprints of two texts are the
 * same with a chance of 2^-64, whoever has chosen them, as long as nobody knows the key. It takes a
 * tenth of SipHash's time, but it needs a key as long as the text. */
struct print {
	uint64_t low, high;
};

struct known {
	uint64_t key[2 + WORDS];
	uint64_t round;		     /* part of what is hashed: goes up when all is forgotten */
	struct print places[PLACES]; /* all zero = empty */
	uint8_t marks[PLACES];
};

struct known *known_open(const struct hash_key *key)
{
	struct known *k = mem_zalloc(sizeof(*k));

	for (uint64_t i = 0; i < MEM_COUNT(k->key); i++)
		k->key[i] = hash_bytes(key, &i, sizeof(i));
	return k;
}

void known_free(struct known *k)
{
	free(k);
}

__extension__ typedef unsigned __int128 sum;

static inline sum pair(const uint64_t *key, uint64_t a, uint64_t b)
{
	return (sum)(a + key[0]) * (b + key[1]);
}

static sum hash(const struct known *k, const char *url, size_t len)
{
	const uint64_t *key = k->key;
	sum s = pair(key, len, k->round);
	uint64_t w[2];

	for (; len >= sizeof(w); url += sizeof(w), len -= sizeof(w)) {
		memcpy(w, url, sizeof(w));
		s += pair(key += 2, w[0], w[1]);
	}
	if (len) {
		memset(w, 0, sizeof(w));
		memcpy(w, url, len);
		s += pair(key + 2, w[0], w[1]);
	}
	return s;
}

static size_t place_of(const struct known_print *p)
{
	return (p->low ^ p->high) % PLACES;
}

struct known_print known_print(const struct known *k, const char *url, size_t len)
{
	struct known_print p = {.round = NO_ROUND};
	sum s;

	if (len > LONGEST)
		return p;
	s = hash(k, url, len);
	p = (struct known_print){(uint64_t)s, (uint64_t)(s >> 64), k->round};
	__builtin_prefetch(&k->places[place_of(&p)]);
	__builtin_prefetch(&k->marks[place_of(&p)]);
	return p;
}

int known_mark(const struct known *k, const struct known_print *p)
{
	size_t i = place_of(p);

	if (p->round != k->round || k->places[i].low != p->low || k->places[i].high != p->high)
		return -1;
	return k->marks[i];
}

void known_add(struct known *k, const struct known_print *p, unsigned mark)
{
	size_t i = place_of(p);

	if (p->round != k->round)
		return;
	k->places[i] = (struct print){p->low, p->high};
	k->marks[i] = (uint8_t)mark;
}

void known_clear(struct known *k)
{
	k->round++;
}
