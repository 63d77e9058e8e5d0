/* facts.h - what one response says, as flat bytes that can cross a trust border.
 *
 * The parser process builds a facts block in its answer area (facts_begin .. facts_finish), and
 * seals it while it does (facts_seal.h): all links become one JSON text, ready for the database,
 * and the table keeps only those that the crawl may follow, each URL once. The crawler copies the
 * bytes to private memory, calls facts_check, and only then reads; storage threads read the same
 * copy and check what goes to the database (facts_check_texts). Nothing holds a pointer: all
 * references are offsets from the start of the block.
 *
 * Layout: struct facts | strings, each followed by a NUL | (8-aligned) links.
 * While building, strings grow up from the front and links grow down from the
 * end; facts_finish closes the gap. Each cap that cuts something sets its flag,
 * so that a loss is recorded, never silent.
 *
 * All text is valid UTF-8. Link URLs are absolute and serialised by the URL
 * standard (bytes 0x21..0x7e only; in opaque paths as of data: spaces, too).
 */
#ifndef SKITTER_CONFIG_FACTS_H
#define SKITTER_CONFIG_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/err.h"

#define FACTS_MAGIC    0x736b6631u /* "skf1" */
#define FACTS_MAX_URL  8192	   /* a longer URL is dropped and flagged */
#define FACTS_MAX_LINK 50000	   /* links per page */

/* A string in the block; len 0 = absent (off is then 0). */
struct facts_str {
	uint32_t off;
	uint32_t len; /* without the NUL that follows it */
};

/* Where a link stood. The names (facts_kind_name) are the `kind` column of the links view. */
enum facts_kind {
	LINK_A,
	LINK_AREA,
	LINK_LINK,
	LINK_IMG,
	LINK_SCRIPT,
	LINK_IFRAME,
	LINK_FRAME,
	LINK_FORM,
	LINK_META, /* meta refresh */
	LINK_REDIRECT,
	LINK_SITEMAP,	/* a page listed in a sitemap, or a sitemap in an index */
	LINK_CANONICAL, /* link rel=canonical, HTTP Link header included */
	LINK_EMBED,
	LINK_OBJECT,
	LINK_SOURCE,
	LINK_TRACK,
	LINK_AUDIO,
	LINK_VIDEO,
	LINK_INPUT,
	LINK_BUTTON,
	LINK_BODY,  /* background of body, table, td, th */
	LINK_QUOTE, /* cite of blockquote, q, ins, del */
	LINK_SVG,
	LINK_FEED, /* an entry of an RSS or Atom feed */
	LINK_SEED, /* never in a block: how the frontier marks seeds */
	LINK_KINDS
};

/* The attribute the URL was taken from. */
enum facts_attr {
	ATTR_HREF,
	ATTR_SRC,
	ATTR_SRCSET,
	ATTR_IMAGESRCSET,
	ATTR_LONGDESC,
	ATTR_POSTER,
	ATTR_DATA,
	ATTR_ACTION,
	ATTR_FORMACTION,
	ATTR_BACKGROUND,
	ATTR_CITE,
	ATTR_XLINK_HREF,
	ATTR_CONTENT,
	ATTR_HEADER, /* Location, Link */
	ATTR_LOC,    /* element text of a sitemap or feed */
	ATTR_KINDS
};

enum facts_link_flags {
	LINK_NOFOLLOW = 1 << 0,	   /* rel contains nofollow, ugc or sponsored does not set it */
	LINK_IN_TEMPLATE = 1 << 1, /* inside template: recorded, not followed */
	LINK_ALTERNATE = 1 << 2,   /* link rel=alternate */
	LINK_NEXT = 1 << 3,	   /* rel=next or rel=prev */
	LINK_STYLESHEET = 1 << 4,  /* link rel=stylesheet */
	LINK_ICON = 1 << 5,
	LINK_HINT = 1 << 6,	/* preconnect, dns-prefetch, preload, ...: recorded, not followed */
	LINK_IS_INDEX = 1 << 7, /* a sitemap that an index (or robots.txt) names */
	LINK_HREFLANG = 1 << 8, /* rel=alternate with hreflang: `text` holds the language */
};

struct facts_link {
	struct facts_str url;
	struct facts_str rel;  /* as written, trimmed */
	struct facts_str text; /* anchor text (alt of an image inside it), lastmod for sitemaps */
	uint8_t kind;	       /* enum facts_kind */
	uint8_t attr;	       /* enum facts_attr */
	uint16_t flags;	       /* enum facts_link_flags */
};

/* A link with all that is known of it. */
struct facts_found {
	const char *url; /* serialised */
	size_t url_len;
	const char *text, *rel; /* UTF-8; len 0 = none */
	size_t text_len, rel_len;
	enum facts_kind kind;
	enum facts_attr attr;
	unsigned flags;
	bool roomy; /* SIMD_ROOM bytes behind `text` and `rel` may be read, whatever they are */
};

