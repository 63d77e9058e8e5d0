#include "crawler/page/robots.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/buf.h"
#include "config/mem.h"
#include "crawler/page/robots_line.h"
#include "crawler/page/robots_match.h"

struct rule {
	struct robots_pattern pattern;
	size_t text; /* offset of the line as written */
	int line;
	bool allow;
};

/* The rules of one name: the product token, or "*". */
struct group {
	struct rule *rules;
	size_t n, cap;
	double delay;
	bool named; /* a User-agent line gave the name */
};

struct robots {
	struct buf text; /* patterns and lines */
	struct group own, any;
	const struct group *use;
	char **sitemaps;
	size_t nsitemaps, cap_sitemaps;
};

/* Where the parser stands. A name is "in" from its User-agent line until a User-agent line
 * that follows a rule; for Crawl-delay also one that follows a Crawl-delay ends it, because
 * sites list name, delay, name, delay. */
struct parse {
	struct robots *r;
	const char *token;
	size_t token_len;
	bool in_own, in_any, rules_seen;
	bool delay_own, delay_any, delay_seen;
};

static void group_add(struct group *g, const struct rule *rule)
{
	if (g->n == g->cap) {
		g->cap = g->cap ? g->cap * 2 : 16;
		g->rules = mem_realloc(g->rules, g->cap * sizeof(*g->rules));
	}
	g->rules[g->n++] = *rule;
}

/* Its rules do not count: nobody asks for them. */
static void group_drop(struct group *g)
{
	free(g->rules);
	g->rules = NULL;
	g->n = g->cap = 0;
}

static void on_agent(struct parse *p, const struct robots_line *line)
{
	bool own = robots_line_names(line, p->token, p->token_len), any = robots_line_is_any(line);

	if (p->rules_seen)
		p->in_own = p->in_any = p->rules_seen = false;
	if (p->delay_seen)
		p->delay_own = p->delay_any = p->delay_seen = false;
	p->in_own |= own;
	p->in_any |= any;
	p->delay_own |= own;
	p->delay_any |= any;
	p->r->own.named |= own;
	p->r->any.named |= any;
}

static void add_rule(struct parse *p, const struct rule *rule)
{
	if (p->in_own)
		group_add(&p->r->own, rule);
	if (p->in_any)
		group_add(&p->r->any, rule);
}

/* "Allow: /dir/index.html" allows "/dir/" too: sites mean the page, by either name. */
static void add_directory(struct parse *p, const struct robots_line *line, const struct rule *like)
{
	const char *slash = memrchr(line->value, '/', line->value_len);
	size_t dir = slash ? (size_t)(slash + 1 - line->value) : 0;
	struct buf pattern = BUF_INIT;
	struct rule rule = *like;

	if (!rule.allow || !dir || line->value_len - dir < 9 || memcmp(slash, "/index.htm", 10))
		return;
	buf_add(&pattern, line->value, dir);
	buf_add_ch(&pattern, '$');
	rule.pattern = robots_pattern_add(pattern.data, pattern.len, &p->r->text);
	add_rule(p, &rule);
	buf_release(&pattern);
}

static void on_rule(struct parse *p, const struct robots_line *line, int number)
{
	struct rule rule = {.line = number, .allow = line->kind == ROBOTS_ALLOW};
	struct buf *text = &p->r->text;

	p->rules_seen = true;
	p->delay_seen = true;
	/* An empty path matches nothing (RFC 9309, 2.2.2: "empty pattern"). */
	if (!line->value_len || (!p->in_own && !p->in_any))
		return;
	rule.pattern = robots_pattern_add(line->value, line->value_len, text);
	rule.text = text->len;
	buf_add(text, line->text, line->text_len);
	buf_add_ch(text, 0);
	add_rule(p, &rule);
	add_directory(p, line, &rule);
}

static void on_delay(struct parse *p, const struct robots_line *line)
{
	double seconds = robots_line_seconds(line);

	p->delay_seen = true;
	if (seconds < 0)
		return;
	/* Said twice, the more polite one counts. */
	if (p->delay_own && seconds > p->r->own.delay)
		p->r->own.delay = seconds;
	if (p->delay_any && seconds > p->r->any.delay)
		p->r->any.delay = seconds;
}

static void on_sitemap(struct robots *r, const struct robots_line *line)
{
	size_t i;

	/* A NUL would cut the string: no URL has one. */
	if (!line->value_len || memchr(line->value, 0, line->value_len))
		return;
	if (r->nsitemaps == ROBOTS_MAX_SITEMAPS)
		return;
	for (i = 0; i < r->nsitemaps; i++)
		if (strlen(r->sitemaps[i]) == line->value_len &&
			!memcmp(r->sitemaps[i], line->value, line->value_len))
			return;
	if (r->nsitemaps == r->cap_sitemaps) {
		r->cap_sitemaps = r->cap_sitemaps ? r->cap_sitemaps * 2 : 4;
		r->sitemaps = mem_realloc(r->sitemaps, r->cap_sitemaps * sizeof(*r->sitemaps));
	}
	r->sitemaps[r->nsitemaps++] = mem_strndup(line->value, line->value_len);
}

