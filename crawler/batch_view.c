/* batch_view.c - the jobs of a batch as lines; pure. */
#include <stdio.h>
#include <string.h>

#include "config/mem.h"
#include "config/text.h"
#include "crawler/batch.h"

#define BOLD   "\033[1m"
#define DIM    "\033[2m"
#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define RESET  "\033[0m"

static const struct {
	const char *name, *color;
	int rank; /* who stays when the terminal is too low for all */
} states[] = {
	[BATCH_WAITING] = {"waiting", DIM, 2},
	[BATCH_RUNNING] = {"running", NULL, 0},
	[BATCH_DONE] = {"done", GREEN, 3},
	[BATCH_BEFORE] = {"was done", GREEN, 4},
	[BATCH_FAILED] = {"failed", RED, 1},
	[BATCH_STOPPED] = {"stopped", YELLOW, 1},
};

const char *batch_state_name(enum batch_state state)
{
	return states[state].name;
}

/* ---- columns ------------------------------------------------------------------------------- */

enum column {
	COL_JOB,
	COL_STATE,
	COL_PAGES,
	COL_RATE,
	COL_QUEUED,
	COL_FAILED,
	COL_BYTES,
	COL_TIME
};

/* In the order in which they get room; `spare` is left beside them for the words at the end. */
static const enum column by_need[] = {
	COL_STATE, COL_PAGES, COL_TIME, COL_FAILED, COL_RATE, COL_QUEUED, COL_BYTES};

static const struct {
	const char *head;
	int width, spare;
} columns[] = {
	[COL_JOB] = {"job", 0, 0},
	[COL_STATE] = {"state", 8, 0},
	[COL_PAGES] = {"pages", 9, 0},
	[COL_RATE] = {"pages/s", 7, 10},
	[COL_QUEUED] = {"queued", 8, 30},
	[COL_FAILED] = {"failed", 6, 0},
	[COL_BYTES] = {"received", 9, 40},
	[COL_TIME] = {"time", 9, 0},
};

struct table {
	struct buf *out;
	const struct progress_look *look;
	int width; /* less the last column, which wraps on some terminals */
	int name;  /* columns of the names */
	bool show[MEM_COUNT(columns)];
	int lines;
};

/* The text in so many columns, cut at a character with an ellipsis; `right` pads before it. */
static void cell(struct table *t, const char *color, const char *text, int width, bool right)
{
	size_t len = strlen(text), cols = text_columns(text, len), used = 0, i = 0;
	const char *more = t->look->utf8 ? "\u2026" : "~";
	struct buf b = BUF_INIT;

	if (cols <= (size_t)width) {
		buf_add(&b, text, len);
		used = cols;
	} else if (width > 0) {
		while (i < len) {
			size_t n = 1, w;
			while (i + n < len && ((unsigned char)text[i + n] & 0xc0) == 0x80)
				n++;
			w = text_columns(text + i, n);
			if (used + w > (size_t)width - 1)
				break;
			used += w;
			i += n;
		}
		buf_add(&b, text, i);
		buf_add_str(&b, more);
		used++;
	}
	if (right)
		buf_addf(t->out, "%*s", width - (int)used, "");
	if (t->look->color && color)
		buf_addf(t->out, "%s%s%s", color, b.data, RESET);
	else
		buf_add_str(t->out, b.data);
	if (!right)
		buf_addf(t->out, "%*s", width - (int)used, "");
	buf_release(&b);
}

static void end_line(struct table *t)
{
	while (t->out->len && t->out->data[t->out->len - 1] == ' ')
		buf_set_len(t->out, t->out->len - 1);
	buf_add_ch(t->out, '\n');
	t->lines++;
}

static int width_of(const struct table *t, enum column c)
{
	return c == COL_JOB ? t->name : columns[c].width;
}

static void choose_columns(struct table *t)
{
	int used = t->name;

	t->show[COL_JOB] = true;
	for (size_t i = 0; i < MEM_COUNT(by_need); i++) {
		int need = 2 + columns[by_need[i]].width;
		t->show[by_need[i]] = used + need + columns[by_need[i]].spare <= t->width;
		if (t->show[by_need[i]])
			used += need;
	}
}

