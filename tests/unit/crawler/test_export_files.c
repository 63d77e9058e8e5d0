/* A crawl as files on disk: names that clash, links that follow them, and nothing outside. */
#include "tests/unit/storage/fixture.h"

#include <ftw.h>
#include <zlib.h>

#include "crawler/export.h"
#include "crawler/parse.h"
#include "workers/proc.h"

#define SITE "https://example.com"

static struct fix fix;
static struct store *st;
static char out[200];
static struct err err;

/* ---- the crawl ---- */

static uint64_t next_id = 1;

static struct page *fetched(struct store *w, const char *url, const char *type, const char *body)
{
	struct page *p = page_new(w);

	page_url(p, next_id, 0, url);
	fix_put(w, p);
	p = page_new(w);
	page_fetch(p, next_id++, 200, body);
	p->item.url = url;
	p->item.content_type = type;
	return p;
}

static void put(struct store *w, const char *url, const char *type, const char *body)
{
	fix_put(w, fetched(w, url, type, body));
}

static void put_redirect(struct store *w, const char *from, const char *to)
{
	struct page *p = fetched(w, from, NULL, NULL);

	p->item.status = 301;
	p->item.redirect = to;
	fix_put(w, p);
}

static void put_gzip(struct store *w, const char *url, const char *type, const char *text)
{
	static unsigned char all[4][512]; /* the store writes later */
	static unsigned n;
	unsigned char *packed = all[n++];
	struct page *p = fetched(w, url, type, NULL);
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (unsigned char *)(uintptr_t)text;
	z.avail_in = (unsigned)strlen(text);
	z.next_out = packed;
	z.avail_out = sizeof(all[0]);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	p->item.body = packed;
	p->item.body_len = sizeof(all[0]) - z.avail_out;
	p->item.coding = "gzip";
	deflateEnd(&z);
	fix_put(w, p);
}

#define HTML "text/html"

static void write_crawl(void)
{
	struct store *w = fix_start(&fix, STORE_CREATE);

	put(w, SITE "/", HTML,
		"<link rel=stylesheet href=s.css?v=1 integrity=x>"
		"<a href=docs>1</a><a href=/docs/#top>2</a><a href='/docs/a?b=1&amp;c=2'>3</a>"
		"<a href=old>4</a><a href=/gone>5</a><a href=http://other.example/>6</a>"
		"<a href=/%64ocs>7</a><a href=//example.com:8080/>8</a><a href=loop>9</a>");
	put(w, SITE "/docs", HTML, "<a href=docs/>");
	put(w, SITE "/docs/", HTML, "<a href=../><a href=a?b=1&c=2#x>");
	put(w, SITE "/docs/a?b=1&c=2", HTML, "<base href=/><a href=docs>");
	put_gzip(w, SITE "/s.css?v=1", "text/css",
		"p{background:url(i.png)}q{background:url(j.png)}");
	put(w, SITE "/i.png", "image/png", "\x89PNG");
	put_gzip(w, SITE "/text", "text/plain", "plain <a href=x>");
	put(w, "https://example.com:8080/", HTML, "<a href=//example.com/docs/>");
	put_redirect(w, SITE "/old", SITE "/older");
	put_redirect(w, SITE "/older", SITE "/docs/#frag");
	put_redirect(w, SITE "/loop", SITE "/loop2");
	put_redirect(w, SITE "/loop2", SITE "/loop");
	/* one name for several */
	put(w, SITE "/Case", HTML, "upper");
	put(w, SITE "/case", HTML, "lower");
	put(w, SITE "/CASE.html", HTML, "extension");
	put(w, SITE "/caf%C3%A9", HTML, "NFC");
	put(w, SITE "/cafe%CC%81", HTML, "NFD");
	put(w, SITE "/file", NULL, "a file");
	put(w, SITE "/file/", HTML, "a folder");
	put(w, SITE "/file/x", HTML, "in it <a href=y><a href=../file>");
	put(w, SITE "/file/y", HTML, "in it");
	put(w, SITE "/dir/x", HTML, "in it");
	put(w, SITE "/dir", NULL, "a file later");
	put(w, "http://index.html/", HTML, "a host");
	/* hostile */
	put(w, SITE "/..%2f..%2f..%2fetc%2fpasswd", HTML, "up");
	put(w, SITE "/%2e%2e%5c..%5cx", HTML, "up on Windows");
	put(w, SITE "/a%00b", HTML, "NUL");
	put(w, SITE "/.git/config", NULL, "[core] fsmonitor = evil");
	put(w, SITE "/con", HTML, "device");
	fix_stop(&fix, w, true);
}

