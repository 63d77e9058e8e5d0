/* The tokenizer, its references and scanners, srcset and meta refresh. */
#include <ctype.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <cmocka.h>

#include "config/buf.h"
#include "config/mem.h"
#include "crawler/page/html_charref.h"
#include "crawler/page/html_names.h"
#include "crawler/page/html_scan.h"
#include "crawler/page/html_tokenizer.h"
#include "crawler/page/refresh.h"
#include "crawler/page/srcset.h"

/* ---- tokens as one line of text: <a x="1">, </a>, text, <!--c-->, <!DOCTYPE n|p|s|quirks> ---- */

static void add_tag(void *arg, const struct html_tag *tag)
{
	struct buf *out = arg;

	buf_addf(out, tag->end ? "</%.*s" : "<%.*s", (int)tag->name_len, tag->name);
	for (size_t i = 0; i < tag->nattrs && !tag->end; i++) {
		buf_addf(out, " %.*s=\"", (int)tag->attrs[i].name_len, tag->attrs[i].name);
		html_attr_value(&tag->attrs[i], out);
		buf_add_ch(out, '"');
	}
	buf_add_str(out, tag->self_closing ? "/>" : ">");
}

static void add_text(void *arg, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i])
			buf_add_ch(arg, s[i]);
		else
			buf_add_str(arg, "[NUL]");
}

static void add_comment(void *arg, const char *s, size_t len)
{
	buf_addf(arg, "<!--%.*s-->", (int)len, s);
}

static void add_doctype(void *arg, const struct html_doctype *d)
{
	buf_addf(arg, "<!DOCTYPE %s|%s|%s%s>", d->has_name ? d->name.data : "-",
		d->has_public ? d->public_id.data : "-", d->has_system ? d->system_id.data : "-",
		d->force_quirks ? "|quirks" : "");
}

static const struct tokenizer_sink sink = {
	.tag = add_tag, .text = add_text, .comment = add_comment, .doctype = add_doctype};

struct token_case {
	enum tokenizer_state state;
	const char *last, *in, *want;
};

static void expect_tokens(const struct token_case *c, size_t step, bool cdata)
{
	size_t len = strlen(c->in);
	struct buf out = BUF_INIT;
	struct tokenizer t;

	tokenizer_init(&t, &sink, &out);
	t.all_attrs = true;
	tokenizer_begin(&t);
	t.cdata = cdata;
	tokenizer_switch(&t, c->state, c->last, strlen(c->last));
	for (size_t at = 0; at < len; at += step) {
		size_t n = step < len - at ? step : len - at;
		char *piece = mem_dup(c->in + at, n);

		tokenizer_feed(&t, piece, n);
		free(piece);
	}
	tokenizer_end(&t);
	assert_string_equal(out.data, c->want);
	tokenizer_release(&t);
	buf_release(&out);
}

