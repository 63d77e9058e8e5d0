/* The tokenizer against html5lib's tests: each case whole, and cut at every byte. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "crawler/page/html_token.h"
#include "tests/conformance/conf_html.h"

struct collect {
	json_t *tokens;
	struct buf chars; /* adjacent text is one token in the files */
};

static void flush(struct collect *c)
{
	if (!c->chars.len)
		return;
	json_array_append_new(
		c->tokens, json_pack("[s, s%]", "Character", c->chars.data, c->chars.len));
	buf_reset(&c->chars);
}

/* A name as the standard makes it: lower case, NUL replaced. */
static void add_name(struct buf *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i])
			buf_add_ch(out, html_lower(s[i]));
		else
			buf_add(out, "\xef\xbf\xbd", 3);
	}
}

static void on_tag(void *arg, const struct html_tag *tag)
{
	struct collect *c = arg;
	struct buf name = BUF_INIT, value = BUF_INIT;
	json_t *t, *attrs;

	flush(c);
	add_name(&name, tag->name, tag->name_len);
	t = json_pack("[s, s%]", tag->end ? "EndTag" : "StartTag", name.data, name.len);
	if (!tag->end) {
		attrs = json_object();
		for (size_t i = 0; i < tag->nattrs; i++) {
			buf_reset(&name);
			buf_reset(&value);
			add_name(&name, tag->attrs[i].name, tag->attrs[i].name_len);
			html_attr_value(&tag->attrs[i], &value);
			json_object_set_new(
				attrs, name.data, json_stringn_nocheck(value.data, value.len));
		}
		json_array_append_new(t, attrs);
		if (tag->self_closing)
			json_array_append_new(t, json_true());
	}
	json_array_append_new(c->tokens, t);
	buf_release(&name);
	buf_release(&value);
}

static void on_text(void *arg, const char *s, size_t len)
{
	struct collect *c = arg;

	buf_add(&c->chars, s, len);
}

static void on_comment(void *arg, const char *s, size_t len)
{
	struct collect *c = arg;

	flush(c);
	json_array_append_new(c->tokens, json_pack("[s, s%]", "Comment", s, len));
}

static json_t *text_or_null(bool have, const struct buf *b)
{
	return have ? json_stringn_nocheck(b->data, b->len) : json_null();
}

static void on_doctype(void *arg, const struct html_doctype *d)
{
	struct collect *c = arg;

	flush(c);
	json_array_append_new(c->tokens,
		json_pack("[s, o, o, o, b]", "DOCTYPE", text_or_null(d->has_name, &d->name),
			text_or_null(d->has_public, &d->public_id),
			text_or_null(d->has_system, &d->system_id), !d->force_quirks));
}

static const struct tokenizer_sink sink = {
	.tag = on_tag, .text = on_text, .comment = on_comment, .doctype = on_doctype};

static unsigned hex4(const char *s)
{
	char digits[5] = {s[0], s[1], s[2], s[3], 0};

	return (unsigned)strtoul(digits, NULL, 16);
}

/* "doubleEscaped": \uXXXX in the text is unescaped once more. */
static void unescape(const char *s, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		unsigned c, low;

		if (s[i] != '\\' || i + 5 >= len || s[i + 1] != 'u') {
			buf_add_ch(out, s[i]);
			continue;
		}
		c = hex4(s + i + 2);
		i += 5;
		if (c >= 0xd800 && c < 0xdc00 && i + 6 < len && s[i + 1] == '\\') {
			low = hex4(s + i + 3);
			i += 6;
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			buf_add_ch(out, (int)(0xf0 | c >> 18));
			buf_add_ch(out, (int)(0x80 | (c >> 12 & 63)));
		} else if (c >= 0x800) {
			/* A lone surrogate is what a decoder makes of it. */
			if (c >= 0xd800 && c < 0xe000)
				c = 0xfffd;
			buf_add_ch(out, (int)(0xe0 | c >> 12));
		} else if (c >= 0x80) {
			buf_add_ch(out, (int)(0xc0 | c >> 6));
		} else {
			buf_add_ch(out, (int)c);
			continue;
		}
		if (c >= 0x800)
			buf_add_ch(out, (int)(0x80 | (c >> 6 & 63)));
		buf_add_ch(out, (int)(0x80 | (c & 63)));
	}
}

