#include "crawler/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/buf.h"
#include "config/log.h"
#include "config/mem.h"

/* Room for one answer. Sparse: a page of 100 links touches some 40 KiB of it. */
#define ANSWER_SIZE ((size_t)12 << 20)
#define DEADLINE_MS 20000

struct parsers {
	struct procpool *pool;
	const struct settings *set;
	int arena_fd;
};

struct parsers *parsers_open(struct loop *loop, struct slots *slots, const struct settings *set,
	size_t n, struct err *err)
{
	struct parsers *p = mem_zalloc(sizeof(*p));
	const char *args[] = {set->no_sandbox ? "--no-sandbox" : NULL, NULL};
	struct procpool_opts opts = {
		.role = "parser",
		.workers = n,
		.base = loop_base(loop),
		.answer_size = ANSWER_SIZE,
		.arena_size = slots_arena_size(slots),
		.deadline_ms = DEADLINE_MS,
		.extra_args = args,
	};

	p->set = set;
	p->arena_fd = slots_readonly_fd(slots, err);
	if (p->arena_fd < 0) {
		free(p);
		return NULL;
	}
	opts.readonly_fd = p->arena_fd;
	p->pool = procpool_open(&opts, err);
	if (!p->pool) {
		close(p->arena_fd);
		free(p);
		return NULL;
	}
	return p;
}

void parsers_close(struct parsers *p)
{
	if (!p)
		return;
	procpool_close(p->pool);
	procpool_join(p->pool, 2000);
	procpool_free(p->pool);
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
	const char *error;
};

static void on_answer(void *arg, enum procpool_result r, const void *answer, size_t len,
	uint32_t status, int exit_status)
{
	struct waiting *w = arg;
	struct err err;

	(void)status;
	(void)exit_status;
	w->done = true;
	co_wake(w->co);
	if (r != PROC_DONE) {
		w->error = r == PROC_DEADLINE ? "parser_timeout" : "parser_crash";
		return;
	}
	/* Copy first: the parser can still write to its area. */
	w->facts = mem_dup(answer, len);
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

static void write_task(struct buf *b, const struct slot *slot, const struct settings *set,
	const struct parse_request *req)
{
	struct parse_task t = {
		.offset = slot->offset,
		.len = slot->len,
		.max_decoded = set->max_decoded_body,
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

struct facts *parse_slot(
	struct parsers *p, struct slot *slot, const struct parse_request *req, const char **error)
{
	struct waiting w = {.co = co_self()};
	struct buf msg = BUF_INIT;

	*error = NULL;
	write_task(&msg, slot, p->set, req);
	slots_pass(slot, SLOT_FETCHER, SLOT_PARSER);
	if (procpool_apply(p->pool, msg.data, msg.len, on_answer, &w) == 0)
		while (!w.done)
			co_park(-1);
	else
		w.error = "parser_crash";
	slots_pass(slot, SLOT_PARSER, SLOT_FETCHER);
	buf_release(&msg);
	*error = w.error;
	return w.facts;
}
