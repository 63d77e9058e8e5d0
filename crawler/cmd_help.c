/* cmd_help.c - skitter help [COMMAND|OPTION], and skitter alone. */
#include <string.h>

#include "config/text.h"
#include "crawler/cmd.h"
#include "crawler/cmd_util.h"
#include "crawler/manual.h"

static void overview(FILE *out)
{
	fputs("skitter " SKITTER_VERSION
	      ": crawls a site, or many, into one SQLite file that holds every page,\n"
	      "every link and every verdict.\n"
	      "\n"
	      "  skitter crawl https://example.com/            crawl into example.com.db\n"
	      "  skitter status example.com.db                 how it went, or how it goes\n"
	      "  skitter report example.com.db -o report.html  broken links, duplicates, slow "
	      "pages\n"
	      "  skitter search example.com.db water spider    pages about something\n"
	      "  skitter sql example.com.db \"select url, title from pages where status = 404\"\n"
	      "\n"
	      "Commands\n",
		out);
	for (size_t i = 0; i < cmd_count; i++)
		fprintf(out, "  %-10s %s\n", cmd_table[i].name, cmd_table[i].help);
	fputs("\n"
	      "skitter help COMMAND   its options, and examples\n"
	      "skitter help --OPTION  all about one option of a crawl\n"
	      "\n"
	      "Exit status: 0 finished, 1 internal error, 2 bad usage or config, 3 stopped by a\n"
	      "signal (resumable), 4 storing failed, 5 no seed could be fetched.\n",
		out);
}

static int unknown(const char *word)
{
	struct buf shown = BUF_INIT;
	struct err err = {0};
	const char *words[32], *near;
	size_t n = 0;

	for (size_t i = 0; i < cmd_count && n < 32; i++)
		words[n++] = cmd_table[i].name;
	near = text_nearest(word, words, n);
	cmd_add_line(&shown, word);
	if (near)
		err_set(&err, EXIT_USAGE, "there is no help on `%s`; did you mean `%s`?",
			shown.data, near);
	else
		err_set(&err, EXIT_USAGE,
			"there is no help on `%s`; `skitter help` lists the commands", shown.data);
	buf_release(&shown);
	return cmd_fail(&err);
}

/* The manual as man(7) source. */
static int manual(const char *page)
{
	struct buf out = BUF_INIT, shown = BUF_INIT;
	struct err err = {0};
	int rc = 0;

	if (page && !strcmp(page, "list"))
		manual_list(&out);
	else if (manual_page(&out, page) < 0) {
		cmd_add_line(&shown, page);
		rc = err_set(&err, EXIT_USAGE,
			"there is no manual page `%s`; `skitter help --man list` names all",
			shown.data);
	}
	fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
	buf_release(&shown);
	return rc < 0 ? cmd_fail(&err) : EXIT_OK;
}

int cmd_help(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : NULL;
	const struct command *c;

	/* main passes its own argv[0] when there was no word at all. */
	if (!word || !strcmp(word, "--help") || !strcmp(word, "-h")) {
		overview(stdout);
		return EXIT_OK;
	}
	if (!strcmp(word, "--man"))
		return manual(argc > 2 ? argv[2] : NULL);
	c = cmd_find(word);
	if (c) {
		cmd_usage(c, stdout);
		return EXIT_OK;
	}
	if (!settings_help_option(stdout, word + strspn(word, "-")))
		return EXIT_OK;
	return unknown(word);
}
