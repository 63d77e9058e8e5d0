/* test_inflate.c - codings, members, cuts, checksums, bombs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#include "config/mem.h"
#include "crawler/page/inflate.h"

#define MAX ((size_t)16 << 20)

static struct inflate *inf;
static struct buf out = BUF_INIT;

static int setup(void **state)
{
	(void)state;
	inf = inflate_open();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	inflate_close(inf);
	buf_release(&out);
	return 0;
}

/* Appends `text` deflated; bits as of deflateInit2: 31 gzip, 15 zlib, -15 raw. */
static void squeeze(struct buf *to, const char *text, size_t len, int bits)
{
	z_stream zs = {0};
	size_t bound;

	assert_int_equal(deflateInit2(&zs, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	bound = deflateBound(&zs, len);
	buf_grow(to, bound);
	zs.next_in = (z_const Bytef *)text;
	zs.avail_in = (uInt)len;
	zs.next_out = (Bytef *)to->data + to->len;
	zs.avail_out = (uInt)bound;
	assert_int_equal(deflate(&zs, Z_FINISH), Z_STREAM_END);
	buf_set_len(to, to->len + bound - zs.avail_out);
	deflateEnd(&zs);
}

/* Text that does not shrink much. */
static void fill(struct buf *b, size_t len)
{
	uint32_t x = 12345;

	buf_reset(b);
	while (b->len < len) {
		x = x * 1103515245u + 12345u;
		buf_add_ch(b, ' ' + (int)(x >> 16) % 64);
	}
}

static enum inflate_what run(const char *coding, const struct buf *in)
{
	/* The exact size on the heap, so that a read past the end shows. */
	void *exact = mem_dup(in->data, in->len);
	enum inflate_what what = inflate_body(inf, coding, exact, in->len, MAX, &out);

	free(exact);
	assert_int_equal(out.data[out.len], 0);
	return what;
}

static void same(const struct buf *want)
{
	assert_int_equal(out.len, want->len);
	assert_memory_equal(out.data, want->data, want->len);
}

static void test_good(void **state)
{
	static const size_t sizes[] = {0, 1, 5, 1000, 26000, 70000, 1 << 20, (1 << 20) + 1};
	static const struct {
		const char *coding;
		int bits;
	} kinds[] = {{"gzip", 31}, {"x-gzip", 31}, {"deflate", 15}, {"deflate", -15}, {"GZip", 31},
		{" identity, gzip", 31}};
	struct buf text = BUF_INIT, in = BUF_INIT;
	size_t i, k;

	(void)state;
	for (i = 0; i < MEM_COUNT(sizes); i++) {
		fill(&text, sizes[i]);
		for (k = 0; k < MEM_COUNT(kinds); k++) {
			buf_reset(&in);
			squeeze(&in, text.data, text.len, kinds[k].bits);
			assert_int_equal(run(kinds[k].coding, &in), INFLATE_OK);
			same(&text);
		}
		buf_reset(&in);
		buf_grow(&in, ZSTD_compressBound(text.len));
		buf_set_len(&in, ZSTD_compress(in.data, in.cap - 1, text.data, text.len, 3));
		assert_int_equal(run("zstd", &in), INFLATE_OK);
		same(&text);
	}
	buf_release(&text);
	buf_release(&in);
}

static void test_brotli(void **state)
{
	static const char hello[] = "\x0b\x02\x80hello\x03";
	struct buf in = BUF_INIT;

	(void)state;
	buf_add(&in, hello, sizeof(hello) - 1);
	assert_int_equal(run("br", &in), INFLATE_OK);
	assert_string_equal(out.data, "hello");
	buf_set_len(&in, 5);
	assert_int_equal(run("br", &in), INFLATE_CUT);
	buf_reset(&in);
	buf_add_str(&in, "\xff\xff\xff\xff");
	assert_int_equal(run("br", &in), INFLATE_CORRUPT);
	buf_release(&in);
}

static void test_members(void **state)
{
	struct buf in = BUF_INIT, text = BUF_INIT;

	(void)state;
	squeeze(&in, "one ", 4, 31);
	squeeze(&in, "", 0, 31);
	squeeze(&in, "two", 3, 31);
	assert_int_equal(run("gzip", &in), INFLATE_OK);
	assert_string_equal(out.data, "one two");
	buf_add_str(&in, "trailing rubbish");
	assert_int_equal(run("gzip", &in), INFLATE_OK);
	assert_string_equal(out.data, "one two");
	/* A second member that is cut. */
	buf_reset(&in);
	squeeze(&in, "one ", 4, 31);
	fill(&text, 5000);
	squeeze(&in, text.data, text.len, 31);
	buf_set_len(&in, in.len - 500);
	assert_int_equal(run("gzip", &in), INFLATE_CUT);
	assert_memory_equal(out.data, "one ", 4);
	assert_true(out.len > 1000);
	buf_release(&in);
	buf_release(&text);
}

static void test_cut_and_corrupt(void **state)
{
	static const int bits[] = {31, 15, -15};
	struct buf in = BUF_INIT, text = BUF_INIT, broken = BUF_INIT;
	size_t i, at;

	(void)state;
	fill(&text, 3000);
	for (i = 0; i < 3; i++) {
		const char *coding = i ? "deflate" : "gzip";

		buf_reset(&in);
		squeeze(&in, text.data, text.len, bits[i]);
		for (at = 2; at + 1 < in.len; at += 97) {
			buf_reset(&broken);
			buf_add(&broken, in.data, at);
			assert_int_equal(run(coding, &broken), INFLATE_CUT);
			assert_memory_equal(out.data, text.data, out.len);
		}
		/* Most of the text came out before the end. */
		assert_true(out.len > 2500);
	}
	/* A wrong CRC: everything comes out, and is called corrupt. */
	buf_reset(&in);
	squeeze(&in, text.data, text.len, 31);
	in.data[in.len - 7] ^= 1;
	assert_int_equal(run("gzip", &in), INFLATE_CORRUPT);
	same(&text);
	/* A wrong length in the trailer. */
	in.data[in.len - 7] ^= 1;
	in.data[in.len - 1] ^= 0x40;
	assert_int_equal(run("gzip", &in), INFLATE_CORRUPT);
	same(&text);
	/* Not compressed at all. */
	assert_int_equal(run("gzip", &text), INFLATE_CORRUPT);
	assert_int_equal(out.len, 0);
	buf_release(&in);
	buf_release(&text);
	buf_release(&broken);
}

static void test_layers(void **state)
{
	struct buf text = BUF_INIT, one = BUF_INIT, two = BUF_INIT;
	int i;

	(void)state;
	fill(&text, 20000);
	squeeze(&one, text.data, text.len, 31);
	squeeze(&two, one.data, one.len, 15);
	assert_int_equal(run("gzip, deflate", &two), INFLATE_OK);
	same(&text);
	buf_reset(&one);
	squeeze(&one, two.data, two.len, -15);
	assert_int_equal(run("gzip,deflate,\tdeflate", &one), INFLATE_OK);
	same(&text);
	/* The outer layer is cut: that is the fault, and the inner text is kept. */
	buf_set_len(&two, two.len - 3000);
	assert_int_equal(run("gzip, deflate", &two), INFLATE_CUT);
	assert_true(out.len > 10000);
	assert_memory_equal(out.data, text.data, out.len);
	/* Nesting has an end. */
	buf_reset(&two);
	for (i = 0; i <= INFLATE_MAX_CODINGS; i++)
		buf_add_str(&two, i ? ", gzip" : "gzip");
	assert_int_equal(
		inflate_body(inf, two.data, one.data, one.len, MAX, &out), INFLATE_UNKNOWN);
	buf_release(&text);
	buf_release(&one);
	buf_release(&two);
}

static void test_bounds(void **state)
{
	static char zeros[8 << 20];
	struct buf in = BUF_INIT, text = BUF_INIT;

	(void)state;
	/* 8 MiB of zeros in 8 KiB: the ratio ends it. */
	squeeze(&in, zeros, sizeof(zeros), 31);
	assert_true(in.len < 10000);
	assert_int_equal(run("gzip", &in), INFLATE_BOMB);
	assert_int_equal(out.len, in.len * INFLATE_RATIO > INFLATE_FREE_OUT ? in.len * INFLATE_RATIO
									    : INFLATE_FREE_OUT);
	/* A trailer that claims another size does not matter. */
	memset(in.data + in.len - 4, 0, 4);
	assert_int_equal(run("gzip", &in), INFLATE_BOMB);
	/* max_out holds for all, to the byte. */
	fill(&text, 10000);
	buf_reset(&in);
	squeeze(&in, text.data, text.len, 31);
	assert_int_equal(inflate_body(inf, "gzip", in.data, in.len, 9999, &out), INFLATE_TOO_BIG);
	assert_int_equal(out.len, 9999);
	assert_int_equal(inflate_body(inf, "gzip", in.data, in.len, 10000, &out), INFLATE_OK);
	assert_int_equal(inflate_body(inf, NULL, text.data, text.len, 9999, &out), INFLATE_TOO_BIG);
	assert_int_equal(out.len, 9999);
	assert_int_equal(inflate_body(inf, "", text.data, text.len, 10000, &out), INFLATE_OK);
	buf_release(&in);
	buf_release(&text);
}

static void test_header(void **state)
{
	(void)state;
	assert_true(inflate_is_identity(NULL));
	assert_true(inflate_is_identity(" identity , IDENTITY"));
	assert_false(inflate_is_identity("gzip"));
	assert_false(inflate_is_identity("sdch"));
	assert_int_equal(inflate_body(inf, "compress", "x", 1, MAX, &out), INFLATE_UNKNOWN);
	assert_int_equal(out.len, 0);
	assert_int_equal(inflate_body(inf, "gzip", "", 0, MAX, &out), INFLATE_OK);
	assert_true(inflate_is_gzip("\x1f\x8b\x08", 3));
	assert_false(inflate_is_gzip("\x1f\x8b", 2));
}

/* What a broken body gives must not depend on the bodies before it: its digest is kept. */
static void test_no_memory_of_the_past(void **state)
{
	static const char cut[] =
		"\x9f\x3b\xa7\xaf\xf8\x8d\x94\x6e\xde\xaa\x56\x70\x09\x13\x53\x6d\x6f\x59\x08"
		"\x32\xb7\xe5\x0a\xef\x28\xe4\x29\x2d\xd0\x94\x3d\x5f\x6f\x01";
	struct inflate *fresh = inflate_open();
	struct buf first = BUF_INIT, big = BUF_INIT;

	(void)state;
	assert_int_equal(
		inflate_body(fresh, "br", cut, sizeof(cut) - 1, MAX, &first), INFLATE_BOMB);
	buf_grow(&big, 3 << 20);
	assert_int_equal(inflate_body(inf, "br", cut, sizeof(cut) - 1, MAX, &big), INFLATE_BOMB);
	assert_int_equal(first.len, INFLATE_FREE_OUT);
	assert_int_equal(big.len, first.len);
	assert_memory_equal(big.data, first.data, first.len);
	inflate_close(fresh);
	buf_release(&first);
	buf_release(&big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_brotli),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_cut_and_corrupt),
		cmocka_unit_test(test_layers),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_no_memory_of_the_past),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
