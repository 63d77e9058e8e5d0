/* bench_store.c - what storing a page costs: CPU per page in the pool and in the writer,
 * disk, the longest commit; loading for resume.
 *
 *   bench_store [PAGES] [RATE] [WINDOW] [FILE]
 *
 * Pages of 26 kB with 70 links and 9 kB of text, all stored, each with one new URL, an
 * inventory of URLs at the end. RATE: pages per second offered (0 = as fast as it goes);
 * WINDOW: items under way at most (64), which is what slots do in a crawl.
 */
#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/clock.h"
#include "config/mem.h"
#include "storage/store.h"
#include "storage/store_read.h"
#include "workers/thread.h"

#define VARIANTS 64
#define SITE	 "https://docs.example.com"

struct variant {
	char *body;
	size_t len;
	struct facts *facts;
};

struct unit {
	struct store_item item;
	struct store_new_url url;
	char text[128];
	struct unit *next;
};

static struct variant variants[VARIANTS];
static struct unit *units;
static _Atomic(struct unit *) back; /* given back by the writer */
static struct semaphore room;

static const char *const words[] = {"the", "of", "index", "query", "table", "a", "function",
	"value", "to", "returns", "when", "transaction", "server", "which", "parameter", "and",
	"column", "lock", "is", "page", "buffer", "in", "row", "type", "that", "default"};

/* Prose repeats itself: sentences are drawn from a stock, so that it compresses about as
 * documentation does (4 to 5 times). */
static void add_words(struct buf *b, size_t bytes)
{
	size_t end = b->len + bytes;

	while (b->len < end) {
		unsigned pick = (unsigned)rand() % 600;
		unsigned n = 3 + pick % 7;
		while (n-- && b->len < end) {
			pick = pick * 1103515245u + 12345u;
			buf_addf(b, "%s ", words[(pick >> 16) % MEM_COUNT(words)]);
		}
	}
}

/* Text with markup, links among it. */
static void make_variant(struct variant *v, int n)
{
	struct buf html = BUF_INIT, text = BUF_INIT;
	struct facts_writer w;
	char url[128];
	size_t from;

	v->facts = mem_alloc(1 << 17);
	facts_begin(&w, v->facts, 1 << 17);
	w.f->flags = FACTS_HTML;
	w.f->title = facts_put(&w, "13.2. Transaction Isolation", 27, 0);
	w.f->charset = facts_put(&w, "UTF-8", 5, 0);
	w.f->lang = facts_put(&w, "en", 2, 0);
	for (int i = 0; i < 70; i++) {
		struct facts_link *l;
		snprintf(url, sizeof(url), SITE "/docs/15/sql-%d-%d.html", n, rand() % 4000);
		buf_addf(&html, "<p class=\"para\"><a class=\"link\" href=\"%s\" title=\"T\">",
			url + strlen(SITE));
		from = html.len;
		add_words(&html, 24);
		buf_add(&text, html.data + from, html.len - from);
		buf_addf(&html, "</a><code class=\"literal\">v%d</code> ", rand());
		from = html.len;
		add_words(&html, 105);
		buf_add(&text, html.data + from, html.len - from);
		buf_add_str(&html, "</p>\n<p hidden>");
		add_words(&html, 105);
		buf_add_str(&html, "</p>\n");
		l = facts_put_link(&w, url, strlen(url), LINK_A, ATTR_HREF, 0);
		l->text = facts_put(&w, "Some link text here", 19, 0);
	}
	w.f->text = facts_put(&w, text.data, text.len, 0);
	w.f->decoded_size = html.len;
	facts_finish(&w);
	buf_release(&text);
	v->len = html.len;
	v->body = buf_take(&html);
}

static void committed(void *arg, struct store_item *list)
{
	size_t n = 0;

	(void)arg;
	while (list) {
		struct unit *u = list->user;
		list = list->next;
		u->next = atomic_load(&back);
		while (!atomic_compare_exchange_weak(&back, &u->next, u))
			;
		n++;
	}
	semaphore_give(&room, n);
}

static void failed(void *arg, const struct err *err)
{
	(void)arg;
	fprintf(stderr, "bench_store: %s\n", err->text);
	exit(1);
}

static struct unit *unit_take(void)
{
	struct unit *u;

	semaphore_take(&room, -1);
	if (!units)
		units = atomic_exchange(&back, NULL);
	u = units;
	if (u)
		units = u->next;
	else
		u = mem_alloc(sizeof(*u));
	memset(&u->item, 0, sizeof(u->item));
	u->item.user = u;
	return u;
}

static void fill(struct store *st, struct unit *u, uint64_t id)
{
	const struct variant *v = &variants[id % VARIANTS];
	struct store_item *it = &u->item;

	it->ticket = store_ticket(st);
	it->url_id = id;
	it->url = SITE "/docs/15/index.html";
	it->attempt = 1;
	it->final = true;
	it->status = 200;
	it->content_type = "text/html; charset=UTF-8";
	it->fetched_wall_ms = clock_wall_ms();
	it->ttfb_ms = 0.5;
	it->total_ms = 0.75;
	it->http_version = "1.1";
	strcpy(it->ip, "127.0.0.1");
	it->request_head = "GET /docs/15/index.html HTTP/1.1\r\nHost: docs.example.com\r\n"
			   "User-Agent: skitter/0.1 (+https://example.com/bot)\r\n"
			   "Accept: */*\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\r\n";
	it->request_head_len = strlen(it->request_head);
	it->response_head =
		"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Mon, 01 Jan 2026 "
		"00:00:00 GMT\r\nContent-Type: text/html\r\nContent-Length: 26112\r\n"
		"Last-Modified: Mon, 01 Jan 2026 00:00:00 GMT\r\nETag: \"abc-def\"\r\n\r\n";
	it->response_head_len = strlen(it->response_head);
	it->body = v->body;
	it->body_len = v->len;
	it->facts = v->facts;
	snprintf(u->text, sizeof(u->text), SITE "/docs/15/sql-%llu.html",
		(unsigned long long)id + 1);
	u->url = (struct store_new_url){.id = id + 1,
		.url = u->text,
		.url_len = (uint32_t)strlen(u->text),
		.host_id = 1,
		.depth = 3,
		.referrer = id};
	it->urls = &u->url;
	it->nurls = 1;
}

