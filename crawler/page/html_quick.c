/* The short way through a page, for what nearly all of it is made of: text, the usual references,
 * tags in body that do no more than open and close an element.
 *
 * Tokenizer and tree are one loop here, which takes a token only if it stands whole in the buffer
 * and what it does is plain: the rest is left where it is, for html_tokenizer.c and html_modes.c.
 * They come to the same for every token that is taken here; what is fed in small pieces goes
 * through them alone, and that is how tests and the fuzzer compare the two. */
#include "config/simd.h"
#include "crawler/page/html_charref.h"
#include "crawler/page/html_impl.h"
#include "crawler/page/html_scan.h"
#include "crawler/page/html_token.h"

/* Bytes that are there when a token is looked at: those of a name, of what follows it, and of a
 * look at the next 16. `last` is the last place that has so many. */
#define ROOM 32

/* Each function below takes what is at p and returns what follows; NULL if it is not for this way,
 * and nothing has changed then. */

/* ---- text ---- */

static const char *reference(struct html *h, const char *p, const char *last)
{
	struct charref ref;
	size_t n = charref_read(p, last + ROOM, false, false, &ref);

	if (n == 0 || n == CHARREF_CUT)
		return NULL;
	if (ref.len == 1)
		html_text_add_ch(&h->text, *ref.text);
	else if (ref.len == 2 && memcmp(ref.text, "\xc2\xa0", 2) == 0)
		html_text_gap(&h->text, GAP_SPACE);
	else
		html_text_add(&h->text, ref.text, ref.len, sizeof(ref.text));
	return p + n;
}

/* Text that is not plain, or too much for the buffer as it is. */
__attribute__((noinline)) static const char *other_text(
	struct html *h, const char *p, const char *last)
{
	const char *end = last + ROOM, *q = scan_text(p, end);

	if (q == end || q == p) /* a character may be cut */
		return NULL;
	html_text_add(&h->text, p, (size_t)(q - p), (size_t)(end - p));
	return q;
}

static SIMD_INLINE const char *text(struct html *h, const char *p, const char *last)
{
	const char *q;

	if (!html_text_is_plain(h))
		return NULL;
	if (*p == '\n' && p[1] == '<') { /* half of all */
		html_text_gap(&h->text, GAP_SPACE);
		return p + 1;
	}
	if (*p == '&')
		return reference(h, p, last);
	q = html_text_run(&h->text, p, last + ROOM);
	if (q <= last && *q != '<' && *q != '&') {
		const char *after = other_text(h, q, last);

		if (after)
			return after;
	}
	return q > p ? q : NULL;
}

/* ---- tags ---- */

/* Opens an element whose links are those from `first` on. */
static SIMD_INLINE void push(struct html *h, unsigned id, unsigned flags, size_t first)
{
	size_t links = h->nlinks;
	struct html_open *e;

	if (flags & TAGF_NOTOK)
		h->frameset_ok = false;
	if (flags & TAGF_BREAK)
		html_text_gap(&h->text, GAP_BREAK);
	if (html_stack_top(&h->stack)->foster >= 0 || h->stack.len == HTML_STACK_MAX) {
		html_push(h, &(struct html_tag){.id = (uint16_t)id, .hash = id}, NS_HTML, first);
		return;
	}
	e = html_stack_push_in(&h->stack, id, id, id);
	e->links = (uint32_t)links;
	e->own = (uint32_t)(links - first);
}

#define CLASS 0x223d7373616c63u /* class=" */
#define HREF  0x223d66657268u	/* href=" */

/* The byte behind the '>', p being behind the name of a tag whose attributes mean nothing, unless
 * one has a name of `len` bytes. NULL = so it is, or they are not the usual ones. */
static SIMD_INLINE const char *skip_attrs(const char *p, const char *last, unsigned len)
{
	while (*p == ' ') {
		p++;
		if (p > last)
			return NULL;
		if (le64_load(p) << 8 == CLASS << 8) {
			p += 7;
		} else if (*p == '/') {
			break;
		} else {
			unsigned n = (unsigned)__builtin_ctz(scan_name_ends(p) | 1u << 16);

			if (n == 0 || n == len || p[n] != '=' || p[n + 1] != '"')
				return NULL;
			p += n + 2;
		}
		p = scan_near(p, last, '"');
		if (!p)
			return NULL;
		p++;
	}
	p += *p == '/';
	return *p == '>' ? p + 1 : NULL;
}

/* A tag whose attributes count, its name being `name` and p behind it. */
static const char *read_attrs(
	struct html *h, unsigned id, const char *name, const char *p, const char *last)
{
	struct html_tag *tag = &h->tok.tag;

