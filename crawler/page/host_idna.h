/* host_idna.h - UTS #46 (Unicode IDNA Compatibility Processing), ToASCII.
 *
 * Flags as the URL Standard sets them: CheckHyphens, VerifyDnsLength, UseSTD3 and
 * transitional processing off; CheckBidi and CheckJoiners on. Private to host.c.
 *
 * The mapping is not a stored table: it is derived from Unicode properties the way
 * UTS #46 (section 7) derives its own, with libunistring's data. Compared over all code
 * points with the mapping table of Unicode 17: no difference. libidn2 itself would not
 * do: it adds the refusals of IDNA2008, which browsers do not have.
 */
#ifndef SKITTER_CRAWLER_PAGE_HOST_IDNA_H
#define SKITTER_CRAWLER_PAGE_HOST_IDNA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "config/buf.h"

/* Longest name taken (bytes, and code points after the mapping). DNS ends at 253 ASCII
 * characters; a bound keeps the quadratic parts of Punycode from being abused. */
#define HOST_IDNA_MAX 1024

/* Appends the ASCII form of a UTF-8 name. 0, or -1 with `out` as it was. */
int host_idna(const char *in, size_t len, struct buf *out);

/* What one code point maps to (itself, others, or nothing: *n = 0). -1 = disallowed. */
int idna_map(uint32_t c, uint32_t out[64], size_t *n);
/* Whether a code point may stand in a name that is already mapped. */
bool idna_is_valid(uint32_t c);

/* Unicode properties, with those of code points newer than the library's data. */
bool idna_is_newer(uint32_t c, uint32_t *to); /* known only here; *to = what it maps to */
bool idna_is_mark(uint32_t c);
bool idna_is_virama(uint32_t c);
int idna_bidi_class(uint32_t c);

/* The validity criteria of a label, bidi apart (that depends on the whole name). */
bool idna_label_ok(const uint32_t *cp, size_t n);
/* The bidi rule over all labels of a name, dots between them. */
bool idna_bidi_ok(const uint32_t *cp, size_t n);

/* Punycode (RFC 3492) without the prefix. Encoding appends; decoding writes at most
 * cap code points and returns their number, or -1. */
int punycode_encode(const uint32_t *cp, size_t n, struct buf *out);
long punycode_decode(const char *in, size_t len, uint32_t *cp, size_t cap);

#endif
