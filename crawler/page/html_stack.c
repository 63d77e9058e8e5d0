#include "crawler/page/html_stack.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"

void html_stack_init(struct html_stack *s)
{
	s->open = mem_array(HTML_STACK_MAX + 1, sizeof(*s->open));
	*s->open = (struct html_open){
		.scope = -1, .special = -1, .item = -1, .html = -1, .foster = -1, .same = -1};
	s->open++;
	html_stack_clear(s);
}

void html_stack_release(struct html_stack *s)
{
	if (s->open)
		free(s->open - 1);
	s->open = NULL;
}

void html_stack_clear(struct html_stack *s)
{
	s->len = 0;
	memset(s->top, 0xff, sizeof(s->top));
}

static bool is_special(enum html_ns ns, unsigned id)
{
	switch (id) {
	case TAG_MI:
	case TAG_MO:
	case TAG_MN:
	case TAG_MS:
	case TAG_MTEXT:
	case TAG_ANNOTATION_XML: return ns == NS_MATHML;
	case TAG_FOREIGNOBJECT:
	case TAG_DESC:
	case TAG_TITLE: return ns == NS_SVG;
	default: return false;
	}
}

void html_stack_push_foreign(struct html_stack *s, enum html_ns ns, unsigned id, uint32_t hash)
{
	const struct html_open *below = html_stack_top(s);
	struct html_open *e = html_stack_push(s, TAG_NONE, hash);

	e->id = (uint16_t)id;
	e->ns = (uint8_t)ns;
	e->html = below->html;
	if (!is_special(ns, id))
		return;
	e->scope = e->special = e->item = (int16_t)(s->len - 1);
	e->html_point = ns == NS_SVG;
}

int32_t html_stack_find_hash(const struct html_stack *s, bool foreign, unsigned id, uint32_t hash)
{
	int32_t at;

	if (!foreign && id)
		return s->top[id];
	at = s->top[TAG_COUNT + hash % HTML_STACK_OTHER];
	for (int steps = 0; at >= 0 && steps < 64; steps++, at = s->open[at].same)
		if (s->open[at].hash == hash && (s->open[at].ns != NS_HTML) == foreign)
			return at;
	return -1;
}
