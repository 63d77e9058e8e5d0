/* sitemap_xml.c - urlset, sitemapindex, RSS, RDF and Atom, by expat.
 *
 * Element names are compared without their prefix, but only the prefix of the root
 * counts: "image:loc" in a urlset is not a loc. expat's own namespace mode would end
 * the reading at a prefix that nobody declared, which is common.
 */
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crawler/page/charset.h"
#include "crawler/page/sitemap_entry.h"
#include "crawler/page/sitemap_repair.h"

#define MAX_DEPTH 64
#define MAX_VALUE 16384 /* of one loc; what is longer is no URL of ours */
#define CHUNK	  65536

enum field { NO_FIELD, LOC, DATE, OTHER_DATE, GUID, BARE };

struct xml {
	struct sitemap *s;
	XML_Parser parser;
	enum sitemap_format format;
	char prefix[32]; /* of the root, without the colon */
	int depth;
	int entry_depth; /* of the open url, sitemap, item or entry; 0 = none */
	int field_depth; /* of the open field */
	enum field field;
	struct buf loc, date, other_date, guid, bare;
	bool loc_done; /* loc is complete */
	bool refused;  /* a DTD with entities, a foreign namespace, no root of ours */
};

static void stop(struct xml *x)
{
	XML_StopParser(x->parser, XML_FALSE);
}

static struct buf *buffer(struct xml *x, enum field f)
{
	switch (f) {
	case LOC: return &x->loc;
	case DATE: return &x->date;
	case OTHER_DATE: return &x->other_date;
	case GUID: return &x->guid;
	case BARE: return &x->bare;
	case NO_FIELD: break;
	}
	return NULL;
}

/* A guid, or text without a loc around it, counts only if it is a URL by itself. */
static const struct buf *best(const struct xml *x)
{
	const struct buf *other = x->guid.len ? &x->guid : &x->bare;
	const char *text = other->data + strspn(other->data, " \t\r\n");

	if (x->loc.len || (strncmp(text, "http://", 7) && strncmp(text, "https://", 8)))
		return &x->loc;
	return other;
}

static void flush(struct xml *x)
{
	const struct buf *loc = best(x);
	const struct buf *date = x->date.len ? &x->date : &x->other_date;

	sitemap_entry(x->s, x->format, loc->data, loc->len, date->data, date->len);
	buf_reset(&x->loc);
	buf_reset(&x->date);
	buf_reset(&x->other_date);
	buf_reset(&x->guid);
	buf_reset(&x->bare);
	x->loc_done = false;
	if (x->s->full)
		stop(x);
}

/* The name without the root's prefix; NULL if it has another one. */
static const char *local(const struct xml *x, const char *name)
{
	size_t n = strlen(x->prefix);

	if (!n)
		return strchr(name, ':') ? NULL : name;
	return !strncmp(name, x->prefix, n) && name[n] == ':' ? name + n + 1 : NULL;
}

static bool is(const char *name, const char *want)
{
	return name && !strcmp(name, want);
}

static const char *attribute(const XML_Char **atts, const char *name)
{
	for (; *atts; atts += 2)
		if (!strcmp(atts[0], name))
			return atts[1];
	return NULL;
}

static bool is_sitemap_namespace(const char *uri)
{
	static const char *const uris[] = {"http://www.sitemaps.org/schemas/sitemap/0.9",
		"https://www.sitemaps.org/schemas/sitemap/0.9",
		"http://www.sitemaps.org/schemas/sitemap/0.9/",
		"https://www.sitemaps.org/schemas/sitemap/0.9/"};
	size_t i;

	for (i = 0; uri && i < sizeof(uris) / sizeof(uris[0]); i++)
		if (!strcmp(uri, uris[i]))
			return true;
	return false;
}

