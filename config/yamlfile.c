#include "config/yamlfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <yaml.h>

#include "config/buf.h"
#include "config/mem.h"
#include "config/text.h"

struct yamlfile {
	char *name; /* as shown */
	struct buf text;
	yaml_parser_t parser;
	yaml_event_t event; /* owns the scalar of the last item */
	bool ended;
};

struct yamlfile *yamlfile_open_text(const char *name, const char *text, size_t len)
{
	struct yamlfile *y = mem_zalloc(sizeof(*y));
	struct buf shown = BUF_INIT;

	text_terminal(&shown, name, strlen(name));
	y->name = buf_take(&shown);
	buf_init(&y->text);
	buf_add(&y->text, text, len);
	if (!yaml_parser_initialize(&y->parser)) {
		fputs("skitter: out of memory\n", stderr);
		exit(EXIT_INTERNAL);
	}
	yaml_parser_set_input_string(&y->parser, (unsigned char *)y->text.data, y->text.len);
	return y;
}

static int read_all(FILE *f, struct buf *out)
{
	size_t n;

	do {
		buf_grow(out, 64 * 1024);
		n = fread(out->data + out->len, 1, 64 * 1024, f);
		buf_set_len(out, out->len + n);
	} while (n && out->len <= YAMLFILE_MAX);
	return ferror(f) ? -1 : 0;
}

struct yamlfile *yamlfile_open(const char *path, struct err *err)
{
	bool is_stdin = !strcmp(path, "-");
	FILE *f = is_stdin ? stdin : fopen(path, "re");
	struct yamlfile *y = NULL;
	struct buf text = BUF_INIT;
	struct stat sb;

	if (!f) {
		err_set(err, EXIT_USAGE, "cannot read the config file %s: %s", path,
			strerror(errno));
		goto out;
	}
	if (!fstat(fileno(f), &sb) && S_ISDIR(sb.st_mode)) {
		err_set(err, EXIT_USAGE, "cannot read the config file %s: it is a folder", path);
		goto out;
	}
	if (read_all(f, &text) < 0) {
		err_set(err, EXIT_USAGE, "cannot read the config file %s: %s", path,
			strerror(errno));
		goto out;
	}
	if (text.len > YAMLFILE_MAX) {
		err_set(err, EXIT_USAGE,
			"the config file %s is bigger than %u MiB; long lists of seeds belong into "
			"an input_file",
			path, YAMLFILE_MAX >> 20);
		goto out;
	}
	y = yamlfile_open_text(is_stdin ? "(stdin)" : path, text.data, text.len);
out:
	buf_release(&text);
	if (f && !is_stdin)
		fclose(f);
	return y;
}

void yamlfile_close(struct yamlfile *y)
{
	if (!y)
		return;
	yaml_event_delete(&y->event);
	yaml_parser_delete(&y->parser);
	buf_release(&y->text);
	free(y->name);
	free(y);
}

int yamlfile_fail(const struct yamlfile *y, const struct yamlfile_item *at, struct err *err,
	const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	err_set(err, EXIT_USAGE, "%s:%u:%u: %s", y->name, at->line, at->column, b.data);
	buf_release(&b);
	return -1;
}

/* libyaml's own words for a syntax error, at the mark it gives. */
static int fail_syntax(struct yamlfile *y, struct err *err)
{
	const yaml_parser_t *p = &y->parser;
	struct yamlfile_item at = {.line = (unsigned)p->problem_mark.line + 1,
		.column = (unsigned)p->problem_mark.column + 1};
	const char *what = p->problem ? p->problem : "this is not YAML";

	if (p->error == YAML_READER_ERROR) { /* knows an offset, no mark */
		at.line = 1;
		at.column = 1;
		for (size_t i = 0; i < p->problem_offset && i < y->text.len; i++) {
			at.column++;
			if (y->text.data[i] == '\n') {
				at.line++;
				at.column = 1;
			}
		}
	}
	if (strstr(what, "cannot start any token") && at.column > 0)
		return yamlfile_fail(y, &at, err,
			"%s; YAML is indented with spaces, and a value that starts with a special "
			"character needs quotes",
			what);
	if (p->context)
		return yamlfile_fail(y, &at, err, "%s, %s (started in line %zu)", what, p->context,
			p->context_mark.line + 1);
	return yamlfile_fail(y, &at, err, "%s", what);
}

static int take_scalar(struct yamlfile *y, struct yamlfile_item *item, struct err *err)
{
	const yaml_event_t *e = &y->event;

	item->kind = YAMLFILE_SCALAR;
	item->text = (char *)e->data.scalar.value;
	item->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	item->null = !item->quoted &&
		     (!*item->text || !strcmp(item->text, "~") || !strcasecmp(item->text, "null"));
	if (strlen(item->text) != e->data.scalar.length)
		return yamlfile_fail(y, item, err, "a zero byte (\\0) is not accepted here");
	if (e->data.scalar.tag)
		return yamlfile_fail(y, item, err, "YAML tags (!...) are not accepted");
	return 0;
}

int yamlfile_next(struct yamlfile *y, struct yamlfile_item *item, struct err *err)
{
	for (;;) {
		yaml_event_delete(&y->event);
		memset(item, 0, sizeof(*item));
		item->kind = YAMLFILE_END;
		if (y->ended)
			return 0;
		if (!yaml_parser_parse(&y->parser, &y->event))
			return fail_syntax(y, err);
		item->line = (unsigned)y->event.start_mark.line + 1;
		item->column = (unsigned)y->event.start_mark.column + 1;
		switch (y->event.type) {
		case YAML_SCALAR_EVENT: return take_scalar(y, item, err);
		case YAML_SEQUENCE_START_EVENT: item->kind = YAMLFILE_LIST; return 0;
		case YAML_SEQUENCE_END_EVENT: item->kind = YAMLFILE_LIST_END; return 0;
		case YAML_MAPPING_START_EVENT: item->kind = YAMLFILE_MAP; return 0;
		case YAML_MAPPING_END_EVENT: item->kind = YAMLFILE_MAP_END; return 0;
		case YAML_ALIAS_EVENT:
			return yamlfile_fail(y, item, err,
				"YAML aliases (*name) are not accepted; write the value out");
		case YAML_STREAM_END_EVENT: y->ended = true; return 0;
		case YAML_DOCUMENT_END_EVENT:
			y->ended = true;
			yaml_event_delete(&y->event);
			if (!yaml_parser_parse(&y->parser, &y->event))
				return fail_syntax(y, err);
			if (y->event.type == YAML_DOCUMENT_START_EVENT) {
				item->line = (unsigned)y->event.start_mark.line + 1;
				item->column = (unsigned)y->event.start_mark.column + 1;
				return yamlfile_fail(
					y, item, err, "a second document (---) is not accepted");
			}
			return 0;
		default: break; /* stream start, document start */
		}
	}
}
