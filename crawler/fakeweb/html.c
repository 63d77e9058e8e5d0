/* html.c - the bytes of a page. */
#include "crawler/fakeweb/html.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "crawler/fakeweb/words.h"

#define TITLE_MAX  64
#define LINK_MAX   (FAKE_ORIGIN_MAX + FAKE_PATH_MAX + TITLE_MAX + 64)
#define FIXED_MAX  (16 * 1024)
#define GROUP	   6 /* links of the text after each piece */
#define SIZE_SIGMA 0.8
#define SIZE_MAX_B (4.0 * 1024 * 1024)

enum { ABOUT_WORDS = 10, ABOUT_SIZE = 20, ABOUT_TEXT };

struct fake_html *fake_html_open(const struct fake_graph *g, const struct fake_text *text)
{
	struct fake_html *b = mem_zalloc(sizeof(*b));

	b->g = g;
	b->text = text;
	b->links = mem_array(g->max_links, sizeof(*b->links));
	b->own = mem_alloc(g->max_links * LINK_MAX + FIXED_MAX);
	return b;
}

void fake_html_close(struct fake_html *b)
{
	if (!b)
		return;
	free(b->links);
	free(b->own);
	free(b->parts);
	free(b->plain);
	free(b->zipped);
	free(b->frames);
	free(b);
}

char *fake_title(const struct fake_graph *g, uint32_t host, uint32_t page, char *p)
{
	uint64_t bits = fake_bits(g, host, page, ABOUT_WORDS);

	p = fake_word_title(p, (unsigned)bits);
	*p++ = ' ';
	p = fake_word(p, (unsigned)(bits >> 8));
	if (page) {
		*p++ = ' ';
		p = fake_number(p, page);
	}
	return p;
}

/* ---- parts ---- */

#define SAY(b, literal) ((b)->p = FAKE_PUT((b)->p, literal))

static void say(struct fake_html *b, const char *s, size_t len)
{
	memcpy(b->p, s, len);
	b->p += len;
}

static void begin(struct fake_html *b)
{
	b->p = b->own;
	b->nparts = 0;
}

static struct fake_part *new_part(struct fake_html *b)
{
	if (b->nparts == b->cap_parts) {
		b->cap_parts = b->cap_parts ? 2 * b->cap_parts : 64;
		b->parts = mem_realloc(b->parts, b->cap_parts * sizeof(*b->parts));
		b->plain = mem_realloc(b->plain, b->cap_parts * sizeof(*b->plain));
	}
	return &b->parts[b->nparts++];
}

/* What was said since the last part. */
static void close_own(struct fake_html *b)
{
	size_t from = b->nparts ? b->parts[b->nparts - 1].to : 0;
	size_t to = (size_t)(b->p - b->own);

	if (from < to)
		*new_part(b) = (struct fake_part){NULL, from, to};
}

static void add_piece(struct fake_html *b, const struct fake_piece *piece)
{
	size_t at = (size_t)(b->p - b->own);

	close_own(b);
	*new_part(b) = (struct fake_part){piece, at, at};
}

static void finish(struct fake_html *b)
{
	close_own(b);
	b->len = 0;
	b->out = b->plain;
	b->nout = b->nparts;
	for (size_t i = 0; i < b->nparts; i++) {
		const struct fake_part *part = &b->parts[i];
		if (part->piece)
			b->out[i] = (struct iovec){part->piece->data, part->piece->len};
		else
			b->out[i] = (struct iovec){b->own + part->from, part->to - part->from};
		b->len += b->out[i].iov_len;
	}
}

/* ---- a page ---- */

static void add_link(struct fake_html *b, uint32_t host, const struct fake_link *l)
{
	SAY(b, "<a href=\"");
	if (l->host != host)
		b->p = fake_origin(b->g, l->host, b->p);
	b->p = l->kind == FAKE_DEAD_LINK ? fake_dead_path(b->g, l->host, l->page, b->p)
					 : fake_path(b->g, l->host, l->page, b->p);
	SAY(b, "\">");
	b->p = fake_title(b->g, l->host, l->page, b->p);
	SAY(b, "</a>");
}

