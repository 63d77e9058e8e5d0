/* cmd_status.c - skitter status FILE.db: how a crawl stands, running or not. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/mem.h"
#include "config/text.h"
#include "crawler/cmd.h"
#include "crawler/cmd_util.h"
#include "crawler/progress.h"
#include "storage/lockfile.h"
#include "storage/store_read.h"

#define TOP_HOSTS  10
#define TOP_FLIGHT 8

struct outcome {
	int status;
	char *error;
	uint64_t n;
};

struct host_row {
	char *name, *state;
	uint64_t pages, errors, bytes;
	double delay_ms;
};

struct status {
	const char *path;
	char *state; /* as stored; a crawl that was killed never said so */
	bool held;   /* a process is writing it */
	long pid;
	struct store_counts counts;
	struct outcome *outcomes;
	size_t noutcomes;
	struct host_row hosts[TOP_HOSTS]; /* most pages first */
	size_t nhosts;
	json_t *recent; /* one row: n, first, last (Unix ms) of the newest fetches; started */
	json_t *live;	/* url, state of what is in flight */
};

static void on_outcome(void *arg, int http, const char *error, uint64_t n)
{
	struct status *s = arg;

	s->outcomes = mem_realloc(s->outcomes, (s->noutcomes + 1) * sizeof(*s->outcomes));
	s->outcomes[s->noutcomes++] = (struct outcome){http, mem_strdup(error), n};
}

/* Keeps the hosts with most pages, in order. */
static void on_host(void *arg, const struct store_host *h)
{
	struct status *s = arg;
	size_t at = s->nhosts;

	while (at && s->hosts[at - 1].pages < h->pages)
		at--;
	if (at == TOP_HOSTS)
		return;
	if (s->nhosts == TOP_HOSTS) {
		free(s->hosts[TOP_HOSTS - 1].name);
		free(s->hosts[TOP_HOSTS - 1].state);
	} else {
		s->nhosts++;
	}
	memmove(&s->hosts[at + 1], &s->hosts[at], (s->nhosts - 1 - at) * sizeof(s->hosts[0]));
	s->hosts[at] = (struct host_row){mem_strdup(h->name), mem_strdup(h->state), h->pages,
		h->errors, h->bytes, h->delay_ms};
}

static void status_release(struct status *s)
{
	for (size_t i = 0; i < s->noutcomes; i++)
		free(s->outcomes[i].error);
	free(s->outcomes);
	for (size_t i = 0; i < s->nhosts; i++) {
		free(s->hosts[i].name);
		free(s->hosts[i].state);
	}
	free(s->state);
	json_decref(s->recent);
	json_decref(s->live);
	memset(s, 0, sizeof(*s));
}

static int status_read(struct status *s, struct store *st, struct err *err)
{
	s->path = store_path(st);
	s->state = store_meta_get(st, "state");
	s->held = lockfile_is_held(s->path, &s->pid);
	if (s->state && !s->held && !strcmp(s->state, "running")) {
		free(s->state);
		s->state = mem_strdup("killed");
	}
	if (store_counts(st, &s->counts, err) < 0 || store_outcomes(st, on_outcome, s, err) < 0 ||
		store_load_hosts(st, on_host, s, err) < 0)
		return -1;
	s->recent = cmd_query(st,
		"select count(*) as n, min(ms) as first, max(ms) as last,"
		" (select strftime('%Y-%m-%d %H:%M:%SZ', fetched_ms / 1000, 'unixepoch') from fetch"
		" order by id limit 1) as started from"
		" (select fetched_ms as ms from fetch order by id desc limit 2000)",
		err);
	s->live = cmd_query(st,
		"select u.url as url, l.state as state from live l join url u on u.id = l.url_id"
		" where l.state = 'in flight' order by l.url_id limit 8",
		err);
	return s->recent && s->live ? 0 : -1;
}

/* Pages per second over the newest fetches; negative = too few to say. */
static double recent_rate(const struct status *s)
{
	const json_t *row = json_array_get(s->recent, 0);
	json_int_t n = json_integer_value(json_object_get(row, "n"));
	json_int_t first = json_integer_value(json_object_get(row, "first"));
	json_int_t last = json_integer_value(json_object_get(row, "last"));

	return n > 1 && last > first ? (double)(n - 1) * 1000 / (double)(last - first) : -1;
}

static int64_t last_fetch_ms(const struct status *s)
{
	return json_integer_value(json_object_get(json_array_get(s->recent, 0), "last"));
}

static const char *started_at(const struct status *s)
{
	return json_string_value(json_object_get(json_array_get(s->recent, 0), "started"));
}

/* ---- for people ---- */

static void label(struct buf *out, const char *word)
{
	buf_addf(out, "%-12s", word);
}

static void count(struct buf *out, uint64_t n, const char *what)
{
	text_number(out, n);
	buf_addf(out, " %s", what);
}

