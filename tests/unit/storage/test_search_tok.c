/* How text becomes the words of the index: pairs in scripts without spaces, offsets in bytes. */
#include "tests/unit/storage/fixture.h"

#include "storage/search_cjk.h"
#include "storage/search_tok.h"

static sqlite3 *db;
static struct search_tok *tok;

static int setup(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(search_tok_register(db, "test", &err), 0);
	tok = search_tok_open(db);
	assert_non_null(tok);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	search_tok_close(tok);
	sqlite3_close(db);
	return 0;
}

struct words {
	struct buf out;
	size_t len;
	int last_start;
};

static int on_word(void *arg, int flags, const char *word, int len, int start, int end)
{
	struct words *w = arg;

	assert_int_equal(flags, 0);
	assert_true(len > 0 && start >= w->last_start && end > start && (size_t)end <= w->len);
	w->last_start = start;
	if (w->out.len)
		buf_add_ch(&w->out, ' ');
	buf_add(&w->out, word, (size_t)len);
	return SQLITE_OK;
}

static void check(int flags, const char *text, size_t len, const char *expected)
{
	struct words w = {.out = BUF_INIT, .len = len};

	assert_int_equal(search_tok_run(tok, flags, text, len, on_word, &w), SQLITE_OK);
	if (strcmp(w.out.data, expected) != 0)
		fail_msg("`%s` gives `%s`, expected `%s`", text, w.out.data, expected);
	buf_release(&w.out);
}

static void page(const char *text, const char *expected)
{
	check(FTS5_TOKENIZE_DOCUMENT, text, strlen(text), expected);
}

static void query(const char *text, const char *expected)
{
	check(FTS5_TOKENIZE_QUERY, text, strlen(text), expected);
}

static void test_spaced_scripts(void **state)
{
	(void)state;
	page("The Quick, brown fox-trot 42", "the quick brown fox trot 42");
	page("Übergrößen CAFÉ cafe\u0301 Ångström", "ubergroßen cafe cafe angstrom");
	page("ΣΊΣΥΦΟΣ Москва", "σίσυφοσ москва");
	page("ＡＢＣ１２３ ｆｕｌｌ", "abc123 full");
	page("", "");
	page(" ,.;! \u2192", "");
}

static void test_pairs(void **state)
{
	(void)state;
	page("東京都", "東京 京都 都");
	page("京", "京");
	query("東京都", "東京 京都");
	query("東京", "東京");
	query("京", "京");
	page("東京、大阪。", "東京 京 大阪 阪");
	query("東京、大阪", "東京 京 大阪");
	page("서울에서", "서울 울에 에서 서");
	page("ひらがな カタカナ", "ひら らが がな なカ カタ タカ カナ ナ");
	page("กรุงเทพ", "กร รุ ุง งเ เท ทพ พ");
	page("コンピューター", "コン ンピ ピュ ュー ータ ター ー");
	page("佐々木", "佐々 々木 木");
}

static void test_mixed_runs(void **state)
{
	(void)state;
	page("iPhone用ケース", "iphone 用ケ ケー ース ス");
	page("使用iPhone", "使用 用 iphone");
	query("使用iPhone", "使用 用 iphone");
	query("用iPhone", "用 iphone");
	query("iPhone用ケース", "iphone 用ケ ケー ース");
	page("C言語 2024年版", "c 言語 語 2024 年版 版");
	page("Ａ株", "a 株");
}

/* A space between two Han or kana is where the source of the page had a line break. */
static void test_spaces(void **state)
{
	(void)state;
	page("東 京", "東京 京");
	page("東\n京", "東 京");
	page("東  京", "東 京");
	page("東\u3000京", "東 京");
	page("서울 부산", "서울 울 부산 산");
	page("東 a", "東 a");
	query("中国 人", "中国 国人");
}

static void test_planes_and_forms(void **state)
{
	(void)state;
	page("𠮷野家", "𠮷野 野家 家");
	page("\U00020000\U0002A6DF", "\U00020000\U0002A6DF \U0002A6DF");
	page("ｶﾞｷﾞ", "ガギ ギ");
	page("か\u3099ほ\u309a", "がぽ ぽ");
	page("ﾊﾟｿｺﾝ", "パソ ソコ コン ン");
	page("\u1112\u1161\u11ab\u1100\u1173\u11af", "한글 글");
	page("葛\U000E0100城", "葛城 城"); /* a variation selector */
	page("日\u200b本", "日本 本");
}

static int on_place(void *arg, int flags, const char *word, int len, int start, int end)
{
	(void)flags;
	buf_addf(arg, "%.*s[%d,%d) ", len, word, start, end);
	return SQLITE_OK;
}