static void root(struct xml *x, const char *name, const XML_Char **atts)
{
	const char *colon = strchr(name, ':'), *plain = colon ? colon + 1 : name;
	char xmlns[48] = "xmlns";

	if (colon && (size_t)(colon - name) < sizeof(x->prefix)) {
		memcpy(x->prefix, name, (size_t)(colon - name));
		snprintf(xmlns, sizeof(xmlns), "xmlns:%s", x->prefix);
	}
	if (is(plain, "urlset"))
		x->format = SITEMAP_XML;
	else if (is(plain, "sitemapindex"))
		x->format = SITEMAP_INDEX;
	else if (is(plain, "feed"))
		x->format = SITEMAP_ATOM;
	else if (is(plain, "rss") || is(plain, "RDF"))
		x->format = SITEMAP_RSS;
	if (is(plain, "RDF"))
		x->prefix[0] = 0; /* rdf:RDF holds the items of the default namespace */
	if ((x->format == SITEMAP_XML || x->format == SITEMAP_INDEX) &&
		x->s->opts->namespace_strict && !is_sitemap_namespace(attribute(atts, xmlns)))
		x->format = SITEMAP_NONE;
	if (x->format == SITEMAP_NONE) {
		x->refused = true;
		stop(x);
	}
}

static bool opens_entry(const struct xml *x, const char *plain)
{
	switch (x->format) {
	case SITEMAP_XML: return is(plain, "url");
	case SITEMAP_INDEX: return is(plain, "sitemap");
	case SITEMAP_RSS: return is(plain, "item");
	case SITEMAP_ATOM: return is(plain, "entry");
	case SITEMAP_NONE:
	case SITEMAP_TEXT:
	case SITEMAP_FORMATS: break;
	}
	return false;
}

static enum field field_of(const struct xml *x, const char *name, const char *plain)
{
	switch (x->format) {
	case SITEMAP_XML:
	case SITEMAP_INDEX: return is(plain, "loc") ? LOC : is(plain, "lastmod") ? DATE : NO_FIELD;
	case SITEMAP_RSS:
		return is(plain, "link")			     ? LOC
		       : is(plain, "guid")			     ? GUID
		       : is(plain, "pubDate") || is(name, "dc:date") ? DATE
								     : NO_FIELD;
	case SITEMAP_ATOM:
		return is(plain, "updated") ? DATE : is(plain, "published") ? OTHER_DATE : NO_FIELD;
	case SITEMAP_NONE:
	case SITEMAP_TEXT:
	case SITEMAP_FORMATS: break;
	}
	return NO_FIELD;
}

/* <link href> of Atom: the first one that is the page itself. */
static void atom_link(struct xml *x, const XML_Char **atts)
{
	const char *rel = attribute(atts, "rel"), *href = attribute(atts, "href");

	if (href && !x->loc.len && (!rel || !strcmp(rel, "alternate")))
		buf_add_str(&x->loc, href);
}

static void XMLCALL on_start(void *arg, const XML_Char *name, const XML_Char **atts)
{
	struct xml *x = arg;
	const char *plain;

	if (++x->depth > MAX_DEPTH) {
		stop(x);
		return;
	}
	if (x->depth == 1) {
		root(x, name, atts);
		return;
	}
	plain = local(x, name);
	if (opens_entry(x, plain)) {
		/* One inside another: the outer one was never closed. */
		if (x->entry_depth)
			flush(x);
		x->entry_depth = x->depth;
		x->field = BARE;
		x->field_depth = x->depth;
		return;
	}
	if (x->depth != x->entry_depth + 1 || !x->entry_depth)
		return;
	if (x->format == SITEMAP_ATOM && is(plain, "link"))
		atom_link(x, atts);
	x->field = field_of(x, name, plain);
	x->field_depth = x->depth;
	/* A second loc in one entry: they forgot to close the first entry. */
	if (x->field == LOC && x->loc_done)
		flush(x);
	if (x->field == DATE)
		buf_reset(&x->date);
}

