#include "crawler/dns.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/buf.h"
#include "config/clock.h"
#include "config/map.h"
#include "config/mem.h"
#include "crawler/guard.h"
#include "workers/door.h"
#include "workers/pool.h"

#define TTL_MS	      (5 * 60 * 1000) /* getaddrinfo tells none */
#define FAILED_TTL_MS (60 * 1000)
#define LITERAL_MS    (INT64_MAX / 2)

struct name {
	struct door_item item; /* on its way back from the helper thread */
	struct dns *dns;
	char *text;
	bool asking;
	struct waitlist waiting;
	char *addresses;
	char *found; /* the helper's answer, not yet taken over */
	int64_t until_ms;
};

struct dns {
	struct loop *loop;
	const struct settings *set;
	struct map names;
	struct pool *pool;
	struct door *door;
};

static void on_answer(void *arg, struct door_item *item)
{
	struct name *n = (struct name *)item;

	(void)arg;
	free(n->addresses);
	n->addresses = n->found;
	n->found = NULL;
	n->until_ms = clock_ms() + (n->addresses ? TTL_MS : FAILED_TTL_MS);
	n->asking = false;
	waitlist_wake_all(&n->waiting);
}

struct dns *dns_open(struct loop *loop, const struct settings *set)
{
	struct dns *d = mem_zalloc(sizeof(*d));

	d->loop = loop;
	d->set = set;
	map_init(&d->names);
	d->pool = pool_open("dns", 4, 4096);
	d->door = door_open(loop, on_answer, d);
	return d;
}

static void name_free(void *p)
{
	struct name *n = p;

	free(n->text);
	free(n->addresses);
	free(n);
}

void dns_close(struct dns *d)
{
	if (!d)
		return;
	pool_close(d->pool);
	pool_join(d->pool);
	pool_free(d->pool);
	door_close(d->door);
	map_release(&d->names, name_free);
	free(d);
}

/* In a helper thread: getaddrinfo may block for many seconds. */
static void ask_system(void *arg)
{
	struct name *n = arg;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *list = NULL;
	struct buf out = BUF_INIT;

	if (getaddrinfo(n->text, NULL, &hints, &list) == 0) {
		for (struct addrinfo *a = list; a; a = a->ai_next) {
			char text[64];
			guard_print(a->ai_addr, text);
			if (out.len)
				buf_add_ch(&out, ',');
			buf_add_str(&out, text);
		}
		freeaddrinfo(list);
	}
	n->found = out.len ? buf_take(&out) : NULL;
	buf_release(&out);
	door_put(n->dns->door, &n->item);
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

static bool is_private(const char *addresses)
{
	struct sockaddr_storage sa;
	char *list = mem_strdup(addresses), *save = NULL;
	bool all = true;

	for (char *a = strtok_r(list, ",", &save); a; a = strtok_r(NULL, ",", &save))
		if (guard_parse(a, 0, &sa) && guard_is_public((struct sockaddr *)&sa))
			all = false;
	free(list);
	return all;
}

static void fill(struct dns_answer *out, const char *addresses, int64_t until_ms)
{
	size_t n = strcspn(addresses, ",");

	out->until_ms = until_ms;
	out->all_private = is_private(addresses);
	snprintf(out->first, sizeof(out->first), "%.*s", (int)n, addresses);
}

int dns_resolve(struct dns *d, const char *name, uint16_t port, struct dns_answer *out)
{
	struct sockaddr_storage sa;
	const char *given = given_by_user(d, name, port);
	struct name **place, *n;

	*out = (struct dns_answer){0};
	if (given) {
		fill(out, given, LITERAL_MS);
		out->addresses = (char *)given;
		return 0;
	}
	if (guard_parse(name, port, &sa)) {
		char text[64];
		guard_print((struct sockaddr *)&sa, text);
		fill(out, text, LITERAL_MS);
		out->literal = true;
		return 0;
	}
	place = (struct name **)map_put(&d->names, name, strlen(name));
	if (!*place) {
		*place = mem_zalloc(sizeof(**place));
		(*place)->dns = d;
		(*place)->text = mem_strdup(name);
		waitlist_init(&(*place)->waiting);
	}
	n = *place;
	if (!n->asking && n->until_ms <= clock_ms()) {
		n->asking = true;
		pool_apply(d->pool, ask_system, n);
	}
	while (n->asking)
		co_wait(&n->waiting, -1);
	if (!n->addresses)
		return -1;
	fill(out, n->addresses, n->until_ms);
	out->addresses = n->addresses;
	return 0;
}
