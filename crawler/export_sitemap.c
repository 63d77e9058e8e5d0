/* export_sitemap.c - one sitemap, or several and an index over them.
 *
 * Parts are written as NAME-1.xml, NAME-2.xml, ... under their other names. A single one becomes
 * NAME.xml; otherwise NAME.xml is the index, and comes last. On stdout there is room for one.
 */
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "config/text.h"
#include "crawler/export.h"
#include "crawler/outfile.h"
#include "crawler/page/url.h"

struct part {
	struct outfile file;
	char *name; /* without the folder */
	char lastmod[32];
};

struct sitemaps {
	struct export_job *job;
	struct part *parts;
	size_t n;
	size_t origins;
	char *origin, *base; /* base: what the names of parts are put behind */
	FILE *held;	     /* for stdout */
	struct err *err;
	bool failed;
};

/* NAME-3.xml beside NAME.xml. */
static char *part_path(const char *output, size_t n)
{
	const char *name = strrchr(output, '/'), *dot = strrchr(output, '.');
	struct buf b = BUF_INIT;
	size_t stem;

	name = name ? name + 1 : output;
	stem = dot && dot > name ? (size_t)(dot - output) : strlen(output);
	buf_addf(&b, "%.*s-%zu%s", (int)stem, output, n + 1, output + stem);
	return buf_take(&b);
}

static FILE *open_held(struct sitemaps *m, size_t n, struct err *err)
{
	if (n > 0) {
		err_set(err, EXIT_USAGE,
			"more than one sitemap is needed (%d URLs or 50 MB of one site each): name "
			"them with -o FILE.xml, or select fewer pages",
			SITEMAP_MAX_URLS);
		return NULL;
	}
	m->held = tmpfile();
	if (!m->held)
		err_set(err, EXIT_STORAGE, "cannot make a temporary file");
	return m->held;
}

static FILE *open_part(void *arg, size_t n, const char *origin, struct err *err)
{
	struct sitemaps *m = arg;
	const char *slash;
	struct part *p;
	char *path;

	if (!m->origin || strcmp(m->origin, origin)) {
		m->origins++;
		free(m->origin);
		m->origin = mem_strdup(origin);
	}
	if (!m->base) {
		struct buf b = BUF_INIT;
		const char *base = m->job->base_url ? m->job->base_url : origin;
		size_t len = strlen(base);
		buf_addf(&b, "%s%s", base, len && base[len - 1] == '/' ? "" : "/");
		m->base = buf_take(&b);
	}
	m->parts = mem_realloc(m->parts, (n + 1) * sizeof(*m->parts));
	p = &m->parts[n];
	*p = (struct part){0};
	m->n = n + 1;
	if (!m->job->output)
		return open_held(m, n, err);
	path = part_path(m->job->output, n);
	slash = strrchr(path, '/');
	p->name = mem_strdup(slash ? slash + 1 : path);
	/* A single one will not keep this name: whether it may have it is seen later. */
	outfile_open(&p->file, path, n == 0 ? true : m->job->force, err);
	free(path);
	p->file.force = m->job->force;
	return p->file.f;
}

static void part_done(void *arg, size_t n, const char *lastmod)
{
	struct sitemaps *m = arg;
	struct part *p = &m->parts[n];

	strcpy(p->lastmod, lastmod);
	if (m->job->output && !m->failed && outfile_close(&p->file, m->err) < 0)
		m->failed = true;
}

static int write_index(struct sitemaps *m, struct err *err)
{
	struct outfile index;
	struct buf url = BUF_INIT;
	int rc;

	if (outfile_open(&index, m->job->output, m->job->force, err) < 0)
		return -1;
	sitemap_index_begin(index.f);
	for (size_t i = 0; i < m->n; i++) {
		buf_reset(&url);
		buf_addf(&url, "%s%s", m->base, m->parts[i].name);
		sitemap_index_add(index.f, url.data, m->parts[i].lastmod);
	}
	sitemap_index_end(index.f);
	rc = outfile_commit(&index, err);
	outfile_drop(&index);
	buf_release(&url);
	return rc;
}

