#include "storage/search_tok.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "storage/db.h"
#include "storage/search_cjk.h"

struct search_tok {
	fts5_tokenizer plain; /* unicode61 */
	Fts5Tokenizer *of_plain;
};

/* One text on its way through. */
struct walk {
	struct search_tok *tok;
	int flags;
	const char *text;
	size_t len;
	search_word_fn *fn;
	void *arg;
	size_t base; /* where the piece that unicode61 reads begins */

	/* the last character of a run, in a query: said when something follows */
	bool held;
	char word[4];
	size_t word_len, start, end;
};

static int say(struct walk *w, const char *word, size_t len, size_t start, size_t end)
{
	return w->fn(w->arg, 0, word, (int)len, (int)start, (int)end);
}

static int say_held(struct walk *w)
{
	if (!w->held)
		return SQLITE_OK;
	w->held = false;
	return say(w, w->word, w->word_len, w->start, w->end);
}

/* ---- scripts with spaces ---- */

/* U+FF01..FF5E are ASCII, wide. unicode61 leaves them as they are, in lower case. */
static int narrow(char *out, const char *word, int len)
{
	int n = 0;

	for (int i = 0; i < len; i++) {
		uint32_t c;
		if ((unsigned char)word[i] == 0xef &&
			cjk_decode(word + i, (size_t)(len - i), &c) == 3 && c >= 0xff01 &&
			c <= 0xff5e) {
			c -= 0xfee0;
			out[n++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
			i += 2;
		} else {
			out[n++] = word[i];
		}
	}
	return n;
}

static int plain_word(void *arg, int flags, const char *word, int len, int start, int end)
{
	struct walk *w = arg;
	int rc = say_held(w);
	char *made;

	(void)flags;
	if (rc != SQLITE_OK)
		return rc;
	if (!memchr(word, 0xef, (size_t)len))
		return say(w, word, (size_t)len, w->base + (size_t)start, w->base + (size_t)end);
	made = mem_alloc((size_t)len);
	len = narrow(made, word, len);
	rc = say(w, made, (size_t)len, w->base + (size_t)start, w->base + (size_t)end);
	free(made);
	return rc;
}

/* ---- scripts without ---- */

/* The character after the one that ends at `at`, if the run goes on there. */
static size_t run_next(const struct walk *w, size_t at, uint32_t before, uint32_t *c, size_t *start)
{
	uint32_t next;
	size_t from = at, n;

	if (at < w->len && w->text[at] == ' ' && cjk_bridges(before))
		from++;
	n = cjk_decode(w->text + from, w->len - from, &next);
	if (!n || !cjk_is(next) || (from > at && !cjk_bridges(next)))
		return 0;
	*start = from;
	return from + cjk_char(w->text + from, w->len - from, c);
}

static int run_last(struct walk *w, uint32_t c, size_t start, size_t end, bool alone)
{
	w->word_len = cjk_encode(c, w->word);
	w->start = start;
	w->end = end;
	w->held = true;
	return w->flags & FTS5_TOKENIZE_QUERY && !alone ? SQLITE_OK : say_held(w);
}

/* A run that begins at *at; *at ends behind it. */
static int run(struct walk *w, size_t *at)
{
	size_t start = *at, next_start = 0, end, next_end, n;
	bool alone = true;
	uint32_t c, next;
	char pair[8];
	int rc = say_held(w);

	end = start + cjk_char(w->text + start, w->len - start, &c);
	while (rc == SQLITE_OK && (next_end = run_next(w, end, c, &next, &next_start))) {
		n = cjk_encode(c, pair);
		n += cjk_encode(next, pair + n);
		rc = say(w, pair, n, start, next_end);
		c = next;
		start = next_start;
		end = next_end;
		alone = false;
	}
	*at = end;
	return rc == SQLITE_OK ? run_last(w, c, start, end, alone) : rc;
}

static int walk(struct walk *w)
{
	int rc = SQLITE_OK;

	for (size_t at = 0; at < w->len && rc == SQLITE_OK;) {
		size_t n = cjk_find(w->text + at, w->len - at);
		w->base = at;
		if (n)
			rc = w->tok->plain.xTokenize(
				w->tok->of_plain, w, w->flags, w->text + at, (int)n, plain_word);
		at += n;
		if (rc == SQLITE_OK && at < w->len)
			rc = run(w, &at);
	}
	return rc;
}

int search_tok_run(struct search_tok *t, int flags, const char *text, size_t len,
	search_word_fn *fn, void *arg)
{
	struct walk w = {.tok = t, .flags = flags, .text = text, .fn = fn, .arg = arg};

	w.len = len > INT_MAX ? INT_MAX : len;
	return walk(&w);
}

/* ---- to FTS5 ---- */

fts5_api *search_tok_api(sqlite3 *db)
{
	fts5_api *api = NULL;
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(db, "select fts5(?1)", -1, &s, NULL) == SQLITE_OK) {
		sqlite3_bind_pointer(s, 1, &api, "fts5_api_ptr", NULL);
		sqlite3_step(s);
	}
	sqlite3_finalize(s);
	return api;
}

