/* export_files.c - the stored pages as files that can be browsed from disk.
 *
 * First every page gets the name of a file (filename.h), and what leads to it by a redirect is
 * noted; then each is written, its links turned to those files. What of a page is hostile is read
 * in the sandbox: here bytes are copied, and at the spots it found other URLs are put.
 */
#include <stdlib.h>
#include <string.h>

#include "config/hash.h"
#include "config/text.h"
#include "crawler/cmd_util.h"
#include "crawler/decode.h"
#include "crawler/export.h"
#include "crawler/filename.h"
#include "crawler/page/sniff.h"
#include "crawler/page/url.h"
#include "crawler/tree.h"
#include "storage/mirror.h"

#define SEEDS_LISTED 1000

struct files {
	struct export_job *job;
	struct settings set; /* of the crawl: how it tells URLs apart */
	struct mirror *names;
	struct tree *tree;
	struct hash_key key;
	struct buf text; /* scratch: the form by which URLs are compared, a folded name */
	struct page_rewrite page;
	uint64_t pages, bytes, damaged;
};

/* ---- names ---- */

static uint64_t key_of(struct files *f, const struct url *u)
{
	buf_reset(&f->text);
	url_seen_key(
		u, (const char *const *)f->set.ignore_param.v, f->set.ignore_param.n, &f->text);
	return hash_bytes(&f->key, f->text.data, f->text.len);
}

/* Finds a name for one part: `part`, or a variant of it that is free, or, for a folder, one that
 * is a folder. `folded` and `path` end in a slash, or are empty, and get it. */
static int claim_part(struct files *f, struct buf *path, struct buf *folded, const char *part,
	size_t len, uint64_t hash, enum mirror_name as, struct err *err)
{
	size_t at = path->len, fold_at = folded->len;
	enum mirror_name now;

	buf_add(path, part, len);
	for (unsigned i = 0;; i++) {
		filename_fold(folded, path->data + at, path->len - at);
		if (mirror_name_get(f->names, folded, &now, err) < 0)
			return -1;
		if (now == NAME_NOTHING)
			return mirror_name_put(f->names, folded, as, err);
		if (as == NAME_FOLDER && now == NAME_FOLDER)
			return 0;
		buf_set_len(path, at);
		buf_set_len(folded, fold_at);
		filename_variant(path, part, len, hash + i);
	}
}

/* The name of a file for a URL that nothing else has, nor anything on a system that ignores case.
 */
static int claim(
	struct files *f, const struct url *u, const char *type, struct buf *path, struct err *err)
{
	static const struct hash_key same = {0, 0};
	struct buf want = BUF_INIT, folded = BUF_INIT;
	const char *part, *slash;
	int rc = 0;

	filename_of_url(&want, u, type);
	part = want.data;
	while (!rc && (slash = strchr(part, '/'))) {
		/* The same for all that lies in the folder. */
		uint64_t hash = hash_bytes(&same, want.data, (size_t)(slash - want.data));
		rc = claim_part(
			f, path, &folded, part, (size_t)(slash - part), hash, NAME_FOLDER, err);
		buf_add_ch(path, '/');
		buf_add_ch(&folded, '/');
		part = slash + 1;
	}
	if (!rc)
		rc = claim_part(
			f, path, &folded, part, strlen(part), filename_hash(u), NAME_FILE, err);
	buf_release(&want);
	buf_release(&folded);
	return rc;
}

static int on_redirect(void *arg, const char *url, const char *to, struct err *err)
{
	struct files *f = arg;
	struct url from, target;
	uint64_t key;

	if (url_view(url, strlen(url), &from) < 0 || url_view(to, strlen(to), &target) < 0)
		return 0;
	key = key_of(f, &from);
	return mirror_put_redirect(f->names, key, key_of(f, &target), err);
}

static int on_page(void *arg, int64_t page_id, const char *url, const char *type, struct err *err)
{
	struct files *f = arg;
	struct buf path = BUF_INIT;
	struct url u;
	int rc;

	if (url_view(url, strlen(url), &u) < 0)
		return 0;
	rc = claim(f, &u, type, &path, err);
	if (!rc)
		rc = mirror_put_page(f->names, key_of(f, &u), page_id, path.data, err);
	f->pages++;
	buf_release(&path);
	return rc;
}

/* index.html is ours. */
static int name_all(struct files *f, struct err *err)
{
	struct buf index = {.data = (char[]){"index.html"}, .len = 10};

	if (mirror_name_put(f->names, &index, NAME_FILE, err) < 0 ||
		store_each_redirect(f->job->st, on_redirect, f, &f->job->select, err) < 0 ||
		store_each_page(f->job->st, on_page, f, &f->job->select, err) < 0)
		return -1;
	if (f->pages)
		return 0;
	return err_set(err, EXIT_USAGE,
		"nothing to write: no page that is selected was answered with 200 and has its body "
		"stored");
}

/* ---- links ---- */

