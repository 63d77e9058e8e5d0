/* conf_url.c - URL parsing, hosts to ASCII, IDNA, query encoding, public suffixes. */
#include "tests/conformance/conf.h"

#include <libpsl.h>
#include <stdlib.h>
#include <string.h>

#include "crawler/page/charset.h"
#include "crawler/page/host.h"
#include "crawler/page/url.h"

struct count {
	struct conf *c;
	const char *name;
	struct url_parser parser, base_parser;
	int passed, total;
};

static void count_init(struct count *n, struct conf *c, const char *name)
{
	*n = (struct count){.c = c, .name = name};
	url_parser_init(&n->parser);
	url_parser_init(&n->base_parser);
}

static void count_release(struct count *n)
{
	url_parser_release(&n->parser);
	url_parser_release(&n->base_parser);
}

static bool same(json_t *line, const char *key, const char *s, size_t len)
{
	return conf_str(line, key) && conf_str_len(line, key) == len &&
	       memcmp(conf_str(line, key), s, len) == 0;
}

/* ---- urls.jsonl ---- */

/* As the API of the standard shows it: "?" and "#" alone are empty. */
static bool same_tail(json_t *line, const char *key, const char *s, size_t len)
{
	return same(line, key, s, len == 1 ? 0 : len);
}

static const char *wrong_part(json_t *line, const struct url *u)
{
	const char *s = u->href;
	size_t n;

	if (!same(line, "href", s, u->len))
		return "href";
	if (!same(line, "protocol", s, u->scheme_end + 1))
		return "protocol";
	if (!same(line, "username", s + u->user_start, u->user_end - u->user_start))
		return "username";
	if (!same(line, "password", s + u->pass_start, u->pass_end - u->pass_start))
		return "password";
	if (!same(line, "host", s + u->host_start, u->port_end - u->host_start))
		return "host";
	if (!same(line, "hostname", s + u->host_start, u->host_end - u->host_start))
		return "hostname";
	if (!same(line, "port", s + u->port_start, u->port_end - u->port_start))
		return "port";
	s = url_path(u, &n);
	if (!same(line, "pathname", s, n))
		return "pathname";
	s = url_query(u, &n);
	if (!same_tail(line, "search", s, n))
		return "search";
	s = url_fragment(u, &n);
	return same_tail(line, "hash", s, n) ? NULL : "hash";
}

static void url_case(void *arg, json_t *line, int lineno)
{
	struct count *n = arg;
	const char *in = conf_str(line, "input"), *base_text = conf_str(line, "base");
	struct url base, u = {.href = ""};
	const char *wrong = NULL;
	int r = 0;

	if (!in || conf_bool(line, "lone_surrogate"))
		return;
	n->total++;
	if (base_text)
		r = url_parse(&n->base_parser, base_text, conf_str_len(line, "base"), NULL, &base);
	if (r == 0)
		r = url_parse(
			&n->parser, in, conf_str_len(line, "input"), base_text ? &base : NULL, &u);
	if (conf_bool(line, "failure") != (r < 0))
		wrong = "success";
	else if (r == 0)
		wrong = wrong_part(line, &u);
	if (!wrong)
		n->passed++;
	else
		conf_miss(n->c, n->name, lineno,
			"%s: input \"%s\" base \"%s\" got \"%s\" wanted \"%s\"", wrong, in,
			base_text ? base_text : "", u.href,
			conf_str(line, "href") ? conf_str(line, "href") : "failure");
}

/* ---- toascii.jsonl, idna.jsonl ---- */

static void ascii_case(void *arg, json_t *line, int lineno)
{
	struct count *n = arg;
	const char *in = conf_str(line, "input"), *want = conf_str(line, "output");
	struct buf tmp = BUF_INIT, out = BUF_INIT;
	bool ok;
	int r;

	if (!in)
		return;
	n->total++;
	r = host_parse(in, conf_str_len(line, "input"), &tmp, &out);
	ok = want ? r == 0 && strcmp(out.data, want) == 0 : r < 0;
	n->passed += ok;
	if (!ok)
		conf_miss(n->c, n->name, lineno, "input \"%s\" got \"%s\" wanted \"%s\" (%s)", in,
			r < 0 ? "failure" : out.data, want ? want : "failure",
			conf_str(line, "comment") ? conf_str(line, "comment") : "");
	buf_release(&tmp);
	buf_release(&out);
}

