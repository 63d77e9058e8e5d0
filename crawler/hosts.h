/* hosts.h - the origins a crawl talks to, and what is known of each.
 *
 * A host here is an origin: scheme, name and port. It goes
 *
 *   NEW -> RESOLVING -> ROBOTS -> READY      (driven by a host coroutine, prepare.h)
 *                   \-> REFUSED: no address, or robots.txt cannot be had: each of its
 *                       URLs gets that verdict without a request
 *
 * All origins of one host name share a governor (politeness); all hosts on one IP
 * address share a cap of requests in flight. Loop thread only.
 */
#ifndef SKITTER_CRAWLER_HOSTS_H
#define SKITTER_CRAWLER_HOSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/map.h"
#include "config/settings.h"
#include "crawler/backlog.h"
#include "crawler/governor.h"
#include "crawler/heap.h"
#include "crawler/page/url.h"
#include "crawler/rules.h"

#define HOST_ROBOTS_AGE_MS (24LL * 3600 * 1000) /* RFC 9309 2.4 */

/* How fast a host that has something to do is known to be (turns.c). */
enum host_pace { PACE_NONE, PACE_UNREADY, PACE_UNTRIED, PACE_FAST, PACE_SLOW, PACES };

enum host_state { HOST_NEW, HOST_RESOLVING, HOST_ROBOTS, HOST_READY, HOST_REFUSED };

struct entry;

/* Hosts that may go on when something (a governor, an address) has room again. */
struct host_list {
	struct host *first, *last;
};

struct host_ip {
	char text[64];
	uint32_t inflight;
	struct host_list blocked;
};

struct host_governor {
	struct governor g;
	struct host_list blocked;
};

struct host {
	uint32_t id;	 /* 1, 2, 3...; the row in the store */
	char *origin;	 /* "https://example.com:8443" */
	char *authority; /* "example.com:8443"; inside origin */
	char *name;	 /* "example.com", "[::1]" */
	uint16_t port;
	bool https;
	bool user_named; /* host and port of a seed: private addresses are allowed */
	bool guessed;	 /* of a seed without a scheme: nobody said that it speaks https */

	enum host_state state;
	const char *refusal; /* error word for every URL, while REFUSED */
	const char
		*refusal_rule; /* set if those URLs count as excluded (robots), NULL: as failed */
	struct host_governor *gov;
	struct host_ip *ip; /* NULL until resolved */
	char *addresses;    /* for CURLOPT_RESOLVE, "192.0.2.1,2001:db8::1"; NULL = IP literal */
	int64_t addresses_until_ms; /* monotonic; when to ask DNS again */

	struct rules *rules;	/* robots.txt; NULL = everything allowed */
	int64_t robots_wall_ms; /* when it was had */
	int64_t robots_due_ms;	/* Unix time; when to ask again; 0 = nobody asked in this run */
	int robots_status;
	char *robots_verdict; /* for people: "rules", "allow all (404)" */

	/* The queue; the frontier's (refill.c): what is next, and what is further back. */
	struct entry *first, *last;
	struct backlog later;
	uint64_t queued;    /* all of it, what is being loaded included */
	uint32_t near;	    /* entries from `first` on */
	uint32_t loaded_ms; /* when it was last asked for more */
	uint16_t batch;	    /* how many then */
	bool loading;
	bool uncommitted; /* its next URL is not durable yet: it waits for that */
	struct host *uncommitted_next;
	struct heap_node
		due; /* in the frontier's heap while READY or REFUSED, not empty, not blocked */
	struct host *blocked_next;
	bool blocked;
	bool to_ask; /* ROBOTS, and robots.txt waits for its turn: in the heap or blocked */
	bool tried;  /* a page was asked for in this run, and that has ended */
	enum host_pace pace;
	bool held; /* --max-pages-per-host reached: what is queued stays queued */

	/* For the store and the display. */
	uint64_t pages, errors, bytes;
	uint64_t started; /* requests for pages, in flight included */
	uint64_t robots_excluded;
	int64_t last_wall_ms;
	uint32_t inflight;
	uint8_t counted;	 /* bits of enum host_count it is counted under (host_recount) */
	struct host *dirty_next; /* list of those changed since the last snapshot */
	bool dirty;
};

/* How many hosts are at what: kept up to date, since there may be a hundred thousand. */
enum host_count { HOSTS_BUSY, HOSTS_WAITING, HOSTS_PREPARING, HOSTS_REFUSED, HOST_COUNTS };

struct hosts {
	struct map by_origin, governors, ips;
	struct rulebook book;
	struct host **all; /* all[id - 1] */
	uint32_t count, cap;
	uint32_t counts[HOST_COUNTS];
	struct host *dirty;
	double delay;
	int per_host;
};

void hosts_init(struct hosts *hs, const struct settings *set);
void hosts_release(struct hosts *hs);

/* Whose rules are read, and how many bytes of them stay read. */
void hosts_set_rules(struct hosts *hs, const char *agent, size_t most);
/* The rule of robots.txt against this URL of the host, or NULL; it lives as long as the hosts. */
const char *host_forbids(struct hosts *hs, struct host *h, const struct url *u);

/* The host of a parsed http(s) URL; made when it is new. */
struct host *hosts_get(struct hosts *hs, const struct url *u);
/* The same; a new one gets this id if it is free (0 = the next). */
struct host *hosts_get_as(struct hosts *hs, const struct url *u, uint32_t id);
struct host *hosts_find(const struct hosts *hs, const struct url *u); /* NULL = new */
struct host *hosts_by_id(const struct hosts *hs, uint32_t id);	      /* NULL = none */
/* Resume: the host with this id, from its origin. */
struct host *hosts_restore(struct hosts *hs, uint32_t id, const char *origin);

struct host_ip *hosts_ip(struct hosts *hs, const char *ip);
void host_set_ip(struct hosts *hs, struct host *h, const char *ip);
/* Whether addresses or robots.txt are too old to go on with: prepare it again. */
bool host_is_stale(const struct host *h, int64_t now_ms, int64_t wall_ms);
void host_touch(struct hosts *hs, struct host *h);   /* to be in the next snapshot */
void host_untouch(struct hosts *hs, struct host *h); /* not after all; the one touched last */
void host_recount(struct hosts *hs, struct host *h); /* its state, queue or requests changed */
const char *host_state_name(enum host_state state);

void host_list_add(struct host_list *l, struct host *h);
struct host *host_list_take(struct host_list *l);

#endif
