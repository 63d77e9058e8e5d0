#include "crawler/page/page.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/facts_seal.h"
#include "config/mem.h"
#include "crawler/page/html.h"
#include "crawler/page/inflate.h"
#include "crawler/page/page_part.h"
#include "crawler/page/robots.h"
#include "crawler/page/sitemap.h"
#include "crawler/page/sniff.h"

#define KEEP	 ((size_t)4 << 20)
#define PAGE_BIG ((size_t)1 << 20)

struct page_reader *page_reader_open(void)
{
	struct page_reader *r = mem_zalloc(sizeof(*r));

	r->keep = KEEP;
	url_global_init();
	url_parser_init(&r->parser);
	r->inflate = inflate_open();
	r->html = html_open();
	r->charset = charset_open(charset_name(0));
	r->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	r->digest = EVP_MD_CTX_new();
	if (!r->sha256 || !r->digest)
		abort();
	buf_init(&r->decoded);
	buf_init(&r->inner);
	buf_init(&r->text);
	buf_init(&r->url_hold);
	buf_init(&r->canonical);
	return r;
}

void page_reader_keep(struct page_reader *r, size_t bytes)
{
	r->keep = bytes;
}

void page_reader_close(struct page_reader *r)
{
	if (!r)
		return;
	url_parser_release(&r->parser);
	inflate_close(r->inflate);
	html_free(r->html);
	charset_close(r->charset);
	EVP_MD_CTX_free(r->digest);
	EVP_MD_free(r->sha256);
	buf_release(&r->decoded);
	buf_release(&r->inner);
	buf_release(&r->text);
	buf_release(&r->url_hold);
	buf_release(&r->canonical);
	free(r);
}

static size_t inflated_most(const struct page_task *t)
{
	return t->max_inflated && t->max_inflated < t->max_decoded ? t->max_inflated
								   : t->max_decoded;
}

static enum inflate_what as_it_is(struct page_job *j)
{
	const struct page_task *t = j->task;

	j->body = t->body;
	j->len = t->len < t->max_decoded ? t->len : t->max_decoded;
	return t->len <= t->max_decoded ? INFLATE_OK : INFLATE_TOO_BIG;
}

/* Takes the content coding off. An identity body is used where it lies; so is one of an
 * unknown coding, as browsers do: "Content-Encoding: utf-8" and the like are no codings. */
static enum inflate_what decode(struct page_job *j)
{
	const struct page_task *t = j->task;
	struct buf *out = &j->r->decoded;
	enum inflate_what what;

	if (inflate_is_identity(t->content_coding))
		return as_it_is(j);
	what = inflate_body(
		j->r->inflate, t->content_coding, t->body, t->len, inflated_most(t), out);
	if (what == INFLATE_UNKNOWN) {
		as_it_is(j);
		return what;
	}
	j->body = out->data;
	j->len = out->len;
	return what;
}

static uint32_t flags_of(enum inflate_what what)
{
	switch (what) {
	case INFLATE_OK: return 0;
	case INFLATE_BOMB: return FACTS_BOMB;
	case INFLATE_TOO_BIG: return FACTS_CUT_BODY;
	case INFLATE_CUT:
	case INFLATE_CORRUPT:
	case INFLATE_UNKNOWN: break;
	}
	return FACTS_BAD_CODING;
}

static void digest(struct page_job *j)
{
	EVP_MD_CTX *ctx = j->r->digest;

	if (EVP_DigestInit_ex2(ctx, j->r->sha256, NULL) && EVP_DigestUpdate(ctx, j->body, j->len) &&
		EVP_DigestFinal_ex(ctx, j->w.f->digest, NULL))
		j->w.f->flags |= FACTS_DIGEST;
}

static void feed_html(void *arg, const char *utf8, size_t len)
{
	html_feed(arg, utf8, len);
}

static void read_html(struct page_job *j)
{
	struct page_reader *r = j->r;
	struct html_opts opts = {.url = &j->url, .max_text = j->task->max_text};

	j->charset = page_html_charset(j->task, j->body, j->len);
	if (!charset_encodes_utf8(j->charset)) {
		opts.encode = charset_encode;
		opts.encode_arg = (void *)(uintptr_t)j->charset;
	}
	html_begin(r->html, &opts, &j->w);
	page_feed(r, j->charset, j->body, j->len, feed_html, r->html);
	html_end(r->html);
	j->w.f->flags |= FACTS_HTML;
	if (r->canonical.len && !j->w.f->canonical.len)
		j->w.f->canonical =
			facts_put(&j->w, r->canonical.data, r->canonical.len, FACTS_CUT_TEXT);
}

/* Whether XML begins as an HTML document does: application/xml is used for XHTML too. */
static bool is_xhtml(const char *body, size_t len)
{
	const char *end = body + (len < SNIFF_BYTES ? len : SNIFF_BYTES), *p = body;

	while ((p = memchr(p, '<', (size_t)(end - p)))) {
		if (end - p > 5 && !strncasecmp(p, "<html", 5))
			return true;
		if (end - p > 14 && !strncasecmp(p, "<!doctype html", 14))
			return true;
		if (end - p < 2 || (p[1] != '?' && p[1] != '!'))
			return false;
		p++;
	}
	return false;
}

