#include "config/facts_seal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/hash.h"
#include "config/link_json.h"
#include "config/mem.h"

#define PLACES_A_LINK 4			/* at least, or probes get long */
#define MAX_PROBES    16		/* a page that makes hashes collide gets its duplicates */
#define FEW_PLACES    512		/* for most pages: what is small stays near */
#define KEEP	      ((size_t)4 << 20) /* memory that one huge page took is given back above this */

struct place {
	uint32_t epoch; /* of the page that used it last */
	uint32_t link;	/* its number in the sealed table */
	uint64_t hash;
};

struct sealer {
	struct buf json;
	struct link_json links; /* how far it is */
	bool full;		/* of the area */
	struct facts_link *table;
	uint32_t table_cap;
	struct place *places;
	uint32_t nplaces; /* a power of two: how many of them are in use, ... */
	uint32_t places_cap;
	uint32_t epoch; /* ... and for what time; the rest is old */
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
	free(s->table);
	free(s);
}

/* By kind; what is not here is never followed. */
static const uint8_t follow_of[UINT8_MAX + 1] = {
	[LINK_A] = FOLLOW_ALWAYS,
	[LINK_AREA] = FOLLOW_ALWAYS,
	[LINK_IFRAME] = FOLLOW_ALWAYS,
	[LINK_FRAME] = FOLLOW_ALWAYS,
	[LINK_META] = FOLLOW_ALWAYS,
	[LINK_SITEMAP] = FOLLOW_ALWAYS,
	[LINK_FEED] = FOLLOW_ALWAYS,
	[LINK_IMG] = FOLLOW_ASSETS,
	[LINK_SCRIPT] = FOLLOW_ASSETS,
	[LINK_EMBED] = FOLLOW_ASSETS,
	[LINK_OBJECT] = FOLLOW_ASSETS,
	[LINK_SOURCE] = FOLLOW_ASSETS,
	[LINK_TRACK] = FOLLOW_ASSETS,
	[LINK_AUDIO] = FOLLOW_ASSETS,
	[LINK_VIDEO] = FOLLOW_ASSETS,
	[LINK_INPUT] = FOLLOW_ASSETS,
	[LINK_BODY] = FOLLOW_ASSETS,
	[LINK_SVG] = FOLLOW_ASSETS,
};

static inline enum facts_follow follow(unsigned kind, unsigned flags)
{
	if (flags & (LINK_NOFOLLOW | LINK_IN_TEMPLATE | LINK_HINT))
		return FOLLOW_NEVER;
	if (kind != LINK_LINK)
		return (enum facts_follow)follow_of[kind];
	if (flags & (LINK_STYLESHEET | LINK_ICON))
		return FOLLOW_ASSETS;
	return flags & (LINK_ALTERNATE | LINK_NEXT) ? FOLLOW_ALWAYS : FOLLOW_NEVER;
}

enum facts_follow facts_follow(const struct facts_link *l)
{
	return follow(l->kind, l->flags);
}

/* ---- each URL once ---- */

/* So many places, all of them free. */
static void places_open(struct sealer *s, uint32_t n)
{
	s->nplaces = n;
	if (n <= s->places_cap && ++s->epoch)
		return;
	free(s->places);
	s->places = mem_zalloc(n * sizeof(*s->places));
	s->places_cap = n;
	s->epoch = 1;
}

static void places_begin(struct sealer *s)
{
	if (s->places_cap * sizeof(*s->places) > KEEP)
		s->places_cap = 0;
	places_open(s, FEW_PLACES);
}

/* What has to be the same for a URL to be in the table once: a bit of sealed_url.tabled. */
#define WAY_NEVER 0u
static inline unsigned way_of(unsigned kind, unsigned flags)
{
	unsigned f = follow(kind, flags);

	return f == FOLLOW_NEVER ? WAY_NEVER : f * 2 + !!(flags & LINK_IS_INDEX);
}

