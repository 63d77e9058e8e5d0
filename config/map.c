#include "config/map.h"

#include <stdlib.h>
#include <string.h>

#include "config/mem.h"

void map_init(struct map *m)
{
	*m = (struct map){0};
	hash_key_random(&m->hash);
}

static void free_entries(struct map_entry **buckets, size_t size, void (*free_value)(void *))
{
	for (size_t i = 0; i < size; i++) {
		struct map_entry *e = buckets[i];
		while (e) {
			struct map_entry *next = e->next;
			if (free_value)
				free_value(e->value);
			free(e);
			e = next;
		}
	}
	free(buckets);
}

void map_release(struct map *m, void (*free_value)(void *))
{
	free_entries(m->buckets, m->size, free_value);
	free_entries(m->old, m->old_size, free_value);
	m->buckets = m->old = NULL;
	m->size = m->old_size = m->moved = m->count = 0;
}

static struct map_entry *find_in(struct map_entry *e, uint64_t hash, const char *key, size_t len)
{
	while (e && (e->hash != hash || e->len != len || memcmp(e->key, key, len)))
		e = e->next;
	return e;
}

static struct map_entry *find(const struct map *m, uint64_t hash, const char *key, size_t len)
{
	struct map_entry *e = NULL;

	if (m->size)
		e = find_in(m->buckets[hash & (m->size - 1)], hash, key, len);
	if (!e && m->old)
		e = find_in(m->old[hash & (m->old_size - 1)], hash, key, len);
	return e;
}

void *map_get(const struct map *m, const char *key, size_t len)
{
	struct map_entry *e = find(m, hash_bytes(&m->hash, key, len), key, len);

	return e ? e->value : NULL;
}

static void put_entry(struct map *m, struct map_entry *e)
{
	struct map_entry **home = &m->buckets[e->hash & (m->size - 1)];

	e->next = *home;
	*home = e;
}

/* Two of the old buckets a time: all are moved before the new ones are full. */
static void move_some(struct map *m)
{
	for (int i = 0; i < 2 && m->old; i++) {
		struct map_entry *e = m->old[m->moved];
		m->old[m->moved] = NULL;
		while (e) {
			struct map_entry *next = e->next;
			put_entry(m, e);
			e = next;
		}
		if (++m->moved < m->old_size)
			continue;
		free(m->old);
		m->old = NULL;
		m->old_size = m->moved = 0;
	}
}

static void grow(struct map *m)
{
	size_t size = m->size ? m->size * 2 : 64;

	if (m->size) {
		m->old = m->buckets;
		m->old_size = m->size;
	}
	m->buckets = mem_array(size, sizeof(struct map_entry *));
	m->size = size;
}

void **map_put(struct map *m, const char *key, size_t len)
{
	uint64_t hash = hash_bytes(&m->hash, key, len);
	struct map_entry *e = find(m, hash, key, len);

	if (e)
		return &e->value;
	move_some(m);
	if (m->count >= m->size)
		grow(m);
	e = mem_alloc(sizeof(*e) + len + 1);
	e->hash = hash;
	e->value = NULL;
	e->len = len;
	memcpy(e->key, key, len);
	e->key[len] = '\0';
	put_entry(m, e);
	m->count++;
	return &e->value;
}

const char *map_key_of(void **place)
{
	struct map_entry *e =
		(struct map_entry *)((char *)place - offsetof(struct map_entry, value));

	return e->key;
}

static void each(struct map_entry **buckets, size_t size, void (*fn)(void *, void *), void *arg)
{
	for (size_t i = 0; i < size; i++)
		for (struct map_entry *e = buckets[i]; e; e = e->next)
			fn(arg, e->value);
}

void map_each(const struct map *m, void (*fn)(void *arg, void *value), void *arg)
{
	each(m->buckets, m->size, fn, arg);
	each(m->old, m->old_size, fn, arg);
}
