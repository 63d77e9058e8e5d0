#include "crawler/export.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/text.h"
#include "crawler/outfile.h"

#define QUIET_MS 500 /* shorter work shows no progress */
#define SHOW_MS	 200

/* ---- progress ---- */

void export_progress_begin(struct export_progress *p, struct export_job *job, const char *verb)
{
	struct err err;

	*p = (struct export_progress){.verb = verb, .began_ms = clock_ms()};
	p->on = isatty(STDERR_FILENO);
	if (!p->on)
		return;
	if (!job->select.query && !job->select.npatterns)
		store_export_total(job->st, &p->total, &err); /* unknown is fine */
	job->select.progress = export_progress_look;
	job->select.arg = p;
}

void export_progress_look(void *arg, uint64_t rows)
{
	struct export_progress *p = arg;
	int64_t now = p->on ? clock_ms() : 0;
	struct buf b = BUF_INIT;

	if (!p->on || now - p->began_ms < QUIET_MS || now - p->shown_ms < SHOW_MS)
		return;
	p->shown_ms = now;
	p->shown = true;
	buf_addf(&b, "\r%s: ", p->verb);
	text_number(&b, rows);
	if (p->total >= rows && p->total) {
		buf_add_str(&b, " of ");
		text_number(&b, p->total);
		buf_addf(&b, " (%u %%)", (unsigned)(rows * 100 / p->total));
	}
	buf_add_str(&b, ", ");
	text_duration(&b, (unsigned long long)(now - p->began_ms));
	buf_add_str(&b, "\033[K");
	if (write(STDERR_FILENO, b.data, b.len) < 0)
		p->on = false; /* nobody looks any more */
	buf_release(&b);
}

void export_progress_end(struct export_progress *p)
{
	if (p->shown && p->on && write(STDERR_FILENO, "\r\033[K", 4) < 0)
		p->on = false;
}

void export_say(const char *output, uint64_t n, const char *what, uint64_t bytes)
{
	struct buf b = BUF_INIT;

	text_terminal(&b, output, strlen(output));
	buf_add_str(&b, ": ");
	text_number(&b, n);
	buf_addf(&b, " %s%s", what, n == 1 ? "" : "s");
	if (bytes) {
		buf_add_str(&b, ", ");
		text_bytes(&b, bytes);
	}
	puts(b.data);
	buf_release(&b);
}

/* ---- stopping ---- */

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

void export_catch_signals(struct export_job *job)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction old, mine = {.sa_handler = on_signal, .sa_flags = SA_RESETHAND};

	stopped = 0;
	job->select.stop = &stopped;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(signals[i], &mine, NULL);
}

/* ---- rows: JSON lines, CSV, URLs ---- */

static int write_rows(struct export_job *job, FILE *out, uint64_t *rows, struct err *err)
{
	struct export_progress p;
	int rc;

	export_progress_begin(&p, job, "exporting");
	rc = store_export(job->st, job->format, out, &job->select, rows, err);
	export_progress_end(&p);
	return rc;
}

int export_rows_to(struct export_job *job, struct err *err)
{
	struct outfile o;
	struct stat sb;
	uint64_t rows;
	int rc;

	if (!job->output || !strcmp(job->output, "-"))
		return write_rows(job, stdout, &rows, err);
	if (outfile_open(&o, job->output, job->force, err) < 0)
		return -1;
	rc = write_rows(job, o.f, &rows, err);
	if (rc == 0)
		rc = outfile_commit(&o, err);
	outfile_drop(&o);
	if (rc == 0 && stat(job->output, &sb) == 0 && S_ISREG(sb.st_mode))
		export_say(job->output, rows, job->format == EXPORT_URLS ? "URL" : "row",
			(uint64_t)sb.st_size);
	return rc;
}
