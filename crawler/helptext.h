/* helptext.h - the help of the commands as data: what the manual and the completions are made of.
 *
 * A row of the command table says everything about a command in the words a person reads. Nothing
 * is said twice: options and their arguments are read back from those words (and from the settings
 * table), so whoever writes a help line has written the manual and the completions too.
 *
 * What the text of a row may hold:
 *   - paragraphs, ended by an empty line
 *   - items: a label, two spaces or more, what it means; continuation lines are indented deeper.
 *     A label that begins with a dash is an option: `-o, --output FILE   where to write`
 *   - indented lines that are neither: shown as they are
 *
 * Ownership: everything found belongs to the list it was found into; release frees it.
 */
#ifndef SKITTER_CRAWLER_HELPTEXT_H
#define SKITTER_CRAWLER_HELPTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/settings.h"
#include "config/settings_table.h"
#include "crawler/cmd.h"

/* ---- the text, in blocks ---- */

enum help_kind { HELP_PARAGRAPH, HELP_ITEM, HELP_VERBATIM };

struct help_block {
	enum help_kind kind;
	char *label; /* of an item: "-o, --output FILE" */
	char *text;  /* one line; of HELP_VERBATIM whole lines */
};

struct help_blocks {
	struct help_block *v;
	size_t n;
};

void help_blocks_read(struct help_blocks *b, const char *text); /* NULL = no text */
void help_blocks_release(struct help_blocks *b);

/* ---- what a word on the command line may be ---- */

enum help_arg {
	ARG_NONE,     /* a switch; or no further word */
	ARG_TEXT,     /* anything: nothing can be offered */
	ARG_WORDS,    /* one of `words` */
	ARG_FILE,     /* any file */
	ARG_DB,	      /* FILE.db */
	ARG_YAML,     /* FILE.yaml */
	ARG_COMMANDS, /* the name of a command */
};

struct help_option {
	char *name;  /* without dashes; NULL = there is only the letter */
	char letter; /* 0 = none */
	enum help_arg kind;
	char *arg;		       /* as the help shows it: "FILE"; NULL = a switch */
	struct strlist words;	       /* offered values, if ARG_WORDS */
	char *help;		       /* one line; "" = the usage line is all that is known */
	bool repeat;		       /* may be given several times */
	const struct setting *setting; /* the row it comes from; NULL = from the text */
};

struct help_place { /* an argument without a dash */
	enum help_arg kind;
	char *arg;
	struct strlist words;
	bool repeat; /* and all that follow */
};

struct help_args {
	struct help_option *options; /* settings first, in the order of their table */
	size_t noptions;
	struct help_place *places;
	size_t nplaces;
};

/* --help is not among the options: every command has it. */
void help_args_read(struct help_args *a, const struct command *c);
void help_args_release(struct help_args *a);

#endif
