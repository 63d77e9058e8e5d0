/* helptext_args.c - the options and arguments of a command, from its usage line, its text and the
 * settings table. */
#include "crawler/helptext.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"

static bool ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), t = strlen(tail);

	return n >= t && !strcmp(s + n - t, tail);
}

/* What a placeholder stands for: "table|csv|json", "FILE.db", "URL|FILE", "N". */
static enum help_arg judge(const char *arg, struct strlist *words)
{
	char *copy = mem_strdup(arg), *save = NULL;
	enum help_arg kind = ARG_TEXT;

	for (char *w = strtok_r(copy, "|", &save); w; w = strtok_r(NULL, "|", &save)) {
		if (islower((unsigned char)w[0]))
			strlist_add(words, w);
		else if (ends_with(w, ".db"))
			kind = ARG_DB;
		else if (ends_with(w, ".yaml"))
			kind = ARG_YAML;
		else if (strstr(w, "FILE") || strstr(w, "DIR") || strstr(w, "FOLDER"))
			kind = ARG_FILE;
		else if (!strcmp(w, "COMMAND"))
			kind = ARG_COMMANDS;
	}
	free(copy);
	return words->n ? ARG_WORDS : kind;
}

static struct help_option *find(struct help_args *a, const char *name, size_t len, char letter)
{
	for (size_t i = 0; i < a->noptions; i++) {
		struct help_option *o = &a->options[i];
		if (name && o->name && strlen(o->name) == len && !strncmp(o->name, name, len))
			return o;
		if (!name && o->letter == letter)
			return o;
	}
	return NULL;
}

static struct help_option *add_option(struct help_args *a)
{
	a->options = mem_realloc(a->options, (a->noptions + 1) * sizeof(*a->options));
	a->options[a->noptions] = (struct help_option){.help = mem_strdup("")};
	return &a->options[a->noptions++];
}

static void words_of(struct help_option *o, const struct setting *row)
{
	if (row->type == SETTING_ENUM) {
		for (size_t i = 0; row->words[i]; i++)
			strlist_add(&o->words, row->words[i]);
	} else if (row->type == SETTING_BOOL) {
		strlist_add(&o->words, "yes");
		strlist_add(&o->words, "no");
	} else if (row->word) {
		strlist_add(&o->words, row->word);
	}
}

/* An option of a command that has the name of a setting takes its words too. */
static void known_words(struct help_option *o)
{
	const struct setting *row = o->name ? setting_find(o->name, strlen(o->name)) : NULL;

	if (o->kind != ARG_TEXT || !row || row->type != SETTING_ENUM)
		return;
	words_of(o, row);
	o->kind = ARG_WORDS;
}

/* One option as the help writes it: "-o, --output FILE", "--json", "-w". */
static void take_option(struct help_args *a, const char *text, size_t len, const char *help)
{
	const char *end = text + len, *name = NULL;
	size_t name_len = 0;
	struct help_option *o;
	char letter = 0;

	if (len >= 2 && text[0] == '-' && text[1] != '-') {
		letter = text[1];
		text += 2;
		text += strspn(text, ", ");
	}
	if (end - text > 2 && text[0] == '-' && text[1] == '-') {
		name = text + 2;
		name_len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
		text = name + name_len;
	}
	text += text < end ? strspn(text, " =") : 0;
	o = find(a, name, name_len, letter);
	if (!o) {
		o = add_option(a);
		o->name = name ? mem_strndup(name, name_len) : NULL;
	}
	if (letter)
		o->letter = letter;
	if (!o->arg && text < end) {
		o->arg = mem_strndup(text, (size_t)(end - text));
		o->kind = judge(o->arg, &o->words);
		known_words(o);
	}
	if (help && !*o->help) {
		free(o->help);
		o->help = mem_strdup(help);
		o->repeat = o->repeat || strstr(help, "repeatable") != NULL;
	}
}

/* ---- from the settings table ---- */

