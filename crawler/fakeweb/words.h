/* words.h - the words of titles, paths and text. */
#ifndef SKITTER_CRAWLER_FAKEWEB_WORDS_H
#define SKITTER_CRAWLER_FAKEWEB_WORDS_H

#include <stddef.h>
#include <stdint.h>

#define FAKE_WORDS 256 /* of titles and paths */

extern const char *const fake_words[FAKE_WORDS];

/* Writes at p and returns the end; a word has at most 12 letters. */
char *fake_word(char *p, unsigned n);	    /* river */
char *fake_word_title(char *p, unsigned n); /* River */
char *fake_number(char *p, uint64_t n);	    /* decimal */
/* A word of running text, from thousands: common ones when n is small. Up to 20 letters. */
char *fake_text_word(char *p, unsigned n);

#endif
