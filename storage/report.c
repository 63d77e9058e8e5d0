/* report.c - the making of a report from begin to end, and what its parts share. */
#include "storage/report.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "config/clock.h"
#include "config/mem.h"
#include "config/text.h"
#include "storage/report_int.h"
#include "storage/sqlfn.h"

#define ARENA_CHUNK ((size_t)64 << 10)

/* ---- memory of the finished report ---- */

struct report_arena {
	struct report_arena *next;
	size_t used, size;
	char data[];
};

char *report_keep(struct report *r, const char *s, size_t len)
{
	struct report_arena *a = r->arena;
	char *to;

	if (!s)
		return NULL;
	if (!a || a->size - a->used <= len) {
		size_t size = len + 1 > ARENA_CHUNK ? len + 1 : ARENA_CHUNK;
		a = mem_alloc(sizeof(*a) + size);
		*a = (struct report_arena){.next = r->arena, .size = size};
		r->arena = a;
	}
	to = a->data + a->used;
	memcpy(to, s, len);
	to[len] = '\0';
	a->used += len + 1;
	return to;
}

char *report_keep_column(struct report *r, sqlite3_stmt *s, int at)
{
	return report_keep(
		r, (const char *)sqlite3_column_text(s, at), (size_t)sqlite3_column_bytes(s, at));
}

void report_free(struct report *r)
{
	struct report_arena *a, *next;

	if (!r)
		return;
	for (size_t i = 0; i < r->nsections; i++) {
		struct report_section *sec = &r->sections[i];
		for (size_t j = 0; j < sec->nlists; j++) {
			struct report_list *l = &sec->lists[j];
			for (size_t c = 0; c < l->nrows * l->ncolumns; c++)
				free(l->cells[c].links);
			free(l->cells);
		}
		free(sec->lists);
	}
	for (size_t i = 0; i < r->ncharts; i++)
		free(r->charts[i].bars);
	for (a = r->arena; a; a = next) {
		next = a->next;
		free(a);
	}
	free(r->sections);
	free(r->charts);
	free(r->hosts);
	free(r);
}

/* ---- SQL ---- */

sqlite3_stmt *report_prepare(struct making *m, const char *sql)
{
	return db_prepare(m->st->db, m->st->path, sql, m->err);
}

int report_row(struct making *m, sqlite3_stmt *s)
{
	return read_row(m->st, s, m->err);
}

int report_run(struct making *m, sqlite3_stmt *s)
{
	int code = sqlite3_step(s), ret = 0;

	if (code != SQLITE_DONE)
		ret = db_fail(m->st->db, m->st->path, "making the report of", m->err);
	sqlite3_reset(s);
	return ret;
}

