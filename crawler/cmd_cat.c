/* cmd_cat.c - skitter cat FILE.db URL: one stored page. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/mem.h"
#include "config/text.h"
#include "crawler/cmd.h"
#include "crawler/cmd_util.h"
#include "crawler/decode.h"
#include "crawler/page/url.h"
#include "storage/store_read.h"

struct cat {
	const char *path, *url;
	bool head, raw, text;
	bool terminal;
};

static bool is_plain(const char *coding)
{
	return !*coding || !strcasecmp(coding, "identity");
}

/* By what the server said, and by the bytes where it said nothing: a zero byte near the start
 * is what no text has (UTF-16 is named by its Content-Type or BOM and decoded before). */
static bool is_text(const char *type, const char *data, size_t len)
{
	if (memchr(data, 0, len < 8192 ? len : 8192) || (len > 1 && !memcmp(data, "\x1f\x8b", 2)))
		return false;
	if (!type || !*type)
		return text_is_utf8(data, len);
	return !strncasecmp(type, "text/", 5) || strcasestr(type, "xml") ||
	       strcasestr(type, "json") || strcasestr(type, "javascript") ||
	       text_is_utf8(data, len);
}

static void print(const struct cat *c, const char *data, size_t len)
{
	struct buf out = BUF_INIT;

	if (!c->terminal) {
		fwrite(data, 1, len, stdout);
		return;
	}
	cmd_add_text(&out, data, len);
	if (out.len && out.data[out.len - 1] != '\n')
		buf_add_ch(&out, '\n');
	fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
}

static int print_binary(
	const struct cat *c, const struct store_body *b, size_t len, struct err *err)
{
	struct buf size = BUF_INIT;

	text_bytes(&size, len);
	err_set(err, EXIT_USAGE,
		"%s is %s of %s, which a terminal cannot show; redirect it: skitter cat ... > FILE",
		c->url, size.data, b->content_type ? b->content_type : "binary data");
	buf_release(&size);
	return -1;
}

/* Bytes that a terminal takes as they are: UTF-8, and none of the encodings that hide in
 * valid UTF-8 (UTF-16 has zero bytes, ISO-2022-JP escapes). */
static bool shows_as_is(const struct buf *b)
{
	return text_is_utf8(b->data, b->len) && !memchr(b->data, 0, b->len) &&
	       !memchr(b->data, 0x1b, b->len);
}

/* The body without the server's compression; on a terminal as UTF-8. What is broken is
 * shown as far as it goes. */
static int decode(const struct cat *c, const struct store_body *b, bool to_utf8, struct buf *out,
	struct err *err)
{
	struct err why = {0};

	if (sandbox_decode(
		    b->body.data, b->body.len, b->coding, b->content_type, to_utf8, out, &why) >= 0)
		return 0;
	if (!out->len)
		return err_set(err, EXIT_INTERNAL, "%s: %s; --raw gives the %zu bytes as stored",
			c->url, why.text, b->body.len);
	fprintf(stderr, "skitter: %s; what could be read follows\n", why.text);
	return 0;
}

static int print_body(const struct cat *c, const struct store_body *b, struct err *err)
{
	struct buf bytes = BUF_INIT, utf8 = BUF_INIT;
	const struct buf *body = &b->body;
	int rc = 0;

	if (!b->has_body)
		return err_set(err, EXIT_USAGE,
			"no body is stored for %s (status %d); --head shows what there is", c->url,
			b->status);
	if (!c->raw && !is_plain(b->coding)) {
		rc = decode(c, b, false, &bytes, err);
		body = &bytes;
	}
	if (!rc && c->terminal && !c->raw && !shows_as_is(body)) {
		rc = decode(c, b, true, &utf8, err);
		body = &utf8;
	}
	if (!rc && c->terminal && !is_text(b->content_type, body->data, body->len))
		rc = print_binary(c, b, body->len, err);
	else if (!rc)
		print(c, body->data, body->len);
	buf_release(&bytes);
	buf_release(&utf8);
	return rc;
}

/* The URL as typed, then as the URL standard writes it. */
static int find(
	struct store *st, struct cat *c, struct store_body *b, struct buf *href, struct err *err)
{
	struct url_parser p;
	struct err second = {0};
	bool guessed;
	struct url u;
	int rc = store_body(st, c->url, b, err);

	if (rc >= 0)
		return rc;
	url_parser_init(&p);
	if (!url_from_user(&p, c->url, &u, &guessed, &second)) {
		buf_add(href, u.href, url_without_fragment_len(&u));
		if (strcmp(href->data, c->url)) {
			store_body_release(b);
			rc = store_body(st, href->data, b, err);
			c->url = href->data;
		}
	}
	url_parser_release(&p);
	return rc;
}

int cmd_cat(int argc, char **argv)
{
	struct cat c = {.terminal = cmd_stdout_is_terminal()};
	const struct cmd_flag flags[] = {{"head", 0, NULL, &c.head, NULL},
		{"raw", 0, NULL, &c.raw, NULL}, {"text", 0, NULL, &c.text, NULL}};
	struct store_body b;
	struct buf href = BUF_INIT;
	struct store *st;
	struct err err = {0};
	const char *pos[2];
	bool help;
	int rc;

	if (cmd_args(argc, argv, flags, MEM_COUNT(flags), pos, 2, 2, &help, &err) < 0)
		return cmd_fail(&err);
	if (help)
		return cmd_usage(cmd_find("cat"), stdout), EXIT_OK;
	if (c.head + c.raw + c.text > 1) {
		err_set(&err, EXIT_USAGE, "--head, --raw and --text exclude each other");
		return cmd_fail(&err);
	}
	c.path = pos[0];
	c.url = pos[1];
	st = store_open(c.path, STORE_READ, &err);
	if (!st)
		return cmd_fail(&err);
	memset(&b, 0, sizeof(b));
	rc = find(st, &c, &b, &href, &err);
	if (!rc && c.head) {
		print(&c, b.request_head.data, b.request_head.len);
		print(&c, b.response_head.data, b.response_head.len);
	} else if (!rc && c.text) {
		print(&c, b.text.data, b.text.len);
	} else if (!rc) {
		rc = print_body(&c, &b, &err);
	}
	store_body_release(&b);
	store_close(st);
	sandbox_decode_close();
	if (rc < 0)
		rc = cmd_fail(&err); /* the sentence may name href */
	buf_release(&href);
	return rc;
}
