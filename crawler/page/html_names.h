/* html_names.h - tag and attribute names the HTML reader knows, and what they mean.
 *
 * Written by tests/tools/html_names.py; change that.
 */
#ifndef SKITTER_PAGE_HTML_NAMES_H
#define SKITTER_PAGE_HTML_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "config/le64.h"

/* clang-format off */
enum html_tag_id {
	TAG_NONE,
	TAG_A,
	TAG_ADDRESS,
	TAG_ANNOTATION_XML,
	TAG_APPLET,
	TAG_AREA,
	TAG_ARTICLE,
	TAG_ASIDE,
	TAG_AUDIO,
	TAG_B,
	TAG_BASE,
	TAG_BASEFONT,
	TAG_BGSOUND,
	TAG_BIG,
	TAG_BLOCKQUOTE,
	TAG_BODY,
	TAG_BR,
	TAG_BUTTON,
	TAG_CAPTION,
	TAG_CENTER,
	TAG_CODE,
	TAG_COL,
	TAG_COLGROUP,
	TAG_DD,
	TAG_DEL,
	TAG_DESC,
	TAG_DETAILS,
	TAG_DIALOG,
	TAG_DIR,
	TAG_DIV,
	TAG_DL,
	TAG_DT,
	TAG_EM,
	TAG_EMBED,
	TAG_FEIMAGE,
	TAG_FIELDSET,
	TAG_FIGCAPTION,
	TAG_FIGURE,
	TAG_FONT,
	TAG_FOOTER,
	TAG_FOREIGNOBJECT,
	TAG_FORM,
	TAG_FRAME,
	TAG_FRAMESET,
	TAG_H1,
	TAG_H2,
	TAG_H3,
	TAG_H4,
	TAG_H5,
	TAG_H6,
	TAG_HEAD,
	TAG_HEADER,
	TAG_HGROUP,
	TAG_HR,
	TAG_HTML,
	TAG_I,
	TAG_IFRAME,
	TAG_IMAGE,
	TAG_IMG,
	TAG_INPUT,
	TAG_INS,
	TAG_KEYGEN,
	TAG_LI,
	TAG_LINK,
	TAG_LISTING,
	TAG_MAIN,
	TAG_MALIGNMARK,
	TAG_MARQUEE,
	TAG_MATH,
	TAG_MENU,
	TAG_META,
	TAG_MGLYPH,
	TAG_MI,
	TAG_MN,
	TAG_MO,
	TAG_MS,
	TAG_MTEXT,
	TAG_NAV,
	TAG_NOBR,
	TAG_NOEMBED,
	TAG_NOFRAMES,
	TAG_NOSCRIPT,
	TAG_OBJECT,
	TAG_OL,
	TAG_OPTGROUP,
	TAG_OPTION,
	TAG_P,
	TAG_PARAM,
	TAG_PLAINTEXT,
	TAG_PRE,
	TAG_Q,
	TAG_RB,
	TAG_RP,
	TAG_RT,
	TAG_RTC,
	TAG_RUBY,
	TAG_S,
	TAG_SCRIPT,
	TAG_SEARCH,
	TAG_SECTION,
	TAG_SELECT,
	TAG_SMALL,
	TAG_SOURCE,
	TAG_SPAN,
	TAG_STRIKE,
	TAG_STRONG,
	TAG_STYLE,
	TAG_SUB,
	TAG_SUMMARY,
	TAG_SUP,
	TAG_SVG,
	TAG_TABLE,
	TAG_TBODY,
	TAG_TD,
	TAG_TEMPLATE,
	TAG_TEXTAREA,
	TAG_TFOOT,
	TAG_TH,
	TAG_THEAD,
	TAG_TITLE,
	TAG_TR,
	TAG_TRACK,
	TAG_TT,
	TAG_U,
	TAG_UL,
	TAG_USE,
	TAG_VAR,
	TAG_VIDEO,
	TAG_WBR,
	TAG_XMP,
	TAG_COUNT
};