static bool same(const struct facts_writer *w, const struct facts_link *o, const char *url,
	size_t len, unsigned way)
{
	return o->url.len == len && way_of(o->kind, o->flags) == way &&
	       memcmp(facts_text(w->f, o->url), url, len) == 0;
}

static inline uint32_t place_of(const struct sealer *s, uint64_t hash)
{
	return (uint32_t)(hash >> 32) & (s->nplaces - 1);
}

/* False where the URL is in the table already; else it will be number `link` there. */
static bool is_new(const struct facts_writer *w, uint64_t hash, const char *url, size_t len,
	unsigned way, uint32_t link)
{
	const struct sealer *s = w->sealer;
	uint32_t at = place_of(s, hash);
	struct place *p = &s->places[at];

	for (uint32_t i = 0; i < MAX_PROBES; i++) {
		p = &s->places[(at + i) & (s->nplaces - 1)];
		if (p->epoch != s->epoch)
			break;
		if (p->hash == hash && same(w, &s->table[p->link], url, len, way))
			return false;
	}
	*p = (struct place){s->epoch, link, hash};
	return true;
}

/* Twice the places, for what is in the table. */
static void places_grow(struct facts_writer *w)
{
	struct sealer *s = w->sealer;

	places_open(s, 2 * s->nplaces);
	for (uint32_t i = 0; i < w->f->nlinks; i++) {
		const struct facts_link *l = &s->table[i];
		const char *url = facts_text(w->f, l->url);
		unsigned way = way_of(l->kind, l->flags);

		is_new(w, hash_quick(url, l->url.len, way), url, l->url.len, way, i);
	}
}

static size_t without_fragment(const char *url, size_t len)
{
	const char *hash = memchr(url, '#', len);

	return hash ? (size_t)(hash - url) : len;
}

/* There is room for it (fits). */
static void table_put(struct facts_writer *w, struct facts_str url, const struct facts_found *found)
{
	struct sealer *s = w->sealer;
	uint32_t n = w->f->nlinks;

	if (n == s->table_cap) {
		s->table_cap = n ? 2 * n : 256;
		s->table = mem_realloc(s->table, s->table_cap * sizeof(*s->table));
	}
	s->table[n] = (struct facts_link){
		.url = url,
		.kind = (uint8_t)found->kind,
		.attr = (uint8_t)found->attr,
		.flags = (uint16_t)found->flags,
	};
	w->back -= sizeof(*s->table);
	w->f->nlinks = n + 1;
	if (PLACES_A_LINK * (n + 1) > s->nplaces)
		places_grow(w);
}

/* ---- sealing ---- */

void facts_begin_sealed(struct facts_writer *w, struct sealer *s, const char *url, size_t url_len,
	void *area, size_t cap)
{
	facts_begin(w, area, cap);
	w->sealer = s;
	w->f->flags |= FACTS_SEALED;
	places_begin(s);
	buf_recycle(&s->json, KEEP);
	if (s->table_cap * sizeof(*s->table) > KEEP) {
		free(s->table);
		s->table = NULL;
		s->table_cap = 0;
	}
	link_json_begin(&s->links, &s->json, url, url_len);
	s->full = false;
}

/* Whether the JSON, which is `before` long without its last link, fits behind what a link to a URL
 * of `len` bytes takes. Then that room is its own; else the link is taken back. */
static inline bool fits(struct facts_writer *w, size_t before, size_t len)
{
	struct sealer *s = w->sealer;

	if (s->json.len + len + sizeof(struct facts_link) + 64 < w->back - w->front) {
		w->held = s->json.len + 16;
		return true;
	}
	buf_set_len(&s->json, before);
	s->links.n--;
	s->full = true;
	w->f->flags |= FACTS_CUT_LINKS;
	return false;
}

static inline bool has_room(struct facts_writer *w)
{
	if (!w->sealer->full && w->sealer->links.n < FACTS_MAX_LINK)
		return true;
	w->f->flags |= FACTS_CUT_LINKS;
	return false;
}

