/* cmd_export.c - skitter export FILE.db --format jsonl|csv|urls [-o FILE] [--query CONDITION] */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/mem.h"
#include "config/text.h"
#include "crawler/cmd.h"
#include "crawler/cmd_util.h"
#include "storage/store_read.h"

const char *const cmd_export_formats[] = {"jsonl", "csv", "urls", NULL};

static int read_format(const char *word, enum store_export_format *format, struct err *err)
{
	struct buf shown = BUF_INIT;

	for (size_t i = 0; cmd_export_formats[i]; i++) {
		if (!strcmp(word, cmd_export_formats[i])) {
			*format = (enum store_export_format)i; /* the same order */
			return 0;
		}
	}
	cmd_add_line(&shown, word);
	err_set(err, EXIT_USAGE, "--format: expected jsonl, csv or urls, found `%s`", shown.data);
	buf_release(&shown);
	return -1;
}

/* Into a file beside the target, which takes its place only when all of it is there: a
 * failed export leaves an older one alone. */
static int export_to_file(struct store *st, enum store_export_format format, const char *path,
	const char *where, struct err *err)
{
	struct buf part = BUF_INIT;
	FILE *f;
	int rc = -1;

	buf_addf(&part, "%s.part", path);
	f = fopen(part.data, "we");
	if (!f) {
		err_set(err, EXIT_USAGE, "cannot write %s: %s", path, strerror(errno));
		goto out;
	}
	rc = store_export(st, format, f, where, err);
	if (!rc && fflush(f))
		rc = err_set(err, EXIT_STORAGE, "cannot write %s: %s", path, strerror(errno));
	if (fclose(f) && !rc)
		rc = err_set(err, EXIT_STORAGE, "cannot write %s: %s", path, strerror(errno));
	if (!rc && rename(part.data, path) < 0)
		rc = err_set(err, EXIT_STORAGE, "cannot write %s: %s", path, strerror(errno));
	if (rc < 0)
		unlink(part.data);
out:
	buf_release(&part);
	return rc;
}

int cmd_export(int argc, char **argv)
{
	const char *word = "jsonl", *path = NULL, *where = NULL, *db;
	const struct cmd_flag flags[] = {{"format", 'f', &word, NULL, NULL},
		{"output", 'o', &path, NULL, NULL}, {"query", 'q', &where, NULL, NULL}};
	enum store_export_format format;
	struct store *st;
	struct err err = {0};
	bool help;
	int rc;

	if (cmd_args(argc, argv, flags, MEM_COUNT(flags), &db, 1, 1, &help, &err) < 0)
		return cmd_fail(&err);
	if (help)
		return cmd_usage(cmd_find("export"), stdout), EXIT_OK;
	if (read_format(word, &format, &err) < 0)
		return cmd_fail(&err);
	st = store_open(db, STORE_READ, &err);
	if (!st)
		return cmd_fail(&err);
	if (path && strcmp(path, "-"))
		rc = export_to_file(st, format, path, where, &err);
	else
		rc = store_export(st, format, stdout, where, &err);
	store_close(st);
	return rc < 0 ? cmd_fail(&err) : EXIT_OK;
}
