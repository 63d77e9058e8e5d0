/* charset_utf8.h - steps of reading UTF-8; inside charset*.c only. */
#ifndef SKITTER_PAGE_CHARSET_UTF8_H
#define SKITTER_PAGE_CHARSET_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* p is not at a valid sequence: bytes that together make one U+FFFD (the maximal subpart),
 * or 0 where a chunk ends within what may still become valid. */
size_t charset_utf8_bad(const unsigned char *p, size_t len, bool last);

/* The code point at p; its length, or 0 if invalid. */
size_t charset_utf8_get(const unsigned char *p, size_t len, uint32_t *c);

#endif
