#include "crawler/scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "config/buf.h"
#include "config/log.h"
#include "config/map.h"
#include "config/mem.h"
#include "crawler/page/host.h"

/* Backtracking steps per URL; a sane pattern needs dozens. Bounds a hostile URL's cost to
 * a few milliseconds (ukwa-heritrix#54: one regex held a crawl for 32 minutes). */
#define MATCH_LIMIT 100000

struct pattern {
	pcre2_code *code;
	char *text; /* "--exclude RE", shown as the rule */
	bool gave_up;
};

struct scope_rules {
	enum scope kind;
	struct pattern *include, *exclude;
	size_t ninclude, nexclude;
	struct map areas; /* the prefixes, authorities or registrable domains that seeds open */
	bool grown;	  /* by a redirect */
	char rule[32];	  /* "--scope host" */
	pcre2_match_data *match;
	pcre2_match_context *limits;
};

static int compile(
	struct pattern **out, size_t *n, const struct strlist *l, const char *flag, struct err *err)
{
	*out = mem_array(l->n, sizeof(**out));
	for (size_t i = 0; i < l->n; i++) {
		struct buf text = BUF_INIT;
		PCRE2_SIZE at;
		int code;
		struct pattern *p = &(*out)[i];

		p->code = pcre2_compile(
			(PCRE2_SPTR)l->v[i], PCRE2_ZERO_TERMINATED, 0, &code, &at, NULL);
		if (!p->code) {
			PCRE2_UCHAR why[128];
			pcre2_get_error_message(code, why, sizeof(why));
			return err_set(err, EXIT_USAGE,
				"%s %s: not a regular expression, at character %zu: %s", flag,
				l->v[i], at + 1, (const char *)why);
		}
		pcre2_jit_compile(
			p->code, PCRE2_JIT_COMPLETE); /* interpreted where there is none */
		buf_addf(&text, "%s %s", flag, l->v[i]);
		p->text = buf_take(&text);
		*n = i + 1;
	}
	return 0;
}

struct scope_rules *scope_open(const struct settings *set, struct err *err)
{
	struct scope_rules *s = mem_zalloc(sizeof(*s));

	s->kind = set->scope;
	map_init(&s->areas);
	snprintf(s->rule, sizeof(s->rule), "--scope %s", scope_name(set->scope));
	s->match = pcre2_match_data_create(1, NULL);
	s->limits = pcre2_match_context_create(NULL);
	pcre2_set_match_limit(s->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(s->limits, MATCH_LIMIT);
	pcre2_set_heap_limit(s->limits, 8 * 1024);
	if (compile(&s->include, &s->ninclude, &set->include, "--include", err) < 0 ||
		compile(&s->exclude, &s->nexclude, &set->exclude, "--exclude", err) < 0) {
		scope_free(s);
		return NULL;
	}
	return s;
}

static void free_patterns(struct pattern *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		pcre2_code_free(p[i].code);
		free(p[i].text);
	}
	free(p);
}

void scope_free(struct scope_rules *s)
{
	if (!s)
		return;
	free_patterns(s->include, s->ninclude);
	free_patterns(s->exclude, s->nexclude);
	map_release(&s->areas, NULL);
	pcre2_match_data_free(s->match);
	pcre2_match_context_free(s->limits);
	free(s);
}

/* The part of a URL that --scope compares: for prefix the directory, for host name and
 * port, for domain the registrable domain. */
static void area_of(enum scope kind, const struct url *u, const char **text, size_t *len)
{
	size_t host_len;
	const char *host = url_host(u, &host_len);

	switch (kind) {
	case SCOPE_PAGE: *text = u->href, *len = url_without_fragment_len(u); break;
	case SCOPE_PREFIX:
		*text = u->href;
		*len = u->query_start;
		while (*len > u->path_start && u->href[*len - 1] != '/')
			(*len)--;
		break;
	case SCOPE_DOMAIN: *text = host_registrable(host, host_len, len); break;
	case SCOPE_HOST: *text = host, *len = u->port_end - u->host_start; break;
	case SCOPE_ANY: *text = "", *len = 0; break;
	}
}

/* Whether one of the directories above it was opened. Each ends with its slash. */
static bool below_prefix(const struct scope_rules *s, const struct url *u)
{
	for (size_t i = u->path_start; i < u->query_start; i++)
		if (u->href[i] == '/' && map_get(&s->areas, u->href, i + 1))
			return true;
	return false;
}

static bool in_area(const struct scope_rules *s, const struct url *u)
{
	const char *text;
	size_t len;

	if (s->kind == SCOPE_ANY)
		return true;
	if (s->kind == SCOPE_PREFIX)
		return below_prefix(s, u);
	area_of(s->kind, u, &text, &len);
	return map_get(&s->areas, text, len) != NULL;
}

/* Asks the map, never a list: a crawl may have a million seeds. True if it was new. */
static bool add_area(struct scope_rules *s, const struct url *u)
{
	const char *text;
	size_t len;

	if (in_area(s, u))
		return false;
	area_of(s->kind, u, &text, &len);
	*map_put(&s->areas, text, len) = s;
	return true;
}

void scope_add_seed(struct scope_rules *s, const struct url *seed)
{
	add_area(s, seed);
}

bool scope_follow(struct scope_rules *s, const struct url *target)
{
	bool is_new = add_area(s, target);

	s->grown |= is_new;
	return is_new;
}

bool scope_has_grown(const struct scope_rules *s)
{
	return s->grown;
}

static bool matches(struct scope_rules *s, struct pattern *p, const struct url *u, bool on_error)
{
	int rc = pcre2_match(p->code, (PCRE2_SPTR)u->href, url_without_fragment_len(u), 0, 0,
		s->match, s->limits);

	if (rc >= 0)
		return true;
	if (rc == PCRE2_ERROR_NOMATCH)
		return false;
	if (!p->gave_up)
		log_warn("%s: the pattern needs too many steps on %.*s; such URLs are excluded",
			p->text, (int)u->len, u->href);
	p->gave_up = true;
	return on_error;
}

const char *scope_judge(struct scope_rules *s, const struct url *u, bool seed, const char **rule)
{
	*rule = NULL;
	if (!url_is_http(u))
		return "scheme";
	for (size_t i = 0; i < s->nexclude; i++)
		if (matches(s, &s->exclude[i], u, true)) {
			*rule = s->exclude[i].text;
			return "exclude";
		}
	if (seed)
		return NULL;
	if (!in_area(s, u)) {
		*rule = s->rule;
		return "scope";
	}
	for (size_t i = 0; i < s->ninclude; i++)
		if (matches(s, &s->include[i], u, false))
			return NULL;
	if (!s->ninclude)
		return NULL;
	*rule = "--include";
	return "include";
}
