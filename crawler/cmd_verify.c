/* cmd_verify.c - skitter verify FILE.db: is all that was stored still what it was? */
#include <errno.h>
#include <inttypes.h>
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
#include "crawler/verify_bodies.h"
#include "storage/verify.h"

#define SHOWN	   200	 /* problems of one check on the terminal; all are counted */
#define SHOWN_JSON 10000 /* all checks together */

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = sig;
}

static const char *const check_names[] = {"file", "rows", "counts", "hosts", "search", "bodies"};
#define CHECKS MEM_COUNT(check_names)

struct run {
	const char *path;
	bool json, terminal;
	long pid; /* of the crawl that writes; 0 = none, or unknown */
	bool running;
	uint64_t problems[CHECKS], all;
	struct buf list; /* JSON */
	struct verify_sums sums;
	struct verify_bodies_sums bodies;
	int64_t began, said;
	bool line; /* a line of progress stands on the terminal */
};

/* ---- problems and progress ---- */

static void clear_line(struct run *r)
{
	if (r->line)
		fputs("\r\033[K", stderr);
	r->line = false;
}

static size_t check_index(const char *check)
{
	size_t i = 0;

	while (i + 1 < CHECKS && strcmp(check_names[i], check) != 0)
		i++;
	return i;
}

static void add_json_text(struct buf *out, const char *name, const char *text)
{
	buf_addf(out, ",\"%s\":", name);
	if (text)
		text_json(out, text, strlen(text));
	else
		buf_add_str(out, "null");
}

static void on_problem(void *arg, const char *check, const char *url, const char *what)
{
	struct run *r = arg;
	size_t i = check_index(check);
	struct buf line = BUF_INIT;

	r->all++;
	r->problems[i]++;
	if (r->json && r->all <= SHOWN_JSON) {
		buf_addf(&r->list, "%s{\"check\":\"%s\"", r->all > 1 ? ",\n" : "", check);
		add_json_text(&r->list, "url", url);
		add_json_text(&r->list, "what", what);
		buf_add_ch(&r->list, '}');
	} else if (!r->json && r->problems[i] <= SHOWN) {
		clear_line(r);
		buf_addf(&line, "%-7s ", check);
		if (url) {
			cmd_add_line(&line, url);
			buf_add_str(&line, " ");
		}
		cmd_add_line(&line, what);
		puts(line.data);
	}
	buf_release(&line);
}

static void on_progress(void *arg, const char *check, uint64_t done, uint64_t total)
{
	struct run *r = arg;
	int64_t now = clock_ms();

	if (now - r->began < 1000 || now - r->said < (r->terminal ? 200 : 5000))
		return;
	r->said = now;
	fputs(r->terminal ? "\r\033[K" : "skitter: ", stderr);
	fprintf(stderr, "verifying: %s", check);
	if (total)
		fprintf(stderr, ", %" PRIu64 " of %" PRIu64, done, total);
	else
		fprintf(stderr, ", %.0f s", (double)(now - r->began) / 1000);
	if (!r->terminal)
		fputc('\n', stderr);
	r->line = r->terminal;
}

/* ---- the result ---- */

static void add_check(struct run *r, struct buf *out, const char *check, const char *what)
{
	uint64_t n = r->problems[check_index(check)];

	buf_addf(out, "%-7s ", check);
	if (n) {
		text_number(out, n);
		buf_add_str(out, n == 1 ? " problem; " : " problems; ");
	} else {
		buf_add_str(out, "ok; ");
	}
	buf_addf(out, "%s\n", what);
}

static void add_result(struct run *r, struct buf *out)
{
	const struct store_counts *c = &r->sums.counts;
	const struct verify_bodies_sums *b = &r->bodies;
	struct buf what = BUF_INIT;

	add_check(r, out, "file", "SQLite's integrity check");
	buf_addf(&what, "%" PRIu64 " rules between URLs, fetches, links, refusals", r->sums.rules);
	add_check(r, out, "rows", what.data);
	buf_reset(&what);
	text_number(&what, c->discovered);
	buf_add_str(&what, " discovered = ");
	text_number(&what, c->fetched);
	buf_add_str(&what, " fetched + ");
	text_number(&what, c->failed);
	buf_add_str(&what, " failed + ");
	text_number(&what, c->excluded);
	buf_add_str(&what, " excluded + ");
	text_number(&what, c->left);
	buf_add_str(&what, " left; ");
	text_number(&what, r->sums.links);
	buf_add_str(&what, " links");
	add_check(r, out, "counts", what.data);
	add_check(r, out, "hosts",
		r->sums.hosts ? "pages, errors and bytes of each host"
			      : "not compared: they are final when the crawl has stopped");
	if (r->problems[check_index("search")])
		add_check(r, out, "search", "`skitter search --rebuild` makes the index anew");
	buf_reset(&what);
	text_number(&what, b->bodies);
	buf_add_str(&what, " bodies against their digests, ");
	text_bytes(&what, b->stored);
	buf_add_str(&what, " stored, ");
	text_bytes(&what, b->decoded);
	buf_add_str(&what, " decoded; ");
	text_number(&what, b->texts);
	buf_add_str(&what, " texts");
	add_check(r, out, "bodies", what.data);
	buf_release(&what);
}

