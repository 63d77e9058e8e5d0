/* charset_encode.c - UTF-8 to a legacy encoding, for the queries of URLs.
 *
 * The way back through an index is a table of the basic plane (and of plane 2 for Big5)
 * that is made on first use and kept: most crawls never need one. Making it twice at
 * the same moment is harmless: one of the two is dropped.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "crawler/page/charset.h"
#include "crawler/page/charset_tables.h"
#include "crawler/page/charset_utf8.h"

#define NO_POINTER 0xffffu /* no index is that long */

enum index_id { INDEX_BIG5, INDEX_EUCKR, INDEX_GB18030, INDEX_JIS0208, INDEX_SHIFT_JIS, INDEXES };

/* Pointers by code point; Big5 has 0x30000 of them, the others 0x10000. */
static _Atomic(uint16_t *) reverse[INDEXES];

static uint32_t big5_code(size_t pointer)
{
	uint32_t c = charset_big5[pointer];

	return c && charset_big5_plane2[pointer >> 3] >> (pointer & 7) & 1 ? c | 0x20000 : c;
}

/* Big5: no Hong Kong extensions, and the last pointer for six code points. */
static void fill_big5(uint16_t *table)
{
	static const uint16_t last[] = {0x2550, 0x255e, 0x2561, 0x256a, 0x5341, 0x5345};
	size_t p, i;

	for (p = CHARSET_BIG5_SIZE; p-- > (0xa1 - 0x81) * 157;)
		if (big5_code(p))
			table[big5_code(p)] = (uint16_t)p;
	for (p = (0xa1 - 0x81) * 157; p < CHARSET_BIG5_SIZE; p++)
		for (i = 0; i < MEM_COUNT(last); i++)
			if (big5_code(p) == last[i])
				table[last[i]] = (uint16_t)p;
}

/* The first pointer of each code point; those from `skip` to `skip_end` do not count. */
static void fill(uint16_t *table, const uint16_t *index, size_t size, size_t skip, size_t skip_end)
{
	size_t p;

	for (p = size; p-- > 0;)
		if (index[p] && (p < skip || p > skip_end))
			table[index[p]] = (uint16_t)p;
}

static const uint16_t *reverse_of(enum index_id id)
{
	uint16_t *table = atomic_load(&reverse[id]), *other = NULL;
	size_t size = id == INDEX_BIG5 ? 0x30000 : 0x10000;

	if (table)
		return table;
	table = mem_alloc(size * sizeof(*table));
	memset(table, 0xff, size * sizeof(*table));
	switch (id) {
	case INDEX_BIG5: fill_big5(table); break;
	case INDEX_EUCKR: fill(table, charset_euckr, CHARSET_EUCKR_SIZE, 1, 0); break;
	case INDEX_GB18030: fill(table, charset_gb18030, CHARSET_GB18030_SIZE, 1, 0); break;
	case INDEX_JIS0208: fill(table, charset_jis0208, CHARSET_JIS0208_SIZE, 1, 0); break;
	case INDEX_SHIFT_JIS: fill(table, charset_jis0208, CHARSET_JIS0208_SIZE, 8272, 8835); break;
	case INDEXES: break;
	}
	if (!atomic_compare_exchange_strong(&reverse[id], &other, table)) {
		free(table);
		table = other;
	}
	return table;
}

static unsigned pointer_of(enum index_id id, uint32_t c)
{
	if (c >= (id == INDEX_BIG5 ? 0x30000u : 0x10000u))
		return NO_POINTER;
	return reverse_of(id)[c];
}

static void put2(struct buf *out, unsigned a, unsigned b)
{
	char s[2] = {(char)a, (char)b};

	buf_add(out, s, 2);
}

