/* http_rig.h - a loop, slots, the HTTP module and a raw server to try it on.
 *
 * rig_get asks from a coroutine and returns when the answer is there, so tests stay on the main
 * stack, where they may fail. Settings are changed between rig_init and rig_open.
 */
#ifndef SKITTER_TESTS_HTTP_RIG_H
#define SKITTER_TESTS_HTTP_RIG_H

#include <curl/curl.h>
#include <stdio.h>

#include "crawler/http.h"
#include "tests/http/raw_server.h"

#define RIG_SMALL ((size_t)64 * 1024)
#define RIG_BIG	  ((size_t)1024 * 1024)

struct rig {
	struct settings set;
	struct loop *loop;
	struct slots *slots;
	struct http *http;
	struct raw_server server;
	struct host host; /* the server by its address */
	size_t max_body;
};

/* One request and its answer, for use one after the other. */
struct rig_ask {
	struct rig *rig;
	struct http_fetch f;
	struct host *host;
	char href[1024];
	struct co *co;
};

/* `name` as in a URL; addresses NULL for a literal. */
static inline void rig_host(struct host *h, uint32_t id, const char *scheme, const char *name,
	uint16_t port, const char *addresses)
{
	struct buf origin = BUF_INIT;

	*h = (struct host){.id = id, .port = port, .user_named = true};
	h->https = !strcmp(scheme, "https");
	buf_addf(&origin, "%s://%s", scheme, name);
	if (port != (h->https ? 443 : 80))
		buf_addf(&origin, ":%u", port);
	h->origin = buf_take(&origin);
	h->authority = strstr(h->origin, "://") + 3;
	h->name = mem_strdup(name);
	h->addresses = mem_strdup(addresses);
}

static inline void rig_host_release(struct host *h)
{
	free(h->origin);
	free(h->name);
	free(h->addresses);
}

static inline void rig_init(struct rig *r)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
	*r = (struct rig){.max_body = RIG_BIG};
	settings_init(&r->set);
	r->set.timeout = 60;
}

static inline bool rig_open(struct rig *r, size_t nslots, size_t nbig,
	void (*answer)(void *arg, struct raw_conn *c), void *arg)
{
	struct err err;

	r->loop = loop_open();
	r->slots = slots_open(nslots, RIG_SMALL, nbig, RIG_BIG, &err);
	r->http = http_open(r->loop, &r->set, r->slots, nslots * 4, SIZE_MAX, &err);
	if (!raw_server_open(&r->server, r->loop, "127.0.0.1", 0, answer, arg))
		return false;
	rig_host(&r->host, 1, "http", "127.0.0.1", r->server.port, NULL);
	return r->slots && r->http;
}

static inline void rig_close(struct rig *r)
{
	http_close(r->http);
	raw_server_close(&r->server);
	slots_close(r->slots);
	loop_close(r->loop);
	rig_host_release(&r->host);
	settings_release(&r->set);
}

static inline void rig_ask_init(struct rig_ask *a, struct rig *r)
{
	a->rig = r;
	http_fetch_init(&a->f);
}

static inline void rig_ask_reset(struct rig_ask *a)
{
	struct slot *s = a->f.slot;

	http_fetch_reset(&a->f);
	if (s)
		slots_give(a->rig->slots, s);
}

static inline void rig_ask_release(struct rig_ask *a)
{
	rig_ask_reset(a);
	http_fetch_release(&a->f);
}

static inline void rig_ask_body(void *arg)
{
	struct rig_ask *a = arg;

	http_get(a->rig->http, &a->f);
}

/* Starts it; rig_join waits. */
static inline void rig_start(struct rig_ask *a, struct host *host, const char *path)
{
	rig_ask_reset(a);
	a->host = host;
	snprintf(a->href, sizeof(a->href), "%s%s", host->origin, path);
	a->f.href = a->href;
	a->f.host = host;
	a->f.slot = slots_take_bare(a->rig->slots);
	a->f.max_body = a->rig->max_body;
	a->co = co_spawn(a->rig->loop, "ask", rig_ask_body, a);
}

static inline void rig_join(struct rig_ask *a)
{
	co_join(a->co);
	a->co = NULL;
}

static inline void rig_get(struct rig_ask *a, struct host *host, const char *path)
{
	rig_start(a, host, path);
	rig_join(a);
}

/* Lets the loop turn while nobody asks for anything. */
static inline void rig_rest(struct rig *r)
{
	co_join(co_spawn(r->loop, "rest", raw_settle, &r->server));
}

static inline bool rig_body_is(const struct rig_ask *a, const char *text)
{
	return a->f.slot->len == strlen(text) && !memcmp(a->f.slot->data, text, a->f.slot->len);
}

#endif
