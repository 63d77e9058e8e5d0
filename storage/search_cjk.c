#include "storage/search_cjk.h"

#include "config/mem.h"

/* ---- UTF-8 ---- */

size_t cjk_decode(const char *s, size_t len, uint32_t *c)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char lead = len ? (unsigned char)s[0] : 0x80;
	size_t n = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	if (!n || n > len || lead > 0xf4)
		return 0;
	*c = n == 1 ? lead : lead & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | ((unsigned char)s[i] & 0x3f);
	}
	return *c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000) ? 0 : n;
}

size_t cjk_encode(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* ---- which characters ---- */

/* Letters, marks and iteration signs; not punctuation or digits. In order. */
static const struct range {
	uint32_t first, last;
} unspaced[] = {
	{0x0e01, 0x0e2e},
	{0x0e30, 0x0e3a},
	{0x0e40, 0x0e4e}, /* Thai */
	{0x0e81, 0x0eae},
	{0x0eb0, 0x0ece},
	{0x0edc, 0x0edf}, /* Lao */
	{0x1000, 0x103f},
	{0x1050, 0x108f},
	{0x109a, 0x109d}, /* Burmese */
	{0x1100, 0x11ff}, /* Hangul parts */
	{0x1780, 0x17d3},
	{0x17d7, 0x17d7},
	{0x17dc, 0x17dd}, /* Khmer */
	{0x3005, 0x3007},
	{0x3021, 0x302f},
	{0x3031, 0x3035},
	{0x303b, 0x303c},
	{0x3041, 0x3096},
	{0x3099, 0x309a},
	{0x309d, 0x309f}, /* Hiragana */
	{0x30a1, 0x30fa},
	{0x30fc, 0x30ff}, /* Katakana */
	{0x3105, 0x312f},
	{0x3131, 0x318e},
	{0x31a0, 0x31bf},
	{0x31f0, 0x31ff},
	{0x3400, 0x4dbf},
	{0x4e00, 0x9fff}, /* Han */
	{0xa960, 0xa97c},
	{0xac00, 0xd7a3},
	{0xd7b0, 0xd7fb}, /* Hangul */
	{0xf900, 0xfaff},
	{0xff66, 0xff9f},
	{0xffa0, 0xffdc},
	{0x1aff0, 0x1b16f},
	{0x20000, 0x2fa1f},
	{0x30000, 0x323af},
};

bool cjk_is(uint32_t c)
{
	size_t low = 0, high = MEM_COUNT(unspaced);

	while (low < high) {
		size_t mid = (low + high) / 2;
		if (c > unspaced[mid].last)
			low = mid + 1;
		else
			high = mid;
	}
	return low < MEM_COUNT(unspaced) && c >= unspaced[low].first;
}

static bool is_hangul(uint32_t c)
{
	return (c >= 0x1100 && c <= 0x11ff) || (c >= 0x3131 && c <= 0x318e) ||
	       (c >= 0xa960 && c <= 0xd7fb) || (c >= 0xffa0 && c <= 0xffdc);
}

bool cjk_bridges(uint32_t c)
{
	return c >= 0x3005 && cjk_is(c) && !is_hangul(c);
}

/* Variation selectors, joiners, zero-width spaces, soft hyphens. */
static bool is_unseen(uint32_t c)
{
	return (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xe0100 && c <= 0xe01ef) ||
	       (c >= 0x200b && c <= 0x200d) || c == 0x2060 || c == 0xfeff || c == 0xad;
}

/* ---- forms of one character ---- */

static uint32_t from_halfwidth(uint32_t c)
{
	static const uint16_t full[] = {0x30f2, 0x30a1, 0x30a3, 0x30a5, 0x30a7, 0x30a9, 0x30e3,
		0x30e5, 0x30e7, 0x30c3, 0x30fc, 0x30a2, 0x30a4, 0x30a6, 0x30a8, 0x30aa, 0x30ab,
		0x30ad, 0x30af, 0x30b1, 0x30b3, 0x30b5, 0x30b7, 0x30b9, 0x30bb, 0x30bd, 0x30bf,
		0x30c1, 0x30c4, 0x30c6, 0x30c8, 0x30ca, 0x30cb, 0x30cc, 0x30cd, 0x30ce, 0x30cf,
		0x30d2, 0x30d5, 0x30d8, 0x30db, 0x30de, 0x30df, 0x30e0, 0x30e1, 0x30e2, 0x30e4,
		0x30e6, 0x30e8, 0x30e9, 0x30ea, 0x30eb, 0x30ec, 0x30ed, 0x30ef, 0x30f3, 0x3099,
		0x309a};

	return c >= 0xff66 && c <= 0xff9f ? full[c - 0xff66] : c;
}

/* A kana and the mark behind it: KA + voicing = GA. 0 = they do not combine. */
static uint32_t voiced(uint32_t kana, uint32_t mark)
{
	uint32_t shift = kana >= 0x30a1 && kana <= 0x30fe ? 0x60 : 0;
	uint32_t h = kana - shift; /* as Hiragana */
	bool ha = h == 0x306f || h == 0x3072 || h == 0x3075 || h == 0x3078 || h == 0x307b;

	if (mark == 0x309a)
		return ha ? kana + 2 : 0;
	if (mark != 0x3099)
		return 0;
	if (h == 0x3046)
		return 0x3094 + shift;
	if (ha || h == 0x309d || (h >= 0x304b && h <= 0x3061 && h % 2 == 1) || h == 0x3064 ||
		h == 0x3066 || h == 0x3068)
		return kana + 1;
	return 0;
}

/* The Unicode Standard, 3.12: parts of a Korean syllable, composed by arithmetic. */
static uint32_t hangul(uint32_t c, uint32_t next)
{
	if (c >= 0x1100 && c <= 0x1112 && next >= 0x1161 && next <= 0x1175)
		return 0xac00 + ((c - 0x1100) * 21 + (next - 0x1161)) * 28;
	if (c >= 0xac00 && c <= 0xd7a3 && (c - 0xac00) % 28 == 0 && next > 0x11a7 && next <= 0x11c2)
		return c + (next - 0x11a7);
	return 0;
}

static uint32_t compose(uint32_t c, uint32_t next)
{
	uint32_t made = hangul(c, next);

	return made ? made : voiced(c, from_halfwidth(next));
}

size_t cjk_char(const char *s, size_t len, uint32_t *c)
{
	size_t at = cjk_decode(s, len, c), n;
	uint32_t next, made;

	*c = from_halfwidth(*c);
	while ((n = cjk_decode(s + at, len - at, &next))) {
		if (is_unseen(next)) {
			at += n;
			continue;
		}
		made = compose(*c, next);
		if (!made)
			break;
		*c = made;
		at += n;
	}
	return at;
}

size_t cjk_find(const char *s, size_t len)
{
	size_t i = 0, n;
	uint32_t c;

	while (i < len) {
		if ((unsigned char)s[i] < 0xe0) {
			i++; /* ASCII, two-byte letters, what is not UTF-8 */
			continue;
		}
		n = cjk_decode(s + i, len - i, &c);
		if (n && cjk_is(c))
			return i;
		i += n ? n : 1;
	}
	return len;
}