static int create(void *arg, const char **words, int n, Fts5Tokenizer **out)
{
	static const char *options[] = {"remove_diacritics", "2"};
	struct search_tok *t = mem_zalloc(sizeof(*t));
	fts5_api *api = arg;
	void *of_plain;
	int rc = api->xFindTokenizer(api, "unicode61", &of_plain, &t->plain);

	(void)words;
	(void)n;
	if (rc == SQLITE_OK)
		rc = t->plain.xCreate(of_plain, options, 2, &t->of_plain);
	if (rc != SQLITE_OK) {
		free(t);
		return rc;
	}
	*out = (Fts5Tokenizer *)t;
	return SQLITE_OK;
}

void search_tok_close(struct search_tok *t)
{
	if (!t)
		return;
	t->plain.xDelete(t->of_plain);
	free(t);
}

static void delete (Fts5Tokenizer *t)
{
	search_tok_close((struct search_tok *)t);
}

static int tokenize(
	Fts5Tokenizer *t, void *arg, int flags, const char *text, int len, search_word_fn *fn)
{
	return len > 0 ? search_tok_run((struct search_tok *)t, flags, text, (size_t)len, fn, arg)
		       : SQLITE_OK;
}

int search_tok_register(sqlite3 *db, const char *path, struct err *err)
{
	fts5_tokenizer t = {.xCreate = create, .xDelete = delete, .xTokenize = tokenize};
	fts5_api *api = search_tok_api(db);

	if (!api)
		return err_set(err, EXIT_INTERNAL,
			"%s cannot be searched: this SQLite was built without FTS5", path);
	if (api->xCreateTokenizer(api, "skitter", api, &t, NULL) != SQLITE_OK)
		return db_fail(db, path, "reading", err);
	return 0;
}

struct search_tok *search_tok_open(sqlite3 *db)
{
	fts5_api *api = search_tok_api(db);
	Fts5Tokenizer *t = NULL;

	return api && create(api, NULL, 0, &t) == SQLITE_OK ? (struct search_tok *)t : NULL;
}

/* ---- what a query needs to know ---- */

struct last_word {
	size_t words;
	bool lone;
};

static int on_word(void *arg, int flags, const char *word, int len, int start, int end)
{
	struct last_word *l = arg;
	uint32_t c;

	(void)flags;
	(void)start;
	(void)end;
	l->words++;
	l->lone = len > 0 && cjk_decode(word, (size_t)len, &c) == (size_t)len && cjk_is(c);
	return SQLITE_OK;
}

bool search_tok_lone(struct search_tok *t, const char *text, size_t len, size_t *words)
{
	struct last_word l = {0};

	search_tok_run(t, FTS5_TOKENIZE_QUERY, text, len, on_word, &l);
	*words = l.words;
	return l.lone;
}
