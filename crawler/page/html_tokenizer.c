#include "crawler/page/html_tokenizer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "crawler/page/html_charref.h"
#include "crawler/page/html_names.h"
#include "crawler/page/html_scan.h"
#include "crawler/page/html_token.h"

static const char replacement[] = "\xef\xbf\xbd";

const char *token_wait(struct tokenizer *t, const char *p)
{
	t->stuck = true;
	return p;
}

void token_put(struct tokenizer *t, const char *s, size_t len)
{
	if (!len || !t->sink->text)
		return;
	t->room = len;
	t->sink->text(t->arg, s, len);
}

void token_put_raw(struct tokenizer *t, const char *s, const char *end)
{
	if (t->skip_text)
		return;
	while (s < end) {
		const char *q = s;

		while (q < end && *q != '\r' && *q != '\0')
			q++;
		token_put(t, s, (size_t)(q - s));
		s = q + 1;
		if (q < end && *q == '\0')
			token_put(t, replacement, 3);
		else if (q < end && (s == end || *s != '\n'))
			token_put(t, "\n", 1);
	}
}

const char *token_whole_text(const char *p, const char *end)
{
	const char *q = end;

	if (q > p && q[-1] == '\r')
		return q - 1;
	for (int back = 1; back <= 3 && q > p; back++) {
		unsigned char c = (unsigned char)*--q;

		if (c < 0x80)
			break;
		if (c >= 0xc0)
			return back < (c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2) ? q : end;
	}
	return end;
}

/* ---- tags ---- */

const char *token_run_tag(struct tokenizer *t, const char *lt, const char *name, const char *end,
	bool final, bool is_end)
{
	const char *after = html_tag_read(t, name, end, &t->tag);

	if (!after)
		return final ? end : token_wait(t, lt);
	t->tag.end = is_end;
	t->state = TOKENIZER_DATA;
	t->skip_text = false;
	if (t->sink->tag)
		t->sink->tag(t->arg, &t->tag);
	return after;
}

enum token_match token_match_word(const char *p, const char *end, const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p + i == end)
			return MATCH_MAYBE;
		if (html_lower(p[i]) != word[i])
			return MATCH_NO;
	}
	return MATCH_YES;
}

enum token_match token_match_name(const char *p, const char *end, const char *word, size_t len)
{
	enum token_match m = token_match_word(p, end, word, len);

	if (m != MATCH_YES)
		return m;
	if (p + len == end)
		return MATCH_MAYBE;
	return html_is_space(p[len]) || p[len] == '/' || p[len] == '>' ? MATCH_YES : MATCH_NO;
}

enum token_match token_match_end_tag(const struct tokenizer *t, const char *p, const char *end)
{
	if (p + 1 == end)
		return MATCH_MAYBE;
	if (p[1] != '/' || !t->last_len)
		return MATCH_NO;
	return token_match_name(p + 2, end, t->last, t->last_len);
}

/* ---- comments ---- */

static void comment_add(struct tokenizer *t, const char *s, const char *end)
{
	if (t->sink->comment)
		buf_add(&t->comment, s, (size_t)(end - s));
}

static void comment_emit(struct tokenizer *t)
{
	struct buf text = BUF_INIT;
	const char *s = t->comment.data, *end = s + t->comment.len;

	t->state = TOKENIZER_DATA;
	if (!t->sink->comment)
		return;
	for (; s < end; s++) {
		if (*s == '\0')
			buf_add(&text, replacement, 3);
		else if (*s != '\r')
			buf_add_ch(&text, *s);
		else if (s + 1 == end || s[1] != '\n')
			buf_add_ch(&text, '\n');
	}
	t->sink->comment(t->arg, text.data, text.len);
	buf_release(&text);
	buf_reset(&t->comment);
}

static const char *run_bogus(struct tokenizer *t, const char *p, const char *end)
{
	const char *gt = memchr(p, '>', (size_t)(end - p));

	comment_add(t, p, gt ? gt : end);
	if (!gt)
		return end;
	comment_emit(t);
	return gt + 1;
}

static bool ends_with(const char *p, const char *end, const char *tail, size_t len)
{
	return (size_t)(end - p) >= len && memcmp(end - len, tail, len) == 0;
}

