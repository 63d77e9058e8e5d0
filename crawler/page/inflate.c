#include "crawler/page/inflate.h"

#include <libdeflate.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/mem.h"
#include "crawler/page/inflate_codings.h"

enum coding { CODING_IDENTITY, CODING_GZIP, CODING_DEFLATE, CODING_BR, CODING_ZSTD };

static const struct {
	const char *name;
	enum coding coding;
} names[] = {
	{"gzip", CODING_GZIP},
	{"x-gzip", CODING_GZIP},
	{"deflate", CODING_DEFLATE},
	{"br", CODING_BR},
	{"zstd", CODING_ZSTD},
	{"identity", CODING_IDENTITY},
};

struct inflate *inflate_open(void)
{
	struct inflate *inf = mem_zalloc(sizeof(*inf));

	inf->fast = libdeflate_alloc_decompressor();
	inf->zs = mem_zalloc(sizeof(*inf->zs));
	inf->zstd = ZSTD_createDCtx();
	if (!inf->fast || !inf->zstd || inflateInit2(inf->zs, 15 + 16) != Z_OK)
		abort();
	ZSTD_DCtx_setParameter(inf->zstd, ZSTD_d_windowLogMax, INFLATE_ZSTD_WINDOW_LOG);
	buf_init(&inf->between);
	return inf;
}

void inflate_close(struct inflate *inf)
{
	if (!inf)
		return;
	libdeflate_free_decompressor(inf->fast);
	inflateEnd(inf->zs);
	free(inf->zs);
	ZSTD_freeDCtx(inf->zstd);
	buf_release(&inf->between);
	free(inf);
}

bool inflate_is_gzip(const void *in, size_t len)
{
	const unsigned char *p = in;

	return len >= 3 && p[0] == 0x1f && p[1] == 0x8b && p[2] == 8;
}

const char *inflate_what_name(enum inflate_what what)
{
	static const char *const words[] = {
		"ok", "cut", "corrupt", "bomb", "too big", "unknown coding"};

	return (size_t)what < MEM_COUNT(words) ? words[what] : "?";
}

/* The codings of a header value in the order they were applied. Identities drop out.
 * Their number, or -1 where one is unknown or there are too many. */
static int codings(const char *value, enum coding *list)
{
	const char *p = value ? value : "";
	int n = 0;

	for (;;) {
		size_t len, i;

		p += strspn(p, " \t,");
		len = strcspn(p, ", \t;");
		if (len == 0)
			return *p ? -1 : n;
		for (i = 0; i < MEM_COUNT(names); i++)
			if (strlen(names[i].name) == len && !strncasecmp(names[i].name, p, len))
				break;
		if (i == MEM_COUNT(names))
			return -1;
		p += len;
		if (names[i].coding == CODING_IDENTITY)
			continue;
		if (n == INFLATE_MAX_CODINGS)
			return -1;
		list[n++] = names[i].coding;
	}
}

bool inflate_is_identity(const char *coding)
{
	enum coding list[INFLATE_MAX_CODINGS];

	return codings(coding, list) == 0;
}

/* Zlib or raw: a zlib header is a multiple of 31 with method 8 and a window of at most 32 KiB. */
static bool has_zlib_header(const unsigned char *p, size_t len)
{
	return len >= 2 && (p[0] & 15) == 8 && p[0] >> 4 <= 7 && (p[0] << 8 | p[1]) % 31 == 0;
}

static enum inflate_what decode_deflate(
	struct inflate *inf, const unsigned char *in, size_t len, size_t cap, struct buf *out)
{
	enum inflate_what what;

	if (!has_zlib_header(in, len))
		return inflate_zlib(inf, INFLATE_RAW, in, len, cap, out);
	what = inflate_zlib(inf, INFLATE_ZLIB, in, len, cap, out);
	if (what != INFLATE_CORRUPT)
		return what;
	/* A raw stream may look like a zlib header by chance. */
	if (out->len == 0)
		what = inflate_zlib(inf, INFLATE_RAW, in, len, cap, out);
	return what;
}

static enum inflate_what decode_one(struct inflate *inf, enum coding coding, const void *in,
	size_t len, size_t cap, struct buf *out)
{
	buf_reset(out);
	if (len == 0)
		return INFLATE_OK; /* HEAD, 204 and empty bodies carry the header too */
	switch (coding) {
	case CODING_GZIP: return inflate_zlib(inf, INFLATE_GZIP, in, len, cap, out);
	case CODING_DEFLATE: return decode_deflate(inf, in, len, cap, out);
	case CODING_BR: return inflate_brotli(in, len, cap, out);
	case CODING_ZSTD: return inflate_zstd(inf, in, len, cap, out);
	case CODING_IDENTITY: break;
	}
	return INFLATE_UNKNOWN;
}

static enum inflate_what identity(const void *in, size_t len, size_t max_out, struct buf *out)
{
	bool whole = len <= max_out;

	buf_add(out, in, whole ? len : max_out);
	return whole ? INFLATE_OK : INFLATE_TOO_BIG;
}

enum inflate_what inflate_body(struct inflate *inf, const char *coding, const void *in, size_t len,
	size_t max_out, struct buf *out)
{
	enum coding list[INFLATE_MAX_CODINGS];
	enum inflate_what what = INFLATE_OK, first = INFLATE_OK;
	struct buf *from = &inf->between;
	size_t ratio_cap, cap;
	int n;

	buf_reset(out);
	n = codings(coding, list);
	if (n < 0)
		return INFLATE_UNKNOWN;
	if (n == 0)
		return identity(in, len, max_out, out);
	ratio_cap = len > SIZE_MAX / INFLATE_RATIO ? SIZE_MAX : len * INFLATE_RATIO;
	if (ratio_cap < INFLATE_FREE_OUT)
		ratio_cap = INFLATE_FREE_OUT;
	cap = ratio_cap < max_out ? ratio_cap : max_out;
	/* The last coding applied comes off first. The same bound holds for every layer, so
	 * a bomb inside a bomb is met as soon as it grows. */
	while (n-- > 0) {
		what = decode_one(inf, list[n], in, len, cap, out);
		if (what == INFLATE_TOO_BIG && cap < max_out)
			what = INFLATE_BOMB;
		if (what != INFLATE_OK && first == INFLATE_OK)
			first = what;
		if (n > 0) {
			struct buf swap = *from;

			*from = *out;
			*out = swap;
			in = from->data;
			len = from->len;
		}
	}
	/* An outer layer that was cut makes the inner one look cut: the first fault is the cause.
	 */
	return first;
}
