/* cmd_sql.c - skitter sql FILE.db [QUERY|-]: questions in SQL. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/mem.h"
#include "config/text.h"
#include "crawler/cmd.h"
#include "crawler/cmd_util.h"
#include "crawler/decode.h"
#include "storage/store_read.h"

static const char *const formats[] = {"table", "csv", "json"};

static const char help_text[] =
	"Views: pages, links, frontier, excluded, hosts, bodies. A query ends with a semicolon.\n"
	"  .views             columns of every view\n"
	"  .format csv|json|table\n"
	"  .quit              (or Ctrl-D)\n";

static const char view_text[] =
	"pages     url host status error content_type charset lang title description canonical\n"
	"          depth size wire_size truncated fetched_at ttfb_ms total_ms attempts\n"
	"          http_version ip redirect digest wire_digest robots referrer\n"
	"links     source target kind rel text\n"
	"frontier  url host depth state referrer\n"
	"excluded  url reason rule referrer\n"
	"hosts     host ip state robots crawl_delay pages errors bytes last_fetched_at\n"
	"bodies    url request_head response_head body encoding\n";

static int read_format(const char *word, enum store_sql_format *format, struct err *err)
{
	struct buf shown = BUF_INIT;

	for (size_t i = 0; i < MEM_COUNT(formats); i++) {
		if (!strcmp(word, formats[i])) {
			*format = (enum store_sql_format)i; /* the same order */
			return 0;
		}
	}
	cmd_add_line(&shown, word);
	err_set(err, EXIT_USAGE, "--format: expected table, csv or json, found `%s`", shown.data);
	buf_release(&shown);
	return -1;
}

static int read_stdin(struct buf *query, struct err *err)
{
	size_t n;

	do {
		buf_grow(query, 65536);
		n = fread(query->data + query->len, 1, 65536, stdin);
		buf_set_len(query, query->len + n);
	} while (n && query->len < (16u << 20));
	if (ferror(stdin))
		return err_set(err, EXIT_USAGE, "cannot read the query from standard input: %s",
			strerror(errno));
	if (strlen(query->data) != query->len)
		return err_set(
			err, EXIT_USAGE, "standard input is not SQL: there is a zero byte in it");
	return 0;
}

static void run(struct store *st, const char *query, enum store_sql_format format)
{
	struct err err = {0};

	if (store_sql(st, query, format, stdout, &err) < 0)
		cmd_fail(&err);
	fflush(stdout);
}

/* True: leave. */
static bool dot_command(const char *line, enum store_sql_format *format)
{
	struct err err = {0};

	if (!strncmp(line, ".q", 2) || !strcmp(line, ".exit"))
		return true;
	if (!strncmp(line, ".view", 5) || !strncmp(line, ".table", 6) ||
		!strncmp(line, ".schema", 7))
		fputs(view_text, stdout);
	else if (!strncmp(line, ".format ", 8) || !strncmp(line, ".mode ", 6)) {
		if (read_format(strchr(line, ' ') + 1, format, &err) < 0)
			cmd_fail(&err);
	} else {
		fputs(help_text, stdout);
	}
	return false;
}

/* Lines until a semicolon make a query; the store itself says where the SQL is wrong. */
static void prompt(struct store *st, enum store_sql_format format)
{
	struct buf query = BUF_INIT;
	char *line = NULL;
	size_t cap = 0;

	printf("%s, read-only. .help says what can be asked.\n", store_path(st));
	for (;;) {
		ssize_t n;
		fputs(query.len ? "    ...> " : "skitter> ", stdout);
		fflush(stdout);
		n = getline(&line, &cap, stdin);
		if (n < 0)
			break;
		while (n && strchr(" \t\r\n", line[n - 1]))
			line[--n] = 0;
		if (!n || (!query.len && line[0] == '.')) {
			if (n && dot_command(line, &format))
				break;
			continue;
		}
		buf_addf(&query, "%s\n", line);
		if (line[n - 1] == ';') {
			run(st, query.data, format);
			buf_reset(&query);
		}
	}
	if (feof(stdin))
		putchar('\n');
	free(line);
	buf_release(&query);
}

int cmd_sql(int argc, char **argv)
{
	const char *word = "table", *pos[2] = {NULL, NULL};
	const struct cmd_flag flags[] = {{"format", 'f', &word, NULL, NULL}};
	enum store_sql_format format;
	struct buf query = BUF_INIT;
	struct err err = {0};
	struct store *st;
	bool help, from_stdin;
	int n = cmd_args(argc, argv, flags, MEM_COUNT(flags), pos, 1, 2, &help, &err), rc = 0;

	if (n < 0)
		return cmd_fail(&err);
	if (help)
		return cmd_usage(cmd_find("sql"), stdout), EXIT_OK;
	if (read_format(word, &format, &err) < 0)
		return cmd_fail(&err);
	from_stdin = n == 2 ? !strcmp(pos[1], "-") : !isatty(STDIN_FILENO);
	st = store_open(pos[0], STORE_READ, &err);
	if (!st)
		return cmd_fail(&err);
	cmd_lend(st);
	if (from_stdin)
		rc = read_stdin(&query, &err);
	else if (n == 2)
		buf_add_str(&query, pos[1]);
	else
		prompt(st, format);
	if (!rc && query.len)
		rc = store_sql(st, query.data, format, stdout, &err);
	store_close(st);
	sandbox_decode_close();
	buf_release(&query);
	return rc < 0 ? cmd_fail(&err) : EXIT_OK;
}
