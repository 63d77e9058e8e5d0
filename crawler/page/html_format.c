/* The list of active formatting elements (HTML 13.2.4.3) and the adoption agency (13.2.6.4.7).
 *
 * A formatting element that a block cuts short goes on in the next one, and one that ends inside
 * of blocks leaves a copy in each. Of them all only <a> has a link, so a copy
 * is a copy of its link; the others are followed because they decide where those go.
 *
 * Bounds on hostile input: MAX_FORMATS between two markers (the oldest is forgotten), and no
 * rearranging where more than HTML_STACK_REMOVE elements would be moved. */
#include <string.h>

#include "config/hash.h"
#include "config/mem.h"
#include "crawler/page/html_impl.h"

#define MAX_FORMATS 48
#define MAX_OUTER   8 /* rounds of the adoption agency */

/* ---- the list ---- */

static struct html_format *add_entry(struct html *h)
{
	if (h->nformats == h->formats_cap) {
		h->formats_cap = h->formats_cap ? h->formats_cap * 2 : 64;
		h->formats = mem_realloc(h->formats, h->formats_cap * sizeof(*h->formats));
	}
	return &h->formats[h->nformats++];
}

static void remove_entry(struct html *h, size_t i)
{
	h->nformats--;
	memmove(&h->formats[i], &h->formats[i + 1], (h->nformats - i) * sizeof(*h->formats));
}

/* The newest entry of that name after the last marker, or SIZE_MAX. */
static size_t find_entry(const struct html *h, unsigned id)
{
	for (size_t i = h->nformats; i-- > 0 && !h->formats[i].marker;)
		if (h->formats[i].id == id)
			return i;
	return SIZE_MAX;
}

/* The entry of the element at that place of the stack, or SIZE_MAX. */
static size_t entry_at(const struct html *h, int32_t at)
{
	for (size_t i = h->nformats; i-- > 0 && !h->formats[i].marker;)
		if (h->formats[i].at == at)
			return i;
	return SIZE_MAX;
}

/* A marker outlives its element unless that had an end tag, so entries behind it may refer to
 * elements that come and go above them. They are kept up to date this far back ... */
#define MAX_BACK 256

static size_t oldest_kept(const struct html *h)
{
	return h->nformats > MAX_BACK ? h->nformats - MAX_BACK : 0;
}

/* ... and are checked before use. */
static bool is_open(const struct html *h, const struct html_format *f)
{
	return f->at >= 0 && f->at < h->stack.len && h->stack.open[f->at].id == f->id &&
	       h->stack.open[f->at].ns == NS_HTML;
}

uint32_t html_format_hash(const char *name, size_t len)
{
	char few[8] = {0};

	if (len > sizeof(few))
		return (uint32_t)hash_quick(name, len, 0);
	memcpy(few, name, len);
	return html_format_hash8(le64_load(few));
}

/* Before another of the same tag comes in: three of a kind are enough, the oldest goes. */
static void make_room(struct html *h, uint32_t hash)
{
	size_t same = 0, oldest = 0, n = 0;

	for (size_t i = h->nformats; i-- > 0 && !h->formats[i].marker; n++)
		if (h->formats[i].hash == hash) {
			same++;
			oldest = i;
		}
	if (same >= 3)
		remove_entry(h, oldest);
	else if (n >= MAX_FORMATS)
		remove_entry(h, h->nformats - n);
}

void html_format_add(struct html *h, unsigned id, uint32_t hash, size_t link)
{
	struct html_format *f;

	if (h->nformats == 0)
		h->cut_short = false;
	else if (h->nformats >= 3)
		make_room(h, hash);
	f = add_entry(h);
	f->id = (uint16_t)id;
	f->marker = false;
	f->at = h->stack.len - 1;
	f->hash = hash;
	f->link = link;
}

/* Of an <a> there are never two, so it need not be told from others. */
void html_format_start(struct html *h, const struct html_tag *tag)
{
	html_insert(h, tag, NS_HTML);
	if (tag->id == TAG_A)
		html_format_add(h, TAG_A, 0, h->anchor_link);
	else
		html_format_add(h, tag->id, html_format_hash(tag->name, tag->raw_len), SIZE_MAX);
}

