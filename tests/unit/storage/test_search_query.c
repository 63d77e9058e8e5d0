/* What a person types, as an expression of FTS5; and what is said where it is broken. */
#include "tests/unit/storage/fixture.h"

#include "storage/search_query.h"

static sqlite3 *db;
static struct search_tok *tok;

static int setup(void **state)
{
	struct err err;

	(void)state;
	sqlite3_open(":memory:", &db);
	assert_int_equal(search_tok_register(db, "test", &err), 0);
	tok = search_tok_open(db);
	assert_int_equal(sqlite3_exec(db,
				 "create virtual table search using fts5(title, headings, text, "
				 "content='', tokenize='skitter')",
				 NULL, NULL, NULL),
		SQLITE_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	search_tok_close(tok);
	sqlite3_close(db);
	return 0;
}

/* FTS5 must take whatever comes out. */
static void accepted(const char *query, const char *fts)
{
	sqlite3_stmt *s;
	int code;

	sqlite3_prepare_v2(db, "select rowid from search where search match ?1", -1, &s, NULL);
	sqlite3_bind_text(s, 1, fts, -1, SQLITE_STATIC);
	code = sqlite3_step(s);
	if (code != SQLITE_DONE)
		fail_msg("`%s` became `%s`: %s", query, fts, sqlite3_errmsg(db));
	sqlite3_finalize(s);
}

static void reads(const char *query, const char *expected)
{
	struct buf fts = BUF_INIT, left_out = BUF_INIT;
	struct err err = {0};

	if (search_query_read(tok, query, &fts, &left_out, &err) < 0)
		fail_msg("`%s`: %s", query, err.text);
	if (expected && strcmp(fts.data, expected) != 0)
		fail_msg("`%s` became `%s`, expected `%s`", query, fts.data, expected);
	accepted(query, fts.data);
	buf_release(&fts);
	buf_release(&left_out);
}

static void fails(const char *query, const char *part)
{
	struct buf fts = BUF_INIT, left_out = BUF_INIT;
	struct err err = {0};

	assert_int_equal(search_query_read(tok, query, &fts, &left_out, &err), -1);
	assert_int_equal(err.status, EXIT_USAGE);
	if (!strstr(err.text, part))
		fail_msg("`%s` says `%s`, expected `%s`", query, err.text, part);
	buf_release(&fts);
	buf_release(&left_out);
}

static void test_words(void **state)
{
	(void)state;
	reads("water", "\"water\"");
	reads("  water\tspider ", "\"water\" AND \"spider\"");
	reads("東京\u3000大阪", "\"東京\" AND \"大阪\"");
	reads("京", "\"京\" *");
	reads("spid*", "\"spid\" *");
	reads("example.com foo-bar", "\"example.com\" AND \"foo-bar\"");
	reads("and or not near", "\"and\" AND \"or\" AND \"not\" AND \"near\"");
	reads("malloc(3)", "\"malloc(3)\"");
	reads("a - b", NULL);
}

static void test_phrases(void **state)
{
	(void)state;
	reads("\"water spider\"", "\"water spider\"");
	reads("\"water sp\"*", "\"water sp\" *");
	reads("\u201cwater spider\u201d", "\"water spider\"");
	reads("「東京タワー」", "\"東京タワー\"");
	reads("\"AND\"", "\"AND\"");
	reads("say \"\" it", "\"say\" AND \"it\"");
}

static void test_operators(void **state)
{
	(void)state;
	reads("a OR b", "\"a\" OR \"b\"");
	reads("a b OR c", "\"a\" AND \"b\" OR \"c\"");
	reads("a AND b", "\"a\" AND \"b\"");
	reads("a NOT b", "((\"a\") NOT (\"b\"))");
	reads("a AND NOT b", "((\"a\") NOT (\"b\"))");
	reads("a -b -\"c d\"", "((\"a\") NOT (\"b\" OR \"c d\"))");
	reads("(a OR b) c", "(\"a\" OR \"b\") AND \"c\"");
	reads("-b a", "((\"a\") NOT (\"b\"))");
	reads("title:web headings:\"orb web\" text:sil*",
		"title : \"web\" AND headings : \"orb web\" AND text : \"sil\" *");
	reads("heading:x foo:bar http://a/", "headings : \"x\" AND \"foo:bar\" AND \"http://a/\"");
}

static void test_words_without_letters(void **state)
{
	struct buf fts = BUF_INIT, left_out = BUF_INIT;
	struct err err;

	(void)state;
	assert_int_equal(search_query_read(tok, "a & b \u2192", &fts, &left_out, &err), 0);
	assert_string_equal(fts.data, "\"a\" AND \"b\"");
	assert_string_equal(left_out.data, "& \u2192");
	buf_release(&fts);
	buf_release(&left_out);
	reads("a OR &", "\"a\"");
	reads("(&) a", "\"a\"");
	reads("a NOT &", "\"a\"");
}

static void test_broken(void **state)
{
	struct buf many = BUF_INIT;

	(void)state;
	fails("", "the query is empty");
	fails("  ", "the query is empty");
	fails("a \"b", "character 3: this quotation mark is not closed");
	fails("a OR", "character 5: something is missing at the end");
	fails("OR a", "an operator stands where a word should");
	fails("a AND OR b", "an operator stands where a word should");
	fails("(a b", "character 1: this parenthesis is not closed");
	fails("a) b", "nothing is there to be closed");
	fails("()", "nothing is there to be closed");
	fails("NOT a", "it only says what to leave out");
	fails("a OR -b", "it only says what to leave out");
	fails("&& !!", "no letter or digit");
	fails("title:", "nothing follows the colon");
	fails("東京 \"大", "character 6"); /* in columns: what a terminal shows */
	for (int i = 0; i < 65; i++)
		buf_add_str(&many, "word ");
	fails(many.data, "more than 64 words");
	buf_reset(&many);
	for (int i = 0; i < 17; i++)
		buf_add_ch(&many, '(');
	fails(many.data, "nested too deeply");
	buf_release(&many);
}

/* Whatever is typed, FTS5 takes what comes out of it, or we have said why not. */
static void test_noise(void **state)
{
	static const char *const bits[] = {"a", "\"", "(", ")", " ", "*", "-", "OR", " NOT ", "AND",
		"title:", ":", "京", "東京", "'", "\\", "^", "+", "{", "}", "NEAR(", ",", "\n", "&",
		"\xff", "\u201c", "\u201d"};
	unsigned seed = 7;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct buf q = BUF_INIT, fts = BUF_INIT, left_out = BUF_INIT;
		struct err err = {0};
		for (int i = 0; i < 9; i++)
			buf_add_str(&q, bits[(unsigned)rand_r(&seed) % MEM_COUNT(bits)]);
		if (search_query_read(tok, q.data, &fts, &left_out, &err) == 0)
			accepted(q.data, fts.data);
		else
			assert_true(err.status == EXIT_USAGE && err.text[0]);
		buf_release(&q);
		buf_release(&fts);
		buf_release(&left_out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_phrases),
		cmocka_unit_test(test_operators),
		cmocka_unit_test(test_words_without_letters),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
