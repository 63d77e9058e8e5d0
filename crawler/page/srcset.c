#include "crawler/page/srcset.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\f' || c == '\r';
}

static bool is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

void srcset_begin(struct srcset *s, const char *text, size_t len)
{
	s->p = text;
	s->end = text + len;
}

/* "Rules for parsing non-negative integers", but for a sign, which is an error here. */
static bool read_integer(const char *p, size_t len, unsigned long *out)
{
	unsigned long n = 0;

	if (!len)
		return false;
	for (; len; p++, len--) {
		unsigned long d = (unsigned long)(*p - '0');

		if (!is_digit(*p))
			return false;
		n = n > (ULONG_MAX - d) / 10 ? ULONG_MAX : n * 10 + d;
	}
	*out = n;
	return true;
}

static size_t digits(const char *p, size_t len)
{
	size_t n = 0;

	while (n < len && is_digit(p[n]))
		n++;
	return n;
}

/* A "valid floating-point number": -? (D+ (. D+)? | . D+) ([eE] [+-]? D+)? */
static bool read_float(const char *p, size_t len, double *out)
{
	char copy[64];
	size_t i = len && *p == '-', whole = digits(p + i, len - i), part = 0;

	i += whole;
	if (i < len && p[i] == '.') {
		part = digits(p + i + 1, len - i - 1);
		if (!part)
			return false;
		i += 1 + part;
	}
	if (!whole && !part)
		return false;
	if (i < len && (p[i] | 0x20) == 'e') {
		size_t n;

		i += i + 1 < len && (p[i + 1] == '-' || p[i + 1] == '+') ? 2 : 1;
		n = digits(p + i, len - i);
		if (!n)
			return false;
		i += n;
	}
	if (i != len)
		return false;
	/* Longer spellings keep their leading digits: the value only ranks candidates. */
	len = len < sizeof(copy) ? len : sizeof(copy) - 1;
	memcpy(copy, p, len);
	copy[len] = '\0';
	*out = strtod(copy, NULL);
	return true;
}

/* What the descriptors of one candidate have said so far. */
struct descriptors {
	bool width, height, density, error;
};

/* Whether an unknown descriptor may be one of days to come. */
static bool is_future(const char *p, size_t len)
{
	for (; len; p++, len--)
		if ((unsigned char)*p > ' ' && *p != '.' && *p != '+' && *p != '-' &&
			!is_digit(*p) && (unsigned char)((*p | 0x20) - 'a') >= 26)
			return false;
	return true;
}

/* A known descriptor that makes no sense, or comes twice, drops the candidate. Unknown ones are
 * passed over, as browsers do (web-platform-tests of 2026), unless they are
 * plainly no descriptors. */
static void add_descriptor(
	struct srcset_candidate *c, struct descriptors *d, const char *p, size_t len)
{
	char unit = p[len - 1];
	double density;

	if (unit == 'w' && read_integer(p, len - 1, &c->width)) {
		d->error |= d->width || d->density || c->width == 0;
		d->width = true;
	} else if (unit == 'x' && read_float(p, len - 1, &density) && density >= 0) {
		d->error |= d->width || d->density || d->height;
		d->density = true;
		c->density = density;
	} else if (unit == 'h' && read_integer(p, len - 1, &c->height)) {
		d->error |= d->height || d->density || c->height == 0;
		d->height = true;
	} else {
		d->error |= !is_future(p, len);
	}
}

/* The "descriptor tokenizer": descriptors are split at spaces; a comma ends the
 * candidate unless it stands in parentheses. */
static bool read_descriptors(struct srcset *s, struct srcset_candidate *c)
{
	struct descriptors d = {false, false, false, false};
	const char *p = s->p, *token = NULL;
	bool parens = false;

	for (; p < s->end; p++) {
		bool space = is_space(*p) && !parens;

		if (token && (space || (*p == ',' && !parens))) {
			add_descriptor(c, &d, token, (size_t)(p - token));
			token = NULL;
		}
		if (*p == ',' && !parens) {
			p++;
			break;
		}
		if (!space && !token)
			token = p;
		if (*p == '(')
			parens = true;
		else if (*p == ')')
			parens = false;
	}
	if (token)
		add_descriptor(c, &d, token, (size_t)(s->end - token));
	s->p = p;
	c->has_density = d.density;
	return !d.error && (!d.height || d.width);
}

bool srcset_next(struct srcset *s, struct srcset_candidate *out)
{
	for (;;) {
		const char *end;

		while (s->p < s->end && (is_space(*s->p) || *s->p == ','))
			s->p++;
		if (s->p == s->end)
			return false;
		memset(out, 0, sizeof(*out));
		out->url = s->p;
		while (s->p < s->end && !is_space(*s->p))
			s->p++;
		end = s->p;
		/* Commas at its end close the candidate: then there are no descriptors. */
		if (end[-1] == ',') {
			while (end[-1] == ',')
				end--;
			out->url_len = (size_t)(end - out->url);
			return true;
		}
		out->url_len = (size_t)(end - out->url);
		if (read_descriptors(s, out))
			return true;
	}
}