void html_format_popped(struct html *h)
{
	size_t oldest = oldest_kept(h);

	for (size_t i = h->nformats; i-- > oldest;)
		if (h->formats[i].at == h->stack.len) {
			h->formats[i].at = -1;
			h->cut_short = true;
			break;
		}
}

void html_marker_open(struct html *h)
{
	*add_entry(h) = (struct html_format){.marker = true, .at = -1, .link = SIZE_MAX};
}

void html_marker_close(struct html *h)
{
	while (h->nformats && !h->formats[--h->nformats].marker)
		;
}

/* ---- reconstruct ---- */

void html_format_reopen(struct html *h)
{
	size_t i = h->nformats;

	while (i && !h->formats[i - 1].marker && h->formats[i - 1].at < 0)
		i--;
	for (; i < h->nformats; i++) {
		struct html_format *f = &h->formats[i];
		struct html_tag tag = {.id = f->id};
		size_t first = h->nlinks;

		if (f->link != SIZE_MAX) {
			f->link = html_copy_link(h, f->link, SIZE_MAX, -1);
			html_anchor_open(h, f->link);
		}
		html_push(h, &tag, NS_HTML, first);
		h->formats[i].at = h->stack.len - 1;
	}
}

/* ---- the adoption agency ---- */

/* The lowest special element above `at`, or -1. */
static int32_t furthest_block(const struct html *h, int32_t at)
{
	const struct html_open *open = h->stack.open;

	if (html_stack_top(&h->stack)->special <= at)
		return -1;
	do
		at++;
	while (open[at].special != at);
	return at;
}

/* Rebuilds the stack from `at` on out of its old entries: order[] names those that stay, as they
 * come. What refers to a place of the stack moves along. */
static void reorder(struct html *h, int32_t at, const int32_t *order, int32_t n)
{
	struct html_open old[HTML_STACK_REMOVE];
	int32_t len = h->stack.len, now[HTML_STACK_REMOVE];

	memcpy(old, h->stack.open + at, (size_t)(len - at) * sizeof(*old));
	memset(now, 0xff, sizeof(now)); /* -1 */
	for (int32_t i = 0; i < n; i++)
		now[order[i] - at] = at + i;
	while (h->stack.len > at)
		html_stack_pop(&h->stack);
	for (int32_t i = 0; i < n; i++) {
		const struct html_open *from = &old[order[i] - at];
		struct html_open *e;

		if (from->ns == NS_HTML)
			html_stack_push(&h->stack, from->id, from->hash);
		else
			html_stack_push_foreign(&h->stack, from->ns, from->id, from->hash);
		e = html_stack_top(&h->stack);
		e->html_point = from->html_point;
		e->foster = from->foster < at ? from->foster : now[from->foster - at];
		e->links = from->links;
		e->own = from->own;
	}
	for (size_t i = h->nformats, oldest = oldest_kept(h); i-- > oldest;)
		if (h->formats[i].at >= at && h->formats[i].at < len)
			h->formats[i].at = now[h->formats[i].at - at];
	h->cut_short = true; /* perhaps */
}

/* The inner loop: which of the elements between the formatting element and the block stay, as
 * copies around it. Fills order[] from its end; returns how many. */
static int32_t keep_between(
	struct html *h, int32_t at, int32_t block, int32_t *order, size_t *bookmark)
{
	int32_t n = 0, counter = 0;

	for (int32_t i = block - 1; i > at; i--) {
		size_t e = entry_at(h, i);

		if (e != SIZE_MAX && ++counter > 3) {
			remove_entry(h, e);
			*bookmark -= *bookmark > e;
			e = SIZE_MAX;
		} else if (e == SIZE_MAX) {
			counter++;
		}
		if (e == SIZE_MAX)
			continue;
		if (n == 0)
			*bookmark = e + 1;
		if (h->formats[e].link != SIZE_MAX) {
			const struct html_open *b = &h->stack.open[block];
			size_t copy =
				html_copy_link(h, h->formats[e].link, b->links - b->own, block - 1);

			h->formats[e].link = copy;
		}
		n++;
		order[HTML_STACK_REMOVE - n] = i;
	}
	return n;
}