static const char *run_comment(struct tokenizer *t, const char *p, const char *end, bool final)
{
	const char *s = p, *gt, *stop;
	size_t tail = 0;

	while ((gt = memchr(s, '>', (size_t)(end - s)))) {
		tail = ends_with(p, gt, "--", 2) ? 2 : ends_with(p, gt, "--!", 3) ? 3 : 0;
		if (tail) {
			comment_add(t, p, gt - tail);
			comment_emit(t);
			return gt + 1;
		}
		s = gt + 1;
	}
	if (!final) {
		/* The last three bytes may be the start of "--!>". */
		stop = end - p > 3 ? end - 3 : p;
		comment_add(t, p, stop);
		return token_wait(t, stop);
	}
	tail = ends_with(p, end, "--!", 3) ? 3 : ends_with(p, end, "--", 2) ? 2 : 0;
	if (!tail)
		tail = ends_with(p, end, "-", 1);
	comment_add(t, p, end - tail);
	return end;
}

/* "Markup declaration open state": p is at "<!". */
static const char *run_declaration(struct tokenizer *t, const char *lt, const char *end, bool final)
{
	const char *p = lt + 2;
	enum token_match comment = token_match_word(p, end, "--", 2);
	enum token_match doctype = token_match_word(p, end, "doctype", 7);
	size_t n = (size_t)(end - p) < 7 ? (size_t)(end - p) : 7;
	enum token_match cdata = !t->cdata || memcmp(p, "[CDATA[", n) != 0 ? MATCH_NO
				 : n < 7				   ? MATCH_MAYBE
									   : MATCH_YES;

	if (!final && (comment == MATCH_MAYBE || doctype == MATCH_MAYBE || cdata == MATCH_MAYBE))
		return token_wait(t, lt);
	if (comment == MATCH_YES) {
		p += 2;
		if (!final && (p == end || (*p == '-' && p + 1 == end)))
			return token_wait(t, lt);
		t->state = TOKENIZER_COMMENT;
		/* "<!-->" and "<!--->" are closed at once. */
		n = p < end && *p == '>' ? 1 : end - p >= 2 && p[0] == '-' && p[1] == '>' ? 2 : 0;
		if (n)
			comment_emit(t);
		return p + n;
	}
	if (doctype == MATCH_YES) {
		p = html_doctype_read(t, p + 7, end, final);
		if (!p)
			return token_wait(t, lt);
		if (t->sink->doctype)
			t->sink->doctype(t->arg, &t->doctype);
		return p;
	}
	if (cdata == MATCH_YES) {
		t->state = TOKENIZER_CDATA;
		return p + 7;
	}
	t->state = TOKENIZER_BOGUS;
	return p;
}

/* ---- data, RCDATA ---- */

/* "Tag open state": a '<' at lt in data. */
static const char *run_less_than(struct tokenizer *t, const char *lt, const char *end, bool final)
{
	const char *p = lt + 1;

	if (p == end) {
		if (!final)
			return token_wait(t, lt);
	} else if (html_is_alpha(*p)) {
		return token_run_tag(t, lt, p, end, final, false);
	} else if (*p == '!') {
		return run_declaration(t, lt, end, final);
	} else if (*p == '?') {
		t->state = TOKENIZER_BOGUS;
		return p;
	} else if (*p == '/') {
		if (p + 1 == end) {
			if (!final)
				return token_wait(t, lt);
			token_put(t, "</", 2);
			return end;
		}
		if (html_is_alpha(p[1]))
			return token_run_tag(t, lt, p + 1, end, final, true);
		if (p[1] == '>')
			return p + 2;
		t->state = TOKENIZER_BOGUS;
		return p + 1;
	}
	token_put(t, "<", 1);
	return p;
}

static const char *run_reference(struct tokenizer *t, const char *p, const char *end, bool final)
{
	struct charref ref;
	size_t n = charref_read(p, end, final, false, &ref);

	if (n == CHARREF_CUT)
		return token_wait(t, p);
	if (n == 0) {
		token_put(t, "&", 1);
		return p + 1;
	}
	token_put(t, ref.text, ref.len);
	return p + n;
}