static int give_names(struct sitemaps *m, struct err *err)
{
	if (m->failed)
		return -1;
	if (m->n == 1)
		outfile_rename(&m->parts[0].file, m->job->output);
	for (size_t i = 0; i < m->n; i++)
		if (outfile_check(m->parts[i].file.path, m->job->force, err) < 0)
			return -1;
	for (size_t i = 0; i < m->n; i++)
		if (outfile_commit(&m->parts[i].file, err) < 0)
			return -1;
	return m->n == 1 ? 0 : write_index(m, err);
}

/* What was kept back until it was known to be all. */
static int to_stdout(struct sitemaps *m, struct err *err)
{
	char chunk[65536];
	size_t n;

	if (!m->held)
		return err_set(err, EXIT_INTERNAL, "no sitemap was made");
	rewind(m->held);
	while ((n = fread(chunk, 1, sizeof(chunk), m->held)) > 0)
		if (fwrite(chunk, 1, n, stdout) != n)
			return err_set(err, EXIT_STORAGE, "cannot write the output");
	return 0;
}

static void say(const struct sitemaps *m, const struct sitemap_parts *parts)
{
	struct buf b = BUF_INIT;

	if (m->job->output) {
		text_terminal(&b, m->job->output, strlen(m->job->output));
		buf_add_str(&b, ": ");
		text_number(&b, parts->urls);
		buf_addf(&b, " URL%s", parts->urls == 1 ? "" : "s");
		if (m->n > 1)
			buf_addf(&b, " in %zu sitemaps, %s to %s", m->n, m->parts[0].name,
				m->parts[m->n - 1].name);
		puts(b.data);
	}
	if (parts->too_long)
		fprintf(stderr, "skitter: left out %llu URLs that are too long for a sitemap\n",
			(unsigned long long)parts->too_long);
	if (m->origins > 1)
		fprintf(stderr,
			"skitter: the pages are of %zu sites; search engines want the sitemaps of "
			"a site on it, or named by its robots.txt\n",
			m->origins);
	buf_release(&b);
}

static void release(struct sitemaps *m)
{
	for (size_t i = 0; i < m->n; i++) {
		outfile_drop(&m->parts[i].file);
		free(m->parts[i].name);
	}
	free(m->parts);
	free(m->origin);
	free(m->base);
	if (m->held)
		fclose(m->held);
}

static int run(struct sitemaps *m, struct sitemap_parts *parts, struct err *err)
{
	struct export_progress p;
	int rc;

	export_progress_begin(&p, m->job, "reading pages");
	rc = store_sitemap(m->job->st, parts, &m->job->select, err);
	export_progress_end(&p);
	if (rc < 0)
		return -1;
	if (!m->n)
		return err_set(err, EXIT_USAGE,
			"no page for a sitemap: none of those selected is an indexable HTML page "
			"(`skitter help export` says which are)");
	return m->job->output ? give_names(m, err) : to_stdout(m, err);
}

static int check_base(const char *base, struct err *err)
{
	struct url_parser p;
	struct url u;
	int rc = 0;

	if (!base)
		return 0;
	url_parser_init(&p);
	if (url_parse(&p, base, strlen(base), NULL, &u) < 0 || !url_is_http(&u))
		rc = err_set(err, EXIT_USAGE,
			"--base-url: expected where the sitemaps are going to lie, as in "
			"https://example.com/");
	url_parser_release(&p);
	return rc;
}

int export_sitemaps(struct export_job *job, struct err *err)
{
	struct sitemaps m = {.job = job, .err = err};
	struct sitemap_parts parts = {.open = open_part, .done = part_done, .arg = &m};
	int rc;

	if (job->output && !strcmp(job->output, "-"))
		job->output = NULL;
	if (check_base(job->base_url, err) < 0 ||
		(job->output && outfile_check(job->output, job->force, err) < 0))
		return -1;
	rc = run(&m, &parts, err);
	if (rc == 0)
		say(&m, &parts);
	release(&m);
	return rc;
}
