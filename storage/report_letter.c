/* report_letter.c - politeness, in words that could be sent to the owner of a host. */
#include <string.h>

#include "config/text.h"
#include "storage/report_page.h"

#define LETTERS 20 /* hosts whose page is in the report; --host makes any */

/* ---- one host ---- */

static void fact(struct page_out *p, const char *name)
{
	page_addf(p, "<div><dt>%s</dt><dd>", name);
}

static void fact_end(struct page_out *p)
{
	page_add(p, "</dd></div>\n");
}

static void who(struct page_out *p)
{
	const struct report *r = p->r;

	fact(p, "Who asked");
	page_add(p, "<bdi class=u>");
	page_text(p, r->user_agent ? r->user_agent : "skitter");
	page_add(p, "</bdi>");
	fact_end(p);
	fact(p, "Contact");
	if (r->contact && *r->contact)
		page_url(p, r->contact);
	else
		page_add(p, "none was given");
	fact_end(p);
}

static void asked(struct page_out *p, const struct report_host *h)
{
	fact(p, "What was asked");
	page_number(p, (double)h->urls);
	page_add(p, h->urls == 1 ? " URL in " : " URLs in ");
	page_number(p, (double)h->requests);
	page_add(p, h->requests == 1 ? " request" : " requests");
	if (h->repeated) {
		page_add(p, ", ");
		page_number(p, (double)h->repeated);
		page_add(p, " of them again after a failure");
	}
	page_add(p, "; ");
	page_bytes(p, (double)h->bytes);
	page_add(p, " were received");
	fact_end(p);
	fact(p, "When");
	report_add_time(p->out, h->first_ms);
	page_add(p, " to ");
	report_add_time(p->out, h->last_ms);
	page_add(p, " UTC");
	fact_end(p);
}

static void rules(struct page_out *p, const struct report_host *h)
{
	fact(p, "robots.txt");
	if (h->robots)
		page_text(p, h->robots);
	else
		page_add(p, "was not read");
	page_add(p, "; URLs not asked for because of it: ");
	page_number(p, (double)h->robots_excluded);
	fact_end(p);
	fact(p, "Crawl-delay");
	if (h->robots_delay <= 0) {
		page_add(p, "none is asked for");
	} else {
		page_addf(p, "%g s is asked for; ", h->robots_delay);
		if (h->gaps_short) {
			page_number(p, (double)h->gaps_short);
			page_add(p, " pauses were shorter");
		} else {
			page_add(p, "no pause was shorter");
		}
	}
	fact_end(p);
}

static void pace(struct page_out *p, const struct report_host *h)
{
	fact(p, "Pauses");
	if (h->gap_least_ms < 0) {
		page_add(p, "there was one request");
	} else {
		page_add(p, "between the starts of two requests: shortest ");
		report_add_ms(p->out, h->gap_least_ms);
		page_add(p, ", median ");
		report_add_ms(p->out, h->gap_median_ms);
	}
	fact_end(p);
	fact(p, "Busiest");
	page_number(p, (double)h->busiest_second);
	page_add(p, " in one second, ");
	page_number(p, (double)h->busiest_minute);
	page_addf(p, " in one minute; at most %u at the same time", h->at_once);
	fact_end(p);
}

static void answers(struct page_out *p, const struct report_host *h)
{
	const struct {
		const char *name;
		uint64_t n;
	} all[] = {{"answered 2xx", h->pages}, {"redirected", h->redirects},
		{"answered 4xx", h->client_errors}, {"answered 5xx", h->server_errors},
		{"without an answer", h->no_answer}};
	size_t shown = 0;

	fact(p, "Answers");
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (!all[i].n)
			continue;
		page_add(p, shown++ ? ", " : "");
		page_number(p, (double)all[i].n);
		page_addf(p, " %s", all[i].name);
	}
	fact_end(p);
	fact(p, "Asked to slow down");
	if (h->limited) {
		page_number(p, (double)h->limited);
		page_add(p, h->limited == 1 ? " time (429 or 503)" : " times (429 or 503)");
	} else {
		page_add(p, "never (429 or 503)");
	}
	fact_end(p);
}

