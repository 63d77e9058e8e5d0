#include "crawler/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/buf.h"
#include "config/log.h"
#include "config/mem.h"
#include "crawler/budget.h"
#include "crawler/room.h"

#define DEADLINE_MS 20000

/* An answer of usual size, which a parser keeps in memory; a page whose answer turns out larger
 * is read again, with room for the largest. */
#define ANSWER_USUAL ((size_t)256 << 10)
/* What an answer costs until it is stored: itself, its links as they are stored, the URLs it
 * made known. */
#define ANSWER_COST 2
#define ANSWER_MOST 3

struct parsers {
	struct procpool *pool;
	const struct settings *set;
	const struct budget *budget;
	struct room *answers;
	struct buf msg; /* the task that is about to be sent */
	int arena_fd;
};

static struct procpool *start_pool(struct parsers *p, struct loop *loop, struct slots *slots)
{
	char limit[48], keep[48];
	const char *args[] = {limit, keep, p->set->no_sandbox ? "--no-sandbox" : NULL, NULL};
	struct procpool_opts opts = {
		.role = "parser",
		.workers = p->budget->parsers.now,
		.base = loop_base(loop),
		.answer_size = p->budget->answer_most,
		/* Each task in a worker's hands may become an answer of that size. */
		.depth = p->budget->answer_most < BUDGET_ANSWER_MOST ? 2 : 0,
		.arena_size = slots_arena_size(slots),
		.deadline_ms = DEADLINE_MS,
		.extra_args = args,
		.readonly_fd = p->arena_fd,
	};

	snprintf(limit, sizeof(limit), "--memory=%zu", p->budget->parser_limit);
	snprintf(keep, sizeof(keep), "--keep=%zu", p->budget->page_room);
	return procpool_start(&opts);
}

struct parsers *parsers_open(struct loop *loop, struct slots *slots, const struct settings *set,
	const struct budget *budget, struct room *answers, struct err *err)
{
	struct parsers *p = mem_zalloc(sizeof(*p));

	p->set = set;
	p->budget = budget;
	p->answers = answers;
	buf_init(&p->msg);
	p->arena_fd = slots_readonly_fd(slots, err);
	if (p->arena_fd < 0) {
		free(p);
		return NULL;
	}
	p->pool = start_pool(p, loop, slots);
	return p;
}

int parsers_ready(struct parsers *p, struct err *err)
{
	return procpool_wait_ready(p->pool, err);
}

void parsers_leave(struct parsers *p)
{
	procpool_close(p->pool);
}

void parsers_close(struct parsers *p)
{
	if (!p)
		return;
	procpool_close(p->pool);
	procpool_join(p->pool, 2000);
	procpool_free(p->pool);
	buf_release(&p->msg);
	close(p->arena_fd);
	free(p);
}

struct procpool *parsers_pool(struct parsers *p)
{
	return p->pool;
}

struct waiting {
	struct co *co;
	bool done;
	struct facts *facts;
	size_t len;
	const char *error;
};

static const char *death(enum procpool_result r, int exit_status)
{
	if (r == PROC_DEADLINE)
		return "parser_timeout";
	return exit_status == PARSER_EXIT_MEMORY ? "parser_memory" : "parser_crash";
}

static void on_answer(void *arg, enum procpool_result r, const void *answer, size_t len,
	uint32_t status, int exit_status)
{
	struct waiting *w = arg;
	struct err err;

	(void)status;
	w->done = true;
	co_wake(w->co);
	if (r != PROC_DONE) {
		w->error = death(r, exit_status);
		return;
	}
	/* Copy first: the parser can still write to its area. */
	w->facts = mem_dup(answer, len);
	w->len = len;
	if (facts_check(w->facts, len, &err) == 0)
		return;
	log_warn("a parser's answer was refused: %s", err.text);
	free(w->facts);
	w->facts = NULL;
	w->error = "parser_answer";
}

static void add_string(struct buf *b, const char *s, size_t len, uint16_t *out)
{
	*out = (uint16_t)len;
	buf_add(b, s, len);
	buf_add_ch(b, '\0');
}

static size_t bounded(const char *s, size_t most)
{
	size_t n = s ? strlen(s) : 0;

	return n < most ? n : most;
}

/* How much memory a try may take. */
struct grant {
	size_t inflated, answer;
};

