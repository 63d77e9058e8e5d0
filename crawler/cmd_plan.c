/* cmd_plan.c - skitter plan: a crawl of robots.txt and sitemaps alone, into a file that goes away.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/log.h"
#include "config/mem.h"
#include "crawler/cmd.h"
#include "crawler/cmd_crawl.h"
#include "crawler/cmd_util.h"
#include "crawler/plan.h"
#include "storage/store_read.h"

/* A folder of our own for the file and what SQLite puts beside it. */
static char *make_folder(struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	struct buf b = BUF_INIT;

	buf_addf(&b, "%s/skitter-plan-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(b.data)) {
		err_set(err, EXIT_STORAGE, "cannot make the folder %s: %s", b.data,
			strerror(errno));
		buf_release(&b);
		return NULL;
	}
	return buf_take(&b);
}

static void remove_folder(const char *folder)
{
	static const char *const names[] = {
		"plan.db", "plan.db-wal", "plan.db-shm", "plan.db.lock", "plan.db-journal"};
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < MEM_COUNT(names); i++) {
		buf_reset(&b);
		buf_addf(&b, "%s/%s", folder, names[i]);
		unlink(b.data);
	}
	rmdir(folder);
	buf_release(&b);
}

static int show(const char *path, const struct settings *set, const struct strlist *seeds,
	bool json, struct err *err)
{
	struct store *st = store_open(path, STORE_READ, err);
	struct buf out = BUF_INIT;
	json_t *plan = NULL;
	int rc = -1;

	if (st)
		plan = plan_gather(st, set, seeds, err);
	if (plan && json) {
		char *text = json_dumps(plan, JSON_COMPACT | JSON_REAL_PRECISION(6));
		buf_addf(&out, "%s\n", text ? text : "{}");
		free(text);
	} else if (plan) {
		plan_text(&out, plan, set);
	}
	if (plan) {
		fwrite(out.data, 1, out.len, stdout);
		rc = plan_may_begin(plan) ? EXIT_OK : EXIT_NO_SEED;
	}
	json_decref(plan);
	store_close(st);
	buf_release(&out);
	return rc;
}

/* The settings of the crawl that looks: the same, but for limits that are meant for pages. */
static void for_looking(struct settings *look, const char *path)
{
	free(look->output);
	look->output = mem_strdup(path);
	look->force_new = look->store_bodies = false;
	look->max_pages = look->max_pages_per_host = look->max_bytes = 0;
	look->quiet = true;
	look->progress = PROGRESS_NEVER;
}

static int plan(int argc, char **argv, struct settings *set, bool json, struct err *err)
{
	struct crawl_watch watch = {.lists_only = true};
	struct strlist seeds = {0};
	struct settings look;
	struct url_parser p;
	struct buf path = BUF_INIT;
	char *folder = NULL;
	int rc, status;

	url_global_init();
	url_parser_init(&p);
	rc = crawl_seeds(set, &p, &seeds, err);
	url_parser_release(&p);
	if (rc < 0 || !(folder = make_folder(err)))
		goto out;
	buf_addf(&path, "%s/plan.db", folder);
	settings_init(&look);
	settings_parse_args(&look, argc, argv, "crawl", err); /* it was right before */
	for_looking(&look, path.data);
	status = crawl_whole(&look, &seeds, &watch, err);
	settings_release(&look);
	rc = status < 0 ? -1 : 0;
	if (status == EXIT_STORAGE || status == EXIT_INTERNAL)
		rc = err_set(err, status, "the plan could not be made: see above");
	if (!rc && status == EXIT_SIGNAL)
		log_warn("stopped early: this is what was known then");
	if (!rc)
		rc = show(path.data, set, &seeds, json, err);
out:
	if (folder)
		remove_folder(folder);
	free(folder);
	buf_release(&path);
	strlist_clear(&seeds);
	return rc;
}

/* --json is this command's own; the settings table knows the rest. */
static int take_json(int argc, char **argv, bool *json)
{
	int n = 0;

	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], "--json"))
			*json = true;
		else
			argv[n++] = argv[i];
	argv[n] = NULL;
	return n;
}

int cmd_plan(int argc, char **argv)
{
	struct settings set;
	struct err err;
	bool json = false;
	int rc;

	settings_init(&set);
	argc = take_json(argc, argv, &json);
	rc = settings_parse_args(&set, argc, argv, "crawl", &err);
	if (!rc && set.help) {
		cmd_usage(cmd_find("plan"), stdout);
	} else if (!rc) {
		log_open(set.verbose ? LOG_DEBUG : LOG_WARN, set.log_format == LOG_FORMAT_JSON);
		rc = plan(argc, argv, &set, json, &err);
	}
	settings_release(&set);
	return rc < 0 ? cmd_fail(&err) : rc;
}
