/* search_cjk.h - characters of scripts that are written without spaces between words.
 *
 * Chinese, Japanese (kana too) and Korean, and Thai, Lao, Khmer and Burmese: what a reader
 * takes for a word is not marked, so the index takes every pair of neighbours for one.
 *
 * A character is read in the form it is indexed in: halfwidth kana become full, a kana and
 * the voicing mark behind it, or the parts of a Korean syllable, become one character, and
 * selectors and joiners that do not show are passed over.
 */
#ifndef SKITTER_STORAGE_SEARCH_CJK_H
#define SKITTER_STORAGE_SEARCH_CJK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The code point at s[0..len), and how many bytes it takes; 0 where these are not UTF-8. */
size_t cjk_decode(const char *s, size_t len, uint32_t *c);

/* Whether c belongs to such a script. */
bool cjk_is(uint32_t c);

/* Whether a space before or after it is no border of words: of Chinese and Japanese, where a
 * page has one only because its source had a line break there. */
bool cjk_bridges(uint32_t c);

/* The character at s[0..len), which begins with one that cjk_is; bytes taken. */
size_t cjk_char(const char *s, size_t len, uint32_t *c);

/* Where the first such character of s[0..len) begins; len if there is none. */
size_t cjk_find(const char *s, size_t len);

size_t cjk_encode(uint32_t c, char out[4]);

#endif
