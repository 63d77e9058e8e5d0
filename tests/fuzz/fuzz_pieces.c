/* fuzz_pieces.c - a text as pieces of a body comes back as it was, and pieces of another body, or
 * none at all, are refused or read within bounds.
 *
 * Input: how much of the rest is body, the body, the text; then the same text read as pieces.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "storage/pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf back = BUF_INIT;
	size_t body_len, text_len, cap, n;
	uint8_t *out;
	void *body, *text;

	if (size < 2)
		return 0;
	body_len = (size - 2) * data[0] / 255;
	text_len = size - 2 - body_len;
	cap = text_len * data[1] / 64;
	body = mem_dup(data + 2, body_len);
	text = mem_dup(data + 2 + body_len, text_len);
	out = mem_alloc(cap + 1);
	n = pieces_write(body, body_len, text, text_len, out, cap);
	if (n && (pieces_read(out, n, body, body_len, &back) < 0 || back.len != text_len ||
			 memcmp(back.data, text, text_len) != 0))
		abort();
	buf_reset(&back);
	pieces_read(text, text_len, body, body_len, &back);
	buf_release(&back);
	free(out);
	free(text);
	free(body);
	return 0;
}
