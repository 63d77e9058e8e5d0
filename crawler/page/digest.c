#include "crawler/page/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "config/buf.h"
#include "config/mem.h"
#include "crawler/page/inflate.h"

#define PIECE ((size_t)128 << 10)

struct digester {
	EVP_MD *sha256;
	EVP_MD_CTX *md;
	/* made when first needed: most parsers never verify */
	ZSTD_DCtx *zstd;
	struct inflate *inflate;
	struct buf decoded;
	char piece[PIECE];
};

struct digester *digester_open(void)
{
	struct digester *d = mem_zalloc(sizeof(*d));

	d->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	d->md = EVP_MD_CTX_new();
	if (!d->sha256 || !d->md)
		abort();
	buf_init(&d->decoded);
	return d;
}

void digester_close(struct digester *d)
{
	if (!d)
		return;
	EVP_MD_free(d->sha256);
	EVP_MD_CTX_free(d->md);
	ZSTD_freeDCtx(d->zstd);
	inflate_close(d->inflate);
	buf_release(&d->decoded);
	free(d);
}

static void begin(struct digester *d)
{
	if (EVP_DigestInit_ex2(d->md, d->sha256, NULL) != 1)
		abort();
}

static void add(struct digester *d, const void *data, size_t len)
{
	if (EVP_DigestUpdate(d->md, data, len) != 1)
		abort();
}

static void end(struct digester *d, uint8_t out[32])
{
	if (EVP_DigestFinal_ex(d->md, out, NULL) != 1)
		abort();
}

/* One frame that fills the input, as skitter writes them, piece by piece: no size is believed. */
static bool unpack(struct digester *d, const struct digest_task *t, uint64_t *len)
{
	ZSTD_inBuffer in = {t->body, t->len, 0};
	size_t left = 1;

	if (!d->zstd && !(d->zstd = ZSTD_createDCtx()))
		abort();
	ZSTD_DCtx_reset(d->zstd, ZSTD_reset_session_only);
	*len = 0;
	while (left && *len <= t->max_decoded) {
		ZSTD_outBuffer out = {d->piece, PIECE, 0};
		left = ZSTD_decompressStream(d->zstd, &out, &in);
		if (ZSTD_isError(left) || (left && !out.pos && in.pos == in.size))
			return false;
		add(d, d->piece, out.pos);
		*len += out.pos;
	}
	return !left && in.pos == in.size;
}

void digester_read(struct digester *d, const struct digest_task *t, struct digest_answer *out)
{
	*out = (struct digest_answer){.packed_ok = 1, .result = INFLATE_OK, .wire_len = t->len};
	begin(d);
	if (t->packed)
		out->packed_ok = unpack(d, t, &out->wire_len);
	else
		add(d, t->body, t->len);
	end(d, out->wire);
	memcpy(out->decoded, out->wire, sizeof(out->decoded));
	out->decoded_len = out->wire_len;
	if (t->packed || inflate_is_identity(t->coding))
		return;
	if (!d->inflate)
		d->inflate = inflate_open();
	out->result = (uint32_t)inflate_body(
		d->inflate, t->coding, t->body, t->len, (size_t)t->max_decoded, &d->decoded);
	if (out->result == INFLATE_UNKNOWN)
		return; /* no coding at all: the body is what it is */
	begin(d);
	add(d, d->decoded.data, d->decoded.len);
	end(d, out->decoded);
	out->decoded_len = d->decoded.len;
	if (d->decoded.cap > (size_t)4 << 20)
		buf_release(&d->decoded);
}
