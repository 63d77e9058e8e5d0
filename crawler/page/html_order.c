/* Links that the tree has elsewhere, or more often, than the source.
 *
 * Foster parenting: what does not belong into a table goes before it.
 *
 * Misnested <a>: an <a> that a block cuts short is opened again, as a copy with the same
 * href, in the next one ("reconstruct the active formatting elements"), and an
 * <a> closed from inside blocks leaves a copy in each of them (the "adoption agency algorithm").
 * Of all formatting elements only <a> has a link, so only that one is followed here: one at most
 * is active between two markers. Each costs a bounded number of steps; links further back than
 * MAX_MOVE stay in the order of the source. */
#include <string.h>

#include "config/mem.h"
#include "crawler/page/html_impl.h"

#define MAX_MOVE   4096
#define MAX_BLOCKS 8 /* the outer loop limit of the adoption agency */

/* ---- moving ---- */

/* Links [first, first + n) are about to move down to `to`: where does index i go? */
static size_t moved(size_t i, size_t to, size_t first, size_t n)
{
	if (i >= first && i < first + n)
		return i - first + to;
	return i >= to && i < first ? i + n : i;
}

/* Moves the links from `first` on down to `to`. Entries of the stack from `inside` up to
 * `outside` come after them now even if they began at that place. */
static void move_down(struct html *h, size_t to, size_t first, int32_t inside, int32_t outside)
{
	size_t n = h->nlinks - first, size = sizeof(*h->links);

	buf_reset(&h->scratch);
	buf_add(&h->scratch, &h->links[first], n * size);
	memmove(&h->links[to + n], &h->links[to], (first - to) * size);
	memcpy(&h->links[to], h->scratch.data, n * size);
	h->anchor_link = moved(h->anchor_link, to, first, n);
	h->active.link = moved(h->active.link, to, first, n);
	for (size_t i = 0; i < h->nmarkers; i++)
		h->markers[i].link = moved(h->markers[i].link, to, first, n);
	if (h->body_links > to)
		h->body_links += n;
	for (int32_t i = h->stack.len - 1; i >= 0; i--) {
		struct html_open *e = &h->stack.open[i];

		if (e->links > to || (e->links == to && i >= inside && i < outside))
			e->links += (uint32_t)n;
		else if (e->links < to && e->foster < 0)
			break; /* and so it goes on below */
	}
}

int32_t html_foster_table(const struct html *h)
{
	const struct html_stack *s = &h->stack;
	const struct html_open *e = html_stack_top(s);

	if (h->fostering && e->ns == NS_HTML && s->top[TAG_TABLE] > s->top[TAG_TEMPLATE] &&
		(e->id == TAG_TABLE || e->id == TAG_TBODY || e->id == TAG_TFOOT ||
			e->id == TAG_THEAD || e->id == TAG_TR))
		return s->top[TAG_TABLE];
	return e->foster;
}

size_t html_place(struct html *h, size_t first)
{
	int32_t table = h->stack.len ? html_foster_table(h) : -1, subtree;
	const struct html_open *t;
	size_t to, n = h->nlinks - first;

	if (table < 0)
		return h->nlinks;
	t = &h->stack.open[table];
	to = t->links - t->own;
	if (!n)
		return to;
	if (first - to > MAX_MOVE)
		return h->nlinks;
	for (subtree = table + 1; subtree < h->stack.len; subtree++)
		if (h->stack.open[subtree].foster >= table)
			break;
	move_down(h, to, first, table, subtree);
	return to + n;
}

void html_place_in_body(struct html *h, size_t first)
{
	size_t to = h->stack.open[1].links;

	if (h->nlinks > first && first - to <= MAX_MOVE)
		move_down(h, to, first, 2, h->stack.len);
}

/* A copy of the active <a>'s link at `to`; entries of the stack from `inside` on are in it. */
static void copy_link(struct html *h, size_t to, int32_t inside)
{
	struct html_link copy;
	size_t at = h->nlinks;

	if (h->active.link >= h->nlinks)
		return;
	if (at == FACTS_MAX_LINK || at == h->links_cap) {
		if (at == FACTS_MAX_LINK) {
			h->out->f->flags |= FACTS_CUT_LINKS;
			return;
		}
		h->links_cap *= 2;
		h->links = mem_realloc(h->links, h->links_cap * sizeof(*h->links));
	}
	copy = h->links[h->active.link];
	copy.text = copy.text_len = 0;
	h->links[h->nlinks++] = copy;
	h->active.link = at;
	if (to < at && at - to <= MAX_MOVE)
		move_down(h, to, at, inside, h->stack.len);
}

