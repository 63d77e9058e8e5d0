#include "crawler/roff.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* groff would turn a dash into a hyphen, a quote into a typographic one. A dot or quote at the
 * start of a line would be a request. */
void roff_text(struct buf *out, const char *text, size_t len)
{
	if (len && (*text == '.' || *text == '\'') &&
		(!out->len || out->data[out->len - 1] == '\n'))
		buf_add_str(out, "\\&");
	for (size_t i = 0; i < len; i++) {
		switch (text[i]) {
		case '\\': buf_add_str(out, "\\e"); break;
		case '-': buf_add_str(out, "\\-"); break;
		case '\'': buf_add_str(out, "\\(aq"); break;
		case '`': buf_add_str(out, "\\(ga"); break;
		case '^': buf_add_str(out, "\\(ha"); break;
		case '~': buf_add_str(out, "\\(ti"); break;
		case '"': buf_add_str(out, "\\(dq"); break;
		case '\n':
			buf_add_ch(out, '\n');
			if (i + 1 < len && (text[i + 1] == '.' || text[i + 1] == '\''))
				buf_add_str(out, "\\&");
			break;
		default: buf_add_ch(out, text[i]);
		}
	}
}

static void add(struct buf *out, const char *text)
{
	roff_text(out, text, strlen(text));
}

static void line(struct buf *out, const char *text)
{
	add(out, text);
	buf_add_ch(out, '\n');
}

static bool is_placeholder(const char *word, size_t len)
{
	size_t capitals = 0;

	for (size_t i = 0; i < len; i++) {
		if (islower((unsigned char)word[i]) && !strchr(".", word[i]))
			return i && word[i - 1] == '.'; /* FILE.db */
		capitals += isupper((unsigned char)word[i]) != 0;
	}
	return capitals > 0;
}

/* What stands between brackets, bars, commas and spaces is one word. */
void roff_label(struct buf *out, const char *label)
{
	while (*label) {
		size_t n = strcspn(label, " ,|[]'");
		if (n) {
			buf_add_str(out, is_placeholder(label, n) ? "\\fI" : "\\fB");
			roff_text(out, label, n);
			buf_add_str(out, "\\fR");
			label += n;
		} else {
			roff_text(out, label++, 1);
		}
	}
}

void roff_title(struct buf *out, const char *page, int section)
{
	/* No date: two builds of one version are the same. */
	buf_addf(out,
		".\\\" Generated from the tables of skitter; see `skitter help --man`.\n"
		".TH %s %d \"\" \"skitter " SKITTER_VERSION "\" \"%s\"\n",
		page, section, section == 1 ? "User Commands" : "File Formats");
	buf_add_str(out, ".nh\n.ad l\n");
}

void roff_section(struct buf *out, const char *name)
{
	buf_addf(out, ".SH %s\n", name);
}

void roff_part(struct buf *out, const char *name)
{
	buf_addf(out, ".SS %s\n", name);
}

/* Not needed below a heading, and complained of there. */
static void space(struct buf *out)
{
	const char *last = out->data + out->len;

	while (last > out->data && (last == out->data + out->len || last[-1] != '\n'))
		last--;
	if (strncmp(last, ".SH", 3) && strncmp(last, ".SS", 3))
		buf_add_str(out, ".PP\n");
}

void roff_paragraph(struct buf *out, const char *text)
{
	space(out);
	line(out, text);
}

void roff_verbatim(struct buf *out, const char *lines)
{
	space(out);
	buf_add_str(out, ".RS 4\n.nf\n");
	while (*lines) {
		size_t indent = strspn(lines, " "), n = strcspn(lines, "\n");
		indent = indent < 2 ? indent : 2; /* the help's own */
		roff_text(out, lines + indent, n - indent);
		buf_add_ch(out, '\n');
		lines += n + (lines[n] == '\n');
	}
	buf_add_str(out, ".fi\n.RE\n");
}

void roff_item(
	struct buf *out, const char *label, const char *text, const char *more, const char *note)
{
	buf_add_str(out, ".TP\n");
	roff_label(out, label);
	buf_add_ch(out, '\n');
	line(out, text && *text ? text : "(see above)");
	if (more) {
		buf_add_str(out, ".br\n");
		line(out, more);
	}
	if (note) {
		buf_add_str(out, ".br\n");
		line(out, note);
	}
}

void roff_see_also(struct buf *out, const char *const *pages, size_t n)
{
	roff_section(out, "SEE ALSO");
	for (size_t i = 0; i < n; i++) {
		const char *open = strchr(pages[i], '(');
		buf_add_str(out, ".BR ");
		roff_text(out, pages[i], (size_t)(open - pages[i]));
		buf_addf(out, " %s%s\n", open, i + 1 < n ? "," : "");
	}
}