static void tokens(void **state)
{
	static const struct token_case cases[] = {
		{TOKENIZER_DATA, "", "a<b c=1 D='2' e=\"3\" f>g</b>",
			"a<b c=\"1\" D=\"2\" e=\"3\" f=\"\">g</b>"},
		{TOKENIZER_DATA, "", "<a b=1 B=2 c=3/><a/ / b=1><a =b=c>",
			"<a b=\"1\" c=\"3/\"><a b=\"1\"><a =b=\"c\">"},
		{TOKENIZER_DATA, "", "<a b='&lt;&amp;&copy=&copyx&#65'>",
			"<a b=\"<&&copy=&copyxA\">"},
		{TOKENIZER_DATA, "", "<a=b c>", "<a=b c=\"\">"},
		{TOKENIZER_DATA, "", "1 < 2 </ x></><?pi?><!x><!-",
			"1 < 2 <!-- x--><!--?pi?--><!--x--><!----->"},
		{TOKENIZER_DATA, "", "a\r\nb\rc\r", "a\nb\nc\n"},
		{TOKENIZER_DATA, "", "<!--a--!>b<!-->c<!--->d<!--e--x--!-->f<!--g",
			"<!--a-->b<!---->c<!---->d<!--e--x--!-->f<!--g-->"},
		{TOKENIZER_DATA, "", "<!doctype Html><!DOCTYPE a public 'p' \"s\" x><!doctype>",
			"<!DOCTYPE html|-|-><!DOCTYPE a|p|s><!DOCTYPE -|-|-|quirks>"},
		{TOKENIZER_DATA, "", "<!doctype a public 'p><!doctype a system>",
			"<!DOCTYPE a|p|-|quirks><!DOCTYPE a|-|-|quirks>"},
		{TOKENIZER_DATA, "", "<a b='", ""},
		{TOKENIZER_DATA, "",
			"&amp;&ampx&notin;&notit;&#x41;&#0;&#xd800;&#x110000;&#128;&x;&",
			"&&x\xe2\x88\x89\xc2\xacit;"
			"A\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xe2\x82\xac&x;&"},
		{TOKENIZER_RCDATA, "title", "a<b>&amp;</titlex></Title >c<d>",
			"a<b>&</titlex></Title>c<d>"},
		{TOKENIZER_RAWTEXT, "style", "a<b>&amp;</style/>c", "a<b>&amp;</style/>c"},
		{TOKENIZER_PLAINTEXT, "", "a</plaintext>&amp;", "a</plaintext>&amp;"},
		{TOKENIZER_SCRIPT, "script", "<!--<script></script>--></script>x<y>",
			"<!--<script></script>--></script>x<y>"},
		{TOKENIZER_SCRIPT, "script", "<!--<script></script></script>x<y>",
			"<!--<script></script></script>x<y>"},
		{TOKENIZER_SCRIPT, "script", "<!--<script>--!></script>",
			"<!--<script>--!></script>"},
		{TOKENIZER_SCRIPT, "script", "<!--></script><b>", "<!--></script><b>"},
		{TOKENIZER_SCRIPT, "script", "<!-- <scriptx </script ", "<!-- <scriptx "},
		{TOKENIZER_CDATA, "", "a]]b]]]>c<d>", "a]]b]c<d>"},
	};

	(void)state;
	for (size_t i = 0; i < MEM_COUNT(cases); i++)
		for (size_t step = 1; step <= strlen(cases[i].in); step++)
			expect_tokens(&cases[i], step, false);
}

static void cdata_where_the_tree_allows_it(void **state)
{
	static const struct token_case c = {
		TOKENIZER_DATA, "", "<![CDATA[<a>&amp;]]>b", "<!--[CDATA[<a>&amp;]]-->b"};
	static const struct token_case in_svg = {
		TOKENIZER_DATA, "", "<![CDATA[<a>&amp;]]>b", "<a>&amp;b"};
	static const struct token_case other_case = {
		TOKENIZER_DATA, "", "<![cdata[x]]>", "<!--[cdata[x]]-->"};

	(void)state;
	/* The first "<a>" ends the bogus comment. */
	for (size_t step = 1; step < 24; step++) {
		struct token_case bogus = c;

		bogus.want = "<!--[CDATA[<a-->&]]>b";
		expect_tokens(&bogus, step, false);
		expect_tokens(&in_svg, step, true);
		expect_tokens(&other_case, step, true);
	}
}

/* A token longer than many chunks comes out whole, and is not read again for each. */
static void a_long_tag_in_small_pieces(void **state)
{
	struct buf in = BUF_INIT, out = BUF_INIT;
	struct tokenizer t;

	(void)state;
	buf_add_str(&in, "<a b='");
	for (int i = 0; i < 500000; i++)
		buf_add_ch(&in, i % 3 ? '>' : 'x');
	buf_add_str(&in, "'>end");
	tokenizer_init(&t, &sink, &out);
	t.all_attrs = true;
	tokenizer_begin(&t);
	for (size_t i = 0; i < in.len; i++)
		tokenizer_feed(&t, in.data + i, 1);
	tokenizer_end(&t);
	assert_int_equal(out.len, in.len);
	assert_string_equal(out.data + out.len - 5, "\">end");
	tokenizer_release(&t);
	buf_release(&in);
	buf_release(&out);
}

/* ---- names ---- */

static void every_name_is_found_in_any_case(void **state)
{
	char upper[32];

	(void)state;
	for (unsigned id = 1; id < TAG_COUNT; id++) {
		const char *name = html_tags[id].name;
		size_t n = strlen(name);

		for (size_t i = 0; i <= n; i++)
			upper[i] = name[i] >= 'a' && name[i] <= 'z' && i % 2 ? (char)(name[i] - 32)
									     : name[i];
		assert_int_equal(html_tag_find(html_name_key(upper, n, n), upper, n), id);
		assert_int_equal(
			html_tag_find(html_name_key(upper, n, sizeof(upper)), upper, n), id);
		upper[n] = 'x';
		assert_int_not_equal(
			html_tag_find(html_name_key(upper, n + 1, n + 1), upper, n + 1), id);
	}
	assert_int_equal(
		html_tag_find(html_name_key("foreignObjecs", 13, 13), "foreignObjecs", 13), 0);
	assert_int_equal(html_tag_find(html_name_key("b@", 2, 2), "b@", 2), 0);
	for (unsigned id = 1; id <= HTML_ATTR_ENCODING; id++)
		assert_int_equal(html_attr_find(html_name_key(html_attrs[id].name,
							html_attrs[id].len, html_attrs[id].len),
					 html_attrs[id].name, html_attrs[id].len),
			id);
}

