#include "crawler/manual.h"

#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "config/settings_table.h"
#include "crawler/cmd.h"
#include "crawler/helptext.h"
#include "crawler/roff.h"

static const char overview[] =
	"skitter crawls a site, or many, into one SQLite file that holds every page with its body, "
	"every link and every verdict, and that can be queried while the crawl runs. It is polite "
	"by default: it obeys robots.txt (RFC 9309) and keeps a distance between two requests to "
	"one host. A crawl that was stopped, or killed, is gone on with where it was. Bodies are "
	"read in sandboxed processes only.";

static const struct {
	const char *label, *text;
} statuses[] = {
	{"0", "Finished; also when a limit that was set ended it, which a sentence says."},
	{"1", "Internal error."},
	{"2", "Wrong usage, or a config file with an error in it."},
	{"3", "Stopped by a signal. The last line says how to go on."},
	{"4", "Storing failed: no space, not a skitter file, a file in use."},
	{"5", "No seed could be fetched."},
};

static const struct {
	const char *label, *text;
} signals[] = {
	{"SIGINT, SIGTERM", "Once: what is in flight is finished within 8 seconds and committed. "
			    "Twice: stop at "
			    "once; nothing that was committed is lost."},
	{"SIGUSR1", "Says on standard error what every fetcher and host waits for."},
};

static const struct {
	const char *label, *text;
} variables[] = {
	{"http_proxy, https_proxy, all_proxy, no_proxy",
		"Obeyed where no proxy setting is given; the crawl says so when it does."},
	{"TZ", "The time zone of log lines. Stored times are UTC."},
};

static void add_statuses(struct buf *out)
{
	roff_section(out, "EXIT STATUS");
	for (size_t i = 0; i < MEM_COUNT(statuses); i++)
		roff_item(out, statuses[i].label, statuses[i].text, NULL, NULL);
}

/* "skitter \- crawl a site": what apropos reads. */
static void add_name(struct buf *out, const char *page, const char *help)
{
	roff_section(out, "NAME");
	buf_addf(out, "%s \\- ", page);
	roff_text(out, help, strlen(help));
	buf_add_ch(out, '\n');
}

static void add_commands(struct buf *out)
{
	struct buf text = BUF_INIT;

	roff_section(out, "COMMANDS");
	for (size_t i = 0; i < cmd_count; i++) {
		const struct command *c = &cmd_table[i];
		buf_reset(&text);
		buf_addf(&text, "skitter %s", c->usage);
		roff_item(out, text.data, c->help, NULL, NULL);
	}
	buf_release(&text);
}

static void main_page(struct buf *out)
{
	static const char *const pages[] = {
		"skitter-crawl(1)", "skitter-resume(1)", "skitter.yaml(5)", "sqlite3(1)"};

	roff_title(out, "SKITTER", 1);
	add_name(out, "skitter", "crawl a site, or many, into one SQLite file");
	roff_section(out, "SYNOPSIS");
	roff_label(out, "skitter COMMAND [OPTIONS] ARGUMENTS...");
	buf_add_ch(out, '\n');
	roff_section(out, "DESCRIPTION");
	roff_paragraph(out, overview);
	roff_paragraph(out, "Each command has a page of its own, skitter-COMMAND(1).");
	add_commands(out);
	add_statuses(out);
	roff_section(out, "SIGNALS");
	for (size_t i = 0; i < MEM_COUNT(signals); i++)
		roff_item(out, signals[i].label, signals[i].text, NULL, NULL);
	roff_section(out, "ENVIRONMENT");
	for (size_t i = 0; i < MEM_COUNT(variables); i++)
		roff_item(out, variables[i].label, variables[i].text, NULL, NULL);
	roff_section(out, "FILES");
	roff_item(out, "FILE.db",
		"One crawl. While it runs FILE.db-wal and FILE.db-shm belong to it, and "
		"FILE.db.lock "
		"says who writes it.",
		NULL, NULL);
	roff_section(out, "EXAMPLES");
	roff_verbatim(out,
		"skitter crawl https://example.com/\n"
		"skitter status example.com.db\n"
		"skitter sql example.com.db \"select url, title from pages where status = 404\"\n");
	roff_see_also(out, pages, MEM_COUNT(pages));
}

/* ---- a command ---- */

