/* cmd_search.c - skitter search FILE.db WORDS: full-text search, for people and for machines. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/mem.h"
#include "config/text.h"
#include "crawler/cmd.h"
#include "crawler/cmd_util.h"
#include "storage/cell.h"
#include "storage/search.h"

#define BOLD  "\033[1m"
#define DIM   "\033[2m"
#define PLAIN "\033[0m"

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = sig;
}

struct show {
	bool json, csv, colour;
	const char *query;
	struct buf out;
	uint64_t shown;
};

/* ---- for people ---- */

/* Text with what was found in bold; marks are in bytes of the text. */
static void add_marked(struct show *s, const struct buf *text, const struct search_mark *m,
	size_t n, const char *usual)
{
	size_t at = 0;

	for (size_t i = 0; i < n && s->colour; i++) {
		text_terminal(&s->out, text->data + at, m[i].start - at);
		buf_add_str(&s->out, BOLD "\033[33m");
		text_terminal(&s->out, text->data + m[i].start, m[i].end - m[i].start);
		buf_addf(&s->out, PLAIN "%s", usual);
		at = m[i].end;
	}
	text_terminal(&s->out, text->data + at, text->len - at);
}

/* The title, as far as it is read at a glance. */
static void add_title(struct show *s, const struct search_hit *h, const char *usual)
{
	struct buf title = h->title;
	size_t n = h->ntitle_marks;

	title.len = cmd_glance(title.data, title.len);
	while (n && h->title_marks[n - 1].end > title.len)
		n--;
	add_marked(s, &title, h->title_marks, n, usual);
	if (title.len < h->title.len)
		buf_add_str(&s->out, " \u2026");
}

static void add_hit(struct show *s, const struct search_hit *h)
{
	const char *usual = s->colour ? BOLD : "";

	if (s->shown)
		buf_add_ch(&s->out, '\n');
	buf_addf(&s->out, "%2llu  %s", (unsigned long long)h->rank, usual);
	if (h->title.len)
		add_title(s, h, usual);
	else
		buf_add_str(&s->out, "(no title)");
	buf_addf(&s->out, "%s\n    %s", s->colour ? PLAIN : "", s->colour ? DIM : "");
	cmd_add_line(&s->out, h->url);
	buf_addf(&s->out, "%s\n", s->colour ? PLAIN : "");
	if (!h->snippet.len)
		return;
	buf_add_str(&s->out, h->cut_front ? "    \u2026 " : "    ");
	add_marked(s, &h->snippet, h->snippet_marks, h->nsnippet_marks, "");
	buf_add_str(&s->out, h->cut_back ? " \u2026\n" : "\n");
}

/* ---- for machines ---- */

static void add_json_text(struct buf *out, const char *name, const char *text)
{
	buf_addf(out, ",\"%s\":", name);
	if (text)
		text_json(out, text, strlen(text));
	else
		buf_add_str(out, "null");
}

/* [before, found, between, found, after]: every second piece is what was found. */
static void add_json_marked(struct buf *out, const char *name, const struct buf *text,
	const struct search_mark *m, size_t n)
{
	size_t at = 0;

	buf_addf(out, ",\"%s\":[", name);
	for (size_t i = 0; i < n; i++) {
		text_json(out, text->data + at, m[i].start - at);
		buf_add_ch(out, ',');
		text_json(out, text->data + m[i].start, m[i].end - m[i].start);
		buf_add_ch(out, ',');
		at = m[i].end;
	}
	text_json(out, text->data + at, text->len - at);
	buf_add_ch(out, ']');
}

static void add_json_hit(struct show *s, const struct search_hit *h)
{
	buf_addf(&s->out, "%s{\"rank\":%llu,\"score\":%.6g", s->shown ? ",\n" : "",
		(unsigned long long)h->rank, h->score);
	add_json_text(&s->out, "url", h->url);
	buf_add_str(&s->out, ",\"title\":");
	if (h->title.len)
		text_json(&s->out, h->title.data, h->title.len);
	else
		buf_add_str(&s->out, "null");
	add_json_text(&s->out, "host", h->host);
	add_json_text(&s->out, "lang", h->lang);
	add_json_text(&s->out, "fetched_at", h->fetched_at);
	buf_add_str(&s->out, ",\"snippet\":");
	text_json(&s->out, h->snippet.data, h->snippet.len);
	add_json_marked(&s->out, "title_parts", &h->title, h->title_marks, h->ntitle_marks);
	add_json_marked(&s->out, "snippet_parts", &h->snippet, h->snippet_marks, h->nsnippet_marks);
	buf_add_ch(&s->out, '}');
}

