/* world_page.c - the words of a world file that describe one page. */
#include "tests/server/world.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "config/mem.h"

static void set_str(char **to, const char *s)
{
	free(*to);
	*to = mem_strdup(s);
}

static int raw_word(struct world_page *p, struct world_text *t)
{
	struct buf text = BUF_INIT;
	int rc = world_text_block(t, t->rest, "\r\n", &text);

	if (rc == 0)
		world_unescape(text.data, text.len, &p->raw);
	buf_release(&text);
	return rc;
}

static int bytes_word(struct world_page *p, struct world_text *t)
{
	struct buf text = BUF_INIT;
	int rc = world_text_block(t, t->rest, "", &text);

	if (rc == 0)
		world_unescape(text.data, text.len, &p->body);
	buf_release(&text);
	return rc;
}

/* `links URL URL ...`: an anchor each. */
static int links_word(struct world_page *p, struct world_text *t)
{
	char *save = NULL;

	for (char *u = strtok_r(t->rest, " \t", &save); u; u = strtok_r(NULL, " \t", &save))
		buf_addf(&p->body, "<a href=\"%s\">%s</a>\n", u, u);
	return 0;
}

/* `repeat N TEXT`: TEXT N times, each %d in it replaced by 1, 2, ... */
static int repeat_word(struct world_page *p, struct world_text *t)
{
	long long n;
	const char *text = t->rest + strcspn(t->rest, " \t");

	if (world_number(t, t->rest, &n) < 0)
		return -1;
	text += *text ? 1 : 0;
	for (long long i = 1; i <= n; i++) {
		for (const char *s = text; *s; s++) {
			if (s[0] == '%' && s[1] == 'd') {
				buf_addf(&p->body, "%lld", i);
				s++;
			} else {
				buf_add_ch(&p->body, *s);
			}
		}
		buf_add_ch(&p->body, '\n');
	}
	return 0;
}

/* `fail-first N STATUS [Name: value]`; STATUS `reset` breaks the connection. */
static int fail_word(struct world_page *p, struct world_text *t)
{
	long long n, status = 0;
	char *s = t->rest;

	if (world_number(t, s, &n) < 0)
		return -1;
	s += strcspn(s, " \t");
	s += strspn(s, " \t");
	if (strncmp(s, "reset", 5) != 0 && world_number(t, s, &status) < 0)
		return -1;
	p->fail_first = (int)n;
	p->fail_status = (int)status;
	s += strcspn(s, " \t");
	s += strspn(s, " \t");
	if (*s)
		buf_addf(&p->fail_headers, "%s\r\n", s);
	return 0;
}

static int redirect_word(struct world_page *p, struct world_text *t)
{
	long long status;
	char *s = t->rest;

	if (world_number(t, s, &status) < 0)
		return -1;
	s += strcspn(s, " \t");
	s += strspn(s, " \t");
	p->status = (int)status;
	buf_addf(&p->headers, "Location: %s\r\n", s);
	return 0;
}

static int drip_word(struct world_page *p, struct world_text *t)
{
	long long bytes, ms;
	const char *s = t->rest + strcspn(t->rest, " \t");

	if (world_number(t, t->rest, &bytes) < 0 || world_number(t, s + strspn(s, " \t"), &ms) < 0)
		return -1;
	p->drip_bytes = (size_t)bytes;
	p->drip_ms = (int)ms;
	return 0;
}

/* `cut|reset|stall [N]`: the end comes after N bytes of the body, or in place of any answer. */
static int end_word(struct world_page *p, struct world_text *t, enum page_end end)
{
	p->end = end;
	if (!*t->rest) {
		p->no_head = true;
		return 0;
	}
	return world_number(t, t->rest, &p->send_bytes);
}

static int number_word(struct world_page *p, struct world_text *t)
{
	long long n;

	if (world_number(t, t->rest, &n) < 0)
		return -1;
	if (strcmp(t->word, "status") == 0)
		p->status = (int)n;
	else if (strcmp(t->word, "delay") == 0)
		p->delay_ms = (int)n;
	else
		p->chunk = (size_t)n;
	return 0;
}