static void add_head(struct fake_html *b, uint32_t host, const char *title, size_t len)
{
	SAY(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>");
	say(b, title, len);
	SAY(b, " - ");
	b->p = fake_title(b->g, host, 0, b->p);
	SAY(b, "</title>\n<meta name=\"viewport\" content=\"width=device-width\">\n"
	       "<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n");
}

/* The links from `from` on that are of this kind, as a list; how far it came. */
static size_t add_list(
	struct fake_html *b, uint32_t host, size_t from, size_t n, enum fake_link_kind kind)
{
	size_t i = from;

	if (i == n || b->links[i].kind != kind)
		return i;
	SAY(b, "<ul>\n");
	for (; i < n && b->links[i].kind == kind; i++) {
		SAY(b, "<li>");
		add_link(b, host, &b->links[i]);
		SAY(b, "</li>\n");
	}
	SAY(b, "</ul>\n");
	return i;
}

static size_t add_see_also(struct fake_html *b, uint32_t host, size_t from, size_t n)
{
	size_t i = from;

	for (; i < n && i < from + GROUP; i++) {
		if (b->links[i].kind != FAKE_TEXT_LINK && b->links[i].kind != FAKE_DEAD_LINK)
			break;
		if (i == from)
			SAY(b, "<p>See also ");
		else
			SAY(b, ", ");
		add_link(b, host, &b->links[i]);
	}
	if (i > from)
		SAY(b, ".</p>\n");
	return i;
}

/* Log-normal: the sum of eight bytes is near enough to normal. */
static size_t text_size(const struct fake_graph *g, uint64_t bits)
{
	int sum = 0;
	double size;

	for (; bits; bits >>= 8)
		sum += (int)(bits & 255);
	size = (double)g->o->size * exp(SIZE_SIGMA * (sum - 1020) / 209.0);
	return (size_t)(size < SIZE_MAX_B ? size : SIZE_MAX_B);
}

/* The text, with groups of links between as long as there are both. */
static size_t add_text(
	struct fake_html *b, uint32_t host, uint64_t bits, size_t size, size_t i, size_t n)
{
	size_t left = size;

	for (; left > FAKE_SMALL_SIZE / 2; bits = bits * 6364136223846793005u + 1) {
		const struct fake_piece *piece =
			left > FAKE_BIG_SIZE ? &b->text->big[(bits >> 40) % FAKE_BIG_PIECES]
					     : &b->text->small[(bits >> 40) % FAKE_SMALL_PIECES];
		add_piece(b, piece);
		left -= piece->len < left ? piece->len : left;
		i = add_see_also(b, host, i, n);
	}
	return i;
}

/* At the end of every page: the ways into the traps and to what robots.txt closes. */
static void add_foot(struct fake_html *b)
{
	const struct fake_options *o = b->g->o;

	SAY(b, "</main>\n<footer><p><img src=\"/logo.png\" alt=\"\"> Made up, every word of it.");
	if (o->robots)
		SAY(b, " <a href=\"/private/\">Private</a>");
	if (o->traps & TRAP_CALENDAR)
		SAY(b, " <a href=\"/calendar/2026-11/\">Calendar</a>");
	if (o->traps & TRAP_SESSION)
		SAY(b, " <a href=\"/account?sid=0\">Account</a>");
	if (o->traps & TRAP_PATH)
		SAY(b, " <a href=\"/deeper/\">Deeper</a>");
	if (o->traps & TRAP_FACETS)
		SAY(b, " <a href=\"/filter\">Filter</a>");
	SAY(b, "</p></footer>\n</body>\n</html>\n");
}

void fake_html_page(struct fake_html *b, uint32_t host, uint32_t page)
{
	const struct fake_graph *g = b->g;
	char title[TITLE_MAX];
	size_t len = (size_t)(fake_title(g, host, page, title) - title), i, at;
	size_t n = fake_links(g, host, page, b->links);
	size_t size = text_size(g, fake_bits(g, host, page, ABOUT_SIZE));

	begin(b);
	add_head(b, host, title, len);
	SAY(b, "<nav>\n");
	i = add_list(b, host, 0, n, FAKE_NAV_LINK);
	i = add_list(b, host, i, n, FAKE_UP_LINK);
	SAY(b, "</nav>\n<main>\n<h1>");
	say(b, title, len);
	SAY(b, "</h1>\n");
	i = add_list(b, host, i, n, FAKE_CHILD_LINK);
	i = add_text(b, host, fake_bits(g, host, page, ABOUT_TEXT), size, i, n);
	while ((at = add_see_also(b, host, i, n)) > i)
		i = at;
	add_list(b, host, i, n, FAKE_HOST_LINK);
	add_foot(b);
	finish(b);
}

void fake_html_other(
	struct fake_html *b, uint32_t host, const char *title, const char *links, uint64_t bits)
{
	begin(b);
	add_head(b, host, title, strlen(title));
	SAY(b, "<main>\n<h1>");
	say(b, title, strlen(title));
	SAY(b, "</h1>\n");
	say(b, links, strlen(links));
	add_text(b, host, bits, 2 * FAKE_BIG_SIZE, 0, 0);
	add_foot(b);
	finish(b);
}
