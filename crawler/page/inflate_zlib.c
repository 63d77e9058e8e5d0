/* inflate_zlib.c - gzip, zlib and raw deflate.
 *
 * libdeflate decodes a whole member at once and is more than twice as fast, but
 * gives nothing of a broken one and wants to know the size. So it goes first, with
 * the size that a gzip trailer claims (checked against the bounds) or a guess, and zlib
 * reads as a stream whatever libdeflate did not like.
 */
#include <stdint.h>
#include <string.h>

#include "crawler/page/inflate_codings.h"

size_t inflate_room(struct buf *out, size_t cap)
{
	size_t limit = cap == SIZE_MAX ? cap : cap + 1, room = limit - out->len, free_now;

	if (room > INFLATE_STEP)
		room = INFLATE_STEP;
	free_now = out->cap ? out->cap - 1 - out->len : 0;
	if (free_now < room)
		buf_grow(out, room);
	return room;
}

/* How much one member probably gives. */
static size_t guess(enum inflate_wrapper wrapper, const unsigned char *in, size_t len, size_t cap)
{
	size_t size = len < SIZE_MAX / 6 ? len * 6 : len;

	if (wrapper == INFLATE_GZIP && len >= 18) {
		const unsigned char *t = in + len - 4;

		size = (size_t)t[0] | (size_t)t[1] << 8 | (size_t)t[2] << 16 | (size_t)t[3] << 24;
	}
	return size < cap ? size : cap;
}

static enum libdeflate_result fast_member(struct inflate *inf, enum inflate_wrapper wrapper,
	const void *in, size_t len, struct buf *out, size_t room, size_t *used, size_t *got)
{
	void *to = out->data + out->len;

	switch (wrapper) {
	case INFLATE_GZIP:
		return libdeflate_gzip_decompress_ex(inf->fast, in, len, to, room, used, got);
	case INFLATE_ZLIB:
		return libdeflate_zlib_decompress_ex(inf->fast, in, len, to, room, used, got);
	case INFLATE_RAW: break;
	}
	return libdeflate_deflate_decompress_ex(inf->fast, in, len, to, room, used, got);
}

/* The whole body as one member, or false with nothing written. */
static bool fast(struct inflate *inf, enum inflate_wrapper wrapper, const unsigned char *in,
	size_t len, size_t cap, struct buf *out)
{
	size_t room = guess(wrapper, in, len, cap), used = 0, got = 0;
	int tries = wrapper == INFLATE_GZIP ? 1 : 3;
	enum libdeflate_result res = LIBDEFLATE_INSUFFICIENT_SPACE;

	while (res == LIBDEFLATE_INSUFFICIENT_SPACE && tries-- > 0) {
		buf_grow(out, room + 1);
		res = fast_member(inf, wrapper, in, len, out, room, &used, &got);
		room = room < cap / 3 ? room * 3 : cap;
	}
	if (res != LIBDEFLATE_SUCCESS)
		return false;
	if (wrapper == INFLATE_GZIP && inflate_is_gzip(in + used, len - used))
		return false; /* another member */
	buf_set_len(out, out->len + got);
	return true;
}

static int window_bits(enum inflate_wrapper wrapper)
{
	return wrapper == INFLATE_GZIP ? 15 + 16 : wrapper == INFLATE_ZLIB ? 15 : -15;
}

/* One member as a stream. Z_STREAM_END, or what stopped it. */
static int member(z_stream *zs, size_t cap, struct buf *out)
{
	int res = Z_OK;

	while (res == Z_OK) {
		size_t room = inflate_room(out, cap);

		zs->next_out = (Bytef *)out->data + out->len;
		zs->avail_out = (uInt)room;
		res = inflate(zs, Z_NO_FLUSH);
		buf_set_len(out, out->len + room - zs->avail_out);
		if (out->len > cap)
			break;
	}
	return res;
}

static enum inflate_what verdict(int res, size_t cap, struct buf *out)
{
	if (out->len > cap) {
		buf_set_len(out, cap);
		return INFLATE_TOO_BIG;
	}
	if (res == Z_STREAM_END)
		return INFLATE_OK;
	return res == Z_BUF_ERROR || res == Z_OK ? INFLATE_CUT : INFLATE_CORRUPT;
}

enum inflate_what inflate_zlib(struct inflate *inf, enum inflate_wrapper wrapper, const void *in,
	size_t len, size_t cap, struct buf *out)
{
	z_stream *zs = inf->zs;
	int res;

	if (len > UINT32_MAX)
		return INFLATE_TOO_BIG;
	if (fast(inf, wrapper, in, len, cap, out))
		return INFLATE_OK;
	zs->next_in = (z_const Bytef *)in;
	zs->avail_in = (uInt)len;
	do {
		inflateReset2(zs, window_bits(wrapper));
		res = member(zs, cap, out);
	} while (res == Z_STREAM_END && wrapper == INFLATE_GZIP &&
		 inflate_is_gzip(zs->next_in, zs->avail_in));
	return verdict(res, cap, out);
}
