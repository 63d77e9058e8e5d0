/* url_key.c - the seen key (the rules are in url.h). */
#include "crawler/page/url.h"

#include <string.h>

#include "crawler/page/url_block.h"

/* Whether c, decoded and put at w, would help a stray '%' to become an escape. `stray`
 * is the place behind that '%'. */
static bool completes(const char *stray, const char *w, char c)
{
	if (!stray || url_hex(c) < 0)
		return false;
	return w == stray || (w == stray + 1 && url_hex(*stray) >= 0);
}

/* Copies what at the start of s is in that form already, whole blocks or all of it. */
static size_t copy_folded(char *w, const char *s, size_t len)
{
	size_t i = 0, n;

	for (; i < len; i += n) {
		struct url_block b;

		n = len - i < URL_BLOCK ? len - i : URL_BLOCK;
		b = url_block_copy(w + i, s + i, n, false);
		if (b.odd | b.fold)
			break;
	}
	return i;
}

/* Appends path or query text in the form of rules 2 to 4. */
static void put_folded(struct buf *out, const char *s, size_t n)
{
	const char *stray = NULL; /* behind a '%' that is no escape, in the output */
	size_t i;
	char *w;

	buf_grow(out, 3 * n + URL_BLOCK);
	w = out->data + out->len;
	i = copy_folded(w, s, n);
	w += i;
	for (; i < n; i++) {
		unsigned c = (unsigned char)s[i];

		if (c == '%' && n - i > 2 && url_hex(s[i + 1]) >= 0 && url_hex(s[i + 2]) >= 0) {
			c = (unsigned)url_hex(s[i + 1]) << 4 | (unsigned)url_hex(s[i + 2]);
			i += 2;
			if ((url_class[c] & SET_UNRESERVED) && !completes(stray, w, (char)c))
				*w++ = (char)c;
			else
				w = url_put_escape(w, (unsigned char)c);
		} else if (url_class[c] & SET_SEEN) {
			w = url_put_escape(w, (unsigned char)c);
		} else {
			*w++ = (char)c;
			if (c == '%')
				stray = w;
		}
	}
	buf_set_len(out, (size_t)(w - out->data));
}

static bool is_ignored(const char *name, size_t n, const char *const *ignore, size_t nignore)
{
	for (size_t i = 0; i < nignore; i++) {
		size_t len = strlen(ignore[i]);

		if (len > 0 && ignore[i][len - 1] == '*') {
			if (n >= len - 1 && memcmp(name, ignore[i], len - 1) == 0)
				return true;
		} else if (n == len && memcmp(name, ignore[i], n) == 0) {
			return true;
		}
	}
	return false;
}

/* Removes the ignored parameters of the folded query at out[start..). Nothing but them
 * and one '&' each is changed. */
static void drop_params(struct buf *out, size_t start, const char *const *ignore, size_t nignore)
{
	char *w = out->data + start;
	const char *p = w, *end = out->data + out->len;
	bool first = true;

	for (;;) {
		const char *amp = memchr(p, '&', (size_t)(end - p));
		const char *stop = amp ? amp : end;
		const char *eq = memchr(p, '=', (size_t)(stop - p));

		if (!is_ignored(p, (size_t)((eq ? eq : stop) - p), ignore, nignore)) {
			if (!first)
				*w++ = '&';
			first = false;
			memmove(w, p, (size_t)(stop - p));
			w += stop - p;
		}
		if (!amp)
			break;
		p = amp + 1;
	}
	buf_set_len(out, (size_t)(w - out->data));
}

void url_seen_key(const struct url *u, const char *const *ignore, size_t nignore, struct buf *out)
{
	const char *s = u->href;
	size_t query;

	buf_add(out, s, u->path_start);
	put_folded(out, s + u->path_start, u->query_start - u->path_start);
	if (u->fragment_start - u->query_start < 2)
		return;
	query = out->len;
	buf_add_ch(out, '?');
	put_folded(out, s + u->query_start + 1, u->fragment_start - u->query_start - 1);
	if (nignore > 0)
		drop_params(out, query + 1, ignore, nignore);
	if (out->len == query + 1)
		buf_set_len(out, query);
}