static double cpu_s(int who)
{
	struct rusage r;

	getrusage(who, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	       (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static void pace(int64_t start, uint64_t i, double rate)
{
	int64_t due = start + (int64_t)((double)i / rate * 1e9), now = clock_ns();

	if (due > now)
		usleep((useconds_t)((due - now) / 1000));
}

static void count_url(void *arg, const struct store_url *u)
{
	*(uint64_t *)arg += u->state == URL_DONE;
}

/* CPU time of the threads whose names begin so, in nanoseconds; they still run. */
static double threads_ns(const char *name)
{
	DIR *d = opendir("/proc/self/task");
	struct dirent *e;
	double sum = 0, ns;

	while (d && (e = readdir(d))) {
		char path[300], comm[32] = "";
		FILE *in;
		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", e->d_name);
		in = fopen(path, "r");
		if (in && fgets(comm, sizeof(comm), in) && strncmp(comm, name, strlen(name)) == 0) {
			fclose(in);
			snprintf(path, sizeof(path), "/proc/self/task/%s/schedstat", e->d_name);
			in = fopen(path, "r");
			if (in && fscanf(in, "%lf", &ns) == 1)
				sum += ns;
		}
		if (in)
			fclose(in);
	}
	if (d)
		closedir(d);
	return sum;
}

static void bench_load(const char *path)
{
	struct err err;
	struct store *st = store_open(path, STORE_READ, &err);
	struct store_counts c;
	uint64_t n = 0;
	int64_t start = clock_ns();

	if (!st || store_load_urls(st, count_url, &n, &err) < 0)
		failed(NULL, &err);
	printf("load %llu done URLs  %.1f ms", (unsigned long long)n,
		(double)(clock_ns() - start) / 1e6);
	start = clock_ns();
	if (store_counts(st, &c, &err) < 0)
		failed(NULL, &err);
	printf(", counts %.1f ms\n", (double)(clock_ns() - start) / 1e6);
	store_close(st);
}

int main(int argc, char **argv)
{
	uint64_t pages = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000;
	double rate = argc > 2 ? atof(argv[2]) : 0;
	size_t window = argc > 3 ? strtoul(argv[3], NULL, 10) : 64;
	const char *path = argc > 4 ? argv[4] : "/tmp/skitter-bench.db";
	struct store_opts o = {.storers = 1,
		.queue_max = window,
		.committed = committed,
		.failed = failed,
		.store_bodies = true};
	struct store_stats s;
	struct err err;
	struct store *st;
	struct stat sb;
	double cpu, wall, pool, writer, checkpoint;
	int64_t start;

	for (int i = 0; i < VARIANTS; i++)
		make_variant(&variants[i], i);
	semaphore_init(&room, window);
	unlink(path);
	st = store_open(path, STORE_CREATE, &err);
	if (!st || store_start(st, &o, &err) < 0)
		failed(NULL, &err);
	cpu = cpu_s(RUSAGE_SELF);
	start = clock_ns();
	for (uint64_t i = 1; i <= pages; i++) {
		struct unit *u = unit_take();
		fill(st, u, i);
		store_put(st, &u->item);
		if (rate > 0)
			pace(start, i, rate);
	}
	while (store_queued(st))
		usleep(1000);
	pool = threads_ns("storer") / (double)pages / 1e3;
	writer = threads_ns("writer") / (double)pages / 1e3;
	checkpoint = threads_ns("checkpoint") / (double)pages / 1e3;
	if (store_stop(st, true, &err) < 0)
		failed(NULL, &err);
	wall = (double)(clock_ns() - start) / 1e9;
	cpu = cpu_s(RUSAGE_SELF) - cpu;
	store_stats(st, &s);
	store_close(st);
	stat(path, &sb);
	printf("store %llu pages of %zu B: %.0f pages/s, CPU %.1f us/page (pool %.1f, writer "
	       "%.1f, checkpoint %.1f), "
	       "%.0f B/page on disk, %.1f items/batch, longest batch %.1f ms, %llu checkpoints "
	       "of %.1f ms\n",
		(unsigned long long)pages, variants[0].len, (double)pages / wall,
		cpu / (double)pages * 1e6, pool, writer, checkpoint,
		(double)sb.st_size / (double)pages, (double)s.items / (double)s.batches,
		(double)s.commit_max_ns / 1e6, (unsigned long long)s.checkpoints,
		s.checkpoints ? (double)s.checkpoint_ns / (double)s.checkpoints / 1e6 : 0.0);
	bench_load(path);
	unlink(path);
	for (int i = 0; i < VARIANTS; i++) {
		free(variants[i].body);
		free(variants[i].facts);
	}
	while (units) {
		struct unit *next = units->next;
		free(units);
		units = next;
	}
	return 0;
}