/* In bytes of the text as it stands, whatever folding did to the word. */
static void test_offsets(void **state)
{
	struct buf out = BUF_INIT;
	const char *text = "É東京 ｶﾞ京 x";

	(void)state;
	search_tok_run(tok, FTS5_TOKENIZE_DOCUMENT, text, strlen(text), on_place, &out);
	assert_string_equal(out.data, "e[0,2) 東京[2,8) 京ガ[5,15) ガ京[9,18) 京[15,18) x[19,20) ");
	buf_release(&out);
}

static void test_bytes_that_are_no_text(void **state)
{
	static const char *const bad[] = {"\xe6\x9d", "\xe6", "東\xe4\xba", "\xff\xfe東京\x80",
		"\xed\xa0\x80\xed\xb0\x80", "\xf4\x90\x80\x80", "\xc0\xaf", "東\0京",
		"\xf0\x9f\x95"};
	const size_t lens[] = {2, 1, 5, 9, 6, 4, 2, 7, 3};

	(void)state;
	for (size_t i = 0; i < MEM_COUNT(bad); i++) {
		struct words w = {.out = BUF_INIT, .len = lens[i]};
		/* In memory of its own, so that a step too far is seen. */
		char *copy = mem_dup(bad[i], lens[i]);
		assert_int_equal(
			search_tok_run(tok, FTS5_TOKENIZE_DOCUMENT, copy, lens[i], on_word, &w),
			SQLITE_OK);
		free(copy);
		buf_release(&w.out);
	}
	check(FTS5_TOKENIZE_DOCUMENT, "\xff東京\xff", 8, "東京 京");
}

/* Any bytes at all: offsets stay inside and ascend (on_word looks). */
static void test_noise(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		static const char *const bits[] = {"東", "a", " ", "\xe6", "ｶ", "ﾞ", "\u3099",
			"\xff", "한", "\u1112", "\u1161", "é", "，", "𠮷", "\U000E0100", "\n", "ก"};
		struct words w = {.out = BUF_INIT};
		struct buf text = BUF_INIT;
		char *copy;
		for (int i = 0; i < 12; i++)
			buf_add_str(&text, bits[(unsigned)rand_r(&seed) % MEM_COUNT(bits)]);
		copy = mem_dup(text.data, text.len);
		w.len = text.len;
		search_tok_run(tok, round % 2 ? FTS5_TOKENIZE_QUERY : FTS5_TOKENIZE_DOCUMENT, copy,
			text.len, on_word, &w);
		free(copy);
		buf_release(&text);
		buf_release(&w.out);
	}
}

static void test_lone(void **state)
{
	size_t words;

	(void)state;
	assert_true(search_tok_lone(tok, "京", 3, &words));
	assert_int_equal(words, 1);
	assert_true(search_tok_lone(tok, "iPhone用", strlen("iPhone用"), &words));
	assert_int_equal(words, 2);
	assert_false(search_tok_lone(tok, "東京", 6, &words));
	assert_false(search_tok_lone(tok, "a", 1, &words));
	assert_false(search_tok_lone(tok, "!", 1, &words));
	assert_int_equal(words, 0);
}

/* Every substring of a run is found, through FTS5 itself, and nothing that is no substring. */
static void test_substrings_are_found(void **state)
{
	static const char *const run[] = {
		"私", "は", "東", "京", "タ", "ワ", "ー", "に", "𠮷", "い"};
	sqlite3_stmt *s;
	const size_t n = MEM_COUNT(run);

	(void)state;
	assert_int_equal(sqlite3_exec(db,
				 "create virtual table t using fts5(x, content='', "
				 "tokenize='skitter');"
				 "insert into t(rowid, x) values(1, '私は東京タワーに𠮷い'), (2, "
				 "'京東')",
				 NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_prepare_v2(db, "select group_concat(rowid) from t where t match ?1", -1, &s, NULL);
	for (size_t from = 0; from < n; from++) {
		for (size_t to = from + 1; to <= n; to++) {
			struct buf q = BUF_INIT;
			const char *got;
			buf_add_ch(&q, '"');
			for (size_t i = from; i < to; i++)
				buf_add_str(&q, run[i]);
			buf_add_str(&q, to - from == 1 ? "\" *" : "\"");
			sqlite3_bind_text(s, 1, q.data, -1, SQLITE_STATIC);
			assert_int_equal(sqlite3_step(s), SQLITE_ROW);
			got = (const char *)sqlite3_column_text(s, 0);
			if (to - from == 1 && (from == 2 || from == 3))
				assert_string_equal(got, "1,2");
			else
				assert_string_equal(got, "1");
			sqlite3_reset(s);
			buf_release(&q);
		}
	}
	sqlite3_finalize(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spaced_scripts),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_mixed_runs),
		cmocka_unit_test(test_spaces),
		cmocka_unit_test(test_planes_and_forms),
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_bytes_that_are_no_text),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_lone),
		cmocka_unit_test(test_substrings_are_found),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
