/* Sealed facts: all links as JSON, each URL to follow once; and that JSON read as hostile text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "config/link_json.h"
#include "config/simd.h"
#include "config/text.h"
#include "tests/unit/facts_seal_later.h"

#define CAP (1u << 20)

/* With bytes behind it that must not matter (SIMD_ROOM). */
#define ROOMY(s) s "\"quotes, quotes\""

static const char page[] = "http://h.test/a/b.html";

struct rig {
	struct sealer *sealer;
	struct facts_writer w;
	void *full, *area;
	const struct facts *sealed;
	struct err err;
};

static int open_rig(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	r->sealer = sealer_open();
	r->full = calloc(1, CAP);
	r->area = aligned_alloc(8, CAP);
	facts_begin(&r->w, r->full, CAP);
	*state = r;
	return 0;
}

static int close_rig(void **state)
{
	struct rig *r = *state;

	sealer_free(r->sealer);
	free(r->full);
	free(r->area);
	free(r);
	return 0;
}

static void add(struct rig *r, const char *url, enum facts_kind kind, unsigned flags,
	const char *text, const char *rel)
{
	struct facts_link *l = facts_put_link(&r->w, url, strlen(url), kind, ATTR_HREF, flags);

	assert_non_null(l);
	l->text = facts_put(&r->w, text, strlen(text), 0);
	l->rel = facts_put(&r->w, rel, strlen(rel), 0);
}

static const struct facts *seal_into(struct rig *r, size_t cap)
{
	size_t size;

	facts_finish(&r->w);
	size = facts_seal(r->sealer, r->full, page, strlen(page), r->area, cap);
	r->sealed = r->area;
	if (facts_check(r->area, size, &r->err) < 0 || facts_check_texts(r->sealed, &r->err) < 0)
		fail_msg("%s", r->err.text);
	return r->sealed;
}

static const char *url_at(const struct facts *f, uint32_t i)
{
	assert_true(i < f->nlinks);
	return facts_text(f, facts_links(f)[i].url);
}

static void test_links_become_json(void **state)
{
	struct rig *r = *state;
	const struct facts *f;

	add(r, "http://h.test/x", LINK_A, 0, "say \"x\"\n", "");
	add(r, "http://h.test", LINK_A, 0, "", "nofollow");
	add(r, "https://h.test/y", LINK_IMG, 0, "", "");
	f = seal_into(r, CAP);
	assert_int_equal(f->nfound, 3);
	assert_string_equal(facts_text(f, f->link_json),
		"[[\"/x\",\"a\",\"say \\\"x\\\"\\n\"],[\"http://h.test\",\"a\",null,\"nofollow\"],"
		"[\"https://h.test/y\",\"img\"]]");
}

static void test_each_url_once(void **state)
{
	struct rig *r = *state;
	const struct facts *f;

	add(r, "http://h.test/1#a", LINK_IMG, 0, "", "");
	add(r, "http://h.test/1#b", LINK_A, 0, "", "");
	add(r, "http://h.test/2", LINK_A, 0, "", "");
	add(r, "http://h.test/1", LINK_A, 0, "", "");
	add(r, "http://h.test/2#x", LINK_AREA, 0, "", "");
	add(r, "http://h.test/3", LINK_A, LINK_NOFOLLOW, "", "nofollow");
	add(r, "mailto:me@h.test", LINK_A, 0, "", "");
	add(r, "http://h.test/4", LINK_FORM, 0, "", "");
	add(r, "http://h.test/1", LINK_SITEMAP, LINK_IS_INDEX, "", "");
	f = seal_into(r, CAP);
	assert_int_equal(f->nfound, 9);
	/* An image is followed with --assets only: the same URL may have to be followed without. */
	assert_int_equal(f->nlinks, 4);
	assert_string_equal(url_at(f, 0), "http://h.test/1");
	assert_int_equal(facts_links(f)[0].kind, LINK_IMG);
	assert_string_equal(url_at(f, 1), "http://h.test/1");
	assert_int_equal(facts_links(f)[1].kind, LINK_A);
	assert_string_equal(url_at(f, 2), "http://h.test/2");
	assert_int_equal(facts_links(f)[3].flags, LINK_IS_INDEX);
}

