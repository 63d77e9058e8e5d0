/* cmd_crawl.c - `skitter crawl` and `skitter resume`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/buf.h"
#include "config/log.h"
#include "config/mem.h"
#include "config/settings.h"
#include "config/text.h"
#include "crawler/cmd.h"
#include "crawler/cmd_crawl.h"
#include "crawler/crawl.h"
#include "storage/store_read.h"

static void open_log(const struct settings *set)
{
	enum log_level least = set->quiet ? LOG_WARN : set->verbose ? LOG_DEBUG : LOG_INFO;

	log_open(least, set->log_format == LOG_FORMAT_JSON);
}

/* HOST.db of the first seed. */
static char *default_output(const struct strlist *seeds)
{
	struct url u;
	struct buf b = BUF_INIT;
	size_t len = 0;
	const char *host =
		url_view(seeds->v[0], strlen(seeds->v[0]), &u) == 0 ? url_host(&u, &len) : "crawl";

	for (size_t i = 0; i < len; i++)
		if (host[i] != '[' && host[i] != ']')
			buf_add_ch(&b, host[i] == ':' ? '_' : host[i]);
	buf_add_str(&b, ".db");
	return buf_take(&b);
}

char *crawl_seed_lines(const struct strlist *l)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < l->n; i++) {
		buf_add_str(&b, l->v[i]);
		buf_add_ch(&b, '\n');
	}
	return buf_take(&b);
}

/* What is in the way at the output: 0 = nothing, 1 = an unfinished crawl of the same seeds, which
 * is gone on with; -1 = anything else, untouched. */
static int look_at_output(const char *path, const struct strlist *seeds, struct err *err)
{
	struct store *st;
	char *state, *stored, *mine;
	int rc;

	if (access(path, F_OK) != 0)
		return 0;
	st = store_open(path, STORE_READ, err);
	if (!st)
		return -1;
	state = store_meta_get(st, "state");
	stored = store_meta_get(st, "seeds");
	store_close(st);
	mine = crawl_seed_lines(seeds);
	if (!stored) /* killed before it noted where to start: there is nothing in it */
		rc = crawl_remove_old(path, err);
	else if (strcmp(stored, mine) != 0)
		rc = err_set(err, EXIT_USAGE,
			"%s holds a crawl of other seeds: `skitter resume %s` goes on with it, "
			"-o FILE writes elsewhere, --force-new replaces it",
			path, path);
	else if (state && !strcmp(state, "finished"))
		rc = err_set(err, EXIT_USAGE,
			"%s holds this crawl, finished: --force-new crawls again and replaces it, "
			"-o FILE writes elsewhere, `skitter resume %s` goes on with what a limit "
			"left",
			path, path);
	else
		rc = 1;
	free(state);
	free(stored);
	free(mine);
	return rc;
}

int crawl_remove_old(const char *path, struct err *err)
{
	static const char *const tails[] = {"-wal", "-shm", ""};
	struct store *st;
	struct buf b = BUF_INIT;
	int rc = 0;

	if (access(path, F_OK) != 0)
		return 0;
	st = store_open(path, STORE_RESUME, err);
	if (!st)
		return -1;
	store_close(st);
	for (size_t i = 0; i < MEM_COUNT(tails); i++) {
		buf_reset(&b);
		buf_addf(&b, "%s%s", path, tails[i]);
		if (unlink(b.data) != 0 && errno != ENOENT)
			rc = err_set(err, EXIT_STORAGE, "%s: %s", b.data, strerror(errno));
	}
	buf_release(&b);
	return rc;
}

int crawl_whole(struct settings *set, const struct strlist *seeds, const struct crawl_watch *watch,
	struct err *err)
{
	struct crawl *c = crawl_open(set, seeds, err);
	int status = -1;

	if (!c)
		return -1;
	if (watch)
		c->watch = *watch;
	if (crawl_start(c, seeds, err) == 0)
		status = crawl_run(c);
	crawl_close(c);
	return status;
}

static int run_crawl(struct settings *set, const struct strlist *seeds, struct err *err)
{
	int status = crawl_whole(set, seeds, NULL, err);

	return status < 0 ? cmd_fail(err) : status;
}