static bool gb18030_put(struct buf *out, uint32_t c, bool gbk)
{
	/* Code points of GB18030-2005 whose bytes the index of 2022 gives to others. */
	static const struct {
		uint16_t code, bytes;
	} own[] = {{0xe78d, 0xa6d9}, {0xe78e, 0xa6da}, {0xe78f, 0xa6db}, {0xe790, 0xa6dc},
		{0xe791, 0xa6dd}, {0xe792, 0xa6de}, {0xe793, 0xa6df}, {0xe794, 0xa6ec},
		{0xe795, 0xa6ed}, {0xe796, 0xa6f3}, {0xe81e, 0xfe59}, {0xe826, 0xfe61},
		{0xe82b, 0xfe66}, {0xe82c, 0xfe67}, {0xe832, 0xfe6d}, {0xe843, 0xfe7e},
		{0xe854, 0xfe90}, {0xe864, 0xfea0}};
	unsigned pointer;
	uint32_t four;
	size_t i;

	if (c == 0xe5e5)
		return false;
	if (gbk && c == 0x20ac) {
		buf_add_ch(out, 0x80);
		return true;
	}
	for (i = 0; i < MEM_COUNT(own); i++)
		if (own[i].code == c) {
			put2(out, own[i].bytes >> 8, own[i].bytes & 0xff);
			return true;
		}
	pointer = pointer_of(INDEX_GB18030, c);
	if (pointer != NO_POINTER) {
		unsigned trail = pointer % 190;

		put2(out, pointer / 190 + 0x81, trail + (trail < 0x3f ? 0x40 : 0x41));
		return true;
	}
	if (gbk)
		return false;
	four = 7457;
	if (c != 0xe7c7) {
		for (i = CHARSET_GB18030_RANGES - 1; charset_gb18030_ranges[i].code > c && i; i--)
			;
		four = charset_gb18030_ranges[i].pointer + c - charset_gb18030_ranges[i].code;
	}
	put2(out, four / 12600 + 0x81, four / 1260 % 10 + 0x30);
	put2(out, four / 10 % 126 + 0x81, four % 10 + 0x30);
	return true;
}

static bool big5_put(struct buf *out, uint32_t c)
{
	unsigned pointer = pointer_of(INDEX_BIG5, c), trail = pointer % 157;

	if (pointer == NO_POINTER)
		return false;
	put2(out, pointer / 157 + 0x81, trail + (trail < 0x3f ? 0x40 : 0x62));
	return true;
}

static bool euc_kr_put(struct buf *out, uint32_t c)
{
	unsigned pointer = pointer_of(INDEX_EUCKR, c);

	if (pointer == NO_POINTER)
		return false;
	put2(out, pointer / 190 + 0x81, pointer % 190 + 0x41);
	return true;
}

/* What EUC-JP and Shift_JIS have in one byte. */
static int jp_single(uint32_t c)
{
	return c == 0xa5 ? 0x5c : c == 0x203e ? 0x7e : -1;
}

static bool euc_jp_put(struct buf *out, uint32_t c)
{
	unsigned pointer;

	if (jp_single(c) >= 0) {
		buf_add_ch(out, jp_single(c));
		return true;
	}
	if (c >= 0xff61 && c <= 0xff9f) {
		put2(out, 0x8e, c - 0xff61 + 0xa1);
		return true;
	}
	pointer = pointer_of(INDEX_JIS0208, c == 0x2212 ? 0xff0d : c);
	if (pointer == NO_POINTER)
		return false;
	put2(out, pointer / 94 + 0xa1, pointer % 94 + 0xa1);
	return true;
}

static bool shift_jis_put(struct buf *out, uint32_t c)
{
	unsigned pointer, lead, trail;

	if (c == 0x80 || jp_single(c) >= 0 || (c >= 0xff61 && c <= 0xff9f)) {
		buf_add_ch(out, c == 0x80    ? 0x80
				: c < 0xff61 ? jp_single(c)
					     : (int)(c - 0xff61 + 0xa1));
		return true;
	}
	pointer = pointer_of(INDEX_SHIFT_JIS, c == 0x2212 ? 0xff0d : c);
	if (pointer == NO_POINTER)
		return false;
	lead = pointer / 188;
	trail = pointer % 188;
	put2(out, lead + (lead < 0x1f ? 0x81 : 0xc1), trail + (trail < 0x3f ? 0x40 : 0x41));
	return true;
}

static bool single_put(struct buf *out, const uint16_t *table, uint32_t c)
{
	int i;

	for (i = 0; i < 128; i++)
		if (table[i] == c) {
			buf_add_ch(out, 0x80 + i);
			return true;
		}
	return false;
}

