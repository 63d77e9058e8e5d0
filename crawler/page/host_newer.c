/* host_newer.c - code points of Unicode 15 to 17, which libunistring 1.0 (Unicode 14)
 * does not know and browsers do.
 *
 * Only what UTS #46 asks of them: that they are valid, what they map to, whether they are
 * marks, and their direction. Not known of them: joining types (a joiner beside one is
 * refused where no virama precedes it) and compositions (text must come composed). Where
 * the library is newer it is asked first, so that the table wanes by itself.
 */
#include "crawler/page/host_idna.h"

#include "config/mem.h"

enum kind { LTR, RTL, NEUTRAL, MARK, SPACING };

/* Sorted. `shift` leads to what the code point maps to; 0 = it is valid itself. Ranges
 * that map to consecutive digits or letters have one shift. */
static const struct newer {
	uint32_t first, last;
	int kind;
	int32_t shift;
} table[] = {
	/* clang-format off */
	{0x88f, 0x88f, RTL, 0}, {0x897, 0x897, MARK, 0}, {0xc5c, 0xc5c, LTR, 0},
	{0xcdc, 0xcdc, LTR, 0}, {0xcf3, 0xcf3, SPACING, 0}, {0xece, 0xece, MARK, 0},
	{0x1acf, 0x1add, MARK, 0}, {0x1ae0, 0x1aeb, MARK, 0}, {0x1b4e, 0x1b4f, NEUTRAL, 0},
	{0x1b7f, 0x1b7f, NEUTRAL, 0}, {0x1c89, 0x1c89, LTR, 1}, {0x1c8a, 0x1c8a, LTR, 0},
	{0x20c1, 0x20c1, NEUTRAL, 0}, {0x2427, 0x2429, NEUTRAL, 0},
	{0x2b96, 0x2b96, NEUTRAL, 0}, {0x31e4, 0x31e5, NEUTRAL, 0},
	{0xa7cb, 0xa7cb, LTR, -42343}, {0xa7cc, 0xa7cc, LTR, 1}, {0xa7cd, 0xa7cd, LTR, 0},
	{0xa7ce, 0xa7ce, LTR, 1}, {0xa7cf, 0xa7cf, LTR, 0}, {0xa7d2, 0xa7d2, LTR, 1},
	{0xa7d4, 0xa7d4, LTR, 1}, {0xa7da, 0xa7da, LTR, 1}, {0xa7db, 0xa7db, LTR, 0},
	{0xa7dc, 0xa7dc, LTR, -42561}, {0xa7f1, 0xa7f1, LTR, -42878},
	{0xfbc3, 0xfbd2, NEUTRAL, 0}, {0xfd90, 0xfd91, NEUTRAL, 0},
	{0xfdc8, 0xfdce, NEUTRAL, 0}, {0x105c0, 0x105f3, LTR, 0}, {0x10940, 0x10959, RTL, 0},
	{0x10d40, 0x10d4f, RTL, 0}, {0x10d50, 0x10d65, RTL, 32}, {0x10d69, 0x10d6d, MARK, 0},
	{0x10d6e, 0x10d85, RTL, 0}, {0x10d8e, 0x10d8f, RTL, 0}, {0x10ec2, 0x10ec7, RTL, 0},
	{0x10ed0, 0x10ed8, NEUTRAL, 0}, {0x10efa, 0x10eff, MARK, 0},
	{0x1123f, 0x11240, LTR, 0}, {0x11241, 0x11241, MARK, 0}, {0x11380, 0x11389, LTR, 0},
	{0x1138b, 0x1138b, LTR, 0}, {0x1138e, 0x1138e, LTR, 0}, {0x11390, 0x113b5, LTR, 0},
	{0x113b7, 0x113b7, LTR, 0}, {0x113b8, 0x113ba, SPACING, 0},
	{0x113bb, 0x113c0, MARK, 0}, {0x113c2, 0x113c2, SPACING, 0},
	{0x113c5, 0x113c5, SPACING, 0}, {0x113c7, 0x113ca, SPACING, 0},
	{0x113cc, 0x113cd, SPACING, 0}, {0x113ce, 0x113ce, MARK, 0},
	{0x113cf, 0x113cf, SPACING, 0}, {0x113d0, 0x113d0, MARK, 0},
	{0x113d1, 0x113d1, LTR, 0}, {0x113d2, 0x113d2, MARK, 0}, {0x113d3, 0x113d5, LTR, 0},
	{0x113d7, 0x113d8, LTR, 0}, {0x113e1, 0x113e2, MARK, 0}, {0x116d0, 0x116e3, LTR, 0},
	{0x11b00, 0x11b09, LTR, 0}, {0x11b60, 0x11b60, MARK, 0},
	{0x11b61, 0x11b61, SPACING, 0}, {0x11b62, 0x11b64, MARK, 0},
	{0x11b65, 0x11b65, SPACING, 0}, {0x11b66, 0x11b66, MARK, 0},
	{0x11b67, 0x11b67, SPACING, 0}, {0x11bc0, 0x11be1, LTR, 0},
	{0x11bf0, 0x11bf9, LTR, 0}, {0x11db0, 0x11ddb, LTR, 0}, {0x11de0, 0x11de9, LTR, 0},
	{0x11f00, 0x11f01, MARK, 0}, {0x11f02, 0x11f02, LTR, 0},
	{0x11f03, 0x11f03, SPACING, 0}, {0x11f04, 0x11f10, LTR, 0},
	{0x11f12, 0x11f33, LTR, 0}, {0x11f34, 0x11f35, SPACING, 0},
	{0x11f36, 0x11f3a, MARK, 0}, {0x11f3e, 0x11f3f, SPACING, 0},
	{0x11f40, 0x11f40, MARK, 0}, {0x11f41, 0x11f41, SPACING, 0},
	{0x11f42, 0x11f42, MARK, 0}, {0x11f43, 0x11f59, LTR, 0}, {0x11f5a, 0x11f5a, MARK, 0},
	{0x1342f, 0x1342f, LTR, 0}, {0x13440, 0x13440, MARK, 0}, {0x13441, 0x13446, LTR, 0},
	{0x13447, 0x13455, MARK, 0}, {0x13460, 0x143fa, LTR, 0}, {0x16100, 0x1611d, LTR, 0},
	{0x1611e, 0x16129, MARK, 0}, {0x1612a, 0x1612c, SPACING, 0},
	{0x1612d, 0x1612f, MARK, 0}, {0x16130, 0x16139, LTR, 0}, {0x16d40, 0x16d79, LTR, 0},
	{0x16ea0, 0x16eb8, LTR, 27}, {0x16ebb, 0x16ed3, LTR, 0}, {0x16ff2, 0x16ff6, LTR, 0},
	{0x187f8, 0x187ff, LTR, 0}, {0x18cff, 0x18cff, LTR, 0}, {0x18d09, 0x18d1e, LTR, 0},
	{0x18d80, 0x18df2, LTR, 0}, {0x1b132, 0x1b132, LTR, 0}, {0x1b155, 0x1b155, LTR, 0},
	{0x1cc00, 0x1ccd5, NEUTRAL, 0}, {0x1ccd6, 0x1ccef, NEUTRAL, -117877},
	{0x1ccf0, 0x1ccf9, LTR, -117952}, {0x1ccfa, 0x1ccfc, NEUTRAL, 0},
	{0x1cd00, 0x1ceb3, NEUTRAL, 0}, {0x1ceba, 0x1ced0, NEUTRAL, 0},
	{0x1cee0, 0x1cef0, NEUTRAL, 0}, {0x1d2c0, 0x1d2d3, LTR, 0},
	{0x1df25, 0x1df2a, LTR, 0}, {0x1e030, 0x1e038, LTR, -121856},
	{0x1e039, 0x1e03b, LTR, -121855}, {0x1e03c, 0x1e046, LTR, -121854},
	{0x1e047, 0x1e047, LTR, -121852}, {0x1e048, 0x1e049, LTR, -121851},
	{0x1e04a, 0x1e04a, LTR, -80321}, {0x1e04b, 0x1e04b, LTR, -121714},
	{0x1e04c, 0x1e04c, LTR, -121846}, {0x1e04d, 0x1e04d, LTR, -121845},
	{0x1e04e, 0x1e04e, LTR, -121701}, {0x1e04f, 0x1e04f, LTR, -121760},
	{0x1e050, 0x1e050, LTR, -121729}, {0x1e051, 0x1e059, LTR, -121889},
	{0x1e05a, 0x1e05b, LTR, -121888}, {0x1e05c, 0x1e05d, LTR, -121886},
	{0x1e05e, 0x1e05e, LTR, -121885}, {0x1e05f, 0x1e064, LTR, -121884},
	{0x1e065, 0x1e066, LTR, -121883}, {0x1e067, 0x1e067, LTR, -121814},
	{0x1e068, 0x1e068, LTR, -121874}, {0x1e069, 0x1e069, LTR, -121876},
	{0x1e06a, 0x1e06a, LTR, -121867}, {0x1e06b, 0x1e06b, LTR, -121792},
	{0x1e06c, 0x1e06c, LTR, -80411}, {0x1e06d, 0x1e06d, LTR, -121788},
	{0x1e08f, 0x1e08f, MARK, 0}, {0x1e4d0, 0x1e4eb, LTR, 0}, {0x1e4ec, 0x1e4ef, MARK, 0},
	{0x1e4f0, 0x1e4f9, LTR, 0}, {0x1e5d0, 0x1e5ed, LTR, 0}, {0x1e5ee, 0x1e5ef, MARK, 0},
	{0x1e5f0, 0x1e5fa, LTR, 0}, {0x1e5ff, 0x1e5ff, NEUTRAL, 0},
	{0x1e6c0, 0x1e6de, LTR, 0}, {0x1e6e0, 0x1e6e2, LTR, 0}, {0x1e6e3, 0x1e6e3, MARK, 0},
	{0x1e6e4, 0x1e6e5, LTR, 0}, {0x1e6e6, 0x1e6e6, MARK, 0}, {0x1e6e7, 0x1e6ed, LTR, 0},
	{0x1e6ee, 0x1e6ef, MARK, 0}, {0x1e6f0, 0x1e6f4, LTR, 0}, {0x1e6f5, 0x1e6f5, MARK, 0},
	{0x1e6fe, 0x1e6ff, LTR, 0}, {0x1f6d8, 0x1f6d8, NEUTRAL, 0},
	{0x1f6dc, 0x1f6dc, NEUTRAL, 0}, {0x1f774, 0x1f77f, NEUTRAL, 0},
	{0x1f7d9, 0x1f7d9, NEUTRAL, 0}, {0x1f8b2, 0x1f8bb, NEUTRAL, 0},
	{0x1f8c0, 0x1f8c1, NEUTRAL, 0}, {0x1f8d0, 0x1f8d8, NEUTRAL, 0},
	{0x1fa54, 0x1fa57, NEUTRAL, 0}, {0x1fa75, 0x1fa77, NEUTRAL, 0},
	{0x1fa87, 0x1fa8a, NEUTRAL, 0}, {0x1fa8e, 0x1fa8f, NEUTRAL, 0},
	{0x1faad, 0x1faaf, NEUTRAL, 0}, {0x1fabb, 0x1fabf, NEUTRAL, 0},
	{0x1fac6, 0x1fac6, NEUTRAL, 0}, {0x1fac8, 0x1fac8, NEUTRAL, 0},
	{0x1facd, 0x1facf, NEUTRAL, 0}, {0x1fada, 0x1fadc, NEUTRAL, 0},
	{0x1fadf, 0x1fadf, NEUTRAL, 0}, {0x1fae8, 0x1faea, NEUTRAL, 0},
	{0x1faef, 0x1faef, NEUTRAL, 0}, {0x1faf7, 0x1faf8, NEUTRAL, 0},
	{0x1fbcb, 0x1fbef, NEUTRAL, 0}, {0x1fbfa, 0x1fbfa, NEUTRAL, 0},
	{0x2b739, 0x2b73f, LTR, 0}, {0x2cea2, 0x2cead, LTR, 0}, {0x2ebf0, 0x2ee5d, LTR, 0},
	{0x31350, 0x33479, LTR, 0},
	/* clang-format on */
};

