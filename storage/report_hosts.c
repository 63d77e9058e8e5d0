/* report_hosts.c - how we behaved towards each host: every request, in the order they began. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/mem.h"
#include "storage/report_int.h"

#define OPEN_MAX	 256 /* requests of one host that are looked at as open at once */
#define GAP_TOLERANCE_MS 10  /* the wall clock of the records is not the one that waits */

struct counting {
	struct making *m;
	sqlite3_stmt *in;
	struct report_host *hosts; /* candidates; names are malloc'ed until the end */
	size_t n, cap, keep;
	uint64_t total;
	/* of the host at hand */
	struct report_host h;
	uint32_t *gaps;
	size_t ngaps, gaps_cap;
	int64_t ends[OPEN_MAX];
	unsigned open;
	int64_t second, minute, in_second, in_minute;
};

static int by_requests(const void *a, const void *b)
{
	const struct report_host *x = a, *y = b;

	return x->requests > y->requests   ? -1
	       : x->requests < y->requests ? 1
					   : strcmp(x->name, y->name);
}

static void cut(struct counting *c)
{
	qsort(c->hosts, c->n, sizeof(*c->hosts), by_requests);
	while (c->n > c->keep)
		free(c->hosts[--c->n].name);
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void finish(struct counting *c)
{
	struct report_host *h = &c->h;

	if (!h->name)
		return;
	h->gap_least_ms = h->gap_median_ms = -1;
	if (c->ngaps) {
		qsort(c->gaps, c->ngaps, sizeof(*c->gaps), by_value);
		h->gap_least_ms = c->gaps[0];
		h->gap_median_ms = c->gaps[c->ngaps / 2];
		while (h->robots_delay > 0 && h->gaps_short < c->ngaps &&
			c->gaps[h->gaps_short] + GAP_TOLERANCE_MS < h->robots_delay * 1000)
			h->gaps_short++;
	}
	c->total++;
	if (c->n == c->cap)
		cut(c);
	c->hosts[c->n++] = *h;
	h->name = NULL;
}

static void start(struct counting *c, const char *name)
{
	c->h = (struct report_host){.name = mem_strdup(name), .robots_delay = -1};
	if (sqlite3_column_type(c->in, 7) != SQLITE_NULL)
		c->h.robots_delay = sqlite3_column_double(c->in, 7);
	c->ngaps = 0;
	c->open = 0;
	c->second = c->minute = -1;
}

static void count_open(struct counting *c, int64_t from, int64_t to)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->open; i++)
		if (c->ends[i] > from)
			c->ends[n++] = c->ends[i];
	if (n < OPEN_MAX)
		c->ends[n++] = to;
	c->open = n;
	if (n > c->h.at_once)
		c->h.at_once = n;
}

static void count_rush(int64_t at, int64_t *last, int64_t *n, uint64_t *most)
{
	*n = at == *last ? *n + 1 : 1;
	*last = at;
	if ((uint64_t)*n > *most)
		*most = (uint64_t)*n;
}

static void count_time(struct counting *c, int64_t ms, int64_t total_us)
{
	struct report_host *h = &c->h;

	if (h->requests) {
		int64_t gap = ms - h->last_ms;
		if (c->ngaps == c->gaps_cap) {
			c->gaps_cap = c->gaps_cap ? c->gaps_cap * 2 : 1024;
			c->gaps = mem_realloc(c->gaps, c->gaps_cap * sizeof(*c->gaps));
		}
		c->gaps[c->ngaps++] = gap > UINT32_MAX ? UINT32_MAX : (uint32_t)gap;
	} else {
		h->first_ms = ms;
	}
	h->last_ms = ms;
	count_open(c, ms, ms + total_us / 1000);
	count_rush(ms / 1000, &c->second, &c->in_second, &h->busiest_second);
	count_rush(ms / 60000, &c->minute, &c->in_minute, &h->busiest_minute);
}

static void count_request(struct counting *c)
{
	struct report_host *h = &c->h;
	int status = sqlite3_column_int(c->in, 3);

	count_time(c, sqlite3_column_int64(c->in, 1), sqlite3_column_int64(c->in, 2));
	h->requests++;
	h->repeated += sqlite3_column_int(c->in, 5) > 1;
	h->urls += sqlite3_column_int(c->in, 6) > 0;
	h->bytes += (uint64_t)sqlite3_column_int64(c->in, 4);
	h->no_answer += status == 0;
	h->limited += status == 429 || status == 503;
	h->pages += status >= 200 && status < 300;
	h->redirects += status >= 300 && status < 400;
	h->client_errors += status >= 400 && status < 500;
	h->server_errors += status >= 500;
}

