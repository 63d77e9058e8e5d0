#include "crawler/page/html_charref.h"

#include <stdint.h>
#include <string.h>

#include "config/mem.h"
#include "crawler/page/html_entities.inc"
#include "crawler/page/html_names.h"

static bool is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

static bool is_alnum(char c)
{
	return is_digit(c) || (unsigned char)((c | 0x20) - 'a') < 26;
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void put_utf8(struct charref *out, uint32_t c)
{
	char *w = out->text;

	if (c < 0x80) {
		*w++ = (char)c;
	} else if (c < 0x800) {
		*w++ = (char)(0xc0 | c >> 6);
		*w++ = (char)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		*w++ = (char)(0xe0 | c >> 12);
		*w++ = (char)(0x80 | (c >> 6 & 63));
		*w++ = (char)(0x80 | (c & 63));
	} else {
		*w++ = (char)(0xf0 | c >> 18);
		*w++ = (char)(0x80 | (c >> 12 & 63));
		*w++ = (char)(0x80 | (c >> 6 & 63));
		*w++ = (char)(0x80 | (c & 63));
	}
	out->len = (size_t)(w - out->text);
}

/* "Numeric character reference end state": what a number stands for. */
static uint32_t code_point(uint32_t n)
{
	static const uint16_t c1[32] = {0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021,
		0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f, 0x90, 0x2018, 0x2019,
		0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d,
		0x17e, 0x178};

	if (n == 0 || n > 0x10ffff || (n >= 0xd800 && n <= 0xdfff))
		return 0xfffd;
	if (n >= 0x80 && n < 0xa0)
		return c1[n - 0x80];
	return n;
}

static size_t read_number(const char *p, const char *end, bool final, struct charref *out)
{
	const char *s = p + 2;
	unsigned base = 10;
	uint32_t n = 0;
	const char *first;

	if (s < end && (*s == 'x' || *s == 'X')) {
		base = 16;
		s++;
	}
	for (first = s; s < end; s++) {
		int d = base == 16 ? hex_value(*s) : is_digit(*s) ? *s - '0' : -1;
		if (d < 0)
			break;
		if (n <= 0x10ffff)
			n = n * base + (unsigned)d;
	}
	if (s == end && !final)
		return CHARREF_CUT;
	if (s == first)
		return 0;
	put_utf8(out, code_point(n));
	if (s < end && *s == ';')
		s++;
	return (size_t)(s - p);
}

static const struct entity *find(const char *name, size_t len)
{
	char few[8] = {0};
	uint16_t slot;

	memcpy(few, name, len < 8 ? len : 8);
	for (unsigned at = entity_hash(le64_load(few), len); (slot = entity_slots[at]) != 0;
		at = (at + 1) % MEM_COUNT(entity_slots)) {
		const struct entity *e = &entities[slot - 1];

		if (e->name_len == len && memcmp(name, &entity_names[0][0] + e->name, len) == 0)
			return e;
	}
	return NULL;
}

static size_t put_entity(struct charref *out, const struct entity *e, size_t taken)
{
	memcpy(out->text, &entity_values[0][0] + e->value, e->value_len);
	out->len = e->value_len;
	return taken;
}

static size_t read_name(
	const char *p, const char *end, bool final, bool in_attribute, struct charref *out)
{
	const char *name = p + 1;
	size_t most = (size_t)(end - name), run = 0;
	const struct entity *e;

	if (most > ENTITY_MAX_NAME + 1)
		most = ENTITY_MAX_NAME + 1;
	while (run < most && is_alnum(name[run]))
		run++;
	if (run && name + run < end && name[run] == ';') {
		e = find(name, run);
		if (e)
			return put_entity(out, e, run + 2);
	} else if (name + run == end && run <= ENTITY_MAX_NAME && !final) {
		return CHARREF_CUT;
	}
	/* No name ends in a semicolon here, so only those that may do without can match. */
	for (size_t n = run < ENTITY_MAX_BARE ? run : ENTITY_MAX_BARE; n >= 2; n--) {
		e = find(name, n);
		if (!e || !e->bare)
			continue;
		if (in_attribute && name + n < end && (name[n] == '=' || is_alnum(name[n])))
			return 0;
		return put_entity(out, e, n + 1);
	}
	return 0;
}

/* The names that nearly all references have, by the bytes behind the '&'. */
static size_t read_common(uint64_t bytes, struct charref *out)
{
#define IS(len, name) ((bytes ^ (name)) << (64 - 8 * (len)) == 0)
	size_t n;

	if (IS(3, 0x3b746cu)) /* lt; */
		*out->text = '<', n = 3;
	else if (IS(3, 0x3b7467u)) /* gt; */
		*out->text = '>', n = 3;
	else if (IS(4, 0x3b706d61u)) /* amp; */
		*out->text = '&', n = 4;
	else if (IS(5, 0x3b746f7571u)) /* quot; */
		*out->text = '"', n = 5;
	else if (IS(5, 0x3b7073626eu)) /* nbsp; */
		return put_utf8(out, 0xa0), 6;
	else
		return 0;
#undef IS
	out->len = 1;
	return n + 1;
}

size_t charref_read(
	const char *p, const char *end, bool final, bool in_attribute, struct charref *out)
{
	size_t n;

	if (end - p > 8) {
		n = read_common(le64_load(p + 1), out);
		if (n)
			return n;
	}
	if (end - p < 2)
		return final ? 0 : CHARREF_CUT;
	if (p[1] == '#')
		return read_number(p, end, final, out);
	if (!is_alnum(p[1]))
		return 0;
	return read_name(p, end, final, in_attribute, out);
}
