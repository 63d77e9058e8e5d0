/* crawl.c - opens the parts in order, runs the loop, closes them in reverse. */
#include "crawler/crawl.h"

#include <curl/curl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/log.h"
#include "config/mem.h"
#include "crawler/cmd_crawl.h"

#define SLOT_SIZE   ((size_t)256 << 10)
#define STORE_SLOTS 64 /* bodies that may wait for the store while all fetchers are busy */
#define QUEUE_SHARE 32 /* of --memory: texts of queued URLs */
#define STORE_SHARE 32 /* of --memory: pages that wait for the store */
#define WARM_SHARE  32 /* of --memory: slots that hold nothing */
#define BIG_SLOTS   64 /* sparse: what they may hold together is a part of the budget */
#define LAST_MS	    5000

/* ---- the door: what the storage threads hand back ---- */

struct failure {
	struct door_item door;
	struct err err;
};

static void on_door(void *arg, struct door_item *item)
{
	struct crawl *c = arg;
	struct record *r = (struct record *)item;

	if (!--c->pending && c->last)
		co_wake(c->last);
	c->n.store_us += (uint64_t)(clock_ms() - r->put_ms) * 1000;
	if (r->item.nurls)
		frontier_committed(c->frontier, r->item.urls[r->item.nurls - 1].id);
	record_give(c, r);
}

static void on_failure_door(void *arg, struct door_item *item)
{
	struct crawl *c = arg;
	struct failure *f = (struct failure *)item;

	c->failed = true;
	c->failure = f->err;
	free(f);
	log_error("%s", c->failure.text);
	crawl_stop(c, true);
	c->stops = 0; /* nobody asked: the storage failed */
}

static void on_store_failed(void *arg, const struct err *err)
{
	struct crawl *c = arg;
	struct failure *f = mem_zalloc(sizeof(*f));

	f->err = *err;
	door_put(c->failure_door, &f->door);
}

/* ---- the text of URLs far back in the queue ---- */

static void on_recalled(void *arg, struct recall_batch *b)
{
	struct crawl *c = arg;
	struct frontier_load *l =
		(struct frontier_load *)((char *)b - offsetof(struct frontier_load, batch));

	door_put(c->recall_door, &l->door);
}

static void on_recall_door(void *arg, struct door_item *item)
{
	struct crawl *c = arg;

	frontier_recalled(c->frontier, (struct frontier_load *)item);
}

static int open_recall(struct crawl *c, struct err *err)
{
	struct recall_opts opts = {
		.done = on_recalled,
		.failed = on_store_failed,
		.arg = c,
	};

	c->recall = recall_open(c->set.output, &opts, err);
	return c->recall ? 0 : -1;
}

/* Most crawls never have so much in their queue that anything is read back: the thread and its
 * connection are there from the first time. */
static void load_urls(void *arg, struct frontier_load *l)
{
	struct crawl *c = arg;
	struct err err;

	if (c->recall || open_recall(c, &err) == 0) {
		recall_put(c->recall, &l->batch);
		return;
	}
	on_store_failed(c, &err);
	l->batch.ok = false;
	on_recalled(c, &l->batch);
}

/* ---- opening ---- */

static int open_store(struct crawl *c, struct err *err)
{
	struct store_opts opts = {
		.storers = c->budget.storers.now,
		.queue_max = c->nslots + 256,
		.committed = record_committed,
		.failed = on_store_failed,
		.arg = c,
		.store_bodies = c->set.store_bodies,
		.index = c->set.index,
		.cache_bytes = c->budget.cache,
	};

	c->door = door_open(c->loop, on_door, c);
	c->failure_door = door_open(c->loop, on_failure_door, c);
	c->recall_door = door_open(c->loop, on_recall_door, c);
	return store_start(c->store, &opts, err);
}

static int open_slots(struct crawl *c, struct err *err)
{
	size_t most = c->budget.body_most;
	size_t big = most > SLOT_SIZE ? most : SLOT_SIZE * 2;

	c->slots = slots_open(c->nslots, SLOT_SIZE, BIG_SLOTS, big, err);
	if (!c->slots)
		return -1;
	slots_set_credit(c->slots, (size_t)c->budget.part[BUDGET_BODIES]);
	slots_set_small_credit(c->slots, (size_t)c->budget.part[BUDGET_SLOTS]);
	slots_set_warm(c->slots, (size_t)(c->set.memory / WARM_SHARE));
	return 0;
}

static int load_key(struct crawl *c, struct err *err)
{
	char *old = store_meta_get(c->store, "seen_key");

	if (!old || strlen(old) != 32) {
		free(old);
		return err_set(err, EXIT_STORAGE, "%s: the file is damaged: no seen_key in meta",
			c->set.output);
	}
	c->key.k1 = strtoull(old + 16, NULL, 16);
	old[16] = '\0';
	c->key.k0 = strtoull(old, NULL, 16);
	free(old);
	return 0;
}

