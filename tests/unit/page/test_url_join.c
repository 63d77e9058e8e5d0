/* url_resolve and url_join against a base give what the parser gives, whatever way they take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config/mem.h"
#include "config/simd.h"
#include "crawler/page/url.h"

#define ROUNDS 300000

static struct url_parser parser, other;

static int set_up(void **state)
{
	(void)state;
	url_global_init();
	url_parser_init(&parser);
	url_parser_init(&other);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	url_parser_release(&parser);
	url_parser_release(&other);
	return 0;
}

static int joined; /* references so far that url_join had an answer to */

struct place {
	struct buf hold;
	struct url url;
	struct url_base base;
};

static void place_open(struct place *p, const char *base)
{
	struct url u;

	buf_init(&p->hold);
	assert_int_equal(url_parse(&parser, base, strlen(base), NULL, &u), 0);
	url_copy(&p->url, &u, &p->hold);
	url_base_set(&p->base, &p->url);
}

static void place_close(struct place *p)
{
	buf_release(&p->hold);
}

/* "?" in documents that are not UTF-8. */
static void encode(void *arg, const char *utf8, size_t len, struct buf *out)
{
	(void)arg;
	buf_add_str(out, "E");
	buf_add(out, utf8, len);
}

/* url_join, with bytes behind the reference that must not matter. True: it had an answer. */
static bool joins_the_same(const struct place *p, const char *in, size_t len)
{
	const char *hash = memchr(in, '#', len);
	size_t most, n;
	char *roomy, *to;
	struct url want;

	len = hash ? (size_t)(hash - in) : len;
	most = p->url.len + len + SIMD_ROOM;
	roomy = malloc(len + SIMD_ROOM);
	to = malloc(most);
	memcpy(roomy, in, len);
	memcpy(roomy + len, "#/../?%2e: /.\"x", SIMD_ROOM);
	n = url_join(&p->base, roomy, len, to);
	if (n) {
		assert_int_equal(url_parse(&other, in, len, &p->url, &want), 0);
		if (n != want.len || memcmp(to, want.href, n) != 0 || !url_is_plain(to, n))
			fail_msg("\"%.*s\" against %s: %.*s, not %s", (int)len, in, p->url.href,
				(int)n, to, want.href);
	}
	free(roomy);
	free(to);
	return n;
}

static void must_be_same(const struct place *p, const char *in, size_t len)
{
	/* Of that size: a read behind it is caught. */
	char *exact = mem_dup(in, len);
	struct url want, got;
	int wanted = url_parse_encoded(&other, exact, len, &p->url, encode, NULL, &want);

	if (url_resolve(&parser, exact, len, &p->base, encode, NULL, &got) != wanted)
		fail_msg("\"%.*s\" against %s", (int)len, in, p->url.href);
	free(exact);
	if (wanted < 0)
		return;
	if (strcmp(got.href, want.href) != 0)
		fail_msg("\"%.*s\" against %s: %s, not %s", (int)len, in, p->url.href, got.href,
			want.href);
	got.href = want.href;
	if (memcmp(&got, &want, offsetof(struct url, opaque_path) + 1) != 0)
		fail_msg("\"%.*s\" against %s: other parts", (int)len, in, p->url.href);
	joined += joins_the_same(p, in, len);
}

