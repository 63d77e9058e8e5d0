/* The help as data, the manual pages, and the completions as the shells use them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "crawler/completion.h"
#include "crawler/helptext.h"
#include "crawler/manual.h"
#include "crawler/roff.h"

/* ---- blocks ---- */

static void blocks_of_a_text(void **state)
{
	struct help_blocks b;

	(void)state;
	help_blocks_read(&b, "One sentence.  Two\nsentences.\n\n  skitter x\n  skitter y\n\n"
			     "  -o, --out FILE   where\n                   it goes\n"
			     "      --long-name WORD text or json\n"
			     "check FILE      says\n                more\n\nLast.\n");
	assert_int_equal(b.n, 6);
	assert_int_equal(b.v[0].kind, HELP_PARAGRAPH);
	assert_string_equal(b.v[0].text, "One sentence.  Two sentences.");
	assert_int_equal(b.v[1].kind, HELP_VERBATIM);
	assert_string_equal(b.v[1].text, "skitter x\nskitter y");
	assert_int_equal(b.v[2].kind, HELP_ITEM);
	assert_string_equal(b.v[2].label, "-o, --out FILE");
	assert_string_equal(b.v[2].text, "where it goes");
	assert_string_equal(b.v[3].label, "--long-name WORD");
	assert_string_equal(b.v[3].text, "text or json");
	assert_string_equal(b.v[4].label, "check FILE");
	assert_string_equal(b.v[4].text, "says more");
	assert_string_equal(b.v[5].text, "Last.");
	help_blocks_release(&b);
	help_blocks_read(&b, NULL);
	assert_int_equal(b.n, 0);
	help_blocks_release(&b);
}

static const struct help_option *option(const struct help_args *a, const char *name)
{
	for (size_t i = 0; i < a->noptions; i++)
		if (a->options[i].name && !strcmp(a->options[i].name, name))
			return &a->options[i];
	fail_msg("no option %s", name);
	return NULL;
}

static void arguments_of_a_command(void **state)
{
	static const struct command c = {.name = "try",
		.usage = "try FILE.db [QUERY|-] [--head|--raw] [--format table|csv] [-o FILE] "
			 "[--test URL]...   or   skitter try --never",
		.text = "  -o, --output FILE  where to\n      --progress WORD  auto\n"};
	struct help_args a;

	(void)state;
	help_args_read(&a, &c);
	assert_int_equal(a.noptions, 6);
	assert_int_equal(option(&a, "output")->letter, 'o');
	assert_int_equal(option(&a, "output")->kind, ARG_FILE);
	assert_string_equal(option(&a, "output")->help, "where to");
	assert_int_equal(option(&a, "progress")->kind, ARG_WORDS); /* those of the setting */
	assert_string_equal(option(&a, "progress")->words.v[1], "always");
	assert_null(option(&a, "head")->arg);
	assert_null(option(&a, "raw")->arg);
	assert_int_equal(option(&a, "format")->words.n, 2);
	assert_true(option(&a, "test")->repeat);
	assert_int_equal(a.nplaces, 2);
	assert_int_equal(a.places[0].kind, ARG_DB);
	assert_int_equal(a.places[1].kind, ARG_TEXT);
	help_args_release(&a);
}

/* Every `--word` that the usage line or the start of a line of the text names is an option. */
static void no_option_of_any_command_is_missed(void **state)
{
	(void)state;
	for (size_t i = 0; i < cmd_count; i++) {
		const struct command *c = &cmd_table[i];
		const char *texts[] = {c->usage, c->text ? c->text : ""};
		struct help_args a;
		help_args_read(&a, c);
		for (size_t t = 0; t < 2; t++)
			for (const char *p = texts[t]; (p = strstr(p, "--")); p += 2) {
				const char *line = p;
				char name[64];
				if (sscanf(p, "--%63[a-z-]", name) != 1)
					continue;
				while (line > texts[t] && line[-1] != '\n')
					line--;
				if (t == 0 || line[strspn(line, " ")] == '-')
					option(&a, name);
			}
		for (size_t k = 0; k < a.noptions; k++)
			assert_true(a.options[k].name || a.options[k].letter);
		help_args_release(&a);
	}
}

/* ---- the manual ---- */

static void text_cannot_become_a_request(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	roff_text(&b, ".SH x\n'ok \\fB a-b", strlen(".SH x\n'ok \\fB a-b"));
	assert_string_equal(b.data, "\\&.SH x\n\\&\\(aqok \\efB a\\-b");
	buf_reset(&b);
	roff_label(&b, "-o, --out FILE.db|none");
	assert_string_equal(b.data, "\\fB\\-o\\fR, \\fB\\-\\-out\\fR \\fIFILE.db\\fR|\\fBnone\\fR");
	buf_release(&b);
}

