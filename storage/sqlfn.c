#include "storage/sqlfn.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "config/text.h"
#include "storage/store_int.h"

#define MATCH_LIMIT 100000 /* steps of one regexp match */

/* ---- URL parts: of URLs as the store holds them, that is, serialised ---- */

struct parts {
	const char *scheme, *host, *port, *path, *query; /* NULL = absent */
	size_t scheme_len, host_len, port_len, path_len, query_len;
};

static const char *find_end(const char *p, const char *end, const char *stops)
{
	while (p < end && !strchr(stops, *p))
		p++;
	return p;
}

static void split_authority(struct parts *u, const char *p, const char *end)
{
	const char *at = memrchr(p, '@', (size_t)(end - p)), *colon;

	if (at)
		p = at + 1;
	u->host = p;
	colon = p < end && *p == '[' ? memchr(p, ']', (size_t)(end - p)) : p;
	colon = colon ? memchr(colon, ':', (size_t)(end - colon)) : NULL;
	u->host_len = (size_t)((colon ? colon : end) - p);
	if (colon) {
		u->port = colon + 1;
		u->port_len = (size_t)(end - colon - 1);
	}
}

static void split(struct parts *u, const char *s, size_t len)
{
	const char *end = s + len, *p = find_end(s, end, ":/?#"), *q;

	memset(u, 0, sizeof(*u));
	if (p == end || *p != ':')
		return;
	u->scheme = s;
	u->scheme_len = (size_t)(p++ - s);
	if (end - p >= 2 && p[0] == '/' && p[1] == '/') {
		q = find_end(p + 2, end, "/?#");
		split_authority(u, p + 2, q);
		p = q;
	}
	q = find_end(p, end, "?#");
	u->path = p;
	u->path_len = (size_t)(q - p);
	if (q < end && *q == '?') {
		p = q + 1;
		q = find_end(p, end, "#");
		u->query = p;
		u->query_len = (size_t)(q - p);
	}
}

static bool split_arg(sqlite3_value *arg, struct parts *u)
{
	const char *s = (const char *)sqlite3_value_text(arg);

	if (!s)
		return false;
	split(u, s, (size_t)sqlite3_value_bytes(arg));
	return true;
}

static void give_part(sqlite3_context *ctx, const char *s, size_t len)
{
	if (s)
		sqlite3_result_text(ctx, s, (int)len, SQLITE_TRANSIENT);
}

static void fn_scheme(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	struct parts u;

	(void)n;
	if (split_arg(v[0], &u))
		give_part(ctx, u.scheme, u.scheme_len);
}

static void fn_host(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	struct parts u;

	(void)n;
	if (split_arg(v[0], &u))
		give_part(ctx, u.host, u.host_len);
}

static void fn_port(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	struct parts u;

	(void)n;
	if (!split_arg(v[0], &u) || !u.host)
		return;
	if (u.port)
		sqlite3_result_int(ctx, atoi(u.port));
	else if (u.scheme_len == 5 && memcmp(u.scheme, "https", 5) == 0)
		sqlite3_result_int(ctx, 443);
	else if (u.scheme_len == 4 && memcmp(u.scheme, "http", 4) == 0)
		sqlite3_result_int(ctx, 80);
}

static void fn_path(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	struct parts u;

	(void)n;
	if (split_arg(v[0], &u))
		give_part(ctx, u.path, u.path_len);
}

static void fn_query(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	struct parts u;

	(void)n;
	if (split_arg(v[0], &u))
		give_part(ctx, u.query, u.query_len);
}

static void fn_registrable(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	struct store *st = sqlite3_user_data(ctx);
	struct parts u;
	char host[256], out[256];
	const char *found;

	(void)n;
	if (!st->registrable) {
		sqlite3_result_error(
			ctx, "url_registrable: the public suffix list is not loaded here", -1);
		return;
	}
	if (!split_arg(v[0], &u) || !u.host || u.host_len >= sizeof(host))
		return;
	memcpy(host, u.host, u.host_len);
	host[u.host_len] = '\0';
	found = st->registrable(st->registrable_arg, host, out, sizeof(out));
	if (found)
		sqlite3_result_text(ctx, found, -1, SQLITE_TRANSIENT);
}

/* ---- inflate ---- */

static void give_bytes(sqlite3_context *ctx, const char *data, size_t len)
{
	if (text_is_utf8(data, len))
		sqlite3_result_text64(ctx, data, len, SQLITE_TRANSIENT, SQLITE_UTF8);
	else
		sqlite3_result_blob64(ctx, data, len, SQLITE_TRANSIENT);
}

/* zstd may be ours or the server's, and the column cannot tell: so it goes to the sandbox
 * like every other coding. */
static void fn_inflate(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	struct store *st = sqlite3_user_data(ctx);
	const char *coding = (const char *)sqlite3_value_text(v[1]);
	const void *data = sqlite3_value_blob(v[0]);
	size_t len = (size_t)sqlite3_value_bytes(v[0]);
	struct buf out = BUF_INIT;
	struct err err = {0};

	(void)n;
	if (sqlite3_value_type(v[0]) == SQLITE_NULL)
		return;
	if (!coding || !*coding || strcmp(coding, "identity") == 0 || !len) {
		give_bytes(ctx, len ? data : "", len);
		return;
	}
	if (!st->inflate)
		sqlite3_result_error(ctx, "inflate: no sandboxed process to inflate in", -1);
	else if (st->inflate(st->inflate_arg, coding, data, len, &out, &err) < 0)
		sqlite3_result_error(ctx, err.text, -1);
	else
		give_bytes(ctx, out.data, out.len);
	buf_release(&out);
}

