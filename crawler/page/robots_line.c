#include "crawler/page/robots_line.h"

#include <string.h>
#include <strings.h>

#define MAX_DELAY 1e6 /* a larger number is no delay but a mistake */

static const struct {
	const char *word;
	enum robots_kind kind;
} words[] = {
	{"user-agent", ROBOTS_AGENT},
	{"useragent", ROBOTS_AGENT},
	{"user agent", ROBOTS_AGENT},
	{"disallow", ROBOTS_DISALLOW},
	{"dissallow", ROBOTS_DISALLOW},
	{"dissalow", ROBOTS_DISALLOW},
	{"disalow", ROBOTS_DISALLOW},
	{"diasllow", ROBOTS_DISALLOW},
	{"disallaw", ROBOTS_DISALLOW},
	{"allow", ROBOTS_ALLOW},
	{"crawl-delay", ROBOTS_DELAY},
	{"crawldelay", ROBOTS_DELAY},
	{"crawl delay", ROBOTS_DELAY},
	{"sitemap", ROBOTS_SITEMAP},
	{"site-map", ROBOTS_SITEMAP},
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

static void trim(const char **s, size_t *len)
{
	while (*len && is_blank(**s))
		++*s, --*len;
	while (*len && is_blank((*s)[*len - 1]))
		--*len;
}

const char *robots_skip_bom(const char *text, size_t len)
{
	static const char bom[] = "\xef\xbb\xbf";
	size_t n = 0;

	while (n < 3 && n < len && text[n] == bom[n])
		n++;
	return text + n;
}

static enum robots_kind kind_of(const char *key, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == len && !strncasecmp(words[i].word, key, len))
			return words[i].kind;
	return ROBOTS_OTHER;
}

static bool starts(const char *s, size_t len, const char *word)
{
	return len >= strlen(word) && !strncasecmp(s, word, strlen(word));
}

static bool has_word(const char *s, size_t len, const char *word)
{
	size_t n = strlen(word), i;

	for (i = 0; i + n <= len; i++)
		if (!strncasecmp(s + i, word, n))
			return true;
	return false;
}

/* "key: value"; without a colon "key value", if it is exactly two words (the whole line could
 * be prose otherwise). A bare URL of a sitemap is one whose "sitemap:" was forgotten. */
static void read_line(struct robots_line *l)
{
	const char *colon = memchr(l->text, ':', l->text_len), *p;
	size_t key_len;

	l->kind = ROBOTS_OTHER;
	l->value = l->text;
	l->value_len = l->text_len;
	if (starts(l->text, l->text_len, "http://") || starts(l->text, l->text_len, "https://")) {
		if (has_word(l->text, l->text_len, "sitemap"))
			l->kind = ROBOTS_SITEMAP;
		return;
	}
	p = colon;
	if (!p) {
		for (p = l->text; p < l->text + l->text_len && !is_blank(*p); p++)
			;
		if (p == l->text + l->text_len)
			return;
	}
	key_len = (size_t)(p - l->text);
	l->value = colon ? p + 1 : p;
	l->value_len = l->text_len - (size_t)(l->value - l->text);
	trim(&l->value, &l->value_len);
	if (!colon && (memchr(l->value, ' ', l->value_len) || memchr(l->value, '\t', l->value_len)))
		return;
	while (key_len && is_blank(l->text[key_len - 1]))
		key_len--;
	l->kind = kind_of(l->text, key_len);
}

bool robots_line_next(const char **at, const char *end, struct robots_line *line)
{
	const char *p = *at, *hash;
	size_t len = 0;

	if (p >= end)
		return false;
	while (p + len < end && p[len] != '\n' && p[len] != '\r')
		len++;
	*at = p + len;
	if (*at < end)
		*at += *at + 1 < end && (*at)[0] == '\r' && (*at)[1] == '\n' ? 2 : 1;
	hash = memchr(p, '#', len);
	line->text = p;
	line->text_len = hash ? (size_t)(hash - p) : len;
	trim(&line->text, &line->text_len);
	read_line(line);
	return true;
}

/* The RFC allows letters, "_" and "-"; digits are common in the names of real crawlers. */
size_t robots_token_len(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && (((s[n] | 32) >= 'a' && (s[n] | 32) <= 'z') || s[n] == '_' ||
				  s[n] == '-' || (s[n] >= '0' && s[n] <= '9')))
		n++;
	return n;
}

bool robots_line_names(const struct robots_line *line, const char *token, size_t token_len)
{
	const char *p = line->value, *end = p + line->value_len;

	while (p && p < end && token_len) {
		size_t n;

		while (p < end && (is_blank(*p) || *p == ','))
			p++;
		n = robots_token_len(p, (size_t)(end - p));
		if (n == token_len && !strncasecmp(p, token, n))
			return true;
		p = memchr(p, ',', (size_t)(end - p));
	}
	return false;
}

bool robots_line_is_any(const struct robots_line *line)
{
	/* "* " and "*<BR>" are seen; "*bot" is no star. */
	return line->value_len && line->value[0] == '*' &&
	       !robots_token_len(line->value + 1, line->value_len - 1);
}

double robots_line_seconds(const struct robots_line *line)
{
	double seconds = 0, unit = 1;
	bool digits = false, point = false;
	size_t i;

	for (i = 0; i < line->value_len; i++) {
		char c = line->value[i];

		if (c >= '0' && c <= '9') {
			digits = true;
			if (point)
				seconds += (c - '0') * (unit /= 10);
			else if (seconds < MAX_DELAY)
				seconds = seconds * 10 + (c - '0');
		} else if (c == '.' && !point) {
			point = true;
		} else {
			break;
		}
	}
	return digits && seconds < MAX_DELAY ? seconds : -1;
}
