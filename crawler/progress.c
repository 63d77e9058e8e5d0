#include "crawler/progress.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/log.h"
#include "config/mem.h"
#include "config/text.h"

#define PLAIN_EVERY_MS 5000

enum face { FACE_NONE, FACE_LIVE, FACE_PLAIN, FACE_JSON };

struct progress {
	enum face face;
	struct progress_look look;
	struct progress_rate rate;
	struct progress_stats last;
	bool have_last;
	int64_t next_plain_ms; /* when the next plain line is due */
	bool closing;

	/* Log lines come from any thread: what they touch is behind this lock. log.c calls
	 * the hook under its own lock, so nothing here may log while holding this one. */
	pthread_mutex_t lock;
	struct buf block; /* as last drawn */
	int lines;	  /* of it, on the screen now; 0 = cleared */
};

static void write_all(const struct buf *b)
{
	size_t done = 0;

	while (done < b->len) {
		ssize_t n = write(STDERR_FILENO, b->data + done, b->len - done);
		if (n <= 0)
			return; /* the terminal is gone; the crawl goes on */
		done += (size_t)n;
	}
}

/* How many rows a line takes: its columns, without escape sequences, over the width. */
static int line_rows(const char *s, size_t len, int columns)
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
	if (start < len)
		cols += text_columns(s + start, len - start);
	return cols <= (size_t)columns ? 1 : (int)((cols + (size_t)columns - 1) / (size_t)columns);
}

/* Up to the first row of the block. A terminal that became narrower since has wrapped
 * the lines we drew. */
static void add_up(const struct progress *p, struct buf *out)
{
	const char *s = p->block.data;
	int rows = 0;

	if (!p->lines)
		return;
	while (*s) {
		size_t n = strcspn(s, "\n");
		rows += line_rows(s, n, p->look.columns);
		s += n + (s[n] == '\n');
	}
	buf_addf(out, "\033[%dA\r", rows < p->look.rows ? rows : p->look.rows - 1);
}

static void add_clear(struct progress *p, struct buf *out)
{
	progress_look_at(&p->look, STDERR_FILENO);
	add_up(p, out);
	buf_add_str(out, p->lines ? "\033[J" : "");
	p->lines = 0;
}

static void before_log(void *arg)
{
	struct progress *p = arg;
	struct buf out = BUF_INIT;

	pthread_mutex_lock(&p->lock);
	add_clear(p, &out);
	write_all(&out);
	buf_release(&out);
}

/* The lock is held from before the line to after it: a tick in between would draw
 * the block where the line is going to be. */
static void after_log(void *arg)
{
	struct progress *p = arg;

	write_all(&p->block);
	for (size_t i = 0; i < p->block.len; i++)
		p->lines += p->block.data[i] == '\n';
	pthread_mutex_unlock(&p->lock);
}

static bool locale_is_utf8(void)
{
	const char *l = getenv("LC_ALL");

	if (!l || !*l)
		l = getenv("LC_CTYPE");
	if (!l || !*l)
		l = getenv("LANG");
	return l && (strcasestr(l, "utf-8") || strcasestr(l, "utf8"));
}

void progress_look_at(struct progress_look *look, int fd)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	struct winsize ws;

	look->columns = 80;
	look->rows = 24;
	if (!ioctl(fd, TIOCGWINSZ, &ws) && ws.ws_col && ws.ws_row) {
		look->columns = ws.ws_col;
		look->rows = ws.ws_row;
	}
	look->color = isatty(fd) && term && strcmp(term, "dumb") && !(no_color && *no_color);
	look->utf8 = locale_is_utf8();
}

/* More lines than the terminal has could not be cleared again: the last ones go. */
static void cut_rows(struct progress *p)
{
	int lines = 0;

	for (size_t i = 0; i < p->block.len; i++) {
		if (p->block.data[i] == '\n' && ++lines == p->look.rows - 1) {
			buf_set_len(&p->block, i + 1);
			p->lines = lines;
			return;
		}
	}
}

static enum face choose_face(const struct settings *s)
{
	const char *term = getenv("TERM");
	bool tty = isatty(STDERR_FILENO);

	if (s->quiet || s->progress == PROGRESS_NEVER)
		return FACE_NONE;
	if (s->log_format == LOG_FORMAT_JSON)
		return FACE_JSON;
	return tty && term && strcmp(term, "dumb") ? FACE_LIVE : FACE_PLAIN;
}

struct progress *progress_open(const struct settings *s)
{
	struct progress *p = mem_zalloc(sizeof(*p));

	p->face = choose_face(s);
	progress_look_at(&p->look, STDERR_FILENO);
	p->next_plain_ms = clock_ms() + PLAIN_EVERY_MS;
	buf_init(&p->block);
	pthread_mutex_init(&p->lock, NULL);
	if (p->face == FACE_LIVE)
		log_hook(before_log, after_log, p);
	return p;
}

/* Over the old block, line by line, and one write: nothing on the screen blinks. */
static void draw_live(struct progress *p, const struct progress_stats *st)
{
	struct buf out = BUF_INIT;

	progress_look_at(&p->look, STDERR_FILENO); /* the size may have changed */
	pthread_mutex_lock(&p->lock);
	add_up(p, &out);
	buf_reset(&p->block);
	p->lines = progress_block(&p->block, st, &p->rate, &p->look);
	cut_rows(p);
	for (size_t i = 0; i < p->block.len; i++) {
		if (p->block.data[i] == '\n')
			buf_add_str(&out, "\033[K");
		buf_add_ch(&out, p->block.data[i]);
	}
	buf_add_str(&out, "\033[J");
	write_all(&out);
	pthread_mutex_unlock(&p->lock);
	buf_release(&out);
}

static void draw_line(struct progress *p, const struct progress_stats *st)
{
	struct buf line = BUF_INIT;

	if (p->face == FACE_JSON) {
		progress_json(&line, st, &p->rate);
		log_event(LOG_INFO, "progress", line.data);
	} else {
		progress_line(&line, st, &p->rate);
		log_info("%s", line.data);
	}
	buf_release(&line);
}

void progress_tick(struct progress *p, const struct progress_stats *st)
{
	int64_t now = clock_ms();

	if (p->face == FACE_NONE)
		return;
	progress_rate_add(&p->rate, (uint64_t)now, st->pages, st->bytes_wire);
	p->last = *st;
	p->have_last = true;
	if (p->face == FACE_LIVE) {
		draw_live(p, st);
	} else if (now >= p->next_plain_ms) {
		/* Due times stay on the grid, unless a stall made us miss some. */
		p->next_plain_ms += PLAIN_EVERY_MS;
		if (p->next_plain_ms <= now)
			p->next_plain_ms = now + PLAIN_EVERY_MS;
		draw_line(p, st);
	}
}

void progress_close(struct progress *p)
{
	struct buf out = BUF_INIT;

	if (!p)
		return;
	if (p->face == FACE_LIVE) {
		log_hook(NULL, NULL, NULL);
		add_clear(p, &out);
		write_all(&out);
	} else if (p->have_last && p->face != FACE_NONE) {
		draw_line(p, &p->last);
	}
	buf_release(&out);
	buf_release(&p->block);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
