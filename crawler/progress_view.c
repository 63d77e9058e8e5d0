/* progress_view.c - the state of a crawl as lines; pure. */
#include "crawler/progress.h"

#include <string.h>

#include "config/mem.h"
#include "config/text.h"

#define BOLD   "\033[1m"
#define DIM    "\033[2m"
#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define RESET  "\033[0m"

#define LABEL_COLUMNS 10

/* ---- rates ---- */

#define RATE_WINDOW_MS 5000
#define RATE_STEP_MS   200
#define RATE_SLOTS     MEM_COUNT(((struct progress_rate *)0)->ring)

void progress_rate_add(struct progress_rate *r, uint64_t ms, uint64_t pages, uint64_t bytes)
{
	unsigned newest = (r->head + RATE_SLOTS - 1) % RATE_SLOTS;
	/* Ticks closer than a step replace the newest sample but one stays as the base, so
	 * that 32 samples always reach back over the window. */
	bool replace =
		r->n > 1 && ms < r->ring[(newest + RATE_SLOTS - 1) % RATE_SLOTS].ms + RATE_STEP_MS;
	unsigned at = replace ? newest : r->head;

	r->ring[at].ms = ms;
	r->ring[at].pages = pages;
	r->ring[at].bytes = bytes;
	if (!replace) {
		r->head = (r->head + 1) % RATE_SLOTS;
		if (r->n < RATE_SLOTS)
			r->n++;
	}
}

/* The newest sample, and the oldest one inside the window. False: too few to say. */
static bool rate_span(const struct progress_rate *r, unsigned *from, unsigned *to)
{
	unsigned i;

	if (r->n < 2)
		return false;
	*to = (r->head + RATE_SLOTS - 1) % RATE_SLOTS;
	*from = *to;
	for (i = 1; i < r->n; i++) {
		unsigned at = (*to + RATE_SLOTS - i) % RATE_SLOTS;
		if (r->ring[at].ms + RATE_WINDOW_MS < r->ring[*to].ms && *from != *to)
			break;
		*from = at;
	}
	return r->ring[*to].ms > r->ring[*from].ms;
}

static double per_second(uint64_t now, uint64_t then, uint64_t ms)
{
	return now > then ? (double)(now - then) * 1000 / (double)ms : 0;
}

double progress_rate_pages(const struct progress_rate *r)
{
	unsigned a, b;

	return rate_span(r, &a, &b) ? per_second(r->ring[b].pages, r->ring[a].pages,
					      r->ring[b].ms - r->ring[a].ms)
				    : 0;
}

double progress_rate_bytes(const struct progress_rate *r)
{
	unsigned a, b;

	return rate_span(r, &a, &b) ? per_second(r->ring[b].bytes, r->ring[a].bytes,
					      r->ring[b].ms - r->ring[a].ms)
				    : 0;
}

/* 1,234 and 56 whole, 3.4 with one digit: a slow crawl is not "0 pages/s". */
static void add_rate(struct buf *out, double v)
{
	if (v < 9.95)
		buf_addf(out, "%.1f", v);
	else
		text_number(out, (unsigned long long)(v + 0.5));
}

/* ---- the block ---- */

/* Lines of pieces, cut at the terminal's width. Escape sequences cost no column, and
 * a piece is written whole or (text of pages) cut with an ellipsis. */
struct block {
	struct buf *out;
	const struct progress_look *look;
	size_t columns; /* of the terminal, less one: the last column wraps on some */
	size_t used;
	int lines;
	bool full;  /* the rest of this line is dropped */
	bool first; /* the next count needs no dot before it */
};

static const char *dot(const struct block *b)
{
	return b->look->utf8 ? " \u00b7 " : " - ";
}

static void piece(struct block *b, const char *style, const char *text)
{
	size_t cols = text_columns(text, strlen(text));

	if (b->full || b->used + cols > b->columns) {
		b->full = true;
		return;
	}
	if (b->look->color && style)
		buf_addf(b->out, "%s%s%s", style, text, RESET);
	else
		buf_add_str(b->out, text);
	b->used += cols;
}