/* False where it is no list of URLs. A gzip file is taken apart first: sitemaps come so. */
static bool read_sitemap(struct page_job *j)
{
	struct sitemap_opts opts = {.url = j->url.href,
		.url_len = j->url.len,
		.content_type = j->task->content_type,
		.location_check = j->task->location_check,
		.parser = &j->r->parser};
	const char *body = j->body;
	size_t len = j->len;

	if (inflate_is_gzip(body, len)) {
		j->w.f->flags |= flags_of(inflate_body(
			j->r->inflate, "gzip", body, len, inflated_most(j->task), &j->r->inner));
		body = j->r->inner.data;
		len = j->r->inner.len;
	}
	return sitemap_read(&opts, body, len, &j->w) != SITEMAP_NONE;
}

/* A seed may be a packed sitemap, whatever type the server gives it. */
static bool is_packed_xml(const struct page_job *j)
{
	size_t len;
	const char *path = url_path(&j->url, &len);

	return len > 7 && !memcmp(path + len - 7, ".xml.gz", 7) && inflate_is_gzip(j->body, j->len);
}

static void read_body(struct page_job *j)
{
	struct sniff sniff = sniff_body(j->task->content_type, j->body, j->len);

	if (sniff.guessed)
		j->w.f->content_type = facts_put(&j->w, sniff.guessed, strlen(sniff.guessed), 0);
	if (j->task->expect == PAGE_ROBOTS) {
		page_robots(j);
		return;
	}
	page_link_header(j);
	if (j->task->expect == PAGE_SITEMAP || sniff.kind == SNIFF_XML || is_packed_xml(j))
		if (read_sitemap(j))
			return;
	if (sniff.kind == SNIFF_HTML || (sniff.kind == SNIFF_XML && is_xhtml(j->body, j->len)))
		read_html(j);
}

static bool parse_url(struct page_job *j)
{
	struct url u;

	if (url_parse(&j->r->parser, j->task->url, j->task->url_len, NULL, &u))
		return false;
	url_copy(&j->url, &u, &j->r->url_hold);
	return true;
}

size_t page_read(struct page_reader *r, const struct page_task *task, void *area, size_t area_size)
{
	struct page_job j = {.r = r, .task = task};
	enum inflate_what what;
	size_t size;

	if (task->sealer)
		facts_begin_sealed(&j.w, task->sealer, task->url, task->url_len, area, area_size);
	else
		facts_begin(&j.w, area, area_size);
	buf_reset(&r->canonical);
	what = decode(&j);
	j.w.f->flags |= flags_of(what);
	if (!inflate_is_identity(task->content_coding) && what != INFLATE_UNKNOWN)
		j.w.f->flags |= FACTS_INFLATED;
	j.w.f->decoded_size = j.len;
	if (task->want_digest)
		digest(&j);
	if (parse_url(&j))
		read_body(&j);
	if (j.charset)
		j.w.f->charset = facts_put(&j.w, j.charset, strlen(j.charset), 0);
	size = facts_finish(&j.w);
	if (j.len > PAGE_BIG) { /* deep nesting or long text made it large: it does not shrink */
		html_free(r->html);
		r->html = html_open();
	}
	buf_recycle(&r->decoded, r->keep);
	buf_recycle(&r->inner, r->keep);
	buf_recycle(&r->text, r->keep);
	return size;
}

static void append(void *arg, const char *utf8, size_t len)
{
	buf_add(arg, utf8, len);
}

/* The encoding of anything that is text; NULL for the rest. */
static const char *text_charset(const struct page_task *t, const char *body, size_t len)
{
	struct sniff sniff = sniff_body(t->content_type, body, len);
	char type[128];
	const char *label, *name = NULL;
	size_t n;

	sniff_essence(t->content_type, type, sizeof(type));
	if (sniff.kind == SNIFF_HTML)
		return page_html_charset(t, body, len);
	if (sniff.kind != SNIFF_XML && sniff.kind != SNIFF_TEXT && strncmp(type, "text/", 5) &&
		!strstr(type, "javascript") && !strstr(type, "json") && !strstr(type, "xml"))
		return NULL;
	name = charset_bom(body, len, &n);
	if (!name && (label = charset_parameter(t->content_type, &n)))
		name = charset_by_label(label, n);
	if (!name)
		name = charset_xml(body, len);
	return name ? name : charset_name(0);
}

int page_decode(struct page_reader *r, const struct page_task *task, struct buf *out,
	struct buf *utf8, const char **charset)
{
	enum inflate_what what = inflate_body(
		r->inflate, task->content_coding, task->body, task->len, task->max_decoded, out);
	const char *name;

	if (what == INFLATE_UNKNOWN)
		buf_add(out, task->body,
			task->len < task->max_decoded ? task->len : task->max_decoded);
	name = text_charset(task, out->data, out->len);
	if (utf8) {
		buf_reset(utf8);
		if (name)
			page_feed(r, name, out->data, out->len, append, utf8);
	}
	if (charset)
		*charset = name;
	return (int)what;
}