enum jp_state { JP_ASCII, JP_ROMAN, JP_0208 };

static void jp_switch(struct buf *out, enum jp_state *state, enum jp_state to)
{
	static const char *const escape[] = {"\x1b(B", "\x1b(J", "\x1b$B"};

	if (*state != to)
		buf_add(out, escape[to], 3);
	*state = to;
}

/* Returns the code point that has no encoding, or -1. */
static int64_t iso_2022_jp_put(struct buf *out, enum jp_state *state, uint32_t c)
{
	unsigned pointer;

	if (*state != JP_0208 && (c == 0x0e || c == 0x0f || c == 0x1b))
		return 0xfffd;
	if (c < 0x80) {
		if (*state == JP_0208 || (*state == JP_ROMAN && (c == 0x5c || c == 0x7e)))
			jp_switch(out, state, JP_ASCII);
		/* Restored after the switch, these are refused in ASCII too. */
		if (c == 0x0e || c == 0x0f || c == 0x1b)
			return 0xfffd;
		buf_add_ch(out, (int)c);
		return -1;
	}
	if (jp_single(c) >= 0) {
		jp_switch(out, state, JP_ROMAN);
		buf_add_ch(out, jp_single(c));
		return -1;
	}
	if (c == 0x2212)
		c = 0xff0d;
	if (c >= 0xff61 && c <= 0xff9f)
		c = charset_katakana[c - 0xff61];
	pointer = pointer_of(INDEX_JIS0208, c);
	if (pointer == NO_POINTER) {
		if (*state == JP_0208)
			jp_switch(out, state, JP_ASCII);
		return c;
	}
	jp_switch(out, state, JP_0208);
	put2(out, pointer / 94 + 0x21, pointer % 94 + 0x21);
	return -1;
}

static bool put(const struct charset *cs, struct buf *out, uint32_t c)
{
	switch ((enum charset_kind)cs->kind) {
	case CHARSET_SINGLE: return single_put(out, charset_single[cs->single], c);
	case CHARSET_GBK: return gb18030_put(out, c, true);
	case CHARSET_GB18030: return gb18030_put(out, c, false);
	case CHARSET_BIG5: return big5_put(out, c);
	case CHARSET_EUC_JP: return euc_jp_put(out, c);
	case CHARSET_SHIFT_JIS: return shift_jis_put(out, c);
	case CHARSET_EUC_KR: return euc_kr_put(out, c);
	case CHARSET_USER_DEFINED:
		if (c < 0xf780 || c > 0xf7ff)
			return false;
		buf_add_ch(out, (int)(c - 0xf700));
		return true;
	case CHARSET_UTF8:
	case CHARSET_UTF16BE:
	case CHARSET_UTF16LE:
	case CHARSET_REPLACEMENT:
	case CHARSET_ISO_2022_JP: break;
	}
	return false; /* those that encode as UTF-8 do not come here */
}

bool charset_encodes_utf8(const char *name)
{
	enum charset_kind kind = (enum charset_kind)charset_find(name)->kind;

	return kind == CHARSET_UTF8 || kind == CHARSET_UTF16BE || kind == CHARSET_UTF16LE ||
	       kind == CHARSET_REPLACEMENT;
}

void charset_encode(void *name, const char *utf8, size_t len, struct buf *out)
{
	const struct charset *cs = charset_find(name);
	const unsigned char *p = (const unsigned char *)utf8, *end = p + len;
	enum jp_state state = JP_ASCII;
	bool jp = cs->kind == CHARSET_ISO_2022_JP;

	if (charset_encodes_utf8(name)) {
		buf_add(out, utf8, len);
		return;
	}
	while (p < end) {
		int64_t missing = -1;
		uint32_t c = 0xfffd;
		size_t n = charset_utf8_get(p, (size_t)(end - p), &c);

		p += n ? n : 1;
		if (jp)
			missing = iso_2022_jp_put(out, &state, c);
		else if (c < 0x80)
			buf_add_ch(out, (int)c);
		else if (!put(cs, out, c))
			missing = c;
		if (missing >= 0)
			buf_addf(out, "%%26%%23%u%%3B", (unsigned)missing);
	}
	if (jp)
		jp_switch(out, &state, JP_ASCII);
}
