/* batch_plan.c - what each job of a batch is about to do. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/mem.h"
#include "config/settings_table.h"
#include "config/text.h"
#include "crawler/batch.h"
#include "crawler/cmd.h"
#include "crawler/cmd_crawl.h"
#include "crawler/cmd_util.h"
#include "storage/store_read.h"

/* ---- filling in ---------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The hosts of the seeds, sorted, each once. */
static void note_hosts(struct batch_task *t)
{
	struct strlist all = {0};
	struct url u;

	for (size_t i = 0; i < t->seeds.n; i++) {
		char *host;
		if (url_view(t->seeds.v[i], strlen(t->seeds.v[i]), &u) != 0)
			continue;
		host = mem_strndup(u.href + u.host_start, u.port_end - u.host_start);
		if (!all.n || strcmp(all.v[all.n - 1], host) != 0)
			strlist_add(&all, host);
		free(host);
	}
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), by_name);
	for (size_t i = 0; i < all.n; i++)
		if (!i || strcmp(all.v[i], all.v[i - 1]) != 0)
			strlist_add(&t->hosts, all.v[i]);
	strlist_clear(&all);
}

static int read_seeds(struct batch_task *t, const struct batch *b, struct err *err)
{
	const struct batch_job *job = t->job;
	const char *from = t->set.input_file ? "input-file" : "seeds";
	bool quiet = t->set.quiet;
	struct url_parser p;
	struct err why = {0};
	int rc;

	if (!t->set.seeds.n && !t->set.input_file)
		return batch_fail(b, job, job->at, err,
			"expected `seeds:` (one URL or a list) or `seeds_file:`");
	if (t->set.input_file && !strcmp(t->set.input_file, "-"))
		return batch_fail(b, job, batch_setting_at(job, "input-file"), err,
			"seeds_file: expected a file, found `-`: jobs have no standard input");
	url_parser_init(&p);
	t->set.quiet = true; /* each job says in its own log what it guessed */
	rc = crawl_seeds(&t->set, &p, &t->seeds, &why);
	t->set.quiet = quiet;
	url_parser_release(&p);
	if (rc == 0)
		note_hosts(t);
	else
		rc = batch_fail(b, job, batch_setting_at(job, from), err, "%s: %s",
			t->set.input_file ? "seeds_file" : "seeds", why.text);
	free(t->set.input_file); /* read: its lines are among the seeds */
	t->set.input_file = NULL;
	return rc;
}

static char *expand(const struct batch_task *t, const char *pattern, const struct batch_opts *o)
{
	struct buf b = BUF_INIT;
	struct tm tm;

	localtime_r(&o->began, &tm);
	batch_expand(&b, pattern, t->job->name, &tm);
	return buf_take(&b);
}

static char *log_name(const char *output)
{
	size_t len = strlen(output);
	struct buf b = BUF_INIT;

	if (len > 3 && !strcmp(output + len - 3, ".db"))
		len -= 3;
	buf_add(&b, output, len);
	buf_add_str(&b, ".log");
	return buf_take(&b);
}

static int check_format(const struct batch *b, const struct batch_job *job,
	const struct batch_export *e, struct err *err)
{
	struct buf shown = BUF_INIT, all = BUF_INIT;
	const char *near;
	size_t n = 0;

	for (; cmd_export_formats[n]; n++)
		if (!strcmp(e->format, cmd_export_formats[n]))
			return 0;
	for (n = 0; cmd_export_formats[n]; n++) {
		buf_addf(&all, "%s%s",
			!n			    ? ""
			: cmd_export_formats[n + 1] ? ", "
						    : " or ",
			cmd_export_formats[n]);
	}
	near = text_nearest(e->format, cmd_export_formats, n);
	text_terminal(&shown, e->format, strnlen(e->format, 80));
	batch_fail(b, job, e->format_at, err, "exports: expected %s, found `%s`%s%s%s", all.data,
		shown.data, near ? "; did you mean `" : "", near ? near : "", near ? "`?" : "");
	buf_release(&shown);
	buf_release(&all);
	return -1;
}

int batch_plan(struct batch_task *t, const struct batch *b, const struct batch_job *job,
	const struct batch_opts *o, struct err *err)
{
	*t = (struct batch_task){.job = job, .chosen = true};
	settings_init(&t->set);
	for (size_t i = 0; i < settings_count; i++) {
		if (!(job->set.set >> i & 1))
			continue;
		setting_copy(&settings_table[i], &t->set, &job->set);
		t->set.origin[i] = job->set.origin[i];
		t->set.set |= UINT64_C(1) << i;
	}
	t->output = expand(t, t->set.output ? t->set.output : "{job}.db", o);
	if (strlen(t->output) > 4000)
		return batch_fail(b, job, batch_setting_at(job, "output"), err,
			"output: the name is too long");
	t->log = log_name(t->output);
	free(t->set.output);
	t->set.output = mem_strdup(t->output);
	setting_mark(setting_find("output", 6), &t->set, SOURCE_FILE, job->at.line, job->at.column);
	if (t->set.quiet && t->set.verbose)
		return batch_fail(b, job, batch_setting_at(job, "quiet"), err,
			"`quiet` and `verbose` exclude each other");
	for (size_t i = 0; i < job->nexports; i++) {
		char *file = expand(t, job->exports[i].file, o);
		strlist_add(&t->exports, file);
		free(file);
		if (check_format(b, job, &job->exports[i], err) < 0)
			return -1;
	}
	if (job->report) {
		t->report = expand(t, job->report, o);
		if (!cmd_find("report"))
			return batch_fail(b, job, job->report_at, err,
				"report: this version of skitter makes none");
	}
	return read_seeds(t, b, err);
}