/* A resumed crawl takes its settings from the file, those given now on top. */
static int load_settings(struct crawl *c, struct err *err)
{
	char *here = mem_strdup(c->set.output); /* the file may have been moved */
	char *json = store_meta_get(c->store, "settings");
	int rc;

	strlist_clear(&c->set.seeds);
	rc = json ? settings_from_json(&c->set, json, err) : 0;
	free(json);
	free(c->set.output);
	c->set.output = here;
	if (rc < 0)
		return rc;
	json = settings_to_json(&c->set);
	rc = store_meta_set(c->store, "settings", json, err);
	free(json);
	return rc;
}

static int open_old(struct crawl *c, struct err *err)
{
	c->store = store_open(c->set.output, STORE_RESUME, err);
	return c->store && load_settings(c, err) == 0 && load_key(c, err) == 0 ? 0 : -1;
}

/* All that a resume needs is in the file from its first moment. */
static int open_new(
	struct crawl *c, const struct strlist *seeds, const char *settings, struct err *err)
{
	char *lines = crawl_seed_lines(seeds);
	char key[40], now[32];
	struct store_meta meta[] = {
		{"settings", settings}, {"seeds", lines}, {"seen_key", key}, {"started_at", now}};

	clock_iso(clock_wall_ms(), now);
	hash_key_random(&c->key);
	snprintf(key, sizeof(key), "%016llx%016llx", (unsigned long long)c->key.k0,
		(unsigned long long)c->key.k1);
	c->store = store_create(c->set.output, meta, MEM_COUNT(meta), err);
	free(lines);
	return c->store ? 0 : -1;
}

/* What the parsers need, and they: a process takes as long to get ready as all that follows. */
static int open_parsers(struct crawl *c, struct err *err)
{
	crawl_fit(c);
	room_init(&c->answers, (size_t)c->budget.part[BUDGET_ANSWERS]);
	c->storing_most = (size_t)(c->set.memory / STORE_SHARE);
	c->nseats = c->budget.fetchers.most;
	c->npreparers = c->nseats > PREPARERS_MIN ? c->nseats : PREPARERS_MIN;
	c->nslots = c->nseats + c->npreparers + STORE_SLOTS;
	c->seats = mem_array(c->nseats, sizeof(*c->seats));
	c->loop = loop_open();
	if (open_slots(c, err) < 0)
		return -1;
	c->parsers = parsers_open(c->loop, c->slots, &c->set, &c->budget, &c->answers, err);
	return c->parsers ? 0 : -1;
}

static int open_rest(struct crawl *c, struct err *err)
{
	c->agent = settings_agent(&c->set);
	c->dns = dns_open(c->loop, &c->set);
	c->http = http_open(c->loop, &c->set, c->slots, c->budget.connections,
		budget_connection_bytes(&c->budget, c->budget.fetchers.now), err);
	if (!c->http)
		return -1;
	hosts_init(&c->hosts, &c->set);
	hosts_set_rules(&c->hosts, c->agent, (size_t)c->budget.part[BUDGET_HOSTS] / 2);
	c->scope = scope_open(&c->set, err);
	if (!c->scope)
		return -1;
	c->frontier = frontier_open(&c->set, c->scope, &c->hosts, &c->key);
	frontier_on_host(c->frontier, prepare_later, c);
	frontier_spill(c->frontier, (size_t)(c->set.memory / QUEUE_SHARE), load_urls, c);
	return 0;
}

static int open_parts(struct crawl *c, const struct strlist *seeds, struct err *err)
{
	char *settings;
	int rc;

	if (!seeds && open_old(c, err) < 0)
		return -1;
	settings = settings_to_json(&c->set); /* as they were given, not as they fit the machine */
	rc = open_parsers(c, err);
	if (rc == 0)
		http_global_init();
	if (rc == 0 && seeds)
		rc = open_new(c, seeds, settings, err);
	if (rc == 0)
		rc = open_rest(c, err);
	free(settings);
	return rc;
}

struct crawl *crawl_open(struct settings *set, const struct strlist *seeds, struct err *err)
{
	struct crawl *c = mem_zalloc(sizeof(*c));

	c->set = *set;
	settings_init(set); /* taken over */
	url_global_init();
	url_parser_init(&c->urls);
	buf_init(&c->follow);
	buf_init(&c->parallel);
	waitlist_init(&c->room);
	waitlist_init(&c->big_room);
	waitlist_init(&c->dispatch);
	if (open_parts(c, seeds, err) < 0) {
		crawl_close(c);
		return NULL;
	}
	return c;
}

/* A crawl killed before its first COMMIT has no URLs yet; what it was to start from is in meta. */
static void seed_from_meta(struct crawl *c, const char *lines)
{
	char *text = mem_strdup(lines), *save = NULL;
	struct strlist seeds = {0};

	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		strlist_add(&seeds, l);
	crawl_seed(c, &seeds);
	strlist_clear(&seeds);
	free(text);
}