__attribute__((format(printf, 3, 4))) static void piecef(
	struct block *b, const char *style, const char *fmt, ...)
{
	struct buf t = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&t, fmt, ap);
	va_end(ap);
	piece(b, style, t.data);
	buf_release(&t);
}

static void label(struct block *b, const char *word)
{
	piecef(b, DIM, "%-*s", LABEL_COLUMNS, word);
	b->first = true;
}

/* A number with what it counts, after a dot unless it is the first of the line. */
static void counted(struct block *b, const char *style, uint64_t n, const char *what)
{
	struct buf t = BUF_INIT;

	if (!b->first)
		buf_add_str(&t, dot(b));
	b->first = false;
	text_number(&t, n);
	buf_addf(&t, " %s", what);
	piece(b, style, t.data);
	buf_release(&t);
}

static void amount(struct block *b, void (*print)(struct buf *, unsigned long long), uint64_t n,
	const char *what)
{
	struct buf t = BUF_INIT;

	buf_add_str(&t, dot(b));
	print(&t, n);
	buf_addf(&t, "%s%s", *what ? " " : "", what);
	piece(b, NULL, t.data);
	buf_release(&t);
}

static void end_line(struct block *b)
{
	buf_add_ch(b->out, '\n');
	b->used = 0;
	b->full = false;
	b->lines++;
}

static void bar(struct block *b, uint64_t done, uint64_t total, size_t width)
{
	size_t n = total ? (size_t)((double)done / (double)total * (double)width + 0.5) : 0;
	struct buf t = BUF_INIT;

	for (size_t i = 0; i < width; i++)
		buf_add_str(&t, i < n ? (b->look->utf8 ? "\u2588" : "#")
				      : (b->look->utf8 ? "\u2591" : "."));
	piece(b, GREEN, t.data);
	buf_release(&t);
}

static void pages_line(
	struct block *b, const struct progress_stats *st, const struct progress_rate *r)
{
	struct buf t = BUF_INIT;

	label(b, "pages");
	text_number(&t, st->pages);
	piece(b, BOLD, t.data);
	if (st->max_pages) {
		buf_reset(&t);
		buf_add_str(&t, " of ");
		text_number(&t, st->max_pages);
		piece(b, NULL, t.data);
	}
	buf_reset(&t);
	buf_add_str(&t, dot(b));
	add_rate(&t, progress_rate_pages(r));
	buf_add_str(&t, " pages/s");
	buf_add_str(&t, dot(b));
	text_bytes(&t, (unsigned long long)progress_rate_bytes(r));
	buf_add_str(&t, "/s");
	piece(b, NULL, t.data);
	amount(b, text_bytes, st->bytes_wire, "received");
	amount(b, text_duration, st->elapsed_ms, "");
	end_line(b);
	buf_release(&t);
}

static void urls_line(struct block *b, const struct progress_stats *st)
{
	uint64_t done = st->fetched + st->failed + st->excluded;

	label(b, "urls");
	if (b->columns >= 70) {
		/* A share of what is known so far: it moves back when pages bring new links. */
		bar(b, done, st->discovered, 20);
		piece(b, NULL, "  ");
	}
	counted(b, NULL, st->discovered, "known");
	counted(b, NULL, st->queued, "queued");
	counted(b, NULL, st->in_flight, "in flight");
	counted(b, NULL, st->fetched, "fetched");
	counted(b, NULL, st->excluded, "excluded");
	end_line(b);
}

static void errors_line(struct block *b, const struct progress_stats *st)
{
	label(b, "errors");
	counted(b, st->failed ? RED : NULL, st->failed, "failed");
	if (st->retries)
		counted(b, NULL, st->retries, "retries");
	for (size_t i = 0; i < st->nerrors; i++) {
		struct buf t = BUF_INIT;
		buf_add_str(&t, dot(b));
		text_terminal(&t, st->errors[i].word, strlen(st->errors[i].word));
		buf_add_ch(&t, ' ');
		text_number(&t, st->errors[i].n);
		piece(b, YELLOW, t.data);
		buf_release(&t);
	}
	end_line(b);
}

