#include "crawler/budget.h"

#include <string.h>

#include "config/mem.h"
#include "config/text.h"
#include "crawler/http.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

#define GROUP_PERCENT 75 /* of a control group's limit: the rest is for what nobody counts */

/* Measured with tests/bench/memory.py. */
#define PROGRAMS	(18 * MIB) /* libraries 13, data 3, threads and their arenas 2 */
#define PARSER		(5 * MIB / 2)
#define STORER		(3 * MIB / 2) /* a zstd context and its thread's arena */
#define FETCHER		(40 * KIB)
#define PARSER_OVERHEAD (24 * MIB) /* counted by RLIMIT_DATA though never touched */

#define FETCHERS      64 /* to begin with */
#define FETCHERS_MOST 1000
#define KEPT_MOST     16384 /* connections */
#define KEPT_PERCENT  20    /* of what fetchers have: for connections, however many fetchers */
#define PREPARERS     32
#define CREW_MOST     8	  /* parsers, storers: one per core up to this */
#define FILES_BASE    256 /* the file, parsers, doors, and two for each of libcurl's handles */

static uint64_t clamp(uint64_t n, uint64_t least, uint64_t most)
{
	return n < least ? least : n > most ? most : n;
}

static uint64_t percent(uint64_t of, unsigned n)
{
	return of / 100 * n;
}

uint64_t budget_fit(struct settings *set, uint64_t limit)
{
	uint64_t share = percent(limit, GROUP_PERCENT);

	if (!limit || settings_given(set, "memory") || share >= set->memory)
		return 0;
	set->memory = share;
	return limit;
}

static struct budget_crew given_or(int given, uint64_t now, uint64_t most)
{
	if (given)
		return (struct budget_crew){(unsigned)given, (unsigned)given, false};
	return (struct budget_crew){(unsigned)(now < most ? now : most), (unsigned)most, true};
}

/* ---- who ---- */

static void divide_parsers(struct budget *b, const struct settings *set)
{
	unsigned cores = machine_cores(&b->machine);
	uint64_t each, fit;

	b->page_room = clamp(b->whole / 64, MIB, 4 * MIB);
	each = PARSER + b->page_room;
	fit = clamp(b->whole / 6 / each, 1, CREW_MOST);
	/* One more than there are cores: it works while another is stuck. */
	b->parsers = given_or(
		set->parsers, clamp(cores, 1, CREW_MOST), clamp((uint64_t)cores + 1, 1, fit));
	b->part[BUDGET_PARSERS] = b->parsers.most * each;
}

static void divide_store(struct budget *b, const struct settings *set)
{
	unsigned cores = machine_cores(&b->machine);
	uint64_t fit = clamp(b->whole / 24 / STORER, 1, CREW_MOST);

	b->cache = clamp(b->whole / 32, MIB, 4 * MIB);
	b->storers =
		given_or(set->storers, clamp(cores, 1, 2), clamp(cores < 2 ? 2 : cores, 1, fit));
	b->part[BUDGET_STORE] = b->cache + b->storers.most * STORER;
}

/* ---- how much ---- */

static void divide_rest(struct budget *b, const struct settings *set, uint64_t rest)
{
	uint64_t one = set->max_body + set->max_body / 2; /* and its copy */
	uint64_t bodies = percent(rest, 40), left;

	if (bodies < one)
		bodies = one < percent(rest, 55) ? one : percent(rest, 55);
	left = rest - bodies;
	b->part[BUDGET_SLOTS] = percent(left, 35);
	b->part[BUDGET_FETCHERS] = percent(left, 25);
	b->part[BUDGET_ANSWERS] = percent(left, 20);
	b->part[BUDGET_HOSTS] = percent(left, 20);
	b->part[BUDGET_BODIES] = rest;
	for (size_t i = BUDGET_BODIES + 1; i < BUDGET_PARTS; i++)
		b->part[BUDGET_BODIES] -= b->part[i];
}

uint64_t budget_files_for(unsigned fetchers)
{
	return FILES_BASE + PREPARERS + fetchers;
}

/* Where descriptors are few, fewer connections are kept, and then fewer fetchers work. */
static void fit_files(struct budget *b)
{
	uint64_t files = b->machine.files, least = budget_files_for(0);
	uint64_t fit = files > least + 1 ? files - least : 1;

	b->files = least - PREPARERS + b->connections;
	if (b->files <= files)
		return;
	b->files = files;
	if (fit < b->fetchers.now) {
		b->files_short = true;
		b->asked = (int)b->fetchers.now;
		b->fetchers.now = (unsigned)fit;
	}
	if (b->fetchers.most > fit)
		b->fetchers.most = (unsigned)fit;
	b->connections = (size_t)(fit + PREPARERS);
}

size_t budget_connection_bytes(const struct budget *b, size_t fetchers)
{
	uint64_t part = b->part[BUDGET_FETCHERS], used = (uint64_t)fetchers * FETCHER;
	uint64_t least = percent(part, KEPT_PERCENT), left = part > used ? part - used : 0;

	/* A fetcher has counted the one it uses, where that is a plain one. */
	return (size_t)(left > least ? left : least) + (fetchers + PREPARERS) * HTTP_PLAIN_BYTES;
}

