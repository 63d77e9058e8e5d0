#include "config/batch.h"

#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "config/settings_table.h"
#include "config/text.h"
#include "config/yamlfile.h"

#define DATES "YmdHMSyjGVuFs" /* of strftime: no blanks, no slashes, no words of a language */

static const char *const job_keys[] = {
	"seeds_file", "exports", "report", "on_success", "on_failure", NULL};
static const char *const export_keys[] = {"format", "file", "where"};

struct reader {
	struct batch *b;
	struct yamlfile *y;
	struct err *err;
	struct batch_job defaults;
	bool has_defaults, has_jobs;
};

/* ---- patterns ------------------------------------------------------------------------------ */

int batch_check_pattern(const char *p, struct err *err)
{
	for (; *p; p++) {
		size_t len = strcspn(p, "}");
		if (*p == '%' && p[1] != '%' && (!p[1] || !strchr(DATES, p[1]))) {
			struct buf shown = BUF_INIT;
			text_terminal(&shown, p, p[1] ? 2 : 1);
			err_set(err, EXIT_USAGE,
				"expected a date such as %%Y-%%m-%%d or %%H%%M%%S (%%%% is a %%), "
				"found `%s`",
				shown.data);
			buf_release(&shown);
			return -1;
		}
		if (*p == '%')
			p++;
		else if (*p == '{' && p[len] && len < 40 && strncmp(p, "{job}", 5) != 0) {
			struct buf shown = BUF_INIT;
			text_terminal(&shown, p, len + 1);
			err_set(err, EXIT_USAGE,
				"expected {job}, or a date such as %%Y-%%m-%%d; found `%s`",
				shown.data);
			buf_release(&shown);
			return -1;
		}
	}
	return 0;
}

int batch_has_date(const char *p)
{
	for (; *p; p++) {
		if (*p == '%' && p[1] != '%')
			return 1;
		if (*p == '%')
			p++;
	}
	return 0;
}

void batch_expand(struct buf *out, const char *p, const char *job, const struct tm *when)
{
	for (; *p; p++) {
		if (*p == '%' && p[1]) {
			char format[3] = {'%', *++p, 0}, text[64];
			size_t n = strftime(text, sizeof(text), format, when);
			buf_add(out, text, n);
		} else if (!strncmp(p, "{job}", 5)) {
			buf_add_str(out, job);
			p += 4;
		} else {
			buf_add_ch(out, *p);
		}
	}
}

/* ---- sentences ----------------------------------------------------------------------------- */

int batch_fail(const struct batch *b, const struct batch_job *job, struct batch_at at,
	struct err *err, const char *fmt, ...)
{
	struct buf text = BUF_INIT, where = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	if (at.line)
		buf_addf(&where, ":%u:%u", at.line, at.column);
	err_set(err, EXIT_USAGE, "%s%s: job %s: %s", b->file, where.data, job->name, text.data);
	buf_release(&where);
	buf_release(&text);
	return -1;
}

struct batch_at batch_setting_at(const struct batch_job *job, const char *name)
{
	const struct setting *o = setting_find(name, strlen(name));
	const struct setting_origin *at = &job->set.origin[setting_index(o)];

	if (at->source != SOURCE_FILE)
		return job->at;
	return (struct batch_at){at->line, at->column};
}

static struct batch_at place(const struct yamlfile_item *item)
{
	return (struct batch_at){item->line, item->column};
}

static int fail_twice(struct reader *r, const struct yamlfile_item *key, struct batch_at at)
{
	return yamlfile_fail(
		r->y, key, r->err, "`%s` was already set in line %u", key->text, at.line);
}

/* An unknown word and the nearest of those that would do. */
static int fail_word(struct reader *r, const struct yamlfile_item *key, const char *what,
	const char *const *words, size_t n)
{
	const char *near = text_nearest(key->text, words, n);
	struct buf shown = BUF_INIT, all = BUF_INIT;
	size_t len = strlen(key->text);

	text_terminal(&shown, key->text, len > 80 ? 80 : len);
	for (size_t i = 0; i < n; i++)
		buf_addf(&all, "%s`%s`", !i ? "" : i + 1 < n ? ", " : " or ", words[i]);
	if (near)
		yamlfile_fail(r->y, key, r->err, "unknown %s `%s`; did you mean `%s`?", what,
			shown.data, near);
	else
		yamlfile_fail(r->y, key, r->err, "unknown %s `%s`; expected %s", what, shown.data,
			all.data);
	buf_release(&all);
	buf_release(&shown);
	return -1;
}

/* ---- values -------------------------------------------------------------------------------- */

