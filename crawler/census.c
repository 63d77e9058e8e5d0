/* census.c - the answer to "why isn't it doing anything?" (SIGUSR1), on stderr. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/text.h"
#include "crawler/crawl.h"

struct census {
	struct buf out;
	size_t owners[4];
};

static void on_coroutine(
	void *arg, const char *name, const char *state, int64_t age_ms, size_t stack_used)
{
	struct census *s = arg;

	buf_addf(&s->out, "  %-12s %8lld ms  %5zu B  ", name, (long long)age_ms, stack_used);
	text_terminal(&s->out, state, strlen(state));
	buf_add_ch(&s->out, '\n');
}

static void on_slot(void *arg, const struct slot *slot)
{
	((struct census *)arg)->owners[slot->owner]++;
}

static void on_parser(void *arg, const struct procpool_seat *p)
{
	struct census *s = arg;

	buf_addf(&s->out, "  parser %zu     pid %-8d %-8s %8lld ms  %llu done, %u replaced\n",
		p->index, (int)p->pid, p->state, (long long)p->age_ms, (unsigned long long)p->done,
		p->restarts);
}

void crawl_census(struct crawl *c)
{
	struct census s = {.out = BUF_INIT};
	struct frontier_counts f;
	size_t done = 0;

	frontier_counts(c->frontier, &f);
	buf_add_str(&s.out, "skitter: who is waiting for what\ncoroutines (name, for how long, "
			    "stack, state)\n");
	loop_census(c->loop, on_coroutine, &s);
	slots_census(c->slots, on_slot, &s);
	buf_addf(&s.out,
		"slots: %zu free; taken by fetchers %zu, parsers %zu, store %zu; memory %zu kB\n",
		slots_free_count(c->slots), s.owners[SLOT_FETCHER], s.owners[SLOT_PARSER],
		s.owners[SLOT_STORE], slots_touched_bytes(c->slots) / 1024);
	buf_add_str(&s.out, "parser processes\n");
	procpool_census(parsers_pool(c->parsers), on_parser, &s);
	budget_table(&c->budget, &s.out);
	buf_addf(&s.out, "answers: %zu kB waiting to be stored, %zu kB at most so far\n",
		c->answers.used / 1024, c->answers.high / 1024);
	buf_addf(&s.out, "store: %zu records on their way to a COMMIT\n", c->pending);
	buf_addf(&s.out,
		"hosts: %u known, %u busy, %u waiting, %u being prepared, %u refused; next due in "
		"%lld ms\n",
		f.hosts, f.busy, f.waiting, f.preparing, f.refused,
		(long long)frontier_next_due_ms(c->frontier));
	buf_addf(&s.out,
		"frontier: %llu queued (%llu for a later try), %llu in flight, %llu discovered\n",
		(unsigned long long)f.queued, (unsigned long long)f.retrying,
		(unsigned long long)f.inflight, (unsigned long long)f.discovered);
	buf_addf(&s.out,
		"known URLs: seen set %zu kB, queue %zu kB; %llu queued with their text, %llu "
		"batches read back\n",
		f.bytes_seen / 1024, f.bytes_queued / 1024, (unsigned long long)f.near,
		(unsigned long long)f.loads);
	buf_addf(&s.out, "loop: longest turn %lld ms; connections %zu\n",
		(long long)loop_max_stall_ms(c->loop), http_active(c->http));
	while (done < s.out.len) {
		ssize_t n = write(STDERR_FILENO, s.out.data + done, s.out.len - done);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	buf_release(&s.out);
}
