/* tally.c - counting requests, and telling what was counted. */
#include "crawler/fakeweb/tally.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "config/mem.h"
#include "config/text.h"

#define RELAXED memory_order_relaxed

static size_t words_of(uint64_t pages)
{
	return (size_t)(pages / 64 + 1);
}

struct fake_tally *fake_tally_open(const struct fake_graph *g)
{
	uint32_t nips = fake_addresses(g);
	size_t size = sizeof(struct fake_tally) + g->hosts * sizeof(struct fake_host_tally) +
		      nips * sizeof(struct fake_ip_tally) + words_of(g->o->pages) * 8;
	struct fake_tally *t =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (t == MAP_FAILED)
		return NULL;
	t->size = size;
	t->nhosts = g->hosts;
	t->nips = nips;
	t->judge = g->o->judge;
	t->hosts = (struct fake_host_tally *)(t + 1);
	t->ips = (struct fake_ip_tally *)(t->hosts + g->hosts);
	t->seen = (fake_count *)(t->ips + nips);
	return t;
}

void fake_tally_close(struct fake_tally *t)
{
	if (t)
		munmap(t, t->size);
}

static void count(fake_count *c)
{
	atomic_fetch_add_explicit(c, 1, RELAXED);
}

void fake_tally_up(_Atomic uint32_t *open, _Atomic uint32_t *most)
{
	uint32_t now = atomic_fetch_add_explicit(open, 1, RELAXED) + 1;
	uint32_t seen = atomic_load_explicit(most, RELAXED);

	while (now > seen && !atomic_compare_exchange_weak(most, &seen, now))
		;
}

void fake_tally_down(_Atomic uint32_t *open)
{
	atomic_fetch_sub_explicit(open, 1, RELAXED);
}

void fake_tally_request(struct fake_tally *t, uint32_t host, int64_t now)
{
	struct fake_host_tally *h = &t->hosts[host];
	int64_t last = atomic_exchange_explicit(&h->last_ns, now, RELAXED), least, none = 0;

	count(&h->requests);
	count(&t->requests);
	atomic_compare_exchange_strong(&t->first_ns, &none, now);
	atomic_store_explicit(&t->last_ns, now, RELAXED);
	if (!last)
		return;
	last = now > last ? now - last : 1;
	least = atomic_load_explicit(&h->least_ns, RELAXED);
	while ((!least || last < least) &&
		!atomic_compare_exchange_weak(&h->least_ns, &least, last))
		;
	if ((double)last < t->judge * 1e9) {
		count(&h->too_soon);
		count(&t->too_soon);
	}
}

static bool repeated(struct fake_tally *t, uint32_t host, bool before)
{
	if (before) {
		count(&t->hosts[host].repeats);
		count(&t->repeats);
	}
	return before;
}

bool fake_tally_page(struct fake_tally *t, uint32_t host, uint64_t number)
{
	uint64_t bit = 1ull << (number & 63);

	return repeated(
		t, host, atomic_fetch_or_explicit(&t->seen[number >> 6], bit, RELAXED) & bit);
}

bool fake_tally_special(struct fake_tally *t, uint32_t host, unsigned which)
{
	uint32_t bit = 1u << which;

	return repeated(
		t, host, atomic_fetch_or_explicit(&t->hosts[host].special, bit, RELAXED) & bit);
}

bool fake_tally_admit(struct fake_tally *t, uint32_t host, int64_t now, int64_t interval)
{
	_Atomic int64_t *allowed = &t->hosts[host].allowed_ns;
	int64_t last = atomic_load(allowed);

	return (!last || now - last >= interval) &&
	       atomic_compare_exchange_strong(allowed, &last, now);
}

/* ---- telling ---- */

struct extremes {
	uint32_t asked, hosts_too_soon, most_host, most_ip; /* hosts asked; most connections */
	uint32_t busy_host, busy_ip;			    /* most requests that waited */
	int64_t least_ns;				    /* 0 = none */
	uint32_t least_host, most_host_at, most_ip_at;
	uint64_t distinct; /* pages asked for at least once */
};

static struct extremes find_extremes(const struct fake_tally *t, const struct fake_graph *g)
{
	struct extremes x = {0};

	for (uint32_t i = 0; i < t->nhosts; i++) {
		const struct fake_host_tally *h = &t->hosts[i];
		x.asked += h->requests > 0;
		x.hosts_too_soon += h->too_soon > 0;
		if (h->least_ns && (!x.least_ns || h->least_ns < x.least_ns)) {
			x.least_ns = h->least_ns;
			x.least_host = i;
		}
		if (h->most_busy > x.busy_host)
			x.busy_host = h->most_busy;
		if (h->most_open > x.most_host) {
			x.most_host = h->most_open;
			x.most_host_at = i;
		}
	}
	for (uint32_t i = 0; i < t->nips; i++) {
		const struct fake_ip_tally *ip = &t->ips[i];
		if (ip->most_busy > x.busy_ip)
			x.busy_ip = ip->most_busy;
		if (ip->most_open > x.most_ip) {
			x.most_ip = ip->most_open;
			x.most_ip_at = i;
		}
	}
	for (size_t i = 0; i < words_of(g->o->pages); i++)
		x.distinct += (uint64_t)__builtin_popcountll(t->seen[i]);
	return x;
}

static const char *ip_text(uint32_t n, char out[INET_ADDRSTRLEN])
{
	struct in_addr a = {htonl(FAKE_FIRST_ADDRESS + n)};

	return inet_ntop(AF_INET, &a, out, INET_ADDRSTRLEN);
}