static void heading(struct table *t)
{
	for (size_t c = 0; c < MEM_COUNT(columns); c++) {
		if (!t->show[c])
			continue;
		if (c)
			buf_add_str(t->out, "  ");
		cell(t, DIM, columns[c].head, width_of(t, (enum column)c), c > COL_STATE);
	}
	end_line(t);
}

static void add_rate(struct buf *out, double v)
{
	if (v < 9.95)
		buf_addf(out, "%.1f", v);
	else
		text_number(out, (unsigned long long)(v + 0.5));
}

/* While it runs the rate of the last seconds, afterwards that of the whole run. */
static double rate_of(const struct batch_row *r)
{
	if (r->state == BATCH_RUNNING)
		return progress_rate_pages(&r->rate);
	return r->n.elapsed_ms ? (double)r->n.run_pages * 1000 / (double)r->n.elapsed_ms : 0;
}

static void value(struct buf *b, const struct batch_row *r, enum column c)
{
	switch (c) {
	case COL_PAGES: text_number(b, r->n.pages); break;
	case COL_RATE: add_rate(b, rate_of(r)); break;
	case COL_QUEUED: text_number(b, r->n.queued); break;
	case COL_FAILED: text_number(b, r->n.failed); break;
	case COL_BYTES: text_bytes(b, r->n.bytes); break;
	case COL_TIME: text_duration(b, r->n.elapsed_ms); break;
	default: break;
	}
}

static void line(struct table *t, const struct batch_row *r)
{
	bool numbers = r->state != BATCH_WAITING && r->state != BATCH_BEFORE;
	int used = t->name;
	struct buf b = BUF_INIT;

	cell(t, r->state == BATCH_RUNNING ? BOLD : NULL, r->name, t->name, false);
	for (size_t c = 1; c < MEM_COUNT(columns); c++) {
		bool red = c == COL_FAILED && r->n.failed;
		if (!t->show[c])
			continue;
		buf_reset(&b);
		if (c == COL_STATE)
			buf_add_str(&b, states[r->state].name);
		else if (numbers)
			value(&b, r, (enum column)c);
		buf_add_str(t->out, "  ");
		cell(t,
			c == COL_STATE ? states[r->state].color
			: red	       ? RED
				       : NULL,
			b.data, columns[c].width, c > COL_STATE);
		used += 2 + columns[c].width;
	}
	if (*r->text && t->width - used > 12) {
		buf_reset(&b);
		text_terminal(&b, r->text, strnlen(r->text, sizeof(r->text)));
		buf_add_str(t->out, "  ");
		cell(t, DIM, b.data, t->width - used - 2, false);
	}
	buf_release(&b);
	end_line(t);
}

/* ---- the table ----------------------------------------------------------------------------- */

static void count_states(const struct batch_row *rows, size_t n, size_t *counts)
{
	memset(counts, 0, MEM_COUNT(states) * sizeof(*counts));
	for (size_t i = 0; i < n; i++)
		counts[rows[i].state]++;
}

/* Which rank still fits whole, and how many of the next one. */
static void choose(const struct batch_row *rows, size_t n, size_t room, int *rank, size_t *rest)
{
	for (*rank = 0; *rank <= 4; ++*rank) {
		size_t k = 0;
		for (size_t i = 0; i < n; i++)
			k += states[rows[i].state].rank == *rank;
		if (k > room)
			break;
		room -= k;
	}
	*rest = room;
}

static void left_out(struct table *t, const size_t *counts)
{
	struct buf b = BUF_INIT;
	size_t total = 0;

	for (size_t i = 0; i < MEM_COUNT(states); i++) {
		if (!counts[i])
			continue;
		buf_addf(&b, "%s%zu %s", total ? ", " : "", counts[i], states[i].name);
		total += counts[i];
	}
	if (total) {
		struct buf text = BUF_INIT;
		buf_addf(&text, "%zu more: %s", total, b.data);
		cell(t, DIM, text.data, t->width, false);
		end_line(t);
		buf_release(&text);
	}
	buf_release(&b);
}

