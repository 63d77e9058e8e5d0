/* text.h - pieces of running text, made once and used by every page: the reason why a page
 * costs next to nothing. Each is whole HTML elements, kept plain and deflated.
 *
 * The deflated form ends on a byte border and looks back at nothing before it (a full
 * flush), so pieces can be strung together in any order and are one valid stream. Their
 * checksums are combined, not computed.
 */
#ifndef SKITTER_CRAWLER_FAKEWEB_TEXT_H
#define SKITTER_CRAWLER_FAKEWEB_TEXT_H

#include <stdint.h>
#include <zlib.h>

#include "config/buf.h"

#define FAKE_BIG_PIECES	  512 /* 1 to 3 kB: heading, paragraphs, now and then a list */
#define FAKE_SMALL_PIECES 256 /* one short paragraph */
#define FAKE_BIG_SIZE	  2048
#define FAKE_SMALL_SIZE	  256

struct fake_piece {
	char *data, *deflated;
	uint32_t len, deflated_len;
	uint32_t crc; /* CRC-32 of the plain text */
	uLong op;     /* for crc32_combine_op */
};

struct fake_text {
	struct fake_piece big[FAKE_BIG_PIECES], small[FAKE_SMALL_PIECES];
};

struct fake_text *fake_text_open(uint64_t seed);
void fake_text_close(struct fake_text *t);

#endif
