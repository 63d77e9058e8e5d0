#include "crawler/verify_bodies.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/mem.h"
#include "crawler/page/digest.h"
#include "crawler/page/inflate.h"
#include "crawler/parse.h"

#define ROOM	    ((size_t)1 << 20) /* what nearly every body fits into */
#define MAX_WORKERS 16
#define MAX_DECODED ((uint64_t)4 << 30)
#define DEADLINE_MS 120000

struct checker {
	const struct verify *v;
	struct verify_bodies_sums *sums;
	struct err *err;
	struct slots *slots;
	struct procpool *pool;
	int arena_fd;
	size_t room; /* bytes a body may have */
	size_t workers, under_way;
};

/* One body or text that a process looks into. */
struct job {
	struct checker *c;
	struct slot *slot;
	bool is_text, has_digest, has_wire, has_size;
	uint8_t digest[32], wire[32];
	uint64_t size;
	char url[]; /* "" = unknown */
};

/* ---- processes ---- */

static void close_box(struct checker *c)
{
	procpool_free(c->pool);
	if (c->arena_fd >= 0)
		close(c->arena_fd);
	if (c->slots)
		slots_close(c->slots);
	c->pool = NULL;
	c->slots = NULL;
	c->arena_fd = -1;
}

static int open_box(struct checker *c, size_t room)
{
	struct procpool_opts opts = {
		.role = "parser",
		.workers = c->workers,
		.answer_size = 4096,
		.deadline_ms = DEADLINE_MS,
	};

	close_box(c);
	c->room = room;
	c->slots = slots_open(c->workers * (PROCPOOL_DEPTH + 1), room, 0, 0, c->err);
	if (!c->slots)
		return -1;
	c->arena_fd = slots_readonly_fd(c->slots, c->err);
	if (c->arena_fd < 0)
		return -1;
	opts.readonly_fd = c->arena_fd;
	opts.arena_size = slots_arena_size(c->slots);
	c->pool = procpool_open(&opts, c->err);
	return c->pool ? 0 : -1;
}

/* Until at most so many are under way. */
static void wait_for(struct checker *c, size_t most)
{
	while (c->under_way > most)
		procpool_step(c->pool, 1000);
}

/* ---- answers ---- */

static void problem(struct job *j, const char *what)
{
	j->c->v->problem(j->c->v->arg, "bodies", j->url[0] ? j->url : NULL, what);
}

static void judge_body(struct job *j, const struct digest_answer *a)
{
	char what[160];

	j->c->sums->decoded += a->decoded_len;
	if (j->has_wire && memcmp(a->wire, j->wire, 32) != 0)
		problem(j, "the stored body does not match its digest");
	else if (j->has_digest && memcmp(a->decoded, j->digest, 32) != 0)
		problem(j, "the decoded body does not match its digest");
	else if (!j->has_wire && !j->has_digest)
		problem(j, "there is a body, but no digest of it");
	else if (j->has_size && a->decoded_len != j->size) {
		snprintf(what, sizeof(what),
			"the body has %" PRIu64 " bytes, its row says %" PRIu64, a->decoded_len,
			j->size);
		problem(j, what);
	}
}

static void judge(struct job *j, enum procpool_result r, const void *answer, size_t len)
{
	struct digest_answer a;

	if (r != PROC_DONE || len != sizeof(a)) {
		problem(j, r == PROC_DEADLINE ? "decoding it takes too long"
					      : "the process that looks into bodies died on it");
		return;
	}
	memcpy(&a, answer, sizeof(a));
	if (!a.packed_ok)
		problem(j, j->is_text ? "the stored text does not decompress"
				      : "the stored body does not decompress");
	else if (!j->is_text)
		judge_body(j, &a);
}

static void on_answer(void *arg, enum procpool_result r, const void *answer, size_t len,
	uint32_t status, int exit_status)
{
	struct job *j = arg;

	(void)status;
	(void)exit_status;
	if (r != PROC_CLOSED)
		judge(j, r, answer, len);
	slots_give(j->c->slots, j->slot);
	j->c->under_way--;
	free(j);
}