static int export(bool force, const char *pattern)
{
	struct export_job job = {.st = st,
		.db = fix.path,
		.format = EXPORT_FILES,
		.output = out,
		.force = force,
		.select = {.patterns = &pattern, .npatterns = pattern != NULL}};
	FILE *quiet = fopen("/dev/null", "w"), *was = stdout;
	int rc;

	export_catch_signals(&job);
	stdout = quiet;
	rc = export_files(&job, &err);
	stdout = was;
	fclose(quiet);
	return rc;
}

static int setup(void **state)
{
	(void)state;
	fix_open(&fix);
	write_crawl();
	st = store_open(fix.path, STORE_READ, &fix.err);
	snprintf(out, sizeof(out), "%s/out", fix.dir);
	if (export(false, NULL) < 0)
		fail_msg("%s", err.text);
	return 0;
}

static int remove_one(const char *path, const struct stat *sb, int what, struct FTW *at)
{
	(void)sb;
	(void)what;
	(void)at;
	return remove(path);
}

static int teardown(void **state)
{
	(void)state;
	store_close(st);
	nftw(out, remove_one, 10, FTW_DEPTH | FTW_PHYS);
	fix_close(&fix);
	return 0;
}

static void holds(const char *name, const char *expected)
{
	char path[500], *text;

	snprintf(path, sizeof(path), "%s/%s", out, name);
	if (access(path, F_OK) < 0)
		fail_msg("%s is not there", name);
	text = fix_read(path);
	if (strcmp(text, expected))
		fail_msg("%s\ngot:      %s\nexpected: %s", name, text, expected);
	free(text);
}

/* A file whose name begins so: with a hash that the test does not compute. */
static void one_holds(const char *begin, const char *expected)
{
	char command[700], name[500] = "";
	FILE *in;

	snprintf(command, sizeof(command), "cd '%s' && ls -d '%s'*", out, begin);
	in = popen(command, "r");
	assert_non_null(in);
	assert_non_null(fgets(name, sizeof(name), in));
	pclose(in);
	name[strcspn(name, "\n")] = '\0';
	holds(name, expected);
}

#define BOM "\xef\xbb\xbf"

static void links_lead_to_files(void **state)
{
	(void)state;
	holds("example.com/index.html",
		BOM "<link rel=stylesheet href=s.css%40v%3D1.css data-integrity=x>"
		    "<a href=docs.html>1</a><a href=docs/index.html#top>2</a>"
		    "<a href='docs/a%40b%3D1%26c%3D2.html'>3</a>"
		    "<a href=docs/index.html>4</a><a href=https://example.com/gone>5</a>"
		    "<a href=http://other.example/>6</a><a href=docs.html>7</a>"
		    "<a href=../example.com%2B8080/index.html>8</a>"
		    "<a href=https://example.com/loop>9</a>");
	holds("example.com/docs.html", BOM "<a href=docs/index.html>");
	holds("example.com/docs/index.html",
		BOM "<a href=../index.html><a href=a%40b%3D1%26c%3D2.html#x>");
	holds("example.com/docs/a@b=1&c=2.html", BOM "<base href=\"\"><a href=../docs.html>");
	holds("example.com+8080/index.html", BOM "<a href=../example.com/docs/index.html>");
}