static void test_known_ones(void **state)
{
	static const char *const in[] = {"", "#", "#f", "?", "?q", "?q#f", "?a/../b", "x", "x/y",
		"./x", "../x", "../../x", "../../../../x", "..", ".", "./", "../", "../..", "../#f",
		"../?q", "x/../y", "x/./y", "x/.", "x/..", ".x", "..x", "x/.y", "x/...", "%2e/x",
		"x/%2E%2e/y", "x/%41", "/", "//", "//o.test/x", "///x", "/x", "/x/", "/.", "/..",
		"/../x", "/x//y", "\\x", "/\\x", "x\\y", "http:", "http:x", "http:/x", "http://",
		"http://h.test", "http://h.test/", "http://h.test/a", "http://h.test/../a",
		"http://h.test//a", "http://h.test?q", "http://h.test#f", "HTTP://h.test/a",
		"http://H.test/a", "http://h.test:80/a", "http://xn--a/x", "http://xn--zca.test/x",
		"http://a.xn--/x", "http://a.1/x", "http://a.0x1/x", "http://1.a/x", "http://a./x",
		"http://a.1./x", "http://a../x", "http://.a/x", "http://a..b/x", "http://-a-/x",
		"http://a_b/x", "http://[::1]/x", "http://1.2.3.4/x", "http://u@h.test/x",
		"http://h.test/a:b", "https://h.test/a", "mailto:x", "a:b", "a/b:c", "./a:b",
		"/a:b", "?a:b", "#a:b", "1:2", "x y", " x", "x ", "x#a b", "x?a b", "x?'", "x'",
		"x#'", "x\"", "x`", "x{}", "x|y", "x^y", "x~y", "~x", "x\ty", "x\n", "\xc3\xa4",
		"x?\xc3\xa4", "x#\xc3\xa4", "\xff", "x\x7f", "x?a#b#c", "x#a?b/../c", "x?a?b",
		"0123456789abcde/.x", "0123456789abcdef/../x",
		"0123456789abcdef0123456789abcdef?0123456789abcdef#0123456789abcdef"};
	static const char *const bases[] = {"http://h.test", "http://h.test/a/b/c.html",
		"http://h.test/a//b/?q/r#f/g", "https://u:p@h.test:81/a/b", "http://h.test/C:/x",
		"file:///C:/a/b", "ftp://h.test/a/b", "mailto:me", "x://h.test/a/b?q", "x:/a/b",
		"data:,x", "http://h.test/a?b\\c", "http://h.test/a|b/c", "http://a\"b/c"};

	(void)state;
	for (size_t b = 0; b < MEM_COUNT(bases); b++) {
		struct place p;

		place_open(&p, bases[b]);
		for (size_t i = 0; i < MEM_COUNT(in); i++)
			must_be_same(&p, in[i], strlen(in[i]));
		place_close(&p);
	}
}

static unsigned any(unsigned n)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (unsigned)(x >> 33) % n;
}

/* Mostly what pages have, sometimes what they should not. */
static size_t generate(char *s)
{
	static const char *const part[] = {"../", "./", "/", "//", "a", "bc", "index.html", ".",
		"..", "%2e", "%", "?", "#", "x=1&y=2", ":", "~", "http://h.test",
		"http:", "https://o.test/", "http://1.2/", "(int,long)", "0123456789abcdef",
		"java.base/java/lang/", "A-Z_", "'", "\"", " ", "\\", "\t", "@", "\xc3\xa4", "\xff",
		"<", "|", "\x7f"};
	unsigned rare = any(3) ? 22 : MEM_COUNT(part);
	size_t n = 0;

	for (unsigned i = any(9); i; i--) {
		const char *p = part[any(rare)];

		memcpy(s + n, p, strlen(p));
		n += strlen(p);
	}
	return n;
}

static void test_generated(void **state)
{
	char deep[400] = "http://h.test/", in[300];

	(void)state;
	for (int i = 0; i < 40; i++)
		strcat(deep, i % 7 ? "d/" : "/");
	for (int i = 0; i < ROUNDS;) {
		struct place p;
		char base[600] = "";
		size_t n = 0;

		if (any(4))
			n = (size_t)snprintf(
				base, sizeof(base), "%s", any(3) ? "http://h.test/a/bc/d" : deep);
		base[n + generate(base + n)] = '\0';
		struct url u;
		if (url_parse(&parser, base, strlen(base), NULL, &u) < 0)
			continue;
		place_open(&p, base);
		for (int k = 0; k < 100; k++, i++) {
			n = generate(in);
			must_be_same(&p, in, n);
		}
		place_close(&p);
	}
	assert_in_range(joined, ROUNDS / 5, ROUNDS);
}

/* Plain bytes stand in each part as they are. */
static void test_plain(void **state)
{
	char in[80];

	(void)state;
	assert_true(url_is_plain("", 0));
	for (size_t at = 0; at < 40; at++)
		for (int c = 0; c < 256; c++) {
			struct url u;
			size_t n;

			memset(in, 'x', sizeof(in));
			memcpy(in, "http://h.test/", 14);
			in[20] = '?';
			in[30] = '#';
			in[at + 14] = (char)c;
			n = 14 + 40;
			if (!url_is_plain(in + 14, 40))
				continue;
			assert_int_equal(url_parse(&parser, in, n, NULL, &u), 0);
			assert_int_equal(u.len, n);
			assert_memory_equal(u.href, in, n);
		}
	assert_true(url_is_plain("#a.b(c,d)~-_!$&*+;=:@/?%20", 26));
	for (const char *s = "\"'<>`{|}\\^ "; *s; s++)
		assert_false(url_is_plain(s, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_ones),
		cmocka_unit_test(test_generated),
		cmocka_unit_test(test_plain),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
