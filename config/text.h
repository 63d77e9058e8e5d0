/* text.h - text on its way out: to a terminal, into JSON.
 *
 * Titles, URLs and headers are hostile. Nothing reaches a terminal, a log or a
 * report but through one of these.
 */
#ifndef SKITTER_CONFIG_TEXT_H
#define SKITTER_CONFIG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/buf.h"

/* Appends s for a terminal: C0/C1 controls, DEL, invalid UTF-8, bidi controls and
 * line separators become \xNN or \u{NNNN}; the rest stays. */
void text_terminal(struct buf *out, const char *s, size_t len);

/* How many bytes at the start mean themselves in JSON: 0x20 to 0x7e but '"' and '\\'. */
size_t text_plain(const char *s, size_t len);

/* Appends a JSON string with its quotes (RFC 8259); invalid UTF-8 becomes U+FFFD. */
void text_json(struct buf *out, const char *s, size_t len);

/* Appends s for HTML, as text or between the quotes of an attribute: & < > " ' as references;
 * invalid UTF-8, controls and noncharacters become U+FFFD, characters that swap the order of
 * text \u{NNNN}. */
void text_html(struct buf *out, const char *s, size_t len);

/* Whether the bytes are valid UTF-8 (no surrogates, no overlong forms). */
bool text_is_utf8(const char *s, size_t len);

/* Terminal columns that valid UTF-8 text takes (wide CJK = 2, combining = 0). */
size_t text_columns(const char *s, size_t len);

/* "1.2 MB", "512 B" (decimal units) and "1,234,567" appended. */
void text_bytes(struct buf *out, unsigned long long n);
void text_number(struct buf *out, unsigned long long n);
/* "1 h 02 min", "12.3 s", "840 ms" from milliseconds. */
void text_duration(struct buf *out, unsigned long long ms);

/* The nearest of n words to a mistyped one (edit distance, at most a third of its
 * length), or NULL. */
const char *text_nearest(const char *word, const char *const *words, size_t n);

#endif