static void bodies_are_decoded(void **state)
{
	(void)state;
	holds("example.com/s.css@v=1.css",
		"p{background:url(i.png)}q{background:url(https://example.com/j.png)}");
	holds("example.com/i.png", "\x89PNG");
	holds("example.com/text.txt", "plain <a href=x>");
}

static void names_that_clash(void **state)
{
	(void)state;
	holds("example.com/Case.html", BOM "upper");
	one_holds("example.com/case~", BOM "lower");
	one_holds("example.com/CASE~", BOM "extension");
	holds("example.com/caf\xc3\xa9.html", BOM "NFC");
	one_holds("example.com/cafe\xcc\x81~", BOM "NFD");
}

/* A folder whose name is a file's has another one, the same for all that is in it. */
static void a_file_and_a_folder_of_one_name(void **state)
{
	char command[400], name[100] = "", path[200];
	FILE *in;

	(void)state;
	snprintf(command, sizeof(command), "cd '%s/example.com' && ls -d file~*", out);
	in = popen(command, "r");
	assert_non_null(fgets(name, sizeof(name), in));
	name[strcspn(name, "\n")] = '\0';
	assert_null(fgets(path, sizeof(path), in));
	pclose(in);
	snprintf(path, sizeof(path), "example.com/%s/index.html", name);
	holds(path, BOM "a folder");
	snprintf(path, sizeof(path), "example.com/%s/x.html", name);
	holds(path, BOM "in it <a href=y.html><a href=../file>");
	holds("example.com/file", "a file");
	holds("example.com/dir/x.html", BOM "in it");
	one_holds("example.com/dir~", "a file later");
}

static void hostile_names_stay_inside(void **state)
{
	(void)state;
	holds("example.com/%2E.%2F..%2F..%2Fetc%2Fpasswd.html", BOM "up");
	holds("example.com/%2E.%5C..%5Cx.html", BOM "up on Windows");
	holds("example.com/a%00b.html", BOM "NUL");
	holds("example.com/%2Egit/config", "[core] fsmonitor = evil");
	holds("example.com/%63on.html", BOM "device");
}

static void the_first_page_names_the_seeds(void **state)
{
	char path[300], *text;

	(void)state;
	snprintf(path, sizeof(path), "%s/index.html", out);
	text = fix_read(path);
	assert_non_null(strstr(text, "<a href=\"example.com/index.html\">"));
	free(text);
}

static void only_what_is_selected(void **state)
{
	(void)state;
	assert_int_equal(export(false, "/docs/*"), -1);
	assert_non_null(strstr(err.text, "--force replaces all of it"));
	assert_int_equal(export(true, "/none*"), -1);
	assert_non_null(strstr(err.text, "nothing to write"));
	holds("example.com/docs.html", BOM "<a href=docs/index.html>"); /* the older one is there */
	assert_int_equal(export(true, "/docs/*"), 0);
	holds("example.com/docs/index.html",
		BOM "<a href=https://example.com/><a href=a%40b%3D1%26c%3D2.html#x>");
	assert_int_equal(access(out, F_OK), 0);
	snprintf(fix.err.text, sizeof(fix.err.text), "%s/example.com/docs.html", out);
	assert_int_equal(access(fix.err.text, F_OK), -1);
}

int main(int argc, char **argv)
{
	static const struct role roles[] = {{"parser", parser_main}};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_lead_to_files),
		cmocka_unit_test(bodies_are_decoded),
		cmocka_unit_test(names_that_clash),
		cmocka_unit_test(a_file_and_a_folder_of_one_name),
		cmocka_unit_test(hostile_names_stay_inside),
		cmocka_unit_test(the_first_page_names_the_seeds),
		cmocka_unit_test(only_what_is_selected),
	};
	int status = role_main(argc, argv, roles, 1);

	if (status >= 0)
		return status;
	if (proc_self_open(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, setup, teardown);
}
