/* settings_show.c - the settings for people: `config show`, the example file, the help. */
#include "config/settings_table.h"

#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "config/text.h"

#define HELP_COLUMN    30
#define HELP_WIDTH     96
#define COMMENT_COLUMN 40

/* What YAML refuses raw, or a terminal should not be shown raw: C1, bidi, invisible. */
static bool must_escape(unsigned cp)
{
	return (cp >= 0x7f && cp < 0xa0) || cp == 0xad || cp == 0x61c ||
	       (cp >= 0x200b && cp <= 0x200f) || (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2060 && cp <= 0x206f) || cp == 0xfeff || (cp >= 0xfff9 && cp <= 0xffff);
}

/* A double-quoted YAML string: JSON's spelling is YAML's too, but for a few characters. */
static void yaml_text(struct buf *out, const char *text)
{
	struct buf b = BUF_INIT;

	text_json(&b, text, strlen(text)); /* valid UTF-8 from here on */
	for (size_t i = 0; i < b.len;) {
		const unsigned char *p = (const unsigned char *)b.data + i;
		size_t n = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
		unsigned cp = n == 2   ? (*p & 0x1fu) << 6 | (p[1] & 0x3fu)
			      : n == 3 ? (*p & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu)
				       : ' ';
		if (must_escape(cp))
			buf_addf(out, "\\u%04x", cp);
		else
			buf_add(out, p, n);
		i += n;
	}
	buf_release(&b);
}

static void origin_text(const struct setting *o, const struct settings *s, struct buf *out)
{
	const struct setting_origin *at = &s->origin[setting_index(o)];

	switch ((enum setting_source)at->source) {
	case SOURCE_DEFAULT: buf_add_str(out, "default"); break;
	case SOURCE_STORED: buf_add_str(out, "stored with the crawl"); break;
	case SOURCE_FLAG: buf_add_str(out, "command line"); break;
	case SOURCE_FILE:
		text_terminal(out, s->config ? s->config : "file",
			strlen(s->config ? s->config : "file"));
		buf_addf(out, ":%u", (unsigned)at->line);
	}
}

/* Ends a line with its comment, in a column of its own where the line is short. */
static void comment(struct buf *out, size_t line_start, const char *text)
{
	size_t used = text_columns(out->data + line_start, out->len - line_start);

	while (used++ < COMMENT_COLUMN)
		buf_add_ch(out, ' ');
	buf_addf(out, " # %s\n", text);
}

static void show_scalar(
	const struct setting *o, const struct settings *s, const char *origin, struct buf *out)
{
	size_t start = out->len;
	struct buf value = BUF_INIT, masked = BUF_INIT, note = BUF_INIT;
	char key[64];

	setting_key(o, key);
	buf_add_str(&note, origin);
	if (setting_is_unset(o, s)) {
		bool secret = s->omitted >> setting_index(o) & 1;
		buf_addf(out, "# %s:", key);
		buf_addf(&note, ": %s",
			secret ? "a secret that was not stored; give it again" : o->unset);
	} else {
		setting_print(o, s, &value);
		if (setting_mask(o, value.data, &masked)) {
			/* A comment, so that loading this again does not log in with stars. */
			buf_addf(out, "# %s: ", key);
			yaml_text(out, masked.data);
			buf_add_str(&note, ": a secret, not shown");
		} else if (o->type == SETTING_STRING) {
			buf_addf(out, "%s: ", key);
			yaml_text(out, value.data);
		} else {
			buf_addf(out, "%s: %s", key, value.data);
		}
	}
	comment(out, start, note.data);
	buf_release(&value);
	buf_release(&masked);
	buf_release(&note);
}

static void show_list(
	const struct setting *o, const struct settings *s, const char *origin, struct buf *out)
{
	const struct strlist *l = SETTING_CFIELD(o, s, struct strlist);
	size_t start = out->len, shown = 0;
	struct buf items = BUF_INIT;
	char key[64];

	for (size_t i = 0; i < l->n; i++) {
		struct buf masked = BUF_INIT;
		bool secret = setting_mask(o, l->v[i], &masked);
		buf_add_str(&items, secret ? "#  - " : "  - ");
		yaml_text(&items, masked.data);
		buf_add_str(&items, secret ? " # a secret, not shown\n" : "\n");
		shown += !secret;
		buf_release(&masked);
	}
	buf_addf(out, shown ? "%s:" : "%s: []", setting_key(o, key));
	comment(out, start, origin);
	buf_add(out, items.data, items.len);
	buf_release(&items);
}

void settings_show(const struct settings *s, FILE *f)
{
	struct buf out = BUF_INIT, origin = BUF_INIT;
	const char *group = "";

	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *o = &settings_table[i];
		if (o->flags & SETTING_NO_YAML)
			continue;
		if (strcmp(group, o->group)) {
			buf_addf(&out, "%s# %s\n", *group ? "\n" : "", o->group);
			group = o->group;
		}
		buf_reset(&origin);
		origin_text(o, s, &origin);
		if (o->type == SETTING_LIST && !setting_is_unset(o, s))
			show_list(o, s, origin.data, &out);
		else
			show_scalar(o, s, origin.data, &out);
	}
	fwrite(out.data, 1, out.len, f);
	buf_release(&out);
	buf_release(&origin);
}

/* ---- the commented example file ---- */

