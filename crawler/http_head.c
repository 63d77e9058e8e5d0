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
	size_t len;
	bool (*fn)(struct http_fetch *f, const char *value, size_t len);
};

static bool keep(struct buf *b, const char *value, size_t len)
{
	buf_reset(b);
	buf_add(b, value, len);
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* More than can be counted is a number all the same (RFC 9110 8.6). */
static bool add_digit(int64_t *n, char c)
{
	if (!isdigit((unsigned char)c))
		return false;
	if (__builtin_mul_overflow(*n, 10, n) || __builtin_add_overflow(*n, c - '0', n))
		*n = INT64_MAX;
	return true;
}

/* "5, 5" is one value said twice (RFC 9110 8.6); anything else that is not digits, or
 * differs from what was said before, may be an attempt at response splitting. */
static bool on_content_length(struct http_fetch *f, const char *value, size_t len)
{
	const char *p = value, *end = value + len;

	for (;;) {
		int64_t n = 0;
		const char *digits = p;
		while (p < end && add_digit(&n, *p))
			p++;
		if (p == digits || (f->content_length >= 0 && f->content_length != n))
			return false;
		f->content_length = n;
		while (p < end && is_blank(*p))
			p++;
		if (p == end)
			return true;
		if (*p++ != ',')
			return false;
		while (p < end && is_blank(*p))
			p++;
	}
}

static bool on_transfer_encoding(struct http_fetch *f, const char *value, size_t len)
{
	/* libcurl would inflate other codings in this process. */
	if (len == 7 && !strncasecmp(value, "chunked", 7))
		return f->chunked = true;
	return len == 8 && !strncasecmp(value, "identity", 8);
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
		while (p < end && (is_blank(*p) || *p == ','))
			p++;
		word = p;
		while (p < end && *p != ',')
			p++;
		colon = memchr(word, ':', (size_t)(p - word));
		if (colon && !word_is(word, (size_t)(colon - word), "unavailable_after")) {
			ours = word_is(word, (size_t)(colon - word), "skitter");
			word = colon + 1;
			while (word < p && is_blank(*word))
				word++;
		}
		n = (size_t)(p - word);
		while (n && is_blank(word[n - 1]))
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

#define FIELD(name, fn)                    \
	{                                  \
		name, sizeof(name) - 1, fn \
	}

static const struct field fields[] = {
	FIELD("content-length", on_content_length),
	FIELD("content-type", on_content_type),
	FIELD("content-encoding", on_content_encoding),
	FIELD("transfer-encoding", on_transfer_encoding),
	FIELD("location", on_location),
	FIELD("retry-after", on_retry_after),
	FIELD("x-robots-tag", on_x_robots),
	FIELD("link", on_link),
};

static bool is_interim(int status)
{
	return status >= 100 && status <= 199 && status != 101;
}

/* "HTTP/1.1 200 OK", "HTTP/2 200"; 0 for what libcurl will not take either. */
static int status_of(const char *line, const char *end)
{
	const char *p = memchr(line, ' ', (size_t)(end - line));

	if (!p || end - p < 4 || !isdigit((unsigned char)p[1]) || !isdigit((unsigned char)p[2]) ||
		!isdigit((unsigned char)p[3]))
		return 0;
	return (p[1] - '0') * 100 + (p[2] - '0') * 10 + p[3] - '0';
}

static const char *version_of(const char *line, size_t len)
{
	if (len >= 8 && !memcmp(line, "HTTP/1.0", 8))
		return "1.0";
	if (len >= 6 && !memcmp(line, "HTTP/2", 6))
		return "2";
	if (len >= 6 && !memcmp(line, "HTTP/3", 6))
		return "3";
	return "1.1";
}

static void new_head(struct http_fetch *f, const char *line, const char *end)
{
	buf_reset(&f->response_head);
	buf_reset(&f->content_type);
	buf_reset(&f->coding);
	buf_reset(&f->location);
	buf_reset(&f->link);
	f->x_robots = 0;
	f->retry_after_ms = -1;
	f->content_length = -1;
	f->chunked = false;
	f->answer = status_of(line, end);
	f->version = version_of(line, (size_t)(end - line));
}

/* The empty line. What the fields together mean is known now. */
static bool end_of_head(struct http_fetch *f)
{
	if (is_interim(f->answer)) {
		f->nheaders = 0; /* the next line starts another head */
		return ++f->ninterim <= HTTP_MAX_INTERIM;
	}
	if (f->answer == 101)
		return false; /* nobody asked for another protocol */
	f->head_done = true;
	/* Both a length and chunks: the chunks count (RFC 9112 6.3), but one of the two was a
	 * lie that somebody on the way may have believed. HTTP/1.0 never promised that the
	 * connection can be kept, and libcurl would ask in HTTP/1.0 from then on. */
	f->doubtful = (f->chunked && f->content_length >= 0) || !strcmp(f->version, "1.0");
	if (f->chunked || f->content_length == INT64_MAX || f->answer == 204 || f->answer == 304)
		f->content_length = -1;
	return true;
}

bool http_head_line(struct http_fetch *f, const char *line, size_t len)
{
	const char *colon, *value, *end = line + len;
	size_t name_len;
	bool first = !f->nheaders;

	if (++f->nheaders > HTTP_MAX_HEADERS)
		return false;
	if (f->head_done) /* trailers come after the body: they are counted, and that is all */
		return true;
	while (end > line && (end[-1] == '\r' || end[-1] == '\n'))
		end--;
	if (first)
		new_head(f, line, end);
	buf_add(&f->response_head, line, len);
	if (f->response_head.len > HTTP_MAX_HEAD)
		return false;
	if (end == line)
		return end_of_head(f);
	colon = memchr(line, ':', (size_t)(end - line));
	if (!colon || first) /* a fold, or the status line */
		return true;
	name_len = (size_t)(colon - line);
	for (value = colon + 1; value < end && is_blank(*value); value++)
		;
	while (end > value && is_blank(end[-1]))
		end--;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (name_len == fields[i].len && !strncasecmp(line, fields[i].name, name_len))
			return fields[i].fn(f, value, (size_t)(end - value));
	return true;
}
