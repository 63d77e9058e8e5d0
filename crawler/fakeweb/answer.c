/* answer.c - what a request is answered with. */
#include <string.h>

#include "crawler/fakeweb/serve.h"

#include "crawler/fakeweb/words.h"

#define SITEMAP_URLS 50000 /* the protocol's limit */

enum { ABOUT_ERROR = 30, ABOUT_ACCIDENT, ABOUT_FLAKY, ABOUT_ETAG };
enum { SPECIAL_ROBOTS, SPECIAL_SITEMAP, SPECIAL_STYLE, SPECIAL_LOGO, SPECIAL_CLOSED };

double fake_delay(const struct fake_server *s, const struct fake_request *r)
{
	double delay = s->o->delay;

	if (s->o->slow_hosts > 0 && fake_temper(s->g, r->host) == FAKE_SLOW)
		delay += s->o->slow_delay;
	return delay;
}

static void one_piece(
	struct fake_answer *a, int status, const char *type, const char *data, size_t len)
{
	a->status = status;
	a->type = type;
	a->one = (struct iovec){(void *)(uintptr_t)data, len};
	a->body = &a->one;
	a->nbody = 1;
	a->len = len;
}

static void say(struct fake_answer *a, int status, const char *text)
{
	one_piece(a, status, "text/plain", text, strlen(text));
}

/* ---- robots.txt, sitemaps ---- */

static void robots(struct fake_server *s, const struct fake_request *r, struct fake_answer *a)
{
	char origin[FAKE_ORIGIN_MAX];

	*fake_origin(s->g, r->host, origin) = '\0';
	buf_reset(&s->text);
	buf_add_str(&s->text, "User-agent: *\nDisallow: /private/\n");
	if (s->o->crawl_delay > 0)
		buf_addf(&s->text, "Crawl-delay: %g\n", s->o->crawl_delay);
	buf_addf(&s->text, "\nSitemap: %s/sitemap.xml\n", origin);
	one_piece(a, 200, "text/plain", s->text.data, s->text.len);
}

#define XML   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define SPACE "xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\""

static void sitemap_index(struct buf *out, const char *origin, uint32_t parts)
{
	buf_add_str(out, XML "<sitemapindex " SPACE ">\n");
	for (uint32_t i = 1; i <= parts; i++)
		buf_addf(out, "<sitemap><loc>%s/sitemap-%u.xml</loc></sitemap>\n", origin, i);
	buf_add_str(out, "</sitemapindex>\n");
}

static void sitemap_part(
	const struct fake_graph *g, uint32_t host, struct buf *out, uint32_t from, uint32_t to)
{
	char url[FAKE_ORIGIN_MAX + FAKE_PATH_MAX], *path = fake_origin(g, host, url);

	buf_add_str(out, XML "<urlset " SPACE ">\n");
	for (uint32_t i = from; i < to; i++) {
		buf_add_str(out, "<url><loc>");
		buf_add(out, url, (size_t)(fake_path(g, host, i, path) - url));
		buf_add_str(out, "</loc></url>\n");
	}
	buf_add_str(out, "</urlset>\n");
}

/* /sitemap.xml holds everything, or leads to /sitemap-1.xml and so on. 0 = no such. */
static bool sitemap(struct fake_server *s, const struct fake_request *r, struct fake_answer *a)
{
	uint32_t pages = fake_pages_of(s->g, r->host), part = 0, n;
	uint32_t parts = (pages + SITEMAP_URLS - 1) / SITEMAP_URLS;
	const char *p = r->target + 8; /* behind "/sitemap" */
	char origin[FAKE_ORIGIN_MAX];

	if (*p == '-')
		for (p++; *p >= '0' && *p <= '9' && part < 100000; p++)
			part = part * 10 + (uint32_t)(*p - '0');
	if (r->target + r->target_len - p != 4 || memcmp(p, ".xml", 4) || part > parts)
		return false;
	buf_reset(&s->text);
	*fake_origin(s->g, r->host, origin) = '\0';
	n = part ? part - 1 : 0;
	if (!part && parts > 1)
		sitemap_index(&s->text, origin, parts);
	else
		sitemap_part(s->g, r->host, &s->text, n * SITEMAP_URLS,
			(n + 1) * SITEMAP_URLS < pages ? (n + 1) * SITEMAP_URLS : pages);
	fake_tally_special(s->tally, r->host, part < 16 ? 8 + part : 31);
	one_piece(a, 200, "application/xml", s->text.data, s->text.len);
	return true;
}

/* ---- other files ---- */

static bool is(const struct fake_request *r, const char *path)
{
	return r->target_len == strlen(path) && !memcmp(r->target, path, r->target_len);
}

static bool starts(const struct fake_request *r, const char *path)
{
	return r->target_len >= strlen(path) && !memcmp(r->target, path, strlen(path));
}

static const char style[] = "body { max-width: 60em; margin: auto; font-family: sans-serif }\n"
			    "nav ul { display: flex; flex-wrap: wrap; gap: 1em; padding: 0 }\n";
