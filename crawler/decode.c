#include "crawler/decode.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/mem.h"
#include "crawler/page/inflate.h"
#include "crawler/parse.h"

#define MAX_DECODED ((size_t)256 << 20)
#define DEADLINE_MS 60000

static struct {
	struct event_base *base;
	struct slots *slots;
	struct procpool *pool;
	int arena_fd;
	size_t room; /* bytes a body may have */
} box = {.arena_fd = -1};

void sandbox_decode_close(void)
{
	procpool_free(box.pool);
	if (box.arena_fd >= 0)
		close(box.arena_fd);
	if (box.slots)
		slots_close(box.slots);
	if (box.base)
		event_base_free(box.base);
	memset(&box, 0, sizeof(box));
	box.arena_fd = -1;
}

static int open_box(size_t room, struct err *err)
{
	struct procpool_opts opts = {
		.role = "parser",
		.workers = 1,
		.answer_size = MAX_DECODED + sizeof(struct parse_decoded),
		.deadline_ms = DEADLINE_MS,
	};

	sandbox_decode_close();
	box.room = room < (size_t)16 << 20 ? (size_t)16 << 20 : room;
	box.base = event_base_new();
	box.slots = slots_open(1, box.room, 0, 0, err);
	if (!box.slots)
		return -1;
	box.arena_fd = slots_readonly_fd(box.slots, err);
	if (box.arena_fd < 0)
		return -1;
	opts.base = box.base;
	opts.readonly_fd = box.arena_fd;
	opts.arena_size = slots_arena_size(box.slots);
	box.pool = procpool_open(&opts, err);
	return box.pool ? 0 : -1;
}

/* One task on its way. `take` reads the answer and leaves a result. */
struct asking {
	bool done;
	int result;
	int (*take)(struct asking *a, const char *answer, size_t len);
	struct buf *bytes;
	struct page_rewrite *rewrite;
	struct err *err;
};

static int say_broken(struct err *err)
{
	return err_set(err, EXIT_INTERNAL,
		"the stored body does not decode fully: it is cut, corrupt or a bomb "
		"(--raw gives it as it was received)");
}

static int say_nonsense(struct err *err)
{
	return err_set(err, EXIT_INTERNAL, "the process that reads bodies gave an unsound answer");
}

static void on_answer(void *arg, enum procpool_result r, const void *answer, size_t len,
	uint32_t status, int exit_status)
{
	struct asking *a = arg;

	(void)status;
	(void)exit_status;
	a->done = true;
	if (r == PROC_DONE)
		a->result = a->take(a, answer, len);
	else
		a->result = err_set(a->err, EXIT_INTERNAL,
			r == PROC_DEADLINE ? "decoding the body took too long"
					   : "the process that decodes bodies died on this one");
}

static void add_string(struct buf *msg, const char *s, size_t len)
{
	buf_add(msg, s, len);
	buf_add_ch(msg, '\0');
}

/* Hands body and task to the process and waits for the answer. */
static int ask(struct asking *a, enum parse_what what, const void *in, size_t len,
	const char *coding, const char *content_type, const char *url)
{
	struct parse_task t = {.len = len, .max_decoded = MAX_DECODED, .what = (uint8_t)what};
	struct buf msg = BUF_INIT;
	struct slot *slot;

	if ((!box.pool || len > box.room) && open_box(len, a->err) < 0)
		return -1;
	slot = slots_take(box.slots);
	memcpy(slot->data, in, len);
	slot->len = len;
	t.offset = slot->offset;
	t.type_len = content_type ? (uint16_t)strnlen(content_type, 512) : 0;
	t.coding_len = coding && strcmp(coding, "identity") ? (uint16_t)strnlen(coding, 128) : 0;
	t.url_len = url ? (uint16_t)strnlen(url, FACTS_MAX_URL) : 0;
	buf_add(&msg, &t, sizeof(t));
	add_string(&msg, content_type, t.type_len);
	add_string(&msg, coding, t.coding_len);
	add_string(&msg, "", 0); /* no Link header */
	add_string(&msg, url, t.url_len);
	if (procpool_apply(box.pool, msg.data, msg.len, on_answer, a) < 0)
		a->result = err_set(a->err, EXIT_INTERNAL, "no process to decode bodies");
	else
		while (!a->done)
			event_base_loop(box.base, EVLOOP_ONCE);
	slots_give(box.slots, slot);
	buf_release(&msg);
	return a->result;
}

