/* html_tokenizer.h - the WHATWG HTML tokenizer (13.2.5), pushed over chunks.
 *
 * Contract: tokenizer_begin with a sink, tokenizer_feed with UTF-8 text cut
 * anywhere, tokenizer_end once. Tokens go to the sink in order; what a token
 * points at is alive during the call only. Every state of the standard is here
 * (data, RCDATA, RAWTEXT, script data with its escaped and double escaped
 * states, PLAINTEXT, CDATA, tags, comments, DOCTYPE, character references).
 * Text comes in pieces of any size, newlines normalised, references decoded.
 *
 * The tree side steers: from within its tag callback it may call
 * tokenizer_switch, and it keeps tokenizer_cdata true while the adjusted current
 * node is not an HTML element.
 *
 * Attributes are kept as they were written (spans of the source); `dirty` says
 * that the value holds a reference, a carriage return or a NUL, and
 * tokenizer_value gives the decoded one. Unless `all_attrs` is set only
 * attributes with a known name (html_names.h) are kept. Of duplicates the first
 * stays.
 *
 * Cost: a token that a chunk border cuts is kept and read again when it is
 * whole; retries are spaced so that the time stays linear for any chunk size.
 */
#ifndef SKITTER_PAGE_HTML_TOKENIZER_H
#define SKITTER_PAGE_HTML_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/buf.h"

enum tokenizer_state {
	TOKENIZER_DATA,
	TOKENIZER_RCDATA,
	TOKENIZER_RAWTEXT,
	TOKENIZER_SCRIPT,
	TOKENIZER_PLAINTEXT,
	TOKENIZER_CDATA,
	/* reached by itself only */
	TOKENIZER_SCRIPT_ESCAPED,
	TOKENIZER_SCRIPT_DOUBLE,
	TOKENIZER_COMMENT,
	TOKENIZER_BOGUS,
};

struct html_attr {
	const char *name; /* as written: any case, may hold NUL */
	const char *value;
	uint32_t name_len;
	uint32_t value_len;
	uint8_t id; /* enum html_attr_id, 0 = not a known name */
	bool dirty; /* value must go through tokenizer_value */
};

struct html_tag {
	const char *name; /* as written: any case, may hold NUL */
	size_t name_len;
	size_t raw_len; /* from name up to and with the '>' */
	uint32_t hash;	/* of the lower-case name, equal for equal names */
	uint16_t id;	/* enum html_tag_id, 0 = not a known name */
	bool end;
	bool self_closing;
	uint32_t have; /* bit per enum html_attr_id present */
	size_t nattrs;
	const struct html_attr *attrs;
};

struct html_doctype {
	struct buf name, public_id, system_id;
	bool has_name, has_public, has_system;
	bool force_quirks;
};

/* A NULL member means that nobody wants those tokens. */
struct tokenizer_sink {
	void (*tag)(void *arg, const struct html_tag *tag);
	void (*text)(void *arg, const char *text, size_t len);
	void (*comment)(void *arg, const char *text, size_t len);
	void (*doctype)(void *arg, const struct html_doctype *d);
	/* May take what it understands by itself at p, which is the border of a token in data
	 * state; returns where it stopped, which is one, too. Called again after each token that it
	 * left. It may not be used with all_attrs or comments, and may not change the state. */
	const char *(*data)(void *arg, const char *p, const char *end);
};

struct tokenizer {
	const struct tokenizer_sink *sink;
	void *arg;
	bool all_attrs;
	bool cdata;	/* <![CDATA[ opens a CDATA section */
	bool skip_text; /* until the next tag nobody wants the text of RAWTEXT or a script */
	size_t room;	/* in the text callback: bytes that may be read from its text on */
	enum tokenizer_state state;
	unsigned dashes; /* script data escaped: dashes just read, at most 2 */
	bool stuck;	 /* the rest of the chunk cannot be understood yet */
	char last[32];	 /* name of the start tag that "appropriate" end tags match, lower case */
	size_t last_len;
	struct buf carry;   /* the start of a token whose end is not here yet */
	size_t carry_tried; /* length of carry at the last attempt */
	struct buf comment; /* text of the open comment, if wanted */
	struct html_attr *attrs;
	size_t attrs_cap;
	struct html_tag tag; /* the one being read */
	struct html_doctype doctype;
};

void tokenizer_init(struct tokenizer *t, const struct tokenizer_sink *sink, void *arg);
void tokenizer_release(struct tokenizer *t);
void tokenizer_begin(struct tokenizer *t); /* a new document; memory kept */
void tokenizer_feed(struct tokenizer *t, const char *utf8, size_t len);
void tokenizer_end(struct tokenizer *t);

/* Called from the tag callback: the state for what follows the start tag `name` (lower case, at
 * most 31 bytes). */
void tokenizer_switch(
	struct tokenizer *t, enum tokenizer_state state, const char *name, size_t name_len);

/* The first attribute of that id, or NULL. */
const struct html_attr *html_attr_get(const struct html_tag *tag, unsigned id);
/* Appends the decoded value: references, newlines and NUL as the standard says. */
void html_attr_value(const struct html_attr *a, struct buf *out);

/* The attributes of an element (enum html_tag_id) that hold URLs: a bit per enum html_attr_id. */
uint32_t html_url_attrs(unsigned tag);

/* Walks a value in both forms at once, to find where in the source something of the decoded one
 * comes from. Only forward: the time of a walk is that of one decoding. */
struct html_walk {
	const char *src, *end;
	size_t decoded; /* bytes of the decoded value before src */
	bool dirty;
	bool open; /* a reference without its semicolon ends at src: what follows decides over it */
};
void html_walk_begin(struct html_walk *w, const struct html_attr *a);
/* The place of decoded byte `at`; that of its reference, if it is a part of one. */
const char *html_walk_to(struct html_walk *w, size_t at);

#endif