/* One transparent pixel. */
static const char logo[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4"
			   "\x89\0\0\0\nIDATx\x9c"
			   "c\0\1\0\0\5\0\1\r\n-\xb4\0\0\0\0IEND\xae"
			   "B`\x82";

static bool other_file(struct fake_server *s, const struct fake_request *r, struct fake_answer *a)
{
	if (is(r, "/robots.txt") && s->o->robots) {
		fake_tally_special(s->tally, r->host, SPECIAL_ROBOTS);
		robots(s, r, a);
	} else if (starts(r, "/sitemap") && s->o->robots) {
		return sitemap(s, r, a);
	} else if (is(r, "/style.css")) {
		fake_tally_special(s->tally, r->host, SPECIAL_STYLE);
		one_piece(a, 200, "text/css", style, sizeof(style) - 1);
	} else if (is(r, "/logo.png")) {
		fake_tally_special(s->tally, r->host, SPECIAL_LOGO);
		one_piece(a, 200, "image/png", logo, sizeof(logo) - 1);
	} else if (starts(r, "/private/")) {
		fake_tally_special(s->tally, r->host, SPECIAL_CLOSED);
		atomic_fetch_add(&s->tally->closed_paths, 1);
		fake_html_other(s->html, r->host, "Private", "", 0);
		a->page = true;
	} else {
		return false;
	}
	return true;
}

/* ---- pages ---- */

static void add_header(struct fake_answer *a, const char *name, const char *value)
{
	char *p = a->more + strlen(a->more);

	p = stpcpy(stpcpy(p, name), ": ");
	stpcpy(stpcpy(p, value), "\r\n");
}

/* What goes wrong with a page, if anything. */
static bool accident(struct fake_server *s, const struct fake_request *r, uint32_t page, bool again,
	struct fake_answer *a)
{
	const struct fake_options *o = s->o;
	double x;

	if (o->flaky > 0 && !again &&
		fake_unit(fake_bits(s->g, r->host, page, ABOUT_FLAKY)) < o->flaky) {
		say(a, 503, "not just now\n");
		return true;
	}
	if (o->errors + o->resets + o->cuts <= 0 || fake_has_children(s->g, r->host, page))
		return false;
	x = fake_unit(fake_bits(s->g, r->host, page, ABOUT_ACCIDENT));
	if (x < o->errors) {
		uint64_t bits = fake_bits(s->g, r->host, page, ABOUT_ERROR);
		say(a, bits % 3 == 0 ? 500 : bits % 3 == 1 ? 502 : 503, "broken\n");
		return true;
	}
	a->reset = (x -= o->errors) < o->resets;
	a->cut = !a->reset && x - o->resets < o->cuts;
	return a->reset;
}

/* A page whose bytes the builder has. */
static void built(struct fake_server *s, const struct fake_request *r, struct fake_answer *a)
{
	if (s->o->gzip && r->gzip) {
		fake_html_gzip(s->html);
		add_header(a, "Content-Encoding", "gzip");
	}
	if (s->o->gzip)
		add_header(a, "Vary", "Accept-Encoding");
	a->status = 200;
	a->type = "text/html; charset=utf-8";
	a->body = s->html->out;
	a->nbody = s->html->nout;
	a->len = s->html->len;
}

static void page(
	struct fake_server *s, const struct fake_request *r, uint32_t n, struct fake_answer *a)
{
	uint64_t bits = fake_bits(s->g, r->host, n, ABOUT_ETAG);
	bool again = fake_tally_page(s->tally, r->host, s->g->first[r->host] + n);
	char etag[24];

	if (accident(s, r, n, again, a))
		return;
	etag[0] = etag[17] = '"';
	for (int i = 0; i < 16; i++, bits >>= 4)
		etag[1 + i] = "0123456789abcdef"[bits & 15];
	etag[18] = '\0';
	add_header(a, "ETag", etag);
	if (r->none_match_len == 18 && !memcmp(r->none_match, etag, 18)) {
		a->status = 304;
		a->type = "text/html; charset=utf-8";
		return;
	}
	fake_html_page(s->html, r->host, n);
	built(s, r, a);
	atomic_fetch_add(&s->tally->pages, 1);
}

/* ---- hosts ---- */

/* A host that answers nothing, or not this often. */
static bool refused(struct fake_server *s, const struct fake_request *r, struct fake_answer *a)
{
	const struct fake_options *o = s->o;
	char seconds[32];

	if (o->dead_hosts + o->limited_hosts <= 0)
		return false;
	switch (fake_temper(s->g, r->host)) {
	case FAKE_DEAD: a->reset = true; return true;
	case FAKE_LIMITED:
		if (fake_tally_admit(s->tally, r->host, r->now, (int64_t)(o->limit_interval * 1e9)))
			return false;
		say(a, 429, "not so fast\n");
		*fake_number(seconds, (uint32_t)(o->limit_interval + 0.999)) = '\0';
		add_header(a, "Retry-After", seconds);
		atomic_fetch_add(&s->tally->pushed_back, 1);
		return true;
	default: return false;
	}
}

static bool misunderstood(const struct fake_request *r, struct fake_answer *a)
{
	if (r->bad)
		say(a, r->too_long ? 431 : 400, "what was that?\n");
	else if (r->has_body)
		say(a, 501, "requests with a body are not read\n");
	else if (!(r->method_len == 3 && !memcmp(r->method, "GET", 3)) &&
		 !(r->method_len == 4 && !memcmp(r->method, "HEAD", 4)))
		say(a, 405, "GET and HEAD only\n");
	else if (!r->known)
		say(a, 421, "there is no such host\n");
	else
		return false;
	return true;
}

void fake_answer(struct fake_server *s, const struct fake_request *r, struct fake_answer *a)
{
	uint32_t n;

	if (misunderstood(r, a)) {
		if (a->status == 405)
			add_header(a, "Allow", "GET, HEAD");
	} else if (refused(s, r, a)) {
		;
	} else if (fake_page_at(s->g, r->host, r->target, r->target_len, &n)) {
		page(s, r, n, a);
	} else if (other_file(s, r, a) || fake_trap(s, r, a)) {
		if (a->page)
			built(s, r, a);
	} else {
		say(a, 404, "there is no such page\n");
	}
	if (a->reset)
		atomic_fetch_add(&s->tally->resets, 1);
	if (a->cut)
		atomic_fetch_add(&s->tally->cuts, 1);
}