enum html_attr_id {
	HTML_ATTR_NONE,
	HTML_ATTR_HREF,
	HTML_ATTR_SRC,
	HTML_ATTR_SRCSET,
	HTML_ATTR_IMAGESRCSET,
	HTML_ATTR_LONGDESC,
	HTML_ATTR_POSTER,
	HTML_ATTR_DATA,
	HTML_ATTR_ACTION,
	HTML_ATTR_FORMACTION,
	HTML_ATTR_BACKGROUND,
	HTML_ATTR_CITE,
	HTML_ATTR_XLINK_HREF,
	HTML_ATTR_CONTENT,
	HTML_ATTR_HTTP_EQUIV,
	HTML_ATTR_NAME,
	HTML_ATTR_REL,
	HTML_ATTR_LANG,
	HTML_ATTR_ALT,
	HTML_ATTR_HREFLANG,
	HTML_ATTR_TYPE,
	HTML_ATTR_COLOR,
	HTML_ATTR_FACE,
	HTML_ATTR_SIZE,
	HTML_ATTR_ENCODING,
	HTML_ATTR_STYLE,
	HTML_ATTR_INTEGRITY,
	HTML_ATTR_CROSSORIGIN,
};

/* What a start tag does in the insertion mode "in body". */
enum html_start {
	START_BLOCK,
	START_HEADING,
	START_PRE,
	START_FORM,
	START_LI,
	START_DD,
	START_PLAINTEXT,
	START_BUTTON,
	START_A,
	START_FORMATTING,
	START_NOBR,
	START_ORDINARY,
	START_TABLE,
	START_VOID,
	START_INPUT,
	START_PARAM,
	START_HR,
	START_IMAGE,
	START_TEXTAREA,
	START_XMP,
	START_IFRAME,
	START_RAWTEXT,
	START_SELECT,
	START_OPTION,
	START_OPTGROUP,
	START_RB,
	START_RP,
	START_MATH,
	START_SVG,
	START_IGNORE,
	START_HTML,
	START_BODY,
	START_FRAMESET,
	START_HEAD,
};

/* The same for an end tag. */
enum html_end {
	END_BLOCK,
	END_P,
	END_HEADING,
	END_FORM,
	END_LI,
	END_DD,
	END_ANY,
	END_A,
	END_FORMATTING,
	END_BR,
	END_IGNORE,
	END_IGNORE_HEAD,
	END_HTML,
	END_BODY,
	END_TEMPLATE,
};

/* What html_quick.c does with a start tag in body. */
enum html_quick_start {
	QUICK_NO,
	QUICK_BLOCK,
	QUICK_HEADING,
	QUICK_ITEM,
	QUICK_INLINE,
	QUICK_FORMAT,
	QUICK_VOID,
	QUICK_A,
	QUICK_LINKED,
};

enum html_tag_flags {
	TAGF_SPECIAL = 1 << 0, /* the special category */
	TAGF_SCOPE = 1 << 1, /* bounds "has an element in scope" */
	TAGF_BREAK = 1 << 2, /* starts and ends a line of text */
	TAGF_BREAKOUT = 1 << 3, /* leaves foreign content */
	TAGF_IMPLIED = 1 << 4, /* its end tag is implied */
	TAGF_NOTIFY = 1 << 5, /* its end means something to the facts */
	TAGF_NOTOK = 1 << 6, /* sets frameset-ok to "not ok" */
	TAGF_LINK = 1 << 7, /* may carry a URL */
	TAGF_HIDE = 1 << 8, /* its text is not main text */
	TAGF_MARKER = 1 << 9, /* no formatting element reaches in from outside */
	TAGF_FORMAT = 1 << 10, /* a formatting element */
	TAGF_ITEM = 1 << 11, /* bounds the search for an open li, dd or dt */
	TAGF_POPS = 1 << 12, /* its end tag in body only closes it, when it is the current node */
};

