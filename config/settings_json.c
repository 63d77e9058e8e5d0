/* settings_json.c - the settings of a crawl inside its own database. */
#include "config/settings_table.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"

/* Invalid UTF-8 (a file name, say) cannot be JSON; it is stored by its bytes as Latin-1
 * rather than lost. */
static json_t *json_text(const char *text)
{
	json_t *j = json_string(text);
	struct buf b = BUF_INIT;

	if (!j) {
		for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
			if (*p < 0x80)
				buf_add_ch(&b, *p);
			else
				buf_addf(&b, "%c%c", 0xc0 | *p >> 6, 0x80 | (*p & 0x3f));
		}
		j = json_string(b.data);
		buf_release(&b);
	}
	return j;
}

/* A list without its secret items; *omitted is set if there were any. A seed stays, with
 * the password in it masked: which seeds a crawl had must be known. */
static json_t *list_json(const struct setting *o, const struct strlist *l, bool *omitted)
{
	json_t *a = json_array();
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < l->n; i++) {
		buf_reset(&b);
		if (!setting_mask(o, l->v[i], &b)) {
			json_array_append_new(a, json_text(l->v[i]));
			continue;
		}
		*omitted = true;
		if (!(o->flags & SETTING_SECRET))
			json_array_append_new(a, json_text(b.data));
	}
	buf_release(&b);
	return a;
}

static json_t *value_json(const struct setting *o, const struct settings *s, bool *omitted)
{
	struct buf b = BUF_INIT;
	json_t *j;

	if (o->type == SETTING_LIST)
		return list_json(o, SETTING_CFIELD(o, s, struct strlist), omitted);
	if (setting_is_unset(o, s))
		return json_null();
	if (o->type == SETTING_BOOL)
		return json_boolean(*SETTING_CFIELD(o, s, bool));
	setting_print(o, s, &b);
	if (o->word && !strcmp(b.data, o->word)) {
		j = json_string(b.data);
	} else if (o->type == SETTING_INT) {
		j = json_integer(*SETTING_CFIELD(o, s, int));
	} else if (o->type == SETTING_COUNT || o->type == SETTING_SIZE) {
		j = json_integer((json_int_t)*SETTING_CFIELD(o, s, uint64_t));
	} else if (o->type == SETTING_DURATION) {
		j = json_real(*SETTING_CFIELD(o, s, double));
	} else {
		struct buf masked = BUF_INIT;
		*omitted = (o->flags & SETTING_SECRET) && setting_mask(o, b.data, &masked);
		j = *omitted ? json_null() : json_text(b.data);
		buf_release(&masked);
	}
	buf_release(&b);
	return j;
}

char *settings_to_json(const struct settings *s)
{
	json_t *o = json_object(), *secrets = json_array();
	char key[64], *text;

	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *row = &settings_table[i];
		bool omitted = s->omitted >> i & 1;
		if (row->flags & SETTING_LOCAL)
			continue;
		json_object_set_new(o, setting_key(row, key), value_json(row, s, &omitted));
		if (omitted)
			json_array_append_new(secrets, json_string(key));
	}
	if (json_array_size(secrets))
		json_object_set(o, "omitted_secrets", secrets);
	text = json_dumps(o, JSON_COMPACT);
	if (!text)
		abort(); /* every string above is valid UTF-8 */
	json_decref(secrets);
	json_decref(o);
	return text;
}

/* One JSON scalar through the same door as flags and YAML. */
static int take_scalar(
	const struct setting *o, struct settings *s, const json_t *v, struct err *err)
{
	char number[64];

	switch (json_typeof(v)) {
	case JSON_NULL: setting_clear(o, s); return 0;
	case JSON_TRUE: return setting_parse(o, s, "yes", err);
	case JSON_FALSE: return setting_parse(o, s, "no", err);
	case JSON_STRING: return setting_parse(o, s, json_string_value(v), err);
	case JSON_INTEGER:
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(v));
		return setting_parse(o, s, number, err);
	case JSON_REAL:
		snprintf(number, sizeof(number), "%.12f", json_real_value(v));
		return setting_parse(o, s, number, err);
	default: return err_set(err, EXIT_STORAGE, "expected one value");
	}
}

static int take_value(const struct setting *o, struct settings *s, const json_t *v, struct err *err)
{
	const json_t *item;
	size_t i;

	if (o->type != SETTING_LIST)
		return take_scalar(o, s, v, err);
	if (!json_is_array(v))
		return err_set(err, EXIT_STORAGE, "expected a list");
	setting_clear(o, s);
	json_array_foreach(v, i, item)
	{
		if (!json_is_string(item))
			return err_set(err, EXIT_STORAGE, "expected texts");
		if (take_scalar(o, s, item, err) < 0)
			return -1;
	}
	return 0;
}

static void take_omitted(struct settings *s, const json_t *list)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		const char *name = json_string_value(item);
		const struct setting *o = name ? setting_find(name, strlen(name)) : NULL;
		if (o && !(s->set >> setting_index(o) & 1))
			s->omitted |= UINT64_C(1) << setting_index(o);
	}
}

int settings_from_json(struct settings *s, const char *json, struct err *err)
{
	struct settings stored;
	struct err why = {0};
	json_error_t syntax;
	json_t *o = json_loads(json, JSON_REJECT_DUPLICATES, &syntax);
	const char *key;
	json_t *v;
	int rc = -1;

	settings_init(&stored);
	if (!json_is_object(o)) {
		err_set(err, EXIT_STORAGE, "the stored settings are damaged: %s",
			o ? "not an object" : syntax.text);
		goto out;
	}
	json_object_foreach(o, key, v)
	{
		const struct setting *row = setting_find(key, strlen(key));
		if (!row || (row->flags & SETTING_LOCAL))
			continue; /* from another version */
		if (take_value(row, &stored, v, &why) < 0) {
			err_set(err, EXIT_STORAGE, "the stored settings are damaged: %s: %s",
				row->name, why.text);
			goto out;
		}
		stored.origin[setting_index(row)].source = SOURCE_STORED;
	}
	for (size_t i = 0; i < settings_count; i++) {
		if (stored.origin[i].source != SOURCE_STORED || (s->set >> i & 1))
			continue;
		setting_copy(&settings_table[i], s, &stored);
		s->origin[i] = stored.origin[i];
	}
	take_omitted(s, json_object_get(o, "omitted_secrets"));
	rc = 0;
out:
	json_decref(o);
	settings_release(&stored);
	return rc;
}
