/* filename.h - a URL as the name of a file: safe on every system, whoever chose the URL.
 *
 * Contract: pure functions. A name is a relative path: the host, the folders of the URL's path,
 * a file; parts are joined by /. Every part
 *   - is valid UTF-8, at most FILENAME_PART bytes (room for a suffix up to 255 is left);
 *   - holds no /, \, NUL, control character, nor any of : * ? " < > | (Windows), nor what turns
 *     text around (bidi controls): those, and bytes that are not UTF-8, stay %XX;
 *   - does not begin with a dot (so neither . nor .. nor .git) or a dash, nor end in a dot or a
 *     space, and is none of the names Windows reserves (con, nul, com1, ... with any extension).
 * Other %XX of the URL are decoded: what was `caf%C3%A9` is `café`. The query follows the path
 * behind an @. What is longer is cut, and gets a hash of the URL. A page has the
 * extension of its type, so that it opens from disk: /about is about.html, /docs/ is
 * docs/index.html, /a.php?x=1 is a.php@x=1.html.
 *
 * Two URLs may come to the same name: filename_variant makes another one of it.
 */
#ifndef SKITTER_CRAWLER_FILENAME_H
#define SKITTER_CRAWLER_FILENAME_H

#include <stddef.h>
#include <stdint.h>

#include "config/buf.h"
#include "crawler/page/url.h"

#define FILENAME_PART  200 /* bytes of one part */
#define FILENAME_DEPTH 60  /* parts */
#define FILENAME_TOTAL 1500

/* Appends the name. The type is the value of Content-Type, or NULL. */
void filename_of_url(struct buf *out, const struct url *u, const char *content_type);

/* Appends the part [part, part + len) as it has to be if its own name is taken: `~` and the low
 * 32 bits of `hash` before the extension. */
void filename_variant(struct buf *out, const char *part, size_t len, uint64_t hash);

/* Appends the form in which two parts are the same on a system that ignores case, or one that
 * normalises Unicode. */
void filename_fold(struct buf *out, const char *part, size_t len);

/* A hash of a URL that is the same every time. */
uint64_t filename_hash(const struct url *u);

/* Appends a relative path as a URL reference: all but A-Z a-z 0-9 - . _ ~ / as %XX. */
void filename_to_url(struct buf *out, const char *path, size_t len);

#endif