/* The text of a key that takes one. */
static int read_text(struct reader *r, const char *key, char **out, struct batch_at *at)
{
	struct yamlfile_item v;

	if (yamlfile_next(r->y, &v, r->err) < 0)
		return -1;
	if (v.kind != YAMLFILE_SCALAR)
		return yamlfile_fail(r->y, &v, r->err, "%s: expected one text, found a %s%s", key,
			v.kind == YAMLFILE_LIST ? "list" : "map (`key: value`)",
			v.kind == YAMLFILE_MAP ? "; quote a text that holds `: `" : "");
	if (v.null || !*v.text)
		return yamlfile_fail(r->y, &v, r->err, "%s: expected a text, found nothing", key);
	free(*out);
	*out = mem_strdup(v.text);
	*at = place(&v);
	return 0;
}

static int read_pattern(struct reader *r, const char *key, char **out, struct batch_at *at)
{
	struct err why = {0};
	struct yamlfile_item item = {0};

	if (read_text(r, key, out, at) < 0)
		return -1;
	item.line = at->line;
	item.column = at->column;
	if (batch_check_pattern(*out, &why) < 0)
		return yamlfile_fail(r->y, &item, r->err, "%s: %s", key, why.text);
	return 0;
}

static int export_key(struct reader *r, struct batch_export *e, const struct yamlfile_item *key)
{
	char **slots[] = {&e->format, &e->file, &e->where};
	struct batch_at unused, *at[] = {&e->format_at, &e->file_at, &unused};
	size_t i = 0;

	if (key->kind != YAMLFILE_SCALAR)
		return yamlfile_fail(r->y, key, r->err, "expected a key such as `format:`");
	while (i < MEM_COUNT(export_keys) && strcmp(key->text, export_keys[i]) != 0)
		i++;
	if (i == MEM_COUNT(export_keys))
		return fail_word(r, key, "key of an export", export_keys, MEM_COUNT(export_keys));
	if (*slots[i])
		return yamlfile_fail(r->y, key, r->err, "`%s` was already set", export_keys[i]);
	return (i == 1 ? read_pattern : read_text)(r, export_keys[i], slots[i], at[i]);
}

static int one_export(struct reader *r, struct batch_job *job, const struct yamlfile_item *start)
{
	struct batch_export *e;
	struct yamlfile_item item, first = *start;

	if (start->kind != YAMLFILE_MAP)
		return yamlfile_fail(
			r->y, start, r->err, "exports: expected {format: csv, file: pages.csv}");
	job->exports = mem_realloc(job->exports, (job->nexports + 1) * sizeof(*job->exports));
	e = &job->exports[job->nexports++];
	*e = (struct batch_export){.at = place(start)};
	for (;;) {
		if (yamlfile_next(r->y, &item, r->err) < 0)
			return -1;
		if (item.kind == YAMLFILE_MAP_END)
			break;
		if (export_key(r, e, &item) < 0)
			return -1;
	}
	if (!e->format || !e->file)
		return yamlfile_fail(r->y, &first, r->err,
			"exports: `%s` is missing: {format: csv, file: pages.csv}",
			e->format ? "file" : "format");
	return 0;
}

static int read_exports(struct reader *r, struct batch_job *job)
{
	struct yamlfile_item item;

	if (yamlfile_next(r->y, &item, r->err) < 0)
		return -1;
	if (item.kind == YAMLFILE_MAP) /* one, without a list around it */
		return one_export(r, job, &item);
	if (item.kind != YAMLFILE_LIST)
		return yamlfile_fail(r->y, &item, r->err,
			"exports: expected a list of {format: csv, file: pages.csv}");
	for (;;) {
		if (yamlfile_next(r->y, &item, r->err) < 0)
			return -1;
		if (item.kind == YAMLFILE_LIST_END)
			return 0;
		if (one_export(r, job, &item) < 0)
			return -1;
	}
}

/* ---- a job --------------------------------------------------------------------------------- */

/* The value goes through the table's own row of input_file. */
static int seeds_file(struct reader *r, struct batch_job *job, const struct yamlfile_item *key)
{
	struct yamlfile_item as = *key;
	char word[] = "input_file";

	as.text = word;
	return settings_yaml_key(&job->set, r->y, &as, job_keys, r->err);
}

static int setting_key_of(struct reader *r, struct batch_job *job, const struct yamlfile_item *key)
{
	const struct setting *o = setting_find(key->text, strlen(key->text));
	struct yamlfile_item where = {0};
	struct err why = {0};
	struct batch_at at;
	bool output = o && !strcmp(o->name, "output");

	if (settings_yaml_key(&job->set, r->y, key, job_keys, r->err) < 0)
		return -1;
	if (!output || !job->set.output || batch_check_pattern(job->set.output, &why) == 0)
		return 0;
	at = batch_setting_at(job, "output");
	where.line = at.line;
	where.column = at.column;
	return yamlfile_fail(r->y, &where, r->err, "output: %s", why.text);
}

