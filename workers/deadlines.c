#include "workers/deadlines.h"

#include <stdbool.h>
#include <stdlib.h>

#include "config/mem.h"
#include "workers/co_impl.h"

static bool before(const struct deadline *a, const struct deadline *b)
{
	return a->at != b->at ? a->at < b->at : a->nth < b->nth;
}

/* heap_at counts from 1; 0 says that it is in no heap. */
static void set(struct deadlines *d, size_t i, struct deadline e)
{
	d->heap[i] = e;
	e.co->heap_at = i + 1;
}

static void up(struct deadlines *d, size_t i, struct deadline e)
{
	while (i) {
		size_t parent = (i - 1) / 4;
		if (!before(&e, &d->heap[parent]))
			break;
		set(d, i, d->heap[parent]);
		i = parent;
	}
	set(d, i, e);
}

static void down(struct deadlines *d, size_t i, struct deadline e)
{
	for (;;) {
		size_t child = 4 * i + 1, end = child + 4 < d->n ? child + 4 : d->n;
		size_t least = child;

		if (child >= d->n)
			break;
		while (++child < end)
			if (before(&d->heap[child], &d->heap[least]))
				least = child;
		if (!before(&d->heap[least], &e))
			break;
		set(d, i, d->heap[least]);
		i = least;
	}
	set(d, i, e);
}

void deadlines_init(struct deadlines *d)
{
	*d = (struct deadlines){0};
}

void deadlines_release(struct deadlines *d)
{
	free(d->heap);
	deadlines_init(d);
}

void deadlines_put(struct deadlines *d, struct co *co, int64_t at)
{
	if (d->n == d->cap) {
		d->cap = d->cap ? 2 * d->cap : 64;
		d->heap = mem_realloc(d->heap, d->cap * sizeof(*d->heap));
	}
	up(d, d->n++, (struct deadline){at, d->nth++, co});
}

void deadlines_remove(struct deadlines *d, struct co *co)
{
	size_t i = co->heap_at;
	struct deadline last;

	if (!i--)
		return;
	co->heap_at = 0;
	last = d->heap[--d->n];
	if (last.co == co)
		return;
	if (i && before(&last, &d->heap[(i - 1) / 4]))
		up(d, i, last);
	else
		down(d, i, last);
}

int64_t deadlines_next(const struct deadlines *d)
{
	return d->n ? d->heap[0].at : DEADLINE_NONE;
}

struct co *deadlines_due(const struct deadlines *d, int64_t now)
{
	return d->n && d->heap[0].at <= now ? d->heap[0].co : NULL;
}
