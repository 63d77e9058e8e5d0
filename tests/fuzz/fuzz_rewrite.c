/* fuzz_rewrite.c - any bytes as a page or style sheet whose links are to be replaced.
 *
 * Invariants: spots ascend, do not overlap, lie in the text; their URLs are http and made of what
 * is safe in an attribute. A copy with every link in full has the same links: so nothing that is
 * put at a spot changes how the rest is read. Input: a byte that says what it is, then the body.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crawler/page/rewrite.h"
#include "crawler/page/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void check(const struct page_rewrite *w)
{
	size_t end = 0;

	for (size_t i = 0; i < w->nspots; i++) {
		const struct page_spot *s = &w->spots[i];
		const char *url = w->urls.data + s->url;

		must(s->at >= end && s->at <= w->text.len && s->len <= w->text.len - s->at,
			"a spot out of place");
		end = (size_t)s->at + s->len;
		must(s->url <= w->urls.len && s->url_len <= w->urls.len - s->url, "no such URL");
		if (s->how & (SPOT_EMPTY | SPOT_ALWAYS))
			continue;
		must(s->url_len > 7 && !strncmp(url, "http", 4), "another scheme");
		for (size_t j = 0; j < s->url_len; j++)
			must(url[j] > ' ' && url[j] < 0x7f && !strchr("\"<>", url[j]),
				"an unsafe URL");
	}
}

static void add_url(struct buf *out, const char *s, size_t len, unsigned how)
{
	for (size_t i = 0; i < len; i++) {
		if (how & SPOT_CSS && strchr("'()\\", s[i]))
			buf_addf(out, "%%%02X", (unsigned char)s[i]);
		else if (how & SPOT_ATTR && strchr("&'", s[i]))
			buf_addf(out, "&#%d;", s[i]);
		else
			buf_add_ch(out, s[i]);
	}
}

/* The copy with every link in full. */
static void compose(struct buf *out, const struct page_rewrite *w)
{
	size_t at = 0;

	for (size_t i = 0; i < w->nspots; i++) {
		const struct page_spot *s = &w->spots[i];

		buf_add(out, w->text.data + at, s->at - at);
		at = s->at + s->len;
		if (s->how & SPOT_EMPTY)
			buf_add_str(out, s->how & SPOT_BARE ? "\"\"" : "");
		else if (!(s->how & SPOT_DISARM))
			add_url(out, w->urls.data + s->url, s->url_len, s->how);
	}
	buf_add(out, w->text.data + at, w->text.len - at);
}

/* The URLs as the copy has them: in CSS some letters became %XX. */
static void list(struct buf *out, const struct page_rewrite *w)
{
	for (size_t i = 0; i < w->nspots; i++) {
		const struct page_spot *s = &w->spots[i];

		if (s->how & (SPOT_EMPTY | SPOT_DISARM))
			continue;
		add_url(out, w->urls.data + s->url, s->url_len, s->how & SPOT_CSS);
		buf_add_ch(out, '\n');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char url[] = "https://example.com/dir/page?q";
	static struct page_reader *reader;
	static struct page_rewrite first, second;
	struct page_task task = {.url = url, .url_len = sizeof(url) - 1, .max_decoded = 1 << 20};
	struct buf copy = BUF_INIT, before = BUF_INIT, after = BUF_INIT;

	if (!reader) {
		reader = page_reader_open();
		page_rewrite_init(&first);
		page_rewrite_init(&second);
	}
	if (!size)
		return 0;
	task.content_type = data[0] & 1	  ? "text/css"
			    : data[0] & 2 ? "text/html; charset=windows-1252"
					  : "text/html; charset=utf-8";
	task.body = data + 1;
	task.len = size - 1;
	page_rewrite(reader, &task, &first);
	check(&first);
	compose(&copy, &first);
	list(&before, &first);
	task.content_type = data[0] & 1 ? "text/css; charset=utf-8" : "text/html; charset=utf-8";
	task.body = copy.data;
	task.len = copy.len;
	page_rewrite(reader, &task, &second);
	check(&second);
	list(&after, &second);
	if (before.len != after.len || memcmp(before.data, after.data, before.len) != 0) {
		fprintf(stderr, "---- before\n%s---- after\n%s---- copy\n%s\n", before.data,
			after.data, copy.data);
		abort();
	}
	buf_release(&copy);
	buf_release(&before);
	buf_release(&after);
	return 0;
}
