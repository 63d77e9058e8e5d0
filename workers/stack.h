/* stack.h - stacks for coroutines: mapped, guarded, kept for the next one.
 *
 * Only pages that are touched cost memory, so a sleeping coroutine takes about 4 KiB
 * of its 64. Below each stack lies a page that must not be touched:
 *
 *   STACK_GUARD_LIGHT   a marker in the page table (MADV_GUARD_INSTALL, Linux 6.13).
 *   STACK_GUARD_PAGE    PROT_NONE. Each splits the kernel's map in two, and a process may
 *                       have 65,530 pieces (vm.max_map_count); so this is done for the
 *                       first 16,000 stacks, and those beyond get:
 *   STACK_GUARD_CANARY  words at the bottom that are looked at each time the coroutine waits.
 *
 * The best that the kernel offers is found out once. Thread: a `struct stacks` belongs to one.
 */
#ifndef SKITTER_WORKERS_STACK_H
#define SKITTER_WORKERS_STACK_H

#include <stdbool.h>
#include <stddef.h>

enum stack_guard { STACK_GUARD_LIGHT, STACK_GUARD_PAGE, STACK_GUARD_CANARY };

struct stack {
	char *low; /* first usable byte; the guard is the page below */
	size_t size;
	enum stack_guard guard;
	unsigned valgrind_id;
};

#define STACKS_WARM 256	 /* kept as they are */
#define STACKS_COLD 2048 /* kept mapped, their pages given back to the kernel */

struct stacks {
	size_t size; /* of the stacks taken from now on */
	size_t nwarm, ncold;
	size_t taken; /* not given back yet */
	struct stack warm[STACKS_WARM];
	struct stack cold[STACKS_COLD];
};

void stacks_init(struct stacks *s, size_t size);
void stacks_release(struct stacks *s);
void stacks_set_size(struct stacks *s, size_t size);

/* Contents are undefined. No memory left ends the process with a sentence. */
struct stack stack_take(struct stacks *s);
void stack_give(struct stacks *s, struct stack st);

bool stack_overrun(const struct stack *st); /* the canary is dead; false with a real guard */

/* For tests: use nothing better than this from now on, in the whole process. */
void stack_guard_at_best(enum stack_guard guard);

#endif