/* The default and what resume makes of it, in a sentence. */
static void setting_note(struct buf *note, const struct setting *row, const char *command)
{
	const char *def = row->def ? row->def : row->unset;

	buf_reset(note);
	if (row->type == SETTING_BOOL && !(row->flags & SETTING_VALUED))
		buf_addf(note, "Off if not given; --no-%s is the opposite.", row->name);
	else if (!(row->flags & SETTING_REPEAT))
		buf_addf(note, "Default: %s.", def);
	if (strcmp(command, "resume") && !(row->flags & SETTING_RESUME))
		buf_addf(note, "%sFixed for the life of a crawl: resume does not take it.",
			note->len ? " " : "");
	else if (row->flags & SETTING_SECRET)
		buf_addf(note, "%sA secret is never stored; resume takes it again.",
			note->len ? " " : "");
}

static void add_sentence(struct buf *out, const char *text)
{
	if (*text >= 'a' && *text <= 'z' && strncmp(text, "auto", 4)) {
		buf_add_ch(out, *text - 'a' + 'A');
		text++;
	}
	buf_add_str(out, text);
	if (out->len && !strchr(".?!", out->data[out->len - 1]))
		buf_add_ch(out, '.');
}

static void option_label(struct buf *out, const struct help_option *o)
{
	buf_reset(out);
	if (o->letter)
		buf_addf(out, "-%c%s", o->letter, o->name ? ", " : "");
	if (o->name)
		buf_addf(out, "--%s", o->name);
	if (o->arg)
		buf_addf(out, " %s", o->arg);
	if (o->setting && o->setting->type == SETTING_ENUM) {
		buf_addf(out, " (");
		for (size_t i = 0; i < o->words.n; i++)
			buf_addf(out, "%s%s", i ? "|" : "", o->words.v[i]);
		buf_add_ch(out, ')');
	}
}

/* Options of the command itself first, then those of a crawl by their groups. */
static void add_options(struct buf *out, const struct command *c)
{
	struct buf label = BUF_INIT, text = BUF_INIT, note = BUF_INIT;
	const char *group = "";
	struct help_args a;

	help_args_read(&a, c);
	roff_section(out, "OPTIONS");
	for (size_t i = 0; i < a.noptions; i++) {
		const struct help_option *o = &a.options[i];
		if (o->setting)
			continue;
		option_label(&label, o);
		buf_reset(&text);
		add_sentence(&text, o->help);
		roff_item(out, label.data, text.data, NULL, NULL);
	}
	roff_item(out, "-h, --help", "Help on this command.", NULL, NULL);
	for (size_t i = 0; i < a.noptions; i++) {
		const struct help_option *o = &a.options[i];
		if (!o->setting)
			continue;
		if (strcmp(group, o->setting->group))
			roff_part(out, group = o->setting->group);
		option_label(&label, o);
		buf_reset(&text);
		add_sentence(&text, o->help);
		setting_note(&note, o->setting, c->name);
		roff_item(
			out, label.data, text.data, o->setting->more, note.len ? note.data : NULL);
	}
	help_args_release(&a);
	buf_release(&label);
	buf_release(&text);
	buf_release(&note);
}

static void add_description(struct buf *out, const struct command *c)
{
	struct help_blocks b;
	struct buf text = BUF_INIT;

	help_blocks_read(&b, c->text);
	roff_section(out, "DESCRIPTION");
	add_sentence(&text, c->help);
	roff_paragraph(out, text.data);
	for (size_t i = 0; i < b.n; i++) {
		const struct help_block *block = &b.v[i];
		if (block->kind == HELP_PARAGRAPH)
			roff_paragraph(out, block->text);
		else if (block->kind == HELP_VERBATIM)
			roff_verbatim(out, block->text);
		else if (block->label[0] != '-' || !block->label[1])
			roff_item(out, block->label, block->text, NULL, NULL);
	}
	help_blocks_release(&b);
	buf_release(&text);
}

static void command_page(struct buf *out, const struct command *c)
{
	static const char *const pages[] = {"skitter(1)", "skitter.yaml(5)"};
	struct buf name = BUF_INIT, usage = BUF_INIT;

	buf_addf(&name, "skitter\\-%s", c->name);
	buf_addf(&usage, "skitter %s", c->usage);
	roff_title(out, name.data, 1);
	add_name(out, name.data, c->help);
	roff_section(out, "SYNOPSIS");
	roff_label(out, usage.data);
	buf_add_ch(out, '\n');
	add_description(out, c);
	add_options(out, c);
	if (c->settings)
		add_statuses(out);
	if (c->examples) {
		roff_section(out, "EXAMPLES");
		roff_verbatim(out, c->examples);
	}
	roff_see_also(out, pages, c->settings ? 2 : 1);
	buf_release(&name);
	buf_release(&usage);
}

