/* The disk is full, or fails: one sentence, nothing committed is lost, and a resume goes on
 * when there is room again. */
#include <signal.h>
#include <sys/resource.h>

#include "storage/store_int.h"
#include "tests/unit/storage/fixture.h"

static char noise[6000]; /* does not compress */

static void make_noise(void)
{
	srand(7);
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)rand();
}

/* Puts up to n pages with ids from first; stops when the store has failed. Returns how many
 * were put. */
static uint64_t put_pages(struct fix *f, struct store *st, uint64_t first, uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n && !f->failures; i++) {
		struct page *p = page_new(st);
		page_url(p, first + i, 0, "https://example.com/");
		page_fetch(p, first + i, 200, NULL);
		p->item.body = noise;
		p->item.body_len = sizeof(noise);
		while (store_queued(st) >= 64 && !f->failures)
			usleep(100);
		store_put(st, &p->item);
	}
	return i;
}

static size_t free_uncommitted(struct store *st)
{
	struct store_item *list = store_take_uncommitted(st);
	size_t n = 0;

	while (list) {
		struct store_item *item = list;
		list = item->next;
		page_free(item->user);
		n++;
	}
	return n;
}

static void expect_pages(struct fix *f, uint64_t n)
{
	char expected[64];

	snprintf(expected, sizeof(expected), "%llu|%llu\n", (unsigned long long)n,
		(unsigned long long)n);
	fix_expect(f->path, "select (select count(*) from url), (select count(*) from fetch)",
		expected);
	fix_expect(f->path, "pragma integrity_check", "ok\n");
}

/* Ends a run that failed; every item is either durable or given back. */
static void end_failed(struct fix *f, struct store *st, uint64_t put)
{
	assert_int_equal(f->failures, 1);
	if (!strstr(f->failure.text, "no space left for"))
		fail_msg("%s", f->failure.text);
	assert_non_null(strstr(f->failure.text, "skitter resume"));
	assert_int_equal(f->failure.status, EXIT_STORAGE);
	assert_int_equal(store_stop(st, false, &f->err), -1);
	assert_string_equal(f->err.text, f->failure.text);
	assert_int_equal(f->committed + free_uncommitted(st), put);
	assert_true(f->committed < put);
	assert_false(f->disorder);
	store_close(st);
}

static void go_on(struct fix *f)
{
	uint64_t kept = f->committed;
	struct store *st;

	expect_pages(f, kept);
	f->failures = 0;
	st = fix_start(f, STORE_RESUME);
	assert_int_equal(put_pages(f, st, kept + 1, 50), 50);
	fix_stop(f, st, true);
	assert_int_equal(f->failures, 0);
	expect_pages(f, kept + 50);
}

static void test_page_limit(void **state)
{
	struct fix f;
	struct store *st;
	struct store_opts o;
	uint64_t put;

	(void)state;
	fix_open(&f);
	o = fix_opts(&f);
	st = store_open(f.path, STORE_CREATE, &f.err);
	assert_non_null(st);
	assert_int_equal(sqlite3_exec(st->db, "pragma max_page_count = 200", NULL, NULL, NULL), 0);
	assert_int_equal(store_start(st, &o, &f.err), 0);
	put = put_pages(&f, st, 1, 5000);
	end_failed(&f, st, put);
	assert_true(f.committed > 0);
	go_on(&f);
	fix_close(&f);
}

/* No file may grow beyond a size: the write-ahead log hits it, or the database does. */
static void test_file_limit(void **state)
{
	struct rlimit old, low;
	struct fix f;
	struct store *st;
	uint64_t put;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	fix_open(&f);
	st = fix_start(&f, STORE_CREATE);
	low = old;
	low.rlim_cur = 3 << 20;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	put = put_pages(&f, st, 1, 5000);
	end_failed(&f, st, put);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	go_on(&f);
	fix_close(&f);
}

/* ---- the N-th write fails, for every N ---- */

static sqlite3_vfs *real_vfs;
static atomic_int writes_left; /* negative = no fault */
static atomic_int fault_code;

struct fault_file {
	sqlite3_file base;
	sqlite3_file *real;
};

static sqlite3_file *real_of(sqlite3_file *f)
{
	return ((struct fault_file *)f)->real;
}

static bool faulty(void)
{
	if (writes_left < 0)
		return false;
	if (writes_left == 0)
		return true;
	writes_left--;
	return false;
}

static int f_close(sqlite3_file *f)
{
	int ret = real_of(f)->pMethods ? real_of(f)->pMethods->xClose(real_of(f)) : SQLITE_OK;

	return ret;
}