int report_exec(struct making *m, const char *sql)
{
	if (sqlite3_exec(m->st->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return db_fail(m->st->db, m->st->path, "making the report of", m->err);
}

void report_tell(struct making *m, const char *what, uint64_t done, uint64_t total)
{
	if (m->o->progress)
		m->o->progress(m->o->arg, what, done, total);
}

/* ---- keys ---- */

/* Bytes that another spelling of the same URL may have otherwise. */
static const bool escapes[256] = {['%'] = true,
	['"'] = true,
	['<'] = true,
	['>'] = true,
	['['] = true,
	[']'] = true,
	['\\'] = true,
	['^'] = true,
	['`'] = true,
	['{'] = true,
	['|'] = true,
	['}'] = true};

/* Whether the URL's form by which it is compared may differ from the URL itself. */
static bool has_form(const struct making *m, const char *url, size_t len)
{
	if (!m->o->same_page || !len)
		return false;
	if (url[len - 1] == '?' || (m->o->has_ignored && memchr(url, '?', len)))
		return true;
	for (size_t i = 0; i < len; i++)
		if (escapes[(unsigned char)url[i]])
			return true;
	return false;
}

uint64_t report_key(struct making *m, const char *url, size_t len)
{
	const char *fragment = memchr(url, '#', len);
	uint64_t key;

	if (fragment)
		len = (size_t)(fragment - url);
	if (has_form(m, url, len)) {
		buf_reset(&m->form);
		m->o->same_page(m->o->arg, url, len, &m->form);
		key = hash_bytes(&m->hash, m->form.data, m->form.len);
	} else {
		key = hash_bytes(&m->hash, url, len);
	}
	return key ? key : 1; /* 0 is a free place of the index */
}

/* ---- the index, for SQL ---- */

static const struct report_page *page_of(sqlite3_context *ctx, sqlite3_value *key)
{
	struct making *m = sqlite3_user_data(ctx);

	if (sqlite3_value_type(key) == SQLITE_NULL)
		return NULL;
	return report_index_get(&m->index, (uint64_t)sqlite3_value_int64(key));
}

static void fn_page(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	const struct report_page *p = page_of(ctx, v[0]);

	(void)n;
	if (p && p->class != REPORT_ROBOTS)
		sqlite3_result_int64(ctx, p->id);
}

static void fn_links(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	const struct report_page *p = page_of(ctx, v[0]);

	(void)n;
	sqlite3_result_int64(ctx, p ? p->links : 0);
}

static void fn_class(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	const struct report_page *p = page_of(ctx, v[0]);

	(void)n;
	sqlite3_result_int(ctx, p ? p->class : REPORT_UNKNOWN);
}

static void fn_flags(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	const struct report_page *p = page_of(ctx, v[0]);

	(void)n;
	sqlite3_result_int(ctx, p ? p->flags : 0);
}

static void fn_word(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	int c = sqlite3_value_int(v[0]);

	(void)n;
	if (c >= 0 && c < REPORT_CLASSES)
		sqlite3_result_text(ctx, report_class_word(c), -1, SQLITE_STATIC);
}

static void fn_key(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	const char *url = (const char *)sqlite3_value_text(v[0]);

	(void)n;
	if (url)
		sqlite3_result_int64(ctx, (sqlite3_int64)report_key(sqlite3_user_data(ctx), url,
						  (size_t)sqlite3_value_bytes(v[0])));
}

static void fn_lang(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	const char *code = (const char *)sqlite3_value_text(v[0]);
	const char *problem = report_lang_problem(code ? code : "");

	(void)n;
	if (*problem)
		sqlite3_result_text(ctx, problem, -1, SQLITE_STATIC);
}

static const struct {
	const char *name;
	void (*fn)(sqlite3_context *, int, sqlite3_value **);
} functions[] = {{"report_page", fn_page}, {"report_links", fn_links}, {"report_class", fn_class},
	{"report_flags", fn_flags}, {"report_word", fn_word}, {"report_key", fn_key},
	{"report_lang", fn_lang}};

static int set_functions(struct making *m, bool on)
{
	for (size_t i = 0; i < MEM_COUNT(functions); i++)
		if (sqlite3_create_function(m->st->db, functions[i].name, 1,
			    SQLITE_UTF8 | SQLITE_DIRECTONLY, m, on ? functions[i].fn : NULL, NULL,
			    NULL) != SQLITE_OK)
			return db_fail(m->st->db, m->st->path, "reading", m->err);
	return 0;
}

/* ---- what is known of the crawl as a whole ---- */

static char *ask_text(struct making *m, const char *sql)
{
	sqlite3_stmt *s = report_prepare(m, sql);
	char *text = NULL;

	if (s && report_row(m, s) > 0)
		text = report_keep_column(m->r, s, 0);
	sqlite3_finalize(s);
	return text;
}

static double ask_number(struct making *m, const char *sql, double missing)
{
	sqlite3_stmt *s = report_prepare(m, sql);
	double n = missing;

	if (s && report_row(m, s) > 0 && sqlite3_column_type(s, 0) != SQLITE_NULL)
		n = sqlite3_column_double(s, 0);
	sqlite3_finalize(s);
	return n;
}

static void name_report(struct making *m)
{
	struct report *r = m->r;
	const char *slash = strrchr(r->file, '/');
	char sql[80];

	r->seeds = ask_text(m,
		"select group_concat(url, char(10)) from (select url from url where referrer is "
		"null order by id limit 20)");
	snprintf(sql, sizeof(sql), "select count(*) from url where kind = %d", LINK_SEED);
	r->nseeds = (uint64_t)ask_number(m, sql, 0);
	r->title = ask_text(m,
		"select h.name from url u join host h on h.id = u.host_id where u.referrer is "
		"null order by u.id limit 1");
	if (!r->title || !*r->title)
		r->title = report_keep(
			r, slash ? slash + 1 : r->file, strlen(slash ? slash + 1 : r->file));
}

static void read_settings(struct making *m)
{
	struct report *r = m->r;

	r->contact = ask_text(m,
		"select json_extract(value, '$.contact') from meta where key = 'settings' and "
		"json_valid(value)");
	r->delay_s = ask_number(m,
		"select case when json_type(value, '$.delay') in ('integer', 'real') then "
		"json_extract(value, '$.delay') end from meta where key = 'settings' and "
		"json_valid(value)",
		-1);
	r->per_host = (int)ask_number(m,
		"select json_extract(value, '$.per_host') from meta where key = 'settings' and "
		"json_valid(value)",
		2);
}

static int read_crawl(struct making *m)
{
	struct report *r = m->r;
	long pid;
	char *state = store_meta_get(m->st, "state");

	r->file = report_keep(r, m->st->path, strlen(m->st->path));
	if (state && !strcmp(state, "running") && !store_is_running(m->st, &pid))
		r->state = report_keep(r, "killed", 6);
	else if (!state)
		r->state = report_keep(r, "not begun", 9);
	else
		r->state = report_keep(r, state, strlen(state));
	free(state);
	r->made_ms = clock_wall_ms();
	name_report(m);
	read_settings(m);
	r->unchecked = r->counts.excluded -
		       (uint64_t)ask_number(m,
			       "select (select count(*) from refused where reason = 'robots') + "
			       "(select coalesce(sum(n), 0) from refused_more where reason = "
			       "'robots')",
			       0);
	return 0;
}

/* ---- all of it ---- */

static int make_all(struct making *m)
{
	if (read_crawl(m) < 0)
		return -1;
	if (!m->o->host && (report_pages(m) < 0 || report_links(m) < 0 || report_redirects(m) < 0 ||
				   report_canonical(m) < 0 || report_lists(m) < 0))
		return -1;
	report_tell(m, "counting requests", 0, 0);
	return report_hosts(m);
}

/* Temporary tables live in a file, with a small cache: memory is for the index. */
static int begin(struct making *m)
{
	sqlite3_exec(m->st->db,
		"pragma query_only = off; pragma temp_store = file; pragma cache_size = -8000;"
		"pragma temp.cache_size = -8000; pragma temp.journal_mode = off;"
		"pragma temp.synchronous = off",
		NULL, NULL, NULL);
	if (sqlfn_register(m->st, m->err) < 0 || set_functions(m, true) < 0)
		return -1;
	return read_begin(m->st, m->err);
}

static void end(struct making *m)
{
	static const char *const tables[] = {"page", "redir", "inlink", "mixed", "hreflang",
		"several", "canon", "tongue", "chain", "hop"};
	char sql[64];

	read_end(m->st);
	for (size_t i = 0; i < MEM_COUNT(tables); i++) {
		snprintf(sql, sizeof(sql), "drop table if exists temp.%s", tables[i]);
		sqlite3_exec(m->st->db, sql, NULL, NULL, NULL);
	}
	set_functions(m, false);
	sqlite3_exec(m->st->db,
		"pragma temp_store = memory; pragma query_only = on; pragma cache_size = -32768",
		NULL, NULL, NULL);
	report_index_release(&m->index);
	buf_release(&m->form);
	buf_release(&m->path);
}

int report_make(struct store *st, const struct report_opts *o, struct report **out, struct err *err)
{
	struct making m = {.st = st, .o = o, .err = err, .form = BUF_INIT, .path = BUF_INIT};
	int ret = -1;

	*out = NULL;
	m.r = mem_zalloc(sizeof(*m.r));
	m.r->rows = o->rows ? o->rows : REPORT_ROWS;
	m.r->answer = m.r->size = (struct report_times){-1, -1, -1, -1};
	hash_key_random(&m.hash);
	if (store_counts(st, &m.r->counts, err) == 0 && begin(&m) == 0)
		ret = make_all(&m);
	end(&m);
	if (ret < 0)
		report_free(m.r);
	else
		*out = m.r;
	return ret;
}

/* ---- numbers for people, shared by the forms of output ---- */

void report_add_time(struct buf *out, int64_t ms)
{
	time_t s = (time_t)(ms / 1000);
	struct tm tm;
	char text[40];

	gmtime_r(&s, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	buf_add_str(out, text);
}

void report_add_ms(struct buf *out, double ms)
{
	if (ms < 10)
		buf_addf(out, "%.1f ms", ms);
	else if (ms < 1000)
		buf_addf(out, "%.0f ms", ms);
	else if (ms < 60000)
		buf_addf(out, "%.2f s", ms / 1000);
	else
		text_duration(out, (unsigned long long)ms);
}