void store_set_inflate(struct store *st, store_inflate_fn *fn, void *arg)
{
	st->inflate = fn;
	st->inflate_arg = arg;
}

void store_set_registrable(struct store *st, store_registrable_fn *fn, void *arg)
{
	st->registrable = fn;
	st->registrable_arg = arg;
}

/* ---- regexp ---- */

static void free_code(void *code)
{
	pcre2_code_free(code);
}

static pcre2_code *compile(sqlite3_context *ctx, sqlite3_value *pattern)
{
	const char *text = (const char *)sqlite3_value_text(pattern);
	pcre2_code *code;
	PCRE2_SIZE at;
	int error;
	char why[128], message[256];

	code = pcre2_compile((PCRE2_SPTR)text, (PCRE2_SIZE)sqlite3_value_bytes(pattern),
		PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &error, &at, NULL);
	if (code) {
		pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
		return code;
	}
	pcre2_get_error_message(error, (PCRE2_UCHAR *)why, sizeof(why));
	sqlite3_snprintf(sizeof(message), message, "regexp: %s at byte %d", why, (int)at);
	sqlite3_result_error(ctx, message, -1);
	return NULL;
}

static int match(const pcre2_code *code, const char *text, size_t len)
{
	pcre2_match_data *m = pcre2_match_data_create(1, NULL);
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	int ret;

	pcre2_set_match_limit(limits, MATCH_LIMIT);
	ret = pcre2_match(code, (PCRE2_SPTR)text, len, 0, 0, m, limits);
	pcre2_match_context_free(limits);
	pcre2_match_data_free(m);
	return ret;
}

/* X regexp Y is regexp(Y, X). */
static void fn_regexp(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	const char *text = (const char *)sqlite3_value_text(v[1]);
	pcre2_code *code = sqlite3_get_auxdata(ctx, 0);
	bool keep = !code;
	int ret;

	(void)n;
	if (!text || sqlite3_value_type(v[0]) == SQLITE_NULL)
		return;
	if (!code && !(code = compile(ctx, v[0])))
		return;
	ret = match(code, text, (size_t)sqlite3_value_bytes(v[1]));
	if (ret < 0 && ret != PCRE2_ERROR_NOMATCH)
		sqlite3_result_error(ctx, "regexp: matching took too many steps", -1);
	else
		sqlite3_result_int(ctx, ret >= 0);
	if (keep)
		sqlite3_set_auxdata(ctx, 0, code, free_code);
}

/* ---- registering ---- */

int sqlfn_register(struct store *st, struct err *err)
{
	static const struct {
		const char *name;
		int args;
		void (*fn)(sqlite3_context *, int, sqlite3_value **);
		int flags;
	} all[] = {
		{"inflate", 2, fn_inflate, SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY},
		{"url_scheme", 1, fn_scheme, SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS},
		{"url_host", 1, fn_host, SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS},
		{"url_port", 1, fn_port, SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS},
		{"url_path", 1, fn_path, SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS},
		{"url_query", 1, fn_query, SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS},
		{"url_registrable", 1, fn_registrable, SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY},
		{"regexp", 2, fn_regexp, SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS},
	};

	for (size_t i = 0; i < MEM_COUNT(all); i++)
		if (sqlite3_create_function(st->db, all[i].name, all[i].args,
			    SQLITE_UTF8 | all[i].flags, st, all[i].fn, NULL, NULL) != SQLITE_OK)
			return db_fail(st->db, st->path, "reading", err);
	return 0;
}

/* ---- what a query may do ---- */

static bool reading_pragma(const char *name)
{
	static const char *const names[] = {"table_info", "table_xinfo", "table_list", "index_list",
		"index_info", "database_list", "function_list", "page_count", "page_size",
		"freelist_count", "compile_options"};

	for (size_t i = 0; i < MEM_COUNT(names); i++)
		if (sqlite3_stricmp(name, names[i]) == 0)
			return true;
	return false;
}

static int authorize(
	void *arg, int action, const char *a, const char *b, const char *db, const char *trigger)
{
	(void)arg;
	(void)db;
	(void)trigger;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_RECURSIVE: return SQLITE_OK;
	case SQLITE_FUNCTION:
		return sqlite3_stricmp(b, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
	/* What declaring a table-valued pragma looks like; SQLite itself refuses the real thing. */
	case SQLITE_UPDATE: return strcmp(a, "sqlite_master") == 0 ? SQLITE_OK : SQLITE_DENY;
	case SQLITE_PRAGMA: return reading_pragma(a) ? SQLITE_OK : SQLITE_DENY;
	default: return SQLITE_DENY;
	}
}

void sqlfn_read_only(struct store *st, bool on)
{
	sqlite3_set_authorizer(st->db, on ? authorize : NULL, NULL);
}
