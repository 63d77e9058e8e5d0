/* The states that read no tags but one end tag: RAWTEXT, PLAINTEXT, script data with its escaped
 * forms, and CDATA. */
#include <string.h>

#include "crawler/page/html_token.h"

/* ---- RAWTEXT, PLAINTEXT, CDATA ---- */

const char *token_run_rawtext(struct tokenizer *t, const char *p, const char *end, bool final)
{
	const char *lt = NULL, *stop;
	enum token_match m;

	if (t->state != TOKENIZER_PLAINTEXT)
		lt = memchr(p, '<', (size_t)(end - p));
	if (lt == p) {
		m = token_match_end_tag(t, p, end);
		if (m == MATCH_MAYBE && !final)
			return token_wait(t, p);
		if (m == MATCH_YES)
			return token_run_tag(t, p, p + 2, end, final, true);
		token_put_raw(t, p, p + 1);
		return p + 1;
	}
	stop = lt ? lt : final ? end : token_whole_text(p, end);
	token_put_raw(t, p, stop);
	t->stuck = !lt && stop < end;
	return stop;
}

const char *token_run_cdata(struct tokenizer *t, const char *p, const char *end, bool final)
{
	const char *q = p;

	while (q < end && *q != ']' && *q != '\r' && *q != '\0')
		q++;
	if (q == end && !final) {
		q = token_whole_text(p, end);
		t->stuck = q < end;
	}
	token_put(t, p, (size_t)(q - p));
	if (q == end || t->stuck)
		return q;
	if (*q == ']') {
		size_t n = (size_t)(end - q) < 3 ? (size_t)(end - q) : 3;

		if (memcmp(q, "]]>", n) == 0 && n == 3) {
			t->state = TOKENIZER_DATA;
			return q + 3;
		}
		if (memcmp(q, "]]>", n) == 0 && !final)
			return token_wait(t, q);
		token_put(t, "]", 1);
	} else if (*q == '\0') {
		token_put(t, "", 1);
	} else {
		if (q + 1 == end && !final)
			return token_wait(t, q);
		if (q + 1 == end || q[1] != '\n')
			token_put(t, "\n", 1);
	}
	return q + 1;
}

/* ---- script data ---- */

const char *token_run_script(struct tokenizer *t, const char *p, const char *end, bool final)
{
	const char *lt = memchr(p, '<', (size_t)(end - p));
	enum token_match m, escape;

	if (lt != p)
		return token_run_rawtext(t, p, end, final);
	m = token_match_end_tag(t, p, end);
	escape = token_match_word(p, end, "<!--", 4);
	if ((m == MATCH_MAYBE || escape == MATCH_MAYBE) && !final)
		return token_wait(t, p);
	if (m == MATCH_YES)
		return token_run_tag(t, p, p + 2, end, final, true);
	if (escape == MATCH_YES) {
		token_put_raw(t, p, p + 4);
		t->state = TOKENIZER_SCRIPT_ESCAPED;
		t->dashes = 2;
		return p + 4;
	}
	token_put_raw(t, p, p + 1);
	return p + 1;
}

/* A '<' in an escaped script. Returns p itself when it is (or may be) an end tag, with
 * *found telling which; otherwise what has been read as text. */
static const char *escaped_less_than(
	struct tokenizer *t, const char *p, const char *end, enum token_match *found)
{
	const char *name = p + 1;
	enum token_match m;

	*found = MATCH_NO;
	if (t->state == TOKENIZER_SCRIPT_ESCAPED) {
		*found = token_match_end_tag(t, p, end);
		if (*found != MATCH_NO)
			return p;
	} else if (name == end) {
		*found = MATCH_MAYBE;
		return p;
	} else if (*name == '/') {
		name++;
	} else {
		return name;
	}
	m = token_match_name(name, end, "script", 6);
	if (m == MATCH_NO)
		return p + 1;
	if (m == MATCH_MAYBE) {
		*found = MATCH_MAYBE;
		return p;
	}
	t->state = t->state == TOKENIZER_SCRIPT_ESCAPED ? TOKENIZER_SCRIPT_DOUBLE
							: TOKENIZER_SCRIPT_ESCAPED;
	return name + 7;
}

/* Script data escaped and double escaped. */
const char *token_run_escaped(struct tokenizer *t, const char *p, const char *end, bool final)
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
			enum token_match found;
			const char *after = escaped_less_than(t, p, end, &found);

			if (found == MATCH_MAYBE && final) {
				after = p + 1;
			} else if (found != MATCH_NO) {
				token_put_raw(t, start, p);
				return found == MATCH_YES
					       ? token_run_tag(t, p, p + 2, end, final, true)
					       : token_wait(t, p);
			}
			t->dashes = 0;
			p = after;
		} else {
			t->dashes = 0;
			p++;
		}
	}
	if (p == end && !final) {
		p = token_whole_text(start, end);
		t->stuck = p < end;
	}
	token_put_raw(t, start, p);
	return p;
}