static void test_texts_are_kept(void **state)
{
	struct rig *r = *state;
	const struct facts *f;

	r->w.f->title = facts_put(&r->w, "T", 1, 0);
	r->w.f->text = facts_put(&r->w, "some text", 9, 0);
	r->w.f->headings = facts_put(&r->w, "1 H", 3, 0);
	r->w.f->words = 2;
	r->w.f->flags = FACTS_HTML;
	f = seal_into(r, CAP);
	assert_string_equal(facts_text(f, f->title), "T");
	assert_string_equal(facts_text(f, f->text), "some text");
	assert_string_equal(facts_text(f, f->headings), "1 H");
	assert_int_equal(f->words, 2);
	assert_int_equal(f->flags, FACTS_HTML | FACTS_SEALED);
	assert_int_equal(f->link_json.len, 0);
}

/* What does not fit is cut at a whole link, and said. */
static void test_small_area(void **state)
{
	struct rig *r = *state;
	char url[64];

	for (int i = 0; i < 500; i++) {
		snprintf(url, sizeof(url), "http://h.test/%d", i);
		add(r, url, LINK_A, 0, "text", "");
	}
	for (size_t cap = 4096; cap < 30000; cap += 1234) {
		const struct facts *f;
		size_t size = (facts_finish(&r->w),
			facts_seal(r->sealer, r->full, page, strlen(page), r->area, cap));

		f = r->area;
		assert_int_equal(facts_check(f, size, &r->err), 0);
		assert_int_equal(facts_check_texts(f, &r->err), 0);
		assert_true(f->nfound > 10 && f->nfound < 500 && f->nlinks == f->nfound);
		assert_true(f->flags & FACTS_CUT_LINKS);
		facts_begin(&r->w, r->full, CAP);
		for (int i = 0; i < 500; i++) {
			snprintf(url, sizeof(url), "http://h.test/%d", i);
			add(r, url, LINK_A, 0, "text", "");
		}
	}
}

/* Page after page through one sealer: nothing of one is taken for the next one's. */
static void test_pages_do_not_mix(void **state)
{
	struct rig *r = *state;

	for (int i = 0; i < 300; i++) {
		facts_begin(&r->w, r->full, CAP);
		for (int k = 0; k < 1 + i % 200; k++) {
			char url[64];
			snprintf(url, sizeof(url), "http://h.test/%d", k);
			add(r, url, LINK_A, 0, "", "");
		}
		assert_int_equal(seal_into(r, CAP)->nlinks, 1 + i % 200);
	}
}

/* More URLs than the sealer has places for at first: still each once. */
static void test_many(void **state)
{
	struct rig *r = *state;

	for (int round = 0; round < 2; round++) {
		facts_begin(&r->w, r->full, CAP);
		for (int k = 0; k < 6000; k++) {
			char url[64];
			snprintf(url, sizeof(url), "http://h.test/%d", k % 3000);
			add(r, url, LINK_A, 0, "", "");
		}
		assert_int_equal(seal_into(r, CAP)->nlinks, 3000);
		for (uint32_t k = 0; k < 3000; k++)
			assert_int_equal(atoi(url_at(r->sealed, k) + 14), k);
	}
}

/* ---- sealed while it is written ---- */

static struct facts_found found(const char *url, enum facts_kind kind, unsigned flags)
{
	return (struct facts_found){
		.url = url,
		.url_len = strlen(url),
		.text = "t",
		.text_len = 1,
		.kind = kind,
		.flags = flags,
	};
}

static const struct facts *finish(struct rig *r)
{
	size_t size = facts_finish(&r->w);

	if (facts_check(r->area, size, &r->err) < 0 || facts_check_texts(r->area, &r->err) < 0)
		fail_msg("%s", r->err.text);
	r->sealed = r->area;
	return r->sealed;
}