static int f_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
	return real_of(f)->pMethods->xRead(real_of(f), to, n, at);
}

static int f_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
	return faulty() ? fault_code : real_of(f)->pMethods->xWrite(real_of(f), from, n, at);
}

static int f_truncate(sqlite3_file *f, sqlite3_int64 n)
{
	return real_of(f)->pMethods->xTruncate(real_of(f), n);
}

static int f_sync(sqlite3_file *f, int flags)
{
	return faulty() ? SQLITE_IOERR_FSYNC : real_of(f)->pMethods->xSync(real_of(f), flags);
}

static int f_size(sqlite3_file *f, sqlite3_int64 *n)
{
	return real_of(f)->pMethods->xFileSize(real_of(f), n);
}

static int f_lock(sqlite3_file *f, int how)
{
	return real_of(f)->pMethods->xLock(real_of(f), how);
}

static int f_unlock(sqlite3_file *f, int how)
{
	return real_of(f)->pMethods->xUnlock(real_of(f), how);
}

static int f_check_lock(sqlite3_file *f, int *out)
{
	return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int f_control(sqlite3_file *f, int op, void *arg)
{
	return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int f_sector(sqlite3_file *f)
{
	return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int f_device(sqlite3_file *f)
{
	return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int f_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
	return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
}

static int f_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags);
}

static void f_shm_barrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int f_shm_unmap(sqlite3_file *f, int del)
{
	return real_of(f)->pMethods->xShmUnmap(real_of(f), del);
}

static const sqlite3_io_methods fault_methods = {2, f_close, f_read, f_write, f_truncate, f_sync,
	f_size, f_lock, f_unlock, f_check_lock, f_control, f_sector, f_device, f_shm_map,
	f_shm_lock, f_shm_barrier, f_shm_unmap, NULL, NULL};

static int fault_open(
	sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out)
{
	struct fault_file *f = (struct fault_file *)file;
	int ret;

	(void)vfs;
	f->real = (sqlite3_file *)(f + 1);
	memset(f->real, 0, (size_t)real_vfs->szOsFile);
	ret = real_vfs->xOpen(real_vfs, name, f->real, flags, out);
	f->base.pMethods = f->real->pMethods ? &fault_methods : NULL;
	return ret;
}

static void install_faults(sqlite3_vfs *vfs)
{
	real_vfs = sqlite3_vfs_find(NULL);
	*vfs = *real_vfs;
	vfs->zName = "fault";
	vfs->szOsFile = (int)sizeof(struct fault_file) + real_vfs->szOsFile;
	vfs->xOpen = fault_open;
	writes_left = -1;
	assert_int_equal(sqlite3_vfs_register(vfs, 1), SQLITE_OK);
}

/* One crawl in which write number n and all that follow fail. False: it needed fewer. */
static bool crawl_with_fault(int n, int code)
{
	struct fix f;
	struct store *st;
	struct store_opts o;
	uint64_t put = 0;
	bool reached;

	fix_open(&f);
	o = fix_opts(&f);
	o.fast_sync = false;
	fault_code = code;
	writes_left = n;
	st = store_open(f.path, STORE_CREATE, &f.err);
	if (!st) {
		assert_string_not_equal(f.err.text, "");
		assert_false(fix_has_file(&f, "")); /* no half-made file stays */
		writes_left = -1;
		fix_close(&f);
		return true;
	}
	if (store_start(st, &o, &f.err) == 0) {
		put = put_pages(&f, st, 1, 40);
		/* Either it says so, or all is there. */
		if (store_stop(st, true, &f.err) == 0)
			assert_int_equal(f.committed, put);
		else
			assert_string_not_equal(f.err.text, "");
	}
	reached = writes_left == 0;
	assert_int_equal(f.committed + free_uncommitted(st), put);
	store_close(st);
	writes_left = -1;
	go_on(&f);
	fix_close(&f);
	return reached;
}

static void test_every_write(void **state)
{
	int n, code;

	(void)state;
	for (int i = 0; i < 2; i++) {
		code = i ? SQLITE_IOERR_WRITE : SQLITE_FULL;
		for (n = 0; crawl_with_fault(n, code); n += n < 30 ? 1 : 11)
			assert_true(n < 2000);
		assert_true(n > 30);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page_limit),
		cmocka_unit_test(test_file_limit),
		cmocka_unit_test(test_every_write),
	};
	static sqlite3_vfs vfs;

	make_noise();
	install_faults(&vfs); /* first: the store's own VFS stays in front of what it finds */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
