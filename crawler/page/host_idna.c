/* host_idna.c - UTS #46: map, normalise, check every label, encode. */
#include "crawler/page/host_idna.h"

#include <stdlib.h>
#include <string.h>

#include "config/mem.h"

/* Code points with room for HOST_IDNA_MAX; what does not fit is no name. */
struct name {
	uint32_t *cp;
	size_t n;
};

static int name_add(struct name *to, const uint32_t *cp, size_t n)
{
	if (n > HOST_IDNA_MAX - to->n)
		return -1;
	memcpy(to->cp + to->n, cp, n * sizeof(*cp));
	to->n += n;
	return 0;
}

/* ---- the mapping (UTS #46 section 7) ---- */

/* Disallowed, though properties alone would make them valid or ignored. */
static bool is_excluded(uint32_t c)
{
	static const uint32_t range[][2] = {
		{0x61c, 0x61c}, /* bidi controls */
		{0x200e, 0x200f}, {0x202a, 0x202e}, {0x2066, 0x2069},
		{0x2ff0, 0x2fff},   /* ideographic description */
		{0xfff9, 0xffff},   /* specials */
		{0xe0000, 0xe007f}, /* tags */
	};

	for (size_t i = 0; i < MEM_COUNT(range); i++)
		if (c >= range[i][0] && c <= range[i][1])
			return true;
	return false;
}

bool idna_is_valid(uint32_t c)
{
	const uint32_t bad = UC_CATEGORY_MASK_C | UC_CATEGORY_MASK_Z;
	uint32_t to;

	if (c < 0x80)
		return !(c >= 'A' && c <= 'Z');
	if (c == 0x200c || c == 0x200d)
		return true;
	if (idna_is_newer(c, &to))
		return to == c;
	return !is_excluded(c) && !uc_is_general_category_withtable(c, bad);
}

/* NFKC_Casefold of one code point; -1 only where memory or room is short. */
static int fold(uint32_t c, uint32_t *out, size_t *n)
{
	uint32_t in[64];
	size_t in_n = 1, len = 0;

	in[0] = c;
	for (int round = 0; round < 4; round++) {
		len = MEM_COUNT(in);
		if (u32_casefold(in, in_n, NULL, UNINORM_NFKC, out, &len) != out)
			return -1;
		if (len == in_n && memcmp(in, out, len * sizeof(*in)) == 0)
			break;
		memcpy(in, out, len * sizeof(*in));
		in_n = len;
	}
	*n = 0;
	for (size_t i = 0; i < len; i++)
		if (!uc_is_property_default_ignorable_code_point(out[i]))
			out[(*n)++] = out[i];
	return 0;
}

int idna_map(uint32_t c, uint32_t out[64], size_t *n)
{
	static const uint32_t sharp_s = 0xdf;
	const uint32_t never = UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cs | UC_CATEGORY_MASK_Co |
			       UC_CATEGORY_MASK_Cn;

	*n = 1;
	out[0] = c;
	if (c < 0x80) {
		out[0] = c >= 'A' && c <= 'Z' ? c + 32 : c;
		return 0;
	}
	/* The deviations are valid (non-transitional); capital sharp s is theirs too. */
	if (c == sharp_s || c == 0x3c2 || c == 0x200c || c == 0x200d)
		return 0;
	if (c == 0x1e9e) {
		out[0] = sharp_s;
		return 0;
	}
	if (c == 0x3002 || c == 0xff0e || c == 0xff61) {
		out[0] = '.';
		return 0;
	}
	if (idna_is_newer(c, out))
		return 0;
	if (is_excluded(c) || uc_is_general_category_withtable(c, never) || fold(c, out, n) < 0)
		return -1;
	for (size_t i = 0; i < *n; i++)
		if (out[i] == '.' || out[i] == 0x3002 || !idna_is_valid(out[i]))
			return -1;
	return 0;
}

/* Maps a whole name into `to`. */
static int map_name(const char *in, size_t len, struct name *to)
{
	const uint8_t *s = (const uint8_t *)in;
	uint32_t mapped[64];
	size_t n;

	for (size_t i = 0; i < len;) {
		ucs4_t c;
		int step = u8_mbtoucr(&c, s + i, len - i);

		if (step <= 0 || idna_map(c, mapped, &n) < 0 || name_add(to, mapped, n) < 0)
			return -1;
		i += (size_t)step;
	}
	return 0;
}

