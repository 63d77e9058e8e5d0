#include "config/facts_seal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/hash.h"
#include "config/link_json.h"
#include "config/mem.h"

#define MAX_PROBES 16		     /* a page that makes hashes collide gets its duplicates */
#define KEEP	   ((size_t)4 << 20) /* memory that one huge page took is given back above this */

struct place {
	uint32_t epoch; /* of the page that used it last */
	uint32_t link;	/* its number in the sealed table */
	uint64_t hash;
};

struct sealer {
	struct buf json;
	struct place *places;
	uint32_t nplaces; /* a power of two */
	uint32_t epoch;
};

struct sealer *sealer_open(void)
{
	struct sealer *s = mem_zalloc(sizeof(*s));

	buf_init(&s->json);
	return s;
}

void sealer_free(struct sealer *s)
{
	if (!s)
		return;
	buf_release(&s->json);
	free(s->places);
	free(s);
}

enum facts_follow facts_follow(const struct facts_link *l)
{
	if (l->flags & (LINK_NOFOLLOW | LINK_IN_TEMPLATE | LINK_HINT))
		return FOLLOW_NEVER;
	switch (l->kind) {
	case LINK_A:
	case LINK_AREA:
	case LINK_IFRAME:
	case LINK_FRAME:
	case LINK_META:
	case LINK_SITEMAP:
	case LINK_FEED: return FOLLOW_ALWAYS;
	case LINK_LINK:
		if (l->flags & (LINK_STYLESHEET | LINK_ICON))
			return FOLLOW_ASSETS;
		return l->flags & (LINK_ALTERNATE | LINK_NEXT) ? FOLLOW_ALWAYS : FOLLOW_NEVER;
	case LINK_IMG:
	case LINK_SCRIPT:
	case LINK_EMBED:
	case LINK_OBJECT:
	case LINK_SOURCE:
	case LINK_TRACK:
	case LINK_AUDIO:
	case LINK_VIDEO:
	case LINK_INPUT:
	case LINK_BODY:
	case LINK_SVG: return FOLLOW_ASSETS;
	default: return FOLLOW_NEVER;
	}
}

/* ---- each URL once ---- */

/* Room for n links at a load of at most a half. */
static void places_fit(struct sealer *s, uint32_t n)
{
	uint32_t want = 256;

	while (want < 2 * n)
		want *= 2;
	if (want > s->nplaces || s->nplaces * sizeof(*s->places) > KEEP || ++s->epoch == 0) {
		free(s->places);
		s->nplaces = want;
		s->places = mem_zalloc(want * sizeof(*s->places));
		s->epoch = 1;
	}
}

static bool same(const struct facts_writer *w, uint32_t number, const char *url, size_t len,
	const struct facts_link *l)
{
	/* The table grows downwards. */
	const struct facts_link *o = (const struct facts_link *)((const char *)w->f + w->back) +
				     (w->f->nlinks - 1 - number);

	return o->url.len == len && facts_follow(o) == facts_follow(l) &&
	       (o->flags & LINK_IS_INDEX) == (l->flags & LINK_IS_INDEX) &&
	       memcmp(facts_text(w->f, o->url), url, len) == 0;
}

/* False where the URL is in the table already. */
static bool is_new(struct sealer *s, const struct facts_writer *w, const char *url, size_t len,
	const struct facts_link *l)
{
	uint64_t hash = hash_quick(url, len, facts_follow(l) * 2u + !!(l->flags & LINK_IS_INDEX));
	uint32_t at = (uint32_t)(hash >> 32) & (s->nplaces - 1);
	struct place *p = &s->places[at];

	for (int i = 0; i < MAX_PROBES; i++) {
		p = &s->places[(at + (uint32_t)i) & (s->nplaces - 1)];
		if (p->epoch != s->epoch)
			break;
		if (p->hash == hash && same(w, p->link, url, len, l))
			return false;
	}
	*p = (struct place){s->epoch, w->f->nlinks, hash};
	return true;
}

static bool is_http(const char *url)
{
	return !strncmp(url, "http:", 5) || !strncmp(url, "https:", 6);
}

static size_t without_fragment(const char *url, size_t len)
{
	const char *hash = memchr(url, '#', len);

	return hash ? (size_t)(hash - url) : len;
}

/* ---- sealing ---- */

static struct facts_str copy(struct facts_writer *w, const struct facts *from, struct facts_str s)
{
	return facts_put(w, facts_text(from, s), s.len, FACTS_CUT_TEXT);
}

static void begin(struct facts_writer *w, const struct facts *full, void *area, size_t cap)
{
	facts_begin(w, area, cap);
	*w->f = *full;
	w->f->flags |= FACTS_SEALED;
	w->f->nlinks = 0;
	w->f->charset = copy(w, full, full->charset);
	w->f->lang = copy(w, full, full->lang);
	w->f->title = copy(w, full, full->title);
	w->f->description = copy(w, full, full->description);
	w->f->canonical = copy(w, full, full->canonical);
	w->f->base = copy(w, full, full->base);
	w->f->content_type = copy(w, full, full->content_type);
	w->f->headings = w->f->text = w->f->link_json = (struct facts_str){0, 0};
}

static void to_follow(struct sealer *s, struct facts_writer *w, const char *url, size_t len,
	const struct facts_link *l)
{
	if (facts_follow(l) == FOLLOW_NEVER || !is_http(url))
		return;
	len = without_fragment(url, len);
	if (is_new(s, w, url, len, l))
		facts_put_link(w, url, len, l->kind, l->attr, l->flags);
}

/* Whether the JSON so far would still fit behind what a link of `len` bytes takes. */
static bool fits(const struct sealer *s, const struct facts_writer *w, size_t len)
{
	return s->json.len + len + sizeof(struct facts_link) + 64 < w->back - w->front;
}

/* All links into the JSON, and those to follow into the table. */
static void put_links(
	struct sealer *s, const struct facts *full, struct link_json *json, struct facts_writer *w)
{
	const struct facts_link *links = facts_links(full);

	for (uint32_t i = 0; i < full->nlinks; i++) {
		const struct facts_link *l = &links[i];
		const char *target = facts_text(full, l->url);
		size_t before = s->json.len;

		link_json_add(json, target, l->url.len, l->kind, facts_text(full, l->text),
			l->text.len, facts_text(full, l->rel), l->rel.len);
		if (!fits(s, w, l->url.len)) {
			w->f->flags |= FACTS_CUT_LINKS;
			buf_set_len(&s->json, before);
			json->n--;
			break;
		}
		to_follow(s, w, target, l->url.len, l);
	}
	link_json_end(json);
	w->f->nfound = (uint32_t)json->n;
	w->f->link_json = facts_put(w, s->json.data, s->json.len, FACTS_CUT_LINKS);
}

size_t facts_seal(struct sealer *s, const struct facts *full, const char *url, size_t url_len,
	void *area, size_t cap)
{
	struct facts_writer w;
	struct link_json json;

	begin(&w, full, area, cap);
	places_fit(s, full->nlinks);
	if (s->json.cap > KEEP)
		buf_release(&s->json);
	buf_reset(&s->json);
	link_json_begin(&json, &s->json, url, url_len);
	put_links(s, full, &json, &w);
	w.f->headings = copy(&w, full, full->headings);
	w.f->text = copy(&w, full, full->text);
	return facts_finish(&w);
}
