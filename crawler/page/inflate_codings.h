/* inflate_codings.h - one decoder per coding; inside inflate*.c only.
 *
 * Each appends to out (empty at the start) at most cap bytes, and returns INFLATE_TOO_BIG
 * when there would have been more. What came out before a fault stays.
 */
#ifndef SKITTER_PAGE_INFLATE_CODINGS_H
#define SKITTER_PAGE_INFLATE_CODINGS_H

#include <libdeflate.h>
#include <zlib.h>
#include <zstd.h>

#include "config/buf.h"
#include "crawler/page/inflate.h"

#define INFLATE_ZSTD_WINDOW_LOG 23 /* 8 MiB, RFC 9659 */

struct inflate {
	struct libdeflate_decompressor *fast;
	z_stream *zs;
	ZSTD_DCtx *zstd;
	struct buf between; /* between two codings */
};

enum inflate_wrapper { INFLATE_GZIP, INFLATE_ZLIB, INFLATE_RAW };

enum inflate_what inflate_zlib(struct inflate *inf, enum inflate_wrapper wrapper, const void *in,
	size_t len, size_t cap, struct buf *out);
enum inflate_what inflate_brotli(const void *in, size_t len, size_t cap, struct buf *out);
enum inflate_what inflate_zstd(
	struct inflate *inf, const void *in, size_t len, size_t cap, struct buf *out);

#define INFLATE_STEP ((size_t)64 << 10)

/* Makes room for the next step: INFLATE_STEP bytes, less at the end, never past cap + 1 (the
 * one byte tells "exactly cap" from "more"). What a decoder gives of a broken body depends on
 * the room it got, so the room must not depend on the page before. */
size_t inflate_room(struct buf *out, size_t cap);

#endif
