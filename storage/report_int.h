/* report_int.h - a report while it is made. For the report_*.c files alone.
 *
 * The way: report_pages reads every newest fetch once (charts, the index of URLs, the slim
 * table temp.page); report_links every packed link once (who links to what is broken, mixed
 * content, hreflang); report_redirects, report_canonical and report_hosts ask those tables;
 * report_lists turns them into rows. All of it in one read transaction.
 *
 * Pages are known by the key of their URL: a 64-bit fingerprint of the form by which two URLs
 * count as the same page, under a key made anew for each report.
 */
#ifndef SKITTER_STORAGE_REPORT_INT_H
#define SKITTER_STORAGE_REPORT_INT_H

#include "config/hash.h"
#include "storage/report.h"
#include "storage/store_int.h"

/* ---- memory of the finished report ---- */

char *report_keep(struct report *r, const char *s, size_t len); /* a copy; NULL stays NULL */
char *report_keep_column(struct report *r, sqlite3_stmt *s, int at);

/* ---- the index: fetched URLs, and those robots.txt forbade ---- */

enum report_flags {
	PAGE_HTML = 1 << 0,
	PAGE_NOINDEX = 1 << 1,
	PAGE_ELSEWHERE = 1 << 2, /* its canonical is another URL */
	PAGE_INDEXABLE = 1 << 3, /* an HTML page that stands for itself: titles are compared */
	PAGE_HTTPS = 1 << 4,
	PAGE_TARGET = 1 << 5,  /* of a redirect */
	PAGE_VISITED = 1 << 6, /* in a chain already */
};

struct report_page {
	uint32_t id; /* fetch.id, or refused.id for REPORT_ROBOTS */
	uint32_t links;
	uint16_t status;
	uint8_t class;
	uint8_t flags;
};

struct report_index {
	uint64_t *keys; /* 0 = free */
	struct report_page *pages;
	size_t size, n;
};

void report_index_open(struct report_index *x, size_t expected);
void report_index_release(struct report_index *x);
struct report_page *report_index_get(const struct report_index *x, uint64_t key); /* or NULL */
/* The place for a new page; the one that is there already if the key is known. */
struct report_page *report_index_put(struct report_index *x, uint64_t key);

/* ---- the making ---- */

struct making {
	struct store *st;
	const struct report_opts *o;
	struct report *r;
	struct hash_key hash;
	struct report_index index;
	struct buf form, path; /* scratch: a URL's form; a URL put together */
	struct err *err;
};

/* The key of a URL; a fragment does not count. */
uint64_t report_key(struct making *m, const char *url, size_t len);

sqlite3_stmt *report_prepare(struct making *m, const char *sql); /* NULL: m->err is set */
int report_row(struct making *m, sqlite3_stmt *s);		 /* 1, 0 = end, -1 */
int report_run(struct making *m, sqlite3_stmt *s);		 /* no rows; then reset */
int report_exec(struct making *m, const char *sql);
void report_tell(struct making *m, const char *what, uint64_t done, uint64_t total);

int report_pages(struct making *m);
int report_links(struct making *m);
int report_redirects(struct making *m);
int report_canonical(struct making *m);
int report_hosts(struct making *m);
int report_lists(struct making *m);

/* ---- parts that tests see ---- */

/* "" = fine, else what is wrong with an hreflang value. */
const char *report_lang_problem(const char *code);

struct report_packed {
	const char *url, *kind, *text, *rel; /* NULL = absent; as in JSON, without quotes */
	size_t url_len, kind_len, text_len, rel_len;
	bool url_escaped, text_escaped;
};
/* Reads the next link of a pack; p begins at the pack's first byte. Where to go on, or NULL at
 * the end (also of a damaged pack). */
const char *report_next_link(const char *p, const char *end, struct report_packed *l);
/* Undoes JSON's escapes. */
void report_unescape(struct buf *out, const char *s, size_t len);

#endif