static int job_key(struct reader *r, struct batch_job *job, const struct yamlfile_item *key)
{
	struct {
		const char *name;
		char **text;
		struct batch_at *at;
		int (*read)(struct reader *, const char *, char **, struct batch_at *);
	} texts[] = {{"report", &job->report, &job->report_at, read_pattern},
		{"on_success", &job->on_success, &job->success_at, read_text},
		{"on_failure", &job->on_failure, &job->failure_at, read_text}};

	if (key->kind != YAMLFILE_SCALAR)
		return yamlfile_fail(r->y, key, r->err, "expected a key such as `seeds:`");
	for (size_t i = 0; i < MEM_COUNT(texts); i++) {
		if (strcmp(key->text, texts[i].name) != 0)
			continue;
		if (texts[i].at->line)
			return fail_twice(r, key, *texts[i].at);
		return texts[i].read(r, texts[i].name, texts[i].text, texts[i].at);
	}
	if (!strcmp(key->text, "exports")) {
		if (job->exports_at.line)
			return fail_twice(r, key, job->exports_at);
		job->exports_at = place(key);
		return read_exports(r, job);
	}
	if (!strcmp(key->text, "seeds_file"))
		return seeds_file(r, job, key);
	return setting_key_of(r, job, key);
}

static int job_body(struct reader *r, struct batch_job *job)
{
	struct yamlfile_item item;

	if (yamlfile_next(r->y, &item, r->err) < 0)
		return -1;
	if (item.kind == YAMLFILE_SCALAR && item.null)
		return 0; /* all of it comes from the defaults */
	if (item.kind != YAMLFILE_MAP)
		return yamlfile_fail(r->y, &item, r->err,
			"%s: expected keys and values such as `seeds: https://example.com/`",
			job->name ? job->name : "defaults");
	for (;;) {
		if (yamlfile_next(r->y, &item, r->err) < 0)
			return -1;
		if (item.kind == YAMLFILE_MAP_END)
			return 0;
		if (job_key(r, job, &item) < 0)
			return -1;
	}
}

/* A job's name becomes part of file names and of the table on the screen. */
static int check_name(struct reader *r, const struct yamlfile_item *key)
{
	static const char ok[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t len = key->kind == YAMLFILE_SCALAR ? strlen(key->text) : 0;
	int rc = 0;

	if (!len || len > BATCH_NAME_MAX || len != strspn(key->text, ok) || key->text[0] == '.' ||
		key->text[0] == '-') {
		struct buf shown = BUF_INIT;
		text_terminal(&shown, len ? key->text : "", len > 80 ? 80 : len);
		rc = yamlfile_fail(r->y, key, r->err,
			"expected a job's name of at most %d letters, digits, `.`, `_` or `-`, "
			"found `%s`",
			BATCH_NAME_MAX, shown.data);
		buf_release(&shown);
		return rc;
	}
	for (size_t i = 0; i < r->b->n; i++)
		if (!strcmp(r->b->jobs[i].name, key->text))
			return yamlfile_fail(r->y, key, r->err,
				"a job named `%s` is in line %u already", key->text,
				r->b->jobs[i].at.line);
	if (r->b->n == BATCH_JOBS_MAX)
		return yamlfile_fail(r->y, key, r->err, "more than %d jobs", BATCH_JOBS_MAX);
	return 0;
}

static int read_jobs(struct reader *r)
{
	struct yamlfile_item item;
	struct batch_job *job;
	struct batch *b = r->b;

	if (yamlfile_next(r->y, &item, r->err) < 0)
		return -1;
	if (item.kind != YAMLFILE_MAP)
		return yamlfile_fail(r->y, &item, r->err,
			"jobs: expected a name and keys under it: `docs: {seeds: "
			"https://example.com/}`");
	for (;;) {
		if (yamlfile_next(r->y, &item, r->err) < 0)
			return -1;
		if (item.kind == YAMLFILE_MAP_END)
			return 0;
		if (check_name(r, &item) < 0)
			return -1;
		b->jobs = mem_realloc(b->jobs, (b->n + 1) * sizeof(*b->jobs));
		job = &b->jobs[b->n++];
		*job = (struct batch_job){.name = mem_strdup(item.text), .at = place(&item)};
		settings_init(&job->set);
		if (job_body(r, job) < 0)
			return -1;
	}
}

/* ---- defaults ------------------------------------------------------------------------------ */

static void inherit_settings(struct settings *set, const struct settings *from)
{
	bool seeds = settings_given(set, "seeds") || settings_given(set, "input-file");

	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *o = &settings_table[i];
		if (!(from->set >> i & 1) || set->set >> i & 1)
			continue;
		if (seeds && (!strcmp(o->name, "seeds") || !strcmp(o->name, "input-file")))
			continue;
		setting_copy(o, set, from);
		set->origin[i] = from->origin[i];
		set->set |= UINT64_C(1) << i;
	}
}