/* The bytes of a URL for the place where it is put. */
static void add_url(struct buf *out, const char *s, size_t len, unsigned how)
{
	for (size_t i = 0; i < len; i++) {
		if (how & SPOT_CSS && strchr("'\"()\\", s[i]))
			buf_addf(out, "%%%02X", (unsigned char)s[i]);
		else if (how & SPOT_ATTR && s[i] == '&')
			buf_add_str(out, "&amp;");
		else if (how & SPOT_ATTR && s[i] == '\'')
			buf_add_str(out, "&#39;");
		else
			buf_add_ch(out, s[i]);
	}
}

/* From one file to another. */
static void add_relative(struct buf *out, const char *from, const char *to)
{
	size_t common = 0;

	for (size_t i = 0; from[i] && from[i] == to[i]; i++)
		if (from[i] == '/')
			common = i + 1;
	for (const char *p = from + common; (p = strchr(p, '/')); p++)
		buf_add_str(out, "../");
	filename_to_url(out, to + common, strlen(to + common));
}

/* What takes the place of [s->at, s->len): appended; false = it stays as it is. */
static int replace(struct files *f, const char *path, const struct page_spot *s, struct buf *out,
	bool *replaced, struct err *err)
{
	const char *href = f->page.urls.data + s->url;
	struct buf file = BUF_INIT;
	int found = 0;
	struct url u;

	*replaced = true;
	if (s->how & SPOT_EMPTY) {
		buf_add_str(out, s->how & SPOT_BARE ? "\"\"" : "");
		return 0;
	}
	if (s->how & SPOT_ALWAYS) {
		buf_add_str(out, "data-");
		return 0;
	}
	if (url_view(href, s->url_len, &u) == 0 && !(s->how & SPOT_REMOTE))
		found = mirror_find(f->names, key_of(f, &u), &file, err);
	if (found > 0 && s->how & SPOT_DISARM) {
		buf_add_str(out, "data-");
	} else if (found > 0) {
		size_t len;
		const char *fragment = url_fragment(&u, &len);
		add_relative(out, path, file.data);
		add_url(out, fragment, len, s->how);
	} else if (s->how & SPOT_RELATIVE) {
		add_url(out, href, s->url_len, s->how);
	} else {
		*replaced = false;
	}
	buf_release(&file);
	return found < 0 ? -1 : 0;
}

static int compose(struct files *f, const char *path, struct buf *out, struct err *err)
{
	const struct page_rewrite *p = &f->page;
	size_t at = 0;

	if (p->bom)
		buf_add_str(out, "\xef\xbb\xbf");
	for (size_t i = 0; i < p->nspots; i++) {
		const struct page_spot *s = &p->spots[i];
		bool replaced;

		buf_add(out, p->text.data + at, s->at - at);
		at = s->at;
		if (replace(f, path, s, out, &replaced, err) < 0)
			return -1;
		if (replaced)
			at += s->len;
	}
	buf_add(out, p->text.data + at, p->text.len - at);
	return 0;
}

/* ---- one file ---- */

static bool has_links(const char *content_type)
{
	char type[64];

	sniff_essence(content_type, type, sizeof(type));
	return !strcmp(type, "text/html") || !strcmp(type, "application/xhtml+xml") ||
	       !strcmp(type, "text/css");
}

/* The bytes of the file; what of a damaged body could be had is written, and counted. */
static int make_file(struct files *f, const char *path, const struct store_body *b, const char *url,
	struct buf *out, struct err *err)
{
	struct err why;

	if (has_links(b->content_type)) {
		if (sandbox_rewrite(b->body.data, b->body.len, b->coding, b->content_type, url,
			    &f->page, &why) == 0)
			return compose(f, path, out, err);
		f->damaged++;
		if (f->page.text.len)
			return compose(f, path, out, err);
		sandbox_decode(
			b->body.data, b->body.len, b->coding, b->content_type, false, out, &why);
	} else if (strcmp(b->coding, "identity")) {
		if (sandbox_decode(b->body.data, b->body.len, b->coding, b->content_type, false,
			    out, &why) < 0)
			f->damaged++;
	} else {
		buf_add(out, b->body.data, b->body.len);
	}
	return 0;
}

static int write_page(struct files *f, int64_t page_id, const char *path, struct err *err)
{
	struct buf url = BUF_INIT, out = BUF_INIT;
	struct store_body b = {0};
	int rc = store_page_body(f->job->st, page_id, &b, &url, err);

	if (!rc)
		rc = make_file(f, path, &b, url.data, &out, err);
	if (!rc)
		rc = tree_write(f->tree, path, out.data, out.len, err);
	f->bytes += out.len;
	store_body_release(&b);
	buf_release(&url);
	buf_release(&out);
	return rc;
}

static int write_pages(struct files *f, struct export_progress *p, struct err *err)
{
	struct buf path = BUF_INIT;
	int64_t at = 0;
	uint64_t n = 0;
	int more;

	while ((more = mirror_next_page(f->names, &at, &path, err)) > 0) {
		if (*f->job->select.stop) {
			more = err_set(err, EXIT_SIGNAL, "stopped before the end");
			break;
		}
		if (write_page(f, at, path.data, err) < 0) {
			more = -1;
			break;
		}
		export_progress_look(p, ++n);
	}
	buf_release(&path);
	return more;
}

