/* charset_prescan.c - "prescan a byte stream to determine its encoding", HTML 13.2.3.2. */
#include <string.h>
#include <strings.h>

#include "crawler/page/charset.h"
#include "crawler/page/charset_tables.h"

struct scan {
	const unsigned char *p, *end;
};

#define MAX_VALUE 255 /* of an attribute: longer ones cannot name an encoding */

struct attr {
	char name[32];
	char value[MAX_VALUE + 1];
	size_t name_len, value_len;
};

static bool is_space(unsigned char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_alpha(unsigned char c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static char lower(unsigned char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static bool starts(const struct scan *s, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(s->end - s->p) >= n && !strncasecmp((const char *)s->p, word, n);
}

static void add(char *to, size_t cap, size_t *len, unsigned char c)
{
	if (*len + 1 < cap)
		to[*len] = lower(c);
	++*len; /* over the cap it is merely no word of ours */
}

static bool attr_value(struct scan *s, struct attr *a)
{
	while (s->p < s->end && is_space(*s->p))
		s->p++;
	if (s->p == s->end)
		return false;
	if (*s->p == '"' || *s->p == '\'') {
		unsigned char quote = *s->p++;

		for (; s->p < s->end && *s->p != quote; s->p++)
			add(a->value, sizeof(a->value), &a->value_len, *s->p);
		if (s->p == s->end)
			return false;
		s->p++;
		return true;
	}
	for (; s->p < s->end && !is_space(*s->p) && *s->p != '>'; s->p++)
		add(a->value, sizeof(a->value), &a->value_len, *s->p);
	return s->p < s->end;
}

/* "Get an attribute". False where there is none, or where the bytes end within it. */
static bool attr_next(struct scan *s, struct attr *a)
{
	memset(a, 0, sizeof(*a));
	while (s->p < s->end && (is_space(*s->p) || *s->p == '/'))
		s->p++;
	if (s->p == s->end || *s->p == '>')
		return false;
	for (; s->p < s->end; s->p++) {
		if (*s->p == '=' && a->name_len) {
			s->p++;
			return attr_value(s, a);
		}
		if (is_space(*s->p))
			break;
		if (*s->p == '/' || *s->p == '>')
			return true;
		add(a->name, sizeof(a->name), &a->name_len, *s->p);
	}
	while (s->p < s->end && is_space(*s->p))
		s->p++;
	if (s->p == s->end)
		return false;
	if (*s->p != '=')
		return true;
	s->p++;
	return attr_value(s, a);
}

/* "Extracting a character encoding from a meta element" on the value of content. */
static const char *from_content(const struct attr *a)
{
	size_t len = a->value_len < MAX_VALUE ? a->value_len : MAX_VALUE, start;
	const char *p = a->value, *end = p + len, *v;

	while ((p = memmem(p, (size_t)(end - p), "charset", 7))) {
		p += 7;
		while (p < end && is_space((unsigned char)*p))
			p++;
		if (p < end && *p == '=')
			break;
	}
	if (!p)
		return NULL;
	p++;
	while (p < end && is_space((unsigned char)*p))
		p++;
	if (p == end)
		return NULL;
	if (*p == '"' || *p == '\'') {
		v = memchr(p + 1, *p, (size_t)(end - p - 1));
		return v ? charset_by_label(p + 1, (size_t)(v - p - 1)) : NULL;
	}
	for (start = 0; p + start < end && !is_space((unsigned char)p[start]) && p[start] != ';';)
		start++;
	return charset_by_label(p, start);
}

static bool word(const char *have, size_t len, const char *want)
{
	return len == strlen(want) && !memcmp(have, want, len);
}

/* The attributes of one meta element: s->p is after "<meta". */
static const char *from_meta(struct scan *s)
{
	enum { UNKNOWN, YES, NO } need_pragma = UNKNOWN;
	bool pragma = false, seen_http = false, seen_content = false, seen_charset = false;
	const char *charset = NULL;
	struct attr a;

	while (attr_next(s, &a)) {
		if (word(a.name, a.name_len, "http-equiv") && !seen_http) {
			seen_http = true;
			pragma = word(a.value, a.value_len, "content-type");
		} else if (word(a.name, a.name_len, "content") && !seen_content) {
			const char *found = charset ? NULL : from_content(&a);

			seen_content = true;
			if (found) {
				charset = found;
				need_pragma = YES;
			}
		} else if (word(a.name, a.name_len, "charset") && !seen_charset) {
			seen_charset = true;
			charset = a.value_len <= MAX_VALUE ? charset_by_label(a.value, a.value_len)
							   : NULL;
			need_pragma = NO;
		}
	}
	if (s->p == s->end)
		return NULL; /* the bytes end within the element */
	if (need_pragma == UNKNOWN || (need_pragma == YES && !pragma) || !charset)
		return NULL;
	return charset;
}

static void skip_to(struct scan *s, unsigned char c)
{
	const unsigned char *at = memchr(s->p, c, (size_t)(s->end - s->p));

	s->p = at ? at : s->end;
}

static void skip_comment(struct scan *s)
{
	/* The two dashes of "-->" may be those of "<!--". */
	const unsigned char *at = memmem(s->p + 2, (size_t)(s->end - s->p) - 2, "-->", 3);

	s->p = at ? at + 2 : s->end;
}

static void skip_tag(struct scan *s)
{
	struct attr a;

	while (s->p < s->end && !is_space(*s->p) && *s->p != '>')
		s->p++;
	while (attr_next(s, &a))
		;
}

static const char *checked(const char *name)
{
	const struct charset *cs = charset_find(name);

	if (cs->kind == CHARSET_UTF16BE || cs->kind == CHARSET_UTF16LE)
		return charset_find("UTF-8")->name;
	if (cs->kind == CHARSET_USER_DEFINED)
		return charset_find("windows-1252")->name;
	return name;
}

/* If s->p is at the start tag of an element whose content is text, skips to its end tag. */
static void skip_raw(struct scan *s)
{
	static const char *const raw[] = {"<script", "<style", "<title", "<textarea", "<xmp",
		"<iframe", "<noembed", "<noframes"};
	struct attr a;
	size_t i, n;

	if (starts(s, "<plaintext"))
		s->p = s->end;
	for (i = 0; i < sizeof(raw) / sizeof(raw[0]); i++) {
		n = strlen(raw[i]);
		if (starts(s, raw[i]) && (size_t)(s->end - s->p) > n &&
			(is_space(s->p[n]) || s->p[n] == '/' || s->p[n] == '>'))
			break;
	}
	if (i == sizeof(raw) / sizeof(raw[0]))
		return;
	s->p += n;
	while (attr_next(s, &a))
		;
	for (; s->p < s->end; s->p++) {
		skip_to(s, '<');
		if (s->end - s->p > (long)n && s->p[1] == '/' &&
			!strncasecmp((const char *)s->p + 2, raw[i] + 1, n - 1))
			return;
		if (s->p == s->end)
			return;
	}
}

/* `elements`: only metas that a parser would find as elements count. */
static const char *prescan(const void *body, size_t len, bool elements)
{
	struct scan s = {body, (const unsigned char *)body + len};

	for (; s.p < s.end; s.p++) {
		skip_to(&s, '<');
		if (elements)
			skip_raw(&s);
		if (starts(&s, "<!--")) {
			skip_comment(&s);
		} else if (starts(&s, "<meta") && s.end - s.p > 5 &&
			   (is_space(s.p[5]) || s.p[5] == '/')) {
			const char *name;

			s.p += 5;
			name = from_meta(&s);
			if (name)
				return checked(name);
		} else if (s.end - s.p > 1 &&
			   (is_alpha(s.p[1]) ||
				   (s.p[1] == '/' && s.end - s.p > 2 && is_alpha(s.p[2])))) {
			skip_tag(&s);
		} else if (s.end - s.p > 1 && (s.p[1] == '!' || s.p[1] == '/' || s.p[1] == '?')) {
			skip_to(&s, '>');
		}
		if (s.p == s.end)
			break;
	}
	return NULL;
}

const char *charset_xml(const void *body, size_t len)
{
	const char *p = body, *end, *at;
	const char *name;
	char quote;

	/* "<?xml" in UTF-16 without a byte order mark */
	if (len >= 6 && !memcmp(body, "<\0?\0x\0", 6))
		return charset_find("UTF-16LE")->name;
	if (len >= 6 && !memcmp(body, "\0<\0?\0x", 6))
		return charset_find("UTF-16BE")->name;
	if (len < 5 || memcmp(p, "<?xml", 5) || !(end = memchr(p, '>', len)))
		return NULL;
	at = memmem(p, (size_t)(end - p), "encoding", 8);
	if (!at)
		return NULL;
	for (at += 8; at < end && (unsigned char)*at <= ' ';)
		at++;
	if (at == end || *at++ != '=')
		return NULL;
	while (at < end && (unsigned char)*at <= ' ')
		at++;
	if (at == end || (*at != '"' && *at != '\''))
		return NULL;
	quote = *at++;
	end = memchr(at, quote, (size_t)(end - at));
	name = end ? charset_by_label(at, (size_t)(end - at)) : NULL;
	return name ? checked(name) : NULL;
}

const char *charset_prescan(const void *body, size_t len)
{
	const char *xml = charset_xml(body, len), *name;

	/* Zero bytes have decided already; a declaration only where no meta does. */
	if (xml && len >= 6 && memchr(body, 0, 6))
		return xml;
	name = prescan(body, len, false);
	return name ? name : xml;
}

const char *charset_meta_element(const void *body, size_t len)
{
	return prescan(body, len, true);
}
