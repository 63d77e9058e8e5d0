#include "storage/search_query.h"

#include <string.h>

#include "config/mem.h"
#include "config/text.h"

struct reader {
	struct search_tok *tok;
	const char *start, *p;
	struct buf *left_out;
	struct err *err;
	unsigned words, depth;
};

enum what { END, OPEN, CLOSE, AND, OR, NOT, MINUS, WORD, PHRASE };

struct token {
	enum what what;
	const char *at;	  /* where it begins in the query */
	const char *text; /* of WORD and PHRASE, without the quotes */
	size_t len;
	const char *column; /* NULL = all */
	bool prefix;
	const char *end;
};

static int fail(struct reader *r, const char *at, const char *what, const char *hint)
{
	struct buf shown = BUF_INIT;

	text_terminal(&shown, r->start, strlen(r->start));
	err_set(r->err, EXIT_USAGE, "the query `%.300s` is broken at character %zu: %s; %s",
		shown.data, text_columns(r->start, (size_t)(at - r->start)) + 1, what, hint);
	buf_release(&shown);
	return -1;
}

/* ---- tokens ---- */

/* Bytes of white space at p: that of ASCII, no-break and ideographic. */
static size_t space(const char *p)
{
	if (*p == ' ' || (*p >= '\t' && *p <= '\r'))
		return 1;
	if (!strncmp(p, "\xc2\xa0", 2))
		return 2;
	return strncmp(p, "\xe3\x80\x80", 3) ? 0 : 3;
}

/* Bytes of a quotation mark at p; typographic ones count. *close: what ends the phrase. */
static size_t quote(const char *p, const char **close)
{
	static const char *const pairs[][2] = {
		{"\"", "\""},
		{"\u201c", "\u201d"},
		{"\u201e", "\u201c"},
		{"\u300c", "\u300d"},
	};

	for (size_t i = 0; i < MEM_COUNT(pairs); i++) {
		if (!strncmp(p, pairs[i][0], strlen(pairs[i][0]))) {
			*close = pairs[i][1];
			return strlen(pairs[i][0]);
		}
	}
	return 0;
}

static const char *column_of(const char *p, size_t len)
{
	static const char *const names[][2] = {{"title", "title"}, {"heading", "headings"},
		{"headings", "headings"}, {"text", "text"}};

	for (size_t i = 0; i < MEM_COUNT(names); i++)
		if (strlen(names[i][0]) == len && !strncmp(names[i][0], p, len))
			return names[i][1];
	return NULL;
}

static int read_phrase(struct reader *r, struct token *t, const char *p, const char *close)
{
	const char *end = strstr(p, close);

	if (!end && strcmp(close, "\""))
		end = strpbrk(p, "\""); /* a typographic mark closed by a plain one */
	if (!end)
		return fail(
			r, t->at, "this quotation mark is not closed", "close it, or leave it out");
	t->what = PHRASE;
	t->text = p;
	t->len = (size_t)(end - p);
	t->end = end + (*end == '"' ? 1 : strlen(close));
	if (*t->end == '*') {
		t->prefix = true;
		t->end++;
	}
	return 0;
}

/* Up to white space, a quotation mark, or a parenthesis that was opened before the word. */
static const char *word_end(const char *p)
{
	const char *close;
	int open = 0;

	for (; *p && !space(p) && !quote(p, &close); p++) {
		if (*p == '(')
			open++;
		else if (*p == ')' && --open < 0)
			break;
	}
	return p;
}

static bool is_word(const struct token *t, const char *word)
{
	return t->len == strlen(word) && !strncmp(t->text, word, t->len);
}

static int read_word(struct reader *r, struct token *t, const char *p)
{
	const char *close, *colon = strchr(p, ':');
	size_t n;

	t->what = WORD;
	t->text = p;
	t->end = word_end(p);
	if (colon && colon < t->end && (t->column = column_of(p, (size_t)(colon - p)))) {
		n = quote(colon + 1, &close);
		if (n)
			return read_phrase(r, t, colon + 1 + n, close);
		t->text = colon + 1;
		if (t->text == t->end)
			return fail(r, t->at, "nothing follows the colon",
				"write title:word or title:\"some words\"");
	}
	t->len = (size_t)(t->end - t->text);
	if (!t->column && (is_word(t, "AND") || is_word(t, "OR") || is_word(t, "NOT")))
		t->what = t->text[0] == 'A' ? AND : t->text[0] == 'O' ? OR : NOT;
	if (t->len > 1 && t->text[t->len - 1] == '*') {
		t->len--;
		t->prefix = true;
	}
	return 0;
}

/* The token at r->p, which stays where it is. */
static int look(struct reader *r, struct token *t)
{
	const char *close;
	size_t n;

	while ((n = space(r->p)))
		r->p += n;
	*t = (struct token){.at = r->p, .end = r->p + 1};
	n = quote(r->p, &close);
	if (n)
		return read_phrase(r, t, r->p + n, close);
	switch (*r->p) {
	case '\0':
		t->what = END;
		t->end = r->p;
		return 0;
	case '(': t->what = OPEN; return 0;
	case ')': t->what = CLOSE; return 0;
	case '-':
		if (r->p[1] && !space(r->p + 1) && r->p[1] != '-') {
			t->what = MINUS;
			return 0;
		}
		break;
	default: break;
	}
	return read_word(r, t, r->p);
}

/* ---- expressions: an empty one stands for words that hold nothing to look for ---- */

