#include "crawler/page/html_stack.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"

void html_stack_init(struct html_stack *s)
{
	s->open = mem_array(HTML_STACK_MAX, sizeof(*s->open));
	html_stack_clear(s);
}

void html_stack_release(struct html_stack *s)
{
	free(s->open);
	s->open = NULL;
}

void html_stack_clear(struct html_stack *s)
{
	s->len = 0;
	memset(s->top, 0xff, sizeof(s->top));
}

static unsigned bucket(unsigned ns, unsigned id, uint32_t hash)
{
	return ns == NS_HTML && id ? id : TAG_COUNT + hash % HTML_STACK_OTHER;
}

static unsigned flags_of(enum html_ns ns, unsigned id)
{
	if (ns == NS_HTML)
		return html_tags[id].flags;
	switch (id) {
	case TAG_MI:
	case TAG_MO:
	case TAG_MN:
	case TAG_MS:
	case TAG_MTEXT:
	case TAG_ANNOTATION_XML: return ns == NS_MATHML ? TAGF_SPECIAL | TAGF_SCOPE : 0;
	case TAG_FOREIGNOBJECT:
	case TAG_DESC:
	case TAG_TITLE: return ns == NS_SVG ? TAGF_SPECIAL | TAGF_SCOPE : 0;
	default: return 0;
	}
}

void html_stack_push(struct html_stack *s, enum html_ns ns, unsigned id, uint32_t hash)
{
	unsigned b = bucket(ns, id, hash), flags = flags_of(ns, id);
	struct html_open *e = &s->open[s->len];
	int32_t at = s->len;

	assert(at < HTML_STACK_MAX);
	if (at)
		*e = e[-1];
	else
		e->scope = e->special = e->closed = e->html = e->foster = -1;
	e->hash = hash;
	e->id = (uint16_t)id;
	e->ns = (uint8_t)ns;
	e->html_point = ns == NS_SVG && (flags & TAGF_SPECIAL);
	e->same = s->top[b];
	if (ns == NS_HTML)
		e->html = at;
	if (flags & TAGF_SCOPE)
		e->scope = at;
	if (flags & TAGF_SPECIAL) {
		e->special = at;
		if (ns != NS_HTML || (id != TAG_ADDRESS && id != TAG_DIV && id != TAG_P))
			e->closed = at;
	}
	s->top[b] = at;
	s->len++;
}

void html_stack_pop(struct html_stack *s)
{
	const struct html_open *e = html_stack_top(s);

	s->top[bucket(e->ns, e->id, e->hash)] = e->same;
	s->len--;
}

int32_t html_stack_find_hash(const struct html_stack *s, bool foreign, unsigned id, uint32_t hash)
{
	int32_t at;

	if (!foreign && id)
		return s->top[id];
	at = s->top[bucket(foreign ? NS_SVG : NS_HTML, id, hash)];
	for (int steps = 0; at >= 0 && steps < 64; steps++, at = s->open[at].same)
		if (s->open[at].hash == hash && (s->open[at].ns != NS_HTML) == foreign)
			return at;
	return -1;
}