/* Text up to what scan_text stops at, and a CR or NUL if that is it. */
static const char *run_text(
	struct tokenizer *t, const char *p, const char *end, bool final, const char *nul)
{
	const char *q = scan_text(p, end);

	if (q == end && !final) {
		q = token_whole_text(p, end);
		t->stuck = q < end;
	}
	token_put(t, p, (size_t)(q - p));
	if (q == end || t->stuck)
		return q;
	if (*q == '\0') {
		token_put(t, nul, *nul ? 3 : 1);
		return q + 1;
	}
	if (*q != '\r')
		return q;
	if (q + 1 == end && !final)
		return token_wait(t, q);
	if (q + 1 == end || q[1] != '\n')
		token_put(t, "\n", 1);
	return q + 1;
}

/* html_tag_read for what nearly all tags are: one with a short name that is known, and with nothing
 * but one space or the end behind it. */
static inline const char *read_plain_tag(
	struct tokenizer *t, const char *p, const char *end, struct html_tag *tag)
{
	unsigned n, id;

	if (end - p < HTML_WHOLE_NAME)
		return html_tag_read(t, p, end, tag);
	n = (unsigned)__builtin_ctz(scan_name_ends(p) | 1u << 9);
	id = n <= 8 ? html_tag_find_short(le64_load(p), n) : 0;
	if (!id || (p[n] != '>' && p[n] != ' '))
		return html_tag_read(t, p, end, tag);
	tag->name = p;
	tag->name_len = n;
	tag->id = (uint16_t)id;
	tag->hash = id;
	if (p[n] == ' ')
		return html_attrs_read(t, p + n + 1, end, tag);
	tag->self_closing = false;
	tag->have = 0;
	tag->nattrs = 0;
	tag->raw_len = n + 1;
	return p + n + 1;
}

/* A tag at the '<' at lt, if it is one and is whole. Otherwise NULL. */
static inline const char *run_whole_tag(struct tokenizer *t, const char *lt, const char *end)
{
	bool is_end = lt[1] == '/';
	const char *name = lt + 1 + is_end, *after;

	if (!html_is_alpha(*name))
		return NULL;
	after = read_plain_tag(t, name, end, &t->tag);
	if (!after)
		return NULL;
	t->tag.end = is_end;
	if (t->sink->tag)
		t->sink->tag(t->arg, &t->tag);
	return after;
}

/* The text at p up to a tag or a reference, if that is its end: nearly all. Otherwise p. */
static inline const char *run_whole_text(struct tokenizer *t, const char *p, const char *end)
{
	const char *q;

	if (*p == '\n' && end - p > 1 && p[1] == '<') /* half of all */
		q = p + 1;
	else
		q = scan_text(p, end);
	if (q == end || q == p || *q < '&')
		return p;
	if (t->sink->text) {
		t->room = (size_t)(end - p);
		t->sink->text(t->arg, p, (size_t)(q - p));
	}
	return q;
}

static const char *run_data(struct tokenizer *t, const char *p, const char *end, bool final)
{
	while (p < end) {
		const char *after;

		if (t->sink->data) {
			p = t->sink->data(t->arg, p, end);
			if (p == end)
				break;
		}
		if (*p == '<') {
			after = end - p > 2 ? run_whole_tag(t, p, end) : NULL;
			p = after ? after : run_less_than(t, p, end, final);
			if (t->state != TOKENIZER_DATA)
				break;
		} else {
			after = run_whole_text(t, p, end);
			if (after == p)
				after = *p == '&' ? run_reference(t, p, end, final)
						  : run_text(t, p, end, final, "");
			p = after;
		}
		if (t->stuck)
			break;
	}
	return p;
}

static const char *run_rcdata(struct tokenizer *t, const char *p, const char *end, bool final)
{
	enum token_match m;

	if (*p == '&')
		return run_reference(t, p, end, final);
	if (*p != '<')
		return run_text(t, p, end, final, replacement);
	m = token_match_end_tag(t, p, end);
	if (m == MATCH_MAYBE && !final)
		return token_wait(t, p);
	if (m == MATCH_YES)
		return token_run_tag(t, p, p + 2, end, final, true);
	token_put(t, "<", 1);
	return p + 1;
}

