/* co.h - coroutines: many waits, written as straight-line code.
 *
 * A coroutine runs on a small stack of its own, on the thread of its loop, until
 * it waits; then the loop runs another. Waiting costs nothing but memory. A wake
 * only queues: nothing here runs another coroutine before the caller waits or
 * returns, but for generators (gen.h), which are entered like a function.
 *
 * Thread: everything here belongs to the thread that opened the loop. Other
 * threads reach the loop through a door (door.h) alone.
 * Ownership: co_spawn returns a handle; exactly one of co_join and co_detach ends
 * it, and the pointer with it.
 * Times: deadlines are clock_ms() values, a negative one means none.
 * Errors: a wait returns 0, or -1 with errno ETIMEDOUT or ECANCELED. Misuse
 * (a wait outside a coroutine, a join of oneself) aborts with a sentence.
 * Functions that may wait are marked WAITS.
 *
 * Cancelling makes one wait fail: the one the coroutine is in or, if it is in
 * none, its next. co_cancelled() stays true, so that loops can end, while what has
 * to be waited for on the way out still can be. The waits that return nothing
 * (co_join, copool_spawn, ...) are never cut short.
 */
#ifndef SKITTER_WORKERS_CO_H
#define SKITTER_WORKERS_CO_H

#include <event2/event.h> /* EV_READ, EV_WRITE */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workers/gen.h"
#include "workers/loop.h"
#include "workers/wait.h"

#define WAITS /* may let other coroutines run: what was read before may have changed */

struct co;

/* Queues a coroutine; it first runs in a later turn of the loop. The name (copied,
 * 31 bytes) is for the census. */
struct co *co_spawn(struct loop *l, const char *name, void (*fn)(void *), void *arg);
void co_detach(struct co *co); /* nobody will join it */

/* Waits for its end; on the main stack it runs the loop until then. Ends the handle. */
WAITS void co_join(struct co *co);
WAITS void co_join_all(struct co **cos, size_t n);
bool co_done(const struct co *co);

void co_cancel(struct co *co);
bool co_cancelled(void); /* was the running coroutine ever cancelled; false on the main stack */

struct co *co_self(void); /* NULL on the main stack */
const char *co_name(const struct co *co);

WAITS int co_sleep_ms(int64_t ms); /* never shorter; 0, or -1 ECANCELED */
WAITS int co_yield_now(void);	   /* lets all that are ready run; 0, or -1 ECANCELED */

/* Waits until fd is ready for `events` (EV_READ, EV_WRITE or both). 0, or -1 with
 * ETIMEDOUT, ECANCELED, or what the kernel said of the descriptor (EBADF, EPERM: a
 * plain file, always ready). The descriptor must stay open meanwhile. */
WAITS int co_wait_fd(int fd, short events, int64_t deadline_ms);

/* Waits for co_wake, which queues a coroutine that is in co_park and does nothing to
 * any other. Between a test and co_park nothing else runs, so no wake is lost. */
WAITS int co_park(int64_t deadline_ms);
void co_wake(struct co *co);

/* Names what the running coroutine does now, for the census; the text must stay
 * valid (a literal, mostly). NULL: the census shows the kind of wait. */
void co_state(const char *state);

#endif