static void every_page_is_there(void **state)
{
	struct buf list = BUF_INIT, page = BUF_INIT;
	size_t n = 0;

	(void)state;
	manual_list(&list);
	for (char *save = NULL, *p = strtok_r(list.data, "\n", &save); p;
		p = strtok_r(NULL, "\n", &save), n++) {
		buf_reset(&page);
		assert_int_equal(manual_page(&page, p), 0);
		assert_non_null(strstr(page.data, "\n.SH NAME\n"));
		assert_null(strstr(page.data, "\n.SH DESCRIPTION\n.PP")); /* complained of */
		assert_null(strstr(page.data, "\n\n"));
	}
	assert_int_equal(n, cmd_count + 2);
	assert_int_equal(manual_page(&page, "nosuch"), -1);
	assert_int_equal(manual_page(&page, ""), -1);
	buf_release(&list);
	buf_release(&page);
}

static void every_setting_is_explained(void **state)
{
	struct buf flags = BUF_INIT, keys = BUF_INIT, want = BUF_INIT;
	char key[64];

	(void)state;
	manual_page(&flags, "crawl");
	manual_page(&keys, "skitter.yaml");
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *o = &settings_table[i];
		buf_reset(&want);
		buf_add_str(&want, "\\fB\\-\\-");
		roff_text(&want, o->name, strlen(o->name));
		buf_add_str(&want, "\\fR");
		if (!(o->flags & SETTING_NO_FLAG) && !strstr(flags.data, want.data))
			fail_msg("skitter-crawl.1 does not know --%s", o->name);
		buf_reset(&want);
		buf_addf(&want, "\\fB%s:\\fR", setting_key(o, key));
		if (!(o->flags & SETTING_NO_YAML) && !strstr(keys.data, want.data))
			fail_msg("skitter.yaml.5 does not know %s", key);
	}
	buf_release(&flags);
	buf_release(&keys);
	buf_release(&want);
}

/* ---- the completions ---- */

static bool installed(const char *program)
{
	char command[128];

	snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", program);
	return system(command) == 0;
}

/* What a shell says to a script: the completion, then `more`. */
static void shell(struct buf *said, const char *program, const char *args,
	void (*completion)(struct buf *), const char *more)
{
	char path[] = "/tmp/skitter-complete-XXXXXX", command[256], text[512];
	struct buf script = BUF_INIT;
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w"), *p;

	completion(&script);
	buf_add_str(&script, more);
	fwrite(script.data, 1, script.len, f);
	fclose(f);
	snprintf(command, sizeof(command), "%s %s %s 2>&1", program, args, path);
	p = popen(command, "r");
	buf_reset(said);
	for (size_t n; (n = fread(text, 1, sizeof(text), p)) > 0;)
		buf_add(said, text, n);
	if (pclose(p) != 0)
		fail_msg("%s: %s", program, said->data);
	remove(path);
	buf_release(&script);
}

static void bash_offers(struct buf *said, const char *words, const char *expected)
{
	struct buf more = BUF_INIT;

	buf_addf(&more,
		"\nCOMP_WORDS=(skitter %s)\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
		"_skitter\necho \"${COMPREPLY[*]}\"\n",
		words);
	shell(said, "bash", "--norc", completion_bash, more.data);
	if (strcmp(said->data, expected))
		fail_msg("skitter %s\ngot:      %sexpected: %s", words, said->data, expected);
	buf_release(&more);
}

static void in_bash(void **state)
{
	struct buf said = BUF_INIT;

	(void)state;
	if (!installed("bash"))
		skip();
	bash_offers(&said, "resu", "resume\n");
	bash_offers(&said, "crawl --scope ''", "page prefix host domain any\n");
	bash_offers(&said, "crawl --scope = ho", "host\n");
	bash_offers(&said, "crawl --max-pages-", "--max-pages-per-host\n");
	bash_offers(&said, "resume --scop", "\n"); /* fixed for the life of a crawl */
	bash_offers(&said, "export x.db --format c", "csv\n");
	bash_offers(&said, "config sh", "show\n");
	bash_offers(
		&said, "help --man x resum", "resume\n"); /* the value of --man is no argument */
	bash_offers(&said, "completion x f", "\n");
	bash_offers(&said, "nosuch x", "\n");
	buf_release(&said);
}

static void in_zsh(void **state)
{
	struct buf said = BUF_INIT;

	(void)state;
	if (!installed("zsh"))
		skip();
	shell(&said, "zsh", "-f -n", completion_zsh, "");
	assert_string_equal(said.data, "");
	buf_release(&said);
}

static void in_fish(void **state)
{
	struct buf said = BUF_INIT;

	(void)state;
	if (!installed("fish"))
		skip();
	shell(&said, "fish", "--no-config", completion_fish,
		"\ncomplete -C 'skitter crawl --scope=d'\ncomplete -C 'skitter completion z'\n"
		"complete -C 'skitter resume --max-pages-p'\n");
	assert_non_null(strstr(said.data, "--scope=domain"));
	assert_non_null(strstr(said.data, "\nzsh\n"));
	assert_non_null(strstr(said.data, "--max-pages-per-host"));
	buf_release(&said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_of_a_text),
		cmocka_unit_test(arguments_of_a_command),
		cmocka_unit_test(no_option_of_any_command_is_missed),
		cmocka_unit_test(text_cannot_become_a_request),
		cmocka_unit_test(every_page_is_there),
		cmocka_unit_test(every_setting_is_explained),
		cmocka_unit_test(in_bash),
		cmocka_unit_test(in_zsh),
		cmocka_unit_test(in_fish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