static void add_csv_hit(struct show *s, const struct search_hit *h)
{
	if (!s->shown)
		buf_add_str(&s->out, "rank,score,url,title,host,lang,fetched_at,snippet\r\n");
	buf_addf(&s->out, "%llu,%.6g", (unsigned long long)h->rank, h->score);
	for (int i = 0; i < 6; i++) {
		const char *text[] = {
			h->url, h->title.data, h->host, h->lang, h->fetched_at, h->snippet.data};
		buf_add_ch(&s->out, ',');
		if (text[i])
			cell_csv_text(&s->out, text[i], strlen(text[i]), false);
	}
	buf_add_str(&s->out, "\r\n");
}

static void on_hit(void *arg, const struct search_hit *h)
{
	struct show *s = arg;

	if (s->json)
		add_json_hit(s, h);
	else if (s->csv)
		add_csv_hit(s, h);
	else
		add_hit(s, h);
	s->shown++;
}

/* ---- the index ---- */

struct building {
	bool terminal;
	int64_t began, said;
};

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
	struct building *b = arg;
	int64_t now = clock_ms(), took = now - b->began;
	struct buf line = BUF_INIT;

	/* Nobody needs to hear of what is over in a moment. */
	if (took < 1000 || now - b->said < (b->terminal ? 200 : 5000))
		return;
	b->said = now;
	buf_add_str(&line, b->terminal ? "\r\033[K" : "skitter: ");
	buf_add_str(&line, "indexing: ");
	text_number(&line, done);
	buf_add_str(&line, " of ");
	text_number(&line, total);
	buf_addf(&line, " pages (%.0f %%)", total ? 100.0 * (double)done / (double)total : 100.0);
	if (done && done < total) {
		buf_add_str(&line, ", about ");
		text_duration(&line,
			(unsigned long long)((double)took * (double)(total - done) / (double)done));
		buf_add_str(&line, " left");
	}
	fprintf(stderr, "%s%s", line.data, b->terminal ? "" : "\n");
	buf_release(&line);
}

static void on_waiting(void *arg, long pid)
{
	(void)arg;
	fprintf(stderr, "skitter: waiting for process %ld, which builds the index\n", pid);
}

/* What a reader of the results should know about the index; nothing where all is as usual. */
static void say_info(const char *path, const struct search_info *i, bool words)
{
	struct buf b = BUF_INIT;

	if (!words) {
		text_number(&b, i->pages);
		buf_add_str(&b, i->pages == 1 ? " page is indexed in " : " pages are indexed in ");
		cmd_add_line(&b, i->where);
		if (i->hidden) {
			buf_add_str(&b, "; not indexed: ");
			text_number(&b, i->hidden);
			buf_add_str(&b, i->hidden == 1 ? " page that says noindex"
						       : " pages that say noindex");
		}
		printf("%s\n", b.data);
	}
	if (i->running) {
		fputs("skitter: the crawl is still running; what is found is what it has stored",
			stderr);
		fprintf(stderr, i->newer ? " (%llu newest not indexed yet)\n" : "\n",
			(unsigned long long)i->newer);
	}
	if (i->temporary)
		fprintf(stderr,
			"skitter: nothing may be written beside %s, so the index was temporary and "
			"will be built again next time\n",
			path);
	buf_release(&b);
}

/* ---- asking ---- */

static void add_end(struct show *s, uint64_t found, const struct search_filter *f)
{
	if (s->json) {
		buf_addf(&s->out, "%s],\"found\":%llu}\n", s->shown ? "\n" : "",
			(unsigned long long)found);
		return;
	}
	if (s->csv)
		return;
	if (!found) {
		buf_add_str(&s->out, "Nothing found.\n");
		return;
	}
	buf_add_ch(&s->out, '\n');
	if (f->offset || s->shown < found) {
		text_number(&s->out, s->shown);
		buf_add_str(&s->out, " of ");
	}
	text_number(&s->out, found);
	buf_add_str(&s->out, found == 1 ? " page\n" : " pages\n");
}

