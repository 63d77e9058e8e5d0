/* A folder of files: whole or not there, and never anything outside of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "crawler/tree.h"

static char base[64];
static struct err err;

static const char *at(const char *name)
{
	static char path[4][300];
	static unsigned n;

	n = (n + 1) % 4;
	snprintf(path[n], sizeof(path[n]), "%s/%s", base, name);
	return path[n];
}

static bool there(const char *name)
{
	struct stat sb;

	return lstat(at(name), &sb) == 0;
}

static void file_is(const char *name, const char *expected)
{
	char got[100] = "";
	FILE *f = fopen(at(name), "r");

	if (!f)
		fail_msg("%s is not there", name);
	got[fread(got, 1, sizeof(got) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(got, expected);
}

static void make(const char *name, const char *text)
{
	FILE *f = fopen(at(name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static struct tree *open_tree(const char *name, bool force)
{
	struct tree *t = tree_open(at(name), force, &err);

	if (!t)
		fail_msg("%s", err.text);
	return t;
}

static void put(struct tree *t, const char *path, const char *text)
{
	if (tree_write(t, path, text, strlen(text), &err) < 0)
		fail_msg("%s", err.text);
}

static void commit(struct tree *t)
{
	if (tree_commit(t, &err) < 0)
		fail_msg("%s", err.text);
	tree_close(t);
}

static void refused(const char *name, bool force, const char *part)
{
	assert_null(tree_open(at(name), force, &err));
	assert_int_equal(err.status, EXIT_USAGE);
	if (!strstr(err.text, part))
		fail_msg("%s", err.text);
}

static void whole_or_not_there(void **state)
{
	struct tree *t = open_tree("a/", false);

	(void)state;
	put(t, "x/y/1", "one");
	put(t, "x/y/2", "two");
	put(t, "x/3", "three");
	put(t, "4", "four");
	assert_false(there("a"));
	commit(t);
	assert_false(there("a.part"));
	file_is("a/x/y/1", "one");
	file_is("a/x/y/2", "two");
	file_is("a/x/3", "three");
	file_is("a/4", "four");
	t = open_tree("b", false);
	put(t, "x/y/1", "one");
	tree_close(t); /* not committed */
	assert_false(there("b"));
	assert_false(there("b.part"));
}

static void an_older_one_is_replaced_by_force(void **state)
{
	struct tree *t;

	(void)state;
	refused("a", false, "--force replaces all of it");
	t = open_tree("a", true);
	put(t, "new", "new");
	file_is("a/4", "four"); /* still */
	commit(t);
	file_is("a/new", "new");
	assert_false(there("a/4"));
	assert_false(there("a.part"));
}

static void what_is_not_ours_is_left_alone(void **state)
{
	struct tree *t;

	(void)state;
	assert_int_equal(mkdir(at("home"), 0777), 0);
	make("home/diary", "dear");
	refused("home", true, "was not written by skitter export");
	make("plain", "text");
	refused("plain", true, "was not written by skitter export");
	assert_int_equal(symlink(at("a"), at("link")), 0);
	refused("link", true, "was not written by skitter export");
	assert_int_equal(mkdir(at("c.part"), 0777), 0);
	make("c.part/diary", "dear");
	refused("c", true, "c.part is in the way");
	file_is("home/diary", "dear");
	file_is("c.part/diary", "dear");
	/* A mark that is a link is none. */
	assert_int_equal(symlink("diary", at("home/" TREE_MARK)), 0);
	refused("home", true, "was not written by skitter export");
	/* An empty folder is as good as none. */
	assert_int_equal(mkdir(at("empty"), 0777), 0);
	t = open_tree("empty", false);
	put(t, "f", "x");
	commit(t);
	file_is("empty/f", "x");
}

static void a_killed_run_is_cleared_away(void **state)
{
	struct tree *t;

	(void)state;
	assert_int_equal(mkdir(at("d.part"), 0777), 0);
	assert_int_equal(mkdir(at("d.part/sub"), 0777), 0);
	make("d.part/" TREE_MARK, "");
	make("d.part/sub/old", "old");
	make("victim", "untouched");
	assert_int_equal(mkdir(at("outside"), 0777), 0);
	make("outside/file", "untouched");
	assert_int_equal(symlink(at("victim"), at("d.part/link")), 0);
	assert_int_equal(symlink(at("outside"), at("d.part/sub/dir")), 0);
	t = open_tree("d", false);
	put(t, "f", "x");
	commit(t);
	assert_false(there("d/sub"));
	file_is("victim", "untouched");
	file_is("outside/file", "untouched");
}

/* Somebody puts links into the folder while it is written. */
static void links_lead_nowhere(void **state)
{
	struct tree *t = open_tree("e", false);

	(void)state;
	assert_int_equal(symlink(at("outside"), at("e.part/host")), 0);
	assert_int_equal(tree_write(t, "host/file", "evil", 4, &err), -1);
	put(t, "other/x", "x");
	assert_int_equal(symlink(at("victim"), at("e.part/other/y")), 0);
	assert_int_equal(tree_write(t, "other/y", "evil", 4, &err), -1);
	assert_int_equal(link(at("victim"), at("e.part/other/z")), 0);
	assert_int_equal(tree_write(t, "other/z", "evil", 4, &err), -1);
	tree_close(t);
	file_is("victim", "untouched");
	file_is("outside/file", "untouched");
	assert_false(there("e.part"));
}

static void paths_that_no_name_is_made_of(void **state)
{
	static const char *const paths[] = {
		"../x", "a/../x", "/x", "a//x", "", "a/", ".", "a/.", ".git/x"};
	struct tree *t = open_tree("f", false);
	char deep[600];

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (tree_write(t, paths[i], "x", 1, &err) == 0)
			fail_msg("%s was written", paths[i]);
	memset(deep, 'n', 300);
	deep[300] = '\0';
	assert_int_equal(tree_write(t, deep, "x", 1, &err), -1);
	tree_close(t);
	assert_false(there("x"));
}

static int setup(void **state)
{
	(void)state;
	strcpy(base, "/tmp/skitter-tree-XXXXXX");
	return mkdtemp(base) ? 0 : -1;
}

/* The module removes what it wrote; here a shell removes the rest of this test's folder. */
static int teardown(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", base);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_or_not_there),
		cmocka_unit_test(an_older_one_is_replaced_by_force),
		cmocka_unit_test(what_is_not_ours_is_left_alone),
		cmocka_unit_test(a_killed_run_is_cleared_away),
		cmocka_unit_test(links_lead_nowhere),
		cmocka_unit_test(paths_that_no_name_is_made_of),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
