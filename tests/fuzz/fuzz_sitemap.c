/* fuzz_sitemap.c - sitemaps and feeds: whatever comes, the block that results is sound. */
#include <stdint.h>
#include <stdlib.h>

#include "config/facts.h"
#include "config/mem.h"
#include "crawler/page/sitemap.h"
#include "crawler/page/url.h"

#define AREA 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(8) char area[AREA];
	static struct url_parser parser;
	static const char url[] = "http://www.example.com/dir/sitemap.xml";
	struct sitemap_opts opts = {.url = url, .url_len = sizeof(url) - 1, .parser = &parser};
	struct facts_writer w;
	struct err err;
	void *body;
	int got;

	if (!parser.out.data) {
		url_global_init();
		url_parser_init(&parser);
	}
	if (!size)
		return 0;
	opts.location_check = data[0] & 1;
	opts.namespace_strict = data[0] & 2;
	body = mem_dup(data + 1, size - 1);
	facts_begin(&w, area, AREA);
	got = sitemap_read(&opts, body, size - 1, &w);
	free(body);
	if (got == SITEMAP_NONE && w.f->nlinks)
		abort();
	if (facts_check(area, facts_finish(&w), &err))
		abort();
	return 0;
}
