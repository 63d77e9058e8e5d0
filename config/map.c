#include "config/map.h"

#include <stdlib.h>
#include <string.h>

#include "config/mem.h"

void map_init(struct map *m)
{
	*m = (struct map){0};
	hash_key_random(&m->hash);
}

void map_release(struct map *m, void (*free_value)(void *))
{
	for (size_t i = 0; i < m->size; i++) {
		struct map_entry *e = m->buckets[i];
		while (e) {
			struct map_entry *next = e->next;
			if (free_value)
				free_value(e->value);
			free(e);
			e = next;
		}
	}
	free(m->buckets);
	m->buckets = NULL;
	m->size = m->count = 0;
}

static struct map_entry *find(const struct map *m, uint64_t hash, const char *key, size_t len)
{
	struct map_entry *e = m->size ? m->buckets[hash & (m->size - 1)] : NULL;

	while (e && (e->hash != hash || e->len != len || memcmp(e->key, key, len)))
		e = e->next;
	return e;
}

void *map_get(const struct map *m, const char *key, size_t len)
{
	struct map_entry *e = find(m, hash_bytes(&m->hash, key, len), key, len);

	return e ? e->value : NULL;
}

static void grow(struct map *m)
{
	size_t size = m->size ? m->size * 2 : 64;
	struct map_entry **buckets = mem_array(size, sizeof(struct map_entry *));

	for (size_t i = 0; i < m->size; i++) {
		struct map_entry *e = m->buckets[i];
		while (e) {
			struct map_entry *next = e->next;
			struct map_entry **home = &buckets[e->hash & (size - 1)];
			e->next = *home;
			*home = e;
			e = next;
		}
	}
	free(m->buckets);
	m->buckets = buckets;
	m->size = size;
}

void **map_put(struct map *m, const char *key, size_t len)
{
	uint64_t hash = hash_bytes(&m->hash, key, len);
	struct map_entry *e = find(m, hash, key, len);
	struct map_entry **home;

	if (e)
		return &e->value;
	if (m->count >= m->size)
		grow(m);
	e = mem_alloc(sizeof(*e) + len + 1);
	e->hash = hash;
	e->value = NULL;
	e->len = len;
	memcpy(e->key, key, len);
	e->key[len] = '\0';
	home = &m->buckets[hash & (m->size - 1)];
	e->next = *home;
	*home = e;
	m->count++;
	return &e->value;
}

const char *map_key_of(void **place)
{
	struct map_entry *e =
		(struct map_entry *)((char *)place - offsetof(struct map_entry, value));

	return e->key;
}

void map_each(const struct map *m, void (*fn)(void *arg, void *value), void *arg)
{
	for (size_t i = 0; i < m->size; i++)
		for (struct map_entry *e = m->buckets[i]; e; e = e->next)
			fn(arg, e->value);
}