static void inherit_text(
	char **text, struct batch_at *at, const char *from, struct batch_at from_at)
{
	if (at->line || !from)
		return;
	*text = mem_strdup(from);
	*at = from_at;
}

static void inherit(struct batch_job *job, const struct batch_job *from)
{
	inherit_settings(&job->set, &from->set);
	inherit_text(&job->report, &job->report_at, from->report, from->report_at);
	inherit_text(&job->on_success, &job->success_at, from->on_success, from->success_at);
	inherit_text(&job->on_failure, &job->failure_at, from->on_failure, from->failure_at);
	if (job->exports_at.line || !from->nexports)
		return;
	job->exports_at = from->exports_at;
	job->exports = mem_array(from->nexports, sizeof(*job->exports));
	job->nexports = from->nexports;
	for (size_t i = 0; i < from->nexports; i++) {
		job->exports[i] = from->exports[i];
		job->exports[i].format = mem_strdup(from->exports[i].format);
		job->exports[i].file = mem_strdup(from->exports[i].file);
		job->exports[i].where = mem_strdup(from->exports[i].where);
	}
}

/* ---- the file ------------------------------------------------------------------------------ */

static void release_job(struct batch_job *job)
{
	settings_release(&job->set);
	for (size_t i = 0; i < job->nexports; i++) {
		free(job->exports[i].format);
		free(job->exports[i].file);
		free(job->exports[i].where);
	}
	free(job->exports);
	free(job->report);
	free(job->on_success);
	free(job->on_failure);
	free(job->name);
}

static int top_key(struct reader *r, const struct yamlfile_item *key)
{
	static const char *const keys[] = {"defaults", "jobs"};
	bool defaults = key->kind == YAMLFILE_SCALAR && !strcmp(key->text, keys[0]);
	bool *seen = defaults ? &r->has_defaults : &r->has_jobs;

	if (key->kind != YAMLFILE_SCALAR)
		return yamlfile_fail(r->y, key, r->err, "expected `defaults:` or `jobs:`");
	if (!defaults && strcmp(key->text, keys[1]) != 0) {
		if (setting_find(key->text, strlen(key->text)))
			return yamlfile_fail(r->y, key, r->err,
				"expected `defaults:` or `jobs:`; `%s` belongs under `defaults:` "
				"or "
				"under a job",
				key->text);
		return fail_word(r, key, "key", keys, MEM_COUNT(keys));
	}
	if (*seen)
		return yamlfile_fail(r->y, key, r->err, "`%s` is there already", key->text);
	*seen = true;
	return defaults ? job_body(r, &r->defaults) : read_jobs(r);
}

static int document(struct reader *r)
{
	struct yamlfile_item item, start;

	if (yamlfile_next(r->y, &item, r->err) < 0)
		return -1;
	start = item;
	if (item.kind != YAMLFILE_MAP)
		return yamlfile_fail(
			r->y, &item, r->err, "expected `jobs:` with a name and keys for each");
	for (;;) {
		if (yamlfile_next(r->y, &item, r->err) < 0)
			return -1;
		if (item.kind == YAMLFILE_MAP_END)
			break;
		if (top_key(r, &item) < 0)
			return -1;
	}
	if (!r->b->n)
		return yamlfile_fail(r->y, &start, r->err,
			"there are no jobs: expected `jobs:` with a name and keys for each");
	return yamlfile_next(r->y, &item, r->err); /* a second document is refused there */
}

int batch_load(struct batch *b, const char *path, struct err *err)
{
	struct reader r = {.b = b, .err = err};
	int rc = -1;

	*b = (struct batch){.file = mem_strdup(strcmp(path, "-") ? path : "(stdin)")};
	settings_init(&r.defaults.set);
	r.y = yamlfile_open(path, err);
	if (r.y && document(&r) == 0) {
		for (size_t i = 0; i < b->n; i++)
			inherit(&b->jobs[i], &r.defaults);
		rc = 0;
	}
	yamlfile_close(r.y);
	release_job(&r.defaults);
	if (rc < 0)
		batch_release(b);
	return rc;
}

void batch_release(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		release_job(&b->jobs[i]);
	free(b->jobs);
	free(b->file);
	*b = (struct batch){0};
}