static void hosts_line(struct block *b, const struct progress_stats *st)
{
	label(b, "hosts");
	counted(b, NULL, st->hosts_total, "known");
	counted(b, NULL, st->hosts_busy, "busy");
	counted(b, NULL, st->hosts_waiting, "waiting");
	if (st->hosts_preparing)
		counted(b, NULL, st->hosts_preparing, "preparing");
	if (st->hosts_refused)
		counted(b, RED, st->hosts_refused, "refused");
	if (st->next_due_ms >= 1000 && !st->in_flight) {
		struct buf t = BUF_INIT;
		buf_addf(&t, "%snext in ", dot(b));
		text_duration(&t, (unsigned long long)st->next_due_ms);
		piece(b, YELLOW, t.data);
		buf_release(&t);
	}
	end_line(b);
}

/* Below it they are part of the noise. */
#define URLS_SHOWN ((uint64_t)1 << 20)

static void machine_line(struct block *b, const struct progress_stats *st)
{
	struct buf t = BUF_INIT;

	label(b, "machine");
	piecef(b, NULL, "fetchers %u/%u", st->fetchers_active, st->fetchers_limit);
	piecef(b, NULL, "%sslots %u/%u", dot(b), st->slots_used, st->slots_total);
	piecef(b, NULL, "%sparsers %u/%u", dot(b), st->parsers_busy, st->parsers_total);
	if (st->parsers_lost)
		piecef(b, RED, " (%u lost)", st->parsers_lost);
	piecef(b, NULL, "%sstore %u", dot(b), st->store_queue);
	buf_add_str(&t, dot(b));
	buf_add_str(&t, "memory ");
	text_bytes(&t, st->memory);
	piece(b, NULL, t.data);
	if (st->memory_budget) {
		buf_reset(&t);
		buf_add_str(&t, " of ");
		text_bytes(&t, st->memory_budget);
		piece(b, NULL, t.data);
	}
	if (st->memory_urls >= URLS_SHOWN) {
		buf_reset(&t);
		buf_add_str(&t, ", known URLs ");
		text_bytes(&t, st->memory_urls);
		piece(b, NULL, t.data);
	}
	end_line(b);
	buf_release(&t);
}

/* Hostile text into the columns that are left: cut at a character, with an ellipsis. */
static void add_cut(struct block *b, const char *text)
{
	size_t room = b->columns > b->used ? b->columns - b->used : 0, cols = 0, i = 0;
	size_t len = strlen(text);
	const char *more = b->look->utf8 ? "\u2026" : "~";
	struct buf t = BUF_INIT;

	if (text_columns(text, len) <= room) {
		piece(b, DIM, text);
		return;
	}
	while (i < len && room > 1) {
		size_t n = 1, w;
		while (i + n < len && ((unsigned char)text[i + n] & 0xc0) == 0x80)
			n++;
		w = text_columns(text + i, n);
		if (cols + w > room - 1)
			break;
		cols += w;
		i += n;
	}
	buf_add(&t, text, i);
	buf_add_str(&t, more);
	piece(b, DIM, t.data);
	buf_release(&t);
}

static void last_line(struct block *b, const struct progress_stats *st)
{
	struct buf t = BUF_INIT;

	if (st->state) {
		label(b, "state");
		piece(b, YELLOW, st->state);
	} else {
		label(b, "last");
		text_terminal(&t, st->last_url, strnlen(st->last_url, sizeof(st->last_url)));
		add_cut(b, t.data);
	}
	end_line(b);
	buf_release(&t);
}