/* One round: the formatting element moves from below the block to within it. */
static void move_into(struct html *h, size_t entry, int32_t block)
{
	int32_t at = h->formats[entry].at, kept[HTML_STACK_REMOVE], order[HTML_STACK_REMOVE];
	size_t bookmark = entry;
	struct html_format f;
	int32_t n;

	n = keep_between(h, at, block, kept, &bookmark);
	memcpy(order, kept + HTML_STACK_REMOVE - n, (size_t)n * sizeof(*order));
	entry = entry_at(h, at);
	f = h->formats[entry];
	if (f.link != SIZE_MAX)
		f.link = html_copy_link(h, f.link, h->stack.open[block].links, block);
	h->stack.open[at].links = h->stack.open[block].links;
	h->stack.open[at].foster = h->stack.open[block].foster;
	order[n++] = block;
	order[n++] = at;
	for (int32_t i = block + 1; i < h->stack.len; i++)
		order[n++] = i;
	/* The copy takes the place of the bookmark. */
	remove_entry(h, entry);
	bookmark -= bookmark > entry;
	add_entry(h);
	memmove(&h->formats[bookmark + 1], &h->formats[bookmark],
		(h->nformats - 1 - bookmark) * sizeof(f));
	h->formats[bookmark] = f;
	reorder(h, at, order, n);
}

/* False = "act as described in any other end tag". */
static bool adopt(struct html *h, unsigned id)
{
	int32_t top = h->stack.len - 1, at, block;
	size_t entry;

	if (html_top_is(h, id)) {
		entry = entry_at(h, top);
		html_pop(h);
		if (entry == SIZE_MAX)
			return true;
		/* Nothing is above it, so it only goes, unless a newer one is waiting. */
		if (find_entry(h, id) == entry) {
			remove_entry(h, entry);
			return true;
		}
		h->formats[entry].at = -1;
		h->cut_short = true;
	}
	for (int round = 0; round < MAX_OUTER; round++) {
		entry = find_entry(h, id);
		if (entry == SIZE_MAX)
			return round > 0;
		at = h->formats[entry].at;
		if (!is_open(h, &h->formats[entry])) {
			remove_entry(h, entry);
			return true;
		}
		if (at < html_stack_top(&h->stack)->scope)
			return true;
		block = furthest_block(h, at);
		if (block < 0) {
			html_pop_to(h, at);
			remove_entry(h, entry);
			return true;
		}
		if (h->stack.len - at > HTML_STACK_REMOVE) {
			remove_entry(h, entry);
			return true;
		}
		move_into(h, entry, block);
	}
	return true;
}

void html_format_end(struct html *h, const struct html_tag *tag)
{
	if (!adopt(h, tag->id))
		html_end_other(h, tag);
}

/* A new <a> ends the active one. */
void html_anchor_start(struct html *h, const struct html_tag *tag)
{
	size_t entry = find_entry(h, TAG_A);

	if (entry != SIZE_MAX) {
		adopt(h, TAG_A);
		entry = find_entry(h, TAG_A);
		if (entry != SIZE_MAX) {
			if (is_open(h, &h->formats[entry]))
				html_take_out(h, h->formats[entry].at);
			remove_entry(h, entry);
		}
	}
	html_reconstruct(h);
	html_format_start(h, tag);
}

void html_take_out(struct html *h, int32_t at)
{
	int32_t order[HTML_STACK_REMOVE], n = 0;

	if (at < 0 || h->stack.len - at > HTML_STACK_REMOVE)
		return;
	for (int32_t i = at + 1; i < h->stack.len; i++)
		order[n++] = i;
	reorder(h, at, order, n);
}
