/* charset_tables.h - the data of the Encoding Standard; inside charset*.c only.
 *
 * In every index 0 stands for "no code point" (no index holds U+0000).
 */
#ifndef SKITTER_PAGE_CHARSET_TABLES_H
#define SKITTER_PAGE_CHARSET_TABLES_H

#include <stddef.h>
#include <stdint.h>

enum charset_kind {
	CHARSET_UTF8,
	CHARSET_SINGLE,
	CHARSET_GBK,
	CHARSET_GB18030,
	CHARSET_BIG5,
	CHARSET_EUC_JP,
	CHARSET_ISO_2022_JP,
	CHARSET_SHIFT_JIS,
	CHARSET_EUC_KR,
	CHARSET_REPLACEMENT,
	CHARSET_UTF16BE,
	CHARSET_UTF16LE,
	CHARSET_USER_DEFINED,
};

struct charset {
	const char *name;
	uint8_t kind;	/* enum charset_kind */
	uint8_t single; /* row of charset_single */
};

struct charset_label {
	const char *label; /* lower case */
	uint8_t charset;   /* index into charset_all */
};

struct charset_range {
	uint32_t pointer;
	uint32_t code;
};

#define CHARSET_COUNT	       40
#define CHARSET_LABELS	       228
#define CHARSET_SINGLES	       27
#define CHARSET_GB18030_RANGES 207
#define CHARSET_BIG5_SIZE      (126 * 157)
#define CHARSET_EUCKR_SIZE     (125 * 190)
#define CHARSET_GB18030_SIZE   (126 * 190)
#define CHARSET_JIS0208_SIZE   (120 * 94)
#define CHARSET_JIS0212_SIZE   (94 * 94)

extern const struct charset charset_all[CHARSET_COUNT + 1];
extern const struct charset_label charset_labels[CHARSET_LABELS];
extern const uint16_t charset_single[CHARSET_SINGLES][128];
extern const uint16_t charset_big5[CHARSET_BIG5_SIZE];
extern const uint8_t charset_big5_plane2[(CHARSET_BIG5_SIZE + 7) / 8];
extern const uint16_t charset_euckr[CHARSET_EUCKR_SIZE];
extern const uint16_t charset_gb18030[CHARSET_GB18030_SIZE];
extern const uint16_t charset_jis0208[CHARSET_JIS0208_SIZE];
extern const uint16_t charset_jis0212[CHARSET_JIS0212_SIZE];
extern const struct charset_range charset_gb18030_ranges[CHARSET_GB18030_RANGES];
extern const uint16_t charset_katakana[63]; /* U+FF61.. to full width */

/* The entry of a name (any string), or that of UTF-8. */
const struct charset *charset_find(const char *name);

#endif
