/* le64.h - eight bytes as one number. */
#ifndef SKITTER_CONFIG_LE64_H
#define SKITTER_CONFIG_LE64_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* The 8 bytes at p, the first one lowest, whatever the machine's order is. */
static inline uint64_t le64_load(const void *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return le64toh(x);
}

#endif
