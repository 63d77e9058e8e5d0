/* fuzz_inflate.c - compressed bodies: bounds hold, and the output depends on the input alone.
 *
 * Input: coding, bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "crawler/page/inflate.h"

#define MAX_OUT ((size_t)2 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const codings[] = {"gzip", "deflate", "br", "zstd", "gzip, br",
		"deflate, gzip", "zstd, gzip", "x-gzip"};
	static struct inflate *inf;
	static struct buf out = BUF_INIT, again = BUF_INIT;
	enum inflate_what what, second;
	const char *coding;
	size_t bound;
	void *in;

	if (!inf)
		inf = inflate_open();
	if (!size)
		return 0;
	coding = codings[data[0] % MEM_COUNT(codings)];
	in = mem_dup(data + 1, size - 1);
	what = inflate_body(inf, coding, in, size - 1, MAX_OUT, &out);
	bound = (size - 1) * INFLATE_RATIO;
	if (out.len > MAX_OUT || (out.len > INFLATE_FREE_OUT && out.len > bound) ||
		out.data[out.len])
		abort();
	if ((what == INFLATE_TOO_BIG && out.len != MAX_OUT) || (what == INFLATE_UNKNOWN))
		abort();
	second = inflate_body(inf, coding, in, size - 1, MAX_OUT, &again);
	if (second != what || again.len != out.len || memcmp(again.data, out.data, out.len))
		abort();
	free(in);
	return 0;
}
