/* page_header.c - the Link header (RFC 8288). */
#include <string.h>
#include <strings.h>

#include "crawler/page/page_part.h"

#define MAX_LINKS 64 /* of one header */

struct value {
	const char *p;
	size_t len;
};

static const char *blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* One parameter after a ';'. The value is a token or a quoted string. */
static const char *parameter(const char *p, struct value *name, struct value *value)
{
	p = blanks(p);
	name->p = p;
	name->len = strcspn(p, "=;, \t");
	p = blanks(p + name->len);
	*value = (struct value){p, 0};
	if (*p != '=')
		return p;
	p = blanks(p + 1);
	if (*p == '"') {
		value->p = ++p;
		while (*p && *p != '"')
			p += *p == '\\' && p[1] ? 2 : 1;
		value->len = (size_t)(p - value->p);
		return blanks(*p ? p + 1 : p);
	}
	value->p = p;
	value->len = strcspn(p, ";, \t");
	return blanks(p + value->len);
}

static bool has_word(struct value v, const char *word)
{
	size_t n = strlen(word), i = 0;

	while (i < v.len) {
		size_t from;

		while (i < v.len && (v.p[i] == ' ' || v.p[i] == '\t'))
			i++;
		for (from = i; i < v.len && v.p[i] != ' ' && v.p[i] != '\t';)
			i++;
		if (i - from == n && !strncasecmp(v.p + from, word, n))
			return true;
	}
	return false;
}

/* A text of a header, or none where it is no UTF-8. */
static size_t utf8_len(struct value v)
{
	return charset_utf8_valid_prefix(v.p, v.len) == v.len ? v.len : 0;
}

static void add(struct page_job *j, struct value target, struct value rel, struct value hreflang)
{
	bool canonical = has_word(rel, "canonical");
	unsigned flags = 0;
	struct facts_found link;
	struct url u;

	if (has_word(rel, "next") || has_word(rel, "prev"))
		flags |= LINK_NEXT;
	if (has_word(rel, "alternate"))
		flags |= LINK_ALTERNATE | (hreflang.len ? LINK_HREFLANG : 0);
	if (has_word(rel, "nofollow"))
		flags |= LINK_NOFOLLOW;
	/* Hints and licences lead to no page. */
	if ((!flags && !canonical) || url_parse(&j->r->parser, target.p, target.len, &j->url, &u))
		return;
	if (canonical && !j->r->canonical.len)
		buf_add(&j->r->canonical, u.href, u.len);
	link = (struct facts_found){
		.url = u.href,
		.url_len = u.len,
		.rel = rel.p,
		.rel_len = utf8_len(rel),
		.text = hreflang.p,
		.text_len = utf8_len(hreflang),
		.kind = canonical ? LINK_CANONICAL : LINK_LINK,
		.attr = ATTR_HEADER,
		.flags = flags,
	};
	facts_add_link(&j->w, &link);
}

void page_link_header(struct page_job *j)
{
	const char *p = j->task->link_header;
	int left = MAX_LINKS;

	if (!p)
		return;
	while (left-- > 0) {
		struct value target, rel = {"", 0}, hreflang = {"", 0}, anchor = {"", 0};

		p += strspn(p, " \t,");
		if (*p != '<')
			return;
		target.p = ++p;
		target.len = strcspn(p, ">");
		if (!p[target.len])
			return;
		p = blanks(p + target.len + 1);
		while (*p == ';') {
			struct value name, value;

			p = parameter(p + 1, &name, &value);
			if (has_word(name, "rel") && !rel.len)
				rel = value;
			else if (has_word(name, "hreflang") && !hreflang.len)
				hreflang = value;
			else if (has_word(name, "anchor"))
				anchor = value;
		}
		/* With an anchor the link is about another document. */
		if (rel.len && !anchor.len)
			add(j, target, rel, hreflang);
	}
}
