/* Whose file is it, and who may write it: every wrong file gets its sentence and stays as
 * it was. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "config/clock.h"
#include "tests/unit/storage/fixture.h"

static void expect_refused(struct fix *f, enum store_mode mode, int status, const char *words)
{
	struct store *st = store_open(f->path, mode, &f->err);

	assert_null(st);
	if (!strstr(f->err.text, words))
		fail_msg("\"%s\" does not say \"%s\"", f->err.text, words);
	assert_non_null(strstr(f->err.text, "c.db"));
	assert_int_equal(f->err.status, status);
	assert_false(fix_has_file(f, ".lock"));
	assert_false(fix_has_file(f, "-wal"));
	assert_false(fix_has_file(f, "-journal"));
}

/* Refused by both modes, and not a byte of it changes. */
static void expect_foreign(struct fix *f, const char *words)
{
	char *before = fix_read(f->path), *after;

	expect_refused(f, STORE_RESUME, EXIT_STORAGE, words);
	expect_refused(f, STORE_READ, EXIT_STORAGE, words);
	after = fix_read(f->path);
	assert_string_equal(before, after);
	free(before);
	free(after);
	expect_refused(f, STORE_CREATE, EXIT_USAGE, "exists");
}

static void exec_sql(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void test_text_file(void **state)
{
	struct fix f;

	(void)state;
	fix_open(&f);
	fix_write(f.path, "Dear diary, this is no database, but it is longer than a hundred "
			  "bytes, which is what a header takes.\n");
	expect_foreign(&f, "not a skitter database");
	fix_write(f.path, "short\n");
	expect_foreign(&f, "not a skitter database");
	fix_write(f.path, "");
	expect_foreign(&f, "empty");
	fix_close(&f);
}

static void test_foreign_database(void **state)
{
	struct fix f;

	(void)state;
	fix_open(&f);
	exec_sql(f.path, "create table t(a); pragma application_id = 7");
	expect_foreign(&f, "another program");
	/* Also one that is in WAL mode: opening it must leave no files beside it. */
	exec_sql(f.path, "pragma journal_mode = wal; insert into t values(1)");
	expect_refused(&f, STORE_RESUME, EXIT_STORAGE, "another program");
	fix_close(&f);
}

static void test_newer_version(void **state)
{
	struct fix f;
	struct store *st;

	(void)state;
	fix_open(&f);
	st = store_open(f.path, STORE_CREATE, &f.err);
	assert_non_null(st);
	store_close(st);
	exec_sql(f.path, "pragma journal_mode = delete; pragma user_version = 99");
	expect_foreign(&f, "newer skitter (schema 99");
	fix_close(&f);
}

static void test_missing(void **state)
{
	struct fix f;

	(void)state;
	fix_open(&f);
	expect_refused(&f, STORE_RESUME, EXIT_STORAGE, "No such file");
	expect_refused(&f, STORE_READ, EXIT_STORAGE, "No such file");
	assert_false(fix_has_file(&f, ""));
	snprintf(f.path, sizeof(f.path), "%s/none/c.db", f.dir);
	expect_refused(&f, STORE_CREATE, EXIT_STORAGE, "No such file");
	snprintf(f.path, sizeof(f.path), "%s/c.db", f.dir);
	assert_int_equal(mkdir(f.path, 0755), 0);
	expect_refused(&f, STORE_RESUME, EXIT_STORAGE, "not a regular file");
	expect_refused(&f, STORE_CREATE, EXIT_USAGE, "exists");
	rmdir(f.path);
	fix_close(&f);
}

/* Characters that mean something in a URI file name. */
static void test_odd_names(void **state)
{
	static const char *const names[] = {"a?b.db", "a#b%20c.db", "-a b.db", "file:x.db"};
	struct fix f;
	char old[400];

	(void)state;
	fix_open(&f);
	assert_non_null(getcwd(old, sizeof(old)));
	assert_int_equal(chdir(f.dir), 0);
	for (size_t i = 0; i < MEM_COUNT(names); i++) {
		struct store *st = store_open(names[i], STORE_CREATE, &f.err);
		assert_non_null(st);
		store_close(st);
		assert_int_equal(access(names[i], F_OK), 0);
		st = store_open(names[i], STORE_RESUME, &f.err);
		assert_non_null(st);
		store_close(st);
	}
	assert_int_equal(chdir(old), 0);
	fix_close(&f);
}

static void test_lock(void **state)
{
	struct fix f;
	struct store *st, *reader;
	char pid_text[32];
	int64_t start;
	long pid;

	(void)state;
	fix_open(&f);
	st = fix_start(&f, STORE_CREATE);
	snprintf(pid_text, sizeof(pid_text), "(pid %ld)", (long)getpid());
	start = clock_ms();
	assert_null(store_open(f.path, STORE_RESUME, &f.err));
	assert_true(clock_ms() - start < 1000);
	assert_non_null(strstr(f.err.text, "in use by a running crawl"));
	assert_non_null(strstr(f.err.text, pid_text));
	/* Reading is always allowed. */
	reader = store_open(f.path, STORE_READ, &f.err);
	assert_non_null(reader);
	assert_true(store_is_running(reader, &pid));
	assert_int_equal(pid, getpid());
	store_close(reader);
	fix_stop(&f, st, true);
	reader = store_open(f.path, STORE_READ, &f.err);
	assert_false(store_is_running(reader, &pid));
	store_close(reader);
	st = store_open(f.path, STORE_RESUME, &f.err);
	assert_non_null(st);
	store_close(st);
	fix_close(&f);
}

/* The lock of a process that was killed is no lock; its file is no obstacle. */
static void test_lock_of_the_dead(void **state)
{
	struct fix f;
	struct store *st;
	int ready[2], status;
	char *value;
	char c;
	pid_t pid;

	(void)state;
	fix_open(&f);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		st = fix_start(&f, STORE_CREATE);
		if (write(ready[1], "r", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_null(store_open(f.path, STORE_RESUME, &f.err));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_true(fix_has_file(&f, ".lock"));
	st = store_open(f.path, STORE_RESUME, &f.err);
	assert_non_null(st);
	value = store_meta_get(st, "state");
	assert_string_equal(value, "running");
	free(value);
	store_close(st);
	assert_false(fix_has_file(&f, ".lock"));
	close(ready[0]);
	close(ready[1]);
	fix_close(&f);
}

/* A stranger in the middle of a long read: stop does not wait for them, and loses nothing. */
static void test_stop_under_a_reader(void **state)
{
	struct fix f;
	struct store *st;
	struct page *p;
	sqlite3 *db;

	(void)state;
	fix_open(&f);
	st = fix_start(&f, STORE_CREATE);
	p = page_new(st);
	page_url(p, 1, 0, "https://example.com/");
	fix_put(st, p);
	assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db, "begin; select count(*) from pages", NULL, NULL, NULL), SQLITE_OK);
	p = page_new(st);
	page_url(p, 2, 0, "https://example.com/2");
	fix_put(st, p);
	fix_stop(&f, st, true);
	assert_true(fix_has_file(&f, "-wal"));
	sqlite3_close(db);
	fix_expect(f.path, "select count(*) from url", "2\n");
	fix_expect(f.path, "select value from meta where key = 'state'", "finished\n");
	fix_close(&f);
}

static void test_meta(void **state)
{
	struct fix f;
	struct store *st;
	char *value;

	(void)state;
	fix_open(&f);
	st = store_open(f.path, STORE_CREATE, &f.err);
	assert_null(store_meta_get(st, "a"));
	assert_int_equal(store_meta_set(st, "a", "1", &f.err), 0);
	assert_int_equal(store_meta_set(st, "a", "two", &f.err), 0);
	value = store_meta_get(st, "a");
	assert_string_equal(value, "two");
	free(value);
	store_close(st);
	st = store_open(f.path, STORE_READ, &f.err);
	assert_int_equal(store_meta_set(st, "a", "3", &f.err), -1);
	store_close(st);
	fix_close(&f);
}

/* Killed right after the file appeared: what was given to store_create is there already. */
static void test_created_with_meta(void **state)
{
	static const struct store_meta meta[] = {{"seeds", "http://a/\n"}, {"settings", "{}"}};
	struct fix f;
	struct err err;
	struct store *st;
	char *value;
	pid_t pid;
	int status;

	(void)state;
	fix_open(&f);
	pid = fork();
	if (pid == 0) {
		st = store_create(f.path, meta, 2, &err);
		kill(getpid(), st ? SIGKILL : SIGTERM);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	st = store_open(f.path, STORE_RESUME, &err);
	assert_non_null(st);
	value = store_meta_get(st, "seeds");
	assert_string_equal(value, "http://a/\n");
	free(value);
	store_close(st);
	fix_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_file),
		cmocka_unit_test(test_foreign_database),
		cmocka_unit_test(test_newer_version),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_odd_names),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_lock_of_the_dead),
		cmocka_unit_test(test_stop_under_a_reader),
		cmocka_unit_test(test_meta),
		cmocka_unit_test(test_created_with_meta),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
