/* url.h - URLs by the WHATWG URL Standard (https://url.spec.whatwg.org/).
 *
 * Contract: a URL is its serialisation plus the offsets of its parts; nothing
 * else is kept. Input is UTF-8; invalid bytes count as U+FFFD, as a decoder would
 * have made them. Lengths are bytes. Pure functions but for the scratch space of
 * struct url_parser: one parser belongs to one thread or process at a time.
 * No memory is allocated per URL once a parser's buffers have grown (hosts with
 * non-ASCII characters excepted), and no file is opened after url_global_init.
 *
 * What the parts are, with the end of each as the start of the next:
 *
 *   https://user:pass@example.org:8080/a/b?q=1#frag
 *   |    |  |   ||   ||          ||   |   |   |    |
 *   |    |  |   ||   ||          ||   |   |   |    len
 *   |    |  |   ||   ||          ||   |   |   fragment_start ('#', or len)
 *   |    |  |   ||   ||          ||   |   query_start ('?', or fragment_start)
 *   |    |  |   ||   ||          ||   port_end; path_start (after "/." if that was
 *   |    |  |   ||   ||          ||             put in to keep the path apart)
 *   |    |  |   ||   ||          |port_start (= host_end + 1 with a port)
 *   |    |  |   ||   ||          host_end (IPv6 hosts keep their brackets)
 *   |    |  |   ||   |host_start
 *   |    |  |   ||   pass_end
 *   |    |  |   |pass_start (= user_end + 1 with a password)
 *   |    |  |   user_end
 *   |    |  user_start
 *   |    scheme_end (':')
 *   0
 *
 * Absent parts are empty ranges: user_start = user_end = pass_start = pass_end = host_start
 * without credentials; port_start = port_end = host_end without a port; all of
 * them equal scheme_end + 1 where there is no authority (has_host is false).
 */
#ifndef SKITTER_CRAWLER_PAGE_URL_H
#define SKITTER_CRAWLER_PAGE_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/buf.h"
#include "config/err.h"

/* Longest input taken (bytes); longer ones fail to parse. */
#define URL_MAX_INPUT (4u << 20)

enum url_scheme {
	URL_HTTP,
	URL_HTTPS,
	URL_WS,
	URL_WSS,
	URL_FTP,
	URL_FILE,
	URL_OTHER, /* not special */
};

struct url {
	const char *href; /* len bytes; a NUL follows unless url_view made it */
	uint32_t len;
	uint32_t scheme_end;
	uint32_t user_start, user_end;
	uint32_t pass_start, pass_end;
	uint32_t host_start, host_end;
	uint32_t port_start, port_end;
	uint32_t path_start;
	uint32_t query_start;
	uint32_t fragment_start;
	uint16_t port;	  /* effective: the scheme's default filled in; 0 = none */
	uint8_t scheme;	  /* enum url_scheme */
	bool special;	  /* scheme != URL_OTHER */
	bool has_host;	  /* "//" is there (the host itself may be empty) */
	bool opaque_path; /* mailto:x, data:..., javascript:... */
};

/* Reusable scratch space. Nothing in it is public. */
struct url_parser {
	struct buf out;	  /* the result */
	struct buf clean; /* input without tabs and newlines, repaired UTF-8 */
	struct buf host;  /* host being decoded */
	struct buf enc;	  /* query in the document's encoding */
};

void url_parser_init(struct url_parser *p);
void url_parser_release(struct url_parser *p);

/* Warms up what the IDNA and public-suffix libraries load lazily. Call once per
 * process, before threads start or a sandbox closes. */
void url_global_init(void);

/* Parses input against base (NULL = none). The result points into the parser's
 * buffer and is valid until the next call on the same parser; `base` must not be
 * such a result of the same parser (url_copy it). 0, or -1 = not a URL; then *out
 * is untouched. */
int url_parse(
	struct url_parser *p, const char *in, size_t len, const struct url *base, struct url *out);

/* Encodes query text for documents that are not UTF-8: appends the bytes of the
 * document's encoding to `out`; for a code point it lacks it appends the twelve or
 * so bytes "%26%23NNN%3B" (NNN decimal). The parser percent-encodes the bytes
 * afterwards ('%' itself stays). `utf8` is valid UTF-8. */
typedef void url_encode_fn(void *arg, const char *utf8, size_t len, struct buf *out);

/* The same with the document's encoding; encode NULL = UTF-8 (also right for UTF-16
 * and replacement). Only queries of special URLs other than ws and wss are encoded so. */
