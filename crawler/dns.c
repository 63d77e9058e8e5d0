/* dns.c - the cache of names, and coroutines that wait for an answer. */
#include "crawler/dns.h"

#include <event2/dns.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/clock.h"
#include "config/log.h"
#include "config/mem.h"
#include "crawler/dns_private.h"
#include "crawler/guard.h"

#define MIN_TTL_S 30 /* a TTL of 0 would ask for every URL */
#define MAX_TTL_S (24 * 3600)
#define MISSING_S 300 /* there is no such name, says who must know */
#define FAILED_MS                                                                                \
	500 /* nobody answered: shorter than the pause before another try, or that would be none \
	     */
#define HELPERS	      16    /* a name nobody answers for holds one for ten seconds */
#define HELPERS_QUEUE 16384 /* as many as hosts can be prepared at a time: asking never waits */
#define INFLIGHT      "200" /* questions under way: a server's socket has room for some 270 */
#define FOREVER_MS    (INT64_MAX / 2)

static bool has_global_ipv6(void)
{
	struct ifaddrs *list = NULL;
	bool found = false;

	if (getifaddrs(&list) != 0)
		return false;
	for (struct ifaddrs *i = list; i; i = i->ifa_next)
		if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET6 &&
			guard_is_public(i->ifa_addr))
			found = true;
	freeifaddrs(list);
	return found;
}

/* Servers that come and go are nothing to act on: what that does to a host is told with the host.
 */
static void on_evdns_log(int is_warning, const char *text)
{
	(void)is_warning;
	log_debug("dns: %s", text);
}

/* The servers the user named, or those of the system. */
static int add_servers(struct evdns_base *e, const struct strlist *given, const char *resolv_conf)
{
	if (!given->n)
		return evdns_base_resolv_conf_parse(
			e, DNS_OPTION_NAMESERVERS | DNS_OPTION_MISC, resolv_conf);
	for (size_t i = 0; i < given->n; i++)
		if (evdns_base_nameserver_ip_add(e, given->v[i]) != 0)
			return -1;
	return 0;
}

static struct evdns_base *open_evdns(
	struct event_base *base, const struct strlist *given, const char *resolv_conf)
{
	struct evdns_base *e = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);

	if (!e)
		return NULL;
	if (add_servers(e, given, resolv_conf) != 0 || !evdns_base_count_nameservers(e)) {
		evdns_base_free(e, 0);
		return NULL;
	}
	evdns_set_log_fn(on_evdns_log);
	evdns_base_set_option(e, "max-inflight:", INFLIGHT);
	return e;
}

struct dns *dns_open_with(struct loop *loop, const struct settings *set, const char *resolv_conf,
	const char *hosts_file)
{
	struct dns *d = mem_zalloc(sizeof(*d));

	d->loop = loop;
	d->set = set;
	map_init(&d->names);
	map_init(&d->hosts);
	dns_hosts_load(&d->hosts, hosts_file);
	d->evdns = open_evdns(loop_base(loop), &set->dns, resolv_conf);
	d->ipv6 = has_global_ipv6();
	d->pool = pool_open("dns", HELPERS, HELPERS_QUEUE);
	d->door = door_open(loop, dns_from_system, d);
	return d;
}

struct dns *dns_open(struct loop *loop, const struct settings *set)
{
	return dns_open_with(loop, set, "/etc/resolv.conf", "/etc/hosts");
}

static void name_free(void *p)
{
	struct dns_name *n = p;

	free(n->text);
	free(n->addresses);
	buf_release(&n->found);
	free(n);
}

void dns_close(struct dns *d)
{
	if (!d)
		return;
	if (d->evdns)
		evdns_base_free(d->evdns, 0);
	pool_close(d->pool);
	pool_join(d->pool);
	pool_free(d->pool);
	door_close(d->door);
	map_release(&d->names, name_free);
	map_release(&d->hosts, free);
	free(d);
}

void dns_answered(struct dns_name *n, int ttl_s)
{
	int64_t ms;

	if (ttl_s < MIN_TTL_S)
		ttl_s = MIN_TTL_S;
	if (ttl_s > MAX_TTL_S)
		ttl_s = MAX_TTL_S;
	free(n->addresses);
	n->addresses = n->found.len ? mem_strdup(n->found.data) : NULL;
	buf_release(&n->found);
	n->missing &= !n->addresses;
	ms = n->addresses ? 1000LL * ttl_s : n->missing ? 1000LL * MISSING_S : FAILED_MS;
	n->until_ms = clock_ms() + ms;
	n->asking = false;
	waitlist_wake_all(&n->waiting);
}

/* --resolve HOST:PORT:ADDRESS[,ADDRESS] */
static const char *given_by_user(const struct dns *d, const char *name, uint16_t port)
{
	char start[300];
	int n = snprintf(start, sizeof(start), "%s:%u:", name, port);

	for (size_t i = 0; i < d->set->resolve.n; i++)
		if (n > 0 && !strncasecmp(d->set->resolve.v[i], start, (size_t)n))
			return d->set->resolve.v[i] + n;
	return NULL;
}

static bool none_public(const char *addresses)
{
	struct sockaddr_storage sa;
	char *list = mem_strdup(addresses), *save = NULL;
	bool none = true;

	for (char *a = strtok_r(list, ",", &save); a; a = strtok_r(NULL, ",", &save))
		if (guard_parse(a, 0, &sa) && guard_is_public((struct sockaddr *)&sa))
			none = false;
	free(list);
	return none;
}

static void fill(struct dns_answer *out, const char *addresses, int64_t until_ms)
{
	out->until_ms = until_ms;
	out->all_private = none_public(addresses);
	snprintf(out->first, sizeof(out->first), "%.*s", (int)strcspn(addresses, ","), addresses);
}

static struct dns_name *name_of(struct dns *d, const char *name)
{
	struct dns_name **place = (struct dns_name **)map_put(&d->names, name, strlen(name));

	if (!*place) {
		*place = mem_zalloc(sizeof(**place));
		(*place)->dns = d;
		(*place)->text = mem_strdup(name);
		buf_init(&(*place)->found);
		waitlist_init(&(*place)->waiting);
	}
	return *place;
}

int dns_resolve(struct dns *d, const char *name, uint16_t port, struct dns_answer *out)
{
	struct sockaddr_storage sa;
	const char *given = given_by_user(d, name, port);
	struct dns_name *n;
	char text[64];

	*out = (struct dns_answer){0};
	if (given) {
		fill(out, given, FOREVER_MS);
		out->addresses = given;
		return 0;
	}
	if (guard_parse(name, port, &sa)) {
		guard_print((struct sockaddr *)&sa, text);
		fill(out, text, FOREVER_MS);
		out->literal = true;
		return 0;
	}
	n = name_of(d, name);
	if (!n->asking && n->until_ms <= clock_ms()) {
		n->asking = true;
		dns_ask(n);
	}
	while (n->asking)
		if (co_wait(&n->waiting, -1) < 0 && co_cancelled())
			return -1;
	out->missing = n->missing;
	if (!n->addresses)
		return -1;
	fill(out, n->addresses, n->until_ms);
	out->addresses = n->addresses;
	return 0;
}
