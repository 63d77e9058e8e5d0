/* kill -9 at any moment: what was given back is there, no child without its parent, no URL
 * lost or done twice. SKITTER_KILLS=N for more rounds than 30. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/unit/storage/fixture.h"

#define MAX_URLS 200000
#define CHILDREN 5

/* What the writing process tells the one that kills it; in memory both share. */
struct said {
	atomic_ulong done;  /* fetches given back as durable */
	atomic_ulong last;  /* the highest URL id among them */
	atomic_ulong batch; /* how many times */
};

static struct said *said;

/* ---- the process that is killed: a crawl of an endless site ---- */

struct todo {
	uint64_t ids[MAX_URLS];
	size_t n, next;
	uint64_t last_id;
};

static void load_todo(void *arg, const struct store_url *u)
{
	struct todo *t = arg;

	t->last_id = u->id;
	if (u->state != URL_DONE && t->n < MAX_URLS)
		t->ids[t->n++] = u->id;
}

static void on_committed(void *arg, struct store_item *list)
{
	for (struct store_item *item = list; item; item = item->next)
		if (item->url_id) {
			said->last = item->url_id;
			said->done++;
		}
	said->batch++;
	fix_committed(arg, list);
}

static void find_url(struct todo *t, struct page *p, uint64_t referrer)
{
	uint64_t id = ++t->last_id;

	page_url(p, id, referrer, page_str(p, "https://example.com/%llu", (unsigned long long)id));
	if (t->n < MAX_URLS)
		t->ids[t->n++] = id;
}

static void crawl_on(struct fix *f, bool create)
{
	static struct todo t;
	static char body[9000];
	struct store_opts o = fix_opts(f);
	struct store *st = store_open(f->path, create ? STORE_CREATE : STORE_RESUME, &f->err);

	if (!st)
		_exit(2);
	memset(body, 'b', sizeof(body) - 1);
	o.committed = on_committed;
	o.fast_sync = false;
	if (store_load_urls(st, load_todo, &t, &f->err) < 0 || store_start(st, &o, &f->err) < 0)
		_exit(3);
	if (!t.n) {
		struct page *p = page_new(st);
		find_url(&t, p, 0);
		fix_put(st, p);
	}
	while (t.next < t.n && t.last_id < MAX_URLS) {
		struct page *p = page_new(st);
		uint64_t id = t.ids[t.next++];
		page_fetch(p, id, 200, id % 3 ? "small" : body);
		for (int i = 0; i < CHILDREN && t.n - t.next < 2000; i++)
			find_url(&t, p, id);
		fix_put(st, p);
	}
	pause();
}

/* ---- the one that kills ---- */

static void nap_ms(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static void kill_one(struct fix *f, bool create)
{
	unsigned long before = said->batch;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		crawl_on(f, create);
	/* Sometimes before the first commit, mostly a little later. */
	if (rand() % 8)
		for (int i = 0; i < 5000 && said->batch == before; i++)
			nap_ms(1);
	nap_ms(rand() % 40);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

struct check {
	uint64_t urls, done, last_done;
	uint8_t fetched[MAX_URLS + CHILDREN + 1];
};

static void check_url(void *arg, const struct store_url *u)
{
	struct check *c = arg;

	assert_int_equal(u->id, c->urls + 1);
	c->urls = u->id;
	if (u->state == URL_DONE) {
		c->done++;
		c->fetched[u->id] = 1;
	}
	/* Children have higher ids, so the parent has been seen. */
	if (u->referrer && !c->fetched[u->referrer])
		fail_msg("url %llu: its referrer %llu has no fetch", (unsigned long long)u->id,
			(unsigned long long)u->referrer);
}

static void check_store(struct fix *f)
{
	static struct check c;
	struct store *st = store_open(f->path, STORE_RESUME, &f->err);

	if (!st)
		fail_msg("%s", f->err.text);
	memset(&c, 0, sizeof(c));
	assert_int_equal(store_load_urls(st, check_url, &c, &f->err), 0);
	store_close(st);
	assert_true(c.done >= said->done);
	if (said->last)
		assert_true(c.fetched[said->last]);
	fix_expect(f->path,
		"select count(*) from (select url_id from fetch group by url_id having count(*) > "
		"1)",
		"0\n");
	fix_expect(f->path, "select count(*) from fetch where id not in (select id from content)",
		"0\n");
	/* What is counted with a COMMIT is what is in it. */
	fix_expect(f->path,
		"select coalesce((select value from meta where key = 'bytes_wire'), 0) + 0 = "
		"coalesce(sum(wire_size), 0), coalesce((select value from meta where key = "
		"'bytes_decoded'), 0) + 0 = coalesce(sum(size), 0) from fetch",
		"1|1\n");
	fix_expect(f->path, "pragma integrity_check", "ok\n");
}

static void test_kill(void **state)
{
	const char *more = getenv("SKITTER_KILLS");
	int rounds = more ? atoi(more) : 30;
	struct fix f;
	unsigned seed = (unsigned)time(NULL);

	(void)state;
	printf("seed %u\n", seed);
	srand(seed);
	fix_open(&f);
	said = mmap(NULL, sizeof(*said), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(said != MAP_FAILED);
	for (int i = 0; i < rounds; i++) {
		bool create = access(f.path, F_OK) != 0;
		kill_one(&f, create);
		/* Killed before it was there: then it is not there at all. */
		if (access(f.path, F_OK) == 0)
			check_store(&f);
		else
			assert_true(create);
	}
	assert_true(said->done > 0);
	munmap(said, sizeof(*said));
	fix_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kill),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