static void add_json(struct run *r, struct buf *out)
{
	const struct store_counts *c = &r->sums.counts;

	buf_add_str(out, "{\"file\":");
	text_json(out, r->path, strlen(r->path));
	buf_addf(out, ",\"ok\":%s,\"running\":%s,\"problem_count\":%" PRIu64,
		r->all ? "false" : "true", r->running ? "true" : "false", r->all);
	buf_addf(out,
		",\"discovered\":%" PRIu64 ",\"fetched\":%" PRIu64 ",\"failed\":%" PRIu64
		",\"excluded\":%" PRIu64 ",\"left\":%" PRIu64 ",\"links\":%" PRIu64,
		c->discovered, c->fetched, c->failed, c->excluded, c->left, r->sums.links);
	buf_addf(out,
		",\"bodies\":%" PRIu64 ",\"texts\":%" PRIu64 ",\"stored_bytes\":%" PRIu64
		",\"decoded_bytes\":%" PRIu64,
		r->bodies.bodies, r->bodies.texts, r->bodies.stored, r->bodies.decoded);
	buf_addf(out, ",\"hosts_compared\":%s,\"problems\":[%s]}\n",
		r->sums.hosts ? "true" : "false", r->list.data);
}

/* ---- the command ---- */

static int check_all(struct run *r, struct store *st, struct err *err)
{
	struct verify v = {.problem = on_problem, .progress = on_progress, .arg = r, .stop = &stop};

	r->running = store_is_running(st, &r->pid);
	if (r->running)
		fprintf(stderr,
			"skitter: a crawl is writing %s (process %ld): what it has stored so far "
			"is "
			"checked\n",
			r->path, r->pid);
	if (verify_file(st, &v, err) < 0 || verify_rows(st, &v, &r->sums, err) < 0 ||
		verify_bodies_all(st, &v, &r->bodies, err) < 0)
		return -1;
	return stop ? err_set(err, EXIT_SIGNAL, "stopped before all was checked") : 0;
}

static int finish(struct run *r, int rc, struct err *err)
{
	struct buf out = BUF_INIT;

	clear_line(r);
	/* A file so damaged that a check ends early is a result, too. */
	if (rc < 0 && err->status == EXIT_STORAGE) {
		on_problem(r, "file", NULL, err->text);
		rc = 0;
	}
	if (rc < 0)
		return cmd_fail(err);
	if (r->json)
		add_json(r, &out);
	else
		add_result(r, &out);
	fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
	if (!r->all)
		return EXIT_OK;
	err_set(err, EXIT_STORAGE,
		"%s is not what was stored: %" PRIu64
		" problem%s; pages that suffered can be fetched "
		"again by a new crawl, or taken from a copy of the file",
		r->path, r->all, r->all == 1 ? "" : "s");
	return cmd_fail(err);
}

int cmd_verify(int argc, char **argv)
{
	struct run r = {.list = BUF_INIT, .terminal = isatty(STDERR_FILENO), .began = clock_ms()};
	const struct cmd_flag flags[] = {{"json", 0, NULL, &r.json, NULL}};
	struct sigaction act = {.sa_handler = on_signal};
	struct err err = {0};
	struct store *st;
	bool help;
	int rc;

	if (cmd_args(argc, argv, flags, MEM_COUNT(flags), &r.path, 1, 1, &help, &err) < 0)
		return cmd_fail(&err);
	if (help)
		return cmd_usage(cmd_find("verify"), stdout), EXIT_OK;
	st = store_open(r.path, STORE_READ, &err);
	if (!st)
		return cmd_fail(&err);
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	rc = check_all(&r, st, &err);
	store_close(st);
	rc = finish(&r, rc, &err);
	buf_release(&r.list);
	return rc;
}