/* ---- decoded bytes ---- */

static int take_bytes(struct asking *a, const char *answer, size_t len)
{
	struct parse_decoded head;

	if (len < sizeof(head))
		return say_nonsense(a->err);
	memcpy(&head, answer, sizeof(head));
	buf_add(a->bytes, answer + sizeof(head), len - sizeof(head));
	return head.result == INFLATE_OK ? 0 : say_broken(a->err);
}

int sandbox_decode(const void *in, size_t len, const char *coding, const char *content_type,
	bool to_utf8, struct buf *out, struct err *err)
{
	struct asking a = {.take = take_bytes, .bytes = out, .err = err};

	return ask(&a, to_utf8 ? PARSE_DECODE_TEXT : PARSE_DECODE, in, len, coding, content_type,
		NULL);
}

/* ---- a text and its spots ---- */

/* What a serialised URL is made of, and what is safe wherever one is put. */
static bool is_url_text(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] > '~' || strchr("\"<>", s[i]))
			return false;
	return true;
}

static bool is_sound(const struct page_rewrite *w)
{
	size_t end = 0;

	for (size_t i = 0; i < w->nspots; i++) {
		const struct page_spot *s = &w->spots[i];

		if (s->at < end || s->at > w->text.len || s->len > w->text.len - s->at ||
			s->url > w->urls.len || s->url_len > w->urls.len - s->url)
			return false;
		end = (size_t)s->at + s->len;
		if (!is_url_text(w->urls.data + s->url, s->url_len))
			return false;
	}
	return true;
}

static int take_rewrite(struct asking *a, const char *answer, size_t len)
{
	struct page_rewrite *w = a->rewrite;
	struct parse_rewritten head;
	size_t spots;

	if (len < sizeof(head))
		return say_nonsense(a->err);
	memcpy(&head, answer, sizeof(head));
	answer += sizeof(head);
	len -= sizeof(head);
	spots = head.nspots * sizeof(*w->spots);
	if (head.nspots > REWRITE_MAX_SPOTS || spots > len || head.urls_len > len - spots ||
		head.text_len != len - spots - head.urls_len)
		return say_nonsense(a->err);
	if (w->cap < head.nspots) {
		w->cap = head.nspots;
		w->spots = mem_realloc(w->spots, w->cap * sizeof(*w->spots));
	}
	if (spots)
		memcpy(w->spots, answer, spots);
	w->nspots = head.nspots;
	w->bom = head.bom != 0;
	buf_reset(&w->urls);
	buf_add(&w->urls, answer + spots, head.urls_len);
	buf_reset(&w->text);
	buf_add(&w->text, answer + spots + head.urls_len, head.text_len);
	if (!is_sound(w))
		return say_nonsense(a->err);
	/* "Content-Encoding: utf-8" is no coding: the body came as it is. */
	return head.result == INFLATE_OK || head.result == INFLATE_UNKNOWN ? 0 : say_broken(a->err);
}

int sandbox_rewrite(const void *in, size_t len, const char *coding, const char *content_type,
	const char *url, struct page_rewrite *out, struct err *err)
{
	struct asking a = {.take = take_rewrite, .rewrite = out, .err = err};

	buf_reset(&out->text);
	out->nspots = 0;
	out->bom = false;
	return ask(&a, PARSE_REWRITE, in, len, coding, content_type, url);
}