void batch_task_release(struct batch_task *t)
{
	settings_release(&t->set);
	strlist_clear(&t->seeds);
	strlist_clear(&t->hosts);
	strlist_clear(&t->exports);
	free(t->output);
	free(t->log);
	free(t->report);
}

/* ---- files that meet ----------------------------------------------------------------------- */

struct written {
	const char *file;
	const struct batch_task *task;
	struct batch_at at;
	const char *key;
};

static int by_file(const void *a, const void *b)
{
	const struct written *x = a, *y = b;
	int c = strcmp(x->file, y->file);

	return c ? c : (x->task > y->task) - (x->task < y->task);
}

/* "./a.db" is "a.db". */
static const char *plain_name(const char *file)
{
	while (file[0] == '.' && file[1] == '/')
		for (file += 2; *file == '/';)
			file++;
	return file;
}

int batch_check_files(const struct batch *b, struct batch_task *t, size_t n, struct err *err)
{
	struct written *w;
	size_t total = 0, k = 0;
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		total += 3 + t[i].exports.n;
	w = mem_array(total, sizeof(*w));
	for (size_t i = 0; i < n; i++) {
		const struct batch_job *job = t[i].job;
		struct batch_at at = batch_setting_at(job, "output");
		w[k++] = (struct written){plain_name(t[i].output), &t[i], at, "output"};
		w[k++] = (struct written){plain_name(t[i].log), &t[i], at, "output"};
		for (size_t j = 0; j < t[i].exports.n; j++)
			w[k++] = (struct written){plain_name(t[i].exports.v[j]), &t[i],
				job->exports[j].file_at, "exports"};
		if (t[i].report)
			w[k++] = (struct written){
				plain_name(t[i].report), &t[i], job->report_at, "report"};
	}
	qsort(w, k, sizeof(*w), by_file);
	for (size_t i = 1; i < k && !rc; i++)
		if (!strcmp(w[i].file, w[i - 1].file))
			rc = batch_fail(b, w[i].task->job, w[i].at, err,
				"%s: %s is written by job %s too (its %s); {job} in the name keeps "
				"them apart",
				w[i].key, w[i].file, w[i - 1].task->job->name, w[i - 1].key);
	free(w);
	return rc;
}

/* ---- what is there ------------------------------------------------------------------------- */

int batch_look(const struct batch_task *t, enum batch_found *found, struct err *err)
{
	struct store_counts counts;
	struct store *st;
	char *state, *stored, *done, *mine;
	int rc = 0;

	*found = FOUND_NOTHING;
	if (access(t->output, F_OK) != 0)
		return 0;
	st = store_open(t->output, STORE_READ, err);
	if (!st)
		return -1;
	state = store_meta_get(st, "state");
	stored = store_meta_get(st, "seeds");
	done = store_meta_get(st, "batch");
	mine = crawl_seed_lines(&t->seeds);
	*found = !done ? FOUND_UNFINISHED : !strcmp(done, "again") ? FOUND_AGAIN : FOUND_DONE;
	if (*found == FOUND_AGAIN)
		rc = 0; /* whatever it holds */
	else if (!stored || strcmp(stored, mine) != 0)
		rc = err_set(err, EXIT_USAGE,
			"%s holds a crawl of other seeds: another `output:` leaves it alone, "
			"--again replaces it",
			t->output);
	else if (*found == FOUND_UNFINISHED && state && !strcmp(state, "finished") &&
		 store_counts(st, &counts, err) == 0 && !counts.fetched)
		*found = FOUND_FRUITLESS;
	store_close(st);
	free(state);
	free(stored);
	free(done);
	free(mine);
	return rc;
}

int batch_again_main(void *arg)
{
	const struct batch_again *a = arg;

	for (size_t i = 0; i < a->n; i++) {
		const struct batch_task *t = &a->tasks[i];
		enum batch_found found;
		struct err err = {0};
		struct store *st;
		if (batch_look(t, &found, &err) == 0 && found != FOUND_DONE)
			continue;
		/* What cannot be marked is no crawl, or in use: the job itself will say so. */
		st = store_open(t->output, STORE_RESUME, &err);
		if (st)
			store_meta_set(st, "batch", "again", &err);
		store_close(st);
	}
	return EXIT_OK;
}