/* ---- where to begin ---- */

static void add_item(struct buf *out, const char *url, const char *path)
{
	buf_add_str(out, "<li><a href=\"");
	filename_to_url(out, path, strlen(path));
	buf_add_str(out, "\">");
	for (; *url; url++)
		if (*url == '&' || *url == '<' || *url == '>')
			buf_addf(out, "&#%d;", *url);
		else
			buf_add_ch(out, *url);
	buf_add_str(out, "</a>\n");
}

/* The seeds that are among the files; otherwise the first file. */
static int add_items(
	struct files *f, struct buf *out, struct buf *first, size_t *n, struct err *err)
{
	struct url_parser parser;
	struct buf path = BUF_INIT;
	struct err ignored;
	int64_t at = 0;
	int rc = 0;

	url_parser_init(&parser);
	for (size_t i = 0; i < f->set.seeds.n && *n < SEEDS_LISTED && rc >= 0; i++) {
		struct url u;
		bool guessed;

		buf_reset(&path);
		if (url_from_user(&parser, f->set.seeds.v[i], &u, &guessed, &ignored) < 0)
			continue;
		rc = mirror_find(f->names, key_of(f, &u), &path, err);
		if (rc <= 0)
			continue;
		if (!(*n)++)
			buf_add(first, path.data, path.len);
		add_item(out, u.href, path.data);
	}
	if (!*n && rc >= 0 && (rc = mirror_next_page(f->names, &at, &path, err)) > 0) {
		buf_add(first, path.data, path.len);
		add_item(out, path.data, path.data);
		*n = 1;
	}
	url_parser_release(&parser);
	buf_release(&path);
	return rc < 0 ? -1 : 0;
}

static int write_index(struct files *f, struct err *err)
{
	struct buf out = BUF_INIT, items = BUF_INIT, first = BUF_INIT;
	size_t n = 0;
	int rc = add_items(f, &items, &first, &n, err);

	buf_add_str(&out, "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n");
	if (n == 1) {
		buf_add_str(&out, "<meta http-equiv=\"refresh\" content=\"0; url=");
		filename_to_url(&out, first.data, first.len);
		buf_add_str(&out, "\">\n");
	}
	buf_add_str(&out, "<title>Stored pages</title>\n<h1>Stored pages</h1>\n<p>");
	text_number(&out, f->pages);
	buf_addf(&out, " files, written by skitter export.\n<ul>\n%s</ul>\n", items.data);
	if (!rc)
		rc = tree_write(f->tree, "index.html", out.data, out.len, err);
	buf_release(&out);
	buf_release(&items);
	buf_release(&first);
	return rc;
}

/* ---- the whole ---- */

static int run(struct files *f, struct err *err)
{
	struct export_progress p;
	int rc;

	export_progress_begin(&p, f->job, "finding names");
	rc = name_all(f, err);
	export_progress_end(&p);
	if (rc < 0)
		return -1;
	f->tree = tree_open(f->job->output, f->job->force, err);
	if (!f->tree)
		return -1;
	export_progress_begin(&p, f->job, "writing files");
	p.total = f->pages;
	rc = write_pages(f, &p, err);
	export_progress_end(&p);
	if (!rc)
		rc = write_index(f, err);
	return rc ? rc : tree_commit(f->tree, err);
}

/* example.com.db becomes example.com-files. */
static void default_folder(struct buf *out, const char *db)
{
	const char *name = strrchr(db, '/');
	size_t len;

	name = name ? name + 1 : db;
	len = strlen(name);
	if (len > 3 && !strcmp(name + len - 3, ".db"))
		len -= 3;
	buf_addf(out, "%.*s-files", (int)len, name);
}

int export_files(struct export_job *job, struct err *err)
{
	struct files f = {.job = job, .text = BUF_INIT};
	struct buf folder = BUF_INIT;
	int rc = -1;

	if (job->output && !strcmp(job->output, "-"))
		return err_set(err, EXIT_USAGE, "files need a folder: -o DIR");
	default_folder(&folder, job->db);
	if (!job->output)
		job->output = folder.data;
	hash_key_random(&f.key);
	page_rewrite_init(&f.page);
	settings_init(&f.set);
	f.names = mirror_open(err);
	if (f.names && cmd_stored_settings(job->st, &f.set, err) == 0)
		rc = run(&f, err);
	if (rc == 0)
		export_say(job->output, f.pages, "file", f.bytes);
	if (f.damaged)
		fprintf(stderr,
			"skitter: %llu bodies did not decode fully; what could be read of them was "
			"written\n",
			(unsigned long long)f.damaged);
	tree_close(f.tree);
	mirror_close(f.names);
	settings_release(&f.set);
	page_rewrite_release(&f.page);
	buf_release(&f.text);
	sandbox_decode_close();
	buf_release(&folder);
	return rc;
}
