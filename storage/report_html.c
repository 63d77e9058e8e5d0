/* report_html.c - the report as one HTML file: overview, findings, lists, politeness, words. */
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "config/text.h"
#include "storage/report_page.h"

/* ---- the head ---- */

/* What is said about a crawl that is not over. */
static const char *unfinished(const struct report *r)
{
	if (!strcmp(r->state, "running"))
		return "This crawl is still running: the report shows what it had found so far.";
	if (!strcmp(r->state, "finished"))
		return NULL;
	if (!strcmp(r->state, "not begun"))
		return "Nothing was crawled yet.";
	return "This crawl was stopped before it had seen everything; it can be resumed.";
}

static void head(struct page_out *p)
{
	const struct report *r = p->r;

	page_add(p, "<header class=top>\n<p class=eyebrow>Crawl report</p>\n<h1><bdi>");
	page_text(p, r->title);
	page_add(p, "</bdi></h1>\n<p class=lead>");
	if (r->first_ms) {
		page_number(p, (double)r->counts.fetched);
		page_add(p, " URLs answered between <time>");
		report_add_time(p->out, r->first_ms);
		page_add(p, "</time> and <time>");
		report_add_time(p->out, r->last_ms);
		page_add(p, "</time>.");
	} else {
		page_add(p, "No URL was asked for.");
	}
	if (p->origin) {
		page_add(p, " Paths without a host are on <bdi class=u>");
		page_text(p, p->origin);
		page_add(p, "</bdi>.");
	}
	page_add(p, "</p>\n");
	if (unfinished(r)) {
		page_addf(p, "<p class=stand>%s", unfinished(r));
		if (r->counts.left) {
			page_add(p, " Left to fetch: ");
			page_number(p, (double)r->counts.left);
			page_add(p, " URLs.");
		}
		page_add(p, "</p>\n");
	}
	page_add(p, "</header>\n");
}

static uint64_t found_in(const struct report_section *s, enum report_weight least)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->nlists; i++)
		if (s->lists[i].weight <= least)
			n += s->lists[i].total;
	return n;
}

static void navigation(struct page_out *p)
{
	page_add(p, "<nav aria-label=Sections><ul>\n<li><a href=\"#overview\">Overview</a></li>\n");
	for (size_t i = 0; i < p->r->nsections; i++) {
		const struct report_section *s = &p->r->sections[i];
		page_addf(p, "<li><a href=\"#%s\">%s", s->key, s->title);
		if (found_in(s, REPORT_NOTICE)) {
			page_add(p, " <span class=count>");
			page_number(p, (double)found_in(s, REPORT_NOTICE));
			page_add(p, "</span>");
		}
		page_add(p, "</a></li>\n");
	}
	page_add(p, "<li><a href=\"#politeness\">Politeness</a></li>\n"
		    "<li><a href=\"#terms\">What the words mean</a></li>\n</ul></nav>\n");
}

/* ---- overview ---- */

static void tile_begin(struct page_out *p, const char *name, const char *tone)
{
	page_addf(p, "<div class=\"tile %s\"><dt>%s</dt><dd>", tone, name);
}

static void tile_end(struct page_out *p, const char *more)
{
	page_addf(p, "</dd>%s%s%s</div>\n", more ? "<dd class=note>" : "", more ? more : "",
		more ? "</dd>" : "");
}

static void number_tile(
	struct page_out *p, const char *name, uint64_t n, const char *tone, const char *more)
{
	tile_begin(p, name, n ? tone : "");
	page_number(p, (double)n);
	tile_end(p, more);
}

static void tiles(struct page_out *p)
{
	const struct report *r = p->r;
	const uint64_t *c = r->classes;

	page_add(p, "<dl class=tiles>\n");
	number_tile(p, "Pages", r->pages, "", "fetched and there");
	number_tile(p, "Dead", c[REPORT_DEAD], "bad", "404 or 410");
	number_tile(p, "Failing", c[REPORT_FLAKY] + c[REPORT_UNREACHABLE], "warn",
		"flaky or unreachable");
	number_tile(p, "Blocked", c[REPORT_BLOCKED] + c[REPORT_LIMITED], "", "or rate-limited");
	number_tile(p, "Redirects", c[REPORT_REDIRECT], "", NULL);
	number_tile(p, "Links", r->links, "", "on all pages");
	tile_begin(p, "Median answer", "");
	if (r->answer.p50 >= 0)
		report_add_ms(p->out, r->answer.p50);
	else
		page_add(p, "–");
	tile_end(p, "until the first byte");
	tile_begin(p, "Received", "");
	page_bytes(p, (double)r->counts.wire_bytes);
	tile_end(p, "as sent by the servers");
	page_add(p, "</dl>\n");
}

static void sum(struct page_out *p)
{
	const struct store_counts *c = &p->r->counts;

	page_add(p, "<p class=sum>");
	page_number(p, (double)c->discovered);
	page_add(p, " URLs discovered = ");
	page_number(p, (double)c->fetched);
	page_add(p, " fetched + ");
	page_number(p, (double)c->failed);
	page_add(p, " without an answer + ");
	page_number(p, (double)c->excluded);
	page_add(p, " left out by a rule + ");
	page_number(p, (double)c->left);
	page_add(p, " not fetched yet.");
	if (p->r->unchecked) {
		page_add(p, " Not checked, because scope or another setting left them out: ");
		page_number(p, (double)p->r->unchecked);
		page_add(p, ".");
	}
	page_add(p, "</p>\n");
}