static void add_head(struct buf *out, const struct status *s)
{
	int64_t last = last_fetch_ms(s), now = clock_wall_ms();

	cmd_add_line(out, s->path);
	buf_add_str(out, ": ");
	cmd_add_line(out, s->state ? s->state : "unknown");
	if (s->held && s->pid)
		buf_addf(out, " (process %ld)", s->pid);
	if (started_at(s)) {
		buf_add_str(out, ", first fetch ");
		cmd_add_line(out, started_at(s));
	}
	if (last && now >= last) {
		buf_add_str(out, ", last fetch ");
		text_duration(out, (unsigned long long)(now - last));
		buf_add_str(out, " ago");
	}
	buf_add_str(out, "\n\n");
}

static void add_counts(struct buf *out, const struct status *s)
{
	const struct store_counts *c = &s->counts;
	double rate = recent_rate(s);

	label(out, "URLs");
	count(out, c->discovered, "discovered = ");
	count(out, c->fetched, "fetched + ");
	count(out, c->failed, "failed + ");
	count(out, c->excluded, "excluded + ");
	count(out, c->left, "left\n");
	if (c->left) {
		label(out, "Left");
		count(out, c->queued, "queued, ");
		count(out, c->in_flight, "in flight, ");
		count(out, c->deferred, "deferred\n");
	}
	label(out, "Fetches");
	count(out, c->fetches, "attempts, ");
	text_bytes(out, c->wire_bytes);
	buf_add_str(out, " received, ");
	text_bytes(out, c->body_bytes);
	buf_add_str(out, " decoded");
	if (rate >= 0) {
		buf_add_str(out, ", lately ");
		if (rate < 9.95)
			buf_addf(out, "%.1f", rate);
		else
			text_number(out, (unsigned long long)(rate + 0.5));
		buf_add_str(out, " per second");
	}
	buf_add_ch(out, '\n');
}

static void add_outcomes(struct buf *out, const struct status *s, bool errors)
{
	size_t shown = 0;

	for (size_t i = 0; i < s->noutcomes && shown < 12; i++) {
		const struct outcome *o = &s->outcomes[i];
		if (errors != (o->error != NULL) || (!errors && !o->status))
			continue;
		if (!shown++)
			label(out, errors ? "Errors" : "Answers");
		else
			buf_add_str(out, ", ");
		if (errors)
			cmd_add_line(out, o->error);
		else
			buf_addf(out, "%d", o->status);
		buf_add_str(out, ": ");
		text_number(out, o->n);
	}
	if (shown)
		buf_add_ch(out, '\n');
}

static void add_hosts(struct buf *out, const struct status *s)
{
	size_t width = 4;

	if (!s->nhosts)
		return;
	for (size_t i = 0; i < s->nhosts; i++) {
		size_t w = text_columns(s->hosts[i].name, strlen(s->hosts[i].name));
		width = w > width ? w : width;
	}
	buf_add_ch(out, '\n');
	buf_addf(out, "%-*s  %-10s %10s %8s %10s  %s\n", (int)width, "Host", "State", "Pages",
		"Errors", "Bytes", "Delay");
	for (size_t i = 0; i < s->nhosts; i++) {
		const struct host_row *h = &s->hosts[i];
		struct buf bytes = BUF_INIT;
		size_t start = out->len;
		text_bytes(&bytes, h->bytes);
		cmd_add_line(out, h->name);
		while (text_columns(out->data + start, out->len - start) < width)
			buf_add_ch(out, ' ');
		buf_addf(out, "  %-10s %10llu %8llu %10s  %.2f s\n", h->state ? h->state : "",
			(unsigned long long)h->pages, (unsigned long long)h->errors, bytes.data,
			h->delay_ms / 1000);
		buf_release(&bytes);
	}
	if (s->counts.hosts > s->nhosts) {
		buf_add_str(out, "and ");
		count(out, s->counts.hosts - s->nhosts, "more\n");
	}
}

static void add_live(struct buf *out, const struct status *s)
{
	size_t n = json_array_size(s->live);

	if (!n)
		return;
	buf_add_str(out, "\nIn flight\n");
	for (size_t i = 0; i < n; i++) {
		buf_add_str(out, "  ");
		cmd_add_line(
			out, json_string_value(json_object_get(json_array_get(s->live, i), "url")));
		buf_add_ch(out, '\n');
	}
	if (s->counts.in_flight > n) {
		buf_add_str(out, "  and ");
		count(out, s->counts.in_flight - n, "more\n");
	}
}

static void status_text(struct buf *out, const struct status *s)
{
	add_head(out, s);
	add_counts(out, s);
	add_outcomes(out, s, false);
	add_outcomes(out, s, true);
	add_hosts(out, s);
	add_live(out, s);
	if (s->state && !s->held && strcmp(s->state, "finished")) {
		buf_add_str(out, "\nIt goes on with: skitter resume ");
		cmd_add_line(out, s->path);
		buf_add_ch(out, '\n');
	}
}

/* ---- for machines ---- */

static json_t *text_or_null(const char *s)
{
	json_t *j = s ? json_string(s) : NULL;

	return j ? j : json_null();
}