static double seconds(const struct fake_tally *t)
{
	return (double)(t->last_ns - t->first_ns) / 1e9;
}

static void line(struct buf *out, const char *name, uint64_t n)
{
	buf_addf(out, "%-28s", name);
	text_number(out, n);
	buf_add_ch(out, '\n');
}

void fake_tally_print(const struct fake_tally *t, const struct fake_graph *g, struct buf *out)
{
	struct extremes x = find_extremes(t, g);
	char ip[INET_ADDRSTRLEN];

	line(out, "requests", t->requests);
	buf_addf(out, "%-28s%.1f s\n", "from first to last", seconds(t));
	line(out, "repeated requests", t->repeats);
	line(out, "pages of the web asked for", x.distinct);
	line(out, "hosts asked", x.asked);
	for (int i = 0; i < 600; i++)
		if (t->statuses[i]) {
			char name[32];
			snprintf(name, sizeof(name), "status %d", i);
			line(out, name, t->statuses[i]);
		}
	line(out, "resets", t->resets);
	line(out, "cut bodies", t->cuts);
	line(out, "pages of traps", t->traps);
	line(out, "closed by robots.txt, asked", t->closed_paths);
	line(out, "bytes sent", t->bytes);
	line(out, "connections", t->connections);
	line(out, "most open at once", t->most_open);
	if (x.most_ip)
		buf_addf(out, "%-28s%u (%s)\n", "most open to one address", x.most_ip,
			ip_text(x.most_ip_at, ip));
	if (x.most_host)
		buf_addf(out, "%-28s%u (h%u.%s)\n", "most open to one host", x.most_host,
			x.most_host_at, g->o->zone);
	if (x.busy_ip)
		buf_addf(out, "%-28s%u, %u to one address, %u to one host\n",
			"most waiting at once", t->most_busy, x.busy_ip, x.busy_host);
	if (x.least_ns)
		buf_addf(out, "%-28s%.3f ms (h%u.%s)\n", "least time between starts",
			(double)x.least_ns / 1e6, x.least_host, g->o->zone);
	if (t->judge > 0) {
		line(out, "starts too soon", t->too_soon);
		line(out, "hosts asked too soon", x.hosts_too_soon);
	}
	line(out, "DNS questions", t->questions);
	line(out, "names that do not exist", t->unknown_names);
}

static void json_totals(const struct fake_tally *t, const struct fake_graph *g, struct buf *out)
{
	struct extremes x = find_extremes(t, g);

#define FIELD(name, n) buf_addf(out, "\"" name "\": %llu, ", (unsigned long long)(n))
	FIELD("requests", t->requests);
	buf_addf(out, "\"seconds\": %.3f, ", seconds(t));
	FIELD("repeats", t->repeats);
	FIELD("pages_asked", x.distinct);
	FIELD("hosts_asked", x.asked);
	FIELD("resets", t->resets);
	FIELD("cuts", t->cuts);
	FIELD("pushed_back", t->pushed_back);
	FIELD("trap_pages", t->traps);
	FIELD("closed_paths", t->closed_paths);
	FIELD("bytes", t->bytes);
	FIELD("connections", t->connections);
	FIELD("most_open", t->most_open);
	FIELD("most_open_ip", x.most_ip);
	FIELD("most_open_host", x.most_host);
	FIELD("most_busy", t->most_busy);
	FIELD("most_busy_ip", x.busy_ip);
	FIELD("most_busy_host", x.busy_host);
	buf_addf(out, "\"least_gap_ms\": %.3f, ", (double)x.least_ns / 1e6);
	FIELD("too_soon", t->too_soon);
	FIELD("hosts_too_soon", x.hosts_too_soon);
	FIELD("dns_questions", t->questions);
	FIELD("dns_unknown", t->unknown_names);
	FIELD("dns_tcp", t->tcp_questions);
#undef FIELD
}

void fake_tally_json(const struct fake_tally *t, const struct fake_graph *g, struct buf *out)
{
	const char *comma = "";

	buf_add_str(out, "{");
	json_totals(t, g, out);
	buf_add_str(out, "\"statuses\": {");
	for (int i = 0; i < 600; i++)
		if (t->statuses[i]) {
			buf_addf(out, "%s\"%d\": %llu", comma, i,
				(unsigned long long)t->statuses[i]);
			comma = ", ";
		}
	buf_add_str(out, "},\n\"hosts\": {");
	comma = "\n";
	for (uint32_t i = 0; i < t->nhosts; i++) {
		const struct fake_host_tally *h = &t->hosts[i];
		if (!h->requests)
			continue;
		buf_addf(out,
			"%s\"h%u.%s\": {\"requests\": %llu, \"repeats\": %llu, \"least_gap_ms\": "
			"%.3f, \"too_soon\": %llu, \"most_open\": %u, \"most_busy\": %u}",
			comma, i, g->o->zone, (unsigned long long)h->requests,
			(unsigned long long)h->repeats, (double)h->least_ns / 1e6,
			(unsigned long long)h->too_soon, h->most_open, h->most_busy);
		comma = ",\n";
	}
	buf_add_str(out, "},\n\"addresses\": {");
	comma = "\n";
	for (uint32_t i = 0; i < t->nips; i++) {
		char ip[INET_ADDRSTRLEN];
		if (!t->ips[i].connections)
			continue;
		buf_addf(out, "%s\"%s\": {\"connections\": %llu, \"most_open\": %u}", comma,
			ip_text(i, ip), (unsigned long long)t->ips[i].connections,
			t->ips[i].most_open);
		comma = ",\n";
	}
	buf_add_str(out, "}}\n");
}