int url_parse_encoded(struct url_parser *p, const char *in, size_t len, const struct url *base,
	url_encode_fn *encode, void *arg, struct url *out);

/* What references are resolved against, with what most of them need to know about it. */
#define URL_BASE_DIRS 32
struct url_base {
	const struct url *url;
	uint32_t dirs[URL_BASE_DIRS]; /* behind its last slash, the last but one, ... */
	uint32_t ndirs;		      /* 0: not http(s) */
	bool whole;		      /* the path's first slash is among them */
	bool plain;		      /* url_is_plain */
};

/* `url` lives as long as the base. */
void url_base_set(struct url_base *b, const struct url *url);
/* url_parse_encoded against that base, with the same result: most references are resolved by
 * copying, the rest is parsed. */
int url_resolve(struct url_parser *p, const char *in, size_t len, const struct url_base *base,
	url_encode_fn *encode, void *arg, struct url *out);
/* Whether these bytes are serialised as they are in the path, query or fragment of an http(s)
 * URL. Some that say no are. */
bool url_is_plain(const char *s, size_t len);

/* What a plain reference without a fragment means against that base, put to `to`: returns its
 * length, 0 = url_resolve has to say. It is plain, too. `in` and what is at `to` are roomy
 * (simd.h), and there is room for both and SIMD_ROOM. */
size_t url_join(const struct url_base *base, const char *in, size_t len, char *to);

/* An own copy: the text goes to `hold` (its old content is dropped), *dst points
 * into it and lives as long as hold is not changed. */
void url_copy(struct url *dst, const struct url *src, struct buf *hold);

/* Offsets of an http or https URL that was serialised by this module, without
 * parsing it again: one pass. href need not end in NUL and is not copied.
 * -1 where it cannot be of the serialised form (cheap checks: bytes, host
 * characters, port form; dot segments are not looked for). */
int url_view(const char *href, size_t len, struct url *out);

/* ---- parts: pointer into href, length through *len ---- */

const char *url_scheme(const struct url *u, size_t *len);   /* "https" */
const char *url_host(const struct url *u, size_t *len);	    /* "example.org", "[::1]" */
const char *url_path(const struct url *u, size_t *len);	    /* "/a/b" */
const char *url_query(const struct url *u, size_t *len);    /* "?q=1" or "" */
const char *url_fragment(const struct url *u, size_t *len); /* "#frag" or "" */
const char *url_path_query(
	const struct url *u, size_t *len); /* as on the request line: "/a/b?q=1" */
/* href[0..n) = scheme://host[:port]. Only for URLs without credentials can the
 * prefix be the origin; with them 0 is returned: use url_add_origin. */
size_t url_origin_len(const struct url *u);
/* Appends scheme://host[:port], never credentials. */
void url_add_origin(const struct url *u, struct buf *out);
size_t url_without_fragment_len(const struct url *u);
bool url_has_credentials(const struct url *u);
bool url_is_http(const struct url *u);				/* http or https */
bool url_same_origin(const struct url *a, const struct url *b); /* scheme, host, port */

/* ---- the seen key ---- */

/* Appends the form by which two URLs count as the same page. It is for comparing
 * only and is never fetched. Conservative: only what RFC 3986 (6.2.2, 6.2.3) calls
 * equivalent, plus what the user asked to ignore:
 *   1. the fragment is dropped;
 *   2. in path and query, %XX of an unreserved character (A-Z a-z 0-9 - . _ ~) is decoded;
 *   3. other %XX get upper-case digits; a % that is no escape stays;
 *   4. bytes that RFC 3986 does not allow raw (" < > [ ] \ ^ ` { | }) count as their %XX;
 *   5. an empty query ("?" alone) is dropped;
 *   6. query parameters named in `ignore` are dropped with their '&'; a trailing '*'
 *      in a name matches any rest ("utm_*"); names compare by their bytes after 2-4;
 *      a query that becomes empty is dropped.
 * Default ports, host case, dot segments are already settled by the parser.
 * Not folded, because servers do tell them apart: http and https, www., trailing
 * slash, index.html, order of parameters, '+' and %20, letter case, credentials. */
void url_seen_key(const struct url *u, const char *const *ignore, size_t nignore, struct buf *out);

/* ---- what a person types ---- */

/* Parses "example.com/x" as well as full URLs. Where no scheme is given, http:// is
 * put before IP addresses, localhost and names without a dot, https:// before the rest, and
 * *guessed is set, so that the caller can say so. Only http and https pass.
 * 0, or -1 with *err (usage). */
int url_from_user(
	struct url_parser *p, const char *in, struct url *out, bool *guessed, struct err *err);

#endif
