#include "config/facts.h"

#include <assert.h>
#include <string.h>

#include "config/facts_seal.h"
#include "config/link_json.h"
#include "config/simd.h"
#include "config/text.h"

static const char *const kind_names[LINK_KINDS] = {
	[LINK_A] = "a",
	[LINK_AREA] = "area",
	[LINK_LINK] = "link",
	[LINK_IMG] = "img",
	[LINK_SCRIPT] = "script",
	[LINK_IFRAME] = "iframe",
	[LINK_FRAME] = "frame",
	[LINK_FORM] = "form",
	[LINK_META] = "meta",
	[LINK_REDIRECT] = "redirect",
	[LINK_SITEMAP] = "sitemap",
	[LINK_CANONICAL] = "canonical",
	[LINK_EMBED] = "embed",
	[LINK_OBJECT] = "object",
	[LINK_SOURCE] = "source",
	[LINK_TRACK] = "track",
	[LINK_AUDIO] = "audio",
	[LINK_VIDEO] = "video",
	[LINK_INPUT] = "input",
	[LINK_BUTTON] = "button",
	[LINK_BODY] = "body",
	[LINK_QUOTE] = "quote",
	[LINK_SVG] = "svg",
	[LINK_FEED] = "feed",
	[LINK_SEED] = "seed",
};

static const char *const attr_names[ATTR_KINDS] = {
	[ATTR_HREF] = "href",
	[ATTR_SRC] = "src",
	[ATTR_SRCSET] = "srcset",
	[ATTR_IMAGESRCSET] = "imagesrcset",
	[ATTR_LONGDESC] = "longdesc",
	[ATTR_POSTER] = "poster",
	[ATTR_DATA] = "data",
	[ATTR_ACTION] = "action",
	[ATTR_FORMACTION] = "formaction",
	[ATTR_BACKGROUND] = "background",
	[ATTR_CITE] = "cite",
	[ATTR_XLINK_HREF] = "xlink:href",
	[ATTR_CONTENT] = "content",
	[ATTR_HEADER] = "header",
	[ATTR_LOC] = "loc",
};

const char *facts_kind_name(enum facts_kind kind)
{
	return (unsigned)kind < LINK_KINDS ? kind_names[kind] : "?";
}

const char *facts_attr_name(enum facts_attr attr)
{
	return (unsigned)attr < ATTR_KINDS ? attr_names[attr] : "?";
}

/* ---- reading ---- */

static bool str_fits(const char *block, size_t size, struct facts_str s)
{
	if (s.len == 0)
		return s.off == 0;
	return s.off >= sizeof(struct facts) && s.off < size && s.len < size - s.off &&
	       block[s.off + s.len] == '\0';
}

#ifdef __SSE2__

/* All bytes within [least, 0x7e]; 16 at a time, the last ones once more. */
static bool bytes_sane(const char *s, size_t n, char least)
{
	const __m128i low = _mm_set1_epi8(least), del = _mm_set1_epi8(0x7f);
	__m128i bad = _mm_setzero_si128();

	if (n < 16) {
		for (; n; n--, s++)
			if (*s < least || *s == 0x7f)
				return false;
		return true;
	}
	for (size_t i = 0;; i = n - i < 32 ? n - 16 : i + 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s + i));

		/* Signed: bytes from 0x80 on are low, too. */
		bad = _mm_or_si128(
			bad, _mm_or_si128(_mm_cmplt_epi8(v, low), _mm_cmpeq_epi8(v, del)));
		if (i + 16 == n)
			return !_mm_movemask_epi8(bad);
	}
}

#else

static bool bytes_sane(const char *s, size_t n, char least)
{
	bool good = true;

	for (; n; n--, s++)
		good &= (unsigned char)*s >= (unsigned char)least && (unsigned char)*s < 0x7f;
	return good;
}

#endif

bool facts_is_http(const char *url, size_t len)
{
	return (len >= 5 && memcmp(url, "http:", 5) == 0) ||
	       (len >= 6 && memcmp(url, "https:", 6) == 0);
}

