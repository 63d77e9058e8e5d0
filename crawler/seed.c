/* seed.c - the URLs a crawl starts from. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/facts.h"
#include "config/log.h"
#include "config/mem.h"
#include "config/text.h"
#include "crawler/crawl.h"

/* More seeds, one per line; empty lines and lines that start with '#' are skipped. */
static int read_input_file(struct settings *set, struct err *err)
{
	bool std = !strcmp(set->input_file, "-");
	FILE *in = std ? stdin : fopen(set->input_file, "re");
	char *line = NULL;
	size_t cap = 0;

	if (!in)
		return err_set(err, EXIT_USAGE, "%s: %s", set->input_file, strerror(errno));
	while (getline(&line, &cap, in) >= 0) {
		char *start = line + strspn(line, " \t");
		start[strcspn(start, "\r\n")] = '\0';
		if (*start && *start != '#')
			strlist_add(&set->seeds, start);
	}
	free(line);
	if (!std)
		fclose(in);
	return 0;
}

/* A name and password are no part of where a crawl starts, and must not get into the file. */
static void add_without_secrets(
	struct settings *set, size_t i, const struct url *u, struct strlist *out)
{
	struct buf href = BUF_INIT;

	if (!url_has_credentials(u)) {
		strlist_add(out, u->href);
		return;
	}
	url_add_origin(u, &href);
	buf_add(&href, u->href + u->path_start, u->len - u->path_start);
	log_warn("%s: the name and password in the URL are not used; --user gives them", href.data);
	free(set->seeds.v[i]); /* it would be kept with the settings */
	set->seeds.v[i] = mem_strdup(href.data);
	strlist_add(out, href.data);
	buf_release(&href);
}

int crawl_seeds(struct settings *set, struct url_parser *p, struct strlist *out, struct err *err)
{
	if (set->input_file && read_input_file(set, err) < 0)
		return -1;
	for (size_t i = 0; i < set->seeds.n; i++) {
		struct url u;
		bool guessed;
		if (url_from_user(p, set->seeds.v[i], &u, &guessed, err) < 0)
			return -1;
		if (url_without_fragment_len(&u) > FACTS_MAX_URL)
			return err_set(err, EXIT_USAGE,
				"%.60s...: a URL of %zu bytes; the longest is %d", u.href,
				url_without_fragment_len(&u), FACTS_MAX_URL);
		add_without_secrets(set, i, &u, out);
		if (guessed && !set->quiet)
			log_info("%s: no scheme given, trying %s", set->seeds.v[i],
				out->v[out->n - 1]);
	}
	if (!out->n)
		return err_set(err, EXIT_USAGE,
			"no URL to start from; for example: skitter crawl https://example.com/");
	return 0;
}

void crawl_seed(struct crawl *c, const struct strlist *seeds)
{
	struct record *r = record_plain(c);
	struct url u;

	for (size_t i = 0; i < seeds->n; i++)
		if (url_view(seeds->v[i], strlen(seeds->v[i]), &u) == 0)
			scope_add_seed(c->scope, &u);
	for (size_t i = 0; i < seeds->n; i++) {
		struct offer o = {.kind = LINK_SEED, .seed = true};
		strlist_add(&c->kept, seeds->v[i]);
		o.url = c->kept.v[c->kept.n - 1];
		o.len = (uint32_t)strlen(o.url);
		frontier_offer(c->frontier, &o, &r->findings);
	}
	crawl_mark_guesses(c);
	record_put(c, r);
}

/* ---- guesses: a seed without a scheme ---- */

void crawl_mark_guesses(struct crawl *c)
{
	for (size_t i = 0; i < c->set.seeds.n; i++) {
		struct url u;
		struct host *h;
		struct err ignored;
		bool guessed;

		if (url_from_user(&c->urls, c->set.seeds.v[i], &u, &guessed, &ignored) < 0 ||
			!guessed || !(h = hosts_find(&c->hosts, &u)))
			continue;
		h->guessed = h->https;
	}
}

/* No TLS there, or nothing at all. A certificate that does not verify is an answer, and no reason
 * to go on without one. */
bool seed_falls_back(const struct entry *e, const struct http_fetch *f, const char *error)
{
	static const char *const words[] = {"refused", "connect", "timeout", "reset", "tls"};

	if (e->kind != LINK_SEED || !e->host->guessed || f->status || !error)
		return false;
	for (size_t i = 0; i < MEM_COUNT(words); i++)
		if (!strcmp(error, words[i]))
			return true;
	return false;
}

/* https://example.com/ becomes http://example.com/, a seed like the others. */
void seed_fall_back(struct crawl *c, const struct entry *e, struct findings *out)
{
	struct offer o = {.kind = LINK_SEED, .seed = true};
	struct buf b = BUF_INIT;
	struct url u;

	buf_addf(&b, "http%s", e->href + strlen("https"));
	strlist_add(&c->kept, b.data);
	buf_release(&b);
	o.url = c->kept.v[c->kept.n - 1];
	o.len = (uint32_t)strlen(o.url);
	if (url_view(o.url, o.len, &u) < 0)
		return;
	if (!c->set.quiet)
		log_info("%s does not answer, trying %s", e->href, o.url);
	scope_add_seed(c->scope, &u);
	frontier_offer(c->frontier, &o, out);
}

/* ---- what is about to happen, in one line ---- */

static void add_scope(struct buf *b, const struct settings *set, bool many)
{
	switch (set->scope) {
	case SCOPE_PAGE: buf_add_str(b, many ? "these pages alone" : "this page alone"); break;
	case SCOPE_PREFIX:
		buf_add_str(b, many ? "and what is below them" : "and what is below it");
		break;
	case SCOPE_HOST:
		buf_add_str(b, many ? "and all links on their hosts" : "and all links on its host");
		break;
	case SCOPE_DOMAIN:
		buf_add_str(b, many ? "and all links within their domains"
				    : "and all links within its domain");
		break;
	case SCOPE_ANY: buf_add_str(b, "and all links, wherever they lead"); break;
	}
}

void crawl_say_begin(const struct settings *set, const struct strlist *seeds)
{
	struct buf b = BUF_INIT;

	if (seeds->n == 1)
		text_terminal(&b, seeds->v[0], strlen(seeds->v[0]));
	else
		buf_addf(&b, "%zu seeds", seeds->n);
	buf_add_ch(&b, ' ');
	add_scope(&b, set, seeds->n > 1);
	buf_addf(&b, "; robots.txt %s, ", set->ignore_robots ? "ignored" : "obeyed");
	buf_addf(&b, set->per_host == 1 ? "one request" : "%u requests", (unsigned)set->per_host);
	buf_add_str(&b, " at a time per host, ");
	if (set->delay < 0)
		buf_add_str(&b, "0.25 s apart (none on private addresses)");
	else if (set->delay > 0)
		buf_addf(&b, "%g s apart", set->delay);
	else
		buf_add_str(&b, "without a pause");
	buf_add_str(&b, "; into ");
	text_terminal(&b, set->output, strlen(set->output));
	log_info("%s", b.data);
	buf_release(&b);
}