static const struct newer *find(uint32_t c)
{
	size_t lo = 0, hi = MEM_COUNT(table);

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (table[mid].last < c)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < MEM_COUNT(table) && table[lo].first <= c ? &table[lo] : NULL;
}

static bool is_unassigned(uint32_t c)
{
	return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Cn);
}

bool idna_is_newer(uint32_t c, uint32_t *to)
{
	const struct newer *n = c >= 0x80 && is_unassigned(c) ? find(c) : NULL;

	if (!n)
		return false;
	*to = (uint32_t)((int32_t)c + n->shift);
	return true;
}

bool idna_is_mark(uint32_t c)
{
	const struct newer *n = is_unassigned(c) ? find(c) : NULL;

	if (n)
		return n->kind == MARK || n->kind == SPACING;
	return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M);
}

bool idna_is_virama(uint32_t c)
{
	enum { VIRAMA = 9 };

	switch (c) {
	case 0x113ce: /* Tulu-Tigalari */
	case 0x113cf:
	case 0x113d0:
	case 0x11f41: /* Kawi */
	case 0x11f42:
	case 0x1612f: /* Gurung Khema */ return true;
	default: return uc_combining_class(c) == VIRAMA;
	}
}

int idna_bidi_class(uint32_t c)
{
	const struct newer *n = is_unassigned(c) ? find(c) : NULL;

	if (!n)
		return uc_bidi_class(c);
	switch ((enum kind)n->kind) {
	case RTL: return UC_BIDI_R;
	case NEUTRAL: return UC_BIDI_ON;
	case MARK: return UC_BIDI_NSM;
	case LTR:
	case SPACING: break;
	}
	return UC_BIDI_L;
}
