/* settings_args.c - the command line. */
#include "config/settings_table.h"

#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "config/text.h"

struct args {
	struct settings *s;
	int argc;
	char **argv;
	int i; /* the argument being read */
	const char *command;
	bool resume;
	struct err *err;
};

static int fail_unknown(struct args *a, const char *flag, size_t len)
{
	struct buf name = BUF_INIT, shown = BUF_INIT;
	const char *near;

	buf_add(&name, flag, len);
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] == '_')
			name.data[i] = '-';
	text_terminal(&shown, flag, len > 80 ? 80 : len);
	near = setting_nearest(name.data, false);
	if (near)
		err_set(a->err, EXIT_USAGE, "unknown option --%s; did you mean --%s?", shown.data,
			near);
	else
		err_set(a->err, EXIT_USAGE, "unknown option --%s; `skitter help %s` lists all",
			shown.data, a->command);
	buf_release(&shown);
	buf_release(&name);
	return -1;
}

static int apply(struct args *a, const struct setting *o, const char *value)
{
	struct err why = {0};

	if (a->resume && !(o->flags & SETTING_RESUME))
		return err_set(a->err, EXIT_USAGE, "--%s cannot be changed when a crawl is resumed",
			o->name);
	/* The first flag of a list takes the place of what a file or default said. */
	if (o->type == SETTING_LIST && a->s->origin[setting_index(o)].source != SOURCE_FLAG)
		setting_clear(o, a->s);
	if (setting_parse(o, a->s, value, &why) < 0)
		return err_set(a->err, EXIT_USAGE, "--%s: %s", o->name, why.text);
	setting_mark(o, a->s, SOURCE_FLAG, 0, 0);
	return 0;
}

/* The word after a flag that needs one. */
static const char *next_value(struct args *a, const struct setting *o)
{
	const char *v = a->i + 1 < a->argc ? a->argv[a->i + 1] : NULL;

	if (!v) {
		err_set(a->err, EXIT_USAGE, "--%s needs a value: --%s %s", o->name, o->name,
			o->arg);
		return NULL;
	}
	/* `-o --depth 3` is a forgotten value, not a file named --depth. */
	if (!strncmp(v, "--", 2) && (!v[2] || setting_find(v + 2, strcspn(v + 2, "=")))) {
		err_set(a->err, EXIT_USAGE,
			"--%s needs a value, but %s follows; write --%s=%s if it is meant", o->name,
			v, o->name, v);
		return NULL;
	}
	a->i++;
	return v;
}

static int count_up(struct args *a, const struct setting *o)
{
	char value[16];
	int now = a->s->origin[setting_index(o)].source == SOURCE_FLAG
			  ? *SETTING_FIELD(o, a->s, int)
			  : 0;

	snprintf(value, sizeof(value), "%d", now < o->max ? now + 1 : now);
	return apply(a, o, value);
}

/* `value` is what stood behind '=' or directly behind a letter, or NULL. */
static int option(struct args *a, const struct setting *o, const char *value)
{
	if (!value && o->type == SETTING_BOOL && !(o->flags & SETTING_VALUED))
		value = "yes";
	if (!value && (o->flags & SETTING_REPEAT))
		return count_up(a, o);
	if (!value)
		value = next_value(a, o);
	return value ? apply(a, o, value) : -1;
}

static int long_option(struct args *a, const char *flag)
{
	size_t len = strcspn(flag, "=");
	const char *value = flag[len] ? flag + len + 1 : NULL;
	const struct setting *o = setting_find(flag, len);

	if (len == 4 && !memcmp(flag, "help", 4)) {
		a->s->help = true;
		return 0;
	}
	if (!o && len > 3 && !strncmp(flag, "no-", 3)) {
		o = setting_find(flag + 3, len - 3);
		if (o && o->type == SETTING_BOOL) {
			if (value)
				return err_set(a->err, EXIT_USAGE,
					"--no-%s takes no value; write --%s=yes or --%s=no",
					o->name, o->name, o->name);
			return apply(a, o, "no");
		}
		o = NULL;
	}
	if (!o)
		return fail_unknown(a, flag, len);
	if (o->flags & SETTING_NO_FLAG)
		return err_set(a->err, EXIT_USAGE,
			"there is no option --%s: they are the arguments without a dash", o->name);
	return option(a, o, value);
}

static const struct setting *by_letter(char c)
{
	for (size_t i = 0; i < settings_count; i++)
		if (settings_table[i].letter == c)
			return &settings_table[i];
	return NULL;
}

static int short_options(struct args *a, const char *p)
{
	for (; *p; p++) {
		const struct setting *o = by_letter(*p);
		bool takes;
		if (*p == 'h') {
			a->s->help = true;
			return 0;
		}
		if (!o) {
			struct buf c = BUF_INIT;
			text_terminal(&c, p, 1);
			err_set(a->err, EXIT_USAGE,
				"unknown option -%s; `skitter help %s` lists all", c.data,
				a->command);
			buf_release(&c);
			return -1;
		}
		takes = o->type != SETTING_BOOL && !(o->flags & SETTING_REPEAT);
		if (option(a, o, takes && p[1] ? p + 1 + (p[1] == '=') : NULL) < 0)
			return -1;
		if (takes)
			break;
	}
	return 0;
}

static int positional(struct args *a, const char *word)
{
	const struct setting *o = setting_find("seeds", 5);
	bool first = a->s->origin[setting_index(o)].source != SOURCE_FLAG;
	struct err why = {0};

	if (first)
		setting_clear(o, a->s);
	if (a->resume && !first)
		return err_set(a->err, EXIT_USAGE,
			"resume takes one file; the seeds of a crawl cannot be changed");
	if (setting_parse(o, a->s, word, &why) < 0)
		return err_set(a->err, EXIT_USAGE, "%s", why.text);
	setting_mark(o, a->s, SOURCE_FLAG, 0, 0);
	return 0;
}

int settings_parse_args(
	struct settings *s, int argc, char **argv, const char *command, struct err *err)
{
	struct args a = {
		.s = s, .argc = argc, .argv = argv, .i = 1, .command = command, .err = err};
	bool only_words = false;
	int rc = 0;

	a.resume = !strcmp(command, "resume");
	for (; !rc && !s->help && a.i < argc; a.i++) {
		const char *word = argv[a.i];
		if (only_words || word[0] != '-' || !word[1])
			rc = positional(&a, word);
		else if (!strcmp(word, "--"))
			only_words = true;
		else if (word[1] == '-')
			rc = long_option(&a, word + 2);
		else
			rc = short_options(&a, word + 1);
	}
	if (!rc && !s->help && s->config)
		rc = settings_load_yaml(s, s->config, err);
	if (!rc && s->quiet && s->verbose)
		rc = err_set(err, EXIT_USAGE, "--quiet and --verbose exclude each other");
	return rc;
}