/* Links to a URL that is known by what sealer_add told of it. */
static void test_known_url(void **state)
{
	struct rig *r = *state;
	struct facts_found a = found("http://h.test/x#1", LINK_A, 0);
	struct facts_found img = found("http://h.test/x", LINK_IMG, 0);
	struct facts_found no = found("http://h.test/x", LINK_A, LINK_NOFOLLOW);
	struct sealed_url known = {0};
	const struct facts *f;

	facts_begin_sealed(&r->w, r->sealer, page, strlen(page), r->area, CAP);
	assert_true(sealer_add(&r->w, &a, &known));
	assert_true(sealer_add_again(&r->w, &a, &known, ROOMY("#2"), 2));
	assert_true(sealer_add_again(&r->w, &no, &known, ROOMY(""), 0));
	/* An image is followed in another way: it may have to go to the table. */
	assert_false(sealer_add_again(&r->w, &img, &known, ROOMY(""), 0));
	assert_true(sealer_add(&r->w, &img, &known));
	assert_true(sealer_add_again(&r->w, &img, &known, ROOMY(""), 0));
	f = finish(r);
	assert_int_equal(f->nfound, 5);
	assert_int_equal(f->nlinks, 2);
	assert_string_equal(facts_text(f, f->link_json),
		"[[\"/x#1\",\"a\",\"t\"],[\"/x#2\",\"a\",\"t\"],[\"/x\",\"a\",\"t\"],"
		"[\"/x\",\"img\",\"t\"],[\"/x\",\"img\",\"t\"]]");
}

static void test_known_url_too_long(void **state)
{
	struct rig *r = *state;
	struct sealed_url known;
	struct facts_found a;
	char url[FACTS_MAX_URL + 2];

	memset(url, 'x', sizeof(url));
	memcpy(url, "http://h.test/", 14);
	url[FACTS_MAX_URL + 1] = '\0';
	a = found(url, LINK_A, 0);
	facts_begin_sealed(&r->w, r->sealer, page, strlen(page), r->area, CAP);
	assert_false(sealer_add(&r->w, &a, &known));
	assert_int_equal(known.len, 0);
	assert_int_equal(r->w.f->flags & FACTS_CUT_URL, FACTS_CUT_URL);
	a.url_len = FACTS_MAX_URL - 1;
	assert_true(sealer_add(&r->w, &a, &known));
	assert_true(sealer_add_again(&r->w, &a, &known, ROOMY("#"), 1));
	assert_false(sealer_add_again(&r->w, &a, &known, ROOMY("#2"), 2));
	assert_int_equal(finish(r)->nfound, 2);
}

/* The same link in two parts, put where it belongs; or, where there is no room for that, as any. */
static void add_in_place(struct rig *r, const struct facts_found *whole, struct sealed_url *known)
{
	const char *hash = strchr(whole->url, '#');
	size_t len = hash ? (size_t)(hash - whole->url) : whole->url_len;
	char *to = sealer_place(&r->w, len + SIMD_ROOM), fragment[64];
	struct facts_found l = *whole;

	memset(fragment, '"', sizeof(fragment));
	memcpy(fragment, whole->url + len, whole->url_len - len);
	l.url = to;
	l.url_len = len;
	if (to) {
		memcpy(to, whole->url, len);
		memset(to + len, '"', SIMD_ROOM);
	}
	if (!to || !sealer_add_plain(&r->w, &l, fragment, whole->url_len - len, known))
		sealer_add(&r->w, whole, known);
}

