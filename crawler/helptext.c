/* helptext.c - the text of a command's help, line by line into blocks. */
#include "crawler/helptext.h"

#include <stdlib.h>
#include <string.h>

#include "config/mem.h"

struct reader {
	struct help_blocks *out;
	size_t indent; /* of the last item */
	bool open;     /* the last block may go on */
};

static void add(struct reader *r, enum help_kind kind, const char *label, size_t label_len,
	const char *text, size_t len)
{
	struct help_blocks *b = r->out;

	b->v = mem_realloc(b->v, (b->n + 1) * sizeof(*b->v));
	b->v[b->n++] = (struct help_block){.kind = kind,
		.label = label ? mem_strndup(label, label_len) : NULL,
		.text = mem_strndup(text, len)};
	r->open = true;
}

/* The last block gets one more line. */
static void go_on(struct reader *r, const char *text, size_t len, char between)
{
	struct help_block *last = &r->out->v[r->out->n - 1];
	struct buf b = BUF_INIT;

	buf_add_str(&b, last->text);
	if (b.len)
		buf_add_ch(&b, between);
	buf_add(&b, text, len);
	free(last->text);
	last->text = buf_take(&b);
}

/* A label too long for its column, one space before the text: "--log-format WORD text or json". */
static size_t option_end(const char *line, size_t len)
{
	const char *name = memmem(line, len, "--", 2), *end = line + len, *p;

	p = name ? memchr(name, ' ', (size_t)(end - name)) : NULL;
	p = p ? memchr(p + 1, ' ', (size_t)(end - p - 1)) : NULL;
	return p ? (size_t)(p - line) : len;
}

/* Where a line's label ends: before two spaces (three, if it is no option: a sentence may be
 * followed by two). len = there is no such gap. */
static size_t label_end(const char *line, size_t len)
{
	size_t least = line[0] == '-' ? 2 : 3;

	for (size_t i = 1; i + least < len; i++)
		if (strspn(line + i, " ") >= least)
			return i;
	return line[0] == '-' ? option_end(line, len) : len;
}

static void read_line(struct reader *r, const char *line, size_t len)
{
	size_t indent = strspn(line, " "), end;
	enum help_kind last = r->open ? r->out->v[r->out->n - 1].kind : HELP_PARAGRAPH;
	const char *text = line + indent;

	if (indent >= len) {
		r->open = false;
		return;
	}
	len -= indent;
	end = label_end(text, len);
	if (r->open && last == HELP_ITEM && indent > r->indent + 4 && text[0] != '-') {
		go_on(r, text, len, ' ');
	} else if (end < len || text[0] == '-') {
		size_t gap = end < len ? strspn(text + end, " ") : 0;
		add(r, HELP_ITEM, text, end, text + end + gap, len - end - gap);
		r->indent = indent;
	} else if (indent >= 2) {
		if (r->open && last == HELP_VERBATIM)
			go_on(r, text, len, '\n');
		else
			add(r, HELP_VERBATIM, NULL, 0, text, len);
	} else if (r->open && last == HELP_PARAGRAPH) {
		go_on(r, text, len, ' ');
	} else {
		add(r, HELP_PARAGRAPH, NULL, 0, text, len);
	}
}

void help_blocks_read(struct help_blocks *b, const char *text)
{
	struct reader r = {.out = b};

	*b = (struct help_blocks){0};
	for (const char *p = text ? text : ""; *p;) {
		size_t n = strcspn(p, "\n");
		read_line(&r, p, n);
		p += n + (p[n] == '\n');
	}
}

void help_blocks_release(struct help_blocks *b)
{
	for (size_t i = 0; i < b->n; i++) {
		free(b->v[i].label);
		free(b->v[i].text);
	}
	free(b->v);
	*b = (struct help_blocks){0};
}
