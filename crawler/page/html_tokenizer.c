#include "crawler/page/html_tokenizer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "crawler/page/html_charref.h"
#include "crawler/page/html_scan.h"
#include "crawler/page/html_token.h"

/* How it works: each run_STATE reads a buffer from p on for as long as it can and
 * returns where it stopped. It sets t->stuck when the bytes that are left may be the
 * start of something longer; tokenizer_feed keeps those and comes again with
 * more behind them. With `final` nothing is left. */

static const char replacement[] = "\xef\xbf\xbd";

static const char *wait_at(struct tokenizer *t, const char *p)
{
	t->stuck = true;
	return p;
}

static void put(struct tokenizer *t, const char *s, size_t len)
{
	if (len && t->sink->text)
		t->sink->text(t->arg, s, len);
}

/* Text outside of data state and CDATA: newlines normalised, NUL replaced. */
static void put_raw(struct tokenizer *t, const char *s, const char *end)
{
	if (t->skip_text)
		return;
	while (s < end) {
		const char *q = s;

		while (q < end && *q != '\r' && *q != '\0')
			q++;
		put(t, s, (size_t)(q - s));
		s = q + 1;
		if (q < end && *q == '\0')
			put(t, replacement, 3);
		else if (q < end && (s == end || *s != '\n'))
			put(t, "\n", 1);
	}
}

/* Where text may be cut at the end of a chunk: before a CR, whose LF may follow, and
 * before an unfinished character. */
static const char *whole_text(const char *p, const char *end)
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

/* Reads the tag whose name is at `name` and which starts at `lt`; end of file drops a
 * tag that is not finished. */
static const char *run_tag(struct tokenizer *t, const char *lt, const char *name, const char *end,
	bool final, bool is_end)
{
	struct html_tag tag = {.end = is_end};
	const char *after = html_tag_read(t, name, end, &tag);

	if (!after)
		return final ? end : wait_at(t, lt);
	t->state = TOKENIZER_DATA;
	t->skip_text = false;
	if (t->sink->tag)
		t->sink->tag(t->arg, &tag);
	return after;
}

enum match { NO, YES, MAYBE };

/* Whether `word` (lower case) stands at p, in any case. */
static enum match match_word(const char *p, const char *end, const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p + i == end)
			return MAYBE;
		if (html_lower(p[i]) != word[i])
			return NO;
	}
	return YES;
}

/* The same for a whole name: what follows must end it. */
static enum match match_name(const char *p, const char *end, const char *word, size_t len)
{
	enum match m = match_word(p, end, word, len);

	if (m != YES)
		return m;
	if (p + len == end)
		return MAYBE;
	return html_is_space(p[len]) || p[len] == '/' || p[len] == '>' ? YES : NO;
}

/* Whether an appropriate end tag starts at the '<' at p. */
static enum match match_end_tag(const struct tokenizer *t, const char *p, const char *end)
{
	if (p + 1 == end)
		return MAYBE;
	if (p[1] != '/' || !t->last_len)
		return NO;
	return match_name(p + 2, end, t->last, t->last_len);
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
		return wait_at(t, stop);
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
	enum match comment = match_word(p, end, "--", 2);
	enum match doctype = match_word(p, end, "doctype", 7);
	size_t n = (size_t)(end - p) < 7 ? (size_t)(end - p) : 7;
	enum match cdata = !t->cdata || memcmp(p, "[CDATA[", n) != 0 ? NO : n < 7 ? MAYBE : YES;

