#include "storage/search_hits.h"

#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "config/text.h"
#include "storage/db.h"
#include "storage/search_cjk.h"

#define SNIPPET_COLUMNS 240 /* of a terminal; wide characters take two */
#define SNIPPET_BEFORE	60  /* of them before the first word found */

/* ---- the SQL function ---- */

static void fn_hits(const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_context *ctx, int nargs,
	sqlite3_value **args)
{
	struct search_place *places;
	int n = 0, column, word, rc;

	(void)nargs;
	(void)args;
	rc = api->xInstCount(fts, &n);
	n = n > SEARCH_PLACES ? SEARCH_PLACES : n;
	places = mem_array((size_t)n + 1, sizeof(*places));
	for (int i = 0; i < n && rc == SQLITE_OK; i++) {
		int phrase;
		rc = api->xInst(fts, i, &phrase, &column, &word);
		places[i] = (struct search_place){(uint32_t)phrase, (uint32_t)column,
			(uint32_t)word, (uint32_t)api->xPhraseSize(fts, phrase), 0};
	}
	if (rc == SQLITE_OK)
		sqlite3_result_blob(
			ctx, places, (int)((size_t)n * sizeof(*places)), SQLITE_TRANSIENT);
	else
		sqlite3_result_error_code(ctx, rc);
	free(places);
}

int search_hits_register(sqlite3 *db, const char *path, struct err *err)
{
	fts5_api *api = search_tok_api(db);

	if (api && api->xCreateFunction(api, "skitter_hits", NULL, fn_hits, NULL) == SQLITE_OK)
		return 0;
	return db_fail(db, path, "reading", err);
}

/* ---- phrases that end in a single character ---- */

/* The phrases of an expression are its quoted strings, and are numbered in their order. */
void search_hits_lone(
	struct search_tok *tok, const char *fts, struct search_place *places, size_t n)
{
	struct buf phrase = BUF_INIT;
	size_t words;

	for (uint32_t number = 0; (fts = strchr(fts, '"')); number++) {
		buf_reset(&phrase);
		for (fts++; *fts && (*fts != '"' || fts[1] == '"'); fts++) {
			buf_add_ch(&phrase, *fts);
			fts += *fts == '"';
		}
		fts += *fts == '"';
		if (!search_tok_lone(tok, phrase.data, phrase.len, &words))
			continue;
		for (size_t i = 0; i < n; i++)
			places[i].lone |= places[i].phrase == number;
	}
	buf_release(&phrase);
}

/* ---- places to bytes ---- */

struct found {
	size_t start, end;
	uint32_t phrase;
};

struct finding {
	const struct buf *text;
	const struct search_place *places; /* of this column, by word */
	size_t n, done;			   /* those before `done` are behind us */
	struct found *found;
	uint32_t word;
};

static size_t first_char(const struct buf *text, size_t at)
{
	uint32_t c = 0;

	return cjk_char(text->data + at, text->len - at, &c);
}

static int on_word(void *arg, int flags, const char *word, int len, int start, int end)
{
	struct finding *f = arg;

	(void)flags;
	(void)word;
	(void)len;
	while (f->done < f->n && f->places[f->done].word + f->places[f->done].words <= f->word)
		f->done++;
	for (size_t i = f->done; i < f->n && f->places[i].word <= f->word; i++) {
		const struct search_place *p = &f->places[i];
		if (f->word == p->word)
			f->found[i].start = (size_t)start;
		if (f->word < p->word + p->words)
			f->found[i].end = (size_t)end;
		if (p->lone && f->word == p->word + p->words - 1)
			f->found[i].end = (size_t)start + first_char(f->text, (size_t)start);
	}
	f->word++;
	return f->done == f->n ? SQLITE_DONE : SQLITE_OK;
}

static int by_word(const void *a, const void *b)
{
	const struct search_place *x = a, *y = b;

	return (x->word > y->word) - (x->word < y->word);
}

/* What was found in one column, by where it begins. free() *out. */
static size_t find_in(struct search_tok *tok, const struct buf *text, uint32_t column,
	const struct search_place *places, size_t n, struct found **out)
{
	struct search_place *mine = mem_array(n + 1, sizeof(*mine));
	struct finding f = {
		.text = text, .places = mine, .found = mem_array(n + 1, sizeof(*f.found))};
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (places[i].column == column)
			mine[f.n++] = places[i];
	qsort(mine, f.n, sizeof(*mine), by_word);
	if (f.n)
		search_tok_run(tok, FTS5_TOKENIZE_DOCUMENT, text->data, text->len, on_word, &f);
	for (size_t i = 0; i < f.n; i++) {
		f.found[i].phrase = mine[i].phrase;
		if (f.found[i].end > f.found[i].start)
			f.found[kept++] = f.found[i];
	}
	free(mine);
	*out = f.found;
	return kept;
}