static int count_all(struct counting *c)
{
	int more;

	while ((more = report_row(c->m, c->in)) > 0) {
		const char *name = (const char *)sqlite3_column_text(c->in, 0);
		if (!name)
			continue;
		if (!c->h.name || strcmp(name, c->h.name) != 0) {
			finish(c);
			start(c, name);
		}
		count_request(c);
	}
	finish(c);
	return more;
}

/* ---- what else is known of the hosts that are shown ---- */

static int describe(struct making *m, struct report_host *h, sqlite3_stmt *s)
{
	int more;

	sqlite3_bind_text(s, 1, h->name, -1, SQLITE_STATIC);
	more = report_row(m, s);
	if (more > 0) {
		h->ip = report_keep_column(m->r, s, 0);
		h->state = report_keep_column(m->r, s, 1);
		h->robots = report_keep_column(m->r, s, 2);
		h->robots_excluded = (uint64_t)sqlite3_column_int64(s, 3);
	}
	sqlite3_reset(s);
	return more < 0 ? -1 : 0;
}

/* One User-Agent for all: that of the newest request. */
static int read_user_agent(struct making *m)
{
	sqlite3_stmt *s = report_prepare(m,
		"select request_head from content where request_head is not null order by id desc "
		"limit 1");
	int more = s ? report_row(m, s) : -1;
	const char *head = more > 0 ? (const char *)sqlite3_column_text(s, 0) : NULL;
	const char *at = head ? strcasestr(head, "\nuser-agent:") : NULL;

	if (at) {
		at += strlen("\nuser-agent:");
		at += strspn(at, " ");
		m->r->user_agent = report_keep(m->r, at, strcspn(at, "\r\n"));
	}
	sqlite3_finalize(s);
	return more < 0 ? -1 : 0;
}

static int give(struct counting *c)
{
	struct making *m = c->m;
	sqlite3_stmt *s = report_prepare(m,
		"select max(h.ip), max(h.state), (select group_concat(t.origin || ': ' || "
		"t.verdict, '; ') from robots_txt t where t.origin in ('https://' || ?1, "
		"'http://' || ?1)), sum(h.robots_excluded) from host h where h.name = ?1");
	int ret = s ? 0 : -1;

	cut(c);
	for (size_t i = 0; i < c->n; i++) {
		char *name = c->hosts[i].name;
		c->hosts[i].name = report_keep(m->r, name, strlen(name));
		free(name);
	}
	m->r->hosts = c->hosts;
	m->r->nhosts = c->n;
	m->r->hosts_total = c->total;
	for (size_t i = 0; ret == 0 && i < c->n; i++)
		ret = describe(m, &c->hosts[i], s);
	sqlite3_finalize(s);
	return ret < 0 ? -1 : read_user_agent(m);
}

int report_hosts(struct making *m)
{
	struct counting c = {.m = m, .keep = m->r->rows < 200 ? m->r->rows : 200};
	int ret = -1;

	c.cap = c.keep * 4;
	c.hosts = mem_array(c.cap, sizeof(*c.hosts));
	c.in = report_prepare(m,
		m->o->host ? "select h.name, f.fetched_ms, f.total_us, f.status, f.wire_size, "
			     "f.attempt, f.state, h.crawl_delay from host h join url u on "
			     "u.host_id = h.id join fetch f on f.url_id = u.id where h.name = ?1 "
			     "order by 1, 2"
			   : "select h.name, f.fetched_ms, f.total_us, f.status, f.wire_size, "
			     "f.attempt, f.state, h.crawl_delay from fetch f cross join url u on "
			     "u.id = f.url_id cross join host h on h.id = u.host_id order by 1, 2");
	if (c.in && m->o->host)
		sqlite3_bind_text(c.in, 1, m->o->host, -1, SQLITE_STATIC);
	if (c.in && count_all(&c) == 0)
		ret = give(&c);
	sqlite3_finalize(c.in);
	if (m->r->hosts != c.hosts) { /* it failed on the way */
		free(c.h.name);
		for (size_t i = 0; i < c.n; i++)
			free(c.hosts[i].name);
		free(c.hosts);
	}
	free(c.gaps);
	return ret;
}
