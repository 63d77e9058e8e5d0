/* inflate_stream.c - brotli and zstd. */
#include <brotli/decode.h>
#include <stdint.h>
#include <stdlib.h>

#include "crawler/page/inflate_codings.h"

static enum inflate_what cut_at(size_t cap, struct buf *out)
{
	buf_set_len(out, cap);
	return INFLATE_TOO_BIG;
}

enum inflate_what inflate_brotli(const void *in, size_t len, size_t cap, struct buf *out)
{
	BrotliDecoderState *state = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	BrotliDecoderResult res = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
	const uint8_t *next = in;
	size_t avail = len;

	if (!state)
		abort();
	while (res == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT && out->len <= cap) {
		size_t room = inflate_room(out, cap), left = room;
		uint8_t *to = (uint8_t *)out->data + out->len;

		res = BrotliDecoderDecompressStream(state, &avail, &next, &left, &to, NULL);
		buf_set_len(out, out->len + room - left);
	}
	/* Cut: what it has decoded but had no room for. */
	while (BrotliDecoderHasMoreOutput(state) && out->len <= cap) {
		size_t n = inflate_room(out, cap);
		const uint8_t *more = BrotliDecoderTakeOutput(state, &n);

		buf_add(out, more, n);
	}
	BrotliDecoderDestroyInstance(state);
	if (out->len > cap)
		return cut_at(cap, out);
	switch (res) {
	case BROTLI_DECODER_RESULT_SUCCESS: return INFLATE_OK;
	case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT: return INFLATE_CUT;
	case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
	case BROTLI_DECODER_RESULT_ERROR: break;
	}
	return INFLATE_CORRUPT;
}

enum inflate_what inflate_zstd(
	struct inflate *inf, const void *in, size_t len, size_t cap, struct buf *out)
{
	ZSTD_inBuffer from = {in, len, 0};
	size_t res = 1;

	ZSTD_DCtx_reset(inf->zstd, ZSTD_reset_session_only);
	/* Frames follow one another; after the last, 0 is left to do and no input. */
	while (from.pos < len || res != 0) {
		size_t room = inflate_room(out, cap);
		ZSTD_outBuffer to = {out->data + out->len, room, 0};
		size_t before = from.pos;

		res = ZSTD_decompressStream(inf->zstd, &to, &from);
		buf_set_len(out, out->len + to.pos);
		if (out->len > cap)
			return cut_at(cap, out);
		if (ZSTD_isError(res))
			return INFLATE_CORRUPT;
		if (res && to.pos < room && from.pos == len)
			return INFLATE_CUT;
		if (!to.pos && from.pos == before)
			return INFLATE_CORRUPT; /* no progress: never seen, never to spin on */
	}
	return INFLATE_OK;
}
