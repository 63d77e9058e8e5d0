/* fuzz_page.c - whole responses: any header values, any body, and a sound block comes out.
 *
 * Input: what is expected, then lines (Content-Type, Content-Encoding, Link), then the body.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/buf.h"
#include "config/mem.h"
#include "crawler/page/page.h"
#include "tests/unit/facts_seal_later.h"

#define AREA 32768

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The next line as a string on the heap; NULL where it is empty. */
static char *header(const uint8_t **at, const uint8_t *end)
{
	const uint8_t *from = *at, *nl = memchr(from, '\n', (size_t)(end - from));

	if (!nl)
		return NULL;
	*at = nl + 1;
	return nl == from ? NULL : mem_strndup((const char *)from, (size_t)(nl - from));
}

/* The same page sealed at once: sound, and with room enough as when it is sealed later. */
static void seal(struct page_reader *reader, struct page_task *task)
{
	static _Alignas(8) char full[8 * AREA], then[8 * AREA], at_once[8 * AREA], small[AREA];
	static struct sealer *sealer;
	const struct facts *a = (const struct facts *)then, *b = (const struct facts *)at_once;
	struct err err;

	if (!sealer)
		sealer = sealer_open();
	page_read(reader, task, full, sizeof(full));
	facts_seal(
		sealer, (const struct facts *)full, task->url, task->url_len, then, sizeof(then));
	task->sealer = sealer;
	if (facts_check(small, page_read(reader, task, small, sizeof(small)), &err) ||
		facts_check_texts((const struct facts *)small, &err) ||
		facts_check(at_once, page_read(reader, task, at_once, sizeof(at_once)), &err) ||
		facts_check_texts(b, &err))
		abort();
	if ((a->flags | b->flags) & (FACTS_CUT_LINKS | FACTS_CUT_TEXT))
		return;
	if (a->flags != b->flags || a->nfound != b->nfound || a->nlinks != b->nlinks ||
		strcmp(facts_text(a, a->link_json), facts_text(b, b->link_json)) != 0 ||
		strcmp(facts_text(a, a->canonical), facts_text(b, b->canonical)) != 0 ||
		strcmp(facts_text(a, a->text), facts_text(b, b->text)) != 0)
		abort();
	for (uint32_t i = 0; i < a->nlinks; i++)
		if (strcmp(facts_text(a, facts_links(a)[i].url),
			    facts_text(b, facts_links(b)[i].url)) != 0)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(8) char area[AREA];
	static struct page_reader *reader;
	static struct buf out = BUF_INIT, utf8 = BUF_INIT;
	static const char url[] = "https://example.com/dir/page?q";
	struct page_task task = {.url = url, .url_len = sizeof(url) - 1, .max_decoded = 1 << 20};
	const uint8_t *at = data + 1, *end = data + size;
	char *type, *coding, *link;
	const char *charset;
	struct err err;
	void *body;

	if (!reader)
		reader = page_reader_open();
	if (!size)
		return 0;
	task.expect = (enum page_expect)(data[0] % 3);
	task.max_text = data[0] & 64 ? 1000 : 0;
	task.want_digest = data[0] & 128;
	task.location_check = data[0] & 32;
	task.content_type = type = header(&at, end);
	task.content_coding = coding = header(&at, end);
	task.link_header = link = header(&at, end);
	task.len = (size_t)(end - at);
	task.body = body = mem_dup(at, task.len);
	if (facts_check(area, page_read(reader, &task, area, AREA), &err))
		abort();
	seal(reader, &task);
	page_decode(reader, &task, &out, &utf8, &charset);
	if (out.len > task.max_decoded || (!charset && utf8.len))
		abort();
	free(body);
	free(type);
	free(coding);
	free(link);
	return 0;
}
