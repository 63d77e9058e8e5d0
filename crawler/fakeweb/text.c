/* text.c - pieces of running text. */
#include "crawler/fakeweb/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "crawler/fakeweb/words.h"

#define VOCABULARY 6000

struct writer {
	uint64_t state;
	char *p, *start;
};

static unsigned some(struct writer *w, unsigned n)
{
	w->state = w->state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((w->state >> 33) % n);
}

static void say(struct writer *w, const char *s)
{
	w->p = stpcpy(w->p, s);
}

/* As in any language half of all words are a few dozen common ones, and the rarer a word the
 * more there are of its kind. */
static unsigned pick_word(struct writer *w)
{
	unsigned u = some(w, 1000), kind = some(w, 100);

	if (kind < 50)
		return u * u / 1000 * 64 / 1000;
	if (kind < 60)
		return 64 + some(w, FAKE_WORDS);
	return (unsigned)((uint64_t)u * u * u * VOCABULARY / 1000000000u);
}

static void sentence(struct writer *w)
{
	unsigned words = 4 + some(w, 10) + some(w, 10);
	char *first = w->p;

	for (unsigned i = 0; i < words; i++) {
		bool strong = some(w, 60) == 0;
		if (i)
			say(w, some(w, 12) ? " " : ", ");
		if (strong)
			say(w, "<em>");
		w->p = fake_text_word(w->p, pick_word(w));
		if (strong)
			say(w, "</em>");
	}
	say(w, some(w, 12) ? "." : "?");
	if (*first >= 'a' && *first <= 'z')
		*first = (char)(*first - 'a' + 'A');
}

static void paragraph(struct writer *w, size_t size)
{
	char *start = w->p;

	say(w, "<p>");
	sentence(w);
	while ((size_t)(w->p - start) + 100 < size) {
		say(w, " ");
		sentence(w);
	}
	say(w, "</p>\n");
}

static void list(struct writer *w)
{
	say(w, "<ul>\n");
	for (unsigned i = 3 + some(w, 4); i; i--) {
		say(w, "<li>");
		sentence(w);
		say(w, "</li>\n");
	}
	say(w, "</ul>\n");
}

static void big(struct writer *w)
{
	size_t size = FAKE_BIG_SIZE / 2 + some(w, FAKE_BIG_SIZE);

	say(w, "<h2>");
	w->p = fake_word_title(w->p, some(w, FAKE_WORDS));
	for (unsigned i = 1 + some(w, 3); i; i--) {
		say(w, " ");
		w->p = fake_text_word(w->p, pick_word(w));
	}
	say(w, "</h2>\n");
	while ((size_t)(w->p - w->start) + 150 < size) {
		if (some(w, 6) == 0)
			list(w);
		paragraph(w, 200 + some(w, 600));
	}
}

static void deflate_piece(z_stream *z, struct fake_piece *piece)
{
	uLong bound = deflateBound(z, piece->len) + 16;

	deflateReset(z);
	piece->deflated = mem_alloc(bound);
	z->next_in = (Bytef *)piece->data;
	z->avail_in = piece->len;
	z->next_out = (Bytef *)piece->deflated;
	z->avail_out = (uInt)bound;
	deflate(z, Z_FULL_FLUSH);
	piece->deflated_len = (uint32_t)(bound - z->avail_out);
	piece->crc = (uint32_t)crc32(0, (const Bytef *)piece->data, piece->len);
	piece->op = crc32_combine_gen((z_off_t)piece->len);
}

static void make(struct writer *w, z_stream *z, struct fake_piece *piece, bool is_big)
{
	w->p = w->start;
	if (is_big)
		big(w);
	else
		paragraph(w, FAKE_SMALL_SIZE / 2 + some(w, FAKE_SMALL_SIZE));
	piece->len = (uint32_t)(w->p - w->start);
	piece->data = mem_strndup(w->start, piece->len);
	deflate_piece(z, piece);
}

struct fake_text *fake_text_open(uint64_t seed)
{
	struct fake_text *t = mem_zalloc(sizeof(*t));
	struct writer w = {.state = seed * 2 + 1};
	z_stream z = {0};

	fake_words_open();
	w.start = mem_alloc(64 * 1024); /* a piece is far smaller: see big() */
	deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
	for (int i = 0; i < FAKE_BIG_PIECES; i++)
		make(&w, &z, &t->big[i], true);
	for (int i = 0; i < FAKE_SMALL_PIECES; i++)
		make(&w, &z, &t->small[i], false);
	deflateEnd(&z);
	free(w.start);
	return t;
}

static void release(struct fake_piece *v, int n)
{
	for (int i = 0; i < n; i++) {
		free(v[i].data);
		free(v[i].deflated);
	}
}

void fake_text_close(struct fake_text *t)
{
	if (!t)
		return;
	release(t->big, FAKE_BIG_PIECES);
	release(t->small, FAKE_SMALL_PIECES);
	free(t);
}