/* The block is the same, whichever way links come into it. */
static void test_in_place(void **state)
{
	static const char text[] = "some text that is longer than a block \"with quotes\" and more";
	static const char *const start[] = {
		"http://h.test/", "http://h.test/a/b/", "https://o.test/x?"};
	struct rig *r = *state;

	srand(7);
	for (int round = 0; round < 300; round++) {
		size_t cap = round % 3 ? CAP : 4096 + (size_t)rand() % 20000, size[2];
		unsigned seed = (unsigned)rand();

		for (int way = 0; way < 2; way++) {
			srand(seed);
			facts_begin_sealed(
				&r->w, r->sealer, page, strlen(page), way ? r->area : r->full, cap);
			for (int i = 0; i < 200; i++) {
				char url[200], padded[200];
				struct sealed_url known;
				struct facts_found a;

				snprintf(url, sizeof(url), "%s%.*d%s%.*s", start[rand() % 3],
					rand() % 60, rand() % 50, rand() % 2 ? "#" : "",
					rand() % 40, "abcdefghijklmnopqrstuvwxyz0123456789-_.~()");
				a = found(url, rand() % 9 ? LINK_A : LINK_IMG, 0);
				memcpy(padded, text, sizeof(text));
				a.text = padded;
				a.text_len = (size_t)rand() % sizeof(text);
				a.rel_len = rand() % 3 ? 0 : 4;
				a.rel = text;
				a.roomy = rand() % 2;
				if (way)
					add_in_place(r, &a, &known);
				else
					sealer_add(&r->w, &a, &known);
				if (known.len && rand() % 2)
					sealer_add_again(&r->w, &a, &known, padded, 4);
			}
			size[way] = facts_finish(&r->w);
		}
		assert_int_equal(size[0], size[1]);
		assert_memory_equal(r->full, r->area, size[0]);
		if (facts_check(r->area, size[1], &r->err) < 0 ||
			facts_check_texts(r->area, &r->err) < 0)
			fail_msg("%s", r->err.text);
	}
}

/* Whatever comes behind the links in a small area: the JSON has its room. */
static void test_room_is_held(void **state)
{
	struct rig *r = *state;

	for (size_t cap = 4096; cap < 20000; cap += 488) {
		const struct facts *f;

		facts_begin_sealed(&r->w, r->sealer, page, strlen(page), r->area, cap);
		for (int i = 0; i < 300; i++) {
			char url[64];
			struct sealed_url known;
			struct facts_found a;

			snprintf(url, sizeof(url), "http://h.test/%d", i);
			a = found(url, LINK_A, 0);
			if (sealer_add(&r->w, &a, &known))
				sealer_add_again(&r->w, &a, &known, ROOMY("#f"), 2);
		}
		while (facts_room(&r->w) >= 100)
			r->w.f->text = facts_put(&r->w, r->full, 100, FACTS_CUT_TEXT);
		assert_int_equal(facts_put(&r->w, r->full, 101, FACTS_CUT_TEXT).len, 0);
		r->w.f->text = (struct facts_str){0, 0};
		f = finish(r);
		assert_true(f->nfound > 10 && f->nfound < 600 && f->flags & FACTS_CUT_LINKS);
		assert_true(f->link_json.len > 100);
	}
}

/* ---- the JSON as a hostile parser could send it ---- */

static long count(const char *s)
{
	return link_json_count(s, strlen(s));
}

static void test_count_good(void **state)
{
	(void)state;
	assert_int_equal(count(""), 0);
	assert_int_equal(count("[[\"/x\",\"a\"]]"), 1);
	assert_int_equal(count("[[\"/x\",\"a\",\"t\",\"r\"],[\"x:\\\"\",\"img\",null,\"r\"]]"), 2);
	assert_int_equal(count("[[\"/x\",\"a\",\"\\u0007 \xc3\xa4 \\\\ \\n\"]]"), 1);
}