	if (*p != ' ' && *p != '>') /* the name may go on */
		return NULL;
	tag->name = name;
	tag->name_len = (size_t)(p - name);
	tag->id = (uint16_t)id;
	tag->hash = id;
	tag->end = false;
	return html_attrs_read(&h->tok, p, last + ROOM, tag);
}

/* Skips the attributes of an <a>, but for the first href. NULL = not the usual ones. */
static SIMD_INLINE const char *anchor_attrs(const char *p, const char *last, struct html_attr *href)
{
	for (href->value = NULL; *p == ' '; p++) {
		bool dirty = false;
		const char *value;
		uint64_t name;

		p++;
		if (p > last)
			return NULL;
		name = le64_load(p);
		if (name << 16 == HREF << 16 && !href->value) {
			value = p + 6;
			p = scan_quote(value, last + ROOM, '"', &dirty);
			if (p > last)
				return NULL;
			href->value = value;
			href->value_len = (uint32_t)(p - value);
			href->dirty = dirty;
			continue;
		}
		if (name << 8 == CLASS << 8) {
			p += 7;
		} else {
			unsigned n = (unsigned)__builtin_ctz(scan_name_ends(p) | 1u << 16), id;

			id = n <= 8 ? html_attr_find_short(name, n) : HTML_ATTR_NONE;
			if (n == 0 || p[n] != '=' || p[n + 1] != '"' || id == HTML_ATTR_HREF ||
				id == HTML_ATTR_REL)
				return NULL;
			p += n + 2;
		}
		p = scan_near(p, last, '"');
		if (!p)
			return NULL;
	}
	return *p == '>' ? p + 1 : NULL;
}

static const char *start_anchor(struct html *h, const char *lt, const char *last)
{
	size_t first = h->nlinks;
	struct html_attr href;
	const char *p = anchor_attrs(lt + 2, last, &href);

	if (!p || html_format_is_active(h, TAG_A)) {
		p = read_attrs(h, TAG_A, lt + 1, lt + 2, last);
		if (p)
			html_anchor_start(h, &h->tok.tag);
		return p;
	}
	html_reconstruct(h);
	html_link_anchor(h, href.value ? &href : NULL);
	push(h, TAG_A, 0, first);
	html_format_add(h, TAG_A, 0, h->anchor_link);
	return p;
}

/* That of an element whose attributes count. */
static SIMD_INLINE const char *start_with_attrs(
	struct html *h, unsigned id, const char *lt, const char *last)
{
	const char *p;

	if (id == TAG_A)
		return start_anchor(h, lt, last);
	p = read_attrs(h, id, lt + 1, lt + 1 + html_tags[id].len, last);
	if (!p)
		return NULL;
	html_reconstruct(h);
	html_insert_void(h, &h->tok.tag);
	return p;
}

static inline uint32_t format_hash(const char *name, size_t len)
{
	return len <= 8 ? html_format_hash8(le64_load(name) & html_name_bytes[len])
			: html_format_hash(name, len);
}

static SIMD_INLINE const char *start_tag(struct html *h, const char *lt, const char *last)
{
	unsigned n = (unsigned)__builtin_ctz(scan_name_ends(lt + 1) | 1u << 9), id, flags;
	const struct html_tag_info *info;
	const char *p;

	if (n > 8 || !html_tag_is_short(le64_load(lt + 1), n, &id) || html_in_foreign(h))
		return NULL;
	info = &html_tags[id];
	if (info->quick >= QUICK_A)
		return start_with_attrs(h, id, lt, last);
	p = lt + 1 + n;
	p = *p == '>' ? p + 1 : skip_attrs(p, last, 0);
	if (!p)
		return NULL;
	flags = info->flags;
	switch ((enum html_quick_start)info->quick) {
	case QUICK_BLOCK:
		html_close_p(h);
		push(h, id, flags, h->nlinks);
		return p;
	case QUICK_HEADING:
		html_close_p(h);
		html_close_heading(h);
		push(h, id, flags, h->nlinks);
		html_heading_open(h);
		return p;
	case QUICK_ITEM:
		html_close_item(h, id);
		html_close_p(h);
		push(h, id, flags, h->nlinks);
		return p;
	case QUICK_INLINE:
		html_reconstruct(h);
		push(h, id, flags, h->nlinks);
		return p;
	case QUICK_FORMAT:
		html_reconstruct(h);
		push(h, id, flags, h->nlinks);
		html_format_add(h, id, format_hash(lt + 1, (size_t)(p - lt - 1)), SIZE_MAX);
		return p;
	case QUICK_VOID:
		html_reconstruct(h);
		if (flags & TAGF_NOTOK)
			h->frameset_ok = false;
		if (flags & TAGF_BREAK)
			html_text_gap(&h->text, GAP_BREAK);
		return p;
	case QUICK_A:
	case QUICK_LINKED:
	case QUICK_NO: break;
	}
	return NULL;
}

