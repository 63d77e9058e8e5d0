/* settings_yaml.c - the config file. */
#include "config/settings_table.h"

#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "config/text.h"
#include "config/yamlfile.h"

struct reader {
	struct yamlfile *y;
	struct settings *s;	 /* a fresh one: flags are laid over it at the end */
	const char *const *more; /* keys that are no settings, NULL-ended; or NULL */
	struct err *err;
};

/* Among the settings and what else may stand there. */
static const char *nearest_key(const struct reader *r, const char *name)
{
	const char *words[SETTINGS_MAX], *near = setting_nearest(name, true);
	size_t n = 0;

	if (near)
		words[n++] = near;
	for (size_t i = 0; r->more && r->more[i] && n < MEM_COUNT(words); i++)
		words[n++] = r->more[i];
	return text_nearest(name, words, n);
}

static int fail_unknown(struct reader *r, const struct yamlfile_item *key)
{
	struct buf name = BUF_INIT, shown = BUF_INIT;
	size_t len = strlen(key->text);
	const struct setting *flag = setting_find(key->text, len);
	const char *near;

	buf_add(&name, key->text, len);
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] == '-')
			name.data[i] = '_';
	near = nearest_key(r, name.data);
	text_terminal(&shown, key->text, len > 80 ? 80 : len);
	if (flag)
		yamlfile_fail(r->y, key, r->err,
			"`%s` can only be given on the command line, as --%s", shown.data,
			flag->name);
	else if (near)
		yamlfile_fail(r->y, key, r->err, "unknown key `%s`; did you mean `%s`?", shown.data,
			near);
	else if (!strcmp(name.data, "jobs") || !strcmp(name.data, "defaults"))
		yamlfile_fail(r->y, key, r->err,
			"`%s` belongs to a file of several crawls; `skitter batch FILE.yaml "
			"--dry-run` checks and shows those",
			shown.data);
	else
		yamlfile_fail(r->y, key, r->err,
			"unknown key `%s`; `skitter config example` shows all keys", shown.data);
	buf_release(&name);
	buf_release(&shown);
	return -1;
}

static int one_value(struct reader *r, const struct setting *o, const struct yamlfile_item *v)
{
	struct err why = {0};
	char key[64];

	if (v->kind == YAMLFILE_MAP)
		return yamlfile_fail(r->y, v, r->err,
			"%s: expected a value, found a map (`key: value`)%s", setting_key(o, key),
			o->type == SETTING_LIST ? "; quote a text that holds `: `" : "");
	if (v->kind != YAMLFILE_SCALAR)
		return yamlfile_fail(r->y, v, r->err, "%s: expected one value, found a list%s",
			setting_key(o, key), o->type == SETTING_LIST ? " inside the list" : "");
	if (v->null && o->type == SETTING_STRING)
		return yamlfile_fail(r->y, v, r->err, "%s: expected %s, found nothing",
			setting_key(o, key), o->arg);
	if (setting_parse(o, r->s, v->null ? "" : v->text, &why) < 0)
		return yamlfile_fail(r->y, v, r->err, "%s: %s", setting_key(o, key), why.text);
	return 0;
}

static int list_value(struct reader *r, const struct setting *o)
{
	struct yamlfile_item v;
	char key[64];

	for (;;) {
		if (yamlfile_next(r->y, &v, r->err) < 0)
			return -1;
		if (v.kind == YAMLFILE_LIST_END)
			return 0;
		if (o->type != SETTING_LIST)
			return yamlfile_fail(r->y, &v, r->err,
				"%s: expected one value, found a list", setting_key(o, key));
		if (one_value(r, o, &v) < 0)
			return -1;
	}
}

static int key_value(struct reader *r, const struct yamlfile_item *key)
{
	const struct setting *o;
	struct yamlfile_item v;
	struct setting_origin *at;
	unsigned line = key->line, column = key->column;

	if (key->kind != YAMLFILE_SCALAR)
		return yamlfile_fail(r->y, key, r->err, "expected a key such as `seeds:`");
	o = setting_find(key->text, strlen(key->text));
	if (!o || (o->flags & SETTING_NO_YAML))
		return fail_unknown(r, key);
	at = &r->s->origin[setting_index(o)];
	if (at->source == SOURCE_FILE)
		return yamlfile_fail(r->y, key, r->err, "`%s` was already set in line %u",
			key->text, (unsigned)at->line);
	if (yamlfile_next(r->y, &v, r->err) < 0)
		return -1;
	if (v.kind == YAMLFILE_LIST && o->type != SETTING_LIST) {
		char name[64];
		return yamlfile_fail(r->y, &v, r->err, "%s: expected one value, found a list",
			setting_key(o, name));
	}
	if ((v.kind == YAMLFILE_LIST ? list_value(r, o) : one_value(r, o, &v)) < 0)
		return -1;
	setting_mark(o, r->s, SOURCE_FILE, line, column);
	return 0;
}

int settings_yaml_key(struct settings *s, struct yamlfile *y, const struct yamlfile_item *key,
	const char *const *more, struct err *err)
{
	struct reader r = {.y = y, .s = s, .more = more, .err = err};

	return key_value(&r, key);
}

static int document(struct reader *r)
{
	struct yamlfile_item item;

	if (yamlfile_next(r->y, &item, r->err) < 0)
		return -1;
	if (item.kind == YAMLFILE_END || (item.kind == YAMLFILE_SCALAR && item.null))
		return 0;
	if (item.kind != YAMLFILE_MAP)
		return yamlfile_fail(r->y, &item, r->err,
			"expected keys and values such as `seeds: https://example.com/`");
	for (;;) {
		if (yamlfile_next(r->y, &item, r->err) < 0)
			return -1;
		if (item.kind == YAMLFILE_MAP_END)
			break;
		if (key_value(r, &item) < 0)
			return -1;
	}
	return yamlfile_next(r->y, &item, r->err); /* a second document is refused there */
}

int settings_load_yaml(struct settings *s, const char *path, struct err *err)
{
	struct settings file;
	struct reader r = {.s = &file, .err = err};
	int rc = -1;

	settings_init(&file);
	r.y = yamlfile_open(path, err);
	if (!r.y || document(&r) < 0)
		goto out;
	for (size_t i = 0; i < settings_count; i++) {
		if (file.origin[i].source != SOURCE_FILE || s->origin[i].source == SOURCE_FLAG)
			continue;
		setting_copy(&settings_table[i], s, &file);
		s->origin[i] = file.origin[i];
		s->set |= UINT64_C(1) << i;
	}
	if (!s->config)
		s->config = mem_strdup(path);
	rc = 0;
out:
	yamlfile_close(r.y);
	settings_release(&file);
	return rc;
}
