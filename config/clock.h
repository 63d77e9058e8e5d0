/* clock.h - the two clocks: monotonic for delays and deadlines, wall for records. */
#ifndef SKITTER_CONFIG_CLOCK_H
#define SKITTER_CONFIG_CLOCK_H

#include <stdint.h>

int64_t clock_ns(void);	     /* CLOCK_MONOTONIC, nanoseconds */
int64_t clock_ms(void);	     /* CLOCK_MONOTONIC, milliseconds */
int64_t clock_wall_ms(void); /* Unix time, milliseconds */
/* ISO 8601 UTC with milliseconds, "2026-01-31T12:00:00.000Z"; out holds 32 bytes. */
void clock_iso(int64_t wall_ms, char *out);

#endif
