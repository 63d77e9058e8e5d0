/* cmd_config.c - skitter config check|show|example [FILE] */
#include <string.h>

#include "config/mem.h"
#include "config/settings_table.h"
#include "config/text.h"
#include "crawler/cmd.h"
#include "crawler/cmd_util.h"
#include "crawler/page/url.h"

static int fail(struct settings *s, const struct err *err)
{
	settings_release(s);
	return cmd_fail(err);
}

/* Seeds are judged by the crawl's own URL parser, which config/ cannot know. */
static int check_seeds(const struct settings *s, struct err *err)
{
	const struct setting_origin *at = &s->origin[setting_index(setting_find("seeds", 5))];
	struct err why = {0};
	struct url_parser p;
	struct url u;
	bool guessed;
	int rc = 0;

	url_parser_init(&p);
	for (size_t i = 0; i < s->seeds.n && !rc; i++)
		if (url_from_user(&p, s->seeds.v[i], &u, &guessed, &why) < 0)
			rc = err_set(err, EXIT_USAGE, "%s:%u:%u: seeds: %s", s->config,
				(unsigned)at->line, (unsigned)at->column, why.text);
	url_parser_release(&p);
	if (!rc && !s->seeds.n && !s->input_file)
		fputs("skitter: note: there are no seeds in it; they must come from the command "
		      "line\n",
			stderr);
	return rc;
}

static int check(int argc, char **argv)
{
	struct settings s;
	struct err err = {0};

	settings_init(&s);
	if (argc != 2) {
		err_set(&err, EXIT_USAGE, "usage: skitter config check FILE.yaml");
		return fail(&s, &err);
	}
	if (settings_load_yaml(&s, argv[1], &err) < 0 || check_seeds(&s, &err) < 0)
		return fail(&s, &err);
	printf("%s: correct\n", argv[1]);
	settings_release(&s);
	return EXIT_OK;
}

/* Takes flags too: what would `skitter crawl` with these words do? */
static int show(int argc, char **argv)
{
	struct settings s;
	struct err err = {0};
	bool is_file;

	settings_init(&s);
	/* `config show FILE.yaml` is `config show -c FILE.yaml`. */
	is_file = argc > 1 && argv[1][0] != '-' && !s.config;
	if (settings_parse_args(
		    &s, is_file ? argc - 1 : argc, is_file ? argv + 1 : argv, "crawl", &err) < 0)
		return fail(&s, &err);
	if (is_file && settings_load_yaml(&s, argv[1], &err) < 0)
		return fail(&s, &err);
	settings_show(&s, stdout);
	settings_release(&s);
	return EXIT_OK;
}

int cmd_config(int argc, char **argv)
{
	static const char *const words[] = {"check", "show", "example"};
	const char *word = argc > 1 ? argv[1] : "", *near;
	struct buf shown = BUF_INIT;
	struct err err = {0};

	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return cmd_usage(cmd_find("config"), stdout), EXIT_OK;
	if (!strcmp(word, "check"))
		return check(argc - 1, argv + 1);
	if (!strcmp(word, "show"))
		return show(argc - 1, argv + 1);
	if (!strcmp(word, "example"))
		return settings_example(stdout), EXIT_OK;
	near = text_nearest(word, words, MEM_COUNT(words));
	cmd_add_line(&shown, word);
	if (near && *word)
		err_set(&err, EXIT_USAGE, "unknown word `%s`; did you mean `config %s`?",
			shown.data, near);
	else
		err_set(&err, EXIT_USAGE, "usage: skitter %s", cmd_find("config")->usage);
	buf_release(&shown);
	return cmd_fail(&err);
}
