/* cmd_completion.c - skitter completion bash|zsh|fish */
#include <string.h>

#include "config/mem.h"
#include "config/text.h"
#include "crawler/cmd.h"
#include "crawler/completion.h"

void completion_quote(struct buf *out, const char *text)
{
	buf_add_ch(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			buf_add_str(out, "'\\''");
		else
			buf_add_ch(out, *text);
	}
	buf_add_ch(out, '\'');
}

void completion_words(struct buf *out, const struct strlist *words)
{
	for (size_t i = 0; i < words->n; i++)
		buf_addf(out, "%s%s", i ? " " : "", words->v[i]);
}

int cmd_completion(int argc, char **argv)
{
	static const char *const shells[] = {"bash", "zsh", "fish"};
	static void (*const print[])(struct buf *) = {
		completion_bash, completion_zsh, completion_fish};
	struct buf out = BUF_INIT;
	struct err err = {0};
	const char *shell = NULL;
	bool help;

	if (cmd_args(argc, argv, NULL, 0, &shell, 1, 1, &help, &err) < 0)
		return cmd_fail(&err);
	if (help)
		return cmd_usage(cmd_find("completion"), stdout), EXIT_OK;
	for (size_t i = 0; i < MEM_COUNT(shells); i++) {
		if (strcmp(shell, shells[i]))
			continue;
		print[i](&out);
		fwrite(out.data, 1, out.len, stdout);
		buf_release(&out);
		return EXIT_OK;
	}
	text_terminal(&out, shell, strlen(shell) > 80 ? 80 : strlen(shell));
	err_set(&err, EXIT_USAGE, "there are completions for bash, zsh and fish, not for `%s`",
		out.data);
	buf_release(&out);
	return cmd_fail(&err);
}
