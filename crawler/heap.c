#include "crawler/heap.h"

#include <stdlib.h>

#include "config/mem.h"

static bool before(const struct heap_node *a, const struct heap_node *b)
{
	return a->key != b->key ? a->key < b->key : a->order < b->order;
}

static void set(struct heap *h, size_t i, struct heap_node *node)
{
	h->nodes[i - 1] = node;
	node->index = i;
}

static void sift_up(struct heap *h, size_t i, struct heap_node *node)
{
	while (i > 1 && before(node, h->nodes[i / 2 - 1])) {
		set(h, i, h->nodes[i / 2 - 1]);
		i /= 2;
	}
	set(h, i, node);
}

static void sift_down(struct heap *h, size_t i, struct heap_node *node)
{
	while (i * 2 <= h->n) {
		size_t kid = i * 2;
		if (kid < h->n && before(h->nodes[kid], h->nodes[kid - 1]))
			kid++;
		if (!before(h->nodes[kid - 1], node))
			break;
		set(h, i, h->nodes[kid - 1]);
		i = kid;
	}
	set(h, i, node);
}

void heap_release(struct heap *h)
{
	free(h->nodes);
	*h = (struct heap){0};
}

void heap_put(struct heap *h, struct heap_node *node, int64_t key)
{
	if (h->n == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 64;
		h->nodes = mem_realloc(h->nodes, h->cap * sizeof(struct heap_node *));
	}
	node->key = key;
	node->order = h->order++;
	sift_up(h, ++h->n, node);
}

void heap_remove(struct heap *h, struct heap_node *node)
{
	size_t i = node->index;
	struct heap_node *last;

	if (!i)
		return;
	node->index = 0;
	last = h->nodes[--h->n];
	if (last == node)
		return;
	if (i > 1 && before(last, h->nodes[i / 2 - 1]))
		sift_up(h, i, last);
	else
		sift_down(h, i, last);
}

struct heap_node *heap_top(const struct heap *h)
{
	return h->n ? h->nodes[0] : NULL;
}
