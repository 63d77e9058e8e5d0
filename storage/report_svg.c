/* report_svg.c - charts: a table of bars, so that everybody can read it, or columns over time.
 *
 * Bars are SVG that stretches; all words are HTML, so that they never do. */
#include <string.h>

#include "storage/report_page.h"

static double most_of(const struct report_chart *c, double *sum)
{
	double most = 0;

	*sum = 0;
	for (size_t i = 0; i < c->n; i++) {
		*sum += c->bars[i].n;
		if (c->bars[i].n > most)
			most = c->bars[i].n;
	}
	return most;
}

static void share(struct page_out *p, double n, double sum)
{
	double percent = sum > 0 ? n * 100 / sum : 0;

	/* Nearly all is not all, and nearly nothing not nothing. */
	bool whole = n <= 0 || n >= sum || (percent >= 10 && percent < 99);

	page_addf(p, whole ? "%.0f" : "%.1f", percent);
	page_add(p, "&thinsp;%");
}

static void bar(struct page_out *p, const struct report_bar *b, double most, double sum)
{
	double width = most > 0 ? b->n * 100 / most : 0;

	page_add(p, "<tr><th scope=row>");
	page_text(p, b->label);
	page_addf(p,
		"</th><td class=bar><svg viewBox=\"0 0 100 10\" preserveAspectRatio=none "
		"aria-hidden=true focusable=false><rect class=back width=100 height=10 />"
		"<rect class=t%u width=\"%.2f\" height=10 /></svg></td><td class=n>",
		b->tone, b->n > 0 && width < 0.6 ? 0.6 : width);
	page_number(p, b->n);
	page_add(p, "</td><td class=share>");
	share(p, b->n, sum);
	page_add(p, "</td></tr>\n");
}

static void bars(struct page_out *p, const struct report_chart *c, double most, double sum)
{
	page_addf(p,
		"<table class=bars aria-labelledby=c-%s>\n<colgroup><col class=cl><col><col "
		"class=cn><col class=cs></colgroup>\n<thead class=sr><tr><th scope=col>Group"
		"</th><th scope=col>Bar</th><th scope=col>%s</th><th scope=col>Share</th></tr>"
		"</thead>\n<tbody>\n",
		c->key, c->unit);
	for (size_t i = 0; i < c->n; i++)
		bar(p, &c->bars[i], most, sum);
	page_add(p, "</tbody>\n</table>\n");
}

/* Pages over time: too many columns for words; begin, end and peak are named. */
static void columns(struct page_out *p, const struct report_chart *c, double most)
{
	const struct report_bar *peak = c->bars;

	for (size_t i = 0; i < c->n; i++)
		if (c->bars[i].n > peak->n)
			peak = &c->bars[i];
	page_addf(p,
		"<svg class=columns role=img aria-labelledby=c-%s viewBox=\"0 0 %zu 100\" "
		"preserveAspectRatio=none>\n",
		c->key, c->n * 10);
	for (size_t i = 0; i < c->n; i++) {
		double h = most > 0 ? c->bars[i].n * 98 / most : 0;
		if (c->bars[i].n > 0 && h < 1.5)
			h = 1.5;
		page_addf(p, "<rect class=t0 x=%zu y=\"%.2f\" width=8.4 height=\"%.2f\"><title>",
			i * 10, 100 - h, h);
		page_text(p, c->bars[i].label);
		page_add(p, ": ");
		page_number(p, c->bars[i].n);
		page_add(p, "</title></rect>\n");
	}
	page_add(p, "</svg>\n<p class=axis><span>");
	page_text(p, c->bars[0].label);
	page_add(p, "</span> <span>most: ");
	page_number(p, peak->n);
	page_add(p, "</span> <span>");
	page_text(p, c->bars[c->n - 1].label);
	page_add(p, "</span></p>\n");
}

void page_chart(struct page_out *p, const struct report_chart *c)
{
	double sum, most = most_of(c, &sum);
	bool over_time = !strcmp(c->key, "time");

	if (!c->n || most <= 0 || (over_time && c->n < 3))
		return; /* a moment is no course of time */
	page_addf(p, "<section class=card>\n<h3 id=c-%s>", c->key);
	page_text(p, c->title);
	page_add(p, "</h3>\n");
	if (c->note) {
		page_add(p, "<p class=note>");
		page_text(p, c->note);
		page_add(p, "</p>\n");
	}
	if (over_time)
		columns(p, c, most);
	else
		bars(p, c, most, sum);
	page_add(p, "</section>\n");
}