enum facts_flags {
	FACTS_HTML = 1 << 0,	    /* parsed as HTML */
	FACTS_SITEMAP = 1 << 1,	    /* parsed as a sitemap, index or feed */
	FACTS_ROBOTS = 1 << 2,	    /* robots.txt: `text` holds the decoded file */
	FACTS_INFLATED = 1 << 3,    /* the body came with a content coding and was inflated */
	FACTS_DIGEST = 1 << 4,	    /* digest is set */
	FACTS_CUT_LINKS = 1 << 8,   /* FACTS_MAX_LINK or the area was full */
	FACTS_CUT_URL = 1 << 9,	    /* at least one URL was too long */
	FACTS_CUT_TEXT = 1 << 10,   /* text or headings cut */
	FACTS_CUT_BODY = 1 << 11,   /* max_decoded_body reached */
	FACTS_BAD_CODING = 1 << 12, /* inflating failed: cut, wrong CRC, unknown coding */
	FACTS_BOMB = 1 << 13,	    /* inflating stopped at the ratio cap */
	FACTS_BAD_SYNTAX = 1 << 14, /* XML broken: partial result */
	FACTS_SEALED = 1 << 15,	    /* link_json has all links, the table those to follow */
};

/* Words of meta robots and X-Robots-Tag that bind a crawler. */
enum facts_robots {
	ROBOTS_NOINDEX = 1 << 0,
	ROBOTS_NOFOLLOW = 1 << 1,
	ROBOTS_NOARCHIVE = 1 << 2,
	ROBOTS_NOSNIPPET = 1 << 3,
};

struct facts {
	uint32_t magic;
	uint32_t size;	 /* bytes of the whole block */
	uint32_t flags;	 /* enum facts_flags */
	uint32_t robots; /* enum facts_robots, from meta */
	uint64_t decoded_size;
	uint8_t digest[32]; /* SHA-256 of the decoded body, if FACTS_DIGEST */
	uint32_t words;	    /* words of the main text */
	uint32_t nlinks;    /* in the table */
	uint32_t nfound;    /* of the page: the same, but for a sealed block */
	uint32_t links_off;
	struct facts_str charset; /* WHATWG encoding name */
	struct facts_str lang;
	struct facts_str title;
	struct facts_str description;
	struct facts_str canonical;    /* absolute URL */
	struct facts_str base;	       /* base in force at the end, if not the document's own */
	struct facts_str headings;     /* one per line: "1 Text", "2 Text", ... */
	struct facts_str text;	       /* main text, blocks separated by newlines */
	struct facts_str content_type; /* sniffed, where the header gave none */
	struct facts_str link_json;    /* sealed: all links (link_json.h) */
};

/* ---- reading (after facts_check) ---- */

/* Checks every count, offset, length and URL byte of the table in `size` untrusted bytes: what
 * a crawl goes by. 0, or -1 with the rule that failed. Nothing is parsed again. */
int facts_check(const void *block, size_t size, struct err *err);
/* Checks the texts of a block that passed: UTF-8 without NUL, URLs, and the links' JSON. */
int facts_check_texts(const struct facts *f, struct err *err);
const struct facts_link *facts_links(const struct facts *f);
struct facts_found facts_found(const struct facts *f, const struct facts_link *l);
bool facts_is_http(const char *url, size_t len);		   /* serialised: http or https */
const char *facts_text(const struct facts *f, struct facts_str s); /* "" if absent */
const char *facts_kind_name(enum facts_kind kind);
const char *facts_attr_name(enum facts_attr attr);

/* ---- building ---- */

struct facts_writer {
	struct facts *f;       /* the area itself */
	size_t cap;	       /* its size in bytes */
	size_t front;	       /* next free byte for strings */
	size_t back;	       /* start of the link array that grows down */
	size_t held;	       /* bytes between them that are spoken for */
	struct sealer *sealer; /* takes all links (facts_seal.h); NULL = they go to the table */
};

/* Starts a block in area[0..cap); cap must hold at least 4 KiB, 8-aligned. */
void facts_begin(struct facts_writer *w, void *area, size_t cap);
/* Copies a string in; {0, 0} and the given cut flag when there is no room. Empty = absent. */
struct facts_str facts_put(struct facts_writer *w, const char *s, size_t len, uint32_t cut_flag);
/* How long a string may still be, with some to spare. */
size_t facts_room(const struct facts_writer *w);
/* Appends a link (document order); sets FACTS_CUT_* and returns false when a cap is hit. */
bool facts_add_link(struct facts_writer *w, const struct facts_found *l);
/* One into the table whatever becomes of the others; sets FACTS_CUT_* and returns NULL when a cap
 * is hit. The returned record may be amended until the next call (e.g. its text). */
struct facts_link *facts_put_link(struct facts_writer *w, const char *url, size_t url_len,
	enum facts_kind kind, enum facts_attr attr, unsigned flags);
/* Closes the gap between strings and links, or puts in what a sealer holds; returns the block's
 * size. */
size_t facts_finish(struct facts_writer *w);

#endif
