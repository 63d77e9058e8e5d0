/* heap.h - a binary min-heap of nodes that live inside other structs.
 *
 * A node knows its place, so that it can be removed or moved in O(log n). Nodes
 * with equal keys come out in the order they went in.
 */
#ifndef SKITTER_CRAWLER_HEAP_H
#define SKITTER_CRAWLER_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
	int64_t key;
	uint64_t order;
	size_t index; /* 1-based; 0 = in no heap */
};

struct heap {
	struct heap_node **nodes;
	size_t n, cap;
	uint64_t order;
};

void heap_release(struct heap *h);				    /* the nodes stay the owner's */
void heap_put(struct heap *h, struct heap_node *node, int64_t key); /* in no heap before */
void heap_remove(struct heap *h, struct heap_node *node);	    /* no-op if in no heap */
struct heap_node *heap_top(const struct heap *h);		    /* NULL = empty */
static inline bool heap_has(const struct heap_node *node)
{
	return node->index != 0;
}

#endif