/* ---- <a> ---- */

void html_active_reopen(struct html *h)
{
	size_t first = h->nlinks;
	struct html_tag a = {.name = "a", .name_len = 1, .id = TAG_A};

	copy_link(h, first, h->stack.len);
	if (h->nlinks > first)
		html_anchor_open(h, first);
	html_push(h, &a, NS_HTML, first);
	h->active.at = h->stack.len - 1;
}

/* The entries above `at` that are special, lowest first, at most MAX_BLOCKS. */
static size_t blocks_above(const struct html *h, int32_t at, int32_t *blocks)
{
	size_t n = 0;

	if (html_stack_top(&h->stack)->special <= at)
		return 0;
	for (int32_t i = at + 1; i < h->stack.len && n < MAX_BLOCKS; i++)
		if (h->stack.open[i].special == i)
			blocks[n++] = i;
	return n;
}

void html_take_out(struct html *h, int32_t at)
{
	if (h->stack.len - at - 1 > HTML_STACK_REMOVE)
		return;
	html_stack_remove(&h->stack, at);
	if (h->active.at > at)
		h->active.at--;
	for (size_t i = 0; i < h->nmarkers; i++)
		if (h->markers[i].at > at)
			h->markers[i].at--;
}

/* Takes the formatting element at `at` out, and what is open above the highest block. */
static void take_out(struct html *h, int32_t at)
{
	html_pop_to(h, html_stack_top(&h->stack)->special + 1);
	html_take_out(h, at);
}

/* The adoption agency for the active <a>. */
static void adopt(struct html *h)
{
	int32_t blocks[MAX_BLOCKS], at = h->active.at;
	size_t n;

	h->active.listed = false;
	if (at < 0)
		return;
	if (at < html_stack_top(&h->stack)->scope) {
		h->active.listed = true;
		return;
	}
	n = blocks_above(h, at, blocks);
	if (!n) {
		html_pop_to(h, at);
		return;
	}
	for (size_t i = 0; i < n; i++)
		copy_link(h, h->stack.open[blocks[i]].links, blocks[i] + 1);
	take_out(h, at);
}

void html_active_start(struct html *h, const struct html_tag *tag)
{
	if (h->active.listed) {
		adopt(h);
		h->active.listed = false;
	}
	html_insert(h, tag, NS_HTML);
	h->active.listed = true;
	h->active.at = h->stack.len - 1;
	h->active.link = h->anchor_link;
}

void html_active_end(struct html *h, const struct html_tag *tag)
{
	if (h->active.listed)
		adopt(h);
	else
		html_end_other(h, tag);
}

/* The end of another formatting element: an open <a> between it and the next block above
 * gets a copy around that block. */
void html_formatting_end(struct html *h, const struct html_tag *tag)
{
	const struct html_stack *s = &h->stack;
	int32_t at = html_stack_find(s, tag->id), block;

	if (at < 0 || at < html_stack_top(s)->scope || html_stack_top(s)->special <= at) {
		html_end_other(h, tag);
		return;
	}
	if (blocks_above(h, at, (int32_t[MAX_BLOCKS]){0}) == 0)
		return;
	for (block = at + 1; s->open[block].special != block;)
		block++;
	if (h->active.listed && h->active.at > at && h->active.at < block) {
		/* "If inner loop counter is greater than 3": it is no longer active. */
		if (block - h->active.at <= 3)
			copy_link(h, s->open[block].links - s->open[block].own, block);
		else
			h->active.listed = false;
	}
	take_out(h, at);
}

/* ---- markers ---- */

void html_marker_open(struct html *h)
{
	if (h->nmarkers == h->markers_cap) {
		h->markers_cap = h->markers_cap ? h->markers_cap * 2 : 16;
		h->markers = mem_realloc(h->markers, h->markers_cap * sizeof(*h->markers));
	}
	h->markers[h->nmarkers++] = h->active;
	h->active = (struct html_active){.listed = false, .at = -1, .link = SIZE_MAX};
}

void html_marker_close(struct html *h)
{
	if (h->nmarkers)
		h->active = h->markers[--h->nmarkers];
}
