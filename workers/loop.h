/* loop.h - one thread's loop: libevent for descriptors, coroutines for the rest.
 *
 * A turn: run, in order, the coroutines that were ready at its start; call the turn
 * hooks; let libevent collect events and run its callbacks, blocking only if no
 * coroutine is ready; wake those whose deadline has passed. So a busy coroutine
 * cannot starve the descriptors, nor they it.
 *
 * Callbacks of libevent and turn hooks run on the main stack. They may spawn, wake and
 * cancel, and must not wait. Thread: at most one loop per thread, used there only.
 */
#ifndef SKITTER_WORKERS_LOOP_H
#define SKITTER_WORKERS_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct event_base;

struct loop *loop_open(void);
/* Coroutines still alive are cancelled at every wait until they have ended. */
void loop_close(struct loop *l);
struct loop *loop_self(void); /* of this thread, or NULL */
struct event_base *loop_base(struct loop *l);

/* Until loop_stop, or until no coroutine is left alive. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l); /* loop_run returns after this turn */

/* Called each turn after the coroutines ran and before the loop blocks; if one wakes or
 * spawns a coroutine, or says that it has not done all it has to, the loop does not block. A
 * hook with much to do leaves what takes long for the next turns. (libcurl's handles are added
 * here.) */
typedef bool loop_hook(void *arg); /* true: it is not done */
void loop_on_turn(struct loop *l, loop_hook *fn, void *arg);
void loop_off_turn(struct loop *l, loop_hook *fn, void *arg);

/* Usable bytes of the stacks taken from now on, rounded up to pages; at least 16 KiB.
 * Default 64 KiB (256 under a sanitizer). Overrunning one hits its guard page. */
void loop_set_stack(struct loop *l, size_t bytes);

/* The longest time the coroutines and hooks of one turn took, and the callbacks of descriptors
 * where it did not block for them: how long a descriptor may have had to wait. Starts again at 0
 * after loop_reset_stall. */
int64_t loop_max_stall_ms(const struct loop *l);
void loop_reset_stall(struct loop *l);
size_t loop_live(const struct loop *l); /* coroutines that have not ended */
uint64_t loop_turns(const struct loop *l);

/* Every live coroutine, oldest first: its name, what it does (co_state, else the kind
 * of wait), for how many ms, and the bytes of stack it was seen to use when it last
 * waited or before. `fn` must neither wait nor spawn. */
void loop_census(struct loop *l,
	void (*fn)(
		void *arg, const char *name, const char *state, int64_t age_ms, size_t stack_used),
	void *arg);

#endif
