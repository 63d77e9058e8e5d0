#include "crawler/page/refresh.h"

#include <limits.h>
#include <strings.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\f' || c == '\r';
}

static bool is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	return p;
}

/* The steps from "parse" on: "url" and '=' are optional, and so is the quote. Without a
 * whole "url =" the text from where that began is the URL. */
static void read_url(struct refresh *out, const char *p, const char *end)
{
	const char *s = p, *stop = end;

	if (end - p >= 3 && strncasecmp(p, "url", 3) == 0) {
		s = skip_space(p + 3, end);
		s = s < end && *s == '=' ? skip_space(s + 1, end) : p;
	}
	if (s < end && (*s == '"' || *s == '\'')) {
		char quote = *s++;

		for (stop = s; stop < end && *stop != quote;)
			stop++;
	}
	out->url = s;
	out->url_len = (size_t)(stop - s);
}

bool refresh_parse(struct refresh *out, const char *text, size_t len)
{
	const char *p = text, *end = text + len, *digits;

	out->seconds = 0;
	out->url = end;
	out->url_len = 0;
	digits = p = skip_space(p, end);
	for (; p < end && is_digit(*p); p++) {
		unsigned long d = (unsigned long)(*p - '0');

		out->seconds =
			out->seconds > (ULONG_MAX - d) / 10 ? ULONG_MAX : out->seconds * 10 + d;
	}
	if (p == digits && (p == end || *p != '.'))
		return false;
	while (p < end && (is_digit(*p) || *p == '.'))
		p++;
	if (p == end)
		return true;
	if (*p != ';' && *p != ',' && !is_space(*p))
		return false;
	p = skip_space(p, end);
	if (p < end && (*p == ';' || *p == ','))
		p = skip_space(p + 1, end);
	if (p < end)
		read_url(out, p, end);
	return true;
}
