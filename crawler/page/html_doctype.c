#include "crawler/page/html_token.h"

#include <string.h>
#include <strings.h>

/* A DOCTYPE ends at the first '>', even inside quotes, so it is read from the
 * bytes before it; `eof` says that there was none. */
struct reader {
	const char *p, *end;
	bool eof;
};

static void skip_space(struct reader *r)
{
	while (r->p < r->end && html_is_space(*r->p))
		r->p++;
}

static void add_text(struct buf *out, const char *s, const char *end, bool lower)
{
	for (; s < end; s++) {
		if (*s == '\0')
			buf_add(out, "\xef\xbf\xbd", 3);
		else if (*s != '\r')
			buf_add_ch(out, lower ? html_lower(*s) : *s);
		else if (s + 1 == end || s[1] != '\n')
			buf_add_ch(out, '\n');
	}
}

/* A quoted identifier at r->p; false when its closing quote is missing. */
static bool read_quoted(struct reader *r, struct buf *out)
{
	const char *s = r->p + 1;
	const char *q = memchr(s, *r->p, (size_t)(r->end - s));

	add_text(out, s, q ? q : r->end, false);
	r->p = q ? q + 1 : r->end;
	return q != NULL;
}

static bool at_quote(const struct reader *r)
{
	return r->p < r->end && (*r->p == '"' || *r->p == '\'');
}

/* Everything behind the keyword SYSTEM or the public identifier; true = correct. */
static bool read_system(struct reader *r, struct html_doctype *d, bool required)
{
	skip_space(r);
	if (r->p == r->end)
		return !required && !r->eof;
	if (!at_quote(r))
		return false;
	d->has_system = true;
	if (!read_quoted(r, &d->system_id))
		return false;
	skip_space(r);
	/* Anything behind it is bogus but harmless. */
	return !(r->eof && r->p == r->end);
}

static bool read_ids(struct reader *r, struct html_doctype *d)
{
	size_t left;

	skip_space(r);
	left = (size_t)(r->end - r->p);
	if (left == 0)
		return !r->eof;
	if (left >= 6 && strncasecmp(r->p, "SYSTEM", 6) == 0) {
		r->p += 6;
		return read_system(r, d, true);
	}
	if (left < 6 || strncasecmp(r->p, "PUBLIC", 6) != 0)
		return false;
	r->p += 6;
	skip_space(r);
	if (!at_quote(r))
		return false;
	d->has_public = true;
	return read_quoted(r, &d->public_id) && read_system(r, d, false);
}

const char *html_doctype_read(struct tokenizer *t, const char *p, const char *end, bool final)
{
	struct html_doctype *d = &t->doctype;
	const char *gt = memchr(p, '>', (size_t)(end - p)), *name;
	struct reader r = {p, gt ? gt : end, !gt};

	if (!gt && !final)
		return NULL;
	buf_reset(&d->name);
	buf_reset(&d->public_id);
	buf_reset(&d->system_id);
	d->has_public = d->has_system = false;
	skip_space(&r);
	for (name = r.p; r.p < r.end && !html_is_space(*r.p);)
		r.p++;
	add_text(&d->name, name, r.p, true);
	d->has_name = r.p > name;
	d->force_quirks = !d->has_name || !read_ids(&r, d);
	return gt ? gt + 1 : end;
}
