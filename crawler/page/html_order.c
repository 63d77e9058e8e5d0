/* Links that the tree has elsewhere than the source.
 *
 * What does not belong into a table goes before it (foster parenting), and copies of
 * misnested links go into the blocks they reach (html_format.c). Links are kept in the order
 * of the tree: each entry of the stack knows how many links come before its content, and
 * an insertion moves what comes after it. An insertion costs a bounded number of
 * steps; links further back than MAX_MOVE stay in the order of the source. */
#include <string.h>

#include "config/mem.h"
#include "crawler/page/html_impl.h"

#define MAX_MOVE 4096

/* Links [first, first + n) are about to move down to `to`: where does index i go? */
static size_t moved(size_t i, size_t to, size_t first, size_t n)
{
	if (i >= first && i < first + n)
		return i - first + to;
	return i >= to && i < first ? i + n : i;
}

/* n links have come in at `to`, as content of the stack's entry `parent`. What is open above the
 * parent comes after them, and so does a table before which the parent was put, with all
 * that is open in it. */
static void shift_open(struct html *h, size_t to, size_t n, int32_t parent)
{
	struct html_open *open = h->stack.open;
	int32_t table = parent >= 0 ? open[parent].foster : -1;

	for (int32_t i = h->stack.len - 1; i >= 0; i--) {
		bool after;

		while (table >= 0 && i < table)
			table = open[table].foster;
		after = i > parent || (table >= 0 && open[i].foster < table);
		if (open[i].links > to || (after && open[i].links == to))
			open[i].links += (uint32_t)n;
		else if (open[i].links < to && open[i].foster < 0 && table < 0)
			break; /* and so it goes on below */
	}
}

/* Moves the links from `first` on down to `to`, as content of `parent`. */
static void move_down(struct html *h, size_t to, size_t first, int32_t parent)
{
	size_t n = h->nlinks - first, size = sizeof(*h->links);

	if (to < first) {
		buf_reset(&h->scratch);
		buf_add(&h->scratch, &h->links[first], n * size);
		memmove(&h->links[to + n], &h->links[to], (first - to) * size);
		memcpy(&h->links[to], h->scratch.data, n * size);
		h->anchor_link = moved(h->anchor_link, to, first, n);
		for (size_t i = 0; i < h->nformats; i++)
			h->formats[i].link = moved(h->formats[i].link, to, first, n);
		if (h->body_links > to)
			h->body_links += n;
	}
	shift_open(h, to, n, parent);
}

/* ---- foster parenting ---- */

bool html_is_table_part(const struct html_open *e)
{
	return e->ns == NS_HTML &&
	       (e->id == TAG_TABLE || e->id == TAG_TBODY || e->id == TAG_TFOOT ||
		       e->id == TAG_THEAD || e->id == TAG_TR);
}

/* Whether a new element is not put into the current node but before its table. */
static bool is_fostered(const struct html *h)
{
	const struct html_stack *s = &h->stack;

	return h->fostering && s->top[TAG_TABLE] > s->top[TAG_TEMPLATE] &&
	       html_is_table_part(html_stack_top(s));
}

int32_t html_foster_table(const struct html *h)
{
	return is_fostered(h) ? h->stack.top[TAG_TABLE] : html_stack_top(&h->stack)->foster;
}

size_t html_place(struct html *h, size_t first)
{
	int32_t table = html_foster_table(h);
	size_t to, n = h->nlinks - first;

	if (table < 0)
		return h->nlinks;
	to = h->stack.open[table].links - h->stack.open[table].own;
	if (!n)
		return to;
	if (first - to > MAX_MOVE)
		return h->nlinks;
	move_down(h, to, first, is_fostered(h) ? table - 1 : h->stack.len - 1);
	return to + n;
}

/* ---- other places ---- */

void html_place_in_body(struct html *h, size_t first)
{
	size_t to = h->stack.open[1].links;

	if (h->nlinks > first && first - to <= MAX_MOVE)
		move_down(h, to, first, 1);
}

size_t html_copy_link(struct html *h, size_t link, size_t to, int32_t parent)
{
	struct html_link copy;
	size_t at = h->nlinks;

	if (link >= at)
		return SIZE_MAX;
	if (at == FACTS_MAX_LINK) {
		h->out->f->flags |= FACTS_CUT_LINKS;
		return SIZE_MAX;
	}
	if (at == h->links_cap) {
		h->links_cap *= 2;
		h->links = mem_realloc(h->links, h->links_cap * sizeof(*h->links));
	}
	copy = h->links[link];
	copy.text = copy.text_len = 0;
	copy.flags &= (uint16_t)~LINK_IN_TEMPLATE;
	copy.flags |= html_in_template(h) ? LINK_IN_TEMPLATE : 0;
	h->links[h->nlinks++] = copy;
	if (to > at || at - to > MAX_MOVE)
		return at;
	move_down(h, to, at, parent);
	return to;
}
