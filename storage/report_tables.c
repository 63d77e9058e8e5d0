/* report_tables.c - lists as tables; without the script they are plain ones. */
#include <string.h>

#include "config/text.h"
#include "storage/report_page.h"

#define LINKS_OPEN 3 /* so many are shown outright, more behind a summary */

static bool is_number(enum report_kind kind)
{
	return kind == REPORT_NUMBER || kind == REPORT_BYTES || kind == REPORT_MS;
}

/* ---- cells ---- */

static void add_link(struct page_out *p, const struct report_link *l)
{
	page_add(p, "<li>");
	page_url(p, l->url);
	if (l->text && *l->text) {
		page_add(p, " <q><bdi>");
		page_text(p, l->text);
		page_add(p, "</bdi></q>");
	}
	if (l->kind && strcmp(l->kind, "a") != 0) {
		page_add(p, " <small><bdi>");
		page_text(p, l->kind);
		page_add(p, "</bdi></small>");
	}
	page_add(p, "</li>");
}

static void add_more(struct page_out *p, const struct report_cell *cell, size_t from)
{
	page_add(p, "<details><summary>and ");
	page_number(p, cell->n - (double)from);
	page_add(p, " more</summary><ul>");
	for (size_t i = from; i < cell->nlinks; i++)
		add_link(p, &cell->links[i]);
	if (cell->n > (double)cell->nlinks) {
		page_add(p, "<li class=note>");
		page_number(p, cell->n - (double)cell->nlinks);
		page_add(p, " are not shown</li>");
	}
	page_add(p, "</ul></details>");
}

static void add_links(struct page_out *p, const struct report_cell *cell)
{
	size_t open = cell->n > LINKS_OPEN ? LINKS_OPEN - 1 : LINKS_OPEN;

	page_add(p, "<ul>");
	for (size_t i = 0; i < cell->nlinks && i < open; i++)
		add_link(p, &cell->links[i]);
	page_add(p, "</ul>");
	if (cell->n > LINKS_OPEN)
		add_more(p, cell, cell->nlinks < open ? cell->nlinks : open);
}

static void add_status(struct page_out *p, const struct report_cell *cell)
{
	int status = (int)cell->n;

	page_addf(p, "<span class=\"tag s%d\">", status / 100);
	if (status)
		page_addf(p, "%d", status);
	if (cell->text) {
		page_add(p, status ? " " : "");
		page_text(p, cell->text);
	}
	page_add(p, "</span>");
}

static void add_value(struct page_out *p, enum report_kind kind, const struct report_cell *cell)
{
	switch (kind) {
	case REPORT_URL: page_url(p, cell->text); break;
	case REPORT_STATUS: add_status(p, cell); break;
	case REPORT_NUMBER: page_number(p, cell->n); break;
	case REPORT_BYTES: page_bytes(p, cell->n); break;
	case REPORT_MS: report_add_ms(p->out, cell->n); break;
	case REPORT_TIME: report_add_time(p->out, (int64_t)cell->n); break;
	case REPORT_LINKS: add_links(p, cell); break;
	case REPORT_WORD:
		page_add(p, "<span class=word>");
		page_text(p, cell->text);
		page_add(p, "</span>");
		break;
	default:
		page_add(p, "<bdi>");
		page_text(p, cell->text);
		page_add(p, "</bdi>");
	}
}

static void add_cell(struct page_out *p, enum report_kind kind, const struct report_cell *cell)
{
	bool sorts = is_number(kind) || kind == REPORT_LINKS || kind == REPORT_STATUS;

	page_add(p, is_number(kind) ? "<td class=n" : "<td");
	if (sorts && cell->has)
		page_addf(p, " data-v=\"%.10g\"", cell->n);
	page_add(p, ">");
	if (cell->has)
		add_value(p, kind, cell);
	else
		page_add(p, "<span class=none aria-label=none>–</span>");
	page_add(p, "</td>");
}

/* ---- tables ---- */

static void add_head(struct page_out *p, const struct report_list *l)
{
	page_add(p, "<thead><tr>");
	for (size_t c = 0; c < l->ncolumns; c++)
		page_addf(p, "<th scope=col%s>%s</th>",
			is_number(l->columns[c].kind) ? " class=n" : "", l->columns[c].title);
	page_add(p, "</tr></thead>\n<tbody>\n");
}

/* How to get what is not shown. */
static void add_rest(struct page_out *p, const struct report_list *l)
{
	if (l->total <= l->nrows || !l->rest)
		return;
	page_add(p, "<p class=rest>The first ");
	page_number(p, (double)l->nrows);
	page_add(p, " of ");
	page_number(p, (double)l->total);
	page_add(p,
		" are shown (<code>--rows</code> changes that). For all of it: <code>skitter sql ");
	page_text(p, p->r->file);
	page_add(p, " --format csv &quot;");
	page_text(p, l->rest);
	page_add(p, "&quot;</code></p>\n");
}

void page_list(struct page_out *p, const struct report_list *l)
{
	if (!l->nrows)
		return;
	page_addf(p, "<section class=list id=%s>\n<h3 id=h-%s>%s <span class=count>", l->key,
		l->key, l->title);
	page_number(p, (double)l->total);
	page_add(p, "</span></h3>\n<p class=about>");
	page_text(p, l->about);
	page_add(p, "</p>\n");
	page_addf(p,
		"<div class=scroll role=region tabindex=0 aria-labelledby=h-%s>\n<table class=rows "
		"aria-labelledby=h-%s>\n",
		l->key, l->key);
	add_head(p, l);
	for (size_t r = 0; r < l->nrows; r++) {
		page_add(p, "<tr>");
		for (size_t c = 0; c < l->ncolumns; c++)
			add_cell(p, l->columns[c].kind, &l->cells[r * l->ncolumns + c]);
		page_add(p, "</tr>\n");
	}
	page_add(p, "</tbody>\n</table>\n</div>\n");
	add_rest(p, l);
	page_add(p, "</section>\n");
}
