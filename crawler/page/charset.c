#include "crawler/page/charset.h"

#include <string.h>
#include <strings.h>

#include "crawler/page/charset_tables.h"

static bool is_space(unsigned char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static char lower(unsigned char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

const char *charset_name(size_t i)
{
	return i < CHARSET_COUNT ? charset_all[i].name : NULL;
}

const char *charset_by_label(const char *label, size_t len)
{
	char key[64];
	size_t lo = 0, hi = CHARSET_LABELS, i;

	while (len && is_space((unsigned char)label[0]))
		label++, len--;
	while (len && is_space((unsigned char)label[len - 1]))
		len--;
	if (len == 0 || len >= sizeof(key))
		return NULL;
	for (i = 0; i < len; i++) {
		if (!label[i])
			return NULL;
		key[i] = lower((unsigned char)label[i]);
	}
	key[len] = 0;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int cmp = strcmp(key, charset_labels[mid].label);

		if (cmp == 0)
			return charset_all[charset_labels[mid].charset].name;
		if (cmp < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

const struct charset *charset_find(const char *name)
{
	size_t i;

	for (i = 0; i < CHARSET_COUNT; i++)
		if (charset_all[i].name == name)
			return &charset_all[i];
	for (i = 0; name && i < CHARSET_COUNT; i++)
		if (!strcasecmp(charset_all[i].name, name))
			return &charset_all[i];
	return &charset_all[0];
}

const char *charset_bom(const void *body, size_t len, size_t *bom_len)
{
	const unsigned char *p = body;

	*bom_len = 2;
	if (len >= 3 && p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf) {
		*bom_len = 3;
		return charset_find("UTF-8")->name;
	}
	if (len >= 2 && p[0] == 0xfe && p[1] == 0xff)
		return charset_find("UTF-16BE")->name;
	if (len >= 2 && p[0] == 0xff && p[1] == 0xfe)
		return charset_find("UTF-16LE")->name;
	*bom_len = 0;
	return NULL;
}

/* Skips one parameter of a Content-Type value: p is after a ';'. On return *name..*value
 * are its slices. */
static const char *parameter(
	const char *p, const char **name, size_t *name_len, const char **value, size_t *value_len)
{
	while (is_space((unsigned char)*p))
		p++;
	*name = p;
	while (*p && *p != ';' && *p != '=')
		p++;
	*name_len = (size_t)(p - *name);
	*value = p;
	*value_len = 0;
	if (*p != '=')
		return p;
	p++;
	if (*p == '"') {
		*value = ++p;
		while (*p && *p != '"')
			p += p[0] == '\\' && p[1] ? 2 : 1;
		*value_len = (size_t)(p - *value);
		while (*p && *p != ';')
			p++;
		return p;
	}
	*value = p;
	while (*p && *p != ';')
		p++;
	*value_len = (size_t)(p - *value);
	while (*value_len && is_space((unsigned char)(*value)[*value_len - 1]))
		--*value_len;
	return p;
}

const char *charset_parameter(const char *content_type, size_t *len)
{
	const char *p = content_type ? strchr(content_type, ';') : NULL;

	while (p && *p == ';') {
		const char *name, *value;
		size_t name_len, value_len;

		p = parameter(p + 1, &name, &name_len, &value, &value_len);
		if (name_len == 7 && !strncasecmp(name, "charset", 7) && value_len) {
			/* Servers also write charset='utf-8' */
			if (value_len > 2 && *value == '\'' && value[value_len - 1] == '\'')
				value++, value_len -= 2;
			*len = value_len;
			return value;
		}
	}
	*len = 0;
	return NULL;
}

/* A label longer than this is not one. */
#define MAX_LABEL 63

const char *charset_sniff(
	const char *content_type_charset, const void *body, size_t len, enum charset_why *why)
{
	enum charset_why dummy;
	size_t bom_len;
	const char *name;

	if (!why)
		why = &dummy;
	*why = CHARSET_BY_BOM;
	if ((name = charset_bom(body, len, &bom_len)))
		return name;
	*why = CHARSET_BY_HEADER;
	if (content_type_charset && (name = charset_by_label(content_type_charset,
					     strnlen(content_type_charset, MAX_LABEL + 1))))
		return name;
	*why = CHARSET_BY_META;
	if ((name = charset_prescan(body, len < CHARSET_PRESCAN ? len : CHARSET_PRESCAN)))
		return name;
	*why = CHARSET_BY_DEFAULT;
	return charset_find("windows-1252")->name;
}
