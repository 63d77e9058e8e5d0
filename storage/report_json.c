/* report_json.c - the report for programs. */
#include <math.h>
#include <string.h>

#include "config/text.h"
#include "storage/report.h"

static void key(struct buf *out, bool first, const char *name)
{
	buf_addf(out, "%s\"%s\":", first ? "" : ",", name);
}

static void text(struct buf *out, const char *s)
{
	if (s)
		text_json(out, s, strlen(s));
	else
		buf_add_str(out, "null");
}

static void number(struct buf *out, double n)
{
	if (n == floor(n) && fabs(n) < 9e15)
		buf_addf(out, "%.0f", n);
	else
		buf_addf(out, "%.3f", n);
}

static void number_or_null(struct buf *out, double n, bool has)
{
	if (has)
		number(out, n);
	else
		buf_add_str(out, "null");
}

static void time_at(struct buf *out, int64_t ms)
{
	if (!ms) {
		buf_add_str(out, "null");
		return;
	}
	buf_add_ch(out, '"');
	report_add_time(out, ms);
	out->data[out->len - 9] = 'T';
	buf_add_str(out, "Z\"");
}

static void pair(struct buf *out, bool first, const char *name, double n)
{
	key(out, first, name);
	number(out, n);
}

static void times(struct buf *out, const char *name, const struct report_times *t)
{
	key(out, false, name);
	if (t->p50 < 0) {
		buf_add_str(out, "null");
		return;
	}
	buf_add_ch(out, '{');
	pair(out, true, "p50", t->p50);
	pair(out, false, "p90", t->p90);
	pair(out, false, "p99", t->p99);
	pair(out, false, "max", t->most);
	buf_add_ch(out, '}');
}

static void head(struct buf *out, const struct report *r)
{
	key(out, true, "file");
	text(out, r->file);
	key(out, false, "title");
	text(out, r->title);
	key(out, false, "state");
	text(out, r->state);
	key(out, false, "first");
	time_at(out, r->first_ms);
	key(out, false, "last");
	time_at(out, r->last_ms);
	key(out, false, "user_agent");
	text(out, r->user_agent);
	key(out, false, "contact");
	text(out, r->contact);
}

static void counts(struct buf *out, const struct report *r)
{
	const struct store_counts *c = &r->counts;

	key(out, false, "counts");
	buf_add_ch(out, '{');
	pair(out, true, "discovered", (double)c->discovered);
	pair(out, false, "fetched", (double)c->fetched);
	pair(out, false, "failed", (double)c->failed);
	pair(out, false, "excluded", (double)c->excluded);
	pair(out, false, "left", (double)c->left);
	pair(out, false, "fetches", (double)c->fetches);
	pair(out, false, "wire_bytes", (double)c->wire_bytes);
	pair(out, false, "body_bytes", (double)c->body_bytes);
	pair(out, false, "pages", (double)r->pages);
	pair(out, false, "html", (double)r->html);
	pair(out, false, "links", (double)r->links);
	pair(out, false, "unchecked", (double)r->unchecked);
	buf_addf(out, "},\"verdicts\":{");
	for (int i = 0; i < REPORT_ROBOTS; i++)
		pair(out, i == 0, report_class_word(i), (double)r->classes[i]);
	buf_add_ch(out, '}');
	times(out, "ttfb_ms", &r->answer);
	times(out, "size", &r->size);
}

static void charts(struct buf *out, const struct report *r)
{
	key(out, false, "charts");
	buf_add_ch(out, '{');
	for (size_t i = 0; i < r->ncharts; i++) {
		const struct report_chart *c = &r->charts[i];
		key(out, i == 0, c->key);
		buf_add_ch(out, '[');
		for (size_t b = 0; b < c->n; b++) {
			buf_add_str(out, b ? ",{\"label\":" : "{\"label\":");
			text(out, c->bars[b].label);
			pair(out, false, "n", c->bars[b].n);
			buf_add_ch(out, '}');
		}
		buf_add_ch(out, ']');
	}
	buf_add_ch(out, '}');
}

