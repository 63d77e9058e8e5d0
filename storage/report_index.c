/* report_index.c - the words of the report, and the index of URLs. */
#include "storage/report_int.h"

#include <stdlib.h>
#include <string.h>

#include "config/mem.h"

/* ---- what became of a URL ---- */

static const struct {
	const char *word, *meaning;
} classes[REPORT_CLASSES] = {
	[REPORT_OK] = {"ok", "the page was there"},
	[REPORT_REDIRECT] = {"redirect", "the server sent us on"},
	[REPORT_DEAD] = {"dead", "the server says that there is no such page"},
	[REPORT_UNREACHABLE] = {"unreachable", "no connection could be made from here"},
	[REPORT_BLOCKED] = {"blocked", "refused to this crawler; others may see it"},
	[REPORT_LIMITED] = {"rate-limited", "refused because we asked too often"},
	[REPORT_FLAKY] = {"flaky", "failed in a way that may pass"},
	[REPORT_OTHER] = {"other", "an answer that is no page"},
	[REPORT_ROBOTS] = {"robots.txt", "not asked for, because robots.txt says so"},
	[REPORT_UNKNOWN] = {"not fetched", "out of scope, or still to come"},
};

const char *report_class_word(enum report_class c)
{
	return classes[c].word;
}

const char *report_class_meaning(enum report_class c)
{
	return classes[c].meaning;
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

static enum report_class classify_error(const char *error)
{
	static const char *const unreachable[] = {
		"dns", "refused", "connect", "tls", "tls_cert", "proxy", NULL};
	static const char *const flaky[] = {"timeout", "reset", "cut", "stopped", NULL};

	if (is_one_of(error, unreachable))
		return REPORT_UNREACHABLE;
	return is_one_of(error, flaky) ? REPORT_FLAKY : REPORT_OTHER;
}

enum report_class report_classify(int status, const char *error)
{
	if (status == 0)
		return error ? classify_error(error) : REPORT_OTHER;
	/* A page that came, but that the parser choked on, is there all the same. */
	if (error && !strcmp(error, "cut"))
		return REPORT_FLAKY;
	if (error && !strcmp(error, "bad_redirect"))
		return REPORT_OTHER;
	switch (status) {
	case 404:
	case 410: return REPORT_DEAD;
	case 401:
	case 402:
	case 403:
	case 407:
	case 451:
	case 999: return REPORT_BLOCKED;
	case 429: return REPORT_LIMITED;
	case 408:
	case 425: return REPORT_FLAKY;
	case 301:
	case 302:
	case 303:
	case 307:
	case 308: return REPORT_REDIRECT;
	default: break;
	}
	if (status >= 200 && status < 300)
		return REPORT_OK;
	return status >= 500 && status < 600 ? REPORT_FLAKY : REPORT_OTHER;
}

/* ---- the index ---- */

void report_index_open(struct report_index *x, size_t expected)
{
	x->size = expected + expected / 3 + 16;
	x->n = 0;
	x->keys = mem_array(x->size, sizeof(*x->keys));
	x->pages = mem_array(x->size, sizeof(*x->pages));
}

void report_index_release(struct report_index *x)
{
	free(x->keys);
	free(x->pages);
	*x = (struct report_index){0};
}

/* Where the key is, or where it would be. Keys are good hashes, so the high half of a product
 * spreads them over any size. There is always a free place: put sees to it. */
static size_t place(const struct report_index *x, uint64_t key)
{
	size_t at = (size_t)((key >> 32) * x->size >> 32);

	while (x->keys[at] && x->keys[at] != key)
		at = at + 1 < x->size ? at + 1 : 0;
	return at;
}

struct report_page *report_index_get(const struct report_index *x, uint64_t key)
{
	size_t at = place(x, key);

	return x->keys[at] ? &x->pages[at] : NULL;
}

static void grow(struct report_index *x)
{
	struct report_index bigger;

	report_index_open(&bigger, x->size * 2);
	for (size_t i = 0; i < x->size; i++) {
		size_t at;
		if (!x->keys[i])
			continue;
		at = place(&bigger, x->keys[i]);
		bigger.keys[at] = x->keys[i];
		bigger.pages[at] = x->pages[i];
	}
	bigger.n = x->n;
	report_index_release(x);
	*x = bigger;
}

struct report_page *report_index_put(struct report_index *x, uint64_t key)
{
	size_t at;

	if (x->n + 8 > x->size - x->size / 8)
		grow(x);
	at = place(x, key);
	x->n += !x->keys[at];
	x->keys[at] = key;
	return &x->pages[at];
}
