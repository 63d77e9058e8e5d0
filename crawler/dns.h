/* dns.h - names to addresses, read as if it blocked.
 *
 * The order: --resolve, IP literals, the cache (by TTL, failures too), the hosts
 * file, DNS over UDP by libevent (which tells the TTL), and where that gives nothing
 * getaddrinfo in a helper thread (TCP for long answers, search domains, other sources
 * of the system). With --dns only the servers it names (by TCP where UDP is too short)
 * and the hosts file are asked. That a name does not exist is known for five minutes, that
 * nobody answered for half a second.
 * One question per name is under way at a time; all who ask wait for the same answer.
 * Loop thread only.
 */
#ifndef SKITTER_CRAWLER_DNS_H
#define SKITTER_CRAWLER_DNS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/settings.h"
#include "workers/co.h"

struct dns;

struct dns_answer {
	bool missing;	       /* there is no such name: asking again soon is of no use */
	bool literal;	       /* the name is an address itself */
	const char *addresses; /* "192.0.2.1,2001:db8::1"; the cache's, valid until the next wait;
			     NULL = none */
	char first[64];	       /* the first of them */
	bool all_private;      /* none of them is on the public internet */
	int64_t until_ms;      /* monotonic; ask again then */
};

struct dns *dns_open(struct loop *loop, const struct settings *set);
/* The same with other files than the system's, for tests. */
struct dns *dns_open_with(struct loop *loop, const struct settings *set, const char *resolv_conf,
	const char *hosts_file);
void dns_close(struct dns *d);

/* 0, or -1: there is no such name, or nobody answers within the timeout. `name` may be
 * an IP literal, IPv6 in brackets. */
WAITS int dns_resolve(struct dns *d, const char *name, uint16_t port, struct dns_answer *out);

#endif
