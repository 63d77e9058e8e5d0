/* host.h - hosts by the WHATWG URL Standard (section 3) and UTS #46.
 *
 * Contract: text in is UTF-8, text out is ASCII and appended to a buf; on -1 the
 * buffer is as it was. Pure functions, usable from any thread after url_global_init.
 */
#ifndef SKITTER_CRAWLER_PAGE_HOST_H
#define SKITTER_CRAWLER_PAGE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/buf.h"

/* The domain-to-ASCII of the standard (not strict): lower case for ASCII, UTS #46
 * non-transitional for the rest, with bidi and joiner checks, without hyphen and
 * length checks. Forbidden code points are NOT looked for; host_parse does that.
 * 0 or -1. */
int host_to_ascii(const char *in, size_t len, struct buf *out);

/* The host of a special URL: percent-decodes, to ASCII, refuses forbidden domain
 * code points, serialises IPv4 in any spelling and IPv6 in brackets. `tmp` is scratch. */
int host_parse(const char *in, size_t len, struct buf *tmp, struct buf *out);

/* The host of a URL that is not special. */
int host_parse_opaque(const char *in, size_t len, struct buf *out);

/* IPv4 as the standard reads it: "127.1", "0x7f.1", "017700000001".
 * 0 and *ip in host order; -1 = not an address (out of range, bad digits). */
int host_parse_ipv4(const char *in, size_t len, uint32_t *ip);
bool host_ends_in_number(const char *in, size_t len);

/* IPv6 without brackets and zone. 0 and the 8 pieces in host order, or -1. */
int host_parse_ipv6(const char *in, size_t len, uint16_t ip[8]);
/* RFC 5952 form without brackets; returns the length (at most 39, NUL added). */
size_t host_format_ipv6(const uint16_t ip[8], char out[40]);
size_t host_format_ipv4(uint32_t ip, char out[16]);

/* Whether a serialised host is an IP address ("127.0.0.1", "[::1]"; "::1" too). */
bool host_is_ip(const char *host, size_t len);

/* The registrable domain (public suffix + 1 label) of a serialised host: a suffix
 * of host, *out_len bytes. An IP address, a public suffix itself, or a name without
 * one is its own: host is returned whole. A final dot is part of the answer. */
const char *host_registrable(const char *host, size_t len, size_t *out_len);

/* As above, but NULL where there is none. */
const char *host_registrable_or_null(const char *host, size_t len, size_t *out_len);

/* Replaces the built-in public suffix list by a libpsl context (psl_ctx_t), NULL = back
 * to the built-in one. For tests with a given list. */
struct psl_ctx_st;
void host_use_suffix_list(const struct psl_ctx_st *psl);

/* Warms up libraries; url_global_init calls it. */
void host_global_init(void);

#endif
