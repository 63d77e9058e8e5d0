/* deadlines.h - who waits until when: a heap of coroutines by deadline.
 *
 * Those with the same deadline come out in the order they went in. Each coroutine is in it at
 * most once and knows its place (co_impl.h: heap_at), so removing costs O(log n).
 * The heap has four children a node: half the depth, and a node's children are neighbours
 * in memory.
 */
#ifndef SKITTER_WORKERS_DEADLINES_H
#define SKITTER_WORKERS_DEADLINES_H

#include <stddef.h>
#include <stdint.h>

struct co;

struct deadline {
	int64_t at; /* clock_ms() */
	uint64_t nth;
	struct co *co;
};

struct deadlines {
	struct deadline *heap;
	size_t n, cap;
	uint64_t nth;
};

#define DEADLINE_NONE INT64_MAX

void deadlines_init(struct deadlines *d);
void deadlines_release(struct deadlines *d);
void deadlines_put(struct deadlines *d, struct co *co, int64_t at);
void deadlines_remove(struct deadlines *d, struct co *co);	  /* nothing if it is not in it */
int64_t deadlines_next(const struct deadlines *d);		  /* DEADLINE_NONE: empty */
struct co *deadlines_due(const struct deadlines *d, int64_t now); /* stays in; NULL: none */

#endif