int progress_block(struct buf *out, const struct progress_stats *st, const struct progress_rate *r,
	const struct progress_look *look)
{
	struct block b = {.out = out, .look = look};
	int columns = look->columns > 0 ? look->columns : 80;

	b.columns = (size_t)(columns > 20 ? columns : 20) - 1;
	pages_line(&b, st, r);
	urls_line(&b, st);
	errors_line(&b, st);
	hosts_line(&b, st);
	machine_line(&b, st);
	last_line(&b, st);
	return b.lines;
}

/* ---- plain and JSON ---- */

static void add_count(struct buf *out, const char *sep, uint64_t n, const char *what)
{
	buf_add_str(out, sep);
	text_number(out, n);
	buf_addf(out, " %s", what);
}

void progress_line(struct buf *out, const struct progress_stats *st, const struct progress_rate *r)
{
	text_number(out, st->pages);
	buf_add_str(out, " pages, ");
	add_rate(out, progress_rate_pages(r));
	buf_add_str(out, " pages/s, ");
	text_bytes(out, (unsigned long long)progress_rate_bytes(r));
	buf_add_str(out, "/s");
	add_count(out, ", ", st->queued, "queued");
	add_count(out, ", ", st->in_flight, "in flight");
	add_count(out, ", ", st->failed, "failed");
	for (size_t i = 0; i < st->nerrors && i < 4; i++) {
		buf_add_str(out, i ? ", " : " (");
		text_terminal(out, st->errors[i].word, strlen(st->errors[i].word));
		buf_addf(out, " %llu%s", (unsigned long long)st->errors[i].n,
			i + 1 == st->nerrors || i == 3 ? ")" : "");
	}
	buf_addf(out, ", hosts %u busy %u waiting, memory ", st->hosts_busy, st->hosts_waiting);
	text_bytes(out, st->memory);
	buf_add_str(out, ", ");
	text_duration(out, st->elapsed_ms);
	if (st->state)
		buf_addf(out, "; %s", st->state);
}

static void add_field(struct buf *out, const char *name, uint64_t n)
{
	buf_addf(out, ",\"%s\":%llu", name, (unsigned long long)n);
}

void progress_json(struct buf *out, const struct progress_stats *st, const struct progress_rate *r)
{
	buf_addf(out, "\"pages\":%llu,\"pages_per_s\":%.1f,\"bytes_per_s\":%.0f",
		(unsigned long long)st->pages, progress_rate_pages(r), progress_rate_bytes(r));
	add_field(out, "discovered", st->discovered);
	add_field(out, "fetched", st->fetched);
	add_field(out, "failed", st->failed);
	add_field(out, "excluded", st->excluded);
	add_field(out, "queued", st->queued);
	add_field(out, "in_flight", st->in_flight);
	add_field(out, "retries", st->retries);
	add_field(out, "bytes_wire", st->bytes_wire);
	add_field(out, "bytes_decoded", st->bytes_decoded);
	buf_add_str(out, ",\"errors\":{");
	for (size_t i = 0; i < st->nerrors; i++) {
		buf_add_str(out, i ? "," : "");
		text_json(out, st->errors[i].word, strlen(st->errors[i].word));
		buf_addf(out, ":%llu", (unsigned long long)st->errors[i].n);
	}
	buf_add_ch(out, '}');
	add_field(out, "hosts", st->hosts_total);
	add_field(out, "hosts_busy", st->hosts_busy);
	add_field(out, "hosts_waiting", st->hosts_waiting);
	add_field(out, "fetchers", st->fetchers_active);
	add_field(out, "slots", st->slots_used);
	add_field(out, "parsers_busy", st->parsers_busy);
	add_field(out, "parsers_lost", st->parsers_lost);
	add_field(out, "store_queue", st->store_queue);
	add_field(out, "memory", st->memory);
	add_field(out, "memory_urls", st->memory_urls);
	add_field(out, "elapsed_ms", st->elapsed_ms);
	if (st->state) {
		buf_add_str(out, ",\"state\":");
		text_json(out, st->state, strlen(st->state));
	}
}
