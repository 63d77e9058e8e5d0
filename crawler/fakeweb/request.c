/* request.c - the head of a request (RFC 9112), read in place. */
#include <string.h>
#include <strings.h>

#include "crawler/fakeweb/serve.h"

/* Whether the line is this header; its value without the blanks around. */
static bool is_header(const char *line, size_t len, const char *name, const char **v, size_t *n)
{
	size_t name_len = strlen(name);

	if (len <= name_len || line[name_len] != ':' || strncasecmp(line, name, name_len))
		return false;
	*v = line + name_len + 1;
	*n = len - name_len - 1;
	while (*n && (**v == ' ' || **v == '\t')) {
		(*v)++;
		(*n)--;
	}
	while (*n && ((*v)[*n - 1] == ' ' || (*v)[*n - 1] == '\t'))
		(*n)--;
	return true;
}

static bool has_word(const char *v, size_t n, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i + len <= n; i++)
		if (!strncasecmp(v + i, word, len))
			return true;
	return false;
}

static void read_header(struct fake_request *r, const char *line, size_t len)
{
	const char *v;
	size_t n;

	switch (line[0] | 32) {
	case 'h':
		if (is_header(line, len, "host", &v, &n)) {
			r->bad |= r->name != NULL;
			r->name = v;
			r->name_len = n;
		}
		break;
	case 'c':
		if (is_header(line, len, "connection", &v, &n))
			r->close =
				r->close ? !has_word(v, n, "keep-alive") : has_word(v, n, "close");
		else if (is_header(line, len, "content-length", &v, &n))
			r->has_body |= n != 1 || v[0] != '0';
		break;
	case 't': r->has_body |= is_header(line, len, "transfer-encoding", &v, &n); break;
	case 'a':
		if (is_header(line, len, "accept-encoding", &v, &n))
			r->gzip = has_word(v, n, "gzip");
		break;
	case 'u': is_header(line, len, "user-agent", &r->agent, &r->agent_len); break;
	case 'i': is_header(line, len, "if-none-match", &r->none_match, &r->none_match_len); break;
	default: break;
	}
}

/* GET /path HTTP/1.1, or with a whole URL as a proxy is asked. */
static void read_first_line(struct fake_request *r, const char *line, size_t len)
{
	const char *sp = memchr(line, ' ', len), *end = line + len, *slash;

	r->bad = true;
	if (!sp || end - sp < 11 || memcmp(end - 9, " HTTP/1.", 8))
		return;
	r->method = line;
	r->method_len = (size_t)(sp - line);
	r->target = sp + 1;
	r->target_len = (size_t)(end - 9 - r->target);
	r->http11 = end[-1] != '0';
	r->close = !r->http11;
	if (r->target_len > 7 && !strncasecmp(r->target, "http://", 7)) {
		slash = memchr(r->target + 7, '/', r->target_len - 7);
		if (!slash)
			return;
		r->target_len -= (size_t)(slash - r->target);
		r->target = slash;
	}
	r->bad = !r->target_len || r->target[0] != '/' || memchr(r->target, ' ', r->target_len);
}

size_t fake_request_read(struct fake_request *r, const char *data, size_t len)
{
	const char *end, *line = data, *nl;

	*r = (struct fake_request){0};
	while (len && (*line == '\r' || *line == '\n')) { /* RFC 9112, 2.2 */
		line++;
		len--;
	}
	end = memmem(line, len, "\r\n\r\n", 4);
	if (!end) {
		r->bad = r->too_long = len > FAKE_HEAD_MAX;
		return 0;
	}
	nl = memchr(line, '\r', (size_t)(end - line) + 1);
	read_first_line(r, line, (size_t)(nl - line));
	while (nl < end) {
		line = nl + 2;
		nl = memmem(line, (size_t)(end - line) + 2, "\r\n", 2);
		read_header(r, line, (size_t)(nl - line));
	}
	r->bad |= r->http11 && !r->name;
	return (size_t)(end + 4 - data);
}
