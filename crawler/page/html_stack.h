/* html_stack.h - the stack of open elements, without the elements. Private to html*.c.
 *
 * Every question the tree construction asks ("is there a p in button scope?", "which
 * element does this end tag close?") is answered without walking: each entry knows
 * the nearest entry of its kind below it and the nearest one that bounds a
 * search. So the time per tag is constant, however deep hostile markup nests.
 * Indexes count from the bottom (0 is html); -1 = none.
 *
 * At most HTML_STACK_MAX elements are open; the caller pops one before it pushes more
 * (a browser flattens such trees, too).
 */
#ifndef SKITTER_PAGE_HTML_STACK_H
#define SKITTER_PAGE_HTML_STACK_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "crawler/page/html_names.h"

#define HTML_STACK_MAX	  4096
#define HTML_STACK_REMOVE 64 /* most elements that are moved when one is taken out */

enum html_ns {
	NS_HTML,
	NS_SVG,
	NS_MATHML,
};

struct html_open {
	int16_t scope;	 /* nearest entry that bounds the default scope, itself included */
	int16_t special; /* nearest special entry, itself included */
	int16_t item;	 /* the same without address, div and p: bounds the search for li, dd, dt */
	int16_t foster;	 /* the table before which it, or what it is in, went; -1 = none */
	int16_t html;	 /* nearest HTML element, itself included */
	int16_t same;	 /* next lower entry in the same bucket */
	uint16_t bucket; /* of html_stack.top */
	uint16_t id;	 /* enum html_tag_id */
	uint32_t links;	 /* links before its content, its own included */
	uint32_t own;	 /* its own ones */
	uint32_t hash;	 /* of the name */
	uint8_t ns;	 /* enum html_ns */
	bool html_point; /* an HTML integration point */
};

#define HTML_STACK_OTHER 256 /* buckets for foreign and unknown names */

struct html_stack {
	int32_t len;
	int16_t top[TAG_COUNT + HTML_STACK_OTHER]; /* highest entry of each bucket */
	struct html_open *open; /* HTML_STACK_MAX of them; open[-1] is what is below the first */
};

void html_stack_init(struct html_stack *s);
void html_stack_release(struct html_stack *s);
void html_stack_clear(struct html_stack *s);
void html_stack_push_foreign(struct html_stack *s, enum html_ns ns, unsigned id, uint32_t hash);

/* With nothing open, an HTML element that is none. */
static inline struct html_open *html_stack_top(const struct html_stack *s)
{
	return &s->open[s->len - 1];
}

/* An HTML element, into bucket b; its `links` and `own` are for the caller to set. */
static inline struct html_open *html_stack_push_in(
	struct html_stack *s, unsigned id, uint32_t hash, unsigned b)
{
	const struct html_open *below = html_stack_top(s);
	struct html_open *e = &s->open[s->len];
	unsigned flags = html_tags[id].flags;
	int16_t at = (int16_t)s->len;

	e->hash = hash;
	e->id = (uint16_t)id;
	e->bucket = (uint16_t)b;
	e->same = s->top[b];
	memcpy(e, below, 4 * sizeof(int16_t)); /* scope, special, item, foster */
	if (flags & (TAGF_SCOPE | TAGF_SPECIAL)) {
		e->special = flags & TAGF_SPECIAL ? at : below->special;
		if (flags & TAGF_SCOPE)
			e->scope = at;
		if (flags & TAGF_ITEM)
			e->item = at;
	}
	e->html = at;
	e->ns = NS_HTML;
	e->html_point = false;
	s->top[b] = at;
	s->len++;
	return e;
}

static inline struct html_open *html_stack_push(struct html_stack *s, unsigned id, uint32_t hash)
{
	return html_stack_push_in(s, id, hash, id ? id : TAG_COUNT + hash % HTML_STACK_OTHER);
}

static inline void html_stack_pop(struct html_stack *s)
{
	const struct html_open *e = html_stack_top(s);

	s->top[e->bucket] = e->same;
	s->len--;
}

/* The highest HTML element of a known name. */
static inline int32_t html_stack_find(const struct html_stack *s, unsigned id)
{
	return s->top[id];
}

/* The highest element of any name that is HTML, or foreign; at most 64 steps. */
int32_t html_stack_find_hash(const struct html_stack *s, bool foreign, unsigned id, uint32_t hash);

static inline bool html_in_scope(const struct html_stack *s, unsigned id)
{
	return s->top[id] >= 0 && s->top[id] >= html_stack_top(s)->scope;
}

static inline bool html_in_button_scope(const struct html_stack *s, unsigned id)
{
	return html_in_scope(s, id) && s->top[id] >= s->top[TAG_BUTTON];
}

static inline bool html_in_list_scope(const struct html_stack *s, unsigned id)
{
	return html_in_scope(s, id) && s->top[id] >= s->top[TAG_OL] && s->top[id] >= s->top[TAG_UL];
}

static inline bool html_in_table_scope(const struct html_stack *s, unsigned id)
{
	return s->top[id] >= 0 && s->top[id] >= s->top[TAG_TABLE] &&
	       s->top[id] >= s->top[TAG_TEMPLATE];
}

#endif
