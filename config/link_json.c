#include "config/link_json.h"

#include <stdbool.h>
#include <string.h>

#include "config/text.h"

/* Length of "scheme://authority" of a serialised http(s) URL; 0 for others. */
static size_t origin_len(const char *url, size_t len)
{
	const char *host, *slash;

	if (len > 7 && memcmp(url, "http://", 7) == 0)
		host = url + 7;
	else if (len > 8 && memcmp(url, "https://", 8) == 0)
		host = url + 8;
	else
		return 0;
	slash = memchr(host, '/', len - (size_t)(host - url));
	return slash && slash > host ? (size_t)(slash - url) : 0;
}

void link_json_begin(struct link_json *j, struct buf *out, const char *url, size_t url_len)
{
	*j = (struct link_json){.out = out, .url = url};
	j->origin = url ? origin_len(url, url_len) : 0;
}

/* Most strings mean themselves; `out` has room for this one and what comes behind it. */
static char *put_string(struct buf *out, char *w, const char *s, size_t len)
{
	if (text_plain(s, len) == len) {
		*w++ = '"';
		memcpy(w, s, len);
		w += len;
		*w++ = '"';
		return w;
	}
	buf_set_len(out, (size_t)(w - out->data));
	text_json(out, s, len);
	return out->data + out->len;
}

static char *put_word(char *w, const char *s)
{
	while (*s)
		*w++ = *s++;
	return w;
}

void link_json_add(struct link_json *j, const char *target, size_t target_len, enum facts_kind kind,
	const char *text, size_t text_len, const char *rel, size_t rel_len)
{
	struct buf *out = j->out;
	char *w;

	if (j->origin && target_len > j->origin && target[j->origin] == '/' &&
		memcmp(target, j->url, j->origin) == 0) {
		target += j->origin;
		target_len -= j->origin;
	}
	buf_grow(out, 6 * (target_len + text_len + rel_len) + 64); /* all of it as escapes */
	w = out->data + out->len;
	*w++ = j->n++ ? ',' : '[';
	*w++ = '[';
	w = put_string(out, w, target, target_len);
	w = put_word(w, ",\"");
	w = put_word(w, facts_kind_name(kind));
	*w++ = '"';
	if (text_len)
		w = put_string(out, put_word(w, ","), text, text_len);
	else if (rel_len)
		w = put_word(w, ",null");
	if (rel_len)
		w = put_string(out, put_word(w, ","), rel, rel_len);
	*w++ = ']';
	buf_set_len(out, (size_t)(w - out->data));
}

void link_json_end(struct link_json *j)
{
	if (j->n)
		buf_add_ch(j->out, ']');
}

/* ---- checking ---- */

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Behind the escape at p (a backslash), or NULL. URLs have only two to escape. */
static const char *skip_escape(const char *p, const char *end, bool url)
{
	if (end - p < 2)
		return NULL;
	if (p[1] == '"' || p[1] == '\\')
		return p + 2;
	if (url)
		return NULL;
	if (p[1] != 'u')
		return memchr("/bfnrt", p[1], 6) ? p + 2 : NULL;
	if (end - p < 6 || !is_hex(p[2]) || !is_hex(p[3]) || !is_hex(p[4]) || !is_hex(p[5]))
		return NULL;
	/* U+0000 would end a C string; surrogates are no characters. */
	if (!memcmp(p + 2, "0000", 4) || ((p[2] | 0x20) == 'd' && p[3] >= '8'))
		return NULL;
	return p + 6;
}

/* Behind the string at p, or NULL. */
static const char *skip_string(const char *p, const char *end, bool url)
{
	if (p == end || *p++ != '"')
		return NULL;
	for (;;) {
		p += text_plain(p, (size_t)(end - p));
		if (p == end)
			return NULL;
		if (*p == '"')
			return p + 1;
		if (*p == '\\') {
			p = skip_escape(p, end, url);
			if (!p)
				return NULL;
		} else {
			if ((unsigned char)*p < 0x20 || (url && (unsigned char)*p >= 0x7f))
				return NULL;
			p++; /* UTF-8, which is checked as a whole */
		}
	}
}

static const char *skip_kind(const char *p, const char *end)
{
	if (p == end || *p++ != '"')
		return NULL;
	while (p < end && *p >= 'a' && *p <= 'z')
		p++;
	return p < end && *p == '"' ? p + 1 : NULL;
}

/* Behind the link at p, or NULL. */
static const char *skip_link(const char *p, const char *end)
{
	if (end - p < 2 || *p++ != '[')
		return NULL;
	p = skip_string(p, end, true);
	if (!p || p == end || *p++ != ',')
		return NULL;
	p = skip_kind(p, end);
	if (p && p < end && *p == ',') {
		p++;
		if (end - p > 5 && memcmp(p, "null,", 5) == 0)
			p += 4;
		else
			p = skip_string(p, end, false);
		if (p && p < end && *p == ',')
			p = skip_string(p + 1, end, false);
	}
	return p && p < end && *p == ']' ? p + 1 : NULL;
}

long link_json_count(const char *json, size_t len)
{
	const char *p = json, *end = json + len;
	long n = 0;

	if (!len)
		return 0;
	if (*p++ != '[' || !text_is_utf8(json, len))
		return -1;
	for (;;) {
		p = skip_link(p, end);
		if (!p || p == end)
			return -1;
		n++;
		if (*p == ']')
			return p + 1 == end ? n : -1;
		if (*p++ != ',')
			return -1;
	}
}
