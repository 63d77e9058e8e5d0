#include "config/settings_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "config/text.h"

const char *scope_name(enum scope scope)
{
	return setting_find("scope", 5)->words[scope];
}

const struct setting *setting_find(const char *name, size_t len)
{
	for (size_t i = 0; i < settings_count; i++) {
		const char *n = settings_table[i].name;
		size_t k = 0;
		while (k < len && n[k] && (name[k] == n[k] || (name[k] == '_' && n[k] == '-')))
			k++;
		if (k == len && !n[k])
			return &settings_table[i];
	}
	return NULL;
}

const char *setting_key(const struct setting *o, char out[64])
{
	size_t i = 0;

	for (; o->name[i] && i < 63; i++)
		out[i] = (char)(o->name[i] == '-' ? '_' : o->name[i]);
	out[i] = 0;
	return out;
}

const char *setting_nearest(const char *name, bool yaml)
{
	static char keys[SETTINGS_MAX][64];
	const char *words[SETTINGS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *o = &settings_table[i];
		if (o->flags & (yaml ? SETTING_NO_YAML : SETTING_NO_FLAG))
			continue;
		words[n++] = yaml ? setting_key(o, keys[i]) : o->name;
	}
	return text_nearest(name, words, n);
}

size_t setting_index(const struct setting *o)
{
	return (size_t)(o - settings_table);
}

void setting_mark(const struct setting *o, struct settings *s, enum setting_source source,
	unsigned line, unsigned column)
{
	struct setting_origin *at = &s->origin[setting_index(o)];

	at->source = (uint8_t)source;
	at->line = line;
	at->column = column;
	if (source >= SOURCE_FILE)
		s->set |= UINT64_C(1) << setting_index(o);
}

void setting_clear(const struct setting *o, struct settings *s)
{
	if (o->type == SETTING_STRING) {
		free(*SETTING_FIELD(o, s, char *));
		*SETTING_FIELD(o, s, char *) = NULL;
	} else if (o->type == SETTING_LIST) {
		strlist_clear(SETTING_FIELD(o, s, struct strlist));
	}
}

bool setting_is_unset(const struct setting *o, const struct settings *s)
{
	return (o->type == SETTING_STRING && !*SETTING_CFIELD(o, s, char *)) ||
	       (o->type == SETTING_LIST && !SETTING_CFIELD(o, s, struct strlist)->n);
}

static size_t field_size(enum setting_type type)
{
	switch (type) {
	case SETTING_BOOL: return sizeof(bool);
	case SETTING_INT: return sizeof(int);
	case SETTING_ENUM: return sizeof(enum scope);
	case SETTING_COUNT:
	case SETTING_SIZE: return sizeof(uint64_t);
	default: return sizeof(double);
	}
}

void setting_copy(const struct setting *o, struct settings *dst, const struct settings *src)
{
	setting_clear(o, dst);
	if (o->type == SETTING_STRING) {
		*SETTING_FIELD(o, dst, char *) = mem_strdup(*SETTING_CFIELD(o, src, char *));
	} else if (o->type == SETTING_LIST) {
		const struct strlist *l = SETTING_CFIELD(o, src, struct strlist);
		for (size_t i = 0; i < l->n; i++)
			strlist_add(SETTING_FIELD(o, dst, struct strlist), l->v[i]);
	} else {
		memcpy((char *)dst + o->offset, (const char *)src + o->offset, field_size(o->type));
	}
}

void settings_init(struct settings *s)
{
	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *o = &settings_table[i];
		struct err err = {0};
		int bad = o->def ? setting_parse(o, s, o->def, &err) : 0;
		assert(!bad && "a default must pass its own check");
		(void)bad;
	}
}

void settings_release(struct settings *s)
{
	for (size_t i = 0; i < settings_count; i++)
		setting_clear(&settings_table[i], s);
	memset(s, 0, sizeof(*s));
}

bool settings_given(const struct settings *s, const char *name)
{
	const struct setting *o = setting_find(name, strlen(name));

	assert(o && "no such setting");
	return s->set >> setting_index(o) & 1;
}

int settings_per_ip(const struct settings *s)
{
	bool more = settings_given(s, "per-host") && !settings_given(s, "per-ip");

	return more && s->per_host > s->per_ip ? s->per_host : s->per_ip;
}

int settings_override(struct settings *base, const struct settings *given)
{
	int n = 0;

	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *o = &settings_table[i];
		if (!(given->set >> i & 1) || !(o->flags & SETTING_RESUME))
			continue;
		setting_copy(o, base, given);
		base->origin[i] = given->origin[i];
		base->set |= UINT64_C(1) << i;
		base->omitted &= ~(UINT64_C(1) << i);
		n++;
	}
	return n;
}

char *settings_agent(const struct settings *s)
{
	struct buf b = BUF_INIT;

	buf_add_str(&b, s->user_agent ? s->user_agent : "skitter/" SKITTER_VERSION);
	if (s->contact)
		buf_addf(&b, " (+%s)", s->contact);
	return buf_take(&b);
}

void strlist_add(struct strlist *l, const char *s)
{
	if (!(l->n & (l->n - 1))) /* full at every power of two */
		l->v = mem_realloc(l->v, (l->n ? 2 * l->n : 1) * sizeof(*l->v));
	l->v[l->n++] = mem_strdup(s);
}

void strlist_clear(struct strlist *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	l->v = NULL;
	l->n = 0;
}