static json_t *counts_json(const struct store_counts *c)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "discovered",
		(json_int_t)c->discovered, "fetched", (json_int_t)c->fetched, "failed",
		(json_int_t)c->failed, "excluded", (json_int_t)c->excluded, "left",
		(json_int_t)c->left, "queued", (json_int_t)c->queued, "in_flight",
		(json_int_t)c->in_flight, "deferred", (json_int_t)c->deferred, "fetches",
		(json_int_t)c->fetches, "wire_bytes", (json_int_t)c->wire_bytes, "body_bytes",
		(json_int_t)c->body_bytes, "hosts", (json_int_t)c->hosts);
}

static void status_json(struct buf *out, const struct status *s)
{
	json_t *o = json_object(), *answers = json_array(), *hosts = json_array();
	double rate = recent_rate(s);
	char *text;

	for (size_t i = 0; i < s->noutcomes; i++)
		json_array_append_new(
			answers, json_pack("{s:i,s:o,s:I}", "status", s->outcomes[i].status,
					 "error", text_or_null(s->outcomes[i].error), "n",
					 (json_int_t)s->outcomes[i].n));
	for (size_t i = 0; i < s->nhosts; i++)
		json_array_append_new(hosts,
			json_pack("{s:o,s:o,s:I,s:I,s:I,s:f}", "host",
				text_or_null(s->hosts[i].name), "state",
				text_or_null(s->hosts[i].state), "pages",
				(json_int_t)s->hosts[i].pages, "errors",
				(json_int_t)s->hosts[i].errors, "bytes",
				(json_int_t)s->hosts[i].bytes, "delay_ms", s->hosts[i].delay_ms));
	json_object_set_new(o, "file", text_or_null(s->path));
	json_object_set_new(o, "state", text_or_null(s->state));
	json_object_set_new(o, "first_fetch_at", text_or_null(started_at(s)));
	json_object_update_new(o, counts_json(&s->counts));
	json_object_set_new(o, "per_second", rate < 0 ? json_null() : json_real(rate));
	json_object_set_new(o, "outcomes", answers);
	json_object_set_new(o, "top_hosts", hosts);
	json_object_set(o, "in_flight_urls", s->live);
	text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(6));
	buf_add_str(out, text ? text : "{}");
	buf_add_ch(out, '\n');
	free(text);
	json_decref(o);
}

/* As many columns of a line of escaped text as fit. */
static size_t clip(const char *line, size_t len, size_t columns)
{
	while (len && text_columns(line, len) > columns) {
		len--;
		while (len && ((unsigned char)line[len] & 0xc0) == 0x80)
			len--;
	}
	return len;
}

/* What fits on the terminal, which may have become smaller: a line that wraps, or one too many,
 * would push the first ones out. */
static void show_fitted(const struct buf *text)
{
	struct winsize size = {0};
	const char *p = text->data, *end = p + text->len;
	size_t rows = 24, columns = 80;
	struct buf out = BUF_INIT;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1 && size.ws_col > 0) {
		rows = size.ws_row;
		columns = size.ws_col;
	}
	buf_add_str(&out, "\033[H\033[J");
	for (size_t row = 1; p < end && row < rows; row++) {
		size_t len = strcspn(p, "\n");
		buf_add(&out, p, clip(p, len, columns));
		buf_add_ch(&out, '\n');
		p += len + (p[len] == '\n');
	}
	fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
}

static int show_once(const char *path, bool json, bool watch, bool *running, struct err *err)
{
	struct store *st = store_open(path, STORE_READ, err);
	struct status s = {0};
	struct buf out = BUF_INIT;
	int rc = -1;

	if (st && !status_read(&s, st, err)) {
		if (json)
			status_json(&out, &s);
		else
			status_text(&out, &s);
		if (watch && s.held && !json && cmd_stdout_is_terminal()) {
			show_fitted(&out);
		} else {
			if (watch && *running && !json && cmd_stdout_is_terminal())
				fputs("\033[H\033[J", stdout);
			fwrite(out.data, 1, out.len, stdout);
		}
		fflush(stdout);
		*running = s.held;
		rc = ferror(stdout)
			     ? err_set(err, EXIT_STORAGE, "cannot write: %s", strerror(errno))
			     : 0;
	}
	status_release(&s);
	store_close(st);
	buf_release(&out);
	return rc;
}

int cmd_status(int argc, char **argv)
{
	bool json = false, watch = false, running = false, help;
	const struct cmd_flag flags[] = {
		{"json", 0, NULL, &json, NULL}, {"watch", 'w', NULL, &watch, NULL}};
	const struct timespec pause = {.tv_sec = 1};
	struct err err = {0};
	const char *path;

	if (cmd_args(argc, argv, flags, MEM_COUNT(flags), &path, 1, 1, &help, &err) < 0)
		return cmd_fail(&err);
	if (help)
		return cmd_usage(cmd_find("status"), stdout), EXIT_OK;
	for (;;) {
		if (show_once(path, json, watch, &running, &err) < 0)
			return cmd_fail(&err);
		if (!watch || !running)
			return EXIT_OK;
		nanosleep(&pause, NULL);
	}
}
