/* dns_private.h - shared by dns.c (cache and waiting), dns_ask.c (who is asked),
 * dns_tcp.c and
 * dns_hosts.c (the hosts file). */
#ifndef SKITTER_CRAWLER_DNS_PRIVATE_H
#define SKITTER_CRAWLER_DNS_PRIVATE_H

#include "config/buf.h"
#include "config/map.h"
#include "crawler/dns.h"
#include "workers/door.h"
#include "workers/pool.h"

struct evdns_base;

/* One name: its cached answer, and the question that is under way. */
struct dns_name {
	struct door_item item; /* on its way back from a helper thread; first member */
	struct dns *dns;
	char *text;
	bool asking;
	struct waitlist waiting;
	char *addresses; /* "a,b"; NULL = there are none */
	int64_t until_ms;

	struct buf found; /* being collected */
	int queries;	  /* of evdns under way */
	int ttl_s;	  /* the smallest seen; -1 = none */
	bool missing;	  /* whoever was asked says that there is no such name, or no address */
	bool truncated;	  /* an answer was too long for UDP */
};

struct dns {
	struct loop *loop;
	const struct settings *set;
	struct map names;
	struct map hosts;	  /* the hosts file: name -> "a,b" */
	struct evdns_base *evdns; /* NULL: no name server is configured */
	bool ipv6;		  /* this machine has a global IPv6 address */
	struct pool *pool;
	struct door *door;
};

void dns_hosts_load(struct map *m, const char *path);

/* Starts asking; dns_answered is called on the main stack, soon or late. */
void dns_ask(struct dns_name *n);
void dns_answered(struct dns_name *n, int ttl_s); /* what is in n->found counts */
void dns_add_address(struct buf *out, const char *text);
/* In a helper thread, struct dns_name: the servers of --dns by TCP; then through the door. */
void dns_ask_tcp(void *arg);
void dns_from_system(void *arg, struct door_item *item); /* the door's function */

#endif