/* ---- the whole ---- */

static const char *run(struct tokenizer *t, const char *p, const char *end, bool final)
{
	t->stuck = false;
	while (p < end && !t->stuck) {
		switch (t->state) {
		case TOKENIZER_DATA: p = run_data(t, p, end, final); break;
		case TOKENIZER_RCDATA: p = run_rcdata(t, p, end, final); break;
		case TOKENIZER_RAWTEXT:
		case TOKENIZER_PLAINTEXT: p = token_run_rawtext(t, p, end, final); break;
		case TOKENIZER_SCRIPT: p = token_run_script(t, p, end, final); break;
		case TOKENIZER_SCRIPT_ESCAPED:
		case TOKENIZER_SCRIPT_DOUBLE: p = token_run_escaped(t, p, end, final); break;
		case TOKENIZER_CDATA: p = token_run_cdata(t, p, end, final); break;
		case TOKENIZER_COMMENT: p = run_comment(t, p, end, final); break;
		case TOKENIZER_BOGUS: p = run_bogus(t, p, end); break;
		}
	}
	return p;
}

void tokenizer_init(struct tokenizer *t, const struct tokenizer_sink *sink, void *arg)
{
	memset(t, 0, sizeof(*t));
	t->sink = sink;
	t->arg = arg;
	buf_init(&t->carry);
	buf_init(&t->comment);
	buf_init(&t->doctype.name);
	buf_init(&t->doctype.public_id);
	buf_init(&t->doctype.system_id);
}

void tokenizer_release(struct tokenizer *t)
{
	buf_release(&t->carry);
	buf_release(&t->comment);
	buf_release(&t->doctype.name);
	buf_release(&t->doctype.public_id);
	buf_release(&t->doctype.system_id);
	free(t->attrs);
	t->attrs = NULL;
	t->attrs_cap = 0;
}

void tokenizer_begin(struct tokenizer *t)
{
	t->state = TOKENIZER_DATA;
	t->cdata = t->skip_text = false;
	t->last_len = 0;
	t->carry_tried = 0;
	buf_reset(&t->carry);
	buf_reset(&t->comment);
}

void tokenizer_switch(
	struct tokenizer *t, enum tokenizer_state state, const char *name, size_t name_len)
{
	assert(name_len < sizeof(t->last));
	t->state = state;
	memcpy(t->last, name, name_len);
	t->last_len = name_len;
}

/* Puts chunk bytes behind the carry until its token is whole. Returns where the rest of the
 * chunk starts. */
static const char *feed_carry(struct tokenizer *t, const char *p, const char *end)
{
	while (t->carry.len && p < end) {
		size_t old = t->carry.len;
		size_t n = old < 256 ? 256 : old;
		size_t used;

		n = n < (size_t)(end - p) ? n : (size_t)(end - p);
		buf_add(&t->carry, p, n);
		p += n;
		/* Too little is new to read it all again. */
		if (p == end && t->carry.len - t->carry_tried < t->carry_tried / 8)
			break;
		used = (size_t)(run(t, t->carry.data, t->carry.data + t->carry.len, false) -
				t->carry.data);
		if (used >= old) {
			p -= t->carry.len - used;
			buf_reset(&t->carry);
			t->carry_tried = 0;
		} else {
			memmove(t->carry.data, t->carry.data + used, t->carry.len - used);
			buf_set_len(&t->carry, t->carry.len - used);
			t->carry_tried = t->carry.len;
		}
	}
	return p;
}

void tokenizer_feed(struct tokenizer *t, const char *utf8, size_t len)
{
	const char *end = utf8 + len, *p = feed_carry(t, utf8, end);

	if (p == end)
		return;
	p = run(t, p, end, false);
	buf_add(&t->carry, p, (size_t)(end - p));
	t->carry_tried = t->carry.len;
}

void tokenizer_end(struct tokenizer *t)
{
	run(t, t->carry.data, t->carry.data + t->carry.len, true);
	if (t->state == TOKENIZER_COMMENT || t->state == TOKENIZER_BOGUS)
		comment_emit(t);
	buf_reset(&t->carry);
	t->carry_tried = 0;
}
