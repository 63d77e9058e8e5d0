/* words.h - the words of titles, paths and text.
 *
 * Writers take where to write and return the end. A page has some hundred words of its own,
 * so these are made for speed: each may write up to 16 bytes whatever it returns.
 */
#ifndef SKITTER_CRAWLER_FAKEWEB_WORDS_H
#define SKITTER_CRAWLER_FAKEWEB_WORDS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FAKE_WORDS 256 /* of titles and paths */

struct fake_word {
	char text[15]; /* at most 12 letters */
	uint8_t len;
};

/* In small letters, and with a capital one: fake_words_open makes the second of the first. */
extern const struct fake_word fake_words[FAKE_WORDS];
extern struct fake_word fake_capital[FAKE_WORDS];
void fake_words_open(void);

static inline char *fake_put_word(char *p, const struct fake_word *w)
{
	memcpy(p, w->text, sizeof(w->text));
	return p + w->len;
}

static inline char *fake_word(char *p, unsigned n) /* river */
{
	return fake_put_word(p, &fake_words[n % FAKE_WORDS]);
}

static inline char *fake_word_title(char *p, unsigned n) /* River */
{
	return fake_put_word(p, &fake_capital[n % FAKE_WORDS]);
}

/* A string literal. */
#define FAKE_PUT(p, literal) ((char *)memcpy(p, literal, sizeof(literal) - 1) + sizeof(literal) - 1)

char *fake_number(char *p, uint32_t n); /* decimal */
/* A word of running text, from thousands: common ones when n is small. Up to 20 letters. */
char *fake_text_word(char *p, unsigned n);

#endif
