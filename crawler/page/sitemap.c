#include "crawler/page/sitemap.h"

#include <string.h>
#include <strings.h>

#include "crawler/page/charset.h"
#include "crawler/page/sitemap_entry.h"

const char *sitemap_format_name(enum sitemap_format f)
{
	static const char *const names[SITEMAP_FORMATS] = {
		"none", "XML", "INDEX", "TEXT", "RSS", "ATOM"};

	return (size_t)f < SITEMAP_FORMATS ? names[f] : "?";
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static void trim(const char **s, size_t *len)
{
	while (*len && is_space(**s))
		++*s, --*len;
	while (*len && is_space((*s)[*len - 1]))
		--*len;
}

static bool starts(const char *s, size_t len, const char *word, size_t n)
{
	return len >= n && !strncasecmp(s, word, n);
}

/* Entries should be absolute. Real files also have "www.example.com/x", which is the host
 * without its scheme, and paths. */
static int parse(const struct sitemap *s, const char *loc, size_t len, struct url *out)
{
	struct url_parser *p = s->opts->parser;
	struct buf with = BUF_INIT;
	const char *host;
	size_t host_len;
	int rc;

	if (url_parse(p, loc, len, NULL, out) == 0)
		return 0;
	host = url_host(&s->base, &host_len);
	if (!starts(loc, len, "www.", 4) &&
		!(starts(loc, len, host, host_len) && (len == host_len || loc[host_len] == '/')))
		return url_parse(p, loc, len, &s->base, out);
	buf_add_str(&with, "//");
	buf_add(&with, loc, len);
	rc = url_parse(p, with.data, with.len, &s->base, out);
	buf_release(&with);
	return rc;
}

/* The location rule of sitemaps.org: same scheme, host and port, at or below the directory
 * of the sitemap. */
static bool below(const struct sitemap *s, const struct url *u)
{
	const char *dir, *path, *slash;
	size_t dir_len, path_len;

	if (!url_same_origin(&s->base, u))
		return false;
	dir = url_path(&s->base, &dir_len);
	path = url_path(u, &path_len);
	slash = dir_len ? memrchr(dir, '/', dir_len) : NULL;
	dir_len = slash ? (size_t)(slash + 1 - dir) : 0;
	return path_len >= dir_len && !memcmp(path, dir, dir_len);
}

void sitemap_entry(struct sitemap *s, enum sitemap_format format, const char *loc, size_t len,
	const char *date, size_t date_len)
{
	bool feed = format == SITEMAP_RSS || format == SITEMAP_ATOM,
	     index = format == SITEMAP_INDEX;
	struct facts_found link;
	struct url u;
	char when[21];

	trim(&loc, &len);
	if (!len || s->full || parse(s, loc, len, &u) || !url_is_http(&u))
		return;
	s->entries++;
	if (s->opts->location_check && !index && !below(s, &u))
		return;
	link = (struct facts_found){
		.url = u.href,
		.url_len = url_without_fragment_len(&u),
		.text = when,
		.text_len = date_len && sitemap_date(date, date_len, when) ? 20 : 0,
		.kind = feed ? LINK_FEED : LINK_SITEMAP,
		.attr = ATTR_LOC,
		.flags = index ? LINK_IS_INDEX : 0,
	};
	if (!facts_add_link(s->w, &link))
		s->full = s->w->f->flags & FACTS_CUT_LINKS;
}

/* One URL a line; what is no absolute URL is not an entry. */
static int read_text(struct sitemap *s, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end && !s->full) {
		const char *line = text;
		size_t n = strcspn(text, "\r\n");

		if (n > (size_t)(end - text))
			n = (size_t)(end - text);
		text += n + 1;
		trim(&line, &n);
		if (starts(line, n, "http://", 7) || starts(line, n, "https://", 8))
			sitemap_entry(s, SITEMAP_TEXT, line, n, NULL, 0);
	}
	return s->entries ? SITEMAP_TEXT : SITEMAP_NONE;
}

/* BOM > Content-Type > the XML declaration (charset_xml) > UTF-8. */
static const char *encoding(const struct sitemap_opts *o, const void *body, size_t len)
{
	size_t n;
	const char *name = charset_bom(body, len, &n), *label;

	if (!name && (label = charset_parameter(o->content_type, &n)))
		name = charset_by_label(label, n);
	if (!name)
		name = charset_xml(body, len);
	return name ? name : charset_name(0);
}

/* Whether the first character that is no space is "<". */
static bool is_markup(const char *text, size_t len)
{
	trim(&text, &len);
	return len && *text == '<';
}

int sitemap_read(
	const struct sitemap_opts *opts, const void *body, size_t len, struct facts_writer *w)
{
	struct sitemap s = {.opts = opts, .w = w, .base_hold = BUF_INIT};
	struct charset_decoder *d = NULL;
	struct buf text = BUF_INIT;
	const char *name = encoding(opts, body, len);
	int found = SITEMAP_NONE;
	struct url u;

	if (url_parse(opts->parser, opts->url, opts->url_len, NULL, &u))
		goto out;
	url_copy(&s.base, &u, &s.base_hold);
	d = charset_open(name);
	charset_decode(d, body, len < 256 ? len : 256, &text, len <= 256);
	if (is_markup(text.data, text.len)) {
		found = sitemap_xml(&s, body, len, name);
	} else {
		buf_reset(&text);
		charset_restart(d, name);
		charset_decode(d, body, len, &text, true);
		found = read_text(&s, text.data, text.len);
	}
	if (found != SITEMAP_NONE) {
		w->f->flags |= FACTS_SITEMAP;
		w->f->charset = facts_put(w, name, strlen(name), 0);
	}
	if (found & SITEMAP_BROKEN)
		w->f->flags |= FACTS_BAD_SYNTAX;
out:
	if (d)
		charset_close(d);
	buf_release(&text);
	buf_release(&s.base_hold);
	return found;
}
