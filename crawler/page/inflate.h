/* inflate.h - wire bytes to decoded bytes (RFC 9110 section 8.4, "Content-Encoding").
 *
 * Codings: gzip and x-gzip (RFC 1952, several members, trailing garbage ignored),
 * deflate (zlib, RFC 1950, and the raw RFC 1951 that old servers send), br
 * (RFC 7932), zstd (RFC 8878, window at most 8 MiB as RFC 9659 asks), identity,
 * and up to INFLATE_MAX_CODINGS of them in one header ("gzip, br").
 *
 * Bounds: the output never exceeds max_out, and never max(INFLATE_FREE_OUT,
 * INFLATE_RATIO * input): honest pages stay under 100:1, while a gzip bomb comes
 * near 1,000:1 and a brotli one near 1,000,000:1. Reaching either bound keeps
 * what was decoded so far. So does an input that is cut or broken: the caller
 * gets every byte that came out before the fault, and the verdict says which.
 *
 * Unit: bytes. Thread: a struct inflate belongs to one thread; inflate_open needs
 * no files, so it may be called inside the sandbox. No state is kept between
 * bodies but memory.
 */
#ifndef SKITTER_PAGE_INFLATE_H
#define SKITTER_PAGE_INFLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/buf.h"

#define INFLATE_MAX_CODINGS 4
#define INFLATE_RATIO	    200
#define INFLATE_FREE_OUT    ((size_t)1 << 20)

enum inflate_what {
	INFLATE_OK,	 /* the whole body, checksums right */
	INFLATE_CUT,	 /* the input ended early; out holds what came before */
	INFLATE_CORRUPT, /* wrong bytes or a wrong checksum; out holds what came before */
	INFLATE_BOMB,	 /* the ratio bound was reached; out holds that much */
	INFLATE_TOO_BIG, /* max_out was reached; out holds exactly max_out bytes */
	INFLATE_UNKNOWN, /* a coding nobody here knows, or too many; out is empty */
};

struct inflate;

struct inflate *inflate_open(void);
void inflate_close(struct inflate *inf);

/* Decodes `in` by the value of Content-Encoding (NULL or "" = identity) into out,
 * which is reset first and may be used again for the next body. */
enum inflate_what inflate_body(struct inflate *inf, const char *coding, const void *in, size_t len,
	size_t max_out, struct buf *out);

/* Whether the header value names nothing but identity: the body is its own decoded form. */
bool inflate_is_identity(const char *coding);

/* Whether the bytes begin as a gzip member does (1f 8b 08). */
bool inflate_is_gzip(const void *in, size_t len);

const char *inflate_what_name(enum inflate_what what); /* "ok", "cut", ... */

#endif
