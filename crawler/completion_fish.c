/* completion_fish.c - for fish 3. */
#include "crawler/completion.h"

/* Inside single quotes fish knows two escapes: \\ and \'. */
static void quote(struct buf *out, const char *text)
{
	buf_add_ch(out, '\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			buf_add_ch(out, '\\');
		buf_add_ch(out, *text);
	}
	buf_add_ch(out, '\'');
}

/* -a LIST and what goes with it; `value` = after an option, which then needs it. */
static void add_offer(struct buf *out, enum help_arg kind, const struct strlist *words, bool value)
{
	switch (kind) {
	case ARG_WORDS:
		buf_addf(out, "%s -a '", value ? " -x" : "");
		completion_words(out, words);
		buf_add_ch(out, '\'');
		break;
	case ARG_DB:
		buf_addf(out, "%s -k -a '(__fish_complete_suffix .db)'", value ? " -x" : "");
		break;
	case ARG_YAML:
		buf_addf(out, "%s -k -a '(__fish_complete_suffix .yaml)'", value ? " -x" : "");
		break;
	case ARG_FILE: buf_add_str(out, value ? " -r -F" : " -F"); break;
	case ARG_COMMANDS: buf_add_str(out, " -a '(__skitter_commands)'"); break;
	case ARG_TEXT: buf_add_str(out, value ? " -x" : ""); break;
	case ARG_NONE: break;
	}
}

static void add_command(struct buf *out, const struct command *c)
{
	struct help_args a;

	help_args_read(&a, c);
	buf_addf(out, "\n# %s\n", c->usage);
	for (size_t i = 0; i < a.noptions; i++) {
		const struct help_option *o = &a.options[i];
		buf_addf(out, "complete -c skitter -n '__skitter_is %s'", c->name);
		if (o->letter)
			buf_addf(out, " -s %c", o->letter);
		if (o->name)
			buf_addf(out, " -l %s", o->name);
		if (o->arg)
			add_offer(out, o->kind, &o->words, true);
		if (*o->help) {
			buf_add_str(out, " -d ");
			quote(out, o->help);
		}
		buf_add_ch(out, '\n');
	}
	for (size_t i = 0; i < a.nplaces; i++) {
		const struct help_place *p = &a.places[i];
		if (p->kind == ARG_TEXT || p->kind == ARG_NONE)
			continue;
		buf_addf(out, "complete -c skitter -n '__skitter_is %s %s%zu'", c->name,
			p->repeat ? "from " : "", i + 1);
		add_offer(out, p->kind, &p->words, false);
		buf_add_ch(out, '\n');
	}
	help_args_release(&a);
}

void completion_fish(struct buf *out)
{
	buf_add_str(out,
		"# fish completion for skitter; printed by: skitter completion fish\n"
		"\n"
		"# __skitter_is COMMAND [[from] N]: whether COMMAND is being typed (and its N-th\n"
		"# argument, or that and any further one). Options are not counted.\n"
		"function __skitter_is\n"
		"    set -l words (commandline -opc)\n"
		"    test (count $words) -ge 2; and test \"$words[2]\" = $argv[1]; or return 1\n"
		"    set -q argv[2]; or return 0\n"
		"    set -l place (count (string match -v -- '-*' $words[2..-1]))\n"
		"    if test $argv[2] = from\n"
		"        test $place -ge $argv[3]\n"
		"    else\n"
		"        test $place -eq $argv[2]\n"
		"    end\n"
		"end\n"
		"\n"
		"function __skitter_commands\n");
	for (size_t i = 0; i < cmd_count; i++) {
		buf_addf(out, "    printf '%%s\\t%%s\\n' %s ", cmd_table[i].name);
		quote(out, cmd_table[i].help);
		buf_add_ch(out, '\n');
	}
	buf_add_str(out,
		"end\n"
		"\n"
		"complete -c skitter -f\n"
		"complete -c skitter -s h -l help -d 'help on the command'\n"
		"complete -c skitter -n 'test (count (commandline -opc)) -eq 1' -s V -l version -d "
		"'its version'\n"
		"complete -c skitter -n 'test (count (commandline -opc)) -eq 1' -a "
		"'(__skitter_commands)'\n");
	for (size_t i = 0; i < cmd_count; i++)
		add_command(out, &cmd_table[i]);
}