static unsigned short_tag(const char *eight, size_t len)
{
	uint64_t bytes;

	memcpy(&bytes, eight, 8);
	return html_tag_find_short(bytes, len);
}

static unsigned short_attr(const char *eight, size_t len)
{
	uint64_t bytes;

	memcpy(&bytes, eight, 8);
	return html_attr_find_short(bytes, len);
}

/* What the quick way finds is what the other does, whatever stands behind the name. */
static void short_names_are_found_quickly(void **state)
{
	static const char behind[] = ">= /\0ax\xff";

	(void)state;
	for (unsigned id = 1; id < TAG_COUNT; id++)
		for (size_t k = 0; k < sizeof(behind) && html_tags[id].len <= 8; k++) {
			const char *name = html_tags[id].name;
			size_t n = html_tags[id].len;
			char eight[16];

			memset(eight, behind[k], sizeof(eight));
			for (size_t i = 0; i < n; i++)
				eight[i] = (char)(k % 2 ? toupper(name[i]) : name[i]);
			assert_int_equal(short_tag(eight, n), id);
			for (size_t m = 1; m <= 8; m++)
				assert_int_equal(short_tag(eight, m),
					html_tag_find(html_name_key(eight, m, 16), eight, m));
			for (size_t i = 0; i < n * 8; i++) { /* one bit is another */
				eight[i / 8] ^= (char)(1 << i % 8);
				if ((unsigned char)eight[i / 8] > ' ') /* else it ends there */
					assert_int_equal(short_tag(eight, n),
						html_tag_find(
							html_name_key(eight, n, 16), eight, n));
				eight[i / 8] ^= (char)(1 << i % 8);
			}
		}
	for (unsigned id = 1; id <= HTML_ATTR_CROSSORIGIN; id++) {
		char eight[16] = "";

		memcpy(eight, html_attrs[id].name, html_attrs[id].len);
		for (size_t m = 1; m <= 8; m++)
			assert_int_equal(short_attr(eight, m),
				html_attr_find(html_name_key(eight, m, 16), eight, m));
	}
}

/* ---- scanning: what the fast versions find is what the plain ones find ---- */

static void fast_scans_equal_plain_ones(void **state)
{
	static const char bytes[] = "<&\r\0\"'>/= \t\n\f\x01\x0b\x1f"
				    "azAZ09\x80\xff";
	uint32_t seed = 1;
	char text[64];

	(void)state;
	for (int round = 0; round < 200000; round++) {
		bool fast_dirty = false, plain_dirty = false;
		size_t len, special;
		char *exact;

		seed = seed * 1664525 + 1013904223;
		len = seed >> 26;
		special = seed >> 10 & 31;
		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = (seed >> 20) % 32 < special
					  ? bytes[(seed >> 8) % (sizeof(bytes) - 1)]
					  : 'x';
		}
		exact = mem_dup(text, len);
		assert_ptr_equal(
			scan_text(exact, exact + len), scan_plain_text(exact, exact + len));
		assert_ptr_equal(
			scan_name(exact, exact + len), scan_plain_name(exact, exact + len));
		assert_ptr_equal(scan_quote(exact, exact + len, '"', &fast_dirty),
			scan_plain_quote(exact, exact + len, '"', &plain_dirty));
		assert_int_equal(fast_dirty, plain_dirty);
		free(exact);
	}
	for (int c = 0; c < 256; c++) {
		const char *end;

		memset(text, 'x', 16);
		text[c % 15] = (char)c;
		end = scan_plain_name(text, text + 15);
		/* It may stop too early, at a character that the caller looks at. */
		if (end < text + 15)
			assert_int_equal(scan_name_ends(text), 1u << (end - text));
		else if (c > ' ')
			assert_int_equal(scan_name_ends(text) & 0x7fff, 0);
	}
}

/* ---- references ---- */