static bool url_sane(const char *block, size_t size, struct facts_str s)
{
	const char *url = block + s.off;

	if (!str_fits(block, size, s) || s.len == 0 || s.len > FACTS_MAX_URL)
		return false;
	/* Opaque paths (data:, javascript:) keep their spaces; what is fetched has none. */
	return bytes_sane(url, s.len, facts_is_http(url, s.len) ? 0x21 : 0x20);
}

static int check_links(const struct facts *f, const char *block, size_t size, struct err *err)
{
	const struct facts_link *links = facts_links(f);

	for (uint32_t i = 0; i < f->nlinks; i++) {
		const struct facts_link *l = &links[i];
		if (!url_sane(block, size, l->url))
			return err_set(err, EXIT_INTERNAL, "link %u: not a serialised URL", i);
		if (!str_fits(block, size, l->rel) || !str_fits(block, size, l->text))
			return err_set(err, EXIT_INTERNAL, "link %u: bad text", i);
		if (l->kind >= LINK_KINDS || l->attr >= ATTR_KINDS)
			return err_set(err, EXIT_INTERNAL, "link %u: unknown kind", i);
	}
	return 0;
}

int facts_check(const void *data, size_t size, struct err *err)
{
	const struct facts *f = data;
	const char *block = data;

	if (size < sizeof(*f) || f->magic != FACTS_MAGIC || f->size != size)
		return err_set(err, EXIT_INTERNAL, "not a facts block of %zu bytes", size);
	if (f->nlinks > FACTS_MAX_LINK || f->nfound > FACTS_MAX_LINK || f->nlinks > f->nfound ||
		f->links_off % 8 || f->links_off < sizeof(*f) || f->links_off > size ||
		(size - f->links_off) / sizeof(struct facts_link) < f->nlinks)
		return err_set(err, EXIT_INTERNAL, "link table outside the block");
	const struct facts_str strs[] = {f->charset, f->lang, f->title, f->description, f->headings,
		f->text, f->content_type, f->link_json, f->canonical, f->base};
	for (size_t i = 0; i < sizeof(strs) / sizeof(*strs); i++)
		if (!str_fits(block, size, strs[i]))
			return err_set(err, EXIT_INTERNAL, "string %zu outside the block", i);
	return check_links(f, block, size, err);
}

/* ---- reading, texts ---- */

static bool text_sane(const struct facts *f, struct facts_str s)
{
	const char *text = facts_text(f, s);

	return !s.len || (text_is_utf8(text, s.len) && !memchr(text, '\0', s.len));
}

int facts_check_texts(const struct facts *f, struct err *err)
{
	const struct facts_str strs[] = {f->charset, f->lang, f->title, f->description, f->headings,
		f->text, f->content_type};
	const struct facts_link *links = facts_links(f);

	for (size_t i = 0; i < sizeof(strs) / sizeof(*strs); i++)
		if (!text_sane(f, strs[i]))
			return err_set(err, EXIT_INTERNAL, "string %zu: bad text", i);
	if ((f->canonical.len && !url_sane((const char *)f, f->size, f->canonical)) ||
		(f->base.len && !url_sane((const char *)f, f->size, f->base)))
		return err_set(err, EXIT_INTERNAL, "canonical or base: not a serialised URL");
	for (uint32_t i = 0; i < f->nlinks; i++)
		if (!text_sane(f, links[i].rel) || !text_sane(f, links[i].text))
			return err_set(err, EXIT_INTERNAL, "link %u: bad text", i);
	if (f->flags & FACTS_SEALED &&
		link_json_count(facts_text(f, f->link_json), f->link_json.len) != (long)f->nfound)
		return err_set(err, EXIT_INTERNAL, "the links are not the JSON they should be");
	return 0;
}

const struct facts_link *facts_links(const struct facts *f)
{
	return (const struct facts_link *)((const char *)f + f->links_off);
}

const char *facts_text(const struct facts *f, struct facts_str s)
{
	return s.len ? (const char *)f + s.off : "";
}

struct facts_found facts_found(const struct facts *f, const struct facts_link *l)
{
	return (struct facts_found){
		.url = facts_text(f, l->url),
		.url_len = l->url.len,
		.text = facts_text(f, l->text),
		.text_len = l->text.len,
		.rel = facts_text(f, l->rel),
		.rel_len = l->rel.len,
		.kind = l->kind,
		.attr = l->attr,
		.flags = l->flags,
	};
}

