#include "crawler/page/sitemap_repair.h"

#include <string.h>

#define LOOKAHEAD 12 /* longer than any token looked for: "<![CDATA[", "&#x10ffff;" */

void sitemap_repair_init(struct sitemap_repair *r)
{
	memset(r, 0, sizeof(*r));
	buf_init(&r->held);
}

void sitemap_repair_release(struct sitemap_repair *r)
{
	buf_release(&r->held);
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

/* Whether p ("&...") is one of the five entities or a character reference. */
static bool is_reference(const char *p, size_t len)
{
	static const char *const five[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};
	size_t i, digits = 0;

	for (i = 0; i < sizeof(five) / sizeof(five[0]); i++)
		if (len >= strlen(five[i]) && !memcmp(p, five[i], strlen(five[i])))
			return true;
	if (len < 4 || p[1] != '#')
		return false;
	i = 2;
	if (p[2] == 'x') {
		for (i = 3; i < len && is_hex(p[i]); i++)
			digits++;
	} else {
		for (; i < len && p[i] >= '0' && p[i] <= '9'; i++)
			digits++;
	}
	return digits && digits <= 7 && i < len && p[i] == ';';
}

static bool at(const char *p, size_t len, const char *word)
{
	return len >= strlen(word) && !memcmp(p, word, strlen(word));
}

static const char *ends_with(const char *p, size_t len)
{
	return at(p, len, "<![CDATA[")	 ? "]]>"
	       : at(p, len, "<!--")	 ? "-->"
	       : at(p, len, "<!DOCTYPE") ? ">"
					 : NULL;
}

static void run(struct sitemap_repair *r, const char *p, size_t len, size_t stop, struct buf *out)
{
	size_t i = 0, from = 0;

	while (i < stop) {
		unsigned char c = (unsigned char)p[i];

		if (r->until && at(p + i, len - i, r->until)) {
			i += strlen(r->until);
			r->until = NULL;
			continue;
		}
		if (!r->until && c == '<') {
			r->until = ends_with(p + i, len - i);
			i += r->until ? 4 : 1;
			continue;
		}
		if ((c < 0x20 && c != '\n' && c != '\t' && c != '\r') ||
			(c == '&' && !r->until && !is_reference(p + i, len - i))) {
			buf_add(out, p + from, i - from);
			buf_add_str(out, c == '&' ? "&amp;" : " ");
			from = i + 1;
		}
		i++;
	}
	buf_add(out, p + from, i - from);
	if (i > len)
		i = len;
	buf_reset(&r->held);
	buf_add(&r->held, p + i, len - i);
}

void sitemap_repair_add(
	struct sitemap_repair *r, const char *s, size_t len, bool last, struct buf *out)
{
	struct buf all = BUF_INIT;

	if (!r->started) {
		/* Nothing may stand before the XML declaration; in the wild a blank line does. */
		size_t n = 0;

		while (n < len && strchr(" \t\r\n", s[n]))
			n++;
		s += n;
		len -= n;
		r->started = len > 0;
	}
	buf_add(&all, r->held.data, r->held.len);
	buf_add(&all, s, len);
	run(r, all.data, all.len,
		last		      ? all.len
		: all.len > LOOKAHEAD ? all.len - LOOKAHEAD
				      : 0,
		out);
	buf_release(&all);
}