int batch_table(
	struct buf *out, const struct batch_row *rows, size_t n, const struct progress_look *look)
{
	int width = look->columns > 0 ? look->columns : 80,
	    height = look->rows > 0 ? look->rows : 24;
	struct table t = {.out = out, .look = look, .width = (width > 30 ? width : 30) - 1};
	size_t room = height > 5 ? (size_t)height - 3 : 2, rest = 0,
	       skipped[MEM_COUNT(states)] = {0};
	int rank = 5;

	t.name = 4;
	for (size_t i = 0; i < n; i++)
		if ((int)strlen(rows[i].name) > t.name)
			t.name = (int)strlen(rows[i].name);
	if (t.name > t.width / 4)
		t.name = t.width / 4;
	choose_columns(&t);
	if (n > room + 1)
		choose(rows, n, room, &rank, &rest);
	heading(&t);
	for (size_t i = 0; i < n; i++) {
		int mine = states[rows[i].state].rank;
		if (mine < rank)
			line(&t, &rows[i]);
		else if (mine == rank && rest && rest--)
			line(&t, &rows[i]);
		else
			skipped[rows[i].state]++;
	}
	left_out(&t, skipped);
	return t.lines;
}

/* ---- plain and JSON ------------------------------------------------------------------------ */

void batch_line(struct buf *out, const struct batch_row *r)
{
	text_number(out, r->n.pages);
	buf_add_str(out, " pages, ");
	add_rate(out, rate_of(r));
	buf_add_str(out, " pages/s, ");
	text_number(out, r->n.queued);
	buf_add_str(out, " queued, ");
	text_number(out, r->n.failed);
	buf_add_str(out, " failed, ");
	text_bytes(out, r->n.bytes);
	buf_add_str(out, ", ");
	text_duration(out, r->n.elapsed_ms);
}

void batch_json(struct buf *out, const struct batch_row *r)
{
	buf_add_str(out, "\"job\":");
	text_json(out, r->name, strlen(r->name));
	buf_addf(out, ",\"state\":\"%s\"", states[r->state].name);
	if (r->state != BATCH_WAITING && r->state != BATCH_RUNNING)
		buf_addf(out, ",\"exit_status\":%d", r->status);
	buf_add_str(out, ",\"text\":");
	text_json(out, r->text, strnlen(r->text, sizeof(r->text)));
	buf_addf(out,
		",\"pages\":%llu,\"pages_per_s\":%.1f,\"queued\":%llu,\"failed\":%llu,"
		"\"bytes_wire\":%llu,\"elapsed_ms\":%llu",
		(unsigned long long)r->n.pages, rate_of(r), (unsigned long long)r->n.queued,
		(unsigned long long)r->n.failed, (unsigned long long)r->n.bytes,
		(unsigned long long)r->n.elapsed_ms);
}

void batch_sum(struct buf *out, const struct batch_row *rows, size_t n)
{
	static const struct {
		enum batch_state state;
		const char *words;
	} parts[] = {{BATCH_RUNNING, "running"}, {BATCH_FAILED, "failed"},
		{BATCH_STOPPED, "stopped"}, {BATCH_WAITING, "not started"}};
	size_t counts[MEM_COUNT(states)];

	count_states(rows, n, counts);
	buf_addf(out, "%zu of %zu %s done", counts[BATCH_DONE] + counts[BATCH_BEFORE], n,
		n == 1 ? "job" : "jobs");
	if (counts[BATCH_BEFORE])
		buf_addf(out, " (%zu before)", counts[BATCH_BEFORE]);
	for (size_t i = 0; i < MEM_COUNT(parts); i++)
		if (counts[parts[i].state])
			buf_addf(out, ", %zu %s", counts[parts[i].state], parts[i].words);
}
