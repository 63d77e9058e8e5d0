/* html_token.h - the pieces of the tokenizer among themselves. Private to html_tokenizer.c,
 * html_rawtext.c, html_tag.c and html_doctype.c.
 *
 * Each token_run_STATE reads a buffer from p on for as long as it can and returns where it
 * stopped. It sets t->stuck (token_wait) when the bytes that are left may be the start of something
 * longer; tokenizer_feed keeps those and comes again with more behind them. With
 * `final` nothing is left. */
#ifndef SKITTER_PAGE_HTML_TOKEN_H
#define SKITTER_PAGE_HTML_TOKEN_H

#include <string.h>

#include "crawler/page/html_names.h"
#include "crawler/page/html_tokenizer.h"

static inline bool html_is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\f' || c == '\r';
}

static inline bool html_is_alpha(char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26;
}

static inline char html_lower(char c)
{
	return (unsigned char)(c - 'A') < 26 ? (char)(c + 32) : c;
}

#define HTML_WHOLE_NAME 18 /* bytes that are there when a name is read at once: 16, and '="' */

/* Reads a tag whose name starts at p. The byte after its '>', or NULL when the end is
 * not in the buffer. Attributes are left in t->attrs. */
const char *html_tag_read(
	struct tokenizer *t, const char *p, const char *end, struct html_tag *tag);
/* Of that what follows the name, which is in the tag already, with its id and hash. */
const char *html_attrs_read(
	struct tokenizer *t, const char *p, const char *end, struct html_tag *tag);

/* Reads a DOCTYPE, p being behind that word, into t->doctype. The byte after its '>', or NULL
 * when there is none; with `final` end, and what is there is taken. */
const char *html_doctype_read(struct tokenizer *t, const char *p, const char *end, bool final);

/* ---- states ---- */

const char *token_run_rawtext(struct tokenizer *t, const char *p, const char *end, bool final);
const char *token_run_cdata(struct tokenizer *t, const char *p, const char *end, bool final);
const char *token_run_script(struct tokenizer *t, const char *p, const char *end, bool final);
const char *token_run_escaped(struct tokenizer *t, const char *p, const char *end, bool final);

/* Reads the tag whose name is at `name` and which starts at `lt`, and hands it to the sink; end
 * of file drops a tag that is not finished. */
const char *token_run_tag(struct tokenizer *t, const char *lt, const char *name, const char *end,
	bool final, bool is_end);

/* ---- what they share ---- */

const char *token_wait(struct tokenizer *t, const char *p);
void token_put(struct tokenizer *t, const char *s, size_t len);
/* Text outside of data state and CDATA: newlines normalised, NUL replaced. */
void token_put_raw(struct tokenizer *t, const char *s, const char *end);
/* Where text may be cut at the end of a chunk: before a CR, whose LF may follow, and
 * before an unfinished character. */
const char *token_whole_text(const char *p, const char *end);

enum token_match { MATCH_NO, MATCH_YES, MATCH_MAYBE };

/* Whether `word` (lower case) stands at p, in any case. */
enum token_match token_match_word(const char *p, const char *end, const char *word, size_t len);
/* The same for a whole name: what follows must end it. */
enum token_match token_match_name(const char *p, const char *end, const char *word, size_t len);
/* Whether an appropriate end tag starts at the '<' at p. */
enum token_match token_match_end_tag(const struct tokenizer *t, const char *p, const char *end);

#endif
