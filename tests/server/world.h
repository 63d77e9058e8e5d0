/* world.h - a small web as data, and what a crawl of it must give.
 *
 * A world file (tests/worlds/NAME.world; the format is in tests/README.md) says
 * which hosts and pages there are and how the server misbehaves on each, which
 * commands to run against them, and which rows SQL must then find. The server
 * (serve.h) reads the pages; the runner (run.h) reads the steps.
 *
 * Contract: world_load reads the text once; world_ready is called after the
 * ports are known and makes the bodies final (ports put in, re-encoded,
 * compressed). Everything belongs to the world and lives until world_free.
 */
#ifndef SKITTER_TESTS_SERVER_WORLD_H
#define SKITTER_TESTS_SERVER_WORLD_H

#include <stdbool.h>
#include <stddef.h>

#include "config/buf.h"
#include "config/err.h"

#define WORLD_PORTS 4

/* What happens where the body's last sent byte is reached. */
enum page_end {
	END_DONE,    /* the response is complete; keep the connection */
	END_CLOSE,   /* close politely (FIN), perhaps too early */
	END_RESET,   /* close with RST */
	END_STALL,   /* send nothing more, keep the connection open */
	END_ENDLESS, /* start again from the body's first byte, for ever */
};

struct world_page {
	char *host; /* as in the Host header without port; "*" = any */
	char *path; /* path?query; a '*' at its end matches any tail */
	int status;
	char *type;	    /* Content-Type, NULL = no such header */
	struct buf headers; /* "Name: value\r\n" each */
	struct buf body;    /* after world_ready: the bytes to send */
	struct buf raw;	    /* whole response as given, if len > 0 */
	char *charset;	    /* body is converted from UTF-8 to this */
	char *coding;	    /* gzip or deflate: body is compressed; NULL no */
	char *need;	    /* "Name: value" a request must carry, or 403 */
	int fail_first;	    /* so many requests get fail_status */
	int fail_status;    /* 0 = the connection is reset instead */
	struct buf fail_headers;
	int delay_ms;	   /* before the first byte of the answer */
	size_t drip_bytes; /* 0 = as fast as the socket takes it */
	int drip_ms;
	long long send_bytes; /* -1 = all; the end comes after so many bytes of the body */
	enum page_end end;
	bool no_head;	  /* the end comes before the first byte */
	long long length; /* Content-Length: -1 = right, -2 = none, else this lie */
	size_t chunk;	  /* > 0: chunked in pieces of so many bytes */
	bool close;	  /* Connection: close */
	int signal;	  /* the runner sends this to the crawl at the first request */
	int hits;	  /* requests so far */
};

struct world_file {
	char *name;
	struct buf text;
	bool keep; /* must be unchanged at the end */
};

enum step_kind { STEP_RUN, STEP_EXPECT };

struct world_step {
	enum step_kind kind;
	int line;
	/* STEP_RUN */
	char **argv;
	size_t argc;
	int exit;	     /* expected; -1 = a signal of ours ends it */
	int signal;	     /* 0 = none */
	int signal_requests; /* after so many requests of this run */
	int signal_again_ms; /* > 0: once more, so long after the first */
	struct buf out, err; /* texts that must be there, NUL after each */
	struct buf not_err;  /* texts that must not be there */
	struct buf input;    /* for stdin */
	/* STEP_EXPECT */
	bool change; /* of crawl.db, not a question */
	char *sql;
	char **rows;
	size_t nrows;
};

struct world {
	char *name;
	char *about;
	char *listen[WORLD_PORTS]; /* addresses; [0] is 127.0.0.1 unless told otherwise */
	size_t nlisten;
	int port[WORLD_PORTS];
	int dead_port; /* bound, never listening: connections are refused */
	struct world_page **pages;
	size_t npages;
	char **hosts; /* names that lead here */
	size_t nhosts;
	struct world_file *files;
	size_t nfiles;
	struct world_step *steps;
	size_t nsteps;
	bool repeats;  /* a URL may be requested more than once */
	bool leftover; /* the accounting may leave URLs in the frontier */
	bool damaged;  /* crawl.db was damaged on purpose: nothing must hold at the end */
	int limit_s;   /* for one run */
};

struct world *world_open(const char *name);
struct world *world_load(const char *path, struct err *err);
int world_ready(struct world *w, struct err *err);
void world_free(struct world *w);

/* The page for a request, or NULL (404). */
struct world_page *world_find(struct world *w, const char *host, const char *path);

/* Appends text with :PORT, :PORT2 .. and :DEADPORT replaced by the real ports. */
void world_subst(const struct world *w, const char *text, size_t len, struct buf *out);

/* ---- for the two halves of the parser ---- */

/* The file being read: a line at a time, with here-documents. */
struct world_text {
	const char *path;
	char *at; /* rest of the text */
	int line;
	char *word; /* first word of the line */
	char *rest; /* what follows it, trimmed; never NULL */
	struct err *err;
};

int world_bad(const struct world_text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* If rest is "<<END", appends the lines up to END to out (each with eol); else appends rest and
 * eol. */
int world_text_block(struct world_text *t, const char *rest, const char *eol, struct buf *out);
/* Takes the next line if it begins with the mark (two bytes, as "= "): its tail, or NULL. */
char *world_text_marked(struct world_text *t, const char *mark);
/* \xNN, \r, \n, \t, \0 and \\ become bytes. */
void world_unescape(const char *s, size_t len, struct buf *out);
int world_number(struct world_text *t, const char *s, long long *out);
int world_signal(struct world_text *t, const char *name, int *out);

/* 1 = the word was one of theirs, 0 = not, -1 = wrong. */
int world_page_word(struct world *w, struct world_page *p, struct world_text *t);
int world_step_word(struct world *w, struct world_text *t);
int world_page_ready(const struct world *w, struct world_page *p, struct err *err);
struct world_page *world_page_new(struct world *w, const char *host, const char *path);

#endif
