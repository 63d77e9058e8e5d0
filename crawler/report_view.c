/* report_view.c - the report on a terminal: numbers, bars, and the first rows of each list. */
#include "crawler/report_view.h"

#include <string.h>

#include "config/mem.h"
#include "config/text.h"

#define ROWS	    3  /* of each list */
#define LINKERS	    3  /* of each row */
#define BAR_COLUMNS 30 /* of the longest bar */
#define BARS	    12 /* of each chart */
#define CELL	    100

static void add_safe(struct buf *out, const char *text, size_t most)
{
	size_t len = text ? strlen(text) : 0, start = out->len;

	if (!text)
		return;
	text_terminal(out, text, len > most * 4 ? most * 4 : len);
	if (text_columns(out->data + start, out->len - start) <= most)
		return;
	/* Cut at a whole character. */
	while (out->len > start && (text_columns(out->data + start, out->len - start) > most - 3 ||
					   ((unsigned char)out->data[out->len] & 0xc0) == 0x80))
		buf_set_len(out, out->len - 1);
	out->data[out->len] = '\0';
	buf_add_str(out, "...");
}

static void pad(struct buf *out, size_t start, size_t columns)
{
	while (text_columns(out->data + start, out->len - start) < columns)
		buf_add_ch(out, ' ');
}

static void number_right(struct buf *out, double n, size_t columns)
{
	struct buf b = BUF_INIT;

	text_number(&b, (unsigned long long)(n + 0.5));
	for (size_t i = b.len; i < columns; i++)
		buf_add_ch(out, ' ');
	buf_add(out, b.data, b.len);
	buf_release(&b);
}

/* ---- overview ---- */

static void head(struct buf *out, const struct report *r)
{
	add_safe(out, r->title, CELL);
	buf_addf(out, ": %s", r->state);
	if (r->first_ms) {
		buf_add_str(out, ", ");
		report_add_time(out, r->first_ms);
		buf_add_str(out, " to ");
		report_add_time(out, r->last_ms);
		buf_add_str(out, " UTC");
	}
	buf_add_str(out, "\n\n");
}

static void count(struct buf *out, uint64_t n, const char *what)
{
	text_number(out, n);
	buf_add_str(out, what);
}

static void sums(struct buf *out, const struct report *r)
{
	const struct store_counts *c = &r->counts;

	buf_add_str(out, "URLs      ");
	count(out, c->discovered, " discovered = ");
	count(out, c->fetched, " fetched + ");
	count(out, c->failed, " failed + ");
	count(out, c->excluded, " excluded + ");
	count(out, c->left, " left\nPages     ");
	count(out, r->pages, ", ");
	count(out, r->links, " links, ");
	text_bytes(out, c->wire_bytes);
	buf_add_str(out, " received\n");
	if (r->answer.p50 >= 0) {
		buf_add_str(out, "Answers   median ");
		report_add_ms(out, r->answer.p50);
		buf_add_str(out, ", 90 % under ");
		report_add_ms(out, r->answer.p90);
		buf_add_str(out, ", 99 % under ");
		report_add_ms(out, r->answer.p99);
		buf_add_str(out, ", slowest ");
		report_add_ms(out, r->answer.most);
		buf_add_ch(out, '\n');
	}
	if (r->unchecked) {
		buf_add_str(out, "Unchecked ");
		count(out, r->unchecked, " URLs that scope or another setting left out\n");
	}
}

static void bar(struct buf *out, double n, double most)
{
	static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	size_t eighths = most > 0 ? (size_t)(n / most * BAR_COLUMNS * 8 + 0.5) : 0;

	if (n > 0 && !eighths)
		eighths = 1;
	for (size_t i = 0; i < eighths / 8; i++)
		buf_add_str(out, "█");
	buf_add_str(out, parts[eighths % 8]);
}