void page_host(struct page_out *p, const struct report_host *h)
{
	page_add(p, "<article class=letter>\n<dl class=facts>\n");
	who(p);
	asked(p, h);
	rules(p, h);
	pace(p, h);
	answers(p, h);
	page_add(p,
		"</dl>\n<p class=note>To slow this crawler down, or to keep it out, put this into "
		"<code>robots.txt</code>: <code>User-agent: skitter</code>, and below it "
		"<code>Crawl-delay: 5</code> or <code>Disallow: /</code>.</p>\n</article>\n");
}

/* ---- all hosts ---- */

static void cell_ms(struct page_out *p, double ms)
{
	if (ms < 0) {
		page_add(p, "<td class=n><span class=none aria-label=none>–</span></td>");
		return;
	}
	page_addf(p, "<td class=n data-v=\"%.0f\">", ms);
	report_add_ms(p->out, ms);
	page_add(p, "</td>");
}

static void cell_number(struct page_out *p, double n)
{
	page_addf(p, "<td class=n data-v=\"%.0f\">", n);
	page_number(p, n);
	page_add(p, "</td>");
}

static void row(struct page_out *p, const struct report_host *h)
{
	page_add(p, "<tr><td><bdi class=u>");
	page_text(p, h->name);
	page_add(p, "</bdi></td>");
	cell_number(p, (double)h->requests);
	cell_number(p, (double)h->limited);
	cell_ms(p, h->robots_delay > 0 ? h->robots_delay * 1000 : -1);
	cell_ms(p, h->gap_least_ms);
	cell_ms(p, h->gap_median_ms);
	cell_number(p, (double)h->busiest_second);
	cell_number(p, h->at_once);
	cell_number(p, (double)h->robots_excluded);
	page_add(p, "</tr>\n");
}

static void host_table(struct page_out *p)
{
	page_add(p, "<section class=list id=hosts>\n<h3 id=h-hosts>Hosts <span class=count>");
	page_number(p, (double)p->r->hosts_total);
	page_add(p,
		"</span></h3>\n<p class=about>Pauses are between the starts of two requests, "
		"robots.txt itself not counted.</p>\n"
		"<div class=scroll role=region tabindex=0 aria-labelledby=h-hosts>\n<table "
		"class=rows "
		"aria-labelledby=h-hosts>\n<thead><tr><th scope=col>Host</th>"
		"<th scope=col class=n>Requests</th><th scope=col class=n>429, 503</th>"
		"<th scope=col class=n>Crawl-delay</th><th scope=col class=n>Shortest pause</th>"
		"<th scope=col class=n>Median pause</th><th scope=col class=n>Most in 1 s</th>"
		"<th scope=col class=n>At once</th><th scope=col class=n>Kept "
		"out</th></tr></thead>\n"
		"<tbody>\n");
	for (size_t i = 0; i < p->r->nhosts; i++)
		row(p, &p->r->hosts[i]);
	page_add(p, "</tbody>\n</table>\n</div>\n");
	if (p->r->hosts_total > p->r->nhosts) {
		page_add(p, "<p class=rest>The first ");
		page_number(p, (double)p->r->nhosts);
		page_add(p, " are shown. For all of them: <code>skitter sql ");
		page_text(p, p->r->file);
		page_add(p, " &quot;select * from hosts&quot;</code></p>\n");
	}
	page_add(p, "</section>\n");
}

void page_hosts(struct page_out *p)
{
	const struct report *r = p->r;

	page_add(p, "<section id=politeness aria-labelledby=h-politeness>\n<h2 id=h-politeness>"
		    "Politeness</h2>\n");
	if (!r->nhosts) {
		page_add(p, "<p class=fine>No host was asked for anything.</p>\n</section>\n");
		return;
	}
	host_table(p);
	page_add(p, "<h3>For the owners of the hosts</h3>\n<p class=about>One host as a page of "
		    "its own, "
		    "to be sent to its owner: <code>skitter report ");
	page_text(p, r->file);
	page_add(p, " --host ");
	page_text(p, r->hosts[0].name);
	page_add(p, " -o host.html</code></p>\n");
	for (size_t i = 0; i < r->nhosts && i < LETTERS; i++) {
		page_addf(p, "<details class=host%s><summary><bdi>", r->nhosts == 1 ? " open" : "");
		page_text(p, r->hosts[i].name);
		page_add(p, "</bdi></summary>\n");
		page_host(p, &r->hosts[i]);
		page_add(p, "</details>\n");
	}
	page_add(p, "</section>\n");
}
