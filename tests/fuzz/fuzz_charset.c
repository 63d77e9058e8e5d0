/* fuzz_charset.c - every decoder: valid UTF-8 out, and the same however the input is cut.
 *
 * Input: encoding, where to cut, bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/buf.h"
#include "config/mem.h"
#include "crawler/page/charset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void whole(const char *name, const uint8_t *in, size_t len, struct buf *out)
{
	struct charset_decoder *d = charset_open(name);
	void *exact = mem_dup(in, len);

	charset_decode(d, exact, len, out, true);
	free(exact);
	charset_close(d);
}

static void in_pieces(const char *name, const uint8_t *in, size_t len, size_t step, struct buf *out)
{
	struct charset_decoder *d = charset_open(name);
	size_t at = 0;

	while (at < len) {
		size_t n = len - at < step ? len - at : step;
		void *exact = mem_dup(in + at, n);

		charset_decode(d, exact, n, out, false);
		free(exact);
		at += n;
	}
	charset_decode(d, "", 0, out, true);
	charset_close(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf one = BUF_INIT, two = BUF_INIT, back = BUF_INIT;
	const char *name;

	if (size < 2)
		return 0;
	name = charset_name(data[0] % 40);
	whole(name, data + 2, size - 2, &one);
	in_pieces(name, data + 2, size - 2, 1 + data[1] % 7, &two);
	if (one.len != two.len || memcmp(one.data, two.data, one.len))
		abort();
	if (charset_utf8_valid_prefix(one.data, one.len) != one.len)
		abort();
	charset_encode((void *)(uintptr_t)name, one.data, one.len, &back);
	charset_sniff(NULL, data + 2, size - 2, NULL);
	charset_meta_element(data + 2, size - 2);
	buf_release(&one);
	buf_release(&two);
	buf_release(&back);
	return 0;
}