	if (!final && (comment == MAYBE || doctype == MAYBE || cdata == MAYBE))
		return wait_at(t, lt);
	if (comment == YES) {
		p += 2;
		if (!final && (p == end || (*p == '-' && p + 1 == end)))
			return wait_at(t, lt);
		t->state = TOKENIZER_COMMENT;
		/* "<!-->" and "<!--->" are closed at once. */
		n = p < end && *p == '>' ? 1 : end - p >= 2 && p[0] == '-' && p[1] == '>' ? 2 : 0;
		if (n)
			comment_emit(t);
		return p + n;
	}
	if (doctype == YES) {
		p = html_doctype_read(t, p + 7, end, final);
		if (!p)
			return wait_at(t, lt);
		if (t->sink->doctype)
			t->sink->doctype(t->arg, &t->doctype);
		return p;
	}
	if (cdata == YES) {
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
			return wait_at(t, lt);
	} else if (html_is_alpha(*p)) {
		return run_tag(t, lt, p, end, final, false);
	} else if (*p == '!') {
		return run_declaration(t, lt, end, final);
	} else if (*p == '?') {
		t->state = TOKENIZER_BOGUS;
		return p;
	} else if (*p == '/') {
		if (p + 1 == end) {
			if (!final)
				return wait_at(t, lt);
			put(t, "</", 2);
			return end;
		}
		if (html_is_alpha(p[1]))
			return run_tag(t, lt, p + 1, end, final, true);
		if (p[1] == '>')
			return p + 2;
		t->state = TOKENIZER_BOGUS;
		return p + 1;
	}
	put(t, "<", 1);
	return p;
}

static const char *run_reference(struct tokenizer *t, const char *p, const char *end, bool final)
{
	struct charref ref;
	size_t n = charref_read(p, end, final, false, &ref);

	if (n == CHARREF_CUT)
		return wait_at(t, p);
	if (n == 0) {
		put(t, "&", 1);
		return p + 1;
	}
	put(t, ref.text, ref.len);
	return p + n;
}

/* Text up to what scan_text stops at, and a CR or NUL if that is it. */
static const char *run_text(
	struct tokenizer *t, const char *p, const char *end, bool final, const char *nul)
{
	const char *q = scan_text(p, end);

	if (q == end && !final) {
		q = whole_text(p, end);
		t->stuck = q < end;
	}
	put(t, p, (size_t)(q - p));
	if (q == end || t->stuck)
		return q;
	if (*q == '\0') {
		put(t, nul, *nul ? 3 : 1);
		return q + 1;
	}
	if (*q != '\r')
		return q;
	if (q + 1 == end && !final)
		return wait_at(t, q);
	if (q + 1 == end || q[1] != '\n')
		put(t, "\n", 1);
	return q + 1;
}

static const char *run_data(struct tokenizer *t, const char *p, const char *end, bool final)
{
	while (p < end && t->state == TOKENIZER_DATA && !t->stuck) {
		if (*p == '<')
			p = run_less_than(t, p, end, final);
		else if (*p == '&')
			p = run_reference(t, p, end, final);
		else
			p = run_text(t, p, end, final, "");
	}
	return p;
}

static const char *run_rcdata(struct tokenizer *t, const char *p, const char *end, bool final)
{
	enum match m;

	if (*p == '&')
		return run_reference(t, p, end, final);
	if (*p != '<')
		return run_text(t, p, end, final, replacement);
	m = match_end_tag(t, p, end);
	if (m == MAYBE && !final)
		return wait_at(t, p);
	if (m == YES)
		return run_tag(t, p, p + 2, end, final, true);
	put(t, "<", 1);
	return p + 1;
}

/* ---- RAWTEXT, PLAINTEXT, CDATA ---- */

static const char *run_rawtext(struct tokenizer *t, const char *p, const char *end, bool final)
{
	const char *lt = NULL, *stop;
	enum match m;

	if (t->state != TOKENIZER_PLAINTEXT)
		lt = memchr(p, '<', (size_t)(end - p));
	if (lt == p) {
		m = match_end_tag(t, p, end);
		if (m == MAYBE && !final)
			return wait_at(t, p);
		if (m == YES)
			return run_tag(t, p, p + 2, end, final, true);
		put_raw(t, p, p + 1);
		return p + 1;
	}
	stop = lt ? lt : final ? end : whole_text(p, end);
	put_raw(t, p, stop);
	t->stuck = !lt && stop < end;
	return stop;
}