int world_page_word(struct world *w, struct world_page *p, struct world_text *t)
{
	const char *word = t->word;
	int rc = 0;

	(void)w;
	if (strcmp(word, "status") == 0 || strcmp(word, "delay") == 0 ||
		strcmp(word, "chunked") == 0) {
		rc = number_word(p, t);
	} else if (strcmp(word, "type") == 0) {
		free(p->type);
		p->type = strcmp(t->rest, "none") == 0 ? NULL : mem_strdup(t->rest);
	} else if (strcmp(word, "header") == 0) {
		world_unescape(t->rest, strlen(t->rest), &p->headers);
		buf_add_str(&p->headers, "\r\n");
	} else if (strcmp(word, "body") == 0) {
		rc = world_text_block(t, t->rest, "\n", &p->body);
	} else if (strcmp(word, "bytes") == 0) {
		rc = bytes_word(p, t);
	} else if (strcmp(word, "raw") == 0) {
		rc = raw_word(p, t);
	} else if (strcmp(word, "title") == 0) {
		buf_addf(&p->body, "<title>%s</title>\n", t->rest);
	} else if (strcmp(word, "links") == 0) {
		rc = links_word(p, t);
	} else if (strcmp(word, "repeat") == 0) {
		rc = repeat_word(p, t);
	} else if (strcmp(word, "redirect") == 0) {
		rc = redirect_word(p, t);
	} else if (strcmp(word, "charset") == 0) {
		set_str(&p->charset, t->rest);
	} else if (strcmp(word, "coding") == 0) {
		set_str(&p->coding, t->rest);
	} else if (strcmp(word, "need") == 0) {
		set_str(&p->need, t->rest);
	} else if (strcmp(word, "fail-first") == 0) {
		rc = fail_word(p, t);
	} else if (strcmp(word, "drip") == 0) {
		rc = drip_word(p, t);
	} else if (strcmp(word, "cut") == 0) {
		rc = end_word(p, t, END_CLOSE);
	} else if (strcmp(word, "reset") == 0) {
		rc = end_word(p, t, END_RESET);
	} else if (strcmp(word, "stall") == 0) {
		rc = end_word(p, t, END_STALL);
	} else if (strcmp(word, "endless") == 0) {
		p->end = END_ENDLESS;
		p->length = -2;
	} else if (strcmp(word, "close") == 0) {
		p->close = true;
	} else if (strcmp(word, "length") == 0) {
		if (strcmp(t->rest, "none") == 0)
			p->length = -2;
		else
			rc = world_number(t, t->rest, &p->length);
	} else if (strcmp(word, "signal") == 0) {
		rc = world_signal(t, t->rest, &p->signal);
	} else {
		return 0;
	}
	return rc < 0 ? -1 : 1;
}

/* ---- making the bodies final ---- */

static int convert(struct buf *body, const char *charset, struct err *err)
{
	iconv_t cd = iconv_open(charset, "UTF-8");
	struct buf out = BUF_INIT;
	char *in = body->data, *to;
	size_t left = body->len, room;
	size_t rc;

	if (cd == (iconv_t)-1)
		return err_set(err, EXIT_USAGE, "charset %s: %s", charset, strerror(errno));
	buf_grow(&out, body->len * 4 + 16);
	to = out.data;
	room = body->len * 4 + 16;
	rc = iconv(cd, &in, &left, &to, &room);
	iconv_close(cd);
	if (rc == (size_t)-1) {
		buf_release(&out);
		return err_set(err, EXIT_USAGE, "charset %s: %s", charset, strerror(errno));
	}
	buf_set_len(&out, (size_t)(to - out.data));
	buf_release(body);
	*body = out;
	return 0;
}

static int squeeze(struct buf *body, const char *coding, struct err *err)
{
	struct buf out = BUF_INIT;
	z_stream z = {0};
	int bits = strcmp(coding, "gzip") == 0 ? 31 : 15;

	if (strcmp(coding, "gzip") != 0 && strcmp(coding, "deflate") != 0)
		return err_set(
			err, EXIT_USAGE, "coding %s: only gzip and deflate are made here", coding);
	if (deflateInit2(&z, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return err_set(err, EXIT_INTERNAL, "zlib refuses to start");
	buf_grow(&out, deflateBound(&z, body->len) + 64);
	z.next_in = (unsigned char *)body->data;
	z.avail_in = (unsigned)body->len;
	z.next_out = (unsigned char *)out.data;
	z.avail_out = (unsigned)deflateBound(&z, body->len) + 64;
	deflate(&z, Z_FINISH);
	buf_set_len(&out, z.total_out);
	deflateEnd(&z);
	buf_release(body);
	*body = out;
	return 0;
}

static void subst_in_place(const struct world *w, struct buf *b)
{
	struct buf out = BUF_INIT;

	world_subst(w, b->data, b->len, &out);
	buf_release(b);
	*b = out;
}

int world_page_ready(const struct world *w, struct world_page *p, struct err *err)
{
	subst_in_place(w, &p->body);
	subst_in_place(w, &p->headers);
	subst_in_place(w, &p->fail_headers);
	subst_in_place(w, &p->raw);
	if (p->charset && convert(&p->body, p->charset, err) < 0)
		return -1;
	if (!p->coding)
		return 0;
	buf_addf(&p->headers, "Content-Encoding: %s\r\n", p->coding);
	return squeeze(&p->body, p->coding, err);
}
