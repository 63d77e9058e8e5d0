/* What SQLite may rely on when its log is written in larger pieces: gather.h. */
#include "storage/gather.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/storage/fixture.h"

#define PAGE  4096
#define FRAME (24 + PAGE)

struct log {
	struct fix f;
	const char *name;
	sqlite3_file *file;
	const char *path;
};

static void log_open(struct log *l)
{
	sqlite3_vfs *vfs;
	char journal[120], wal[120];
	int out;

	fix_open(&l->f);
	snprintf(journal, sizeof(journal), "%s-journal", l->f.path);
	snprintf(wal, sizeof(wal), "%s-wal", l->f.path);
	assert_int_equal(close(open(l->f.path, O_CREAT | O_RDWR, 0600)), 0);
	sqlite3_initialize();
	vfs = sqlite3_vfs_find(gather_vfs());
	assert_non_null(vfs);
	assert_ptr_not_equal(vfs, sqlite3_vfs_find(NULL));
	l->name = sqlite3_create_filename(l->f.path, journal, wal, 0, NULL);
	l->path = sqlite3_filename_wal(l->name);
	l->file = calloc(1, (size_t)vfs->szOsFile);
	assert_int_equal(
		vfs->xOpen(vfs, l->path, l->file,
			SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_WAL, &out),
		SQLITE_OK);
}

static void log_close(struct log *l)
{
	assert_int_equal(l->file->pMethods->xClose(l->file), SQLITE_OK);
	free(l->file);
	sqlite3_free_filename(l->name);
	fix_close(&l->f);
}

static void put(struct log *l, const void *data, int n, long at)
{
	assert_int_equal(l->file->pMethods->xWrite(l->file, data, n, at), SQLITE_OK);
}

/* As SQLite writes it; `c` fills the page. */
static void put_frame(struct log *l, int at, char c, bool commit)
{
	unsigned char header[24] = {[3] = 1, [7] = commit ? 9 : 0};
	char page[PAGE];

	memset(page, c, sizeof(page));
	put(l, header, sizeof(header), 32 + (long)at * FRAME);
	put(l, page, sizeof(page), 32 + (long)at * FRAME + 24);
}

/* What another process would find; '-' = nothing. */
static char in_file(const struct log *l, int at)
{
	char c = '-';
	int fd = open(l->path, O_RDONLY);

	if (pread(fd, &c, 1, 32 + (long)at * FRAME + 24 + PAGE - 1) != 1)
		c = '-';
	close(fd);
	return c;
}

static void test_commit(void **state)
{
	struct log l;

	(void)state;
	log_open(&l);
	for (int i = 0; i < 3; i++)
		put_frame(&l, i, (char)('a' + i), false);
	assert_int_equal(in_file(&l, 0), '-'); /* gathered */
	put_frame(&l, 3, 'd', true);
	for (int i = 0; i < 4; i++)
		assert_int_equal(in_file(&l, i), 'a' + i);
	put_frame(&l, 4, 'e', true);
	assert_int_equal(in_file(&l, 4), 'e');
	for (int i = 5; i < 50; i++) /* more than there is room for */
		put_frame(&l, i, 'f', i == 49);
	for (int i = 5; i < 50; i++)
		assert_int_equal(in_file(&l, i), 'f');
	log_close(&l);
}

/* SQLite puts the checksums of a transaction right after its commit frame was written. */
static void test_header_again(void **state)
{
	unsigned char header[24] = {[7] = 9, [23] = 77}, got = 0;
	struct log l;
	int fd;

	(void)state;
	log_open(&l);
	put_frame(&l, 0, 'a', true);
	put(&l, header, sizeof(header), 32);
	fd = open(l.path, O_RDONLY);
	assert_int_equal(pread(fd, &got, 1, 32 + 23), 1);
	close(fd);
	assert_int_equal(got, 77);
	log_close(&l);
}

/* What is asked of the file is asked of one that has all. */
static void test_questions(void **state)
{
	const sqlite3_io_methods *m;
	sqlite3_int64 size = 0;
	struct log l;
	char c = 0;

	(void)state;
	log_open(&l);
	m = l.file->pMethods;
	put_frame(&l, 0, 'a', false);
	assert_int_equal(m->xRead(l.file, &c, 1, 32 + 24), SQLITE_OK);
	assert_int_equal(c, 'a');
	put_frame(&l, 1, 'b', false);
	assert_int_equal(m->xFileSize(l.file, &size), SQLITE_OK);
	assert_int_equal(size, 32 + 2 * FRAME);
	put_frame(&l, 2, 'c', false);
	assert_int_equal(m->xSync(l.file, SQLITE_SYNC_NORMAL), SQLITE_OK);
	assert_int_equal(in_file(&l, 2), 'c');
	put_frame(&l, 3, 'd', false);
	assert_int_equal(m->xTruncate(l.file, 32 + FRAME), SQLITE_OK);
	assert_int_equal(in_file(&l, 3), '-');
	put_frame(&l, 1, 'e', false); /* elsewhere: what is gathered goes first */
	put_frame(&l, 2, 'f', false);
	put_frame(&l, 1, 'g', false);
	assert_int_equal(in_file(&l, 1), 'e');
	assert_int_equal(m->xFileSize(l.file, &size), SQLITE_OK);
	assert_int_equal(in_file(&l, 1), 'g');
	assert_int_equal(in_file(&l, 2), 'f');
	log_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commit),
		cmocka_unit_test(test_header_again),
		cmocka_unit_test(test_questions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