/* ---- normalisation ---- */

static int normalise(struct name *name)
{
	uint32_t *nfc;
	size_t n = 0;
	int r = -1;

	nfc = u32_normalize(UNINORM_NFC, name->cp, name->n, NULL, &n);
	if (!nfc)
		return name->n == 0 ? 0 : -1;
	name->n = 0;
	r = name_add(name, nfc, n);
	free(nfc);
	return r;
}

static bool is_nfc(const uint32_t *cp, size_t n)
{
	uint32_t *nfc;
	size_t len = 0;
	bool same;

	nfc = u32_normalize(UNINORM_NFC, cp, n, NULL, &len);
	same = nfc && len == n && memcmp(nfc, cp, n * sizeof(*cp)) == 0;
	free(nfc);
	return same;
}

/* ---- labels ---- */

static bool is_ascii(const uint32_t *cp, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cp[i] >= 0x80)
			return false;
	return true;
}

static bool has_prefix(const uint32_t *cp, size_t n)
{
	return n >= 4 && cp[0] == 'x' && cp[1] == 'n' && cp[2] == '-' && cp[3] == '-';
}

/* "xn--..." to what it stands for. */
static int decode_label(const uint32_t *cp, size_t n, struct name *to)
{
	char text[HOST_IDNA_MAX];
	long len;

	if (!is_ascii(cp, n))
		return -1;
	for (size_t i = 4; i < n; i++)
		text[i - 4] = (char)cp[i];
	len = punycode_decode(text, n - 4, to->cp + to->n, HOST_IDNA_MAX - to->n);
	if (len <= 0 || is_ascii(to->cp + to->n, (size_t)len))
		return -1;
	for (long i = 0; i < len; i++) {
		uint32_t c = to->cp[to->n + (size_t)i], mapped[64];
		size_t m;

		if (idna_map(c, mapped, &m) < 0 || m != 1 || mapped[0] != c)
			return -1;
	}
	if (!is_nfc(to->cp + to->n, (size_t)len))
		return -1;
	to->n += (size_t)len;
	return 0;
}

/* The name with its A-labels decoded and every label checked but for bidi. */
static int check_labels(const struct name *name, struct name *to)
{
	for (size_t start = 0; start <= name->n;) {
		size_t end = start, at = to->n;
		int r;

		while (end < name->n && name->cp[end] != '.')
			end++;
		if (has_prefix(name->cp + start, end - start))
			r = decode_label(name->cp + start, end - start, to);
		else
			r = name_add(to, name->cp + start, end - start);
		if (r < 0 || !idna_label_ok(to->cp + at, to->n - at))
			return -1;
		if (end < name->n && name_add(to, name->cp + end, 1) < 0)
			return -1;
		start = end + 1;
	}
	return 0;
}

static int put_labels(const struct name *name, struct buf *out)
{
	for (size_t start = 0; start <= name->n;) {
		const uint32_t *cp = name->cp + start;
		size_t n = 0;

		while (start + n < name->n && cp[n] != '.')
			n++;
		if (!is_ascii(cp, n)) {
			buf_add_str(out, "xn--");
			if (punycode_encode(cp, n, out) < 0)
				return -1;
		} else {
			for (size_t i = 0; i < n; i++)
				buf_add_ch(out, (int)cp[i]);
		}
		if (start + n < name->n)
			buf_add_ch(out, '.');
		start += n + 1;
	}
	return 0;
}

int host_idna(const char *in, size_t len, struct buf *out)
{
	struct name mapped = {0}, checked = {0};
	size_t before = out->len;
	int r = -1;

	if (len > HOST_IDNA_MAX)
		return -1;
	mapped.cp = mem_array(HOST_IDNA_MAX, sizeof(uint32_t));
	checked.cp = mem_array(HOST_IDNA_MAX, sizeof(uint32_t));
	if (map_name(in, len, &mapped) < 0 || normalise(&mapped) < 0 || mapped.n == 0)
		goto out;
	if (check_labels(&mapped, &checked) < 0 || !idna_bidi_ok(checked.cp, checked.n))
		goto out;
	r = put_labels(&checked, out);
out:
	if (r < 0 && out->len > before)
		buf_set_len(out, before);
	free(mapped.cp);
	free(checked.cp);
	return r;
}
