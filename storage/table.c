#include "storage/table.h"

#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "config/text.h"
#include "storage/cell.h"

struct table_cell {
	char *text;
	size_t columns;
	bool number;
};

struct table {
	FILE *out;
	int n; /* columns */
	size_t *width;
	struct table_cell *head;
	struct table_cell *held; /* nrows * n cells */
	size_t nrows, cap;
	bool streaming;
	struct buf line;
};

/* Cuts escaped text to TABLE_CELL columns, at a character. */
static void cut(struct buf *b, size_t columns)
{
	size_t len = b->len;

	if (columns <= TABLE_CELL)
		return;
	/* Every character is at least one byte; what is left takes at most 2 columns each. */
	if (len > (TABLE_CELL - 3) * 4)
		len = (TABLE_CELL - 3) * 4;
	for (;;) {
		while (len && ((unsigned char)b->data[len] & 0xc0) == 0x80)
			len--;
		if (!len || text_columns(b->data, len) <= TABLE_CELL - 3)
			break;
		len--;
	}
	buf_set_len(b, len);
	buf_add_str(b, "...");
}

static struct table_cell cell_make(struct buf *b, bool number)
{
	struct table_cell c = {.number = number};

	cut(b, text_columns(b->data, b->len));
	c.columns = text_columns(b->data, b->len);
	c.text = buf_take(b);
	return c;
}

static struct table_cell cell_read(sqlite3_stmt *s, int at)
{
	int type = sqlite3_column_type(s, at);
	struct buf b = BUF_INIT;

	cell_terminal(&b, s, at);
	return cell_make(&b, type == SQLITE_INTEGER || type == SQLITE_FLOAT);
}

struct table *table_open(sqlite3_stmt *s, FILE *out)
{
	struct table *t = mem_zalloc(sizeof(*t));

	t->out = out;
	t->n = sqlite3_column_count(s);
	t->width = mem_array((size_t)t->n, sizeof(*t->width));
	t->head = mem_array((size_t)t->n, sizeof(*t->head));
	buf_init(&t->line);
	for (int i = 0; i < t->n; i++) {
		const char *name = sqlite3_column_name(s, i);
		struct buf b = BUF_INIT;
		text_terminal(&b, name, strlen(name));
		t->head[i] = cell_make(&b, false);
		t->width[i] = t->head[i].columns;
	}
	return t;
}

static void add_spaces(struct buf *out, size_t n)
{
	while (n--)
		buf_add_ch(out, ' ');
}

static void add_cell(struct table *t, int i, const struct table_cell *c)
{
	size_t pad = t->width[i] > c->columns ? t->width[i] - c->columns : 0;

	if (i)
		add_spaces(&t->line, 2);
	if (c->number)
		add_spaces(&t->line, pad);
	buf_add_str(&t->line, c->text);
	if (!c->number && i + 1 < t->n)
		add_spaces(&t->line, pad);
}

static int write_row(struct table *t, const struct table_cell *cells, struct err *err)
{
	for (int i = 0; i < t->n; i++)
		add_cell(t, i, &cells[i]);
	buf_add_ch(&t->line, '\n');
	return cell_flush(&t->line, t->out, err);
}

static int write_head(struct table *t, struct err *err)
{
	if (write_row(t, t->head, err) < 0)
		return -1;
	for (int i = 0; i < t->n; i++) {
		if (i)
			add_spaces(&t->line, 2);
		for (size_t k = 0; k < t->width[i]; k++)
			buf_add_ch(&t->line, '-');
	}
	buf_add_ch(&t->line, '\n');
	return cell_flush(&t->line, t->out, err);
}

static void free_cells(struct table_cell *cells, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(cells[i].text);
	free(cells);
}

/* The widths are known: what was held goes out, and all that follows at once. */
static int start_streaming(struct table *t, struct err *err)
{
	int ret = write_head(t, err);

	for (size_t i = 0; i < t->nrows && ret == 0; i++)
		ret = write_row(t, t->held + i * (size_t)t->n, err);
	free_cells(t->held, t->nrows * (size_t)t->n);
	t->held = NULL;
	t->nrows = t->cap = 0;
	t->streaming = true;
	return ret;
}

static int stream_row(struct table *t, sqlite3_stmt *s, struct err *err)
{
	struct table_cell *cells = mem_array((size_t)t->n, sizeof(*cells));
	int ret;

	for (int i = 0; i < t->n; i++)
		cells[i] = cell_read(s, i);
	ret = write_row(t, cells, err);
	free_cells(cells, (size_t)t->n);
	return ret;
}

int table_row(struct table *t, sqlite3_stmt *s, struct err *err)
{
	struct table_cell *row;

	if (!t->streaming && t->nrows == TABLE_AHEAD && start_streaming(t, err) < 0)
		return -1;
	if (t->streaming)
		return stream_row(t, s, err);
	if (t->nrows == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 16;
		t->held = mem_realloc(t->held, t->cap * (size_t)t->n * sizeof(*t->held));
	}
	row = t->held + t->nrows++ * (size_t)t->n;
	for (int i = 0; i < t->n; i++) {
		row[i] = cell_read(s, i);
		if (row[i].columns > t->width[i])
			t->width[i] = row[i].columns;
	}
	return 0;
}

int table_end(struct table *t, struct err *err)
{
	return t->streaming ? 0 : start_streaming(t, err);
}

void table_close(struct table *t)
{
	if (!t)
		return;
	free_cells(t->head, (size_t)t->n);
	free_cells(t->held, t->nrows * (size_t)t->n);
	free(t->width);
	buf_release(&t->line);
	free(t);
}