int crawl_start(struct crawl *c, const struct strlist *seeds, struct err *err)
{
	struct frontier_counts n;
	char *lines = seeds ? NULL : store_meta_get(c->store, "seeds");
	struct strlist deeper = {0};
	int rc = -1;

	if (!seeds && (crawl_restore(c, err) < 0 || crawl_find_deeper(c, &deeper, err) < 0))
		goto out;
	if (open_store(c, err) < 0 || parsers_ready(c->parsers, err) < 0)
		goto out;
	frontier_counts(c->frontier, &n);
	if (seeds)
		crawl_seed(c, seeds);
	else if (!n.discovered && lines)
		seed_from_meta(c, lines);
	crawl_seed_deeper(c, &deeper);
	rc = seeds ? 0 : crawl_offer_beyond(c, err);
out:
	strlist_clear(&deeper);
	free(lines);
	return rc;
}

static void free_records(struct crawl *c)
{
	while (c->pool) {
		struct record *r = c->pool;
		c->pool = r->next;
		http_fetch_release(&r->fetch);
		findings_release(&r->findings);
		buf_release(&r->redirect);
		buf_release(&r->url);
		buf_release(&r->text);
		free(r);
	}
}

void crawl_close(struct crawl *c)
{
	if (!c)
		return;
	recall_close(c->recall);
	if (c->store)
		store_close(c->store);
	if (c->door)
		door_close(c->door);
	if (c->recall_door)
		door_close(c->recall_door);
	if (c->failure_door)
		door_close(c->failure_door);
	frontier_free(c->frontier);
	scope_free(c->scope);
	hosts_release(&c->hosts);
	http_close(c->http);
	dns_close(c->dns);
	parsers_close(c->parsers);
	free_records(c);
	if (c->slots)
		slots_close(c->slots);
	crawl_signals(c, false);
	if (c->loop)
		loop_close(c->loop);
	free(c->to_prepare.v);
	free(c->seats);
	free(c->agent);
	url_parser_release(&c->urls);
	buf_release(&c->follow);
	buf_release(&c->parallel);
	strlist_clear(&c->kept);
	settings_release(&c->set);
	curl_global_cleanup();
	free(c);
}

/* ---- running ---- */

void crawl_add_fetchers(struct crawl *c, size_t n)
{
	for (; c->nfetchers < n && c->nfetchers < c->nseats; c->nfetchers++) {
		struct seat *seat = &c->seats[c->nfetchers];
		seat->c = c;
		copool_spawn(c->fetchers, fetcher, seat);
	}
	frontier_set_fetchers(c->frontier, c->nfetchers);
	http_keep_bytes(c->http, budget_connection_bytes(&c->budget, c->nfetchers));
}

/* Coroutine `main`: starts the others and waits for the end. */
static void run(void *arg)
{
	struct crawl *c = arg;
	struct co *keep, *dispatch;

	co_state("waiting for the end of the crawl");
	c->fetchers = copool_open(c->loop, "fetcher", c->nseats);
	c->preparers = copool_open(c->loop, "host", c->npreparers);
	dispatch = co_spawn(c->loop, "dispatcher", dispatcher, c);
	keep = co_spawn(c->loop, "keeper", keeper, c);
	crawl_add_fetchers(c, c->budget.fetchers.now);
	copool_join(c->fetchers);
	c->ended = true;
	waitlist_wake_all(&c->dispatch);
	co_cancel(keep);
	copool_cancel(c->preparers);
	http_abort_all(c->http);
	co_join(keep);
	co_join(dispatch);
	copool_close(c->preparers);
	copool_close(c->fetchers);
	if (!c->failed)
		crawl_snapshot(c);
	loop_stop(c->loop);
}

static void take_back_uncommitted(struct crawl *c)
{
	struct store_item *list = store_take_uncommitted(c->store);

	while (list) {
		struct record *r = list->user;
		list = list->next;
		c->pending--;
		record_give(c, r);
	}
}

/* Coroutine `last`: what the store committed on its way out comes through the door. */
static void take_last_records(void *arg)
{
	struct crawl *c = arg;
	int64_t until = clock_ms() + LAST_MS;

	c->last = co_self();
	while (c->pending && co_park(until) == 0)
		;
	c->last = NULL;
	loop_stop(c->loop);
}

int crawl_run(struct crawl *c)
{
	struct progress_stats last;
	struct summary s;
	struct err err;
	bool finished;

	c->started_ms = clock_ms();
	c->progress = progress_open(&c->set);
	crawl_signals(c, true);
	co_detach(co_spawn(c->loop, "main", run, c));
	loop_run(c->loop);
	finished = !c->stops && !c->failed;
	parsers_leave(c->parsers);
	recall_close(c->recall);
	c->recall = NULL;
	if (store_stop(c->store, finished, &err) < 0 && !c->failed) {
		c->failed = true;
		c->failure = err;
	}
	if (c->failed)
		take_back_uncommitted(c);
	co_detach(co_spawn(c->loop, "last", take_last_records, c));
	loop_run(c->loop);
	crawl_stats(c, &last);
	progress_tick(c->progress, &last);
	if (c->watch.stats)
		c->watch.stats(c->watch.arg, &last);
	progress_close(c->progress);
	crawl_summary(c, &s);
	if (c->watch.end)
		c->watch.end(c->watch.arg, &s);
	if (!c->watch.lists_only && (!c->set.quiet || summary_status(&s) != EXIT_OK))
		summary_print(&s, stderr, c->set.log_format);
	return summary_status(&s);
}
