/* retry.c - failed URLs are queued again: `resume --retry-failed`. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "storage/store_int.h"

/* Without words: no answer at all, or one that says "not now". */
#define NOT_NOW "(f.status = 0 or f.status in (408, 425, 429) or f.status between 500 and 599)"
#define ANY	"(f.status = 0 or f.status >= 400 or f.error is not null)"

static bool is_number(const char *w, size_t len)
{
	return len == 3 && w[0] >= '1' && w[0] <= '9' && isdigit((unsigned char)w[1]) &&
	       isdigit((unsigned char)w[2]);
}

static bool is_class(const char *w, size_t len)
{
	return len == 3 && w[0] >= '1' && w[0] <= '9' && (w[1] | 32) == 'x' && (w[2] | 32) == 'x';
}

static bool is_word(const char *w, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((w[i] < 'a' || w[i] > 'z') && w[i] != '_')
			return false;
	return len > 0;
}

/* One word as a condition: "404", "5xx", "all", "timeout". */
static int add_word(struct buf *sql, const char *w, size_t len, struct err *err)
{
	if (is_number(w, len))
		buf_addf(sql, "f.status = %.3s", w);
	else if (is_class(w, len))
		buf_addf(sql, "f.status between %c00 and %c99", w[0], w[0]);
	else if (len == 3 && !memcmp(w, "all", 3))
		buf_add_str(sql, ANY);
	else if (is_word(w, len)) /* letters and _ need no escape */
		buf_addf(sql, "f.error = '%.*s'", (int)len, w);
	else
		return err_set(err, EXIT_USAGE,
			"--retry-failed: expected words as in timeout,dns,404,5xx,all, found "
			"`%.*s`",
			(int)(len < 40 ? len : 40), w);
	return 0;
}

/* What is to be tried again, as a condition. */
static int add_wanted(struct buf *sql, const char *words, struct err *err)
{
	if (!words || !*words) {
		buf_add_str(sql, NOT_NOW);
		return 0;
	}
	buf_add_ch(sql, '(');
	for (const char *w = words;; w++) {
		size_t len = strcspn(w, ",");

		if (w != words)
			buf_add_str(sql, " or ");
		if (add_word(sql, w, len, err) < 0)
			return -1;
		w += len;
		if (!*w)
			break;
	}
	buf_add_ch(sql, ')');
	return 0;
}

/* "timeout 3, 404 12": what there is to choose from. */
struct list {
	struct buf text;
	unsigned n;
};

static void on_outcome(void *arg, int status, const char *error, uint64_t n)
{
	struct list *l = arg;

	if ((status && status < 400 && !error) || l->n >= 12)
		return;
	buf_add_str(&l->text, l->n++ ? ", " : "");
	if (error)
		buf_addf(&l->text, "%s %llu", error, (unsigned long long)n);
	else
		buf_addf(&l->text, "%d %llu", status, (unsigned long long)n);
}

static int say_none(struct store *st, const char *words, struct err *err)
{
	struct list l = {.text = BUF_INIT};

	if (store_outcomes(st, on_outcome, &l, err) == 0)
		err_set(err, EXIT_USAGE,
			"--retry-failed: nothing in %s failed with %s; what failed: %s", st->path,
			words, l.n ? l.text.data : "nothing");
	buf_release(&l.text);
	return -1;
}

static int mark(struct store *st, const char *wanted, uint64_t *queued, struct err *err)
{
	struct buf sql = BUF_INIT;
	int rc;

	/* Not what scope or robots.txt settled since. */
	buf_addf(&sql,
		"update fetch as f set state = 1, not_before_ms = null where f.state = 2 and %s "
		"and not exists (select 1 from settled s where s.url_id = f.url_id)",
		wanted);
	rc = db_exec(st->db, st->path, sql.data, err);
	*queued = rc ? 0 : (uint64_t)sqlite3_changes64(st->db);
	buf_release(&sql);
	return rc;
}

int store_retry_failed(struct store *st, const char *words, uint64_t *queued, struct err *err)
{
	struct buf wanted = BUF_INIT;
	int rc = add_wanted(&wanted, words, err);

	*queued = 0;
	if (!rc && db_exec(st->db, st->path, "begin immediate", err) < 0)
		rc = -1;
	else if (!rc) {
		rc = mark(st, wanted.data, queued, err);
		if (!rc && *queued)
			rc = recount_hosts_now(st, err);
		if (!rc && !*queued && words && *words)
			rc = say_none(st, words, err);
		if (!rc)
			rc = db_exec(st->db, st->path, "commit", err);
		if (rc)
			sqlite3_exec(st->db, "rollback", NULL, NULL, NULL);
	}
	buf_release(&wanted);
	return rc;
}