static json_t *unescaped(json_t *v)
{
	struct buf b = BUF_INIT;
	const char *key;
	json_t *out, *item;
	size_t i;

	if (json_is_string(v)) {
		unescape(json_string_value(v), json_string_length(v), &b);
		out = json_stringn_nocheck(b.data, b.len);
		buf_release(&b);
		return out;
	}
	if (json_is_array(v)) {
		out = json_array();
		json_array_foreach(v, i, item) json_array_append_new(out, unescaped(item));
		return out;
	}
	if (json_is_object(v)) {
		out = json_object();
		json_object_foreach(v, key, item) json_object_set_new(out, key, unescaped(item));
		return out;
	}
	return json_incref(v);
}

static enum tokenizer_state state_by_name(const char *name)
{
	static const struct {
		const char *name;
		enum tokenizer_state state;
	} states[] = {
		{"Data state", TOKENIZER_DATA},
		{"PLAINTEXT state", TOKENIZER_PLAINTEXT},
		{"RCDATA state", TOKENIZER_RCDATA},
		{"RAWTEXT state", TOKENIZER_RAWTEXT},
		{"Script data state", TOKENIZER_SCRIPT},
		{"CDATA section state", TOKENIZER_CDATA},
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (strcmp(states[i].name, name) == 0)
			return states[i].state;
	abort();
}

/* Tokens of `in` given in pieces that end at each multiple of `step` and at `cut`. */
static json_t *tokens_of(struct tokenizer *t, struct collect *c, enum tokenizer_state state,
	const char *last, const struct buf *in, size_t step, size_t cut)
{
	c->tokens = json_array();
	buf_reset(&c->chars);
	tokenizer_begin(t);
	tokenizer_switch(t, state, last ? last : "", last ? strlen(last) : 0);
	for (size_t at = 0; at < in->len;) {
		size_t to = at < cut && cut - at < step ? cut : at + step;
		/* An exact copy, so that a read past the chunk is seen by the sanitizers. */
		char *piece;

		if (to > in->len)
			to = in->len;
		piece = malloc(to - at);
		memcpy(piece, in->data + at, to - at);
		tokenizer_feed(t, piece, to - at);
		free(piece);
		at = to;
	}
	tokenizer_end(t);
	flush(c);
	return c->tokens;
}

static bool equal(json_t *got, json_t *want)
{
	bool same = json_equal(got, want);

	json_decref(got);
	return same;
}

static bool check_state(
	enum tokenizer_state state, const char *last, const struct buf *in, json_t *want)
{
	struct tokenizer t;
	struct collect c = {NULL, BUF_INIT};
	bool ok;

	tokenizer_init(&t, &sink, &c);
	t.all_attrs = true;
	ok = equal(tokens_of(&t, &c, state, last, in, in->len + 1, 0), want) &&
	     equal(tokens_of(&t, &c, state, last, in, 1, 0), want);
	for (size_t cut = 1; ok && cut < in->len; cut++)
		ok = equal(tokens_of(&t, &c, state, last, in, in->len, cut), want);
	tokenizer_release(&t);
	buf_release(&c.chars);
	return ok;
}

static void on_case(void *arg, json_t *line, int lineno)
{
	struct conf_set *set = arg;
	bool twice = conf_bool(line, "doubleEscaped"), ok = true;
	json_t *states = json_object_get(line, "initialStates");
	json_t *want = json_object_get(line, "output");
	struct buf in = BUF_INIT;
	size_t n = json_array_size(states);

	want = twice ? unescaped(want) : json_incref(want);
	if (twice)
		unescape(conf_str(line, "input"), conf_str_len(line, "input"), &in);
	else
		buf_add(&in, conf_str(line, "input"), conf_str_len(line, "input"));
	for (size_t i = 0; ok && i < (n ? n : 1); i++)
		ok = check_state(n ? state_by_name(json_string_value(json_array_get(states, i)))
				   : TOKENIZER_DATA,
			conf_str(line, "lastStartTag"), &in, want);
	conf_html_count(set, lineno, ok, conf_str(line, "description"));
	json_decref(want);
	buf_release(&in);
}

void conf_html_tokens(struct conf *c, const char *name, const char *relpath)
{
	struct conf_set set = {.conf = c, .name = name};

	if (conf_each(c, relpath, on_case, &set) >= 0)
		conf_result(c, name, set.passed, set.total);
}
