/* page_text.c - from bytes to UTF-8, for the readers of text. */
#include <string.h>

#include "crawler/page/page_part.h"
#include "crawler/page/robots.h"
#include "crawler/page/sniff.h"

#define CHUNK 32768 /* decoded at a time: stays in the cache */

const char *page_html_charset(const struct page_task *t, const char *body, size_t len)
{
	enum charset_why why;
	char label[64] = "", type[64];
	const char *param, *name, *late;
	size_t n;

	param = charset_parameter(t->content_type, &n);
	if (param && n < sizeof(label))
		memcpy(label, param, n); /* the rest is zeros */
	name = charset_sniff(label[0] ? label : NULL, body, len, &why);
	if (why != CHARSET_BY_DEFAULT)
		return name;
	/* The parser would meet it and begin again; as the body is whole, look ahead instead. */
	late = len > CHARSET_PRESCAN ? charset_meta_element(body, len) : NULL;
	if (late)
		return late;
	sniff_essence(t->content_type, type, sizeof(type));
	return strcmp(type, "application/xhtml+xml") ? name : charset_name(0); /* XML: UTF-8 */
}

/* Bytes at the start that are UTF-8 as they stand. */
static size_t ready(const char *charset, const char *body, size_t len)
{
	if (charset == charset_name(0))
		return charset_utf8_valid_prefix(body, len);
	return charset_is_ascii_superset(charset) ? charset_ascii_prefix(body, len) : 0;
}

void page_feed(struct page_reader *r, const char *charset, const char *body, size_t len,
	page_feed_fn *fn, void *arg)
{
	size_t bom, n;
	const char *by_bom = charset_bom(body, len, &bom);

	if (by_bom && by_bom == charset) {
		body += bom;
		len -= bom;
	}
	n = ready(charset, body, len);
	if (n)
		fn(arg, body, n);
	charset_restart(r->charset, charset);
	charset_skip_bom(r->charset);
	while (n < len) {
		size_t take = len - n < CHUNK ? len - n : CHUNK;

		buf_reset(&r->text);
		charset_decode(r->charset, body + n, take, &r->text, n + take == len);
		n += take;
		if (r->text.len)
			fn(arg, r->text.data, r->text.len);
	}
}

/* Facts hold no NUL: it becomes U+FFFD, as in HTML. */
static void append(void *arg, const char *utf8, size_t len)
{
	const char *end = utf8 + len, *nul;

	while ((nul = memchr(utf8, 0, (size_t)(end - utf8)))) {
		buf_add(arg, utf8, (size_t)(nul - utf8));
		buf_add_str(arg, "\xef\xbf\xbd");
		utf8 = nul + 1;
	}
	buf_add(arg, utf8, (size_t)(end - utf8));
}

static void add_sitemap(struct page_job *j, const char *loc)
{
	struct url u;

	if (url_parse(&j->r->parser, loc, strlen(loc), &j->url, &u) || !url_is_http(&u))
		return;
	facts_add_link(&j->w, &(struct facts_found){
				      .url = u.href,
				      .url_len = url_without_fragment_len(&u),
				      .kind = LINK_SITEMAP,
				      .attr = ATTR_LOC,
				      .flags = LINK_IS_INDEX,
			      });
}

void page_robots(struct page_job *j)
{
	struct buf text = BUF_INIT;
	struct robots *robots;
	const char **sitemaps;
	size_t bom, room, n, i;

	/* UTF-8 whatever the header says (RFC 9309, 2.3), unless a byte order mark knows better. */
	j->charset = charset_bom(j->body, j->len, &bom);
	if (!j->charset)
		j->charset = charset_name(0);
	page_feed(j->r, j->charset, j->body, j->len, append, &text);
	robots = robots_parse(text.data, text.len, "");
	n = robots_sitemaps(robots, &sitemaps);
	for (i = 0; i < n; i++)
		add_sitemap(j, sitemaps[i]);
	robots_free(robots);
	/* Whole lines only: half a rule would be another rule. */
	room = facts_room(&j->w);
	if (room > ROBOTS_MAX)
		room = ROBOTS_MAX;
	if (text.len > room) {
		j->w.f->flags |= FACTS_CUT_TEXT;
		while (room && text.data[room - 1] != '\n' && text.data[room - 1] != '\r')
			room--;
		buf_set_len(&text, room);
	}
	j->w.f->text = facts_put(&j->w, text.data, text.len, FACTS_CUT_TEXT);
	j->w.f->flags |= FACTS_ROBOTS;
	buf_release(&text);
}
