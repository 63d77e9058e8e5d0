#include "crawler/known.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config/hash.h"
#include "config/mem.h"

#define PLACES	4096 /* half a megabyte */
#define LONGEST 118

struct place {
	uint32_t hash;
	uint32_t round; /* of the one it was added in; 0 = empty */
	uint8_t len, mark;
	char url[LONGEST];
};

struct known {
	uint64_t salt;
	uint32_t round; /* goes up when all is to be forgotten */
	struct place places[PLACES];
};

struct known *known_open(uint64_t salt)
{
	struct known *k = mem_zalloc(sizeof(*k));

	k->salt = salt;
	k->round = 1;
	return k;
}

void known_free(struct known *k)
{
	free(k);
}

int known_mark(const struct known *k, const char *url, size_t len)
{
	uint64_t hash = hash_quick(url, len, k->salt);
	const struct place *p = &k->places[hash % PLACES];
	bool found = p->hash == hash >> 32 && p->round == k->round && p->len == len &&
		     !memcmp(p->url, url, len);

	return found ? p->mark : -1;
}

void known_add(struct known *k, const char *url, size_t len, unsigned mark)
{
	uint64_t hash = hash_quick(url, len, k->salt);
	struct place *p = &k->places[hash % PLACES];

	if (len > LONGEST)
		return;
	p->hash = (uint32_t)(hash >> 32);
	p->round = k->round;
	p->len = (uint8_t)len;
	p->mark = (uint8_t)mark;
	memcpy(p->url, url, len);
}

void known_clear(struct known *k)
{
	k->round++;
}
