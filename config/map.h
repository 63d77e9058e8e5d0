/* map.h - a hash map from byte strings to pointers.
 *
 * Keys are copied; values are the caller's. Keyed by SipHash, so that hostile keys
 * (host names) cannot be made to collide. Not safe against concurrent use.
 */
#ifndef SKITTER_CONFIG_MAP_H
#define SKITTER_CONFIG_MAP_H

#include <stddef.h>

#include "config/hash.h"

struct map_entry {
	struct map_entry *next;
	uint64_t hash;
	void *value;
	size_t len;
	char key[]; /* NUL-terminated copy */
};

struct map {
	struct map_entry **buckets;
	size_t size, count;	/* size: 0 or a power of two */
	struct map_entry **old; /* NULL, or what it has grown out of: those from `moved` on */
	size_t old_size, moved;
	struct hash_key hash;
};

void map_init(struct map *m);
void map_release(struct map *m, void (*free_value)(void *));	 /* free_value may be NULL */
void *map_get(const struct map *m, const char *key, size_t len); /* NULL = not there */
/* The place of the value; a new key starts with NULL. Valid until the map is released. */
void **map_put(struct map *m, const char *key, size_t len);
const char *map_key_of(void **place); /* the map's copy of the key, as long as the map lives */
void map_each(const struct map *m, void (*fn)(void *arg, void *value), void *arg);

#endif
