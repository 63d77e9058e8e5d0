/* world_step.c - the words of a world file that say what to run and what must come out. */
#include "tests/server/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"

static struct world_step *step_new(struct world *w, enum step_kind kind, int line)
{
	struct world_step *s;

	w->steps = mem_realloc(w->steps, (w->nsteps + 1) * sizeof(*w->steps));
	s = &w->steps[w->nsteps++];
	memset(s, 0, sizeof(*s));
	s->kind = kind;
	s->line = line;
	buf_init(&s->out);
	buf_init(&s->err);
	buf_init(&s->not_err);
	buf_init(&s->input);
	return s;
}

/* Splits as a shell would: blanks, '...' and "..." (no escapes inside). */
static void add_args(struct world_step *s, const char *text)
{
	while (*(text += strspn(text, " \t"))) {
		struct buf arg = BUF_INIT;

		while (*text && *text != ' ' && *text != '\t') {
			if (*text == '\'' || *text == '"') {
				char quote = *text++;

				while (*text && *text != quote)
					buf_add_ch(&arg, *text++);
				if (*text)
					text++;
			} else {
				buf_add_ch(&arg, *text++);
			}
		}
		s->argv = mem_realloc(s->argv, (s->argc + 1) * sizeof(*s->argv));
		s->argv[s->argc++] = arg.len ? buf_take(&arg) : mem_strdup("");
	}
}

static struct world_step *last_run(struct world *w, struct world_text *t)
{
	for (size_t i = w->nsteps; i-- > 0;)
		if (w->steps[i].kind == STEP_RUN)
			return &w->steps[i];
	world_bad(t, "'%s' needs a run above it", t->word);
	return NULL;
}

/* `signal NAME after N requests [again MS]` */
static int signal_word(struct world_step *s, struct world_text *t)
{
	char name[16];
	int n, again = 0;

	if (sscanf(t->rest, "%15s after %d requests again %d", name, &n, &again) < 2)
		return world_bad(t, "expected: signal NAME after N requests [again MS]");
	s->signal_again_ms = again;
	s->signal_requests = n;
	return world_signal(t, name, &s->signal);
}

static int expect_word(struct world *w, struct world_text *t)
{
	struct world_step *s = step_new(w, STEP_EXPECT, t->line);
	struct buf sql = BUF_INIT;
	char *more;

	buf_add_str(&sql, t->rest);
	while ((more = world_text_marked(t, "  "))) {
		buf_add_ch(&sql, '\n');
		buf_add_str(&sql, more);
	}
	s->sql = buf_take(&sql);
	while ((more = world_text_marked(t, "= "))) {
		s->rows = mem_realloc(s->rows, (s->nrows + 1) * sizeof(*s->rows));
		s->rows[s->nrows++] = mem_strdup(more);
	}
	return 1;
}

/* A text that must, or must not, be in what the run printed; \xNN is known in it. */
static void add_text(struct buf *list, const char *text)
{
	world_unescape(text, strlen(text), list);
	buf_add_ch(list, 0);
}

int world_step_word(struct world *w, struct world_text *t)
{
	const char *word = t->word;
	struct world_step *s;
	long long n;

	if (strcmp(word, "run") == 0) {
		s = step_new(w, STEP_RUN, t->line);
		add_args(s, t->rest);
		return 1;
	}
	if (strcmp(word, "expect") == 0)
		return expect_word(w, t);
	if (strcmp(word, "change") == 0) {
		s = step_new(w, STEP_EXPECT, t->line);
		s->change = true;
		s->sql = mem_strdup(t->rest);
		return 1;
	}
	/* A page has a word `signal` too; only this one says "after". */
	if (strcmp(word, "exit") != 0 && strcmp(word, "out") != 0 && strcmp(word, "err") != 0 &&
		strcmp(word, "not-err") != 0 && strcmp(word, "input") != 0 &&
		!(strcmp(word, "signal") == 0 && strstr(t->rest, " after ")))
		return 0;
	s = last_run(w, t);
	if (!s)
		return -1;
	if (strcmp(word, "exit") == 0) {
		if (strcmp(t->rest, "killed") == 0)
			n = -1;
		else if (world_number(t, t->rest, &n) < 0)
			return -1;
		s->exit = (int)n;
	} else if (strcmp(word, "out") == 0) {
		add_text(&s->out, t->rest);
	} else if (strcmp(word, "err") == 0) {
		add_text(&s->err, t->rest);
	} else if (strcmp(word, "not-err") == 0) {
		add_text(&s->not_err, t->rest);
	} else if (strcmp(word, "input") == 0) {
		return world_text_block(t, t->rest, "\n", &s->input) < 0 ? -1 : 1;
	} else {
		return signal_word(s, t) < 0 ? -1 : 1;
	}
	return 1;
}
