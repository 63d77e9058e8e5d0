#include "crawler/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/buf.h"
#include "config/mem.h"
#include "config/settings.h"
#include "config/text.h"

int cmd_fail(const struct err *err)
{
	struct buf b = BUF_INIT;

	buf_add_str(&b, "skitter: ");
	text_terminal(&b, err->text, strlen(err->text)); /* file names and URLs are in it */
	buf_add_ch(&b, '\n');
	fflush(stdout);
	fwrite(b.data, 1, b.len, stderr);
	buf_release(&b);
	return err->status ? err->status : EXIT_INTERNAL;
}

const struct command *cmd_find(const char *name)
{
	for (size_t i = 0; i < cmd_count; i++)
		if (!strcmp(cmd_table[i].name, name))
			return &cmd_table[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	const char *words[32];
	struct buf shown = BUF_INIT;
	struct err err = {0};
	const char *near;
	size_t n = 0;

	for (size_t i = 0; i < cmd_count && n < MEM_COUNT(words); i++)
		words[n++] = cmd_table[i].name;
	near = text_nearest(name, words, n);
	text_terminal(&shown, name, strlen(name) > 80 ? 80 : strlen(name));
	if (near)
		err_set(&err, EXIT_USAGE, "unknown command `%s`; did you mean `%s`?", shown.data,
			near);
	else if (strchr(name, '.') || strchr(name, '/'))
		err_set(&err, EXIT_USAGE,
			"unknown command `%s`; to crawl it, type: skitter crawl %s", shown.data,
			shown.data);
	else
		err_set(&err, EXIT_USAGE, "unknown command `%s`; `skitter help` lists all",
			shown.data);
	buf_release(&shown);
	return cmd_fail(&err);
}

/* Output that could not be written (a full disk behind `>`) must not look like success. */
static int flush_output(int status)
{
	struct err err = {0};

	if (!fflush(stdout) && !ferror(stdout))
		return status;
	err_set(&err, EXIT_STORAGE, "cannot write the output: %s", strerror(errno));
	return status ? status : cmd_fail(&err);
}

int cmd_dispatch(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "help";
	const struct command *c;

	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		name = "help";
	else if (!strcmp(name, "--version") || !strcmp(name, "-V"))
		name = "version";
	c = cmd_find(name);
	if (!c)
		return unknown_command(name);
	if (argc > 1)
		return flush_output(c->fn(argc - 1, argv + 1));
	return flush_output(c->fn(argc, argv));
}

void cmd_usage(const struct command *c, FILE *out)
{
	int first = c->help[0] >= 'a' && c->help[0] <= 'z' ? c->help[0] - 'a' + 'A' : c->help[0];

	fprintf(out, "skitter %s\n\n%c%s.\n", c->usage, first, c->help + 1);
	if (c->text)
		fprintf(out, "\n%s", c->text);
	if (c->settings) {
		fputc('\n', out);
		settings_help(out, c->name);
	}
	if (c->examples)
		fprintf(out, "\nExamples\n%s", c->examples);
}

/* ---- arguments of the small commands ---- */

struct reader {
	int argc;
	char **argv;
	int i;
	const struct cmd_flag *flags;
	size_t nflags;
	const struct command *command; /* NULL in tests */
	struct err *err;
};

static int fail_flag(struct reader *r, const char *flag)
{
	struct buf shown = BUF_INIT;
	const char *words[32], *near = NULL;
	size_t n = 0;

	for (size_t i = 0; i < r->nflags && n < MEM_COUNT(words); i++)
		words[n++] = r->flags[i].name;
	if (flag[0] == '-' && flag[1] == '-')
		near = text_nearest(flag + 2, words, n);
	text_terminal(&shown, flag, strlen(flag) > 80 ? 80 : strlen(flag));
	if (near)
		err_set(r->err, EXIT_USAGE, "unknown option %s; did you mean --%s?", shown.data,
			near);
	else
		err_set(r->err, EXIT_USAGE, "unknown option %s; usage: skitter %s", shown.data,
			r->command ? r->command->usage : r->argv[0]);
	buf_release(&shown);
	return -1;
}

static int take_flag(struct reader *r, const struct cmd_flag *f, const char *value)
{
	if (f->on) {
		if (value)
			return err_set(r->err, EXIT_USAGE, "--%s takes no value", f->name);
		*f->on = true;
		return 0;
	}
	if (!value && r->i + 1 < r->argc)
		value = r->argv[++r->i];
	if (!value)
		return err_set(r->err, EXIT_USAGE, "--%s needs a value", f->name);
	if (f->list)
		strlist_add(f->list, value);
	else
		*f->value = value;
	return 0;
}

static int read_flag(struct reader *r, bool *help)
{
	const char *word = r->argv[r->i];
	bool is_long = word[1] == '-';
	size_t len = strcspn(word, "=");

	if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
		*help = true;
		return 0;
	}
	for (size_t i = 0; i < r->nflags; i++) {
		const struct cmd_flag *f = &r->flags[i];
		if (is_long && strlen(f->name) == len - 2 && !strncmp(f->name, word + 2, len - 2))
			return take_flag(r, f, word[len] ? word + len + 1 : NULL);
		if (!is_long && f->letter && word[1] == f->letter)
			return take_flag(r, f, word[2] ? word + 2 : NULL);
	}
	return fail_flag(r, word);
}

int cmd_args(int argc, char **argv, const struct cmd_flag *flags, size_t nflags, const char **pos,
	int min, int max, bool *help, struct err *err)
{
	struct reader r = {
		.argc = argc, .argv = argv, .flags = flags, .nflags = nflags, .err = err};
	bool only_words = false;
	int n = 0;

	*help = false;
	r.command = cmd_find(argv[0]);
	for (r.i = 1; r.i < argc && !*help; r.i++) {
		const char *word = argv[r.i];
		if (only_words || word[0] != '-' || !word[1]) {
			if (n < max)
				pos[n] = word;
			n++;
		} else if (!strcmp(word, "--")) {
			only_words = true;
		} else if (read_flag(&r, help) < 0) {
			return -1;
		}
	}
	if (*help || (n >= min && n <= max))
		return *help ? 0 : n;
	return err_set(err, EXIT_USAGE, "%s; usage: skitter %s",
		n < min ? "something is missing" : "too many arguments",
		r.command ? r.command->usage : argv[0]);
}
