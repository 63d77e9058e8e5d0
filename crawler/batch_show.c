/* batch_show.c - what is seen of a batch while it runs, and its last table.
 *
 * On a terminal one table, redrawn in place, log lines above it; elsewhere plain lines, or
 * events with --log-format json. One thread.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/log.h"
#include "config/mem.h"
#include "config/text.h"
#include "crawler/batch.h"

#define LIVE_EVERY_MS  200
#define PLAIN_EVERY_MS 5000

enum face { FACE_NONE, FACE_LIVE, FACE_PLAIN, FACE_JSON };

struct batch_show {
	enum face face;
	enum log_format format;
	bool quiet;
	struct progress_look look;
	int64_t next_ms, began_ms;
	struct buf block; /* as last drawn */
	bool drawn;
};

static void write_all(const struct buf *b)
{
	size_t done = 0;

	while (done < b->len) {
		ssize_t n = write(STDERR_FILENO, b->data + done, b->len - done);
		if (n <= 0)
			return; /* the terminal is gone; the jobs go on */
		done += (size_t)n;
	}
}

/* ---- the block ----------------------------------------------------------------------------- */

/* Columns of a line without its escape sequences. */
static size_t line_columns(const char *s, size_t len)
{
	size_t cols = 0, start = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] != '\033')
			continue;
		cols += text_columns(s + start, i - start);
		while (i < len && s[i] != 'm')
			i++;
		start = i + 1;
	}
	return start < len ? cols + text_columns(s + start, len - start) : cols;
}

/* Up to the first row of what is on the screen. A terminal that became narrower since has
 * wrapped the lines. */
static void add_up(const struct batch_show *s, struct buf *out)
{
	size_t rows = 0, width = (size_t)s->look.columns;

	if (!s->drawn)
		return;
	for (const char *p = s->block.data; *p;) {
		size_t n = strcspn(p, "\n"), cols = line_columns(p, n);
		rows += cols <= width ? 1 : (cols + width - 1) / width;
		p += n + (p[n] == '\n');
	}
	if (rows >= (size_t)s->look.rows)
		rows = (size_t)s->look.rows - 1;
	if (rows)
		buf_addf(out, "\033[%zuA", rows);
	buf_add_ch(out, '\r');
}

static void clear(struct batch_show *s)
{
	struct buf out = BUF_INIT;

	if (s->drawn) {
		progress_look_at(&s->look, STDERR_FILENO);
		add_up(s, &out);
		buf_add_str(&out, "\033[J");
		write_all(&out);
	}
	s->drawn = false;
	buf_release(&out);
}

static void before_log(void *arg)
{
	clear(arg);
}

static void after_log(void *arg)
{
	struct batch_show *s = arg;

	write_all(&s->block);
	s->drawn = s->block.len > 0;
}

/* Over the old block, line by line, in one write: nothing blinks. */
static void draw(struct batch_show *s, const struct batch_row *rows, size_t n)
{
	struct buf out = BUF_INIT;

	progress_look_at(&s->look, STDERR_FILENO);
	add_up(s, &out);
	buf_reset(&s->block);
	batch_table(&s->block, rows, n, &s->look);
	for (size_t i = 0; i < s->block.len; i++) {
		if (s->block.data[i] == '\n')
			buf_add_str(&out, "\033[K");
		buf_add_ch(&out, s->block.data[i]);
	}
	buf_add_str(&out, "\033[J");
	write_all(&out);
	s->drawn = true;
	buf_release(&out);
}

/* ---- the object ---------------------------------------------------------------------------- */

static enum face choose(const struct batch_opts *o)
{
	const char *term = getenv("TERM");

	if (o->quiet || o->progress == PROGRESS_NEVER)
		return o->log_format == LOG_FORMAT_JSON && !o->quiet ? FACE_JSON : FACE_NONE;
	if (o->log_format == LOG_FORMAT_JSON)
		return FACE_JSON;
	return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0 ? FACE_LIVE : FACE_PLAIN;
}

