#include "crawler/tune.h"

#include <string.h>

#define LOOKS	    3	 /* in a row: 0.6 s */
#define LOOKS_LESS  50	 /* ten seconds */
#define IDLE	    0.5	 /* of a CPU: worth a process or a thread */
#define IDLE_LITTLE 0.25 /* worth a few coroutines */

static void crew_init(struct tune_crew *c, const struct budget_crew *b)
{
	*c = (struct tune_crew){
		.n = b->now, .least = b->now, .most = b->automatic ? b->most : b->now};
}

void tune_init(struct tune *t, const struct budget *b)
{
	crew_init(&t->fetchers, &b->fetchers);
	crew_init(&t->parsers, &b->parsers);
	crew_init(&t->storers, &b->storers);
}

/* One look. More by `step` after LOOKS in a row that want it, one less after LOOKS_LESS. */
static bool look(struct tune_crew *c, bool more, bool less, unsigned step)
{
	unsigned before = c->n;

	c->wanted = more ? c->wanted + 1 : 0;
	c->unwanted = less ? c->unwanted + 1 : 0;
	if (c->wanted >= LOOKS && c->n < c->most) {
		c->n = c->most - c->n > step ? c->n + step : c->most;
		c->wanted = 0;
	} else if (c->unwanted >= LOOKS_LESS && c->n > c->least) {
		c->n--;
		c->unwanted = 0;
	}
	return c->n != before;
}

bool tune_step(struct tune *t, const struct tune_seen *s)
{
	bool cpu = s->idle_cpus >= IDLE;
	bool behind = s->parse_queue > t->parsers.n || s->store_queue > t->storers.n * 4;
	bool network = s->share_full || (s->host_due && !s->fetchers_idle), changed;

	changed = look(&t->parsers, cpu && s->parse_queue >= 2 * (size_t)t->parsers.n,
		!s->parse_queue && s->parsers_busy < t->parsers.n, 1);
	changed |= look(&t->storers, cpu && s->store_queue >= 4 * (size_t)t->storers.n, false, 1);
	changed |= look(&t->fetchers, s->idle_cpus >= IDLE_LITTLE && network && s->room && !behind,
		false, t->fetchers.n / 2 + 1);
	return changed;
}