/* ---- query-encoding.jsonl ---- */

static void encoding_case(void *arg, json_t *line, int lineno)
{
	struct count *n = arg;
	const char *in = conf_str(line, "input"), *name;
	struct buf text = BUF_INIT;
	bool ok = true;
	json_t *want;

	if (!in)
		return;
	n->total++;
	buf_add_str(&text, "https://doc.example/?");
	buf_add(&text, in, conf_str_len(line, "input"));
	buf_add_ch(&text, '#');
	json_object_foreach(json_object_get(line, "output"), name, want)
	{
		bool utf8 = charset_encodes_utf8(name);
		union {
			const char *in;
			void *out;
		} arg_name = {.in = name};
		const char *got = "";
		size_t len = 0;
		struct url u;

		if (url_parse_encoded(&n->parser, text.data, text.len, NULL,
			    utf8 ? NULL : charset_encode, arg_name.out, &u) == 0)
			got = url_query(&u, &len);
		if (len > 0 && len - 1 == json_string_length(want) &&
			memcmp(got + 1, json_string_value(want), len - 1) == 0)
			continue;
		ok = false;
		conf_miss(n->c, n->name, lineno, "%s: input \"%s\" got \"%.*s\" wanted \"%s\"",
			name, in, (int)len, got, json_string_value(want));
	}
	n->passed += ok;
	buf_release(&text);
}

/* ---- psl/cases.jsonl ---- */

static void suffix_case(void *arg, json_t *line, int lineno)
{
	struct count *n = arg;
	const char *in = conf_str(line, "domain"), *want = conf_str(line, "registrable"),
		   *got = NULL;
	struct buf host = BUF_INIT, expect = BUF_INIT;
	size_t len = 0;
	bool ok;

	n->total++;
	if (in && host_to_ascii(in, strlen(in), &host) == 0)
		got = host_registrable_or_null(host.data, host.len, &len);
	if (want && host_to_ascii(want, strlen(want), &expect) < 0)
		buf_add_str(&expect, "?");
	ok = want ? got && len == expect.len && memcmp(got, expect.data, len) == 0 : !got;
	n->passed += ok;
	if (!ok)
		conf_miss(n->c, n->name, lineno, "domain \"%s\" got \"%.*s\" wanted \"%s\"",
			in ? in : "null", (int)len, got ? got : "", want ? want : "null");
	buf_release(&host);
	buf_release(&expect);
}

static void suffixes(struct conf *c)
{
	struct buf path = BUF_INIT, list = BUF_INIT;
	psl_ctx_t *psl = NULL;
	struct count n;

	count_init(&n, c, "psl/cases");
	if (conf_bytes(c, "psl/public_suffix_list.dat", &list)) {
		buf_addf(&path, "%s/psl/public_suffix_list.dat", c->dir);
		psl = psl_load_file(path.data);
		host_use_suffix_list(psl);
		if (conf_each(c, "psl/cases.jsonl", suffix_case, &n) >= 0)
			conf_result(c, n.name, n.passed, n.total);
		host_use_suffix_list(NULL);
		psl_free(psl);
	}
	count_release(&n);
	buf_release(&path);
	buf_release(&list);
}

static void run(struct conf *c, const char *name, void (*fn)(void *, json_t *, int), int allowed)
{
	struct buf path = BUF_INIT;
	struct count n;

	count_init(&n, c, name);
	buf_addf(&path, "%s.jsonl", name);
	if (conf_each(c, path.data, fn, &n) >= 0)
		conf_result_but(c, name, n.passed, n.total, allowed);
	count_release(&n);
	buf_release(&path);
}

void conf_url(struct conf *c)
{
	url_global_init();
	run(c, "url/urls", url_case, 0);
	run(c, "url/toascii", ascii_case, 0);
	run(c, "url/idna", ascii_case, 0);
	run(c, "url/query-encoding", encoding_case, 0);
	suffixes(c);
}
