/* Pages through a parser that waits for memory. This binary is its own parser: main looks for
 * --role. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "config/buf.h"
#include "config/mem.h"
#include "crawler/budget.h"
#include "crawler/parse.h"
#include "crawler/room.h"
#include "workers/loop.h"
#include "workers/proc.h"

#define MIB	  ((size_t)1 << 20)
#define URL	  "http://example.com/"
#define USUAL_ASK ((size_t)3 * 256 << 10) /* what a page of usual size waits for */

static const struct role roles[] = {{"parser", parser_main}};

static struct {
	struct settings set;
	struct budget budget;
	struct room answers;
	struct loop *loop;
	struct slots *slots;
	struct parsers *parsers;
} rig;

/* A page under way. */
struct page {
	struct slot *slot;
	const char *coding;
	struct page *other; /* which its wait for memory outlasts */
	struct parse_result got;
	int asked;
	size_t inflated;
	size_t wanted, held; /* bytes; of the answers' room, by all, while it waited */
	bool none;	     /* it gets no memory */
};

static int set_up(void **state)
{
	char *argv[] = {(char *)(uintptr_t) "crawl", (char *)(uintptr_t) "--memory=64M",
		(char *)(uintptr_t) "--parsers=1", (char *)(uintptr_t) "x"};
	struct machine m = {.cpus = 2, .memory = 1024 * MIB, .files = 1024};
	struct err err = {0};

	(void)state;
	settings_init(&rig.set);
	assert_int_equal(settings_parse_args(&rig.set, 4, argv, "crawl", &err), 0);
	budget_divide(&rig.budget, &rig.set, &m);
	room_init(&rig.answers, USUAL_ASK); /* for one page at a time */
	rig.loop = loop_open();
	rig.slots = slots_open(4, 256 << 10, 1, MIB, &err);
	assert_non_null(rig.slots);
	rig.parsers = parsers_open(rig.loop, rig.slots, &rig.set, &rig.budget, &rig.answers, &err);
	return rig.parsers ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	parsers_close(rig.parsers);
	slots_close(rig.slots);
	loop_close(rig.loop);
	settings_release(&rig.set);
	return 0;
}

/* More than a parser inflates without asking, in a small slot; no bomb either. */
static void fill_packed(struct page *p)
{
	struct buf text = BUF_INIT;
	uLongf room;

	buf_add_str(&text, "<title>long</title>");
	for (unsigned i = 0; text.len < rig.budget.page_room * 2; i++)
		buf_addf(&text, "<p>this is paragraph %u of a page that is read in two tries\n", i);
	p->slot = slots_take(rig.slots);
	room = p->slot->cap;
	assert_int_equal(
		compress((Bytef *)p->slot->data, &room, (const Bytef *)text.data, text.len), Z_OK);
	p->slot->len = room;
	p->inflated = text.len;
	p->coding = "deflate";
	buf_release(&text);
}

static void fill_plain(struct page *p)
{
	p->slot = slots_take(rig.slots);
	p->slot->len = strlen(strcpy(p->slot->data, "<title>short</title>"));
}

static void parse(void *arg);

static bool more_room(void *arg, struct slot *slot, size_t bytes)
{
	struct page *p = arg;

	p->asked++;
	p->held = rig.answers.used;
	p->wanted = bytes;
	if (p->other && !p->held) { /* or it would wait for ever */
		co_join(co_spawn(rig.loop, "other", parse, p->other));
		room_give(&rig.answers, p->other->got.room); /* as if it was stored */
	}
	return slot == p->slot && !p->none;
}

static void parse(void *arg)
{
	struct page *p = arg;
	struct parse_request req = {.what = PARSE_PAGE,
		.url = URL,
		.url_len = strlen(URL),
		.content_type = "text/html",
		.coding = p->coding,
		.room = more_room,
		.arg = p};

	parse_slot(rig.parsers, p->slot, &req, &p->got);
}

static void release(struct page *p)
{
	free(p->got.facts);
	slots_give(rig.slots, p->slot);
}

static void assert_title(const struct page *p, const char *title)
{
	assert_null(p->got.error);
	assert_non_null(p->got.facts);
	assert_string_equal(facts_text(p->got.facts, p->got.facts->title), title);
}

/* Who waits for memory to inflate has none of the answers' room meanwhile: those who have that
 * memory need such room to be done with it. */
static void one_room_at_a_time(void **state)
{
	struct page small = {0}, big = {.other = &small};

	(void)state;
	fill_plain(&small);
	fill_packed(&big);
	co_join(co_spawn(rig.loop, "big", parse, &big));
	assert_int_equal(big.asked, 1);
	assert_int_equal(big.wanted, rig.budget.decoded_most);
	assert_int_equal(big.held, 0);
	assert_title(&small, "short");
	assert_title(&big, "long");
	assert_int_equal(big.got.facts->decoded_size, big.inflated);
	assert_int_equal(rig.answers.used, big.got.room);
	room_give(&rig.answers, big.got.room);
	release(&small);
	release(&big);
}

static void what_there_is_where_nobody_gives(void **state)
{
	struct page p = {.none = true};

	(void)state;
	fill_packed(&p);
	co_join(co_spawn(rig.loop, "page", parse, &p));
	assert_true(p.asked > 0);
	assert_title(&p, "long");
	assert_true(p.got.cramped);
	assert_true(p.got.short_of_memory);
	assert_true(p.got.facts->flags & FACTS_CUT_BODY);
	/* What it holds is counted, all the same. */
	assert_true(p.got.room > 0);
	assert_int_equal(rig.answers.used, p.got.room);
	room_give(&rig.answers, p.got.room);
	release(&p);
}

int main(int argc, char **argv)
{
	int status = role_main(argc, argv, roles, MEM_COUNT(roles));
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_room_at_a_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_there_is_where_nobody_gives, set_up, tear_down),
	};

	return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