static void references_at_the_end_of_a_chunk(void **state)
{
	static const char *const cut[] = {"&", "&a", "&#", "&#x", "&#65", "&amp", "&notin", "&zz"};
	static const char space[] = "& ", longest[] = "&CounterClockwiseContourIntegral;";
	struct charref ref;

	(void)state;
	for (size_t i = 0; i < MEM_COUNT(cut); i++) {
		const char *end = cut[i] + strlen(cut[i]);

		assert_true(charref_read(cut[i], end, false, false, &ref) == CHARREF_CUT);
		assert_true(charref_read(cut[i], end, true, false, &ref) != CHARREF_CUT);
	}
	assert_int_equal(charref_read(space, space + 2, false, false, &ref), 0);
	assert_int_equal(charref_read(longest, longest + strlen(longest), true, false, &ref), 33);
}

/* ---- srcset ---- */

static void srcset_candidates(void **state)
{
	static const struct {
		const char *in, *want; /* url density width height, '|' between */
	} cases[] = {
		{"", ""},
		{" , ,", ""},
		{"a", "a 0 0 0"},
		{"a,b", "a,b 0 0 0"},
		{"a, b", "a 0 0 0|b 0 0 0"},
		{"a 1x, b 2.5x ,c 100w,d 100w 50h", "a 1 0 0|b 2.5 0 0|c 0 100 0|d 0 100 50"},
		{"data:x,y 1x,z", "data:x,y 1 0 0|z 0 0 0"},
		{"a 1x 2x, b 1w 1w, c 1x 1w, d 5h, e", "e 0 0 0"},
		{"a 0w, b 0x, c -1x, d 1e1x, e .5x, f 1.x",
			"b 0 0 0|c 0 0 0|d 10 0 0|e 0.5 0 0|f 0 0 0"},
		{"a foo, b 1x foo, c 1w 1.0h", "a 0 0 0|b 1 0 0|c 0 1 0"},
		{"a (b, c), d", "d 0 0 0"},
		{"a (b, c", ""},
		{"a,,, b", "a 0 0 0|b 0 0 0"},
		{"a\t1x\n,\fb\r2x", "a 1 0 0|b 2 0 0"},
	};

	(void)state;
	for (size_t i = 0; i < MEM_COUNT(cases); i++) {
		struct buf out = BUF_INIT;
		struct srcset s;
		struct srcset_candidate c;
		char *exact = mem_dup(cases[i].in, strlen(cases[i].in));

		srcset_begin(&s, exact, strlen(cases[i].in));
		while (srcset_next(&s, &c))
			buf_addf(&out, "%s%.*s %g %lu %lu", out.len ? "|" : "", (int)c.url_len,
				c.url, c.density, c.width, c.height);
		assert_string_equal(out.data, cases[i].want);
		free(exact);
		buf_release(&out);
	}
}

/* ---- meta refresh ---- */

static void refresh_values(void **state)
{
	static const struct {
		const char *in;
		bool ok;
		unsigned long seconds;
		const char *url;
	} cases[] = {
		{"5", true, 5, ""},
		{"5;", true, 5, ""},
		{" 5 ; URL = 'a b' c", true, 5, "a b"},
		{"5;url=\"a", true, 5, "a"},
		{"5,a", true, 5, "a"},
		{"5 a", true, 5, "a"},
		{"5;'a'b", true, 5, "a"},
		{"5;url a", true, 5, "url a"},
		{"5;ur=a", true, 5, "ur=a"},
		{"5.9;a", true, 5, "a"},
		{".;a", true, 0, "a"},
		{"99999999999999999999999;a", true, ~0ul, "a"},
		{"", false, 0, ""},
		{"a", false, 0, ""},
		{"-1;a", false, 0, ""},
		{"5a", false, 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < MEM_COUNT(cases); i++) {
		size_t n = strlen(cases[i].in);
		char *exact = mem_dup(cases[i].in, n);
		struct refresh r;

		assert_int_equal(refresh_parse(&r, exact, n), cases[i].ok);
		if (cases[i].ok) {
			assert_true(r.seconds == cases[i].seconds);
			assert_int_equal(r.url_len, strlen(cases[i].url));
			assert_memory_equal(r.url, cases[i].url, r.url_len);
		}
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens),
		cmocka_unit_test(cdata_where_the_tree_allows_it),
		cmocka_unit_test(a_long_tag_in_small_pieces),
		cmocka_unit_test(every_name_is_found_in_any_case),
		cmocka_unit_test(short_names_are_found_quickly),
		cmocka_unit_test(fast_scans_equal_plain_ones),
		cmocka_unit_test(references_at_the_end_of_a_chunk),
		cmocka_unit_test(srcset_candidates),
		cmocka_unit_test(refresh_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