struct html_tag_info {
	uint64_t key;
	/* The bytes behind the "</" of its end tag, as it is usually written: of 8 that were read, what
	 * differs is nothing when it is shifted left by that. */
	uint64_t closing;
	const char *name;
	uint16_t flags; /* enum html_tag_flags */
	uint8_t closing_shift;
	uint8_t len;
	uint8_t start; /* enum html_start */
	uint8_t end;   /* enum html_end */
	uint8_t quick; /* enum html_quick_start */
};

extern const struct html_tag_info html_tags[TAG_COUNT];

struct html_attr_info {
	uint64_t key;
	const char *name;
	size_t len;
};

extern const struct html_attr_info html_attrs[];

/* Hash tables without collisions: multiply, shift, compare. */
extern const uint8_t html_tag_slots[1024];
extern const uint8_t html_attr_slots[128];

/* The bytes of a name of so many, at most 8. */
extern const uint64_t html_name_bytes[9];

/* Each byte in lower case. */
static inline uint64_t html_lower8(uint64_t x)
{
	uint64_t low7 = x & 0x7f7f7f7f7f7f7f7fu;
	uint64_t ge_a = low7 + 0x3f3f3f3f3f3f3f3fu, gt_z = low7 + 0x2525252525252525u;

	return x | ((ge_a ^ gt_z) & ~x & 0x8080808080808080u) >> 2;
}

/* The name itself up to 8 bytes, a hash of longer ones; the same in any case. `room` bytes
 * may be read from `name` on, at least len. */
static inline uint64_t html_name_key(const char *name, size_t len, size_t room)
{
	char few[8] = {0};

	if (len > 8)
		return html_lower8(le64_load(name)) ^
		       html_lower8(le64_load(name + len - 8)) * 0x9e3779b97f4a7c15u;
	if (room >= 8)
		return html_lower8(le64_load(name) & html_name_bytes[len]);
	memcpy(few, name, len);
	return html_lower8(le64_load(few));
}

/* The id of a name of that key and length; `name` in any case. 0 = unknown. */
static inline unsigned html_tag_find(uint64_t key, const char *name, size_t len)
{
	unsigned id = html_tag_slots[key * 0x90b20bb257e8455u >> 54];

	if (html_tags[id].key != key || html_tags[id].len != len)
		return 0;
	return len <= 8 || strncasecmp(html_tags[id].name, name, len) == 0 ? id : 0;
}

static inline unsigned html_attr_find(uint64_t key, const char *name, size_t len)
{
	unsigned id = html_attr_slots[key * 0x63ca828dd5f4b3b3u >> 57];

	id = ((html_attrs[id].key == key) & (html_attrs[id].len == len)) ? id : 0;
	return len <= 8 || strncasecmp(html_attrs[id].name, name, len) == 0 ? id : 0;
}

/* The same for a name of at most 8 bytes without control characters, when the 8 from its first on
 * can be read. Setting bit 5 makes letters small, and changes no digit or dash. */
static inline bool html_tag_is_short(uint64_t bytes, size_t len, unsigned *id)
{
	uint64_t key = (bytes | 0x2020202020202020u) & html_name_bytes[len];

	*id = html_tag_slots[key * 0x90b20bb257e8455u >> 54];
	return html_tags[*id].key == key;
}

static inline unsigned html_tag_find_short(uint64_t bytes, size_t len)
{
	unsigned id;

	return html_tag_is_short(bytes, len, &id) ? id : 0;
}

static inline unsigned html_attr_find_short(uint64_t bytes, size_t len)
{
	uint64_t key = (bytes | 0x2020202020202020u) & html_name_bytes[len];
	unsigned id = html_attr_slots[key * 0x63ca828dd5f4b3b3u >> 57];

	return html_attrs[id].key == key ? id : 0;
}
/* clang-format on */

#endif
