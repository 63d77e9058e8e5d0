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

#include "crawler/page/html_names.h"

#define HTML_STACK_MAX	  4096
#define HTML_STACK_REMOVE 64 /* most elements that are moved when one is taken out */

enum html_ns {
	NS_HTML,
	NS_SVG,
	NS_MATHML,
};

struct html_open {
	uint32_t hash;	 /* of the name */
	uint16_t id;	 /* enum html_tag_id */
	uint8_t ns;	 /* enum html_ns */
	bool html_point; /* an HTML integration point */
	int32_t same;	 /* next lower entry in the same bucket */
	int32_t scope;	 /* nearest entry that bounds the default scope, itself included */
	int32_t special; /* nearest special entry, itself included */
	int32_t closed;	 /* the same without address, div and p: bounds the search for li, dd, dt */
	int32_t html;	 /* nearest HTML element, itself included */
	int32_t foster;	 /* the table before which it, or what it is in, went; -1 = none */
	uint32_t links;	 /* links before its content, its own included */
	uint32_t own;	 /* its own ones */
};

#define HTML_STACK_OTHER 256 /* buckets for foreign and unknown names */

struct html_stack {
	int32_t len;
	int32_t top[TAG_COUNT + HTML_STACK_OTHER]; /* highest entry of each bucket */
	struct html_open *open;			   /* HTML_STACK_MAX of them */
};

void html_stack_init(struct html_stack *s);
void html_stack_release(struct html_stack *s);
void html_stack_clear(struct html_stack *s);
void html_stack_push(struct html_stack *s, enum html_ns ns, unsigned id, uint32_t hash);
void html_stack_pop(struct html_stack *s);

static inline struct html_open *html_stack_top(const struct html_stack *s)
{
	return &s->open[s->len - 1];
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
	return s->len && s->top[id] >= 0 && s->top[id] >= html_stack_top(s)->scope;
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