static void XMLCALL on_text(void *arg, const XML_Char *s, int len)
{
	struct xml *x = arg;
	struct buf *to = x->depth == x->field_depth ? buffer(x, x->field) : NULL;

	if (to && to->len + (size_t)len <= MAX_VALUE)
		buf_add(to, s, (size_t)len);
}

static void XMLCALL on_end(void *arg, const XML_Char *name)
{
	struct xml *x = arg;

	(void)name;
	if (x->depth == x->entry_depth) {
		flush(x);
		x->entry_depth = 0;
		x->field = NO_FIELD;
	} else if (x->field != NO_FIELD && x->depth == x->field_depth) {
		if (x->field == LOC)
			x->loc_done = true;
		/* Text between the fields is none of ours, unless no field ever comes. */
		x->field = NO_FIELD;
	}
	x->depth--;
}

static void XMLCALL on_entity(void *arg, const XML_Char *name, int is_parameter,
	const XML_Char *value, int value_len, const XML_Char *base, const XML_Char *system_id,
	const XML_Char *public_id, const XML_Char *notation)
{
	struct xml *x = arg;

	(void)name, (void)is_parameter, (void)value, (void)value_len, (void)base, (void)system_id;
	(void)public_id, (void)notation;
	x->refused = true;
	stop(x);
}

static bool feed(struct xml *x, const void *body, size_t len, const char *charset)
{
	struct charset_decoder *d = charset_open(charset);
	struct buf text = BUF_INIT, clean = BUF_INIT;
	struct sitemap_repair repair;
	size_t at;
	bool ok = true;

	sitemap_repair_init(&repair);
	for (at = 0; ok && at < len; at += CHUNK) {
		size_t n = len - at < CHUNK ? len - at : CHUNK;
		bool last = at + n == len;

		buf_reset(&text);
		buf_reset(&clean);
		charset_decode(d, (const char *)body + at, n, &text, last);
		sitemap_repair_add(&repair, text.data, text.len, last, &clean);
		ok = XML_Parse(x->parser, clean.data, (int)clean.len, last) == XML_STATUS_OK;
	}
	/* A file cut right after a loc: its text is whole if a tag has begun behind it. */
	if (!ok && !x->refused && x->field == LOC && x->loc.len) {
		XML_Index pos = XML_GetCurrentByteIndex(x->parser);
		int size = 0, offset = 0;
		const char *context = XML_GetInputContext(x->parser, &offset, &size);

		x->loc_done = pos >= 0 && context && offset < size && context[offset] == '<';
	}
	sitemap_repair_release(&repair);
	buf_release(&text);
	buf_release(&clean);
	charset_close(d);
	return ok;
}

int sitemap_xml(struct sitemap *s, const void *body, size_t len, const char *charset)
{
	struct xml x = {.s = s,
		.loc = BUF_INIT,
		.date = BUF_INIT,
		.other_date = BUF_INIT,
		.guid = BUF_INIT,
		.bare = BUF_INIT};
	int found;
	bool ok;

	/* The text is UTF-8 by now, whatever the declaration says. */
	x.parser = XML_ParserCreate("UTF-8");
	if (!x.parser)
		abort();
	XML_SetUserData(x.parser, &x);
	XML_SetElementHandler(x.parser, on_start, on_end);
	XML_SetCharacterDataHandler(x.parser, on_text);
	XML_SetEntityDeclHandler(x.parser, on_entity);
	ok = feed(&x, body, len, charset);
	if (!ok && !x.refused && x.loc_done)
		flush(&x);
	found = x.refused ? SITEMAP_NONE : (int)x.format;
	if (!ok && found != SITEMAP_NONE && !s->full)
		found |= SITEMAP_BROKEN;
	XML_ParserFree(x.parser);
	buf_release(&x.loc);
	buf_release(&x.date);
	buf_release(&x.other_date);
	buf_release(&x.guid);
	buf_release(&x.bare);
	return found;
}