/* Longest first, allow before disallow, then as written: the first match decides. */
static int by_weight(const void *a_, const void *b_)
{
	const struct rule *a = a_, *b = b_;

	if (a->pattern.octets != b->pattern.octets)
		return a->pattern.octets > b->pattern.octets ? -1 : 1;
	if (a->allow != b->allow)
		return a->allow ? -1 : 1;
	return a->line - b->line;
}

struct robots *robots_parse(const char *text, size_t len, const char *product_token)
{
	struct robots *r = mem_zalloc(sizeof(*r));
	struct parse p = {.r = r, .token = product_token};
	struct robots_line line;
	const char *end;
	int number = 0;

	buf_init(&r->text);
	r->own.delay = r->any.delay = -1;
	p.token_len = robots_token_len(product_token, strlen(product_token));
	if (len > ROBOTS_MAX) {
		/* The line that the limit cuts could be read as something else: drop it. */
		for (len = ROBOTS_MAX; len && text[len] != '\n' && text[len] != '\r';)
			len--;
	}
	end = text + len;
	text = robots_skip_bom(text, len);
	while (robots_line_next(&text, end, &line)) {
		number++;
		switch (line.kind) {
		case ROBOTS_AGENT: on_agent(&p, &line); break;
		case ROBOTS_ALLOW:
		case ROBOTS_DISALLOW: on_rule(&p, &line, number); break;
		case ROBOTS_DELAY: on_delay(&p, &line); break;
		case ROBOTS_SITEMAP: on_sitemap(r, &line); break;
		case ROBOTS_OTHER: break;
		}
	}
	r->use = r->own.named ? &r->own : &r->any;
	group_drop(r->own.named ? &r->any : &r->own);
	if (r->own.n)
		qsort(r->own.rules, r->own.n, sizeof(*r->own.rules), by_weight);
	if (r->any.n)
		qsort(r->any.rules, r->any.n, sizeof(*r->any.rules), by_weight);
	return r;
}

void robots_free(struct robots *r)
{
	size_t i;

	if (!r)
		return;
	for (i = 0; i < r->nsitemaps; i++)
		free(r->sitemaps[i]);
	free(r->sitemaps);
	free(r->own.rules);
	free(r->any.rules);
	buf_release(&r->text);
	free(r);
}

size_t robots_memory(const struct robots *r)
{
	size_t n = sizeof(*r) + r->text.cap + (r->own.cap + r->any.cap) * sizeof(struct rule);

	for (size_t i = 0; i < r->nsitemaps; i++)
		n += strlen(r->sitemaps[i]) + 1 + sizeof(*r->sitemaps);
	return n;
}

static const struct rule *decide(const struct robots *r, const char *path, size_t len)
{
	struct buf form[2] = {BUF_INIT, BUF_INIT}; /* plain and folded */
	const struct rule *found = NULL;
	size_t i;

	robots_path_add(path, len, false, &form[0]);
	for (i = 0; i < r->use->n && !found; i++) {
		const struct rule *rule = &r->use->rules[i];
		struct buf *to = &form[rule->pattern.folded];

		if (rule->pattern.folded && !to->len)
			robots_path_add(path, len, true, to);
		if (robots_pattern_match(r->text.data + rule->pattern.off, rule->pattern.len,
			    rule->pattern.end, to->data, to->len))
			found = rule;
	}
	buf_release(&form[0]);
	buf_release(&form[1]);
	return found;
}

bool robots_allowed(
	const struct robots *r, const char *path_query, size_t len, const char **rule, int *line)
{
	static const char itself[] = "/robots.txt";
	const struct rule *found = NULL;

	if (len == 0) {
		path_query = "/";
		len = 1;
	}
	if (r->use->n && (len != sizeof(itself) - 1 || memcmp(path_query, itself, len)))
		found = decide(r, path_query, len);
	if (rule)
		*rule = found ? r->text.data + found->text : NULL;
	if (line)
		*line = found ? found->line : 0;
	return !found || found->allow;
}

double robots_crawl_delay(const struct robots *r)
{
	return r->use->delay;
}

size_t robots_sitemaps(const struct robots *r, const char ***urls)
{
	*urls = (const char **)r->sitemaps;
	return r->nsitemaps;
}

bool robots_names_agent(const struct robots *r)
{
	return r->own.named;
}