static void add_comment_lines(struct buf *out, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		buf_addf(out, "# %.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

static void sentence(struct buf *out, const char *text)
{
	if (*text >= 'a' && *text <= 'z' && strncmp(text, "auto", 4)) {
		buf_add_ch(out, *text - 'a' + 'A');
		text++;
	}
	buf_addf(out, "%s.", text);
}

void settings_example(FILE *f)
{
	struct buf out = BUF_INIT, line = BUF_INIT;
	const char *group = "";
	char key[64];

	buf_add_str(&out,
		"# Every key of a skitter config file, with its default.\n"
		"#\n"
		"#   skitter crawl -c FILE.yaml      crawl with it; flags win over the file\n"
		"#   skitter config check FILE.yaml  say what is wrong with it\n"
		"#   skitter config show FILE.yaml   say what every setting will be, and why\n"
		"#\n"
		"# A key is the name of the flag with _ for -. Sizes: 500k, 10M (powers of 1000),\n"
		"# 10MiB (powers of 1024). Times: 1.5 (seconds), 500ms, 30s, 2m, 1h30m. Lists may\n"
		"# be a single value.\n");
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *o = &settings_table[i];
		if (o->flags & SETTING_NO_YAML)
			continue;
		if (strcmp(group, o->group)) {
			buf_addf(&out, "\n# ---- %s ----\n", o->group);
			group = o->group;
		}
		buf_reset(&line);
		sentence(&line, o->help);
		buf_add_ch(&out, '\n');
		add_comment_lines(&out, line.data);
		if (o->more)
			add_comment_lines(&out, o->more);
		setting_key(o, key);
		if (!strcmp(key, "seeds"))
			buf_add_str(&out, "seeds:\n  - https://example.com/\n");
		else if (o->def)
			buf_addf(&out, "%s: %s\n", key, o->def);
		else
			buf_addf(&out, "# %s: %s%s%s\n", key, o->type == SETTING_LIST ? "[" : "",
				o->arg, o->type == SETTING_LIST ? "]" : "");
	}
	fwrite(out.data, 1, out.len, f);
	buf_release(&out);
	buf_release(&line);
}

/* ---- the help ---- */

static void flag_text(const struct setting *o, struct buf *out)
{
	bool takes = o->type != SETTING_BOOL || (o->flags & SETTING_VALUED);

	if (o->letter)
		buf_addf(out, "  -%c, --%s", o->letter, o->name);
	else
		buf_addf(out, "      --%s", o->name);
	if (takes && !(o->flags & SETTING_REPEAT))
		buf_addf(out, " %s", o->arg);
}

/* Words into the right column, which may take several lines. */
static void help_words(struct buf *out, size_t column, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, " ");
		if (column > HELP_COLUMN && column + 1 + n > HELP_WIDTH) {
			buf_addf(out, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			buf_add_ch(out, ' ');
			column++;
		}
		buf_add(out, text, n);
		column += n;
		text += n;
		text += strspn(text, " ");
	}
	buf_add_ch(out, '\n');
}

static void help_line(const struct setting *o, struct buf *out)
{
	struct buf text = BUF_INIT;
	size_t start = out->len;

	flag_text(o, out);
	if (out->len - start >= HELP_COLUMN) {
		buf_add_ch(out, '\n');
		start = out->len;
	}
	while (out->len - start < HELP_COLUMN)
		buf_add_ch(out, ' ');
	buf_add_str(&text, o->help);
	if (o->def && strcmp(o->def, "none") && !(o->flags & SETTING_REPEAT) &&
		(o->type != SETTING_BOOL || (o->flags & SETTING_VALUED)))
		buf_addf(&text, " [%s]", o->def);
	help_words(out, HELP_COLUMN, text.data);
	buf_release(&text);
}

void settings_help(FILE *f, const char *command)
{
	bool resume = command && !strcmp(command, "resume");
	struct buf out = BUF_INIT;
	const char *group = "";

	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *o = &settings_table[i];
		if ((o->flags & SETTING_NO_FLAG) || (resume && !(o->flags & SETTING_RESUME)))
			continue;
		if (strcmp(group, o->group)) {
			buf_addf(&out, "%s%s\n", *group ? "\n" : "", o->group);
			group = o->group;
		}
		help_line(o, &out);
	}
	fwrite(out.data, 1, out.len, f);
	buf_release(&out);
}

int settings_help_option(FILE *f, const char *name)
{
	const struct setting *o = setting_find(name, strlen(name));
	struct buf out = BUF_INIT;
	char key[64];

	if (!o)
		return -1;
	if (!(o->flags & SETTING_NO_FLAG)) {
		flag_text(o, &out);
		buf_add_ch(&out, '\n');
	}
	buf_addf(&out, "\n  ");
	sentence(&out, o->help);
	buf_add_ch(&out, '\n');
	for (const char *p = o->more ? o->more : ""; *p; p += strcspn(p, "\n"), p += *p == '\n')
		buf_addf(&out, "  %.*s\n", (int)strcspn(p, "\n"), p);
	buf_add_ch(&out, '\n');
	if (!(o->flags & SETTING_NO_YAML))
		buf_addf(&out, "  in a config file: %s\n", setting_key(o, key));
	buf_addf(&out, "  default: %s\n", o->def ? o->def : o->unset);
	if (!(o->flags & SETTING_RESUME))
		buf_addf(&out, "  fixed for the life of a crawl: `resume` does not take it\n");
	else if (o->flags & SETTING_SECRET)
		buf_addf(&out, "  secret: never stored, `resume` takes it again\n");
	fwrite(out.data, 1, out.len, f);
	buf_release(&out);
	return 0;
}
