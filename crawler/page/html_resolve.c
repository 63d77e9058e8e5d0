/* At the end of a document: the base is known, so raw links become URLs, and all goes into
 * the facts. Text comes last and takes the room that links leave. */
#include <string.h>

#include "config/le64.h"
#include "config/simd.h"
#include "crawler/page/html_impl.h"

static bool is_scheme(const struct url *u, const char *name)
{
	size_t len;
	const char *s = url_scheme(u, &len);

	return len == strlen(name) && memcmp(s, name, len) == 0;
}

/* The document base URL: the first base element's, unless that fails or is data: or
 * javascript:. */
static const struct url *find_base(struct html *h)
{
	struct url u;

	if (!h->have_base)
		return &h->url;
	if (url_parse_encoded(&h->parser, h->base.data, h->base.len, &h->url, h->encode,
		    h->encode_arg, &u) < 0 ||
		is_scheme(&u, "data") || is_scheme(&u, "javascript"))
		return &h->url;
	url_copy(&h->base_url, &u, &h->base_hold);
	h->out->f->base = facts_put(h->out, h->base_url.href,
		h->base_url.len <= FACTS_MAX_URL ? h->base_url.len : 0, FACTS_CUT_URL);
	return &h->base_url;
}

static struct facts_str put(struct html *h, const struct buf *b)
{
	return facts_put(h->out, b->data, b->len, FACTS_CUT_TEXT);
}

/* ---- links ---- */

/* Links are roomy while they are resolved (simd.h). */

/* For a table whose entries are compared and may be lost: most references differ in their last
 * bytes. */
static uint32_t hash_ends(const char *s, size_t len)
{
	uint64_t first = le64_load(s), last = 0, hash;

	if (len < 8)
		first &= ((uint64_t)1 << 8 * len) - 1;
	else
		last = le64_load(s + len - 8);
	hash = (first ^ len) * 0x9e3779b97f4a7c15u;
	if (len > 16)
		hash = (hash + le64_load(s + len - 16)) * 0xd6e8feb86659fd93u;
	return (uint32_t)((hash + last) * 0xa0761d6478bd642fu >> 32);
}

/* A reference without its fragment: what is known of it already is in the memo. */
struct reference {
	size_t len;
	uint32_t place;
	bool whole; /* it means the same alone */
};

/* Where the fragment starts, or the end. Before it would be dropped at the end: white space. */
static SIMD_INLINE struct reference look_at(const struct html *h, const struct html_link *l)
{
	const char *raw = h->hold.data + l->raw, *hash = memchr(raw, '#', l->raw_len);
	struct reference r = {.len = hash ? (size_t)(hash - raw) : l->raw_len};

	r.whole = !hash || hash == raw || (unsigned char)hash[-1] > ' ';
	r.place = hash_ends(raw, r.len) % HTML_MEMO;
	__builtin_prefetch(&h->memo[r.place], 1);
	return r;
}

/* What stood on this page before but for its fragment: two of three. Who makes hashes collide
 * resolves again. */
static struct html_memo *memo_of(struct html *h, const char *raw, const struct reference *r)
{
	struct html_memo *m = &h->memo[r->place];

	if (m->epoch != h->epoch || m->len != r->len ||
		memcmp(h->hold.data + m->raw, raw, r->len) != 0)
		*m = (struct html_memo){.epoch = h->epoch,
			.raw = (uint32_t)(raw - h->hold.data),
			.len = (uint32_t)r->len};
	return m;
}

static struct facts_found found_of(const struct html *h, const struct html_link *l)
{
	return (struct facts_found){
		.text = h->hold.data + l->text,
		.text_len = l->text_len,
		.rel = h->hold.data + l->rel,
		.rel_len = l->rel_len,
		.kind = l->kind,
		.attr = l->attr,
		.flags = l->flags,
		.roomy = true,
	};
}

/* A reference that needs no parser, resolved where the block will have it. */
static bool add_plain(struct html *h, struct facts_found *link, const struct url_base *base,
	const char *raw, size_t len, const char *fragment, size_t fragment_len,
	struct sealed_url *url)
{
	char *to = sealer_place(h->out, base->url->len + len + SIMD_ROOM);

	link->url = to;
	link->url_len = to ? url_join(base, raw, len, to) : 0;
	return link->url_len && sealer_add_plain(h->out, link, fragment, fragment_len, url);
}

/* Any other. */
static void add_link(struct html *h, struct facts_found *link, const struct url_base *base,
	const char *raw, size_t len, struct sealed_url *url)
{
	struct facts *f = h->out->f;
	struct url u;
	bool added;

	if (url_resolve(&h->parser, raw, len, base, h->encode, h->encode_arg, &u) < 0)
		return;
	link->url = u.href;
	link->url_len = u.len;
	added = h->out->sealer ? sealer_add(h->out, link, url) : facts_add_link(h->out, link);
	if (added && link->kind == LINK_CANONICAL && !f->canonical.len &&
		!(link->flags & LINK_IN_TEMPLATE))
		f->canonical = facts_put(h->out, link->url, link->url_len, FACTS_CUT_TEXT);
}

static SIMD_INLINE void resolve_link(struct html *h, const struct html_link *l,
	const struct reference *r, const struct url_base *base)
{
	const char *raw = h->hold.data + l->raw, *fragment = raw + r->len;
	struct sealed_url *url = r->whole ? &memo_of(h, raw, r)->url : NULL;
	struct facts_found link = found_of(h, l);
	size_t rest = l->raw_len - r->len;

	/* A canonical is wanted as a whole. */
	if (url && h->out->sealer && l->kind != LINK_CANONICAL &&
		(!rest || url_is_plain(fragment, rest)) &&
		((url->len && sealer_add_again(h->out, &link, url, fragment, rest)) ||
			add_plain(h, &link, base, raw, r->len, fragment, rest, url)))
		return;
	add_link(h, &link, base, raw, l->raw_len, url);
}

/* Each is looked at while the one before is resolved: its memo is on the way then. */
static void resolve_links(struct html *h, const struct url_base *base)
{
	struct reference this, next = {0};

	if (++h->epoch == 0) {
		memset(h->memo, 0, sizeof(h->memo));
		h->epoch = 1;
	}
	buf_grow(&h->hold, SIMD_ROOM);
	for (size_t i = 0; i <= h->nlinks; i++) {
		this = next;
		if (i < h->nlinks)
			next = look_at(h, &h->links[i]);
		if (i)
			resolve_link(h, &h->links[i - 1], &this, base);
	}
}

/* ---- all of it ---- */

/* The main text, cut to what is left of the area. */
static void put_text(struct html *h)
{
	const struct html_text *t = &h->text;
	size_t room = facts_room(h->out), len = t->out.len;

	if (room < len) {
		len = html_text_border(t->out.data, len, room);
		h->out->f->flags |= FACTS_CUT_TEXT;
	}
	/* Where it was cut there may have been a space. */
	while (len && (t->out.data[len - 1] == ' ' || t->out.data[len - 1] == '\n'))
		len--;
	h->out->f->text = facts_put(h->out, t->out.data, len, FACTS_CUT_TEXT);
	if (t->cut)
		h->out->f->flags |= FACTS_CUT_TEXT;
	h->out->f->words = t->words;
}

void html_resolve(struct html *h)
{
	struct facts *f = h->out->f;
	struct url_base base;

	url_base_set(&base, find_base(h));
	f->flags |= FACTS_HTML;
	f->lang = put(h, &h->lang);
	f->title = put(h, &h->title);
	f->description = put(h, &h->description);
	resolve_links(h, &base);
	f->headings = put(h, &h->headings);
	put_text(h);
}