/* Of the target added last, as it stands in the JSON. */
static size_t json_without_fragment(const struct sealer *s, bool has_none)
{
	return has_none ? s->links.len : without_fragment(s->json.data + s->links.at, s->links.len);
}

bool sealer_add(struct facts_writer *w, const struct facts_found *found, struct sealed_url *known)
{
	struct sealer *s = w->sealer;
	size_t before = s->json.len, len = without_fragment(found->url, found->url_len);
	unsigned way = way_of(found->kind, found->flags);

	if (known)
		known->len = 0;
	if (found->url_len > FACTS_MAX_URL || !found->url_len) {
		w->f->flags |= FACTS_CUT_URL;
		return false;
	}
	if (!has_room(w))
		return false;
	link_json_add(&s->links, found);
	if (!fits(w, before, found->url_len))
		return false;
	if (!facts_is_http(found->url, found->url_len))
		return true;
	if (way != WAY_NEVER &&
		is_new(w, hash_quick(found->url, len, way), found->url, len, way, w->f->nlinks))
		table_put(w, facts_put(w, found->url, len, FACTS_CUT_LINKS), found);
	if (known)
		*known = (struct sealed_url){.at = (uint32_t)s->links.at,
			.len = (uint32_t)json_without_fragment(s, len == found->url_len),
			.url_len = (uint32_t)len,
			.tabled = 1u << WAY_NEVER | 1u << way};
	return true;
}

char *sealer_place(struct facts_writer *w, size_t n)
{
	return n <= facts_room(w) ? (char *)w->f + w->front : NULL;
}

/* What was put at sealer_place becomes a string of the block. */
static struct facts_str take_place(struct facts_writer *w, size_t len)
{
	struct facts_str str = {.off = (uint32_t)w->front, .len = (uint32_t)len};

	w->front += len + 1;
	((char *)w->f)[w->front - 1] = '\0';
	return str;
}

bool sealer_add_plain(struct facts_writer *w, const struct facts_found *found, const char *fragment,
	size_t fragment_len, struct sealed_url *known)
{
	struct sealer *s = w->sealer;
	size_t before = s->json.len, len = found->url_len;
	unsigned way = way_of(found->kind, found->flags);
	uint64_t hash = way != WAY_NEVER ? hash_quick(found->url, len, way) : 0;

	__builtin_prefetch(
		&s->places[place_of(s, hash)], 1); /* on the way until the JSON is done */
	known->len = 0;
	if (len + fragment_len > FACTS_MAX_URL) {
		w->f->flags |= FACTS_CUT_URL;
		return false;
	}
	if (!has_room(w))
		return false;
	link_json_add_plain(&s->links, found, fragment, fragment_len);
	if (!fits(w, before, len + fragment_len))
		return false;
	if (way != WAY_NEVER && is_new(w, hash, found->url, len, way, w->f->nlinks))
		table_put(w, take_place(w, len), found);
	*known = (struct sealed_url){.at = (uint32_t)s->links.at,
		.len = (uint32_t)s->links.len,
		.url_len = (uint32_t)len,
		.tabled = 1u << WAY_NEVER | 1u << way};
	return true;
}

bool sealer_add_again(struct facts_writer *w, const struct facts_found *found,
	const struct sealed_url *known, const char *fragment, size_t len)
{
	size_t before = w->sealer->json.len;
	unsigned way = way_of(found->kind, found->flags);

	if (!(known->tabled & 1u << way) || known->url_len + len > FACTS_MAX_URL || !has_room(w))
		return false;
	link_json_again(&w->sealer->links, known->at, known->len, found, fragment, len);
	fits(w, before, 0);
	return true;
}

const struct facts_link *sealer_finish(struct facts_writer *w)
{
	struct sealer *s = w->sealer;

	link_json_end(&s->links);
	w->held = 0;
	w->f->nfound = (uint32_t)s->links.n;
	w->f->link_json = facts_put(w, s->json.data, s->json.len, FACTS_CUT_LINKS);
	return s->table;
}