/* ---- --dry-run ----------------------------------------------------------------------------- */

static void add_label(struct buf *out, const char *word)
{
	buf_addf(out, "  %-11s", word);
}

static void add_fact(struct buf *out, const char *word, const char *text)
{
	add_label(out, word);
	cmd_add_line(out, text);
	buf_add_ch(out, '\n');
}

static void describe_seeds(const struct batch_task *t, struct buf *out)
{
	add_label(out, "seeds");
	for (size_t i = 0; i < t->seeds.n && i < 3; i++) {
		struct buf url = BUF_INIT;
		buf_add_str(out, i ? ", " : "");
		/* A password in it is not for the screen. */
		setting_mask(setting_find("seeds", 5), t->seeds.v[i], &url);
		cmd_add_line(out, url.data);
		buf_release(&url);
	}
	if (t->seeds.n > 3)
		buf_addf(out, " and %zu more", t->seeds.n - 3);
	buf_add_ch(out, '\n');
}

static void describe_settings(const struct batch_task *t, struct buf *out)
{
	static const char *const elsewhere[] = {"seeds", "input-file", "output"};
	bool first = true;

	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *o = &settings_table[i];
		struct buf value = BUF_INIT;
		char key[64];
		bool skip = !(t->set.set >> i & 1);
		for (size_t k = 0; k < MEM_COUNT(elsewhere); k++)
			skip |= !strcmp(o->name, elsewhere[k]);
		if (skip)
			continue;
		add_label(out, first ? "settings" : "");
		first = false;
		if (o->flags & SETTING_SECRET)
			buf_add_str(&value, "***");
		else if (o->type == SETTING_LIST)
			for (size_t k = 0; k < SETTING_CFIELD(o, &t->set, struct strlist)->n; k++)
				buf_addf(&value, "%s%s", k ? ", " : "",
					SETTING_CFIELD(o, &t->set, struct strlist)->v[k]);
		else
			setting_print(o, &t->set, &value);
		buf_addf(out, "%s: ", setting_key(o, key));
		cmd_add_line(out, value.data);
		buf_add_ch(out, '\n');
		buf_release(&value);
	}
}

/* What would happen to the output; -1 where the job could not even begin. */
static int describe_output(const struct batch_task *t, const struct batch_opts *o, struct buf *out)
{
	static const char *const words[] = {[FOUND_NOTHING] = "a new crawl",
		[FOUND_UNFINISHED] = "is unfinished: goes on",
		[FOUND_DONE] = "is done: nothing to do (--again repeats it)",
		[FOUND_FRUITLESS] = "has no page: begins anew",
		[FOUND_AGAIN] = "is replaced (--again was given before)"};
	enum batch_found found;
	struct err err = {0};
	int rc = batch_look(t, &found, &err);

	add_label(out, "output");
	cmd_add_line(out, t->output);
	buf_add_str(out, ", ");
	if (o->again && (rc < 0 || found == FOUND_DONE)) {
		buf_add_str(out, "replaced (--again)");
		rc = 0;
	} else if (rc < 0) {
		buf_add_str(out, "cannot be used: ");
		cmd_add_line(out, err.text);
	} else {
		buf_add_str(out, words[found]);
	}
	buf_add_ch(out, '\n');
	return rc;
}

static int describe(const struct batch_task *t, const struct batch_opts *o, struct buf *out)
{
	const struct batch_job *job = t->job;
	int rc;

	buf_addf(out, "%s\n", job->name);
	describe_seeds(t, out);
	rc = describe_output(t, o, out);
	add_fact(out, "log", t->log);
	describe_settings(t, out);
	for (size_t i = 0; i < job->nexports; i++) {
		struct buf b = BUF_INIT;
		buf_addf(&b, "%s into %s", job->exports[i].format, t->exports.v[i]);
		if (job->exports[i].where)
			buf_addf(&b, " where %s", job->exports[i].where);
		add_fact(out, "export", b.data);
		buf_release(&b);
	}
	if (t->report)
		add_fact(out, "report", t->report);
	if (job->on_success)
		add_fact(out, "on success", job->on_success);
	if (job->on_failure)
		add_fact(out, "on failure", job->on_failure);
	return rc;
}

int batch_describe(struct batch_task *t, size_t n, const struct batch_opts *o)
{
	struct buf out = BUF_INIT;
	int status = EXIT_OK;

	for (size_t i = 0; i < n; i++) {
		if (!t[i].chosen)
			continue;
		if (describe(&t[i], o, &out) < 0)
			status = EXIT_USAGE;
		buf_add_ch(&out, '\n');
	}
	buf_addf(&out, "%d at a time; %s. Nothing was fetched or written.\n", o->parallel,
		o->keep_going ? "a failed job does not keep the others from starting"
			      : "after a failed job no further one is started");
	fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
	return status;
}