/* The marks of what lies in [from, to), counted from `from`, overlaps joined. */
static struct search_mark *marks_of(
	const struct found *found, size_t n, size_t from, size_t to, size_t *count)
{
	struct search_mark *m = mem_array(n + 1, sizeof(*m));
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		if (found[i].start < from || found[i].end > to)
			continue;
		if (k && found[i].start - from <= m[k - 1].end) {
			if (found[i].end - from > m[k - 1].end)
				m[k - 1].end = found[i].end - from;
			continue;
		}
		m[k++] = (struct search_mark){found[i].start - from, found[i].end - from};
	}
	*count = k;
	return m;
}

/* ---- the snippet ---- */

/* Bytes of text from `at` on that fit into so many columns; whole characters. */
static size_t forward(const struct buf *text, size_t at, size_t columns)
{
	size_t used = 0, n;
	uint32_t c;

	while (at < text->len) {
		n = cjk_decode(text->data + at, text->len - at, &c);
		n = n ? n : 1;
		used += text_columns(text->data + at, n);
		if (used > columns)
			break;
		at += n;
	}
	return at;
}

static size_t back(const struct buf *text, size_t at, size_t columns)
{
	size_t used = 0;

	while (at) {
		size_t from = at - 1;
		while (from && ((unsigned char)text->data[from] & 0xc0) == 0x80)
			from--;
		used += text_columns(text->data + from, at - from);
		if (used > columns || text->data[from] == '\n')
			break;
		at = from;
	}
	return at;
}

/* The stretch that shows most different words, and of those the most; the first of equals. */
static size_t best_start(const struct buf *text, const struct found *found, size_t n)
{
	size_t best = 0, best_score = 0;

	for (size_t i = 0; i < n; i++) {
		size_t end = forward(text, found[i].start, SNIPPET_COLUMNS - SNIPPET_BEFORE);
		size_t score = 0;
		uint64_t seen = 0;
		for (size_t k = i; k < n && found[k].end <= end; k++) {
			uint64_t bit = (uint64_t)1 << (found[k].phrase % 64);
			score += seen & bit ? 1 : 1000;
			seen |= bit;
		}
		if (score > best_score) {
			best = i;
			best_score = score;
		}
	}
	return best;
}

/* Back to the last border of words, where one is near; in scripts without, it stays. */
static size_t cut_at_word(const struct buf *text, size_t from, size_t at)
{
	uint32_t c;

	if (at >= text->len || (cjk_decode(text->data + at, text->len - at, &c) && cjk_is(c)))
		return at;
	for (size_t i = at; i > from && at - i < 30; i--)
		if (text->data[i - 1] == ' ' || text->data[i - 1] == '\n')
			return i - 1;
	return at;
}

static size_t begin_at_word(const struct buf *text, size_t from, size_t to)
{
	if (!from || text->data[from - 1] == ' ' || text->data[from - 1] == '\n')
		return from;
	for (size_t i = from; i < to; i++)
		if (text->data[i] == ' ')
			return i + 1;
	return from;
}

static void show(
	struct search_hit *hit, const struct buf *text, const struct found *found, size_t n)
{
	size_t first = n ? found[best_start(text, found, n)].start : 0;
	size_t from = n ? begin_at_word(text, back(text, first, SNIPPET_BEFORE), first) : 0;
	size_t to = forward(text, from, SNIPPET_COLUMNS);

	if (to < text->len)
		to = cut_at_word(text, from, to);
	while (to > from && strchr(" \n", text->data[to - 1]))
		to--;
	buf_add(&hit->snippet, text->data + from, to - from);
	for (size_t i = 0; i < hit->snippet.len; i++)
		if (hit->snippet.data[i] == '\n')
			hit->snippet.data[i] = ' ';
	hit->cut_front = from > 0;
	hit->cut_back = to + 1 < text->len;
	hit->snippet_marks = marks_of(found, n, from, to, &hit->nsnippet_marks);
}

void search_hits_show(struct search_tok *tok, const struct search_words *words,
	const struct search_place *places, size_t n, struct search_hit *hit)
{
	struct found *title, *headings, *text;
	size_t ntitle = find_in(tok, &words->title, 0, places, n, &title);
	size_t nheadings = find_in(tok, &words->headings, 1, places, n, &headings);
	size_t ntext = find_in(tok, &words->text, 2, places, n, &text);

	buf_add(&hit->title, words->title.data, words->title.len);
	hit->title_marks = marks_of(title, ntitle, 0, words->title.len, &hit->ntitle_marks);
	if ((!ntext && nheadings) || !words->text.len)
		show(hit, &words->headings, headings, nheadings);
	else
		show(hit, &words->text, text, ntext);
	free(title);
	free(headings);
	free(text);
}

void search_hit_release(struct search_hit *hit)
{
	buf_release(&hit->title);
	buf_release(&hit->snippet);
	free(hit->title_marks);
	free(hit->snippet_marks);
}
