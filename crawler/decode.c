#include "crawler/decode.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

struct decoding {
	bool done;
	int result;
	struct buf *out;
	struct err *err;
};

static void on_answer(void *arg, enum procpool_result r, const void *answer, size_t len,
	uint32_t status, int exit_status)
{
	struct decoding *d = arg;
	struct parse_decoded head;

	(void)status;
	(void)exit_status;
	d->done = true;
	if (r != PROC_DONE || len < sizeof(head)) {
		d->result = err_set(d->err, EXIT_INTERNAL,
			r == PROC_DEADLINE ? "decoding the body took too long"
					   : "the process that decodes bodies died on this one");
		return;
	}
	memcpy(&head, answer, sizeof(head));
	buf_add(d->out, (const char *)answer + sizeof(head), len - sizeof(head));
	d->result = 0;
	if (head.result != INFLATE_OK)
		d->result = err_set(d->err, EXIT_INTERNAL,
			"the stored body does not decode fully: it is cut, corrupt or a bomb "
			"(--raw gives it as it was received)");
}

int sandbox_decode(const void *in, size_t len, const char *coding, const char *content_type,
	bool to_utf8, struct buf *out, struct err *err)
{
	struct decoding d = {.out = out, .err = err};
	struct parse_task t = {
		.len = len,
		.max_decoded = MAX_DECODED,
		.what = to_utf8 ? PARSE_DECODE_TEXT : PARSE_DECODE,
	};
	struct buf msg = BUF_INIT;
	struct slot *slot;

	if ((!box.pool || len > box.room) && open_box(len, err) < 0)
		return -1;
	slot = slots_take(box.slots);
	memcpy(slot->data, in, len);
	slot->len = len;
	t.offset = slot->offset;
	t.type_len = content_type ? (uint16_t)strnlen(content_type, 512) : 0;
	t.coding_len = coding && strcmp(coding, "identity") ? (uint16_t)strnlen(coding, 128) : 0;
	buf_add(&msg, &t, sizeof(t));
	buf_add(&msg, content_type, t.type_len);
	buf_add_ch(&msg, '\0');
	buf_add(&msg, coding, t.coding_len);
	buf_add(&msg, "\0\0", 3); /* end of coding, empty link header, empty URL */
	if (procpool_apply(box.pool, msg.data, msg.len, on_answer, &d) < 0)
		d.result = err_set(err, EXIT_INTERNAL, "no process to decode bodies");
	else
		while (!d.done)
			event_base_loop(box.base, EVLOOP_ONCE);
	slots_give(box.slots, slot);
	buf_release(&msg);
	return d.result;
}
