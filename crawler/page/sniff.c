#include "crawler/page/sniff.h"

#include <string.h>
#include <strings.h>

static bool is_space(unsigned char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_token(unsigned char c)
{
	return c > 0x20 && c < 0x7f && !strchr("()<>@,;:\\\"/[]?={}", c);
}

void sniff_essence(const char *content_type, char *out, size_t cap)
{
	const char *p = content_type ? content_type : "";
	size_t n = 0;
	int slashes = 0;

	while (is_space((unsigned char)*p))
		p++;
	for (; is_token((unsigned char)*p) || *p == '/'; p++) {
		slashes += *p == '/';
		if (n + 1 >= cap)
			break;
		out[n++] = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
	}
	while (is_space((unsigned char)*p))
		p++;
	out[n] = 0;
	/* Several values joined by "," come from duplicate headers: the first one counts. */
	if (slashes != 1 || out[0] == '/' || out[n - 1] == '/' || (*p && *p != ';' && *p != ','))
		out[0] = 0;
}

static bool ends(const char *s, const char *tail)
{
	size_t a = strlen(s), b = strlen(tail);

	return a >= b && !strcmp(s + a - b, tail);
}

/* By the header alone. */
#define NOTHING ((enum sniff_kind) - 1)

static enum sniff_kind by_header(const char *type)
{
	if (!*type || !strcmp(type, "unknown/unknown") || !strcmp(type, "application/unknown") ||
		!strcmp(type, "*/*"))
		return NOTHING;
	if (!strcmp(type, "text/html") || !strcmp(type, "application/xhtml+xml"))
		return SNIFF_HTML;
	if (!strcmp(type, "image/svg+xml") || !strcmp(type, "application/mathml+xml"))
		return SNIFF_OTHER;
	if (!strcmp(type, "text/xml") || !strcmp(type, "application/xml") ||
		!strcmp(type, "application/x-xml") || ends(type, "+xml"))
		return SNIFF_XML;
	if (!strcmp(type, "text/plain"))
		return SNIFF_TEXT;
	if (!strcmp(type, "application/gzip") || !strcmp(type, "application/x-gzip"))
		return SNIFF_GZIP;
	return SNIFF_OTHER;
}

static bool tag_ends(unsigned char c)
{
	return c == ' ' || c == '>';
}

static bool is_html(const char *p, size_t len)
{
	static const char *const tags[] = {"<!DOCTYPE HTML", "<HTML", "<HEAD", "<SCRIPT", "<IFRAME",
		"<H1", "<DIV", "<FONT", "<TABLE", "<A", "<STYLE", "<TITLE", "<B", "<BODY", "<BR",
		"<P"};
	size_t i;

	for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		size_t n = strlen(tags[i]);

		if (len > n && !strncasecmp(p, tags[i], n) && tag_ends((unsigned char)p[n]))
			return true;
	}
	return len >= 4 && !memcmp(p, "<!--", 4);
}

static bool is_binary(const unsigned char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] < 9 || p[i] == 0x0b || (p[i] >= 0x0e && p[i] <= 0x1a) ||
			(p[i] >= 0x1c && p[i] < 0x20))
			return true;
	return false;
}

static bool has_bom(const unsigned char *p, size_t len)
{
	return (len >= 3 && p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf) ||
	       (len >= 2 && ((p[0] == 0xfe && p[1] == 0xff) || (p[0] == 0xff && p[1] == 0xfe)));
}

static struct sniff by_bytes(const char *p, size_t len)
{
	const unsigned char *start = (const unsigned char *)p;
	size_t all = len;

	if (len >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
		p += 3, len -= 3;
	while (len && is_space((unsigned char)*p))
		p++, len--;
	if (is_html(p, len))
		return (struct sniff){SNIFF_HTML, "text/html"};
	if (len >= 5 && !memcmp(p, "<?xml", 5))
		return (struct sniff){SNIFF_XML, "text/xml"};
	if (all >= 3 && !memcmp(start, "\x1f\x8b\x08", 3))
		return (struct sniff){SNIFF_GZIP, "application/x-gzip"};
	if (all >= 5 && !memcmp(start, "%PDF-", 5))
		return (struct sniff){SNIFF_OTHER, "application/pdf"};
	if (has_bom(start, all) || !is_binary(start, all))
		return (struct sniff){SNIFF_TEXT, "text/plain"};
	return (struct sniff){SNIFF_OTHER, "application/octet-stream"};
}

struct sniff sniff_body(const char *content_type, const void *body, size_t len)
{
	char type[128];
	enum sniff_kind kind;

	sniff_essence(content_type, type, sizeof(type));
	kind = by_header(type);
	if (kind != NOTHING)
		return (struct sniff){kind, NULL};
	return by_bytes(body, len < SNIFF_BYTES ? len : SNIFF_BYTES);
}
