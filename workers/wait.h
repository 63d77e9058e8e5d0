/* wait.h - a list of coroutines that wait for the same thing, first come first woken.
 *
 * A waitlist is embedded where the thing is. It owns nothing: waitlist_init is all
 * the set-up, there is nothing to release, but it must outlive those who wait on it.
 * A wake only queues. Thread: that of the loop.
 */
#ifndef SKITTER_WORKERS_WAIT_H
#define SKITTER_WORKERS_WAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct co;

struct waitlist {
	struct co *first; /* waited longest */
	struct co *last;
};

#define WAITLIST_INIT      \
	{                  \
		NULL, NULL \
	}

void waitlist_init(struct waitlist *w);
bool waitlist_empty(const struct waitlist *w);

/* Waits until woken: 0, or -1 with errno ETIMEDOUT (deadline_ms, a clock_ms() value,
 * negative = none) or ECANCELED. Who was woken is never told ECANCELED in its place. */
int co_wait(struct waitlist *w, int64_t deadline_ms);

bool waitlist_wake(struct waitlist *w);	      /* the one that waited longest; false: nobody */
size_t waitlist_wake_all(struct waitlist *w); /* how many */

#endif
