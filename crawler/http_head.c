/* http_head.c - reading response heads line by line (RFC 9110, RFC 9112). */
#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "config/facts.h"
#include "crawler/http.h"

struct field {
	const char *name;
	bool (*fn)(struct http_fetch *f, const char *value, size_t len);
};

static bool keep(struct buf *b, const char *value, size_t len)
{
	buf_reset(b);
	buf_add(b, value, len);
	return true;
}

static bool on_content_length(struct http_fetch *f, const char *value, size_t len)
{
	int64_t n = 0;

	/* "5, 5" is one value said twice (RFC 9110 8.6); anything else that is not digits, or
	 * differs from what was said before, may be an attempt at response splitting. */
	for (size_t i = 0; i <= len; i++) {
		if (i < len && isdigit((unsigned char)value[i]) && n < INT64_MAX / 16) {
			n = n * 10 + (value[i] - '0');
			continue;
		}
		if (i < len && value[i] != ',')
			return false;
		if (f->content_length >= 0 && f->content_length != n)
			return false;
		f->content_length = n;
		n = 0;
		while (i + 1 < len && (value[i + 1] == ' ' || value[i + 1] == '\t'))
			i++;
	}
	return len > 0;
}

static bool on_transfer_encoding(struct http_fetch *f, const char *value, size_t len)
{
	(void)f;
	/* libcurl would inflate other codings in this process. */
	return (len == 7 && !strncasecmp(value, "chunked", 7)) ||
	       (len == 8 && !strncasecmp(value, "identity", 8));
}

static bool on_location(struct http_fetch *f, const char *value, size_t len)
{
	if (f->location.len && (f->location.len != len || memcmp(f->location.data, value, len)))
		return false;
	return keep(&f->location, value, len);
}

static bool on_content_type(struct http_fetch *f, const char *value, size_t len)
{
	return keep(&f->content_type, value, len);
}

static bool join(struct buf *b, const char *value, size_t len)
{
	if (b->len)
		buf_add_str(b, ", ");
	buf_add(b, value, len);
	return true;
}

static bool on_content_encoding(struct http_fetch *f, const char *value, size_t len)
{
	return join(&f->coding, value, len);
}

static bool on_link(struct http_fetch *f, const char *value, size_t len)
{
	return f->link.len + len > 4096 || join(&f->link, value, len);
}

static bool on_retry_after(struct http_fetch *f, const char *value, size_t len)
{
	char text[64];
	char *end;
	long long secs;

	if (len >= sizeof(text))
		return true;
	memcpy(text, value, len);
	text[len] = '\0';
	secs = strtoll(text, &end, 10);
	if (end == text) {
		time_t at = curl_getdate(text, NULL);
		if (at == (time_t)-1)
			return true;
		secs = (long long)difftime(at, time(NULL));
	} else if (*end) {
		return true;
	}
	f->retry_after_ms = secs < 0 ? 0 : secs > 86400 * 365 ? 86400000LL * 365 : secs * 1000;
	return true;
}

static bool word_is(const char *w, size_t len, const char *name)
{
	return len == strlen(name) && !strncasecmp(w, name, len);
}

/* "noindex, nofollow" or "skitter: none": words for another agent do not bind us. */
static bool on_x_robots(struct http_fetch *f, const char *value, size_t len)
{
	const char *p = value, *end = value + len;
	bool ours = true;

	while (p < end) {
		const char *word, *colon;
		size_t n;
		while (p < end && (*p == ' ' || *p == '\t' || *p == ','))
			p++;
		word = p;
		while (p < end && *p != ',')
			p++;
		colon = memchr(word, ':', (size_t)(p - word));
		if (colon && !word_is(word, (size_t)(colon - word), "unavailable_after")) {
			ours = word_is(word, (size_t)(colon - word), "skitter");
			word = colon + 1;
			while (word < p && (*word == ' ' || *word == '\t'))
				word++;
		}
		n = (size_t)(p - word);
		while (n && (word[n - 1] == ' ' || word[n - 1] == '\t'))
			n--;
		if (!ours)
			continue;
		if (word_is(word, n, "none"))
			f->x_robots |= ROBOTS_NOINDEX | ROBOTS_NOFOLLOW;
		else if (word_is(word, n, "noindex"))
			f->x_robots |= ROBOTS_NOINDEX;
		else if (word_is(word, n, "nofollow"))
			f->x_robots |= ROBOTS_NOFOLLOW;
		else if (word_is(word, n, "noarchive"))
			f->x_robots |= ROBOTS_NOARCHIVE;
		else if (word_is(word, n, "nosnippet"))
			f->x_robots |= ROBOTS_NOSNIPPET;
	}
	return true;
}

static const struct field fields[] = {
	{"content-length", on_content_length},
	{"content-type", on_content_type},
	{"content-encoding", on_content_encoding},
	{"transfer-encoding", on_transfer_encoding},
	{"location", on_location},
	{"retry-after", on_retry_after},
	{"x-robots-tag", on_x_robots},
	{"link", on_link},
};

static void new_head(struct http_fetch *f)
{
	buf_reset(&f->response_head);
	buf_reset(&f->content_type);
	buf_reset(&f->coding);
	buf_reset(&f->location);
	buf_reset(&f->link);
	f->x_robots = 0;
	f->retry_after_ms = -1;
	f->content_length = -1;
	f->nheaders = 0;
	f->head_done = false;
}

bool http_head_line(struct http_fetch *f, const char *line, size_t len)
{
	const char *colon, *value, *end = line + len;
	size_t name_len;

	/* A new status line starts a new head: 1xx answers and proxies say more than one. */
	if (len >= 5 && !memcmp(line, "HTTP/", 5) && (f->head_done || !f->nheaders))
		new_head(f);
	buf_add(&f->response_head, line, len);
	if (++f->nheaders > HTTP_MAX_HEADERS || f->response_head.len > HTTP_MAX_HEAD)
		return false;
	while (end > line && (end[-1] == '\r' || end[-1] == '\n'))
		end--;
	if (end == line) {
		f->head_done = true;
		return true;
	}
	colon = memchr(line, ':', (size_t)(end - line));
	if (!colon || f->head_done) /* status line, fold, or a trailer after the body */
		return true;
	name_len = (size_t)(colon - line);
	for (value = colon + 1; value < end && (*value == ' ' || *value == '\t'); value++)
		;
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (word_is(line, name_len, fields[i].name))
			return fields[i].fn(f, value, (size_t)(end - value));
	return true;
}