static void begin_json(struct show *s)
{
	buf_add_str(&s->out, "{\"query\":");
	text_json(&s->out, s->query, strlen(s->query));
	buf_add_str(&s->out, ",\"pages\":[");
}

static int ask(
	struct search *search, struct show *s, const struct search_filter *f, struct err *err)
{
	struct buf left_out = BUF_INIT, shown = BUF_INIT;
	uint64_t found = 0;
	int rc;

	if (s->json)
		begin_json(s);
	rc = search_find(search, s->query, f, on_hit, s, &found, &left_out, err);
	if (!rc && left_out.len) {
		text_terminal(&shown, left_out.data, left_out.len);
		fprintf(stderr, "skitter: only words are indexed, so this was left out: %s\n",
			shown.data);
	}
	if (!rc)
		add_end(s, found, f);
	if (!rc && fwrite(s->out.data, 1, s->out.len, stdout) != s->out.len)
		rc = err_set(err, EXIT_STORAGE, "cannot write: %s", strerror(errno));
	buf_release(&left_out);
	buf_release(&shown);
	return rc;
}

static int read_number(
	const char *name, const char *word, uint64_t least, uint64_t *out, struct err *err)
{
	char *end;

	errno = 0;
	*out = strtoull(word, &end, 10);
	if (errno || *end || !*word || *word == '-' || *out < least || *out > SEARCH_MAX_LIMIT)
		return err_set(err, EXIT_USAGE,
			"--%s: expected a number from %llu to %d, found `%.40s`", name,
			(unsigned long long)least, SEARCH_MAX_LIMIT, word);
	return 0;
}

static int find_words(const char *path, struct show *s, const struct search_filter *f,
	struct search_opts *o, struct err *err)
{
	struct building b = {.terminal = isatty(STDERR_FILENO), .began = clock_ms()};
	struct sigaction act = {.sa_handler = on_signal};
	struct search_info info;
	struct search *search;
	int rc = 0;

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	o->progress = on_progress;
	o->waiting = on_waiting;
	o->arg = &b;
	o->stop = &stop;
	search = search_open(path, o, err);
	if (b.said && b.terminal)
		fputs("\r\033[K", stderr);
	if (!search)
		return -1;
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	o->arg = NULL; /* `b` is this function's */
	search_info(search, &info);
	if (*s->query)
		rc = ask(search, s, f, err);
	if (!rc)
		say_info(path, &info, *s->query != 0);
	search_close(search);
	return rc;
}

int cmd_search(int argc, char **argv)
{
	struct show s = {
		.colour = cmd_stdout_is_terminal() && !getenv("NO_COLOR"), .out = BUF_INIT};
	struct strlist hosts = {0};
	const char *limit = "10", *offset = "0", *pos[64];
	struct search_filter f = {0};
	struct search_opts o = {0};
	const struct cmd_flag flags[] = {{"host", 0, NULL, NULL, &hosts},
		{"lang", 'l', &f.lang, NULL, NULL}, {"limit", 'n', &limit, NULL, NULL},
		{"offset", 0, &offset, NULL, NULL}, {"json", 0, NULL, &s.json, NULL},
		{"csv", 0, NULL, &s.csv, NULL}, {"rebuild", 0, NULL, &o.rebuild, NULL}};
	struct buf query = BUF_INIT;
	struct err err = {0};
	bool help;
	int n = cmd_args(argc, argv, flags, MEM_COUNT(flags), pos, 1, MEM_COUNT(pos), &help, &err);
	int rc = n < 0 ? -1 : 0;

	if (!rc && help) {
		cmd_usage(cmd_find("search"), stdout);
		goto out;
	}
	for (int i = 1; i < n; i++)
		buf_addf(&query, "%s%s", i > 1 ? " " : "", pos[i]);
	if (!rc && (read_number("limit", limit, 1, &f.limit, &err) < 0 ||
			   read_number("offset", offset, 0, &f.offset, &err) < 0))
		rc = -1;
	if (!rc && s.json && s.csv)
		rc = err_set(&err, EXIT_USAGE, "--json and --csv exclude each other");
	f.hosts = (const char *const *)hosts.v;
	f.nhosts = hosts.n;
	s.query = query.data;
	if (!rc)
		rc = find_words(pos[0], &s, &f, &o, &err);
out:
	strlist_clear(&hosts);
	buf_release(&query);
	buf_release(&s.out);
	return rc < 0 ? cmd_fail(&err) : EXIT_OK;
}