/* ---- tasks ---- */

static struct job *job_new(struct checker *c, const struct verify_body *b)
{
	size_t n = b->url ? strlen(b->url) : 0;
	struct job *j = mem_zalloc(sizeof(*j) + n + 1);

	j->c = c;
	if (n)
		memcpy(j->url, b->url, n);
	return j;
}

static int submit(struct checker *c, struct job *j, const void *data, size_t len,
	enum parse_what what, const char *coding, uint64_t max_decoded)
{
	struct parse_task t = {.len = len, .max_decoded = max_decoded, .what = (uint8_t)what};
	struct buf msg = BUF_INIT;
	int rc = 0;

	wait_for(c, c->workers * (PROCPOOL_DEPTH + 1) - 1);
	j->slot = slots_take(c->slots);
	if (len)
		memcpy(j->slot->data, data, len);
	j->slot->len = len;
	t.offset = j->slot->offset;
	t.coding_len = coding ? (uint16_t)strnlen(coding, 128) : 0;
	buf_add(&msg, &t, sizeof(t));
	buf_add_ch(&msg, '\0'); /* no content type */
	buf_add(&msg, coding, t.coding_len);
	buf_add(&msg, "\0\0", 3); /* end of coding, no link header, no URL */
	c->under_way++;
	if (procpool_apply(c->pool, msg.data, msg.len, on_answer, j) < 0) {
		on_answer(j, PROC_CLOSED, NULL, 0, 0, 0);
		rc = err_set(c->err, EXIT_INTERNAL, "no process to look into bodies");
	}
	buf_release(&msg);
	return rc;
}

static int fit(struct checker *c, size_t len)
{
	size_t room = c->room;

	if (len <= room)
		return 0;
	while (room < len)
		room *= 2;
	wait_for(c, 0);
	return open_box(c, room);
}

static int send_body(struct checker *c, const struct verify_body *b)
{
	struct job *j = job_new(c, b);
	const char *coding = b->coding && strcmp(b->coding, "identity") != 0 ? b->coding : NULL;

	c->sums->bodies++;
	c->sums->stored += b->len;
	j->has_wire = b->wire_digest != NULL;
	if (j->has_wire)
		memcpy(j->wire, b->wire_digest, 32);
	j->has_digest = b->digest != NULL;
	if (j->has_digest)
		memcpy(j->digest, b->digest, 32);
	j->has_size = b->has_size;
	j->size = b->size;
	/* The parser stopped at a limit: what it had then is what the digest is of. */
	return submit(c, j, b->body, b->len, b->packed ? PARSE_DIGEST_PACKED : PARSE_DIGEST, coding,
		b->cut && coding ? b->size : MAX_DECODED);
}

static int on_body(void *arg, const struct verify_body *b)
{
	struct checker *c = arg;
	struct job *j;

	if (fit(c, b->len > b->text_len ? b->len : b->text_len) < 0)
		return -1;
	if (b->has_body && send_body(c, b) < 0)
		return -1;
	c->sums->texts += b->text_packed || b->text_pieces;
	if (!b->text_packed)
		return 0;
	j = job_new(c, b);
	j->is_text = true;
	return submit(c, j, b->text, b->text_len, PARSE_DIGEST_PACKED, NULL, MAX_DECODED);
}

int verify_bodies_all(
	struct store *st, const struct verify *v, struct verify_bodies_sums *sums, struct err *err)
{
	struct checker c = {.v = v, .sums = sums, .err = err, .arena_fd = -1};
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int rc;

	*sums = (struct verify_bodies_sums){0};
	c.workers = cores < 1 ? 1 : cores > MAX_WORKERS ? MAX_WORKERS : (size_t)cores;
	rc = open_box(&c, ROOM);
	if (!rc)
		rc = verify_bodies(st, v, on_body, &c, err);
	if (c.pool)
		wait_for(&c, 0);
	close_box(&c);
	return rc;
}