static void finding(struct page_out *p, const struct report_list *l)
{
	static const char *const words[] = {"problem", "notice", "fact"};

	page_addf(p,
		"<tr class=w%d><td><span class=\"mark %s\">%s</span></td><th scope=row><a "
		"href=\"#%s\">%s"
		"</a></th><td class=n>",
		(int)l->weight, words[l->weight], words[l->weight], l->key, l->title);
	page_number(p, (double)l->total);
	page_add(p, "</td></tr>\n");
}

static void findings(struct page_out *p)
{
	const struct report *r = p->r;
	size_t clean = 0, shown = 0;

	page_add(p,
		"<section class=findings aria-labelledby=h-findings>\n<h3 id=h-findings>What was "
		"found</h3>\n");
	for (int weight = REPORT_PROBLEM; weight <= REPORT_NOTICE; weight++)
		for (size_t i = 0; i < r->nsections; i++)
			for (size_t j = 0; j < r->sections[i].nlists; j++) {
				const struct report_list *l = &r->sections[i].lists[j];
				if ((int)l->weight != weight)
					continue;
				if (l->total && !shown++)
					page_add(p, "<table>\n<thead class=sr><tr><th "
						    "scope=col>Weight</th>"
						    "<th scope=col>Finding</th><th "
						    "scope=col>Number</th></tr>"
						    "</thead>\n<tbody>\n");
				if (l->total)
					finding(p, l);
			}
	if (shown)
		page_add(p, "</tbody>\n</table>\n");
	page_add(p, "<p class=note>");
	for (size_t i = 0; i < r->nsections; i++)
		for (size_t j = 0; j < r->sections[i].nlists; j++) {
			const struct report_list *l = &r->sections[i].lists[j];
			if (l->total || l->weight == REPORT_FACT)
				continue;
			page_add(p, clean++ ? " · " : "Nothing to say about: ");
			page_add(p, l->title);
		}
	page_add(p, clean ? ".</p>\n</section>\n" : "</p>\n</section>\n");
}

static void overview(struct page_out *p)
{
	page_add(p, "<section id=overview aria-labelledby=h-overview>\n<h2 "
		    "id=h-overview>Overview</h2>\n");
	tiles(p);
	sum(p);
	findings(p);
	page_add(p, "<div class=charts>\n");
	for (size_t i = 0; i < p->r->ncharts; i++)
		page_chart(p, &p->r->charts[i]);
	page_add(p, "</div>\n</section>\n");
}

/* ---- sections ---- */

static void section(struct page_out *p, const struct report_section *s)
{
	page_addf(p, "<section id=%s aria-labelledby=h2-%s>\n<h2 id=h2-%s>%s</h2>\n", s->key,
		s->key, s->key, s->title);
	if (!found_in(s, REPORT_FACT))
		page_add(p, "<p class=fine>Nothing was found.</p>\n");
	for (size_t i = 0; i < s->nlists; i++)
		page_list(p, &s->lists[i]);
	page_add(p, "</section>\n");
}

static void terms(struct page_out *p)
{
	static const enum report_class shown[] = {REPORT_DEAD, REPORT_UNREACHABLE, REPORT_FLAKY,
		REPORT_BLOCKED, REPORT_LIMITED, REPORT_OTHER, REPORT_ROBOTS};

	page_add(p, "<section id=terms aria-labelledby=h-terms>\n<h2 id=h-terms>What the words mean"
		    "</h2>\n<p>A page that could not be fetched is not dead for that. Each URL was "
		    "asked for with GET, and again after failures that may pass.</p>\n<dl "
		    "class=terms>\n");
	for (size_t i = 0; i < MEM_COUNT(shown); i++)
		page_addf(p, "<div><dt>%s</dt><dd>%s</dd></div>\n", report_class_word(shown[i]),
			report_class_meaning(shown[i]));
	page_add(p, "</dl>\n</section>\n");
}

/* The origin most URLs are on: that of the first seed. */
static char *origin_of(const struct report *r)
{
	const char *host = r->seeds ? strstr(r->seeds, "://") : NULL;

	if (!host)
		return NULL;
	return mem_strndup(r->seeds, (size_t)(host - r->seeds) + 3 + strcspn(host + 3, "/\n"));
}

static void begin_named(struct page_out *p, const char *what, const char *name)
{
	struct buf title = BUF_INIT;

	buf_addf(&title, "%s: %s", what, name);
	page_begin(p, title.data);
	buf_release(&title);
}

void report_html(struct buf *out, const struct report *r, const char *version)
{
	struct page_out p = {.out = out, .r = r, .origin = origin_of(r)};

	begin_named(&p, "Crawl report", r->title);
	page_add(&p, "<a class=skip href=\"#main\">To the report</a>\n");
	head(&p);
	page_add(&p, "<div class=frame>\n");
	navigation(&p);
	page_add(&p, "<main id=main tabindex=-1>\n");
	overview(&p);
	for (size_t i = 0; i < r->nsections; i++)
		section(&p, &r->sections[i]);
	page_hosts(&p);
	terms(&p);
	page_add(&p, "</main>\n</div>\n");
	page_end(&p, version);
	free(p.origin);
}

void report_html_host(
	struct buf *out, const struct report *r, const struct report_host *h, const char *version)
{
	struct page_out p = {.out = out, .r = r};

	begin_named(&p, "How a crawler behaved", h->name);
	page_add(&p,
		"<header class=top>\n<p class=eyebrow>To whoever runs this host</p>\n<h1><bdi>");
	page_text(&p, h->name);
	page_add(&p, "</bdi></h1>\n<p class=lead>What a crawler asked for, how often, and by which "
		     "rules.</p>\n</header>\n<main>\n");
	page_host(&p, h);
	page_add(&p, "</main>\n");
	page_end(&p, version);
}
