/* cmd_report.c - skitter report FILE.db [-o FILE.html] [--json] [--rows N] [--host NAME] [--force]
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/mem.h"
#include "config/text.h"
#include "crawler/cmd.h"
#include "crawler/cmd_util.h"
#include "crawler/outfile.h"
#include "crawler/page/url.h"
#include "crawler/report_view.h"
#include "storage/report.h"

#define TELL_EVERY_MS 500 /* progress on the terminal, and only after that long */
#define ROWS_MAX      1000000

struct asked {
	const char *db, *output, *host, *rows;
	bool json, force;
	struct settings set; /* of the crawl */
	int64_t told_ms;
	bool told;
};

/* ---- what the report asks back ---- */

static void same_page(void *arg, const char *href, size_t len, struct buf *out)
{
	struct asked *a = arg;
	struct url u;

	if (url_view(href, len, &u) == 0)
		url_seen_key(
			&u, (const char *const *)a->set.ignore_param.v, a->set.ignore_param.n, out);
	else
		buf_add(out, href, len);
}

static void tell(void *arg, const char *what, uint64_t done, uint64_t total)
{
	struct asked *a = arg;
	struct buf b = BUF_INIT;
	int64_t now = clock_ms();

	if (now - a->told_ms < TELL_EVERY_MS)
		return;
	a->told_ms = now;
	a->told = true;
	buf_addf(&b, "\r\033[K%s", what);
	if (total) {
		buf_addf(&b, ": ");
		text_number(&b, done);
		buf_addf(&b, " of ");
		text_number(&b, total);
	}
	fputs(b.data, stderr);
	buf_release(&b);
}

/* ---- writing ---- */

static bool to_file(const struct asked *a)
{
	return a->output && strcmp(a->output, "-") != 0;
}

static int write_file(const struct asked *a, const struct buf *text, struct err *err)
{
	struct outfile o;
	int rc;

	if (outfile_open(&o, a->output, a->force, err) < 0)
		return -1;
	if (fwrite(text->data, 1, text->len, o.f) == text->len)
		rc = outfile_commit(&o, err);
	else
		rc = err_set(err, EXIT_STORAGE, "cannot write %s: %s", a->output, strerror(errno));
	outfile_drop(&o);
	return rc;
}

static int render(const struct asked *a, const struct report *r, struct buf *out, struct err *err)
{
	if (a->host && !r->nhosts) {
		struct buf shown = BUF_INIT;
		cmd_add_line(&shown, a->host);
		err_set(err, EXIT_USAGE,
			"nothing was asked of a host named `%s`; `skitter sql %s \"select host "
			"from "
			"hosts\"` lists them",
			shown.data, a->db);
		buf_release(&shown);
		return -1;
	}
	if (a->json)
		report_json(out, r);
	else if (a->output && a->host)
		report_html_host(out, r, &r->hosts[0], SKITTER_VERSION);
	else if (a->output)
		report_html(out, r, SKITTER_VERSION);
	else if (a->host)
		report_view_host(out, r, &r->hosts[0]);
	else
		report_view(out, r);
	return 0;
}

static void say_done(const struct asked *a, const struct buf *text)
{
	struct buf b = BUF_INIT;

	cmd_add_line(&b, a->output);
	buf_add_str(&b, ": ");
	text_bytes(&b, text->len);
	puts(b.data);
	buf_release(&b);
}

static int report(struct asked *a, struct store *st, size_t rows, struct err *err)
{
	struct report_opts o = {.rows = rows,
		.host = a->host,
		.same_page = same_page,
		.has_ignored = a->set.ignore_param.n > 0,
		.progress = isatty(STDERR_FILENO) ? tell : NULL,
		.arg = a};
	struct buf text = BUF_INIT;
	struct report *r;
	int rc;

	a->told_ms = clock_ms();
	rc = report_make(st, &o, &r, err);
	if (a->told)
		fputs("\r\033[K", stderr);
	if (rc == 0)
		rc = render(a, r, &text, err);
	report_free(r);
	if (rc == 0 && to_file(a)) {
		rc = write_file(a, &text, err);
		if (rc == 0)
			say_done(a, &text);
	} else if (rc == 0) {
		fwrite(text.data, 1, text.len, stdout);
	}
	buf_release(&text);
	return rc;
}

static int read_rows(const char *word, size_t *rows, struct err *err)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = word ? strtoul(word, &end, 10) : 0;
	if (word && (*word < '0' || *word > '9' || *end || errno || n < 1 || n > ROWS_MAX))
		return err_set(err, EXIT_USAGE, "--rows: expected a number from 1 to %d", ROWS_MAX);
	*rows = n;
	return 0;
}

int cmd_report(int argc, char **argv)
{
	struct asked a = {0};
	const struct cmd_flag flags[] = {{"output", 'o', &a.output, NULL, NULL},
		{"json", 0, NULL, &a.json, NULL}, {"rows", 'n', &a.rows, NULL, NULL},
		{"host", 0, &a.host, NULL, NULL}, {"force", 0, NULL, &a.force, NULL}};
	struct store *st;
	struct err err = {0};
	size_t rows = 0;
	bool help;
	int rc;

	if (cmd_args(argc, argv, flags, MEM_COUNT(flags), &a.db, 1, 1, &help, &err) < 0)
		return cmd_fail(&err);
	if (help)
		return cmd_usage(cmd_find("report"), stdout), EXIT_OK;
	if (read_rows(a.rows, &rows, &err) < 0 ||
		(to_file(&a) && outfile_check(a.output, a.force, &err) < 0))
		return cmd_fail(&err);
	st = store_open(a.db, STORE_READ, &err);
	if (!st)
		return cmd_fail(&err);
	settings_init(&a.set);
	cmd_lend(st);
	rc = cmd_stored_settings(st, &a.set, &err);
	if (rc == 0)
		rc = report(&a, st, rows, &err);
	settings_release(&a.set);
	store_close(st);
	return rc < 0 ? cmd_fail(&err) : EXIT_OK;
}