static const char *run_cdata(struct tokenizer *t, const char *p, const char *end, bool final)
{
	const char *q = p;

	while (q < end && *q != ']' && *q != '\r' && *q != '\0')
		q++;
	if (q == end && !final) {
		q = whole_text(p, end);
		t->stuck = q < end;
	}
	put(t, p, (size_t)(q - p));
	if (q == end || t->stuck)
		return q;
	if (*q == ']') {
		size_t n = (size_t)(end - q) < 3 ? (size_t)(end - q) : 3;

		if (memcmp(q, "]]>", n) == 0 && n == 3) {
			t->state = TOKENIZER_DATA;
			return q + 3;
		}
		if (memcmp(q, "]]>", n) == 0 && !final)
			return wait_at(t, q);
		put(t, "]", 1);
	} else if (*q == '\0') {
		put(t, "", 1);
	} else {
		if (q + 1 == end && !final)
			return wait_at(t, q);
		if (q + 1 == end || q[1] != '\n')
			put(t, "\n", 1);
	}
	return q + 1;
}

/* ---- script data ---- */

static const char *run_script(struct tokenizer *t, const char *p, const char *end, bool final)
{
	const char *lt = memchr(p, '<', (size_t)(end - p));
	enum match m, escape;

	if (lt != p)
		return run_rawtext(t, p, end, final);
	m = match_end_tag(t, p, end);
	escape = match_word(p, end, "<!--", 4);
	if ((m == MAYBE || escape == MAYBE) && !final)
		return wait_at(t, p);
	if (m == YES)
		return run_tag(t, p, p + 2, end, final, true);
	if (escape == YES) {
		put_raw(t, p, p + 4);
		t->state = TOKENIZER_SCRIPT_ESCAPED;
		t->dashes = 2;
		return p + 4;
	}
	put_raw(t, p, p + 1);
	return p + 1;
}

/* A '<' in an escaped script. Returns p itself when it is (or may be) an end tag, with
 * *found telling which; otherwise what has been read as text. */
static const char *escaped_less_than(
	struct tokenizer *t, const char *p, const char *end, enum match *found)
{
	const char *name = p + 1;
	enum match m;

	*found = NO;
	if (t->state == TOKENIZER_SCRIPT_ESCAPED) {
		*found = match_end_tag(t, p, end);
		if (*found != NO)
			return p;
	} else if (name == end) {
		*found = MAYBE;
		return p;
	} else if (*name == '/') {
		name++;
	} else {
		return name;
	}
	m = match_name(name, end, "script", 6);
	if (m == NO)
		return p + 1;
	if (m == MAYBE) {
		*found = MAYBE;
		return p;
	}
	t->state = t->state == TOKENIZER_SCRIPT_ESCAPED ? TOKENIZER_SCRIPT_DOUBLE
							: TOKENIZER_SCRIPT_ESCAPED;
	return name + 7;
}

/* Script data escaped and double escaped. */
static const char *run_escaped(struct tokenizer *t, const char *p, const char *end, bool final)
{
	const char *start = p;

	while (p < end) {
		if (*p == '-') {
			t->dashes += t->dashes < 2;
			p++;
		} else if (*p == '>' && t->dashes == 2) {
			t->state = TOKENIZER_SCRIPT;
			p++;
			break;
		} else if (*p == '<') {
			enum match found;
			const char *after = escaped_less_than(t, p, end, &found);

			if (found == MAYBE && final) {
				after = p + 1;
			} else if (found != NO) {
				put_raw(t, start, p);
				return found == YES ? run_tag(t, p, p + 2, end, final, true)
						    : wait_at(t, p);
			}
			t->dashes = 0;
			p = after;
		} else {
			t->dashes = 0;
			p++;
		}
	}
	if (p == end && !final) {
		p = whole_text(start, end);
		t->stuck = p < end;
	}
	put_raw(t, start, p);
	return p;
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
		case TOKENIZER_PLAINTEXT: p = run_rawtext(t, p, end, final); break;
		case TOKENIZER_SCRIPT: p = run_script(t, p, end, final); break;
		case TOKENIZER_SCRIPT_ESCAPED:
		case TOKENIZER_SCRIPT_DOUBLE: p = run_escaped(t, p, end, final); break;
		case TOKENIZER_CDATA: p = run_cdata(t, p, end, final); break;
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