static void test_count_bad(void **state)
{
	static const char *const bad[] = {"[]", "[[]]", "[[\"/x\"]]", "[[\"/x\",\"a\"]",
		"[[\"/x\",\"a\"]],", "[[\"/x\",\"a\"],]", "[[\"/x\",\"a\",]]", "[[\"/x\",\"A\"]]",
		"[[\"/x\",\"a\",null]]", "[[\"/x\",\"a\",\"t\",\"r\",\"q\"]]",
		"[[\"/\xc3\xa4\",\"a\"]]", "[[\"/\\n\",\"a\"]]", "[[\"/\x7f\",\"a\"]]",
		"[[\"/x\",\"a\",\"\\u0000\"]]", "[[\"/x\",\"a\",\"\\ud800\"]]",
		"[[\"/x\",\"a\",\"\\q\"]]", "[[\"/x\",\"a\",\"\xff\"]]",
		"[[\"/x\",\"a\",\"a\nb\"]]", "[[\"/x\",\"a\",1]]", "{\"a\":1}", "[[\"/x",
		"[[\"/x\\", "[[\"/x\",\"a\",\"\\u12", "[", "[[", "[[\"/x\",\"a\"]]]"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (count(bad[i]) != -1)
			fail_msg("taken for good: %s", bad[i]);
}

/* A byte of each value at each place of texts of all lengths up to some windows. */
static void test_count_anywhere(void **state)
{
	(void)state;
	for (size_t url = 1; url < 150; url += url < 70 ? 1 : 7)
		for (size_t text = 1; text < 150; text += 13) {
			char s[400];
			size_t n = (size_t)sprintf(
				s, "[[\"%0*d\",\"a\",\"%0*d\"]]", (int)url, 0, (int)text, 0);
			size_t at = 3 + (size_t)rand() % url, in = url + 10 + (size_t)rand() % text;

			assert_int_equal(link_json_count(s, n), 1);
			for (int c = 0; c < 256; c++) {
				bool plain = c >= 0x20 && c != '"' && c != '\\';

				s[at] = (char)c;
				assert_int_equal(link_json_count(s, n), plain && c < 0x7f ? 1 : -1);
				s[at] = '0';
				s[in] = (char)c;
				/* A backslash before a quote is an escape, and before zeros none.
				 */
				assert_int_equal(link_json_count(s, n), plain && c < 0x80 ? 1 : -1);
				s[in] = '0';
			}
		}
}

/* Every cut and every changed byte of good JSON is refused or still good: never read past. */
static void test_count_mutations(void **state)
{
	static const char good[] =
		"[[\"/x?a=1&b\",\"a\",\"text \\\"q\\\" \xe2\x82\xac\",\"nofollow\"],"
		"[\"http://other.test/0123456789abcdef\",\"img\"]]";

	(void)state;
	for (size_t n = 1; n < sizeof(good) - 1; n++) {
		char *cut = malloc(n); /* of that size: a read behind it is caught */
		memcpy(cut, good, n);
		assert_int_equal(link_json_count(cut, n), -1);
		free(cut);
	}
	for (size_t i = 0; i < sizeof(good) - 1; i++)
		for (int c = 0; c < 256; c++) {
			char *s = malloc(sizeof(good) - 1);
			long got;
			memcpy(s, good, sizeof(good) - 1);
			s[i] = (char)c;
			got = link_json_count(s, sizeof(good) - 1);
			assert_true(got == -1 || got == 1 || got == 2);
			free(s);
		}
}

/* A block that says it is sealed has the links it says it has. */
static void test_wrong_count_is_refused(void **state)
{
	struct rig *r = *state;
	struct facts *f;

	add(r, "http://h.test/x", LINK_A, 0, "", "");
	f = (struct facts *)(uintptr_t)seal_into(r, CAP);
	f->nfound = 2;
	assert_int_equal(facts_check_texts(f, &r->err), -1);
	f->nfound = 0; /* less than the table holds */
	assert_int_equal(facts_check(f, f->size, &r->err), -1);
}

/* URL bytes are checked at every place of a URL, whatever its length. */
static void test_url_bytes(void **state)
{
	struct rig *r = *state;
	struct facts *f;
	static const char url[] = "http://h.test/0123456789";

	for (size_t len = 8; len < sizeof(url); len++) {
		char *at;

		facts_begin(&r->w, r->full, CAP);
		facts_put_link(&r->w, url, len, LINK_A, ATTR_HREF, 0);
		f = (struct facts *)(uintptr_t)seal_into(r, CAP);
		at = (char *)f + facts_links(f)[0].url.off;
		for (size_t i = 0; i < len; i++) {
			static const unsigned char odd[] = {0x00, 0x1f, 0x20, 0x7f, 0x80, 0xff};
			char old = at[i];

			for (size_t k = 0; k < sizeof(odd); k++) {
				at[i] = (char)odd[k];
				if (i >= 5 || odd[k] != 0x20) /* else it is no http: any more */
					assert_int_equal(facts_check(f, f->size, &r->err), -1);
			}
			at[i] = old;
		}
		assert_int_equal(facts_check(f, f->size, &r->err), 0);
	}
}

/* ---- whole blocks as a hostile parser could send them ---- */

/* What the database and the crawl go by, read in another way. */
static void must_be_sound(const struct facts *f)
{
	json_error_t error;
	size_t index;
	json_t *value, *all = json_loadb(facts_text(f, f->link_json), f->link_json.len, 0, &error);

	for (uint32_t i = 0; i < f->nlinks; i++) {
		struct facts_str url = facts_links(f)[i].url;

		assert_true(url.len && url.off + url.len < f->size);
		for (uint32_t k = 0; k < url.len; k++)
			assert_in_range(facts_text(f, url)[k], 0x20, 0x7e);
	}
	assert_true(text_is_utf8(facts_text(f, f->text), f->text.len));
	assert_int_equal(strlen(facts_text(f, f->text)), f->text.len);
	if (!f->link_json.len) {
		assert_int_equal(f->nfound, 0);
		return;
	}
	if (!all)
		fail_msg("%s: %s", error.text, facts_text(f, f->link_json));
	assert_int_equal(json_array_size(all), f->nfound);
	json_array_foreach(all, index, value)
	{
		const char *target = json_string_value(json_array_get(value, 0));

		assert_non_null(target);
		for (; *target; target++)
			assert_in_range(*target, 0x20, 0x7e);
	}
	json_decref(all);
}

/* Bytes changed, cut and moved about: refused, or still what it should be, and nothing behind it is
 * read. */
static void test_hostile_blocks(void **state)
{
	static const char odd[] = "\"\\,[]{}#\n\0\x7f\xff\xc3\xe2 aZ09:/u";
	struct rig *r = *state;
	size_t good = 0, size;

	add(r, "http://h.test/x?y=\\#z", LINK_A, 0, "say \"\xc3\xa4\" \xe2\x82\xac", "a b");
	add(r, "http://h.test/x", LINK_A, 0, "", "nofollow");
	add(r, "data:,a b", LINK_IMG, 0, "0123456789abcdefghijklmnopqrstuvwxyz", "");
	r->w.f->title = facts_put(&r->w, "T", 1, 0);
	r->w.f->text = facts_put(&r->w, "some text \xc3\xa4", 12, 0);
	size = seal_into(r, CAP)->size;
	srand(5);
	for (int i = 0; i < 200000; i++) {
		size_t len = rand() % 50 ? size : (size_t)rand() % size;
		char *block = aligned_alloc(8, (len + 7) & ~(size_t)7);
		struct facts *f = (struct facts *)block;

		memcpy(block, r->area, len);
		for (int k = rand() % 3; k && len; k--)
			block[(size_t)rand() % len] =
				rand() % 4 ? odd[(size_t)rand() % (sizeof(odd) - 1)] : (char)rand();
		if (len != size && len >= sizeof(*f) && rand() % 2)
			f->size = (uint32_t)len;
		if (facts_check(block, len, &r->err) == 0 && facts_check_texts(f, &r->err) == 0 &&
			f->flags & FACTS_SEALED) {
			must_be_sound(f);
			good++;
		}
		free(block);
	}
	assert_in_range(good, 1000, 190000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_links_become_json, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(test_each_url_once, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(test_texts_are_kept, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(test_small_area, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(test_pages_do_not_mix, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(test_many, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(test_known_url, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(test_known_url_too_long, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(test_in_place, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(test_room_is_held, open_rig, close_rig),
		cmocka_unit_test(test_count_good),
		cmocka_unit_test(test_count_bad),
		cmocka_unit_test(test_count_anywhere),
		cmocka_unit_test(test_count_mutations),
		cmocka_unit_test_setup_teardown(test_wrong_count_is_refused, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(test_url_bytes, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(test_hostile_blocks, open_rig, close_rig),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