/* ---- building ---- */

void facts_begin(struct facts_writer *w, void *area, size_t cap)
{
	assert(cap >= 4096 && (uintptr_t)area % 8 == 0);
	w->f = area;
	w->cap = cap > UINT32_MAX ? UINT32_MAX & ~(size_t)7 : cap & ~(size_t)7;
	w->front = sizeof(struct facts);
	w->back = w->cap;
	w->held = 0;
	w->sealer = NULL;
	memset(w->f, 0, sizeof(struct facts));
	w->f->magic = FACTS_MAGIC;
}

/* 8 spare bytes keep room to align the link table in facts_finish, one is for the NUL. */
size_t facts_room(const struct facts_writer *w)
{
	size_t taken = w->held + 8 + 1, room = w->back - w->front;

	return room > taken ? room - taken : 0;
}

struct facts_str facts_put(struct facts_writer *w, const char *s, size_t len, uint32_t cut_flag)
{
	struct facts_str str = {0, 0};

	if (!len)
		return str;
	if (len > facts_room(w)) {
		w->f->flags |= cut_flag;
		return str;
	}
	str.off = (uint32_t)w->front;
	str.len = (uint32_t)len;
	memcpy((char *)w->f + w->front, s, len);
	((char *)w->f)[w->front + len] = '\0';
	w->front += len + 1;
	return str;
}

/* A new link at the end of the table, for whose URL there is room, too; NULL = none. */
static struct facts_link *new_link(struct facts_writer *w, size_t url_len)
{
	struct facts_link *l;

	if (w->f->nlinks >= FACTS_MAX_LINK || sizeof(*l) + url_len > facts_room(w)) {
		w->f->flags |= FACTS_CUT_LINKS;
		return NULL;
	}
	w->back -= sizeof(*l);
	w->f->nlinks++;
	l = (struct facts_link *)((char *)w->f + w->back);
	memset(l, 0, sizeof(*l));
	return l;
}

struct facts_link *facts_put_link(struct facts_writer *w, const char *url, size_t url_len,
	enum facts_kind kind, enum facts_attr attr, unsigned flags)
{
	struct facts_link *l;

	assert(!w->sealer);
	if (url_len > FACTS_MAX_URL || !url_len) {
		w->f->flags |= FACTS_CUT_URL;
		return NULL;
	}
	l = new_link(w, url_len);
	if (!l)
		return NULL;
	l->url = facts_put(w, url, url_len, FACTS_CUT_LINKS);
	l->kind = (uint8_t)kind;
	l->attr = (uint8_t)attr;
	l->flags = (uint16_t)flags;
	return l;
}

bool facts_add_link(struct facts_writer *w, const struct facts_found *found)
{
	struct facts_link *l;

	if (w->sealer)
		return sealer_add(w, found, NULL);
	l = facts_put_link(w, found->url, found->url_len, found->kind, found->attr, found->flags);
	if (!l)
		return false;
	l->rel = facts_put(w, found->rel, found->rel_len, FACTS_CUT_TEXT);
	l->text = facts_put(w, found->text, found->text_len, FACTS_CUT_TEXT);
	return true;
}

/* The newest link is lowest: turns them into document order. */
static void turn(struct facts_link *links, uint32_t n)
{
	for (uint32_t i = 0; i < n / 2; i++) {
		struct facts_link tmp = links[i];
		links[i] = links[n - 1 - i];
		links[n - 1 - i] = tmp;
	}
}

size_t facts_finish(struct facts_writer *w)
{
	const struct facts_link *links;
	uint32_t n = w->f->nlinks;
	size_t off;

	if (w->sealer) {
		links = sealer_finish(w);
	} else {
		turn((struct facts_link *)((char *)w->f + w->back), n);
		links = (struct facts_link *)((char *)w->f + w->back);
		w->f->nfound = n;
	}
	off = (w->front + 7) & ~(size_t)7;
	if (off > w->back)
		off = w->back;
	if (n)
		memmove((char *)w->f + off, links, n * sizeof(*links));
	memset((char *)w->f + w->front, 0, off - w->front);
	w->f->links_off = (uint32_t)off;
	w->f->size = (uint32_t)(off + n * sizeof(*links));
	return w->f->size;
}
