#include "crawler/hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/buf.h"
#include "config/mem.h"

void hosts_init(struct hosts *hs, const struct settings *set)
{
	*hs = (struct hosts){0};
	map_init(&hs->by_origin);
	map_init(&hs->governors);
	map_init(&hs->ips);
	rulebook_init(&hs->book, "skitter", (size_t)4 << 20);
	hs->delay = set->delay;
	hs->per_host = set->per_host;
}

static void governor_free(void *p)
{
	struct host_governor *g = p;

	governor_release(&g->g);
	free(g);
}

static void host_free(void *p)
{
	struct host *h = p;

	free(h->origin);
	free(h->name);
	free(h->addresses);
	free(h->robots_verdict);
	free(h);
}

static void free_rules(void *arg, void *p)
{
	struct hosts *hs = arg;
	struct host *h = p;

	rules_free(&hs->book, h->rules);
	h->rules = NULL;
}

void hosts_set_rules(struct hosts *hs, const char *agent, size_t most)
{
	hs->book.agent = agent;
	hs->book.most = most;
}

const char *host_forbids(struct hosts *hs, struct host *h, const struct url *u)
{
	const char *path;
	size_t len;

	if (!h->rules)
		return NULL;
	path = url_path_query(u, &len);
	return rules_forbid(&hs->book, h->rules, path, len);
}

void hosts_release(struct hosts *hs)
{
	map_each(&hs->by_origin, free_rules, hs);
	rulebook_release(&hs->book);
	map_release(&hs->by_origin, host_free);
	map_release(&hs->governors, governor_free);
	map_release(&hs->ips, free);
	free(hs->all);
}

static struct host_governor *governor_of(struct hosts *hs, const char *name)
{
	struct host_governor **g =
		(struct host_governor **)map_put(&hs->governors, name, strlen(name));

	if (!*g) {
		*g = mem_zalloc(sizeof(**g));
		governor_init(&(*g)->g, name, hs->delay, hs->per_host);
	}
	return *g;
}

/* The key of an origin; credentials are not part of it. */
static size_t origin_text(const struct url *u, struct buf *tmp, const char **text)
{
	size_t n = url_origin_len(u);

	if (n) {
		*text = u->href;
		return n;
	}
	url_add_origin(u, tmp);
	*text = tmp->data;
	return tmp->len;
}

static void add_to_table(struct hosts *hs, struct host *h, uint32_t id)
{
	while (id > hs->cap) {
		uint32_t cap = hs->cap ? hs->cap * 2 : 64;
		hs->all = mem_realloc(hs->all, cap * sizeof(struct host *));
		memset(hs->all + hs->cap, 0, (cap - hs->cap) * sizeof(struct host *));
		hs->cap = cap;
	}
	h->id = id;
	hs->all[id - 1] = h;
	if (id > hs->count)
		hs->count = id;
}

static struct host *host_new(struct hosts *hs, const char *origin, size_t len, uint32_t id)
{
	struct host *h = mem_zalloc(sizeof(*h));
	char *colon;

	h->origin = mem_strndup(origin, len);
	h->https = !strncmp(h->origin, "https:", 6);
	h->authority = strstr(h->origin, "://") + 3;
	h->name = mem_strdup(h->authority);
	h->port = h->https ? 443 : 80;
	colon = strrchr(h->name, ':');
	if (colon && !strchr(colon, ']')) {
		h->port = (uint16_t)atoi(colon + 1);
		*colon = '\0';
	}
	h->gov = governor_of(hs, h->name);
	add_to_table(hs, h, id);
	host_touch(hs, h);
	return h;
}

struct host *hosts_find(const struct hosts *hs, const struct url *u)
{
	struct buf tmp = BUF_INIT;
	const char *text;
	size_t n = origin_text(u, &tmp, &text);
	struct host *h = map_get(&hs->by_origin, text, n);

	buf_release(&tmp);
	return h;
}

struct host *hosts_get(struct hosts *hs, const struct url *u)
{
	return hosts_get_as(hs, u, 0);
}

struct host *hosts_get_as(struct hosts *hs, const struct url *u, uint32_t id)
{
	struct buf tmp = BUF_INIT;
	const char *text;
	size_t n = origin_text(u, &tmp, &text);
	struct host **place = (struct host **)map_put(&hs->by_origin, text, n);

	if (!*place && (!id || hosts_by_id(hs, id)))
		id = hs->count + 1;
	if (!*place)
		*place = host_new(hs, text, n, id);
	buf_release(&tmp);
	return *place;
}

struct host *hosts_by_id(const struct hosts *hs, uint32_t id)
{
	return id && id <= hs->count ? hs->all[id - 1] : NULL;
}

struct host *hosts_restore(struct hosts *hs, uint32_t id, const char *origin)
{
	struct host **place = (struct host **)map_put(&hs->by_origin, origin, strlen(origin));

	if (!*place)
		*place = host_new(hs, origin, strlen(origin), id);
	return *place;
}

struct host_ip *hosts_ip(struct hosts *hs, const char *ip)
{
	struct host_ip **place = (struct host_ip **)map_put(&hs->ips, ip, strlen(ip));

	if (!*place) {
		*place = mem_zalloc(sizeof(**place));
		snprintf((*place)->text, sizeof((*place)->text), "%s", ip);
	}
	return *place;
}

void host_set_ip(struct hosts *hs, struct host *h, const char *ip)
{
	h->ip = hosts_ip(hs, ip);
	host_touch(hs, h);
}

bool host_is_stale(const struct host *h, int64_t now_ms, int64_t wall_ms)
{
	return h->state == HOST_READY &&
	       ((h->addresses_until_ms && h->addresses_until_ms <= now_ms) ||
		       (h->robots_due_ms && h->robots_due_ms <= wall_ms));
}

void host_touch(struct hosts *hs, struct host *h)
{
	if (h->dirty)
		return;
	h->dirty = true;
	h->dirty_next = hs->dirty;
	hs->dirty = h;
}

void host_untouch(struct hosts *hs, struct host *h)
{
	if (hs->dirty != h)
		return;
	hs->dirty = h->dirty_next;
	h->dirty = false;
}

void host_recount(struct hosts *hs, struct host *h)
{
	bool preparing = h->state == HOST_RESOLVING || h->state == HOST_ROBOTS;
	unsigned now = (h->inflight > 0) << HOSTS_BUSY | preparing << HOSTS_PREPARING |
		       (h->state == HOST_REFUSED) << HOSTS_REFUSED |
		       (!h->inflight && h->queued && h->state == HOST_READY) << HOSTS_WAITING;
	unsigned changed = now ^ h->counted;

	for (unsigned i = 0; changed; i++, changed >>= 1)
		if (changed & 1)
			hs->counts[i] += now >> i & 1 ? 1u : -1u;
	h->counted = (uint8_t)now;
}

const char *host_state_name(enum host_state state)
{
	static const char *const names[] = {"new", "resolving", "robots", "ready", "refused"};

	return names[state];
}

void host_list_add(struct host_list *l, struct host *h)
{
	h->blocked = true;
	h->blocked_next = NULL;
	if (l->last)
		l->last->blocked_next = h;
	else
		l->first = h;
	l->last = h;
}

struct host *host_list_take(struct host_list *l)
{
	struct host *h = l->first;

	if (!h)
		return NULL;
	l->first = h->blocked_next;
	if (!l->first)
		l->last = NULL;
	h->blocked = false;
	return h;
}
