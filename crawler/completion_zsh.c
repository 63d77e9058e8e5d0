/* completion_zsh.c - for zsh, as specs of _arguments. */
#include "crawler/completion.h"

#include <string.h>

/* Text inside a spec: brackets end a description, colons end a field. */
static void add_text(struct buf *spec, const char *text)
{
	for (; *text; text++) {
		if (strchr("[]:\\", *text))
			buf_add_ch(spec, '\\');
		buf_add_ch(spec, *text);
	}
}

/* ":what:action" */
static void add_action(
	struct buf *spec, const char *arg, enum help_arg kind, const struct strlist *words)
{
	buf_add_ch(spec, ':');
	add_text(spec, arg);
	buf_add_ch(spec, ':');
	switch (kind) {
	case ARG_WORDS:
		buf_add_ch(spec, '(');
		completion_words(spec, words);
		buf_add_ch(spec, ')');
		break;
	case ARG_DB: buf_add_str(spec, "_files -g \"*.db\""); break;
	case ARG_YAML: buf_add_str(spec, "_files -g \"*.(yaml|yml)\""); break;
	case ARG_FILE: buf_add_str(spec, "_files"); break;
	case ARG_COMMANDS: buf_add_str(spec, "_skitter_commands"); break;
	case ARG_TEXT: buf_add_ch(spec, ' '); break;
	case ARG_NONE: break;
	}
}

static void add_spec(struct buf *out, const struct buf *spec)
{
	buf_add_str(out, " \\\n\t\t\t");
	completion_quote(out, spec->data);
}

/* One spelling of an option; the other one is not offered beside it. */
static void add_spelling(struct buf *out, const struct help_option *o, bool is_long)
{
	struct buf spec = BUF_INIT;

	if (o->repeat)
		buf_add_ch(&spec, '*');
	else if (o->letter && o->name)
		buf_addf(&spec, "(-%c --%s)", o->letter, o->name);
	if (is_long)
		buf_addf(&spec, "--%s%s", o->name, o->arg ? "=" : "");
	else
		buf_addf(&spec, "-%c%s", o->letter, o->arg ? "+" : "");
	buf_add_ch(&spec, '[');
	add_text(&spec, o->help);
	buf_add_ch(&spec, ']');
	if (o->arg)
		add_action(&spec, o->arg, o->kind, &o->words);
	add_spec(out, &spec);
	buf_release(&spec);
}

static void add_place(struct buf *out, const struct help_place *p, size_t at)
{
	struct buf spec = BUF_INIT;

	if (p->repeat)
		buf_add_ch(&spec, '*');
	else
		buf_addf(&spec, "%zu", at);
	add_action(&spec, p->arg, p->kind, &p->words);
	add_spec(out, &spec);
	buf_release(&spec);
}

static void add_command(struct buf *out, const struct command *c)
{
	struct help_args a;

	help_args_read(&a, c);
	buf_addf(out, "\t%s)\n\t\t_arguments -s", c->name);
	for (size_t i = 0; i < a.noptions; i++) {
		if (a.options[i].letter)
			add_spelling(out, &a.options[i], false);
		if (a.options[i].name)
			add_spelling(out, &a.options[i], true);
	}
	buf_add_str(out, " \\\n\t\t\t'(- *)'{-h,--help}'[help on this command]'");
	for (size_t i = 0; i < a.nplaces; i++)
		add_place(out, &a.places[i], i + 1);
	buf_add_str(out, " ;;\n");
	help_args_release(&a);
}

void completion_zsh(struct buf *out)
{
	buf_add_str(out, "#compdef skitter\n"
			 "# zsh completion for skitter; printed by: skitter completion zsh\n"
			 "\n"
			 "_skitter_commands() {\n"
			 "\tlocal -a commands=(");
	for (size_t i = 0; i < cmd_count; i++) {
		struct buf row = BUF_INIT;
		buf_addf(&row, "%s:", cmd_table[i].name);
		add_text(&row, cmd_table[i].help);
		buf_add_str(out, "\n\t\t");
		completion_quote(out, row.data);
		buf_release(&row);
	}
	buf_add_str(out, ")\n"
			 "\t_describe -t commands command commands\n"
			 "}\n"
			 "\n"
			 "_skitter() {\n"
			 "\tlocal curcontext=$curcontext state line\n"
			 "\ttypeset -A opt_args\n"
			 "\t_arguments -C '(- *)'{-h,--help}'[what it does, and its commands]' \\\n"
			 "\t\t'(- *)'{-V,--version}'[its version]' \\\n"
			 "\t\t'1:command:_skitter_commands' '*::argument:->argument' && return\n"
			 "\t[[ $state == argument ]] || return\n"
			 "\tcase $words[1] in\n");
	for (size_t i = 0; i < cmd_count; i++)
		add_command(out, &cmd_table[i]);
	buf_add_str(out,
		"\tesac\n"
		"}\n"
		"\n"
		"# As a file of $fpath it is run at the first completion, else it is sourced.\n"
		"if [[ $funcstack[1] == _skitter ]]; then\n"
		"\t_skitter \"$@\"\n"
		"else\n"
		"\tcompdef _skitter skitter\n"
		"fi\n");
}
