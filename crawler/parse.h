/* parse.h - what a response says, asked of a sandboxed process.
 *
 * The crawler's side: parse_slot sends a task to the pool of parser processes and
 * waits, as a coroutine, for a facts block. The answer is distrusted: it is copied to
 * private memory, then checked (facts_check), and only then read.
 *
 * The parser's side: parser_main, the role "parser" of the same binary. It opens what it
 * needs, closes the sandbox behind itself and answers until its pipe says EOF.
 *
 * The message of a task is a struct parse_task followed by its strings.
 */
#ifndef SKITTER_CRAWLER_PARSE_H
#define SKITTER_CRAWLER_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/facts.h"
#include "config/settings.h"
#include "workers/co.h"
#include "workers/procpool.h"
#include "workers/slots.h"

/* How a parser ends that got no memory within its limit; its page says "parser_memory". */
#define PARSER_EXIT_MEMORY 9

/* Bytes of main text kept per page. */
#define PARSE_MAX_TEXT (1024 * 1024)

enum parse_what {
	PARSE_PAGE,
	PARSE_ROBOTS,
	PARSE_SITEMAP,
	PARSE_DECODE,
	PARSE_DECODE_TEXT,
	PARSE_DIGEST,	     /* answers a struct digest_answer (crawler/page/digest.h) */
	PARSE_DIGEST_PACKED, /* the same of a body that skitter itself compressed */
	PARSE_REWRITE,	     /* answers a struct parse_rewritten */
};

struct parse_task {
	uint64_t offset; /* of the body in the arena */
	uint64_t len;
	uint64_t max_decoded;
	uint64_t max_inflated; /* memory for what has to be inflated */
	uint64_t max_answer;   /* bytes of the answer area; 0 = all */
	uint32_t max_text;
	uint8_t what; /* enum parse_what */
	bool want_digest;
	uint16_t type_len, coding_len, link_len, url_len;
	uint16_t zero;	/* no padding before the strings: sizeof is where they start */
	char strings[]; /* content type, coding, link header, URL; each NUL-terminated */
};

/* PARSE_DECODE answers: this, then `charset` and the bytes. */
struct parse_decoded {
	uint32_t result; /* enum inflate_what */
	char charset[60];
	char bytes[];
};

/* PARSE_REWRITE answers: this, then nspots of struct page_spot, the URLs, the text. */
struct parse_rewritten {
	uint32_t result; /* enum inflate_what */
	uint32_t bom;	 /* the text wants a byte order mark */
	uint64_t nspots, urls_len, text_len;
};

_Static_assert(sizeof(struct parse_task) == offsetof(struct parse_task, strings), "padding");

struct parsers;
struct budget;
struct room;

/* Starts them: they get ready beside whatever the caller does until parsers_ready, which says
 * whether they can work at all (-1 with err). Answers are bounded by `answers` from when they are
 * copied until the caller gives their room back. */
struct parsers *parsers_open(struct loop *loop, struct slots *slots, const struct settings *set,
	const struct budget *budget, struct room *answers, struct err *err);
int parsers_ready(struct parsers *p, struct err *err);
/* Nothing more will be asked: they leave beside whatever the caller does until parsers_close. */
void parsers_leave(struct parsers *p);
void parsers_close(struct parsers *p);
struct procpool *parsers_pool(struct parsers *p);

struct parse_request {
	enum parse_what what;
	const char *url;
	size_t url_len;
	const char *content_type, *coding, *link;
	bool want_digest;
	/* Asks for credit beside the slot (slots_borrow), waiting for it or not as the caller sees
	 * fit: false = there is none. */
	WAITS bool (*room)(void *arg, struct slot *slot, size_t bytes);
	void *arg;
};

struct parse_result {
	struct facts *facts; /* free() it; NULL: see error */
	size_t room;	     /* taken from `answers` for it, to be given back */
	/* The parser died ("parser_crash"), overran ("parser_timeout"), got no memory
	 * ("parser_memory") or lied ("parser_answer"). */
	const char *error;
	bool cramped;	      /* `room` was asked for to inflate more, and said no */
	bool short_of_memory; /* more would have been read with more memory */
};

/* Waits for the facts of slot->data[0..len); the slot is the parser's meanwhile. */
WAITS void parse_slot(struct parsers *p, struct slot *slot, const struct parse_request *req,
	struct parse_result *out);

/* The role. */
int parser_main(int argc, char **argv);

#endif
