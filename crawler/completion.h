/* completion.h - what the shells complete, generated from the command table and the settings table.
 *
 * Each prints a whole file for one shell: commands, their options, the words an option takes, files
 * by suffix. Nothing in them asks the program again. Texts of the tables are quoted for the shell.
 */
#ifndef SKITTER_CRAWLER_COMPLETION_H
#define SKITTER_CRAWLER_COMPLETION_H

#include "config/buf.h"
#include "crawler/cmd.h"
#include "crawler/helptext.h"

void completion_bash(struct buf *out);
void completion_zsh(struct buf *out);
void completion_fish(struct buf *out);

/* ---- shared by the three ---- */

/* In single quotes, for the POSIX shells; fish has other rules inside them. */
void completion_quote(struct buf *out, const char *text);
/* The words of a list, a space between. */
void completion_words(struct buf *out, const struct strlist *words);

#endif