static void add_quoted(struct buf *out, const char *text, size_t len)
{
	buf_add_ch(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			buf_add_ch(out, '"');
		buf_add_ch(out, text[i]);
	}
	buf_add_ch(out, '"');
}

static int add_term(struct reader *r, const struct token *t, struct buf *out)
{
	size_t words;
	bool lone = search_tok_lone(r->tok, t->text, t->len, &words);

	if (!words) {
		if (r->left_out->len)
			buf_add_ch(r->left_out, ' ');
		buf_add(r->left_out, t->text, t->len);
		return 0;
	}
	r->words += (unsigned)words;
	if (r->words > SEARCH_MAX_WORDS)
		return fail(r, t->at, "that is more than 64 words",
			"leave out those that matter least");
	if (t->column)
		buf_addf(out, "%s : ", t->column);
	add_quoted(out, t->text, t->len);
	if (t->prefix || lone)
		buf_add_str(out, " *");
	return 0;
}

static int read_or(struct reader *r, struct buf *out);

static int read_group(struct reader *r, const char *at, struct buf *out)
{
	struct buf inner = BUF_INIT;
	struct token t;
	int ret = -1;

	if (++r->depth > SEARCH_MAX_DEPTH) {
		fail(r, at, "parentheses are nested too deeply", "16 levels are possible");
		goto out;
	}
	if (read_or(r, &inner) < 0 || look(r, &t) < 0)
		goto out;
	if (t.what != CLOSE) {
		fail(r, at, "this parenthesis is not closed", "close it, or put it in quotes");
		goto out;
	}
	r->p = t.end;
	r->depth--;
	if (inner.len)
		buf_addf(out, "(%s)", inner.data);
	ret = 0;
out:
	buf_release(&inner);
	return ret;
}

static int read_one(struct reader *r, struct buf *out)
{
	struct token t;

	if (look(r, &t) < 0)
		return -1;
	r->p = t.end;
	switch (t.what) {
	case WORD:
	case PHRASE: return add_term(r, &t, out);
	case OPEN: return read_group(r, t.at, out);
	case CLOSE:
		return fail(r, t.at, "nothing is there to be closed",
			"leave the parenthesis out, or put it in quotes");
	case END: return fail(r, t.at, "something is missing at the end", "write a word after it");
	default:
		return fail(r, t.at, "an operator stands where a word should",
			"AND, OR and NOT belong between words; to look for the word itself, "
			"put it in quotes or in small letters");
	}
}

static void join(struct buf *out, const char *op, const struct buf *more)
{
	if (out->len && more->len)
		buf_add_str(out, op);
	buf_add(out, more->data, more->len);
}

/* Words side by side and AND between them; those of NOT and - are taken off in the end. */
static int read_and(struct reader *r, struct buf *out)
{
	struct buf wanted = BUF_INIT, unwanted = BUF_INIT, one = BUF_INIT;
	const char *first_not = NULL;
	struct token t;
	int ret = -1;

	for (bool begun = false;; begun = true) {
		bool not = false;
		if (look(r, &t) < 0)
			goto out;
		if (t.what == AND && begun) {
			r->p = t.end;
			if (look(r, &t) < 0)
				goto out;
		} else if (begun && (t.what == END || t.what == CLOSE || t.what == OR)) {
			break;
		}
		if (t.what == NOT || t.what == MINUS) {
			not = true;
			first_not = first_not ? first_not : t.at;
			r->p = t.end;
		}
		buf_reset(&one);
		if (read_one(r, &one) < 0)
			goto out;
		join(not ? &unwanted : &wanted, not ? " OR " : " AND ", &one);
	}
	ret = 0;
	if (unwanted.len && !wanted.len)
		ret = fail(r, first_not, "it only says what to leave out",
			"add a word that the pages should have: `spider NOT web`");
	else if (unwanted.len)
		buf_addf(out, "((%s) NOT (%s))", wanted.data, unwanted.data);
	else
		buf_add(out, wanted.data, wanted.len);
out:
	buf_release(&wanted);
	buf_release(&unwanted);
	buf_release(&one);
	return ret;
}

static int read_or(struct reader *r, struct buf *out)
{
	struct buf one = BUF_INIT;
	struct token t = {.what = OR};
	int ret = 0;

	while (ret == 0 && t.what == OR) {
		buf_reset(&one);
		ret = read_and(r, &one);
		if (ret < 0)
			break;
		join(out, " OR ", &one);
		ret = look(r, &t);
		if (ret == 0 && t.what == OR)
			r->p = t.end;
	}
	buf_release(&one);
	return ret;
}

int search_query_read(struct search_tok *tok, const char *query, struct buf *fts,
	struct buf *left_out, struct err *err)
{
	struct reader r = {
		.tok = tok, .start = query, .p = query, .left_out = left_out, .err = err};
	struct token t;

	if (look(&r, &t) < 0)
		return -1;
	if (t.what == END)
		return err_set(err, EXIT_USAGE,
			"the query is empty; write the words to look for: skitter search FILE.db "
			"water spider");
	if (read_or(&r, fts) < 0 || look(&r, &t) < 0)
		return -1;
	if (t.what == CLOSE)
		return fail(&r, t.at, "nothing is there to be closed",
			"leave the parenthesis out, or put it in quotes");
	if (!fts->len)
		return fail(&r, query, "there is no letter or digit in it",
			"only words are indexed, not signs");
	return 0;
}
