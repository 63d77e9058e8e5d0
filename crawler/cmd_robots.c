/* cmd_robots.c - skitter robots URL|FILE --agent A --test URL: what a robots.txt says. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/mem.h"
#include "config/text.h"
#include "crawler/cmd.h"
#include "crawler/cmd_util.h"
#include "crawler/http.h"
#include "crawler/http_simple.h"
#include "crawler/page/robots.h"
#include "crawler/page/url.h"

struct source {
	struct buf text;
	struct buf origin; /* "" for a file */
	long status;	   /* 0 for a file */
	bool fetched;
};

static int read_file(const char *path, struct buf *out, struct err *err)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "re") : stdin;
	int rc = 0;
	size_t n;

	if (!f)
		return err_set(err, EXIT_USAGE, "cannot read %s: %s", path, strerror(errno));
	do {
		buf_grow(out, 65536);
		n = fread(out->data + out->len, 1, 65536, f);
		buf_set_len(out, out->len + n);
	} while (n && out->len <= ROBOTS_MAX);
	if (ferror(f))
		rc = err_set(err, EXIT_USAGE, "cannot read %s: %s", path, strerror(errno));
	if (f != stdin)
		fclose(f);
	return rc;
}

/* Any URL of a site stands for its /robots.txt. */
static int fetch(const struct settings *set, const char *text, struct source *src, struct err *err)
{
	struct url_parser p;
	struct buf url = BUF_INIT;
	struct url u;
	bool guessed;
	int rc = -1;

	url_parser_init(&p);
	if (url_from_user(&p, text, &u, &guessed, err) < 0)
		goto out;
	url_add_origin(&u, &src->origin);
	buf_addf(&url, "%s/robots.txt", src->origin.data);
	src->fetched = true;
	rc = http_fetch_simple(set, url.data, ROBOTS_MAX, &src->text, &src->status, err);
out:
	buf_release(&url);
	url_parser_release(&p);
	return rc;
}

static bool is_file(const char *word)
{
	size_t len = strlen(word);
	struct stat sb;

	if (strstr(word, "://"))
		return false;
	/* What can only be meant as a file is one, also where it is missing. */
	return !strcmp(word, "-") || word[0] == '/' || word[0] == '.' ||
	       (len > 4 && !strcmp(word + len - 4, ".txt")) || !stat(word, &sb);
}

/* RFC 9309 section 2.3.1: what the answer means. True: the rules of the text count. */
static bool explain_status(struct buf *out, const struct source *src, const char **all)
{
	*all = NULL;
	if (!src->fetched)
		return true;
	buf_addf(out, "%s/robots.txt answered %ld: ", src->origin.data, src->status);
	if (src->status >= 200 && src->status < 300) {
		text_bytes(out, src->text.len);
		buf_add_ch(out, '\n');
		return true;
	}
	if (src->status >= 300 && src->status < 500) {
		buf_add_str(out, "there are no rules, everything is allowed (RFC 9309, 2.3.1.3)\n");
		*all = "allowed";
	} else {
		buf_add_str(out, "the site is not to be crawled for now (RFC 9309, 2.3.1.4)\n");
		*all = "disallowed";
	}
	return false;
}

static void add_test(struct buf *out, const struct robots *r, const struct source *src,
	const char *all, const char *test)
{
	struct url_parser p, q;
	struct url base, u;
	struct buf origin = BUF_INIT;
	const char *base_text = src->origin.len ? src->origin.data : "https://example.com/";
	const char *path, *rule;
	size_t len;
	int at;
	bool ok;

	url_parser_init(&p);
	url_parser_init(&q);
	if (url_parse(&p, base_text, strlen(base_text), NULL, &base) < 0 ||
		url_parse(&q, test, strlen(test), &base, &u) < 0 || !url_is_http(&u)) {
		buf_add_str(out, "not a URL   ");
		cmd_add_line(out, test);
		buf_add_ch(out, '\n');
		goto out;
	}
	path = url_path_query(&u, &len);
	ok = all ? !strcmp(all, "allowed") : robots_allowed(r, path, len, &rule, &at);
	buf_addf(out, "%-12s", ok ? "allowed" : "disallowed");
	cmd_add_line(out, test);
	if (!all && rule) {
		buf_addf(out, "   line %d: ", at);
		cmd_add_line(out, rule);
	} else if (!all) {
		buf_add_str(out, "   no rule matches");
	}
	buf_add_ch(out, '\n');
	url_add_origin(&u, &origin);
	if (src->origin.len && strcmp(origin.data, src->origin.data))
		buf_addf(out, "            note: this file speaks for %s only\n", src->origin.data);
out:
	url_parser_release(&p);
	url_parser_release(&q);
	buf_release(&origin);
}

static void add_rules(struct buf *out, const struct robots *r, const char *agent)
{
	const char **maps;
	size_t n = robots_sitemaps(r, &maps);
	double delay = robots_crawl_delay(r);

	buf_add_str(out, "group       ");
	if (robots_names_agent(r))
		cmd_add_line(out, agent);
	else
		buf_add_str(out, "* (no group names this agent)");
	buf_add_ch(out, '\n');
	if (delay >= 0)
		buf_addf(out, "crawl-delay %g s\n", delay);
	for (size_t i = 0; i < n; i++) {
		buf_add_str(out, "sitemap     ");
		cmd_add_line(out, maps[i]);
		buf_add_ch(out, '\n');
	}
}

static void report(
	struct buf *out, const struct source *src, const char *agent, const struct strlist *tests)
{
	const char *all;
	struct robots *r = NULL;

	if (explain_status(out, src, &all)) {
		r = robots_parse(src->text.data, src->text.len, agent);
		add_rules(out, r, agent);
	}
	for (size_t i = 0; i < tests->n; i++)
		add_test(out, r, src, all, tests->v[i]);
	robots_free(r);
}

int cmd_robots(int argc, char **argv)
{
	const char *agent = "skitter", *where, *contact = NULL, *ca_file = NULL;
	struct strlist tests = {0};
	bool help, insecure = false;
	const struct cmd_flag flags[] = {{"agent", 'a', &agent, NULL, NULL},
		{"test", 't', NULL, NULL, &tests}, {"contact", 0, &contact, NULL, NULL},
		{"ca-file", 0, &ca_file, NULL, NULL}, {"insecure", 0, NULL, &insecure, NULL}};
	struct source src = {.text = BUF_INIT, .origin = BUF_INIT};
	struct buf out = BUF_INIT;
	struct settings set;
	struct err err = {0};
	int rc;

	settings_init(&set);
	rc = cmd_args(argc, argv, flags, MEM_COUNT(flags), &where, 1, 1, &help, &err);
	if (rc >= 0 && help) {
		cmd_usage(cmd_find("robots"), stdout);
		goto out;
	}
	if (rc < 0)
		goto out;
	set.contact = mem_strdup(contact);
	set.ca_file = mem_strdup(ca_file);
	set.insecure = insecure;
	if (is_file(where)) {
		rc = read_file(where, &src.text, &err);
	} else {
		http_global_init();
		rc = fetch(&set, where, &src, &err);
	}
	if (rc < 0)
		goto out;
	report(&out, &src, agent, &tests);
	fwrite(out.data, 1, out.len, stdout);
	rc = 0;
out:
	settings_release(&set);
	strlist_clear(&tests);
	buf_release(&src.text);
	buf_release(&src.origin);
	buf_release(&out);
	return rc < 0 ? cmd_fail(&err) : EXIT_OK;
}
