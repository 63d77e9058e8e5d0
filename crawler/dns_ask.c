/* dns_ask.c - who is asked for a name: DNS by libevent, then the system in a helper thread. */
#include <arpa/inet.h>
#include <event2/dns.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "config/mem.h"
#include "crawler/dns_private.h"
#include "crawler/guard.h"

#define SYSTEM_TTL_S 300 /* getaddrinfo tells none */

void dns_add_address(struct buf *out, const char *text)
{
	if (out->len)
		buf_add_ch(out, ',');
	buf_add_str(out, text);
}

/* ---- the system's own resolver, which may block for many seconds ---- */

static void ask_system(void *arg)
{
	struct dns_name *n = arg;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *list = NULL;

	int rc = getaddrinfo(n->text, NULL, &hints, &list);

	n->missing = rc == EAI_NONAME || rc == EAI_NODATA || rc == EAI_ADDRFAMILY;
	if (rc == 0) {
		for (struct addrinfo *a = list; a; a = a->ai_next) {
			char text[64];
			guard_print(a->ai_addr, text);
			dns_add_address(&n->found, text);
		}
		freeaddrinfo(list);
	}
	door_put(n->dns->door, &n->item);
}

void dns_from_system(void *arg, struct door_item *item)
{
	struct dns_name *n = (struct dns_name *)item;

	(void)arg;
	dns_answered(n, n->ttl_s >= 0 ? n->ttl_s : SYSTEM_TTL_S);
}

/* ---- DNS over UDP ---- */

static void on_reply(int result, char type, int count, int ttl, void *addresses, void *arg)
{
	struct dns_name *n = arg;
	size_t size = type == DNS_IPv6_AAAA ? 16 : 4;

	n->queries--;
	n->missing &= result == DNS_ERR_NOTEXIST || result == DNS_ERR_NODATA;
	n->truncated |= result == DNS_ERR_TRUNCATED;
	if (result == DNS_ERR_NONE && (type == DNS_IPv4_A || type == DNS_IPv6_AAAA)) {
		for (int i = 0; i < count; i++) {
			char text[64];
			inet_ntop(size == 16 ? AF_INET6 : AF_INET,
				(const char *)addresses + (size_t)i * size, text, sizeof(text));
			dns_add_address(&n->found, text);
		}
		if (n->ttl_s < 0 || ttl < n->ttl_s)
			n->ttl_s = ttl;
	}
	if (n->queries)
		return;
	/* No such name, a truncated answer, no server: the system may still know (TCP,
	 * search domains, other sources than DNS). With --dns only a long answer is worth it. */
	if (n->truncated)
		buf_reset(&n->found); /* half of it */
	if (n->truncated && n->dns->set->dns.n)
		pool_apply(n->dns->pool, dns_ask_tcp, n);
	else if (n->found.len || n->dns->set->dns.n)
		dns_answered(n, n->ttl_s);
	else
		pool_apply(n->dns->pool, ask_system, n);
}

void dns_ask(struct dns_name *n)
{
	struct dns *d = n->dns;
	const char *known = map_get(&d->hosts, n->text, strlen(n->text));

	buf_reset(&n->found);
	n->ttl_s = -1;
	n->queries = 0;
	n->truncated = false;
	n->missing = true;
	if (known) {
		buf_add_str(&n->found, known);
		dns_answered(n, SYSTEM_TTL_S);
		return;
	}
	/* Names without a dot are completed by search domains: the system's business, unless the
	 * user has said who is to be asked. */
	if (!d->evdns || (!d->set->dns.n && !strchr(n->text, '.'))) {
		pool_apply(d->pool, ask_system, n);
		return;
	}
	n->queries = 1 + d->ipv6; /* before the first can answer */
	if (!evdns_base_resolve_ipv4(d->evdns, n->text, DNS_QUERY_NO_SEARCH, on_reply, n))
		on_reply(DNS_ERR_UNKNOWN, 0, 0, 0, NULL, n);
	if (d->ipv6 &&
		!evdns_base_resolve_ipv6(d->evdns, n->text, DNS_QUERY_NO_SEARCH, on_reply, n))
		on_reply(DNS_ERR_UNKNOWN, 0, 0, 0, NULL, n);
}
