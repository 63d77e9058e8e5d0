/* stats.c - the numbers a person sees, while it runs and at the end. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/clock.h"
#include "crawler/crawl.h"
#include "storage/store_read.h"

/* Resident memory of this process, shared slots included, from the kernel's own count. */
static uint64_t resident(void)
{
	unsigned long long pages = 0, total;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%llu %llu", &total, &pages) != 2)
		pages = 0;
	fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Fetchers without a URL hold a slot in advance: that is not use. */
static uint32_t slots_busy(const struct crawl *c)
{
	size_t n = slots_in_use(c->slots), idle = 0;

	for (size_t i = 0; i < c->nfetchers; i++)
		idle += c->seats[i].e == NULL;
	return (uint32_t)(n > idle ? n - idle : 0);
}

void crawl_stats(struct crawl *c, struct progress_stats *s)
{
	struct frontier_counts f;
	struct procpool *pool = parsers_pool(c->parsers);

	frontier_counts(c->frontier, &f);
	memset(s, 0, sizeof(*s));
	s->pages = c->n.pages;
	s->discovered = f.discovered;
	s->fetched = c->n.fetched;
	s->failed = c->n.failed;
	s->excluded = f.excluded;
	s->queued = f.queued;
	s->in_flight = f.inflight;
	s->retries = c->n.retries;
	s->bytes_wire = c->n.bytes_wire;
	s->bytes_decoded = c->n.bytes_decoded;
	memcpy(s->errors, c->n.errors, sizeof(s->errors));
	s->nerrors = c->n.nerrors;
	s->hosts_total = f.hosts;
	s->hosts_busy = f.busy;
	s->hosts_waiting = f.waiting;
	s->hosts_preparing = f.preparing;
	s->hosts_refused = f.refused;
	for (size_t i = 0; i < c->nfetchers; i++)
		s->fetchers_active += c->seats[i].e != NULL;
	s->fetchers_limit = (uint32_t)c->nfetchers;
	s->slots_used = slots_busy(c);
	s->slots_total = (uint32_t)c->nslots;
	s->parsers_busy = (uint32_t)procpool_busy(pool);
	s->parsers_total = (uint32_t)procpool_workers(pool);
	s->parsers_lost = (uint32_t)procpool_restarts(pool);
	s->store_queue = (uint32_t)c->pending;
	s->store_queue_limit = (uint32_t)c->nslots;
	s->memory = resident();
	s->memory_budget = c->set.memory;
	s->memory_urls = f.bytes_seen + f.bytes_queued;
	s->elapsed_ms = (uint64_t)(clock_ms() - c->started_ms);
	s->max_pages = c->set.max_pages;
	s->next_due_ms = frontier_next_due_ms(c->frontier);
	if (c->stops && !c->ended)
		s->state = "finishing what is in flight; once more stops at once";
	memcpy(s->last_url, c->last_url, sizeof(s->last_url));
}

static void set_end(struct crawl *c, struct summary *s)
{
	if (c->failed) {
		s->end = END_STORAGE;
		s->reason = c->failure.text;
	} else if (c->stops) {
		s->end = END_SIGNAL;
	} else if (frontier_end(c->frontier) == FRONTIER_LIMIT) {
		s->end = END_LIMIT;
		s->limit = frontier_limit_name(c->frontier);
	} else if (!c->seed_ok) {
		s->end = END_NO_SEED;
		s->reason = c->n.nerrors     ? c->n.errors[0].word
			    : c->n.nexcludes ? c->n.excludes[0].word
					     : NULL;
	} else {
		s->end = END_FINISHED;
	}
}

/* After a failure of the store only what the file holds counts. */
static void take_stored(struct crawl *c, struct summary *s)
{
	struct store_counts n;
	struct err err;
	struct store *st = store_open(c->set.output, STORE_READ, &err);

	if (st && store_counts(st, &n, &err) == 0) {
		s->discovered = n.discovered;
		s->fetched = n.fetched;
		s->failed = n.failed;
		s->excluded = n.excluded;
		s->left = n.left;
		s->pages = n.fetched;
		s->redirects = 0;
		s->nstatuses = s->nerrors = s->nexcludes = 0;
		s->run_pages = n.fetched < s->run_pages ? n.fetched : s->run_pages;
	}
	store_close(st);
}

void crawl_summary(struct crawl *c, struct summary *s)
{
	static const char *const classes[] = {"0xx", "1xx", "2xx", "3xx", "4xx", "5xx"};
	struct frontier_counts f;
	struct rusage ru;
	struct stat st;

	frontier_counts(c->frontier, &f);
	memset(s, 0, sizeof(*s));
	set_end(c, s);
	s->output = c->set.output;
	s->resumed = c->resumed;
	s->discovered = f.discovered;
	s->fetched = c->n.fetched;
	s->failed = c->n.failed;
	s->excluded = f.excluded;
	s->left = f.queued + f.inflight;
	s->pages = c->n.pages;
	s->redirects = c->n.redirects;
	s->hosts = f.hosts;
	s->links = c->n.links;
	for (size_t i = 1; i < 6; i++)
		if (c->n.classes[i])
			s->statuses[s->nstatuses++] =
				(struct word_count){classes[i], c->n.classes[i]};
	memcpy(s->errors, c->n.errors, sizeof(s->errors));
	s->nerrors = c->n.nerrors;
	memcpy(s->excludes, c->n.excludes, sizeof(s->excludes));
	s->nexcludes = c->n.nexcludes;
	s->elapsed_ms = (uint64_t)(clock_ms() - c->started_ms);
	s->run_pages = c->n.run_pages;
	s->requests = c->n.requests;
	s->bytes_wire = c->n.run_bytes;
	s->bytes_decoded = c->n.run_decoded;
	if (stat(c->set.output, &st) == 0)
		s->bytes_file = (uint64_t)st.st_size;
	if (getrusage(RUSAGE_SELF, &ru) == 0)
		s->memory_peak = (uint64_t)ru.ru_maxrss * 1024;
	s->memory_urls = f.bytes_seen + f.bytes_queued;
	buf_reset(&c->parallel);
	budget_crew_text(
		&c->budget, c->tune.fetchers.n, c->tune.parsers.n, c->tune.storers.n, &c->parallel);
	s->parallel = c->parallel.data;
	s->beyond = f.beyond;
	s->longest_turn_ms = (uint64_t)loop_max_stall_ms(c->loop);
	s->parsers_lost = procpool_restarts(parsers_pool(c->parsers));
	memcpy(s->stage_us, c->n.stage_us, sizeof(s->stage_us));
	s->stage_us[STAGE_STORE] = c->n.store_us;
	if (c->failed)
		take_stored(c, s);
}
