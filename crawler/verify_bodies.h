/* verify_bodies.h - every stored body against its digests, by as many sandboxed processes as
 * there are cores. Main thread.
 */
#ifndef SKITTER_CRAWLER_VERIFY_BODIES_H
#define SKITTER_CRAWLER_VERIFY_BODIES_H

#include "storage/verify.h"

struct verify_bodies_sums {
	uint64_t bodies, texts;
	uint64_t stored, decoded; /* bytes of bodies */
};

int verify_bodies_all(
	struct store *st, const struct verify *v, struct verify_bodies_sums *sums, struct err *err);

#endif
