/* URLs read back by id, from a store that goes on writing. */
#include "fixture.h"

#include "config/clock.h"
#include "storage/recall.h"
#include "workers/thread.h"

#define URLS 2000

static struct fix f;
static struct semaphore came;
static atomic_int failures;
static struct err failure;

static void done(void *arg, struct recall_batch *b)
{
	(void)arg;
	(void)b;
	semaphore_give(&came, 1);
}

static void failed(void *arg, const struct err *err)
{
	(void)arg;
	failures++;
	failure = *err;
}

static const struct recall_opts opts = {.done = done, .failed = failed};

static int set_up(void **state)
{
	(void)state;
	fix_open(&f);
	failures = 0;
	semaphore_init(&came, 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	semaphore_release(&came);
	fix_close(&f);
	return 0;
}

static void committed(void *arg, struct store_item *list)
{
	(void)arg;
	(void)list;
	semaphore_give(&came, 1);
}

static void store_failed(void *arg, const struct err *err)
{
	(void)arg;
	(void)err;
	abort();
}

/* Items of one URL each, ids from first on; durable when it returns. */
static void put_urls(struct store *st, uint64_t first, size_t n)
{
	static struct store_item items[URLS];
	static struct store_new_url urls[URLS];
	static char texts[URLS][40];

	for (size_t i = 0; i < n; i++) {
		uint64_t id = first + i;
		snprintf(texts[i], sizeof(texts[i]), "http://h/%llu", (unsigned long long)id);
		urls[i] = (struct store_new_url){
			.id = id,
			.url = texts[i],
			.url_len = (uint32_t)strlen(texts[i]),
			.host_id = 3,
			.depth = (uint16_t)(id % 60000),
			.hops = (uint8_t)(id % 20),
			.kind = LINK_AREA,
			.referrer = id / 2,
			.origin = id % 3,
		};
		items[i] = (struct store_item){.urls = &urls[i], .nurls = 1};
		items[i].ticket = store_ticket(st);
		store_put(st, &items[i]);
		assert_int_equal(semaphore_take(&came, clock_ms() + 60000), 0);
	}
}

static struct store *open_store(void)
{
	struct store_opts o = {.queue_max = URLS,
		.committed = committed,
		.failed = store_failed,
		.fast_sync = true};
	struct store *st = store_open(f.path, STORE_CREATE, &f.err);

	assert_non_null(st);
	assert_int_equal(store_start(st, &o, &f.err), 0);
	return st;
}

static void ask(struct recall *r, struct recall_batch *b, struct store_url *u, uint64_t first,
	size_t n, uint64_t step)
{
	memset(u, 0, n * sizeof(*u));
	for (size_t i = 0; i < n; i++)
		u[i].id = first + i * step;
	*b = (struct recall_batch){.urls = u, .n = n};
	recall_put(r, b);
}

static void check(const struct recall_batch *b)
{
	char want[40];

	assert_true(b->ok);
	for (size_t i = 0; i < b->n; i++) {
		const struct store_url *u = &b->urls[i];
		snprintf(want, sizeof(want), "http://h/%llu", (unsigned long long)u->id);
		assert_int_equal(u->len, strlen(want));
		assert_memory_equal(u->url, want, u->len);
		assert_int_equal(u->host_id, 3);
		assert_int_equal(u->depth, u->id % 60000);
		assert_int_equal(u->hops, u->id % 20);
		assert_int_equal(u->kind, LINK_AREA);
		assert_int_equal(u->referrer, u->id / 2);
		assert_int_equal(u->origin, u->id % 3);
	}
}

static void test_reads_what_was_committed(void **state)
{
	static struct store_url urls[3][500];
	struct recall_batch b[3];
	struct store *st = open_store();
	struct recall *r;

	(void)state;
	put_urls(st, 1, 500);
	r = recall_open(f.path, &opts, &f.err);
	assert_non_null(r);
	ask(r, &b[0], urls[0], 1, 500, 1);
	ask(r, &b[1], urls[1], 7, 40, 11);
	for (int i = 0; i < 2; i++)
		assert_int_equal(semaphore_take(&came, clock_ms() + 60000), 0);
	check(&b[0]);
	check(&b[1]);
	put_urls(st, 501, 500); /* committed after it was opened, and read before */
	ask(r, &b[2], urls[2], 2, 499, 2);
	recall_close(r); /* does it first */
	check(&b[2]);
	for (int i = 0; i < 3; i++)
		buf_release(&b[i].text);
	assert_int_equal(store_stop(st, true, &f.err), 0);
	assert_false(fix_has_file(&f, "-wal")); /* nobody was left in the way */
	store_close(st);
	assert_int_equal(failures, 0);
}

/* A row that is not there: one sentence, once; what comes after comes back, too. */
static void test_missing_row(void **state)
{
	static struct store_url urls[3][10];
	struct recall_batch b[3];
	struct store *st = open_store();
	struct recall *r;

	(void)state;
	put_urls(st, 1, 10);
	r = recall_open(f.path, &opts, &f.err);
	assert_non_null(r);
	for (int i = 0; i < 3; i++)
		ask(r, &b[i], urls[i], i == 1 ? 5 : 1, i == 1 ? 10 : 1, 1);
	recall_close(r);
	assert_int_equal(failures, 1);
	assert_non_null(strstr(failure.text, "URL 11 is not there"));
	assert_false(b[1].ok);
	assert_false(b[2].ok);
	for (int i = 0; i < 3; i++)
		buf_release(&b[i].text);
	assert_int_equal(store_stop(st, true, &f.err), 0);
	store_close(st);
}

static void test_no_file(void **state)
{
	(void)state;
	assert_null(recall_open(f.path, &opts, &f.err));
	assert_non_null(strstr(f.err.text, f.path));
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_reads_what_was_committed),
		T(test_missing_row),
		T(test_no_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