static void chart(struct buf *out, const struct report_chart *c)
{
	size_t width = 0, shown = c->n < BARS ? c->n : BARS;
	double most = 0;

	for (size_t i = 0; i < c->n; i++) {
		size_t w = text_columns(c->bars[i].label, strlen(c->bars[i].label));
		width = w > width ? w : width;
		most = c->bars[i].n > most ? c->bars[i].n : most;
	}
	if (most <= 0)
		return;
	width = width > 30 ? 30 : width;
	buf_addf(out, "\n%s\n", c->title);
	for (size_t i = 0; i < shown; i++) {
		size_t start;
		buf_add_str(out, "  ");
		start = out->len;
		add_safe(out, c->bars[i].label, 30);
		pad(out, start, width);
		number_right(out, c->bars[i].n, 11);
		buf_add_str(out, "  ");
		bar(out, c->bars[i].n, most);
		buf_add_ch(out, '\n');
	}
	if (c->n > shown) {
		buf_add_str(out, "  and ");
		count(out, c->n - shown, " more\n");
	}
}

/* ---- lists ---- */

static void add_cell(struct buf *out, enum report_kind kind, const struct report_cell *c)
{
	switch (kind) {
	case REPORT_STATUS:
		if (c->n > 0)
			buf_addf(out, "%d", (int)c->n);
		if (c->text) {
			buf_add_str(out, c->n > 0 ? " " : "");
			add_safe(out, c->text, 20);
		}
		break;
	case REPORT_NUMBER: text_number(out, (unsigned long long)c->n); break;
	case REPORT_BYTES: text_bytes(out, (unsigned long long)c->n); break;
	case REPORT_MS: report_add_ms(out, c->n); break;
	case REPORT_TIME: report_add_time(out, (int64_t)c->n); break;
	default: add_safe(out, c->text, CELL);
	}
}

static void links(struct buf *out, const struct report_cell *c, const char *title)
{
	int width = (int)strlen(title);

	for (size_t i = 0; i < c->nlinks && i < LINKERS; i++) {
		buf_addf(out, "      %*s  ", width, i ? "" : title);
		add_safe(out, c->links[i].url, CELL);
		if (c->links[i].text && *c->links[i].text) {
			buf_add_str(out, "  \"");
			add_safe(out, c->links[i].text, 60);
			buf_add_ch(out, '"');
		} else if (c->links[i].kind) {
			buf_add_str(out, "  ");
			add_safe(out, c->links[i].kind, 60);
		}
		buf_add_ch(out, '\n');
	}
	if (c->n > LINKERS) {
		buf_addf(out, "      %*s  and ", width, "");
		count(out, (uint64_t)c->n - LINKERS, " more\n");
	}
}

static void row(struct buf *out, const struct report_list *l, const struct report_cell *cells)
{
	size_t shown = 0;

	buf_add_str(out, "    ");
	for (size_t c = 0; c < l->ncolumns; c++) {
		if (!cells[c].has || l->columns[c].kind == REPORT_LINKS)
			continue;
		buf_add_str(out, shown++ ? "  " : "");
		if (l->columns[c].kind == REPORT_NUMBER)
			buf_addf(out, "%s ", l->columns[c].title);
		add_cell(out, l->columns[c].kind, &cells[c]);
	}
	buf_add_ch(out, '\n');
	for (size_t c = 0; c < l->ncolumns; c++)
		if (cells[c].has && l->columns[c].kind == REPORT_LINKS)
			links(out, &cells[c], l->columns[c].title);
}

static void list(struct buf *out, const struct report_list *l)
{
	number_right(out, (double)l->total, 9);
	buf_addf(out, "  %s\n", l->title);
	for (size_t r = 0; r < l->nrows && r < ROWS; r++)
		row(out, l, &l->cells[r * l->ncolumns]);
}

static void lists(
	struct buf *out, const struct report *r, enum report_weight weight, const char *title)
{
	size_t shown = 0;

