/* seed.c - the URLs a crawl starts from. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/facts.h"
#include "config/log.h"
#include "config/mem.h"
#include "crawler/crawl.h"

/* More seeds, one per line; empty lines and lines that start with '#' are skipped. */
static int read_input_file(struct settings *set, struct err *err)
{
	bool std = !strcmp(set->input_file, "-");
	FILE *in = std ? stdin : fopen(set->input_file, "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	if (!in)
		return err_set(err, EXIT_USAGE, "%s: %s", set->input_file, strerror(errno));
	while ((len = getline(&line, &cap, in)) >= 0) {
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
	record_put(c, r);
}
