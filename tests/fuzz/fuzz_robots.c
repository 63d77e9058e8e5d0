/* fuzz_robots.c - robots.txt: any bytes, and what must hold for them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "crawler/page/robots.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first line of the input is the path, the rest the file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nl = memchr(data, '\n', size);
	size_t path = nl ? (size_t)(nl - data) : 0, from = nl ? path + 1 : 0, i, n;
	char *text = mem_dup(data + from, size - from); /* exact size: overreads show */
	struct robots *r = robots_parse(text, size - from, "skitter");
	const char *rule, **sitemaps;
	bool allowed;
	int line;

	free(text);
	allowed = robots_allowed(r, (const char *)data, path, &rule, &line);
	if ((!rule && !allowed) || (rule && line < 1) || (!rule && line))
		abort();
	if (!robots_allowed(r, "/robots.txt", 11, NULL, NULL))
		abort();
	if (robots_crawl_delay(r) > 1e6)
		abort();
	n = robots_sitemaps(r, &sitemaps);
	for (i = 0; i < n; i++)
		if (!*sitemaps[i])
			abort();
	robots_free(r);
	return 0;
}
