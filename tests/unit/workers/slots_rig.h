/* Slots of one kind for tests: small ones of 256 KiB, big ones of up to 10 MiB. After cmocka.h. */
#ifndef SKITTER_TESTS_SLOTS_RIG_H
#define SKITTER_TESTS_SLOTS_RIG_H

#include "workers/slots.h"

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)

static inline struct slots *open_slots(size_t nsmall, size_t nbig)
{
	struct err err = {0};
	struct slots *s = slots_open(nsmall, 256 * KIB, nbig, 10 * MIB, &err);
	if (!s)
		fail_msg("%s", err.text);
	return s;
}

#endif