	for (size_t i = 0; i < r->nsections; i++)
		for (size_t j = 0; j < r->sections[i].nlists; j++) {
			const struct report_list *l = &r->sections[i].lists[j];
			if (!l->total || l->weight != weight)
				continue;
			if (!shown++)
				buf_addf(out, "\n%s\n", title);
			list(out, l);
		}
}

/* ---- hosts ---- */

static void pause_of(struct buf *out, const struct report_host *h)
{
	if (h->gap_least_ms < 0)
		return;
	buf_addf(out, ", pauses %.2f s at least, %.2f s median", h->gap_least_ms / 1000,
		h->gap_median_ms / 1000);
	if (h->robots_delay > 0)
		buf_addf(out, " (Crawl-delay %g s)", h->robots_delay);
}

static void hosts(struct buf *out, const struct report *r)
{
	if (!r->nhosts)
		return;
	buf_add_str(out, "\nPoliteness\n");
	for (size_t i = 0; i < r->nhosts && i < ROWS; i++) {
		const struct report_host *h = &r->hosts[i];
		buf_add_str(out, "    ");
		add_safe(out, h->name, CELL);
		buf_add_str(out, "  ");
		count(out, h->requests, " requests");
		pause_of(out, h);
		buf_addf(out, ", at most %u at once", h->at_once);
		if (h->limited) {
			buf_add_str(out, ", asked to slow down ");
			count(out, h->limited, " times");
		}
		buf_add_ch(out, '\n');
	}
	if (r->hosts_total > ROWS) {
		buf_add_str(out, "    and ");
		count(out, r->hosts_total - ROWS, " more hosts\n");
	}
}

void report_view(struct buf *out, const struct report *r)
{
	head(out, r);
	sums(out, r);
	for (size_t i = 0; i < r->ncharts; i++)
		if (strcmp(r->charts[i].key, "time") != 0)
			chart(out, &r->charts[i]);
	lists(out, r, REPORT_PROBLEM, "Problems");
	lists(out, r, REPORT_NOTICE, "Worth a look");
	hosts(out, r);
	buf_add_str(out, "\nAll of it, as one HTML file: skitter report ");
	add_safe(out, r->file, 200);
	buf_add_str(out, " -o report.html\n");
}

void report_view_host(struct buf *out, const struct report *r, const struct report_host *h)
{
	add_safe(out, h->name, CELL);
	buf_add_str(out, "\n  Who asked     ");
	add_safe(out, r->user_agent ? r->user_agent : "skitter", 200);
	buf_add_str(out, "\n  Contact       ");
	add_safe(out, r->contact && *r->contact ? r->contact : "none was given", 200);
	buf_add_str(out, "\n  Asked         ");
	count(out, h->urls, " URLs, ");
	count(out, h->requests, " requests, ");
	text_bytes(out, h->bytes);
	buf_add_str(out, "\n  When          ");
	report_add_time(out, h->first_ms);
	buf_add_str(out, " to ");
	report_add_time(out, h->last_ms);
	buf_add_str(out, " UTC\n  robots.txt    ");
	add_safe(out, h->robots ? h->robots : "was not read", 200);
	buf_add_str(out, "; ");
	count(out, h->robots_excluded, " URLs not asked for");
	if (h->robots_delay > 0) {
		buf_addf(out, "\n  Crawl-delay   %g s; ", h->robots_delay);
		count(out, h->gaps_short, " pauses were shorter");
	}
	if (h->gap_least_ms >= 0)
		buf_addf(out, "\n  Pauses        shortest %.2f s, median %.2f s",
			h->gap_least_ms / 1000, h->gap_median_ms / 1000);
	buf_add_str(out, "\n  Busiest       ");
	count(out, h->busiest_second, " in one second, ");
	count(out, h->busiest_minute, " in one minute");
	buf_addf(out, "; at most %u at once\n  Slow down     ", h->at_once);
	count(out, h->limited, " times (429 or 503)\n");
}