static void divide_fetchers(struct budget *b, const struct settings *set)
{
	uint64_t part = percent(b->part[BUDGET_FETCHERS], 100 - KEPT_PERCENT);
	uint64_t fit = clamp(part / FETCHER, 8, FETCHERS_MOST);
	size_t busy;

	b->fetchers = given_or(set->concurrency, FETCHERS, fit);
	/* A cache smaller than the hosts in flight costs 2-3 times (measured); and a connection is
	 * worth keeping over the delay of its host, however many hosts there are: with half of the
	 * descriptors at most. */
	busy = (size_t)b->fetchers.most + PREPARERS;
	b->connections =
		(size_t)clamp(budget_connection_bytes(b, b->fetchers.now) / HTTP_PLAIN_BYTES, busy,
			clamp(b->machine.files / 2, busy, KEPT_MOST));
	fit_files(b);
}

static void set_limits(struct budget *b, const struct settings *set)
{
	uint64_t bodies = b->part[BUDGET_BODIES];

	b->body_most = (size_t)clamp(set->max_body, 1, bodies / 3 * 2);
	b->decoded_most = (size_t)clamp(set->max_decoded_body, 1, bodies);
	b->answer_most = (size_t)clamp(b->part[BUDGET_ANSWERS] / 3, MIB, BUDGET_ANSWER_MOST);
	/* A buffer grows by half of its size, and the old one goes when the new one is there. */
	b->parser_limit = PARSER_OVERHEAD + b->page_room + b->answer_most + 2 * b->decoded_most;
}

void budget_divide(struct budget *b, const struct settings *set, const struct machine *m)
{
	uint64_t fixed, rest;

	memset(b, 0, sizeof(*b));
	b->machine = *m;
	b->whole = set->memory;
	b->part[BUDGET_PROGRAMS] = PROGRAMS;
	divide_parsers(b, set);
	divide_store(b, set);
	fixed = PROGRAMS + b->part[BUDGET_PARSERS] + b->part[BUDGET_STORE];
	rest = b->whole > fixed ? b->whole - fixed : 0;
	if (rest < b->whole / 4) { /* the user asks for more processes than there is room for */
		rest = b->whole / 4;
		b->memory_short = true;
	}
	divide_rest(b, set, rest);
	divide_fetchers(b, set);
	if (b->fetchers.now * FETCHER > b->part[BUDGET_FETCHERS] + b->whole / 10)
		b->memory_short = true;
	set_limits(b, set);
}

/* ---- for people ---- */

static const char *const part_names[BUDGET_PARTS] = {
	[BUDGET_PROGRAMS] = "programs",
	[BUDGET_PARSERS] = "parsers",
	[BUDGET_STORE] = "store",
	[BUDGET_BODIES] = "bodies",
	[BUDGET_SLOTS] = "slots",
	[BUDGET_FETCHERS] = "fetchers",
	[BUDGET_ANSWERS] = "answers",
	[BUDGET_HOSTS] = "hosts",
};

const char *budget_part_name(enum budget_part part)
{
	return part_names[part];
}

static void add_crew(struct buf *out, const char *what, const struct budget_crew *crew)
{
	buf_addf(out, "%u %s", crew->now, what);
	if (crew->most > crew->now)
		buf_addf(out, " (up to %u)", crew->most);
}

void budget_table(const struct budget *b, struct buf *out)
{
	buf_add_str(out, "memory: ");
	text_bytes(out, b->whole);
	buf_add_str(out, " for ");
	add_crew(out, b->fetchers.now == 1 ? "fetcher" : "fetchers", &b->fetchers);
	buf_add_str(out, ", ");
	add_crew(out, b->parsers.now == 1 ? "parser" : "parsers", &b->parsers);
	buf_add_str(out, ", ");
	add_crew(out, b->storers.now == 1 ? "storer" : "storers", &b->storers);
	buf_add_str(out, "; the known URLs come beside it\n ");
	for (size_t i = 0; i < BUDGET_PARTS; i++) {
		buf_addf(out, "%s %s ", i ? "," : "", part_names[i]);
		text_bytes(out, b->part[i]);
	}
	buf_add_str(out, "\n  largest body ");
	text_bytes(out, b->body_most);
	buf_add_str(out, ", inflated ");
	text_bytes(out, b->decoded_most);
	buf_add_str(out, ", answer of a parser ");
	text_bytes(out, b->answer_most);
	buf_addf(out, "; up to %zu connections\n", b->connections);
}

static void add_count(struct buf *out, unsigned n, const char *what)
{
	buf_addf(out, "%u %s%s", n, what, n == 1 ? "" : "s");
}

void budget_crew_text(const struct budget *b, unsigned fetchers, unsigned parsers, unsigned storers,
	struct buf *out)
{
	unsigned cores = machine_cores(&b->machine);

	add_count(out, fetchers, "fetcher");
	buf_add_str(out, ", ");
	add_count(out, parsers, "parser");
	buf_add_str(out, ", ");
	add_count(out, storers, "storer");
	if (!b->fetchers.automatic && !b->parsers.automatic && !b->storers.automatic)
		return;
	buf_add_str(out, " (auto: ");
	add_count(out, cores, "core");
	buf_add_str(out, ", ");
	text_bytes(out, b->machine.memory);
	buf_add_ch(out, ')');
}
