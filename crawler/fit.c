/* fit.c - a crawl fitted to the machine: how much of everything, before its parts are opened. */
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "config/log.h"
#include "config/text.h"
#include "crawler/crawl.h"

/* Fewer would hold up even a small crawl. */
#define MMAP_LEAST ((size_t)256 << 10)
#define MMAP_MOST  ((size_t)4 << 20)
#define TRIM_MOST  ((size_t)32 << 20)

/* A container that is smaller than the default budget. */
static void fit_memory(struct crawl *c, const struct machine *m)
{
	uint64_t limit = budget_fit(&c->set, m->memory_limit);
	struct buf b = BUF_INIT;

	if (!limit)
		return;
	buf_add_str(&b, "memory is limited to ");
	text_bytes(&b, limit);
	buf_add_str(&b, " here: the budget is ");
	text_bytes(&b, c->set.memory);
	log_info("%s (--memory gives another)", b.data);
	buf_release(&b);
}

static void say_files_short(const struct crawl *c)
{
	const struct budget *b = &c->budget;

	log_warn("the limit of open files is %llu: %u fetchers work instead of %d; raise it "
		 "(`ulimit -n %llu`, LimitNOFILE= of a service, --ulimit nofile= of a container) "
		 "for more",
		(unsigned long long)b->machine.files, b->fetchers.now, b->asked,
		(unsigned long long)budget_files_for((unsigned)b->asked));
}

static void say_memory_short(const struct crawl *c)
{
	struct buf b = BUF_INIT;

	buf_addf(&b, "--concurrency %u, --parsers %u and --storers %u need more than --memory ",
		c->budget.fetchers.now, c->budget.parsers.now, c->budget.storers.now);
	text_bytes(&b, c->set.memory);
	log_warn("%s: give it more, or less of those", b.data);
	buf_release(&b);
}

static void say_table(const struct crawl *c)
{
	struct buf b = BUF_INIT;

	budget_table(&c->budget, &b);
	for (char *line = b.data, *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		log_debug("%s", line);
	}
	buf_release(&b);
}

/* Blocks of 10 to 200 kB come and go thousands of times a second: they are kept instead of given
 * back to the system and faulted in again (8 % of all CPU time, measured), as far as the budget
 * allows. */
static void keep_memory(uint64_t budget)
{
#ifdef __GLIBC__
	size_t mapped = (size_t)(budget / 128), trim = (size_t)(budget / 32);

	mapped = mapped < MMAP_LEAST ? MMAP_LEAST : mapped > MMAP_MOST ? MMAP_MOST : mapped;
	mallopt(M_MMAP_THRESHOLD, (int)mapped);
	mallopt(M_TRIM_THRESHOLD, (int)(trim > TRIM_MOST ? TRIM_MOST : trim));
	mallopt(M_TOP_PAD, (int)(trim / 4 > 1 << 20 ? 1 << 20 : trim / 4));
	mallopt(M_ARENA_MAX, 4);
#endif
}

void crawl_fit(struct crawl *c)
{
	struct machine m;

	machine_look(&m);
	fit_memory(c, &m);
	budget_divide(&c->budget, &c->set, &m);
	machine_raise_files(c->budget.files);
	tune_init(&c->tune, &c->budget);
	(void)machine_ticks(&c->ticks);
	keep_memory(c->set.memory);
	if (c->budget.files_short)
		say_files_short(c);
	if (c->budget.memory_short)
		say_memory_short(c);
	if (c->set.verbose)
		say_table(c);
}

/* ---- while it crawls ---- */

/* CPUs that had nothing to do since the last look, of those that are ours. Parsers that compute
 * now are theirs. */
static double idle_cpus(struct crawl *c, size_t parsers_busy)
{
	struct machine_ticks now;
	double ours = c->budget.machine.cpus - (double)parsers_busy, idle;
	long all = sysconf(_SC_NPROCESSORS_ONLN);

	if (machine_ticks(&now) < 0 || now.all <= c->ticks.all)
		return 0;
	idle = (double)(now.idle - c->ticks.idle) / (double)(now.all - c->ticks.all) * (double)all;
	c->ticks = now;
	return idle < ours ? idle : ours;
}

void crawl_adapt(struct crawl *c)
{
	struct procpool *pool = parsers_pool(c->parsers);
	struct tune_seen seen = {
		.parse_queue = procpool_queued(pool),
		.parsers_busy = procpool_busy(pool),
		.store_queue = store_unpacked(c->store),
		.host_due = frontier_next_due_ms(c->frontier) == 0,
		.share_full = frontier_needs_share(c->frontier),
		.room = slots_small_left(c->slots) > (size_t)c->budget.part[BUDGET_SLOTS] / 4,
	};

	if (c->stops || c->failed)
		return;
	for (size_t i = 0; i < c->nfetchers; i++)
		seen.fetchers_idle += c->seats[i].e == NULL;
	seen.idle_cpus = idle_cpus(c, seen.parsers_busy);
	if (!tune_step(&c->tune, &seen))
		return;
	if (c->tune.parsers.n != procpool_workers(pool))
		procpool_resize(pool, c->tune.parsers.n);
	store_add_storers(c->store, c->tune.storers.n);
	crawl_add_fetchers(c, c->tune.fetchers.n);
	log_debug("now %u fetchers, %u parsers, %u storers", c->tune.fetchers.n, c->tune.parsers.n,
		c->tune.storers.n);
}
