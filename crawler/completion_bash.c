/* completion_bash.c - for bash 4 and later; the bash-completion package is not needed. */
#include "crawler/completion.h"

/* What follows an option or stands at a place, as a line of the script. */
static void add_offer(struct buf *out, enum help_arg kind, const struct strlist *words)
{
	switch (kind) {
	case ARG_WORDS:
		buf_add_str(out, "_skitter_words '");
		completion_words(out, words);
		buf_add_str(out, "'");
		break;
	case ARG_DB: buf_add_str(out, "_skitter_files '*.db'"); break;
	case ARG_YAML: buf_add_str(out, "_skitter_files '*.y?(a)ml'"); break;
	case ARG_FILE: buf_add_str(out, "_skitter_files '*'"); break;
	case ARG_COMMANDS:
		buf_add_str(out, "_skitter_words '");
		for (size_t i = 0; i < cmd_count; i++)
			buf_addf(out, "%s%s", i ? " " : "", cmd_table[i].name);
		buf_add_str(out, "'");
		break;
	case ARG_TEXT:
	case ARG_NONE: buf_add_str(out, ":"); break;
	}
	buf_add_str(out, " ;;\n");
}

static void add_pattern(struct buf *out, const struct help_option *o)
{
	if (o->letter)
		buf_addf(out, "-%c", o->letter);
	if (o->name)
		buf_addf(out, "%s--%s", o->letter ? "|" : "", o->name);
}

/* case of one command: the value of an option, an option, or an argument. */
static void add_command(struct buf *out, const struct command *c)
{
	struct help_args a;

	help_args_read(&a, c);
	buf_addf(out, "\t%s)\n\t\tcase $before in\n", c->name);
	for (size_t i = 0; i < a.noptions; i++) {
		if (!a.options[i].arg)
			continue;
		buf_add_str(out, "\t\t");
		add_pattern(out, &a.options[i]);
		buf_add_str(out, ") ");
		add_offer(out, a.options[i].kind, &a.options[i].words);
	}
	buf_add_str(out, "\t\t*)\n\t\t\tif [[ $cur == -* ]]; then\n\t\t\t\t_skitter_words '");
	for (size_t i = 0; i < a.noptions; i++)
		if (a.options[i].name)
			buf_addf(out, "--%s ", a.options[i].name);
	buf_add_str(out, "--help'\n\t\t\t\treturn\n\t\t\tfi\n\t\t\tcase $place in\n");
	for (size_t i = 0; i < a.nplaces; i++) {
		buf_addf(out, a.places[i].repeat ? "\t\t\t*) " : "\t\t\t%zu) ", i + 1);
		add_offer(out, a.places[i].kind, &a.places[i].words);
	}
	buf_add_str(out, "\t\t\tesac ;;\n\t\tesac ;;\n");
	help_args_release(&a);
}

/* The options of one command that take a value: the word after one is no argument. */
static void add_valued(struct buf *out, const struct command *c)
{
	struct help_args a;
	bool any = false;

	help_args_read(&a, c);
	for (size_t i = 0; i < a.noptions; i++) {
		if (!a.options[i].arg)
			continue;
		buf_addf(out, any ? "|" : "\t%s) case $2 in ", c->name);
		add_pattern(out, &a.options[i]);
		any = true;
	}
	if (any)
		buf_add_str(out, ") return 0 ;; esac ;;\n");
	help_args_release(&a);
}

void completion_bash(struct buf *out)
{
	buf_add_str(out,
		"# bash completion for skitter; printed by: skitter completion bash\n"
		"\n"
		"_skitter_words() {\n"
		"\tmapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n"
		"}\n"
		"\n"
		"# Files that match, and the folders they may be in.\n"
		"_skitter_files() {\n"
		"\tlocal glob\n"
		"\tglob=$(shopt -p extglob)\n"
		"\tshopt -s extglob\n"
		"\tmapfile -t COMPREPLY < <(compgen -f -X \"!$1\" -- \"$cur\"; compgen -d -- "
		"\"$cur\")\n"
		"\t$glob\n"
		"\tcompopt -o filenames 2>/dev/null\n"
		"}\n"
		"\n"
		"# Whether option $2 of command $1 takes the word that follows it.\n"
		"_skitter_valued() {\n"
		"\tcase $1 in\n");
	for (size_t i = 0; i < cmd_count; i++)
		add_valued(out, &cmd_table[i]);
	buf_add_str(out,
		"\tesac\n"
		"\treturn 1\n"
		"}\n"
		"\n"
		"_skitter() {\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} before= place=1 i\n"
		"\tCOMPREPLY=()\n"
		"\tif ((COMP_CWORD == 1)); then\n"
		"\t\t_skitter_words '");
	for (size_t i = 0; i < cmd_count; i++)
		buf_addf(out, "%s ", cmd_table[i].name);
	buf_add_str(out, "--help --version'\n"
			 "\t\treturn\n"
			 "\tfi\n"
			 "\tbefore=${COMP_WORDS[COMP_CWORD - 1]}\n"
			 "\t# bash makes three words of --scope=host\n"
			 "\tif [[ $cur == = ]]; then\n"
			 "\t\tcur=\n"
			 "\telif [[ $before == = ]]; then\n"
			 "\t\tbefore=${COMP_WORDS[COMP_CWORD - 2]}\n"
			 "\tfi\n"
			 "\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
			 "\t\tcase ${COMP_WORDS[i]} in\n"
			 "\t\t=) ((i++)) ;;\n"
			 "\t\t-*)\n"
			 "\t\t\t[[ ${COMP_WORDS[i + 1]} == = ]] && continue\n"
			 "\t\t\t_skitter_valued \"$command\" \"${COMP_WORDS[i]}\" && ((i++)) ;;\n"
			 "\t\t*) ((place++)) ;;\n"
			 "\t\tesac\n"
			 "\tdone\n"
			 "\tcase $command in\n");
	for (size_t i = 0; i < cmd_count; i++)
		add_command(out, &cmd_table[i]);
	buf_add_str(out, "\tesac\n"
			 "}\n"
			 "complete -F _skitter skitter\n");
}
