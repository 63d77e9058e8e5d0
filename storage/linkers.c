#include "storage/linkers.h"

#include <string.h>

#include "config/mem.h"
#include "config/text.h"
#include "storage/store_int.h"

struct search {
	struct store *st;
	struct store_verdict *v;
	const char *url;
	size_t url_len;
	size_t origin;	   /* length of scheme://authority in url; 0 = none */
	struct buf full;   /* what a link to it looks like in JSON, without the end quote */
	struct buf path;   /* the same for links of its own origin */
	sqlite3_stmt *one; /* unpacks one page */
	size_t max;
};

/* Whether the needle stands there as a whole target, with or without a fragment. */
static bool occurs(const char *hay, size_t len, const struct buf *needle)
{
	const char *end = hay + len, *at = hay;

	if (!needle->len)
		return false;
	while ((at = memmem(at, (size_t)(end - at), needle->data, needle->len))) {
		at += needle->len;
		if (at < end && (*at == '"' || *at == '#'))
			return true;
	}
	return false;
}

static bool is_target(const struct search *se, const char *target, const char *source)
{
	size_t len = strcspn(target, "#");

	if (*target != '/')
		return len == se->url_len && memcmp(target, se->url, len) == 0;
	return se->origin && strncmp(source, se->url, se->origin) == 0 &&
	       source[se->origin] == '/' && len == se->url_len - se->origin &&
	       memcmp(target, se->url + se->origin, len) == 0;
}

static void add_linker(struct search *se, const char *source)
{
	struct store_verdict *v = se->v;
	struct store_linker *l;

	v->linkers = mem_realloc(v->linkers, (v->nlinkers + 1) * sizeof(*v->linkers));
	l = &v->linkers[v->nlinkers++];
	l->source = mem_strdup(source);
	l->kind = db_dup_column(se->one, 1);
	l->text = db_dup_column(se->one, 2);
	l->rel = db_dup_column(se->one, 3);
}

/* The links of one page that lead to the URL. */
static int unpack(struct search *se, sqlite3_stmt *page, struct err *err)
{
	const char *source = (const char *)sqlite3_column_text(page, 1);
	int more;

	sqlite3_bind_text(se->one, 1, (const char *)sqlite3_column_text(page, 0),
		sqlite3_column_bytes(page, 0), SQLITE_STATIC);
	while ((more = read_row(se->st, se->one, err)) > 0) {
		const char *target = (const char *)sqlite3_column_text(se->one, 0);
		if (!target || !is_target(se, target, source))
			continue;
		if (se->v->nlinkers == se->max) {
			se->v->more_linkers = true;
			break;
		}
		add_linker(se, source);
	}
	sqlite3_reset(se->one);
	return more < 0 ? -1 : 0;
}

static int scan(struct search *se, struct err *err)
{
	sqlite3_stmt *s = db_prepare(se->st->db, se->st->path,
		"select p.links, u.url from link_pack p join fetch f on f.id = p.id and f.state > "
		"0 join url u on u.id = f.url_id order by p.id",
		err);
	int more, ret = 0;

	if (!s)
		return -1;
	while (ret == 0 && !se->v->more_linkers && (more = read_row(se->st, s, err)) != 0) {
		const char *hay;
		size_t len;
		if (more < 0) {
			ret = -1;
			break;
		}
		hay = (const char *)sqlite3_column_text(s, 0);
		len = (size_t)sqlite3_column_bytes(s, 0);
		if (occurs(hay, len, &se->full) || occurs(hay, len, &se->path))
			ret = unpack(se, s, err);
	}
	sqlite3_finalize(s);
	return ret;
}

static void as_needle(struct buf *out, const char *url, size_t len)
{
	text_json(out, url, len);
	buf_set_len(out, out->len - 1); /* the end quote: a fragment may follow */
}

int linkers_find(
	struct store *st, const char *url, size_t max, struct store_verdict *v, struct err *err)
{
	struct search se = {.st = st, .v = v, .url = url, .url_len = strlen(url), .max = max};
	const char *host = strstr(url, "://"), *slash = host ? strchr(host + 3, '/') : NULL;
	int ret = -1;

	buf_init(&se.full);
	buf_init(&se.path);
	as_needle(&se.full, url, se.url_len);
	if (slash) {
		se.origin = (size_t)(slash - url);
		as_needle(&se.path, slash, strlen(slash));
	}
	se.one = db_prepare(st->db, st->path,
		"select json_extract(value, '$[0]'), json_extract(value, '$[1]'), "
		"json_extract(value, '$[2]'), json_extract(value, '$[3]') from json_each(?1)",
		err);
	if (se.one)
		ret = scan(&se, err);
	sqlite3_finalize(se.one);
	buf_release(&se.full);
	buf_release(&se.path);
	return ret;
}
