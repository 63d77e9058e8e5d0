/* charset.h - legacy encodings to UTF-8 and back, as the WHATWG Encoding Standard has them.
 *
 * Names are those of the standard ("UTF-8", "windows-1252", "Shift_JIS", ...) and are
 * static strings: two equal names are one pointer. Everything works from tables
 * compiled in: no file, no iconv, so it may run inside the sandbox.
 *
 * Output is always valid UTF-8; malformed input becomes U+FFFD by the standard's
 * rules (error mode "replacement"), also where a sequence is cut between two chunks.
 * A byte order mark is not part of the text: charset_decode drops the one of its own
 * encoding at the very start.
 */
#ifndef SKITTER_PAGE_CHARSET_H
#define SKITTER_PAGE_CHARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/buf.h"

#define CHARSET_PRESCAN 1024 /* bytes in which a meta element decides before parsing */

/* ---- names ---- */

/* Label (any case, surrounding ASCII whitespace ignored) to name; NULL = unknown. */
const char *charset_by_label(const char *label, size_t len);

/* Name i of all encodings, in the standard's order; NULL after the last. */
const char *charset_name(size_t i);

/* ---- which encoding a document is in (HTML 13.2.3) ---- */

enum charset_why {
	CHARSET_BY_BOM,
	CHARSET_BY_HEADER,
	CHARSET_BY_META,
	CHARSET_BY_DEFAULT, /* tentative: a later meta element may still change it */
};

/* BOM, else the charset of Content-Type (a label, or NULL), else a meta element
 * in the first CHARSET_PRESCAN bytes, else windows-1252. `why` may be NULL. */
const char *charset_sniff(
	const char *content_type_charset, const void *body, size_t len, enum charset_why *why);

/* The name a meta element gives within `len` bytes (prescan of HTML 13.2.3.2),
 * UTF-16 read as UTF-8 and x-user-defined as windows-1252; NULL = none. */
const char *charset_prescan(const void *body, size_t len);

/* The name a meta element anywhere in the body gives, one that a parser would find as an
 * element: not in a comment, script or other raw text. NULL = none. For documents whose
 * encoding is CHARSET_BY_DEFAULT ("changing the encoding while parsing", 13.2.3.4). */
const char *charset_meta_element(const void *body, size_t len);

/* The encoding of an XML declaration ("get an XML encoding"), or NULL. */
const char *charset_xml(const void *body, size_t len);

/* Encoding of a byte order mark at the start, or NULL; *bom_len is its length. */
const char *charset_bom(const void *body, size_t len, size_t *bom_len);

/* The charset parameter of a Content-Type value as a slice of it; NULL = none. */
const char *charset_parameter(const char *content_type, size_t *len);

/* ---- decoding ---- */

struct charset_decoder;

struct charset_decoder *charset_open(const char *name);
void charset_restart(struct charset_decoder *d, const char *name); /* for the next document */
/* Appends the UTF-8 of `in` to out; `last` ends the document (what is pending becomes U+FFFD). */
void charset_decode(
	struct charset_decoder *d, const void *in, size_t len, struct buf *out, bool last);
/* The start is past already: a byte order mark that follows is text. */
void charset_skip_bom(struct charset_decoder *d);
void charset_close(struct charset_decoder *d);

/* How many leading bytes are valid, complete UTF-8: when it is all of them, text
 * in UTF-8 needs no copy. */
size_t charset_utf8_valid_prefix(const void *in, size_t len);

/* How many leading bytes are ASCII, and whether such bytes are themselves at the start of
 * text in this encoding (all but UTF-16, ISO-2022-JP and replacement). */
size_t charset_ascii_prefix(const void *in, size_t len);
bool charset_is_ascii_superset(const char *name);

/* ---- encoding: queries of documents in legacy encodings (URL standard, "percent-encode
 * after encoding") ---- */

/* Appends `utf8` (valid) in the encoding `name` points at (a name as above; UTF-16 and
 * replacement encode as UTF-8, per "get an output encoding"). A code point the encoding
 * lacks is appended as "%26%23NNNN%3B", which the URL standard asks for and which no
 * percent-encode set touches again. The signature is that of a URL parser's callback. */
void charset_encode(void *name, const char *utf8, size_t len, struct buf *out);

/* Whether queries of documents in this encoding are encoded as UTF-8: no callback needed. */
bool charset_encodes_utf8(const char *name);

#endif
