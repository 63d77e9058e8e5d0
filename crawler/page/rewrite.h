/* rewrite.h - where in a page or style sheet its URLs stand, so that they can be replaced: for a
 * copy that is read from disk.
 *
 * Contract: bytes in, spots out; what a URL becomes is for the caller to say, who copies the text
 * and puts something else at the spots. Called in the parser process. page_rewrite cannot fail:
 * what is neither HTML nor CSS comes back decoded and without spots.
 *
 * The text is UTF-8 whatever the page was in. `bom` says that the copy has to begin with a byte
 * order mark: the page itself does not say UTF-8, and a file has no Content-Type.
 *
 * Spots ascend and do not overlap. Only http and https URLs have one; nothing is looked for in
 * scripts.
 */
#ifndef SKITTER_PAGE_REWRITE_H
#define SKITTER_PAGE_REWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/buf.h"
#include "crawler/page/page.h"

enum page_spot_how {
	SPOT_ATTR = 1 << 0,	/* in the value of an attribute: & < > " ' become references; what
				   URLs consist of otherwise needs no quotes there */
	SPOT_CSS = 1 << 2,	/* in CSS: without quotes, parentheses, backslashes */
	SPOT_RELATIVE = 1 << 3, /* means something only at its old place: replace it in any case */
	SPOT_REMOTE = 1 << 4,	/* wants the server: a form, say. Never replace it by a file */
	SPOT_EMPTY = 1 << 5,	/* becomes empty: the base of a document that has moved */
	SPOT_BARE = 1 << 1,	/* ... which has no quotes: put two there */
	SPOT_DISARM = 1 << 6,	/* no URL but the name of an attribute that a file would not pass:
				   put data- before it if its URL is replaced by a file */
	SPOT_ALWAYS = 1 << 7,	/* SPOT_DISARM in any case */
};

struct page_spot {
	uint32_t at, len;      /* bytes of the text */
	uint32_t url, url_len; /* absolute, with its fragment; in `urls` */
	uint32_t how;	       /* enum page_spot_how */
};

#define REWRITE_MAX_SPOTS (1u << 20)

struct page_rewrite {
	struct buf text;
	struct page_spot *spots;
	size_t nspots, cap;
	struct buf urls;
	bool bom;
};

void page_rewrite_init(struct page_rewrite *out);
void page_rewrite_release(struct page_rewrite *out);

/* Fills `out` anew. Returns an enum inflate_what, as page_decode. */
int page_rewrite(struct page_reader *r, const struct page_task *task, struct page_rewrite *out);

#endif
