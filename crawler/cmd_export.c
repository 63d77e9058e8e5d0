/* cmd_export.c - skitter export FILE.db [PATTERN...] --format WORD [-o FILE|DIR] [--query SQL] */
#include <string.h>

#include "config/mem.h"
#include "config/text.h"
#include "crawler/cmd.h"
#include "crawler/cmd_util.h"
#include "crawler/export.h"
#include "storage/store_read.h"

#define MAX_PATTERNS 64

const char *const cmd_export_formats[] = {"jsonl", "csv", "urls", "sitemap", "files", NULL};

static int read_format(const char *word, enum export_format *format, struct err *err)
{
	struct buf shown = BUF_INIT, all = BUF_INIT;
	size_t n = 0;

	for (; cmd_export_formats[n]; n++) {
		if (!strcmp(word, cmd_export_formats[n])) {
			*format = (enum export_format)n; /* the same order */
			buf_release(&all);
			return 0;
		}
		buf_addf(&all, "%s%s",
			!n			    ? ""
			: cmd_export_formats[n + 1] ? ", "
						    : " or ",
			cmd_export_formats[n]);
	}
	cmd_add_line(&shown, word);
	err_set(err, EXIT_USAGE, "--format: expected %s, found `%s`", all.data, shown.data);
	buf_release(&shown);
	buf_release(&all);
	return -1;
}

static int export(struct export_job *job, struct err *err)
{
	switch (job->format) {
	case EXPORT_FILES: return export_files(job, err);
	case EXPORT_SITEMAP: return export_sitemaps(job, err);
	default: return export_rows_to(job, err);
	}
}

int cmd_export(int argc, char **argv)
{
	const char *word = "jsonl", *words[1 + MAX_PATTERNS];
	struct export_job job = {0};
	const struct cmd_flag flags[] = {{"format", 'f', &word, NULL, NULL},
		{"output", 'o', &job.output, NULL, NULL},
		{"query", 'q', &job.select.query, NULL, NULL},
		{"base-url", 0, &job.base_url, NULL, NULL}, {"force", 0, NULL, &job.force, NULL},
		{"raw-cells", 0, NULL, &job.select.raw_cells, NULL}};
	struct err err = {0};
	bool help;
	int n, rc;

	n = cmd_args(argc, argv, flags, MEM_COUNT(flags), words, 1, 1 + MAX_PATTERNS, &help, &err);
	if (n < 0)
		return cmd_fail(&err);
	if (help)
		return cmd_usage(cmd_find("export"), stdout), EXIT_OK;
	if (read_format(word, &job.format, &err) < 0)
		return cmd_fail(&err);
	job.db = words[0];
	job.select.patterns = words + 1;
	job.select.npatterns = (size_t)n - 1;
	job.st = store_open(job.db, STORE_READ, &err);
	if (!job.st)
		return cmd_fail(&err);
	cmd_lend(job.st); /* a query may inflate */
	export_catch_signals(&job);
	rc = export(&job, &err);
	store_close(job.st);
	return rc < 0 ? cmd_fail(&err) : EXIT_OK;
}
