/* sitemap.c - pages as sitemaps: which, in files of the size that sitemaps.org allows. */
#include <string.h>
#include <strings.h>
#include <time.h>

#include "storage/cell.h"
#include "storage/export_source.h"

static const char xml_head[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
static const char set_head[] = "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";
static const char set_tail[] = "</urlset>\n";

/* What a search engine would index. A canonical link may carry a fragment. */
static const char indexable[] =
	"status = 200 "
	"and (content_type like 'text/html%' or content_type like 'application/xhtml+xml%') "
	"and (robots is null or robots not like '%noindex%') "
	"and (canonical is null or canonical = url "
	"or substr(canonical, 1, instr(canonical || '#', '#') - 1) = url)";

struct writer {
	struct export_watch watch;
	struct sitemap_parts *parts;
	FILE *out;
	struct buf buf, entry, origin;
	size_t n;      /* parts opened */
	size_t urls;   /* in this part */
	size_t bytes;  /* of this part, buffered ones included */
	char last[32]; /* newest lastmod of this part */
};

/* ---- XML ---- */

static void add_xml(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		switch (text[i]) {
		case '&': buf_add_str(out, "&amp;"); break;
		case '<': buf_add_str(out, "&lt;"); break;
		case '>': buf_add_str(out, "&gt;"); break;
		case '"': buf_add_str(out, "&quot;"); break;
		case '\'': buf_add_str(out, "&apos;"); break;
		default: buf_add_ch(out, text[i]);
		}
	}
}

/* ---- when a page changed ---- */

/* The value of the last such header in a response head; NULL = none. */
static const char *header(const char *head, const char *name, size_t *len)
{
	size_t n = strlen(name);
	const char *found = NULL;

	for (const char *line = head; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncasecmp(line, name, n) || line[n] != ':')
			continue;
		found = line + n + 1;
		found += strspn(found, " \t");
		*len = strcspn(found, "\r\n");
	}
	return found;
}

/* The date of a server (RFC 9110, 5.6.7) as sitemaps write it; "" where there is none, or one
 * that cannot be: before the web, or after the day it was fetched. */
static void read_lastmod(char *out, size_t cap, const char *head, const char *fetched_at)
{
	size_t len = 0;
	const char *value = head ? header(head, "last-modified", &len) : NULL;
	struct tm tm = {0};
	char text[40];

	*out = '\0';
	if (!value || len >= sizeof(text))
		return;
	memcpy(text, value, len);
	text[len] = '\0';
	if (!strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm) || tm.tm_year < 91 ||
		tm.tm_year > 8099)
		return;
	strftime(out, cap, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (fetched_at && strncmp(out, fetched_at, 10) > 0)
		*out = '\0';
}

/* ---- parts ---- */

/* scheme://authority of a serialised URL. */
static size_t origin_len(const char *url, size_t len)
{
	const char *p = memmem(url, len, "://", 3);
	const char *end = p ? memchr(p + 3, '/', len - (size_t)(p + 3 - url)) : NULL;

	return end ? (size_t)(end - url) : len;
}

static int end_part(struct writer *w, struct err *err)
{
	if (!w->out)
		return 0;
	buf_add_str(&w->buf, set_tail);
	if (cell_flush(&w->buf, w->out, err) < 0 || query_flush(w->out, err) < 0)
		return -1;
	w->parts->done(w->parts->arg, w->n - 1, w->last);
	w->out = NULL;
	return 0;
}

static int begin_part(struct writer *w, const char *url, size_t origin, struct err *err)
{
	if (end_part(w, err) < 0)
		return -1;
	buf_reset(&w->origin);
	buf_add(&w->origin, url, origin);
	w->out = w->parts->open(w->parts->arg, w->n, w->origin.data, err);
	if (!w->out)
		return -1;
	w->n++;
	w->urls = 0;
	w->last[0] = '\0';
	buf_add_str(&w->buf, xml_head);
	buf_add_str(&w->buf, set_head);
	w->bytes = w->buf.len;
	return 0;
}

static bool fits(const struct writer *w, const char *url, size_t origin)
{
	return w->out && w->urls < SITEMAP_MAX_URLS &&
	       w->bytes + w->entry.len + sizeof(set_tail) <= SITEMAP_MAX_BYTES &&
	       origin == w->origin.len && memcmp(url, w->origin.data, origin) == 0;
}

static int add_page(void *arg, sqlite3_stmt *s, struct err *err)
{
	struct writer *w = arg;
	const char *url = (const char *)sqlite3_column_text(s, 0);
	size_t len = (size_t)sqlite3_column_bytes(s, 0);
	size_t origin = origin_len(url, len);
	char lastmod[32];

	if (len > SITEMAP_MAX_URL) {
		w->parts->too_long++;
		return 0;
	}
	read_lastmod(lastmod, sizeof(lastmod), (const char *)sqlite3_column_text(s, 1),
		(const char *)sqlite3_column_text(s, 2));
	buf_reset(&w->entry);
	buf_add_str(&w->entry, "<url><loc>");
	add_xml(&w->entry, url, len);
	buf_add_str(&w->entry, "</loc>");
	if (*lastmod)
		buf_addf(&w->entry, "<lastmod>%s</lastmod>", lastmod);
	buf_add_str(&w->entry, "</url>\n");
	if (!fits(w, url, origin) && begin_part(w, url, origin, err) < 0)
		return -1;
	buf_add(&w->buf, w->entry.data, w->entry.len);
	w->bytes += w->entry.len;
	w->urls++;
	w->parts->urls++;
	w->watch.rows++;
	if (strcmp(lastmod, w->last) > 0)
		strcpy(w->last, lastmod);
	return w->buf.len >= FLUSH_AT ? cell_flush(&w->buf, w->out, err) : 0;
}

int store_sitemap(struct store *st, struct sitemap_parts *parts, const struct export_opts *opts,
	struct err *err)
{
	struct writer w = {.parts = parts, .buf = BUF_INIT, .entry = BUF_INIT, .origin = BUF_INIT};
	sqlite3_stmt *s;
	int ret = -1;

	parts->urls = parts->too_long = 0;
	if (export_begin(&w.watch, st, opts, err) < 0)
		return -1;
	s = export_pages(st,
		"url, (select c.response_head from content c where c.id = page_id), fetched_at",
		indexable, "url", opts, err);
	if (s)
		ret = query_each(st, s, add_page, &w, err);
	if (ret == 0)
		ret = end_part(&w, err);
	sqlite3_finalize(s);
	export_end(&w.watch);
	buf_release(&w.buf);
	buf_release(&w.entry);
	buf_release(&w.origin);
	return ret;
}

/* ---- the index ---- */

void sitemap_index_begin(FILE *out)
{
	fprintf(out, "%s<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
		xml_head);
}

void sitemap_index_add(FILE *out, const char *url, const char *lastmod)
{
	struct buf b = BUF_INIT;

	buf_add_str(&b, "<sitemap><loc>");
	add_xml(&b, url, strlen(url));
	buf_add_str(&b, "</loc>");
	if (*lastmod)
		buf_addf(&b, "<lastmod>%s</lastmod>", lastmod);
	buf_add_str(&b, "</sitemap>\n");
	fwrite(b.data, 1, b.len, out);
	buf_release(&b);
}

void sitemap_index_end(FILE *out)
{
	fputs("</sitemapindex>\n", out);
}