struct batch_show *batch_show_open(const struct batch_opts *o)
{
	struct batch_show *s = mem_zalloc(sizeof(*s));

	s->face = choose(o);
	s->format = o->log_format;
	s->quiet = o->quiet;
	s->began_ms = clock_ms();
	s->next_ms = s->began_ms + (s->face == FACE_LIVE ? 0 : PLAIN_EVERY_MS);
	progress_look_at(&s->look, STDERR_FILENO);
	buf_init(&s->block);
	if (s->face == FACE_LIVE)
		log_hook(before_log, after_log, s);
	return s;
}

static void say(const struct batch_show *s, const char *event, const struct batch_row *row)
{
	struct buf line = BUF_INIT;

	if (s->face == FACE_JSON) {
		batch_json(&line, row);
		log_event(LOG_INFO, event, line.data);
	} else {
		batch_line(&line, row);
		log_info("%s: %s", row->name, line.data);
	}
	buf_release(&line);
}

void batch_show_tick(struct batch_show *s, const struct batch_row *rows, size_t n)
{
	int64_t now = clock_ms();

	if (s->face == FACE_NONE || now < s->next_ms)
		return;
	s->next_ms = now + (s->face == FACE_LIVE ? LIVE_EVERY_MS : PLAIN_EVERY_MS);
	if (s->face == FACE_LIVE) {
		draw(s, rows, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (rows[i].state == BATCH_RUNNING)
			say(s, "job_progress", &rows[i]);
}

void batch_show_event(struct batch_show *s, const char *event, const struct batch_row *row)
{
	struct buf line = BUF_INIT;
	bool bad = row->state == BATCH_FAILED;

	if (s->face == FACE_JSON) {
		batch_json(&line, row);
		log_event(bad ? LOG_ERROR : LOG_INFO, event, line.data);
		buf_release(&line);
		return;
	}
	if (row->state != BATCH_RUNNING)
		buf_addf(&line, "%s: ", batch_state_name(row->state));
	buf_add_str(&line, row->text);
	if (row->state == BATCH_DONE || row->state == BATCH_STOPPED) {
		buf_add_str(&line, "; ");
		batch_line(&line, row);
	}
	/* On a terminal the table says it; what went wrong stays to be read. */
	if (bad)
		log_error("%s: %s (log: %s)", row->name, line.data, row->log);
	else if (s->face == FACE_PLAIN && strcmp(event, "job_start") != 0)
		log_info("%s: %s", row->name, line.data);
	buf_release(&line);
}

static void last_words(
	const struct batch_show *s, const struct batch_row *rows, size_t n, struct buf *out)
{
	struct progress_look look = s->look;

	look.rows = (int)n + 8; /* all of them, however low the terminal is */
	buf_add_ch(out, '\n');
	batch_table(out, rows, n, &look);
	buf_add_ch(out, '\n');
	batch_sum(out, rows, n);
	buf_add_str(out, " in ");
	text_duration(out, (unsigned long long)(clock_ms() - s->began_ms));
	buf_add_str(out, ".\n");
}

void batch_show_close(struct batch_show *s, const struct batch_row *rows, size_t n, int status)
{
	struct buf out = BUF_INIT;

	if (s->face == FACE_LIVE)
		log_hook(NULL, NULL, NULL);
	clear(s);
	progress_look_at(&s->look, STDERR_FILENO);
	if (s->format == LOG_FORMAT_JSON) {
		buf_addf(&out, "\"exit_status\":%d,\"text\":\"", status);
		batch_sum(&out, rows, n);
		buf_addf(&out, "\",\"elapsed_ms\":%lld", (long long)(clock_ms() - s->began_ms));
		log_event(status ? LOG_ERROR : LOG_INFO, "batch_end", out.data);
	} else if (!s->quiet || status != EXIT_OK) {
		last_words(s, rows, n, &out);
		write_all(&out);
	}
	buf_release(&out);
	buf_release(&s->block);
	free(s);
}