static void cell(struct buf *out, const struct report_column *col, const struct report_cell *c)
{
	switch (col->kind) {
	case REPORT_URL:
	case REPORT_TEXT:
	case REPORT_WORD: text(out, c->text); break;
	case REPORT_STATUS:
		number(out, c->n);
		key(out, false, "error");
		text(out, c->text);
		break;
	case REPORT_LINKS:
		buf_add_str(out, "{\"n\":");
		number(out, c->n);
		buf_add_str(out, ",\"links\":[");
		for (size_t i = 0; i < c->nlinks; i++) {
			buf_add_str(out, i ? ",{\"url\":" : "{\"url\":");
			text(out, c->links[i].url);
			key(out, false, "text");
			text(out, c->links[i].text);
			key(out, false, "kind");
			text(out, c->links[i].kind);
			buf_add_ch(out, '}');
		}
		buf_add_str(out, "]}");
		break;
	default: number_or_null(out, c->n, c->has);
	}
}

static void list(struct buf *out, const struct report_list *l)
{
	buf_add_ch(out, '{');
	key(out, true, "title");
	text(out, l->title);
	pair(out, false, "total", (double)l->total);
	key(out, false, "query");
	text(out, l->rest);
	key(out, false, "rows");
	buf_add_ch(out, '[');
	for (size_t r = 0; r < l->nrows; r++) {
		buf_add_str(out, r ? ",\n{" : "\n{");
		for (size_t c = 0; c < l->ncolumns; c++) {
			key(out, c == 0, l->columns[c].key);
			cell(out, &l->columns[c], &l->cells[r * l->ncolumns + c]);
		}
		buf_add_ch(out, '}');
	}
	buf_add_str(out, "]}");
}

static void lists(struct buf *out, const struct report *r)
{
	bool first = true;

	key(out, false, "lists");
	buf_add_ch(out, '{');
	for (size_t i = 0; i < r->nsections; i++)
		for (size_t j = 0; j < r->sections[i].nlists; j++) {
			buf_add_ch(out, '\n');
			key(out, first, r->sections[i].lists[j].key);
			list(out, &r->sections[i].lists[j]);
			first = false;
		}
	buf_add_ch(out, '}');
}

static void host(struct buf *out, const struct report_host *h)
{
	buf_add_ch(out, '{');
	key(out, true, "host");
	text(out, h->name);
	key(out, false, "ip");
	text(out, h->ip);
	key(out, false, "state");
	text(out, h->state);
	key(out, false, "robots");
	text(out, h->robots);
	key(out, false, "crawl_delay");
	number_or_null(out, h->robots_delay, h->robots_delay >= 0);
	pair(out, false, "requests", (double)h->requests);
	pair(out, false, "urls", (double)h->urls);
	pair(out, false, "repeated", (double)h->repeated);
	pair(out, false, "pages", (double)h->pages);
	pair(out, false, "redirects", (double)h->redirects);
	pair(out, false, "client_errors", (double)h->client_errors);
	pair(out, false, "server_errors", (double)h->server_errors);
	pair(out, false, "no_answer", (double)h->no_answer);
	pair(out, false, "limited", (double)h->limited);
	pair(out, false, "bytes", (double)h->bytes);
	pair(out, false, "robots_excluded", (double)h->robots_excluded);
	key(out, false, "first");
	time_at(out, h->first_ms);
	key(out, false, "last");
	time_at(out, h->last_ms);
	key(out, false, "gap_least_ms");
	number_or_null(out, h->gap_least_ms, h->gap_least_ms >= 0);
	key(out, false, "gap_median_ms");
	number_or_null(out, h->gap_median_ms, h->gap_median_ms >= 0);
	pair(out, false, "gaps_shorter_than_crawl_delay", (double)h->gaps_short);
	pair(out, false, "busiest_second", (double)h->busiest_second);
	pair(out, false, "busiest_minute", (double)h->busiest_minute);
	pair(out, false, "at_once", h->at_once);
	buf_add_ch(out, '}');
}

void report_json(struct buf *out, const struct report *r)
{
	buf_add_ch(out, '{');
	head(out, r);
	counts(out, r);
	buf_add_ch(out, '\n');
	charts(out, r);
	buf_add_ch(out, '\n');
	lists(out, r);
	buf_addf(out, ",\n\"hosts_total\":%llu,\"hosts\":[", (unsigned long long)r->hosts_total);
	for (size_t i = 0; i < r->nhosts; i++) {
		buf_add_str(out, i ? ",\n" : "\n");
		host(out, &r->hosts[i]);
	}
	buf_add_str(out, "]}\n");
}
