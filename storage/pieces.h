/* pieces.h - a text as pieces of the body it was taken from.
 *
 * The main text of a page is its body without the tags, and the body is stored anyway: so what is
 * kept of the text is which stretches of the body it is made of, with the bytes between that are
 * not there (a newline for the border of a block, what a character reference stands for). Two
 * byte strings are all that writing and reading know of; neither asks how the text was made.
 *
 * Format: the byte PIECES_MARK, the length of the text, then pieces until the end. A piece is
 *
 *   control     its two high bits: what comes first, PIECE_NOTHING .. PIECE_BYTES; the other six:
 *               bytes of the body that follow, PIECE_LONG = PIECE_LONG and a number more
 *   [number]    of PIECE_LONG
 *   [number, bytes]   of PIECE_BYTES
 *   [number]    bytes of the body to leave out before those that follow, if any do
 *
 * and a number is in sevens of bits, lowest first, the top bit of a byte saying that more come.
 *
 * Pure, any thread.
 */
#ifndef SKITTER_STORAGE_PIECES_H
#define SKITTER_STORAGE_PIECES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/buf.h"

#define PIECES_MARK 0x50	       /* no zstd frame begins with it */
#define PIECES_MAX  ((size_t)64 << 20) /* of a text; no crawl stores more of one page */

enum { PIECE_NOTHING, PIECE_SPACE, PIECE_NEWLINE, PIECE_BYTES };
#define PIECE_LONG 63

/* How many bytes of out[0..cap) now stand for the text: 0 where they do not fit, or where finding
 * out takes too long. The work is linear in both lengths, whatever they hold. */
size_t pieces_write(const void *body, size_t body_len, const char *text, size_t text_len,
	uint8_t *out, size_t cap);

/* Appends the text to out; -1 where data is no pieces of this body. Believes nothing. */
int pieces_read(const void *data, size_t len, const void *body, size_t body_len, struct buf *out);

bool pieces_are(const void *data, size_t len); /* told from a zstd frame */

#endif