static int crawl(struct settings *set, struct strlist *seeds, struct err *err)
{
	struct url_parser p;
	int rc, old = 0;

	url_global_init();
	url_parser_init(&p);
	rc = crawl_seeds(set, &p, seeds, err);
	url_parser_release(&p);
	if (rc < 0)
		return cmd_fail(err);
	if (!set->output)
		set->output = default_output(seeds);
	if (set->force_new)
		rc = crawl_remove_old(set->output, err);
	else
		rc = old = look_at_output(set->output, seeds, err);
	if (rc < 0)
		return cmd_fail(err);
	if (old && !set->quiet)
		log_info("%s holds this crawl, unfinished: going on where it stopped", set->output);
	else if (!set->quiet)
		crawl_say_begin(set, seeds);
	return run_crawl(set, old ? NULL : seeds, err);
}

int cmd_crawl(int argc, char **argv)
{
	struct settings set;
	struct strlist seeds = {0};
	struct err err;
	int status;

	settings_init(&set);
	if (settings_parse_args(&set, argc, argv, "crawl", &err) < 0) {
		status = cmd_fail(&err);
	} else if (set.help) {
		cmd_usage(cmd_find("crawl"), stdout);
		status = EXIT_OK;
	} else {
		open_log(&set);
		status = crawl(&set, &seeds, &err);
	}
	strlist_clear(&seeds);
	settings_release(&set);
	return status;
}

/* ---- resume --retry-failed [WORD,...] ---- */

struct again {
	bool wanted;
	const char *words; /* NULL = what is worth it */
};

/* Whether the argument behind --retry-failed is its words: not an option, and no file. */
static bool are_words(const char *arg)
{
	return arg && strspn(arg, "abcdefghijklmnopqrstuvwxyzX0123456789_,") == strlen(arg) &&
	       *arg && access(arg, F_OK) != 0;
}

/* Takes the option out of the arguments; the settings table knows the rest. Returns argc. */
static int take_again(int argc, char **argv, struct again *again)
{
	static const char name[] = "--retry-failed";
	size_t len = sizeof(name) - 1;
	int n = 0;

	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], name, len) || (argv[i][len] && argv[i][len] != '=')) {
			argv[n++] = argv[i];
			continue;
		}
		again->wanted = true;
		if (argv[i][len])
			again->words = argv[i] + len + 1;
		else if (i + 1 < argc && are_words(argv[i + 1]))
			again->words = argv[++i];
	}
	argv[n] = NULL;
	return n;
}

static int queue_again(const char *path, const struct again *again, struct err *err)
{
	struct store *st = store_open(path, STORE_RESUME, err);
	uint64_t queued = 0;
	int rc = st ? store_retry_failed(st, again->words, &queued, err) : -1;
	struct buf b = BUF_INIT;

	store_close(st);
	if (!rc) {
		text_number(&b, queued);
		log_info("%s failed URL%s queued again", b.data, queued == 1 ? "" : "s");
	}
	buf_release(&b);
	return rc;
}

int cmd_resume(int argc, char **argv)
{
	struct settings set;
	struct again again = {0};
	struct err err;
	int status;

	settings_init(&set);
	argc = take_again(argc, argv, &again);
	if (settings_parse_args(&set, argc, argv, "resume", &err) < 0) {
		status = cmd_fail(&err);
	} else if (set.help) {
		cmd_usage(cmd_find("resume"), stdout);
		status = EXIT_OK;
	} else if (set.seeds.n != 1) {
		err_set(&err, EXIT_USAGE,
			"resume takes one FILE.db: skitter resume FILE.db [OPTIONS]");
		status = cmd_fail(&err);
	} else {
		open_log(&set);
		free(set.output);
		set.output = mem_strdup(set.seeds.v[0]);
		strlist_clear(&set.seeds);
		if (again.wanted && queue_again(set.output, &again, &err) < 0)
			status = cmd_fail(&err);
		else
			status = run_crawl(&set, NULL, &err);
	}
	settings_release(&set);
	return status;
}