/* ---- the config file ---- */

static void key_label(struct buf *out, const struct setting *row)
{
	char key[64];

	buf_reset(out);
	buf_addf(out, "%s: ", setting_key(row, key));
	if (row->type == SETTING_BOOL) {
		buf_add_str(out, "yes|no");
	} else if (row->type == SETTING_ENUM) {
		for (size_t i = 0; row->words[i]; i++)
			buf_addf(out, "%s%s", i ? "|" : "", row->words[i]);
	} else {
		buf_addf(out, row->type == SETTING_LIST ? "[%s, ...]" : "%s", row->arg);
		if (row->word)
			buf_addf(out, "|%s", row->word);
	}
}

static void add_keys(struct buf *out)
{
	struct buf label = BUF_INIT, text = BUF_INIT, note = BUF_INIT;
	const char *group = "";

	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *row = &settings_table[i];
		if (row->flags & SETTING_NO_YAML)
			continue;
		if (strcmp(group, row->group))
			roff_part(out, group = row->group);
		key_label(&label, row);
		buf_reset(&text);
		add_sentence(&text, row->help);
		buf_reset(&note);
		buf_addf(&note, "Default: %s.", row->def ? row->def : row->unset);
		roff_item(out, label.data, text.data, row->more, note.data);
	}
	buf_release(&label);
	buf_release(&text);
	buf_release(&note);
}

static void config_page(struct buf *out)
{
	static const char *const pages[] = {"skitter(1)", "skitter-crawl(1)", "skitter-config(1)"};

	roff_title(out, "skitter.yaml", 5);
	add_name(out, "skitter.yaml", "the settings of a crawl as a file");
	roff_section(out, "SYNOPSIS");
	roff_label(out, "skitter crawl -c FILE.yaml");
	buf_add_ch(out, '\n');
	roff_section(out, "DESCRIPTION");
	roff_paragraph(out,
		"A YAML map. A key is the name of an option with _ for -; what is given on the "
		"command line wins over the file. An unknown key or a wrong value is answered with "
		"FILE:LINE:COLUMN, what was expected and the nearest known key, and nothing is "
		"crawled.");
	roff_paragraph(out,
		"Sizes: 500k, 10M (powers of 1000), 10MiB (powers of 1024). Times: 1.5 (seconds), "
		"500ms, 30s, 2m, 1h30m. A list may be a single value.");
	roff_section(out, "KEYS");
	add_keys(out);
	roff_section(out, "EXAMPLES");
	roff_verbatim(out, "seeds:\n"
			   "  - https://example.com/docs/\n"
			   "output: docs.db\n"
			   "scope: prefix\n"
			   "per_host: 4\n"
			   "exclude: ['[?&]print=']\n");
	roff_paragraph(out, "skitter config example prints a commented file with every key.");
	roff_see_also(out, pages, MEM_COUNT(pages));
}

/* ---- finding a page ---- */

void manual_list(struct buf *out)
{
	buf_add_str(out, "skitter.1\n");
	for (size_t i = 0; i < cmd_count; i++)
		buf_addf(out, "skitter-%s.1\n", cmd_table[i].name);
	buf_add_str(out, "skitter.yaml.5\n");
}

int manual_page(struct buf *out, const char *name)
{
	size_t len = name ? strlen(name) : 0;
	const struct command *c;
	char *word;

	if (len > 2 && (!strcmp(name + len - 2, ".1") || !strcmp(name + len - 2, ".5")))
		len -= 2;
	if (!name || (len == 7 && !strncmp(name, "skitter", 7))) {
		main_page(out);
		return 0;
	}
	if (len == 12 && !strncmp(name, "skitter.yaml", 12)) {
		config_page(out);
		return 0;
	}
	if (len > 8 && !strncmp(name, "skitter-", 8)) {
		name += 8;
		len -= 8;
	}
	word = mem_strndup(name, len);
	c = cmd_find(word);
	free(word);
	if (!c)
		return -1;
	command_page(out, c);
	return 0;
}
