/* answer.c - from a request and a page to the bytes of an answer. */
#include "tests/server/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void answer_init(struct answer *a)
{
	memset(a, 0, sizeof(*a));
	buf_init(&a->head);
	buf_init(&a->own);
	a->send_bytes = -1;
}

void answer_release(struct answer *a)
{
	buf_release(&a->head);
	buf_release(&a->own);
}

const char *http_reason(int status)
{
	switch (status) {
	case 200: return "OK";
	case 204: return "No Content";
	case 301: return "Moved Permanently";
	case 302: return "Found";
	case 303: return "See Other";
	case 304: return "Not Modified";
	case 307: return "Temporary Redirect";
	case 308: return "Permanent Redirect";
	case 400: return "Bad Request";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 410: return "Gone";
	case 429: return "Too Many Requests";
	case 500: return "Internal Server Error";
	case 503: return "Service Unavailable";
	default: return "Status";
	}
}

void answer_plain(struct answer *a, int status, const char *extra_headers, const char *text)
{
	a->status = status;
	buf_add_str(&a->own, text);
	a->body = a->own.data;
	a->len = a->own.len;
	buf_addf(&a->head, "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\n%s",
		status, http_reason(status), extra_headers);
	buf_addf(&a->head, "Content-Length: %zu\r\n\r\n", a->len);
}

/* Whether the request carries the header line "Name: value" (name without regard to case). */
static bool carries(const struct request *r, const char *need)
{
	size_t name = strcspn(need, ":");
	const char *value = need + name + (need[name] ? 1 : 0);

	value += strspn(value, " ");
	for (const char *line = r->head; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncasecmp(line, need, name) != 0 || line[name] != ':')
			continue;
		const char *v = line + name + 1;
		size_t len;

		v += strspn(v, " ");
		len = strcspn(v, "\r\n");
		if (len == strlen(value) && memcmp(v, value, len) == 0)
			return true;
	}
	return false;
}

/* Pages for a whole family of paths may say %PATH% in their body. */
static void put_path(struct answer *a, const struct world_page *p, const struct request *r)
{
	const char *s = p->body.data, *hit;

	while ((hit = strstr(s, "%PATH%"))) {
		buf_add(&a->own, s, (size_t)(hit - s));
		buf_add_str(&a->own, r->path);
		s = hit + 6;
	}
	buf_add_str(&a->own, s);
	a->body = a->own.data;
	a->len = a->own.len;
}

static void page_head(struct answer *a, const struct world_page *p)
{
	buf_addf(&a->head, "HTTP/1.1 %d %s\r\n", a->status, http_reason(a->status));
	if (p->type)
		buf_addf(&a->head, "Content-Type: %s\r\n", p->type);
	buf_add(&a->head, p->headers.data, p->headers.len);
	if (p->chunk)
		buf_add_str(&a->head, "Transfer-Encoding: chunked\r\n");
	else if (p->length == -1)
		buf_addf(&a->head, "Content-Length: %zu\r\n", a->len);
	else if (p->length >= 0)
		buf_addf(&a->head, "Content-Length: %lld\r\n", p->length);
	if (p->close || (p->length == -2 && !p->chunk)) {
		buf_add_str(&a->head, "Connection: close\r\n");
		a->close = 1;
	}
	buf_add_str(&a->head, "\r\n");
}

static void page_answer(struct answer *a, struct world_page *p, const struct request *r)
{
	size_t n = strlen(p->path);

	a->status = p->status;
	a->delay_ms = p->delay_ms;
	a->end = p->end;
	a->no_head = p->no_head;
	a->send_bytes = p->send_bytes;
	a->drip_bytes = p->drip_bytes;
	a->drip_ms = p->drip_ms;
	a->chunk = p->chunk;
	if (p->no_head)
		a->status = 0;
	if (p->raw.len) {
		buf_add(&a->head, p->raw.data, p->raw.len);
		a->close = p->close;
		return;
	}
	if (n > 0 && p->path[n - 1] == '*' && strstr(p->body.data, "%PATH%")) {
		put_path(a, p, r);
	} else {
		a->body = p->body.data;
		a->len = p->body.len;
	}
	page_head(a, p);
}

void answer_make(struct answer *a, struct world *w, const char *root, const struct request *r)
{
	struct world_page *p = world_find(w, r->host, r->path);

	if (strcmp(r->method, "GET") != 0 && strcmp(r->method, "HEAD") != 0) {
		answer_plain(a, 405, "Allow: GET, HEAD\r\n", "GET and HEAD are known here.\n");
	} else if (!p) {
		if (!root || !files_answer(a, root, r))
			answer_plain(a, 404, "", "No such page.\n");
	} else {
		p->hits++;
		if (p->hits == 1)
			a->signal = p->signal;
		if (p->hits <= p->fail_first && p->fail_status) {
			a->delay_ms = p->delay_ms;
			answer_plain(a, p->fail_status, p->fail_headers.data, "Not now.\n");
		} else if (p->hits <= p->fail_first) {
			a->no_head = 1;
			a->end = END_RESET;
		} else if (p->need && !carries(r, p->need)) {
			answer_plain(a, 403, "", "The request lacks a header.\n");
		} else {
			page_answer(a, p, r);
		}
	}
	if (strcmp(r->method, "HEAD") == 0)
		a->body = NULL, a->len = 0, a->chunk = 0;
	if (r->close)
		a->close = 1;
}