static void take_setting(struct help_args *a, const struct setting *row)
{
	struct help_option *o = add_option(a);
	bool takes = row->type != SETTING_BOOL || (row->flags & SETTING_VALUED);

	free(o->help);
	o->help = mem_strdup(row->help);
	o->setting = row;
	o->name = mem_strdup(row->name);
	o->letter = row->letter;
	o->repeat = row->type == SETTING_LIST || (row->flags & SETTING_REPEAT);
	if (!takes || (row->flags & SETTING_REPEAT))
		return;
	o->arg = mem_strdup(row->arg);
	words_of(o, row);
	o->kind = o->words.n ? ARG_WORDS : judge(o->arg, &o->words);
}

/* ---- from the usage line ---- */

static void take_place(struct help_args *a, const char *word, size_t len)
{
	struct help_place p = {0};

	if (len > 3 && !strncmp(word + len - 3, "...", 3)) {
		p.repeat = true;
		len -= 3;
	}
	p.arg = mem_strndup(word, len);
	p.kind = judge(p.arg, &p.words);
	a->places = mem_realloc(a->places, (a->nplaces + 1) * sizeof(*a->places));
	a->places[a->nplaces++] = p;
}

/* [--head|--raw|--text], [-o FILE], [--format table|csv]: a bar before a dash begins another. */
static void take_bracket(struct help_args *a, const char *p, size_t len)
{
	const char *end = p + len;

	if (len == strlen("OPTIONS") && !strncmp(p, "OPTIONS", len))
		return;
	if (*p != '-') {
		take_place(a, p, len);
		return;
	}
	while (p < end) {
		const char *next = p + 1;
		while (next < end && !(next[0] == '|' && next + 1 < end && next[1] == '-'))
			next++;
		/* `[QUERY|-]` is a place, a lone dash is no option */
		if (next - p > 1)
			take_option(a, p, (size_t)(next - p), NULL);
		p = next + (next < end);
	}
}

static void read_usage(struct help_args *a, const char *usage)
{
	const char *end = strstr(usage, "   "); /* a second way to call it */
	const char *p = usage + strcspn(usage, " ");

	end = end ? end : usage + strlen(usage);
	while (p < end) {
		size_t n;
		p += strspn(p, " ");
		if (p >= end)
			break;
		if (*p == '[') {
			n = strcspn(p, "]");
			take_bracket(a, p + 1, n - 1);
			n += p[n] == ']';
			if (!strncmp(p + n, "...", 3)) {
				n += 3;
				if (p[1] == '-' && a->noptions)
					a->options[a->noptions - 1].repeat = true;
				else if (a->nplaces)
					a->places[a->nplaces - 1].repeat = true;
			}
		} else {
			n = strcspn(p, " ");
			if (strcmp(p, "..."))
				take_place(a, p, n);
		}
		p += n;
	}
}

void help_args_read(struct help_args *a, const struct command *c)
{
	bool resume = !strcmp(c->name, "resume");
	struct help_blocks text;

	*a = (struct help_args){0};
	for (size_t i = 0; c->settings && i < settings_count; i++) {
		const struct setting *row = &settings_table[i];
		/* as settings_help has it */
		if (!(row->flags & SETTING_NO_FLAG) && (!resume || (row->flags & SETTING_RESUME)))
			take_setting(a, row);
	}
	help_blocks_read(&text, c->text);
	for (size_t i = 0; i < text.n; i++)
		if (text.v[i].kind == HELP_ITEM && text.v[i].label[0] == '-' && text.v[i].label[1])
			take_option(a, text.v[i].label, strlen(text.v[i].label), text.v[i].text);
	help_blocks_release(&text);
	read_usage(a, c->usage);
}

void help_args_release(struct help_args *a)
{
	for (size_t i = 0; i < a->noptions; i++) {
		free(a->options[i].name);
		free(a->options[i].arg);
		free(a->options[i].help);
		strlist_clear(&a->options[i].words);
	}
	for (size_t i = 0; i < a->nplaces; i++) {
		free(a->places[i].arg);
		strlist_clear(&a->places[i].words);
	}
	free(a->options);
	free(a->places);
	*a = (struct help_args){0};
}
