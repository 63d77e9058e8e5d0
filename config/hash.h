/* hash.h - hashes of bytes.
 *
 * hash_bytes is SipHash-2-4 (Aumasson, Bernstein 2012), a keyed 64-bit fingerprint. The key is
 * secret per crawl, so nobody can craft URLs that collide in the seen set. hash_quick has no
 * secret: for small tables inside the parser's process, whose users bound their probes.
 */
#ifndef SKITTER_CONFIG_HASH_H
#define SKITTER_CONFIG_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t k0, k1;
};

void hash_key_random(struct hash_key *key); /* from getrandom(2) */
uint64_t hash_bytes(const struct hash_key *key, const void *data, size_t len);
uint64_t hash_quick(const void *data, size_t len, uint64_t salt);

#endif