/* That of the current node, as it is usually written. */
static SIMD_INLINE const char *end_tag(struct html *h, const char *lt)
{
	const struct html_open *top = html_stack_top(&h->stack);
	unsigned id = top->id;
	const struct html_tag_info *info = &html_tags[id];
	const char *after = lt + 3 + info->len;
	uint64_t differs = le64_load(lt + 2) ^ info->closing;

	if (differs << info->closing_shift || top->ns != NS_HTML)
		return NULL;
	return html_end_of_top(h, id, info->flags) ? after : NULL;
}

/* What a body and a cell hold. */
static const char *flow(struct html *h, const char *p, const char *last)
{
	do {
		const char *after = *p != '<'	  ? text(h, p, last)
				    : p[1] == '/' ? end_tag(h, p)
						  : start_tag(h, p, last);

		if (!after)
			break;
		p = after;
	} while (p <= last);
	return p;
}

/* ---- tables: rows in a body, cells in a row ---- */

static const char *start_row(struct html *h, const char *lt, const char *last)
{
	const char *p;

	if (h->mode != MODE_IN_TABLE_BODY || memcmp(lt, "<tr", 3) != 0 ||
		!(html_top_is(h, TAG_TBODY) || html_top_is(h, TAG_THEAD)))
		return NULL;
	p = skip_attrs(lt + 3, last, 0);
	if (!p)
		return NULL;
	push(h, TAG_TR, html_tags[TAG_TR].flags, h->nlinks);
	h->mode = MODE_IN_ROW;
	return p;
}

static const char *start_cell(struct html *h, const char *lt, const char *last)
{
	unsigned id;
	const char *p;

	if (h->mode != MODE_IN_ROW || memcmp(lt, "<t", 2) != 0 || !(lt[2] == 'd' || lt[2] == 'h') ||
		!html_top_is(h, TAG_TR))
		return NULL;
	p = skip_attrs(lt + 3, last, sizeof("background") - 1);
	if (!p)
		return NULL;
	id = lt[2] == 'd' ? TAG_TD : TAG_TH;
	push(h, id, html_tags[id].flags, h->nlinks);
	html_marker_open(h);
	h->mode = MODE_IN_CELL;
	return p;
}

static const char *end_row(struct html *h, const char *lt)
{
	if (h->mode != MODE_IN_ROW || memcmp(lt, "</tr>", 5) != 0 || !html_top_is(h, TAG_TR))
		return NULL;
	html_pop(h);
	h->mode = MODE_IN_TABLE_BODY;
	return lt + 5;
}

static const char *end_cell(struct html *h, const char *lt)
{
	if (h->mode != MODE_IN_CELL || memcmp(lt, "</t", 3) != 0 || lt[4] != '>' ||
		!((lt[3] == 'd' && html_top_is(h, TAG_TD)) ||
			(lt[3] == 'h' && html_top_is(h, TAG_TH))))
		return NULL;
	html_pop(h);
	html_marker_close(h);
	h->mode = MODE_IN_ROW;
	return lt + 5;
}

static const char *table_token(struct html *h, const char *p, const char *last)
{
	const char *after;

	if (*p != '<')
		return text(h, p, last);
	if (p[1] == '/')
		return (after = end_cell(h, p)) ? after : end_row(h, p);
	return (after = start_cell(h, p, last)) ? after : start_row(h, p, last);
}

/* From the end of a cell to the start of the next. */
static const char *table(struct html *h, const char *p, const char *last)
{
	do {
		const char *after = table_token(h, p, last);

		if (!after)
			break;
		p = after;
	} while (p <= last && h->mode != MODE_IN_CELL);
	return p;
}

/* ---- the whole ---- */

static inline bool is_table_mode(enum html_mode mode)
{
	return mode == MODE_IN_CELL || mode == MODE_IN_ROW || mode == MODE_IN_TABLE_BODY;
}

const char *html_quick(struct html *h, const char *p, const char *end)
{
	const char *last, *from;

	if (end - p < ROOM)
		return p;
	last = end - ROOM;
	do {
		from = p;
		if (h->mode == MODE_IN_BODY || h->mode == MODE_IN_CELL)
			p = flow(h, p, last);
		if (p > last || !is_table_mode(h->mode))
			break;
		p = table(h, p, last);
	} while (p != from && p <= last);
	h->tok.cdata = html_in_foreign(h);
	return p;
}