static void write_task(struct buf *b, const struct slot *slot, const struct settings *set,
	const struct parse_request *req, const struct grant *grant)
{
	struct parse_task t = {
		.offset = slot->offset,
		.len = slot->len,
		.max_decoded = set->max_decoded_body,
		.max_inflated = grant->inflated,
		.max_answer = grant->answer,
		.max_text = PARSE_MAX_TEXT,
		.what = (uint8_t)req->what,
		.want_digest = req->want_digest,
	};

	buf_add(b, &t, sizeof(t));
	add_string(b, req->content_type, bounded(req->content_type, 512), &t.type_len);
	add_string(b, req->coding, bounded(req->coding, 128), &t.coding_len);
	add_string(b, req->link, bounded(req->link, 4096), &t.link_len);
	add_string(b, req->url, req->url_len, &t.url_len);
	memcpy(b->data, &t, sizeof(t));
}

/* One page to a parser and back, with room for the answer. */
static void ask(struct parsers *p, struct slot *slot, const struct parse_request *req,
	const struct grant *grant, struct parse_result *out)
{
	size_t most = grant->answer * ANSWER_MOST, cost;
	struct waiting w = {.co = co_self()};

	room_take(p->answers, most);
	buf_reset(&p->msg);
	write_task(&p->msg, slot, p->set, req, grant);
	slots_pass(slot, SLOT_FETCHER, SLOT_PARSER);
	if (procpool_apply(p->pool, p->msg.data, p->msg.len, on_answer, &w) == 0)
		while (!w.done)
			co_park(-1);
	else
		w.error = "parser_crash";
	slots_pass(slot, SLOT_PARSER, SLOT_FETCHER);
	cost = w.facts ? w.len * ANSWER_COST : 0;
	cost = cost < most ? cost : most;
	room_give(p->answers, most - cost);
	*out = (struct parse_result){.facts = w.facts, .error = w.error, .room = cost};
}

static bool was_cut(const struct facts *f, uint32_t flags)
{
	return f && f->flags & flags;
}

/* The most that this slot may ever borrow to have its body inflated. */
static size_t inflated_most(const struct parsers *p, const struct slot *slot)
{
	size_t left = (size_t)p->budget->part[BUDGET_BODIES] - (slot->big ? slot->cap : 0);

	return p->budget->decoded_most < left ? p->budget->decoded_most : left;
}

/* More memory for a second try, where the first was cut for want of it. False: there is no more
 * to be had; `out` tells why. */
static bool grant_more(struct parsers *p, struct slot *slot, const struct parse_request *req,
	struct grant *grant, struct parse_result *out)
{
	size_t most = inflated_most(p, slot);
	bool more = false;

	if (was_cut(out->facts, FACTS_CUT_BODY) && grant->inflated < most) {
		/* Nobody waits for bodies while he has of the answers' room, or two could wait for
		 * each other: who has of the bodies' may wait for answers. */
		room_give(p->answers, out->room);
		more = req->room && req->room(req->arg, slot, most);
		out->cramped = req->room && !more;
		if (more) {
			grant->inflated = most;
			out->room = 0;
		} else {
			room_take(p->answers, out->room);
		}
	}
	if (was_cut(out->facts, FACTS_CUT_LINKS | FACTS_CUT_TEXT) &&
		grant->answer < p->budget->answer_most) {
		grant->answer = p->budget->answer_most;
		more = true;
	}
	return more;
}

/* Whether what is missing would be there on a larger machine. */
static bool is_short(const struct parsers *p, const struct facts *f, const struct grant *grant)
{
	return (was_cut(f, FACTS_CUT_BODY) && grant->inflated < p->set->max_decoded_body) ||
	       (was_cut(f, FACTS_CUT_LINKS) && grant->answer < BUDGET_ANSWER_MOST &&
		       f->nfound < FACTS_MAX_LINK);
}

void parse_slot(struct parsers *p, struct slot *slot, const struct parse_request *req,
	struct parse_result *out)
{
	const struct budget *b = p->budget;
	struct grant grant = {.inflated = b->page_room, .answer = ANSWER_USUAL};

	if (slot->extra > grant.inflated)
		grant.inflated = slot->extra;
	if (slot->len > ANSWER_USUAL * 4 && b->answer_most > ANSWER_USUAL)
		grant.answer = b->answer_most; /* such a page has much to say */
	for (;;) {
		ask(p, slot, req, &grant, out);
		if (out->error || !grant_more(p, slot, req, &grant, out))
			break;
		room_give(p->answers, out->room);
		free(out->facts);
	}
	out->short_of_memory = is_short(p, out->facts, &grant);
}
